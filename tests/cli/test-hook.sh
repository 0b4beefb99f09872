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
# As libvirt writes it: metadata of others may look like anything.
cat >"$work/new.xml" <<'END'
<domain type='kvm'>
  <name>new</name>
  <metadata>
    <x:y xmlns:x='z'>
  <currentMemory unit='KiB'>1</currentMemory>
    </x:y>
  </metadata>
  <memory unit='KiB'>4194304</memory>
  <currentMemory unit='KiB'>1048576</currentMemory>
</domain>
END
start_bus
export DBUS_SYSTEM_BUS_ADDRESS=$address
mkdir "$work/bin"
ln -s "$(realpath "$ctl")" "$work/bin/kvm-balloonctl"
conf=$work/hook.conf
export KVMB_HOOK_CONF=$conf
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
hook_is 'unless the administrator wants it strict' 1 'hook: new: .*kvm-balloond is not running' new prepare begin
start_daemon kvm-balloond --root "$work/root" --uri "test://$work/node.xml" --state "$work/state.json"
comes 'the agent is there' has_property $manager $i_manager MachineCount 'u 1'
hook_is 'where there is room a machine is started' 0 '^$' new prepare begin
like 'it is held for it, as much as its definition says' "$(reservations)" '1 1 "new" "ready" 1073741824 1073741824 1[12][0-9]{7}$'
hook_is 'other calls do nothing' 0 '^$' new started begin
like 'nor end it' "$(reservations)" '"new" "ready"'
hook_is 'it ends with the machine' 0 '^$' new release end
comes 'and is gone' none
sed -i 's/^MemAvailable:.*/MemAvailable: 2000000 kB/' "$work/root/proc/meminfo"
began=$SECONDS
hook_is 'without room one is not started if that is wanted' 1 'new: .*there is no room for 1.0 GiB: reservation 2 is still pending' \
	new prepare begin
is 'which was waited for, not long' "$((SECONDS - began < 5))" 1
echo STRICT=no >>"$conf"
hook_is 'else it is, and that is told' 0 'new: .*there is no room for 1.0 GiB' new prepare begin
like 'the room is still being made, once' "$(reservations)" '^a\(ussttt\) 1 3 "new" "pending"'
sed -i '/<currentMemory/d' "$work/new.xml"
hook_is 'a definition without a size is no reason either' 0 'new: its definition does not tell its memory' new prepare begin
finish
