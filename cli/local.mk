# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonctl. What its tests link with, too, is in a convenience library.
noinst_LTLIBRARIES += libctl.la
libctl_la_SOURCES = \
	%D%/action.c %D%/action.h \
	%D%/assign.c %D%/assign.h \
	%D%/ages.c %D%/ages.h \
	%D%/bus.c %D%/bus.h \
	%D%/bus-error.c \
	%D%/bus-read.c \
	%D%/ctl.h \
	%D%/fact.c %D%/fact.h \
	%D%/fields.c %D%/fields.h \
	%D%/figure.c %D%/figure.h \
	%D%/help.c %D%/help.h \
	%D%/json.c %D%/json.h \
	%D%/line.c %D%/line.h \
	%D%/live.c %D%/live.h \
	%D%/map.h \
	%D%/map-draw.c \
	%D%/map-svg.c \
	%D%/note.c %D%/note.h \
	%D%/plan.c %D%/plan.h \
	%D%/raster.c %D%/raster.h \
	%D%/reservations.c %D%/reservations.h \
	%D%/save.c %D%/save.h \
	%D%/status.h \
	%D%/status-host.c \
	%D%/status-far.c %D%/status-machine.c \
	%D%/table.c %D%/table.h \
	%D%/term.c %D%/term.h \
	%D%/text.c %D%/text.h \
	%D%/top.h \
	%D%/top-actions.c \
	%D%/top-draw.c \
	%D%/top-keys.c \
	%D%/util.h \
	%D%/verb-change.c \
	%D%/verb-explain.c \
	%D%/verb-histogram.c \
	%D%/verb-list.c \
	%D%/verb-map.c \
	%D%/verb-monitor.c \
	%D%/verb-offline.c \
	%D%/verb-record.c \
	%D%/verb-replay.c \
	%D%/verb-reserve.c \
	%D%/verb-status.c \
	%D%/verb-top.c
libctl_la_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS) $(SMARTCOLS_CFLAGS) $(JANSSON_CFLAGS)
libctl_la_LIBADD = $(SYSTEMD_LIBS) $(SMARTCOLS_LIBS) $(JANSSON_LIBS)

bin_PROGRAMS += kvm-balloonctl
kvm_balloonctl_SOURCES = %D%/main.c
kvm_balloonctl_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
kvm_balloonctl_LDADD = libctl.la libkvmballoon.la

dist_bashcompletion_DATA = data/bash-completion/kvm-balloonctl
