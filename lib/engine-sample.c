// SPDX-License-Identifier: LGPL-2.1-or-later
/* One sample from all sources. Reads files; takes from libvirt's thread what it has. */
#include <time.h>

#include "engine-internal.h"

#include "base/num.h"
#include "model/guest.h"
#include "source/host.h"

static uint64_t realtime_usec(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * USEC_PER_SEC + (uint64_t)ts.tv_nsec / NSEC_PER_USEC;
}

static int collect_guests(struct kvmb_engine *e, uint64_t now_ns, struct kvmb_sample *s)
{
	struct kvmb_guest_sample *guests;
	int r = kvmb_libvirt_take(e->libvirt, &guests, &s->n_guests, &e->virt_status);

	if (r < 0)
		return r;
	free(s->guests); /* of a new sample: room for none */
	s->guests = guests;
	s->guests_valid = e->virt_status.connected && e->virt_status.complete;
	kvmb_engine_settle(e, s);
	r = kvmb_guest_watch_read(e->watch, s->guests, s->n_guests);
	if (r < 0)
		return r;
	for (size_t i = 0; i < s->n_guests; i++) {
		const struct kvmb_engine_guest *g = kvmb_engine_find(e, s->guests[i].name);

		/* libvirt's thread may have told of it after the caller looked at the clock. */
		s->guests[i].facts_ns = u64_min(s->guests[i].facts_ns, now_ns);
		kvmb_guest_check_stats(&s->guests[i], e->config->host.stale_usec);
		s->guests[i].in_flight = g && (g->n_pending || g->watching);
	}
	return kvmb_engine_read_ages(e, now_ns, s);
}

int kvmb_engine_collect(struct kvmb_engine *e, uint64_t now_ns, struct kvmb_sample **ret)
{
	_cleanup_(kvmb_sample_freep) struct kvmb_sample *s = NULL;
	int r = kvmb_sample_new(0, &s);

	if (r < 0)
		return r;
	r = kvmb_host_read(&e->root, &s->host);
	if (r < 0)
		return r;
	/* Without it there is no KSM for the policy, which is all that is lost. */
	(void)kvmb_ksm_read(&e->root, &e->ksmd, &s->host.ksm);
	r = collect_guests(e, now_ns, s);
	if (r < 0)
		return r;
	s->now_ns = now_ns;
	s->realtime_usec = realtime_usec();
	s->host.triggered = kvmb_guest_watch_take_host(e->watch);
	*ret = TAKE_PTR(s);
	return 0;
}
