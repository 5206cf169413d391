/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk - a thread of its own for each control device, so that a disk that
 * hangs never stops the loop.
 *
 * It polls the hint, writes beats, reads those that are followed, and drives
 * the claim and semaphore machines.  Everything passes by value through two
 * bounded queues; events make `fd` readable.  It decides nothing: what it
 * does is what the machines in tables/ answer and what the loop orders.
 */
#pragma once

#include "daemon/io.h"
#include "tables/beat.h"
#include "tables/claim.h"
#include "tables/join.h"
#include "tables/semaphore.h"
#include "tables/super.h"

enum disk_event_kind {
	DISK_LEARNED,		/* tables: newer ones; the receiver owns and free()s them */
	DISK_CLAIM,		/* claim: how the claim of our row stands or ended */
	DISK_ANSWERED,		/* sequence, outcome: the change is decided or refused.  Newer tables
				 * (DISK_LEARNED) always come before it */
	DISK_UNKNOWN,		/* sequence: doubtful; it is retried until ANSWERED follows */
	DISK_FAILED,		/* sequence: not made, nor will it be */
	DISK_BEAT,		/* our beat is durable: issued_ms is when its write was issued */
	DISK_PEER,		/* beat of `host`, with volumes[count]; read_ms is when the read completed */
	DISK_NOTICE,		/* the notice counter has changed */
	DISK_SILENT,		/* an operation has taken longer than io-timeout, or failed: since_ms, error */
	DISK_BACK,		/* ... and it works again */
	DISK_EVICTED,		/* our row has another tenant: claim says which */
	DISK_BACK_IN_TIME,	/* the device shows an older state or another cluster: nothing is written any more */
	DISK_BLOCKED,		/* host: its ballot pair can not be read; nothing can be committed */
	DISK_JOINS,		/* joins[JOIN_SLOTS], as asked for */
};

struct disk_event {
	enum disk_event_kind kind;
	uint64_t sequence;
	struct outcome outcome;
	struct tables *tables;
	struct claim_report claim;
	uint16_t host;
	struct beat beat;
	struct beat_volume *volumes;	/* DISK_PEER: beat.volume_count of them, the receiver free()s */
	uint64_t issued_ms;
	uint64_t read_ms;
	uint64_t since_ms;
	int error;
	uint32_t latency_us;		/* smoothed, of the last operations; in every event */
	struct join joins[JOIN_SLOTS];
};

struct disk_terms {
	struct io *io;			/* the thread's from now on */
	struct super super;
	uint32_t poll_ms;
	uint32_t io_timeout_ms;
	struct id128 machine;
	struct id128 boot;
	uint64_t incarnation;
};

struct disk;

/* Read both superblocks and check them against the device.  -errno, or 0 and a verdict per copy; *ret_super is
 * filled if either is BLOCK_OK. */
int disk_identify(struct io *io, struct super *ret_super, enum block_verdict ret_verdicts[2]);

/* Start the thread: it learns the tables and tells (DISK_LEARNED).  *@ret_fd becomes readable with events. */
int disk_start(const struct disk_terms *terms, struct disk **ret_disk, int *ret_fd);
/* Stop and join; a thread that hangs in the kernel is left behind after @wait_ms (returns -ETIMEDOUT). */
int disk_stop(struct disk *disk, uint32_t wait_ms);

/* Orders.  None blocks; each returns -EAGAIN when its queue is full. */
int disk_claim(struct disk *disk, uint16_t slot);
int disk_commit(struct disk *disk, const struct change *change);	/* copies a form, too */
/* What the next beats say.  @now also writes one at once. */
int disk_set_beat(struct disk *disk, const struct beat *beat, const struct beat_volume *volumes,
		  bool now);
int disk_set_poll(struct disk *disk, uint32_t poll_ms, uint32_t io_timeout_ms);
/* Whose beats to read with every one of ours, one bit a host. */
int disk_follow(struct disk *disk, const uint8_t hosts[HOSTS_MAX / 8]);
int disk_read_all_beats(struct disk *disk);	/* once: a DISK_PEER each */
int disk_notice(struct disk *disk);		/* raise the notice counter */
int disk_read_joins(struct disk *disk);
int disk_write_join(struct disk *disk, const struct join *join);	/* join.name empty: clear the machine's */

bool disk_next_event(struct disk *disk, struct disk_event *ret_event);
