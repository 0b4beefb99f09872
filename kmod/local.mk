# SPDX-License-Identifier: GPL-2.0-only
# The kernel module: not a part of `make`, for it is built for the kernel that runs, not for this build.
KDIR = /lib/modules/$$(uname -r)/build

# Its sources are installed as they lie here, kmod/ beside include/uapi/: DKMS builds from that folder.
dkmsdir = $(dkmssrcdir)/kvm-swap-$(VERSION)
nobase_dist_dkms_SCRIPTS = %D%/build %D%/probe
nobase_dist_dkms_DATA = \
	include/uapi/kvm_swap.h \
	%D%/Kbuild \
	%D%/age.c %D%/age.h \
	%D%/block.c %D%/block.h \
	%D%/cipher.c %D%/cipher.h \
	%D%/cold.c \
	%D%/compat/as_ids.h \
	%D%/compat/flush.h \
	%D%/compressor.c %D%/compressor.h \
	%D%/dense.c \
	%D%/dev.c %D%/dev.h \
	%D%/dev-store.c \
	%D%/drain.c \
	%D%/far-impl.h \
	%D%/far-sysfs.c \
	%D%/far.h \
	%D%/figures.c \
	%D%/hist.c \
	%D%/home.c \
	%D%/kvm_swap.h \
	%D%/life.c \
	%D%/main.c \
	%D%/notifier.c %D%/notifier.h \
	%D%/move.c %D%/move.h \
	%D%/pagein.c \
	%D%/pageout.c \
	%D%/pageout-none.c \
	%D%/params.c %D%/params.h \
	%D%/probes/as_ids.c \
	%D%/probes/flush.c \
	%D%/probes/need_notifier.c \
	%D%/probes/need_residency.c \
	%D%/probes/need_vm.c \
	%D%/probes/store.c \
	%D%/region.c \
	%D%/report.h \
	%D%/residency.c %D%/residency.h \
	%D%/scan.c %D%/scan.h \
	%D%/store.c %D%/store.h \
	%D%/sysfs.c %D%/sysfs.h \
	%D%/trace.h \
	%D%/tree.c %D%/tree.h \
	%D%/vm.c %D%/vm.h

dkmsconfdir = $(dkmsdir)
dkmsconf_DATA = %D%/dkms.conf
EXTRA_DIST += %D%/dkms.conf.in
CLEANFILES += %D%/dkms.conf

%D%/dkms.conf: %D%/dkms.conf.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's|@VERSION[@]|$(VERSION)|g' $< >$@.new && mv $@.new $@

modules:
	$(srcdir)/%D%/build "$(KDIR)" %D%/module W=1

modules_install: modules
	$(MAKE) -C "$(KDIR)" M='$(abs_builddir)/%D%/module' modules_install

# Below DESTDIR, as for a package, DKMS is left to whoever installs that. --force: built anew, whatever there was.
dkms-install: install-nobase_dist_dkmsSCRIPTS install-nobase_dist_dkmsDATA install-dkmsconfDATA
	test -n '$(DESTDIR)' || dkms install --force --sourcetree '$(dkmssrcdir)' kvm-swap/$(VERSION)

clean-local:
	rm -rf %D%/module

.PHONY: modules modules_install dkms-install
