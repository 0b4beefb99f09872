// SPDX-License-Identifier: LGPL-2.1-or-later
/* What a round does, in the worker's thread, and the handles that it shares. */
#include "source/age-round.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/age-map.h"

/* A better source is looked for so often: a module is loaded, DAMON becomes free. */
#define RETRY_NS (30 * NSEC_PER_SEC)

/* ---- Handles ----------------------------------------------------------------------------- */

struct kvmb_age_handle *kvmb_age_handle_ref(struct kvmb_age_handle *h)
{
	if (h)
		atomic_fetch_add(&h->refs, 1);
	return h;
}

void kvmb_age_handle_unref(struct kvmb_age_handle *h)
{
	if (!h || atomic_fetch_sub(&h->refs, 1) > 1)
		return;
	h->ops->close(h->handle);
	free(h);
}

static void table_free(struct kvmb_age_found *table, size_t n)
{
	for (size_t i = 0; i < n; i++)
		kvmb_age_handle_unref(table[i].handle);
	free(table);
}

void kvmb_age_shared_unref(struct kvmb_age_shared *s)
{
	if (atomic_fetch_sub(&s->refs, 1) > 1)
		return;
	table_free(s->table, s->n);
	kvmb_root_close(&s->root);
	(void)kvmb_close(s->event_fd);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

/* ---- A round, in the worker's thread ----------------------------------------------------- */

static int handle_open(const struct kvmb_age_source_ops *ops, const struct kvmb_age_target *t,
		       uint64_t period_usec, struct kvmb_age_handle **ret, char *why)
{
	struct kvmb_age_handle *h = calloc(1, sizeof(*h));
	int r;

	if (!h)
		return kvmb_str_errno(why, KVMB_TEXT_SIZE, -ENOMEM, "agent");
	atomic_init(&h->refs, 1);
	h->ops = ops;
	h->period_usec = period_usec;
	r = ops->open(t, period_usec, &h->handle, why);
	if (r < 0) {
		free(h);
		return r;
	}
	*ret = h;
	return 0;
}

static void add_reason(struct kvmb_age_follow *f, enum kvmb_aging kind, const char *why)
{
	size_t len = strlen(f->reason);

	kvmb_str_format(f->reason + len, sizeof(f->reason) - len, "%s%s: %s", len ? "; " : "",
			kvmb_aging_to_string(kind), why);
}

/* The best source there is, tried anew where a better one may have come. */
static void choose(const struct kvmb_age_round *round, struct kvmb_age_follow *f, uint64_t now_ns)
{
	const struct kvmb_age_source_ops *const *source = round->shared->sources;
	struct kvmb_age_target t = { .root = &round->shared->root, .pid = f->pid };

	if (now_ns < f->retry_ns)
		return;
	f->retry_ns = now_ns + RETRY_NS;
	f->reason[0] = '\0';
	memcpy(t.uuid, f->uuid, sizeof(t.uuid));
	memcpy(t.cgroup, f->cgroup, sizeof(t.cgroup));
	for (; *source && (!f->handle || f->handle->ops != *source); source++) {
		char why[KVMB_TEXT_SIZE] = "";
		struct kvmb_age_handle *h = NULL;

		if (handle_open(*source, &t, round->period_usec, &h, why) >= 0) {
			kvmb_age_handle_unref(f->handle);
			f->handle = h;
			return;
		}
		add_reason(f, (*source)->kind, why);
	}
}

/* Has this source told lately? */
static bool has_told(const struct kvmb_age_follow *f, uint64_t period_usec)
{
	const struct kvmb_age_source_ops *ops = f->handle->ops;
	uint64_t pause_ns = u64_min(ops->pause_usec, period_usec) * NSEC_PER_USEC;

	return f->ages.source == ops->kind && kvmb_now_ns() - f->ages.told_ns < pause_ns;
}

static void drop_handle(struct kvmb_age_follow *f)
{
	kvmb_age_handle_unref(f->handle);
	f->handle = NULL;
	f->ages = (struct kvmb_ages){ 0 };
}

static bool is_gone(int error)
{
	return error == -ESRCH || error == -ENODEV || error == -EBADF;
}

/*
 * A source that fails is of no use; but to let it go lets the store go as well, and all that is out
 * would come home. So where something is, it is tried again as long as the guest is there.
 */
static void fail(struct kvmb_age_follow *f, int error)
{
	(void)kvmb_str_errno(f->reason, sizeof(f->reason), error,
			     kvmb_aging_to_string(f->handle->ops->kind));
	if (f->store.out_bytes && !is_gone(error))
		f->ages = (struct kvmb_ages){ 0 };
	else
		drop_handle(f);
}

static void ask(struct kvmb_age_follow *f, uint64_t period_usec)
{
	struct kvmb_ages ages = { 0 };
	int r;

	if (!f->handle || has_told(f, period_usec))
		return;
	r = f->handle->ops->read(f->handle->handle, &ages);
	if (r >= 0) {
		f->ages = ages;
		f->ages.source = f->handle->ops->kind;
		f->ages.told_ns = kvmb_now_ns();
		return;
	}
	if (r != -EAGAIN)
		fail(f, r);
}

/*
 * Each round, so each tick: what is out is taken off the guest's resident memory, which the kernel
 * tells as of now. If it cannot be read it is as it was; only who has gone, or never had a store,
 * has none.
 */
static void ask_store(struct kvmb_age_round *round, struct kvmb_age_follow *f)
{
	const struct kvmb_store_ops *ops = f->handle ? f->handle->ops->store : NULL;
	struct kvmb_store store = { .valid = false };
	int r = ops ? ops->read(f->handle->handle, &store, &round->stores) : -EOPNOTSUPP;

	f->store_is_old = r < 0 && r != -EOPNOTSUPP && !is_gone(r);
	if (r >= 0)
		f->store = store;
	else if (!f->store_is_old)
		f->store = (struct kvmb_store){ .valid = false };
}

/* It comes here with a store that has something out. */
static void rest(struct kvmb_age_follow *f)
{
	int r = f->handle->ops->store->rest(f->handle->handle);

	f->ages = (struct kvmb_ages){ 0 };
	if (r < 0)
		fail(f, r);
}

struct kvmb_age_follow *kvmb_age_round_find(const struct kvmb_age_round *round, const char *uuid)
{
	if (!round || !round->n)
		return NULL;
	return bsearch(uuid, round->follows, round->n, sizeof(round->follows[0]),
		       kvmb_age_compare);
}

static void draw_map(const struct kvmb_age_round *round, struct kvmb_map_answer *a)
{
	struct kvmb_age_follow *f = kvmb_age_round_find(round, a->uuid);

	if (!f)
		a->error = -ESRCH;
	else if (!f->handle || !f->handle->ops->map)
		a->error = -EOPNOTSUPP;
	else
		a->error = f->handle->ops->map(f->handle->handle, &a->map);
}

/* Without memory for a new table the old one stays: what went from it ends with -ESRCH. */
static void publish(struct kvmb_age_round *round)
{
	struct kvmb_age_shared *s = round->shared;
	struct kvmb_age_found *table = calloc(round->n + 1, sizeof(*table)), *old;
	size_t n_old;

	if (!table)
		return;
	for (size_t i = 0; i < round->n; i++) {
		memcpy(table[i].uuid, round->follows[i].uuid, sizeof(table[i].uuid));
		table[i].handle = kvmb_age_handle_ref(round->follows[i].handle);
	}
	pthread_mutex_lock(&s->lock);
	old = s->table;
	n_old = s->n;
	s->table = table;
	s->n = round->n;
	pthread_mutex_unlock(&s->lock);
	table_free(old, n_old);
}

static void look(struct kvmb_age_round *round, struct kvmb_age_follow *f)
{
	if (f->rests) {
		rest(f);
	} else {
		choose(round, f, kvmb_now_ns());
		ask(f, round->period_usec);
	}
	ask_store(round, f);
}

void kvmb_age_round_run(struct kvmb_job *job)
{
	struct kvmb_age_round *round = (struct kvmb_age_round *)job;
	const uint64_t one = 1;

	/*
	 * What finders know keeps each handle until the new ones are known: who is followed anew,
	 * with another period, has its new one by then, and what is out of it stays out.
	 */
	while (round->n_gone)
		kvmb_age_handle_unref(round->gone[--round->n_gone]);
	for (size_t i = 0; i < round->n; i++)
		look(round, &round->follows[i]);
	for (size_t i = 0; i < round->n_maps; i++)
		draw_map(round, &round->maps[i]);
	publish(round);
	if (round->n_maps)
		(void)!write(round->shared->event_fd, &one, sizeof(one));
}

/* Also of one that never ran. */
void kvmb_age_round_drop(struct kvmb_job *job)
{
	struct kvmb_age_round *round = (struct kvmb_age_round *)job;

	for (size_t i = 0; i < round->n; i++)
		kvmb_age_handle_unref(round->follows[i].handle);
	for (size_t i = 0; i < round->n_gone; i++)
		kvmb_age_handle_unref(round->gone[i]);
	for (size_t i = 0; i < round->n_maps; i++)
		(void)kvmb_map_free(round->maps[i].map);
	free(round->follows);
	free(round->gone);
	kvmb_age_shared_unref(round->shared);
	free(round);
}
