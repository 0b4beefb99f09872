# SPDX-License-Identifier: GPL-2.0-or-later
# Templates: systemd wants the absolute paths of the programs.
kvmb_units = %D%/kvm-balloond.service %D%/kvm-balloond-release.service \
	%D%/kvm-balloond-lift.service

systemunit_DATA = $(kvmb_units) %D%/kvm-balloond-lift.path
EXTRA_DIST += %D%/kvm-balloond.service.in %D%/kvm-balloond-release.service.in \
	%D%/kvm-balloond-lift.service.in %D%/kvm-balloond-lift.path
CLEANFILES += $(kvmb_units)

$(kvmb_units): %: %.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@bindir[@]|$(bindir)|g' $< >$@.new && mv $@.new $@
