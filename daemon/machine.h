/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guests as D-Bus objects: a table by name, and per guest the figures that its properties show.
 */
#ifndef KVMB_DAEMON_MACHINE_H
#define KVMB_DAEMON_MACHINE_H

#include <stddef.h>
#include <stdint.h>

#include <kvmballoon.h>

struct manager;

/* The properties whose changes are told, as they were when told last. */
struct machine_seen {
	enum kvmb_mode mode;
	enum kvmb_priority priority;
	uint64_t guarantee_bytes;
	uint64_t limit_bytes;
	uint32_t shares;
	uint32_t refault_target_ppm;
	struct {
		enum kvmb_policy_source source[KVMB_FIELDS];
		uint64_t classes; /* a hash of their patterns */
	} sources;
	char policy_error[KVMB_TEXT_SIZE];
	enum kvmb_backend backend, backend_used;
	enum kvmb_backend_basis backend_basis;
	uint64_t integrity_failures;
	uint64_t target_bytes;
	enum kvmb_why stats_why;
	enum kvmb_why excluded;
	enum kvmb_why degraded;
	enum kvmb_aging aging;
	char aging_reason[KVMB_TEXT_SIZE];
};

struct machine {
	char *name;
	char *path; /* of the object */
	struct machine_seen seen;
	uint64_t integrity_failures; /* known last, of a store that may not be read just now */
};

/* Ordered by name. */
struct machines {
	struct machine **table;
	size_t n, allocated;
};

/** machines_add() - -EEXIST if it is there already; @ret may be NULL */
int machines_add(struct machines *m, const char *name, struct machine **ret);
void machines_remove(struct machines *m, const char *name);
struct machine *machines_find(const struct machines *m, const char *name);
void machines_clear(struct machines *m);

/*
 * What the properties of interface Machine read, member by member (see bus-machine.c). Filled anew
 * for each object that the bus asks for; strings live until the next turn of the engine.
 */
struct machine_view {
	struct manager *manager;
	const char *name, *uuid, *state, *mode, *priority, *stats_status, *excluded, *degraded;
	const char *aging, *aging_reason, *policy_error;
	const char *backend, *backend_used, *backend_reason, *far_compressor;
	int free_page_reporting, far_encrypted; /* of D-Bus: a boolean is an int */
	const char *classes[KVMB_FIELDS]; /* as kvmb_guest_status has them */
	uint32_t pid, shares, refault_target_ppm, pressure_some, pressure_full;
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
	enum kvmb_policy_source source[KVMB_FIELDS];
};

/** machine_view_fill() - read @machine's figures; unknown ones if the engine does not know it */
void machine_view_fill(struct manager *manager, struct machine *machine, struct machine_view *ret);

/**
 * machine_changes() - bring machine->seen up to date
 * @ret: names of the properties that changed, ended by NULL; has room for MACHINE_CHANGES_MAX
 * Return: how many; 0 too if the engine does not know the guest.
 */
#define MACHINE_CHANGES_MAX 19
size_t machine_changes(struct kvmb_engine *engine, struct machine *machine,
		       const char *ret[static MACHINE_CHANGES_MAX]);

#endif
