/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may change something: the one authoriser, which says no unless it is told yes.
 *
 * root (and the user the daemon runs as, which is root but in tests) may do all. Everyone else is
 * polkit's to judge; without polkit the answer is no. Both questions (whose connection is it, may
 * it) are asked asynchronously, so that neither the bus nor polkit can hold up the loop.
 */
#ifndef KVMB_DAEMON_AUTHZ_H
#define KVMB_DAEMON_AUTHZ_H

#include <stddef.h>
#include <sys/types.h>

#include <systemd/sd-bus.h>

/* Callers whose user is being asked for; the bus answers that at once. */
#define AUTHZ_PENDING_MAX 256
/* Callers that polkit judges, which may mean a person typing a password. */
#define AUTHZ_POLKIT_MAX 64
#define AUTHZ_POLKIT_PER_USER 8

struct authz_query;

struct authz {
	struct authz_query *pending[AUTHZ_PENDING_MAX];
	size_t n_pending;
};

/* What is done for @caller, who is allowed to; replies itself, or returns an error. */
typedef int (*authz_handler)(sd_bus_message *m, uid_t caller, void *userdata, sd_bus_error *error);

struct authz_request {
	sd_bus_message *message;
	const char *action; /* of polkit; a literal */
	authz_handler handler;
	void *userdata;
};

/**
 * authz_run() - call the handler if the caller may do the action, else reply with an error
 * @a: lives at least as long as the bus connection
 * Return: 1, the reply comes later; or a negative errno with @error set.
 */
int authz_run(struct authz *a, const struct authz_request *request, sd_bus_error *error);

/** authz_cancel() - forget all pending callers, whose connection is gone */
void authz_cancel(struct authz *a);

#endif
