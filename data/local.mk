# SPDX-License-Identifier: GPL-2.0-or-later
# An example: a file in /etc would be overwritten by the next make install.
dist_doc_DATA = %D%/kvm-balloond.conf
dist_catalog_DATA = %D%/kvm-balloond.catalog
# Not where libvirt looks for it: to use it is for the administrator to say.
dist_pkgdata_SCRIPTS = %D%/libvirt-hook
dist_pkgdata_DATA = %D%/kvm-balloond-policy.rng
