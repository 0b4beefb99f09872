#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a daemon decided is decided again by replay: the real daemon on libvirt's test driver is recorded
# while its host, its policies and its configuration change. And recordings that nobody reads do no harm.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

conf=$work/root/etc/kvm-balloond.conf
record=$work/run.record
web=$manager/machine/web
ctl=$(program kvm-balloonctl)
make_root "$work/root"
make_node web 11111111-1111-1111-1111-111111111111 524288 Größe:1 22222222-2222-2222-2222-222222222222 262144 >"$work/node.xml"
printf '[Host]\nInterval=100ms\n[Guest web]\nShares=3000\n' >"$conf"

# record - in the background, to $record; $record_pid
record() {
	rm -f "$record"
	"$ctl" --address "$address" record "$record" >"$work/record.log" 2>&1 &
	record_pid=$!
	try test -s "$record"
}
# lines KIND N - so many lines of that kind are there
lines() { (($(grep -c "^{\"record\":\"$1\"" "$record") >= $2)); }
more_ticks() { # N - than there are now
	local wanted
	wanted=$(($(grep -c '^{"record":"tick"' "$record" || :) + $1))
	try lines tick "$wanted"
}
replay() { "$ctl" replay "$@" 2>&1; }

start_bus
start_daemon kvm-balloond --root "$work/root" --config "$conf" --uri "test://$work/node.xml" --state "$work/state.json"
try has_property $manager $i_manager MachineCount 'u 2'

record
more_ticks 2
sed -i 's/^MemAvailable:.*/MemAvailable:     100000 kB/' "$work/root/proc/meminfo"
try has_property $manager $i_manager Level 's "emergency"'
more_ticks 2
is "a policy that is set while it is recorded" "$(error_of $web $i_machine SetPolicy 'a{sv}' Guarantee t 134217728)" none
more_ticks 2
printf '[Host]\nInterval=100ms\nEmergencyAvailable=1%%\nHysteresis=0%%\n[Defaults]\nMode=observe\n' >"$conf"
is "and a configuration that is read again" "$(error_of $manager $i_manager Reload)" none
more_ticks 2
kill -INT "$record_pid"
ends "$record_pid"
is "Ctrl-C ends a recording well" "$status" 0
like "which tells how much there is" "$(<"$work/record.log")" '^[0-9]+ ticks recorded in '
is "only its owner may read it" "$(stat -c %a "$record")" 600
is "its last line says why it ends" "$(tail -n 1 "$record")" '{"record":"end","why":"interrupted"}'
comes "the other configuration is in it" lines config 1
n=$(grep -c '^{"record":"tick"' "$record")
is "replay makes the very plans that the daemon made" "$(replay "$record")" "$n ticks, $n identical, 0 different"
like "all plans can be seen" "$(replay --all "$record")" 'the same plan\.'$'\n''Level relaxed.*Level emergency'
replay --json --all "$record" >"$work/replayed"
is "as JSON lines, too" "$(grep -c '"Identical":true,"Recorded":{"now_ns":' "$work/replayed")" "$n"

# Something that only an altered line could have made.
sed '0,/"level":"emergency","need_bytes"/s//"level":"hard","need_bytes"/' "$record" >"$work/altered"
status=0
replay "$work/altered" >"$work/replayed" || status=$?
is "a plan that differs ends it with status 1" "$status" 1
like "is shown" "$(<"$work/replayed")" 'another plan\.'$'\n''The daemon decided:'$'\n''Level hard.*Decided now:'$'\n''Level emergency'
is "and counted" "$(tail -n 1 "$work/replayed")" "$n ticks, $((n - 1)) identical, 1 different"

printf '[Host]\nElevatedAvailable=90%%\nHardAvailable=80%%\nEmergencyAvailable=70%%\n' >"$work/other.conf"
status=0
replay --config "$work/other.conf" "$record" >"$work/replayed" || status=$?
is "with another configuration a difference is no failure" "$status" 0
like "but what was asked for" "$(<"$work/replayed")" 'Decided now:'$'\n''Level emergency'

head -c -200 "$record" | head -n -1 >"$work/cut"
status=0
replay "$work/cut" >"$work/replayed" || status=$?
is "a recording that breaks off is a failure" "$status" 1
like "that names the line" "$(<"$work/replayed")" "cut:$(($(wc -l <"$work/cut") + 1)): the recording breaks off here"
like "after what could be read" "$(<"$work/replayed")" ' identical, 0 different'
head -c 20000 "$record" >"$work/cut"
like "so is one that breaks off within a line" "$(replay "$work/cut" || :)" "cut:$(($(wc -l <"$work/cut") + 1)): the recording breaks off here"

# The end that was asked for, and the daemon's own.
is "so many ticks" "$("$ctl" --address "$address" record --ticks 3 - | grep -c '^{"record":"tick"')" 3
like "so many seconds" "$("$ctl" --address "$address" record --seconds 1 - | tail -n 1)" 'as many seconds'
record
is "a second one may run beside it" "$("$ctl" --address "$address" record --ticks 1 - | wc -l)" 3
kill -STOP "$daemon_pid" && kill -CONT "$daemon_pid"
kill "$daemon_pid"
ends "$record_pid"
is "the daemon's end is an early one" "$status" 1
like "and told" "$(<"$work/record.log")" 'the recording ended after [0-9]+ ticks?: kvm-balloond ended'
like "but a recording all the same" "$(replay "$record")" ' identical, 0 different$'
ends "$daemon_pid"

# One library decides for both: neither program has the policy itself.
daemon=$(program kvm-balloond)
for exe in "$daemon" "$ctl"; do
	what=${exe##*/}
	like "$what takes its decisions from elsewhere" "$(nm "$exe" | grep ' U kvmb_' || :)" ' U kvmb_(decide|engine_tick)'
	is "of which it has nothing itself" "$(nm "$exe" | grep -c ' [TtWw] kvmb_' || :)" 0
done
library() { ldd "$1" | awk '/libkvmballoon/ { print $3 }'; }
if library "$ctl" >/dev/null 2>&1 && [[ $(library "$ctl") ]]; then
	is "both have it from the same library" "$(library "$ctl")" "$(library "$daemon")"
else
	skip_test "both have it from the same library" "it is linked statically"
fi

# Readers that do not read, and such that leave.
fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
tell() { printf '%s\n' "$@" >"$fifo"; }
start_daemon tests/bus/fake-balloond --root "$work/root" --state "$work/fake.json"
tell connect
record
kill -STOP "$record_pid"
tell 'decide 40000'
comes "the daemon answers while nobody reads" has_property $manager $i_manager Connected 'b true'
kill -CONT "$record_pid"
ends "$record_pid"
is "a reader that is too slow loses the recording" "$status" 1
like "and is told" "$(<"$work/record.log")" 'the reader was too slow'
is "in its last line, too" "$(tail -n 1 "$record")" '{"record":"end","why":"the reader was too slow"}'
record
first=$record_pid
record=$work/second
record
like "a third one is refused" "$("$ctl" --address "$address" record - 2>&1 || :)" '2 recordings are under way'
kill -KILL "$first"
free_again() { "$ctl" --address "$address" record --seconds 1 -; }
comes "whoever dies makes room" free_again
kill "$record_pid"
ends "$record_pid"
is "SIGTERM ends a recording as Ctrl-C does" "$status,$(tail -n 1 "$record")" '0,{"record":"end","why":"interrupted"}'
kill "$daemon_pid"
ends "$daemon_pid"
is "the daemon ends well" "$status" 0
finish
