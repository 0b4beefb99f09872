# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/cgroup.c %D%/cgroup.h \
	%D%/ini.c %D%/ini.h
libkvmballoon_sources += %D%/virt.c %D%/virt.h
libkvmballoon_sources += %D%/xml.c %D%/xml.h
