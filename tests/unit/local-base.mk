# SPDX-License-Identifier: GPL-2.0-or-later
base_tests = \
	%D%/test-base \
	%D%/test-cgroup \
	%D%/test-config \
	%D%/test-config-files \
	%D%/test-json \
	%D%/test-model \
	%D%/test-sources
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

tests_unit_test_base_SOURCES = %D%/test-base.c
tests_unit_test_base_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_base_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_cgroup_SOURCES = %D%/test-cgroup.c
tests_unit_test_cgroup_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_cgroup_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_config_SOURCES = %D%/test-config.c %D%/config-same.h
tests_unit_test_config_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_config_files_SOURCES = %D%/test-config-files.c %D%/config-same.h
tests_unit_test_config_files_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_config_files_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_json_SOURCES = %D%/test-json.c
tests_unit_test_json_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_json_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_model_SOURCES = %D%/test-model.c
tests_unit_test_model_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_model_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)
tests_unit_test_sources_SOURCES = %D%/test-sources.c
tests_unit_test_sources_CPPFLAGS = $(AM_CPPFLAGS) $(CMOCKA_CFLAGS)
tests_unit_test_sources_LDADD = libkvmballoon_testing.la $(CMOCKA_LIBS)

EXTRA_DIST += \
	tests/data/plan-golden.json \
	tests/data/record-before-high.jsonl \
	tests/data/sample-golden.json \
	tests/data/sample-small.json
