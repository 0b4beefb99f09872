/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program tests: a function a subject, each with guests of its own. */
#ifndef KVMB_TESTS_KMOD_SUBJECTS_H
#define KVMB_TESTS_KMOD_SUBJECTS_H

void test_sets(void);
void test_ages(void);
void test_slots(void);
void test_spaces(void);
void test_memory(void);
void test_swap(void);
void test_reclaim(void);
void test_huge(void);
void test_numa(void);
void test_attach(void);
void test_calls(void);
void test_buffers(void);
void test_busy(void);
void test_races(void);
void test_reload(void);
void test_far(void);
void test_far_ways(void);
void test_far_end(void);
void test_far_kernel(void);
void test_far_short(void);
void test_far_store(void);
void test_far_bad(void);

#endif
