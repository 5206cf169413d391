/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fault_io - a disk that fails, crashes or hangs when it is told to, wrapped
 * around any struct io.
 *
 * The orders may be changed by any thread at any time.  Closing the wrapper closes what it wraps.
 */
#pragma once

#include "daemon/io.h"

enum fault_kind {
	FAULT_NONE,
	FAULT_ERROR,		/* the operation returns -EIO and does nothing */
	FAULT_LATE_ERROR,	/* it is done, and returns -EIO all the same */
	FAULT_CRASH,		/* it and all that follow return -EIO and do nothing */
	FAULT_TORN_CRASH,	/* as CRASH, but the first sector of a write lands */
	FAULT_HANG,		/* it waits until fault_io_clear(), then goes on */
};

enum fault_scope { FAULT_READS = 1, FAULT_WRITES = 2 };

struct fault {
	enum fault_kind kind;
	unsigned int scope;	/* FAULT_READS | FAULT_WRITES */
	uint64_t countdown;	/* so many operations in scope go well first */
	uint64_t repeat;	/* then so many are hit; 0: one */
};

struct fault_io_counts {
	uint64_t reads;
	uint64_t writes;
	uint64_t read_bytes;
	uint64_t written_bytes;
	uint64_t hits;		/* operations that met the fault */
};

/* NULL: no memory. */
struct io *fault_io_new(struct io *inner);

void fault_io_set(struct io *io, const struct fault *fault);
/* No fault any more; what hangs goes on, what has crashed works again. */
void fault_io_clear(struct io *io);
/* Every operation takes so much longer. */
void fault_io_delay(struct io *io, uint32_t delay_ms);
struct fault_io_counts fault_io_counts(struct io *io);
