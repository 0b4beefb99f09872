/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One guest as libvirt tells it: the record of a bulk answer becomes a sample. */
#include "source/libvirt-guest.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/num.h"
#include "base/scope.h"
#include "base/str.h"
#include "model/guest.h"

/* QEMU and libvirt cut seconds off at different times; a stamp may seem to be this much ahead. */
#define CLOCK_SLACK_SEC 2

/* Sizes come in KiB; swap_in and swap_out are sizes too. */
static const struct {
	const char *name;
	size_t offset;
	bool kib;
} figures[] = {
	{ "balloon.maximum", offsetof(struct kvmb_guest_sample, maximum_bytes), true },
	{ "balloon.current", offsetof(struct kvmb_guest_sample, balloon_bytes), true },
	{ "balloon.rss", offsetof(struct kvmb_guest_sample, rss_bytes), true },
	{ "balloon.available", offsetof(struct kvmb_guest_sample, guest_total_bytes), true },
	{ "balloon.unused", offsetof(struct kvmb_guest_sample, unused_bytes), true },
	{ "balloon.usable", offsetof(struct kvmb_guest_sample, usable_bytes), true },
	{ "balloon.disk_caches", offsetof(struct kvmb_guest_sample, caches_bytes), true },
	{ "balloon.swap_in", offsetof(struct kvmb_guest_sample, swap_in_bytes), true },
	{ "balloon.swap_out", offsetof(struct kvmb_guest_sample, swap_out_bytes), true },
	{ "balloon.major_fault", offsetof(struct kvmb_guest_sample, major_faults), false },
};

/*
 * The most that a figure can be. Larger ones can only be lies of the guest; they must stay figures
 * (and be found impossible), not become KVMB_UNKNOWN.
 */
#define FIGURE_MAX ((uint64_t)INT64_MAX)

static enum kvmb_guest_state state_of(int state)
{
	switch (state) {
	case VIR_DOMAIN_RUNNING:
	case VIR_DOMAIN_BLOCKED:
		return KVMB_GUEST_RUNNING;
	case VIR_DOMAIN_PAUSED:
		return KVMB_GUEST_PAUSED;
	case VIR_DOMAIN_SHUTDOWN:
	case VIR_DOMAIN_SHUTOFF:
	case VIR_DOMAIN_CRASHED:
		return KVMB_GUEST_SHUTDOWN;
	default:
		return KVMB_GUEST_OTHER;
	}
}

/*
 * A guest that runs here while part of its memory still is on the host that it comes from. libvirt
 * tells no job of such a guest, so the job's thread does not know.
 */
static enum kvmb_why why_of(int state, int reason)
{
	if (state == VIR_DOMAIN_RUNNING && (reason == VIR_DOMAIN_RUNNING_POSTCOPY ||
					    reason == VIR_DOMAIN_RUNNING_POSTCOPY_FAILED))
		return KVMB_WHY_MIGRATING;
	return KVMB_WHY_NONE;
}

/* Age of the guest's statistics; unknown where they were never sent or come from the future. */
static uint64_t stats_age_usec(uint64_t last_update_sec, uint64_t realtime_sec)
{
	if (last_update_sec == 0 || last_update_sec > realtime_sec + CLOCK_SLACK_SEC)
		return KVMB_UNKNOWN;
	return u64_mul_sat(u64_sub_sat(realtime_sec, last_update_sec), USEC_PER_SEC);
}

static bool get_figure(virTypedParameterPtr params, int n, const char *name, uint64_t *ret)
{
	unsigned long long v;

	if (virTypedParamsGetULLong(params, n, name, &v) <= 0)
		return false;
	*ret = v;
	return true;
}

bool kvmb_libvirt_guest_fill_params(virTypedParameterPtr params, int n_params,
				    uint64_t realtime_sec, struct kvmb_guest_sample *g)
{
	int state = VIR_DOMAIN_NOSTATE, reason = 0;
	uint64_t v;

	(void)virTypedParamsGetInt(params, n_params, "state.state", &state);
	(void)virTypedParamsGetInt(params, n_params, "state.reason", &reason);
	g->state = state_of(state);
	g->job_why = why_of(state, reason);
	for (size_t i = 0; i < ARRAY_SIZE(figures); i++) {
		if (!get_figure(params, n_params, figures[i].name, &v))
			continue;
		v = figures[i].kib ? u64_mul_sat(v, KIB) : v;
		*(uint64_t *)((char *)g + figures[i].offset) = u64_min(v, FIGURE_MAX);
	}
	if (get_figure(params, n_params, "balloon.last-update", &v))
		g->stats_age_usec = stats_age_usec(v, realtime_sec);
	/* What needs no monitor is there even for a busy guest; this is not. */
	return get_figure(params, n_params, "balloon.rss", &v);
}

static int fill_identity(virDomainPtr domain, struct kvmb_guest_sample *g)
{
	const char *name = virDomainGetName(domain);

	if (!name)
		return -ESRCH;
	if (strlen(name) >= sizeof(g->name))
		return -ENAMETOOLONG;
	if (!kvmb_utf8_valid(name, strlen(name)))
		return -EILSEQ;
	(void)kvmb_str_copy(g->name, sizeof(g->name), name);
	return virDomainGetUUIDString(domain, g->uuid) < 0 ? -EIO : 0;
}

/* Drivers other than QEMU's leave the balloon out of the bulk answer (test:/// does). */
static void fill_sizes(virDomainPtr domain, struct kvmb_guest_sample *g)
{
	virDomainInfo info;

	if (g->maximum_bytes != 0 || virDomainGetInfo(domain, &info) < 0)
		return;
	g->maximum_bytes = u64_min(u64_mul_sat(info.maxMem, KIB), FIGURE_MAX);
	g->balloon_bytes = u64_min(u64_mul_sat(info.memory, KIB), FIGURE_MAX);
}

/* QEMU could not be asked: all stays as it was told last, and as old as it was. */
static void keep_figures(const struct kvmb_libvirt_guest *old, struct kvmb_libvirt_guest *g)
{
	enum kvmb_guest_state state = g->sample.state;
	enum kvmb_why job_why = g->sample.job_why;

	g->sample = old->sample;
	g->sample.state = state;
	g->sample.job_why = job_why;
}

int kvmb_libvirt_guest_fill(const virDomainStatsRecord *record,
			    const struct kvmb_libvirt_guest *old,
			    const struct kvmb_libvirt_times *times, struct kvmb_libvirt_guest *ret)
{
	struct kvmb_libvirt_guest g = { 0 };
	unsigned int id = virDomainGetID(record->dom);
	bool asked;
	int r;

	if (id == (unsigned int)-1)
		return -ESRCH;
	if (old && old->id != (int)id) /* another run: nothing known of the last one holds */
		old = NULL;
	if (old)
		g = *old;
	g.id = (int)id;
	kvmb_guest_init(&g.sample);
	r = fill_identity(record->dom, &g.sample);
	if (r < 0)
		return r;
	asked = kvmb_libvirt_guest_fill_params(record->params, record->nparams,
					       times->realtime_sec, &g.sample);
	fill_sizes(record->dom, &g.sample);
	g.sample.facts_ns = times->begin_ns;
	if (old && old->asked && !asked)
		keep_figures(old, &g);
	if (old)
		g.sample.pid = old->sample.pid;
	if (old)
		memcpy(g.sample.cgroup, old->sample.cgroup, sizeof(g.sample.cgroup));
	g.asked = asked || (old && old->asked);
	g.sample.has_balloon = !g.no_balloon;
	if (g.sample.job_why == KVMB_WHY_NONE)
		g.sample.job_why = g.job_why;
	*ret = g;
	return 0;
}

void kvmb_libvirt_guest_locate(const struct kvmb_root *root, struct kvmb_libvirt_guest *g)
{
	if (g->sample.pid > 0)
		return;
	/* Not there (yet, or at all): the guest is without a cgroup, which its sample says. */
	(void)kvmb_scope_find(root, g->sample.name, g->id, &g->sample.pid, g->sample.cgroup);
}
