#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the verbs of kvm-balloonctl print, and how they fail, against the mock.
# shellcheck disable=SC2317 # functions are called through ok and golden
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

start_bus
fails 5 'kvm-balloond is not running; start it with: systemctl start kvm-balloond' "$ctl" list
fails 5 'kvm-balloond is not running' "$ctl" status
fails 5 'kvm-balloond is not running' "$ctl" monitor
fails 5 'kvm-balloond is not running' "$ctl" top
fails 5 'kvm-balloond is not running' "$ctl" set web-01 Mode=off
fails 5 'cannot reach that bus' "$ctl" --address="unix:path=$scratch/none" list
fails 5 'cannot reach the system bus' env DBUS_SYSTEM_BUS_ADDRESS="unix:path=$scratch/none" "$ctl" list
start_mock 0

hostile=$'\e[31mred\e[2J\r\n\u202egnp\u200d.exe'
narrow=(env COLUMNS=80 "$ctl")
golden list.txt "${narrow[@]}" list
golden list-names.txt "$ctl" list --names
golden list-wide.txt "$ctl" list
golden list-100.txt env COLUMNS=100 "$ctl" list
golden list-ascii.txt env LC_ALL=C COLUMNS=80 "$ctl" list
golden list-colour.txt "${narrow[@]}" list --colour=always
golden list.json "$ctl" list --json
golden status.txt "${narrow[@]}" status
golden status.json "$ctl" status --json
golden status-web.txt "${narrow[@]}" status web-01
golden status-web.json "$ctl" status web-01 --json
golden status-db.txt "${narrow[@]}" status db-01
golden status-windows.txt "${narrow[@]}" status windows
golden status-hostile.txt "${narrow[@]}" status "$hostile"
golden explain.txt "${narrow[@]}" explain web-01
golden explain.json "$ctl" explain web-01 --json
golden reclaim.txt "$ctl" reclaim web-01 64M
golden reserve.txt "$ctl" reserve 1.5G --for="$hostile" --wait
golden reserve.json "$ctl" reserve 512M --timeout=2min --json

# prints_none PATTERN COMMAND...: it succeeds, says something, and PATTERN is not in it
prints_none() {
	"${@:2}" >"$scratch/plain" || return 1
	[[ -s $scratch/plain ]] && ! LC_ALL=C grep -n "$1" "$scratch/plain"
}
# Escape sequences, colours, cursor movements: nothing of it in anything that is printed plainly.
for verb in list status 'list --json' 'list --names' 'top --once' 'status --json' 'explain web-01'; do
	# shellcheck disable=SC2086
	ok "$verb prints no control character" prints_none $'[\x01-\x09\x0b-\x1f\x7f]' "$ctl" $verb
	# shellcheck disable=SC2086
	ok "$verb prints no mark that reorders text" prints_none $'\u202e\\|\u200d' "$ctl" $verb
done
forced() {
	NO_COLOR=1 "$ctl" list --colour=always | grep -c $'\e\[31m'
}
ok '--colour=always is stronger than NO_COLOR' forced

on_80() {
	printf 'exit %d\n' "$1" | "$on_screen" 80 60 "${@:2}"
}
for verb in list status 'status web-01' 'status db-01' 'explain web-01' 'top --once' --help; do
	# shellcheck disable=SC2086
	ok "$verb fits 80 columns of a terminal" on_80 0 "$ctl" $verb
done
# on_terminal VARIABLE=VALUE: list as a terminal gets it
on_terminal() {
	script -qec "stty cols 80 rows 60; env $1 $ctl list" /dev/null </dev/null
}
coloured() {
	on_terminal "$1" | grep -c $'\e\[31m'
}
if command -v script >/dev/null; then
	ok 'a terminal gets colours' coloured A=b
	ok 'not with NO_COLOR' prints_none $'\e\[31m' on_terminal NO_COLOR=1
	ok 'not with TERM=dumb' prints_none $'\e\[31m' on_terminal TERM=dumb
fi

fails 3 "there is no machine 'nope'; see: kvm-balloonctl list" "$ctl" status nope
fails 3 "there is no machine 'nope'" "$ctl" explain nope
fails 3 "there is no machine 'nope'" "$ctl" set nope Mode=off
fails 3 "there is no machine 'nope'" "$ctl" reclaim nope 1M
fails 3 "there is no machine '\\xff\\x1b[31m'" "$ctl" status $'\xff\e[31m'
fails 3 "there is no machine ''" "$ctl" status ''
fails 4 'is not allowed; try it as root' "$ctl" set db-01 Mode=off
fails 1 'Guarantee is above what the machine has' "$ctl" set web-01 Guarantee=512G
fails 1 'More than the machine has' "$ctl" reclaim web-01 5T
fails 1 'idle is left alone: paused' "$ctl" reclaim idle 5M
fails 1 "unknown key 'Mod'; the old configuration stays in force" "$ctl" reload
ok 'reload the second time' "$ctl" reload
fails 1 'there is no room for 512 MiB: reservation 5 is still pending' "$ctl" reserve 512M --wait=1s
fails 1 'there is no room for 2.0 GiB: reservation 5 has ended: expired' "$ctl" reserve 2G --wait=1h
fails 1 'the most that can be reserved now' "$ctl" reserve 65G
fails 1 'no such reservation' "$ctl" release 4
ok 'release' "$ctl" release 3
ok 'release --for one that is there' "$ctl" release --for=$'old-\e[5mvm'
ok 'release --for one that is not' "$ctl" release --for=web-01
fails 3 "there is no machine '\\xff'" "$ctl" reserve 1G --for=$'\xff'
fails 2 "'0' is not a size" "$ctl" reserve 0
fails 2 "'-1G' is not a size" "$ctl" reserve -- -1G
fails 2 '--timeout takes a time, as in 90s, 5min or 1h' "$ctl" reserve 1G --timeout=0
ok 'minutes as in the configuration' "$ctl" reserve 1G --timeout=5m
fails 2 '--timeout takes a time' "$ctl" reserve 1G --timeout=5d
fails 2 '--timeout takes 1s to 1h' "$ctl" reserve 1G --timeout=2h
fails 2 '--wait takes a time' "$ctl" reserve 1G --wait=25h
fails 2 'less than 1M is not reserved' "$ctl" reserve 512K
fails 2 'reserve takes --at-least with --for only' "$ctl" reserve 1G --at-least
golden reserve-kept.txt "$ctl" reserve 1536M --for=$'old-\e[5mvm' --at-least --wait
golden reserve-kept.json "$ctl" reserve 1M --for=$'old-\e[5mvm' --at-least --json
golden reserve-more.txt "$ctl" reserve 1537M --for=$'old-\e[5mvm' --at-least --wait
fails 2 '--timeout takes a time' "$ctl" reserve 1G --timeout=99999999999999999999h
fails 2 '--wait takes a time' "$ctl" reserve 1G --wait=soon
fails 2 'release takes the number of a reservation, or --for=MACHINE' "$ctl" release
ok 'release of a number for its machine' "$ctl" release 3 --for=$'old-\e[5mvm'
ok 'release of a number for another machine' "$ctl" release 4 --for=$'old-\e[5mvm'
fails 2 'release takes the number of a reservation, as' "$ctl" release 4294967296
fails 2 'release takes the number of a reservation, as' "$ctl" release 3x
fails 2 'list does not take --for' "$ctl" list --for=x
fails 2 'release does not take --wait' "$ctl" release 3 --wait
fails 2 "'0' is not a size" "$ctl" reclaim web-01 0
fails 2 "'-5' is not a size" "$ctl" reclaim web-01 -- -5
fails 2 "'99999999999T' is not a size" "$ctl" reclaim web-01 99999999999T
fails 2 "'x' is not KEY=VALUE" "$ctl" set web-01 x
fails 2 "unknown key 'Foo', allowed are Guarantee, Limit" "$ctl" set web-01 Foo=1
fails 2 'Mode=fast is not valid, allowed is off, observe, pressure, proactive' "$ctl" set web-01 Mode=fast
fails 2 'Shares=-1 is not valid' "$ctl" set web-01 Guarantee=1G Shares=-1
fails 2 'usage: kvm-balloonctl [OPTION...] set MACHINE KEY=VALUE...' "$ctl" set web-01
fails 2 'usage: kvm-balloonctl [OPTION...] list' "$ctl" list web-01
fails 2 'list does not take --once' "$ctl" list --once
fails 2 "no verb 'frobnicate'" "$ctl" frobnicate
fails 2 'what to do?' "$ctl"
fails 2 '--colour= takes auto, always or never' "$ctl" list --colour=pink
fails 2 '-d takes seconds, 0.1 to 3600' "$ctl" top -d 0.05
fails 2 '-n takes a number of frames' "$ctl" top -n 0
fails 2 "unrecognized option '--frob'" "$ctl" list --frob
fails 2 '--host and --address exclude each other' "$ctl" --host=a --address=b list
fails 2 'is not the address of a bus' "$ctl" --address=unix:frob=1 list

set_and_see() {
	"$ctl" set web-01 Guarantee=768M Limit=max Priority=high Shares=7 RefaultTarget=0.5% Mode=observe Backend=swap &&
		"$ctl" status web-01 --json | grep -c '"GuaranteeBytes": 805306368'
}
ok 'set sends what was typed' set_and_see
set_shows() {
	"$ctl" set --json web-01 Guarantee=1G | grep -c '"GuaranteeBytes": 1073741824'
}
ok 'set --json shows the machine' set_shows
persists() {
	"$ctl" set --persist web-01 Shares=7 Mode= Limit= 2>&1 && grep -x 'persist web-01 without Limit Mode' "$scratch/mock.log"
}
ok 'set --persist writes and takes away' persists
hidden() {
	"$ctl" set --persist web-01 Guarantee=1G Shares=7 2>&1 >"$scratch/out" |
		diff - <(echo 'kvm-balloonctl: Guarantee is written, but on this host its section of the configuration is stronger')
}
ok 'and says what outranks it here' hidden
fails 1 "The definition is not changed: libvirt's words" "$ctl" set --persist idle Shares=7
fails 3 "there is no machine 'nope'" "$ctl" set --persist nope Mode=off
fails 2 'a value cannot be both set and taken away' "$ctl" set --persist web-01 Mode=off Mode=
fails 2 "unknown key 'Foo'" "$ctl" set --persist web-01 Foo=
fails 2 'Mode= is not valid' "$ctl" set web-01 Mode=
fails 2 'list does not take --persist' "$ctl" list --persist
full_disk() {
	local status=0
	"$ctl" "$@" >/dev/full || status=$?
	((status == 1))
}
ok 'a full disk is an error' full_disk list
ok 'of JSON, too' full_disk list --json
ok 'and of frames' full_disk top --once
# record, where the end of the last tick comes together with the next one
"$ctl" record --ticks 1 - >"$scratch/record" 2>"$scratch/err" || :
ok 'a recording ends with the tick that was asked for' diff "$scratch/record" - <<-END
	{"record":"begin"}
	{"record":"tick","n":1}
	{"record":"end","why":"as many ticks as were asked for"}
END
"$ctl" record /dev/full 2>"$scratch/err" || :
ok 'a recording that cannot be written says so once' diff "$scratch/err" - <<-END
	kvm-balloonctl: cannot write /dev/full: No space left on device
END
# --host, with an ssh that comes out on this host, and with one that comes nowhere.
mkdir "$scratch/near" "$scratch/far"
printf '#!/bin/sh\n[ "$*" = "-xT -- root@server systemd-stdio-bridge" ] && exec systemd-stdio-bridge -p "%s"\n' \
	"$address" >"$scratch/near/ssh"
printf '#!/bin/sh\nexit 255\n' >"$scratch/far/ssh"
chmod +x "$scratch/near/ssh" "$scratch/far/ssh"
from_host() {
	"$ctl" list --json >"$scratch/here.json" &&
		PATH="$scratch/near:$PATH" "$ctl" --host=root@server list --json | diff "$scratch/here.json" -
}
if command -v systemd-stdio-bridge >/dev/null; then
	ok '--host asks there' from_host
fi
far() {
	PATH="$scratch/far:$PATH" "$ctl" "$@"
}
fails 5 'no connection to root@server; does this work: ssh root@server systemd-stdio-bridge' \
	far --host=root@server list
fails 2 '--host takes a host' "$ctl" --host= list
finish
