# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The base: a Debian 13 root folder, the disk image made of it, kernels and initramfs, and the QEMU that runs them all.
# Sets $base.

emulator_suite=trixie-backports

base_inputs=(
	"$testbed_d"/{customize,extract-vmlinux,image.sh,initramfs,tsc-khz.c}
	"$testbed_d"/{kernels,masked,modules,modules-left-out}
	"$testbed_d"/root/etc/systemd/{journald.conf.d,system/systemd-udev-trigger.service.d}/testbed.conf
	"$tools/packages/build" "$tools/packages/testbed-host"
)

base_path() {
	(cd "$tools" && printf '%s/base-%s\n' "$cache" "$(hash_files "${base_inputs[@]#"$tools"/}")")
}

# apt's one-line sources for all suites that the root and the kernels come from.
base_sources() {
	local archive uri keyring suite
	if ! archive=$(debian_archive); then
		say "apt knows no Debian archive yet: apt-get update"
		apt-get update -q >&2
		archive=$(debian_archive) || die "$STATUS_BUILD" "no Debian archive in apt's configuration"
	fi
	read -r uri keyring <<<"$archive"
	for suite in trixie trixie-updates $(data_lines "$testbed_d/kernels" | awk '{ print $2 }'); do
		printf 'deb [signed-by=%s] %s %s main\n' "$keyring" "$uri" "$suite"
	done | awk '!seen[$0]++'
}

base_packages() {
	data_lines "$tools/packages/build" "$tools/packages/testbed-host" | sort -u | paste -sd,
}

# What mmdebstrap and apt say goes to a log; the end of it is shown when they fail.
make_root() {
	local dir=$1 log=$1/build.log options
	base_sources >"$dir/sources.list"
	fetch_options >"$dir/apt.conf"
	options=(--mode=root --variant=minbase --include="$(base_packages)"
		--aptopt="$dir/apt.conf" --aptopt='APT::Install-Recommends "false"'
		--dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*'
		--dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*'
		--customize-hook="$testbed_d/customize")
	if ! mmdebstrap "${options[@]}" trixie "$dir/root" "$dir/sources.list" >"$log" 2>&1; then
		tail -n 25 "$log" >&2
		return 1
	fi
}

# The QEMU that emulates the host, in a root of its own: newer than the one in the host, which is Debian 13's.
# Up to 10.1 a virtual processor could lose an interrupt that came while a nested guest was left.
make_emulator() {
	local dir=$1 log=$1/emulator.log options
	options=(--mode=root --variant=extract "--include=base-files,qemu-system-x86"
		--aptopt="$dir/apt.conf" --aptopt='APT::Install-Recommends "false"'
		--aptopt="APT::Default-Release \"$emulator_suite\""
		--dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/locale/*')
	if ! mmdebstrap "${options[@]}" trixie "$dir/emulator" "$dir/sources.list" >"$log" 2>&1; then
		tail -n 25 "$log" >&2
		return 1
	fi
	mkdir -p "$dir/emulator"/{build,dev,proc,sys,tmp}
	"${in_root[@]}" "$dir/emulator" -- qemu-system-x86_64 --version >>"$log"
}

# One folder per kernel: vmlinux, the plain initramfs, and the release's name.
make_kernels() {
	local dir=$1 name release out
	while read -r name _; do
		release=$(basename "$(echo "$dir/root/usr/lib/modules/$name".*)")
		[ -e "$dir/root/boot/vmlinux-$release" ] || continue
		out=$dir/kernel/$name
		mkdir -p "$out"
		mv "$dir/root/boot/vmlinux-$release" "$out/vmlinux"
		printf '%s\n' "$release" >"$out/release"
		data_lines "$testbed_d/modules" >"$out/modules"
		install -m 755 "$testbed_d/initramfs" "$out/initramfs"
		"${in_root[@]}" "$dir/root" "$out:/dest" -- /dest/initramfs "$release" /dest/initrd /dest/modules
	done < <(data_lines "$testbed_d/kernels")
}

# A program that runs take along for themselves.
make_tools() {
	local dir=$1
	mkdir "$dir/tools"
	cp "$testbed_d/tsc-khz.c" "$dir/tools/"
	"${in_root[@]}" "$dir/root" "$dir/tools:/dest" -- gcc -std=gnu11 -O2 -o /dest/tsc-khz /dest/tsc-khz.c
}

# Room for what tests write; the file is sparse and the guest's copy thrown away.
make_disk() {
	local dir=$1
	truncate -s 12G "$dir/root.img"
	mke2fs -q -F -t ext4 -d "$dir/root" -L testbed -m 0 \
		-O ^has_journal,^metadata_csum -E lazy_itable_init=1,root_owner=0:0 "$dir/root.img"
}

# Bases that no run has used for a week and none is using now.
drop_old_bases() {
	local dir fd
	for dir in "$cache"/base-*; do
		[ "$dir" != "$base" ] && [ -n "$(find "$dir/lock" -mtime +7 2>/dev/null)" ] || continue
		exec {fd}>>"$dir/lock"
		if flock -n "$fd"; then
			say "dropping the unused $dir"
			rm -rf "$dir"
		fi
		exec {fd}>&-
	done
}

# Make sure that $base is there and hold a shared lock on it.
base_build() {
	local lock partial
	base=$(base_path)
	mkdir -p "$cache"
	lock_file lock "$cache/lock"
	if [ ! -e "$base" ]; then
		partial=$cache/base.partial
		rm -rf "$partial"
		mkdir -p "$partial"
		say "building the host's root (once, 2-5 minutes): $base"
		make_root "$partial" || die "$STATUS_BUILD" "mmdebstrap failed: $partial/build.log"
		make_emulator "$partial" || die "$STATUS_BUILD" "mmdebstrap failed: $partial/emulator.log"
		say "making the initramfs of each kernel"
		make_kernels "$partial"
		make_tools "$partial"
		say "making the disk image"
		make_disk "$partial"
		mv "$partial" "$base"
		say "base complete: $(du -sh "$base" | cut -f1), kernels: $(cd "$base/kernel" && echo *)"
		drop_old_bases
	fi
	touch "$base/lock" # its age tells when the base was last used
	exec {base_lock}>>"$base/lock"
	flock -s "$base_lock"
	exec {lock}>&-
}
