/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk - a thread of its own for each control device, so that a disk that
 * hangs never stops the loop.
 *
 * It polls the hint, writes beats, reads those that are followed, and drives
 * the claim and semaphore machines.  Everything passes by value; events make
 * `fd` readable.  It decides nothing: what it does is what the machines in
 * tables/ answer and what the loop orders.
 *
 * At most one operation is under way.  What is due first: our own beat, the
 * claim, a step of the semaphore, the poll, the next change or learning (with a read of
 * others' beats between two), beats of others, notices, joins.
 *
 * Events of one kind that says how things stand (LEARNED, CLAIM, BEAT, NOTICE,
 * SILENT and BACK, BLOCKED, JOINS, and PEER for each host) replace one another
 * while they wait to be fetched, the newest in the place of the oldest.  All
 * others are kept; of those there are at most two for each queued change.
 */
#pragma once

#include <stdatomic.h>

#include "daemon/io.h"
#include "tables/beat.h"
#include "tables/claim.h"
#include "tables/join.h"
#include "tables/semaphore.h"
#include "tables/super.h"

enum disk_event_kind {
	DISK_LEARNED,		/* tables: newer ones; the receiver owns and free()s them */
	DISK_CLAIM,		/* claim: how the claim of our row stands or ended */
	DISK_ANSWERED,		/* sequence, outcome: the change is decided or refused.  Newer
				 * tables (DISK_LEARNED) always come before it */
	DISK_UNKNOWN,		/* sequence: doubtful; it is retried until ANSWERED follows */
	DISK_FAILED,		/* sequence: not made, nor will it be */
	DISK_BEAT,		/* our beat is durable: issued_ms is when its write was issued;
				 * logged_off if it said so: then no other follows until the row is
				 * claimed again */
	DISK_PEER,		/* `host`'s beat has been read: `read`; if its verdict is BLOCK_OK
				 * with volumes[read.beat.volume_count], as many as the capacity
				 * allows */
	DISK_NOTICE,		/* the notice counter has changed */
	DISK_SILENT,		/* an operation has taken longer than io-timeout (error -ETIMEDOUT),
				 * or failed: since_ms is when it was issued.  It comes when that
				 * operation has ended; see disk_silent_since() for one that
				 * hangs */
	DISK_BACK,		/* ... and it works again */
	DISK_EVICTED,		/* our row has another tenant (claim.other_*, zero if unknown):
				 * nothing is written any more until the row is claimed again */
	/* the device shows an older state or another cluster: nothing is written any more */
	DISK_BACK_IN_TIME,
	/* host: its ballot pair can not be read; nothing can be committed */
	DISK_BLOCKED,
	DISK_JOINS,		/* joins[JOIN_SLOTS], as asked for */
};

struct disk_event {
	enum disk_event_kind kind;
	uint64_t sequence;
	struct outcome outcome;
	struct tables *tables;
	struct claim_report claim;
	uint16_t host;
	struct beat_read read;
	struct beat_volume *volumes;	/* DISK_PEER: the receiver free()s */
	bool logged_off;
	uint64_t issued_ms;
	uint64_t since_ms;
	int error;
	uint32_t latency_us;		/* smoothed, of the last operations; in every event */
	struct join joins[JOIN_SLOTS];
};

/*
 * What the thread leaves to the next daemon of this boot, even when it is killed: whether
 * writes to the ballots and images of our row may still land.  Zeroes at the first start.
 */
struct disk_memory {
	atomic_bool writing;			/* one has been issued and has not returned */
	atomic_uint_fast64_t late_until_ms;	/* T_late of those that failed; CLOCK_BOOTTIME */
};

struct disk_terms {
	struct io *io;			/* the thread's from now on */
	struct super super;
	uint32_t poll_ms;
	uint32_t io_timeout_ms;		/* until the tables say another */
	struct id128 machine;
	struct id128 boot;
	uint64_t incarnation;
	/* outlives the disk; NULL: no daemon of this boot was here before, nor will one be */
	struct disk_memory *memory;
};

#define DISK_COMMITS_MAX 64

struct disk;

/*
 * Read both superblocks and check them against the device.  -errno, or 0 and a verdict per
 * copy; *ret_super is filled if either is BLOCK_OK.  The second copy is looked for where the
 * first says, or else at the end of the device.  -EMEDIUMTYPE: good, but this device's
 * sectors are larger than theirs; -ENOSPC: it has shrunk.
 */
int disk_identify(struct io *io, struct super *ret_super, enum block_verdict ret_verdicts[2]);

/*
 * Start the thread: it learns the tables and tells (DISK_LEARNED).  *@ret_fd becomes readable
 * with events.  The io is the disk's only if it started.
 *
 * Tables are calloc()ed: a process that must stay small sets M_MMAP_THRESHOLD (mallopt) once
 * at its start, or free() raises it and the next tables are cleared page by page.
 */
int disk_start(const struct disk_terms *terms, struct disk **ret_disk, int *ret_fd);

/*
 * Stop, join and free, with what waits to be fetched; a step of the semaphore that is under way is
 * finished, queued changes are not begun.  -ETIMEDOUT: the thread hangs in the
 * kernel and is left behind after @wait_ms; the call may be made again.
 */
int disk_stop(struct disk *disk, uint32_t wait_ms);

/*
 * Orders.  None blocks; -EAGAIN when a queue is full, -ENOMEM.  The last order of a kind
 * replaces an earlier one that has not been carried out; only commits queue.
 */

/* Take that row; needs DISK_LEARNED before.  The claim's course comes as DISK_CLAIM. */
int disk_claim(struct disk *disk, uint16_t slot);

/*
 * Commit a change, in the order of these calls; copies a form, too.  Before a claim is done, and
 * after EVICTED and BACK_IN_TIME, it is DISK_FAILED.  @change->host, incarnation and sequence are
 * the caller's.
 */
int disk_commit(struct disk *disk, const struct change *change);

/*
 * What the next beats say; @now also writes one at once.  Of @beat the disk itself fills in
 * incarnation, counter, boot, machine, io_timeout_ms, latency_us and version.
 */
int disk_set_beat(struct disk *disk, const struct beat *beat, const struct beat_volume *volumes,
		  bool now);
int disk_set_poll(struct disk *disk, uint32_t poll_ms, uint32_t io_timeout_ms);
/* Whose beats to read with every one of ours, and at a notice; one bit a host. */
int disk_follow(struct disk *disk, const uint8_t hosts[HOSTS_MAX / 8]);
int disk_read_all_beats(struct disk *disk);	/* once: a DISK_PEER each */
int disk_notice(struct disk *disk);		/* raise the notice counter */
int disk_read_joins(struct disk *disk);
/* join.name empty: clear the machine's */
int disk_write_join(struct disk *disk, const struct join *join);

/*
 * Go on with this io, and close the former: the device came back.  It must carry the same cluster
 * (else BACK_IN_TIME).  The disk's from now on.
 */
int disk_replace_io(struct disk *disk, struct io *io);

bool disk_next_event(struct disk *disk, struct disk_event *ret_event);

/* Free what an event carries. */
void disk_event_clear(struct disk_event *event);

/*
 * 0: it answers.  Else the issue (CLOCK_BOOTTIME) of the operation that has not returned for longer
 * than io-timeout, or that failed first.  Cheap, from any thread: ask it from a timer.
 */
uint64_t disk_silent_since(const struct disk *disk);
