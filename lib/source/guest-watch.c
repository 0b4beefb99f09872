/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All guests' scopes at once: opens what appears, drops what goes, and keeps a PSI trigger on each.
 *
 * Entries are a list ordered by UUID. A read merges it with the guests, ordered the same way: what
 * is in both is kept, the rest is opened or dropped.
 */
#include "source/guest-watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/guest-cgroup.h"
#include "source/psi-watch.h"
#include "source/psi.h"

/* Between two attempts that fail for want of something: a guest that goes may free it. */
#define RETRY_NS (10 * NSEC_PER_SEC)
#define NEVER_NS UINT64_MAX

struct trigger {
	int64_t id;      /* its number, 0: none */
	uint64_t due_ns; /* when to open it */
	int error;       /* why there is none, or 0 */
};

struct entry {
	char uuid[KVMB_UUID_SIZE];
	struct kvmb_guest_cgroup *cgroup; /* never NULL */
	struct trigger trigger;
	bool triggered;
};

struct kvmb_guest_watch {
	const struct kvmb_root *root;
	struct kvmb_psi_watch *psi;
	uint64_t stall_usec; /* 0: no triggers */
	uint64_t window_usec;
	struct trigger host_trigger;
	bool host_triggered;
	struct entry **entries;
	size_t n_entries;
};

static struct entry *entry_free(struct kvmb_guest_watch *w, struct entry *e)
{
	if (!e)
		return NULL;
	kvmb_psi_watch_remove(w->psi, e->trigger.id);
	kvmb_guest_cgroup_free(e->cgroup);
	free(e);
	return NULL;
}

KVMB_DEFINE_CLEANUP(struct kvmb_guest_watch *, kvmb_guest_watch_free);

int kvmb_guest_watch_new(const struct kvmb_root *root, struct kvmb_guest_watch **ret)
{
	_cleanup_(kvmb_guest_watch_freep) struct kvmb_guest_watch *w = calloc(1, sizeof(*w));
	int r;

	if (!w)
		return -ENOMEM;
	w->root = root;
	r = kvmb_psi_watch_new(&w->psi);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(w);
	return 0;
}

struct kvmb_guest_watch *kvmb_guest_watch_free(struct kvmb_guest_watch *w)
{
	if (!w)
		return NULL;
	for (size_t i = 0; i < w->n_entries; i++)
		entry_free(w, w->entries[i]);
	free(w->entries);
	kvmb_psi_watch_free(w->psi);
	free(w);
	return NULL;
}

static int64_t open_trigger(struct kvmb_guest_watch *w, int dirfd, const char *path)
{
	int fd = kvmb_psi_trigger_open(dirfd, path, w->stall_usec, w->window_usec);

	return fd < 0 ? fd : kvmb_psi_watch_add(w->psi, fd);
}

/* Want of memory, descriptors or watches; no right, no PSI or a bad window stay what they are. */
static bool may_pass(int64_t error)
{
	return error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -ENOSPC ||
	       error == -EBUSY;
}

/* Open @t on @path if it is due. Where there can be none it is not due again. */
static void arm(struct kvmb_guest_watch *w, int dirfd, const char *path, struct trigger *t)
{
	uint64_t now_ns;
	int64_t id;

	if (w->stall_usec == 0 || t->due_ns == NEVER_NS)
		return;
	now_ns = kvmb_now_ns();
	if (now_ns < t->due_ns)
		return;
	id = open_trigger(w, dirfd, path);
	t->id = id < 0 ? 0 : id;
	t->error = id < 0 ? (int)id : 0;
	t->due_ns = may_pass(id) ? u64_add_sat(now_ns, RETRY_NS) : NEVER_NS;
}

int kvmb_guest_watch_trigger_error(const struct kvmb_guest_watch *w)
{
	return w->host_trigger.error;
}

static void arm_host(struct kvmb_guest_watch *w)
{
	arm(w, w->root->proc_fd, "pressure/memory", &w->host_trigger);
}

/* Due at once, with the present stall and window. */
static void disarm(struct kvmb_guest_watch *w, struct trigger *t)
{
	kvmb_psi_watch_remove(w->psi, t->id);
	*t = (struct trigger){ 0 };
}

void kvmb_guest_watch_set_trigger(struct kvmb_guest_watch *w, uint64_t stall_usec,
				  uint64_t window_usec)
{
	if (w->stall_usec == stall_usec && w->window_usec == window_usec)
		return;
	w->stall_usec = stall_usec;
	w->window_usec = window_usec;
	disarm(w, &w->host_trigger);
	arm_host(w);
	for (size_t i = 0; i < w->n_entries; i++)
		disarm(w, &w->entries[i]->trigger);
}

int kvmb_guest_watch_fd(const struct kvmb_guest_watch *w)
{
	return kvmb_psi_watch_fd(w->psi);
}

int kvmb_guest_watch_dispatch(struct kvmb_guest_watch *w)
{
	int fired = 0;

	/* First this: what fires from now on makes the descriptor readable again. */
	kvmb_psi_watch_clear(w->psi);
	if (kvmb_psi_watch_take(w->psi, w->host_trigger.id)) {
		w->host_triggered = true;
		fired++;
	}
	for (size_t i = 0; i < w->n_entries; i++) {
		if (!kvmb_psi_watch_take(w->psi, w->entries[i]->trigger.id))
			continue;
		w->entries[i]->triggered = true;
		fired++;
	}
	return fired;
}

bool kvmb_guest_watch_take_host(struct kvmb_guest_watch *w)
{
	bool fired = w->host_triggered;

	w->host_triggered = false;
	return fired;
}

static struct entry *entry_new(struct kvmb_guest_watch *w, const struct kvmb_guest_sample *g)
{
	struct entry *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	memcpy(e->uuid, g->uuid, sizeof(e->uuid));
	if (kvmb_guest_cgroup_open(w->root, g->cgroup, &e->cgroup) < 0)
		return entry_free(w, e);
	return e;
}

/*
 * Fill one guest from @e, its entry of the last time or NULL, opening it where needed.
 * Return: the entry to keep, or NULL.
 */
static struct entry *guest_read(struct kvmb_guest_watch *w, struct entry *e,
				struct kvmb_guest_sample *g)
{
	g->cgroup_valid = false;
	g->psi_valid = false;
	g->triggered = e && e->triggered;
	if (e && !streq(kvmb_guest_cgroup_path(e->cgroup), g->cgroup))
		e = entry_free(w, e);
	if (e && kvmb_guest_cgroup_read(e->cgroup, g) < 0)
		e = entry_free(w, e);
	/* Gone, or not there before: the same path may be a new scope by now. */
	if (!e) {
		e = entry_new(w, g);
		if (!e || kvmb_guest_cgroup_read(e->cgroup, g) < 0)
			return entry_free(w, e);
	}
	e->triggered = false;
	arm(w, kvmb_guest_cgroup_dirfd(e->cgroup), "memory.pressure", &e->trigger);
	return e;
}

static int compare_guests(const void *a, const void *b)
{
	const struct kvmb_guest_sample *const *x = a, *const *y = b;

	return strcmp((*x)->uuid, (*y)->uuid);
}

static int order_guests(struct kvmb_guest_sample *guests, size_t n,
			struct kvmb_guest_sample ***ret)
{
	struct kvmb_guest_sample **order = calloc(n ? n : 1, sizeof(*order));

	if (!order)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		order[i] = &guests[i];
	qsort(order, n, sizeof(*order), compare_guests);
	*ret = order;
	return 0;
}

/* Entries before the place where @uuid is, or belongs, are of guests that went. */
static struct entry *next_match(struct kvmb_guest_watch *w, size_t *at, const char *uuid)
{
	struct entry *e;

	for (; *at < w->n_entries; (*at)++) {
		int c = strcmp(w->entries[*at]->uuid, uuid);

		if (c > 0)
			return NULL;
		e = w->entries[*at];
		w->entries[*at] = NULL;
		if (c == 0) {
			(*at)++;
			return e;
		}
		entry_free(w, e);
	}
	return NULL;
}

int kvmb_guest_watch_read(struct kvmb_guest_watch *w, struct kvmb_guest_sample *guests, size_t n)
{
	_cleanup_free_ struct kvmb_guest_sample **order = NULL;
	struct entry **entries;
	size_t at = 0, n_entries = 0;
	int r;

	arm_host(w);
	r = order_guests(guests, n, &order);
	if (r < 0)
		return r;
	entries = calloc(n ? n : 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct entry *e = guest_read(w, next_match(w, &at, order[i]->uuid), order[i]);

		if (e)
			entries[n_entries++] = e;
	}
	for (; at < w->n_entries; at++)
		entry_free(w, w->entries[at]);
	free(w->entries);
	w->entries = entries;
	w->n_entries = n_entries;
	return (int)n_entries;
}
