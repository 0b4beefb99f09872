/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One snapshot of all guests: a single bulk call, however many there are. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "base/str.h"
#include "base/wait.h"
#include "source/libvirt-backing.h"
#include "source/libvirt-internal.h"
#include "source/libvirt-job.h"
#include "source/libvirt-period.h"
#include "wrap/virt.h"

static int compare_uuid(const void *a, const void *b)
{
	const struct kvmb_libvirt_guest *x = a, *y = b;

	return strcmp(x->sample.uuid, y->sample.uuid);
}

static int compare_name(const void *a, const void *b)
{
	const struct kvmb_guest_sample *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static struct kvmb_libvirt_guest *find_old(struct kvmb_libvirt_session *s, virDomainPtr domain)
{
	char uuid[VIR_UUID_STRING_BUFLEN];

	if (virDomainGetUUIDString(domain, uuid) < 0)
		return NULL;
	return kvmb_libvirt_guest_find(s->guests, s->n_guests, uuid);
}

/* What holds for one snapshot. */
struct turn {
	struct kvmb_libvirt *lv;
	const struct kvmb_libvirt_times *times;
	uint64_t interval_usec;
	struct kvmb_libvirt_changes changes;
	struct kvmb_job_batch *jobs;
};

static void begin_turn(struct turn *t, size_t n)
{
	struct kvmb_libvirt *lv = t->lv;

	(void)pthread_mutex_lock(&lv->lock);
	t->interval_usec = lv->interval_usec;
	t->changes = lv->changes;
	lv->changes.n = 0;
	(void)pthread_mutex_unlock(&lv->lock);
	if (!lv->session.jobs_in_flight)
		t->jobs = kvmb_libvirt_job_begin(n);
}

static bool is_changed(const struct kvmb_libvirt_changes *c, const char *uuid)
{
	if (c->n > KVMB_LIBVIRT_CHANGES_MAX)
		return true;
	for (size_t i = 0; i < c->n; i++)
		if (streq(c->uuids[i], uuid))
			return true;
	return false;
}

/* What the record does not tell. */
static void complete_guest(const struct turn *t, virDomainPtr domain, struct kvmb_libvirt_guest *g)
{
	uint64_t now_ns = t->times->begin_ns;

	kvmb_libvirt_guest_locate(&t->lv->root, g);
	if (is_changed(&t->changes, g->sample.uuid))
		g->definition_due_ns = 0;
	kvmb_libvirt_backing_update(&t->lv->root, domain, now_ns, g);
	if (!t->lv->look_only)
		kvmb_libvirt_period_ask(t->lv->session.period, domain, t->interval_usec, now_ns, g);
	g->sample.stats_asked = kvmb_libvirt_period_asked(g, now_ns);
	kvmb_libvirt_job_add(t->jobs, domain, now_ns, g);
}

/* Records to guests. Return: how many were left out. */
static uint64_t fill_guests(const struct turn *t, virDomainStatsRecordPtr *records,
			    struct kvmb_libvirt_guest *guests, size_t *n_guests)
{
	struct kvmb_libvirt_session *s = &t->lv->session;
	uint64_t n_skipped = 0;

	*n_guests = 0;
	for (size_t i = 0; records[i]; i++) {
		struct kvmb_libvirt_guest *g = &guests[*n_guests];
		int r = -E2BIG;

		if (*n_guests < KVMB_GUESTS_MAX)
			r = kvmb_libvirt_guest_fill(records[i], find_old(s, records[i]->dom),
						    t->times, g);
		if (r < 0) {
			n_skipped += r != -ESRCH;
			continue;
		}
		complete_guest(t, records[i]->dom, g);
		(*n_guests)++;
	}
	return n_skipped;
}

/* Only what is complete is shown: the new list takes the place of the old one as a whole. */
static int publish(struct kvmb_libvirt *lv, uint64_t begin_ns, uint64_t n_skipped)
{
	struct kvmb_libvirt_session *s = &lv->session;
	struct kvmb_guest_sample *guests = NULL, *old;

	if (s->n_guests > 0) {
		guests = malloc(s->n_guests * sizeof(*guests));
		if (!guests)
			return -ENOMEM;
	}
	for (size_t i = 0; i < s->n_guests; i++)
		guests[i] = s->guests[i].sample;
	if (guests)
		qsort(guests, s->n_guests, sizeof(*guests), compare_name);
	(void)pthread_mutex_lock(&lv->lock);
	old = lv->guests;
	lv->guests = guests;
	lv->n_guests = s->n_guests;
	lv->status.complete = true;
	lv->status.error[0] = '\0';
	lv->status.taken_ns = begin_ns;
	lv->status.n_skipped = n_skipped;
	(void)pthread_mutex_unlock(&lv->lock);
	free(old);
	kvmb_libvirt_notify(lv);
	return 0;
}

static int take_in(struct kvmb_libvirt *lv, virDomainStatsRecordPtr *records, size_t n,
		   const struct kvmb_libvirt_times *times)
{
	struct kvmb_libvirt_session *s = &lv->session;
	struct turn t = { .lv = lv, .times = times };
	struct kvmb_libvirt_guest *guests;
	uint64_t n_skipped;
	size_t n_guests;

	guests = calloc(n + 1, sizeof(*guests));
	if (!guests)
		return -ENOMEM;
	kvmb_libvirt_period_take(s->period, times->begin_ns, s->guests, s->n_guests);
	if (kvmb_libvirt_job_take(s->jobs, s->guests, s->n_guests))
		s->jobs_in_flight = false;
	begin_turn(&t, n);
	n_skipped = fill_guests(&t, records, guests, &n_guests);
	if (t.jobs)
		s->jobs_in_flight = kvmb_libvirt_job_submit(s->jobs, t.jobs);
	qsort(guests, n_guests, sizeof(*guests), compare_uuid);
	free(s->guests);
	s->guests = guests;
	s->n_guests = n_guests;
	return publish(lv, times->begin_ns, n_skipped);
}

int kvmb_libvirt_snapshot(struct kvmb_libvirt *lv)
{
	struct kvmb_libvirt_times times = { .begin_ns = kvmb_now_ns() };
	virDomainStatsRecordPtr *records = NULL;
	int r, n = kvmb_libvirt_list(lv, times.begin_ns, &records);

	if (n < 0)
		return n;
	times.realtime_sec = (uint64_t)time(NULL);
	r = take_in(lv, records, (size_t)n, &times);
	virDomainStatsRecordListFree(records);
	if (r < 0)
		kvmb_str_format(lv->session.error, sizeof(lv->session.error), "%s", strerror(-r));
	return r;
}
