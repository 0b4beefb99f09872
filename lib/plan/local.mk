# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/effect.c %D%/effect.h \
	%D%/ksm.c %D%/ksm.h \
	%D%/validate.c %D%/validate.h
