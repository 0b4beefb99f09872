# SPDX-License-Identifier: GPL-2.0-or-later
dist_sysconf_DATA = %D%/kvm-balloond.conf
dist_catalog_DATA = %D%/kvm-balloond.catalog
