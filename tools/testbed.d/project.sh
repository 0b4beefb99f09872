# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The project and the test guest, built in the base's root from the git work tree; the results are tar archives.

# A folder of the cache for this work tree, so that builds of two trees do not mix.
work_path() {
	printf '%s/work-%s\n' "$cache" "$(printf '%s' "$tree" | sha256sum | cut -c1-16)"
}

# Names of the files in the work tree, each ended by a NUL. A released tarball has no git: everything in it counts.
tree_files() {
	if [ ! -e "$tree/.git" ]; then
		find "$tree" -mindepth 1 -not -type d -printf '%P\0'
		return
	fi
	git -c safe.directory="$tree" -C "$tree" ls-files -co --exclude-standard -z |
		(cd "$tree" && while IFS= read -r -d '' file; do
			if [ -e "$file" ] || [ -L "$file" ]; then printf '%s\0' "$file"; fi
		done)
}

# Copy what git tracks, and what is new and not ignored, to $1; what is gone there goes here too. Files that are
# the same keep their time stamps, so make does not build them again.
copy_tree() {
	local to=$1 list=$1.files
	mkdir -p "$to"
	tree_files | LC_ALL=C sort -zu >"$list.new"
	rsync -a --checksum --from0 --files-from="$list.new" "$tree/" "$to/"
	if [ -e "$list" ]; then
		LC_ALL=C comm -z -23 "$list" "$list.new" | (cd "$to" && xargs -0r rm -f --)
	fi
	mv "$list.new" "$list"
}

# Hash of names, modes and content of the files in copy $1 below the paths $2...
hash_tree() {
	local to=$1
	shift
	(cd "$to" && filter_list "$to.files" "$@" | xargs -0r stat -c '%A %n' -- &&
		filter_list "$to.files" "$@" | xargs -0r sha256sum --) | sha256sum | cut -c1-16
}

filter_list() {
	local list=$1 pattern
	shift
	pattern=$(printf '|%s' "$@")
	grep -zE "^(${pattern#|})" "$list" || test $? -eq 1
}

# Pack the folder $1 as archive $2, in place only when complete. Debian 13 has /lib as a link to /usr/lib: unpacking
# a folder of that name would replace the link.
pack() {
	local from=$1 to=$2 name
	for name in bin sbin lib lib64; do
		if [ -d "$from/$name" ]; then
			mkdir -p "$from/usr/$name"
			cp -a "$from/$name/." "$from/usr/$name/"
			rm -r "${from:?}/$name"
		fi
	done
	tar -C "$from" -c --owner=0 --group=0 --numeric-owner -f "$to.new" .
	mv "$to.new" "$to"
}

# The three newest archives of a kind stay.
drop_old_archives() {
	local old
	while read -r old; do
		rm -f "$old"
	done < <(find "$work" -maxdepth 1 -name "$1-*.tar" -printf '%T@ %p\n' | sort -rn | tail -n +4 | cut -d' ' -f2-)
}

# Build and install the copy: incremental while the build system is the same, else from nothing.
project_make() {
	local system log=$work/project.log
	system=$(hash_tree "$work/src" 'configure\.ac$' '(.*/)?[^/]*\.(am|mk|m4|in)$' bootstrap)-${base##*-}
	if [ "$(cat "$work/system" 2>/dev/null)" != "$system" ]; then
		rm -rf "$work/src" "$work/src.files" "$work/build"
		copy_tree "$work/src"
	fi
	rm -rf "$work/dest"
	mkdir -p "$work/build" "$work/dest"
	if ! "${in_root[@]}" "$base/root" "$work/src:/src" "$work/build:/build" "$work/dest:/dest" \
		-- bash -s -- "$(nproc)" <"$testbed_d/project-build" >"$log" 2>&1; then
		rm -f "$work/system"
		tail -n 40 "$log" >&2
		die "$STATUS_BUILD" "the project does not build; all of it: $log"
	fi
	printf '%s\n' "$system" >"$work/system"
}

# Set $project to the archive of the installed project, or to nothing where there is none yet.
project_build() {
	local hash
	if [ ! -e "$work/src/configure.ac" ]; then
		say "no configure.ac in $tree: running without the project"
		return 0
	fi
	hash=$(hash_tree "$work/src" '')-${base##*-}
	project=$work/project-$hash.tar
	if [ ! -e "$project" ]; then
		say "building and installing the project ($tree)"
		project_make
		pack "$work/dest" "$project"
		drop_old_archives project
	fi
	touch "$project"
}

# Print the archive of a tests/ folder's build script: $1 its name, $2 the folder, $3... what its output depends on.
# The script is run in the base's root as DIR/build DEST, KVMB_BUILD names a folder that stays. Nothing is printed
# where there is no such script.
script_build() {
	local name=$1 dir=$2 hash archive log=$work/$1.log
	shift 2
	[ -e "$work/src/$dir/build" ] || return 0
	hash=$(hash_tree "$work/src" "$dir/" "$@")-${base##*-}
	archive=$work/$name-$hash.tar
	if [ ! -e "$archive" ]; then
		say "building the $name archive ($dir/build)"
		rm -rf "$work/dest"
		mkdir -p "$work/dest" "$work/build-$name"
		if ! "${in_root[@]}" "$base/root" "$work/src:/src" "$work/dest:/dest" "$work/build-$name:/build" \
			"${kernel_mounts[@]}" -- /bin/sh -c "cd /src && KVMB_BUILD=/build exec '$dir/build' /dest" </dev/null >"$log" 2>&1; then
			tail -n 25 "$log" >&2
			die "$STATUS_BUILD" "$dir/build failed; all of it: $log"
		fi
		pack "$work/dest" "$archive"
		drop_old_archives "$name"
	fi
	touch "$archive"
	printf '%s\n' "$archive"
}

# All archives, from one consistent copy of the tree; for a host without a disk the module's only.
work_build() {
	local lock name=module
	work=$(work_path)
	mkdir -p "$work"
	lock_file lock "$work/lock"
	copy_tree "$work/src"
	project='' guest='' module=''
	[ "$kernel" != debug ] || name=${debug##*/}-module
	[ "$with_project" = no ] || module=$(script_build "$name" tests/kmod kmod/ include/uapi/) || exit
	if [ "$initramfs" = no ]; then
		[ "$with_project" = no ] || project_build
		guest=$(script_build guest tests/guest) || exit
	fi
	exec {lock}>&-
}

# A command in the root with a copy of the tree in /src: for builds and checks with Debian 13's tools.
work_chroot() {
	local status=0
	make_scratch copy
	trap 'rm -rf "$copy"' EXIT
	copy_tree "$copy/src"
	mkdir "$copy/build"
	"${in_root[@]}" "$base/root" "$copy/src:/src" "$copy/build:/build" -- \
		/bin/sh -c 'cd /src && exec "$@"' sh "$@" || status=$?
	return "$status"
}
