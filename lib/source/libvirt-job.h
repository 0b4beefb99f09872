/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks libvirt which guests it migrates, saves or takes a snapshot of. There is no event for the
 * begin of that and no bulk call, and the call may wait for a job: so it has a thread of its own,
 * which gets all guests that are due as one batch. Private to source/libvirt*.c.
 */
#ifndef KVMB_SOURCE_LIBVIRT_JOB_H
#define KVMB_SOURCE_LIBVIRT_JOB_H

#include "base/worker.h"
#include "source/libvirt-guest.h"

struct kvmb_job_batch;

/**
 * kvmb_libvirt_job_begin() - an empty batch, with room for @n guests
 * Return: NULL without memory: nothing is asked then, this time. All functions take that.
 */
struct kvmb_job_batch *kvmb_libvirt_job_begin(size_t n);

/**
 * kvmb_libvirt_job_add() - ask for this guest too, if it is due and QEMU answered just now
 *
 * Each is asked every two seconds, or as often as makes a hundred calls a second for all. One that
 * QEMU does not answer for has its figures grow old, which is reason enough to leave it alone.
 */
void kvmb_libvirt_job_add(struct kvmb_job_batch *b, virDomainPtr domain, uint64_t now_ns,
			  struct kvmb_libvirt_guest *g);

/** kvmb_libvirt_job_submit() - to the worker; an empty batch is dropped. False: nothing to do */
bool kvmb_libvirt_job_submit(struct kvmb_worker *w, struct kvmb_job_batch *b);

/**
 * kvmb_libvirt_job_take() - the answers of an earlier batch, into job_why of @guests
 * @guests: ordered by UUID
 * Return: whether there was one; the next may then be submitted.
 */
bool kvmb_libvirt_job_take(struct kvmb_worker *w, struct kvmb_libvirt_guest *guests, size_t n);

/** kvmb_libvirt_job_why() - of an operation of libvirt's; NONE where balloons may be set in it */
enum kvmb_why kvmb_libvirt_job_why(int operation);

#endif
