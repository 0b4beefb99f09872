# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/actuator.h \
	%D%/balloon.c \
	%D%/gauge.c %D%/gauge.h \
	%D%/high.c \
	%D%/ksm.c %D%/ksm.h \
	%D%/limit.c %D%/limit.h %D%/limit-path.h %D%/limit-watch.c \
	%D%/pageout.c %D%/pageout.h %D%/pageout-far.c \
	%D%/range.c \
	%D%/reclaim.c \
	%D%/record.c
