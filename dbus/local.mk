# SPDX-License-Identifier: GPL-2.0-or-later
dist_dbuspolicy_DATA = %D%/org.linux_kvm.Balloon1.conf
dist_dbussystemservice_DATA = %D%/org.linux_kvm.Balloon1.service
dist_polkitaction_DATA = %D%/org.linux_kvm.Balloon1.policy
