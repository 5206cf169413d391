/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The semaphore machine step by step, over a disk that is an array of bytes. */
#include "tables/semaphore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit.h"

#define HOSTS 3
#define LATE_MS 1000
#define SECTOR 512

static const struct id128 cluster = { .bytes = { 1, 2, 3 } };
static struct layout layout;
static uint8_t *disk;

struct host {
	struct semaphore *machine;
	struct tables *tables[2];
	uint16_t slot;
	uint64_t incarnation;
	uint64_t now_us;
	uint64_t random;
	struct semaphore_todo todo;
	struct change change;
	unsigned int operations;	/* performed since the last begin() */
	unsigned int image_writes;
	unsigned int ballot_writes;
};

static struct host hosts[HOSTS];

static uint8_t *half_at(uint16_t slot, unsigned int half)
{
	return disk + layout_ballot(&layout, slot, half);
}

static struct ballot pair_of(uint16_t slot)
{
	struct ballot ballot;

	ck_assert_int_ne(ballot_pair_decode(half_at(slot, 0), slot, SECTOR, &layout.capacity,
					    &cluster, &ballot), PAIR_UNKNOWN);
	return ballot;
}

static void put_ballot(uint16_t slot, const struct ballot *ballot)
{
	ballot_encode(ballot, slot, SECTOR, &cluster, half_at(slot, ballot->sequence & 1));
}

static void start_with(struct host *host, bool unclean, uint32_t late_left_ms, uint64_t seen)
{
	struct semaphore_terms terms = {
		.layout = &layout,
		.cluster = cluster,
		.slot = host->slot,
		.incarnation = ++host->incarnation,
		.unclean_start = unclean,
		.late_left_ms = late_left_ms,
		.late_ms = LATE_MS,
		.seen = seen,
		.latest = host->tables[0],
		.next = host->tables[1],
	};

	memset(host->machine, 0, semaphore_size(&layout));
	semaphore_init(host->machine, &terms);
}

static void start_late(struct host *host, bool unclean)
{
	start_with(host, unclean, 0, 0);
}

static void start(struct host *host)
{
	start_late(host, false);
}

static void step(struct host *host, enum semaphore_event event, const void *data, size_t size)
{
	host->now_us += 100;
	semaphore_step(host->machine, event, data, size, host->now_us, ++host->random,
		       &host->todo);
}

/* Perform the operation on the array; nothing fails. */
static void perform(struct host *host)
{
	const struct semaphore_todo *todo = &host->todo;
	const void *data = NULL;
	size_t size = 0;

	host->operations++;
	switch (todo->op) {
	case SEMAPHORE_READY:
		ck_abort_msg("nothing to perform");
		break;
	case SEMAPHORE_SCAN:
	case SEMAPHORE_REREAD:
		data = disk + layout.ballots;
		size = layout.ballots_bytes;
		break;
	case SEMAPHORE_READ_IMAGE:
		data = disk + layout_image(&layout, todo->value.host, todo->value.slot);
		size = todo->value.length;
		break;
	case SEMAPHORE_WRITE_IMAGE:
		host->image_writes++;
		semaphore_image(host->machine,
				disk + layout_image(&layout, host->slot, todo->image_slot),
				layout.image_bytes);
		break;
	case SEMAPHORE_WRITE_BALLOT:
		host->ballot_writes++;
		put_ballot(host->slot, &todo->ballot);
		break;
	case SEMAPHORE_WRITE_HINT:
		hint_encode(&todo->hint, SECTOR, &cluster, disk + layout.hint);
		break;
	case SEMAPHORE_WAIT:
		host->operations--;
		host->now_us += todo->wait_us;
		break;
	}
	step(host, SEMAPHORE_IO_OK, data, size);
}

static void begin(struct host *host)
{
	host->operations = 0;
	host->image_writes = 0;
	host->ballot_writes = 0;
	step(host, SEMAPHORE_BEGIN, NULL, 0);
}

/* Go on until @op is asked for (it is not performed), or the machine rests. */
static void go_to(struct host *host, enum semaphore_op op)
{
	while (host->todo.op != op && host->todo.op != SEMAPHORE_READY)
		perform(host);
	ck_assert_int_eq(host->todo.op, op);
}

/* Go on until there is news. */
static enum semaphore_done go_on(struct host *host)
{
	while (host->todo.done == SEMAPHORE_NOTHING && host->todo.op != SEMAPHORE_READY)
		perform(host);
	return host->todo.done;
}

static void finish(struct host *host)
{
	while (host->todo.op != SEMAPHORE_READY)
		perform(host);
}

static void want_logon(struct host *host)
{
	host->change = (struct change){
		.host = host->slot,
		.incarnation = host->incarnation,
		.sequence = 1,
		.kind = CHANGE_LOGON,
		.machine.bytes = { (uint8_t)(host->slot + 1) },
		.boot.bytes = { 1 },
	};
	semaphore_commit(host->machine, &host->change);
}

static void want_volume(struct host *host)
{
	host->change.kind = CHANGE_REQUEST;
	host->change.sequence++;
	host->change.volume_born = 1;
	semaphore_commit(host->machine, &host->change);
}

/* A host that is logged on and knows it. */
static void log_on(struct host *host)
{
	start(host);
	want_logon(host);
	begin(host);
	ck_assert_int_eq(go_on(host), SEMAPHORE_ANSWERED);
	ck_assert_int_eq(host->todo.outcome.ruling, RULING_DONE);
	finish(host);
}

static uint64_t version(const struct host *host)
{
	return semaphore_latest(host->machine)->version;
}

static void format(void)
{
	struct tables *tables = hosts[0].tables[0];
	struct ballot ballot = { .instance = 1, .decided = 1 };

	tables_init(tables, &layout.capacity);
	tables->version = 1;
	tables->host_count = HOSTS;
	tables->volume_count = 1;
	tables->volumes[0] = volume_row_defaults();
	tables->volumes[0].born = 1;
	snprintf(tables->volumes[0].name, sizeof(tables->volumes[0].name), "media");
	snprintf(tables->volumes[0].uuid, sizeof(tables->volumes[0].uuid), "uuid-1");
	snprintf(tables->volumes[0].mount_point, sizeof(tables->volumes[0].mount_point), "/media");
	for (uint16_t i = 0; i < HOSTS; i++) {
		tables->hosts[i] = host_row_defaults();
		snprintf(tables->hosts[i].name, sizeof(tables->hosts[i].name), "h%u", i);
	}
	ballot.decided_value = image_encode(tables, 0, 0, 1, &layout, &cluster,
					    disk + layout_image(&layout, 0, 0), layout.image_bytes);
	for (uint16_t i = 0; i < HOSTS; i++)
		for (ballot.sequence = 0; ballot.sequence < 2; ballot.sequence++)
			put_ballot(i, &ballot);
	tables_init(tables, &layout.capacity);
}

static void set_up(void)
{
	static const struct capacity capacity = { .hosts = HOSTS, .volumes = 1, .access = 1 };

	ck_assert_int_eq(layout_make(&layout, SECTOR, &capacity), 0);
	disk = calloc(1, layout.total_bytes);
	for (uint16_t i = 0; i < HOSTS; i++) {
		hosts[i] = (struct host){
			.slot = i,
			.incarnation = (uint64_t)(i + 1) * 100,
			.random = (uint64_t)(i + 1) * 1000,
			.now_us = 1000000,
			.machine = calloc(1, semaphore_size(&layout)),
			.tables = { calloc(1, sizeof(struct tables)),
				    calloc(1, sizeof(struct tables)) },
		};
	}
	format();
}

static void tear_down(void)
{
	for (unsigned int i = 0; i < HOSTS; i++) {
		free(hosts[i].machine);
		free(hosts[i].tables[0]);
		free(hosts[i].tables[1]);
	}
	free(disk);
}

START_TEST(a_learner_reads_the_region_and_the_image_and_writes_nothing)
{
	start(&hosts[0]);
	semaphore_learn(hosts[0].machine);
	begin(&hosts[0]);
	ck_assert_int_eq(go_on(&hosts[0]), SEMAPHORE_LEARNED);
	ck_assert_uint_eq(version(&hosts[0]), 1);
	ck_assert_uint_eq(hosts[0].operations, 2);
	ck_assert_uint_eq(hosts[0].ballot_writes, 0);
}
END_TEST

START_TEST(an_uncontended_commit_is_decided_after_five_operations_and_done_after_seven)
{
	struct host *a = &hosts[0];

	log_on(a);
	want_volume(a);
	begin(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_WRITE_IMAGE);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_int_eq(a->todo.outcome.ruling, RULING_GRANTED);
	ck_assert_uint_eq(a->operations, 5);
	finish(a);
	ck_assert_uint_eq(a->operations, 7);
	ck_assert_uint_eq(version(a), 3);
	ck_assert_uint_eq(pair_of(0).decided, 3);
}
END_TEST

START_TEST(the_image_is_on_the_disk_before_any_ballot_names_it)
{
	struct host *a = &hosts[0];

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	ck_assert_uint_eq(a->image_writes, 1);
	ck_assert_uint_eq(a->todo.ballot.own.version, 3);
	ck_assert_uint_eq(a->todo.ballot.bal, 0);
}
END_TEST

START_TEST(the_latest_decided_image_is_never_written_over)
{
	struct host *a = &hosts[0];

	log_on(a);
	for (unsigned int i = 0; i < 12; i++) {
		struct image_value latest = pair_of(0).decided_value;

		want_volume(a);
		a->change.kind = i % 2 ? CHANGE_LOGOFF : CHANGE_LOGON;
		begin(a);
		go_to(a, SEMAPHORE_WRITE_IMAGE);
		ck_assert_uint_ne(a->todo.image_slot, latest.slot);
		finish(a);
	}
	ck_assert_uint_eq(version(a), 14);
}
END_TEST

START_TEST(a_ballot_number_is_above_all_in_both_halves)
{
	struct host *a = &hosts[1];
	struct ballot older = pair_of(1);

	older.mbal = 90;	/* in the half that is not the newer */
	older.sequence = 0;
	put_ballot(1, &older);
	start(a);
	want_logon(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	ck_assert_uint_gt(a->todo.ballot.mbal, 90);
	ck_assert_uint_eq(a->todo.ballot.mbal % HOSTS, 1);
}
END_TEST

START_TEST(a_larger_ballot_is_waited_for)
{
	struct host *a = &hosts[0];
	struct host *b = &hosts[1];

	start(a);
	want_logon(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	start(b);
	want_logon(b);
	begin(b);
	go_to(b, SEMAPHORE_WRITE_BALLOT);
	perform(b);
	perform(a);
	perform(a);	/* its scan shows b's larger one */
	ck_assert_int_eq(a->todo.op, SEMAPHORE_WAIT);
	ck_assert_int_eq(go_on(b), SEMAPHORE_ANSWERED);
	finish(b);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_uint_eq(version(a), 3);	/* behind b's */
}
END_TEST

START_TEST(an_accepted_value_is_finished_by_whoever_comes_and_answers_its_host)
{
	struct host *a = &hosts[0];
	struct host *b = &hosts[1];

	start(a);
	want_logon(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	perform(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	ck_assert_uint_ne(a->todo.ballot.bal, 0);
	put_ballot(0, &a->todo.ballot);		/* lands, and its host hears an error */
	step(a, SEMAPHORE_IO_FAILED, NULL, 0);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_UNKNOWN);

	log_on(b);
	ck_assert_uint_eq(version(b), 3);	/* a's version 2, then its own */
	ck_assert(semaphore_latest(b->machine)->hosts[0].logged_on);

	semaphore_commit(a->machine, &a->change);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_uint_eq(a->image_writes, 0);
	ck_assert_uint_eq(version(a), 3);	/* once, not twice */
}
END_TEST

START_TEST(a_failed_ballot_is_tried_again_on_the_same_half_after_reading_the_pair)
{
	struct host *a = &hosts[0];
	struct ballot failed;

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	failed = a->todo.ballot;
	step(a, SEMAPHORE_IO_FAILED, NULL, 0);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_UNKNOWN);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_READY);

	semaphore_commit(a->machine, &a->change);
	begin(a);
	go_to(a, SEMAPHORE_SCAN);
	perform(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_WRITE_BALLOT);
	ck_assert_uint_eq(a->todo.ballot.sequence, failed.sequence);
	ck_assert_uint_eq(a->todo.ballot.mbal, failed.mbal);
	/* T_late has begun: the other half as well, before anyone acts on it. */
	perform(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_WRITE_BALLOT);
	ck_assert_uint_eq(a->todo.ballot.sequence, failed.sequence + 1);
	ck_assert_uint_eq(a->todo.ballot.mbal, failed.mbal);
	perform(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_SCAN);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
}
END_TEST

START_TEST(no_image_is_written_before_t_late_has_passed)
{
	struct host *a = &hosts[0];
	uint64_t began_us;

	start_late(a, true);
	want_logon(a);
	begin(a);
	began_us = a->now_us;
	go_to(a, SEMAPHORE_WRITE_IMAGE);
	ck_assert_uint_ge(a->now_us, began_us + LATE_MS * 1000);
	ck_assert(!semaphore_is_late(a->machine));
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
}
END_TEST

START_TEST(of_t_late_only_what_is_left_is_waited_for)
{
	struct host *a = &hosts[0];
	uint64_t began_us;

	start_with(a, true, LATE_MS / 4, 0);
	want_logon(a);
	begin(a);
	began_us = a->now_us;
	go_to(a, SEMAPHORE_WRITE_IMAGE);
	ck_assert_uint_ge(a->now_us, began_us + LATE_MS / 4 * 1000);
	ck_assert_uint_lt(a->now_us, began_us + LATE_MS / 2 * 1000);
}
END_TEST

START_TEST(an_image_that_can_not_be_written_is_a_change_not_made)
{
	struct host *a = &hosts[0];

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_IMAGE);
	step(a, SEMAPHORE_IO_FAILED, NULL, 0);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_FAILED);
}
END_TEST

START_TEST(a_scan_that_fails_after_a_ballot_leaves_a_doubt)
{
	struct host *a = &hosts[0];

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_SCAN);
	step(a, SEMAPHORE_IO_FAILED, NULL, 0);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_UNKNOWN);
	semaphore_commit(a->machine, &a->change);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_uint_eq(a->image_writes, 0);	/* the same image again */
}
END_TEST

START_TEST(a_restarted_host_finishes_its_unresolved_instance_with_the_same_image)
{
	struct host *a = &hosts[0];
	struct ballot left;

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	perform(a);		/* joined, not accepted: and the host dies */
	left = pair_of(0);
	start_late(a, true);
	want_logon(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	ck_assert_uint_eq(a->image_writes, 0);
	ck_assert_uint_eq(a->todo.ballot.instance, left.instance);
	ck_assert_uint_gt(a->todo.ballot.mbal, left.mbal);
	ck_assert(image_value_same(&a->todo.ballot.own, &left.own));
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_uint_eq(version(a), 4);	/* the old change, and the log on */
}
END_TEST

START_TEST(a_refusal_needs_no_commit_but_a_scan)
{
	struct host *a = &hosts[0];

	log_on(a);
	want_volume(a);
	a->change.volume_born = 77;
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_int_eq(a->todo.outcome.ruling, RULING_NO_SUCH_VOLUME);
	ck_assert_uint_eq(a->operations, 1);
	ck_assert_uint_eq(a->ballot_writes, 0);
	ck_assert_uint_eq(version(a), 2);
}
END_TEST

START_TEST(a_refusal_by_tables_that_are_not_the_newest_does_not_count)
{
	struct host *a = &hosts[0];
	struct host *b = &hosts[1];

	log_on(a);
	log_on(b);
	want_volume(b);
	begin(b);
	ck_assert_int_eq(go_on(b), SEMAPHORE_ANSWERED);
	finish(b);
	b->change.kind = CHANGE_GIVE;
	b->change.sequence++;
	b->change.epoch = 4;
	semaphore_commit(b->machine, &b->change);
	begin(b);
	ck_assert_int_eq(go_on(b), SEMAPHORE_ANSWERED);
	ck_assert_int_eq(b->todo.outcome.ruling, RULING_DONE);
	finish(b);
	want_volume(a);		/* knows version 2 only, and is granted by version 5 */
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_int_eq(a->todo.outcome.ruling, RULING_GRANTED);
	ck_assert_uint_eq(version(a), 6);
}
END_TEST

START_TEST(a_foreign_incarnation_in_our_row_evicts_at_once)
{
	struct host *a = &hosts[0];
	struct ballot foreign;

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_SCAN);
	foreign = pair_of(0);
	foreign.sequence++;
	foreign.incarnation = 4711;
	put_ballot(0, &foreign);
	perform(a);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_EVICTED);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_READY);
	ck_assert_uint_eq(a->todo.evicted_by, 4711);
	ck_assert(a->todo.doubtful);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_EVICTED);	/* for good */
}
END_TEST

START_TEST(a_disk_that_has_forgotten_our_last_write_has_gone_back_in_time)
{
	struct host *a = &hosts[0];
	uint8_t before[2 * SECTOR];

	log_on(a);
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_BALLOT);
	memcpy(before, half_at(0, 0), sizeof(before));
	perform(a);
	memcpy(half_at(0, 0), before, sizeof(before));
	perform(a);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_BACK_IN_TIME);
}
END_TEST

START_TEST(a_half_of_ours_that_rots_is_written_again)
{
	struct host *a = &hosts[0];
	struct ballot before, after;

	log_on(a);
	before = pair_of(0);
	half_at(0, before.sequence & 1)[100] ^= 1;
	ck_assert_uint_ne(pair_of(0).sequence, before.sequence);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_LEARNED);
	after = pair_of(0);
	ck_assert_uint_eq(after.sequence, before.sequence);
	ck_assert(image_value_same(&after.decided_value, &before.decided_value));

	/* Also when there is something to commit; and the older half is left alone. */
	half_at(0, before.sequence & 1)[100] ^= 1;
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_LEARNED);
	want_volume(a);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
	ck_assert_int_eq(a->todo.outcome.ruling, RULING_GRANTED);
}
END_TEST

START_TEST(a_decision_that_stays_away_has_gone_back_in_time)
{
	struct host *a = &hosts[0];
	struct host *b = &hosts[1];
	uint8_t before[2 * SECTOR];

	memcpy(before, half_at(1, 0), sizeof(before));
	log_on(b);
	start(a);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_LEARNED);
	ck_assert_uint_eq(version(a), 2);
	memcpy(half_at(1, 0), before, sizeof(before));
	semaphore_learn(a->machine);
	begin(a);
	perform(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_WAIT);	/* it may be written again */
	ck_assert_int_eq(go_on(a), SEMAPHORE_BACK_IN_TIME);
}
END_TEST

START_TEST(what_was_known_before_a_log_on_may_be_missing_for_a_while_and_not_for_good)
{
	struct host *a = &hosts[0];
	uint64_t began_us = a->now_us;

	start_with(a, false, 0, 1);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_LEARNED);
	start_with(a, false, 0, 2);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_BACK_IN_TIME);
	ck_assert_uint_gt(a->now_us, began_us + 3 * LATE_MS * 1000);
}
END_TEST

START_TEST(another_clusters_disk_has_gone_back_in_time)
{
	struct host *a = &hosts[0];

	log_on(a);
	memset(disk + layout.ballots, 0x55, layout.ballots_bytes);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_BACK_IN_TIME);
}
END_TEST

START_TEST(no_ballot_goes_on_past_a_pair_that_is_unknown)
{
	struct host *a = &hosts[0];

	log_on(a);
	memset(half_at(2, 0), 0, 2 * SECTOR);	/* zeroed is not empty */
	want_volume(a);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_BLOCKED);
	ck_assert_uint_eq(a->todo.blocked_by, 2);
	ck_assert(a->todo.doubtful);
	ck_assert_uint_eq(version(a), 2);
}
END_TEST

START_TEST(a_good_half_counts_if_a_second_read_finds_it_unchanged)
{
	struct host *a = &hosts[0];

	log_on(a);
	half_at(2, 1)[100] ^= 1;
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_REREAD);
	perform(a);
	ck_assert_int_ne(a->todo.op, SEMAPHORE_REREAD);
	ck_assert_int_eq(go_on(a), SEMAPHORE_ANSWERED);
}
END_TEST

START_TEST(a_good_half_that_changes_is_read_once_more)
{
	struct host *a = &hosts[0];
	struct ballot ballot = pair_of(2);

	log_on(a);
	half_at(2, 1)[100] ^= 1;
	want_volume(a);
	begin(a);
	go_to(a, SEMAPHORE_REREAD);
	ballot.sequence = 2;
	put_ballot(2, &ballot);
	perform(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_REREAD);
	perform(a);
	ck_assert_int_ne(a->todo.op, SEMAPHORE_REREAD);
}
END_TEST

START_TEST(a_reader_that_is_overtaken_scans_again)
{
	struct host *a = &hosts[0];
	struct host *b = &hosts[1];

	start(a);
	semaphore_learn(a->machine);
	begin(a);
	go_to(a, SEMAPHORE_READ_IMAGE);
	log_on(b);
	memset(disk + layout_image(&layout, 0, 0), 0x55, SECTOR);	/* its slot is used again */
	perform(a);
	ck_assert_int_eq(a->todo.op, SEMAPHORE_SCAN);
	ck_assert_int_eq(go_on(a), SEMAPHORE_LEARNED);
	ck_assert_uint_eq(version(a), 2);
}
END_TEST

START_TEST(an_image_that_stays_unreadable_fails)
{
	struct host *a = &hosts[0];

	memset(disk + layout_image(&layout, 0, 0), 0x55, SECTOR);
	start(a);
	semaphore_learn(a->machine);
	begin(a);
	ck_assert_int_eq(go_on(a), SEMAPHORE_FAILED);
	ck_assert_uint_eq(version(a), 0);
}
END_TEST

START_TEST(a_hint_that_differs_asks_for_one_scan_and_is_mended_when_wrong)
{
	struct host *a = &hosts[0];
	struct hint hint = { .version = 9, .balloting = SLOT_NONE, .notices = 5 };

	log_on(a);
	ck_assert(semaphore_hint_wants_scan(a->machine, &hint, a->now_us));
	ck_assert(!semaphore_hint_wants_scan(a->machine, &hint, a->now_us + 999999));
	semaphore_learn(a->machine);
	begin(a);
	finish(a);
	ck_assert_uint_eq(a->operations, 1);	/* followed, not yet mended */
	ck_assert(semaphore_hint_wants_scan(a->machine, &hint, a->now_us + 1000000));
	semaphore_learn(a->machine);
	begin(a);
	go_to(a, SEMAPHORE_WRITE_HINT);
	ck_assert_int_eq(a->todo.done, SEMAPHORE_LEARNED);
	ck_assert_uint_eq(a->todo.hint.version, 2);
	ck_assert_uint_eq(a->todo.hint.notices, 5);
	finish(a);
	hint.version = 2;
	ck_assert(!semaphore_hint_wants_scan(a->machine, &hint, a->now_us + 5000000));
}
END_TEST

START_TEST(every_operation_may_fail_and_the_change_is_made_once)
{
	struct host *a = &hosts[0];

	for (unsigned int fails = 0;; fails++) {
		uint64_t before;
		bool failed = false;

		log_on(a);
		before = version(a);
		a->change.kind = CHANGE_LOGOFF;
		a->change.sequence++;
		do {
			semaphore_commit(a->machine, &a->change);
			begin(a);
			while (a->todo.op != SEMAPHORE_READY &&
			       a->todo.done != SEMAPHORE_ANSWERED) {
				if (!failed && a->operations == fails &&
				    a->todo.op != SEMAPHORE_WAIT) {
					failed = true;
					step(a, SEMAPHORE_IO_FAILED, NULL, 0);
				} else {
					perform(a);
				}
			}
			ck_assert_int_ne(a->todo.done, SEMAPHORE_NOTHING);
		} while (a->todo.done != SEMAPHORE_ANSWERED);
		ck_assert_int_eq(a->todo.outcome.ruling, RULING_DONE);
		finish(a);
		ck_assert_uint_eq(version(a), before + 1);
		if (!failed)
			break;
		ck_assert_uint_lt(fails, 10);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("semaphore");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_learner_reads_the_region_and_the_image_and_writes_nothing);
	tcase_add_test(tests,
		       an_uncontended_commit_is_decided_after_five_operations_and_done_after_seven);
	tcase_add_test(tests, the_image_is_on_the_disk_before_any_ballot_names_it);
	tcase_add_test(tests, the_latest_decided_image_is_never_written_over);
	tcase_add_test(tests, a_ballot_number_is_above_all_in_both_halves);
	tcase_add_test(tests, a_larger_ballot_is_waited_for);
	tcase_add_test(tests, an_accepted_value_is_finished_by_whoever_comes_and_answers_its_host);
	tcase_add_test(tests,
		       a_failed_ballot_is_tried_again_on_the_same_half_after_reading_the_pair);
	tcase_add_test(tests, no_image_is_written_before_t_late_has_passed);
	tcase_add_test(tests, of_t_late_only_what_is_left_is_waited_for);
	tcase_add_test(tests, an_image_that_can_not_be_written_is_a_change_not_made);
	tcase_add_test(tests, a_scan_that_fails_after_a_ballot_leaves_a_doubt);
	tcase_add_test(tests,
		       a_restarted_host_finishes_its_unresolved_instance_with_the_same_image);
	tcase_add_test(tests, a_refusal_needs_no_commit_but_a_scan);
	tcase_add_test(tests, a_refusal_by_tables_that_are_not_the_newest_does_not_count);
	tcase_add_test(tests, a_foreign_incarnation_in_our_row_evicts_at_once);
	tcase_add_test(tests, a_disk_that_has_forgotten_our_last_write_has_gone_back_in_time);
	tcase_add_test(tests, a_half_of_ours_that_rots_is_written_again);
	tcase_add_test(tests, a_decision_that_stays_away_has_gone_back_in_time);
	tcase_add_test(tests,
		       what_was_known_before_a_log_on_may_be_missing_for_a_while_and_not_for_good);
	tcase_add_test(tests, another_clusters_disk_has_gone_back_in_time);
	tcase_add_test(tests, no_ballot_goes_on_past_a_pair_that_is_unknown);
	tcase_add_test(tests, a_good_half_counts_if_a_second_read_finds_it_unchanged);
	tcase_add_test(tests, a_good_half_that_changes_is_read_once_more);
	tcase_add_test(tests, a_reader_that_is_overtaken_scans_again);
	tcase_add_test(tests, an_image_that_stays_unreadable_fails);
	tcase_add_test(tests, a_hint_that_differs_asks_for_one_scan_and_is_mended_when_wrong);
	tcase_add_test(tests, every_operation_may_fail_and_the_change_is_made_once);
	return unit_run("semaphore", tests);
}
