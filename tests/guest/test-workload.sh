#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Drives the guest's workload over stdin on this machine: the protocol, and that verify can fail.
set -euo pipefail

here=$(dirname "$(readlink -f "$0")")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"${CC:-gcc}" -std=gnu11 -O2 -Wall -Wextra -o "$scratch/workload" "$here"/*.c

coproc work { "$scratch/workload" -i -s 7; }
work_pid=$!
count=0

ask() {
	echo "@t$((count + 1)) $1" >&"${work[1]}"
	read -r -t 60 reply <&"${work[0]}" || reply="no answer"
}

# is NAME COMMAND PATTERN: the reply to COMMAND matches the shell pattern
is() {
	ask "$2"
	count=$((count + 1))
	# shellcheck disable=SC2053
	if [[ $reply == $3 ]]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '# %s\n' "$2 -> $reply" "wanted: $3"
		failed=1
	fi
}

failed=0
is "a command gets its id back" "ping" '{"id":"t1","ok":true}'
is "an unknown command is refused" "frobnicate" '*"ok":false,"error":"no such command*'
is "a missing argument is refused" "fill" '*"ok":false,"error":"wrong number*'
is "a size that is no number is refused" "fill 12x" '*"ok":false,"error":"MIB must*'
is "a negative size is refused" "fill -1" '*"ok":false,"error":"MIB must*'
is "an absurd size is refused" "fill 99999999999999999999" '*"ok":false,"error":"MIB must*'
is "an unknown pattern is refused" "hot 10 stripes" '*"ok":false,"error":"PATTERN*'
is "filling counts its pages" "fill 64" '*"ok":true,"job":"fill",*"pages":16384,"bytes":67108864,"filled_mib":64}'
is "memory that is right verifies" "verify" '*"ok":true,"job":"verify",*"pages":16384,*'
for pattern in run:4928 blocks:5120 chunks:4928 pages:4916; do
	is "a hot set of 30 % ${pattern%:*} is chosen" "hot 30 ${pattern%:*}" '*"ok":true}'
	is "... and has the size of its granules" "stats" "*\"hot_pattern\":\"${pattern%:*}\",*\"hot_pages\":${pattern#*:},*"
done
is "frames of the hot set are told, as far as its rights go" "hot-frames" '*"ok":true,"hot_frames":[[]*]}'
is "writing is switched on" "write 25" '*"ok":true}'
is "the hot set is visited" "rate 2000 16" '*"ok":true}'
is "growing while the hot set is busy" "fill 64" '*"ok":true,*"filled_mib":128}'
is "giving back scattered blocks" "free 32 scatter" '*"ok":true,"job":"free",*"filled_mib":96}'
is "what was rewritten meanwhile still verifies" "verify" '*"ok":true,*"pages":24576,*'
is "operations were counted, none found a bad page" "stats" '*"rate":2000,*"ops":[1-9]*"bad":0},"total":*"ops":[1-9]*"bad":0},*'
is "a set is chosen to be kept" "hot 30 chunks 1 kept" '*"ok":true}'
is "more is filled" "fill 32" '*"filled_mib":128}'
is "the set is as large as before" "stats" '*"hot_pages":7376,*"busy_usec":[1-9]*'
is "another last word is refused" "hot 30 chunks 1 keep" '*"ok":false,"error":"the last word*'
is "giving back the last blocks" "free 32" '*"filled_mib":96}'
is "holes are filled again" "fill 32" '*"filled_mib":128}'
is "giving back more than there is ends with an error" "free 500" '*"ok":false,*"error":*"filled_mib":0}'
is "a background job answers at once" "bg fill 256" '{"id":"t*","ok":true}'
is "a second job is refused meanwhile" "verify" '*"ok":false,"error":"another job is running"}'
is "wait answers with the result" "wait" '*"ok":true,"job":"fill",*"filled_mib":256}'
is "one bit is turned" "corrupt" '*"ok":true}'
is "verify finds it" "verify" '*"ok":false,*"error":"bad page","page":*"word":511,*'
is "the last command" "quit" '*"ok":true}'
echo "1..$count"
wait "$work_pid"
exit "$failed"
