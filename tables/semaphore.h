/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * semaphore - compare-and-swap on the version of the tables (A3).
 *
 * One host's machine: it learns the latest tables, and commits changes to
 * them by ballots that write to this host's own sectors only.  It asks for one
 * operation at a time and is told how it went; it owns no buffer that the disk
 * touches and does no I/O.  Its clock is CLOCK_BOOTTIME in microseconds.
 *
 *   READY --learn--> scan, read image --> READY
 *   READY --commit-> learn first if in doubt; rule; image; ballot; scan;
 *                    ballot; scan; ANSWERED; own sector; hint --> READY
 *                    any larger ballot: wait one's turn, and again
 *
 * News (`done`) may come with an operation: ANSWERED does, before own sector
 * and hint are written.  Pass the news on, perform the operation, and step on
 * until the operation is READY; only then may commit or learn be called.
 *
 * A learner writes nothing but a hint that it has twice found wrong.  What a
 * failed write left behind is put right at the beginning of the next commit,
 * so a change that is UNKNOWN is committed again, with the same id, until it
 * is ANSWERED.
 *
 * Never: two values for one version; an image overwritten that is decided, or
 * may be; a change applied twice; a doubtful change reported as failed.
 */
#pragma once

#include "tables/hint.h"
#include "tables/image.h"
#include "tables/rules.h"

enum semaphore_op {
	SEMAPHORE_READY,	/* nothing to do: commit, learn or poll may be called */
	SEMAPHORE_SCAN,		/* read the whole ballot region */
	/* the same, issued after the last one completed (a pair was half bad) */
	SEMAPHORE_REREAD,
	SEMAPHORE_READ_IMAGE,	/* `value`: its length in whole sectors */
	/* to image_slot what semaphore_image() encodes, as many bytes as it says */
	SEMAPHORE_WRITE_IMAGE,
	SEMAPHORE_WRITE_BALLOT,	/* `ballot`: encode, and write that half */
	SEMAPHORE_WRITE_HINT,	/* `hint` */
	SEMAPHORE_WAIT,		/* wait_us, then report OK; earlier does no harm */
};

enum semaphore_done {
	SEMAPHORE_NOTHING,
	SEMAPHORE_LEARNED,	/* semaphore->latest is the newest, as of the scan */
	SEMAPHORE_ANSWERED,	/* `outcome`: decided, or refused by the newest tables */
	/* I/O failed with a ballot under way: the change may yet be decided */
	SEMAPHORE_UNKNOWN,
	/* I/O failed and nothing is decided nor can be: the change was not made */
	SEMAPHORE_FAILED,
	SEMAPHORE_EVICTED,	/* our pair holds another incarnation's writing: stop at once */
	/* the disk shows less than we have learned: write nothing any more */
	SEMAPHORE_BACK_IN_TIME,
	/* a pair is unknown (row in `blocked_by`): no ballot may go on past it */
	SEMAPHORE_BLOCKED,
};

struct semaphore_todo {
	enum semaphore_op op;
	/* news that came with this step, mostly SEMAPHORE_NOTHING */
	enum semaphore_done done;
	struct outcome outcome;
	/*
	 * With EVICTED, BACK_IN_TIME and BLOCKED, while a change was being committed: whether
	 * it may yet be decided.  If not it was not made, nor will it be.
	 */
	bool doubtful;
	uint16_t blocked_by;
	uint64_t evicted_by;	/* the foreign incarnation */
	struct image_value value;
	uint16_t image_slot;
	struct ballot ballot;
	struct hint hint;
	uint64_t wait_us;
};

enum semaphore_event {
	/* after semaphore_learn() or semaphore_commit(): what is the first step? */
	SEMAPHORE_BEGIN,
	SEMAPHORE_IO_OK,	/* the step asked for has been performed */
	SEMAPHORE_IO_FAILED,	/* it returned an error or an unusable result */
};

struct semaphore_terms {
	const struct layout *layout;	/* all pointers outlive the machine */
	struct id128 cluster;
	uint16_t slot;			/* own row; SLOT_NONE: may learn only */
	uint64_t incarnation;
	/*
	 * The last tenant's writes may still be on their way: it ended with its boot, or, in
	 * this one, it was itself waiting for T_late to pass (semaphore_is_late()).
	 */
	bool unclean_start;
	uint32_t late_left_ms;		/* how much of T_late is left for those; 0: all of it */
	uint32_t late_ms;		/* T_late */
	uint64_t seen;			/* a version known to be decided; 0: none */
	/* both the machine's to use, calloc()ed and freed by the caller; */
	struct tables *latest;
	struct tables *next;		/* semaphore_latest() says which of them is which */
};

struct semaphore;

/* Bytes to allocate for a machine of this capacity, zeroed. */
size_t semaphore_size(const struct layout *layout);
void semaphore_init(struct semaphore *semaphore, const struct semaphore_terms *terms);

/* Bring `latest` up to date.  READY only. */
void semaphore_learn(struct semaphore *semaphore);

/*
 * Commit a change.  READY only; *@change (and its form) must stay until ANSWERED, UNKNOWN or
 * FAILED.
 */
void semaphore_commit(struct semaphore *semaphore, const struct change *change);

/*
 * A poll has read the hint: is there something to learn, or a wrong hint to mend (rate-limited)?
 * If so, call semaphore_learn().  Call it with every hint that is read: the hints that are asked
 * for with SEMAPHORE_WRITE_HINT keep the notices of the one last seen here (raise them if yours
 * are higher).
 */
bool semaphore_hint_wants_scan(struct semaphore *semaphore, const struct hint *hint,
			       uint64_t now_us);

/*
 * Advance by one event that happened at @now_us; fills *@ret_todo.  @data: for SCAN and REREAD
 * the ballot region, for READ_IMAGE the image (@size bytes), otherwise NULL; not kept.
 * @random: 64 fresh random bits.
 */
void semaphore_step(struct semaphore *semaphore, enum semaphore_event event, const void *data,
		    size_t size, uint64_t now_us, uint64_t random,
		    struct semaphore_todo *ret_todo);

/*
 * Encode the image that SEMAPHORE_WRITE_IMAGE asks for into @image; @size at least
 * layout.image_bytes.  Call it once, before that operation: it tells how many bytes to write.
 */
uint32_t semaphore_image(struct semaphore *semaphore, void *image, size_t size);

/*
 * Whether writes of ours, or of the last tenant, that failed may still land.  A daemon that ends
 * so must make the next one of this boot begin with unclean_start.
 */
bool semaphore_is_late(const struct semaphore *semaphore);

/* Version 0: nothing learned yet. */
const struct tables *semaphore_latest(const struct semaphore *semaphore);
