#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A guest's store on the bus, by an engine that obeys the test: what is out of it, what that takes, and
# memory that is lost, which is told loudly, once each time that there is more of it.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
# Of a daemon that is gone nobody would read it, ever.
tell() { timeout 60 bash -c 'printf "%s\n" "${@:2}" >"$1"' tell "$fifo" "$@"; }
web=$manager/machine/web
unknown='t 18446744073709551615'
lost='in its store could not be read back'
# losses N - so many entries of the journal are about memory that is lost
losses() { [[ $(grep -c "$lost" "$work/daemon.log") == "$1" ]]; }
of_web() { local all='' p; for p; do all+="$(property $web $i_machine "$p") "; done; echo "${all% }"; }

start_bus
make_root "$work/root"
start_daemon tests/bus/fake-balloond --root "$work/root" --state "$work/state.json"
watch_signals
tell connect 'add web'
comes "a guest without a store" has_property $web $i_machine BackendUsed 's "swap"'
is "for the host has swap" "$(of_web BackendReason Backend)" 's "has-swap" s "auto"'
is "of which nothing is known" "$(of_web FarBytes FarPoolBytes FarFaults FarIntegrityFailures FarFaultP99NSec)" \
	"$unknown $unknown $unknown $unknown $unknown"
is "as of the host's" "$(property $manager $i_manager HostFarBytes) $(property $manager $i_manager HostFarPoolBytes)" "$unknown $unknown"

tell 'store web 8388608 0'
comes "a store is used" has_property $web $i_machine BackendUsed 's "far"'
told() { signals PropertiesChanged | grep -q '"BackendReason":{"type":"s","data":"no-swap"}'; }
comes "which is told, with the reason" told
is "it says what is out" "$(of_web FarBytes FarSameFilledBytes FarOuts)" 't 8388608 t 1048576 t 10'
is "what that takes" "$(of_web FarStoredBytes FarPoolBytes FarMetadataBytes)" 't 2097152 t 4194304 t 4096'
is "how it is kept" "$(of_web FarCompressor FarEncrypted)" 's "zstd" b true'
is "what became of pages" "$(of_web FarFetched FarDropped FarDense)" 't 11 t 12 t 13'
is "without a fault there is no time of it" "$(of_web FarFaults FarFaultP50NSec FarFaultP99NSec)" "t 0 $unknown $unknown"
is "nothing is lost" "$(of_web FarIntegrityFailures)" 't 0'
is "and nothing is said of that" "$(grep -c "$lost" "$work/daemon.log" || :)" 0

tell 'store web 8388608 3'
comes "what is lost is a property" has_property $web $i_machine FarIntegrityFailures 't 3'
failures_told() { signals PropertiesChanged | grep -q '"FarIntegrityFailures":{"type":"t","data":3}'; }
comes "whose change is told" failures_told
comes "and an entry of the journal" logged 'web: memory in its store could not be read back as it was \(3 times more\)'
is "a fault's time is the bound of its bucket" "$(of_web FarFaults FarFaultP50NSec FarFaultP99NSec)" 't 3 t 8191 t 8191'
tell 'target web 4096'
comes "another change" has_property $web $i_machine TargetBytes 't 4096'
is "is no new loss" "$(grep -c "$lost" "$work/daemon.log")" 1
tell 'store web 8388608 4'
comes "one more is" losses 2
comes "by what came" logged 'read back as it was \(1 times more\)'
tell 'store web none'
comes "a store that cannot be read says nothing" has_property $web $i_machine FarIntegrityFailures "$unknown"
unknown_told() { signals PropertiesChanged | grep -q '"FarIntegrityFailures":{"type":"t","data":18446744073709551615}'; }
comes "which is told" unknown_told
tell 'store web 8388608 4'
comes "when it can be again" has_property $web $i_machine FarIntegrityFailures 't 4'
is "nothing more is lost" "$(grep -c "$lost" "$work/daemon.log")" 2
tell 'store web 0 1'
comes "a store that is made anew counts from the beginning" losses 3
like "all of its own" "$(grep "$lost" "$work/daemon.log" | tail -n 1)" '\(1 times more\)'
tell 'remove web' 'add web' 'store web 4096 1'
comes "what is lost already is told of a guest that comes" losses 4
finish
