# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += %D%/test-executor
TESTS += %D%/test-executor
tests_unit_test_executor_SOURCES = %D%/test-executor.c
tests_unit_test_executor_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_executor_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-absent
TESTS += %D%/test-absent
tests_unit_test_absent_SOURCES = %D%/test-absent.c
tests_unit_test_absent_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_absent_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-release
TESTS += %D%/test-release
tests_unit_test_release_SOURCES = %D%/test-release.c
tests_unit_test_release_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_release_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-engine
TESTS += %D%/test-engine
tests_unit_test_engine_SOURCES = %D%/test-engine.c
tests_unit_test_engine_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_engine_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
# For engine-world.h.
engine_world_ldflags = $(AM_LDFLAGS) -Wl,--wrap=kvmb_host_read \
	-Wl,--wrap=kvmb_age_watch_read -Wl,--wrap=kvmb_age_watch_reason \
	-Wl,--wrap=kvmb_age_watch_moved \
	-Wl,--wrap=kvmb_libvirt_take -Wl,--wrap=kvmb_guest_watch_read \
	-Wl,--wrap=kvmb_guest_watch_take_host -Wl,--wrap=kvmb_guest_watch_fd \
	-Wl,--wrap=kvmb_guest_watch_trigger_error \
	-Wl,--wrap=kvmb_guest_watch_dispatch -Wl,--wrap=kvmb_libvirt_kick
tests_unit_test_engine_LDFLAGS = $(engine_world_ldflags)

check_PROGRAMS += %D%/test-explain
TESTS += %D%/test-explain
tests_unit_test_explain_SOURCES = %D%/test-explain.c
tests_unit_test_explain_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_explain_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_explain_LDFLAGS = $(engine_world_ldflags)

check_PROGRAMS += %D%/test-engine-policy
TESTS += %D%/test-engine-policy
tests_unit_test_engine_policy_SOURCES = %D%/test-engine-policy.c
tests_unit_test_engine_policy_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_engine_policy_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_engine_policy_LDFLAGS = $(engine_world_ldflags) \
	-Wl,--wrap=kvmb_metadata_writer_submit -Wl,--wrap=kvmb_metadata_writer_next
