# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the testbed cases share: TAP, waiting, guests, the agent, the host's memory. Sourced by each case.
set -euo pipefail
export PATH=$PATH:/usr/lib/kvmb-test
: "${OUT:=/var/tmp/out}"
mkdir -p "$OUT"

bus=org.linux_kvm.Balloon1
bus_path=/org/linux_kvm/Balloon1
config=/etc/kvm-balloond.conf
tests=0 failed=0 finished=no
hogs=()
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# ---- TAP ----

diag() {
	printf '%s\n' "$@" | sed 's/^/# /'
}

ok() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

# not_ok WHAT [WHY]
not_ok() {
	tests=$((tests + 1))
	failed=$((failed + 1))
	echo "not ok $tests - $1${2:+: $2}"
}

# skip WHAT REASON
skip() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

# check WHAT COMMAND... - a test that passes when the command succeeds
check() {
	local what=$1 out
	shift
	if out=$("$@" 2>&1); then
		ok "$what"
	else
		not_ok "$what" "$* failed"
		[[ -z $out ]] || diag "$out"
	fi
}

# check_eq WHAT GOT WANTED
check_eq() {
	if [[ $2 == "$3" ]]; then ok "$1"; else not_ok "$1" "got '$2', wanted '$3'"; fi
}

# check_num WHAT GOT -lt|-le|-gt|-ge|-eq WANTED
check_num() {
	if [[ $2 =~ ^-?[0-9]+$ ]] && test "$2" "$3" "$4"; then
		ok "$1"
		diag "$1: $2"
	else
		not_ok "$1" "got '$2', wanted $3 $4"
	fi
}

# check_until SECONDS WHAT COMMAND... - a test that passes when the command succeeds in time
check_until() {
	local seconds=$1 what=$2 start=$SECONDS
	shift 2
	if wait_for "$seconds" "$@"; then
		ok "$what"
		diag "$what: after $((SECONDS - start)) s"
	else
		not_ok "$what" "$* did not come true in four times $seconds s"
		diag "asked once more, it says: $("$@" 2>&1)"
		explain_all
	fi
}

# check_press SECONDS MIB WHAT COMMAND... - the same, while the host is kept short of memory
check_press() {
	local seconds=$1 leave=$2 what=$3
	shift 3
	# Not through check: the hogs are children of this shell, not of a substitution.
	if press_until "$seconds" "$leave" "$@"; then
		ok "$what"
	else
		not_ok "$what" "$* did not come true in $seconds s with $leave MiB available"
		explain_all
	fi
}

# What the agent says for itself, once something did not happen.
explain_all() {
	local name
	agent_active || return 0
	diag "$(kvm-balloonctl status 2>&1)"
	for name in $(virsh -q list --name); do
		diag "$(kvm-balloonctl explain "$name" 2>&1)"
	done
}

# check_fails WHAT WANTED-REGEX COMMAND... - a test that passes when the command fails and says that
check_fails() {
	local what=$1 wanted=$2 out
	shift 2
	if out=$("$@" 2>&1); then
		not_ok "$what" "$* succeeded: $out"
	elif [[ $out =~ $wanted ]]; then
		ok "$what"
	else
		not_ok "$what" "$* said: ${out//$'\n'/ }"
	fi
}

finish() {
	finished=yes
	echo "1..$tests"
	((failed == 0)) || exit 1
	exit 0
}

# The last words of guests that are no longer there, and of their QEMU.
guests_gone() {
	local console name
	cp /var/log/libvirt/qemu/*.log "$OUT/" 2>/dev/null
	for console in /run/kvmb-test/*.console; do
		name=$(basename "$console" .console)
		[[ -e $console ]] && ! pid_of "$name" >/dev/null || continue
		diag "guest $name is gone; its console and its QEMU said last:"
		tail -n 12 "$console" "/var/log/libvirt/qemu/$name.log" 2>&1 | tr -d '\r' | sed 's/^/# /'
	done
}

# A case that stops half-way fails; what helps to find out why is left in $OUT.
on_exit() {
	local status=$?
	set +e
	[[ -z ${hogs[*]} ]] || kill -KILL "${hogs[@]}" 2>/dev/null || :
	if [[ $finished == no ]]; then
		not_ok "the case runs to its end" "stopped with status $status"
		echo "1..$tests"
	fi
	if ((failed)) || [[ $finished == no ]]; then
		journalctl -b -o short-monotonic --no-pager >"$OUT/journal.txt" 2>&1
		busctl --system call "$bus" "$bus_path" "$bus.Manager" DumpSample >"$OUT/sample.txt" 2>&1
		cp /var/lib/kvm-balloond/state.json /run/kvmb-test/*.console "$OUT/" 2>/dev/null
		guests_gone
		diag "journal of the daemon (all of it is in journal.txt):"
		journalctl -b -u kvm-balloond -o short-monotonic --no-pager -n 40 2>&1 | sed 's/^/# /'
	fi
	[[ $finished == yes ]] || exit 1
}
trap on_exit EXIT

# ---- Waiting ----

# wait_for SECONDS COMMAND... - false if it did not succeed in time. The seconds are what an idle machine should
# never need; a busy one gets four times as long.
wait_for() {
	local deadline=$((SECONDS + 4 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		sleep 0.2
	done
}

# Negation as a command, for wait_for.
not() {
	! "$@"
}

# ---- Guests ----

# start_guests MIB NAME... - and wait until their workloads answer
start_guests() {
	local mem=$1 name
	shift
	for name; do
		kvmb-guest start "$name" --mem "$mem" "${guest_options[@]}"
	done
	kvmb-guest wait --timeout 300 "$@"
	diag "guests $* of $mem MiB are up at $SECONDS s"
}
guest_options=()

# guest NAME COMMAND... - quiet; a refusal is a failure
guest() {
	kvmb-guest cmd --timeout 300 "$@" >/dev/null
}

# guest_figure NAME COMMAND JQ-EXPRESSION
guest_figure() {
	kvmb-guest cmd --timeout 300 "$1" "$2" | jq -r "$3"
}

# QEMU's process id; nothing and false when the guest does not run. As kvmb_guest.py finds it, but starting Python takes
# an emulated host a second or two.
pid_of() {
	local pid
	pid=$(cat "/run/libvirt/qemu/$1.pid" 2>/dev/null) && [[ -e /proc/$pid ]] && echo "$pid"
}

scope_of() {
	local path
	path=$(sed -n 's/^0:://p' "/proc/$(pid_of "$1")/cgroup")
	echo "/sys/fs/cgroup${path%%.scope*}.scope"
}

# cgroup_mib NAME FILE
cgroup_mib() {
	echo $(($(cat "$(scope_of "$1")/$2") >> 20))
}

# Pages of the guest that had to come back from swap.
refaults() { # NAME
	awk '/^workingset_refault_anon/ { print $2 }' "$(scope_of "$1")/memory.stat"
}

paged_out() { # NAME MIB
	(($(cgroup_mib "$1" memory.swap.current) >= $2))
}

# What the balloon leaves the guest, as libvirt tells.
balloon_mib() {
	virsh -q domstats --balloon "$1" | awk -F= '/balloon.current=/ { print int($2 / 1024) }'
}

balloon_is() {
	(($(balloon_mib "$1") == $2))
}

# verify_guests NAME... - every byte that the workloads wrote is there: one test per guest
verify_guests() {
	local name
	for name; do
		check "every byte of guest $name is as it was written" guest "$name" verify
	done
}

# Nothing that limits memory is set on the guest's scope or below.
no_limit() {
	local file scope
	scope=$(scope_of "$1")
	while IFS= read -r file; do
		[[ $(cat "$file") == max ]] || {
			echo "$file is $(cat "$file")"
			return 1
		}
	done < <(find "$scope" -name memory.high -o -name memory.max -o -name memory.swap.max -o -name memory.swap.high)
}

# nothing_clamped MIB NAME... - no limits, and the balloon leaves the guest all it was promised: a test per guest
nothing_clamped() {
	local mib=$1 name
	shift
	for name; do
		check "no limit is left on guest $name" no_limit "$name"
		# The guest's driver takes a moment to do what it was told.
		check_until 30 "guest $name has its whole memory" balloon_is "$name" "$mib"
	done
}

oom_kills() {
	awk '/^oom_kill / { print $2 }' /proc/vmstat
}

# ---- The agent ----

# agent_config - text comes on stdin
agent_config() {
	cat >"$config"
}

agent_start() {
	systemctl reset-failed kvm-balloond 2>/dev/null || :
	systemctl start kvm-balloond
}

# From now on the agent finds no kvm_swap module to load.
hide_module() {
	rm -r "/usr/lib/modules/$(uname -r)/updates"
	depmod -a
}

agent_pid() {
	systemctl show -P MainPID kvm-balloond
}

agent_active() {
	systemctl is-active --quiet kvm-balloond
}

property() { # PATH INTERFACE NAME
	busctl --system --json=short get-property "$bus" "$1" "$2" "$3" | jq -r '.data | if type == "array" then join(" ") else . end'
}

manager() {
	property "$bus_path" "$bus.Manager" "$1"
}

machine() { # NAME PROPERTY
	property "$bus_path/machine/$1" "$bus.Machine" "$2"
}

machine_mib() {
	echo $(($(machine "$1" "$2") >> 20))
}

# manager_is PROPERTY VALUE, machine_is NAME PROPERTY VALUE - for wait_for
manager_is() {
	[[ $(manager "$1") == "$2" ]]
}

machine_is() {
	[[ $(machine "$1" "$2") == "$3" ]]
}

# machine_says NAME PROPERTY PART
machine_says() {
	[[ $(machine "$1" "$2") == *"$3"* ]]
}

machine_at_least() {
	(($(machine "$1" "$2") >= $3))
}

manager_at_least() {
	(($(manager "$1") >= $2))
}

# Capabilities of a process that the agent has no need of, one a line.
capabilities() {
	# SYS_RESOURCE SYS_PTRACE SYS_NICE DAC_OVERRIDE SYS_ADMIN
	local wanted=$((1 << 24 | 1 << 19 | 1 << 23 | 1 << 1 | 1 << 21))
	local has=$((16#$(sed -n 's/^CapEff:[[:space:]]*//p' "/proc/$1/status")))
	((has & ~wanted)) && printf '%x\n' $((has & ~wanted))
	:
}

knows_guests() {
	manager_is MachineCount "$1" && manager_is Connected true
}

# ---- The host's memory ----

available_mib() {
	awk '/^MemAvailable:/ { print int($2 / 1024) }' /proc/meminfo
}

total_mib() {
	awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo
}

test_available() {
	(($(available_mib) >= $1))
}

# hog MIB - hold so much memory that cannot be swapped: pressure from outside the guests
hog() {
	local log=$OUT/hog${#hogs[@]}.log
	python3 "$here/hog.py" "$1" >"$log" 2>&1 &
	hogs+=($!)
	wait_for 120 grep -q ready "$log" || {
		diag "the hog says: $(cat "$log")"
		return 1
	}
	diag "a hog holds $1 MiB; $(available_mib) MiB are available"
}

# hog_to_leave MIB - hold as much as it takes to leave so much available
hog_to_leave() {
	local available
	available=$(available_mib)
	((available - $1 < 16)) || hog $((available - $1))
}

# press_until SECONDS MIB COMMAND... - keep no more than so much available until the command succeeds
press_until() {
	local deadline=$((SECONDS + $1)) leave=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		((SECONDS < deadline)) || return 1
		hog_to_leave "$leave"
		wait_for 5 "$@" || :
	done
}

hogs_end() {
	[[ -n ${hogs[*]} ]] || return 0
	kill "${hogs[@]}"
	wait "${hogs[@]}" 2>/dev/null || :
	hogs=()
	diag "the hogs are gone; $(available_mib) MiB are available"
}
