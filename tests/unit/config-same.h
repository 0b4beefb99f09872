/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two configurations are the same.
 */
#ifndef KVMB_TESTS_CONFIG_SAME_H
#define KVMB_TESTS_CONFIG_SAME_H

#include <kvmballoon.h>

/* Member by member: the padding between them means nothing. */
static inline void assert_same_host(const struct kvmb_host_config *a,
				    const struct kvmb_host_config *b)
{
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->ksm_auto, b->ksm_auto);
	assert_int_equal(a->metadata, b->metadata);
	assert_int_equal(a->interval_usec, b->interval_usec);
	assert_int_equal(a->elevated_available_permyriad, b->elevated_available_permyriad);
	assert_int_equal(a->hard_available_permyriad, b->hard_available_permyriad);
	assert_int_equal(a->emergency_available_permyriad, b->emergency_available_permyriad);
	assert_int_equal(a->hysteresis_permyriad, b->hysteresis_permyriad);
	assert_int_equal(a->pressure_some_permyriad, b->pressure_some_permyriad);
	assert_int_equal(a->pressure_full_permyriad, b->pressure_full_permyriad);
	assert_int_equal(a->guest_pressure_some_permyriad, b->guest_pressure_some_permyriad);
	assert_int_equal(a->trigger_stall_usec, b->trigger_stall_usec);
	assert_int_equal(a->trigger_window_usec, b->trigger_window_usec);
	assert_int_equal(a->swap_reserve_permyriad, b->swap_reserve_permyriad);
	assert_int_equal(a->step_bytes, b->step_bytes);
	assert_int_equal(a->guest_rate_bytes, b->guest_rate_bytes);
	assert_int_equal(a->host_rate_bytes, b->host_rate_bytes);
	assert_int_equal(a->guest_headroom_bytes, b->guest_headroom_bytes);
	assert_int_equal(a->guest_headroom_permyriad, b->guest_headroom_permyriad);
	assert_int_equal(a->stale_usec, b->stale_usec);
	assert_int_equal(a->swap_write_bytes, b->swap_write_bytes);
	assert_int_equal(a->swap_latency_usec, b->swap_latency_usec);
}

static inline void assert_same_policy(const struct kvmb_policy *a, const struct kvmb_policy *b)
{
	assert_int_equal(a->guarantee_bytes, b->guarantee_bytes);
	assert_int_equal(a->limit_bytes, b->limit_bytes);
	assert_int_equal(a->shares, b->shares);
	assert_int_equal(a->priority, b->priority);
	assert_int_equal(a->refault_target_ppm, b->refault_target_ppm);
	assert_int_equal(a->mode, b->mode);
	assert_int_equal(a->backend, b->backend);
}

#endif
