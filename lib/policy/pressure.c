// SPDX-License-Identifier: LGPL-2.1-or-later
/* Stage 1: the host's level from available memory, PSI and swap head-room; need and spare. */
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

/* The highest level whose threshold is not reached; one that was in force needs a bit more. */
static enum kvmb_level level_by_memory(const struct kvmb_host_config *c,
				       const struct kvmb_host_sample *host, enum kvmb_level before)
{
	uint64_t margin = permyriad_of(host->total_bytes, c->hysteresis_permyriad);

	for (enum kvmb_level l = KVMB_LEVEL_EMERGENCY; l > KVMB_LEVEL_RELAXED; l--) {
		uint64_t bound = threshold(c, host->total_bytes, l);

		if (host->available_bytes < bound + (before >= l ? margin : 0))
			return l;
	}
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

/* Without swap there is no head-room to lose: that is how the host was set up. */
static bool swap_short(const struct kvmb_host_config *c, const struct kvmb_host_sample *host)
{
	return host->swap_total_bytes &&
	       host->swap_free_bytes <
		       permyriad_of(host->swap_total_bytes, c->swap_reserve_permyriad);
}

static void set_bytes(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
		      struct kvmb_pressure *p)
{
	uint64_t margin = permyriad_of(host->total_bytes, c->hysteresis_permyriad);
	uint64_t want = threshold(c, host->total_bytes, KVMB_LEVEL_ELEVATED) + margin;

	p->missing = p->level > KVMB_LEVEL_RELAXED && host->available_bytes < want;
	p->need_bytes = p->missing ? want - host->available_bytes : 0;
	if (p->pressed && !p->missing)
		p->need_bytes = c->step_bytes;
	p->spare_bytes = p->level == KVMB_LEVEL_RELAXED ?
				 u64_sub_sat(host->available_bytes, want + margin) :
				 0;
}

void kvmb_pressure_update(const struct kvmb_host_config *c, const struct kvmb_host_sample *host,
			  const struct kvmb_state *before, struct kvmb_pressure *ret)
{
	struct kvmb_pressure p = { 0 };

	p.base_level = level_by_memory(c, host, before->base_level);
	p.pressed = psi_pressed(c, host, before->pressed);
	p.level = p.base_level;
	if (p.pressed || (swap_short(c, host) && p.base_level > KVMB_LEVEL_RELAXED))
		p.level++;
	if (p.level > KVMB_LEVEL_EMERGENCY)
		p.level = KVMB_LEVEL_EMERGENCY;
	if (p.level + 1 < before->level)
		p.level = before->level - 1;
	set_bytes(c, host, &p);
	*ret = p;
}
