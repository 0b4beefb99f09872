# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/ages.c %D%/ages.h \
	%D%/cold.h \
	%D%/exclude.c %D%/exclude.h \
	%D%/guest.c %D%/guest.h \
	%D%/json.c %D%/json.h \
	%D%/metadata-json.c \
	%D%/plan-json.c \
	%D%/plan.c %D%/plan.h \
	%D%/policy-json.c \
	%D%/policy.c %D%/policy.h \
	%D%/reservation.c \
	%D%/sample-json.c \
	%D%/sample.c %D%/sample.h \
	%D%/state-advance.c %D%/state-internal.h \
	%D%/state-exact.c \
	%D%/state-json.c \
	%D%/state.c %D%/state.h \
	%D%/store-json.c \
	%D%/store.c %D%/store.h \
	%D%/stuck.c %D%/stuck.h \
	%D%/swap-guard.c %D%/swap-guard.h \
	%D%/token.c %D%/token.h \
	%D%/why.c
