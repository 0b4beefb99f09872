#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kvm-balloonsim as it is typed: a trace made and read again, reports, and what it refuses.
# shellcheck disable=SC2317 # functions are called through ok
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

sim=${ctl%/*}/kvm-balloonsim
fleet=(--vms=60 --days=1 --step=900 --seed=4)

"$sim" generate "${fleet[@]}" >"$scratch/trace.csv"
ok 'generate writes the header and a line for each machine and step' \
	bash -c "head -n 1 '$scratch/trace.csv' | grep -qx time,vm,provisioned,used && (( \$(wc -l <'$scratch/trace.csv') == 1 + 60 * 96 ))"
piped() {
	"$sim" run "${fleet[@]}" --ratio=1.5,2.25 --json >"$scratch/made" || return 1
	"$sim" run --trace="$scratch/trace.csv" --ratio=1.5,2.25 --json | diff "$scratch/made" - || return 1
	"$sim" run --trace=- --ratio=1.5,2.25 --json <"$scratch/trace.csv" | diff "$scratch/made" -
}
ok 'a trace read is the same as one that is made on the way' piped
every() {
	"$sim" run "${fleet[@]}" --ratio=1.5,2.25 --json --every-host | diff "$scratch/made" -
}
ok '--every-host changes nothing' every
crlf() {
	sed 's/$/\r/' "$scratch/trace.csv" | "$sim" run --trace=- --ratio=1.5,2.25 --json | diff "$scratch/made" -
}
ok 'lines may end as in Windows' crlf
table() {
	"$sim" run "${fleet[@]}" --ratio=1,1.75 >"$scratch/table" || return 1
	head -n 1 "$scratch/table" | grep -q '^RATIO HOSTS VIOLATED' &&
		(($(wc -l <"$scratch/table") == 3)) && grep -q '^ *1\.75 ' "$scratch/table"
}
ok 'the table has a line for each ratio' table
json() {
	(($(wc -l <"$scratch/made") == 2)) && grep -q '^{"ratio_percent": 225, "vms": 60, ' "$scratch/made"
}
ok 'the JSON form has a line for each ratio' json
curve() {
	"$sim" run "${fleet[@]}" --ratio=2,1,4 --svg="$scratch/risk.svg" >/dev/null || return 1
	(($(grep -c '<circle' "$scratch/risk.svg") == 6)) || return 1
	! command -v xmllint >/dev/null || xmllint --noout "$scratch/risk.svg"
}
ok 'the curve has a point for each ratio' curve
configured() {
	printf '[Host]\nMode=off\n' >"$scratch/off.conf"
	"$sim" run "${fleet[@]}" --ratio=2.25 --json --config="$scratch/off.conf" | grep -q '"balloon_bytes": 0, "swapped_bytes": 0,'
}
ok 'the policy is that of the file' configured

# refused LINE WHAT TEXT: a trace of that text is refused at that line
refused() {
	printf '%b' "$3" >"$scratch/bad.csv"
	fails 1 "bad.csv:$1: $2" "$sim" run --trace="$scratch/bad.csv"
}
refused 2 'the first field' '0,a,2,1\nx,a,2,1\n'
refused 2 'the time goes back' '300,a,2,1\n0,a,2,1\n'
refused 3 'the machine had a line' '\n0,a,2,1\n0,a,2,1\n'
refused 2 'what is provisioned may not change' '0,a,2,1\n300,a,3,1\n'
refused 2 'more than a day' '0,a,2,1\n86401,a,2,1\n'
refused 1 'the line is too long, or has a NUL' '0,a\0000,2,1\n'
refused 1 'the line is too long' "0,$(printf 'x%.0s' {1..600}),2,1\\n"
refused 1 'more is used' '0,a,1,2'
printf '# nothing\n' >"$scratch/empty.csv"
fails 1 'there is no step in it' "$sim" run --trace="$scratch/empty.csv"
fails 1 'none.csv: No such file' "$sim" run --trace="$scratch/none.csv"
fails 1 'none.conf: No such file' "$sim" run --config="$scratch/none.conf"
printf '[Host]\nMode=maybe\n' >"$scratch/bad.conf"
fails 1 'bad.conf:2' "$sim" run --config="$scratch/bad.conf"
fails 1 'larger than a host takes' "$sim" run --host-memory=1G "${fleet[@]}"
fails 1 'nowhere/x.svg: No such file' "$sim" run --vms=1 --step=86400 --svg="$scratch/nowhere/x.svg"
fails 1 'No space left' bash -c "'$sim' generate --vms=100 >/dev/full"
fails 2 'one verb is needed' "$sim"
fails 2 "no verb 'walk'" "$sim" walk
fails 2 '--vms takes a number, 1 to 100000' "$sim" run --vms=0
fails 2 '--seed takes a number' "$sim" run --seed=18446744073709551616
fails 2 '--step takes a number' "$sim" generate --step=1s
fails 2 '--pattern takes' "$sim" generate --pattern=flat
fails 2 '--ratio takes' "$sim" run --ratio=1.5,
fails 2 '--ratio takes' "$sim" run --ratio=11
fails 2 '--ratio takes' "$sim" run --ratio=0.05
fails 2 '--host-memory takes a size' "$sim" run --host-memory=1M
fails 2 'generate takes only' "$sim" generate --json
fails 2 '--trace is given' "$sim" run --trace=x --vms=3
help_in_page() {
	local option missing=0
	for option in $("$sim" --help | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qE "Fl -${option#--}( |\$)" "$here/../../man/kvm-balloonsim.1" || { echo "$option is not there"; missing=1; }
	done
	return "$missing"
}
ok 'kvm-balloonsim(1) has every option of --help' help_in_page
ok '--version' bash -c "'$sim' --version | grep -Ec '^kvm-balloonsim [0-9]+[.]'"
finish
