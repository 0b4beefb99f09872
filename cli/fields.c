// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of properties, and reading an a{sv} into a struct by them. */
#include "fields.h"

#include <errno.h>
#include <string.h>

#include "util.h"

#define M(name, kind, member) { name, FIELD_##kind, offsetof(struct manager, member) }
static const struct field manager_table[] = {
	M("Version", TEXT, version),
	M("Mode", TEXT, mode),
	M("Level", TEXT, level),
	M("NeedBytes", SIZE, need_bytes),
	M("SpareBytes", SIZE, spare_bytes),
	M("HostTotalBytes", SIZE, total_bytes),
	M("HostAvailableBytes", SIZE, available_bytes),
	M("HostFreeBytes", SIZE, free_bytes),
	M("HostSwapTotalBytes", SIZE, swap_total_bytes),
	M("HostSwapFreeBytes", SIZE, swap_free_bytes),
	M("HostSwapRamBytes", SIZE, swap_ram_bytes),
	M("HostFarBytes", SIZE, far_bytes),
	M("HostFarPoolBytes", SIZE, far_pool_bytes),
	M("HostPressureSome", RATIO, psi_some),
	M("HostPressureFull", RATIO, psi_full),
	M("HostOOMKills", COUNT, oom_kills),
	M("MachineCount", NUMBER, n_machines),
	M("Connected", FLAG, connected),
	M("ConnectionError", TEXT, connection_error),
	M("DryRun", FLAG, dry_run),
	M("Ticks", COUNT, ticks),
	M("Triggers", COUNT, triggers),
	M("TriggerError", TEXT, trigger_error),
	M("ReactionUSec", USEC, reaction_usec),
	M("TakenBytes", SIZE, taken_bytes),
	M("GivenBytes", SIZE, given_bytes),
	M("NetBytes", NET, net_bytes),
	M("GuaranteedBytes", SIZE, guaranteed_bytes),
	M("Alarm", TEXT, alarm),
	M("KSM", TEXT, ksm),
	M("KSMSavedBytes", SIZE, ksm_saved_bytes),
	M("Degraded", TEXTS, degraded),
	M("AbsentMachines", TEXTS, absent),
	M("SkippedMachines", NUMBER, n_skipped),
	M("OvercommitRatio", RATIO, ratio),
	M("AdvisedRatio", RATIO, advised_ratio),
	M("AdviceConfidence", RATIO, advice_confidence),
	M("AdviceBasis", TEXT, advice_basis),
	M("Reservations", RESERVATIONS, reservations),
	M("AgingUSec", USEC, aging_usec),
	M("ColdUSec", USEC, cold_usec),
};
#undef M

#define M(name, kind, member) { name, FIELD_##kind, offsetof(struct machine, member) }
static const struct field machine_table[] = {
	M("Name", TEXT, name),
	M("UUID", TEXT, uuid),
	M("PID", NUMBER, pid),
	M("State", TEXT, state),
	M("Mode", TEXT, mode),
	M("GuaranteeBytes", SIZE, guarantee_bytes),
	M("LimitBytes", SIZE, limit_bytes),
	M("Shares", NUMBER, shares),
	M("Priority", TEXT, priority),
	M("RefaultTargetPPM", NUMBER, refault_target_ppm),
	M("Backend", TEXT, backend),
	M("PolicySources", SOURCES, sources),
	M("PolicyError", TEXT, policy_error),
	M("MaximumBytes", SIZE, maximum_bytes),
	M("BalloonBytes", SIZE, balloon_bytes),
	M("TargetBytes", SIZE, target_bytes),
	M("ResidentBytes", SIZE, resident_bytes),
	M("SwapBytes", SIZE, swap_bytes),
	M("UnusedBytes", SIZE, unused_bytes),
	M("UsableBytes", SIZE, usable_bytes),
	M("CachesBytes", SIZE, caches_bytes),
	M("StatsAgeUSec", USEC, stats_age_usec),
	M("FreePageReporting", FLAG, free_page_reporting),
	M("StatsStatus", TEXT, stats_status),
	M("Refaults", COUNT, refaults),
	M("RefaultsPerMinute", COUNT, refaults_per_min),
	M("PressureSome", RATIO, psi_some),
	M("PressureFull", RATIO, psi_full),
	M("OOMKills", COUNT, oom_kills),
	M("TakenBytes", SIZE, taken_bytes),
	M("GivenBytes", SIZE, given_bytes),
	M("NetBytes", NET, net_bytes),
	M("Actions", COUNT, n_actions),
	M("Excluded", TEXT, excluded),
	M("Degraded", TEXT, degraded),
	M("Aging", TEXT, aging),
	M("AgingReason", TEXT, aging_reason),
	M("ColdBytes", SIZE, cold_bytes),
	M("ColdAgeUSec", USEC, cold_age_usec),
	M("BackendUsed", TEXT, backend_used),
	M("BackendReason", TEXT, backend_reason),
	M("FarBytes", SIZE, far_bytes),
	M("FarSameFilledBytes", SIZE, far_same_filled_bytes),
	M("FarStoredBytes", SIZE, far_stored_bytes),
	M("FarPoolBytes", SIZE, far_pool_bytes),
	M("FarMetadataBytes", SIZE, far_metadata_bytes),
	M("FarCompressor", TEXT, far_compressor),
	M("FarEncrypted", FLAG, far_encrypted),
	M("FarOuts", COUNT, far_outs),
	M("FarFaults", COUNT, far_faults),
	M("FarFetched", COUNT, far_fetched),
	M("FarDropped", COUNT, far_dropped),
	M("FarDense", COUNT, far_dense),
	M("FarIntegrityFailures", COUNT, far_integrity_failures),
	M("FarFaultP50NSec", COUNT, far_fault_p50_ns),
	M("FarFaultP99NSec", COUNT, far_fault_p99_ns),
};
#undef M

const struct fields manager_fields = {
	manager_table, ARRAY_SIZE(manager_table), sizeof(struct manager)
};
const struct fields machine_fields = {
	machine_table, ARRAY_SIZE(machine_table), sizeof(struct machine)
};

static const char *signature_of(enum field_kind kind)
{
	static const char *const signatures[] = {
		[FIELD_TEXT] = "s",  [FIELD_TEXTS] = "as",  [FIELD_SIZE] = "t",
		[FIELD_COUNT] = "t", [FIELD_USEC] = "t",    [FIELD_NET] = "x",
		[FIELD_NUMBER] = "u", [FIELD_RATIO] = "u", [FIELD_FLAG] = "b",
		[FIELD_SOURCES] = "a{ss}", [FIELD_RESERVATIONS] = RESERVATIONS_SIGNATURE,
	};

	return signatures[kind];
}

static void free_texts(char **texts)
{
	for (char **s = texts; s && *s; s++)
		free(*s);
	free(texts);
}

static int init_field(enum field_kind kind, void *p)
{
	switch (kind) {
	case FIELD_TEXT:
		return (*(char **)p = strdup("")) ? 0 : -ENOMEM;
	case FIELD_TEXTS:
		return (*(char ***)p = calloc(1, sizeof(char *))) ? 0 : -ENOMEM;
	case FIELD_SIZE:
	case FIELD_COUNT:
	case FIELD_USEC:
		*(uint64_t *)p = UINT64_MAX;
		return 0;
	case FIELD_NET:
		*(int64_t *)p = INT64_MIN;
		return 0;
	case FIELD_NUMBER:
	case FIELD_RATIO:
		*(uint32_t *)p = UINT32_MAX;
		return 0;
	case FIELD_FLAG:
	case FIELD_SOURCES:
	case FIELD_RESERVATIONS:
		return 0;
	}
	return -EINVAL;
}

int fields_init(const struct fields *t, void *object)
{
	int r = 0;

	memset(object, 0, t->object_size);
	for (size_t i = 0; i < t->n && r >= 0; i++)
		r = init_field(t->table[i].kind, (char *)object + t->table[i].offset);
	return r;
}

void fields_clear(const struct fields *t, void *object)
{
	for (size_t i = 0; i < t->n; i++) {
		void *p = (char *)object + t->table[i].offset;

		if (t->table[i].kind == FIELD_TEXT)
			free(*(char **)p);
		else if (t->table[i].kind == FIELD_TEXTS)
			free_texts(*(char ***)p);
		else if (t->table[i].kind == FIELD_RESERVATIONS)
			reservations_clear(p);
		else if (t->table[i].kind == FIELD_SOURCES)
			for (size_t k = 0; k < KVMB_FIELDS; k++)
				free(((char **)p)[k]);
	}
	memset(object, 0, t->object_size);
}

static int replace_text(char **p, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		return -ENOMEM;
	free(*p);
	*p = copy;
	return 0;
}

static int read_text(sd_bus_message *m, char **p)
{
	const char *s;
	int r = sd_bus_message_read_basic(m, 's', &s);

	return r < 0 ? r : replace_text(p, s);
}

static int read_texts(sd_bus_message *m, char ***p)
{
	char **texts = NULL;
	int r = sd_bus_message_read_strv(m, &texts);

	/* An empty array may be told as no array at all. */
	if (r >= 0 && !texts)
		texts = calloc(1, sizeof(char *));
	if (r < 0 || !texts)
		return r < 0 ? r : -ENOMEM;
	free_texts(*p);
	*p = texts;
	return 0;
}

static int read_sources(sd_bus_message *m, char **sources)
{
	const char *key, *value;
	int r = sd_bus_message_enter_container(m, 'a', "{ss}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(m, "{ss}", &key, &value)) > 0)
		for (unsigned int i = 0; i < KVMB_FIELDS; i++)
			if (strcmp(key, kvmb_policy_field_to_string(i)) == 0 &&
			    replace_text(&sources[i], value) < 0)
				return -ENOMEM;
	return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_flag(sd_bus_message *m, bool *p)
{
	int value, r = sd_bus_message_read_basic(m, 'b', &value);

	if (r >= 0)
		*p = value;
	return r;
}

static int read_value(sd_bus_message *m, enum field_kind kind, void *p)
{
	switch (kind) {
	case FIELD_TEXT:
		return read_text(m, p);
	case FIELD_TEXTS:
		return read_texts(m, p);
	case FIELD_SOURCES:
		return read_sources(m, p);
	case FIELD_FLAG:
		return read_flag(m, p);
	case FIELD_RESERVATIONS:
		return reservations_read(m, p);
	default:
		return sd_bus_message_read_basic(m, signature_of(kind)[0], p);
	}
}

/* One "sv": a variant of the type that the table says is read, any other skipped. */
static int read_property(const struct fields *t, void *object, sd_bus_message *m, uint64_t *seen)
{
	const char *name, *contents;
	size_t i;
	int r = sd_bus_message_read_basic(m, 's', &name);

	if (r < 0)
		return r;
	r = sd_bus_message_peek_type(m, NULL, &contents);
	if (r < 0)
		return r;
	for (i = 0; i < t->n && strcmp(name, t->table[i].name) != 0; i++)
		;
	if (i == t->n || !contents || strcmp(contents, signature_of(t->table[i].kind)) != 0)
		return sd_bus_message_skip(m, "v");
	r = sd_bus_message_enter_container(m, 'v', contents);
	if (r >= 0)
		r = read_value(m, t->table[i].kind, (char *)object + t->table[i].offset);
	if (r < 0)
		return r;
	*seen |= UINT64_C(1) << i;
	return sd_bus_message_exit_container(m);
}

int fields_read(const struct fields *t, void *object, sd_bus_message *m, uint64_t *ret_seen)
{
	uint64_t seen = 0;
	int r = sd_bus_message_enter_container(m, 'a', "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
		r = read_property(t, object, m, &seen);
		if (r >= 0)
			r = sd_bus_message_exit_container(m);
		if (r < 0)
			return r;
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(m);
	if (r >= 0 && ret_seen)
		*ret_seen = seen;
	return r < 0 ? r : 0;
}

void machines_clear(struct machines *m)
{
	for (size_t i = 0; i < m->n; i++)
		fields_clear(&machine_fields, &m->items[i]);
	free(m->items);
	*m = (struct machines){ 0 };
}
