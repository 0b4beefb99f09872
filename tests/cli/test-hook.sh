#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The hook of libvirt as libvirt calls it, with the real kvm-balloonctl and the real daemon; and with none.
# shellcheck disable=SC2317 # functions are called through comes
set -euo pipefail
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/../bus/lib.sh"

export LC_ALL=C.UTF-8
ctl=$(program kvm-balloonctl)
hook=$top_srcdir/data/libvirt-hook
make_root "$work/root"
make_node web 11111111-1111-1111-1111-111111111111 524288 >"$work/node.xml"
# definition METADATA [BACKING] [DEVICE] - of the machine "new", as libvirt writes it: what others have put into
# its metadata may look like anything.
definition() {
	cat >"$work/new.xml" <<-END
	<domain type='kvm'>
	  <name>new</name>
	  <metadata>
	    <x:y xmlns:x='z'>
	$1
	    </x:y>
	  </metadata>
	  <memory unit='KiB' dumpCore='off'>2097152</memory>
	  <currentMemory unit='KiB'>1048576</currentMemory>
	${2:+  <memoryBacking>
	    $2
	  </memoryBacking>}
	  <devices>
	    <hostdev mode='subsystem' type='usb' managed='no'>
	    </hostdev>
	${3:+    $3}
	  </devices>
	</domain>
	END
}
definition "  <currentMemory unit='KiB'>1</currentMemory>"
start_bus
export DBUS_SYSTEM_BUS_ADDRESS=$address
mkdir "$work/bin"
ln -s "$(realpath "$ctl")" "$work/bin/kvm-balloonctl"
conf=$work/hook.conf
export KVMB_HOOK_CONF=$conf
export KVMB_HOOK_RUN=$work/run
echo WAIT=1s >"$conf"

# hook_is DESCRIPTION STATUS REGEX MACHINE OPERATION PHASE - it ends so, and says so on standard error
hook_is() {
	local status=0 said
	said=$(PATH=$work/bin:$PATH "$hook" "$4" "$5" "$6" - <"$work/$4.xml" 2>&1 >"$work/out") || status=$?
	if ((status == $2)) && [[ ! -s $work/out ]]; then
		like "$1" "$said" "$3"
	else
		fail "$1" "status $status: $said"$'\n'"$(<"$work/out")"
	fi
}
reservations() { property $manager $i_manager Reservations; }
none() { [[ $(reservations) == 'a(ussttt) 0' ]]; }

hook_is 'without the agent a machine is started all the same' 0 'hook: new: .*kvm-balloond is not running' new prepare begin
hook_is 'and ended' 0 '^$' new release end
echo STRICT=yes >>"$conf"
hook_is 'also where only room is a reason to start one' 0 'hook: new: .*kvm-balloond is not running' new prepare begin
config=$work/root/etc/kvm-balloond.conf
agent() {
	start_daemon kvm-balloond --root "$work/root" --config "$config" --state "$work/state.json" --uri "$1"
}
# With the host libvirt starts machines before it answers anybody.
: >"$config"
agent "test://$work/not-yet.xml"
hook_is 'so it is before libvirt has told the agent its machines' 0 'hook: new: .*libvirt has not told the guests yet' \
	new prepare begin
kill "$daemon_pid"
ends "$daemon_pid"
printf '[Host]\nMode=observe\n' >"$config"
agent "test://$work/node.xml"
comes 'an agent that only observes is there' has_property $manager $i_manager MachineCount 'u 1'
hook_is 'it makes no room, which is none to wait for' 0 'hook: new: .*The agent takes nothing from anybody' new prepare begin
is 'nor are others to be asked for it' "$(reservations)" 'a(ussttt) 0'
: >"$config"
bus call $name $manager $i_manager Reload
comes 'it acts' has_property $manager $i_manager Mode 's "pressure"'
hook_is 'where there is room a machine is started' 0 '^$' new prepare begin
like 'it is held for it, as much as its definition says' "$(reservations)" '1 1 "new" "ready" 1073741824 1073741824 1[12][0-9]{7}$'
hook_is 'other calls do nothing' 0 '^$' new started begin
like 'nor end it' "$(reservations)" '"new" "ready"'
hook_is 'it ends with the machine' 0 '^$' new release end
comes 'and is gone' none

only() { [[ $(reservations) == "a(ussttt) 1 "*"$1"* ]]; }
says() { "$ctl" "$@" >/dev/null; }
says reserve 2G --for=new --timeout=1h
hook_is 'what the administrator has reserved for it does as well' 0 '^$' new prepare begin
like 'and stays as it is' "$(reservations)" '^a\(ussttt\) 1 2 "new" "ready" 2147483648 2147483648 3[0-9]{9}$'
hook_is 'also when the start fails' 0 '^$' new release end
like 'for the hook ends what is its own' "$(reservations)" '^a\(ussttt\) 1 2 "new" '
says release 2
says reserve 512M --for=new --timeout=1h
hook_is 'less than it needs does not do' 0 '^$' new prepare begin
comes 'and is replaced' only '4 "new" "ready" 1073741824'
says reserve 256M --for=new --timeout=1h
comes 'what an administrator asks for later replaces that' only '5 "new" "ready" 268435456'
hook_is 'which ends' 0 '^$' new release end
comes 'and only that' only '5 "new" "ready" 268435456'
says release 5
comes 'nothing is reserved' none

# reserves DESCRIPTION KIB - for the machine as it is defined now
reserves() {
	hook_is "$1" 0 '^$' new prepare begin
	comes "$1: so much is held" only "\"new\" \"ready\" $(($2 << 10))"
	hook_is "$1: until its end" 0 '^$' new release end
	comes "$1: then nothing" none
}
definition "<![CDATA[
  </metadata>
  <memory unit='KiB'>2048</memory>
  <currentMemory unit='KiB'>2048</currentMemory>
    <hugepages/>
]]>"
reserves 'metadata that look like a definition' 1048576
definition '' '<locked/>'
reserves 'locked memory is there from the start' 2097152
definition '' '' "<hostdev mode='subsystem' type='pci' managed='yes'>"
reserves 'so it is for a device of the host' 2097152
definition '' '<hugepages/>'
hook_is 'huge pages of a pool are no memory of anybody else' 0 '^$' new prepare begin
is 'so nothing is reserved for them' "$(reservations)" 'a(ussttt) 0'

definition ''
sed -i 's/^MemAvailable:.*/MemAvailable: 2000000 kB/' "$work/root/proc/meminfo"
began=$SECONDS
hook_is 'without room one is not started if that is wanted' 1 'new: .*there is no room for 1.0 GiB: reservation [0-9]+ is still pending' \
	new prepare begin
is 'which was waited for, not long' "$((SECONDS - began < 5))" 1
hook_is 'nor one for which room is being made already' 1 'new: .*reservation [0-9]+, which was there, is still pending' new prepare begin
echo STRICT=no >>"$conf"
hook_is 'else it is, and that is told' 0 'new: .*there is no room for 1.0 GiB' new prepare begin
like 'the room is still being made, once' "$(reservations)" '^a\(ussttt\) 1 [0-9]+ "new" "pending"'
sed -i '/<currentMemory/d;/<memory/d' "$work/new.xml"
hook_is 'a definition without a size is no reason either' 0 'new: its definition does not tell its memory' new prepare begin

definition ''
echo STRICT=yes >>"$conf"
kill -STOP "$daemon_pid"
began=$SECONDS
hook_is 'an agent that hangs is no reason' 0 'hook: new: .*see: journalctl' new prepare begin
is 'and holds up a start for no longer than room may take' "$((SECONDS - began < 5))" 1
echo 9 >"$work/run/new.id"
began=$SECONDS
hook_is 'nor does it hold up an end' 0 '^$' new release end
is 'for more than some seconds' "$((SECONDS - began < 9))" 1
kill -CONT "$daemon_pid"
finish
