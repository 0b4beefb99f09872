# SPDX-License-Identifier: GPL-2.0-or-later
dist_man_MANS += \
	%D%/kvm-balloonctl.1 \
	%D%/kvm-balloonsim.1 \
	%D%/kvm-balloond.8 \
	%D%/kvm-balloond.conf.5 \
	%D%/kvm_swap.4 \
	%D%/libkvmballoon.3 \
	%D%/org.linux_kvm.Balloon1.5
