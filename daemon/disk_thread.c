/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "daemon/disk_internal.h"

/* One read may bring the beats of neighbouring hosts, as long as it stays this small. */
#define BEATS_AT_ONCE_BYTES (64 * 1024)
/* After a failure the device is left alone for so long, twice that after the next, up to a beat. */
#define RETRY_FIRST_MS 20

/* All that belongs to the thread alone. */
struct worker {
	struct disk *disk;
	const struct layout *layout;
	struct io *io;
	struct disk_orders orders;	/* taken, and not yet carried out */
	struct timing timing;

	void *sector;			/* SECTOR_MAX */
	void *own_beat;			/* layout.beat_bytes */
	void *beats;
	size_t beats_bytes;
	void *ballots;
	void *joins;
	void *image;			/* mapped: only what an image fills takes memory */

	/* How the device does. */
	uint64_t issued_ms;		/* of the last operation */
	uint64_t completed_ms;
	uint64_t latency_us;		/* smoothed */
	unsigned int failures;		/* in a row */
	bool write_failed;		/* the last write did */
	uint64_t retry_at_ms;

	/* Our row. */
	bool claiming;
	struct claim claim;
	struct claim_todo claim_todo;
	enum claim_state claim_told;
	bool claimed;			/* only then anything but a join is written */
	bool halted;			/* gone back in time: for good */
	uint16_t slot;
	uint64_t counter_written;	/* of our last beat that is on the disk for sure */
	uint64_t counter_issued;	/* of the last that may be */
	/* the first of those that failed and may still land; 0: none */
	uint64_t counter_failed;
	uint64_t beats_late_until_ms;
	uint64_t beat_at_ms;

	/* The semaphore. */
	struct semaphore *semaphore;
	struct tables *tables[2];
	struct semaphore_todo todo;
	bool busy;			/* it has not come to rest */
	uint64_t wait_until_us;
	uint64_t told_version;
	uint32_t tables_timeout_ms;	/* io-timeout, as the newest tables have it */
	bool learn_wanted;
	uint64_t learn_at_ms;
	bool committing;		/* it carries out the first change of the queue */
	bool doubtful;			/* the first change of the queue may be decided */
	uint64_t commit_at_ms;		/* not before */

	/* The hint. */
	struct hint hint;
	bool hint_known;
	bool hint_fresh;		/* not yet shown to the semaphore */
	uint64_t poll_at_ms;

	/* Others' beats. */
	uint8_t wanted[HOSTS_MAX / 8];	/* to be read */
	uint16_t volumes_seen;		/* the most that a beat spoke of */
	bool peers_turn;		/* an order of the semaphore's came before them */
	bool notice_due;		/* tell when the beats have been read */
};

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static uint64_t random_draw(void)
{
	uint64_t value;
	ssize_t n = getrandom(&value, sizeof(value), 0);

	assert(n == sizeof(value));
	return value;
}

static const struct id128 *cluster_of(const struct worker *w)
{
	return &w->disk->terms.super.cluster;
}

static const struct tables *latest_of(const struct worker *w)
{
	return semaphore_latest(w->semaphore);
}

static void tell(struct worker *w, struct disk_event *event)
{
	event->latency_us = w->latency_us > UINT32_MAX ? UINT32_MAX : (uint32_t)w->latency_us;
	disk_queue_push(w->disk->queue, event);
}

static void tell_kind(struct worker *w, enum disk_event_kind kind)
{
	struct disk_event event = { .kind = kind };

	tell(w, &event);
}

/*
 * Operations.
 */

static void note_trouble(struct worker *w, int error)
{
	struct disk_event event = {
		.kind = DISK_SILENT,
		.since_ms = w->issued_ms,
		.error = error,
	};

	if (atomic_load(&w->disk->silent_ms) != 0)
		return;
	atomic_store(&w->disk->silent_ms, w->issued_ms);
	tell(w, &event);
}

/* That a device can be read says nothing about writing, and it is only as good as both. */
static void note_success(struct worker *w, bool is_write)
{
	if (w->write_failed && !is_write)
		return;
	w->write_failed = false;
	w->failures = 0;
	w->retry_at_ms = 0;
	if (atomic_load(&w->disk->silent_ms) == 0)
		return;
	atomic_store(&w->disk->silent_ms, 0);
	w->learn_wanted = true;
	tell_kind(w, DISK_BACK);
}

static void note_failure(struct worker *w, int error)
{
	uint64_t pause_ms = RETRY_FIRST_MS << (w->failures < 10 ? w->failures : 10);

	w->failures++;
	if (pause_ms > w->timing.beat_every_ms)
		pause_ms = w->timing.beat_every_ms;
	w->retry_at_ms = w->completed_ms + pause_ms;
	note_trouble(w, error);
}

static void note_result(struct worker *w, int r, bool is_write, uint64_t took_us)
{
	w->latency_us = w->latency_us == 0 ? took_us : (w->latency_us * 7 + took_us) / 8;
	if (r < 0) {
		w->write_failed |= is_write;
		note_failure(w, r);
	} else if (took_us / 1000 > w->orders.io_timeout_ms) {
		note_trouble(w, -ETIMEDOUT);
	} else {
		note_success(w, is_write);
	}
}

static int perform(struct worker *w, bool is_write, uint64_t offset, void *buffer, size_t size)
{
	uint64_t began_us = now_us();
	uint64_t ended_us;
	int r;

	w->issued_ms = began_us / 1000;
	atomic_store(&w->disk->issued_ms, w->issued_ms);
	r = is_write ? io_write(w->io, offset, buffer, size) : io_read(w->io, offset, buffer, size);
	ended_us = now_us();
	atomic_store(&w->disk->issued_ms, 0);
	w->completed_ms = ended_us / 1000;
	note_result(w, r, is_write, ended_us - began_us);
	return r;
}

static int worker_read(struct worker *w, uint64_t offset, void *buffer, size_t size)
{
	return perform(w, false, offset, buffer, size);
}

static int worker_write(struct worker *w, uint64_t offset, void *buffer, size_t size)
{
	return perform(w, true, offset, buffer, size);
}

/* T_late by the larger of what we run with and what the tables say. */
static uint32_t late_ms(const struct worker *w)
{
	uint32_t ours_ms = w->orders.io_timeout_ms;

	return timing_of(ours_ms > w->tables_timeout_ms ? ours_ms : w->tables_timeout_ms).late_ms;
}

/*
 * Write to our ballots or images.  One that fails may land as long as T_late has not passed,
 * and so may one that we do not live to see the end of.
 */
static int tenant_write(struct worker *w, uint64_t offset, void *buffer, size_t size)
{
	struct disk_memory *memory = w->disk->terms.memory;
	int r;

	atomic_store(&memory->writing, true);
	r = worker_write(w, offset, buffer, size);
	if (r < 0)
		atomic_store(&memory->late_until_ms, w->completed_ms + late_ms(w));
	atomic_store(&memory->writing, false);
	return r;
}

/*
 * Changes waiting to be committed.
 */

/* The first one, or NULL.  It stays where it is until drop_commit(). */
static const struct change *first_commit(struct worker *w)
{
	struct disk *disk = w->disk;
	const struct change *change = NULL;

	pthread_mutex_lock(&disk->mutex);
	if (disk->commit_count > 0)
		change = &disk->commits[disk->commit_first].change;
	pthread_mutex_unlock(&disk->mutex);
	return change;
}

static void drop_commit(struct worker *w)
{
	struct disk *disk = w->disk;

	pthread_mutex_lock(&disk->mutex);
	assert(disk->commit_count > 0);
	free(disk->commits[disk->commit_first].form);
	disk->commits[disk->commit_first].form = NULL;
	disk->commit_first = (disk->commit_first + 1) % DISK_COMMITS_MAX;
	disk->commit_count--;
	pthread_mutex_unlock(&disk->mutex);
	w->doubtful = false;
}

/* The result of the first change. */
static void tell_commit(struct worker *w, enum disk_event_kind kind, const struct outcome *outcome)
{
	const struct change *change = first_commit(w);
	struct disk_event event = { .kind = kind };

	assert(change);
	event.sequence = change->sequence;
	if (outcome)
		event.outcome = *outcome;
	tell(w, &event);
}

static void commit_failed(struct worker *w)
{
	tell_commit(w, DISK_FAILED, NULL);
	drop_commit(w);
}

/* Once in doubt, a change stays in doubt until it is answered. */
static void commit_doubtful(struct worker *w)
{
	if (!w->doubtful)
		tell_commit(w, DISK_UNKNOWN, NULL);
	w->doubtful = true;
	w->commit_at_ms = disk_now_ms() + w->timing.beat_every_ms;
}

/* Without a row nothing is committed; a change in doubt waits for the row to be claimed again. */
static bool fail_commits(struct worker *w)
{
	bool any = false;

	if (w->claimed || w->busy)
		return false;
	while (!w->doubtful && first_commit(w)) {
		commit_failed(w);
		any = true;
	}
	return any;
}

/*
 * The end of our tenancy.
 */

static void stop_writing(struct worker *w)
{
	w->claimed = false;
	w->claiming = false;
	w->orders.beat_now = false;
	w->write_failed = false;	/* nobody tries any more whether it has come right */
}

static void evicted(struct worker *w, const struct beat *other, uint64_t incarnation)
{
	struct disk_event event = { .kind = DISK_EVICTED };

	event.claim.other_incarnation = incarnation;
	if (other)
		event.claim.other_machine = other->machine;
	stop_writing(w);
	tell(w, &event);
}

static void gone_back_in_time(struct worker *w)
{
	if (w->halted)
		return;
	w->halted = true;
	stop_writing(w);
	tell_kind(w, DISK_BACK_IN_TIME);
}

/*
 * Our own beat.
 */

static int write_beat(struct worker *w, bool logged_off)
{
	struct beat beat = w->orders.beat;
	uint32_t bytes = beat_bytes(w->layout->sector_size, beat.volume_count);
	int r;

	beat.incarnation = w->disk->terms.incarnation;
	beat.machine = w->disk->terms.machine;
	beat.boot = w->disk->terms.boot;
	beat.counter = ++w->counter_issued;
	beat.io_timeout_ms = w->orders.io_timeout_ms;
	beat.latency_us = (uint32_t)w->latency_us;
	beat.version = w->told_version;
	beat.logged_off = logged_off;
	beat_encode(&beat, w->orders.volumes, w->slot, w->layout->sector_size, cluster_of(w),
		    w->own_beat);
	r = worker_write(w, layout_beat(w->layout, w->slot), w->own_beat, bytes);
	if (r == 0) {
		w->counter_written = beat.counter;
		return 0;
	}
	if (w->completed_ms >= w->beats_late_until_ms)
		w->counter_failed = beat.counter;
	w->beats_late_until_ms = w->completed_ms + late_ms(w);
	return r;
}

/* The first sector of our row's beat as it lies on the disk. */
static int read_own_beat(struct worker *w, struct beat_read *ret_read)
{
	int r = worker_read(w, layout_beat(w->layout, w->slot), w->sector, w->layout->sector_size);

	if (r < 0)
		return r;
	*ret_read =
		(struct beat_read){ .issued_ms = w->issued_ms, .completed_ms = w->completed_ms };
	ret_read->verdict = beat_decode(w->sector, w->slot, w->layout->sector_size,
					&w->layout->capacity, cluster_of(w), &ret_read->beat);
	return 0;
}

/* Whether our cluster is behind @io: 1 or 0; -errno if that can not be found out. */
static int identify(struct worker *w, struct io *io)
{
	enum block_verdict verdicts[2];
	struct super super;
	int r;

	w->issued_ms = disk_now_ms();
	atomic_store(&w->disk->issued_ms, w->issued_ms);
	r = disk_identify(io, &super, verdicts);
	atomic_store(&w->disk->issued_ms, 0);
	w->completed_ms = disk_now_ms();
	if (r < 0) {
		note_failure(w, r);
		return r;
	}
	return (verdicts[0] == BLOCK_OK || verdicts[1] == BLOCK_OK) &&
	       memcmp(&super.cluster, cluster_of(w), sizeof(super.cluster)) == 0;
}

/*
 * A beat that does not read as one of ours is written anew, unless the device has become
 * something else: then our sectors are not ours any more.
 */
static bool device_is_ours(struct worker *w)
{
	int r = identify(w, w->io);

	if (r == 0)
		gone_back_in_time(w);
	return r > 0;
}

/* An older beat of ours that failed may land over a newer one, until T_late has passed. */
static bool beat_may_be_late(const struct worker *w, const struct beat_read *read)
{
	return w->counter_failed != 0 && read->beat.counter >= w->counter_failed &&
	       read->issued_ms < w->beats_late_until_ms + w->timing.beat_every_ms;
}

/*
 * Look before writing: whoever else beats in our row must find us gone, and a
 * device that has lost our beats is not the one that we know.  False: write no more.
 */
static bool own_beat_is_ours(struct worker *w, const struct beat_read *read)
{
	if (read->verdict != BLOCK_OK)
		return device_is_ours(w);
	if (read->beat.incarnation != w->disk->terms.incarnation ||
	    read->beat.counter > w->counter_issued) {
		evicted(w, &read->beat, read->beat.incarnation);
		return false;
	}
	if (read->beat.counter < w->counter_written && !beat_may_be_late(w, read)) {
		gone_back_in_time(w);
		return false;
	}
	return true;
}

static void beat_written(struct worker *w, bool logged_off)
{
	struct disk_event event = {
		.kind = DISK_BEAT,
		.issued_ms = w->issued_ms,
		.logged_off = logged_off,
	};

	w->beat_at_ms = w->issued_ms + w->timing.beat_every_ms;
	if (logged_off == w->orders.beat.logged_off)
		w->orders.beat_now = false;
	if (logged_off)
		stop_writing(w);
	tell(w, &event);
}

static void want_followed(struct worker *w)
{
	for (size_t i = 0; i < sizeof(w->wanted); i++)
		w->wanted[i] |= w->orders.follow[i];
}

/*
 * "Logged off" says that nothing follows: then nothing may be under way, nor anything that
 * failed still land.
 */
static bool may_say_logged_off(struct worker *w, uint64_t now_ms)
{
	return w->orders.beat.logged_off && !w->busy && !first_commit(w) &&
	       now_ms >= atomic_load(&w->disk->terms.memory->late_until_ms);
}

static bool do_beat(struct worker *w, uint64_t now_ms)
{
	bool due = now_ms >= w->beat_at_ms;
	bool logged_off = may_say_logged_off(w, now_ms);
	struct beat_read read;

	if (!due && !(w->claimed && w->orders.beat_now && !w->write_failed &&
		      logged_off == w->orders.beat.logged_off))
		return false;
	if (w->claimed) {
		if (read_own_beat(w, &read) < 0 || !own_beat_is_ours(w, &read))
			return true;
		if (write_beat(w, logged_off) < 0) {
			/* What only reads has its turn first. */
			w->beat_at_ms = w->retry_at_ms + RETRY_FIRST_MS;
			return true;
		}
		beat_written(w, logged_off);
	} else {
		w->beat_at_ms = now_ms + w->timing.beat_every_ms;
	}
	if (due)
		want_followed(w);
	return true;
}

/*
 * The claim.
 */

static void claim_advance(struct worker *w, enum claim_event event, const struct beat_read *read);

/*
 * Until when writes to our row that a tenant before us issued may land.  What another machine
 * issued the claim has waited for.  An earlier boot of ours issued all of its before this one
 * began, and with it our clock.
 */
static uint64_t late_until_ms(const struct worker *w)
{
	uint64_t until_ms = atomic_load(&w->disk->terms.memory->late_until_ms);
	const struct claim_report *report = &w->claim_todo.report;

	if (!report->clean && !report->same_boot && until_ms < late_ms(w))
		until_ms = late_ms(w);
	return until_ms;
}

static void semaphore_reset(struct worker *w, uint16_t slot, uint64_t late_left_ms)
{
	const struct semaphore_terms terms = {
		.layout = w->layout,
		.cluster = *cluster_of(w),
		.slot = slot,
		.incarnation = w->disk->terms.incarnation,
		.unclean_start = late_left_ms > 0,
		.late_left_ms = (uint32_t)late_left_ms,
		.late_ms = late_ms(w),
		.seen = w->told_version,
		.latest = w->tables[0],
		.next = w->tables[1],
	};

	semaphore_init(w->semaphore, &terms);
	w->busy = false;
	w->learn_wanted = true;
}

static void semaphore_claimed(struct worker *w)
{
	struct disk_memory *memory = w->disk->terms.memory;
	uint64_t now_ms = disk_now_ms();
	uint64_t until_ms;

	/* The last daemon was killed in a write: who knows how that ended. */
	if (atomic_exchange(&memory->writing, false))
		atomic_store(&memory->late_until_ms, now_ms + late_ms(w));
	until_ms = late_until_ms(w);
	semaphore_reset(w, w->slot, until_ms > now_ms ? until_ms - now_ms : 0);
}

static void claim_start(struct worker *w)
{
	const struct claim_terms terms = {
		.machine = w->disk->terms.machine,
		.boot = w->disk->terms.boot,
		.incarnation = w->disk->terms.incarnation,
		.row_machine = latest_of(w)->hosts[w->orders.claim_slot].machine,
		.io_timeout_ms = w->tables_timeout_ms,
	};

	w->orders.claim = false;
	w->orders.beat.logged_off = false;	/* of the tenancy before */
	w->slot = w->orders.claim_slot;
	w->claimed = false;
	w->claiming = true;
	w->claim_told = CLAIM_LOOKING;
	claim_begin(&w->claim, &terms);
	claim_advance(w, CLAIM_TICK, NULL);
}

static void claim_tell(struct worker *w)
{
	struct disk_event event = { .kind = DISK_CLAIM, .claim = w->claim_todo.report };

	if (w->claim_told == w->claim_todo.report.state)
		return;
	w->claim_told = w->claim_todo.report.state;
	tell(w, &event);
}

static void claim_advance(struct worker *w, enum claim_event event, const struct beat_read *read)
{
	claim_step(&w->claim, event, read, disk_now_ms(), &w->claim_todo);
	if (w->claim_todo.op == CLAIM_OP_NONE) {
		w->claiming = false;
		w->claimed = w->claim_todo.report.state == CLAIM_DONE;
	}
	if (w->claimed) {
		semaphore_claimed(w);
		w->beat_at_ms = w->completed_ms + w->timing.beat_every_ms;
	}
	claim_tell(w);
}

static void claim_perform_read(struct worker *w)
{
	struct beat_read read;

	if (read_own_beat(w, &read) < 0)
		claim_advance(w, CLAIM_IO_FAILED, NULL);
	else
		claim_advance(w, CLAIM_READ, &read);
}

static bool do_claim(struct worker *w, uint64_t now_ms)
{
	/* Whose row it is stands in the tables; a change of the last tenancy ends before. */
	if (w->orders.claim && !w->halted && !w->busy && latest_of(w)->version > 0)
		claim_start(w);
	if (!w->claiming)
		return false;
	switch (w->claim_todo.op) {
	case CLAIM_OP_WAIT:
		if (now_ms < w->claim_todo.wake_at_ms)
			return false;
		claim_advance(w, CLAIM_TICK, NULL);
		break;
	case CLAIM_OP_READ:
		claim_perform_read(w);
		break;
	case CLAIM_OP_WRITE:
		claim_advance(w, write_beat(w, false) < 0 ? CLAIM_IO_FAILED : CLAIM_WRITTEN, NULL);
		break;
	case CLAIM_OP_NONE:
		break;
	}
	return true;
}

/*
 * The semaphore.
 */

/* Tables that the loop has not seen go to it before any other news. */
static void tell_tables(struct worker *w)
{
	const struct tables *latest = latest_of(w);
	struct disk_event event = { .kind = DISK_LEARNED };

	if (latest->version <= w->told_version)
		return;		/* of a machine that began anew and has not learned yet */
	w->tables_timeout_ms = latest->io_timeout_ms;
	event.tables = calloc(1, sizeof(*event.tables));
	if (!event.tables) {
		w->learn_wanted = true;	/* and told then */
		return;
	}
	tables_copy(event.tables, latest);
	w->told_version = latest->version;
	tell(w, &event);
}

static void semaphore_stopped(struct worker *w)
{
	struct disk_event event = { .kind = DISK_BLOCKED, .host = w->todo.blocked_by };

	if (w->todo.done == SEMAPHORE_EVICTED && !w->claimed)
		/* We had logged off, and perhaps claim it again: then the claim tells. */
		semaphore_reset(w, SLOT_NONE, 0);
	else if (w->todo.done == SEMAPHORE_EVICTED)
		evicted(w, NULL, w->todo.evicted_by);
	else if (w->todo.done == SEMAPHORE_BACK_IN_TIME)
		gone_back_in_time(w);
	else
		tell(w, &event);
}

static void semaphore_news(struct worker *w)
{
	bool committing = w->committing;

	tell_tables(w);
	if (w->todo.done != SEMAPHORE_NOTHING)
		w->committing = false;
	switch (w->todo.done) {
	case SEMAPHORE_NOTHING:
	case SEMAPHORE_LEARNED:
		break;
	case SEMAPHORE_ANSWERED:
		tell_commit(w, DISK_ANSWERED, &w->todo.outcome);
		drop_commit(w);
		break;
	case SEMAPHORE_UNKNOWN:
		commit_doubtful(w);
		break;
	case SEMAPHORE_FAILED:
		if (!committing)
			w->learn_at_ms = disk_now_ms() + w->timing.beat_every_ms;
		else if (w->doubtful)
			commit_doubtful(w);
		else
			commit_failed(w);
		break;
	case SEMAPHORE_EVICTED:
	case SEMAPHORE_BACK_IN_TIME:
	case SEMAPHORE_BLOCKED:
		semaphore_stopped(w);
		if (committing && (w->todo.doubtful || w->doubtful))
			commit_doubtful(w);
		else if (committing)
			commit_failed(w);
		break;
	}
}

static void semaphore_feed(struct worker *w, enum semaphore_event event, const void *data,
			   size_t size)
{
	uint64_t at_us = now_us();

	semaphore_step(w->semaphore, event, data, size, at_us, random_draw(), &w->todo);
	w->busy = w->todo.op != SEMAPHORE_READY;
	if (w->todo.op == SEMAPHORE_WAIT)
		w->wait_until_us = at_us + w->todo.wait_us;
	semaphore_news(w);
}

static size_t whole_sectors(const struct worker *w, size_t bytes)
{
	size_t sector = w->layout->sector_size;

	return (bytes + sector - 1) / sector * sector;
}

static int read_image(struct worker *w, size_t *ret_size)
{
	const struct image_value *value = &w->todo.value;

	if (value->host >= w->layout->capacity.hosts || value->slot >= IMAGE_SLOTS ||
	    value->length > w->layout->image_bytes)
		return -EBADMSG;
	*ret_size = whole_sectors(w, value->length);
	return worker_read(w, layout_image(w->layout, value->host, value->slot), w->image,
			   *ret_size);
}

static int write_image(struct worker *w)
{
	uint32_t size = semaphore_image(w->semaphore, w->image, w->layout->image_bytes);

	return tenant_write(w, layout_image(w->layout, w->slot, w->todo.image_slot), w->image,
			    whole_sectors(w, size));
}

static int write_ballot(struct worker *w)
{
	const struct ballot *ballot = &w->todo.ballot;

	ballot_encode(ballot, w->slot, w->layout->sector_size, cluster_of(w), w->sector);
	return tenant_write(w, layout_ballot(w->layout, w->slot, ballot->sequence & 1), w->sector,
			    w->layout->sector_size);
}

/* A notice that waits to be raised goes with it. */
static int write_hint(struct worker *w, const struct hint *hint)
{
	struct hint next = *hint;
	int r;

	if (next.notices < w->hint.notices)
		next.notices = w->hint.notices;
	if (w->orders.notice)
		next.notices++;
	hint_encode(&next, w->layout->sector_size, cluster_of(w), w->sector);
	r = worker_write(w, w->layout->hint, w->sector, w->layout->sector_size);
	if (r < 0)
		return r;
	w->orders.notice = false;
	w->hint = next;
	return 0;
}

static bool op_is_write(enum semaphore_op op)
{
	return op == SEMAPHORE_WRITE_IMAGE || op == SEMAPHORE_WRITE_BALLOT ||
	       op == SEMAPHORE_WRITE_HINT;
}

/* A change waits for its turn, and there will be none. */
static bool is_over(const struct worker *w)
{
	return w->todo.op == SEMAPHORE_WAIT && w->committing && !w->claimed;
}

/* Perform the operation that the machine asks for; what it read is at *@ret_data. */
static int semaphore_perform(struct worker *w, const void **ret_data, size_t *ret_size)
{
	*ret_data = NULL;
	*ret_size = 0;
	/* Evicted by our beat, while the machine does not know yet. */
	if (!w->claimed && (op_is_write(w->todo.op) || is_over(w)))
		return -ECANCELED;
	switch (w->todo.op) {
	case SEMAPHORE_SCAN:
	case SEMAPHORE_REREAD:
		*ret_data = w->ballots;
		*ret_size = w->layout->ballots_bytes;
		return worker_read(w, w->layout->ballots, w->ballots, w->layout->ballots_bytes);
	case SEMAPHORE_READ_IMAGE:
		*ret_data = w->image;
		return read_image(w, ret_size);
	case SEMAPHORE_WRITE_IMAGE:
		return write_image(w);
	case SEMAPHORE_WRITE_BALLOT:
		return write_ballot(w);
	case SEMAPHORE_WRITE_HINT:
		return write_hint(w, &w->todo.hint);
	case SEMAPHORE_READY:
	case SEMAPHORE_WAIT:
		break;
	}
	return 0;
}

static bool do_semaphore(struct worker *w)
{
	const void *data;
	size_t size;
	int r;

	if (!w->busy)
		return false;
	if (w->todo.op == SEMAPHORE_WAIT && now_us() < w->wait_until_us && !is_over(w))
		return false;
	r = semaphore_perform(w, &data, &size);
	if (r < 0)
		semaphore_feed(w, SEMAPHORE_IO_FAILED, NULL, 0);
	else
		semaphore_feed(w, SEMAPHORE_IO_OK, data, size);
	return true;
}

static bool wants_learning(struct worker *w, uint64_t now_ms)
{
	if (w->hint_fresh) {
		w->hint_fresh = false;
		if (semaphore_hint_wants_scan(w->semaphore, &w->hint, now_us()))
			w->learn_wanted = true;
	}
	return w->learn_wanted || now_ms >= w->learn_at_ms;
}

/* Give the machine an order, if it rests. */
static bool do_order(struct worker *w, uint64_t now_ms)
{
	const struct change *change;

	if (w->busy || w->halted || w->orders.stop)
		return false;
	change = w->claimed && now_ms >= w->commit_at_ms ? first_commit(w) : NULL;
	if (change) {
		w->committing = true;
		semaphore_commit(w->semaphore, change);
	} else if (wants_learning(w, now_ms)) {
		w->learn_wanted = false;
		w->learn_at_ms = now_ms + w->timing.dead_ms;
		semaphore_learn(w->semaphore);
	} else {
		return false;
	}
	w->peers_turn = true;
	semaphore_feed(w, SEMAPHORE_BEGIN, NULL, 0);
	return true;
}

/*
 * The hint.
 */

static int read_hint(struct worker *w)
{
	uint64_t notices = w->hint.notices;
	int r = worker_read(w, w->layout->hint, w->sector, w->layout->sector_size);

	if (r < 0)
		return r;
	/* A damaged hint says version 0, which is wrong, and so it is mended. */
	if (hint_decode(w->sector, w->layout->sector_size, cluster_of(w), &w->hint) != BLOCK_OK)
		w->hint = (struct hint){ .balloting = SLOT_NONE, .notices = notices };
	w->hint_fresh = true;
	if (w->hint_known && w->hint.notices != notices) {
		w->notice_due = true;
		want_followed(w);
	}
	w->hint_known = true;
	return 0;
}

static bool do_poll(struct worker *w, uint64_t now_ms)
{
	if (now_ms < w->poll_at_ms)
		return false;
	w->poll_at_ms += w->orders.poll_ms;
	if (w->poll_at_ms <= now_ms)
		w->poll_at_ms = now_ms + w->orders.poll_ms;
	(void)read_hint(w);
	return true;
}

static bool do_notice(struct worker *w)
{
	struct hint hint;

	if (!w->orders.notice || !w->claimed || read_hint(w) < 0)
		return false;
	hint = w->hint;
	if (hint.version < w->told_version)
		hint.version = w->told_version;
	(void)write_hint(w, &hint);
	return true;
}

/*
 * Beats of others.
 */

static bool is_wanted(const struct worker *w, uint32_t host)
{
	return host < w->layout->capacity.hosts && w->wanted[host / 8] & 1 << host % 8;
}

/* Bytes to read of one beat: as many volumes as any has spoken of. */
static uint32_t beat_size(const struct worker *w)
{
	uint16_t count = latest_of(w)->volume_count;

	return beat_bytes(w->layout->sector_size,
			  count > w->volumes_seen ? count : w->volumes_seen);
}

/* Tell about the beat at @sectors.  False: it says more than was read. */
static bool tell_peer(struct worker *w, uint16_t host, const void *sectors, uint32_t size)
{
	struct disk_event event = {
		.kind = DISK_PEER,
		.host = host,
		.read = { .issued_ms = w->issued_ms, .completed_ms = w->completed_ms },
	};
	struct beat *beat = &event.read.beat;

	event.read.verdict = beat_decode(sectors, host, w->layout->sector_size,
					 &w->layout->capacity, cluster_of(w), beat);
	if (event.read.verdict == BLOCK_OK && beat->volume_count > 0) {
		if (beat_bytes(w->layout->sector_size, beat->volume_count) > size) {
			w->volumes_seen = beat->volume_count;
			return false;
		}
		event.volumes = calloc(beat->volume_count, sizeof(*event.volumes));
		if (!event.volumes)
			return true;	/* told with its next beat */
		(void)beat_volumes_decode(sectors, size, beat, host, w->layout->sector_size,
					  cluster_of(w), event.volumes, beat->volume_count);
	}
	tell(w, &event);
	return true;
}

/* Neighbours come with one read where that is not much more than is asked for. */
static bool read_beats(struct worker *w, uint32_t first)
{
	uint32_t each = w->layout->beat_bytes;
	uint32_t size = beat_size(w);
	uint32_t count = 1;
	int r;

	while (is_wanted(w, first + count) && (size_t)count * each + size <= w->beats_bytes)
		count++;
	r = worker_read(w, layout_beat(w->layout, (uint16_t)first), w->beats,
			(size_t)(count - 1) * each + size);
	if (r < 0)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t host = first + i;

		if (tell_peer(w, (uint16_t)host, (uint8_t *)w->beats + (size_t)i * each, size))
			w->wanted[host / 8] &= (uint8_t)~(1U << host % 8);
	}
	return true;
}

static bool do_peers(struct worker *w)
{
	for (uint32_t host = 0; host < w->layout->capacity.hosts; host++) {
		if (is_wanted(w, host))
			return read_beats(w, host);
	}
	if (!w->notice_due)
		return false;
	w->notice_due = false;
	tell_kind(w, DISK_NOTICE);
	return true;
}

/*
 * The join area.
 */

static int read_joins(struct worker *w, struct join ret_joins[JOIN_SLOTS])
{
	uint32_t size = w->layout->sector_size;
	int r = worker_read(w, w->layout->join, w->joins, (size_t)JOIN_SLOTS * size);

	if (r < 0)
		return r;
	for (uint16_t i = 0; i < JOIN_SLOTS; i++) {
		/* What can not be read is as good as free. */
		if (join_decode((uint8_t *)w->joins + (size_t)i * size, i, size, cluster_of(w),
				&ret_joins[i]) != BLOCK_OK)
			ret_joins[i] = (struct join){ .name = "" };
	}
	return 0;
}

/* Where a request goes: where the machine has one, else a free slot, else over the oldest. */
static uint16_t join_slot(const struct join joins[JOIN_SLOTS], const struct id128 *machine)
{
	uint16_t best = 0;

	for (uint16_t i = 0; i < JOIN_SLOTS; i++) {
		if (memcmp(&joins[i].machine, machine, sizeof(*machine)) == 0)
			return i;
		if (joins[best].name[0] == '\0')
			continue;
		if (joins[i].name[0] == '\0' || joins[i].asked_s < joins[best].asked_s)
			best = i;
	}
	return best;
}

static int write_join(struct worker *w, const struct join joins[JOIN_SLOTS])
{
	const struct join *join = &w->orders.join;
	uint16_t slot = join_slot(joins, &join->machine);
	struct join written = *join;

	if (join->name[0] == '\0') {
		if (memcmp(&joins[slot].machine, &join->machine, sizeof(join->machine)) != 0)
			return 0;	/* there is none of this machine's */
		written = (struct join){ .name = "" };
	}
	join_encode(&written, slot, w->layout->sector_size, cluster_of(w), w->sector);
	return worker_write(w, layout_join(w->layout, slot), w->sector, w->layout->sector_size);
}

static bool do_joins(struct worker *w)
{
	struct disk_event event = { .kind = DISK_JOINS };

	if (w->halted)
		w->orders.write_join = false;
	if (!w->orders.read_joins && !w->orders.write_join)
		return false;
	if (read_joins(w, event.joins) < 0)
		return true;
	if (w->orders.write_join && write_join(w, event.joins) == 0)
		w->orders.write_join = false;
	if (w->orders.read_joins) {
		w->orders.read_joins = false;
		tell(w, &event);
	}
	return true;
}

/*
 * Orders, and what is due.
 */

/* Go on with another io, if it leads to the same cluster. */
static void replace_io(struct worker *w, struct io *io)
{
	int r = identify(w, io);

	if (r <= 0) {
		io_close(io);
		if (r == 0)
			gone_back_in_time(w);
		return;
	}
	io_close(w->io);
	w->io = io;
	w->retry_at_ms = 0;
	w->write_failed = false;
	w->learn_wanted = true;
	w->beat_at_ms = 0;	/* it may be an old copy: our beat is looked at before all else */
}

static void take_flags(struct disk_orders *mine, struct disk_orders *theirs)
{
	mine->stop = theirs->stop;
	mine->claim |= theirs->claim;
	mine->claim_slot = theirs->claim_slot;
	mine->beat_now |= theirs->beat_now;
	mine->poll_ms = theirs->poll_ms;
	mine->io_timeout_ms = theirs->io_timeout_ms;
	memcpy(mine->follow, theirs->follow, sizeof(mine->follow));
	mine->notice |= theirs->notice;
	mine->read_joins |= theirs->read_joins;
	mine->write_join |= theirs->write_join;
	mine->join = theirs->join;
	theirs->claim = theirs->beat_now = theirs->notice = false;
	theirs->read_joins = theirs->write_join = false;
}

static void take_orders(struct worker *w)
{
	struct disk_orders *theirs = &w->disk->orders;
	struct io *io;
	bool read_all;

	pthread_mutex_lock(&w->disk->mutex);
	/* Whoever is followed from now on may have published before: no notice tells of that. */
	for (size_t i = 0; i < sizeof(w->wanted); i++)
		w->wanted[i] |= theirs->follow[i] & (uint8_t)~w->orders.follow[i];
	take_flags(&w->orders, theirs);
	if (theirs->beat_changed) {
		w->orders.beat = theirs->beat;
		memcpy(w->orders.volumes, theirs->volumes,
		       theirs->beat.volume_count * sizeof(*theirs->volumes));
		theirs->beat_changed = false;
	}
	read_all = theirs->read_all;
	theirs->read_all = false;
	io = theirs->io;
	theirs->io = NULL;
	pthread_mutex_unlock(&w->disk->mutex);

	w->timing = timing_of(w->orders.io_timeout_ms);
	if (read_all)
		memset(w->wanted, UINT8_MAX, sizeof(w->wanted));
	if (io)
		replace_io(w, io);
}

/* However many changes wait: between two of them there is time for a read of others' beats. */
static bool do_peers_turn(struct worker *w)
{
	bool turn = w->peers_turn;

	w->peers_turn = false;
	return turn && do_peers(w);
}

/* Do what is due first.  False: nothing is due now. */
static bool do_one(struct worker *w, uint64_t now_ms)
{
	if (fail_commits(w))
		return true;
	if (now_ms < w->retry_at_ms)
		return false;
	return do_beat(w, now_ms) || do_claim(w, now_ms) || do_semaphore(w) ||
	       do_poll(w, now_ms) || do_peers_turn(w) || do_order(w, now_ms) || do_peers(w) ||
	       do_notice(w) || do_joins(w);
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t wake_at_ms(struct worker *w)
{
	uint64_t at_ms = earlier(w->beat_at_ms, w->poll_at_ms);

	if (w->claiming && w->claim_todo.op == CLAIM_OP_WAIT)
		at_ms = earlier(at_ms, w->claim_todo.wake_at_ms);
	if (w->busy)
		at_ms = earlier(at_ms, (w->wait_until_us + 999) / 1000);
	else if (!w->halted)
		at_ms = earlier(at_ms, w->learn_at_ms);
	if (w->doubtful && w->claimed && !w->busy)
		at_ms = earlier(at_ms, w->commit_at_ms);
	/* A device that has just failed is left alone for that long. */
	return at_ms < w->retry_at_ms ? w->retry_at_ms : at_ms;
}

/*
 * The wait counts time that this machine was not suspended; it is never longer than
 * a poll, and that is how late the first look after a resume can be.
 */
static void sleep_until(struct worker *w, uint64_t until_ms, uint64_t now_ms)
{
	struct pollfd wake = { .fd = w->disk->wake_fd, .events = POLLIN };
	uint64_t count;

	if (poll(&wake, 1, until_ms > now_ms ? (int)(until_ms - now_ms) : 0) <= 0)
		return;
	if (read(w->disk->wake_fd, &count, sizeof(count)) < 0)
		return;	/* taken meanwhile: the orders are looked at all the same */
}

/*
 * A change is answered before its decision stands in our sector and in the hint: whoever
 * only learns sees it when it does.  So the last steps are still taken, while they go well.
 */
static bool may_stop(const struct worker *w)
{
	return w->orders.stop &&
	       (!w->busy || w->todo.op == SEMAPHORE_WAIT || w->failures > 0);
}

static void run(struct worker *w)
{
	for (;;) {
		uint64_t now_ms;

		take_orders(w);
		if (may_stop(w))
			return;
		now_ms = disk_now_ms();
		if (!do_one(w, now_ms))
			sleep_until(w, wake_at_ms(w), now_ms);
	}
}

/*
 * Birth and death of the thread.
 */

static bool worker_allocate(struct worker *w)
{
	const struct layout *layout = w->layout;

	w->beats_bytes = (size_t)layout->capacity.hosts * layout->beat_bytes;
	if (w->beats_bytes > BEATS_AT_ONCE_BYTES)
		w->beats_bytes = BEATS_AT_ONCE_BYTES;
	if (w->beats_bytes < layout->beat_bytes)
		w->beats_bytes = layout->beat_bytes;
	w->sector = io_buffer(w->io, SECTOR_MAX);
	w->own_beat = io_buffer(w->io, layout->beat_bytes);
	w->beats = io_buffer(w->io, w->beats_bytes);
	w->ballots = io_buffer(w->io, layout->ballots_bytes);
	w->joins = io_buffer(w->io, (size_t)JOIN_SLOTS * layout->sector_size);
	w->image = mmap(NULL, layout->image_bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	w->semaphore = calloc(1, semaphore_size(layout));
	w->tables[0] = calloc(1, sizeof(struct tables));
	w->tables[1] = calloc(1, sizeof(struct tables));
	w->orders.volumes = calloc(layout->capacity.volumes, sizeof(*w->orders.volumes));
	return w->sector && w->own_beat && w->beats && w->ballots && w->joins &&
	       w->image != MAP_FAILED && w->semaphore && w->tables[0] && w->tables[1] &&
	       w->orders.volumes;
}

static void worker_release(struct worker *w)
{
	if (w->image != MAP_FAILED)
		munmap(w->image, w->layout->image_bytes);
	free(w->sector);
	free(w->own_beat);
	free(w->beats);
	free(w->ballots);
	free(w->joins);
	free(w->semaphore);
	free(w->tables[0]);
	free(w->tables[1]);
	free(w->orders.volumes);
	io_close(w->io);
}

void *disk_thread(void *data)
{
	struct disk *disk = data;
	struct worker w = {
		.disk = disk,
		.layout = &disk->layout,
		.io = disk->terms.io,
		.hint.balloting = SLOT_NONE,
	};

	if (worker_allocate(&w)) {
		semaphore_reset(&w, SLOT_NONE, 0);
		run(&w);
	} else {
		w.issued_ms = disk_now_ms();
		note_failure(&w, -ENOMEM);
	}
	worker_release(&w);
	pthread_mutex_lock(&disk->mutex);
	disk->ended = true;
	pthread_cond_signal(&disk->has_ended);
	pthread_mutex_unlock(&disk->mutex);
	return NULL;
}
