#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Objects, properties, signals and errors on the bus, while an engine that obeys the test makes guests come
# and go. What the daemon shows is compared word by word.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
tell() { printf '%s\n' "$@" >"$fifo"; }

start_bus
make_root "$work/root"
start_daemon tests/bus/fake-balloond --root "$work/root" --state "$work/state.json"
watch_signals
web=$manager/machine/web
db=$manager/machine/db_2e1

is "before libvirt is there, it is not connected" "$(property $manager $i_manager Connected)" 'b false'
is "and says why" "$(property $manager $i_manager ConnectionError)" 's "not yet"'
like "Reclaim has its error then" "$(error_of $web $i_machine Reclaim t 4096)" 'UnknownObject'

tell connect 'add web' 'add db.1'
comes "a guest becomes an object" has_property $web $i_machine Name 's "web"'
comes "its name is encoded in the path" has_property $db $i_machine Name 's "db.1"'
comes "the guests are counted" has_property $manager $i_manager MachineCount 'u 2'
comes "the connection is shown" has_property $manager $i_manager Connected 'b true'
is "GetMachine finds a guest by name" \
	"$(bus call $name $manager $i_manager GetMachine s db.1)" "o \"$db\""
like "GetMachine names the error for an unknown one" \
	"$(error_of $manager $i_manager GetMachine s nobody)" '^org.linux_kvm.Balloon1.Error.NoSuchMachine: .*"nobody"'
like "an unknown path is an unknown object" \
	"$(error_of $manager/machine/nobody $i_machine Explain)" '^org.freedesktop.DBus.Error.UnknownObject'
like "so is a path that is no encoded name" \
	"$(error_of $manager/machine $i_machine Explain)" '^org.freedesktop.DBus.Error.Unknown'

managed=$(bus --json=short call $name $manager org.freedesktop.DBus.ObjectManager GetManagedObjects)
like "GetManagedObjects has one guest" "$managed" "\"$web\""
like "and the other" "$managed" "\"$db\""
like "with their properties" "$managed" '"UUID":\{"type":"s","data":"uuid-of-db.1"\}'

one_added() { (($(signals InterfacesAdded | grep -c "$1") == 1)); }
comes "InterfacesAdded is sent for a guest, once" one_added "$web"
comes "and for the other" one_added "$db"

is "sizes are bytes" "$(property $web $i_machine MaximumBytes)" "t $((2 << 30))"
is "unknown sizes are the largest number" "$(property $web $i_machine UnusedBytes)" "t 18446744073709551615"
is "a guest that reports what it frees is known" "$(property $web $i_machine FreePageReporting)" 'b true'
is "pressure is in permyriad" "$(property $web $i_machine PressureSome)" 'u 123'
is "net can be negative" "$(property $web $i_machine NetBytes)" 'x -8'
is "host pressure that is unknown is the largest number" "$(property $manager $i_manager HostPressureSome)" 'u 4294967295'
like "Explain gives sentences" "$(bus call $name $web $i_machine Explain)" 'Nothing is done to it'
like "DumpSample is JSON" "$(bus call $name $manager $i_manager DumpSample)" 'available_bytes'

# A mark in the stream of signals: all that was caused before it has been sent before it.
marks=7000
mark() {
	marks=$((marks + 1))
	tell "result web $marks 0 0 0 0"
	try grep -q "\"ActionDone\".*$marks" "$work/signals"
}
changes() { # OBJECT - lines of PropertiesChanged of it, since the last "reset"
	signals PropertiesChanged | tail -n +"$((seen + 1))" | grep "\"path\":\"$1\"" || (($? == 1))
}
reset() {
	mark
	seen=$(signals PropertiesChanged | wc -l)
}

reset
ticks=$(property $manager $i_manager Ticks)
more_ticks() { [[ $(property $manager $i_manager Ticks) != "$ticks" ]]; }
tell trigger
comes "a trigger makes a tick at once" more_ticks
mark
is "a tick that changes nothing tells nothing" "$(changes "$manager")$(changes "$web")" ''

reset
is "without an alarm there is no text" "$(property $manager $i_manager Alarm)" 's ""'
tell 'alarm 566-MiB-are-missing' trigger
comes "an alarm is shown" has_property $manager $i_manager Alarm 's "566-MiB-are-missing"'
mark
like "its change is told" "$(changes "$manager")" '"Alarm":\{"type":"s","data":"566-MiB-are-missing"\}'
comes "it is in the journal" logged 'The host runs out of memory: 566-MiB-are-missing'
tell 'alarm ' trigger
comes "it ends" has_property $manager $i_manager Alarm 's ""'
comes "which is told too" logged 'The alarm is over'

reset
tell 'ksm 4 begun' trigger
comes "that KSM runs is shown" has_property $manager $i_manager KSM 's "running"'
is "and what it saves" "$(property $manager $i_manager KSMSavedBytes)" 't 4096'
mark
like "its change is told" "$(changes "$manager")" '"KSM":\{"type":"s","data":"running"\}'
comes "it is in the journal" logged 'KSM running: begun'
tell 'ksm 2 stopped' trigger
comes "so is its end" logged 'KSM idle: stopped'
tell 'ksm 5 stopped' trigger
comes "and that somebody else runs it" logged 'KSM is set by somebody else and left alone'

reset
tell 'level 2' trigger
comes "the level is shown" has_property $manager $i_manager Level 's "hard"'
mark
is "its change is told once" "$(changes "$manager" | wc -l)" 1
like "with the new value" "$(changes "$manager")" '"Level":\{"type":"s","data":"hard"\}'
comes "and in the journal" logged 'Memory level hard, was relaxed'

reset
tell 'target web 4194304'
mark
like "a guest's new target is told" "$(changes $web)" '"TargetBytes":\{"type":"t","data":4194304\}'
is "and nothing else of it" "$(changes $web | grep -cE 'Shares|Mode|Excluded')" 0
is "nor of the other guest" "$(changes $db)" ''

reset
tell 'degrade web 23'
mark
like "a degraded guest is told" "$(changes $web)" '"Degraded":\{"type":"s","data":"no-effect"\}'
is "the host lists it" "$(property $manager $i_manager Degraded)" 'as 1 "web"'
comes "the journal has it" logged 'web: the last actions on the guest brought nothing'
tell 'degrade web 0'
comes "and that it recovered" logged 'web: actions have an effect again'
comes "the list is empty then" has_property $manager $i_manager Degraded 'as 0'

tell 'result db.1 1048576 524288 -77 -5 0'
comes "an action is a signal of the host" grep -q '"interface":"org.linux_kvm.Balloon1.Manager".*"data":\["db.1","reclaim","host-pressure",1048576,524288,-77,-5,"none","the test said so"\]' "$work/signals"
comes "and of the guest" grep -q "\"path\":\"$db\".*\"data\":\\[\"reclaim\",\"host-pressure\",1048576,524288,-77,-5,\"none\",\"the test said so\"\\]" "$work/signals"
comes "a failed one is in the journal with the error" logged 'db.1: reclaim of 1.0M failed: Input/output error'
tell 'result db.1 1048576 524288 0 -125 0'
comes "one that was cancelled has ended early, not failed" \
	logged 'db.1: reclaim ended early: asked 1.0M, got 512.0K: the test said so'
tell 'result db.1 1048576 524288 0 0 13'
comes "so has one that the guest's pressure stopped" \
	logged 'db.1: reclaim ended early: asked 1.0M, got 512.0K: the guest itself is under memory pressure'
tell 'result db.1 1048576 0 0 0 13'
comes "unless nothing was done before" \
	logged 'db.1: reclaim of 1.0M not done: the guest itself is under memory pressure'

set_policy() { error_of "$web" "$i_machine" SetPolicy 'a{sv}' "$@"; }
invalid='^org.linux_kvm.Balloon1.Error.InvalidPolicy: '
reset
is "SetPolicy takes all keys at once" "$(set_policy Guarantee t 67108864 Limit t 1073741824 \
	Shares u 42 Priority s high RefaultTarget u 1500 Mode s observe Backend s far)" none
is "the guarantee is set" "$(property $web $i_machine GuaranteeBytes)" 't 67108864'
is "the limit is set" "$(property $web $i_machine LimitBytes)" 't 1073741824'
is "the shares are set" "$(property $web $i_machine Shares)" 'u 42'
is "the priority is set" "$(property $web $i_machine Priority)" 's "high"'
is "the refault target is set, to the ppm" "$(property $web $i_machine RefaultTargetPPM)" 'u 1500'
is "the mode is set" "$(property $web $i_machine Mode)" 's "observe"'
is "the backend is set" "$(property $web $i_machine Backend)" 's "far"'
like "the values' source is shown" "$(property $web $i_machine PolicySources)" '"Shares" "runtime"'
mark
like "the change is told" "$(changes $web)" '"Shares":\{"type":"u","data":42\}'
comes "and in the journal, with who did it" logged "web: policy changed over D-Bus by user $EUID"
is "a limit of the largest number is none" "$(set_policy Limit t 18446744073709551615)" none
reset
like "an unknown key is named" "$(set_policy Colour s red)" "$invalid.*\"Colour\".*Guarantee, Limit"
like "a wrong type is named" "$(set_policy Shares t 5)" "$invalid.*Shares must be a number"
like "a negative size is a wrong type" "$(set_policy Guarantee x -1)" "$invalid.*Guarantee must be a size"
like "a word that does not exist is named with those that do" "$(set_policy Mode s aggressive)" "$invalid.*aggressive.*observe"
like "nor is there another backend" "$(set_policy Backend s zram)" "$invalid.*zram.*auto, swap, far"
like "no shares at all are refused" "$(set_policy Shares u 0)" "$invalid.*1 to 1000000"
like "a refault target above all memory is refused" "$(set_policy RefaultTarget u 1000001)" "$invalid.*RefaultTarget"
like "a guarantee above the limit is refused" "$(set_policy Guarantee t 2097152 Limit t 1048576)" "$invalid"
like "a key given twice is refused" "$(set_policy Shares u 1 Shares u 2)" "$invalid.*twice"
like "one bad value and nothing of the call is done" "$(set_policy Shares u 77 Mode s aggressive)" "$invalid"
is "nothing was changed by those" "$(property $web $i_machine Mode)$(property $web $i_machine GuaranteeBytes)" "s \"pressure\"t 0"
mark
is "nor told" "$(changes $web)" ''
like "another signature is refused" "$(error_of $web $i_machine SetPolicy s hello)" '^org.freedesktop.DBus.Error.InvalidArgs'
like "properties cannot be written" "$(error_of $web org.freedesktop.DBus.Properties Set s x)" \
	'^org.freedesktop.DBus.Error.(AccessDenied|InvalidArgs|PropertyReadOnly)'

# persist ARGUMENTS...: in the background, for its answer comes when the test says so; to $work/persist
persist() {
	error_of $web $i_machine PersistPolicy 'a{sv}as' "$@" >"$work/persist" &
	pids+=("$!")
}
answer_is() { grep -Eq "$1" "$work/persist"; }
persist Shares u 9 Guarantee t 1048576 -- Mode Limit
comes "PersistPolicy asks for what it was given" logged 'asked to write into web: 5, shares 9, without 22'
is "and is not answered before libvirt has answered" "$(<"$work/persist")" ''
is "while others are" "$(set_policy Shares u 43)" none
tell 'persisted 0'
comes "success is told" answer_is '^none$'
comes "the journal has it, with who did it" logged "web: policy written into its definition over D-Bus by user $EUID"
persist -- Priority
comes "taking away needs no values" logged 'asked to write into web: 0, shares 0, without 8'
tell 'persisted 5'
comes "a refusal is told in libvirt's words" \
	answer_is "^org.linux_kvm.Balloon1.Error.NotWritten: The definition is not changed: libvirt's words\$"
persist Shares u 10
comes "(asked again)" logged 'shares 10'
tell 'persisted 107'
comes "a connection that is gone has its own error" answer_is '^org.linux_kvm.Balloon1.Error.NotConnected: '
persist Shares u 11
comes "(asked again)" logged 'shares 11'
tell 'persisted 2'
comes "a guest that is gone, too" answer_is '^org.linux_kvm.Balloon1.Error.NoSuchMachine: '
refused() { error_of $web $i_machine PersistPolicy 'a{sv}as' "$@"; }
like "a bad value is refused at once" "$(refused Shares u 0)" "$invalid.*1 to 1000000"
like "so is an unknown key to take away" "$(refused -- Colour)" "$invalid.*\"Colour\""
like "and nothing at all" "$(refused)" "$invalid.*nothing to write"

is "nothing of the policy is at fault" "$(property $web $i_machine PolicyError)" 's ""'
reset
tell 'fault web the metadata do not count: because'
comes "what does not count is shown" has_property $web $i_machine PolicyError 's "the metadata do not count: because"'
mark
like "and told" "$(changes $web)" '"PolicyError":\{"type":"s","data":"the metadata do not count: because"\}'
comes "and in the journal" logged 'web: the metadata do not count: because'
tell 'target web 4096' 'target web 0'
mark
is "once" "$(grep -c 'web: the metadata do not count' "$work/daemon.log")" 1
tell 'fault web '
comes "until it counts again" has_property $web $i_machine PolicyError 's ""'

size='^org.linux_kvm.Balloon1.Error.InvalidSize'
is "Reclaim of a sensible size is taken" "$(error_of $web $i_machine Reclaim t 4096)" none
like "Reclaim of nothing is refused" "$(error_of $web $i_machine Reclaim t 0)" "$size"
like "Reclaim of more than there is is refused" "$(error_of $web $i_machine Reclaim t 18446744073709551615)" "$size"
like "Reclaim of a negative size is refused" "$(error_of $web $i_machine Reclaim x -1)" '^org.freedesktop.DBus.Error.InvalidArgs'
tell 'exclude web 1'
comes "an excluded guest is shown" has_property $web $i_machine Excluded 's "paused"'
like "Reclaim of it is refused and says why" "$(error_of $web $i_machine Reclaim t 4096)" '^org.linux_kvm.Balloon1.Error.Excluded: .*"web".*paused'
tell 'exclude web 0' 'disconnect libvirtd went away' trigger
comes "a lost connection is shown" has_property $manager $i_manager ConnectionError 's "libvirtd went away"'
like "Reclaim has its error then too" "$(error_of $web $i_machine Reclaim t 4096)" '^org.linux_kvm.Balloon1.Error.NotConnected'
comes "the journal has it" logged 'Not connected to libvirt: libvirtd went away; guests are left as they are'

tell 'absent ghost' trigger
comes "a configured guest that is absent is shown" has_property $manager $i_manager AbsentMachines 'as 1 "ghost"'
ticks=$(property $manager $i_manager Ticks)
tell trigger
try more_ticks
is "it is warned of once" "$(grep -c 'guest ghost' "$work/daemon.log")" 1
tell 'absent phantom' trigger
comes "another that is absent is warned of" logged 'guest phantom, which does not exist'

is "no guest is passed over" "$(property $manager $i_manager SkippedMachines)" 'u 0'
tell 'skip 3' trigger
comes "guests that are passed over are counted" has_property $manager $i_manager SkippedMachines 'u 3'
skipped_told() { signals PropertiesChanged | grep -q '"SkippedMachines"'; }
comes "and that is told" skipped_told

tell 'guaranteed 4' trigger
comes "what is guaranteed together is told" has_property $manager $i_manager GuaranteedBytes 't 4294967296'
is "guarantees that the host has are no news" "$(grep -c 'guaranteed to guests' "$work/daemon.log")" 0
tell 'guaranteed 999' trigger
comes "more than it has is warned of" logged '999.*G are guaranteed to guests together, the host has 8.*G: not all of it can be kept'
ticks=$(property $manager $i_manager Ticks)
tell trigger
try more_ticks
is "once" "$(grep -c 'guaranteed to guests' "$work/daemon.log")" 1

tell 'fail 5' trigger
comes "a tick that fails is in the journal" logged 'No decision could be made: Input/output error'
is "and the daemon lives" "$(property $manager $i_manager MachineCount)" 'u 2'
tell 'fail 0' trigger

tell 'remove db.1'
comes "InterfacesRemoved is sent for a guest that goes" grep -q "InterfacesRemoved.*$db.*$i_machine" "$work/signals"
like "its object is gone" "$(error_of $db $i_machine Explain)" '^org.freedesktop.DBus.Error.UnknownObject'
comes "and it is not counted" has_property $manager $i_manager MachineCount 'u 1'
tell 'remove web' 'add web'
is "a guest that is back has no old policy" "$(try has_property $web $i_machine Shares 'u 1000' && echo yes)" yes

finish
