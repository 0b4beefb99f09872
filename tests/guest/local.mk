# SPDX-License-Identifier: GPL-2.0-or-later
# The guest is built by tests/guest/build; here only its workload is tried out, on this machine.
dist_check_SCRIPTS += %D%/test-workload.sh
TESTS += %D%/test-workload.sh

EXTRA_DIST += \
	%D%/README.md %D%/build %D%/init %D%/kvmb-guest %D%/kvmb_guest.py \
	%D%/arena.c %D%/arena.h %D%/command.c %D%/content.c %D%/content.h \
	%D%/facts.c %D%/facts.h %D%/frames.c %D%/frames.h %D%/hotset.c %D%/hotset.h %D%/job.c %D%/job.h \
	%D%/kvmb-workload.c %D%/latency.c %D%/latency.h %D%/load.c %D%/load.h \
	%D%/port.c %D%/port.h %D%/reply.c %D%/reply.h %D%/worker.c %D%/worker.h
