# SPDX-License-Identifier: GPL-2.0-or-later
sbin_PROGRAMS += kvm-balloond

# The tests link the same files with another engine: see tests/bus/fake-engine.c.
kvm_balloond_sources = \
	%D%/authz.c %D%/authz.h \
	%D%/bus.c %D%/bus.h \
	%D%/bus-ages.c \
	%D%/bus-error.c %D%/bus-error.h \
	%D%/bus-introspect.c \
	%D%/bus-machine.c \
	%D%/bus-manager.c \
	%D%/bus-map.c %D%/bus-map.h \
	%D%/bus-persist.c %D%/bus-persist.h \
	%D%/bus-policy.c \
	%D%/bus-reserve.c \
	%D%/host.c %D%/host.h \
	%D%/journal.c %D%/journal.h \
	%D%/machine.c %D%/machine.h \
	%D%/main.c \
	%D%/manager.c %D%/manager.h \
	%D%/manager-events.c \
	%D%/manager-loop.c \
	%D%/manager-stop.c \
	%D%/notify.c %D%/notify.h \
	%D%/options.c %D%/options.h \
	%D%/recorder.c %D%/recorder.h \
	%D%/state-file.c %D%/state-file.h \
	%D%/util.c %D%/util.h

kvm_balloond_SOURCES = $(kvm_balloond_sources)
kvm_balloond_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
kvm_balloond_LDADD = libkvmballoon.la $(SYSTEMD_LIBS)
