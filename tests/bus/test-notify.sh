#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What systemd is told: READY, STATUS with figures, WATCHDOG as long as the loop turns, RELOADING with its
# time, STOPPING; and that standard error which is the journal gets no text.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
tell() { printf '%s\n' "$@" 1<>"$fifo"; } # does not wait for a daemon that has ended

start_bus
make_root "$work/root"
"$top_builddir/tests/bus/notify-log" "$work/notify" >"$work/notify.log" &
pids+=("$!")
try test -S "$work/notify"
told() { grep -qE -- "$1" "$work/notify.log"; }

export NOTIFY_SOCKET=$work/notify WATCHDOG_USEC=400000
unset WATCHDOG_PID
start_daemon tests/bus/fake-balloond --root "$work/root" --config "$work/conf" --state "$work/state.json"
comes "READY=1 is told" told '^READY=1$'
comes "the status says what is waited for" told '^STATUS=Waiting for libvirt: not yet; 2.0G of 8.0G available$'
tell connect 'add web' 'level 3' trigger
comes "later it has the figures" told '^STATUS=emergency, mode pressure: 2.0G of 8.0G available, 42B needed; 1 guest, 0B taken, 0B given back$'
tell trigger
pings() { grep -c '^WATCHDOG=1$' "$work/notify.log" || (($? == 1)); }
more_pings() { (($(pings) >= $1)); }
comes "the watchdog is pinged, again and again" more_pings $(($(pings) + 3))
# Two seconds are five times the interval: pings that came from anywhere but the loop would show.
tell 'hang 2' trigger
before=$(pings)
sleep 1.5
is "a loop that stands still does not ping" "$(($(pings) - before <= 1))" 1
comes "and pings again when it turns" more_pings $((before + 3))
is "the same status is not told twice in a row" "$(grep '^STATUS=' "$work/notify.log" | uniq -d)" ''

kill -HUP "$daemon_pid"
comes "RELOADING=1 is told" told '^RELOADING=1$'
comes "with the time" told '^MONOTONIC_USEC=[0-9]+$'
ready_again() { (($(grep -c '^READY=1$' "$work/notify.log") == 2)); }
comes "and READY=1 after it" ready_again
echo nonsense >"$work/conf"
kill -HUP "$daemon_pid"
ready_thrice() { (($(grep -c '^READY=1$' "$work/notify.log") == 3)); }
comes "also where the reload is refused" ready_thrice
rm "$work/conf"
tell 'left 1' 'level 2' # a signal would overtake what is not taken in yet
comes "memory that is to be given back is known" told '^STATUS=hard, '
kill "$daemon_pid"
comes "STOPPING=1 is told" told '^STOPPING=1$'
# A reload while memory is given back must not end the stop for systemd.
before=$(grep -c 'was read again' "$work/daemon.log")
read_again() { (($(grep -c 'was read again' "$work/daemon.log") > before)); }
kill -HUP "$daemon_pid"
comes "a reload is still obeyed" read_again
is "but is not told" "$(sed '1,/^STOPPING=1$/d' "$work/notify.log" | grep -cE '^(READY|RELOADING)=')" 0
tell 'left 0' trigger
ends "$daemon_pid"
is "and the daemon ends well" "$status" 0

# With a bus that does not answer the start takes its time; a reload must not end it for systemd.
readies() { grep -c '^READY=1$' "$work/notify.log"; }
ready_four_times() { (($(readies) == 4)); }
kill -STOP "$bus_pid"
launch tests/bus/fake-balloond --root "$work/root" --config "$work/conf" --state "$work/state.json" --address "$address"
before=0
waits() { grep -q 'Waiting for libvirt' <(tail -n 3 "$work/notify.log"); }
try waits
kill -HUP "$daemon_pid"
comes "a reload before the start is done is obeyed" read_again
is "but is not told" "$(readies)" 3
kill -CONT "$bus_pid"
comes "READY=1 comes when the start is done" ready_four_times
kill "$daemon_pid"
ends "$daemon_pid"
is "which ends well, too" "$status" 0
finish
