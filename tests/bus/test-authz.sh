#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may change what: root, others, with polkit saying yes, no or nothing, and without it. The bus has the
# policy that is installed. Another user is needed, so only root can run this.
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"

if ((EUID != 0)); then
	skip_test "who may change what" "needs root, to call as another user"
	finish
	exit 0
fi

fifo=$work/fifo
mkfifo "$fifo"
export KVMB_FAKE_ENGINE=$fifo
tell() { printf '%s\n' "$@" >"$fifo"; }
web=$manager/machine/web

start_bus
make_root "$work/root"
start_daemon tests/bus/fake-balloond --root "$work/root" --state "$work/state.json"
tell connect 'add web'
try has_property "$web" "$i_machine" Shares 'u 1000'

# What another user needs of the build, where he can read it.
cp "$(program tests/bus/call)" "$work/call"
chmod 0755 "$work/call"
other() { # UID OBJECT INTERFACE METHOD [SIGNATURE ARGUMENTS...]
	local uid=$1
	shift
	setpriv --reuid="$uid" --regid="$uid" --clear-groups "$work/call" "$address" "$name" "$@"
}
set_shares() { other "$1" "$web" "$i_machine" SetPolicy 'a{sv}' Shares u "$2"; }
# Users that every Debian has: dbus-daemon looks them up.
nobody=$(id -u nobody)
daemon_user=$(id -u daemon)
denied='^org.freedesktop.DBus.Error.AccessDenied'

is "everyone may read" "$(other "$nobody" "$web" "$i_machine" Explain)" none
tell 'aging web 3 ' 'ages web 0 1 0'
try has_property "$web" "$i_machine" Aging 's "module"'
is "and a histogram" "$(other "$nobody" "$web" "$i_machine" Histogram)" none
map_of() { other "$1" "$web" "$i_machine" Map; }
is "everyone may look for a machine" "$(other "$nobody" $manager $i_manager GetMachine s web)" none
like "without polkit others may not set a policy" "$(set_shares "$nobody" 5)" "$denied.*polkit is not there"
like "nor reclaim" "$(other "$nobody" "$web" "$i_machine" Reclaim t 4096)" "$denied"
persist() { # UID
	other "$1" "$web" "$i_machine" PersistPolicy 'a{sv}as' Shares u 77
}
like "nor write one into a definition" "$(persist "$nobody")" "$denied"
like "nor record" "$(other "$nobody" $manager $i_manager Record)" "$denied"
like "nor reserve memory" "$(other "$nobody" $manager $i_manager Reserve tts 1048576 1000000 x)" "$denied"
like "nor release it" "$(other "$nobody" $manager $i_manager Release u 7)" "$denied"
like "nor have a map" "$(map_of "$nobody")" "$denied.*polkit is not there"
like "nor reload" "$(other "$nobody" $manager $i_manager Reload)" "$denied"
is "nothing is changed" "$(property "$web" "$i_machine" Shares)" 'u 1000'
is "root may, without polkit" "$(error_of "$web" "$i_machine" SetPolicy 'a{sv}' Shares u 6)" none
like "what the bus policy does not list stays out" \
	"$(other "$nobody" "$web" org.freedesktop.DBus.Properties Set s x)" "$denied"

polkit() { # ANSWER
	if [[ -n ${polkit_pid-} ]]; then
		kill "$polkit_pid"
		wait "$polkit_pid" 2>/dev/null || :
	fi
	"$(program tests/bus/fake-polkit)" "$address" "$1" >"$work/polkit.log" 2>&1 &
	polkit_pid=$!
	pids+=("$polkit_pid")
	try has_name org.freedesktop.PolicyKit1
}

polkit yes
is "polkit's yes lets another user set a policy" "$(set_shares "$nobody" 7)" none
is "which is then set" "$(property "$web" "$i_machine" Shares)" 'u 7'
like "polkit was asked for the caller's connection" "$(<"$work/polkit.log")" \
	'^asked org.linux_kvm.Balloon1.set-policy for system-bus-name name :1\.[0-9]+, flags 0$'
is "reclaim, too" "$(other "$nobody" "$web" "$i_machine" Reclaim t 4096)" none
like "has its own action" "$(<"$work/polkit.log")" 'org.linux_kvm.Balloon1.reclaim '
is "reload, too" "$(other "$nobody" $manager $i_manager Reload)" none
like "has its own action" "$(<"$work/polkit.log")" 'org.linux_kvm.Balloon1.reload '
is "and a recording" "$(other "$nobody" $manager $i_manager Record)" none
like "has its own action" "$(<"$work/polkit.log")" 'org.linux_kvm.Balloon1.record '
is "and room for a guest" "$(other "$nobody" $manager $i_manager Reserve tts 1048576 1000000 x)" none
like "has its own action" "$(<"$work/polkit.log")" 'org.linux_kvm.Balloon1.reserve '
is "which also ends it" "$(other "$nobody" $manager $i_manager Release u 7)" none
is "by the same action" "$(grep -c 'org.linux_kvm.Balloon1.reserve ' "$work/polkit.log")" 2
persist "$nobody" >"$work/persist" &
pids+=("$!")
comes "writing into a definition, too" logged 'asked to write into web: 4, shares 77, without 0'
like "has its own action" "$(<"$work/polkit.log")" 'org.linux_kvm.Balloon1.persist-policy '
tell 'persisted 0'
comes "and is answered when libvirt has answered" grep -qx none "$work/persist"
comes "the journal names the user of that, too" logged "policy written into its definition over D-Bus by user $nobody"
map_of "$nobody" >"$work/map" &
pids+=("$!")
comes "a map, too" logged 'asked for a map of web'
like "has its own action" "$(<"$work/polkit.log")" 'org.linux_kvm.Balloon1.map '
tell 'map web 2097152'
comes "and is answered" grep -qx none "$work/map"
comes "the journal names the user" logged "policy changed over D-Bus by user $nobody"
is "polkit is not asked about root" \
	"$(error_of "$web" "$i_machine" SetPolicy 'a{sv}' Shares u 8; grep -c set-policy "$work/polkit.log")" $'none\n1'

polkit no
like "polkit's no is a no" "$(set_shares "$nobody" 9)" "$denied.*polkit does not allow it"
polkit challenge
like "where a password is wanted, the error says so" "$(set_shares "$nobody" 9)" \
	'^org.freedesktop.DBus.Error.InteractiveAuthorizationRequired'
is "nothing is changed by either" "$(property "$web" "$i_machine" Shares)" 'u 8'

polkit never
asked() { [[ $(grep -c "$1" "$work/polkit.log") == "$2" ]]; }
waiting=()
for ((i = 0; i < 8; i++)); do
	set_shares "$nobody" 10 >"$work/waiting.$i" &
	waiting+=("$!")
	pids+=("$!")
done
comes "callers wait while polkit thinks" asked set-policy 8
is "the daemon does not" "$(error_of "$web" "$i_machine" SetPolicy 'a{sv}' Shares u 11)" none
like "a ninth of the same user is turned away" "$(set_shares "$nobody" 10)" \
	'^org.freedesktop.DBus.Error.LimitsExceeded'
set_shares "$daemon_user" 12 >"$work/waiting.other" &
pids+=("$!")
comes "another user still gets through to polkit" asked set-policy 9
kill "${waiting[@]}"
wait "${waiting[@]}" 2>/dev/null || :
# Their guest leaves while they wait, and they have left themselves.
tell 'remove web' 'add web'
polkit yes
is "callers that left do no harm" "$(set_shares "$nobody" 13)" none

kill "$daemon_pid"
ends "$daemon_pid"
is "the daemon ends well" "$status" 0
finish
