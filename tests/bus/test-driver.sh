#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The real daemon with its real engine, on libvirt's own test driver and a copy of the files that a host
# shows. Needs neither root nor KVM.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

conf=$work/root/etc/kvm-balloond.conf
make_root "$work/root"
long=$(printf '%0300d' 0)
make_node web 11111111-1111-1111-1111-111111111111 524288 'Datenbank Größe:1' 22222222-2222-2222-2222-222222222222 262144 \
	"$long" 33333333-3333-3333-3333-333333333333 262144 >"$work/node.xml"
printf '[Host]\nInterval=200ms\n[Guest web]\nShares=3000\nPriority=high\n[Guest ghost]\nShares=1\n' >"$conf"
options=(--root "$work/root" --config "$conf" --uri "test://$work/node.xml" --state "$work/state.json")
web=$manager/machine/web

start_bus
start_daemon kvm-balloond "${options[@]}"
comes "the daemon connects to libvirt" has_property $manager $i_manager Connected 'b true'
comes "all guests of libvirt are there" has_property $manager $i_manager MachineCount 'u 2'
comes "but one whose name is too long, which is told" has_property $manager $i_manager SkippedMachines 'u 1'
odd=$(bus call $name $manager $i_manager GetMachine s 'Datenbank Größe:1')
like "a name with any character has an object" "$odd" '^o "/org/linux_kvm/Balloon1/machine/Datenbank_20[A-Za-z0-9_]+"$'
odd=${odd#o \"}
is "which tells the name" "$(bus --json=short get-property $name "${odd%\"}" $i_machine Name)" \
	'{"type":"s","data":"Datenbank Größe:1"}'
is "the UUID is libvirt's" "$(property $web $i_machine UUID)" 's "11111111-1111-1111-1111-111111111111"'
is "the state, too" "$(property $web $i_machine State)" 's "running"'
is "a copy of a host gives no trigger, and that is told" "$(property $manager $i_manager TriggerError)" \
	's "Operation not supported"'
is "host figures come from below --root" "$(property $manager $i_manager HostAvailableBytes)" "t $((4 << 30))"
is "the level is what they say" "$(property $manager $i_manager Level)" 's "relaxed"'
is "policy of the configuration is in force" "$(property $web $i_machine Shares)" 'u 3000'
like "and its source is told" "$(property $web $i_machine PolicySources)" '"Shares" "guest"'
comes "a configured guest that does not exist is shown" has_property $manager $i_manager AbsentMachines 'as 1 "ghost"'
comes "and warned of" logged 'guest ghost, which does not exist'
comes "the loop ticks" logged 'Watching the host'
ticks=$(property $manager $i_manager Ticks)
ticks=${ticks#t }
more_ticks() {
	local now
	now=$(property $manager $i_manager Ticks)
	((${now#t } > ticks + 3))
}
comes "again and again" more_ticks
like "a guest that is left alone has a reason" "$(property $web $i_machine Excluded)" '^s "[a-z-]+"$'
like "Reclaim of it is refused" "$(error_of $web $i_machine Reclaim t 4096)" '^org.linux_kvm.Balloon1.Error.(Excluded|InvalidSize): '
like "Explain has a sentence on it" "$(bus call $name $web $i_machine Explain)" '[a-z]+ [a-z]+.*\.'
like "DumpSample has the guests" "$(bus call $name $manager $i_manager DumpSample)" 'Datenbank'

is "a policy that is set" "$(error_of $web $i_machine SetPolicy 'a{sv}' Guarantee t 134217728)" none
comes "is in force" has_property $web $i_machine GuaranteeBytes 't 134217728'
like "as set at run time" "$(property $web $i_machine PolicySources)" '"Guarantee" "runtime"'
like "a contradiction to the configuration is refused" \
	"$(error_of $web $i_machine SetPolicy 'a{sv}' Limit t 1048576)" '^org.linux_kvm.Balloon1.Error.InvalidPolicy: '
persist() { error_of $web $i_machine PersistPolicy 'a{sv}as' "$@"; }
is "a policy that is written into the definition" "$(persist Guarantee t 268435456 RefaultTarget u 5000)" none
is "is read from there when that is answered" "$(property $web $i_machine RefaultTargetPPM)" 'u 5000'
like "as what it is" "$(property $web $i_machine PolicySources)" '"RefaultTarget" "metadata"'
is "and hides behind nothing that was set at run time" "$(property $web $i_machine GuaranteeBytes)" 't 268435456'
like "which is gone" "$(property $web $i_machine PolicySources)" '"Guarantee" "metadata"'
like "a contradiction to the configuration is not written" "$(persist Limit t 1048576)" \
	'^org.linux_kvm.Balloon1.Error.InvalidPolicy: '
is "a backend, too" "$(persist Backend s far)" none
is "which is in force" "$(property $web $i_machine BackendUsed)$(property $web $i_machine BackendReason)" 's "far"s "configured"'
like "from the definition" "$(property $web $i_machine PolicySources)" '"Backend" "metadata"'
like "and explained, for nobody offers a store here" "$(bus call $name $web $i_machine Explain)" \
	'What is cold goes nowhere: its backend is far, and there is no store for it'
is "it is taken away" "$(persist -- Backend)" none
is "and the host has swap" "$(property $web $i_machine BackendUsed)$(property $web $i_machine BackendReason)" 's "swap"s "has-swap"'
is "a value is taken away" "$(persist -- RefaultTarget)" none
is "and is the built-in one again" "$(property $web $i_machine RefaultTargetPPM)" 'u 2000'
like "the other stays" "$(property $web $i_machine PolicySources)" '"Guarantee" "metadata"'
like "nothing at all is refused" "$(persist)" '^org.linux_kvm.Balloon1.Error.InvalidPolicy: '
like "so is a key that there is not" "$(persist -- Colour)" '^org.linux_kvm.Balloon1.Error.InvalidPolicy: .*"Colour"'
is "a policy that is set at run time again" "$(error_of $web $i_machine SetPolicy 'a{sv}' Guarantee t 134217728)" none
kill -KILL "$daemon_pid"
ends "$daemon_pid"
start_daemon kvm-balloond "${options[@]}"
comes "after SIGKILL and a new start it still is" has_property $web $i_machine GuaranteeBytes 't 134217728'

sed -i 's/^MemAvailable:.*/MemAvailable:     100000 kB/' "$work/root/proc/meminfo"
comes "a host short of memory raises the level" has_property $manager $i_manager Level 's "emergency"'
comes "which the journal has" logged 'Memory level emergency, was'
sed -i 's/^MemAvailable:.*/MemAvailable: lots/' "$work/root/proc/meminfo"
comes "figures that make no sense stop decisions, not the daemon" logged 'No decision could be made'
sed -i 's/^MemAvailable:.*/MemAvailable:     4194304 kB/' "$work/root/proc/meminfo"
ticks=$(property $manager $i_manager Ticks)
ticks=${ticks#t }
comes "which go on when they do" more_ticks
printf '[Host]\nInterval=200ms\n[Class w*]\nPriority=low\nLimit=max\n[Guest web]\nShares=17\n' >"$conf"
is "a reload" "$(error_of $manager $i_manager Reload)" none
comes "changes policies" has_property $web $i_machine Shares 'u 17'
comes "of classes, too" has_property $web $i_machine Priority 's "low"'
like "with the pattern" "$(property $web $i_machine PolicySources)" '"Priority" "class:w\*"'
is "nothing is at fault" "$(property $web $i_machine PolicyError)" 's ""'
printf '[Host]\nInterval=200ms\n[Class w*]\nLimit=2G\n[Class ?eb]\nGuarantee=3G\n[Guest web]\nShares=17\n' >"$conf"
is "a reload with classes that meet in a guest and contradict each other" "$(error_of $manager $i_manager Reload)" none
faulty() { [[ $(property $web $i_machine PolicyError) == *'Guarantee=3G is above Limit=2G'*', so [Class ?eb] does not count'* ]]; }
comes "is told" faulty
comes "in the journal, too" logged 'web: Guarantee=3G is above .*, so \[Class .eb\] does not count'
comes "and the absent" has_property $manager $i_manager AbsentMachines 'as 0'
printf '[Host]\nInterval=200ms\nMetadata=no\n' >"$conf"
is "a reload that switches metadata off" "$(error_of $manager $i_manager Reload)" none
like "lets none be written" "$(persist Shares u 5)" '^org.linux_kvm.Balloon1.Error.NotWritten: .*Metadata=no'
began=$SECONDS
kill "$daemon_pid"
ends "$daemon_pid"
is "SIGTERM ends it well, at once where nothing was taken" "$status,$((SECONDS - began < 8))" 0,1

# libvirt that is not there.
start_daemon kvm-balloond --root "$work/root" --uri "qemu+unix:///system?socket=$work/nowhere" --state "$work/state.json"
not_connected() { [[ $(property $manager $i_manager ConnectionError) == *nowhere* ]]; }
comes "without libvirt the daemon says what is missing" not_connected
is "and waits" "$(property $manager $i_manager Connected)" 'b false'
kill "$daemon_pid"
ends "$daemon_pid"
is "and ends well" "$status" 0

# A host with cgroup v1.
rm "$work/root/sys/fs/cgroup/cgroup.controllers"
mkdir -p "$work/root/sys/fs/cgroup/memory"
launch kvm-balloond "${options[@]}"
ends "$daemon_pid"
is "a host with cgroup v1 ends it with status 78" "$status" 78
is "in one line" "$(wc -l <"$work/daemon.log")" 1
comes "that is clear" logged 'no cgroup v2 memory controller'

finish
