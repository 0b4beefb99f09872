#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What man pages show to copy works: configurations are valid, C compiles; defaults are those in force.
# shellcheck disable=SC2317 # functions are called through ok
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

man=$here/../../man

# example PAGE N: the Nth literal block, as a reader sees it
example() {
	awk -v n="$2" '/^\.Bd -literal/ { inside = ++seen == n; next } /^\.Ed/ { inside = 0 } inside' "$man/$1" |
		sed 's/\\e/\\/g'
}

valid() {
	example kvm-balloond.conf.5 "$1" >"$scratch/example.conf"
	[[ -s $scratch/example.conf ]] && "$ctl" check-config "$scratch/example.conf"
}
ok 'the first configuration in kvm-balloond.conf(5) is valid' valid 2
ok 'and the second' valid 3

# Each "Default:" of the page is written out: all of them together must be what holds without a file.
defaults() {
	awk '/^\.It Cm [A-Z].* Ns = Ns/ { key = $3 }
		/^\.Sh SECTION HOST/ { print "[Host]" } /^\.Sh SECTIONS DEFAULTS/ { print "[Defaults]" }
		/^Default:$/ { getline; sub(/^\.Cm /, ""); sub(/ \.$/, ""); print key "=" $0; next }
		/^Default: / { sub(/^Default: /, ""); sub(/\.$/, ""); print key "=" $0 }' \
		"$man/kvm-balloond.conf.5"
}
plan_by() {
	"$ctl" decide --json --config="$1" "$here/sample.json"
}
same_plan() {
	: >"$scratch/empty.conf"
	defaults >"$scratch/defaults.conf"
	(($(grep -c = "$scratch/defaults.conf") == 31)) || { cat "$scratch/defaults.conf"; return 1; }
	plan_by "$scratch/empty.conf" >"$scratch/empty.json" || return 1
	plan_by "$scratch/defaults.conf" | diff "$scratch/empty.json" -
}
ok 'its defaults, written out, are valid and change no plan' same_plan

compiles() {
	example libkvmballoon.3 "$1" >"$scratch/example.c"
	[[ -s $scratch/example.c ]] &&
		"${CC:-cc}" -std=gnu11 -Wall -Wextra -Werror -Wno-missing-field-initializers -I"$here/../../include" \
			-c -o "$scratch/example.o" "$scratch/example.c"
}
if command -v "${CC:-cc}" >/dev/null; then
	ok 'the first example in libkvmballoon(3) compiles' compiles 1
	ok 'and the second' compiles 2
fi
all_functions() {
	local f missing=0
	while read -r f; do
		grep -q "^\.Fn $f " "$man/libkvmballoon.3" || { echo "$f is not there"; missing=1; }
	done < <(sed -nE 's/^\t(kvmb_[a-z_]+);$/\1/p' "$here/../../lib/libkvmballoon.map")
	return "$missing"
}
ok 'libkvmballoon(3) has every function that is exported' all_functions
help_in_page() {
	local option missing=0
	for option in $("$ctl" --help | grep -oE -- '--[a-z-]+' | sort -u); do
		grep -qE "Fl -${option#--}( |\$)" "$man/kvm-balloonctl.1" || { echo "$option is not there"; missing=1; }
	done
	return "$missing"
}
ok 'kvm-balloonctl(1) has every option of --help' help_in_page
finish
