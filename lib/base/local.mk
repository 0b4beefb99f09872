# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/cleanup.h \
	%D%/fs.c %D%/fs.h \
	%D%/glob.c %D%/glob.h \
	%D%/lines.c \
	%D%/num.h \
	%D%/parse.c %D%/parse.h \
	%D%/str.c %D%/str.h %D%/str-errno.c \
	%D%/units.c
libkvmballoon_sources += \
	%D%/pressure.c %D%/pressure.h \
	%D%/residency.c %D%/residency.h \
	%D%/scope.c %D%/scope.h \
	%D%/swap-ram.c %D%/swap-ram.h \
	%D%/wait.c %D%/wait.h \
	%D%/worker.c %D%/worker.h
