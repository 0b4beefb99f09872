# SPDX-License-Identifier: GPL-2.0-or-later
# What the cases need on the booted host besides the installed project; tools/testbed installs it there.
EXTRA_PROGRAMS += %D%/kvmb-probe
tests_testbed_kvmb_probe_SOURCES = %D%/probe.c
tests_testbed_kvmb_probe_LDADD = libkvmballoon_testing.la

testbeddir = $(prefix)/lib/kvmb-test
install-testbed: %D%/kvmb-probe
	$(MKDIR_P) '$(DESTDIR)$(testbeddir)'
	$(LIBTOOL) --mode=install $(INSTALL_PROGRAM) $< '$(DESTDIR)$(testbeddir)/kvmb-probe'
