/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/semaphore.h"

#include <string.h>

#include "tables/scan.h"
#include "tables/turn.h"

/*
 *             +-------------------------------+<--------------------------------+
 *             v                               |                                 |
 *   IDLE --> LOOK --newer--> FETCH --> (proceed) --not our turn, or late--> PAUSE
 *    |        ^                           |   ^
 *    |        +--pair read back-- REPAIR<-+   +--newer: FETCH first; or lost: PAUSE--+
 *    |                                    |                                          |
 *    +--latest believed current--> IMAGE<-+--unresolved--> PREPARE --> PREPARE_SCAN -+
 *                                    |                        ^            |         |
 *                                    +------------------------+            v         |
 *   IDLE <-- HINT <-- DECIDED <------------------------- ACCEPT_SCAN <-- ACCEPT      |
 *                        |                                  +------------------------+
 *                        +--another's value: LOOK
 *
 * Before the first PAUSE for others' turn comes ANNOUNCE, after an answer that needed
 * no ballot TIDY: our row shows that we wait, or no longer do.
 *
 * Any failed operation ends in IDLE; what it left behind (`failed`) is repaired
 * when the next commit begins.
 */
enum phase {
	PHASE_IDLE,
	PHASE_LOOK,
	PHASE_FETCH,
	PHASE_PAUSE,
	PHASE_ANNOUNCE,
	PHASE_REPAIR,
	PHASE_IMAGE,
	PHASE_PREPARE,
	PHASE_PREPARE_SCAN,
	PHASE_ACCEPT,
	PHASE_ACCEPT_SCAN,
	PHASE_DECIDED,
	PHASE_TIDY,
	PHASE_HINT,
};

#define FETCHES_MAX 4			/* of one image that can not be read, before giving up */
#define LOOK_WHILE_LATE_US 500000	/* how often to look while T_late is waited out */
#define LATE_BOTH (1U << 0 | 1U << 1)
#define LOOK_WHILE_LESS_US 100000	/* how often to look while a decision is missing */
#define REPAIR_PAUSE_US 20000		/* doubled with each failure, up to 64 times that */
#define REPAIR_DOUBLINGS_MAX 6
#define HINT_AGAIN_US 1000000		/* how often a hint that stays wrong is followed */

struct semaphore {
	struct semaphore_terms terms;
	enum phase phase;
	enum semaphore_done ended;	/* EVICTED or BACK_IN_TIME: for good */
	uint64_t evicted_by;
	uint64_t now_us;		/* of this step */
	uint64_t random;

	/* The tables. */
	struct image_value latest_value;
	/* the image that terms.next was written as; version 0: none */
	struct image_value next_value;
	uint64_t seen;			/* the largest version known to be decided on the disk */
	bool missing;			/* the last scan showed less than `seen` */
	uint64_t missing_since_us;
	bool less;			/* ... and so did all for 3 x T_late */
	struct image_value wanted;	/* being fetched */
	unsigned int fetch_failures;	/* of `wanted` */

	/* Our pair. */
	bool known;			/* it has been read */
	struct ballot mine;		/* what it says: read, or written and confirmed */
	struct ballot attempt;		/* being written, or failed */
	bool failed;			/* `attempt` may or may not be on the disk, now or later */
	bool damaged;			/* the half written last can not be read: `attempt` again */
	unsigned int failures;		/* in a row */
	uint64_t mbal_floor;		/* no ballot of ours was larger, in either half */
	bool late;			/* old writes may land until late_until_us: T_late */
	bool late_begun;
	uint64_t late_until_us;
	unsigned int late_halves;	/* bits: those that an old write may land on */
	uint64_t slot_written[IMAGE_SLOTS];	/* when, counted in images */
	uint64_t image_count;
	uint16_t image_slot;
	uint64_t image_nonce;

	/* The order being carried out. */
	bool learning;
	const struct change *change;	/* NULL: none, or answered */
	uint64_t since_s;
	uint64_t announced_wait_us;	/* to be waited once the announcement is written */
	/* a scan of this order has shown that `latest` is the newest */
	bool looked;
	bool current;			/* nothing has failed since the last scan */
	uint64_t began_us;		/* when this version's image was begun */
	struct outcome outcome;
	struct turn turn;

	/* The hint. */
	struct hint hint;		/* the last one seen */
	bool odd;			/* it differed from ours, and was followed */
	uint64_t odd_version;
	uint64_t odd_us;
	bool mend;

	uint64_t scan_began_us;
	struct scan scan;
	struct scan_result result;
	struct scan_row rows[];
};

static void proceed(struct semaphore *s, struct semaphore_todo *todo);

size_t semaphore_size(const struct layout *layout)
{
	return sizeof(struct semaphore) + layout->capacity.hosts * sizeof(struct scan_row);
}

void semaphore_init(struct semaphore *semaphore, const struct semaphore_terms *terms)
{
	const struct capacity *capacity = &terms->layout->capacity;

	assert(terms->slot == SLOT_NONE || terms->slot < capacity->hosts);
	*semaphore = (struct semaphore){
		.terms = *terms,
		.late = terms->unclean_start,
		.seen = terms->seen,
		.scan = {
			.layout = terms->layout,
			.cluster = terms->cluster,
			.rows = semaphore->rows,
		},
	};
	/* Not tables_init(): it would touch every page of tables that may stay small. */
	terms->latest->version = 0;
	terms->latest->capacity = *capacity;
	terms->next->version = 0;
	terms->next->capacity = *capacity;
}

const struct tables *semaphore_latest(const struct semaphore *semaphore)
{
	return semaphore->terms.latest;
}

bool semaphore_is_late(const struct semaphore *semaphore)
{
	return semaphore->late;
}

void semaphore_learn(struct semaphore *semaphore)
{
	assert(semaphore->phase == PHASE_IDLE && !semaphore->learning && !semaphore->change);
	semaphore->learning = true;
}

void semaphore_commit(struct semaphore *semaphore, const struct change *change)
{
	assert(semaphore->phase == PHASE_IDLE && !semaphore->learning && !semaphore->change);
	assert(semaphore->terms.slot != SLOT_NONE);
	semaphore->change = change;
	semaphore->since_s = change->now_s;
	semaphore->looked = false;
}

bool semaphore_hint_wants_scan(struct semaphore *semaphore, const struct hint *hint,
			       uint64_t now_us)
{
	bool again = semaphore->odd && semaphore->odd_version == hint->version;

	semaphore->hint = *hint;
	semaphore->odd = hint->version != semaphore->terms.latest->version;
	if (!semaphore->odd || (again && now_us - semaphore->odd_us < HINT_AGAIN_US))
		return false;
	/*
	 * Who decides a version writes the hint a moment later: only a hint that has been
	 * followed in vain, and is still there, is wrong enough for others to write.
	 */
	semaphore->mend = again;
	semaphore->odd_version = hint->version;
	semaphore->odd_us = now_us;
	return true;
}

/* Whether @ballot may yet get a value of ours decided that we have not learned about. */
static bool ballot_is_open(const struct semaphore *s, const struct ballot *ballot)
{
	return ballot->instance > s->terms.latest->version && ballot->decided < ballot->instance &&
	       ballot->own.version != 0;
}

/*
 * From the first ballot that names an image of ours it may be decided: a host that
 * restarts from our sector, we ourselves included, proposes it.
 */
static bool is_doubtful(const struct semaphore *s)
{
	return ballot_is_open(s, &s->mine) || (s->failed && ballot_is_open(s, &s->attempt));
}

static void rest(struct semaphore *s, enum semaphore_done done, struct semaphore_todo *todo)
{
	s->phase = PHASE_IDLE;
	s->learning = false;
	s->change = NULL;
	todo->op = SEMAPHORE_READY;
	todo->done = done;
}

/* What stops a learner as well as a writer, and says so together with the fate of the change. */
static void stop(struct semaphore *s, enum semaphore_done done, struct semaphore_todo *todo)
{
	todo->doubtful = s->change && is_doubtful(s);
	todo->evicted_by = s->evicted_by;
	todo->blocked_by = s->result.unknown;
	rest(s, done, todo);
}

static void end(struct semaphore *s, enum semaphore_done done, struct semaphore_todo *todo)
{
	s->ended = done;
	stop(s, done, todo);
}

static void give_up(struct semaphore *s, struct semaphore_todo *todo)
{
	enum semaphore_done done = SEMAPHORE_NOTHING;

	s->current = false;
	if (s->learning)
		done = SEMAPHORE_FAILED;
	else if (s->change)
		done = is_doubtful(s) ? SEMAPHORE_UNKNOWN : SEMAPHORE_FAILED;
	rest(s, done, todo);
}

static void pause_for(struct semaphore *s, uint64_t wait_us, struct semaphore_todo *todo)
{
	s->phase = PHASE_PAUSE;
	todo->op = SEMAPHORE_WAIT;
	todo->wait_us = wait_us;
}

static void begin_scan(struct semaphore *s, enum phase phase, struct semaphore_todo *todo)
{
	s->phase = phase;
	s->scan_began_us = s->now_us;
	scan_begin(&s->scan);
	todo->op = SEMAPHORE_SCAN;
}

static void be_late(struct semaphore *s)
{
	s->late = true;
	s->late_begun = true;
	s->late_until_us = s->now_us + (uint64_t)s->terms.late_ms * 1000;
}

static void note_time(struct semaphore *s, uint64_t now_us)
{
	s->now_us = now_us;
	if (!s->late || s->late_begun)
		return;
	be_late(s);
	if (s->terms.late_left_ms)
		s->late_until_us = now_us + (uint64_t)s->terms.late_left_ms * 1000;
}

/* How long to wait before looking again while it is late. */
static uint64_t late_pause_us(const struct semaphore *s)
{
	uint64_t left_us = s->late_until_us > s->now_us ? s->late_until_us - s->now_us : 0;

	return left_us < LOOK_WHILE_LATE_US ? left_us + 1 : LOOK_WHILE_LATE_US;
}

/*
 * An old write may have landed at the last moment: T_late ends with the first
 * sound scan that was begun after it.
 */
static void end_late(struct semaphore *s)
{
	if (s->late && s->scan_began_us >= s->late_until_us) {
		s->late = false;
		s->late_halves = 0;
	}
}

/*
 * Writing our pair.
 *
 * A new state goes to the half that does not hold the present one.  While old
 * writes of ours may still land, each state is written to both halves before
 * anyone acts on it: the late one then hides at most one of two equals.
 */
static void ask_ballot(struct semaphore *s, enum phase phase, struct semaphore_todo *todo)
{
	s->phase = phase;
	s->attempt.late = s->late;
	todo->op = SEMAPHORE_WRITE_BALLOT;
	todo->ballot = s->attempt;
}

static void write_ballot(struct semaphore *s, const struct ballot *ballot, enum phase phase,
			 struct semaphore_todo *todo)
{
	assert(s->known && !s->failed && s->late_halves != LATE_BOTH);
	s->attempt = *ballot;
	s->attempt.sequence = s->mine.sequence + 1;
	s->attempt.incarnation = s->terms.incarnation;
	ask_ballot(s, phase, todo);
}

static bool same_state(const struct ballot *a, const struct ballot *b)
{
	return a->incarnation == b->incarnation && a->instance == b->instance &&
	       a->mbal == b->mbal && a->bal == b->bal && image_value_same(&a->value, &b->value) &&
	       image_value_same(&a->own, &b->own) && a->decided == b->decided &&
	       image_value_same(&a->decided_value, &b->decided_value);
}

/* A half is on the disk.  True: and that is all; false: the other one has been asked for. */
static bool ballot_written(struct semaphore *s, struct semaphore_todo *todo)
{
	bool both = same_state(&s->mine, &s->attempt);

	s->mine = s->attempt;
	s->failed = false;
	s->damaged = false;
	s->failures = 0;
	if (s->mine.decided > s->seen)
		s->seen = s->mine.decided;
	if (!s->late || both)
		return true;
	s->attempt.sequence++;
	ask_ballot(s, s->phase, todo);
	return false;
}

static struct ballot decided_ballot(const struct semaphore *s, const struct image_value *value)
{
	struct ballot ballot = { .instance = value->version };

	if (s->mine.instance == value->version)
		ballot = s->mine;
	ballot.decided = value->version;
	ballot.decided_value = *value;
	return ballot;
}

/* Join a new ballot for the version behind the latest, with terms.next if we have nothing there. */
static void prepare(struct semaphore *s, struct semaphore_todo *todo)
{
	uint16_t capacity = s->terms.layout->capacity.hosts;
	uint64_t instance = s->terms.latest->version + 1;
	struct ballot ballot = { .instance = instance };
	uint64_t above = s->mbal_floor;

	scan_sum(&s->scan, s->terms.slot, instance, &s->result);
	if (s->result.mbal > above)
		above = s->result.mbal;
	if (s->mine.instance == instance)
		ballot = s->mine;
	ballot.decided = s->terms.latest->version;
	ballot.decided_value = s->latest_value;
	ballot.mbal = (above / capacity + 1) * capacity + s->terms.slot;
	/*
	 * The image is named before it is accepted: if we die, who restarts from this sector
	 * knows which slot an accept that lands late would name, and finishes with that very
	 * image instead of writing another.
	 */
	if (ballot.own.version == 0 && s->next_value.version == instance)
		ballot.own = s->next_value;
	s->mbal_floor = ballot.mbal;
	write_ballot(s, &ballot, PHASE_PREPARE, todo);
}

/*
 * Join the next version with a number below all that are ever pursued: it hinders
 * nobody, and those who look who contends see us wait for our turn.
 */
static void announce(struct semaphore *s, uint64_t wait_us, struct semaphore_todo *todo)
{
	struct ballot ballot = {
		.instance = s->result.newest + 1,
		.mbal = s->terms.slot + 1U,
		.decided = s->result.newest,
		.decided_value = s->result.newest_value,
	};

	s->announced_wait_us = wait_us;
	write_ballot(s, &ballot, PHASE_ANNOUNCE, todo);
}

static void accept(struct semaphore *s, struct semaphore_todo *todo)
{
	struct ballot ballot = s->mine;

	if (s->result.bal != 0)
		ballot.value = s->result.value;
	else
		ballot.value = ballot.own;
	ballot.bal = ballot.mbal;
	write_ballot(s, &ballot, PHASE_ACCEPT, todo);
}

/* The change is settled: say so, and close our row for those who look who contends. */
static void answer(struct semaphore *s, struct semaphore_todo *todo)
{
	struct ballot closed = decided_ballot(s, &s->latest_value);

	todo->outcome = s->outcome;
	if (s->mine.instance > s->latest_value.version) {
		closed = s->mine;
		closed.mbal = 0;
	}
	/* A ballot that was pursued is not taken back. */
	if (s->failed || s->late || s->mine.mbal == 0 || s->mine.decided == s->mine.instance ||
	    (s->mine.instance > s->latest_value.version && s->mine.mbal > s->terms.slot + 1U)) {
		rest(s, SEMAPHORE_ANSWERED, todo);
		return;
	}
	s->change = NULL;
	todo->done = SEMAPHORE_ANSWERED;
	write_ballot(s, &closed, PHASE_TIDY, todo);
}

/*
 * The slot written longest ago that nobody may need: neither the latest decided
 * image nor one that an unresolved ballot names.  There are none of those when
 * this is asked (proceed() finishes them first), so two of three are free.
 */
static uint16_t free_slot(const struct semaphore *s)
{
	uint16_t best = SLOT_NONE;

	assert(!s->failed && !ballot_is_open(s, &s->mine));
	for (uint16_t slot = 0; slot < IMAGE_SLOTS; slot++) {
		if (s->latest_value.version != 0 && s->latest_value.host == s->terms.slot &&
		    s->latest_value.slot == slot)
			continue;
		if (best == SLOT_NONE || s->slot_written[slot] < s->slot_written[best])
			best = slot;
	}
	return best;
}

static void write_image(struct semaphore *s, struct semaphore_todo *todo)
{
	s->phase = PHASE_IMAGE;
	s->image_slot = free_slot(s);
	s->image_nonce = s->random;
	s->slot_written[s->image_slot] = ++s->image_count;
	s->began_us = s->now_us;
	todo->op = SEMAPHORE_WRITE_IMAGE;
	todo->image_slot = s->image_slot;
}

uint32_t semaphore_image(struct semaphore *semaphore, void *image, size_t size)
{
	assert(semaphore->phase == PHASE_IMAGE && size >= semaphore->terms.layout->image_bytes);
	semaphore->next_value = image_encode(semaphore->terms.next, semaphore->terms.slot,
					     semaphore->image_slot, semaphore->image_nonce,
					     semaphore->terms.layout, &semaphore->terms.cluster,
					     image, semaphore->terms.layout->image_bytes);
	return semaphore->next_value.length;
}

/*
 * Whether to look again later instead of balloting now: it is others' turn, or
 * old writes may land on both halves, so that no state of our pair is safe.
 */
static bool must_wait(struct semaphore *s, struct semaphore_todo *todo)
{
	uint64_t wait_us = s->looked ? turn_wait_us(&s->turn, s->now_us, s->random) : 0;

	if (s->late_halves == LATE_BOTH)
		wait_us = late_pause_us(s);
	if (wait_us == 0)
		return false;
	pause_for(s, wait_us, todo);
	return true;
}

/*
 * The rule leaves the tables as they are.  That stands if they are the newest:
 * looked at, and no newer version can be decided already, for nothing is
 * accepted in it.
 */
static void answer_unchanged(struct semaphore *s, struct semaphore_todo *todo)
{
	if (!s->looked) {
		begin_scan(s, PHASE_LOOK, todo);
		return;
	}
	scan_sum(&s->scan, s->terms.slot, s->terms.latest->version + 1, &s->result);
	if (s->result.bal == 0)
		answer(s, todo);
	else if (!must_wait(s, todo))
		prepare(s, todo);
}

/* Apply the rule to the latest tables, and begin to publish what comes of it. */
static void apply(struct semaphore *s, struct semaphore_todo *todo)
{
	s->next_value = (struct image_value){ 0 };
	rule_apply(s->terms.latest, s->change, s->terms.next, &s->outcome);
	if (s->terms.next->version == s->terms.latest->version)
		answer_unchanged(s, todo);
	else if (s->late)
		pause_for(s, late_pause_us(s), todo);
	else if (!must_wait(s, todo))
		write_image(s, todo);
}

/* Commit the change; `latest` is the newest version, or believed to be. */
static void commit(struct semaphore *s, struct semaphore_todo *todo)
{
	if (rule_applied(s->terms.latest, s->change, &s->outcome))
		answer(s, todo);
	else if (!ballot_is_open(s, &s->mine))
		apply(s, todo);
	else if (!must_wait(s, todo))
		prepare(s, todo);
}

static void learned(struct semaphore *s, struct semaphore_todo *todo)
{
	uint64_t version = s->terms.latest->version;
	bool mend = s->mend && s->hint.version != version && s->terms.slot != SLOT_NONE;

	s->mend = false;
	rest(s, SEMAPHORE_LEARNED, todo);
	if (!mend)
		return;
	s->phase = PHASE_HINT;
	todo->op = SEMAPHORE_WRITE_HINT;
	todo->hint = s->hint;
	todo->hint.version = version;
	todo->hint.balloting = SLOT_NONE;
}

/* The latest tables are the newest of the last scan: what now? */
static void proceed(struct semaphore *s, struct semaphore_todo *todo)
{
	s->looked = true;
	s->current = true;
	if (s->result.unknown != SLOT_NONE)
		stop(s, SEMAPHORE_BLOCKED, todo);
	else if (s->damaged)
		ask_ballot(s, PHASE_REPAIR, todo);
	else if (s->learning)
		learned(s, todo);
	else if (rule_applied(s->terms.latest, s->change, &s->outcome))
		answer(s, todo);
	else if (s->failed)
		ask_ballot(s, PHASE_REPAIR, todo);
	else
		commit(s, todo);
}

static void swap_tables(struct semaphore *s)
{
	struct tables *old = s->terms.latest;

	s->terms.latest = s->terms.next;
	s->terms.next = old;
}

static void latest_is(struct semaphore *s, const struct image_value *value)
{
	swap_tables(s);
	s->latest_value = *value;
	s->next_value = (struct image_value){ 0 };
	s->fetch_failures = 0;
}

static void fetch(struct semaphore *s, struct semaphore_todo *todo)
{
	if (image_value_same(&s->result.newest_value, &s->next_value)) {
		latest_is(s, &s->result.newest_value);
		proceed(s, todo);
		return;
	}
	if (!image_value_same(&s->result.newest_value, &s->wanted))
		s->fetch_failures = 0;
	s->wanted = s->result.newest_value;
	s->next_value = (struct image_value){ 0 };
	s->phase = PHASE_FETCH;
	todo->op = SEMAPHORE_READ_IMAGE;
	todo->value = s->wanted;
}

static void fetched(struct semaphore *s, const void *image, size_t size,
		    struct semaphore_todo *todo)
{
	enum block_verdict verdict = BLOCK_DAMAGED;

	if (image && size >= s->wanted.length)
		verdict = image_decode(image, (uint32_t)size, &s->wanted,
				       &s->terms.layout->capacity, &s->terms.cluster,
				       s->terms.next);
	if (verdict == BLOCK_OK) {
		latest_is(s, &s->wanted);
		proceed(s, todo);
	} else if (++s->fetch_failures < FETCHES_MAX) {
		begin_scan(s, PHASE_LOOK, todo);	/* overtaken */
	} else {
		s->fetch_failures = 0;
		give_up(s, todo);
	}
}

enum own_verdict { OWN_SAME, OWN_OLDER, OWN_FOREIGN };

/*
 * The half that we wrote last can not be read, and the other is the one before it: it was
 * damaged on the disk, for nobody else writes here.  We know what it said, and write it again,
 * before others miss a decision that perhaps only this half bore.
 */
static bool own_is_damaged(const struct semaphore *s, const struct scan_row *own)
{
	return s->known && !s->late && own->verdict == PAIR_HALF &&
	       (!s->failed || s->damaged) &&
	       own->ballot.incarnation == s->terms.incarnation &&
	       own->ballot.sequence + 1 == s->mine.sequence;
}

/* What became of our pair, according to the newest half that a scan has found. */
static enum own_verdict own_judge(struct semaphore *s, const struct ballot *found)
{
	bool inherited = s->known && s->mine.incarnation != s->terms.incarnation;

	if (same_state(found, &s->mine) &&
	    (found->sequence == s->mine.sequence ||
	     (s->late && found->sequence + 1 == s->mine.sequence))) {
		/* A late write may have hidden the newer of two equals: the next goes over it. */
		s->mine.sequence = found->sequence;
		return OWN_SAME;
	}
	if (s->failed && same_state(found, &s->attempt) &&
	    found->sequence == s->attempt.sequence)
		return OWN_SAME;
	/*
	 * The last write of a tenant before us, which landed after we had read the pair: each
	 * had no more than one on the way.  It may be of an incarnation that we have never
	 * seen, and hide that of another.
	 */
	if (s->late && inherited && found->sequence <= s->mine.sequence + 1) {
		s->mine = *found;
		return OWN_SAME;
	}
	/*
	 * The first of two equals has been hidden before the second was confirmed, perhaps by
	 * the last tenant's write of that very number.
	 */
	if (s->late && s->failed && same_state(&s->mine, &s->attempt) &&
	    found->sequence <= s->mine.sequence)
		return OWN_SAME;
	if (found->sequence < s->mine.sequence)
		return OWN_OLDER;
	s->evicted_by = found->incarnation;
	return OWN_FOREIGN;
}

/* Our pair has been read for the first time: go on from what it says. */
static void inherit(struct semaphore *s, const struct ballot *found)
{
	s->known = true;
	s->mine = *found;
	if (!s->late)
		return;
	/*
	 * The last tenant's last write is on its way to the other half.  If it was in doubt
	 * itself about an earlier one, that may have gone to either.
	 */
	s->late_halves = found->late ? LATE_BOTH : 1U << ((found->sequence + 1) & 1);
}

/* A new ballot must be above every one in both halves, the older one as well. */
static void note_own_mbal(struct semaphore *s, const void *region)
{
	uint64_t mbal = scan_pair_mbal(&s->scan, region, s->terms.slot);

	if (mbal > s->mbal_floor)
		s->mbal_floor = mbal;
}

/* What our own inherited row says may yet be hidden by an old write, and is ours to write again. */
static void note_seen(struct semaphore *s)
{
	bool shaky = s->late && s->known && s->mine.incarnation != s->terms.incarnation;

	for (uint16_t host = 0; host < s->terms.layout->capacity.hosts; host++) {
		const struct scan_row *row = &s->scan.rows[host];

		if (row->verdict != PAIR_UNKNOWN && row->ballot.decided > s->seen &&
		    !(shaky && host == s->terms.slot))
			s->seen = row->ballot.decided;
	}
}

/*
 * A decision that we have learned is not there.  A host whose old writes may still
 * land shows it before both its halves hold it, and the first may be hidden again
 * until the second is written, or written again by whoever restarts there, which
 * may itself wait for T_late.  Only what stays away has gone back in time.  Sets
 * s->less to that effect; true: look again first.
 */
static bool shows_less(struct semaphore *s)
{
	/* What we have written ourselves, in doubt, we can write again. */
	bool ours = s->failed && s->attempt.decided >= s->seen;
	bool less = s->result.unknown == SLOT_NONE && s->result.newest < s->seen && !ours;

	if (less && !s->missing)
		s->missing_since_us = s->now_us;
	s->missing = less;
	s->less = less && s->now_us - s->missing_since_us > (uint64_t)s->terms.late_ms * 3000;
	return less && !s->less;
}

/* Is this still the disk that we know, and our row still ours?  False: *@todo says what it is. */
static bool scan_is_sound(struct semaphore *s, struct semaphore_todo *todo)
{
	const struct scan_result *result = &s->result;
	const struct scan_row *own = s->terms.slot == SLOT_NONE ? NULL :
								    &s->scan.rows[s->terms.slot];
	enum own_verdict verdict = OWN_SAME;

	if (own && own->verdict != PAIR_UNKNOWN) {
		if (!s->known)
			inherit(s, &own->ballot);
		if (own_is_damaged(s, own)) {
			s->attempt = s->mine;
			s->failed = true;
			s->damaged = true;
		} else {
			verdict = own_judge(s, &own->ballot);
		}
	}
	if (verdict == OWN_FOREIGN) {
		end(s, SEMAPHORE_EVICTED, todo);
		return false;
	}
	if (shows_less(s)) {
		pause_for(s, LOOK_WHILE_LESS_US, todo);
		return false;
	}
	/* With every pair unreadable it is another cluster's, or nobody's, by now. */
	if (verdict == OWN_OLDER || result->forked || s->less ||
	    (result->unknown_count == s->terms.layout->capacity.hosts && s->seen != 0) ||
	    (result->newest != 0 && result->newest == s->latest_value.version &&
	     !image_value_same(&result->newest_value, &s->latest_value))) {
		end(s, SEMAPHORE_BACK_IN_TIME, todo);
		return false;
	}
	note_seen(s);
	return true;
}

/*
 * Whether it is others' turn, so that tables learned now would be old when it is
 * ours.  Not while a value of ours is open: then they may hold the answer.
 */
static bool waits_unlearned(struct semaphore *s, struct semaphore_todo *todo)
{
	uint64_t wait_us = turn_wait_us(&s->turn, s->now_us, s->random);

	if (!s->change || s->failed || s->late || is_doubtful(s) || wait_us == 0 ||
	    s->result.unknown != SLOT_NONE)
		return false;
	if (s->turn.visible || s->mine.instance > s->result.newest)
		pause_for(s, wait_us, todo);
	else
		announce(s, wait_us, todo);
	return true;
}

/* The newest version is known; learn it if it is not ours already. */
static void look_ended(struct semaphore *s, struct semaphore_todo *todo)
{
	if (waits_unlearned(s, todo))
		return;
	if (s->result.newest > s->terms.latest->version)
		fetch(s, todo);
	else
		proceed(s, todo);
}

/* A ballot ended without a decision of ours: somebody decided, or a larger one is under way. */
static bool ballot_is_lost(struct semaphore *s, struct semaphore_todo *todo)
{
	if (s->result.newest >= s->mine.instance || s->result.unknown != SLOT_NONE) {
		look_ended(s, todo);
		return true;
	}
	if (s->result.mbal > s->mine.mbal) {
		pause_for(s, turn_lost_us(&s->turn, s->random), todo);
		return true;
	}
	return false;
}

static void prepared(struct semaphore *s, struct semaphore_todo *todo)
{
	if (ballot_is_lost(s, todo))
		return;
	if (s->result.bal == 0 && s->mine.own.version == 0)
		proceed(s, todo);	/* joined only to finish another's, and there is none */
	else
		accept(s, todo);
}

/* Nobody has joined a larger ballot: the version is decided, whoever learns it first. */
static void decided(struct semaphore *s, struct semaphore_todo *todo)
{
	struct image_value value = s->mine.value;
	struct ballot ballot = decided_ballot(s, &value);

	if (s->turn.losses == 0 && s->began_us != 0)
		turn_measure(&s->turn, s->now_us - s->began_us);
	if (image_value_same(&value, &s->next_value)) {
		latest_is(s, &value);
		if (rule_applied(s->terms.latest, s->change, &s->outcome)) {
			todo->done = SEMAPHORE_ANSWERED;
			todo->outcome = s->outcome;
			s->change = NULL;
		}
	}
	s->began_us = 0;
	write_ballot(s, &ballot, PHASE_DECIDED, todo);
}

static void write_hint(struct semaphore *s, struct semaphore_todo *todo)
{
	s->phase = PHASE_HINT;
	todo->op = SEMAPHORE_WRITE_HINT;
	todo->hint = (struct hint){
		.version = s->terms.latest->version,
		.balloting = turn_next(&s->turn, &s->scan, s->terms.slot),
		.since_s = s->since_s,
		.notices = s->hint.notices,
	};
}

static void scanned(struct semaphore *s, const void *region, size_t size,
		    struct semaphore_todo *todo)
{
	const struct layout *layout = s->terms.layout;
	uint64_t instance = s->phase == PHASE_LOOK ? 0 : s->mine.instance;

	if (!region || size < layout->ballots_bytes) {
		give_up(s, todo);
		return;
	}
	if (!scan_add(&s->scan, region)) {
		todo->op = SEMAPHORE_REREAD;
		return;
	}
	scan_sum(&s->scan, s->terms.slot, instance, &s->result);
	if (s->terms.slot != SLOT_NONE)
		note_own_mbal(s, region);
	if (!scan_is_sound(s, todo))
		return;
	end_late(s);
	turn_look(&s->turn, &s->scan, s->terms.slot, &s->result, s->now_us);
	if (s->phase == PHASE_LOOK)
		look_ended(s, todo);
	else if (s->phase == PHASE_PREPARE_SCAN)
		prepared(s, todo);
	else if (!ballot_is_lost(s, todo))
		decided(s, todo);
}

static void begin(struct semaphore *s, struct semaphore_todo *todo)
{
	assert(s->learning || s->change);
	if (s->ended != SEMAPHORE_NOTHING) {
		stop(s, s->ended, todo);
		return;
	}
	s->turn.losses = 0;
	s->began_us = 0;
	if (s->change && rule_applied(s->terms.latest, s->change, &s->outcome))
		answer(s, todo);
	else if (s->change && s->failed)
		pause_for(s, REPAIR_PAUSE_US << s->failures, todo);
	else if (s->learning || s->late || !s->current || !s->known || s->turn.contender_count > 0)
		begin_scan(s, PHASE_LOOK, todo);
	else
		commit(s, todo);
}

static void went_well(struct semaphore *s, const void *data, size_t size,
		      struct semaphore_todo *todo)
{
	switch (s->phase) {
	case PHASE_IDLE:
		begin(s, todo);
		break;
	case PHASE_LOOK:
	case PHASE_PREPARE_SCAN:
	case PHASE_ACCEPT_SCAN:
		scanned(s, data, size, todo);
		break;
	case PHASE_FETCH:
		fetched(s, data, size, todo);
		break;
	case PHASE_IMAGE:
		assert(s->next_value.version == s->terms.latest->version + 1);
		prepare(s, todo);
		break;
	case PHASE_PREPARE:
		if (ballot_written(s, todo))
			begin_scan(s, PHASE_PREPARE_SCAN, todo);
		break;
	case PHASE_ACCEPT:
		if (ballot_written(s, todo))
			begin_scan(s, PHASE_ACCEPT_SCAN, todo);
		break;
	case PHASE_ANNOUNCE:
		if (ballot_written(s, todo))
			pause_for(s, s->announced_wait_us, todo);
		break;
	case PHASE_REPAIR:
		if (ballot_written(s, todo))
			begin_scan(s, PHASE_LOOK, todo);
		break;
	case PHASE_DECIDED:
		if (!ballot_written(s, todo))
			break;
		if (s->change)
			begin_scan(s, PHASE_LOOK, todo);
		else
			write_hint(s, todo);
		break;
	case PHASE_TIDY:
		if (ballot_written(s, todo))
			rest(s, SEMAPHORE_NOTHING, todo);
		break;
	case PHASE_PAUSE:
		begin_scan(s, PHASE_LOOK, todo);
		break;
	case PHASE_HINT:
		rest(s, SEMAPHORE_NOTHING, todo);
		break;
	}
}

static void went_wrong(struct semaphore *s, struct semaphore_todo *todo)
{
	switch (s->phase) {
	case PHASE_ANNOUNCE:
	case PHASE_PREPARE:
	case PHASE_ACCEPT:
	case PHASE_REPAIR:
	case PHASE_DECIDED:
	case PHASE_TIDY:
		s->failed = true;
		be_late(s);
		s->late_halves |= 1U << (s->attempt.sequence & 1);
		if (s->failures < REPAIR_DOUBLINGS_MAX)
			s->failures++;
		break;
	case PHASE_IMAGE:
		be_late(s);
		break;
	case PHASE_IDLE:
	case PHASE_LOOK:
	case PHASE_FETCH:
	case PHASE_PAUSE:
	case PHASE_PREPARE_SCAN:
	case PHASE_ACCEPT_SCAN:
	case PHASE_HINT:
		break;
	}
	give_up(s, todo);
}

void semaphore_step(struct semaphore *semaphore, enum semaphore_event event, const void *data,
		    size_t size, uint64_t now_us, uint64_t random,
		    struct semaphore_todo *ret_todo)
{
	struct semaphore_todo todo = { .blocked_by = SLOT_NONE };

	note_time(semaphore, now_us);
	semaphore->random = random;
	switch (event) {
	case SEMAPHORE_BEGIN:
		assert(semaphore->phase == PHASE_IDLE);
		begin(semaphore, &todo);
		break;
	case SEMAPHORE_IO_OK:
		went_well(semaphore, data, size, &todo);
		break;
	case SEMAPHORE_IO_FAILED:
		went_wrong(semaphore, &todo);
		break;
	}
	*ret_todo = todo;
}
