/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mounts - what is done to a volume on this host: mount as viewer or writer,
 * give up, publish, unmount.  Each call may hang with the storage: they run in
 * a worker, never on the loop (worker.h).
 *
 * A writer is mounted on the volume's own device.  A viewer is mounted on a
 * fresh read-only loop device over it (direct I/O, cleared when its last user
 * is gone), so that it never shares a superblock or a cache with an earlier
 * view, and so that the volume's own device can become writable beneath a view
 * that programs still hold without that view ever being able to write
 * (filesystems.md 1b, 3).  The volume's own device is read-only (BLKROSET) at all
 * times but while this host is writer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tables/limits.h"

#define HOLDERS_MAX 16
#define COMMAND_BYTES_MAX 31
#define REASON_BYTES_MAX 255

enum holder_kind {
	HOLDER_READING,		/* a file open for reading, a directory, a mapping */
	HOLDER_WRITING,		/* a file open for writing, a shared writable mapping */
	HOLDER_UNLINKED,	/* an open file that has been deleted */
	HOLDER_CWD,		/* working directory, root or executable */
	HOLDER_KERNEL,		/* loop device, swap, export, bind mount; `command` says what */
	HOLDER_UNKNOWN,		/* the kernel says busy and the scan found nobody */
};

struct holder {
	pid_t pid;		/* 0: the kernel */
	enum holder_kind kind;
	uint32_t since_s;	/* age of the process */
	char command[COMMAND_BYTES_MAX + 1];
};

enum mount_op {
	MOUNT_LOOK,		/* what is here now?  At start, and after a doubtful end */
	MOUNT_VIEW,		/* mount as viewer, instead of an idle older view or ended writer */
	MOUNT_WRITE,		/* the right is ours: mount read-write */
	MOUNT_PREFLUSH,		/* syncfs while writers go on: makes the giving up short */
	MOUNT_GIVE_UP,		/* gate, sync, remount read-only, device read-only, proof */
	MOUNT_PUBLISH,		/* make what is written so far reach the disk, as viewers need it */
	MOUNT_UNMOUNT,		/* a view, or a writer that has given up */
	MOUNT_HOLDERS,		/* who holds what is mounted here? */
	MOUNT_LOCK_DEVICE,	/* device read-only, nothing mounted */
	MOUNT_SHUT_DOWN,	/* the right is lost: shut the file system down, drain, detach */
};

enum mount_outcome {
	MOUNT_DONE,
	MOUNT_BUSY,		/* files are open: holders say whose; all is as it was before */
	MOUNT_STALE_HELD,	/* MOUNT_VIEW: the old mount stays for its holders, read-only */
	MOUNT_FOREIGN,		/* somebody else has it mounted: reported, not touched */
	MOUNT_NO_DEVICE,
	MOUNT_TWICE,		/* more than one device carries the UUID: the caller's finding */
	MOUNT_WRONG_FS,		/* unknown file system, or another one than expected */
	MOUNT_FAILED,		/* `reason` says what, on what, why, what next */
};

/* What is mounted, as MOUNT_LOOK and every other operation leave it. */
enum mount_state {
	MOUNTED_NOT,
	MOUNTED_VIEW,		/* our viewer's mount */
	MOUNTED_WRITE,		/* read-write on the volume's own device */
	MOUNTED_ENDED,		/* a former writer's mount: it and the device are read-only */
	MOUNTED_FOREIGN,
};

/* By value, both ways: a worker shares nothing with the loop. */
struct mount_job {
	enum mount_op op;
	uint16_t volume;		/* slot, to find the way back */
	char name[NAME_BYTES_MAX + 1];
	char uuid[UUID_BYTES_MAX + 1];
	char device[PATH_BYTES_MAX + 1];	/* as devices_find() gave it; empty: none */
	char mount_point[PATH_BYTES_MAX + 1];
	char options[LIST_BYTES_MAX + 1];
	/*
	 * A folder that a reboot empties, where it is noted which mounts are ours, so
	 * that a daemon that starts again knows them from those that somebody else
	 * made.  Empty: whatever is on the mount point from the volume's own device is ours.
	 */
	char record_dir[PATH_BYTES_MAX + 1];
	bool over_readers;		/* MOUNT_WRITE: mount over a view that programs hold */
	bool fsck;			/* MOUNT_WRITE: check before mounting */
	uint64_t written_before;	/* MOUNT_PUBLISH: mount_result.written of the last one */
};

struct mount_result {
	enum mount_op op;
	uint16_t volume;
	enum mount_outcome outcome;
	enum mount_state state;
	bool unproven;			/* MOUNT_WRITE failed, and may have left a writer */
	int error;			/* errno of the call that failed, or 0 */
	char fstype[16];
	char reason[REASON_BYTES_MAX + 1];	/* MOUNT_DONE: a warning, or empty */
	uint32_t holder_count;		/* may be larger than HOLDERS_MAX: the rest is not listed */
	struct holder holders[HOLDERS_MAX];
	uint64_t written;		/* sectors written to the device since it appeared;
					 * MOUNT_PUBLISH: of these, what is published;
					 * MOUNT_WRITE: before programs could write */
	bool changed;			/* MOUNT_PUBLISH: written to since written_before */
	uint64_t open_for_writing;	/* MOUNT_HOLDERS: how many files */
	uint64_t free_bytes;		/* UINT64_MAX: unknown */
	uint64_t total_bytes;
	uint32_t took_ms;
};

void mount_perform(const struct mount_job *job, struct mount_result *ret_result);

/* Words that name an outcome: "busy", "no such device". */
const char *mount_outcome_text(enum mount_outcome outcome);
