/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One guest as libvirt tells it: the record of a bulk answer becomes a sample, merged with what is
 * known of the guest's run already. Private to source/libvirt*.c.
 */
#ifndef KVMB_SOURCE_LIBVIRT_GUEST_H
#define KVMB_SOURCE_LIBVIRT_GUEST_H

#include <kvmballoon.h>
#include <libvirt/libvirt.h>

#include "source/metadata-xml.h"

struct kvmb_root;

/* What is known of one run of a domain. */
struct kvmb_libvirt_guest {
	struct kvmb_guest_sample sample;
	int id;                 /* libvirt's number of this run */
	bool asked;             /* libvirt could ask QEMU at least once */
	bool no_balloon;        /* known not to have one */
	bool period_in_flight;  /* statistics are being switched on */
	unsigned int n_periods; /* how often that was done */
	unsigned int n_period_faults; /* how often it failed since it was done last */
	uint64_t period_ns;     /* when it was done or failed last; 0: never */
	struct kvmb_backing backing;
	struct kvmb_metadata metadata;
	uint64_t definition_due_ns; /* when to read its XML; UINT64_MAX: when it is changed */
	uint64_t process_due_ns;    /* when to look at its process */
	enum kvmb_why job_why;      /* libvirt's last word */
	uint64_t job_due_ns;        /* when to ask for the next */
};

/* When an answer was got, by both clocks. */
struct kvmb_libvirt_times {
	uint64_t begin_ns;      /* CLOCK_MONOTONIC before the call */
	uint64_t realtime_sec;  /* wall clock after it: QEMU stamps statistics by it */
};

/**
 * kvmb_libvirt_guest_fill() - a record into @ret
 * @old: the same run, as known before, or NULL
 *
 * A guest that had a job, so that QEMU could not be asked, keeps the figures of @old.
 * Return: 0, -ENAMETOOLONG or -EILSEQ for a name that cannot be managed, -ESRCH not running.
 */
int kvmb_libvirt_guest_fill(const virDomainStatsRecord *record,
			    const struct kvmb_libvirt_guest *old,
			    const struct kvmb_libvirt_times *times, struct kvmb_libvirt_guest *ret);

/**
 * kvmb_libvirt_guest_fill_params() - the record's figures alone; pure
 * Return: whether the hypervisor was asked.
 */
bool kvmb_libvirt_guest_fill_params(virTypedParameterPtr params, int n_params,
				    uint64_t realtime_sec, struct kvmb_guest_sample *g);

/** kvmb_libvirt_guest_locate() - find pid and scope if they are not known yet */
void kvmb_libvirt_guest_locate(const struct kvmb_root *root, struct kvmb_libvirt_guest *g);

#endif
