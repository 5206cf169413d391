/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount_work - what the operations of mounts.h share: a job, what was found
 * when it began, and how its result is told.
 *
 * Inside the mount layer functions return true to go on, and false when the
 * result has been settled by work_fail(), work_busy() or work_settle().
 */
#pragma once

#include <limits.h>

#include "daemon/mounted.h"
#include "daemon/mounts.h"
#include "daemon/profile.h"

struct work {
	const struct mount_job *job;
	struct mount_result *result;
	char target[PATH_MAX];		/* the mount point without links; "": there is none */
	int device;			/* open for reading; -1: none */
	dev_t number;
	bool counted;			/* result->written has been filled */
	struct mounted mounted;		/* as work_look() found it last */
	bool looked;			/* work_look() has found it */
	const struct profile *profile;	/* of what is mounted, or of what work_identify() read */
};

/* Settle the result.  @error is positive or 0; the sentence says what, on what, why, what next. */
bool work_settle(struct work *work, enum mount_outcome outcome, int error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* MOUNT_FAILED, with "@what failed: strerror(@error)" and @next. */
bool work_fail(struct work *work, int error, const char *what, const char *next);

bool work_look(struct work *work);

/* The outcome for what is mounted by somebody else. */
bool work_foreign(struct work *work);

/* MOUNT_NO_DEVICE unless the volume's device is open. */
bool work_need_device(struct work *work);

/* Make the mount point if it is missing, and refuse what can not be one. */
bool work_need_target(struct work *work);

/* Once nothing is mounted there: a mount point that is not empty is worth a warning. */
void work_warn_hidden(struct work *work);

/*
 * Try an operation that may be answered with -EBUSY.  For a busy one the
 * holders are looked for; where there are none, it was a passing thing and is
 * tried again a few times.  The last answer, with the holders in the result.
 */
enum work_search {
	WORK_ANY_HOLDER,
	WORK_BLOCKING_READ_ONLY,	/* files open for writing, deleted files */
	WORK_ELSEWHERE,			/* other mounts, also in other namespaces */
};
int work_try(struct work *work, int (*operation)(struct work *work), enum work_search search);

/* Who holds it?  Into the result; how many there are. */
uint32_t work_find_holders(struct work *work, enum work_search search);

/* For work_try(): unmount what is on the mount point. */
int work_unmount(struct work *work);

/* Unmount all of ours that is stacked on the mount point.  0, -EBUSY with holders, -errno. */
int work_unmount_all(struct work *work);

/* For work_try(): does anything live on the device itself? */
int work_probe_unused(struct work *work);

/* Read the device: is it the file system that the job says, and of a type that we handle? */
bool work_identify(struct work *work);

/* The operations. */
bool mount_view(struct work *work);
bool mount_write(struct work *work);
bool mount_give_up(struct work *work);
bool mount_shut_down(struct work *work);
bool mount_publish(struct work *work);
