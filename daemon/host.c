/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's figures as the properties of interface Manager show them.
 */
#include "host.h"

#include <errno.h>

#include "config.h"
#include "util.h"

void host_view_clear(struct host_view *v)
{
	free(v->connection_error);
	free(v->trigger_error);
	free(v->alarm);
	strv_free(v->degraded);
	strv_free(v->absent);
	*v = (struct host_view){ .version = NULL };
}

static int list_degraded(const struct machines *m, char ***ret)
{
	_cleanup_strv_free_ char **list = calloc(m->n + 1, sizeof(*list));
	size_t n = 0;

	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < m->n; i++) {
		if (m->table[i]->seen.degraded == KVMB_WHY_NONE)
			continue;
		list[n] = strdup(m->table[i]->name);
		if (!list[n++])
			return -ENOMEM;
	}
	*ret = TAKE_PTR(list);
	return 0;
}

int host_list_absent(struct kvmb_engine *engine, char ***ret)
{
	_cleanup_strv_free_ char **list = NULL;
	size_t n = 0;

	while (kvmb_engine_absent(engine, n))
		n++;
	list = calloc(n + 1, sizeof(*list));
	if (!list)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		list[i] = strdup(kvmb_engine_absent(engine, i));
		if (!list[i])
			return -ENOMEM;
	}
	*ret = TAKE_PTR(list);
	return 0;
}

static void fill_sample(const struct kvmb_sample *s, struct host_view *v)
{
	static const struct kvmb_host_sample unknown = {
		.total_bytes = KVMB_UNKNOWN,
		.available_bytes = KVMB_UNKNOWN,
		.free_bytes = KVMB_UNKNOWN,
		.swap_total_bytes = KVMB_UNKNOWN,
		.swap_free_bytes = KVMB_UNKNOWN,
		.swap_ram_bytes = KVMB_UNKNOWN,
	};
	const struct kvmb_host_sample *h = s ? &s->host : &unknown;

	v->total_bytes = h->total_bytes;
	v->available_bytes = h->available_bytes;
	v->free_bytes = h->free_bytes;
	v->swap_total_bytes = h->swap_total_bytes;
	v->swap_free_bytes = h->swap_free_bytes;
	v->swap_ram_bytes = h->swap_ram_bytes;
	v->far_bytes = h->store.valid ? h->store.out_bytes : KVMB_UNKNOWN;
	v->far_pool_bytes = h->store.valid ? h->store.pool_bytes : KVMB_UNKNOWN;
	v->oom_kills = h->oom_kills;
	v->pressure_some = h->psi_valid ? h->psi.some_avg10_permyriad : UINT32_MAX;
	v->pressure_full = h->psi_valid ? h->psi.full_avg10_permyriad : UINT32_MAX;
}

static void fill_status(const struct kvmb_host_status *s, struct host_view *v)
{
	v->version = PACKAGE_VERSION;
	v->mode = kvmb_mode_to_string(s->mode);
	v->level = kvmb_level_to_string(s->level);
	v->ksm = kvmb_ksm_state_to_string(s->ksm);
	v->ksm_saved_bytes = s->ksm_saved_bytes;
	v->need_bytes = s->need_bytes;
	v->spare_bytes = s->spare_bytes;
	v->n_skipped = (uint32_t)s->n_skipped;
	v->connected = s->connected;
	v->dry_run = s->dry_run;
	v->ratio = s->advice.ratio_permyriad;
	v->advised_ratio = s->advice.advised_permyriad;
	v->advice_confidence = s->advice.confidence_permyriad;
	v->advice_basis = kvmb_advice_basis_to_string(s->advice.basis);
	v->n_ticks = s->n_ticks;
	v->n_triggers = s->n_triggers;
	v->reaction_usec = s->reaction_usec;
	v->taken_bytes = s->taken_bytes;
	v->given_bytes = s->given_bytes;
	v->net_bytes = s->net_bytes;
	v->guaranteed_bytes = s->guaranteed_bytes;
}

int host_view_fill(struct kvmb_engine *engine, const struct kvmb_host_config *config,
		   const struct machines *machines, struct host_view *ret)
{
	struct kvmb_host_status status;
	struct host_view v = {
		.n_machines = (uint32_t)machines->n,
		.aging_usec = config->aging_usec,
		.cold_usec = config->cold_usec,
	};
	int r;

	kvmb_engine_host_status(engine, &status);
	fill_status(&status, &v);
	fill_sample(status.sample, &v);
	v.connection_error = strdup(status.error);
	v.trigger_error = strdup(status.trigger_error ? strerror(-status.trigger_error) : "");
	v.alarm = strdup(status.alarm ?: "");
	r = v.connection_error && v.trigger_error && v.alarm ?
		    list_degraded(machines, &v.degraded) : -ENOMEM;
	if (r < 0) {
		host_view_clear(&v);
		return r;
	}
	*ret = v;
	return 0;
}

/* Either may be NULL: before the first turn there was nothing. */
static bool text_equal(const char *a, const char *b)
{
	return streq(a ?: "", b ?: "");
}

size_t host_view_changes(const struct host_view *a, const struct host_view *b,
			 const char *ret[static HOST_CHANGES_MAX])
{
	size_t n = 0;

	if (!text_equal(a->mode, b->mode))
		ret[n++] = "Mode";
	if (!text_equal(a->level, b->level))
		ret[n++] = "Level";
	if (a->n_machines != b->n_machines)
		ret[n++] = "MachineCount";
	if (a->connected != b->connected)
		ret[n++] = "Connected";
	if (!text_equal(a->connection_error, b->connection_error))
		ret[n++] = "ConnectionError";
	if (!text_equal(a->trigger_error, b->trigger_error))
		ret[n++] = "TriggerError";
	if (!text_equal(a->alarm, b->alarm))
		ret[n++] = "Alarm";
	if (!text_equal(a->ksm, b->ksm))
		ret[n++] = "KSM";
	if (!strv_equal(a->degraded, b->degraded))
		ret[n++] = "Degraded";
	if (a->n_skipped != b->n_skipped)
		ret[n++] = "SkippedMachines";
	if (a->aging_usec != b->aging_usec)
		ret[n++] = "AgingUSec";
	if (a->cold_usec != b->cold_usec)
		ret[n++] = "ColdUSec";
	ret[n] = NULL;
	return n;
}
