#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# lab - several hosts on one machine, for the tests and the demo.
#
# A host is a mount namespace (and a host name) of its own, kept alive by a
# sleeping process, with /run, /mnt, /etc and /var/lib of its own, an own machine id
# and an own boot id.  Mount points belong below /mnt: the other folders are
# everybody's.  A shared disk is a file; each host has its own loop device over it,
# hence its own page cache and superblocks, as with a real shared disk.
#
# Source it, or run `lab.sh clean DIR` to remove what a killed lab has left.
#
#   lab_skip                          exit 77 with the reason if no lab can be made here
#   lab_can_fail                      whether disks with `:fault` can be had
#   lab_begin                         makes $LAB; everything goes with the shell, also on a signal
#   lab_disk NAME SIZE FSTYPE|none [SECTOR]   a shared disk; SECTOR: 512 or 4096
#   lab_uuid NAME                     prints the UUID of the disk's file system
#   lab_host NAME [DISK[:fault]...]   a host, with these disks or all; `:fault`: lab_fault works
#   lab_attach HOST DISK[:fault]      one disk more
#   lab_detach HOST DISK
#   lab_run HOST COMMAND...           run inside, in the foreground
#   lab_spawn HOST LOG COMMAND...     in the background: $LAB_PID
#   lab_loop HOST DISK                prints the loop device; inside a host it is /run/disks/DISK
#   lab_fault HOST DISK MODE          ok, eio, wreio, drop, stall, delay:MICROSECONDS or die
#   lab_reboot HOST                   all inside is killed; new boot id, new devices, empty /run
#   lab_daemon HOST [ARGUMENT...]     start $VOLCTLD inside and wait until it is ready
#   lab_daemon_stop HOST [SIGNAL]     and wait until it is gone
#   lab_volctl HOST ARGUMENT...       run $VOLCTL inside
#   lab_end                           remove everything; 1 if something could not be removed
#
# Files of the lab that tests may read: $LAB/disks/NAME, $LAB/log/HOST.

LAB=
# shellcheck disable=SC2034 # read by those who source this file
LAB_PID=
# Where the programs were built: `make check` runs the tests from there.
LAB_BUILD=${top_builddir:-$PWD}
[ -e "$LAB_BUILD/config.status" ] || LAB_BUILD=$(dirname "${BASH_SOURCE[0]}")/../..
LAB_BUILD=$(cd "$LAB_BUILD" && pwd)
VOLCTLD=${VOLCTLD:-$LAB_BUILD/daemon/volctld}
VOLCTL=${VOLCTL:-$LAB_BUILD/volctl/volctl}
LAB_FUSEDISK=${LAB_FUSEDISK:-$LAB_BUILD/tests/fusedisk}
LAB_PATIENCE_S=${LAB_PATIENCE_S:-30}

lab_say()
{
	echo "lab: $*" >&2
}

lab_skip()
{
	local reason=
	if [ "$(id -u)" != 0 ]; then
		reason="needs root"
	elif [ ! -e /dev/loop-control ]; then
		reason="needs loop devices"
	elif ! unshare -mu --propagation private true 2> /dev/null; then
		reason="needs mount namespaces"
	elif ! grep -qw overlay /proc/filesystems; then
		reason="needs overlayfs"
	fi
	[ -z "$reason" ] && return
	echo "SKIP: $reason"
	exit 77
}

lab_can_fail()
{
	[ -x "$LAB_FUSEDISK" ] && [ -e /dev/fuse ]
}

# lab_until SECONDS COMMAND...: run it every 20 ms until it succeeds.
lab_until()
{
	local end=$(($(date +%s%N) / 1000000 + $1 * 1000))
	shift
	until "$@"; do
		[ $(($(date +%s%N) / 1000000)) -lt "$end" ] || return 1
		sleep 0.02
	done
}

lab_begin()
{
	LAB=$(mktemp -d "${TMPDIR:-/tmp}/lab.XXXXXX") || return 1
	trap lab_end EXIT
	trap 'exit 129' HUP
	trap 'exit 130' INT
	trap 'exit 143' TERM
	mkdir "$LAB/disks" "$LAB/log" "$LAB/hosts" "$LAB/fuse" || return 1
	# The upper layers of the hosts' folders, which overlayfs does not want on another overlay.
	mount -t tmpfs -o mode=755 lab "$LAB/hosts" && mount --make-private "$LAB/hosts"
}

lab_disk()
{
	local name=$1 size=$2 fstype=$3 sector=${4:-512} file=$LAB/disks/$1
	truncate -s "$size" "$file" || return 1
	echo "$sector" > "$LAB/disks/.$name.sector"
	case $fstype in
	none) ;;
	ext4) lab_quietly mkfs.ext4 -q -F -b 4096 "$file" ;;
	xfs) lab_quietly mkfs.xfs -q -f -s size="$sector" "$file" ;;
	btrfs) lab_quietly mkfs.btrfs -q -f "$file" ;;
	vfat) lab_quietly mkfs.vfat -S "$sector" "$file" ;;
	exfat) lab_quietly mkfs.exfat "$file" ;;
	*) lab_say "no such file system: $fstype"; return 1 ;;
	esac
}

# What it prints matters only if it fails.
lab_quietly()
{
	local said status
	said=$("$@" 2>&1)
	status=$?
	[ "$status" = 0 ] || lab_say "$1: $said"
	return "$status"
}

lab_uuid()
{
	blkid -p -o value -s UUID "$LAB/disks/$1"
}

lab_new_id()
{
	cat /proc/sys/kernel/random/uuid
}

# The process that keeps the host's namespaces alive, and their setting up inside.
lab_host_begin()
{
	local dir=$LAB/hosts/$1 holder
	unshare -mu --propagation private setsid sleep infinity < /dev/null > /dev/null 2>&1 &
	holder=$!
	disown "$holder"
	echo "$holder" > "$dir/holder"
	lab_until 5 lab_namespace_is_new "$holder" || return 1
	lab_new_id > "$dir/boot_id"
	# shellcheck disable=SC2016 # expanded inside
	lab_run "$1" sh -e -c '
		hostname "$1"
		mount -t tmpfs -o mode=755 lab /run
		mkdir /run/disks
		[ ! -d /mnt ] || mount -t tmpfs -o mode=755 lab /mnt
		for part in etc var/lib; do
			own=$2/$part
			mount -t overlay -o "lowerdir=/$part,upperdir=$own/up,workdir=$own/work" \
				lab "/$part"
		done
		mkdir -p /etc/volctl /var/lib/volctl
		tr -d - < "$2/machine_id" > /etc/machine-id
		mount --bind "$2/boot_id" /proc/sys/kernel/random/boot_id
	' lab "$1" "$dir"
}

lab_namespace_is_new()
{
	local theirs
	theirs=$(readlink "/proc/$1/ns/mnt") && [ "$theirs" != "$(readlink /proc/self/ns/mnt)" ] &&
		[ "$(cat "/proc/$1/comm")" = sleep ]
}

lab_host()
{
	local host=$1 dir=$LAB/hosts/$1 disk
	shift
	mkdir -p "$dir"/{etc,var/lib}/{up,work} "$dir/loop" || return 1
	lab_new_id > "$dir/machine_id"
	lab_host_begin "$host" || return 1
	if [ $# = 0 ]; then
		cd "$LAB/disks" && set -- * && cd "$OLDPWD" || return 1
	fi
	for disk; do
		lab_attach "$host" "$disk" || return 1
	done
}

# The path of the file that the host's loop device is over.
lab_fuse_begin()
{
	local dir=$LAB/fuse/$1.$2
	mkdir -p "$dir" && : > "$dir.log" && mkfifo "$dir.fifo" || return 1
	setsid "$LAB_FUSEDISK" "$LAB/disks/$2" "$dir" "$dir.fifo" < /dev/null > "$dir.log" 2>&1 &
	echo $! > "$dir.pid"
	disown $!
	lab_until 10 test -e "$dir/disk"
}

lab_attach()
{
	local host=$1 disk=${2%:fault} file=$LAB/disks/${2%:fault} device
	if [ "$2" != "$disk" ]; then
		lab_fuse_begin "$host" "$disk" || { lab_say "fusedisk did not start"; return 1; }
		file=$LAB/fuse/$host.$disk/disk
	fi
	device=$(losetup -f --show --direct-io=on \
		--sector-size "$(cat "$LAB/disks/.$disk.sector")" "$file") || return 1
	echo "$device" > "$LAB/hosts/$host/loop/$disk"
	# A former user of the number may have left it read-only.
	blockdev --setrw "$device"
	lab_run "$host" ln -sfn "$device" "/run/disks/$disk"
	# The link comes after the device: tell again those who know it by the link.
	echo change > "/sys/block/${device#/dev/}/uevent"
}

lab_detach()
{
	local device
	device=$(lab_loop "$1" "$2") || return 1
	lab_run "$1" rm -f "/run/disks/$2"
	rm -f "$LAB/hosts/$1/loop/$2"
	blockdev --setrw "$device"
	losetup -d "$device"
	[ ! -e "$LAB/fuse/$1.$2.pid" ] || lab_fuse_end "$LAB/fuse/$1.$2"
}

lab_loop()
{
	cat "$LAB/hosts/$1/loop/$2"
}

lab_run()
{
	local holder
	holder=$(cat "$LAB/hosts/$1/holder") || return 1
	shift
	nsenter -m -u -t "$holder" -- "$@"
}

lab_spawn()
{
	local holder log=$2
	holder=$(cat "$LAB/hosts/$1/holder") || return 1
	shift 2
	setsid nsenter -m -u -t "$holder" -- "$@" < /dev/null > "$log" 2>&1 &
	# shellcheck disable=SC2034
	LAB_PID=$!
}

lab_fault()
{
	echo "$3" > "$LAB/fuse/$1.$2.fifo"
	[ "$3" != die ] || lab_until 10 lab_is_gone "$(cat "$LAB/fuse/$1.$2.pid")"
}

lab_is_gone()
{
	local state
	state=$(awk '{ sub(/.*\) /, ""); print $1 }' "/proc/$1/stat" 2> /dev/null)
	[ -z "$state" ] || [ "$state" = Z ]
}

# Every process in a mount namespace that this lab has made is this lab's.
lab_pids_of()
{
	local namespace=$1 pid
	for pid in /proc/[0-9]*; do
		[ "$(readlink "$pid/ns/mnt" 2> /dev/null)" != "$namespace" ] || echo "${pid#/proc/}"
	done
}

lab_namespace_is_empty()
{
	[ -z "$(lab_pids_of "$1")" ]
}

lab_host_end()
{
	local holder namespace pid
	holder=$(cat "$LAB/hosts/$1/holder" 2> /dev/null) || return 0
	namespace=$(readlink "/proc/$holder/ns/mnt") || return 0
	[ "$namespace" != "$(readlink /proc/self/ns/mnt)" ] || return 1
	for pid in $(lab_pids_of "$namespace"); do
		kill -KILL "$pid" 2> /dev/null
	done
	lab_until 10 lab_namespace_is_empty "$namespace"
}

lab_reboot()
{
	local host=$1 disk disks
	disks=$(ls "$LAB/hosts/$host/loop")
	lab_host_end "$host" || { lab_say "processes of $host do not end"; return 1; }
	for disk in $disks; do
		blockdev --setrw "$(lab_loop "$host" "$disk")"
		losetup -d "$(lab_loop "$host" "$disk")"
		[ ! -e "$LAB/fuse/$host.$disk.pid" ] || lab_fuse_end "$LAB/fuse/$host.$disk"
	done
	lab_host_begin "$host" || return 1
	for disk in $disks; do
		[ ! -e "$LAB/fuse/$host.$disk.log" ] || disk=$disk:fault
		lab_attach "$host" "$disk" || return 1
	done
}

lab_is_ready()
{
	lab_is_gone "$2" || grep -qx ready "$LAB/log/$1.out"
}

lab_daemon()
{
	local host=$1 holder pid
	holder=$(cat "$LAB/hosts/$host/holder") || return 1
	shift
	: > "$LAB/log/$host.out"
	setsid nsenter -m -u -t "$holder" -- "$VOLCTLD" --foreground \
		--config /etc/volctl/volctl.conf --socket /run/volctl/control \
		--run-dir /run/volctl --state-dir /var/lib/volctl "$@" \
		< /dev/null > "$LAB/log/$host.out" 2>> "$LAB/log/$host" &
	pid=$!
	disown "$pid"		# the shell need not tell how it ended
	echo "$pid" > "$LAB/hosts/$host/daemon"
	lab_until "$LAB_PATIENCE_S" lab_is_ready "$host" "$pid" && ! lab_is_gone "$pid" && return
	lab_say "the daemon on $host is not ready; its log ends:"
	tail -n 20 "$LAB/log/$host" >&2
	return 1
}

lab_daemon_stop()
{
	local pid
	pid=$(cat "$LAB/hosts/$1/daemon") || return 1
	kill "-${2:-TERM}" "$pid" 2> /dev/null
	if ! lab_until "$LAB_PATIENCE_S" lab_is_gone "$pid"; then
		lab_say "the daemon on $1 does not end"
		return 1
	fi
}

lab_volctl()
{
	local host=$1
	shift
	lab_run "$host" env VOLCTL_SOCKET=/run/volctl/control "$VOLCTL" "$@"
}

lab_fuse_end()
{
	local pid
	pid=$(cat "$1.pid" 2> /dev/null) || return 0
	umount "$1" 2> /dev/null || umount -l "$1" 2> /dev/null
	# Only if the number still belongs to the program that we started.
	if [ "$(cat "/proc/$pid/comm" 2> /dev/null)" = fusedisk ]; then
		lab_until 2 lab_is_gone "$pid" || kill -KILL "$pid"
	fi
	rm -rf "$1" "$1.pid" "$1.fifo"
}

lab_loops_left()
{
	losetup -n -l -O NAME,BACK-FILE | awk -v dir="$LAB/" 'index($2, dir) == 1 { print $1 }'
}

lab_loops_are_gone()
{
	local device
	for device in $(lab_loops_left); do
		blockdev --setrw "$device" 2> /dev/null
		losetup -d "$device" 2> /dev/null
	done
	[ -z "$(lab_loops_left)" ]
}

lab_clean()
{
	local host fifo pid status=0
	# What hangs on a stalled path can only end when the path works or is gone.
	for fifo in "$LAB"/fuse/*.fifo; do
		# shellcheck disable=SC2016
		[ ! -p "$fifo" ] || timeout 1 sh -c 'echo ok > "$1"' lab "$fifo" 2> /dev/null
	done
	for host in "$LAB"/hosts/*/; do
		[ -d "$host" ] || continue
		if ! lab_host_end "$(basename "$host")"; then
			lab_say "processes of $host do not end"
			status=1
		fi
	done
	lab_until 10 lab_loops_are_gone || { lab_say "left: $(lab_loops_left)"; status=1; }
	for pid in "$LAB"/fuse/*.pid; do
		[ ! -e "$pid" ] || lab_fuse_end "${pid%.pid}"
	done
	umount "$LAB/hosts" 2> /dev/null || umount -l "$LAB/hosts" 2> /dev/null
	# Nothing is removed through a mount that is still there.
	if grep -q " $LAB/" /proc/self/mountinfo; then
		lab_say "mounts are left below $LAB"
		return 1
	fi
	rm -rf --one-file-system "$LAB"
	return "$status"
}

lab_end()
{
	local before=$? status=0
	trap - EXIT
	trap '' HUP INT TERM
	if [ -n "$LAB" ]; then
		[ -z "${LAB_KEEP_LOG:-}" ] || cp -r "$LAB/log/." "$LAB_KEEP_LOG" 2> /dev/null
		lab_clean || status=1
		LAB=
	fi
	trap - HUP INT TERM
	# As a trap it must not hide how the test ended.
	[ "$before" != 0 ] && status=$before
	return "$status"
}

if [ "${BASH_SOURCE[0]}" = "$0" ]; then
	if [ $# != 2 ] || [ "$1" != clean ] || [ ! -d "$2/disks" ]; then
		echo "usage: lab.sh clean DIR" >&2
		exit 2
	fi
	LAB=$(cd "$2" && pwd)
	lab_clean
fi
