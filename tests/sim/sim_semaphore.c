/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sim_semaphore - the semaphore machines of many hosts in one process, over a
 * disk that delays, reorders, tears and fails, with processes that die and
 * start again from what is on the disk.
 *
 *   sim_semaphore [--seeds N] [--seed S] [--hosts N] [--trace] [--break NAME] [--race]
 *
 * Without arguments: 10 000 seeds that must hold, then each way to break the
 * protocol, which must be caught, and a race of up to 32 hosts.  A seed that
 * fails is run again and told as a story.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/chain.h"
#include "tests/sim/disk.h"

#define HOSTS_SIM_MAX 32
#define SEEDS_DEFAULT 10000
#define SEEDS_BROKEN 4000	/* within so many each break must show */
#define LATE_MS 300
#define END_US 600000000ULL	/* everything is long done by then */
#define WISHES_MAX 8
#define RACE_WISHES 20		/* of each host that races */
#define RACE_LATENCY_US 200

/* What is done to the protocol, from outside. */
enum breakage {
	BREAK_NOTHING,
	BREAK_OWN,		/* a restarted host does not find `own` in its sector */
	BREAK_FORGET,		/* a restarted host forgets what it joined and accepted */
	BREAK_IDS,		/* a doubtful change is tried again under a new id */
	BREAK_LOST,		/* the disk loses ballots that it has acknowledged */
	BREAK_IMAGES,		/* ... or images */
	BREAK_STALE,		/* a scan returns what was there before the ballot was written */
	BREAK_LATE,		/* writes of a dead process land long after it was waited for */
	BREAK_CLONE,		/* two hosts share a row */
	BREAKAGES,
};

static const struct {
	const char *name;
	bool noticed;		/* a host that stops because it sees it is enough */
} breakages[BREAKAGES] = {
	[BREAK_NOTHING] = { "nothing", true },
	[BREAK_OWN] = { "own", false },
	[BREAK_FORGET] = { "forget", false },
	[BREAK_IDS] = { "ids", false },
	[BREAK_LOST] = { "lost", true },
	[BREAK_IMAGES] = { "images", false },
	[BREAK_STALE] = { "stale", false },
	[BREAK_LATE] = { "late", false },
	[BREAK_CLONE] = { "clone", true },
};

enum host_state { HOST_DOWN, HOST_IDLE, HOST_BUSY, HOST_FINISHED };

struct host {
	enum host_state state;
	uint16_t slot;
	unsigned int generation;
	uint64_t incarnation;
	uint64_t sequence;
	bool logged_on;
	struct semaphore *machine;
	struct tables *tables[2];
	struct semaphore_todo todo;	/* being performed */
	bool committing;
	bool changing;			/* `attempt` is not settled */
	bool unknown;			/* ... and doubtful */
	unsigned int attempt;
	unsigned int wishes;		/* still to be made */
	uint64_t attempted_version;
};

struct sim {
	struct chance chance;
	struct layout layout;
	struct id128 cluster;
	unsigned int host_count;
	struct host hosts[HOSTS_SIM_MAX];
	struct disk *disk;
	struct chain chain;
	struct tables *empty;
	uint8_t *buffer;
	/* BREAK_STALE: the ballots before the last write of a host */
	uint8_t *stale;
	enum breakage breakage;
	bool trace;
	bool racing;			/* no faults, everybody wants a change all the time */
	unsigned int faults_left;
	unsigned int fault_odds;	/* one operation in so many goes wrong */
	unsigned int crash_odds;
	unsigned int next_wish;
	uint64_t incarnations;
	const char *verdict;		/* what went wrong; NULL: nothing */
};

__attribute__((format(printf, 3, 4)))
static void tell(const struct sim *sim, const struct host *host, const char *format, ...)
{
	va_list arguments;

	if (!sim->trace)
		return;
	printf("[%8" PRIu64 "] %c  ", disk_now_us(sim->disk), (char)('a' + (host - sim->hosts)));
	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	putchar('\n');
}

static bool odds(struct sim *sim, unsigned int one_in)
{
	return one_in != 0 && chance_below(&sim->chance, one_in) == 0;
}

static void watch_sector(void *context, uint64_t offset, const void *before, const void *after)
{
	struct sim *sim = context;

	chain_overwritten(&sim->chain, offset, before, after);
}

static void fail(struct sim *sim, const char *verdict)
{
	if (!sim->verdict)
		sim->verdict = verdict;
}

/* A value in a few letters: version, host, slot. */
static const char *value_text(const struct image_value *value, char text[32])
{
	if (value->version == 0)
		snprintf(text, 32, "none");
	else
		snprintf(text, 32, "%" PRIu64 "%c%u#%02x", value->version, 'a' + value->host,
			 value->slot, (unsigned int)(value->nonce & 0xff));
	return text;
}

static void tell_ballot(const struct sim *sim, const struct host *host, const struct ballot *ballot)
{
	char value[32];
	char own[32];
	char decided[32];

	tell(sim, host, "writes ballot %" PRIu64 ": version %" PRIu64 " joins %" PRIu64
	     " accepted %" PRIu64 " %s own %s decided %s", ballot->sequence, ballot->instance,
	     ballot->mbal, ballot->bal, value_text(&ballot->value, value),
	     value_text(&ballot->own, own), value_text(&ballot->decided_value, decided));
}

/* How the next operation of a host goes. */
static enum disk_fate draw_fate(struct sim *sim, bool write)
{
	if (sim->faults_left == 0 || !odds(sim, sim->fault_odds))
		return DISK_GOOD;
	sim->faults_left--;
	if (!write)
		return DISK_ERROR_LOST;
	return (enum disk_fate)(1 + chance_below(&sim->chance, DISK_FATES - 1));
}

static void perform_write(struct sim *sim, struct host *host, uint64_t offset, const void *data,
			  uint32_t size)
{
	enum disk_fate fate = draw_fate(sim, true);
	static const char *const words[DISK_FATES] = { "", "is lost", "lands, with an error",
						       "tears", "lands later, with an error" };

	if (fate != DISK_GOOD)
		tell(sim, host, "  ... which %s", words[fate]);
	disk_write(sim->disk, (unsigned int)(host - sim->hosts), host->generation, offset, data,
		   size, fate);
}

/* The disk says that it has written, and has not. */
static bool is_swallowed(struct sim *sim, struct host *host)
{
	if (!odds(sim, 8))
		return false;
	tell(sim, host, "  ... which is acknowledged and lost");
	disk_read(sim->disk, (unsigned int)(host - sim->hosts), host->generation, sim->layout.hint,
		  DISK_SECTOR, DISK_GOOD);
	return true;
}

static void perform_ballot(struct sim *sim, struct host *host)
{
	struct ballot ballot = host->todo.ballot;

	if (ballot.decided_value.version != 0 &&
	    chain_decided(&sim->chain, &ballot.decided_value))
		tell(sim, host, "DECIDES version %" PRIu64, ballot.decided);
	tell_ballot(sim, host, &ballot);
	memcpy(sim->stale + (size_t)(host - sim->hosts) * sim->layout.ballots_bytes,
	       disk_bytes(sim->disk) + sim->layout.ballots, sim->layout.ballots_bytes);
	if (sim->breakage == BREAK_LOST && is_swallowed(sim, host))
		return;
	ballot_encode(&ballot, host->slot, DISK_SECTOR, &sim->cluster, sim->buffer);
	perform_write(sim, host, layout_ballot(&sim->layout, host->slot, ballot.sequence & 1),
		      sim->buffer, DISK_SECTOR);
}

static void perform_image(struct sim *sim, struct host *host)
{
	uint32_t length = semaphore_image(host->machine, sim->buffer, sim->layout.image_bytes);
	struct image_value value;
	char text[32];

	if (image_decode_found(sim->buffer, length, host->slot, host->todo.image_slot,
			       &sim->layout.capacity, &sim->cluster, &value,
			       sim->chain.found) != BLOCK_OK)
		fail(sim, "an image was encoded that can not be decoded");
	chain_publish(&sim->chain, &value, host->attempt);
	host->attempted_version = value.version;
	tell(sim, host, "writes image %s", value_text(&value, text));
	if (sim->breakage == BREAK_IMAGES && is_swallowed(sim, host))
		return;
	perform_write(sim, host, layout_image(&sim->layout, host->slot, host->todo.image_slot),
		      sim->buffer, length);
}

static void perform(struct sim *sim, struct host *host)
{
	unsigned int index = (unsigned int)(host - sim->hosts);
	const struct image_value *value = &host->todo.value;
	char text[32];

	switch (host->todo.op) {
	case SEMAPHORE_READY:
		break;
	case SEMAPHORE_SCAN:
	case SEMAPHORE_REREAD:
		tell(sim, host, host->todo.op == SEMAPHORE_SCAN ? "scans" : "scans again");
		disk_read(sim->disk, index, host->generation, sim->layout.ballots,
			  (uint32_t)sim->layout.ballots_bytes, draw_fate(sim, false));
		break;
	case SEMAPHORE_READ_IMAGE:
		tell(sim, host, "reads image %s", value_text(value, text));
		disk_read(sim->disk, index, host->generation,
			  layout_image(&sim->layout, value->host, value->slot), value->length,
			  draw_fate(sim, false));
		break;
	case SEMAPHORE_WRITE_IMAGE:
		perform_image(sim, host);
		break;
	case SEMAPHORE_WRITE_BALLOT:
		perform_ballot(sim, host);
		break;
	case SEMAPHORE_WRITE_HINT:
		hint_encode(&host->todo.hint, DISK_SECTOR, &sim->cluster, sim->buffer);
		perform_write(sim, host, sim->layout.hint, sim->buffer, DISK_SECTOR);
		break;
	case SEMAPHORE_WAIT:
		tell(sim, host, "waits %" PRIu64 " us", host->todo.wait_us);
		disk_wake(sim->disk, index, host->generation, host->todo.wait_us);
		break;
	}
}

static void settle(struct host *host)
{
	host->changing = false;
	host->unknown = false;
}

static void stopped(struct sim *sim, struct host *host, const char *why)
{
	tell(sim, host, "STOPS: %s", why);
	fail(sim, why);
}

/* The news of a step. */
static void hear(struct sim *sim, struct host *host)
{
	const struct semaphore_todo *todo = &host->todo;

	switch (todo->done) {
	case SEMAPHORE_NOTHING:
		break;
	case SEMAPHORE_LEARNED:
		tell(sim, host, "has learned version %" PRIu64,
		     semaphore_latest(host->machine)->version);
		break;
	case SEMAPHORE_ANSWERED:
		if (todo->op == SEMAPHORE_WRITE_BALLOT)
			(void)chain_decided(&sim->chain, &todo->ballot.decided_value);
		tell(sim, host, "is ANSWERED: %s", ruling_text(todo->outcome.ruling));
		chain_answered(&sim->chain, host->attempt, todo->outcome.ruling);
		if (sim->chain.attempts[host->attempt].change.kind == CHANGE_LOGON)
			host->logged_on = todo->outcome.ruling == RULING_DONE;
		settle(host);
		break;
	case SEMAPHORE_UNKNOWN:
		tell(sim, host, "does not know");
		host->unknown = true;
		break;
	case SEMAPHORE_FAILED:
		tell(sim, host, "has failed");
		if (!host->committing)
			break;
		chain_failed(&sim->chain, host->attempt);
		settle(host);
		host->wishes++;
		break;
	case SEMAPHORE_EVICTED:
		stopped(sim, host, "a host was evicted");
		break;
	case SEMAPHORE_BACK_IN_TIME:
		stopped(sim, host, "a host saw the disk go back in time");
		break;
	case SEMAPHORE_BLOCKED:
		stopped(sim, host, "a host was blocked by an unreadable pair");
		break;
	}
}

static void start(struct sim *sim, struct host *host, bool unclean);

static void crash(struct sim *sim, struct host *host)
{
	/* A process killed on a host that lives on: what it had asked for ends as it would have. */
	bool clean = odds(sim, 3);
	bool was_late = semaphore_is_late(host->machine);
	enum disk_fate fate = clean ? DISK_GOOD :
		(enum disk_fate)(1 + chance_below(&sim->chance, DISK_FATES - 1));
	unsigned int index = (unsigned int)(host - sim->hosts);
	uint64_t over_us;

	sim->faults_left--;
	over_us = disk_crash(sim->disk, index, host->generation, fate);
	tell(sim, host, "DIES (%s)", clean ? "its host lives" : "with its host");
	host->generation++;
	host->state = HOST_DOWN;
	if (host->changing)
		sim->chain.attempts[host->attempt].pending = false;
	settle(host);
	/*
	 * The next process waits until the last one's calls have returned; another boot does not.
	 */
	disk_wake(sim->disk, index, host->generation,
		  (clean ? over_us - disk_now_us(sim->disk) : 0) + 1 +
		  chance_below(&sim->chance, 20000));
	host->todo = (struct semaphore_todo){ .doubtful = !clean || was_late };
}

/* One step, its news, and what it asks for. */
static void step(struct sim *sim, struct host *host, enum semaphore_event event, const void *data,
		 uint32_t size)
{
	semaphore_step(host->machine, event, data, size, disk_now_us(sim->disk),
		       chance_draw(&sim->chance), &host->todo);
	hear(sim, host);
	if (host->todo.op != SEMAPHORE_READY) {
		host->state = HOST_BUSY;
		perform(sim, host);
		if (sim->faults_left > 0 && odds(sim, sim->crash_odds))
			disk_wake(sim->disk, (unsigned int)(host - sim->hosts) + HOSTS_SIM_MAX,
				  host->generation, chance_below(&sim->chance, 4000));
		return;
	}
	host->state = HOST_IDLE;
	if (host->wishes == 0 && !host->changing)
		host->state = HOST_FINISHED;
	else
		disk_wake(sim->disk, (unsigned int)(host - sim->hosts), host->generation,
			  !sim->racing && odds(sim, 3) ? chance_below(&sim->chance, 20000) : 1);
}

/* Some change, according to the tables that the host knows. */
static void draw_change(struct sim *sim, struct host *host, struct attempt *attempt)
{
	const struct tables *tables = semaphore_latest(host->machine);
	const struct volume_row *volume = &tables->volumes[0];
	struct change *change = &attempt->change;

	change->volume_born = 1;
	switch (chance_below(&sim->chance, 4)) {
	case 0:
		change->kind = CHANGE_FORM;
		change->administrator = true;
		change->form_mode = FORM_SET;
		change->form = attempt->form;
		change->form_len = (size_t)snprintf(attempt->form, sizeof(attempt->form),
						    "[host h%u]\nweight = %u\n", host->slot,
						    (unsigned int)chance_below(&sim->chance, 4));
		break;
	case 1:
		change->kind = CHANGE_GIVE;
		change->epoch = volume->writer.epoch;
		break;
	default:
		change->kind = CHANGE_REQUEST;
		snprintf(change->text, sizeof(change->text), "wish %u", attempt->wish);
		break;
	}
}

static void new_attempt(struct sim *sim, struct host *host)
{
	struct attempt *attempt;

	if (sim->chain.attempt_count == CHAIN_MAX) {
		fail(sim, "too many attempts: a host does not get on");
		return;
	}
	host->attempt = sim->chain.attempt_count++;
	attempt = &sim->chain.attempts[host->attempt];
	*attempt = (struct attempt){ .change = { .host = host->slot,
						 .incarnation = host->incarnation,
						 .sequence = ++host->sequence } };
	attempt->wish = sim->next_wish++;
	if (!host->logged_on || sim->racing) {
		attempt->change.kind = CHANGE_LOGON;
		attempt->change.machine.bytes[0] = (uint8_t)(host->slot + 1);
		attempt->change.boot.bytes[0] = (uint8_t)(host->generation + 1);
	} else {
		draw_change(sim, host, attempt);
	}
	host->changing = true;
	host->wishes--;
}

/* BREAK_IDS: the same wish once more, as if it were another. */
static void renumber(struct sim *sim, struct host *host)
{
	const struct attempt *old = &sim->chain.attempts[host->attempt];
	struct attempt *attempt;

	if (sim->chain.attempt_count == CHAIN_MAX)
		return;
	sim->chain.attempts[host->attempt].pending = false;
	host->attempt = sim->chain.attempt_count++;
	attempt = &sim->chain.attempts[host->attempt];
	*attempt = *old;
	attempt->version = 0;
	attempt->rulings = 0;
	attempt->change.sequence = ++host->sequence;
	if (attempt->change.kind == CHANGE_FORM)
		attempt->change.form = attempt->form;
}

static void commit(struct sim *sim, struct host *host)
{
	struct attempt *attempt;

	if (!host->changing)
		new_attempt(sim, host);
	else if (sim->breakage == BREAK_IDS && host->unknown)
		renumber(sim, host);
	if (sim->verdict)
		return;
	attempt = &sim->chain.attempts[host->attempt];
	host->committing = true;
	chain_pending(&sim->chain, host->attempt);
	tell(sim, host, "wants %s (wish %u, id %" PRIu64 ")",
	     attempt->change.kind == CHANGE_LOGON ? "to log on" :
	     attempt->change.kind == CHANGE_FORM  ? attempt->form :
	     attempt->change.kind == CHANGE_GIVE  ? "to give the volume up" :
						    "to write the volume",
	     attempt->wish, attempt->change.sequence);
	semaphore_commit(host->machine, &attempt->change);
	step(sim, host, SEMAPHORE_BEGIN, NULL, 0);
}

static void act(struct sim *sim, struct host *host)
{
	struct hint hint;
	const uint8_t *sector = disk_bytes(sim->disk) + sim->layout.hint;
	bool poll = !sim->racing && odds(sim, 4) &&
		    hint_decode(sector, DISK_SECTOR, &sim->cluster, &hint) == BLOCK_OK;

	host->committing = false;
	if (poll && semaphore_hint_wants_scan(host->machine, &hint, disk_now_us(sim->disk))) {
		semaphore_learn(host->machine);
		step(sim, host, SEMAPHORE_BEGIN, NULL, 0);
	} else {
		commit(sim, host);
	}
}

/*
 * The sector of a host that starts has lost what it joined and accepted
 * (BREAK_FORGET), or which value of its own it ever named (BREAK_OWN).
 */
static void forget(struct sim *sim, struct host *host)
{
	uint8_t *pair = disk_bytes(sim->disk) + layout_ballot(&sim->layout, host->slot, 0);
	struct ballot ballot;

	if (ballot_pair_decode(pair, host->slot, DISK_SECTOR, &sim->layout.capacity, &sim->cluster,
			       &ballot) == PAIR_UNKNOWN)
		return;
	if (sim->breakage == BREAK_OWN) {
		ballot.own = (struct image_value){ 0 };
	} else {
		ballot.mbal = 0;
		ballot.bal = 0;
		ballot.value = (struct image_value){ 0 };
	}
	ballot_encode(&ballot, host->slot, DISK_SECTOR, &sim->cluster,
		      pair + (ballot.sequence & 1) * DISK_SECTOR);
}

static void start(struct sim *sim, struct host *host, bool unclean)
{
	struct semaphore_terms terms = {
		.layout = &sim->layout,
		.cluster = sim->cluster,
		.slot = host->slot,
		.incarnation = ++sim->incarnations,
		.unclean_start = unclean,
		.late_ms = LATE_MS,
		.latest = host->tables[0],
		.next = host->tables[1],
	};

	if (sim->breakage == BREAK_LATE) {
		terms.unclean_start = false;
		terms.late_ms = 0;
	}
	if (sim->breakage == BREAK_FORGET || sim->breakage == BREAK_OWN)
		forget(sim, host);
	tables_copy(host->tables[0], sim->empty);
	tables_copy(host->tables[1], sim->empty);
	semaphore_init(host->machine, &terms);
	host->incarnation = terms.incarnation;
	host->sequence = 0;
	host->logged_on = false;
	host->wishes++;
	host->state = HOST_IDLE;
	tell(sim, host, "starts as incarnation %" PRIu64 "%s", host->incarnation,
	     unclean ? ", uncleanly" : "");
	act(sim, host);
}

static void format(struct sim *sim)
{
	struct tables *genesis = sim->chain.next;
	struct ballot ballot = { .instance = 1, .decided = 1 };
	struct image_value value;
	uint8_t *bytes = disk_bytes(sim->disk);

	tables_copy(genesis, sim->empty);
	genesis->capacity = sim->layout.capacity;
	genesis->version = 1;
	genesis->request_next = 1;
	genesis->io_timeout_ms = IO_TIMEOUT_DEFAULT_MS;
	genesis->host_count = sim->layout.capacity.hosts;
	for (uint16_t i = 0; i < genesis->host_count; i++) {
		genesis->hosts[i] = host_row_defaults();
		snprintf(genesis->hosts[i].name, sizeof(genesis->hosts[i].name), "h%u", i);
	}
	genesis->volume_count = 1;
	genesis->volumes[0] = volume_row_defaults();
	genesis->volumes[0].born = 1;
	snprintf(genesis->volumes[0].name, sizeof(genesis->volumes[0].name), "media");
	snprintf(genesis->volumes[0].uuid, sizeof(genesis->volumes[0].uuid), "uuid-1");
	snprintf(genesis->volumes[0].mount_point, sizeof(genesis->volumes[0].mount_point),
		 "/media");
	value = image_encode(genesis, 0, 0, 1, &sim->layout, &sim->cluster,
			     bytes + layout_image(&sim->layout, 0, 0), sim->layout.image_bytes);
	ballot.decided_value = value;
	for (uint16_t i = 0; i < genesis->host_count; i++)
		for (unsigned int half = 0; half < 2; half++) {
			ballot.sequence = half;
			ballot_encode(&ballot, i, DISK_SECTOR, &sim->cluster,
				      bytes + layout_ballot(&sim->layout, i, half));
		}
	chain_begin(&sim->chain, genesis, &value);
}

static void scan_as_it_was(struct sim *sim, const struct host *host, struct disk_event *event)
{
	uint32_t pair = 2 * DISK_SECTOR;
	uint8_t *stale = sim->stale + (size_t)(host - sim->hosts) * sim->layout.ballots_bytes;

	memcpy(stale + host->slot * pair, (uint8_t *)event->data + host->slot * pair, pair);
	event->data = stale;
}

static void happen(struct sim *sim, struct disk_event *event)
{
	struct host *host = &sim->hosts[event->host % HOSTS_SIM_MAX];
	bool dies = event->host >= HOSTS_SIM_MAX;
	bool scan = host->todo.op == SEMAPHORE_SCAN || host->todo.op == SEMAPHORE_REREAD;

	if (event->generation != host->generation)
		return;
	if (dies) {
		if (host->state == HOST_BUSY && sim->faults_left > 0)
			crash(sim, host);
	} else if (event->kind == DISK_EVENT_DONE) {
		if (sim->breakage == BREAK_STALE && scan)
			scan_as_it_was(sim, host, event);
		step(sim, host, event->ok ? SEMAPHORE_IO_OK : SEMAPHORE_IO_FAILED, event->data,
		     event->size);
	} else if (host->state == HOST_DOWN) {
		start(sim, host, host->todo.doubtful);
	} else if (host->state == HOST_BUSY) {
		step(sim, host, SEMAPHORE_IO_OK, NULL, 0);
	} else {
		act(sim, host);
	}
}

static bool all_finished(const struct sim *sim)
{
	for (unsigned int i = 0; i < sim->host_count; i++)
		if (sim->hosts[i].state != HOST_FINISHED)
			return false;
	return true;
}

static void prepare_run(struct sim *sim, uint64_t seed, enum breakage breakage)
{
	static const unsigned int fault_odds[] = { 0, 200, 60, 25, 10 };
	static const unsigned int crash_odds[] = { 0, 150, 60, 20 };
	uint64_t late_us = LATE_MS * 1000;

	sim->chance = (struct chance){ seed };
	sim->breakage = breakage;
	sim->verdict = NULL;
	sim->next_wish = 0;
	sim->incarnations = 0;
	sim->fault_odds = fault_odds[chance_below(&sim->chance, 5)];
	sim->crash_odds = crash_odds[chance_below(&sim->chance, 4)];
	sim->faults_left = (unsigned int)chance_below(&sim->chance, 12);
	disk_reset(sim->disk, &sim->chance,
		   sim->racing ? RACE_LATENCY_US : 100 + chance_below(&sim->chance, 2000), late_us);
	sim->chain.disk = disk_bytes(sim->disk);
	format(sim);
	for (unsigned int i = 0; i < sim->host_count; i++)
		memcpy(sim->stale + i * sim->layout.ballots_bytes,
		       disk_bytes(sim->disk) + sim->layout.ballots, sim->layout.ballots_bytes);
	for (unsigned int i = 0; i < sim->host_count; i++) {
		struct host *host = &sim->hosts[i];

		host->state = HOST_DOWN;
		host->generation = 0;
		host->slot = (uint16_t)(breakage == BREAK_CLONE ? i / 2 : i);
		host->wishes = 2 + (unsigned int)chance_below(&sim->chance, WISHES_MAX);
		host->todo = (struct semaphore_todo){ 0 };
		settle(host);
		disk_wake(sim->disk, i, 0, chance_below(&sim->chance, 10000));
	}
}

/* What went wrong with this seed; NULL: nothing. */
static const char *run(struct sim *sim, uint64_t seed, enum breakage breakage)
{
	struct disk_event event;

	prepare_run(sim, seed, breakage);
	while (!sim->verdict && !all_finished(sim)) {
		if (!disk_next(sim->disk, &event) || disk_now_us(sim->disk) > END_US)
			fail(sim, "some host never finished");
		else
			happen(sim, &event);
		if (sim->chain.broken)
			fail(sim, sim->chain.broken);
	}
	return sim->verdict;
}

/*
 * How many versions a second @contenders of 32 hosts make together, on a disk that
 * serves any number of operations at once.
 */
static uint64_t race(struct sim *sim, unsigned int contenders, uint64_t seed)
{
	unsigned int all = sim->host_count;
	struct disk_event event;
	uint64_t versions;

	sim->racing = true;
	sim->host_count = contenders;
	prepare_run(sim, seed, BREAK_NOTHING);
	sim->faults_left = 0;
	disk_be_steady(sim->disk);
	for (unsigned int i = 0; i < contenders; i++)
		sim->hosts[i].wishes = RACE_WISHES - 1;
	while (!sim->verdict && !all_finished(sim)) {
		if (!disk_next(sim->disk, &event) || disk_now_us(sim->disk) > END_US)
			fail(sim, "some host never finished");
		else
			happen(sim, &event);
		if (sim->chain.broken)
			fail(sim, sim->chain.broken);
	}
	versions = sim->chain.newest - 1;
	sim->racing = false;
	sim->host_count = all;
	return sim->verdict ? 0 : versions * 1000000 / disk_now_us(sim->disk);
}

static struct tables *new_tables(void)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		abort();
	return tables;
}

static void open_sim(struct sim *sim, unsigned int host_count)
{
	struct capacity capacity = { .hosts = (uint16_t)host_count, .volumes = 1, .access = 1 };

	sim->host_count = host_count;
	memset(sim->cluster.bytes, 0x5a, sizeof(sim->cluster.bytes));
	if (layout_make(&sim->layout, DISK_SECTOR, &capacity) < 0)
		abort();
	sim->disk = disk_new(sim->layout.total_bytes, watch_sector, sim);
	sim->buffer = calloc(1, sim->layout.image_bytes);
	sim->stale = calloc(host_count, sim->layout.ballots_bytes);
	sim->empty = new_tables();
	sim->chain.layout = &sim->layout;
	sim->chain.cluster = sim->cluster;
	sim->chain.latest = new_tables();
	sim->chain.next = new_tables();
	sim->chain.found = new_tables();
	for (unsigned int i = 0; i < host_count; i++) {
		sim->hosts[i].machine = calloc(1, semaphore_size(&sim->layout));
		sim->hosts[i].tables[0] = new_tables();
		sim->hosts[i].tables[1] = new_tables();
		if (!sim->hosts[i].machine)
			abort();
	}
	if (!sim->buffer || !sim->stale)
		abort();
}

static void close_sim(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->host_count; i++) {
		free(sim->hosts[i].machine);
		free(sim->hosts[i].tables[0]);
		free(sim->hosts[i].tables[1]);
	}
	free(sim->chain.latest);
	free(sim->chain.next);
	free(sim->chain.found);
	free(sim->empty);
	free(sim->stale);
	free(sim->buffer);
	disk_free(sim->disk);
}

/* Returns how many seeds failed: the first is told as a story, unless that is what is expected. */
static unsigned int run_seeds(struct sim *sim, uint64_t first, uint64_t count,
			      enum breakage breakage)
{
	for (uint64_t seed = first; seed < first + count; seed++) {
		const char *verdict = run(sim, seed, breakage);

		if (!verdict || (!breakages[breakage].noticed && !sim->chain.broken))
			continue;
		printf("seed %" PRIu64 " (%s broken, %u hosts): %s\n", seed,
		       breakages[breakage].name, sim->host_count, verdict);
		if (breakage == BREAK_NOTHING) {
			sim->trace = true;
			(void)run(sim, seed, breakage);
		}
		return 1;
	}
	return 0;
}

struct options {
	uint64_t seed;
	uint64_t seeds;
	unsigned int hosts;
	bool trace;
	bool one;
	bool race;
	enum breakage breakage;
};

static enum breakage breakage_find(const char *name)
{
	for (unsigned int i = 0; i < BREAKAGES; i++)
		if (strcmp(name, breakages[i].name) == 0)
			return (enum breakage)i;
	fprintf(stderr, "no such breakage: %s\n", name);
	exit(2);
}

static struct options parse(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "seeds", required_argument, NULL, 'n' }, { "seed", required_argument, NULL, 's' },
		{ "hosts", required_argument, NULL, 'h' }, { "trace", no_argument, NULL, 't' },
		{ "break", required_argument, NULL, 'b' }, { "race", no_argument, NULL, 'r' },
		{ 0 },
	};
	struct options options = { .seed = 1, .seeds = SEEDS_DEFAULT };
	int c;

	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		if (c == 'n')
			options.seeds = strtoull(optarg, NULL, 10);
		else if (c == 's')
			options.seed = strtoull(optarg, NULL, 10);
		else if (c == 'h')
			options.hosts = (unsigned int)strtoul(optarg, NULL, 10);
		else if (c == 't')
			options.trace = true;
		else if (c == 'r')
			options.race = true;
		else if (c == 'b')
			options.breakage = breakage_find(optarg);
		else
			exit(2);
		options.one = options.one || c == 's';
	}
	if (options.hosts > HOSTS_SIM_MAX || optind < argc) {
		fprintf(stderr, "at most %d hosts, and options only\n", HOSTS_SIM_MAX);
		exit(2);
	}
	return options;
}

static unsigned int run_sized(const struct options *options, unsigned int hosts, uint64_t first,
			      uint64_t count, enum breakage breakage)
{
	static struct sim sim;
	unsigned int failed;

	memset(&sim, 0, sizeof(sim));
	open_sim(&sim, hosts);
	sim.trace = options->trace;
	failed = run_seeds(&sim, first, count, breakage);
	close_sim(&sim);
	return failed;
}

/* 32 contenders must finish, and not be slower than a third of one alone. */
static unsigned int run_races(void)
{
	static const unsigned int sizes[] = { 1, 2, 8, 32 };
	static struct sim sim;
	uint64_t alone = 0;
	unsigned int failed = 0;

	memset(&sim, 0, sizeof(sim));
	open_sim(&sim, HOSTS_SIM_MAX);
	for (unsigned int i = 0; i < 4; i++) {
		uint64_t rate = race(&sim, sizes[i], 1);

		alone = alone ? alone : rate;
		printf("%2u contenders: %" PRIu64 " versions a second, %" PRIu64 " %% of alone\n",
		       sizes[i], rate, alone ? rate * 100 / alone : 0);
		if (sim.verdict)
			printf("the race: %s\n", sim.verdict);
		failed += sim.verdict || 3 * rate < alone;
	}
	close_sim(&sim);
	return failed;
}

/* Half of the seeds with three hosts, a quarter each with two and with five. */
static unsigned int run_all(const struct options *options)
{
	static const struct {
		unsigned int hosts;
		unsigned int part;
	} sizes[] = { { 3, 2 }, { 2, 4 }, { 5, 4 } };
	uint64_t first = options->seed;
	unsigned int failed = 0;

	for (unsigned int i = 0; i < 3; i++) {
		uint64_t count = options->seeds / sizes[i].part;

		failed += run_sized(options, sizes[i].hosts, first, count, BREAK_NOTHING);
		first += count;
	}
	if (failed == 0)
		failed += run_races();
	for (unsigned int i = BREAK_NOTHING + 1; i < BREAKAGES && failed == 0; i++)
		if (run_sized(options, 4, 1, SEEDS_BROKEN, (enum breakage)i) == 0) {
			printf("%s: broken, and no seed of %d shows it\n", breakages[i].name,
			       SEEDS_BROKEN);
			failed++;
		}
	return failed;
}

int main(int argc, char **argv)
{
	struct options options = parse(argc, argv);
	unsigned int hosts = options.hosts ? options.hosts : 3;
	unsigned int failed;

	if (options.race)
		failed = run_races();
	else if (options.one)
		failed = run_sized(&options, hosts, options.seed, 1, options.breakage);
	else if (options.hosts || options.breakage != BREAK_NOTHING)
		failed = run_sized(&options, hosts, 1, options.seeds, options.breakage);
	else
		failed = run_all(&options);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
