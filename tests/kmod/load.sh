# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh
# Inside a testbed host, to be read by `.`: the module comes and goes.

# insmod looks for nothing that the module needs; and where the kernel has no generic AES it finds none that is not loaded.
module_comes() {
	modprobe -q gcm
	modprobe -q aesni-intel
	insmod "/usr/lib/modules/$(uname -r)/updates/kvm_swap.ko"
}

# A store ends a moment after its guest was let go.
module_goes() {
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		! rmmod kvm_swap 2>/dev/null || return 0
		sleep 1
	done
	rmmod kvm_swap
}
