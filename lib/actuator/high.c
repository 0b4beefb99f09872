/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Last resort: a memory.high a bit below what the guest holds, for some seconds. The kernel takes
 * what is above it and holds up the guest where it grows; then what was there before is put back.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "actuator/actuator.h"
#include "actuator/gauge.h"
#include "actuator/limit.h"
#include "base/num.h"
#include "base/parse.h"
#include "base/str.h"
#include "base/wait.h"
#include "wrap/cgroup.h"

#define LOOK_NS (100 * 1000000L) /* so long a guest may go on being hurt, or a stop has to wait */

struct high {
	struct kvmb_root root;
	uint64_t hold_ns;
};

static int refuse(enum kvmb_why *ret_why, enum kvmb_why why)
{
	*ret_why = why;
	return -ESTALE;
}

/* Of what it holds now, and never above a limit that is somebody else's. */
static int choose(const struct high *h, const struct kvmb_gauge *g, struct kvmb_limit *l,
		  enum kvmb_why *why)
{
	const struct kvmb_action *a = g->action;
	uint64_t before;
	int r = kvmb_str_copy(l->cgroup, sizeof(l->cgroup), a->cgroup);

	if (r >= 0)
		r = kvmb_limit_read(&h->root, a->cgroup, l->before, sizeof(l->before));
	if (r < 0)
		return kvmb_gauge_blame(g, r, why);
	l->set_bytes = align_down(u64_sub_sat(g->resident_bytes, a->asked_bytes) + MIB - 1, MIB);
	l->until_ns = kvmb_now_ns() + h->hold_ns;
	if (!streq(l->before, "max") &&
	    (kvmb_parse_u64_n(l->before, strlen(l->before), &before) < 0 ||
	     before <= l->set_bytes))
		return refuse(why, KVMB_WHY_CHANGED);
	return 0;
}

/* Between the first look and the watched record up to two seconds have passed. */
static int look_again(const struct high *h, const struct kvmb_gauge *g, const struct kvmb_limit *l,
		      atomic_bool *cancel, enum kvmb_why *why)
{
	enum kvmb_why stop = kvmb_gauge_stop(g, g->action->asked_bytes);
	char now[32];
	int r = kvmb_limit_read(&h->root, l->cgroup, now, sizeof(now));

	if (r < 0)
		return kvmb_gauge_blame(g, r, why);
	/* Another's, or that of an agent that died: it must not be what is put back. */
	if (!streq(now, l->before))
		return refuse(why, KVMB_WHY_CHANGED);
	if (stop != KVMB_WHY_NONE)
		return refuse(why, stop);
	if (kvmb_now_ns() >= l->until_ns)
		return refuse(why, KVMB_WHY_FACTS_STALE);
	return atomic_load(cancel) ? -ECANCELED : 0;
}

/* Until its time is over, it is called back, or the guest is held up too much. */
static int hold(const struct kvmb_gauge *g, const struct kvmb_limit *l, atomic_bool *cancel,
		enum kvmb_why *why)
{
	const struct timespec pause = { .tv_nsec = LOOK_NS };

	while (kvmb_now_ns() < l->until_ns) {
		if (atomic_load(cancel))
			return -ECANCELED;
		*why = kvmb_gauge_stop(g, 0);
		if (*why != KVMB_WHY_NONE)
			return 0;
		(void)nanosleep(&pause, NULL);
	}
	return 0;
}

static int set_and_hold(const struct high *h, const struct kvmb_gauge *g,
			const struct kvmb_limit *l, atomic_bool *cancel, enum kvmb_why *why)
{
	char value[32];
	int r;

	(void)snprintf(value, sizeof(value), "%" PRIu64, l->set_bytes);
	/* Returns when the kernel has taken what is above it, or has tried. */
	r = kvmb_cgroup_write(&h->root, l->cgroup, "memory.high", value);
	if (r < 0)
		return kvmb_gauge_blame(g, r, why);
	return hold(g, l, cancel, why);
}

static int limit(const struct high *h, const struct kvmb_gauge *g, atomic_bool *cancel,
		 enum kvmb_why *why)
{
	struct kvmb_limit l;
	int fd, lifted = 0, r;

	*why = kvmb_gauge_stop(g, g->action->asked_bytes);
	if (*why != KVMB_WHY_NONE)
		return -ESTALE;
	r = choose(h, g, &l, why);
	if (r >= 0)
		r = kvmb_limit_begin(&h->root, g->action->uuid, &l, cancel, &fd);
	if (r < 0)
		return r;
	r = look_again(h, g, &l, cancel, why);
	if (r >= 0) {
		r = set_and_hold(h, g, &l, cancel, why);
		lifted = kvmb_limit_lift(&h->root, &l);
	}
	if (lifted >= 0)
		kvmb_limit_end(&h->root, g->action->uuid, fd);
	else
		(void)kvmb_close(fd); /* its lock goes, and the watcher tries */
	return lifted < 0 ? lifted : r;
}

static int high_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
		      struct kvmb_result *result)
{
	const struct high *h = ctx;
	struct kvmb_gauge g;
	int r;

	result->got_bytes = 0;
	result->net_bytes = 0;
	result->why = KVMB_WHY_NONE;
	if (atomic_load(cancel))
		return -ECANCELED;
	r = kvmb_gauge_begin(&g, &h->root, a, &result->why);
	if (r < 0)
		return r;
	r = limit(h, &g, cancel, &result->why);
	result->got_bytes = kvmb_gauge_taken(&g);
	result->net_bytes = u64_diff(result->got_bytes, kvmb_gauge_swap_cost(&g));
	return r;
}

static void high_free(void *ctx)
{
	struct high *h = ctx;

	kvmb_root_close(&h->root);
	free(h);
}

static const struct kvmb_actuator_ops high_ops = { "high", high_apply, high_free };

int kvmb_actuator_high_new(const char *root_path, uint64_t hold_usec, struct kvmb_actuator *ret)
{
	struct high *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return -ENOMEM;
	h->root = (struct kvmb_root)KVMB_ROOT_INIT;
	h->hold_ns = u64_mul_sat(hold_usec, NSEC_PER_USEC);
	r = kvmb_root_open(root_path, &h->root);
	if (r >= 0)
		r = kvmb_cgroup_attach(&h->root);
	if (r < 0) {
		high_free(h);
		return r;
	}
	*ret = (struct kvmb_actuator){ .ops = &high_ops, .ctx = h };
	return 0;
}
