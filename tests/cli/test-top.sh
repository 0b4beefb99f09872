#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonctl top, on a strict terminal and in scripts.
# shellcheck disable=SC2317 # functions are called through ok and golden
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

# play NAME COLUMNS ROWS COMMAND... <script
play() {
	local name=$1 status=0
	shift
	"$on_screen" "$@" >"$scratch/screen" 2>"$scratch/err" || status=$?
	((status == 0)) || sed 's/^/# /' "$scratch/err"
	report "$status" "$name"
}

# A command's output, without the clock in its first line.
once() {
	"$@" | sed -E '1s/ [0-9]{2}:[0-9]{2}:[0-9]{2}$/ HH:MM:SS/'
}

frames() {
	(($("$ctl" top -n 3 -d 0.1 | grep -c '^NAME') == 3))
}

json_frames() {
	(($("$ctl" top -n 2 -d 0.1 --json | wc -l) == 2))
}

start_bus
start_mock 0

golden top.txt once "$ctl" top --once
golden top-100.txt once env COLUMNS=100 "$ctl" top --once
golden top-40.txt once env COLUMNS=40 "$ctl" top --once
golden top-ascii.txt once env LC_ALL=C "$ctl" top --once
golden top.json once "$ctl" top --once --json
ok '-n 3 prints three frames' frames
ok '-n 2 --json prints two lines' json_frames

play 'top on 80x24, q ends it' 80 24 "$ctl" top -d 0.1 <<-END
	expect q quit
	row 0 kvm-balloond
	row 5 NAME
	row 23 q quit
	dump
	send q
	exit 0
END
golden top-screen.txt once cat "$scratch/screen"

# A key redraws at once: the delay is an hour. Row 6 is the first machine's.
first=(m 'idle ' s 'idle ' f 'db-01 ' p 'batch ' n '\x1b[31mred' r '虚拟机')
for ((i = 0; i < ${#first[@]}; i += 2)); do
	play "key ${first[i]} puts ${first[i + 1]} first" 80 8 "$ctl" top -d 3600 <<-END
		expect NAME
		send ${first[i]}
		row 6 ${first[i + 1]}
		send q
		exit 0
	END
done

play 'it follows the size of the terminal' 80 24 "$ctl" top -d 3600 <<-END
	expect mode-observe
	resize 120 30
	expect proactive
	row 29 q quit
	resize 50 10
	expect NAME
	row 9 q quit
	resize 20 3
	expect kvm-balloond
	resize 80 24
	expect mode-observe
	row 23 q quit
	send q
	exit 0
END
for signal in 2 15 1; do
	play "signal $signal gives the terminal back" 80 24 "$ctl" top <<-END
		expect q quit
		signal $signal
		exit 0
	END
done
play 'Ctrl-C typed gives the terminal back' 80 24 "$ctl" top <<-END
	expect q quit
	send $(printf '\003')
	exit 0
END
play 'Ctrl-Z gives the terminal back, and fg takes it again' 80 24 "$ctl" top <<-END
	expect q quit
	signal 20
	stopped
	signal 18
	expect q quit
	send q
	exit 0
END
play 'TERM=dumb gets frames, no sequences' 80 24 env TERM=dumb "$ctl" top --once <<-END
	exit 0
END

# Somebody watches while an operator asks for memory, and while the daemon is restarted.
"$on_screen" 80 24 "$ctl" top -d 0.1 >"$scratch/screen" 2>"$scratch/err" <<-END &
	expect web-01
	expect reclaim 32M
	touch $scratch/shown
	expect reclaim held
	touch $scratch/refused
	expect reclaim cut
	touch $scratch/early
	expect reclaim fail
	touch $scratch/failed
	expect kvm-balloond is not running; waiting for it
	row 11 web-01
	touch $scratch/noticed
	gone is not running
	expect web-01
	send q
	exit 0
END
watcher=$!
subscribed() {
	dbus-send --bus="$address" --print-reply --dest=org.freedesktop.DBus /org/freedesktop/DBus \
		org.freedesktop.DBus.Debug.Stats.GetAllMatchRules | grep -c ActionDone
}
wait_until subscribed
"$ctl" reclaim web-01 64M >/dev/null
wait_until test -e "$scratch/shown"
for end in refused:8192 early:12288 failed:4096; do
	"$ctl" reclaim web-01 "${end#*:}" >/dev/null
	wait_until test -e "$scratch/${end%:*}"
done
stop_mock
wait_until test -e "$scratch/noticed"
start_mock 0
status=0
wait "$watcher" || status=$?
((status == 0)) || sed 's/^/# /' "$scratch/err"
report "$status" 'it shows actions, and waits for a daemon that is restarted'

stop_mock
start_mock 300
play 'hundreds of machines are scrolled through' 80 24 "$ctl" top -d 3600 <<-END
	expect 1-17 of 308
	send \e[B
	expect 2-18 of 308
	send \e[6~
	expect 19-35 of 308
	send \e[5~
	expect 2-18 of 308
	send k
	expect 1-17 of 308
	send k
	row 0 1-17 of 308
	send q
	exit 0
END
finish
