/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guests as D-Bus objects: a table by name, and per guest the figures that its properties show.
 */
#include "machine.h"

#include <errno.h>
#include <stdio.h>

#include <systemd/sd-bus.h>

#include "bus.h"
#include "manager.h"
#include "util.h"

static void machine_free(struct machine *m)
{
	if (!m)
		return;
	free(m->name);
	free(m->path);
	free(m);
}

static int machine_new(const char *name, struct machine **ret)
{
	struct machine *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->name = strdup(name);
	r = m->name ? sd_bus_path_encode(BUS_MACHINE_PREFIX, name, &m->path) : -ENOMEM;
	if (r < 0) {
		machine_free(m);
		return r;
	}
	*ret = m;
	return 0;
}

/* Where @name is, or where it belongs. */
static size_t position(const struct machines *m, const char *name)
{
	size_t low = 0, high = m->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(m->table[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct machine *machines_find(const struct machines *m, const char *name)
{
	size_t i = position(m, name);

	return i < m->n && streq(m->table[i]->name, name) ? m->table[i] : NULL;
}

static int grow(struct machines *m)
{
	size_t allocated = m->allocated ? m->allocated * 2 : 16;
	struct machine **table;

	if (m->n < m->allocated)
		return 0;
	table = reallocarray(m->table, allocated, sizeof(*table));
	if (!table)
		return -ENOMEM;
	m->table = table;
	m->allocated = allocated;
	return 0;
}

int machines_add(struct machines *m, const char *name, struct machine **ret)
{
	size_t i = position(m, name);
	struct machine *machine;
	int r;

	if (i < m->n && streq(m->table[i]->name, name))
		return -EEXIST;
	r = grow(m);
	if (r >= 0)
		r = machine_new(name, &machine);
	if (r < 0)
		return r;
	memmove(m->table + i + 1, m->table + i, (m->n - i) * sizeof(*m->table));
	m->table[i] = machine;
	m->n++;
	if (ret)
		*ret = machine;
	return 0;
}

void machines_remove(struct machines *m, const char *name)
{
	size_t i = position(m, name);

	if (i >= m->n || !streq(m->table[i]->name, name))
		return;
	machine_free(m->table[i]);
	m->n--;
	memmove(m->table + i, m->table + i + 1, (m->n - i) * sizeof(*m->table));
}

void machines_clear(struct machines *m)
{
	for (size_t i = 0; i < m->n; i++)
		machine_free(m->table[i]);
	free(m->table);
	*m = (struct machines){ .n = 0 };
}

static const char *why_token(enum kvmb_why why)
{
	return why == KVMB_WHY_NONE ? "" : kvmb_why_to_string(why);
}

static void view_policy(const struct kvmb_policy *p, struct machine_view *v)
{
	v->mode = kvmb_mode_to_string(p->mode);
	v->backend = kvmb_backend_to_string(p->backend);
	v->priority = kvmb_priority_to_string(p->priority);
	v->guarantee_bytes = p->guarantee_bytes;
	v->limit_bytes = p->limit_bytes;
	v->shares = p->shares;
	v->refault_target_ppm = p->refault_target_ppm;
	memcpy(v->source, p->source, sizeof(v->source));
}

static void view_cgroup(const struct kvmb_guest_sample *g, struct machine_view *v)
{
	v->resident_bytes = g->cgroup_valid ? g->resident_bytes : KVMB_UNKNOWN;
	v->swap_bytes = g->cgroup_valid ? g->swap_bytes : KVMB_UNKNOWN;
	v->oom_kills = g->cgroup_valid ? g->oom_kills : KVMB_UNKNOWN;
	v->pressure_some = g->psi_valid ? g->psi.some_avg10_permyriad : UINT32_MAX;
	v->pressure_full = g->psi_valid ? g->psi.full_avg10_permyriad : UINT32_MAX;
}

static void view_sample(const struct kvmb_guest_sample *g, struct machine_view *v)
{
	v->uuid = g->uuid;
	v->pid = (uint32_t)g->pid;
	v->state = kvmb_guest_state_to_string(g->state);
	v->stats_status = kvmb_why_to_string(g->stats_why);
	v->maximum_bytes = g->maximum_bytes;
	v->balloon_bytes = g->balloon_bytes;
	v->unused_bytes = g->unused_bytes;
	v->usable_bytes = g->usable_bytes;
	v->caches_bytes = g->caches_bytes;
	v->stats_age_usec = g->stats_age_usec;
	v->free_page_reporting = g->backing.reports_free;
	view_cgroup(g, v);
}

/* Unknown where there is none, which is not the same as nothing. */
static void view_store(const struct kvmb_store *s, struct machine_view *v)
{
	v->far_compressor = s->valid ? kvmb_compressor_to_string(s->compressor) : "";
	v->far_encrypted = s->encrypted;
	v->far_bytes = s->valid ? s->out_bytes : KVMB_UNKNOWN;
	v->far_same_filled_bytes = s->valid ? s->same_filled_bytes : KVMB_UNKNOWN;
	v->far_stored_bytes = s->valid ? s->stored_bytes : KVMB_UNKNOWN;
	v->far_pool_bytes = s->valid ? s->pool_bytes : KVMB_UNKNOWN;
	v->far_metadata_bytes = s->valid ? s->metadata_bytes : KVMB_UNKNOWN;
	v->far_outs = s->valid ? s->outs : KVMB_UNKNOWN;
	v->far_faults = s->valid ? s->faults : KVMB_UNKNOWN;
	v->far_fetched = s->valid ? s->fetched : KVMB_UNKNOWN;
	v->far_dropped = s->valid ? s->dropped : KVMB_UNKNOWN;
	v->far_dense = s->valid ? s->dense : KVMB_UNKNOWN;
	v->far_integrity_failures = s->valid ? s->integrity_failures : KVMB_UNKNOWN;
	v->far_fault_p50_ns = kvmb_store_fault_ns(s, 5000);
	v->far_fault_p99_ns = kvmb_store_fault_ns(s, 9900);
}

void machine_view_fill(struct manager *manager, struct machine *machine, struct machine_view *ret)
{
	static const struct kvmb_guest_sample nothing = {
		.maximum_bytes = KVMB_UNKNOWN,
		.balloon_bytes = KVMB_UNKNOWN,
		.unused_bytes = KVMB_UNKNOWN,
		.usable_bytes = KVMB_UNKNOWN,
		.caches_bytes = KVMB_UNKNOWN,
		.stats_age_usec = KVMB_UNKNOWN,
		.state = KVMB_GUEST_OTHER,
		.stats_why = KVMB_WHY_GONE,
	};
	struct machine_view v = { .manager = manager, .name = machine->name };
	struct kvmb_guest_status s = {
		.excluded = KVMB_WHY_GONE,
		.cold_bytes = KVMB_UNKNOWN,
		.cold_age_usec = KVMB_UNKNOWN,
	};

	(void)kvmb_engine_guest_status(manager->engine, machine->name, &s);
	view_policy(&s.policy, &v);
	view_sample(s.sample ?: &nothing, &v);
	view_store(&(s.sample ?: &nothing)->store, &v);
	v.backend_used = s.sample ? kvmb_backend_to_string(s.backend) : "";
	v.backend_reason = s.sample ? kvmb_backend_basis_to_string(s.backend_basis) : "";
	v.refaults = s.sample && s.sample->cgroup_valid ? s.refaults : KVMB_UNKNOWN;
	v.aging = kvmb_aging_to_string((s.sample ?: &nothing)->ages.source);
	v.cold_bytes = s.cold_bytes;
	v.cold_age_usec = s.cold_age_usec;
	v.aging_reason = s.aging_reason ?: "";
	v.policy_error = s.policy_error ?: "";
	memcpy(v.classes, s.classes, sizeof(v.classes));
	v.excluded = why_token(s.excluded);
	v.degraded = why_token(s.degraded);
	v.target_bytes = s.target_bytes;
	v.taken_bytes = s.taken_bytes;
	v.given_bytes = s.given_bytes;
	v.net_bytes = s.net_bytes;
	v.n_actions = s.n_actions;
	v.refaults_per_min = s.refaults_per_min;
	*ret = v;
}

/* FNV-1a: enough to tell that patterns are others, without keeping them for each guest. */
static uint64_t hash_classes(const char *const classes[static KVMB_FIELDS])
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < KVMB_FIELDS; i++) {
		const unsigned char *c = (const unsigned char *)(classes[i] ?: "");

		do
			hash = (hash ^ *c) * UINT64_C(0x100000001b3);
		while (*c++);
	}
	return hash;
}

static void seen_fill(const struct kvmb_guest_status *s, struct machine_seen *ret)
{
	*ret = (struct machine_seen){
		.mode = s->policy.mode,
		.priority = s->policy.priority,
		.guarantee_bytes = s->policy.guarantee_bytes,
		.limit_bytes = s->policy.limit_bytes,
		.shares = s->policy.shares,
		.refault_target_ppm = s->policy.refault_target_ppm,
		.backend = s->policy.backend,
		.backend_used = s->backend,
		.backend_basis = s->backend_basis,
		.integrity_failures = s->sample && s->sample->store.valid ?
					      s->sample->store.integrity_failures : KVMB_UNKNOWN,
		.target_bytes = s->target_bytes,
		.stats_why = s->sample ? s->sample->stats_why : KVMB_WHY_GONE,
		.excluded = s->excluded,
		.degraded = s->degraded,
		.aging = s->sample ? s->sample->ages.source : KVMB_AGING_NONE,
	};
	memcpy(ret->sources.source, s->policy.source, sizeof(ret->sources.source));
	ret->sources.classes = hash_classes(s->classes);
	(void)snprintf(ret->policy_error, sizeof(ret->policy_error), "%s", s->policy_error ?: "");
	(void)snprintf(ret->aging_reason, sizeof(ret->aging_reason), "%s", s->aging_reason ?: "");
}

#define SEEN(property, member)                                                                     \
	{ property, offsetof(struct machine_seen, member),                                         \
	  sizeof(((struct machine_seen *)NULL)->member) }

static const struct {
	const char *property;
	size_t offset, size;
} told[] = {
	SEEN("Mode", mode),
	SEEN("Priority", priority),
	SEEN("GuaranteeBytes", guarantee_bytes),
	SEEN("LimitBytes", limit_bytes),
	SEEN("Shares", shares),
	SEEN("RefaultTargetPPM", refault_target_ppm),
	SEEN("Backend", backend),
	SEEN("BackendUsed", backend_used),
	SEEN("BackendReason", backend_basis),
	SEEN("FarIntegrityFailures", integrity_failures),
	SEEN("PolicySources", sources),
	SEEN("PolicyError", policy_error),
	SEEN("TargetBytes", target_bytes),
	SEEN("StatsStatus", stats_why),
	SEEN("Excluded", excluded),
	SEEN("Degraded", degraded),
	SEEN("Aging", aging),
	SEEN("AgingReason", aging_reason),
};
_Static_assert(ARRAY_SIZE(told) < MACHINE_CHANGES_MAX, "room for all and the NULL");

size_t machine_changes(struct kvmb_engine *engine, struct machine *machine,
		       const char *ret[static MACHINE_CHANGES_MAX])
{
	struct kvmb_guest_status status;
	struct machine_seen now;
	size_t n = 0;

	if (kvmb_engine_guest_status(engine, machine->name, &status) < 0)
		return 0;
	seen_fill(&status, &now);
	for (size_t i = 0; i < ARRAY_SIZE(told); i++)
		if (memcmp((const char *)&now + told[i].offset,
			   (const char *)&machine->seen + told[i].offset, told[i].size) != 0)
			ret[n++] = told[i].property;
	ret[n] = NULL;
	machine->seen = now;
	return n;
}
