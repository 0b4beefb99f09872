#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How the daemon begins, reloads and ends: a bus that is late or goes away, a second daemon, faults in the
# configuration and in the state file, signals.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
tell() { printf '%s\n' "$@" >"$fifo"; }
conf=$work/root/etc/kvm-balloond.conf
make_root "$work/root"
options=(--root "$work/root" --config "$conf" --state "$work/state.json")
address=unix:path=$work/bus

# Command lines and configurations that are wrong. run STATUS-DESCRIPTION STATUS TEXT OPTIONS...
run() {
	local what=$1 wanted=$2 text=$3 exe out status=0
	shift 3
	exe=$(program tests/bus/fake-balloond)
	out=$("$exe" "$@" 2>&1) || status=$?
	is "$what: status" "$status" "$wanted"
	like "$what: message" "$out" "$text"
}
run "an unknown option" 2 'frobnicate' --frobnicate
run "an argument" 2 'extra: no arguments are taken' extra
run "two tasks at once" 2 'only one of' --release --check-config
run "--version" 0 '^kvm-balloond [0-9]' --version
run "--help" 0 'bus-introspect' --help
run "--lift without limits" 0 '^$' --lift --root "$work/root"
mkdir -p "$work/root/run/kvm-balloond/limits" "$work/root/sys/fs/cgroup/a.scope"
echo 94371840 >"$work/root/sys/fs/cgroup/a.scope/memory.high"
printf '%s\n' 'kvm-balloond-limit 1' a.scope 104857600 94371840 1 >"$work/root/run/kvm-balloond/limits/uuid"
run "--lift with one whose agent has died" 0 '^$' --lift --root "$work/root"
is "puts back what was there before" "$(head -c 9 "$work/root/sys/fs/cgroup/a.scope/memory.high")" 104857600
is "and removes its record" "$(ls "$work/root/run/kvm-balloond/limits")" ''
run "--lift with the root of no host" 1 'a limit cannot be lifted: ' --lift --root "$work/nowhere"
run "--check-config without faults" 0 'no faults' --check-config --config "$conf"
printf '[Host]\nMode=pressure\nColour=red\n' >"$conf"
run "--check-config with a fault" 78 "^kvm-balloond: $conf:3: .*Colour" --check-config --config "$conf"
run "a start with a fault" 78 "^kvm-balloond: $conf:3: .*Colour" "${options[@]}"
is "the fault is one line" "$("$(program tests/bus/fake-balloond)" "${options[@]}" 2>&1 | wc -l)" 1
rm "$conf"

# A bus that is not there, comes, goes, and comes back.
launch tests/bus/fake-balloond "${options[@]}" --address "$address"
comes "without a bus the daemon says so" logged 'Cannot reach the bus: .*; going on without D-Bus'
comes "and works" logged 'Watching the host'
start_bus
comes "it finds the bus when there is one" has_name $name
tell connect 'add web'
comes "and shows its guests" has_property $manager/machine/web $i_machine Name 's "web"'
kill "$bus_pid"
comes "it survives the bus" logged 'The bus is gone'
wait "$bus_pid" || :
start_bus
comes "and finds the next one" has_name $name
is "with its guests" "$(property $manager/machine/web $i_machine Name)" 's "web"'
comes "it said that once each" logged 'D-Bus is there again'

# Another one beside it.
first=$daemon_pid
cp "$work/daemon.log" "$work/first.log"
launch tests/bus/fake-balloond "${options[@]}" --state "$work/second.json" --address "$address"
ends "$daemon_pid"
is "a second daemon ends" "$status" 1
is "and says why" "$(grep -c 'another kvm-balloond is running' "$work/daemon.log")" 1
daemon_pid=$first
is "the first goes on" "$(property $manager $i_manager MachineCount)" 'u 1'
kill -KILL "$daemon_pid"
ends "$daemon_pid"

# Reload.
start_daemon tests/bus/fake-balloond "${options[@]}"
is "the mode is the built-in one" "$(property $manager $i_manager Mode)" 's "pressure"'
printf '[Host]\nMode=observe\n' >"$conf"
is "Reload takes a good configuration" "$(error_of $manager $i_manager Reload)" none
comes "which is in force then" has_property $manager $i_manager Mode 's "observe"'
printf '[Host]\nMode=observe\n\n[Guest web]\nGuarantee=2G\nLimit=1G\n' >"$conf"
like "Reload refuses a bad one with file, line and what is wrong" "$(error_of $manager $i_manager Reload)" \
	"^org.linux_kvm.Balloon1.Error.InvalidConfig: $conf:[0-9]+: "
comes "the journal has it" logged "The old configuration stays in force: $conf:[0-9]+: "
is "the old one is in force" "$(property $manager $i_manager Mode)" 's "observe"'
printf '[Host]\nMode=off\n' >"$conf"
kill -HUP "$daemon_pid"
comes "SIGHUP reloads" has_property $manager $i_manager Mode 's "off"'
printf 'nonsense' >"$conf"
refused=$(grep -c 'stays in force' "$work/daemon.log")
more_refused() { (($(grep -c 'stays in force' "$work/daemon.log") > refused)); }
kill -HUP "$daemon_pid"
comes "SIGHUP with a fault is in the journal" more_refused
is "and the daemon lives on the old one" "$(property $manager $i_manager Mode)" 's "off"'
rm "$conf"

# The end.
kill "$daemon_pid"
ends "$daemon_pid"
is "SIGTERM ends the daemon well" "$status" 0
like "its state is kept" "$(<"$work/state.json")" '"guests"'
is "and nobody else may read it" "$(stat -c %a "$work/state.json")" 600

start_daemon tests/bus/fake-balloond "${options[@]}"
tell connect 'add web' 'left 2'
try has_property $manager $i_manager MachineCount 'u 1'
kill "$daemon_pid"
comes "while guests take memory back the daemon waits" has_property $manager $i_manager MachineCount 'u 1'
tell 'left 1' 'left 0'
ends "$daemon_pid"
is "it ends when all have" "$status" 0
comes "and says so" logged 'Everything is given back'

start_daemon tests/bus/fake-balloond "${options[@]}"
tell 'left 3' 'add web'
try has_property $manager $i_manager MachineCount 'u 1'
began=$SECONDS
kill "$daemon_pid"
try has_property $manager $i_manager MachineCount 'u 1'
kill "$daemon_pid"
ends "$daemon_pid"
is "a second SIGTERM ends it at once" "$status,$((SECONDS - began < 8))" 1,1

start_daemon tests/bus/fake-balloond "${options[@]}"
tell 'left 3' 'add web'
try has_property $manager $i_manager MachineCount 'u 1'
began=$SECONDS
kill "$daemon_pid"
ends "$daemon_pid"
is "guests that never answer are waited for, but not for ever" \
	"$status,$((SECONDS - began >= 9)),$((SECONDS - began < 20))" 1,1,1
comes "how many is in the journal" logged '3 guests have not taken their memory back in time'

# --release is that end alone, without a bus and whatever the configuration says.
printf 'nonsense' >"$conf"
launch tests/bus/fake-balloond "${options[@]}" --release
ends "$daemon_pid"
is "--release ends well" "$status" 0
comes "having given all back" logged 'Everything is given back'
rm "$conf"

# A state file that is no state.
echo '{ "guests": "none" }' >"$work/state.json"
start_daemon tests/bus/fake-balloond "${options[@]}"
comes "a state file that makes no sense is told of" logged "$work/state.json is not usable, starting afresh"
is "and set aside" "$(<"$work/state.json.bad")" '{ "guests": "none" }'
is "and the daemon works" "$(property $manager $i_manager Mode)" 's "pressure"'
tell 'add web'
try has_property $manager $i_manager MachineCount 'u 1'
rm -f "$work/state.json"
is "a policy that is set" "$(error_of $manager/machine/web $i_machine SetPolicy 'a{sv}' Shares u 5)" none
comes "is kept at once" test -s "$work/state.json"
kill "$daemon_pid"
ends "$daemon_pid"

rm -f "$work/state.json"
launch tests/bus/fake-balloond --root "$work/root" --dry-run --address "$address"
comes "a dry run says that it is one" logged 'dry run: nothing is done'
try has_name $name
is "and shows it" "$(property $manager $i_manager DryRun)" 'b true'
kill "$daemon_pid"
ends "$daemon_pid"
is "and ends well" "$status" 0
is "without a state of its own" "$(ls "$work/state.json" 2>/dev/null)" ''

# What a dry run remembers did not happen: not a word of it goes into a state that it was given.
start_daemon tests/bus/fake-balloond "${options[@]}"
tell connect 'add web'
try has_property $manager $i_manager MachineCount 'u 1'
is "a real run" "$(error_of $manager/machine/web $i_machine SetPolicy 'a{sv}' Shares u 5)" none
kill "$daemon_pid"
ends "$daemon_pid"
touch -d @1 "$work/state.json"
state_now() { echo "$(stat -c %i,%Y "$work/state.json") $(ls "$work"/state.json*)"; }
before=$(state_now)
start_daemon tests/bus/fake-balloond "${options[@]}" --dry-run
tell connect 'add web' 'result web 4096 4096 4096 0 0'
try has_property $manager $i_manager MachineCount 'u 1'
is "a dry run takes a policy" "$(error_of $manager/machine/web $i_machine SetPolicy 'a{sv}' Shares u 7)" none
is "and keeps it to itself" "$(state_now)" "$before"
kill "$daemon_pid"
ends "$daemon_pid"
is "at its end as well" "$(state_now)" "$before"
echo nonsense >"$work/state.json"
before=$(state_now)
start_daemon tests/bus/fake-balloond "${options[@]}" --dry-run
comes "it says that a state is broken" logged 'is not usable, starting afresh'
is "and leaves it where it is" "$(state_now)" "$before"
kill "$daemon_pid"
ends "$daemon_pid"

finish
