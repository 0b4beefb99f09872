# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of policy, gate and state: values in, values out.
EXTRA_DIST += %D%/age-opened.h %D%/engine-world.h %D%/gate-table.h %D%/gate-world.h %D%/layer-oracle.h %D%/plan-oracle.h %D%/policy-world.h %D%/put-file.h %D%/random-world.h %D%/rule-world.h %D%/wild-policy.h

check_PROGRAMS += %D%/test-advice
tests_unit_test_advice_SOURCES = %D%/test-advice.c
tests_unit_test_advice_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_advice_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-advice

check_PROGRAMS += %D%/test-bad-input
tests_unit_test_bad_input_SOURCES = %D%/test-bad-input.c
tests_unit_test_bad_input_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_bad_input_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-bad-input

check_PROGRAMS += %D%/test-cold-age
tests_unit_test_cold_age_SOURCES = %D%/test-cold-age.c
tests_unit_test_cold_age_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cold_age_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-cold-age

check_PROGRAMS += %D%/test-damp
tests_unit_test_damp_SOURCES = %D%/test-damp.c
tests_unit_test_damp_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_damp_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-damp

check_PROGRAMS += %D%/test-decide
tests_unit_test_decide_SOURCES = %D%/test-decide.c
tests_unit_test_decide_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_decide_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-decide

check_PROGRAMS += %D%/test-effect
tests_unit_test_effect_SOURCES = %D%/test-effect.c
tests_unit_test_effect_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_effect_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-effect

check_PROGRAMS += %D%/test-estimate
tests_unit_test_estimate_SOURCES = %D%/test-estimate.c
tests_unit_test_estimate_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_estimate_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-estimate

check_PROGRAMS += %D%/test-exclude
tests_unit_test_exclude_SOURCES = %D%/test-exclude.c
tests_unit_test_exclude_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_exclude_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-exclude

check_PROGRAMS += %D%/test-give
tests_unit_test_give_SOURCES = %D%/test-give.c
tests_unit_test_give_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_give_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-give

check_PROGRAMS += %D%/test-million
tests_unit_test_million_SOURCES = %D%/test-million.c
tests_unit_test_million_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_million_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-million

check_PROGRAMS += %D%/test-no-memory
tests_unit_test_no_memory_SOURCES = %D%/test-no-memory.c
tests_unit_test_no_memory_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_no_memory_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_no_memory_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=malloc -Wl,--wrap=calloc \
	-Wl,--wrap=realloc -Wl,--wrap=reallocarray
TESTS += %D%/test-no-memory

check_PROGRAMS += %D%/test-order
tests_unit_test_order_SOURCES = %D%/test-order.c
tests_unit_test_order_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_order_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-order

check_PROGRAMS += %D%/test-pressure
tests_unit_test_pressure_SOURCES = %D%/test-pressure.c
tests_unit_test_pressure_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_pressure_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-pressure

check_PROGRAMS += %D%/test-record
tests_unit_test_record_SOURCES = %D%/test-record.c
tests_unit_test_record_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_record_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-record

check_PROGRAMS += %D%/test-reservation
tests_unit_test_reservation_SOURCES = %D%/test-reservation.c
tests_unit_test_reservation_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reservation_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-reservation

check_PROGRAMS += %D%/test-reserve
tests_unit_test_reserve_SOURCES = %D%/test-reserve.c
tests_unit_test_reserve_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_reserve_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-reserve

check_PROGRAMS += %D%/test-share
tests_unit_test_share_SOURCES = %D%/test-share.c
tests_unit_test_share_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_share_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-share

check_PROGRAMS += %D%/test-simulate
tests_unit_test_simulate_SOURCES = %D%/test-simulate.c
tests_unit_test_simulate_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_simulate_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-simulate

check_PROGRAMS += %D%/test-state
tests_unit_test_state_SOURCES = %D%/test-state.c
tests_unit_test_state_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_state_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-state

check_PROGRAMS += %D%/test-stuck
tests_unit_test_stuck_SOURCES = %D%/test-stuck.c
tests_unit_test_stuck_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_stuck_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-stuck

check_PROGRAMS += %D%/test-backend
tests_unit_test_backend_SOURCES = %D%/test-backend.c
tests_unit_test_backend_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_backend_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-backend

check_PROGRAMS += %D%/test-store
tests_unit_test_store_SOURCES = %D%/test-store.c
tests_unit_test_store_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-store

check_PROGRAMS += %D%/test-store-json
tests_unit_test_store_json_SOURCES = %D%/test-store-json.c
tests_unit_test_store_json_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_store_json_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-store-json

check_PROGRAMS += %D%/test-swap-guard
tests_unit_test_swap_guard_SOURCES = %D%/test-swap-guard.c
tests_unit_test_swap_guard_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_swap_guard_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-swap-guard

check_PROGRAMS += %D%/test-trend
tests_unit_test_trend_SOURCES = %D%/test-trend.c
tests_unit_test_trend_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_trend_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-trend

check_PROGRAMS += %D%/test-unseen
tests_unit_test_unseen_SOURCES = %D%/test-unseen.c
tests_unit_test_unseen_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_unseen_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-unseen

check_PROGRAMS += %D%/test-validate
tests_unit_test_validate_SOURCES = %D%/test-validate.c
tests_unit_test_validate_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_validate_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-validate

check_PROGRAMS += %D%/test-means
tests_unit_test_means_SOURCES = %D%/test-means.c
tests_unit_test_means_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_means_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-means

check_PROGRAMS += %D%/test-ksm
tests_unit_test_ksm_SOURCES = %D%/test-ksm.c
tests_unit_test_ksm_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_ksm_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
TESTS += %D%/test-ksm
