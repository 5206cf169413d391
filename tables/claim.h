/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim - taking one's row when logging on, and judging whether a host lives
 * (protocol.md, "Who is alive").
 *
 * Pure machines over what was read and when (CLOCK_BOOTTIME of one's own).
 */
#pragma once

#include "tables/beat.h"

/* io-timeout and what follows from it; see claim.c for the worked timeline. */
struct timing {
	uint32_t beat_every_ms;		/* io-timeout / 4 */
	uint32_t self_ms;		/* T_self, 2 x io-timeout */
	uint32_t dead_ms;		/* T_dead, 3.5 x io-timeout */
	/* T_late, 8 x io-timeout: an old write may still land until then */
	uint32_t late_ms;
};

struct timing timing_of(uint32_t io_timeout_ms);

/* One completed read of a host's beat. */
struct beat_read {
	enum block_verdict verdict;
	struct beat beat;		/* only if the verdict is BLOCK_OK */
	uint64_t issued_ms;
	uint64_t completed_ms;
};

/*
 * How a host's beats look from here.
 *
 *   UNKNOWN --change--> ALIVE --T_self--> LATE --T_dead--> DEAD
 *      |                  ^                 |                |
 *      +---T_self---------|---------------> |                |
 *                         +-----change------+-----change-----+
 *
 * Any state becomes LOGGED_OFF by a beat that says so.
 */
enum peer_state {
	PEER_UNKNOWN,		/* its beat has been read, and has not been seen to change yet */
	PEER_ALIVE,
	/* unchanged for longer than T_self: a sound host has stopped writing */
	PEER_LATE,
	PEER_DEAD,		/* unchanged for longer than T_dead */
	PEER_LOGGED_OFF,
};

struct peer_watch {
	bool begun;
	bool changed;			/* a change has been seen: it lived while we looked */
	/* of the last read; anything but BLOCK_OK counts as one content */
	enum block_verdict verdict;
	uint64_t incarnation;
	uint64_t counter;
	bool logged_off;
	uint32_t io_timeout_ms;		/* the larger of the tables' and its own */
	uint64_t since_ms;		/* completion of the first read that returned this */
	uint64_t issued_ms;		/* of the latest completed read */
	uint64_t completed_ms;
};

/* Forget what was seen: the observer itself was away (woken late, device replaced). */
void peer_watch_begin(struct peer_watch *watch);

/*
 * Take in a completed read; @io_timeout_ms is the tables'.  An observer that did
 * not look for longer than an io-timeout begins anew: it may have been suspended
 * together with the host that it watches.
 */
enum peer_state peer_watch_read(struct peer_watch *watch, const struct beat_read *read,
				uint32_t io_timeout_ms);
enum peer_state peer_watch_state(const struct peer_watch *watch);

/* How long the beat has stood still, as far as completed reads prove. */
uint64_t peer_watch_still_ms(const struct peer_watch *watch);

/*
 *                 +--(logged off, or this boot)------------------+
 * LOOKING --read--+                                              v
 *                 +--(unclean, unknown)--> WATCHING --T_dead--> WRITING --read back--> DONE
 *                                             |                    |                    ^
 *                                             |                    +--(was another      |
 *                                             | change             |   machine)         |
 *                                             v                    v                    |
 *                                         REFUSED_LIVE <------- SETTLING ---T_late------+
 */
enum claim_state {
	CLAIM_LOOKING,		/* our own beat has not been read yet */
	CLAIM_WATCHING,		/* the last tenant did not log off: watched until watch_until_ms */
	CLAIM_WRITING,		/* write the first beat of this incarnation, and read it back */
	CLAIM_SETTLING,		/* the old tenant was another machine: read again after T_late */
	CLAIM_DONE,
	/* another machine, or another daemon, is logged on under this name */
	CLAIM_REFUSED_LIVE,
	CLAIM_REFUSED_MACHINE,	/* the row belongs to another machine */
};

struct claim_report {
	enum claim_state state;
	/* WATCHING, SETTLING: when it ends if nothing comes between */
	uint64_t watch_until_ms;
	struct id128 other_machine;	/* REFUSED: who has the row */
	uint64_t other_incarnation;
	bool clean;			/* the last tenant logged off */
	bool same_boot;			/* it ran in this boot: its mounts may be here */
};

struct claim_terms {
	struct id128 machine;		/* who we are */
	struct id128 boot;
	uint64_t incarnation;
	/* whose row it is, by the tables; all zero: the first that comes */
	struct id128 row_machine;
	uint32_t io_timeout_ms;		/* the tables' */
};

struct claim {
	struct claim_terms terms;
	struct claim_report report;
	struct peer_watch watch;
	bool written;			/* WRITING: the beat is on the disk, to be read back */
	bool other_machine;		/* the last tenant may have been another machine */
	uint64_t wake_at_ms;		/* nothing is to be done before */
};

enum claim_event {
	CLAIM_TICK,		/* it is @now_ms */
	CLAIM_READ,		/* our row's beat has been read: see @read */
	CLAIM_WRITTEN,		/* our first beat has been written */
	CLAIM_IO_FAILED,	/* what was asked for could not be done: it is tried again */
};

enum claim_op {
	CLAIM_OP_WAIT,		/* until wake_at_ms, then CLAIM_TICK */
	CLAIM_OP_READ,		/* our row's beat */
	CLAIM_OP_WRITE,		/* a beat of our incarnation */
	CLAIM_OP_NONE,		/* it has ended, see the report */
};

struct claim_todo {
	enum claim_op op;
	uint64_t wake_at_ms;
	struct claim_report report;
};

/*
 * A claim that is DONE promises that nothing of the last tenant's lands on the
 * device any more, and that no other host beats in our row.  That two daemons of one
 * machine do not run in one boot is not decided here: a lock sees to it.
 */
void claim_begin(struct claim *claim, const struct claim_terms *terms);

/* Advance by one event; @read only with CLAIM_READ. */
void claim_step(struct claim *claim, enum claim_event event, const struct beat_read *read,
		uint64_t now_ms, struct claim_todo *ret_todo);
