# SPDX-License-Identifier: LGPL-2.1-or-later
libkvmballoon_sources += \
	%D%/able.c \
	%D%/act.c \
	%D%/advice.c %D%/advice.h \
	%D%/alarm.c %D%/alarm.h \
	%D%/cold-age.c %D%/cold-age.h \
	%D%/damp.c %D%/damp.h \
	%D%/estimate.c %D%/estimate.h \
	%D%/give.c \
	%D%/guarantee.c %D%/guarantee.h \
	%D%/ksm.c %D%/ksm.h \
	%D%/learn.c \
	%D%/last-resort.c \
	%D%/order.c \
	%D%/policy.c %D%/policy.h \
	%D%/pressure.c %D%/pressure.h \
	%D%/proactive.c \
	%D%/reason.c \
	%D%/request.c \
	%D%/reservation.c %D%/reservation.h \
	%D%/reserve.c %D%/reserve.h \
	%D%/share.c %D%/share.h \
	%D%/trend.c %D%/trend.h \
	%D%/turn.h
