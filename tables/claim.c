/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <string.h>

#include "tables/claim.h"

/*
 * The timeline at io-timeout = 4 s, seconds of real time; the writer W loses the
 * disk, the observer O reads W's beat once a second.
 *
 *    0.0  W issues a beat; it lands at once.  W may write until 0 + T_self = 8
 *    0.9  O's read returns that beat for the first time: O counts from here
 *    1.0  W's next beat hangs, and so do all that follow
 *    8.0  W's deadline passes: its guard begins to stop all writing
 *    8.9+ O sees the beat unchanged for longer than T_self: LATE
 *   12.0  the guard's budget (one io-timeout) is over: W has stopped
 *   14.9+ the issue of a read of O's is more than T_dead = 14 after 0.9: DEAD
 *
 * W counts from the issue of its beat and O from the completion of a read that
 * returned it, which comes after.  T_dead - T_self - budget = 2 s is what is
 * left for clocks that run apart (2 % of 12 s are 0.24 s) and for a guard that is woken late.
 *
 * T_late is about writes that were issued and have not returned: a path that was
 * cut failed them after 27 to 32 s, and delivered some of them before that.
 */
struct timing timing_of(uint32_t io_timeout_ms)
{
	/* Beats of other hosts say this number, too: whatever they say, nothing overflows. */
	if (io_timeout_ms > UINT32_MAX / 8)
		io_timeout_ms = UINT32_MAX / 8;
	return (struct timing){
		.beat_every_ms = io_timeout_ms / 4,
		.self_ms = io_timeout_ms * 2,
		.dead_ms = io_timeout_ms / 2 * 7,
		.late_ms = io_timeout_ms * 8,
	};
}

static bool id_same(const struct id128 *a, const struct id128 *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static bool id_is_zero(const struct id128 *id)
{
	static const struct id128 zero;

	return id_same(id, &zero);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void peer_watch_begin(struct peer_watch *watch)
{
	*watch = (struct peer_watch){ .begun = false };
}

/* What could not be read as a beat is one content: it proves no more than that it stays so. */
static bool peer_watch_shows_same(const struct peer_watch *watch, const struct beat_read *read)
{
	if (watch->verdict != BLOCK_OK || read->verdict != BLOCK_OK)
		return watch->verdict != BLOCK_OK && read->verdict != BLOCK_OK;
	return watch->incarnation == read->beat.incarnation && watch->counter == read->beat.counter;
}

enum peer_state peer_watch_read(struct peer_watch *watch, const struct beat_read *read,
				uint32_t io_timeout_ms)
{
	bool good = read->verdict == BLOCK_OK;

	assert(read->issued_ms <= read->completed_ms);
	if (watch->begun && read->issued_ms > watch->completed_ms + watch->io_timeout_ms)
		peer_watch_begin(watch);
	if (!watch->begun || !peer_watch_shows_same(watch, read)) {
		watch->changed = watch->begun;
		watch->begun = true;
		watch->since_ms = read->completed_ms;
	}
	watch->verdict = read->verdict;
	watch->incarnation = good ? read->beat.incarnation : 0;
	watch->counter = good ? read->beat.counter : 0;
	watch->logged_off = good && read->beat.logged_off;
	watch->io_timeout_ms = larger(io_timeout_ms, good ? read->beat.io_timeout_ms : 0);
	watch->issued_ms = read->issued_ms;
	watch->completed_ms = read->completed_ms;
	return peer_watch_state(watch);
}

uint64_t peer_watch_still_ms(const struct peer_watch *watch)
{
	/*
	 * The read that brought a change was issued before it completed: nothing is proven by it.
	 */
	return watch->issued_ms > watch->since_ms ? watch->issued_ms - watch->since_ms : 0;
}

enum peer_state peer_watch_state(const struct peer_watch *watch)
{
	struct timing timing = timing_of(watch->io_timeout_ms);
	uint64_t still_ms = peer_watch_still_ms(watch);

	if (!watch->begun)
		return PEER_UNKNOWN;
	if (watch->logged_off)
		return PEER_LOGGED_OFF;
	if (still_ms > timing.dead_ms)
		return PEER_DEAD;
	if (still_ms > timing.self_ms)
		return PEER_LATE;
	return watch->changed ? PEER_ALIVE : PEER_UNKNOWN;
}

void claim_begin(struct claim *claim, const struct claim_terms *terms)
{
	*claim = (struct claim){
		.terms = *terms,
		.report.state = CLAIM_LOOKING,
	};
	peer_watch_begin(&claim->watch);
	if (!id_is_zero(&terms->row_machine) && !id_same(&terms->row_machine, &terms->machine)) {
		claim->report.state = CLAIM_REFUSED_MACHINE;
		claim->report.other_machine = terms->row_machine;
	}
}

static void claim_refuse(struct claim *claim, const struct beat *other)
{
	claim->report.state = CLAIM_REFUSED_LIVE;
	claim->report.other_machine = other->machine;
	claim->report.other_incarnation = other->incarnation;
}

/* Whether what the last tenant wrote may still be on its way from another machine than this. */
static bool claim_was_other_machine(const struct claim *claim, const struct beat_read *read)
{
	if (read->verdict == BLOCK_OK)
		return !id_same(&read->beat.machine, &claim->terms.machine);
	return !id_same(&claim->terms.row_machine, &claim->terms.machine);
}

static void claim_begin_writing(struct claim *claim)
{
	claim->report.state = CLAIM_WRITING;
	claim->written = false;
	claim->wake_at_ms = 0;
}

static void claim_watch_on(struct claim *claim, const struct beat_read *read)
{
	struct timing timing;

	(void)peer_watch_read(&claim->watch, read, claim->terms.io_timeout_ms);
	timing = timing_of(claim->watch.io_timeout_ms);
	claim->report.watch_until_ms = claim->watch.since_ms + timing.dead_ms;
	claim->wake_at_ms = read->completed_ms + timing.beat_every_ms;
	/* A read issued exactly then would still be one millisecond short of a proof. */
	if (claim->wake_at_ms > claim->report.watch_until_ms &&
	    read->completed_ms <= claim->report.watch_until_ms)
		claim->wake_at_ms = claim->report.watch_until_ms + 1;
}

static void claim_look(struct claim *claim, const struct beat_read *read)
{
	const struct beat *beat = &read->beat;
	bool good = read->verdict == BLOCK_OK;

	claim->report.clean = good && beat->logged_off;
	claim->report.same_boot = good && id_same(&beat->boot, &claim->terms.boot) &&
				  id_same(&beat->machine, &claim->terms.machine);
	if (claim->report.clean || claim->report.same_boot) {
		claim_begin_writing(claim);
		return;
	}
	claim->other_machine = claim_was_other_machine(claim, read);
	claim->report.state = CLAIM_WATCHING;
	claim_watch_on(claim, read);
}

static void claim_watch(struct claim *claim, const struct beat_read *read)
{
	bool known = claim->watch.verdict == BLOCK_OK;
	uint64_t incarnation = claim->watch.incarnation;
	uint64_t counter = claim->watch.counter;

	claim_watch_on(claim, read);
	if (read->verdict == BLOCK_OK && read->beat.logged_off &&
	    known && read->beat.incarnation == incarnation) {
		claim->report.clean = true;
		claim->other_machine = false;
		claim_begin_writing(claim);
	} else if (read->verdict == BLOCK_OK &&
		   (!known || read->beat.incarnation != incarnation ||
		    read->beat.counter != counter)) {
		claim_refuse(claim, &read->beat);
	} else if (peer_watch_state(&claim->watch) == PEER_DEAD) {
		claim_begin_writing(claim);
	}
}

static void claim_read_back(struct claim *claim, const struct beat_read *read)
{
	if (read->verdict != BLOCK_OK) {
		claim_begin_writing(claim);
	} else if (read->beat.incarnation != claim->terms.incarnation) {
		claim_refuse(claim, &read->beat);
	} else if (claim->other_machine && claim->report.state == CLAIM_WRITING) {
		claim->report.state = CLAIM_SETTLING;
		claim->wake_at_ms = read->completed_ms +
				    timing_of(claim->watch.io_timeout_ms).late_ms;
		claim->report.watch_until_ms = claim->wake_at_ms;
	} else {
		claim->report.state = CLAIM_DONE;
	}
}

static void claim_take_read(struct claim *claim, const struct beat_read *read)
{
	switch (claim->report.state) {
	case CLAIM_LOOKING:
		claim_look(claim, read);
		break;
	case CLAIM_WATCHING:
		claim_watch(claim, read);
		break;
	case CLAIM_WRITING:
	case CLAIM_SETTLING:
		claim_read_back(claim, read);
		break;
	case CLAIM_DONE:
	case CLAIM_REFUSED_LIVE:
	case CLAIM_REFUSED_MACHINE:
		break;
	}
}

static enum claim_op claim_wants(const struct claim *claim, uint64_t now_ms)
{
	switch (claim->report.state) {
	case CLAIM_LOOKING:
	case CLAIM_WATCHING:
	case CLAIM_SETTLING:
		return now_ms < claim->wake_at_ms ? CLAIM_OP_WAIT : CLAIM_OP_READ;
	case CLAIM_WRITING:
		if (now_ms < claim->wake_at_ms)
			return CLAIM_OP_WAIT;
		return claim->written ? CLAIM_OP_READ : CLAIM_OP_WRITE;
	case CLAIM_DONE:
	case CLAIM_REFUSED_LIVE:
	case CLAIM_REFUSED_MACHINE:
		break;
	}
	return CLAIM_OP_NONE;
}

void claim_step(struct claim *claim, enum claim_event event, const struct beat_read *read,
		uint64_t now_ms, struct claim_todo *ret_todo)
{
	switch (event) {
	case CLAIM_TICK:
		break;
	case CLAIM_READ:
		claim->wake_at_ms = 0;
		claim_take_read(claim, read);
		break;
	case CLAIM_WRITTEN:
		claim->written = true;
		break;
	case CLAIM_IO_FAILED:
		claim->wake_at_ms = now_ms + timing_of(claim->terms.io_timeout_ms).beat_every_ms;
		break;
	}
	*ret_todo = (struct claim_todo){
		.op = claim_wants(claim, now_ms),
		.wake_at_ms = claim->wake_at_ms,
		.report = claim->report,
	};
}
