#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A daemon that does not answer: questions end by themselves, and keys of top work meanwhile.
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

start_bus
start_mock 0
"$on_screen" 80 24 "$ctl" top -d 0.1 >"$scratch/screen" 2>"$scratch/top.err" <<-END &
	expect db-01
	touch $scratch/shown
	expect kvm-balloond does not answer
	send m
	row 6 idle
	send q
	exit 0
END
watcher=$!
wait_until test -e "$scratch/shown"
kill -STOP "$mock_pid"
fails 1 'see: journalctl -u kvm-balloond' "$ctl" list
before=$SECONDS
fails 5 'see: journalctl -u kvm-balloond' "$ctl" reserve 1G --wait=1s
ok 'who tells how long to wait waits no longer' test "$((SECONDS - before))" -lt 5
status=0
wait "$watcher" || status=$?
((status == 0)) || sed 's/^/# /' "$scratch/top.err"
report "$status" 'top says so, and still obeys'
kill -CONT "$mock_pid"
ok 'and afterwards it works again' "$ctl" list
finish
