#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ages on the bus: properties, Histogram, and Map, whose callers wait until an engine that obeys the test
# has an answer, each of its own kind.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
# Of a daemon that is gone nobody would read it, ever.
tell() { timeout 60 bash -c 'printf "%s\n" "${@:2}" >"$1"' tell "$fifo" "$@"; }
web=$manager/machine/web
slow=$manager/machine/slow
no_ages='^org.linux_kvm.Balloon1.Error.NoAges: '
no_machine='^org.linux_kvm.Balloon1.Error.NoSuchMachine: '

# asked_for N NAME - so often a map of the guest was asked for
asked_for() { [[ $(grep -c "asked for a map of $2\$" "$work/daemon.log") == "$1" ]]; }
# wait_for_map NAME FILE - in the background; its process is $caller
wait_for_map() {
	error_of "$manager/machine/$1" "$i_machine" Map >"$2" &
	caller=$!
	pids+=("$caller")
}
# says FILE REGEX
says() { [[ $(<"$1") =~ $2 ]]; }

start_bus
make_root "$work/root"
# Longer than all of this takes: it is those who wait that make the daemon look after them.
printf '[Host]\nInterval=1min\nStale=5min\n' >"$work/root/etc/kvm-balloond.conf"
start_daemon tests/bus/fake-balloond --root "$work/root" --state "$work/state.json"
watch_signals
tell connect 'add web' 'add slow'
comes "a guest that nothing ages" has_property $web $i_machine Aging 's "none"'
is "has no cold memory that is known" "$(property $web $i_machine ColdBytes)" 't 18446744073709551615'
like "nor a histogram" "$(error_of $web $i_machine Histogram)" "$no_ages.*\"web\""
# Its answer never comes; what becomes of that is seen at the end.
wait_for_map slow "$work/slow"
comes "a source that does not answer is asked" asked_for 1 slow
more_ticks() { local n; n=$(property $manager $i_manager Ticks); ((${n#t } > 2)); }
comes "with ticks that come sooner than they would" more_ticks

tell 'aging web 1 module: /dev/kvm-swap is not there'
comes "a coarse source is shown" has_property $web $i_machine Aging 's "mglru"'
is "and why there is no better one" "$(property $web $i_machine AgingReason)" 's "module: /dev/kvm-swap is not there"'
told() { signals PropertiesChanged | grep -q '"Aging":{"type":"s","data":"mglru"}'; }
comes "which is told" told
reason_told() { signals PropertiesChanged | grep -q '"AgingReason":{"type":"s","data":"module: /dev/kvm-swap is not there"}'; }
comes "both of it" reason_told
tell 'aging web 3 '
comes "the best source has no such reason" has_property $web $i_machine AgingReason 's ""'

# The buckets: 0, then from 5 s on, doubling.
declare -A cold=([0]=1000 [1]=200 [8]=30 [15]=4) promoted=([0]=0 [1]=77 [8]=5 [15]=0)
wanted='sa(ttt) "module" 16' idle=0 sum=0
cold_usec=$(property $manager $i_manager ColdUSec)
cold_usec=${cold_usec#t }
for ((i = 0; i < 16; i++)); do
	wanted+=" $idle ${cold[$i]:-0} ${promoted[$i]:-0}"
	((idle < cold_usec)) || sum=$((sum + ${cold[$i]:-0}))
	idle=$((idle ? idle * 2 : 5000000))
done
for i in "${!cold[@]}"; do tell "ages web $i ${cold[$i]} ${promoted[$i]}"; done
comes "ColdBytes are those of the buckets from ColdUSec on" has_property $web $i_machine ColdBytes "t $sum"
is "the guest's own threshold is told besides" "$(property $web $i_machine ColdAgeUSec)" "t $((2 * cold_usec))"
is "Histogram has all buckets, and where they begin" "$(bus call $name $web $i_machine Histogram)" "$wanted"
like "the host tells how often memory is aged" "$(property $manager $i_manager AgingUSec)" '^t [0-9]+$'
is "and from when on it is cold" "$((cold_usec > 0 && sum < 1234))" 1

# Three callers at once, two of which look at the errors only.
bus call $name $web $i_machine Map >"$work/map" &
pids+=("$!")
wait_for_map web "$work/map.1"
wait_for_map web "$work/map.2"
comes "all who want a map ask for it" asked_for 3 web
is "nobody is answered before it is there" "$(cat "$work/map" "$work/map.1" "$work/map.2")" ''
is "and nobody else has to wait" "$(property $manager $i_manager Connected)" 'b true'
tell 'map web 8388608'
comes "then all are" says "$work/map" '.'
is "with blocks, ages, and where they are" "$(<"$work/map")" \
	'tta(tay) 2097152 5000000 2 0 2 0 254 4294967296 4 0 1 2 3'
comes "the second caller is answered" says "$work/map.1" '^none$'
comes "so is the third" says "$work/map.2" '^none$'
is "the caller of another guest still waits" "$(<"$work/slow")" ''
bus --json=short call $name $web $i_machine Map >"$work/map" &
pids+=("$!")
comes "a guest of 1 TiB" asked_for 4 web
tell 'map web 1099511627776'
comes "has its map, too" says "$work/map" '\}$'
is "of all its blocks" "$(tr -dc , <"$work/map" | wc -c)" $((524288 + 6))

# refused DESCRIPTION ANSWER REGEX - a caller who gets that answer from the engine sees that error
refused() {
	local n
	n=$(grep -c 'asked for a map of web$' "$work/daemon.log")
	wait_for_map web "$work/refused"
	comes "$1: it is asked" asked_for $((n + 1)) web
	tell "$2"
	comes "$1: and refused" says "$work/refused" "$3"
}
refused "a source that fails" 'map web 5' '^org.freedesktop.DBus.Error.Failed: .*"web".*Input/output error'
refused "a guest whose ages went away" 'map web 3' "$no_ages.*\"web\": it is not aged"
tell 'aging web 2 module: no such device'
refused "a source without guest addresses" 'map web 95' "$no_ages.*module kvm_swap.*damon \\(module: no such device\\)"
tell 'aging web 0 AgingInterval=0'
refused "no source at all" 'map web 95' "$no_ages.*\"web\": AgingInterval=0"
refused "a guest that goes" 'remove web' "$no_machine"
like "a guest that is gone is an unknown object" "$(error_of $web $i_machine Map)" '^org.freedesktop.DBus.Error.UnknownObject'
tell 'add web'
try has_property $web $i_machine Aging 's "none"'
n=$(grep -c 'asked for a map of web$' "$work/daemon.log")
wait_for_map web "$work/left"
comes "a caller" asked_for $((n + 1)) web
kill "$caller"
wait "$caller" 2>/dev/null || :
tell 'map web 8388608'
is "that leaves does no harm" "$(try has_property $web $i_machine Aging 's "none"' && echo yes)" yes

one_asks() { # HOW-OFTEN-BEFORE
	CALL_BEFORE=$1 "$(program tests/bus/call)" "$address" "$name" "$web" "$i_machine" Map
}
like "one caller may not wait for a ninth map" "$(one_asks 8)" '^org.freedesktop.DBus.Error.LimitsExceeded'
comes "but for the eight before" asked_for $((n + 9)) web
tell 'map web 8388608' 'aging web 1 eight'
comes "who are answered" has_property $web $i_machine AgingReason 's "eight"'
n=$((n + 8))

# 63 more are as many as may wait, with the one from the beginning.
for ((i = 0; i < 63; i++)); do
	wait_for_map web "$work/crowd.$i"
done
comes "many may wait" asked_for $((n + 64)) web
like "one more is turned away" "$(error_of $web $i_machine Map)" '^org.freedesktop.DBus.Error.LimitsExceeded'
tell 'map web 8388608'
crowd() { [[ $(cat "$work"/crowd.* | grep -c '^none$') == 63 ]]; }
comes "all of them are answered" crowd

comes "a source that never answers is waited for, but not for ever" says "$work/slow" \
	'^org.freedesktop.DBus.Error.Timeout: '

# The end: with something left to give back, the daemon takes its time.
wait_for_map web "$work/end"
comes "somebody waits while the daemon is ended" asked_for $((n + 65)) web
# What is told is read in the daemon's own time; the signal must not come before it.
tell 'left 1' 'aging web 1 read'
comes "with something left to give back" has_property $web $i_machine AgingReason 's "read"'
kill "$daemon_pid"
comes "and is told" says "$work/end" '^org.linux_kvm.Balloon1.Error.Stopping: '
like "nobody begins to wait any more" "$(error_of $web $i_machine Map)" '^org.linux_kvm.Balloon1.Error.Stopping: '
# The daemon may be gone before it has read all of it.
tell 'left 0' trigger || :
ends "$daemon_pid"
is "it ends well" "$status" 0
finish
