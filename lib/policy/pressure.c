// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 1: the host's level from available memory, its trend, PSI and swap; need and spare. */
#include "policy/pressure.h"

#include "base/num.h"

static uint64_t threshold(const struct kvmb_host_config *c, uint64_t total, enum kvmb_level level)
{
	const uint32_t permyriad[] = {
		[KVMB_LEVEL_RELAXED] = PERMYRIAD,
		[KVMB_LEVEL_ELEVATED] = c->elevated_available_permyriad,
		[KVMB_LEVEL_HARD] = c->hard_available_permyriad,
		[KVMB_LEVEL_EMERGENCY] = c->emergency_available_permyriad,
	};

	return permyriad_of(total, permyriad[level]);
}

static uint64_t margin(const struct kvmb_host_config *c, const struct kvmb_host_sample *host)
{
	return permyriad_of(host->total_bytes, c->hysteresis_permyriad);
}

/*
 * No more than another hysteresis: the reserve is a difference of figures that were not read at one
 * instant, and what they got wrong must not cost guests much.
 */
static uint64_t reserve(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
			const struct kvmb_outlook *outlook)
{
	return u64_min(outlook->reserve_bytes, margin(c, host));
}

/* Where elevated is left. */
static uint64_t relax_at(const struct kvmb_host_config *c, const struct kvmb_host_sample *host)
{
	return u64_add_sat(threshold(c, host->total_bytes, KVMB_LEVEL_ELEVATED), margin(c, host));
}

/* The highest level whose threshold is not reached; one that was in force needs a bit more. */
static enum kvmb_level level_by_memory(const struct kvmb_host_config *c,
				       const struct kvmb_host_sample *host,
				       const struct kvmb_outlook *outlook, enum kvmb_level before)
{
	for (enum kvmb_level l = KVMB_LEVEL_EMERGENCY; l > KVMB_LEVEL_ELEVATED; l--) {
		uint64_t bound = threshold(c, host->total_bytes, l);

		if (host->available_bytes < bound + (before >= l ? margin(c, host) : 0))
			return l;
	}
	if (host->available_bytes < threshold(c, host->total_bytes, KVMB_LEVEL_ELEVATED) ||
	    (before >= KVMB_LEVEL_ELEVATED &&
	     host->available_bytes < u64_add_sat(relax_at(c, host), reserve(c, host, outlook))))
		return KVMB_LEVEL_ELEVATED;
	return KVMB_LEVEL_RELAXED;
}

static bool psi_pressed(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
			bool before)
{
	uint32_t part = before ? 2 : 1;

	if (host->triggered)
		return true;
	return host->psi_valid &&
	       (host->psi.some_avg10_permyriad >= c->pressure_some_permyriad / part ||
		host->psi.full_avg10_permyriad >= c->pressure_full_permyriad / part);
}

/*
 * What swap still takes is the most that can be won from guests that hold nothing free. With less
 * than the host misses the means run out: then what is left is asked of everybody at once, not of
 * one class after the other. A small swap that is nearly empty is how the host was set up, not a
 * shortage, so seven eighths of what may be used must be in use; and a host without swap has no
 * room to lose. Once short it is so until there is twice the room, as PSI is until half its bound.
 */
static bool swap_short(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		       uint64_t missing_bytes, bool before)
{
	uint64_t kept = permyriad_of(host->swap_total_bytes, c->swap_reserve_permyriad);
	uint64_t room = u64_sub_sat(host->swap_free_bytes, kept);
	uint64_t bound = u64_min(missing_bytes, (host->swap_total_bytes - kept) / 8);

	return room < (before ? u64_mul_sat(bound, 2) : bound);
}

static void set_level(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		      const struct kvmb_outlook *outlook, const struct kvmb_state *before,
		      struct kvmb_pressure *p)
{
	uint64_t missing_bytes = u64_sub_sat(relax_at(c, host), host->available_bytes);

	p->base_level = level_by_memory(c, host, outlook, before->base_level);
	p->pressed = psi_pressed(c, host, before->pressed);
	p->swap_short = p->base_level > KVMB_LEVEL_RELAXED &&
			swap_short(c, host, missing_bytes, before->swap_short);
	p->level = p->base_level;
	if (p->pressed || p->swap_short)
		p->level++;
	if (p->level > KVMB_LEVEL_EMERGENCY)
		p->level = KVMB_LEVEL_EMERGENCY;
	if (p->level + 1 < before->level)
		p->level = before->level - 1;
}

/*
 * What is reserved is wanted on top, at any level. It makes no host hard: nobody misses it yet.
 * Once room is being made a hysteresis more is wanted, so that it does not begin again at once.
 */
static void make_room(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		      uint64_t reserved_bytes, bool before, struct kvmb_pressure *p)
{
	uint64_t bound = u64_add_sat(threshold(c, host->total_bytes, KVMB_LEVEL_ELEVATED),
				     before ? margin(c, host) : 0);

	p->reserving = reserved_bytes &&
		       host->available_bytes < u64_add_sat(bound, reserved_bytes);
	if (p->reserving && p->level == KVMB_LEVEL_RELAXED)
		p->level = KVMB_LEVEL_ELEVATED;
}

/* The reserve is refilled once the host is short; PSI alone is no reason to. */
static void set_need(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		     const struct kvmb_outlook *outlook, struct kvmb_pressure *p)
{
	uint64_t more = p->base_level > KVMB_LEVEL_RELAXED ? reserve(c, host, outlook) : 0;
	uint64_t want = u64_add_sat(relax_at(c, host),
				    u64_add_sat(more, outlook->reserved_bytes));

	p->missing = p->level > KVMB_LEVEL_RELAXED && host->available_bytes < want;
	p->need_bytes = p->missing ? want - host->available_bytes : 0;
	if (p->pressed && !p->missing)
		p->need_bytes = c->step_bytes;
}

/* What will be missing soon is needed now. */
static void look_ahead(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		       const struct kvmb_outlook *outlook, bool before, struct kvmb_pressure *p)
{
	uint64_t bound = threshold(c, host->total_bytes, KVMB_LEVEL_ELEVATED);
	uint64_t need = u64_sub_sat(relax_at(c, host), outlook->ahead_bytes);

	if (outlook->ahead_bytes >= host->available_bytes ||
	    outlook->ahead_bytes >= bound + (before ? margin(c, host) : 0))
		return;
	p->ahead_need_bytes = u64_sub_sat(need, p->need_bytes);
	p->need_bytes += p->ahead_need_bytes;
	p->falling = p->level == KVMB_LEVEL_RELAXED;
	if (p->falling)
		p->level = KVMB_LEVEL_ELEVATED;
}

static uint64_t spare(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		      const struct kvmb_outlook *outlook)
{
	uint64_t kept = u64_add_sat(relax_at(c, host), margin(c, host));

	kept = u64_add_sat(kept, outlook->reserved_bytes);
	return u64_sub_sat(host->available_bytes, u64_add_sat(kept, reserve(c, host, outlook)));
}

void kvmb_pressure_update(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
			  const struct kvmb_outlook *outlook, const struct kvmb_state *before,
			  struct kvmb_pressure *ret)
{
	struct kvmb_pressure p = { 0 };

	set_level(c, host, outlook, before, &p);
	make_room(c, host, outlook->reserved_bytes, before->reserving, &p);
	set_need(c, host, outlook, &p);
	look_ahead(c, host, outlook, before->falling, &p);
	if (p.level == KVMB_LEVEL_RELAXED)
		p.spare_bytes = spare(c, host, outlook);
	*ret = p;
}
