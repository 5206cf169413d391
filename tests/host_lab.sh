#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_lab - the lab itself: hosts that are apart, disks that fail when told to,
# and nothing left behind.

set -u
# shellcheck source=tests/lab/lab.sh
. "$(dirname "$0")/lab/lab.sh"
failed=0
lab_skip

must()
{
	local rule=$1
	shift
	if "$@" > "$LAB/said" 2>&1; then
		echo "ok: $rule"
	else
		echo "FAIL: $rule: $*"
		sed 's/^/      /' "$LAB/said"
		failed=$((failed + 1))
	fi
}

must_not()
{
	local rule=$1
	shift
	must "$rule" not "$@"
}

not()
{
	! "$@"
}

same()
{
	[ "$1" = "$2" ]
}

id_of()
{
	lab_run "$1" cat "$2"
}

# put HOST TEXT, get HOST: one sector of the disk, past all caches.
put()
{
	printf '%-511s\n' "$2" | lab_run "$1" timeout 5 dd of=/run/disks/d bs=512 iflag=fullblock \
		oflag=direct,dsync conv=notrunc status=none
}

get()
{
	lab_run "$1" timeout 5 dd if=/run/disks/d bs=512 count=1 iflag=direct status=none |
		sed 's/ *$//'
}

lab_begin || exit 1
dir=$LAB
lab_disk d 16M none && lab_disk big 16M none 4096 || exit 1
lab_host a && lab_host b big d || exit 1

machine=$(id_of a /etc/machine-id)
boot=$(id_of a /proc/sys/kernel/random/boot_id)
must "a host has its own name" same "$(lab_run a hostname)" a
must_not "hosts have their own machine ids" same "$machine" "$(id_of b /etc/machine-id)"
must_not "hosts have their own boot ids" same "$boot" \
	"$(id_of b /proc/sys/kernel/random/boot_id)"
lab_run a touch /run/here /mnt/here /etc/volctl/here /var/lib/volctl/here
for path in /run /mnt /etc/volctl /var/lib/volctl; do
	must_not "another host does not see what is in $path" lab_run b test -e $path/here
	must_not "nor does the machine" test -e $path/here
done
must "sectors are as large as told" same "$(lab_run a blockdev --getss /run/disks/big)" 4096
must "what a host writes" put a shared
must "the other reads" same "$(get b)" shared

lab_reboot a || exit 1
must "a reboot keeps the machine id" same "$machine" "$(id_of a /etc/machine-id)"
must_not "a reboot changes the boot id" same "$boot" "$(id_of a /proc/sys/kernel/random/boot_id)"
must_not "a reboot empties /run" lab_run a test -e /run/here
must "a reboot keeps /var/lib" lab_run a test -e /var/lib/volctl/here
must "a reboot keeps the disks" same "$(get a)" shared

if lab_can_fail; then
	lab_host f d:fault || exit 1
	must "a faulty path that is ok writes" put f one
	must "and the others see it" same "$(get a)" one
	lab_fault f d eio
	sleep 0.2
	must_not "eio: nothing is written" put f two
	must "eio: nothing has changed" same "$(get a)" one
	lab_fault f d wreio
	sleep 0.2
	must "wreio: reads go on" same "$(get f)" one
	must_not "wreio: writes fail" put f two
	lab_fault f d drop
	sleep 0.2
	must "drop: writes are confirmed" put f three
	must "drop: and are nowhere" same "$(get a)" one
	lab_fault f d delay:300000
	sleep 0.2
	begun=$(date +%s%N)
	must "delay: writes are made" put f four
	must "delay: and take their time" test $((($(date +%s%N) - begun) / 1000000)) -ge 300
	lab_fault f d stall
	sleep 0.2
	lab_spawn f "$LAB/late" sh -c "printf '%-511s\n' late |
		dd of=/run/disks/d bs=512 iflag=fullblock oflag=direct conv=notrunc"
	late=$LAB_PID
	sleep 0.5
	must_not "stall: a write waits" lab_is_gone "$late"
	must "stall: and has not happened" same "$(get a)" four
	lab_fault f d ok
	must "stall: it is made when the path is back" lab_until 5 lab_is_gone "$late"
	must "stall: late" same "$(get a)" late
	must "die: the path is gone at once" lab_fault f d die
	must_not "die: for good" put f five
	must "die: the others go on" put a six
else
	echo "skipped: faulty disks: no fusedisk"
fi

lab_spawn a /dev/null sleep 1000
sleeper=$LAB_PID
lab_end || failed=$((failed + 1))
LAB=$(mktemp -d)
must "the end kills what runs inside" lab_is_gone "$sleeper"
must_not "the end removes the files" test -e "$dir"
must_not "the end detaches the loop devices" sh -c "losetup -l -n -O BACK-FILE | grep '$dir'"
must_not "the end unmounts everything" grep "$dir" /proc/self/mountinfo
rm -rf "$LAB"
LAB=

# A lab whose shell is killed is removed by hand.
bash -c '. "$1"; lab_begin; lab_disk d 16M none; lab_host a; echo "$LAB" > "$2"; kill -9 $$' \
	lab "$(dirname "$0")/lab/lab.sh" "$dir.left"
left=$(cat "$dir.left")
rm -f "$dir.left"
LAB=$(mktemp -d)
must "a killed lab can be cleaned" "$(dirname "$0")/lab/lab.sh" clean "$left"
must_not "and is gone then" test -e "$left"
must_not "with its loop devices" sh -c "losetup -l -n -O BACK-FILE | grep '$left'"
must_not "and its mounts" grep "$left" /proc/self/mountinfo
rm -rf "$LAB"
[ "$failed" = 0 ]
