# SPDX-License-Identifier: GPL-2.0-only
# The kernel module: not a part of `make`, for it is built for the kernel that runs, not for this build.
KDIR = /lib/modules/$$(uname -r)/build

EXTRA_DIST += \
	include/uapi/kvm_swap.h \
	%D%/Kbuild \
	%D%/age.c %D%/age.h \
	%D%/build \
	%D%/cold.c \
	%D%/compat/as_ids.h \
	%D%/compat/flush.h \
	%D%/dev.c %D%/dev.h \
	%D%/hist.c \
	%D%/kvm_swap.h \
	%D%/main.c \
	%D%/notifier.c %D%/notifier.h \
	%D%/params.c %D%/params.h \
	%D%/probe \
	%D%/probes/as_ids.c \
	%D%/probes/flush.c \
	%D%/probes/need_notifier.c \
	%D%/probes/need_residency.c \
	%D%/probes/need_vm.c \
	%D%/report.h \
	%D%/residency.c %D%/residency.h \
	%D%/scan.c %D%/scan.h \
	%D%/sysfs.c %D%/sysfs.h \
	%D%/trace.h \
	%D%/tree.c %D%/tree.h \
	%D%/vm.c %D%/vm.h

modules:
	$(srcdir)/%D%/build "$(KDIR)" %D%/module W=1

modules_install: modules
	$(MAKE) -C "$(KDIR)" M='$(abs_builddir)/%D%/module' modules_install

clean-local:
	rm -rf %D%/module

.PHONY: modules modules_install
