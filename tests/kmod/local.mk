# SPDX-License-Identifier: GPL-2.0-or-later
# Built by tests/kmod/build in the testbed's root, against the kernels there.
EXTRA_DIST += %D%/build %D%/run \
	%D%/busy.c %D%/busy.h \
	%D%/child.c %D%/child.h \
	%D%/far.c %D%/far.h \
	%D%/faults.c %D%/faults.h \
	%D%/kernel-reports \
	%D%/kmod-torture \
	%D%/load.sh \
	%D%/module.c %D%/module.h \
	%D%/quiet.c %D%/quiet.h \
	%D%/smm.c %D%/smm.h \
	%D%/subjects.h \
	%D%/tap.c %D%/tap.h \
	%D%/test-ages.c \
	%D%/test-attach.c \
	%D%/test-buffers.c \
	%D%/test-busy.c \
	%D%/test-calls.c \
	%D%/test-far.c \
	%D%/test-far-bad.c \
	%D%/test-far-end.c \
	%D%/test-far-kernel.c \
	%D%/test-far-short.c \
	%D%/test-far-store.c \
	%D%/test-far-ways.c \
	%D%/test-huge.c \
	%D%/test-kmod.c \
	%D%/test-memory.c \
	%D%/test-numa.c \
	%D%/test-races.c \
	%D%/test-reclaim.c \
	%D%/test-reload.c \
	%D%/test-sets.c \
	%D%/test-slots.c \
	%D%/test-swap.c \
	%D%/torture.c %D%/torture.h \
	%D%/torture-calls.c \
	%D%/torture-worker.c \
	%D%/vm.c %D%/vm.h
EXTRA_DIST += %D%/deaf/Kbuild %D%/deaf/deaf.c %D%/deaf-kvm.c %D%/far-spoiled.c \
	%D%/far-torture.c \
	%D%/spoil/Kbuild %D%/spoil/spoil.c %D%/test-build %D%/trace-events.c
