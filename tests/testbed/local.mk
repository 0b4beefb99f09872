# SPDX-License-Identifier: GPL-2.0-or-later
# What the cases need on the booted host besides the installed project; tools/testbed installs it there.
testbed_programs = %D%/kvmb-age-probe %D%/kvmb-probe
EXTRA_PROGRAMS += $(testbed_programs)
tests_testbed_kvmb_age_probe_SOURCES = %D%/age-probe.c
tests_testbed_kvmb_age_probe_LDADD = libkvmballoon_testing.la
tests_testbed_kvmb_probe_SOURCES = %D%/probe.c
tests_testbed_kvmb_probe_LDADD = libkvmballoon_testing.la

testbeddir = $(prefix)/lib/kvmb-test
install-testbed: $(testbed_programs)
	$(MKDIR_P) '$(DESTDIR)$(testbeddir)'
	for p in $(testbed_programs); do \
		$(LIBTOOL) --mode=install $(INSTALL_PROGRAM) "$$p" '$(DESTDIR)$(testbeddir)' || exit 1; \
	done
.PHONY: install-testbed
