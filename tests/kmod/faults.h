/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allocations of kvm_swap that fail on demand, where the kernel has fault injection
 * (FAILSLAB, FAIL_PAGE_ALLOC). The stack tells them from all others: a guest, or a test program,
 * never goes without memory.
 */
#ifndef KVMB_TESTS_KMOD_FAULTS_H
#define KVMB_TESTS_KMOD_FAULTS_H

#include <stdbool.h>

/**
 * faults_setup() - every @percent-th allocation inside the module fails from now on, its own
 * work included, and faults_arm() does something
 * Return: NULL, or why there are no faults to be had.
 */
const char *faults_setup(unsigned int percent);

/** faults_stop() - no more */
void faults_stop(void);

/** faults_arm() - the @nth allocation of this process inside the module fails as well */
void faults_arm(unsigned int nth);

/** faults_disarm() - not any more; true if it did */
bool faults_disarm(void);

#endif
