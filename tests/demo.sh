#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# demo - the main job, on three hosts made on this machine (tests/lab).
#
# Shows what happens as it happens, and looks at each step with real files:
# what is said to be handed over is read back, with its checksums, elsewhere.
# Ends with a table and "demo: N passed, N failed".  Started by ./bootstrap demo.

set -u -o pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lab.sh
. "$here/lab/lab.sh"

hosts="edit1 edit2 render"
media=/mnt/media
takes=/mnt/takes
started=$EPOCHREALTIME
passed=0
failed=0

# Tenths of a second since the start, as "12.3".
elapsed()
{
	local now=$EPOCHREALTIME tenths

	tenths=$(( (${now/[.,]/} - ${started/[.,]/}) / 100000 ))
	printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

tell()
{
	printf '%6s  %s\n' "$(elapsed)" "$*"
}

scene()
{
	printf '\n%s\n' "$*"
}

# Count one step: $1 says what must hold, the rest is the command that looks.
check()
{
	local what=$1

	shift
	if "$@" > "$LAB/check.out" 2>&1; then
		passed=$((passed + 1))
		tell "  ok      $what"
	else
		failed=$((failed + 1))
		tell "  FAILED  $what"
		sed 's/^/                  /' "$LAB/check.out"
	fi
}

# Try a command again and again, for at most $1 seconds.
within()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.1
	done
}

# Show what host $1 does: `volctl` with the arguments that follow.
tell_command()
{
	local host=$1 word words=

	shift
	for word; do
		case "$word" in
		*\ *) words+=" \"$word\"" ;;
		*) words+=" $word" ;;
		esac
	done
	tell "$host\$ volctl$words"
}

# The same, done, with what volctl answers.
shown()
{
	tell_command "$@"
	lab_volctl "$@" 2>&1 | sed 's/^/                /'
}

# What jq's $3 says of volume $2 as host $1 sees it.
volume_is()
{
	lab_volctl "$1" --json status "$2" | jq -e ".volumes[0] | $3" > /dev/null
}

# Write $3 files of random bytes into directory $2 on host $1, with a list of their checksums.
write_files()
{
	lab_run "$1" sh -euc '
		mountpoint -q "${1%/*}"
		mkdir -p "$1"
		cd "$1"
		for i in $(seq "$2"); do
			head -c 200000 /dev/urandom > "take$i.raw"
		done
		sha256sum take*.raw > list
		sync -f .' - "$2" "$3"
}

# Whether all that the list in directory $2 names is there, whole, on host $1: $3 files.
files_are_whole()
{
	lab_run "$1" sh -euc '
		mountpoint -q "${1%/*}"
		cd "$1"
		[ "$(wc -l < list)" -eq "$2" ]
		sha256sum --quiet -c list' - "$2" "$3"
}

# Whether host $1 can not write to the volume on $2, for the reason that it is read-only.
can_not_write()
{
	lab_run "$1" mountpoint -q "$2" &&
	! lab_run "$1" touch "$2/must-not-be" 2> "$LAB/touched" &&
	grep -q 'Read-only file system' "$LAB/touched"
}

# The id of the request for volume $2 that waits at host $1.
waiting_request()
{
	lab_volctl "$1" --json requests |
		jq -e --arg volume "$2" '[.requests[] | select(.volume == $volume)
			| select(.state == "waiting" or .state == "asked")] | .[0].id'
}

# What edit1 hears meanwhile, as it comes.
watch_as_edit1()
{
	lab_volctl edit1 watch 2> /dev/null | sed -u '
		/tables-changed/d
		s/^[^ ]* /                                edit1 hears: /' &
}

scene_log_on()
{
	local host

	scene "Three hosts log on.  They share a control device and two volumes, media and takes."
	for host in $hosts; do
		check "$host has logged on" lab_daemon "$host"
	done
	for host in $hosts; do
		check "$host has both volumes read-only" within 20 views_are_mounted "$host"
		check "$host can not write to media" can_not_write "$host" "$media"
	done
}

views_are_mounted()
{
	volume_is "$1" media '.here == "ro"' && volume_is "$1" takes '.here == "ro"'
}

scene_first_writer()
{
	scene "Nobody writes to media: edit1 asks, and has it at once."
	watch_as_edit1
	shown edit1 request media -m "today's shoot" --wait=20
	check "edit1 has media read-write" volume_is edit1 media '.here == "rw"'
	check "edit1 writes 20 files" write_files edit1 "$media/monday" 20
	shown edit1 publish media
	check "edit2's stale view is brought up to date: it reads all 20" \
		within 20 files_are_whole edit2 "$media/monday" 20
	check "edit2 still can not write" can_not_write edit2 "$media"
}

# edit2 asks in the background; its answer and exit status are in $LAB/asked*.
ask_as_edit2()
{
	tell_command edit2 request media -m "$1" --wait=30
	{
		lab_volctl edit2 request media -m "$1" --wait=30 > "$LAB/asked" 2>&1
		echo $? > "$LAB/asked.status"
	} &
	asking=$!
	check "edit1 is told of it" within 10 waiting_request edit1 media
	request=$(waiting_request edit1 media)
	shown edit1 requests
}

asking_ended_with()
{
	wait "$asking"
	sed 's/^/                edit2 reads: /' "$LAB/asked"
	check "edit2's request ends with exit status $1" [ "$(cat "$LAB/asked.status")" = "$1" ]
}

scene_no()
{
	scene "edit2 asks for media with a message; edit1's user says no."
	ask_as_edit2 "colour correction, half an hour"
	shown edit1 answer "$request" no -m "rendering until noon"
	asking_ended_with 5
	check "edit2 is told why" grep -q "rendering until noon" "$LAB/asked"
	check "edit1 still has media read-write" volume_is edit1 media '.here == "rw"'
}

scene_yes()
{
	scene "edit2 asks again; edit1's user says yes: media changes hands."
	ask_as_edit2 "is it free now?"
	shown edit1 answer "$request" yes -m "all yours"
	asking_ended_with 0
	check "edit2 has media read-write" volume_is edit2 media '.here == "rw"'
	check "edit1 has it read-only" within 10 volume_is edit1 media '.here == "ro"'
	check "edit1 can not write any more" can_not_write edit1 "$media"
	check "what edit1 wrote is whole on edit2" files_are_whole edit2 "$media/monday" 20
}

scene_refresh()
{
	scene "edit2 writes; the others' views are stale and brought up to date."
	check "edit2 writes 10 files" write_files edit2 "$media/graded" 10
	shown edit2 publish media
	check "render reads all 10" within 20 files_are_whole render "$media/graded" 10
	check "so does edit1" within 20 files_are_whole edit1 "$media/graded" 10
	check "render's view is fresh" within 20 volume_is render media '.view == "fresh"'
}

scene_auto()
{
	scene "render answers by itself: no while a file on takes is open for writing, then yes."
	shown render request takes -m "nightly render" --wait=20
	check "render writes 5 files" write_files render "$takes/frames" 5
	touch "$LAB/rendering"
	lab_run render sh -c '
		exec 3> "$1/frames/open"
		touch "$2/open"
		while [ -e "$2/rendering" ]; do sleep 0.1; done' - "$takes" "$LAB" &
	within 5 [ -e "$LAB/open" ]
	tell_command edit1 request takes -m "may I?" --wait=20
	lab_volctl edit1 request takes -m 'may I?' --wait=20 > "$LAB/auto" 2>&1
	check "it is refused" [ $? = 5 ]
	sed 's/^/                edit1 reads: /' "$LAB/auto"
	check "the answer says that a file is open" grep -qi "open" "$LAB/auto"
	tell "the program on render ends"
	rm "$LAB/rendering"
	wait $!
	shown edit1 request takes -m 'and now?' --wait=20
	check "edit1 has takes read-write" volume_is edit1 takes '.here == "rw"'
	check "what render wrote is whole on edit1" files_are_whole edit1 "$takes/frames" 5
}

scene_release()
{
	scene "edit2 gives media back; then nobody writes, and every view is whole."
	shown edit2 release media
	check "media has no writer" within 10 volume_is edit1 media '.writer == null'
	check "no view of it can be torn" within 10 volume_is render media '.may_be_torn == false'
	scene "How it stands:"
	lab_volctl edit1 volumes | sed 's/^/        /'
	echo
	lab_volctl edit1 hosts | sed 's/^/        /'
}

scene_log_off()
{
	local host

	scene "edit1 logs off while it has takes: it gives it back first.  Then the others."
	for host in $hosts; do
		check "$host logs off cleanly" stop_host "$host"
	done
	check "takes has nobody's changes open: its file system is clean" file_system_is_clean takes
	check "media's file system is clean" file_system_is_clean media
}

stop_host()
{
	lab_daemon_stop "$1" || return 1
	! lab_run "$1" mountpoint -q "$media" && ! lab_run "$1" mountpoint -q "$takes"
}

# A copy is looked at, so that nothing that the check does can hide what it looks for.
file_system_is_clean()
{
	cp --sparse=always "$LAB/disks/$1" "$LAB/copy" || return 1
	case "$1" in
	media) e2fsck -fn "$LAB/copy" ;;
	takes) xfs_repair -n -f "$LAB/copy" ;;
	esac
}

write_tables()
{
	cat << END
[cluster]
name = studio

[host edit1]
answer = ask

[host edit2]
answer = ask

[host render]
answer = auto

[volume media]
uuid = $(lab_uuid media)
mount-point = $media
min-hold = 0s

[volume takes]
uuid = $(lab_uuid takes)
mount-point = $takes
min-hold = 0s
END
}

write_config()
{
	cat << END
[host]
name = $1

[tables]
device = /run/disks/control

[devices]
allow = /run/disks/*
END
}

make_lab()
{
	local host

	lab_begin &&
	lab_disk control 32M none &&
	lab_disk media 400M ext4 &&
	lab_disk takes 400M xfs || return 1
	write_tables > "$LAB/studio.conf"
	for host in $hosts; do
		lab_host "$host" control media takes || return 1
		write_config "$host" > "$LAB/$host.conf"
		lab_run "$host" cp "$LAB/$host.conf" /etc/volctl/volctl.conf || return 1
	done
}

scene_format()
{
	scene "A control device for 8 hosts and 16 volumes, and its tables."
	shown edit1 format /run/disks/control --template "$LAB/studio.conf" --yes
	check "the tables are whole" lab_volctl edit1 check /run/disks/control
}

( lab_skip ) || exit 1
make_lab || { echo "demo: could not make its hosts" >&2; exit 1; }
# A scene stands on those before it.  $LAB/table: what each came to.
printf 'SCENE PASSED FAILED FROM TO\n' > "$LAB/table"
for part in format log_on first_writer no yes refresh auto release log_off; do
	passed_before=$passed
	failed_before=$failed
	began=$(elapsed)
	"scene_$part"
	echo "$part $((passed - passed_before)) $((failed - failed_before)) $began $(elapsed)" \
		>> "$LAB/table"
	[ "$failed" -eq 0 ] || break
done
echo
awk '{ printf "%-14s%7s%7s%7s%7s\n", $1, $2, $3, $4, $5 }' "$LAB/table"
echo
echo "demo: $passed passed, $failed failed"
[ "$failed" -eq 0 ]
