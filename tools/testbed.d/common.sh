# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What all parts of tools/testbed share: messages, exit statuses, the cache, Debian's mirror.

# Exit statuses besides the command's own; docs/TESTBED.md lists them.
readonly STATUS_USAGE=64 STATUS_BUILD=65 STATUS_NO_BOOT=69 STATUS_KERNEL=70 STATUS_TIMEOUT=124

cache=$(realpath -m "${KVMB_CACHE:-/var/cache/kvm-balloond}")

# Microseconds since this program began, as seconds with one digit.
began_usec=${EPOCHREALTIME/[.,]/}
elapsed() {
	local tenths=$(((${EPOCHREALTIME/[.,]/} - began_usec) / 100000))
	printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# Progress goes to stderr: stdout belongs to the command that runs in the host.
say() {
	printf 'testbed: [%6ss] %s\n' "$(elapsed)" "$*" >&2
}

die() {
	local status=$1
	shift
	say "$*"
	exit "$status"
}

need_root() {
	[ "$(id -u)" -eq 0 ] || die 77 "root is needed (chroot, mounts): run it with sudo"
}

# The lines of a data file without comments.
data_lines() {
	sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$@"
}

# One hash over names and content of the given files.
hash_files() {
	sha256sum -- "$@" | sha256sum | cut -c1-16
}

# Open and lock a file: lock_file NAME FILE (sets the variable NAME to the descriptor) [flock options].
lock_file() {
	local -n ret_fd=$1
	local file=$2
	shift 2
	exec {ret_fd}>>"$file"
	if ! flock -n "$@" "$ret_fd"; then
		say "waiting for another run that holds $file"
		flock "$@" "$ret_fd"
	fi
}

# make_scratch NAME: a folder for this run alone, its path in the variable NAME. Those that runs left behind when they
# were killed go away: nobody holds their lock any more.
make_scratch() {
	local -n ret_dir=$1
	local old fd
	mkdir -p "$cache/run"
	for old in "$cache"/run/*/lock; do
		[ -e "$old" ] || continue
		exec {fd}>>"$old"
		! flock -n "$fd" || rm -rf "${old%/lock}"
		exec {fd}>&-
	done
	exec {fd}>"$cache/run/lock.$$"
	flock "$fd"
	ret_dir=$(mktemp -d "$cache/run/XXXXXX")
	mv "$cache/run/lock.$$" "$ret_dir/lock"
}

# "URI KEYRING" of the Debian archive in apt's configuration, whatever form its sources have; entries of
# third parties and the security archive do not count. Apt answers with what it fetched last.
debian_archive() {
	local uri origin label component keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	while IFS='|' read -r uri origin label component; do
		[ "$origin/$label/$component" = Debian/Debian/main ] || continue
		case $uri in
		mirror+file:*)
			uri=$(awk '!/^#/ && NF { print $1; exit }' "${uri#mirror+file:}")
			;;
		esac
		printf '%s %s\n' "$uri" "$keyring"
		return 0
	done < <(apt-get indextargets --format '$(REPO_URI)|$(ORIGIN)|$(LABEL)|$(COMPONENT)' \
		'Created-By: Packages')
	return 1
}

# Options of the machine's apt about how to fetch (proxy, checks of dates), for the apt in the new root.
fetch_options() {
	apt-config dump | grep -E '^Acquire::(http|https|ftp|Check-|Retries|Max-)' || test $? -eq 1
}

# The words that run a command in a root folder: "${in_root[@]}" ROOT [OUTSIDE:INSIDE]... -- COMMAND. The mounts live in
# a namespace of their own and end with it; the root itself is read-only. Whatever ends this program, even SIGKILL,
# ends all processes in there. (Words, not a function: in the background its process is then ours to end.)
in_root=(setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --propagation private
	bash "$testbed_d/in-root")
