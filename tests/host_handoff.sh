#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_handoff - the main job on real file systems: three hosts log on, ask,
# answer, hand over, refresh, release, log off.
#
# Usage: host_handoff.sh [FSTYPE...]

# The rules are called by their names, and the hosts expand what they are told to do.
# shellcheck disable=SC2016

set -u
# shellcheck source=tests/host_lib.sh
. "$(dirname "$0")/host_lib.sh"
lab_skip

# The request that waits, as the host sees it.
waiting()
{
	lab_volctl "$1" --json requests | jq -r '[.requests[] | select(.state == "waiting" or
		.state == "asked")] | .[0].id // empty'
}

some_wait()
{
	[ "$(lab_volctl "$1" --json requests | jq '[.requests[] | select(.state == "waiting" or
		.state == "asked")] | length')" = "$2" ]
}

has_line()
{
	lab_run "$1" grep -qx "$2" "/mnt/media/$3" 2> /dev/null
}

# The listing of requests on that host has such a word.
knows()
{
	lab_volctl "$1" requests | grep -q "$2"
}

log_on()
{
	rule "$fs: all log on, and read"
	studio_start
	for host in $hosts; do
		here "$host" ro
	done
	one_writer ""
	rule "$fs: readers' devices are read-only"
	for host in $hosts; do
		[ "$(blockdev --getro "$(lab_loop "$host" media)")" = 1 ] ||
			complain "the device on $host can be written"
	done
}

ask()
{
	rule "$fs: without a writer a request is granted at once"
	v edit1 request media -m 'first cut' --wait=20
	exits 0
	one_writer edit1
	put edit1 first
	rule "$fs: the writer asks again: nothing is posted"
	v edit1 request media
	exits 0
	some_wait edit1 0 || complain "a request waits"

	rule "$fs: a no carries its text and changes nothing"
	v edit2 request media -m 'colour correction'
	exits 0
	within 5 some_wait edit1 1
	v edit1 requests
	says 'colour correction'
	v edit1 answer "$(waiting edit1)" no -m 'in ten minutes'
	exits 0
	within 2 knows edit2 refused
	one_writer edit1

	rule "$fs: a waiting request is told of the no"
	(lab_volctl edit2 request media --wait=20 > "$LAB/asked" 2>&1; echo $? > "$LAB/asked.rc") &
	within 5 some_wait edit1 1
	v edit1 answer "$(waiting edit1)" no -m 'not yet'
	wait $!
	out=$(cat "$LAB/asked") rc=$(cat "$LAB/asked.rc")
	exits 5
	says 'not yet'

	rule "$fs: a yes hands the volume over, with all that was written"
	put edit1 second
	(lab_volctl edit2 request media --wait=20 > "$LAB/asked" 2>&1; echo $? > "$LAB/asked.rc") &
	within 5 some_wait edit1 1
	v edit1 answer "$(waiting edit1)" yes
	exits 0
	wait $!
	out=$(cat "$LAB/asked") rc=$(cat "$LAB/asked.rc")
	exits 0
	one_writer edit2
	reads edit2 first && reads edit2 second || complain "not all is there"
	here edit1 ro

	rule "$fs: nobody answers: the default, and the request has timed out"
	v edit1 volume set media answer-within=2s
	exits 0
	v edit1 request media --wait=20
	exits 6
	one_writer edit2
	rule "$fs: waiting can end before the request does, which stays"
	v edit1 volume set media answer-within=60s
	v edit1 request media --wait=1
	exits 6
	some_wait edit2 1 || complain "the request is gone"
	v edit1 cancel "$(waiting edit1)"
	exits 0
	within 2 some_wait edit2 0
}

queue()
{
	rule "$fs: two requesters are served in their order"
	(lab_volctl edit1 request media --wait=30 > "$LAB/asked1" 2>&1; echo $? > "$LAB/asked1.rc") &
	first=$!
	within 5 some_wait edit2 1
	(lab_volctl render request media --wait=30 > "$LAB/asked2" 2>&1; echo $? > "$LAB/asked2.rc") &
	second=$!
	within 5 some_wait edit2 2
	v edit2 answer "$(waiting edit2)" yes
	exits 0
	here edit1 rw
	one_writer edit1
	within 5 some_wait edit1 1
	v edit1 answer "$(waiting edit1)" yes
	exits 0
	wait "$first" "$second"
	[ "$(cat "$LAB/asked1.rc" "$LAB/asked2.rc" | tr -d '\n')" = 00 ] ||
		complain "$(cat "$LAB/asked1" "$LAB/asked2")"
	one_writer render
}

auto()
{
	rule "$fs: auto says no while a file is open for writing, and names who"
	put render third
	lab_spawn render "$LAB/log/holder" sh -c 'exec 3>> /mnt/media/third; exec sleep 60'
	within 5 test -e "/proc/$LAB_PID/fd/3"
	v edit1 request media --wait=20
	exits 5
	says 'sleep'
	one_writer render
	kill "$LAB_PID"
	wait "$LAB_PID" 2> /dev/null
	rule "$fs: auto says yes without anybody"
	v edit1 request media --wait=20
	exits 0
	one_writer edit1
}

refresh()
{
	rule "$fs: a stale reader is refreshed"
	put edit1 fourth
	v edit1 publish media
	exits 0
	within 5 reads edit2 fourth
	within 5 is edit2 media view fresh
	rule "$fs: also without an order to publish"
	put edit1 fifth
	within 15 reads edit2 fifth
	rule "$fs: a busy reader keeps its view, is named, and is refreshed when it lets go"
	lab_spawn edit2 "$LAB/log/holder" sh -c 'exec 3< /mnt/media/first; exec sleep 60'
	holder=$LAB_PID
	within 5 test -e "/proc/$LAB_PID/fd/3"
	put edit1 sixth
	v edit1 publish media
	within 5 is edit2 media view stale
	v edit2 status
	says 'sleep'
	v edit2 status
	says 'torn'
	rule "$fs: and nothing is asked for while it holds"
	v edit2 request media --wait=5
	exits 5
	says 'sleep'
	some_wait edit1 0 || complain "a request was posted"
	kill "$holder"
	wait "$holder" 2> /dev/null
	rule "$fs: let go, it is refreshed"
	within 10 is edit2 media view fresh
	reads edit2 sixth || complain "sixth is not there"
}

over_readers()
{
	rule "$fs: --over-readers leaves the old view to those who hold it"
	lab_spawn render "$LAB/log/holder" sh -c 'exec 3< /mnt/media/first; sleep 8; cat <&3 | wc -c'
	holder=$LAB_PID
	within 5 test -e "/proc/$LAB_PID/fd/3"
	(lab_volctl render request media --wait=20 --over-readers > "$LAB/asked" 2>&1
	 echo $? > "$LAB/asked.rc") &
	asking=$!
	within 5 some_wait edit1 1
	v edit1 answer "$(waiting edit1)" yes
	exits 0
	wait "$asking"
	out=$(cat "$LAB/asked") rc=$(cat "$LAB/asked.rc")
	exits 0
	one_writer render
	put render seventh
	wait "$holder"
	[ "$(cat "$LAB/log/holder")" = 50000 ] || complain "the reader lost its file"
}

old_writer_held()
{
	rule "$fs: programs that read from the old writer's mount keep it"
	lab_spawn render "$LAB/log/holder" sh -c 'exec 3< /mnt/media/first; exec sleep 60'
	holder=$LAB_PID
	within 5 test -e "/proc/$LAB_PID/fd/3"
	v edit2 request media --wait=20
	exits 0
	one_writer edit2
	within 5 is render media view stale
	v render status
	says 'sleep'
	rule "$fs: and the viewer's mount comes when they let go"
	kill "$holder"
	wait "$holder" 2> /dev/null
	within 10 is render media view fresh
}

runs()
{
	rule "$fs: volctl run asks, runs, and gives back"
	v render run media --wait=20 -- sh -c 'echo made > /mnt/media/made'
	# edit2 answers by hand: it gives before the command can start.
	exits 6
	v edit2 release media
	exits 0
	within 5 is render media writer null
	v render run media --wait=20 -- sh -c 'echo made > /mnt/media/made; exit 3'
	exits 3
	within 10 is render media writer null
	one_writer ""
	lab_run edit1 test -d /mnt/media || complain "edit1 has nothing mounted"
	within 10 has_line edit1 made made
	rule "$fs: a host that writes already stays the writer after a run"
	v edit1 request media --wait=20
	exits 0
	v edit1 run media -- true
	exits 0
	one_writer edit1
}

by_hand()
{
	rule "$fs: a view that was unmounted by hand is mounted again"
	lab_run edit2 umount /mnt/media
	within 5 lab_run edit2 mountpoint -q /mnt/media
	rule "$fs: an unmount by hand gives nothing up while a copy of the mount lives"
	lab_spawn edit1 "$LAB/log/holder" unshare -m --propagation private sleep 6
	copy=$LAB_PID
	within 5 has_own_mounts "$copy" edit1
	lab_run edit1 umount /mnt/media
	within 5 is edit1 media here none
	sleep 2
	is render media writer edit1 || complain "the right is gone"
	wait "$copy"
	rule "$fs: and is as good as a release when that has ended"
	within 10 is edit1 media writer null
	here edit1 ro
	v edit1 request media --wait=20
	exits 0
	one_writer edit1
}

has_own_mounts()
{
	[ "$(readlink "/proc/$1/ns/mnt")" != \
		"$(readlink "/proc/$(cat "$LAB/hosts/$2/holder")/ns/mnt")" ]
}

restart()
{
	rule "$fs: a killed daemon that starts again goes on with its mounts"
	put edit1 eighth
	lab_spawn edit1 "$LAB/log/holder" sh -c 'exec 3>> /mnt/media/eighth; sleep 3; echo more >&3'
	holder=$LAB_PID
	within 5 test -e "/proc/$LAB_PID/fd/3"
	lab_daemon_stop edit1 KILL
	one_writer edit1
	studio_start edit1
	one_writer edit1
	wait "$holder" || complain "the program that was writing was disturbed"
	[ "$(lab_run edit1 tail -c 5 /mnt/media/eighth)" = more ] || complain "its last line is missing"
	rm "$LAB/sums/eighth"
	put edit1 ninth

	rule "$fs: the writer logs off cleanly: all is given back, the others go on"
	lab_daemon_stop edit1
	[ -z "$(lab_run edit1 awk '$2 == "/mnt/media"' /proc/mounts)" ] || complain "still mounted"
	v edit2 request media --wait=20
	exits 0
	one_writer edit2
	all_there edit2
	rule "$fs: it comes back as a reader"
	studio_start edit1
	here edit1 ro
	all_there edit1

	rule "$fs: a host that was cut off by a reboot holds nothing afterwards"
	lab_reboot edit2
	studio_conf edit2
	studio_start edit2
	within 5 is edit1 media writer null
	here edit2 ro
	v render request media --wait=20
	exits 0
	all_there render
}

[ $# -gt 0 ] || set -- ext4 xfs btrfs
for fs; do
	studio "$fs"
	log_on
	ask
	queue
	auto
	refresh
	over_readers
	old_writer_held
	runs
	by_hand
	restart
	rule "$fs: all log off, and the file system is clean"
	studio_stop
	studio_check_fs "$fs"
	rule_end
	lab_end || failed=$((failed + 1))
done
studio_verdict
