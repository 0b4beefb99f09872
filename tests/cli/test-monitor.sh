#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonctl monitor: signals of the mock as lines and as JSON, and how it ends.
# shellcheck disable=SC2317 # functions are called through ok and golden
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

# monitor [OPTION...]: starts one and waits until it listens
monitor() {
	rm -f "$scratch/seen" "$scratch/said"
	"$ctl" monitor "$@" >"$scratch/seen" 2>"$scratch/said" &
	monitor_pid=$!
	wait_until grep -q Watching "$scratch/said"
}

# Everything the mock signals, once.
stir() {
	"$ctl" reclaim web-01 64M >/dev/null
	for bytes in 4096 8192 12288; do # fails, is refused, is ended early
		"$ctl" reclaim web-01 "$bytes" >/dev/null
	done
	"$ctl" set web-01 Guarantee=768M
	"$ctl" reload 2>/dev/null || "$ctl" reload
	for method in MockRemove MockAdd; do
		dbus-send --bus="$address" --print-reply --dest=org.linux_kvm.Balloon1 \
			/org/linux_kvm/Balloon1 "org.linux_kvm.Balloon1.Manager.$method" >/dev/null
	done
}

without_time() {
	sed -E 's/^[0-9]{2}:[0-9]{2}:[0-9]{2}/HH:MM:SS/; s/"TimeUSec":[0-9]+/"TimeUSec":0/' "$scratch/seen"
}

# ends SIGNAL STATUS
ends() {
	local status=0
	kill "-$1" "$monitor_pid"
	wait "$monitor_pid" || status=$?
	((status == $2))
}

if ! command -v dbus-send >/dev/null; then
	echo '1..0 # SKIP dbus-send is not installed'
	exit 0
fi
start_bus
start_mock 0

monitor
stir
wait_until grep -q appeared "$scratch/seen"
golden monitor.txt without_time
ok 'Ctrl-C ends it well' ends INT 0

monitor --json
stir
wait_until grep -q InterfacesAdded "$scratch/seen"
golden monitor.json without_time
ok 'SIGTERM ends it well' ends TERM 0

monitor
stop_mock
status=0
wait "$monitor_pid" || status=$?
report $((status != 5)) 'it ends with 5 when the daemon does'
ok 'and says so' grep -q 'kvm-balloond has ended' "$scratch/said"

start_mock 0
monitor
kill "$bus_pid"
bus_pid=''
status=0
wait "$monitor_pid" || status=$?
report $((status != 5)) 'it ends with 5 when the bus does'
finish
