# SPDX-License-Identifier: GPL-2.0-or-later
BENCHES += %D%/bench-memory %D%/bench-reaction
EXTRA_DIST += %D%/bench-memory %D%/bench-reaction

# CPU time of one decision, by number of guests.
EXTRA_PROGRAMS += %D%/bench-tick
tests_bench_bench_tick_SOURCES = %D%/bench-tick.c
tests_bench_bench_tick_LDADD = libkvmballoon_testing.la
BENCHES += %D%/bench-tick
