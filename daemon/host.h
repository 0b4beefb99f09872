/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The host's figures as the properties of interface Manager show them.
 */
#ifndef KVMB_DAEMON_HOST_H
#define KVMB_DAEMON_HOST_H

#include <stddef.h>
#include <stdint.h>

#include <kvmballoon.h>

#include "machine.h"

/* Read member by member by the vtable in bus-manager.c; types are those of sd-bus. */
struct host_view {
	const char *version, *mode, *level, *ksm;
	char *connection_error, *trigger_error, *alarm;
	uint64_t need_bytes, spare_bytes;
	uint64_t total_bytes, available_bytes, free_bytes;
	uint64_t swap_total_bytes, swap_free_bytes, swap_ram_bytes, ksm_saved_bytes;
	uint64_t far_bytes, far_pool_bytes;
	uint32_t pressure_some, pressure_full;
	uint64_t oom_kills, aging_usec, cold_usec;
	uint32_t n_machines, n_skipped;
	int connected, dry_run;
	const char *advice_basis;
	uint32_t ratio, advised_ratio, advice_confidence;
	uint64_t n_ticks, n_triggers, reaction_usec, taken_bytes, given_bytes;
	uint64_t guaranteed_bytes;
	int64_t net_bytes;
	char **degraded, **absent;
};

/**
 * host_view_fill() - read the engine; @machines must be up to date (machine_changes())
 * @config: the one in force
 * @ret: all but @absent, which is NULL: that list may be long, and is not news at each event
 */
int host_view_fill(struct kvmb_engine *engine, const struct kvmb_host_config *config,
		   const struct machines *machines, struct host_view *ret);
void host_view_clear(struct host_view *v);

/** host_list_absent() - guests that have a section and do not exist, ordered by name */
int host_list_absent(struct kvmb_engine *engine, char ***ret);

/**
 * host_view_changes() - which of the properties whose changes are told differ between @a and @b,
 * but for @absent
 * Return: how many; their names are in @ret, ended by NULL.
 */
#define HOST_CHANGES_MAX 13
size_t host_view_changes(const struct host_view *a, const struct host_view *b,
			 const char *ret[static HOST_CHANGES_MAX]);

#endif
