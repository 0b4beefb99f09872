/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Switches a guest's balloon statistics on where it does not send them. The call may wait for half
 * a minute while a guest migrates, so it has a thread of its own. Private to source/libvirt*.c.
 */
#ifndef KVMB_SOURCE_LIBVIRT_PERIOD_H
#define KVMB_SOURCE_LIBVIRT_PERIOD_H

#include "base/worker.h"
#include "source/libvirt-guest.h"

/**
 * kvmb_libvirt_period_ask() - begin to switch them on, if wanted and not tried of late
 *
 * A few calls that succeed are enough, whatever they lead to. One that fails (the guest has a job,
 * say) is tried again, at a gap that grows from ten seconds to ten minutes.
 */
void kvmb_libvirt_period_ask(struct kvmb_worker *w, virDomainPtr domain, uint64_t interval_usec,
			     uint64_t now_ns, struct kvmb_libvirt_guest *g);

/**
 * kvmb_libvirt_period_take() - what became of earlier calls
 * @guests: ordered by UUID
 */
void kvmb_libvirt_period_take(struct kvmb_worker *w, uint64_t now_ns,
			      struct kvmb_libvirt_guest *guests, size_t n);

/** kvmb_libvirt_period_asked() - often enough, and long enough ago for an answer to have come */
bool kvmb_libvirt_period_asked(const struct kvmb_libvirt_guest *g, uint64_t now_ns);

/** kvmb_libvirt_guest_find() - by binary search, NULL if it is not there */
struct kvmb_libvirt_guest *kvmb_libvirt_guest_find(struct kvmb_libvirt_guest *guests, size_t n,
						   const char *uuid);

#endif
