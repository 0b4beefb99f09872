# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/age-damon.c \
	%D%/age-map.c %D%/age-map.h \
	%D%/age-mglru.c \
	%D%/age-module.c \
	%D%/age-round.c %D%/age-round.h \
	%D%/age-source.h \
	%D%/ages.c %D%/ages.h \
	%D%/damon-array.c %D%/damon-internal.h \
	%D%/damon.c %D%/damon.h \
	%D%/domain-xml.c %D%/domain-xml.h \
	%D%/guest-cgroup.c %D%/guest-cgroup.h \
	%D%/guest-memory.c %D%/guest-memory.h \
	%D%/guest-watch.c %D%/guest-watch.h \
	%D%/host.c %D%/host.h \
	%D%/ksm.c %D%/ksm.h \
	%D%/libvirt-backing.c %D%/libvirt-backing.h \
	%D%/libvirt-guest.c %D%/libvirt-guest.h \
	%D%/libvirt-internal.h \
	%D%/libvirt-job.c %D%/libvirt-job.h \
	%D%/libvirt-metadata.c %D%/libvirt-metadata.h \
	%D%/libvirt-list.c \
	%D%/libvirt-period.c %D%/libvirt-period.h \
	%D%/libvirt-session.c \
	%D%/libvirt-snapshot.c \
	%D%/libvirt-thread.c \
	%D%/libvirt.c %D%/libvirt.h \
	%D%/lru-gen.c %D%/lru-gen.h \
	%D%/lru-ledger.c %D%/lru-ledger.h \
	%D%/metadata-xml.c %D%/metadata-xml.h \
	%D%/process-memory.c %D%/process-memory.h \
	%D%/psi-watch.c %D%/psi-watch.h \
	%D%/psi.c %D%/psi.h \
	%D%/store-module.c %D%/store-module.h \
	%D%/swap-device.c %D%/swap-device.h \
	%D%/vm-fds.c %D%/vm-fds.h
