# SPDX-License-Identifier: GPL-2.0-or-later
# Each target runs over its corpus as a test; tests/fuzz/run links the same with a fuzzer.
fuzz_tests = \
	%D%/fuzz-config \
	%D%/fuzz-domain \
	%D%/fuzz-kernel \
	%D%/fuzz-numbers \
	%D%/fuzz-record \
	%D%/fuzz-sample \
	%D%/fuzz-state \
	%D%/fuzz-trace
check_PROGRAMS += $(fuzz_tests)
TESTS += $(fuzz_tests)
EXTRA_DIST += %D%/run %D%/corpus

tests_fuzz_fuzz_config_SOURCES = %D%/fuzz-config.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_config_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_domain_SOURCES = %D%/fuzz-domain.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_domain_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_kernel_SOURCES = %D%/fuzz-kernel.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_kernel_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_numbers_SOURCES = %D%/fuzz-numbers.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_numbers_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_record_SOURCES = %D%/fuzz-record.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_record_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_sample_SOURCES = %D%/fuzz-sample.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_sample_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_state_SOURCES = %D%/fuzz-state.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_state_LDADD = libkvmballoon_testing.la
tests_fuzz_fuzz_trace_SOURCES = %D%/fuzz-trace.c %D%/fuzz.h %D%/replay.c
tests_fuzz_fuzz_trace_LDADD = libsim.la libkvmballoon_testing.la
