# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the checks share; top_srcdir and top_builddir come from tools/lint. A check defines check() and plant(), then calls lint_main "$@".
#
#   check   looks at $top_srcdir (and $top_builddir) and prints TAP through report and skip
#   plant   writes a small tree with faults into the current directory and prints, one per line, a
#           regular expression that one of check's "not ok" lines has to match: proof that it can fail
set -euo pipefail
: "${top_srcdir:?}"
lint_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# files REGEX [NOT-REGEX] - paths in the tree, without what git ignores; in a tarball, all files
files() {
	local not=${2:-^$}
	{
		if [[ -e .git ]]; then
			git ls-files --cached --others --exclude-standard
		else
			find . -type f -printf '%P\n'
		fi
	} | sort -u | want=$1 not=$not awk '$0 ~ ENVIRON["want"] && $0 !~ ENVIRON["not"]' | while IFS= read -r f; do
		[[ ! -f $f ]] || printf '%s\n' "$f"
	done
}

# shells - the shell scripts of the tree, by extension or first line
shells() {
	files '\.(sh|bash)$' '^build-aux/|^m4/|^configure$'
	files '^(bootstrap|(kmod|tools|tests|\.ci)/.*)$' '\.[a-z]+$' | while IFS= read -r f; do
		if head -c 64 "$f" | head -n 1 | tr -d '\0' | grep -qE '^#!.*\b(ba)?sh$'; then
			printf '%s\n' "$f"
		fi
	done
}

# report WHAT - findings come on stdin, one per line; none is a pass
report() {
	local findings
	mapfile -t findings < <(awk NF)
	case ${#findings[@]} in
	0) echo "ok - $1" ;;
	1) echo "not ok - $1: ${findings[0]}" ;;
	*)
		echo "not ok - $1: ${findings[0]} (${#findings[@]} findings)"
		printf '# %s\n' "${findings[@]}"
		;;
	esac
}

# hits - grep, for which finding nothing is no failure
hits() {
	grep "$@" || (($? == 1))
}

skip() {
	echo "ok - $1 # SKIP $2"
}

# need WHAT TOOL - false after a skip line if the tool is not installed
need() {
	command -v "$2" >/dev/null && return
	skip "$1" "$2 is not installed"
	return 1
}

# need_build WHAT - false after a skip line if nothing was built
need_build() {
	[[ -n ${top_builddir:-} && -d $top_builddir ]] && return
	skip "$1" "nothing was built"
	return 1
}

# objects DIR... - "object<TAB>source" of what was compiled from the C files of these folders
objects() {
	local dir o base name
	for dir; do
		[[ -d $top_builddir/$dir ]] || continue
		find "$top_builddir/$dir" -name '*.o' -printf '%P\n' | sort | while IFS= read -r o; do
			base=$(basename "$o" .o)
			name=$(dirname "$dir/$o")
			name=${name%/.libs}
			# automake puts "target-" before the name of the source
			while [[ ! -e $name/$base.c && $base == *-* ]]; do
				base=${base#*-}
			done
			[[ ! -e $name/$base.c ]] || printf '%s\t%s\n' "$top_builddir/$dir/$o" "$name/$base.c"
		done
	done
}

# table FILE - a data table of this folder, without comments
table() {
	grep -vE '^(#|$)' "$lint_dir/$1"
}

# lint_flags - what make gives the compiler, for tools that parse C themselves
lint_flags() {
	if [[ -e $top_builddir/lint-flags ]]; then
		cat "$top_builddir/lint-flags"
	else
		echo "-I$top_srcdir/include -I$top_srcdir/lib -std=gnu11"
	fi
}

lint_main() {
	cd "${2:-$top_srcdir}"
	case ${1:-} in
	--plant) plant ;;
	*) check ;;
	esac
}
