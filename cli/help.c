// SPDX-License-Identifier: GPL-2.0-or-later
/* The texts of --help and --version. */
#include "help.h"

#include <stdio.h>

#include "config.h"
#include "ctl.h"

static const char text[] =
	"Usage: kvm-balloonctl [OPTION...] VERB\n"
	"\n"
	"Watch and steer kvm-balloond, which takes memory from guests and gives it back.\n"
	"\n"
	"  list                     all machines, a line each\n"
	"  status [MACHINE]         the host; or one machine in full\n"
	"  top                      the same live, redrawn every few seconds\n"
	"  explain MACHINE          what was and was not done to a machine, and why\n"
	"  histogram MACHINE        its memory by how long it was not touched\n"
	"  map MACHINE              the same as a picture of all its addresses\n"
	"  monitor                  actions and changes as they happen\n"
	"  set MACHINE KEY=VALUE... change its policy: Guarantee=, Limit=, Shares=,\n"
	"                           Priority=, RefaultTarget=, Mode=, Backend=\n"
	"  reclaim MACHINE SIZE     ask for that much of its memory once\n"
	"  record FILE              every decision from now on (-: standard output)\n"
	"  reserve SIZE             make room for a machine before it is started\n"
	"  release [ID]             the room is not wanted any more\n"
	"  reload                   read the configuration again\n"
	"\n"
	"Without the daemon:\n"
	"  check-config [FILE]      look for faults in a configuration\n"
	"  decide SAMPLE.json...    plans for samples (-: standard input)\n"
	"  replay FILE              decide a recording again, and show what differs\n"
	"\n"
	"Options:\n"
	"  -H, --host=[USER@]HOST   the daemon of another host, over ssh\n"
	"      --address=ADDRESS    another bus than the system bus\n"
	"      --json               JSON instead of text\n"
	"      --colour=WHEN        auto, always or never; --no-colour is never\n"
	"  -d, --delay=SECONDS      top, map --watch: time between two frames (2)\n"
	"  -n, --frames=N           the same: print N frames, one after another, and end\n"
	"      --once               the same as -n 1\n"
	"      --svg=FILE           map: write the picture to a file (-: standard output)\n"
	"      --watch              map: draw it again and again\n"
	"      --names              list: only the names\n"
	"      --config=FILE        decide: configuration (/etc/kvm-balloond.conf);\n"
	"                           replay: another one than the recorded\n"
	"      --state=FILE         decide: state to begin with, as the daemon keeps it\n"
	"      --ticks=N            record: so many decisions\n"
	"      --seconds=N          record: for so long\n"
	"      --timeout=TIME       reserve: ends after that (60s)\n"
	"      --wait[=TIME]        reserve: until the room is there; fails if it is not\n"
	"      --for=MACHINE        reserve, release: the machine that it is for\n"
	"      --at-least           reserve: not if so much is held for it already\n"
	"      --persist            set: in its definition in libvirt, which goes with it\n"
	"      --all                replay: show plans that do not differ, too\n"
	"  -h, --help               this text\n"
	"      --version            version\n"
	"\n"
	"Exit status: 0 done, 1 failed, 2 wrong usage, 3 no such machine, 4 not allowed,\n"
	"5 kvm-balloond is not running or does not answer, 6 it does nothing now.\n";

int help_print(void)
{
	return fputs(text, stdout) == EOF || fflush(stdout) != 0 ? CTL_FAILED : CTL_OK;
}

int help_print_version(void)
{
	puts("kvm-balloonctl " PACKAGE_VERSION);
	return fflush(stdout) == 0 ? CTL_OK : CTL_FAILED;
}
