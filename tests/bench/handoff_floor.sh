#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# handoff_floor - what the system calls of a handoff take on this machine, a line of JSON
# for each file system.
#
# Usage: handoff_floor.sh [-n ROUNDS] [FSTYPE...]

set -u
# shellcheck source=tests/lab/lab.sh
. "$(dirname "$0")/../lab/lab.sh"
floor=${HANDOFF_FLOOR:-$LAB_BUILD/tests/bench/handoff_floor}
rounds=200
if [ "${1:-}" = -n ]; then
	rounds=$2
	shift 2
fi
[ $# -gt 0 ] || set -- ext4 xfs btrfs

lab_skip
lab_begin || exit 1
result=0
for fs; do
	lab_disk "$fs" 512M "$fs" || exit 1
	lab_host "$fs.a" "$fs" && lab_host "$fs.b" "$fs" || exit 1
	# Both nodes are driven by one process: the mount points are in one namespace.
	lab_run "$fs.a" mkdir -p /mnt/a /mnt/b
	lab_run "$fs.a" "$floor" "$fs" "$(lab_loop "$fs.a" "$fs")" /mnt/a \
		"$(lab_loop "$fs.b" "$fs")" /mnt/b "$rounds" || result=1
done
exit "$result"
