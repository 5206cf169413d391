#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_old_kernel - the mount layer as on Linux 6.1, without the newest mount calls.

set -u
# shellcheck source=tests/lab/lab.sh
. "$(dirname "$0")/lab/lab.sh"
lab_skip

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
"$LAB_BUILD/tests/old_kernel" true || { echo "SKIP: needs seccomp"; exit 77; }
printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$LAB_BUILD/tests/old_kernel" \
	"$LAB_BUILD/tests/mount_one" > "$scratch/mount_one"
chmod +x "$scratch/mount_one"
OLD_KERNEL=yes MOUNT_ONE=$scratch/mount_one "$(dirname "$0")/host_mounts.sh" ext4
