# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The debug kernel: the kernel source of Debian 13's backports with all that finds faults in a module switched on. Sets $debug.

debug_inputs=(
	"$testbed_d"/{debug-kernel.sh,debug-kernel-build,debug.config,initramfs,modules}
	"$tools/packages/debug-kernel"
)

debug_path() {
	(cd "$tools" && printf '%s/debug-%s\n' "$cache" "$(hash_files "${debug_inputs[@]#"$tools"/}")")
}

# The source is a package among the others. It is built with the compiler that the modules get.
debug_root() {
	local dir=$1 log=$1/root.log options
	rm -rf "$dir/root.new"
	options=(--mode=root --variant=minbase
		--include="$(data_lines "$tools/packages/debug-kernel" | paste -sd,)"
		--aptopt="$base/apt.conf" --aptopt='APT::Install-Recommends "false"'
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*'
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*')
	if ! mmdebstrap "${options[@]}" trixie "$dir/root.new" "$base/sources.list" >"$log" 2>&1; then
		tail -n 25 "$log" >&2
		die "$STATUS_BUILD" "mmdebstrap failed: $log"
	fi
	mkdir "$dir/root.new/build"
	mv "$dir/root.new" "$dir/root"
}

debug_compile() {
	local dir=$1 log=$1/build.log
	cp "$testbed_d"/{debug.config,debug-kernel-build} "$dir/"
	if ! "${in_root[@]}" "$dir/root" "$dir:/build" -- \
		/build/debug-kernel-build "$(nproc)" </dev/null >>"$log" 2>&1; then
		tail -n 25 "$log" >&2
		die "$STATUS_BUILD" "the debug kernel does not build; all of it: $log"
	fi
}

# The initramfs is made as those of the other kernels are.
debug_initrd() {
	local dir=$1 release
	release=$(basename "$dir"/modules/*)
	printf '%s\n' "$release" >"$dir/release"
	data_lines "$testbed_d/modules" >"$dir/module-list"
	install -m 755 "$testbed_d/initramfs" "$dir/initramfs"
	"${in_root[@]}" "$base/root" "$dir:/dest" "$dir/modules:/usr/lib/modules" -- \
		/dest/initramfs "$release" /dest/initrd /dest/module-list
}

# Those of other inputs that no run has used for a week and none is using or building now.
drop_old_debug_kernels() {
	local dir
	for dir in "$cache"/debug-*/; do
		dir=${dir%/}
		[ "$dir" != "$debug" ] && [ -n "$(find "$dir/lock" -mtime +7 2>/dev/null)" ] || continue
		flock -n "$dir/lock" rm -rf "$dir"
	done
}

# Make sure that $debug is there and hold a shared lock on it. What an interrupted build has made is kept, the next one
# goes on there.
debug_kernel_build() {
	local lock partial
	debug=$(debug_path) partial=$(debug_path).partial
	lock_file lock "$cache/debug.lock"
	if [ ! -e "$debug" ]; then
		mkdir -p "$partial"
		touch "$partial/lock"
		say "building the debug kernel (once, 10-20 minutes): $debug"
		[ -e "$partial/root" ] || debug_root "$partial"
		debug_compile "$partial"
		debug_initrd "$partial"
		rm -rf "$partial"/{root,linux,dest}
		mv "$partial" "$debug"
		say "debug kernel complete: $(du -sh "$debug" | cut -f1), Linux $(cat "$debug/release")"
		drop_old_debug_kernels
	fi
	touch "$debug/lock"
	exec {debug_lock}>>"$debug/lock"
	flock -s "$debug_lock"
	exec {lock}>&-
}
