#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonctl and the real daemon understand each other: guests of libvirt's test driver, a copy of
# a host's files, the policy of the bus that is installed.
# shellcheck disable=SC2317 # functions are called through comes
set -euo pipefail
# shellcheck source=tests/bus/lib.sh
. "${BASH_SOURCE[0]%/*}/../bus/lib.sh"

export LC_ALL=C.UTF-8
ctl=$(program kvm-balloonctl)
make_root "$work/root"
make_node web 11111111-1111-1111-1111-111111111111 524288 'Datenbank Größe:1' 22222222-2222-2222-2222-222222222222 262144 >"$work/node.xml"

# run ARGUMENTS...: $out has what it printed, both streams, and $status how it ended
run() {
	status=0
	out=$(COLUMNS=80 "$ctl" --address="$address" "$@" 2>&1) || status=$?
}
# says DESCRIPTION STATUS REGEX ARGUMENTS...
says() {
	run "${@:4}"
	if ((status == $2)); then like "$1" "$out" "$3"; else fail "$1" "status $status: $out"; fi
}
connected() {
	"$ctl" --address="$address" status web
}

start_bus
start_daemon kvm-balloond --root "$work/root" --uri "test://$work/node.xml" --state "$work/state.json"
comes 'the machines are there' connected
says 'list has both' 0 $'Datenbank Größe:1 .* 256 MiB .*\nweb .* 512 MiB' list
says 'list leaves out what is known of none' 0 '^NAME +RESIDENT +BALLOON' list
says 'list --names, too' 0 $'^Datenbank Größe:1\nweb$' list --names
says 'status of the host' 0 '4.0 GiB available of 8.0 GiB' status
says 'without advice it says why' 0 'Overcommit: - times; no advice: what the host itself uses is not known' status
says 'status of a machine' 0 '512 MiB of 512 MiB' status web
says 'an odd name is found' 0 'Machine: Datenbank Größe:1' status 'Datenbank Größe:1'
says 'explain' 0 'web' explain web
says 'top' 0 $'level relaxed .*\nweb .* 512M' top --once
run status --json
# What the guests of the test driver use nobody knows, so that there is no advice; its host has no KSM and no stores.
if grep -vE 'Ratio|AdviceConfidence|KSMSavedBytes|HostFar' <<<"$out" | grep null; then
	fail 'every property of the manager is there' "$out"
else
	pass 'every property of the manager is there'
fi
# members JSON-LINES..., properties INTERFACE: the names, ordered
members() { sed -nE 's/^  "([A-Za-z]+)": .*/\1/p' <<<"$1" | sort; }
properties() {
	"$(program kvm-balloond)" --bus-introspect | sed -n "/<interface name=\"$1\">/,/<\/interface>/p" |
		sed -nE 's/.*<property name="([A-Za-z]+)".*/\1/p' | sort
}
is "and by its name, all that the bus has" "$(members "$out")" "$(properties $i_manager)"
run status web --json
is "so are those of a machine" "$(members "$out")" "$(properties $i_machine)"
unread=$(grep -c null <<<"$out" || :)
known='ResidentBytes|ColdBytes|SwapBytes|UnusedBytes|UsableBytes|CachesBytes|StatsAgeUSec|Refaults|PressureSome|PressureFull|OOMKills|LimitBytes|Far[A-Za-z0-9]+'
is 'what is null of a machine is what cannot be known of it' "$(grep -cE "\"($known)\": null" <<<"$out")" "$unread"

says 'set' 0 '^$' set web Guarantee=64M Limit=1G Shares=5 Priority=high RefaultTarget=0.3% Mode=proactive Backend=far
changed=$'Guarantee +64 MiB set at run time\nLimit +1.0 GiB set at run time\nShares +5 set at run time
Priority +high set at run time\nRefaultTarget +0.3 % set at run time\nMode +proactive set at run time\nBackend +far set at run time'
says 'and what was set is in force' 0 "$changed" status web
says 'the limit can be taken away' 0 '^$' set web Limit=max
says 'and is' 0 'Limit +max' status web
says 'a contradiction is refused in the words of the library' 1 'Guarantee' set web Guarantee=2G Limit=1G
says 'a size above all is refused' 1 '^kvm-balloonctl: ' reclaim web 999T
says 'reload' 0 '^$' reload
says 'no such machine is 3' 3 "there is no machine 'nope'" explain nope
if ((EUID == 0)) && command -v setpriv >/dev/null; then
	cp "$ctl" "$top_builddir/.libs/libkvmballoon.so.0" "$work/"
	for verb in 'set web Shares=9' 'reclaim web 1M' reload; do
		status=0
		# shellcheck disable=SC2086
		out=$(LD_LIBRARY_PATH=$work setpriv --reuid="$(id -u nobody)" --clear-groups \
			"$work/${ctl##*/}" --address="$address" $verb 2>&1 </dev/null) || status=$?
		is "$verb by anybody is 4" "$status" 4
		like 'with advice' "$out" 'try it as root'
	done
	says 'nothing was changed by it' 0 'Shares +5 ' status web
else
	skip_test 'what others may not' 'needs root, to call as another user'
fi
kill "$daemon_pid"
ends "$daemon_pid"
says 'no daemon is 5' 5 'not running; start it with: systemctl start kvm-balloond' list
finish
