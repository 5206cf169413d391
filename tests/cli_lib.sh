# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_lib - for the tests of the command line: a scripted daemon, and commands
# whose whole output and exit status are compared.  To be sourced.

set -u
export LC_ALL=C.UTF-8
unset VOLCTL_SOCKET VISUAL EDITOR NO_COLOR 2> /dev/null

volctl=${VOLCTL:-$PWD/volctl/volctl}
fake_daemon=${FAKE_DAEMON:-$PWD/tests/fake_daemon}

for program in "$volctl" "$fake_daemon"; do
	[ -x "$program" ] || { echo "$program is not built"; exit 99; }
done

scratch=$(mktemp -d) || exit 99
# Sockets have short names only.
socket=$scratch/s
fake_pid=
failed=0
rule=

cli_end()
{
	[ -z "$fake_pid" ] || kill "$fake_pid" 2> /dev/null
	rm -rf "$scratch"
}
trap cli_end EXIT
trap 'exit 1' INT TERM

# The rule that the next cases prove.
rule()
{
	rule=$1
}

wrong()
{
	# shellcheck disable=SC2034 # read by the test
	failed=1
	echo "FAILED: $rule: $1"
}

# Start the scripted daemon; the script is the standard input.
serve()
{
	rm -f "$socket"
	cat > "$scratch/script"
	"$fake_daemon" "$socket" "$scratch/script" 2> "$scratch/fake" &
	fake_pid=$!
	while [ ! -S "$socket" ] && kill -0 "$fake_pid" 2> /dev/null; do sleep 0.01; done
}

# The scripted daemon must have been told all that it waits for.
served()
{
	[ -n "$fake_pid" ] || return 0
	wait "$fake_pid" || wrong "$(cat "$scratch/fake")"
	fake_pid=
}

compare()
{
	[ "$2" = "$3" ] && return
	wrong "$1 is not as expected"
	printf '%s\n' "$2" > "$scratch/expected"
	printf '%s\n' "$3" > "$scratch/got"
	diff -u "$scratch/expected" "$scratch/got"
}

# given STATUS STDOUT STDERR: what the command just before, whose output went to
# $scratch/out and $scratch/err, must have given.
given()
{
	status=$?
	[ "$status" = "$1" ] || wrong "exit status $status, not $1"
	compare 'standard output' "$2" "$(cat "$scratch/out")"
	compare 'standard error' "$3" "$(cat "$scratch/err")"
	served
}

# gives STATUS STDOUT STDERR ARGUMENT...: what a volctl command must give.
gives()
{
	expected_status=$1
	expected_out=$2
	expected_err=$3
	shift 3
	"$volctl" --socket "$socket" "$@" > "$scratch/out" 2> "$scratch/err" < /dev/null
	given "$expected_status" "$expected_out" "$expected_err"
}

# Wait until a file is there.
wait_for()
{
	tries=0
	until [ -e "$1" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 1000 ] || { wrong "$1 does not appear"; return 1; }
		sleep 0.01
	done
}
