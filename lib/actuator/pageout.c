/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Page-out of cold ranges of QEMU's memory: process_madvise(MADV_PAGEOUT) in batches, with a look
 * at the guest in between, or to the guest's store (pageout-far.c). What is cold is asked when the
 * action's turn has come.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/uio.h>

#include "actuator/actuator.h"
#include "actuator/gauge.h"
#include "actuator/pageout.h"
#include "base/num.h"
#include "base/residency.h"
#include "model/cold.h"
#include "wrap/cgroup.h"

struct pageout {
	struct kvmb_root root;
	struct kvmb_cold_finder finder;
};

struct batch {
	struct iovec iov[IOV_MAX];
	int n;
};

static void batch_fill(struct batch *b, const struct kvmb_range_cursor *c)
{
	struct kvmb_range ranges[IOV_MAX];

	b->n = (int)kvmb_range_peek(c, KVMB_PAGEOUT_BATCH_BYTES, ranges, ARRAY_SIZE(ranges));
	for (int i = 0; i < b->n; i++) {
		b->iov[i].iov_base = (void *)(uintptr_t)ranges[i].hva;
		b->iov[i].iov_len = (size_t)ranges[i].length_bytes;
	}
}

/*
 * One call. The kernel stops at the first part that it cannot do: what came before counts, and the
 * next call begins with the bad part, which is then passed over.
 * Return: 0, or -errno of the part that failed (the cursor is behind it).
 */
static int advise(int pidfd, struct kvmb_range_cursor *c, struct batch *b)
{
	ssize_t n;

	batch_fill(b, c);
	n = process_madvise(pidfd, b->iov, (size_t)b->n, MADV_PAGEOUT, 0);
	if (n > 0) {
		kvmb_range_advance(c, (uint64_t)n);
		return 0;
	}
	if (n < 0 && errno == EINTR)
		return 0;
	kvmb_range_advance(c, b->iov[0].iov_len);
	return n < 0 ? -errno : -EIO;
}

/* A part that is not mapped any more (a memslot that went) does not end the action. */
static bool is_fatal(int error)
{
	return error == -ESRCH || error == -EPERM || error == -ENOSYS || error == -EBADF;
}

static int advise_all(int pidfd, struct kvmb_range_cursor *c, const struct kvmb_gauge *g,
		      atomic_bool *cancel, enum kvmb_why *why)
{
	_cleanup_free_ struct batch *b = malloc(sizeof(*b));
	uint64_t n_good = 0;
	int error = 0;

	if (!b)
		return -ENOMEM;
	while (kvmb_range_more(c)) {
		int r;

		if (atomic_load(cancel))
			return -ECANCELED;
		*why = kvmb_gauge_stop(g, u64_min(c->left_bytes, KVMB_PAGEOUT_BATCH_BYTES));
		if (*why != KVMB_WHY_NONE)
			return n_good ? 0 : -ESTALE;
		r = advise(pidfd, c, b);
		if (is_fatal(r))
			return r;
		if (r < 0)
			error = r;
		else
			n_good++;
	}
	return n_good ? 0 : error;
}

static int pageout_ranges(struct pageout *p, const struct kvmb_action *a, int pidfd,
			  atomic_bool *cancel, struct kvmb_result *result)
{
	_cleanup_close_ int map_fd = kvmb_residency_open(&p->root, a->pid);
	struct kvmb_range_cursor c = kvmb_range_begin(a);
	uint64_t before, after;
	struct kvmb_gauge g;
	int r, error;

	if (map_fd < 0)
		return map_fd;
	r = kvmb_gauge_begin(&g, &p->root, a, &result->why);
	if (r < 0)
		return r;
	r = kvmb_residency_count(map_fd, a->ranges, a->n_ranges, a->asked_bytes, &before);
	if (r < 0)
		return r;
	error = advise_all(pidfd, &c, &g, cancel, &result->why);
	r = kvmb_residency_count(map_fd, a->ranges, a->n_ranges, a->asked_bytes, &after);
	if (r < 0)
		return error < 0 ? error : r;
	result->got_bytes = u64_sub_sat(before, after);
	result->net_bytes = u64_diff(result->got_bytes, kvmb_gauge_swap_cost(&g));
	return error;
}

static int pageout_known(struct pageout *p, const struct kvmb_action *a, atomic_bool *cancel,
			 struct kvmb_result *result)
{
	_cleanup_close_ int pidfd = -1;
	int r = kvmb_range_check(a);

	if (r < 0)
		return r;
	/* First this, then the check of the scope: the number may have a new owner in between. */
	pidfd = a->pid > 0 ? pidfd_open(a->pid, 0) : -1;
	if (pidfd < 0)
		r = a->pid > 0 ? -errno : -ESRCH;
	else if (a->backend == KVMB_BACKEND_FAR)
		r = kvmb_pageout_far(&p->root, &p->finder, a, cancel, result);
	else
		r = pageout_ranges(p, a, pidfd, cancel, result);
	if (r != -ESRCH)
		return r;
	result->why = KVMB_WHY_GONE;
	return -ESTALE;
}

/* The amount that was planned, of what is cold now. */
static int pageout_cold(struct pageout *p, const struct kvmb_action *planned, atomic_bool *cancel,
			struct kvmb_result *result)
{
	struct kvmb_action a = *planned;
	struct kvmb_cold cold = { NULL, 0 };
	uint64_t most = a.asked_bytes;
	int r;

	if (!p->finder.find)
		return -EOPNOTSUPP;
	if (a.backend == KVMB_BACKEND_FAR)
		most = u64_mul_sat(most, KVMB_FAR_LOOK);
	r = p->finder.find(p->finder.ctx, a.uuid, a.idle_usec, most, &cold);
	if (r == -ESRCH)
		result->why = KVMB_WHY_GONE;
	else if (r >= 0 && !cold.n)
		result->why = KVMB_WHY_NOT_COLD;
	if (result->why != KVMB_WHY_NONE)
		r = -ESTALE;
	a.ranges = cold.ranges;
	a.n_ranges = cold.n;
	if (r >= 0)
		r = pageout_known(p, &a, cancel, result);
	free(cold.ranges);
	return r;
}

static int pageout_apply(void *ctx, const struct kvmb_action *a, atomic_bool *cancel,
			 struct kvmb_result *result)
{
	result->got_bytes = 0;
	result->net_bytes = 0;
	result->why = KVMB_WHY_NONE;
	result->note[0] = '\0';
	if (a->n_ranges || !a->idle_usec)
		return pageout_known(ctx, a, cancel, result);
	return pageout_cold(ctx, a, cancel, result);
}

static void pageout_free(void *ctx)
{
	struct pageout *p = ctx;

	if (p->finder.unref)
		p->finder.unref(p->finder.ctx);
	kvmb_root_close(&p->root);
	free(p);
}

static const struct kvmb_actuator_ops pageout_ops = { "pageout", pageout_apply, pageout_free };

int kvmb_actuator_pageout_new(const char *root_path, const struct kvmb_cold_finder *finder,
			      struct kvmb_actuator *ret)
{
	struct pageout *p = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->root = (struct kvmb_root)KVMB_ROOT_INIT;
	r = kvmb_root_open(root_path, &p->root);
	if (r >= 0)
		r = kvmb_cgroup_attach(&p->root);
	if (r < 0) {
		pageout_free(p);
		return r;
	}
	if (finder)
		p->finder = *finder;
	*ret = (struct kvmb_actuator){ .ops = &pageout_ops, .ctx = p };
	return 0;
}
