# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Sourced by the CLI's tests: a private bus, the mock on it, TAP output.

export LC_ALL=C.UTF-8 TZ=UTC TERM=xterm-256color
unset COLUMNS LINES NO_COLOR
here=${top_srcdir:-.}/tests/cli
built=${top_builddir:-.}
ctl=$built/kvm-balloonctl
# libtool's wrapper would take most of the time
if [[ -x $built/.libs/kvm-balloonctl ]]; then
	ctl=$built/.libs/kvm-balloonctl
	export LD_LIBRARY_PATH=$built/.libs${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
on_screen=$built/tests/cli/on-screen
scratch=$(mktemp -d "${TMPDIR:-/tmp}/kvmb-cli.XXXXXX")
bus_pid='' mock_pid='' count=0 failed=0
address=unix:path=$scratch/bus
export DBUS_SYSTEM_BUS_ADDRESS=$address # what is asked without --address must not leave here

stop_mock() {
	[[ ! $mock_pid ]] || kill "$mock_pid" 2>/dev/null || :
	[[ ! $mock_pid ]] || wait "$mock_pid" 2>/dev/null || :
	mock_pid=''
}

clean_up() {
	stop_mock
	[[ ! $bus_pid ]] || kill "$bus_pid" 2>/dev/null || :
	rm -rf "$scratch"
}
trap clean_up EXIT

# wait_until COMMAND...: until it succeeds, a minute at most
wait_until() {
	local deadline=$((SECONDS + 60))
	until "$@" >/dev/null 2>&1; do
		if ((SECONDS > deadline)); then
			echo "Bail out! waited in vain for: $*"
			exit 1
		fi
		sleep 0.02
	done
}

start_bus() {
	if ! command -v dbus-daemon >/dev/null; then
		echo '1..0 # SKIP dbus-daemon is not installed'
		exit 0
	fi
	dbus-daemon --session --nofork --nopidfile --address="$address" >"$scratch/bus.log" 2>&1 &
	bus_pid=$!
	wait_until test -S "$scratch/bus"
}

# start_mock [EXTRA-MACHINES]
start_mock() {
	"$built/tests/cli/mock-balloond" "$address" "${1:-0}" >"$scratch/mock.log" 2>&1 &
	mock_pid=$!
	wait_until "$ctl" status --json
}

# report STATUS NAME: one TAP line
report() {
	((++count))
	if (($1 == 0)); then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		failed=1
	fi
}

# ok NAME COMMAND...
ok() {
	local name=$1 status=0
	shift
	"$@" >"$scratch/ok.log" 2>&1 || status=$?
	((status == 0)) || sed 's/^/# /' "$scratch/ok.log"
	report "$status" "$name"
}

# golden NAME COMMAND...: its output is golden/NAME; KVMB_BLESS=1 writes that file anew
golden() {
	local name=$1 status=0
	shift
	"$@" >"$scratch/out" 2>"$scratch/err" || status=$?
	if [[ ${KVMB_BLESS-} ]]; then
		cp "$scratch/out" "$here/golden/$name"
	fi
	if ((status == 0)); then
		diff -u "$here/golden/$name" "$scratch/out" >"$scratch/diff" || status=$?
		((status == 0)) || sed 's/^/# /' "$scratch/diff"
	else
		sed 's/^/# /' "$scratch/err"
	fi
	report "$status" "golden/$name"
}

# fails STATUS TEXT COMMAND...: exits so, says TEXT on standard error and nothing on standard output
fails() {
	local wanted=$1 text=$2 status=0
	shift 2
	"$@" >"$scratch/out" 2>"$scratch/err" </dev/null || status=$?
	if ((status == wanted)) && grep -qF -- "$text" "$scratch/err" && [[ ! -s $scratch/out ]]; then
		report 0 "$(printf '%q ' "${@:2}"): $wanted, $text"
	else
		sed 's/^/# /' "$scratch/out" "$scratch/err"
		report 1 "$(printf '%q ' "${@:2}"): got $status, wanted $wanted, $text"
	fi
}

finish() {
	echo "1..$count"
	exit "$failed"
}
