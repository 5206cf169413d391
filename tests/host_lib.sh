# shellcheck shell=bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_lib - a small studio of lab hosts with running daemons, for tests/host_*.sh.
#
# A test is a list of rules: `rule NAME` begins one, the checks below it fail it,
# `studio_verdict` ends the test.  Everything that is written under write access goes
# through `put`, so that in the end every byte can be looked for.

# shellcheck source=tests/lab/lab.sh
. "$(dirname "${BASH_SOURCE[0]}")/lab/lab.sh"

rule=
rule_failed=0
passed=0
failed=0
out=
rc=0

rule_end()
{
	[ -n "$rule" ] || return 0
	if [ "$rule_failed" = 0 ]; then
		passed=$((passed + 1))
		echo "ok: $rule"
	else
		failed=$((failed + 1))
	fi
	rule=
}

rule()
{
	rule_end
	rule=$*
	rule_failed=0
}

# After a rule's first failure what follows is only its consequence.
complain()
{
	if [ "$rule_failed" = 0 ]; then
		echo "FAIL: $rule: $*"
		[ -z "$out" ] || printf '%s\n' "$out" | sed 's/^/      /'
	fi
	rule_failed=1
}

# v HOST ARGUMENTS...: run volctl there; what it said in $out, its exit status in $rc.
v()
{
	out=$(lab_volctl "$@" 2>&1)
	rc=$?
}

# exits N: how the last v ended.
exits()
{
	[ "$rc" = "$1" ] || complain "expected exit status $1, got $rc"
}

# says PATTERN: what the last v said.
says()
{
	printf '%s\n' "$out" | grep -qE -- "$1" || complain "expected to read '$1'"
}

# within SECONDS COMMAND...: it must succeed in that time.
within()
{
	lab_until "$@" || complain "not within $1 s: ${*:2}"
}

# field HOST VOLUME KEY: of the volume in the JSON of `status`.
field()
{
	lab_volctl "$1" --json status | jq -r --arg v "$2" --arg k "$3" \
		'.volumes[] | select(.name == $v) | .[$k]'
}

is()
{
	[ "$(field "$1" "$2" "$3")" = "$4" ]
}

# here HOST rw|ro|none [VOLUME]
here()
{
	within 20 is "$1" "${3:-media}" here "$2"
}

# On which hosts the volume is mounted so that it can be written, by their kernels.
writers()
{
	local host
	for host in $hosts; do
		! lab_run "$host" awk -v at="/mnt/${1:-media}" \
			'$2 == at && $4 ~ /^rw/ { found = 1 } END { exit !found }' /proc/mounts ||
			echo "$host"
	done
}

# one_writer HOST: it, and nobody else.
one_writer()
{
	[ "$(writers "${2:-media}")" = "$1" ] ||
		complain "expected $1 to be the only writer, mounted read-write on: $(writers "${2:-media}")"
}

# put HOST NAME: a new file with contents of its own, remembered for `all_there`.
put()
{
	lab_run "$1" sh -c 'head -c 50000 /dev/urandom > "$1" && sha256sum < "$1"' put "/mnt/media/$2" \
		> "$LAB/sums/$2" 2> "$LAB/put.err" || complain "can not write $2 on $1: $(cat "$LAB/put.err")"
}

# reads HOST NAME: the host sees the file whole.
reads()
{
	[ "$(lab_run "$1" sh -c 'sha256sum < "$1"' reads "/mnt/media/$2" 2> /dev/null)" = \
		"$(cat "$LAB/sums/$2")" ]
}

# all_there HOST: every file that was ever put.
all_there()
{
	local name
	for name in "$LAB"/sums/*; do
		reads "$1" "$(basename "$name")" || complain "$(basename "$name") is not whole on $1"
	done
}

# studio_conf HOST [LINE...]: its volctl.conf, with further lines.
studio_conf()
{
	local host=$1
	shift
	{
		printf '[host]\nname = %s\n[tables]\ndevice = /run/disks/control\n' "$host"
		printf '[devices]\nallow = /run/disks/media /run/disks/other\n'
		[ $# = 0 ] || printf '%s\n' "$@"
	} | lab_run "$host" sh -c 'cat > /etc/volctl/volctl.conf'
}

# studio FSTYPE [DISK...]: three hosts, a control disk, a volume media; all logged on.
studio()
{
	local fstype=$1 size=300M host
	[ "$fstype" != xfs ] || size=400M
	shift
	hosts="edit1 edit2 render"
	lab_begin
	mkdir "$LAB/sums"
	lab_disk control 16M none && lab_disk media "$size" "$fstype" || exit 99
	for host in $hosts; do
		lab_host "$host" "${@:-control}" media || exit 99
		studio_conf "$host"
	done
	studio_form > "$LAB/form"
	v edit1 format /run/disks/control --template "$LAB/form" --yes
	[ "$rc" = 0 ] || { echo "format failed: $out"; exit 99; }
}

studio_form()
{
	cat <<-END
		[cluster]
		name = studio
		io-timeout = 1s
		[host edit1]
		[host edit2]
		[host render]
		answer = auto
		[volume media]
		uuid = $(lab_uuid media)
		mount-point = /mnt/media
		min-hold = 0s
		publish-every = 1s
	END
}

studio_start()
{
	local host
	# shellcheck disable=SC2086 # a list of names
	[ $# -gt 0 ] || set -- $hosts
	for host; do
		lab_daemon "$host" || complain "the daemon on $host did not log on"
	done
}

studio_stop()
{
	local host
	# shellcheck disable=SC2086
	[ $# -gt 0 ] || set -- $hosts
	for host; do
		lab_daemon_stop "$host"
	done
}

# The file system, looked at by its own checker, when nobody has it any more.
studio_check_fs()
{
	case $1 in
	ext4) out=$(e2fsck -fn "$LAB/disks/media" 2>&1) ;;
	xfs) out=$(xfs_repair -n "$LAB/disks/media" 2>&1) ;;
	btrfs) out=$(btrfs check --readonly "$LAB/disks/media" 2>&1) ;;
	esac
	rc=$?
	exits 0
}

studio_verdict()
{
	rule_end
	echo "$passed passed, $failed failed"
	[ "$failed" = 0 ]
}
