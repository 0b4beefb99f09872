# SPDX-License-Identifier: GPL-2.0-or-later
BENCHES += %D%/bench-memory %D%/bench-reaction %D%/bench-kmod %D%/bench-policy
EXTRA_DIST += %D%/bench-memory %D%/bench-reaction %D%/bench-kmod %D%/bench-policy

# Run in the testbed's host by tools/bench-policy.
EXTRA_DIST += \
	%D%/policy/agents.py \
	%D%/policy/balloon-80 \
	%D%/policy/reclaim-loop \
	%D%/policy/report \
	%D%/policy/run \
	%D%/policy/scenario \
	%D%/policy/senpai.json

# Built by tests/bench/kmod/build in the testbed's root.
EXTRA_DIST += \
	%D%/kmod/Kbuild \
	%D%/kmod/accuracy.c \
	%D%/kmod/benches.h \
	%D%/kmod/build \
	%D%/kmod/calls.c %D%/kmod/calls.h \
	%D%/kmod/content.c %D%/kmod/content.h \
	%D%/kmod/damon.c %D%/kmod/damon.h \
	%D%/kmod/far.c %D%/kmod/far-room.c \
	%D%/kmod/figure.c %D%/kmod/figure.h \
	%D%/kmod/guest.c %D%/kmod/guest.h \
	%D%/kmod/hold.c \
	%D%/kmod/kvm_bench.c %D%/kmod/kvm_bench.h \
	%D%/kmod/main.c \
	%D%/kmod/pageout.c \
	%D%/kmod/pass.c \
	%D%/kmod/pattern.c %D%/kmod/pattern.h \
	%D%/kmod/run \
	%D%/kmod/timed.c %D%/kmod/timed.h \
	%D%/kmod/vcpu.c \
	%D%/kmod/zram.c %D%/kmod/zram.h

# CPU time of one decision, by number of guests.
EXTRA_PROGRAMS += %D%/bench-tick
tests_bench_bench_tick_SOURCES = %D%/bench-tick.c
tests_bench_bench_tick_LDADD = libkvmballoon_testing.la
BENCHES += %D%/bench-tick

# CPU time of the fleet simulator a VM-step, by number of machines.
EXTRA_PROGRAMS += %D%/bench-fleet
tests_bench_bench_fleet_SOURCES = %D%/bench-fleet.c
tests_bench_bench_fleet_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(SYSTEMD_CFLAGS)
tests_bench_bench_fleet_LDADD = libsim.la libkvmballoon.la
BENCHES += %D%/bench-fleet
