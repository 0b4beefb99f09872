// SPDX-License-Identifier: LGPL-2.1-or-later
/* Samepage merging: begun when it is needed, paced and stopped by what it wins for its CPU time. */
#include "policy/ksm.h"

#include <inttypes.h>

#include "base/num.h"
#include "base/str.h"
#include "policy/turn.h"

/* The kernel's defaults: about half a percent of a CPU, a careful beginning. */
#define PAGES_FIRST 100
#define SLEEP_MSEC 20
/* 400 MiB/s by 20 ms: more than any CPU scans within the bound below. */
#define PAGES_MAX 2048
/* Of one CPU. A guest's vCPU that shares it feels less than it would of the kernel's reclaim. */
#define CPU_MAX_PERMYRIAD 2000
/*
 * What a second of CPU time must win. Page-out to zram wins some 200 MiB in that time, and then
 * costs reads back; what is merged is read for nothing. Below a sixth of that, page-out it is.
 */
#define GAIN_MIN_BYTES (32 * MIB)
/* Long enough for the clock tick in which CPU time is told (10 ms) to be no error. */
#define LOOK_NS (20 * NSEC_PER_SEC)
/* A page is merged when it was the same in two scans: only then it is known what there is. */
#define SCANS 2
/* The order's turn, one batch of ksmd, and a tick. */
#define SETTLE_NS (10 * NSEC_PER_SEC)
#define PAUSE_FIRST_SEC 120 /* memory of guests changes within minutes */
#define PAUSE_MAX_SEC 3600

static void order(struct kvmb_ksm_order *ret, uint32_t pages)
{
	*ret = (struct kvmb_ksm_order){
		.set = true,
		.run = true,
		.pages_to_scan = pages,
		.sleep_msec = SLEEP_MSEC,
	};
}

static void order_stop(const struct kvmb_state_ksm *s, struct kvmb_ksm_order *ret, const char *why)
{
	*ret = (struct kvmb_ksm_order){
		.set = true,
		.pages_to_scan = s->before_pages_to_scan,
		.sleep_msec = s->before_sleep_msec,
	};
	kvmb_str_format(ret->reason, sizeof(ret->reason), "stopped: %s", why);
}

static bool is_others(const struct kvmb_ksm *k)
{
	return k->run == 1 || k->advised;
}

static void leave(struct kvmb_state_ksm *s)
{
	s->taken = s->stopping = s->proving = false;
	s->look_ns = 0;
}

static void pause_until(struct kvmb_state_ksm *s, uint64_t now_ns, uint32_t sec)
{
	s->pause_sec = sec;
	s->retry_ns = now_ns + sec * NSEC_PER_SEC;
}

/* Somebody else has set it otherwise while it was ours: it is theirs, values and all. */
static void hand_over(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s)
{
	leave(s);
	s->yielded = true;
	pause_until(s, look->now_ns, PAUSE_MAX_SEC);
}

static void begin(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s,
		  struct kvmb_ksm_order *ret)
{
	if (look->now_ns < s->retry_ns)
		return;
	s->yielded = false;
	if (!look->allowed || !look->wanted || is_others(look->ksm))
		return;
	order(ret, PAGES_FIRST);
	if (look->missing_bytes)
		kvmb_str_format(ret->reason, sizeof(ret->reason),
				"begun: cheaper means leave %" PRIu64 " MiB missing",
				look->missing_bytes / MIB);
	else
		kvmb_str_format(ret->reason, sizeof(ret->reason), "begun: the host is hard up");
}

static void begin_look(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s)
{
	if (!s->look_ns)
		s->scans = look->ksm->full_scans;
	s->look_ns = look->now_ns;
	s->saved_bytes = look->ksm->saved_bytes;
	s->cpu_usec = look->ksm->cpu_usec;
}

/* What an interval has won and cost. */
struct yield {
	uint64_t gain_bytes;
	uint64_t cpu_usec;
	uint64_t cpu_permyriad;
	bool pays;
};

static void look_at(const struct kvmb_ksm_look *look, const struct kvmb_state_ksm *s,
		    struct yield *ret)
{
	uint64_t elapsed_usec = u64_max((look->now_ns - s->look_ns) / NSEC_PER_USEC, 1);

	ret->gain_bytes = u64_sub_sat(look->ksm->saved_bytes, s->saved_bytes);
	ret->cpu_usec = u64_sub_sat(look->ksm->cpu_usec, s->cpu_usec);
	ret->cpu_permyriad = u64_mul_div(ret->cpu_usec, PERMYRIAD, elapsed_usec);
	ret->pays = ret->gain_bytes &&
		    ret->gain_bytes >= u64_mul_div(GAIN_MIN_BYTES, ret->cpu_usec, USEC_PER_SEC);
}

static uint32_t pace(const struct kvmb_ksm_look *look, const struct kvmb_state_ksm *s,
		     const struct yield *y)
{
	uint32_t pages = s->pages_to_scan;

	if (y->cpu_permyriad > CPU_MAX_PERMYRIAD || (!y->pays && !s->proving))
		return (uint32_t)u64_max(pages / 2, PAGES_FIRST);
	if (!look->wanted || 2 * y->cpu_permyriad > CPU_MAX_PERMYRIAD)
		return pages;
	return (uint32_t)u64_min((uint64_t)pages * 2, PAGES_MAX);
}

static void say(const struct yield *y, const char *what, struct kvmb_ksm_order *ret)
{
	kvmb_str_format(ret->reason, sizeof(ret->reason),
			"%s: %" PRIu64 " MiB won by %" PRIu64 " ms of CPU time, %" PRIu64
			" MiB a second of it are worth while", what, y->gain_bytes / MIB,
			y->cpu_usec / USEC_PER_MSEC, GAIN_MIN_BYTES / MIB);
}

static void judge(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s,
		  struct kvmb_ksm_order *ret)
{
	struct yield y;
	uint32_t pages;

	look_at(look, s, &y);
	if (y.pays) {
		s->scans = look->ksm->full_scans;
		s->pause_sec = 0;
		s->proving = false;
	} else if (u64_sub_sat(look->ksm->full_scans, s->scans) >= SCANS) {
		order_stop(s, ret, "");
		say(&y, "stopped", ret);
		pause_until(s, look->now_ns,
			    (uint32_t)u64_clamp(2 * (uint64_t)s->pause_sec, PAUSE_FIRST_SEC,
						PAUSE_MAX_SEC));
		return;
	}
	pages = pace(look, s, &y);
	if (pages != s->pages_to_scan) {
		order(ret, pages);
		say(&y, pages > s->pages_to_scan ? "faster" : "slower", ret);
	}
	begin_look(look, s);
}

static bool is_changed(const struct kvmb_ksm *k, const struct kvmb_state_ksm *s)
{
	return k->run != 1 || k->pages_to_scan != s->pages_to_scan ||
	       k->sleep_msec != SLEEP_MSEC || k->advised;
}

/* Ordered again until it shows: the order before may have been lost. */
static void follow_stop(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s, bool settled,
			struct kvmb_ksm_order *ret)
{
	if (look->ksm->run != 1)
		leave(s);
	else if (settled)
		order_stop(s, ret, "it still runs");
}

static void follow(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s,
		   struct kvmb_ksm_order *ret)
{
	bool settled = u64_sub_sat(look->now_ns, s->ordered_ns) >= SETTLE_NS;

	if (s->stopping) {
		follow_stop(look, s, settled, ret);
	} else if (!settled) {
		return;
	} else if (is_changed(look->ksm, s)) {
		/* After a restart, of the host perhaps, a stopped one is nobody's. */
		if (!s->ordered_ns && look->ksm->run != 1)
			leave(s);
		else
			hand_over(look, s);
	} else if (!look->allowed) {
		order_stop(s, ret, "the configuration does not allow it");
	} else if (look->calm) {
		order_stop(s, ret, "the host has had enough memory for long");
	} else if (!s->look_ns) {
		begin_look(look, s);
	} else if (look->now_ns - s->look_ns >= LOOK_NS) {
		judge(look, s, ret);
	}
}

static enum kvmb_ksm_state state_of(const struct kvmb_ksm_look *look,
				    const struct kvmb_state_ksm *s)
{
	if (s->taken)
		return KVMB_KSM_RUNNING;
	if (is_others(look->ksm) || s->yielded)
		return KVMB_KSM_OTHERS;
	if (!look->allowed)
		return KVMB_KSM_OFF;
	return look->now_ns < s->retry_ns ? KVMB_KSM_PAUSED : KVMB_KSM_IDLE;
}

void kvmb_ksm_update(const struct kvmb_ksm_look *look, struct kvmb_state_ksm *s,
		     struct kvmb_ksm_order *ret)
{
	if (!look->ksm->valid) {
		s->state = KVMB_KSM_UNAVAILABLE; /* what is ours stays ours */
		return;
	}
	if (s->taken)
		follow(look, s, ret);
	else
		begin(look, s, ret);
	s->state = state_of(look, s);
}

/* Time for which the host has to be relaxed: as long as its own peak counts. */
#define CALM_NS (10 * NSEC_PER_MINUTE)

void kvmb_turn_ksm(struct kvmb_turn *t)
{
	const struct kvmb_host_config *c = &t->config->host;
	const struct kvmb_state_ksm *s = &t->state->ksm;
	enum kvmb_level level = t->host.level;
	struct kvmb_ksm_look look = {
		.ksm = &t->sample->host.ksm,
		.now_ns = t->sample->now_ns,
		.missing_bytes = t->unmet_bytes,
		/* Where it is only looked on, what is to be seen is how it would begin. */
		.allowed = c->ksm_auto && (c->mode >= KVMB_MODE_PRESSURE ||
					   (c->mode == KVMB_MODE_OBSERVE && !s->taken)),
		.wanted = t->n && (level >= KVMB_LEVEL_HARD ||
				   (level == KVMB_LEVEL_ELEVATED &&
				    t->unmet_bytes >= t->unit_bytes)),
		.calm = level == KVMB_LEVEL_RELAXED &&
			t->sample->now_ns - t->state->relaxed_ns >= CALM_NS,
	};

	kvmb_ksm_update(&look, &t->state->ksm, &t->plan->ksm);
}
