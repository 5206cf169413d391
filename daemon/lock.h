/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * lock - one daemon of a host for one cluster, and what it leaves to the next one.
 *
 * Whoever has the lock knows that the process before has gone, and with it every call that it
 * had made.  What that process knew of writes that failed lies in the same file, in memory that
 * is shared with it, so that it is there even after a kill; it counts within one boot only.
 */
#pragma once

#include "daemon/disk.h"

struct lock {
	int fd;
	struct disk_memory *memory;	/* valid until lock_release() */
};

/* -EWOULDBLOCK: another process has it. */
int lock_take(const char *path, const struct id128 *boot, struct lock *ret_lock);
/* Also what was never taken, { .fd = -1 }. */
void lock_release(struct lock *lock);
