#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_mounts - the mount layer on real file systems, with two hosts.
#
# Usage: host_mounts.sh [FSTYPE...]

# The rules are called by their names, and the hosts expand what they are told to do.
# shellcheck disable=SC2317,SC2016

set -u
# shellcheck source=tests/lab/lab.sh
. "$(dirname "$0")/lab/lab.sh"
mount_one=${MOUNT_ONE:-$LAB_BUILD/tests/mount_one}
device_list=${DEVICE_LIST:-$LAB_BUILD/tests/device_list}
failed=0
passed=0
rule=

lab_skip
for program in "$mount_one" "$device_list"; do
	[ -x "$program" ] || { echo "no program $program"; exit 99; }
done

# After a rule's first failure what follows is only its consequence.
complain()
{
	if [ "$rule_failed" = 0 ]; then
		echo "FAIL: $rule: $*"
		[ -z "${out:-}" ] || printf '%s\n' "$out" | sed 's/^/      /'
	fi
	rule_failed=1
}

# m HOST OPERATION [KEY=VALUE...]: one operation; its answer in $out.
m()
{
	local host=$1 op=$2
	shift 2
	out=$(lab_run "$host" "$mount_one" "$op" "/run/disks/$disk" /mnt/volume \
		uuid="$uuid" record=/run/volctl "$@" 2>&1)
}

answer()
{
	printf '%s\n' "$out" | sed -n "s/^$1=//p"
}

# expect KEY VALUE: what the last operation said.
expect()
{
	[ "$(answer "$1")" = "$2" ] || complain "expected $1=$2, got '$(answer "$1")'"
}

# done_ HOST OPERATION STATE [KEY=VALUE...]: it is done, and leaves this state.
done_()
{
	local host=$1 op=$2 state=$3
	shift 3
	m "$host" "$op" "$@"
	expect outcome "done"
	expect state "$state"
}

# refused HOST OPERATION OUTCOME STATE REASON-PATTERN [KEY=VALUE...]
refused()
{
	local host=$1 op=$2 outcome=$3 state=$4 reason=$5
	shift 5
	m "$host" "$op" "$@"
	expect outcome "$outcome"
	expect state "$state"
	answer reason | grep -qE -- "$reason" || complain "the reason does not say '$reason'"
}

expect_holder()
{
	answer holder | grep -qE -- "$1" || complain "no holder like '$1'"
}

expect_read_only()
{
	[ "$(lab_run "$1" blockdev --getro "/run/disks/$disk")" = "$2" ] ||
		complain "the device of $1 should have read-only = $2"
}

# Sectors written through a host's own device.
sectors_written()
{
	local device
	device=$(lab_loop "$1" "$disk")
	awk '{ print $7 }' "/sys/block/${device#/dev/}/stat"
}

# only_on FSTYPE...: the rule is about these; on others it is neither kept nor broken.
only_on()
{
	[[ " $* " != *" $fstype "* ]] || return 0
	not_here="only on $*"
	return 1
}

in_host()
{
	local host=$1
	shift
	lab_run "$host" sh -c "$*" || complain "in $host: $*"
}

# hold HOST COMMAND: a shell in the background that does it and keeps it; $held
hold()
{
	rm -f "$LAB/held"
	lab_spawn "$1" /dev/null bash -c "$2; touch $LAB/held; exec sleep 1000"
	held=$LAB_PID
	lab_until 10 test -e "$LAB/held" || complain "the holder did not start"
}

let_go()
{
	kill "$held" 2> /dev/null
	wait "$held" 2> /dev/null
}

#
# The rules.  Each begins and ends with nothing mounted on either host.
#
rule_a_handoff_loses_nothing()
{
	local from=a to=b round swap
	for round in 1 2 3 4 5 6; do
		done_ "$from" view view
		done_ "$to" view view
		done_ "$from" write write
		expect_read_only "$from" 0
		in_host "$from" "cd /mnt/volume && head -c 300000 /dev/urandom > file.$round &&
			md5sum file.* > sums && mkdir -p d/$round"
		done_ "$from" give-up ended
		expect_read_only "$from" 1
		done_ "$from" view view
		in_host "$from" "cd /mnt/volume && md5sum --quiet -c sums"
		done_ "$to" write write
		in_host "$to" "cd /mnt/volume && md5sum --quiet -c sums && [ -d d/$round ]"
		done_ "$to" give-up ended
		done_ "$to" unmount not
		done_ "$from" unmount not
		swap=$from from=$to to=$swap
	done
}

rule_a_writer_with_open_files_keeps_everything()
{
	done_ a write write
	hold a 'exec 7>> /mnt/volume/open'
	refused a give-up busy write 'open for writing'
	expect_holder "^writing $held "
	expect_read_only a 0
	in_host a 'echo still > /mnt/volume/still'
	m a holders
	expect open_for_writing 1
	let_go
	hold a 'exec 7< /mnt/volume/still; rm /mnt/volume/still'
	refused a give-up busy write 'deleted files'
	expect_holder "^unlinked $held "
	in_host a 'echo still > /mnt/volume/still'
	let_go
	done_ a give-up ended
	done_ a unmount not
}

rule_a_loop_device_over_a_file_is_named()
{
	local inner
	done_ a write write
	in_host a 'truncate -s 1M /mnt/volume/image'
	inner=$(lab_run a losetup -f --show /mnt/volume/image)
	refused a give-up busy write .
	expect_holder "^kernel 0 loop device $inner\$"
	losetup -d "$inner"
	done_ a give-up ended
	done_ a unmount not
}

rule_readers_do_not_delay_the_giving_up_and_keep_the_old_mount()
{
	done_ a write write
	in_host a 'echo text > /mnt/volume/text'
	hold a 'exec 7< /mnt/volume/text'
	done_ a give-up ended
	expect_read_only a 1
	refused a view 'the former mount is held' ended 'until they let go'
	expect_holder "^reading $held "
	refused a unmount busy ended .
	refused a write busy ended 'can not be mounted over'
	refused a write busy ended 'can not be mounted over' over=yes
	expect_read_only a 1
	# The others are not kept waiting by it.
	done_ b write write
	in_host b 'cat /mnt/volume/text > /dev/null'
	done_ b give-up ended
	done_ b unmount not
	let_go
	done_ a view view
	done_ a unmount not
}

rule_a_folder_of_somebody_holds_a_view()
{
	done_ a view view
	hold a 'cd /mnt/volume'
	refused a unmount busy view .
	expect_holder "^cwd $held sleep\$"
	let_go
	done_ a unmount not
}

rule_a_writer_is_mounted_over_readers_only_when_told()
{
	done_ a write write
	in_host a 'echo old > /mnt/volume/age'
	done_ a give-up ended
	done_ a view view
	hold a 'exec 7< /mnt/volume/age; cd /mnt/volume'
	refused a write busy view 'let go'
	expect_holder "^reading $held "
	expect_read_only a 1
	done_ a write write over=yes
	in_host a 'echo new > /mnt/volume/age'
	[ "$(lab_run a cat "/proc/$held/fd/7")" = old ] || complain "the reader lost its file"
	[ "$(lab_run a cat /mnt/volume/age)" = new ] || complain "the new mount does not show"
	# Before Linux 6.5 nothing can be put beneath a mount: the old view stays under the new one.
	[ -n "${OLD_KERNEL:-}" ] ||
		[ "$(lab_run a grep -c ' /mnt/volume ' /proc/self/mountinfo)" = 1 ] ||
		complain "mounts are stacked"
	done_ a give-up ended
	# There it comes to light again, with those who hold it.
	[ -z "${OLD_KERNEL:-}" ] || let_go
	done_ a unmount not
	[ -n "${OLD_KERNEL:-}" ] || let_go
}

rule_a_mount_in_another_namespace_is_not_forgotten()
{
	done_ a write write
	hold a "exec unshare -m --propagation private sh -c 'touch $LAB/held; exec sleep 1000'"
	done_ a give-up ended
	refused a unmount busy not 'elsewhere'
	expect_holder "^kernel $held mounts of sleep"
	refused a write busy not 'another namespace'
	expect_read_only a 1
	# A view is on a device of its own, and does not wait for it.
	done_ a view view
	done_ a unmount not
	let_go
	done_ a unmount not
	done_ a write write
	done_ a give-up ended
	done_ a unmount not
}

rule_an_unmount_by_hand_proves_nothing()
{
	done_ a write write
	hold a "exec unshare -m --propagation private sh -c 'touch $LAB/held; exec sleep 1000'"
	in_host a 'umount /mnt/volume'
	done_ a look not
	refused a give-up busy not 'not be proven'
	let_go
	done_ a look not
	done_ a give-up not
}

rule_writers_through_a_bind_mount_count_too()
{
	done_ a write write
	in_host a 'mkdir -p /mnt/bind && mount --bind /mnt/volume /mnt/bind'
	hold a 'exec 7>> /mnt/bind/open'
	refused a give-up busy write 'open for writing'
	expect_holder "^writing $held "
	expect_read_only a 0
	in_host a 'echo still > /mnt/volume/still; echo still > /mnt/bind/still'
	let_go
	done_ a give-up ended
	lab_run a sh -c 'echo no > /mnt/bind/still' 2> /dev/null && complain "the bind mount writes"
	in_host a 'umount /mnt/bind'
	done_ a unmount not
}

rule_a_bind_mount_is_named()
{
	done_ a write write
	in_host a 'mkdir -p /mnt/bind && mount --bind /mnt/volume /mnt/bind'
	done_ a give-up ended
	in_host a 'umount /mnt/volume'
	refused a write 'mounted by somebody else' foreign '/mnt/bind'
	in_host a 'umount /mnt/bind'
	done_ a unmount not
}

rule_a_view_never_writes()
{
	local before
	done_ b write write
	in_host b 'rm -rf /mnt/volume/* && mkdir /mnt/volume/d && echo x > /mnt/volume/d/x'
	done_ b publish write
	done_ a view view
	before=$(sectors_written a)
	in_host a 'ls -R /mnt/volume > /dev/null; cat /mnt/volume/d/x > /dev/null'
	in_host b 'cd /mnt/volume && for i in $(seq 1500); do echo $i > name-that-is-long-$i; done;
		rm -r d'
	done_ b publish write
	echo 3 > /proc/sys/vm/drop_caches
	if lab_run a sh -c 'ls -lR /mnt/volume; cat /mnt/volume/d/x' > /dev/null 2>&1; then
		[ "$fstype" != ext4 ] || complain "the stale view met no error: nothing is proven"
	fi
	[ "$fstype" != ext4 ] || dumpe2fs -h "$LAB/disks/$disk" 2> /dev/null |
		grep -q needs_recovery || complain "the journal's mark is gone from the superblock"
	lab_run a mount -o remount,rw /mnt/volume 2> /dev/null && complain "a view became writable"
	done_ a view view
	in_host a '[ $(ls /mnt/volume | wc -l) -ge 1000 ]'
	done_ a unmount not
	[ "$(sectors_written a)" = "$before" ] || complain "a view wrote to the device"
	done_ b give-up ended
	done_ b unmount not
}

rule_publishing_shows_new_files_to_new_views()
{
	local before round
	done_ b write write
	before=$(answer written)
	done_ b publish write before="$before"
	expect changed no
	for round in 1 2 3; do
		in_host b "mkdir -p /mnt/volume/p && echo $round > /mnt/volume/p/$round"
		done_ b publish write before="$before"
		expect changed yes
		before=$(answer written)
		done_ a view view
		in_host a "[ \"\$(cat /mnt/volume/p/$round)\" = $round ]"
		done_ b publish write before="$before"
		expect changed no
	done
	in_host b 'echo goes on > /mnt/volume/p/after'
	done_ a unmount not
	refused a publish failed not 'not mounted read-write'
	done_ b give-up ended
	done_ b unmount not
}

rule_a_frozen_leftover_is_thawed()
{
	only_on xfs || return
	done_ a write write
	in_host a 'fsfreeze -f /mnt/volume'
	done_ a look write
	in_host a 'timeout 5 sh -c "echo x > /mnt/volume/thawed"'
	done_ a give-up ended
	done_ a unmount not
}

rule_nothing_is_written_after_the_giving_up()
{
	local before
	done_ a write write
	in_host a 'cd /mnt/volume && for i in $(seq 200); do echo $i > after-$i; done; rm after-1*'
	done_ a give-up ended
	before=$(sectors_written a)
	in_host a 'cat /mnt/volume/after-2* > /dev/null; sync'
	done_ a unmount not
	[ "$(sectors_written a)" = "$before" ] || complain "written after the giving up"
}

rule_a_mount_is_known_again()
{
	done_ a look not
	done_ a view view
	done_ a look view
	done_ a write write
	done_ a look write
	done_ a give-up ended
	done_ a look ended
	done_ a give-up ended
	done_ a unmount not
	done_ a unmount not
}

rule_a_mount_by_hand_in_the_place_of_ours_is_not_ours()
{
	done_ a write write
	in_host a 'umount /mnt/volume && mount /run/disks/volume /mnt/volume'
	refused a look 'mounted by somebody else' foreign .
	in_host a 'umount /mnt/volume && mount -t tmpfs none /mnt/volume'
	refused a give-up 'mounted by somebody else' foreign .
	in_host a 'umount /mnt/volume'
	done_ a give-up not
	expect_read_only a 1
}

rule_what_somebody_else_mounted_is_left_alone()
{
	local made op
	for made in 'mount /run/disks/volume /mnt/volume' \
		  'mount -o ro /run/disks/volume /mnt/volume' \
		  'mkdir -p /mnt/else; mount /run/disks/volume /mnt/else' \
		  'mount -t tmpfs none /mnt/volume'; do
		lab_run a blockdev --setrw /run/disks/volume
		in_host a "mkdir -p /mnt/volume; $made"
		for op in look view write give-up unmount shut-down; do
			refused a "$op" 'mounted by somebody else' foreign 'left alone'
		done
		in_host a 'umount /mnt/volume 2> /dev/null || umount /mnt/else'
		done_ a look not
	done
}

rule_what_is_wrong_is_said()
{
	local good=$uuid
	done_ a lock-device not
	uuid=00000000-0000-0000-0000-000000000000
	refused a view 'wrong file system' not "UUID $good, expected $uuid"
	refused a write 'wrong file system' not "UUID $good, expected $uuid"
	expect_read_only a 1
	uuid=$good
	refused a view failed not "'noload'|'relatime'" options=nodev,relatime
	refused a write failed not "'nobarrier'" options=nobarrier
	refused a write failed not "'errors=panic'" options=errors=panic
	# A word that we know with a value that the kernel does not: the lock must be back.
	case $fstype in
	ext4) refused a write failed not 'mounting' options=commit=never ;;
	xfs) refused a write failed not 'mounting' options=logbsize=7 ;;
	btrfs) refused a write failed not 'mounting' options=subvol=missing ;;
	esac
	expect_read_only a 1
	done_ a view view options=nodev,nosuid
	in_host a 'grep " /mnt/volume .*nosuid,nodev" /proc/self/mountinfo > /dev/null'
	done_ a unmount not
	in_host a 'rmdir /mnt/volume && ln -s /tmp /mnt/volume'
	refused a view failed not 'symbolic link'
	in_host a 'rm /mnt/volume && touch /mnt/volume'
	refused a view failed not 'make it a folder'
	in_host a 'rm /mnt/volume && mkdir /mnt/volume && touch /mnt/volume/hidden'
	done_ a view view
	answer reason | grep -q 'not empty' || complain "no warning of hidden files"
	done_ a unmount not
	in_host a 'rm /mnt/volume/hidden'
	disk=missing
	refused a view 'no such device' not 'is it connected'
	refused a look 'no such device' not 'is it connected'
	disk=empty
	refused a write 'wrong file system' not 'no file system'
	disk=volume
}

# other_disk_begin NAME: the file of that name is a disk of host a, instead of the volume.
other_disk_begin()
{
	disk=$1
	echo 512 > "$LAB/disks/.$1.sector"
	lab_attach a "$1"
}

other_disk_end()
{
	lab_detach a "$disk"
	rm -f "$LAB"/disks/*"$disk" "$LAB/disks/.$disk.sector"
	disk=volume
}

rule_marks_of_two_file_systems_are_one_too_many()
{
	local good=$uuid
	only_on ext4 || return
	# XFS has its mark where ext4 leaves room for a boot sector.
	cp --sparse=always "$LAB/disks/volume" "$LAB/disks/twice"
	truncate -s 400M "$LAB/disks/other.twice"
	mkfs.xfs -q -f "$LAB/disks/other.twice"
	dd if="$LAB/disks/other.twice" of="$LAB/disks/twice" bs=512 count=1 conv=notrunc status=none
	other_disk_begin twice
	refused a view 'wrong file system' not 'more than one file system'
	refused a write 'wrong file system' not 'wipefs'
	expect_read_only a 1
	other_disk_end
	uuid=$good
}

rule_btrfs_over_many_devices_is_refused()
{
	local good=$uuid
	only_on btrfs || return
	truncate -s 200M "$LAB/disks/many" "$LAB/disks/other.many"
	lab_quietly mkfs.btrfs -q -f "$LAB/disks/many" "$LAB/disks/other.many"
	uuid=$(lab_uuid many)
	other_disk_begin many
	refused a view 'wrong file system' not 'one of 2 devices'
	refused a write 'wrong file system' not 'only single-device btrfs'
	expect_read_only a 1
	other_disk_end
	uuid=$good
}

rule_storage_that_is_read_only_is_no_writer()
{
	local device
	device=$(losetup -f --show -r --direct-io=on "$LAB/disks/volume")
	lab_run a ln -sfn "$device" /run/disks/locked
	disk=locked
	refused a write failed not 'presents it read-only'
	done_ a view view
	done_ a unmount not
	disk=volume
	lab_run a rm /run/disks/locked
	losetup -d "$device"
}

rule_after_a_shut_down_nothing_is_written()
{
	local before
	only_on ext4 xfs || return
	done_ a write write
	in_host a 'head -c 20000000 /dev/zero > /mnt/volume/dirty; for i in $(seq 300); do
		echo $i > /mnt/volume/s-$i; done; sync -f /mnt/volume; echo safe > /mnt/volume/safe;
		sync /mnt/volume/safe; rm /mnt/volume/s-1*;
		head -c 9000000 /dev/zero > /mnt/volume/late'
	hold a 'exec 7>> /mnt/volume/open; cd /mnt/volume'
	m a shut-down
	expect outcome "done"
	expect state not
	expect_read_only a 1
	before=$(sectors_written a)
	refused a write busy not 'in use'
	done_ b write write
	in_host b '[ "$(cat /mnt/volume/safe)" = safe ]; rm -f /mnt/volume/[dsl]*; sync'
	sleep 1
	let_go
	[ "$(sectors_written a)" = "$before" ] || complain "a late write"
	done_ b give-up ended
	done_ b unmount not
	done_ a write write
	done_ a give-up ended
	done_ a unmount not
}

rule_a_path_that_fails_is_no_release()
{
	if ! lab_can_fail; then
		not_here="no fusedisk"
		return
	fi
	done_ f write write
	in_host f 'echo x > /mnt/volume/before; sync -f /mnt/volume; echo y > /mnt/volume/behind'
	lab_fault f volume eio
	m f give-up
	[ "$(answer outcome)" = failed ] || complain "given up though nothing could be written"
	answer reason | grep -q 'failed: ' || complain "the reason is missing"
	lab_fault f volume ok
	# The file system has seen the failure; what it makes of it is its own affair.
	m f shut-down
	lab_reboot f
	done_ b write write
	in_host b '[ "$(cat /mnt/volume/before)" = x ]'
	done_ b give-up ended
	done_ b unmount not
}

rule_a_check_is_made_before_the_mount()
{
	done_ a write write fsck=yes
	done_ a give-up ended
	done_ a unmount not
	[ "$fstype" = ext4 ] || return
	# Damage that e2fsck -p does not dare to repair: two directories in one place.
	cp --sparse=always "$LAB/disks/volume" "$LAB/disks/damaged"
	debugfs -w -R 'clri <2>' "$LAB/disks/damaged" 2> /dev/null
	other_disk_begin damaged
	refused a write failed not 'e2fsck found damage' fsck=yes
	expect_read_only a 1
	other_disk_end
}

rule_devices_are_found_by_reading_them()
{
	local device
	out=$(lab_run a "$device_list" -u "$uuid" '/run/disks/*')
	[ "$out" = "1 /run/disks/volume" ] || complain "found: $out"
	done_ a view view
	device=$(lab_run a awk '$5 == "/mnt/volume" { print $10 }' /proc/self/mountinfo)
	out=$(lab_run a "$device_list" -u "$uuid" '/run/disks/*' "$(lab_loop a volume)" "$device")
	[ "$out" = "1 /run/disks/volume" ] || complain "a view, or a second name, counts: $out"
	done_ a unmount not
	out=$(lab_run a "$device_list" -u "$uuid" '/run/disks/*' "$(lab_loop b volume)")
	[ "${out%% *}" = 2 ] || complain "two devices with one UUID are not two: $out"
	out=$(lab_run a "$device_list" -u 'none' '/run/disks/*')
	[ "$out" = "0 none" ] || complain "found what is not there: $out"
	lab_spawn a "$LAB/listen" "$device_list" -w '/run/disks/*'
	lab_until 10 grep -q listening "$LAB/listen" || complain "device_list does not listen"
	lab_detach a empty
	lab_attach a empty
	wait "$LAB_PID" || complain "an arrival was not noticed"
	out=$(cat "$LAB/listen")
	grep -q '^changed$' "$LAB/listen" || complain "an arrival was not told"
}

run_rule()
{
	rule="$fstype: ${1#rule_}"
	rule_failed=0
	not_here=
	out=
	"$1"
	out=
	if lab_run a grep -q ' /mnt/volume ' /proc/self/mountinfo ||
	   lab_run b grep -q ' /mnt/volume ' /proc/self/mountinfo; then
		complain "something is left mounted"
		lab_run a umount -l /mnt/volume 2> /dev/null
		lab_run b umount -l /mnt/volume 2> /dev/null
	fi
	if [ -n "$not_here" ]; then
		echo "skipped: $rule: $not_here"
	elif [ "$rule_failed" = 0 ]; then
		passed=$((passed + 1))
		echo "ok: $rule"
	else
		failed=$((failed + 1))
	fi
}

check_volume()
{
	rule="$fstype: the volume is whole after all this"
	rule_failed=0
	case $fstype in
	ext4) out=$(e2fsck -fn "$LAB/disks/volume" 2>&1) ;;
	xfs) out=$(xfs_repair -n "$LAB/disks/volume" 2>&1) ;;
	btrfs) out=$(btrfs check --readonly "$LAB/disks/volume" 2>&1) ;;
	vfat) out=$(fsck.fat -n "$LAB/disks/volume" 2>&1) ;;
	esac || complain "the check found damage"
	if [ "$rule_failed" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}

# In a shell of its own, so that each file system has a lab of its own.
run_filesystem()
{
	local name
	fstype=$1
	disk=volume
	lab_begin && lab_disk volume 400M "$fstype" "${2:-512}" && lab_disk empty 16M none || exit 1
	lab_host a volume empty && lab_host b volume || exit 1
	! lab_can_fail || lab_host f volume:fault || exit 1
	uuid=$(lab_uuid volume)
	for name in $(compgen -A function rule_); do
		[ -z "${RULES:-}" ] || [[ " $RULES " == *" $name "* ]] || continue
		run_rule "$name"
	done
	check_volume
	echo "$fstype (sectors of ${2:-512}): $passed passed, $failed failed"
	[ "$failed" = 0 ]
}

result=0
for fs in "${@:-ext4 xfs btrfs vfat ext4:4096 xfs:4096}"; do
	for one in $fs; do
		type=${one%:*}
		sector=512
		[ "$type" = "$one" ] || sector=${one#*:}
		if ! grep -qw "$type" /proc/filesystems && ! modprobe -q "$type" 2> /dev/null; then
			echo "skipped: $type: this kernel does not have it"
			continue
		fi
		(run_filesystem "$type" "$sector") || result=1
	done
done
exit "$result"
