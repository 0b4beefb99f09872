// SPDX-License-Identifier: LGPL-2.1-or-later
/* Rounds one after the other, what the last one told, and finders. */
#include "source/ages.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include "base/num.h"
#include "base/str.h"
#include "source/age-map.h"
#include "source/age-round.h"
#include "source/store-module.h"
#include "wrap/cgroup.h"

/* How long a stop waits for a round; longer than a read of many guests. */
#define STOP_USEC (3 * USEC_PER_SEC)

static const struct kvmb_age_source_ops *const all_sources[] = {
	&kvmb_age_source_module,
	&kvmb_age_source_damon,
	&kvmb_age_source_mglru,
	NULL,
};

struct kvmb_age_watch {
	struct kvmb_age_shared *shared;
	struct kvmb_worker *worker;
	struct kvmb_age_round *last; /* done */
	bool running;
	uint64_t period_usec;
	struct kvmb_map_answer asked[KVMB_AGE_MAPS_MAX]; /* for the next round */
	size_t n_asked;
	struct kvmb_map_answer answers[2 * KVMB_AGE_MAPS_MAX];
	size_t n_answers;
};

static struct kvmb_age_shared *shared_new(const char *root,
				 const struct kvmb_age_source_ops *const *sources, int *ret_error)
{
	struct kvmb_age_shared *s = calloc(1, sizeof(*s));

	*ret_error = -ENOMEM;
	if (!s)
		return NULL;
	atomic_init(&s->refs, 1);
	pthread_mutex_init(&s->lock, NULL);
	s->sources = sources ? sources : all_sources;
	s->root = (struct kvmb_root)KVMB_ROOT_INIT;
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	*ret_error = s->event_fd < 0 ? -errno : kvmb_root_open(root, &s->root);
	if (*ret_error >= 0)
		*ret_error = kvmb_cgroup_attach(&s->root);
	if (*ret_error >= 0)
		return s;
	kvmb_age_shared_unref(s);
	return NULL;
}

int kvmb_age_watch_new(const char *root, const struct kvmb_age_source_ops *const *sources,
		       struct kvmb_age_watch **ret)
{
	struct kvmb_age_watch *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	if (!w)
		return -ENOMEM;
	w->shared = shared_new(root, sources, &r);
	if (w->shared)
		r = kvmb_worker_new("kvmb-ages", &w->worker);
	if (r < 0) {
		(void)kvmb_age_watch_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

struct kvmb_age_watch *kvmb_age_watch_free(struct kvmb_age_watch *w)
{
	if (!w)
		return NULL;
	(void)kvmb_worker_free(w->worker, STOP_USEC, NULL);
	if (w->last)
		kvmb_age_round_drop(&w->last->job);
	for (size_t i = 0; i < w->n_answers; i++)
		(void)kvmb_map_free(w->answers[i].map);
	if (w->shared)
		kvmb_age_shared_unref(w->shared);
	free(w);
	return NULL;
}

void kvmb_age_watch_set_period(struct kvmb_age_watch *w, uint64_t period_usec)
{
	w->period_usec = period_usec;
}

/* What went out after a round began is not in what it tells, or not all of it. */
static void carry_moved(const struct kvmb_age_round *old, struct kvmb_age_round *new)
{
	for (size_t i = 0; i < new->n; i++) {
		struct kvmb_age_follow *f = &new->follows[i];
		const struct kvmb_age_follow *was = kvmb_age_round_find(old, f->uuid);

		if (!was || was->pid != f->pid)
			continue;
		f->moved_bytes[0] = was->moved_bytes[1];
		if (f->store_is_old)
			f->moved_bytes[0] = u64_add_sat(f->moved_bytes[0], was->moved_bytes[0]);
	}
}

/* From now on it counts as before the round that runs. */
static void age_moved(struct kvmb_age_round *last)
{
	for (size_t i = 0; last && i < last->n; i++) {
		uint64_t *moved = last->follows[i].moved_bytes;

		moved[0] = u64_add_sat(moved[0], moved[1]);
		moved[1] = 0;
	}
}

/*
 * Take in the round that is done, if any. The round itself has rung when its maps were drawn, a
 * moment before it was done: whoever looked in between found nothing, so it is rung once more.
 */
static void harvest(struct kvmb_age_watch *w)
{
	struct kvmb_job *job = kvmb_worker_done(w->worker);
	const uint64_t one = 1;

	if (!job)
		return;
	carry_moved(w->last, (struct kvmb_age_round *)job);
	if (w->last)
		kvmb_age_round_drop(&w->last->job);
	w->last = (struct kvmb_age_round *)job;
	w->running = false;
	memcpy(&w->answers[w->n_answers], w->last->maps,
	       w->last->n_maps * sizeof(w->answers[0]));
	w->n_answers += w->last->n_maps;
	w->last->n_maps = 0;
	if (w->n_answers)
		(void)!write(w->shared->event_fd, &one, sizeof(one));
}

static void tell_one(const struct kvmb_age_follow *f, struct kvmb_guest_sample *g)
{
	/* A guest that was started anew has nothing of what its old process had. */
	bool same = f && f->pid == g->pid;

	g->ages = same ? f->ages : (struct kvmb_ages){ 0 };
	g->store = same ? f->store : (struct kvmb_store){ 0 };
	if (g->store.valid)
		g->store.out_bytes = u64_add_sat(g->store.out_bytes,
						 u64_add_sat(f->moved_bytes[0], f->moved_bytes[1]));
}

static void tell(const struct kvmb_age_round *last, struct kvmb_sample *s)
{
	s->host.store = last ? last->stores : (struct kvmb_host_store){ 0 };
	for (size_t i = 0; i < s->n_guests; i++)
		tell_one(kvmb_age_round_find(last, s->guests[i].uuid), &s->guests[i]);
}

/*
 * Who has just been started does not know yet of whom is out what was paged out before, and where
 * nobody is aged it never does. All of it may be any guest's whose store has not told.
 */
static void tell_unread(const struct kvmb_age_watch *w, struct kvmb_sample *s)
{
	uint64_t unread = 0;
	bool all_told = true;

	for (size_t i = 0; i < s->n_guests; i++)
		all_told = all_told && s->guests[i].store.valid;
	/* who cannot read it goes on as without a module */
	if (!all_told)
		(void)kvmb_store_out(&w->shared->root, &unread);
	for (size_t i = 0; i < s->n_guests; i++)
		unread = u64_sub_sat(unread, s->guests[i].store.out_bytes);
	for (size_t i = 0; i < s->n_guests; i++) {
		struct kvmb_guest_sample *g = &s->guests[i];

		g->far_unread_bytes = g->store.valid ? 0 : unread;
	}
}

void kvmb_age_watch_moved(struct kvmb_age_watch *w, const char *uuid, int32_t pid, uint64_t bytes)
{
	struct kvmb_age_follow *f = kvmb_age_round_find(w->last, uuid);

	if (f && f->pid == pid)
		f->moved_bytes[1] = u64_add_sat(f->moved_bytes[1], bytes);
}

/*
 * The same guest in the same process, aged as it is to be: it goes on with what it has. Who rests
 * is not aged, so any period will do.
 */
static void inherit(const struct kvmb_age_watch *w, struct kvmb_age_follow *f,
		    struct kvmb_age_follow *old)
{
	uint64_t period_usec = w->last ? w->last->period_usec : 0;

	if (!old || old->pid != f->pid)
		return;
	if (old->handle)
		period_usec = old->handle->period_usec;
	if (!f->rests && period_usec != w->period_usec)
		return;
	f->handle = old->handle;
	old->handle = NULL;
	f->ages = old->ages;
	f->store = old->store;
	f->retry_ns = old->retry_ns;
	memcpy(f->reason, old->reason, sizeof(f->reason));
}

static bool has_out(const struct kvmb_age_follow *old, int32_t pid)
{
	return old && old->pid == pid && old->handle && old->handle->ops->store &&
	       (old->store.out_bytes || old->moved_bytes[0] || old->moved_bytes[1]);
}

static void fill_follows(struct kvmb_age_watch *w, const struct kvmb_sample *s,
			 const enum kvmb_follow *follow, struct kvmb_age_round *round)
{
	for (size_t i = 0; round->period_usec && i < s->n_guests; i++) {
		const struct kvmb_guest_sample *g = &s->guests[i];
		struct kvmb_age_follow *f = &round->follows[round->n];
		struct kvmb_age_follow *old = kvmb_age_round_find(w->last, g->uuid);
		bool rests = follow[i] == KVMB_FOLLOW_STORE;

		if (follow[i] == KVMB_FOLLOW_NOT || g->pid <= 0 || (rests && !has_out(old, g->pid)))
			continue;
		memcpy(f->uuid, g->uuid, sizeof(f->uuid));
		memcpy(f->cgroup, g->cgroup, sizeof(f->cgroup));
		f->pid = g->pid;
		f->rests = rests;
		inherit(w, f, old);
		round->n++;
	}
	qsort(round->follows, round->n, sizeof(round->follows[0]), kvmb_age_compare);
	for (size_t i = 0; w->last && i < w->last->n; i++) {
		if (w->last->follows[i].handle)
			round->gone[round->n_gone++] = w->last->follows[i].handle;
		w->last->follows[i].handle = NULL;
	}
}

static struct kvmb_age_round *round_new(const struct kvmb_age_watch *w, size_t n)
{
	struct kvmb_age_round *round = calloc(1, sizeof(*round));

	if (!round)
		return NULL;
	round->job = (struct kvmb_job){ .run = kvmb_age_round_run, .drop = kvmb_age_round_drop };
	round->shared = w->shared;
	atomic_fetch_add(&w->shared->refs, 1);
	round->period_usec = w->period_usec;
	round->follows = calloc(n + 1, sizeof(*round->follows));
	round->gone = calloc((w->last ? w->last->n : 0) + 1, sizeof(struct kvmb_age_handle *));
	if (round->follows && round->gone)
		return round;
	kvmb_age_round_drop(&round->job);
	return NULL;
}

static int begin(struct kvmb_age_watch *w, const struct kvmb_sample *s,
		 const enum kvmb_follow *follow)
{
	struct kvmb_age_round *round = round_new(w, s->n_guests);

	if (!round)
		return -ENOMEM;
	fill_follows(w, s, follow, round);
	age_moved(w->last);
	round->n_maps = w->n_asked;
	memcpy(round->maps, w->asked, sizeof(w->asked));
	w->n_asked = 0;
	w->running = true;
	kvmb_worker_submit(w->worker, &round->job);
	return 0;
}

int kvmb_age_watch_read(struct kvmb_age_watch *w, struct kvmb_sample *s,
			const enum kvmb_follow *follow)
{
	harvest(w);
	tell(w->last, s);
	tell_unread(w, s);
	return w->running ? 0 : begin(w, s, follow);
}

const char *kvmb_age_watch_reason(struct kvmb_age_watch *w, const char *uuid)
{
	const struct kvmb_age_follow *f = kvmb_age_round_find(w->last, uuid);

	if (f && (*f->reason || f->ages.source != KVMB_AGING_NONE))
		return f->reason;
	return w->period_usec ? "not looked at yet" : "AgingInterval is 0";
}

int kvmb_age_watch_fd(const struct kvmb_age_watch *w)
{
	return w->shared->event_fd;
}

int kvmb_age_watch_ask_map(struct kvmb_age_watch *w, const char *uuid)
{
	for (size_t i = 0; i < w->n_asked; i++)
		if (streq(w->asked[i].uuid, uuid))
			return 0;
	if (w->n_asked >= KVMB_AGE_MAPS_MAX || w->n_answers >= KVMB_AGE_MAPS_MAX)
		return -EBUSY;
	w->asked[w->n_asked] = (struct kvmb_map_answer){ 0 };
	kvmb_str_format(w->asked[w->n_asked++].uuid, KVMB_UUID_SIZE, "%s", uuid);
	return 0;
}

int kvmb_age_watch_next_map(struct kvmb_age_watch *w, struct kvmb_map_answer *ret)
{
	uint64_t count;

	(void)!read(w->shared->event_fd, &count, sizeof(count));
	harvest(w);
	if (!w->n_answers)
		return 0;
	*ret = w->answers[--w->n_answers];
	return 1;
}

/* ---- Finding cold ranges, in any thread -------------------------------------------------- */

/* A reference, or NULL. */
static struct kvmb_age_handle *handle_of(struct kvmb_age_shared *s, const char *uuid)
{
	struct kvmb_age_handle *h = NULL;
	const struct kvmb_age_found *found;

	pthread_mutex_lock(&s->lock);
	found = s->n ? bsearch(uuid, s->table, s->n, sizeof(*found), kvmb_age_compare) : NULL;
	if (found)
		h = kvmb_age_handle_ref(found->handle);
	pthread_mutex_unlock(&s->lock);
	return h;
}

static int find(void *ctx, const char *uuid, uint64_t idle_usec, uint64_t most_bytes,
		struct kvmb_cold *ret)
{
	struct kvmb_age_handle *h = handle_of(ctx, uuid);
	int r;

	if (!h)
		return -ESRCH;
	r = h->ops->find ? h->ops->find(h->handle, idle_usec, most_bytes, ret) : -EOPNOTSUPP;
	kvmb_age_handle_unref(h);
	return r;
}

static int move(void *ctx, const char *uuid, const struct kvmb_range *ranges, size_t n,
		struct kvmb_moved *ret)
{
	struct kvmb_age_handle *h = handle_of(ctx, uuid);
	int r;

	if (!h)
		return -ESRCH;
	r = h->ops->store ? h->ops->store->move(h->handle, ranges, n, ret) : -EOPNOTSUPP;
	kvmb_age_handle_unref(h);
	return r;
}

static int store(void *ctx, const char *uuid, struct kvmb_store *ret)
{
	struct kvmb_age_handle *h = handle_of(ctx, uuid);
	struct kvmb_host_store host;
	int r;

	if (!h)
		return -ESRCH;
	r = h->ops->store ? h->ops->store->read(h->handle, ret, &host) : -EOPNOTSUPP;
	kvmb_age_handle_unref(h);
	return r;
}

static void finder_unref(void *ctx)
{
	kvmb_age_shared_unref(ctx);
}

void kvmb_age_watch_finder(struct kvmb_age_watch *w, struct kvmb_cold_finder *ret)
{
	atomic_fetch_add(&w->shared->refs, 1);
	*ret = (struct kvmb_cold_finder){
		.find = find,
		.move = move,
		.store = store,
		.unref = finder_unref,
		.ctx = w->shared,
	};
}
