#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_trouble - control devices, volumes, names and hosts that are not as they should be,
# before a daemon starts and while it runs.
#
# Usage: host_trouble.sh [GROUP...]: starting, names, damage, volumes, orders, clusters,
# and failing, which host_failing.sh runs.

# The hosts expand what they are told to do.
# shellcheck disable=SC2016

set -u
# shellcheck source=tests/host_lib.sh
. "$(dirname "$0")/host_lib.sh"
lab_skip
lab_can_fail || { echo "SKIP: needs fusedisk and /dev/fuse"; exit 77; }

# --- helpers -------------------------------------------------------------------------

# A daemon that is not expected to be ready at once.
begin_daemon()
{
	LAB_PATIENCE_S=0 lab_daemon "$@" 2> /dev/null
	lab_until 5 lab_volctl "$1" --json status > /dev/null 2>&1 || complain "no daemon on $1"
}

ready()
{
	grep -qx ready "$LAB/log/$1.out"
}

logged()
{
	grep -qE -- "$2" "$LAB/log/$1"
}

# status_says HOST PATTERN: in a moment.
status_shows()
{
	out=$(lab_volctl "$1" status 2>&1)
	printf '%s\n' "$out" | grep -qE -- "$2"
}

status_says()
{
	within 8 status_shows "$1" "$2"
}

control_is()
{
	[ "$(lab_volctl "$1" --json status 2> /dev/null | jq -r .control.state 2> /dev/null)" = "$2" ]
}

# refused HOST STATUS PATTERN ARGUMENTS...: at once, not when something has come back.
refused()
{
	local host=$1 status=$2 pattern=$3 begun=$SECONDS
	shift 3
	v "$host" "$@"
	exits "$status"
	says "$pattern"
	[ $((SECONDS - begun)) -le 3 ] || complain "$* took $((SECONDS - begun)) s"
}

# spoil AT [N]: that sector of the control disk, or N of them, become noise.
spoil()
{
	dd if=/dev/urandom of="$LAB/disks/control" bs=512 seek="$1" count="${2:-1}" \
		conv=notrunc,fsync status=none
}

conf_line()
{
	lab_run "$1" sed -i "$2" /etc/volctl/volctl.conf
}

# Where things lie on the control disk of `studio`: 8 hosts, 512 bytes a sector.
super_at=0
hint_at=8
ballot_at()
{
	echo $((16 + $1 * 2 + $2))
}

beat_at()
{
	echo $((32 + $1 * 3))
}

# --- groups --------------------------------------------------------------------------

starting()
{
	studio ext4 control

	rule "a control device that is missing at start is named, and used when it comes"
	lab_run edit1 mv /run/disks/control /run/disks/later
	begin_daemon edit1
	status_says edit1 '/run/disks/control: .*No such file.*volctl.conf'
	refused edit1 7 '/run/disks/control' request media
	refused edit1 7 '/run/disks/control' volumes
	ready edit1 && complain "it says that it is ready"
	lab_run edit1 mv /run/disks/later /run/disks/control
	within 5 ready edit1

	rule "a read-only control device is named, and used when it can be written"
	blockdev --setro "$(lab_loop edit2 control)"
	begin_daemon edit2
	status_says edit2 '/run/disks/control: .*[Rr]ead-only.*blockdev --getro'
	control_is edit2 read-only || complain "its state is not read-only"
	blockdev --setrw "$(lab_loop edit2 control)"
	within 5 ready edit2

	rule "a device without tables is no control device"
	conf_line render 's#^device = .*#device = /run/disks/media#'
	begin_daemon render
	status_says render '/run/disks/media: not a control device.*volctl format'
	lab_daemon_stop render
	rule "nor is a character device or a folder"
	for what in /dev/null /run; do
		conf_line render "s#^device = .*#device = $what#"
		begin_daemon render
		status_says render "$what: can not use the control device"
		lab_daemon_stop render
	done

	rule "while a daemon has it nothing else on this host takes it"
	studio_conf render
	lab_daemon_stop edit2
	out=$(lab_run edit1 wipefs -a /run/disks/control 2>&1)
	says 'busy'
	out=$(lab_run edit1 mkfs.ext4 -F /run/disks/control 2>&1)
	says 'in use'

	rule "two daemons of one host: the second ends, naming what the first has"
	out=$(lab_run edit1 timeout 5 "$VOLCTLD" --foreground --config /etc/volctl/volctl.conf \
		--socket /run/volctl/control --run-dir /run/volctl --state-dir /var/lib/volctl 2>&1)
	rc=$?
	exits 1
	says '/run/volctl/control: .*another volctld is running'
	rule "also with a socket of its own"
	out=$(lab_run edit1 timeout 3 "$VOLCTLD" --foreground --config /etc/volctl/volctl.conf \
		--socket /run/volctl/two --run-dir /run/volctl --state-dir /var/lib/volctl 2>&1)
	says '/run/disks/control: .*(open exclusively|another volctld)'
	rule "also when the control device is not kept locked"
	conf_line edit1 's#^\[devices\]#keep-locked = no\n[devices]#'
	lab_daemon_stop edit1
	studio_start edit1
	out=$(lab_run edit1 timeout 3 "$VOLCTLD" --foreground --config /etc/volctl/volctl.conf \
		--socket /run/volctl/two --run-dir /run/volctl --state-dir /var/lib/volctl 2>&1)
	says '/run/disks/control: another volctld of this host.*stop it first'
	within 5 is edit1 media here ro

	rule "wrong options and wrong configuration files are told with their place"
	out=$(lab_run edit1 "$VOLCTLD" --nonsense 2>&1)
	rc=$?
	exits 2
	says "volctld --help"
	out=$(lab_run edit1 "$VOLCTLD" extra 2>&1)
	rc=$?
	exits 2
	says "unexpected argument 'extra'"
	lab_run edit1 sh -c 'printf "[tables]\ndevice = /x\npoll-ms = soon\n[what]\n" > /run/bad.conf'
	out=$(lab_run edit1 "$VOLCTLD" --foreground --config /run/bad.conf 2>&1)
	rc=$?
	exits 1
	says '/run/bad.conf:3:11: '
	says '/run/bad.conf:4:'
	out=$(lab_run edit1 "$VOLCTLD" --foreground --config /run/none.conf 2>&1)
	rc=$?
	exits 1
	says '/run/none.conf: .*No such file'
	lab_run edit1 sh -c ': > /run/empty.conf'
	out=$(lab_run edit1 "$VOLCTLD" --foreground --config /run/empty.conf --run-dir /run/volctl \
		--state-dir /var/lib/volctl 2>&1)
	rc=$?
	exits 1
	says 'no control device'
	studio_stop edit1
}

names()
{
	studio ext4 control
	studio_start edit1

	rule "a name that another machine is logged on with is refused, naming both"
	conf_line edit2 's/^name = .*/name = edit1/'
	begin_daemon edit2
	machine=$(lab_run edit1 cat /etc/machine-id)
	status_says edit2 "'edit1'.*$machine"
	refused edit2 7 "edit1" request media
	within 2 is edit1 media here ro
	v edit1 status
	exits 0
	rule "and it ends at once, having nothing to give back"
	pid=$(cat "$LAB/hosts/edit2/daemon")
	kill -TERM "$pid"
	within 3 lab_is_gone "$pid"
	logged edit2 'not logged off in time' && complain "it says that something stays"

	rule "also a copy of the machine itself, which may log on when the first has logged off"
	own=$(lab_run edit2 cat /etc/machine-id)
	echo "$machine" | lab_run edit2 sh -c 'cat > /etc/machine-id'
	begin_daemon edit2
	status_says edit2 "another machine is logged on as 'edit1' .*volctl logon"
	v edit1 --json status
	says '"monitoring":"on"'
	v edit1 logoff
	exits 0
	v edit2 logon
	exits 0
	here edit2 ro
	v edit1 logon
	exits 1
	says "another machine is logged on as 'edit1'"
	v edit2 logoff
	exits 0
	v edit1 logon
	exits 0
	lab_daemon_stop edit2
	echo "$own" | lab_run edit2 sh -c 'cat > /etc/machine-id'

	rule "a host that the tables do not have asks to join, and is let in"
	conf_line edit2 's/^name = .*/name = stranger/'
	begin_daemon edit2
	status_says edit2 "no host 'stranger'.*volctl host approve stranger"
	refused edit2 7 "volctl host approve stranger" request media
	refused edit1 3 'nobody|no machine' host approve nobody
	v edit1 host approve stranger
	exits 0
	within 5 ready edit2
	within 5 is edit2 media here ro
	rule "what was let in can be shut out, and let in again"
	v edit1 host set stranger valid=no
	lab_daemon_stop edit2
	begin_daemon edit2
	status_says edit2 'valid = no'
	v edit1 host set stranger valid=yes
	exits 0
	within 5 ready edit2
	rule "a host that is logged on can not be removed"
	refused edit1 4 "logged on" host remove stranger --yes
	lab_daemon_stop edit2
	v edit1 host remove stranger --yes
	exits 0

	rule "a new machine takes a name over when an administrator says so"
	studio_conf edit2
	studio_start edit2
	lab_daemon_stop edit2
	conf_line render 's/^name = .*/name = edit2/'
	begin_daemon render
	status_says render "volctl host approve edit2"
	v edit1 host approve edit2
	exits 0
	within 5 ready render
	studio_stop edit1 render
}

failing()
{
	studio ext4 control:fault
	studio_start
	v edit1 request media --wait=20
	exits 0
	put edit1 before

	rule "the writer's control device fails: said, nothing changed, all goes on"
	lab_fault edit1 control eio
	status_says edit1 '/run/disks/control: the control device fails .Input/output error'
	put edit1 meanwhile
	refused edit1 7 'does not answer: nothing was changed' release media
	refused edit1 7 'does not answer' volume set media min-hold=1s
	one_writer edit1
	v edit2 request media
	exits 0
	status_says edit2 'edit1, is (dead|late)'
	one_writer edit1
	rule "it comes back: all goes on, and what was asked is answered"
	lab_fault edit1 control ok
	within 5 control_is edit1 ok
	within 5 some_wait edit1 1
	v edit1 answer "$(waiting edit1)" yes
	exits 0
	here edit2 rw
	one_writer edit2
	reads edit2 meanwhile || complain "what was written meanwhile is not there"

	rule "a control device that hangs is noticed while it hangs"
	lab_fault edit2 control stall
	within 5 control_is edit2 silent
	refused edit2 7 'does not answer' release media
	put edit2 hanging
	status_says edit2 'does not answer'
	lab_fault edit2 control ok
	within 5 control_is edit2 ok
	one_writer edit2

	rule "one that can not be written any more too"
	lab_fault render control wreio
	status_says render 'the control device fails'
	refused render 7 'control device' request media
	lab_fault render control ok
	within 5 control_is render ok

	rule "one that is taken away and comes back as another device is used again"
	lab_fault render control die
	lab_run render rm /run/disks/control
	status_says render '/run/disks/control: '
	losetup -d "$(lab_loop render control)"
	lab_fuse_end "$LAB/fuse/render.control"
	lab_attach render control:fault
	within 8 control_is render ok
	v render request media
	exits 0
	v render cancel "$(waiting render)"
	exits 0

	rule "one that comes back with another cluster's tables is not used"
	lab_disk foreign 16M none
	sed 's/^name = studio/name = foreign/' "$LAB/form" > "$LAB/form2"
	v edit1 format "$LAB/disks/foreign" --template "$LAB/form2" --yes
	exits 0
	before=$(sha256sum < "$LAB/disks/foreign")
	lab_fault render control die
	status_says render '/run/disks/control: the control device fails'
	losetup -d "$(lab_loop render control)"
	lab_fuse_end "$LAB/fuse/render.control"
	lab_attach render foreign
	lab_run render ln -sfn "$(lab_loop render foreign)" /run/disks/control
	status_says render "/run/disks/control: .*holds another cluster's tables"
	[ "$(sha256sum < "$LAB/disks/foreign")" = "$before" ] || complain "it was written to"

	rule "the daemon ends within its time, whatever the control device does"
	lab_fault edit1 control stall
	pid=$(cat "$LAB/hosts/edit1/daemon")
	kill -TERM "$pid"
	within 40 lab_is_gone "$pid"
	logged edit1 'not logged off in time' || complain "it does not say so"
	lab_fault edit1 control ok
	studio_stop edit2
}

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

# The half of the host's ballot pair that was written last, or the other one.
newest_half()
{
	lab_volctl edit1 --json dump /run/disks/control | jq "[.ballots[] | select(.host == $1)] |
		max_by(.sequence) | .half"
}

damage()
{
	studio ext4 control
	studio_start
	v edit1 request media --wait=20
	put edit1 first

	rule "damage while running: a hint is written anew"
	spoil "$hint_at"
	v edit1 volume set media min-hold=1s
	exits 0
	within 5 shows_whole hint
	rule "the older half of a ballot pair is written anew with the next change"
	spoil "$(ballot_at 0 $((1 - $(newest_half 0))))"
	v edit1 volume set media min-hold=0s
	exits 0
	v render volume set media min-hold=2s
	exits 0
	rule "a beat is written again by its host"
	spoil "$(beat_at 2)" 3
	within 5 host_alive edit1 render
	put edit1 second
	one_writer edit1
	rule "without the first superblock running daemons go on, and a start says what to do"
	lab_daemon_stop edit2
	spoil "$super_at"
	begin_daemon edit2
	status_says edit2 "not a control device .*superblocks: .*if it was one, run 'volctl check'"
	v edit1 publish media
	exits 0
	one_writer edit1

	rule "both halves of a pair: nothing can be changed, the row is named, all else goes on"
	lab_daemon_stop render
	spoil "$(ballot_at 2 0)" 2
	(lab_volctl edit1 volume set media min-hold=3s > "$LAB/asked" 2>&1) &
	asking=$!
	status_says edit1 "row 2 \(render\) are damaged.*volctl check"
	put edit1 third
	one_writer edit1
	rule "check names what is damaged, repair brings it back, and nothing was lost"
	v edit1 check /run/disks/control
	exits 1
	says 'superblock'
	says 'ballot'
	kill "$asking" 2> /dev/null
	wait "$asking" 2> /dev/null
	lab_daemon_stop edit2
	lab_daemon_stop edit1 KILL
	lab_run edit1 umount /mnt/media
	v edit1 check /run/disks/control --repair --yes
	exits 0
	v edit1 check /run/disks/control
	exits 0
	studio_start
	v edit2 request media --wait=20
	exits 0
	all_there edit2

	rule "all images gone: the daemon says so, and mounts nothing"
	studio_stop
	spoil 72 2664
	begin_daemon edit1
	status_says edit1 'volctl check'
	lab_run edit1 grep -q /mnt/media /proc/mounts && complain "it has mounted the volume"
	ready edit1 && complain "it says that it is ready"
	lab_daemon_stop edit1
}

shows_whole()
{
	lab_volctl edit1 dump /run/disks/control | grep -q "^$1: verdict whole"
}

host_alive()
{
	[ "$(lab_volctl "$1" --json hosts 2> /dev/null | jq -r --arg h "$2" \
		'.hosts[] | select(.name == $h) | .state')" = alive ]
}

volumes()
{
	studio ext4 control

	rule "a volume that somebody else has mounted is reported and not touched"
	lab_run render sh -c 'mkdir -p /mnt/mine && mount -o ro,noload /run/disks/media /mnt/mine'
	studio_start
	status_says render 'somebody else|not by volctl|mounted.*(/mnt/mine)'
	refused render 1 '/mnt/mine' request media
	lab_run render grep -q /mnt/mine /proc/mounts || complain "it was unmounted"
	lab_run render umount /mnt/mine
	v render mount media
	exits 0
	here render ro

	rule "a volume device that is missing is told, and mounted when it comes"
	lab_daemon_stop edit2
	lab_run edit2 rm /run/disks/media
	losetup -d "$(lab_loop edit2 media)"
	studio_start edit2
	status_says edit2 "no device here"
	refused edit2 1 'no device here' request media
	lab_attach edit2 media
	here edit2 ro

	rule "two devices with one UUID: neither is mounted, both are told"
	lab_daemon_stop render
	cp --sparse=always "$LAB/disks/media" "$LAB/disks/other"
	echo 512 > "$LAB/disks/.other.sector"
	lab_attach render other
	studio_start render
	status_says render '2 devices|twice|more than one'
	is render media here none || complain "it is mounted"
	refused render 1 '2 devices' request media
	lab_detach render other
	here render ro
	rm "$LAB/disks/other"

	rule "a file system of another kind is mounted by its own name"
	lab_disk other 64M ext4
	v edit1 volume add other uuid="$(lab_uuid other)" mount-point=/mnt/other
	exits 0
	lab_attach edit1 other
	here edit1 ro other
	rule "something that can not be mounted is named, whatever the tables call it"
	lab_disk swap 64M none
	mkswap -q "$LAB/disks/swap" 2> /dev/null
	v edit1 volume add swap uuid="$(lab_uuid swap)" mount-point=/mnt/swap
	exits 0
	lab_attach edit1 swap
	conf_line edit1 's#^allow = .*#allow = /run/disks/media /run/disks/other /run/disks/swap#'
	kill -HUP "$(cat "$LAB/hosts/edit1/daemon")"
	within 3 logged edit1 'has been read again'
	v edit1 mount swap
	exits 1
	says 'swap'
	v edit1 volume remove swap --yes
	exits 0

	rule "a device that dies under its writer is told, nothing is given up unproven"
	lab_attach edit2 other:fault
	here edit2 ro other
	v edit2 request other --wait=20
	exits 0
	lab_fault edit2 other eio
	lab_run edit2 sh -c 'echo lost > /mnt/other/lost' 2> /dev/null
	v edit2 release other
	exits 5
	says 'other is not given up: .*failed'
	status_says edit2 'Problem: .*failed'
	sleep 1
	is edit1 other writer edit2 || complain "it has been given up"
	rule "and the other volumes go on"
	v edit1 request media --wait=20
	exits 0
	one_writer edit1
	v edit1 release media
	exits 0
	lab_daemon_stop edit2 KILL
	lab_fault edit2 other ok
	studio_stop edit1 render
}

orders()
{
	studio ext4 control
	studio_start

	rule "suspended: neither asked nor mounted; resumed: all comes"
	v edit2 suspend
	exits 0
	refused edit2 1 'suspended.*volctl resume' request media
	v edit1 request media --wait=20
	exits 0
	put edit1 first
	v edit2 --json status
	says '"monitoring":"suspended"'
	v edit2 resume
	exits 0
	within 10 reads edit2 first

	rule "a log off by order gives everything back, a log on takes part again"
	v edit1 logoff
	exits 0
	within 5 is edit2 media writer null
	lab_run edit1 grep -q /mnt/media /proc/mounts && complain "still mounted"
	refused edit1 7 'not logged on' request media
	v edit1 logoff
	exits 0
	v edit1 logon
	exits 0
	v edit1 logon
	exits 0
	here edit1 ro

	rule "a disabled volume is not asked for, and unmounted"
	v edit1 volume disable media
	exits 0
	here edit2 none
	refused edit2 4 'disabled' request media
	refused edit2 4 'disabled' mount media
	v edit1 volume enable media
	exits 0
	here edit2 ro
	rule "a host that is locked out may read only"
	v edit1 access set media edit2 write=never
	exits 0
	refused edit2 4 'locked out' request media
	here edit2 ro
	rule "a host that may not mount has nothing mounted"
	v edit1 access set media edit2 mount=no
	exits 0
	here edit2 none
	refused edit2 4 'may not mount' request media
	refused edit2 4 'may not mount' mount media
	v edit1 access set media edit2 mount=yes write=ask
	exits 0
	here edit2 ro

	rule "the io-timeout changes while everybody runs, and nobody is lost"
	v edit1 request media --wait=20
	v edit1 export
	printf '%s\n' "$out" | sed 's/^io-timeout = 1s/io-timeout = 2s/' > "$LAB/part"
	v edit1 import "$LAB/part"
	exits 0
	sleep 3
	one_writer edit1
	within 5 host_alive edit2 edit1
	sed -i 's/^io-timeout = 2s/io-timeout = 1s/' "$LAB/part"
	v edit1 import "$LAB/part"
	exits 0
	within 5 host_alive render edit1
	v edit2 request media --wait=1
	exits 6
	v edit1 answer "$(waiting edit1)" yes
	exits 0
	here edit2 rw

	rule "SIGHUP takes a new configuration, and refuses a wrong one as a whole"
	conf_line edit2 's/^\[devices\]/[access]\nlockout-changes = yes\n[devices]/'
	kill -HUP "$(cat "$LAB/hosts/edit2/daemon")"
	within 3 logged edit2 'has been read again'
	lab_run edit2 sh -c 'echo "nonsense here" >> /etc/volctl/volctl.conf'
	kill -HUP "$(cat "$LAB/hosts/edit2/daemon")"
	within 3 logged edit2 'nothing has changed'
	logged edit2 '/etc/volctl/volctl.conf:[0-9]+:[0-9]+: ' || complain "not with its place"
	one_writer edit2
	rule "SIGUSR1 prints what has been, also what was not worth a line"
	kill -USR1 "$(cat "$LAB/hosts/edit2/daemon")"
	within 3 logged edit2 'debug: '

	rule "a writer that is killed while it hands over converges, with never two writers"
	studio_conf edit2
	lab_daemon_stop edit2
	studio_start edit2
	v edit1 host set edit1 answer=auto
	exits 0
	v edit1 host set edit2 answer=auto
	exits 0
	for round in 1 2 3 4 5 6; do
		to=edit$((round % 2 + 1))
		from=edit$(((round + 1) % 2 + 1))
		(lab_volctl "$to" request media > /dev/null 2>&1) &
		asking=$!
		sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
		victim=$from
		[ $((RANDOM % 2)) = 0 ] || victim=$to
		lab_daemon_stop "$victim" KILL
		[ "$(writers | wc -w)" -le 1 ] || complain "round $round: writers: $(writers)"
		wait "$asking"
		lab_daemon "$victim" || complain "round $round: $victim does not start again"
		[ "$(writers | wc -w)" -le 1 ] || complain "round $round: writers: $(writers)"
	done
	v render request media --wait=20
	exits 0
	one_writer render
	put render last
	all_there render
	studio_stop
	studio_check_fs ext4
}

clusters()
{
	studio ext4 control

	rule "a host logs on to several clusters, from devices of either sector size and files"
	lab_disk control2 32M none 4096
	lab_disk other 64M ext4
	for host in edit1 edit2; do
		lab_attach "$host" control2
		lab_attach "$host" other
		conf_line "$host" 's#^device = .*#&\ndevice = /run/disks/control2\ndevice = /run/third#'
	done
	sed -e 's/^name = studio/name = lab/' -e 's/^\[volume media\]/[volume other]/' \
		-e "s/^uuid = .*/uuid = $(lab_uuid other)/" -e 's#/mnt/media#/mnt/other#' \
		"$LAB/form" > "$LAB/form2"
	v edit1 format /run/disks/control2 --template "$LAB/form2" --yes
	exits 0
	sed -e 's/^name = studio/name = paper/' -e '/^\[volume/,$d' "$LAB/form" > "$LAB/form3"
	for host in edit1 edit2; do
		lab_run "$host" truncate -s 16M /run/third
		v "$host" format /run/third --template "$LAB/form3" --yes
		exits 0
	done
	studio_start edit1 edit2
	v edit1 volumes
	says 'media'
	says 'other'
	v edit1 request other --wait=20
	exits 0
	v edit2 request studio/media --wait=20
	exits 0
	one_writer edit1 other
	one_writer edit2 media
	rule "what is in several is named with its cluster"
	v edit1 --cluster paper volume add media uuid=1234-5678 mount-point=/mnt/else
	exits 0
	refused edit1 2 'paper/media' request media
	refused edit1 2 'studio/media' request media
	refused edit1 2 'cluster' export
	refused edit1 3 'no cluster.*nowhere' --cluster nowhere export
	v edit1 --cluster lab export
	says 'name = lab'
	rule "one cluster's device fails: the others go on"
	losetup -d "$(lab_loop edit1 control2)" 2> /dev/null
	v edit1 --cluster studio status
	exits 0
	v edit2 release studio/media
	exits 0
	v edit1 request studio/media --wait=20
	exits 0
	one_writer edit1 media
	studio_stop edit1 edit2
}

# shellcheck disable=SC2048 # names of groups
for group in ${*:-starting names damage volumes orders clusters}; do
	begun=$SECONDS
	"$group"
	rule_end
	lab_end || failed=$((failed + 1))
	echo "# $group: $((SECONDS - begun)) s"
done
studio_verdict
