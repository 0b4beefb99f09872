# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources =
include %D%/base/local.mk
include %D%/wrap/local.mk
include %D%/model/local.mk
include %D%/policy/local.mk
include %D%/plan/local.mk
include %D%/source/local.mk
include %D%/actuator/local.mk
libkvmballoon_sources += include/kvmballoon.h \
	%D%/config.c %D%/config-check.c %D%/config-class.c %D%/config-host.c %D%/config-internal.h \
	%D%/config-load.c %D%/config-parse.c %D%/config-policy.c %D%/configuration.h \
	%D%/config-json.c %D%/decide.c \
	%D%/engine.c %D%/engine-ages.c %D%/engine-alarm.c %D%/engine-control.c \
	%D%/engine-guest.c %D%/engine-internal.h %D%/engine-issue.c %D%/engine-ksm.c \
	%D%/engine-new.c %D%/engine-persist.c %D%/engine-policy.c %D%/engine-reserve.c \
	%D%/engine-sample.c %D%/engine-status.c \
	%D%/executor.c %D%/executor.h %D%/explain.c %D%/explain-free.c %D%/explain-store.c %D%/lift.c %D%/record.c

libkvmballoon_libs = $(LIBVIRT_LIBS) $(LIBCGROUP_LIBS) $(JANSSON_LIBS) $(INIH_LIBS) $(LIBXML_LIBS)

# All objects, hidden symbols within reach: what the unit tests link with.
noinst_LTLIBRARIES += libkvmballoon_testing.la
libkvmballoon_testing_la_SOURCES = $(libkvmballoon_sources)
libkvmballoon_testing_la_CPPFLAGS = $(AM_CPPFLAGS) \
	$(LIBVIRT_CFLAGS) $(LIBCGROUP_CFLAGS) $(JANSSON_CFLAGS) $(INIH_CFLAGS) $(LIBXML_CFLAGS)
libkvmballoon_testing_la_LIBADD = $(libkvmballoon_libs)

# The same objects behind the version script: what is installed.
lib_LTLIBRARIES += libkvmballoon.la
libkvmballoon_la_SOURCES =
libkvmballoon_la_LIBADD = libkvmballoon_testing.la
libkvmballoon_la_LDFLAGS = $(AM_LDFLAGS) -version-info $(KVMB_LT_VERSION) \
	-Wl,--version-script=$(top_srcdir)/%D%/libkvmballoon.map -no-undefined
EXTRA_libkvmballoon_la_DEPENDENCIES = %D%/libkvmballoon.map
EXTRA_DIST += %D%/libkvmballoon.map

pkgconfig_DATA = %D%/libkvmballoon.pc
