#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Room for a guest that is to be started: the real daemon and its engine on libvirt's test driver, with what
# the host has available written by the test.
# shellcheck disable=SC2317 # functions are called through comes
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

export LC_ALL=C.UTF-8
ctl=$(program kvm-balloonctl)
make_root "$work/root"
make_node web 11111111-1111-1111-1111-111111111111 524288 >"$work/node.xml"
printf '[Host]\nInterval=1min\nStale=5min\n[Defaults]\nGuarantee=128M\n' >"$work/root/etc/kvm-balloond.conf"
options=(--root "$work/root" --config "$work/root/etc/kvm-balloond.conf" --uri "test://$work/node.xml"
	--state "$work/state.json")
# available MIB - what the host has, of 8192; 15 % of that are 1228.8
available() {
	sed -i "s/^MemAvailable:.*/MemAvailable: $(($1 * 1024)) kB/" "$work/root/proc/meminfo"
}
reserve() { error_of $manager $i_manager Reserve tts "$@"; }
error=org.linux_kvm.Balloon1.Error
mib=$((1 << 20))

start_bus
start_daemon kvm-balloond "${options[@]}"
comes "the guests are there" has_property $manager $i_manager MachineCount 'u 1'
is "nothing is reserved" "$(property $manager $i_manager Reservations)" 'a(ussttt) 0'
watch_signals
available 4096

like "less than a mebibyte is refused" "$(reserve 4096 60000000 x)" "^$error.InvalidSize: Less than 1 MiB"
like "no time at all, too" "$(reserve $mib 0 x)" "^$error.InvalidTimeout: .* from 1 s to 1 h"
like "and more than an hour" "$(reserve $mib 3600000001 x)" "^$error.InvalidTimeout: "
like "a name that no guest can have" "$(reserve $mib 60000000 "$(printf '%0256d' 0)")" "^$error.NoSuchMachine: "
# 8192 MiB less 15 %, less the guarantee
like "what can never be had is refused, with what could be" "$(reserve $((7000 * mib)) 60000000 x)" \
	"^$error.NoRoom: .* 6\.6G \(7167[0-9]{6} bytes\)"
like "so is all there is" "$(reserve 18446744073709551615 60000000 x)" "^$error.NoRoom: "
is "nothing is reserved by any of these" "$(property $manager $i_manager Reservations)" 'a(ussttt) 0'

told() { signals ReservationChanged | grep -cF -- "$1" >/dev/null; }
is "what is there is given a number" "$(bus call $name $manager $i_manager Reserve tts $((1024 * mib)) 60000000 new)" 'u 1'
comes "the journal has who asked for it, and for what" logged "reservation 1 made over D-Bus by user $EUID: 1\.0G \(1073741824 bytes\) for new\$"
comes "and is ready without waiting for the next interval" told '[1,"new","ready",1073741824,1073741824]'
like "it is listed" "$(property $manager $i_manager Reservations)" '^a\(ussttt\) 1 1 "new" "ready" 1073741824 1073741824 [0-9]+$'
# 4096 MiB less 19 % of 8192, less what is reserved
like "what is reserved is not to spare" "$(property $manager $i_manager SpareBytes)" '^t 15891[0-9]{5}$'
available 2000
is "what is not there" "$(bus call $name $manager $i_manager Reserve tts $((2048 * mib)) 20000000 new)" 'u 2'
comes "takes the place of the earlier one of its name" told '[1,"new","released",1073741824,1073741824]'
comes "raises a relaxed host to elevated" has_property $manager $i_manager Level 's "elevated"'
kill -KILL "$daemon_pid"
ends "$daemon_pid"
start_daemon kvm-balloond "${options[@]}"
listed() { [[ $(property $manager $i_manager Reservations) == *"$1"* ]]; }
comes "after SIGKILL and a new start it is still there" listed '2 "new" "pending"'

available 4096
comes "and is ready when the host has it" told '[2,"new","ready",2147483648,2147483648]'
is "one that nobody uses" "$(bus call $name $manager $i_manager Reserve tts $((512 * mib)) 1000000 '')" 'u 3'
comes "ends with its time" told '[3,"","expired",536870912,536870912]'
is "another one is released" "$(error_of $manager $i_manager Release u 2)" none
comes "the journal has that, too" logged "reservation 2 released over D-Bus by user $EUID: 2\.0G \(2147483648 bytes\) for new\$"
comes "which is told" told '[2,"new","released",2147483648,2147483648]'
like "once" "$(error_of $manager $i_manager Release u 2)" "^$error.NoSuchReservation: "
comes "nothing is left" has_property $manager $i_manager Reservations 'a(ussttt) 0'

# run DESCRIPTION STATUS REGEX ARGUMENTS... of kvm-balloonctl
says() {
	local status=0 out
	out=$("$ctl" --address="$address" "${@:4}" 2>&1) || status=$?
	if ((status == $2)); then like "$1" "$out" "$3"; else fail "$1" "status $status: $out"; fi
}
says "reserve says what it is called" 0 '^reservation 4: 1\.0 GiB for db, pending$' reserve 1G --for=db --timeout=1h
says "status has it" 0 'Reserved: 4: 1\.0 GiB of 1\.0 GiB held for db, (pending|ready), .* left' status
says "release ends it" 0 '^$' release 4
says "reserve --wait waits until the room is there" 0 '^reservation 5: 1\.0 GiB, ready$' reserve 1G --wait
says "release --for, where there is none, has nothing to do" 0 '^$' release --for=db
(sleep 1.5 && available 8000) &
pids+=("$!")
says "also until it is made" 0 '^reservation 6: 4\.0 GiB for db, ready$' reserve 4G --wait=20s --for=db
says "release --for ends what is for that machine" 0 '^$' release --for=db
comes "and nothing else" listed '1 5 ""'
available 3000
says "what does not come in time is told" 1 'no room for 5\.5 GiB: reservation 7 is still pending' reserve 5.5G --for=db --wait=1s
says "nor before it ends" 1 'no room for 5\.5 GiB: reservation 8 has ended: expired' reserve 5.5G --for=db --wait --timeout=1s
says "what can never be had is refused" 1 'the most that can be reserved now is' reserve 8T --wait

finish
