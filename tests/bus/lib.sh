# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the bus tests share: a private bus, a daemon on it, TAP. Everything that was started is ended by
# its process id, and with this shell should that be killed; what was written is below $work.
set -euo pipefail
# make sets both; by hand, run from the build folder
: "${top_builddir:=$PWD}" "${top_srcdir:=$(cd "${BASH_SOURCE[0]%/*}/../.." && pwd)}"

# shellcheck disable=SC2034 # these are for the tests
{
name=org.linux_kvm.Balloon1
manager=/org/linux_kvm/Balloon1
i_manager=$name.Manager
i_machine=$name.Machine
}
work=$(mktemp -d "${TMPDIR:-/tmp}/kvmb-bus.XXXXXX")
chmod 0755 "$work"
pids=()
tests=0
deadline=30 # seconds; only a failing test ever waits that long

clean_up() {
	local pid
	exec 2>/dev/null # the shell tells of each that it was killed
	# Not of $pids what has been waited for: its number may be another's by now.
	for pid in $(jobs -p); do
		kill -KILL "$pid" || continue # which is gone already
	done
	wait
	rm -rf "$work"
}
trap clean_up EXIT

# A test is an "ok" or "not ok" line; a failure shows what was seen.
pass() {
	tests=$((tests + 1))
	echo "ok $tests - $1"
}

fail() {
	local line
	tests=$((tests + 1))
	echo "not ok $tests - $1"
	while IFS= read -r line; do
		echo "# $line"
	done <<<"${2-}"
}

skip_test() {
	tests=$((tests + 1))
	echo "ok $tests - $1 # SKIP $2"
}

finish() {
	echo "1..$tests"
}

# is DESCRIPTION GOT WANTED
is() {
	if [[ $2 == "$3" ]]; then pass "$1"; else fail "$1" "got:    $2"$'\n'"wanted: $3"; fi
}

# like DESCRIPTION GOT REGEX
like() {
	if [[ $2 =~ $3 ]]; then pass "$1"; else fail "$1" "got:    $2"$'\n'"wanted: $3"; fi
}

# try COMMAND... - until it succeeds, or the deadline has passed
try() {
	local end=$((SECONDS + deadline))
	until "$@" >/dev/null 2>&1; do
		((SECONDS < end)) || return 1
		sleep 0.02
	done
}

# comes DESCRIPTION COMMAND... - the command succeeds, sooner or later
comes() {
	local what=$1
	shift
	if try "$@"; then pass "$what"; else fail "$what" "$* never succeeded"; fi
}

# make_node NAME UUID KIB [NAME UUID KIB]... - a node of libvirt's test driver with these guests, to stdout
make_node() {
	echo '<node><cpu><mhz>2000</mhz><model>any</model><active>2</active><nodes>1</nodes><sockets>1</sockets>'
	echo '<cores>2</cores><threads>1</threads></cpu><memory>8388608</memory>'
	printf "<domain type='test'><name>%s</name><uuid>%s</uuid><memory>%s</memory><vcpu>1</vcpu><os><type>hvm</type></os></domain>\n" "$@"
	echo '</node>'
}

# A root that has what the daemon reads of a host, and nothing else.
make_root() {
	local root=$1
	mkdir -p "$root"/{proc/pressure,sys/fs/cgroup,etc}
	cat >"$root/proc/meminfo" <<-'END'
		MemTotal:        8388608 kB
		MemFree:         2097152 kB
		MemAvailable:    4194304 kB
		Shmem:                 0 kB
		SwapTotal:       4194304 kB
		SwapFree:        4194304 kB
	END
	printf '%s 0\n' pswpin pswpout workingset_refault_anon workingset_refault_file oom_kill >"$root/proc/vmstat"
	printf '%s avg10=0.00 avg60=0.00 avg300=0.00 total=0\n' some full >"$root/proc/pressure/memory"
	echo 'cpuset cpu io memory pids' >"$root/sys/fs/cgroup/cgroup.controllers"
}

# As on a real system bus, with the policy that is installed, where we are root; else all is allowed.
bus_config() {
	if ((EUID == 0)); then
		cat <<-END
			<busconfig>
			<type>system</type>
			<listen>unix:path=$1</listen>
			<auth>EXTERNAL</auth>
			<policy context="default">
			<allow user="*"/>
			<deny own="*"/>
			<deny send_type="method_call"/>
			<allow send_type="signal"/>
			<allow send_requested_reply="true" send_type="method_return"/>
			<allow send_requested_reply="true" send_type="error"/>
			<allow receive_type="method_call"/>
			<allow receive_type="method_return"/>
			<allow receive_type="error"/>
			<allow receive_type="signal"/>
			<allow send_destination="org.freedesktop.DBus"/>
			</policy>
			<policy user="root">
			<allow own="org.freedesktop.PolicyKit1"/>
			<allow send_destination="org.freedesktop.PolicyKit1"/>
			<allow send_destination="org.freedesktop.DBus" send_interface="org.freedesktop.DBus.Monitoring"/>
			</policy>
			<include>$top_srcdir/dbus/$name.conf</include>
			</busconfig>
		END
	else
		cat <<-END
			<busconfig>
			<listen>unix:path=$1</listen>
			<auth>EXTERNAL</auth>
			<policy context="default">
			<allow user="*"/>
			<allow own="*"/>
			<allow send_destination="*" eavesdrop="true"/>
			<allow receive_sender="*" eavesdrop="true"/>
			</policy>
			</busconfig>
		END
	fi
}

start_bus() {
	bus_config "$work/bus" >"$work/bus.conf"
	address=unix:path=$work/bus
	rm -f "$work/bus"
	setpriv --pdeathsig KILL dbus-daemon --config-file="$work/bus.conf" --nofork --nopidfile >"$work/bus.log" 2>&1 &
	bus_pid=$!
	pids+=("$bus_pid")
	if ! try test -S "$work/bus"; then
		echo "Bail out! dbus-daemon did not start: $(<"$work/bus.log")"
		exit 1
	fi
}

bus() {
	busctl --address="$address" --timeout=20 "$@"
}

# has_name NAME - someone owns it
has_name() {
	[[ $(bus call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus NameHasOwner s "$1") == 'b true' ]]
}

# A daemon that was built here, with its libraries: what libtool's wrapper sets up.
program() {
	if [[ -x $top_builddir/${1%/*}/.libs/${1##*/} ]]; then
		echo "$top_builddir/${1%/*}/.libs/${1##*/}"
	elif [[ -x $top_builddir/.libs/$1 ]]; then
		echo "$top_builddir/.libs/$1"
	else
		echo "$top_builddir/$1"
	fi
}
export LD_LIBRARY_PATH=$top_builddir/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}

# launch PROGRAM OPTIONS... - in the background; $daemon_pid, output in $work/daemon.log
launch() {
	local exe
	exe=$(program "$1")
	shift
	setpriv --pdeathsig KILL "$exe" "$@" >"$work/daemon.log" 2>&1 &
	daemon_pid=$!
	pids+=("$daemon_pid")
}

# start_daemon PROGRAM OPTIONS... - and wait until it has its name on the bus
start_daemon() {
	launch "$@" --address "$address"
	if ! try has_name "$name"; then
		echo "Bail out! the daemon did not come: $(<"$work/daemon.log")"
		exit 1
	fi
}

gone() {
	! kill -0 "$1" 2>/dev/null
}

# ends PID - waits for a daemon that ends by itself; $status is its status, or "still running"
ends() {
	status=0
	if try gone "$1"; then
		wait "$1" || status=$?
	else
		status="still running"
	fi
}

logged() {
	grep -qE -- "$1" "$work/daemon.log"
}

# property OBJECT INTERFACE NAME - its value, as busctl writes it
property() {
	bus get-property "$name" "$@"
}

# has_property OBJECT INTERFACE NAME VALUE
has_property() {
	[[ $(property "$1" "$2" "$3") == "$4" ]]
}

# error_of OBJECT INTERFACE METHOD [SIGNATURE ARGUMENTS...] - name and text of the D-Bus error, or "none"
error_of() {
	# busctl tells only the text; the name is on the wire.
	"$top_builddir/tests/bus/call" "$address" "$name" "$@"
}

# A call of our own shows on the wire: the monitor is in place. Newer ones do not say so.
watched() {
	property $manager $i_manager Level
	[[ -s $work/signals ]]
}

# watch_signals - of the daemon, one JSON line each in $work/signals
watch_signals() {
	bus monitor --json=short "$name" >"$work/signals" 2>"$work/signals.err" &
	pids+=("$!")
	if ! try watched; then
		echo "Bail out! the bus does not let us watch: $(<"$work/signals.err")"
		exit 1
	fi
}

# signals MEMBER - those seen so far
signals() {
	grep -E "\"type\":\"signal\".*\"member\":\"$1\"" "$work/signals" || (($? == 1))
}
