#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# check-config and decide: no bus is there, and none is needed.
# shellcheck disable=SC2317 # functions are called through ok and golden
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

sample=$here/sample.json
conf=$scratch/good.conf
printf '[Guest web 01]\nGuarantee=1G\n[Guest win]\nMode=off\n' >"$conf"
printf '[Host]\nMode=pressure\nMod=off\n' >"$scratch/bad.conf"
printf '[Guest web 01]\nGuarantee=2G\nLimit=1G\n' >"$scratch/contradiction.conf"

checked() {
	"$ctl" check-config "$conf" | sed "s|$scratch/||"
}
golden check-config.txt checked
fails 1 "bad.conf:3: unknown key 'Mod' in [Host]" "$ctl" check-config "$scratch/bad.conf"
fails 1 'contradiction.conf:' "$ctl" check-config "$scratch/contradiction.conf"
fails 1 'No such file or directory' "$ctl" check-config "$scratch/none.conf"
bad_json() {
	local status=0
	"$ctl" check-config --json "$scratch/bad.conf" >"$scratch/json" || status=$?
	((status == 1)) && grep -q "\"Fault\": \".*bad.conf:3: unknown key 'Mod'" "$scratch/json"
}
ok 'check-config --json names the fault' bad_json
ok 'check-config --json has no fault to name' \
	bash -c "'$ctl' check-config --json '$conf' | grep -c '\"Fault\": null'"

# What is decided is the policy's own affair, and tested there; here it has to be shown.
decided() {
	local pattern
	COLUMNS=80 "$ctl" decide --config="$conf" "$sample" >"$scratch/plan" || return 1
	for pattern in '^Level emergency, .* to regain, .* to spare[.]$' \
		'^MACHINE +ACTION +AMOUNT +NEW SIZE +RULE$' \
		'^web 01 +(balloon|reclaim) +[0-9.]+ [MG]iB ' \
		'^web 01: host is emergency' \
		'^win +any +- mode-off +its mode is off$'; do
		grep -Eq "$pattern" "$scratch/plan" || { cat "$scratch/plan"; return 1; }
	done
	! grep -q '.\{81\}' "$scratch/plan"
}
ok 'decide shows level, actions, reasons and refusals' decided
decided_json() {
	"$ctl" decide --json --config="$conf" "$sample" >"$scratch/plan" || return 1
	grep -q '"level": "emergency"' "$scratch/plan" && grep -q '"why": "mode-off"' "$scratch/plan"
}
ok 'decide --json is the plan' decided_json
merging() {
	sed 's/"psi_valid": true,/& "ksm": { "valid": true, "pages_to_scan": 64 },/;T;:a;n;ba' "$sample" >"$scratch/ksm.json"
	printf '[Host]\nKSM=auto\nMode=%s\n' "$1" >"$scratch/ksm.conf"
	"$ctl" decide --config="$scratch/ksm.conf" "$scratch/ksm.json" >"$scratch/plan" || return 1
	grep -q '^KSM runs, 100 pages each 20 ms; begun: ' "$scratch/plan"
}
ok 'decide shows what KSM is to do' merging pressure
ok 'and why it is not done' bash -c "$(declare -f merging); ctl='$ctl' sample='$sample' scratch='$scratch'; merging observe && grep -A1 '^KSM' '$scratch/plan' | grep -q 'its mode is observe\|observe'"
from_stdin() {
	"$ctl" decide --config="$conf" "$sample" >"$scratch/named" || return 1
	"$ctl" decide --config="$conf" - <"$sample" | diff "$scratch/named" -
}
ok 'decide reads standard input' from_stdin
# The state goes on: a second sample of the same instant finds the rate of the first one counted.
two_plans() {
	(($("$ctl" decide --config="$conf" "$sample" "$sample" | grep -c '^Level') == 2))
}
ok 'decide takes several samples' two_plans
older() {
	sed 's/"now_ns": 100000000000/"now_ns": 99500000000/' "$sample" >"$scratch/older.json" || return 1
	local status=0
	"$ctl" decide --config="$conf" "$sample" "$scratch/older.json" >/dev/null 2>"$scratch/err" || status=$?
	((status == 1)) && grep -q 'older.json: older than the sample' "$scratch/err"
}
ok 'samples do not go back in time' older
fails 1 'none.json: No such file' "$ctl" decide --config="$conf" "$scratch/none.json"
fails 1 'bad.conf:3' "$ctl" decide --config="$scratch/bad.conf" "$sample"
echo '{' >"$scratch/half.json"
fails 1 'half.json: ' "$ctl" decide --config="$conf" "$scratch/half.json"
sed 's/"total_bytes": 17179869184/"total_bytes": 1/' "$sample" >"$scratch/small.json"
fails 1 'small.json: host.' "$ctl" decide --config="$conf" "$scratch/small.json"
printf '{}\0{}' >"$scratch/nul.json"
fails 1 'nul.json: ' "$ctl" decide --config="$conf" "$scratch/nul.json"
fails 1 'half.json: ' "$ctl" decide --config="$conf" --state="$scratch/half.json" "$sample"
# What a recording of the daemon is like, and its replay: tests/bus/test-record.sh.
fails 1 'none.record: No such file' "$ctl" replay "$scratch/none.record"
: >"$scratch/empty.record"
fails 1 'empty.record:1: this is no recording' "$ctl" replay "$scratch/empty.record"
fails 1 'sample.json:1: ' "$ctl" replay "$sample"
fails 1 'half.json:1: ' "$ctl" replay "$scratch/half.json"
printf '{}\0{}\n' >"$scratch/nul.record"
fails 1 'nul.record:1: this is no recording' "$ctl" replay "$scratch/nul.record"
echo '{"record":"end","why":"interrupted"}' >"$scratch/end.record"
fails 1 'end.record:1: this is not how a recording begins' "$ctl" replay "$scratch/end.record"
fails 1 'bad.conf:3' "$ctl" replay --config="$scratch/bad.conf" "$scratch/end.record"
fails 2 'replay does not take --state' "$ctl" replay --state=x "$scratch/end.record"
fails 2 'decide does not take --all' "$ctl" decide --all "$sample"
fails 2 'replay does not take --ticks' "$ctl" replay --ticks=1 "$scratch/end.record"
fails 2 '--ticks takes a number' "$ctl" record --ticks=0 "$scratch/x"
fails 2 '--seconds takes a number' "$ctl" record --seconds=1s "$scratch/x"
fails 2 'usage: kvm-balloonctl [OPTION...] record FILE' "$ctl" --address=unix:path=/nowhere record
fails 2 'usage: kvm-balloonctl [OPTION...] decide SAMPLE.json...' "$ctl" decide
fails 2 'status does not take --config' "$ctl" status --config="$conf"
ok '--help' bash -c "'$ctl' --help | grep -c '^Usage: kvm-balloonctl'"
ok '--version' bash -c "'$ctl' --version | grep -Ec '^kvm-balloonctl [0-9]+[.]'"
finish
