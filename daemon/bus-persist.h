/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Callers of the method PersistPolicy, each kept until libvirt has taken the metadata or refused
 * them. Nobody waits in the loop for it.
 */
#ifndef KVMB_DAEMON_BUS_PERSIST_H
#define KVMB_DAEMON_BUS_PERSIST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

/* As many as the engine takes. */
#define PERSIST_CALLS_MAX 64

struct persist_call {
	sd_bus_message *message;
	uint64_t cookie;
	uid_t caller;
};

struct persist_calls {
	struct persist_call table[PERSIST_CALLS_MAX];
	size_t n;
	uint64_t last_cookie;
};

/** persist_calls_drop() - forget all callers, whose connection is gone */
void persist_calls_drop(struct persist_calls *c);

/** persist_calls_refuse() - reply @error to all */
void persist_calls_refuse(struct persist_calls *c, const sd_bus_error *error);

#endif
