# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonsim. What its tests link with, too, is in a convenience library; tables and figures are the CLI's.
noinst_LTLIBRARIES += libsim.la
libsim_la_SOURCES = \
	%D%/curve.c \
	%D%/decide.c \
	%D%/feed.h \
	%D%/feed-csv.c \
	%D%/fleet.c %D%/fleet.h \
	%D%/generate.c %D%/generate.h \
	%D%/host.c %D%/host.h \
	%D%/names.c %D%/names.h \
	%D%/report.c %D%/report.h \
	%D%/simulate.c %D%/simulate.h \
	%D%/trace.c %D%/trace.h \
	%D%/vm.c %D%/vm.h
libsim_la_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(SYSTEMD_CFLAGS)
libsim_la_LIBADD = libctl.la

bin_PROGRAMS += kvm-balloonsim
kvm_balloonsim_SOURCES = %D%/main.c %D%/options.c %D%/options.h
kvm_balloonsim_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(SYSTEMD_CFLAGS)
kvm_balloonsim_LDADD = libsim.la libkvmballoon.la
