/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Waits for PSI triggers in a thread of its own and tells through an eventfd.
 *
 * The kernel forgets that a trigger fired as soon as anybody polls it. An epoll descriptor inside
 * another one (an engine's in its daemon's loop) polls twice: the outer one takes the event, the
 * inner one finds nothing. An eventfd stays readable until it is read.
 */
#ifndef KVMB_SOURCE_PSI_WATCH_H
#define KVMB_SOURCE_PSI_WATCH_H

#include <stdbool.h>
#include <stdint.h>

struct kvmb_psi_watch;

int kvmb_psi_watch_new(struct kvmb_psi_watch **ret);
/** kvmb_psi_watch_free() - stops the thread, closes all triggers. NULL is fine. Return: NULL. */
struct kvmb_psi_watch *kvmb_psi_watch_free(struct kvmb_psi_watch *w);

/** kvmb_psi_watch_fd() - readable (POLLIN) when a trigger fired, until kvmb_psi_watch_clear() */
int kvmb_psi_watch_fd(const struct kvmb_psi_watch *w);
void kvmb_psi_watch_clear(struct kvmb_psi_watch *w);

/**
 * kvmb_psi_watch_add() - wait for one more trigger
 * @trigger_fd: of kvmb_psi_trigger_open(); taken over, also on failure
 * Return: its number, at least 1 and never given twice, or -errno.
 */
int64_t kvmb_psi_watch_add(struct kvmb_psi_watch *w, int trigger_fd);

/** kvmb_psi_watch_remove() - close it. Numbers that are not there, and 0, are fine. */
void kvmb_psi_watch_remove(struct kvmb_psi_watch *w, int64_t id);

/** kvmb_psi_watch_take() - did it fire since the last call? */
bool kvmb_psi_watch_take(struct kvmb_psi_watch *w, int64_t id);

#endif
