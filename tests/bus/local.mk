# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon itself, with an engine that obeys the test.
check_PROGRAMS += tests/bus/fake-balloond tests/bus/fake-polkit tests/bus/notify-log tests/bus/call
tests_bus_fake_balloond_SOURCES = $(kvm_balloond_sources) %D%/fake-engine.c
tests_bus_fake_balloond_CPPFLAGS = $(kvm_balloond_CPPFLAGS)
tests_bus_fake_balloond_LDADD = libkvmballoon.la $(SYSTEMD_LIBS)
tests_bus_fake_polkit_SOURCES = %D%/fake-polkit.c
tests_bus_fake_polkit_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
tests_bus_fake_polkit_LDADD = $(SYSTEMD_LIBS)
tests_bus_call_SOURCES = %D%/call.c
tests_bus_call_CPPFLAGS = $(AM_CPPFLAGS) $(SYSTEMD_CFLAGS)
tests_bus_call_LDADD = $(SYSTEMD_LIBS)
tests_bus_notify_log_SOURCES = %D%/notify-log.c

bus_tests = \
	%D%/test-ages.sh \
	%D%/test-far.sh \
	%D%/test-authz.sh \
	%D%/test-catalog.sh \
	%D%/test-driver.sh \
	%D%/test-lifecycle.sh \
	%D%/test-machines.sh \
	%D%/test-notify.sh \
	%D%/test-record.sh \
	%D%/test-reserve.sh

dist_check_SCRIPTS += $(bus_tests)
TESTS += $(bus_tests)
EXTRA_DIST += %D%/lib.sh tests/lint/check-bus-page
