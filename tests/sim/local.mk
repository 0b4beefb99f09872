# SPDX-License-Identifier: GPL-2.0-or-later
# The fleet simulator: its parts, and what is typed.
sim_tests = %D%/test-fleet %D%/test-trace %D%/test-vm
check_PROGRAMS += $(sim_tests)
dist_check_SCRIPTS += %D%/test-cli.sh
TESTS += $(sim_tests) %D%/test-cli.sh

tests_sim_test_fleet_SOURCES = %D%/test-fleet.c
tests_sim_test_fleet_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(SYSTEMD_CFLAGS) $(CMOCKA_CFLAGS)
tests_sim_test_fleet_LDADD = libsim.la libkvmballoon.la $(CMOCKA_LIBS)
tests_sim_test_trace_SOURCES = %D%/test-trace.c
tests_sim_test_trace_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(SYSTEMD_CFLAGS) $(CMOCKA_CFLAGS)
tests_sim_test_trace_LDADD = libsim.la libkvmballoon.la $(CMOCKA_LIBS)
tests_sim_test_vm_SOURCES = %D%/test-vm.c
tests_sim_test_vm_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir) $(SYSTEMD_CFLAGS) $(CMOCKA_CFLAGS)
tests_sim_test_vm_LDADD = libsim.la libkvmballoon.la $(CMOCKA_LIBS)
