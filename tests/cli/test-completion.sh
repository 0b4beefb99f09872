#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion: what a Tab offers, with the machines of the mock.
# shellcheck disable=SC2317 # functions are called through ok and golden
set -euo pipefail
# shellcheck source=tests/cli/lib.sh
. "${top_srcdir:-.}/tests/cli/lib.sh"

library=/usr/share/bash-completion/bash_completion
if [[ ! -r $library ]]; then
	echo '1..0 # SKIP bash-completion is not installed'
	exit 0
fi
start_bus
start_mock 0
mkdir "$scratch/bin" "$scratch/empty"
printf '#!/bin/sh\nexec "%s" --address="%s" "$@"\n' "$(realpath "$ctl")" "$address" >"$scratch/bin/kvm-balloonctl"
chmod +x "$scratch/bin/kvm-balloonctl"

# offers LINE: what is offered at its end, sorted, on one line. The function runs as readline would run it.
offers() {
	# The library is not written for strict shells.
	(cd "$scratch/empty" && PATH="$scratch/bin:$PATH" bash --norc -c '
		. "$1"
		. "$2"
		COMP_LINE=$3 COMP_POINT=${#3} COMP_TYPE=9 COMP_KEY=9
		# readline breaks words at these, too, and gives each its own place
		mapfile -t COMP_WORDS < <(sed "s/\([=:]\)/\n\1\n/g; s/ /\n/g" <<<"$3" | sed "/^$/d")
		[[ $3 == *[\ =:] ]] && COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		compopt() { :; }
		_kvm_balloonctl
		printf "%s\n" "${COMPREPLY[@]}"
	' bash "$library" "$here/../../data/bash-completion/kvm-balloonctl" "$1" | sed 's/ $//' | sort | tr '\n' ' ')
}

# offered LINE WANTED...
offered() {
	local got
	got=$(offers "$1")
	if [[ $got == "$2 " ]]; then
		report 0 "'$1' offers $2"
	else
		echo "# got: $got"
		report 1 "'$1' offers $2"
	fi
}

offered 'kvm-balloonctl st' status
offered 'kvm-balloonctl hi' histogram
offered 'kvm-balloonctl re' 'reclaim record release reload replay reserve'
offered 'kvm-balloonctl record x --t' --ticks=
offered 'kvm-balloonctl replay --al' --all
offered 'kvm-balloonctl --json st' status
offered 'kvm-balloonctl status we' web-01
offered 'kvm-balloonctl explain w' 'web-01 windows'
offered 'kvm-balloonctl histogram we' web-01
offered 'kvm-balloonctl map we' web-01
offered 'kvm-balloonctl map web-01 --w' --watch
offered 'kvm-balloonctl map --svg x we' web-01
offered 'kvm-balloonctl reclaim web-01 2' 256M
offered 'kvm-balloonctl set web-01 Gu' Guarantee=
offered 'kvm-balloonctl set web-01 Mode=p' 'pressure proactive'
offered 'kvm-balloonctl set web-01 Backend=' 'auto far swap'
offered 'kvm-balloonctl set web-01 Shares=5 Priority=' 'high low normal'
offered 'kvm-balloonctl top --o' --once
offered 'kvm-balloonctl list --na' --names
offered 'kvm-balloonctl --colour ne' never
offered 'kvm-balloonctl --colour=a' 'always auto'
offered 'kvm-balloonctl status web-01 w' ''
finish
