/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon shows on D-Bus, as plain structs, and the one table that says which property is
 * which member: reading from the bus, JSON and monitor lines all follow it.
 */
#ifndef CTL_FIELDS_H
#define CTL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kvmballoon.h>
#include <systemd/sd-bus.h>

#include "reservations.h"

enum field_kind {
	FIELD_TEXT,    /* s:  char *, never NULL */
	FIELD_TEXTS,   /* as: char **, NULL-terminated, never NULL */
	FIELD_SIZE,    /* t:  bytes; UINT64_MAX unknown */
	FIELD_COUNT,   /* t:  UINT64_MAX unknown */
	FIELD_USEC,    /* t:  UINT64_MAX unknown */
	FIELD_NET,     /* x:  bytes */
	FIELD_NUMBER,  /* u:  UINT32_MAX unknown */
	FIELD_RATIO,   /* u:  permyriad; UINT32_MAX unknown */
	FIELD_FLAG,    /* b */
	FIELD_RESERVATIONS, /* a(ussttt): struct reservations */
	FIELD_SOURCES, /* a{ss}: char *[KVMB_FIELDS], each possibly NULL */
};

struct field {
	const char *name; /* of the D-Bus property, and the member's in JSON */
	enum field_kind kind;
	size_t offset;
};

struct fields {
	const struct field *table;
	size_t n; /* at most 64 */
	size_t object_size;
};

struct manager {
	char *version, *mode, *level, *ksm;
	char *connection_error, *trigger_error, *advice_basis, *alarm;
	char **degraded, **absent;
	struct reservations reservations;
	uint64_t need_bytes, spare_bytes;
	uint64_t total_bytes, available_bytes, free_bytes;
	uint64_t swap_total_bytes, swap_free_bytes, swap_ram_bytes, ksm_saved_bytes;
	uint64_t far_bytes, far_pool_bytes;
	uint64_t oom_kills, ticks, triggers, reaction_usec, taken_bytes, given_bytes;
	uint64_t guaranteed_bytes;
	uint64_t aging_usec, cold_usec;
	int64_t net_bytes;
	uint32_t psi_some, psi_full, n_machines, n_skipped;
	uint32_t ratio, advised_ratio, advice_confidence;
	bool connected, dry_run;
};

struct machine {
	char *name, *uuid, *state, *mode, *priority;
	char *stats_status, *excluded, *degraded, *aging, *aging_reason, *policy_error;
	char *backend, *backend_used, *backend_reason, *far_compressor;
	char *sources[KVMB_FIELDS];
	uint64_t guarantee_bytes, limit_bytes;
	uint64_t maximum_bytes, balloon_bytes, target_bytes, resident_bytes, swap_bytes;
	uint64_t unused_bytes, usable_bytes, caches_bytes, stats_age_usec, cold_bytes;
	uint64_t cold_age_usec;
	uint64_t far_bytes, far_same_filled_bytes, far_stored_bytes, far_pool_bytes;
	uint64_t far_metadata_bytes, far_outs, far_faults, far_fetched, far_dropped, far_dense;
	uint64_t far_integrity_failures, far_fault_p50_ns, far_fault_p99_ns;
	uint64_t refaults, refaults_per_min, oom_kills;
	uint64_t taken_bytes, given_bytes, n_actions;
	int64_t net_bytes;
	uint32_t pid, shares, refault_target_ppm, psi_some, psi_full;
	bool free_page_reporting, far_encrypted;
};

/* Machines ordered by name. */
struct machines {
	struct machine *items;
	size_t n;
};

extern const struct fields manager_fields;
extern const struct fields machine_fields;

/** fields_init() - everything unknown or empty; -ENOMEM. Free with fields_clear() either way. */
int fields_init(const struct fields *t, void *object);
void fields_clear(const struct fields *t, void *object);

/**
 * fields_read() - take over the properties of an a{sv} that @m stands before
 * @ret_seen: bit i is set where table[i] was there (optional)
 *
 * Properties that are not in the table, or have another type, are passed over: an older or newer
 * daemon shows less, it does not break the tool.
 * Return: 0, or the -errno of a message that is not what it says.
 */
int fields_read(const struct fields *t, void *object, sd_bus_message *m, uint64_t *ret_seen);

void machines_clear(struct machines *m);

static inline void manager_clear(struct manager *m)
{
	fields_clear(&manager_fields, m);
}

static inline void machine_clear(struct machine *m)
{
	fields_clear(&machine_fields, m);
}

static inline const void *field_at(const struct field *f, const void *object)
{
	return (const char *)object + f->offset;
}

#endif
