# SPDX-License-Identifier: GPL-2.0-or-later
# Built by tests/kmod/build in the testbed's root, against the kernels there.
EXTRA_DIST += %D%/build %D%/run %D%/test-kmod.c %D%/vm.c %D%/vm.h
EXTRA_DIST += %D%/deaf/Kbuild %D%/deaf/deaf.c %D%/deaf-kvm.c %D%/tap.c %D%/tap.h %D%/test-build %D%/trace-events.c
