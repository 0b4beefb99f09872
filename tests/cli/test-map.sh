#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonctl histogram and map: pictures of ages, into a file and on a screen, and daemons that lie.
# shellcheck disable=SC2317 # functions are called through ok and golden
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

hostile=$'\e[31mred\e[2J\r\n\u202egnp\u200d.exe'
long="long-$(printf 'x%.0s' {1..250})"
svg=$scratch/map.svg

start_bus
fails 5 'kvm-balloond is not running' "$ctl" histogram web-01
fails 5 'kvm-balloond is not running' "$ctl" map web-01
fails 5 'kvm-balloond is not running' "$ctl" map web-01 --svg="$svg"
fails 5 'kvm-balloond is not running' "$ctl" map web-01 --watch
start_mock 20

narrow=(env COLUMNS=80 "$ctl")
golden histogram.txt "${narrow[@]}" histogram web-01
golden histogram-100.txt env COLUMNS=100 "$ctl" histogram web-01
golden histogram-40.txt env COLUMNS=40 "$ctl" histogram web-01
golden histogram-ascii.txt env LC_ALL=C COLUMNS=80 "$ctl" histogram web-01
golden histogram-mglru.txt "${narrow[@]}" histogram db-01
golden histogram.json "$ctl" histogram web-01 --json
golden map.txt "${narrow[@]}" map web-01
golden map-40.txt env COLUMNS=40 "$ctl" map web-01
golden map-150.txt env COLUMNS=150 "$ctl" map web-01
golden map-ascii.txt env LC_ALL=C COLUMNS=80 "$ctl" map web-01
golden map-colour.txt "${narrow[@]}" map web-01 --colour=always
golden map-huge.txt "${narrow[@]}" map idle
golden map-two.txt "${narrow[@]}" map "$hostile"
golden map.json "$ctl" map web-01 --json

same_without_terminal() {
	"$ctl" map web-01 | diff "$here/golden/map.txt" -
}
ok 'without a terminal a map has 80 columns' same_without_terminal
uncoloured() {
	env "$1" script -qec "stty cols 80 rows 60; $ctl map web-01" /dev/null </dev/null >"$scratch/plain" &&
		[[ -s $scratch/plain ]] && ! grep -q $'\e' "$scratch/plain"
}
coloured() {
	script -qec "stty cols 80 rows 60; $ctl map web-01" /dev/null </dev/null | grep -c $'\e\[31m'
}
if command -v script >/dev/null; then
	ok 'on a terminal it has colours' coloured
	ok 'but not with NO_COLOR' uncoloured NO_COLOR=1
	ok 'nor with TERM=dumb' uncoloured TERM=dumb
fi
# fits ROWS COMMAND...
fits() {
	echo 'exit 0' | "$on_screen" 80 "$1" "${@:2}"
}
ok 'histogram fits a terminal of 80 columns' fits 30 "$ctl" histogram web-01
ok 'a name that is too long does, too' fits 30 "$ctl" histogram "$long"
ok 'map fits a terminal of 80x24' fits 24 "$ctl" map web-01
ok 'that of 1 TiB, too' fits 24 "$ctl" map idle
ok 'and that of a hostile name' fits 24 "$ctl" map "$hostile"

# What cannot be told.
fails 1 'Nothing tells the ages of the memory of "windows": not \x1b[1mfollowed' "$ctl" histogram windows
fails 1 'Nothing tells the ages of the memory of "windows"' "$ctl" map windows
fails 1 'Only the module kvm_swap can tell' "$ctl" map db-01
fails 1 'Only the module kvm_swap can tell' "$ctl" map db-01 --watch
fails 1 'Only the module kvm_swap can tell' "$ctl" map db-01 --svg="$svg"
ok 'no file is made then' test ! -e "$svg"
fails 3 "there is no machine 'nope'" "$ctl" histogram nope
fails 3 "there is no machine 'nope'" "$ctl" map nope
fails 3 "there is no machine 'nope'" "$ctl" map nope --watch
fails 2 'usage: kvm-balloonctl [OPTION...] map MACHINE' "$ctl" map
fails 2 'usage: kvm-balloonctl [OPTION...] histogram MACHINE' "$ctl" histogram a b
fails 2 'histogram does not take --svg' "$ctl" histogram web-01 --svg=x
fails 2 'list does not take --watch' "$ctl" list --watch
fails 2 'map takes -d with --watch only' "$ctl" map web-01 -d 1
fails 2 'map takes --once with --watch only' "$ctl" map web-01 --once
fails 2 '--svg excludes --watch and --json' "$ctl" map web-01 --svg=x --watch
fails 2 '--svg excludes --watch and --json' "$ctl" map web-01 --svg=x --json

# Lies of the daemon: nonsense is named, what is only odd is shown without harm.
nonsense='kvm-balloond gave no sensible answer'
fails 1 "$nonsense" "$ctl" histogram batch
fails 1 "$nonsense" "$ctl" map batch
fails 1 "$nonsense" "$ctl" map batch --watch
for lie in 08 09 10 17; do # no buckets, a thousand, not in order, nothing
	fails 1 "$nonsense" "$ctl" histogram "many-00$lie"
done
for lie in 08 09 10 11 12 17; do # blocks of 0, odd, too large; beyond the end, too many extents, nothing
	fails 1 "$nonsense" "$ctl" map "many-00$lie"
	fails 1 "$nonsense" "$ctl" map "many-00$lie" --svg="$svg"
done
ok 'no file is made of nonsense' test ! -e "$svg"
golden histogram-most.txt "${narrow[@]}" histogram many-0011
golden histogram-odd.txt "${narrow[@]}" histogram many-0012
golden map-ages.txt "${narrow[@]}" map many-0013
golden map-empty.txt "${narrow[@]}" map many-0014
golden map-end.txt "${narrow[@]}" map many-0015
golden map-crooked.txt "${narrow[@]}" map many-0016

# drawn MACHINE: its SVG is well-formed, needs nothing from elsewhere, and is not large
drawn() {
	"$ctl" map "$1" --svg="$svg" >"$scratch/out" && [[ ! -s $scratch/out ]] || return 1
	! grep -nE 'href|url\(|<script|<image|<!' "$svg" || return 1
	(($(stat -c %s "$svg") < 400000)) || return 1
	if command -v xmllint >/dev/null; then
		xmllint --noout --nonet "$svg"
	fi
}
for machine in web-01 idle "$hostile" "$long" many-0013 many-0014 many-0015 many-0016; do
	ok "$(printf '%.40q' "$machine") becomes an SVG" drawn "$machine"
done
# Well-formed XML has no control characters, not even escaped ones.
ok 'a hostile name is harmless in it' drawn "$hostile"
ok 'and readable' grep -qF '\x1b[31mred\x1b[2J' "$svg"
without_time() {
	"$ctl" map web-01 --svg=- | sed -E 's/[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8} UTC/DATE TIME UTC/'
}
golden map.svg without_time

# Files are replaced as a whole, or not at all.
replaces() {
	echo old >"$svg"
	ln -sf map.svg "$scratch/link.svg"
	"$ctl" map web-01 --svg "$scratch/link.svg" && [[ -L $scratch/link.svg ]] && grep -q '</svg>' "$svg"
}
ok 'a file behind a link is replaced, not the link' replaces
fresh_rights() {
	rm -f "$svg"
	(umask 027 && "$ctl" map web-01 --svg="$svg") && [[ $(stat -c %a "$svg") == 640 ]]
}
ok 'a new file has the rights that the umask leaves' fresh_rights
# Not a device of this machine: root would replace it, if the code were wrong.
mkfifo "$scratch/pipe"
fails 1 "cannot write $scratch/pipe: it is there, and is no regular file" "$ctl" map web-01 --svg="$scratch/pipe"
fails 1 "cannot write $scratch: it is there, and is no regular file" "$ctl" map web-01 --svg="$scratch"
fails 1 "cannot write $scratch/none/x.svg: No such file or directory" "$ctl" map web-01 --svg="$scratch/none/x.svg"
ok 'what is no file stays what it was' test -p "$scratch/pipe"
keeps_old() {
	local status=0
	echo old >"$svg"
	# Nothing larger than a block can be written.
	(trap '' XFSZ && ulimit -f 1 && "$ctl" map web-01 --svg="$svg") 2>"$scratch/err" || status=$?
	((status == 1)) && [[ $(<"$svg") == old ]] && grep -q 'File too large' "$scratch/err" &&
		! compgen -G "$svg.*"
}
ok 'a file that cannot be written stays as it was, with nothing beside it' keeps_old
svg_full() {
	local status=0
	"$ctl" map web-01 --svg=- >/dev/full || status=$?
	((status == 1))
}
ok 'a full disk behind standard output is an error' svg_full

# play NAME COLUMNS ROWS COMMAND... <script
play() {
	local name=$1 status=0
	shift
	"$on_screen" "$@" >"$scratch/screen" 2>"$scratch/err" || status=$?
	((status == 0)) || sed 's/^/# /' "$scratch/err"
	report "$status" "$name"
}
# Ages change with each question for the histogram of this machine, the first of which was above.
"$on_screen" 80 24 "$ctl" map "$long" --watch -d 0.1 >"$scratch/screen" 2>"$scratch/err" <<-END &
	expect ▓▓▓▓▓▓▓▓
	row 22 under 5 s
	row 23 q quit
	touch $scratch/warm
	expect ▒▒▒▒▒▒▒▒
	touch $scratch/cool
	expect ░░░░░░░░
	touch $scratch/cold
	expect ████████
	send q
	exit 0
END
watcher=$!
for shade in warm cool cold; do
	wait_until test -e "$scratch/$shade"
	"$ctl" histogram "$long" >/dev/null
done
status=0
wait "$watcher" || status=$?
((status == 0)) || sed 's/^/# /' "$scratch/err"
report "$status" 'map --watch draws ages as they change'
play 'it follows the size of the terminal' 80 24 "$ctl" map web-01 --watch -d 3600 <<-END
	expect q quit
	resize 120 40
	row 39 q quit
	resize 20 4
	expect q quit
	resize 10 1
	expect web-01
	resize 80 24
	row 0 2.0 GiB of memory by age
	row 23 q quit
	send q
	exit 0
END
play 'Ctrl-C typed gives the terminal back' 80 24 "$ctl" map web-01 --watch <<-END
	expect q quit
	send $(printf '\003')
	exit 0
END
play 'Ctrl-Z, too, and fg takes it again' 80 24 "$ctl" map web-01 --watch <<-END
	expect q quit
	signal 20
	stopped
	signal 18
	expect q quit
	send q
	exit 0
END
"$on_screen" 80 24 "$ctl" map web-01 --watch -d 0.1 >"$scratch/screen" 2>"$scratch/err" <<-END &
	expect q quit
	touch $scratch/shown
	expect kvm-balloond is not running; waiting for it
	row 1 █
	touch $scratch/noticed
	gone is not running
	expect not resident
	send q
	exit 0
END
watcher=$!
wait_until test -e "$scratch/shown"
stop_mock
wait_until test -e "$scratch/noticed"
start_mock 0
status=0
wait "$watcher" || status=$?
((status == 0)) || sed 's/^/# /' "$scratch/err"
report "$status" 'it waits for a daemon that is restarted'
frames() {
	(($("$ctl" map web-01 --watch -n 3 -d 0.1 | grep -c 'by age') == 3)) &&
		(($("$ctl" map web-01 --watch -n 2 -d 0.1 --json | wc -l) == 2))
}
ok '-n counts frames, of text and of JSON' frames
finish
