# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# One run: pack what the caller brings, start QEMU, relay output and progress, fetch the results, judge.

# A boot takes 20 s on an idle machine; ten times as long when many share it.
readonly BOOT_SECONDS=600 STOP_SECONDS=60 MESSAGE_SECONDS=60

# 'it''s' -> POSIX shell words, one line.
quote() {
	local word
	for word in "$@"; do
		printf "'%s' " "${word//\'/\'\\\'\'}"
	done
}

# The caller's files and command, and the runner with its unit, as the last archive to unpack.
pack_payload() {
	local top=$run/payload dir=$run/payload/usr/lib/kvmb-testbed path
	mkdir -p "$dir" "$top/root" "$top/etc/systemd/system/multi-user.target.wants"
	install -m 755 "$testbed_d/guest/runner" "$dir/runner"
	install -m 644 "$testbed_d/guest/kvmb-testbed.service" "$top/etc/systemd/system/"
	ln -s ../kvmb-testbed.service "$top/etc/systemd/system/multi-user.target.wants/"
	for path in "${copies[@]}"; do
		[ -e "$path" ] || die "$STATUS_USAGE" "--copy $path: no such file or folder"
		cp -a --no-preserve=ownership "$path" "$top/root/$(basename "$(readlink -f "$path")")"
	done
	if [ "$interactive" = yes ]; then
		printf 'stty sane rows %s cols %s; export TERM=%s\n' "${LINES:-24}" "${COLUMNS:-80}" \
			"$(quote "${TERM:-vt100}")" >"$dir/command"
		: >"$dir/shell"
	fi
	printf 'exec %s\n' "$(quote "${command[@]}")" >>"$dir/command"
	chmod 700 "$top/root"
	if [ -e "$(capabilities)" ]; then
		tar -C "$top" -x --numeric-owner -f "$(capabilities)"
		: >"$dir/capabilities-known"
	fi
	tar -C "$top" -c --numeric-owner -f "$run/payload.tar" .
}

# This run's initramfs: the kernel's plain one, then our /init, each a cpio archive.
pack_initrd() {
	cat "$kernel_dir/initrd" >"$run/initrd"
	install -m 755 "$testbed_d/guest/init" "$run/init"
	"${in_root[@]}" "$base/root" "$run:/dest" -- /bin/sh -c \
		'cd /dest && echo init | cpio -o -H newc --quiet' >>"$run/initrd"
}

# A file of the cache as QEMU sees it: it runs in a root of the base, so that it is the same on any machine.
inside() {
	printf '/build%s\n' "${1#"$cache"}"
}

# A drive of the host, found there by its serial number: drive NAME FILE OPTIONS.
drive() {
	qemu_args+=(-drive "if=none,id=$1,file=$(inside "$2"),$3" -device "virtio-blk-pci,drive=$1,serial=kvmb-$1")
}

# Only a processor that shows vmx or svm can be used: a /dev/kvm that opens is not enough.
# With the clock of instructions each takes a nanosecond, and idle time is skipped. Devices then do their work in the thread
# that runs the processor: with a thread of their own a disk once got a request that was not all there.
accelerator() {
	if [ "$clock" = instructions ]; then
		printf '%s\n' -accel tcg,thread=single -cpu max -icount shift=0,sleep=off \
			-global virtio-blk-pci.ioeventfd=off -global virtio-serial-pci.ioeventfd=off
	elif [ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo; then
		printf '%s\n' -accel kvm -cpu host
	else
		printf '%s\n' -accel tcg,thread=multi -cpu max
	fi
}

tsc_khz() {
	if [ "$clock" = instructions ]; then
		echo 1000000
	else
		"${in_root[@]}" "$base/root" "$base/tools:/dest" -- /dest/tsc-khz
	fi
}

# no_timer_check and the known frequency: what the kernel would measure itself goes wrong on a busy machine.
kernel_command_line() {
	local mode=host
	[ "${qemu_args[1]}" = kvm ] || printf 'no_timer_check tsc_early_khz=%s ' "$(tsc_khz)"
	[ "$initramfs" = no ] || mode=initramfs
	printf '%s ' console=ttyS0 loglevel=6 panic=-1 oops=panic psi=1 mitigations=off audit=0 apparmor=0 \
		damon_stat.enabled=N watchdog_thresh=60 rcupdate.rcu_cpu_stall_timeout=300 net.ifnames=0 systemd.show_status=0 \
		"kvmb.mode=$mode" "kvmb.swap=$swap" "${append[@]}"
}

qemu_command() {
	local number=0 archive
	# shellcheck disable=SC2054 # the commas are QEMU's
	qemu_args+=(-machine q35 -smp "$cpus" -m "$mem" -nodefaults -no-user-config -display none -no-reboot
		-kernel "$(inside "$kernel_dir/$kernel_image")" -initrd "$(inside "$run/initrd")"
		-append "$(kernel_command_line)"
		-serial "file:$(inside "$run/console.log")" -object rng-random,id=rng,filename=/dev/urandom
		-device virtio-rng-pci,rng=rng -device virtio-serial-pci
		-chardev "pipe,id=control,path=$(inside "$run/control")" -device virtserialport,chardev=control,name=kvmb.control
		-chardev "file,id=out,path=$(inside "$run/stdout")" -device virtserialport,chardev=out,name=kvmb.out)
	if [ "$interactive" = yes ]; then
		# shellcheck disable=SC2054
		qemu_args+=(-chardev stdio,id=tty,signal=off -serial chardev:tty)
	fi
	drive out "$run/out.tar" format=raw,cache=unsafe
	if [ "$initramfs" = no ]; then
		drive root "$run/root.qcow2" format=qcow2,cache=unsafe,discard=unmap
	fi
	for archive in "${archives[@]}"; do
		number=$((number + 1))
		drive "payload$number" "$archive" format=raw,readonly=on
	done
}

prepare_run() {
	archives=()
	mapfile -t qemu_args < <(accelerator)
	pack_payload
	pack_initrd
	if [ "$initramfs" = no ]; then
		"${in_root[@]}" "$base/root" "$cache:/build" -- qemu-img create -q -f qcow2 \
			-b "$(inside "$base/root.img")" -F raw "$(inside "$run/root.qcow2")"
		[ -z "$project" ] || archives+=("$project")
		[ -z "$guest" ] || archives+=("$guest")
	fi
	[ -z "$module" ] || archives+=("$module")
	archives+=("$run/payload.tar")
	truncate -s 16G "$run/out.tar"
	mkfifo "$run/control.in" "$run/control.out"
	: >"$run/stdout"
	: >"$run/console.log"
	qemu_command
}

# The next message of the runner in $word and $rest; false when there is none for a moment. A `read -t 1` whose second is up
# just as a message comes tears it, and a torn "exit" is a run that never ends. So the time is for a writer that died in it.
next_message() {
	if read -r -t 0 -u "$control"; then
		read -r -t "$MESSAGE_SECONDS" -u "$control" word rest
	else
		sleep 0.1
		return 1
	fi
}

# One message of the runner.
heed() {
	local word=$1 rest=$2
	case $word in
	ready)
		say "up, after $rest s of its own time; running: ${command[*]}"
		deadline=$((SECONDS + timeout))
		ready=yes
		;;
	say) say "$rest" ;;
	left) runs_still=${rest:-"the command had ended, its results did not come"} ;;
	out) left_something=yes ;;
	exit) status=$rest ;;
	esac
}

# Follow the machine until the command's status is known, it dies, or time is up. Sets $status.
watch() {
	local word rest ready=no stopping=no deadline=$((SECONDS + BOOT_SECONDS))
	status=
	runs_still='the host does not answer'
	while [ -z "$status" ]; do
		if next_message; then
			heed "$word" "$rest"
		elif ! kill -0 "$qemu" 2>/dev/null; then
			return 0
		fi
		[ "$SECONDS" -ge "$deadline" ] && [ "$interactive" = no ] || continue
		[ "$ready" = yes ] && [ "$stopping" = no ] || return 0
		say "the command has not ended within $timeout s: stopping it"
		timed_out=yes
		stopping=yes
		deadline=$((SECONDS + STOP_SECONDS))
		echo stop >"$run/control.in"
	done
	sleep 0.1 # the last output may be a message of another port behind
}

start_qemu() {
	exec {control}<>"$run/control.out"
	if [ "$interactive" = yes ]; then
		"${in_root[@]}" "$base/emulator" "$cache:/build" -- qemu-system-x86_64 "${qemu_args[@]}" <&0 &
		qemu=$!
	else
		"${in_root[@]}" "$base/emulator" "$cache:/build" -- qemu-system-x86_64 "${qemu_args[@]}" </dev/null >"$run/qemu.log" 2>&1 &
		qemu=$!
		tail -q -s 0.2 -c +1 -f --pid="$qemu" "$run/stdout" &
		tail=$!
	fi
}

stop_qemu() {
	[ -n "${qemu-}" ] || return 0
	kill -KILL "$qemu" 2>/dev/null || :
	wait "$qemu" 2>/dev/null || :
	[ -z "${tail-}" ] || wait "$tail" 2>/dev/null || :
	qemu='' tail=''
}

# What the command left in $OUT, and the console. A folder nobody named goes away if it has only the console of a
# run that went well.
fetch_results() {
	mkdir -p "$out"
	cp "$run/console.log" "$out/console.log"
	if [ -n "$status" ] && [ "$left_something" = yes ]; then
		mkdir "$run/results"
		tar -C "$run/results" -x --numeric-owner -f "$run/out.tar" ||
			say "what the command left in \$OUT could not be read"
		cp -r "$run/results/var/tmp/out/." "$out/"
		keep_capabilities
	fi
}

# libvirt's cache of what QEMU can do, valid for this base, kernel and accelerator: later runs bring it along.
capabilities() {
	printf '%s/libvirt-%s.tar\n' "$kernel_dir" "${qemu_args[1]%%,*}"
}

keep_capabilities() {
	[ -d "$run/results/var/cache" ] || return 0
	tar -C "$run/results" -c --numeric-owner -f "$run/capabilities.tar" var/cache/libvirt/qemu/capabilities
	mv "$run/capabilities.tar" "$(capabilities)"
}

# Lines in the console that mean a broken kernel, whatever the command thought of it.
kernel_faults() {
	local lockdep='WARNING: (possible|suspicious|inconsistent|held lock|lock held|bad unlock|nested lock)'
	grep -aE "Kernel panic|Oops:|\bBUG: |kernel BUG at|general protection fault|KASAN:|UBSAN:|$lockdep" \
		"$run/console.log" || test $? -eq 1
}

# From what was seen to this program's exit status.
judge() {
	local faults
	faults=$(kernel_faults)
	if [ -n "$faults" ]; then
		printf '%s\n' "$faults" | head -n 10 >&2
		die "$STATUS_KERNEL" "the host's kernel reported a fault: $out/console.log"
	elif [ "$timed_out" = yes ]; then
		die "$STATUS_TIMEOUT" "timed out after $timeout s: $runs_still"
	elif [ -z "$status" ]; then
		tail -n 15 "$run/qemu.log" "$run/console.log" >&2 || :
		die "$STATUS_NO_BOOT" "the host did not boot or died before the command ended: $out/console.log"
	fi
	say "exit status $status"
	exit "$status"
}

end_run() {
	trap - EXIT
	stop_qemu
	rm -rf "$run"
	if [ "$out_is_ours" = yes ] && [ "$1" -eq 0 ] && [ "$(ls -A "$out")" = console.log ]; then
		rm -r "$out"
	elif [ -d "$out" ] && [ "$out_is_ours" = yes ]; then
		say "results: $out"
	fi
	exit "$1"
}

run_host() {
	# shellcheck disable=SC2034 # make_scratch sets run by its name
	local run out=${OUT-} out_is_ours=no timed_out=no left_something=no qemu='' tail='' control status runs_still
	local archives qemu_args
	make_scratch run
	if [ -z "$out" ]; then
		out=$(mktemp -d "${TMPDIR:-/tmp}/testbed-out.XXXXXX")
		out_is_ours=yes
	fi
	trap 'end_run $?' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	prepare_run
	say "booting Debian 13 with Linux $(cat "$kernel_dir/release"), $mem MiB, $cpus CPUs, ${qemu_args[1]%%,*}"
	start_qemu
	watch
	stop_qemu
	fetch_results
	judge
}
