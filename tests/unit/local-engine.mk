# SPDX-License-Identifier: GPL-2.0-or-later
check_PROGRAMS += %D%/test-executor
TESTS += %D%/test-executor
tests_unit_test_executor_SOURCES = %D%/test-executor.c
tests_unit_test_executor_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_executor_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

check_PROGRAMS += %D%/test-release
TESTS += %D%/test-release
tests_unit_test_release_SOURCES = %D%/test-release.c
tests_unit_test_release_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_release_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
