/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mounted - what is mounted at a volume's mount point, or elsewhere from its
 * device, as the mount table of this process' namespace tells.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/mounts.h"

struct mounted {
	enum mount_state state;
	uint64_t id;			/* in mountinfo */
	uint64_t unique_id;		/* 0: unknown */
	dev_t super;			/* the superblock's number there */
	dev_t device;			/* the block device beneath; 0: none */
	dev_t root;			/* st_dev of its root: another one on btrfs */
	bool super_writable;
	bool device_used;		/* MOUNTED_NOT: by what is in no mount table here */
	char fstype[16];
	char source[PATH_BYTES_MAX + 1];
	char where[PATH_BYTES_MAX + 1];	/* the mount point found */
};

/* The mark of a volume's views and records: its UUID, or its name if it has none yet. */
const char *mounted_mark(const struct mount_job *job);

/*
 * @target: the mount point without symbolic links, "" if there is none;
 * @device: the volume's own device, 0 if there is none.  -errno: the mount
 * table could not be read.
 */
int mounted_look(const struct mount_job *job, const char *target, dev_t device,
		 struct mounted *ret_mounted);
