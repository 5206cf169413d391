/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disk threads, each one host, over one file; real time, an io-timeout of 400 ms. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/disk.h"
#include "tests/control.h"
#include "tests/fault_io.h"
#include "tests/unit.h"

#define IO_TIMEOUT_MS 400
#define POLL_MS 20
#define BEAT_MS (IO_TIMEOUT_MS / 4)
#define DEAD_MS (IO_TIMEOUT_MS * 7 / 2)
#define LATE_MS (IO_TIMEOUT_MS * 8)
#define PATIENCE_MS 10000

/* One host: its thread, its way to the device, and what it was told. */
struct one {
	struct disk *disk;
	struct io *faulty;
	int fd;
	uint64_t incarnation;
	uint64_t sequence;
	struct tables *tables;
	struct disk_event event;	/* the last one that was waited for */
	unsigned int counts[DISK_JOINS + 1];
};

static struct control control;

static void set_up(void)
{
	control_make(&control);
	control_format(&control, "400ms");
}

static void tear_down(void)
{
	control_remove(&control);
}

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void rest(uint32_t ms)
{
	nanosleep(&(struct timespec){ .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L }, NULL);
}

static struct super super_of(struct io *io)
{
	enum block_verdict verdicts[2];
	struct super super;

	ck_assert_int_eq(disk_identify(io, &super, verdicts), 0);
	ck_assert_int_eq(verdicts[0], BLOCK_OK);
	ck_assert_int_eq(verdicts[1], BLOCK_OK);
	return super;
}

/* @machine and @boot: one byte each tells them apart. */
static void start_remembering(struct one *one, uint8_t machine, uint8_t boot, uint64_t incarnation,
			      struct disk_memory *memory)
{
	struct io *io = control_open(&control);
	struct disk_terms terms = {
		.super = super_of(io),
		.poll_ms = POLL_MS,
		.io_timeout_ms = IO_TIMEOUT_MS,
		.machine.bytes = { machine },
		.boot.bytes = { boot },
		.incarnation = incarnation,
		.memory = memory,
	};

	*one = (struct one){ .incarnation = incarnation };
	one->faulty = fault_io_new(io);
	terms.io = one->faulty;
	ck_assert_int_eq(disk_start(&terms, &one->disk, &one->fd), 0);
}

static void start(struct one *one, uint8_t machine, uint8_t boot, uint64_t incarnation)
{
	start_remembering(one, machine, boot, incarnation, NULL);
}

static void take(struct one *one)
{
	one->counts[one->event.kind]++;
	if (one->event.kind == DISK_LEARNED) {
		ck_assert(!one->tables || one->event.tables->version > one->tables->version);
		free(one->tables);
		one->tables = one->event.tables;
		one->event.tables = NULL;
	}
	free(one->event.volumes);
	one->event.volumes = NULL;
}

/* True: an event of that kind came; it is in one->event. */
static bool comes(struct one *one, enum disk_event_kind kind, uint32_t within_ms)
{
	uint64_t until_ms = now_ms() + within_ms;

	for (;;) {
		struct pollfd ready = { .fd = one->fd, .events = POLLIN };
		uint64_t at_ms;

		while (disk_next_event(one->disk, &one->event)) {
			take(one);
			if (one->event.kind == kind)
				return true;
		}
		at_ms = now_ms();
		if (at_ms >= until_ms)
			return false;
		(void)poll(&ready, 1, (int)(until_ms - at_ms));
	}
}

static void stop(struct one *one)
{
	ck_assert_int_eq(disk_stop(one->disk, PATIENCE_MS), 0);
	free(one->tables);
}

static void claim(struct one *one, uint16_t slot)
{
	if (!one->tables)
		ck_assert(comes(one, DISK_LEARNED, PATIENCE_MS));
	ck_assert_int_eq(disk_claim(one->disk, slot), 0);
	do
		ck_assert(comes(one, DISK_CLAIM, PATIENCE_MS));
	while (one->event.claim.state < CLAIM_DONE);
}

static void order(struct one *one, uint16_t slot, struct change change)
{
	change.host = slot;
	change.incarnation = one->incarnation;
	change.sequence = ++one->sequence;
	ck_assert_int_eq(disk_commit(one->disk, &change), 0);
}

static void log_on(struct one *one, uint16_t slot, uint8_t machine, uint8_t boot)
{
	const struct change change = {
		.kind = CHANGE_LOGON,
		.machine.bytes = { machine },
		.boot.bytes = { boot },
	};

	claim(one, slot);
	ck_assert_int_eq(one->event.claim.state, CLAIM_DONE);
	order(one, slot, change);
	ck_assert(comes(one, DISK_ANSWERED, PATIENCE_MS));
	ck_assert_int_eq(one->event.outcome.ruling, RULING_DONE);
}

static void say_logged_off(struct one *one)
{
	const struct beat beat = { .logged_off = true };

	ck_assert_int_eq(disk_set_beat(one->disk, &beat, NULL, true), 0);
	do
		ck_assert(comes(one, DISK_BEAT, PATIENCE_MS));
	while (!one->event.logged_off);
}

START_TEST(the_tables_are_learned_at_start)
{
	struct one a;

	start(&a, 1, 1, 100);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	ck_assert_uint_eq(a.tables->version, 1);
	ck_assert_str_eq(a.tables->hosts[1].name, "b");
	stop(&a);
}
END_TEST

START_TEST(a_clean_row_is_claimed_and_logged_on_at_once)
{
	uint64_t began_ms;
	struct one a;

	start(&a, 1, 1, 100);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	began_ms = now_ms();
	log_on(&a, 0, 1, 1);
	ck_assert_uint_lt(now_ms() - began_ms, 100);
	ck_assert_uint_eq(a.tables->version, 2);
	ck_assert(a.tables->hosts[0].logged_on);
	stop(&a);
}
END_TEST

START_TEST(a_change_reaches_the_other_host_and_tables_come_before_the_answer)
{
	struct one a;
	struct one b;

	start(&a, 1, 1, 100);
	start(&b, 2, 2, 200);
	log_on(&a, 0, 1, 1);
	ck_assert_uint_eq(a.tables->version, 2);
	log_on(&b, 1, 2, 2);
	ck_assert_uint_eq(b.tables->version, 3);
	while (a.tables->version < 3)
		ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	ck_assert(a.tables->hosts[1].logged_on);
	stop(&a);
	stop(&b);
}
END_TEST

START_TEST(changes_of_two_hosts_at_once_are_all_decided)
{
	const struct change change = { .kind = CHANGE_FORM, .form_mode = FORM_SET };
	struct one hosts[2];
	char form[64];

	for (int i = 0; i < 2; i++) {
		start(&hosts[i], (uint8_t)(i + 1), 1, 100 + (uint64_t)i);
		log_on(&hosts[i], (uint16_t)i, (uint8_t)(i + 1), 1);
	}
	for (int n = 0; n < 10; n++) {
		for (int i = 0; i < 2; i++) {
			struct change edit = change;

			edit.form_len = (size_t)snprintf(form, sizeof(form),
							 "[host %c]\nweight = %d\n", 'a' + i,
							 n + 2);
			edit.form = form;
			edit.administrator = true;
			order(&hosts[i], (uint16_t)i, edit);
		}
	}
	for (int i = 0; i < 2; i++) {
		while (hosts[i].counts[DISK_ANSWERED] < 11) {
			ck_assert(comes(&hosts[i], DISK_ANSWERED, PATIENCE_MS));
			ck_assert_int_eq(hosts[i].event.outcome.ruling, RULING_DONE);
		}
	}
	for (int i = 0; i < 2; i++) {
		while (hosts[i].tables->version < 23)
			ck_assert(comes(&hosts[i], DISK_LEARNED, PATIENCE_MS));
		ck_assert_uint_eq(hosts[i].tables->hosts[0].weight, 11000);
		ck_assert_uint_eq(hosts[i].tables->hosts[1].weight, 11000);
		stop(&hosts[i]);
	}
}
END_TEST

START_TEST(a_change_before_the_claim_is_not_made)
{
	const struct change change = { .kind = CHANGE_LOGON };
	struct one a;

	start(&a, 1, 1, 100);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	order(&a, 0, change);
	ck_assert(comes(&a, DISK_FAILED, PATIENCE_MS));
	ck_assert_uint_eq(a.event.sequence, 1);
	stop(&a);
}
END_TEST

START_TEST(a_queue_of_changes_that_is_full_says_so)
{
	const struct change change = { .kind = CHANGE_LOGON };
	struct one a;
	int r = 0;
	int accepted = 0;

	start(&a, 1, 1, 100);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	fault_io_set(a.faulty, &(struct fault){ .kind = FAULT_HANG,
						.scope = FAULT_READS | FAULT_WRITES });
	rest(3 * POLL_MS);
	while (accepted <= DISK_COMMITS_MAX) {
		r = disk_commit(a.disk, &change);
		if (r < 0)
			break;
		accepted++;
	}
	ck_assert_int_eq(r, -EAGAIN);
	ck_assert_int_eq(accepted, DISK_COMMITS_MAX);
	fault_io_clear(a.faulty);
	while (a.counts[DISK_FAILED] < DISK_COMMITS_MAX)
		ck_assert(comes(&a, DISK_FAILED, PATIENCE_MS));
	stop(&a);
}
END_TEST

START_TEST(a_restart_in_the_same_boot_does_not_wait)
{
	uint64_t began_ms;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	stop(&a);
	start(&a, 1, 1, 101);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	began_ms = now_ms();
	log_on(&a, 0, 1, 1);
	ck_assert_uint_lt(now_ms() - began_ms, 100);
	stop(&a);
}
END_TEST

START_TEST(an_unclean_end_in_an_earlier_boot_is_watched_for_t_dead)
{
	uint64_t began_ms;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	stop(&a);
	start(&a, 1, 2, 101);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	began_ms = now_ms();
	log_on(&a, 0, 1, 2);
	ck_assert_uint_gt(now_ms() - began_ms, DEAD_MS);
	ck_assert_uint_lt(now_ms() - began_ms, DEAD_MS + 1000);
	stop(&a);
}
END_TEST

START_TEST(a_row_that_lives_elsewhere_is_refused_and_the_other_named)
{
	struct one a;
	struct one clone;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	start(&clone, 1, 9, 900);
	claim(&clone, 0);
	ck_assert_int_eq(clone.event.claim.state, CLAIM_REFUSED_LIVE);
	ck_assert_uint_eq(clone.event.claim.other_incarnation, 100);
	stop(&clone);
	start(&clone, 9, 9, 900);
	claim(&clone, 0);
	ck_assert_int_eq(clone.event.claim.state, CLAIM_REFUSED_MACHINE);
	ck_assert_uint_eq(clone.event.claim.other_machine.bytes[0], 1);
	ck_assert_uint_eq(a.counts[DISK_EVICTED], 0);
	stop(&clone);
	stop(&a);
}
END_TEST

START_TEST(whoever_finds_another_tenant_in_his_row_stops_writing)
{
	struct one a;
	struct one successor;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	/* The same boot: a lock that this test does without would keep the second one out. */
	start(&successor, 1, 1, 101);
	claim(&successor, 0);
	ck_assert_int_eq(successor.event.claim.state, CLAIM_DONE);
	ck_assert(comes(&a, DISK_EVICTED, PATIENCE_MS));
	ck_assert_uint_eq(a.event.claim.other_incarnation, 101);
	order(&a, 0, (struct change){ .kind = CHANGE_LOGOFF });
	ck_assert(comes(&a, DISK_FAILED, PATIENCE_MS));
	ck_assert(comes(&successor, DISK_BEAT, PATIENCE_MS));
	ck_assert_uint_eq(successor.counts[DISK_EVICTED], 0);
	stop(&successor);
	stop(&a);
}
END_TEST

START_TEST(a_last_beat_that_says_logged_off_ends_beating_and_frees_the_row)
{
	uint64_t began_ms;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	say_logged_off(&a);
	ck_assert(!comes(&a, DISK_BEAT, 3 * BEAT_MS));
	stop(&a);
	start(&a, 1, 2, 101);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	began_ms = now_ms();
	log_on(&a, 0, 1, 2);
	ck_assert_uint_lt(now_ms() - began_ms, 100);
	stop(&a);
}
END_TEST

START_TEST(the_same_incarnation_may_log_on_again)
{
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	say_logged_off(&a);
	claim(&a, 0);
	ck_assert_int_eq(a.event.claim.state, CLAIM_DONE);
	ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));
	ck_assert(!a.event.logged_off);
	ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));
	stop(&a);
}
END_TEST

START_TEST(followed_beats_are_read_with_their_volumes)
{
	const struct beat_volume volumes[2] = {
		{ .born = 1, .mount = BEAT_WRITING, .generation = 77 },
		{ .born = 1, .mount = BEAT_READING },
	};
	const struct beat beat = { .volume_count = 2 };
	const uint8_t follow[HOSTS_MAX / 8] = { 1 << 1 };
	struct peer_watch watch = { 0 };
	struct one a;
	struct one b;
	bool seen = false;

	start(&a, 1, 1, 100);
	start(&b, 2, 2, 200);
	log_on(&a, 0, 1, 1);
	log_on(&b, 1, 2, 2);
	ck_assert_int_eq(disk_set_beat(b.disk, &beat, volumes, true), 0);
	ck_assert(comes(&b, DISK_BEAT, PATIENCE_MS));
	ck_assert_int_eq(disk_follow(a.disk, follow), 0);
	while (peer_watch_state(&watch) != PEER_ALIVE || !seen) {
		struct disk_event event;

		rest(5);
		while (disk_next_event(a.disk, &event)) {
			if (event.kind == DISK_PEER) {
				ck_assert_uint_eq(event.host, 1);
				ck_assert_int_eq(event.read.verdict, BLOCK_OK);
				peer_watch_read(&watch, &event.read, IO_TIMEOUT_MS);
				seen |= event.read.beat.volume_count == 2 &&
					event.volumes[0].mount == BEAT_WRITING &&
					event.volumes[0].generation == 77 &&
					event.volumes[1].mount == BEAT_READING;
			}
			disk_event_clear(&event);
		}
	}
	stop(&a);
	stop(&b);
}
END_TEST

START_TEST(a_notice_is_seen_by_others_only_with_the_beats_they_follow)
{
	const uint8_t follow[HOSTS_MAX / 8] = { 1 << 0 };
	struct one a;
	struct one b;

	start(&a, 1, 1, 100);
	start(&b, 2, 2, 200);
	log_on(&a, 0, 1, 1);
	log_on(&b, 1, 2, 2);
	ck_assert_int_eq(disk_follow(b.disk, follow), 0);
	(void)comes(&b, DISK_NOTICE, 2 * BEAT_MS);
	memset(b.counts, 0, sizeof(b.counts));
	ck_assert_int_eq(disk_notice(a.disk), 0);
	ck_assert(comes(&b, DISK_NOTICE, PATIENCE_MS));
	ck_assert_uint_gt(b.counts[DISK_PEER], 0);
	ck_assert(!comes(&a, DISK_NOTICE, 5 * POLL_MS));
	stop(&a);
	stop(&b);
}
END_TEST

START_TEST(all_beats_are_read_when_asked_for)
{
	struct one a;

	start(&a, 1, 1, 100);
	ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	ck_assert_int_eq(disk_read_all_beats(a.disk), 0);
	while (a.counts[DISK_PEER] < OFFLINE_HOSTS_DEFAULT)
		ck_assert(comes(&a, DISK_PEER, PATIENCE_MS));
	ck_assert(!comes(&a, DISK_PEER, 3 * BEAT_MS));
	stop(&a);
}
END_TEST

START_TEST(a_join_request_is_left_found_and_taken_back)
{
	struct join join = { .name = "d", .machine.bytes = { 4 }, .asked_s = 1 };
	struct one a;
	struct one d;
	int found = 0;

	start(&a, 1, 1, 100);
	start(&d, 4, 4, 400);
	ck_assert_int_eq(disk_write_join(d.disk, &join), 0);
	for (int tries = 0; found == 0 && tries < 100; tries++) {
		rest(POLL_MS);
		ck_assert_int_eq(disk_read_joins(a.disk), 0);
		ck_assert(comes(&a, DISK_JOINS, PATIENCE_MS));
		for (int i = 0; i < JOIN_SLOTS; i++)
			found += strcmp(a.event.joins[i].name, "d") == 0;
	}
	ck_assert_int_eq(found, 1);
	join.name[0] = '\0';
	ck_assert_int_eq(disk_write_join(d.disk, &join), 0);
	for (int tries = 0; found == 1 && tries < 100; tries++) {
		rest(POLL_MS);
		ck_assert_int_eq(disk_read_joins(a.disk), 0);
		ck_assert(comes(&a, DISK_JOINS, PATIENCE_MS));
		found = 0;
		for (int i = 0; i < JOIN_SLOTS; i++)
			found += strcmp(a.event.joins[i].name, "d") == 0;
	}
	ck_assert_int_eq(found, 0);
	stop(&a);
	stop(&d);
}
END_TEST

START_TEST(a_disk_that_hangs_blocks_no_order_and_shows_while_it_hangs)
{
	const struct fault hang = { .kind = FAULT_HANG, .scope = FAULT_READS | FAULT_WRITES };
	uint64_t began_ms;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	ck_assert_uint_eq(disk_silent_since(a.disk), 0);
	began_ms = now_ms();
	fault_io_set(a.faulty, &hang);
	rest(IO_TIMEOUT_MS / 2);
	ck_assert_uint_eq(disk_silent_since(a.disk), 0);
	order(&a, 0, (struct change){ .kind = CHANGE_LOGOFF });
	ck_assert_int_eq(disk_notice(a.disk), 0);
	ck_assert_uint_lt(now_ms() - began_ms, IO_TIMEOUT_MS);
	rest(IO_TIMEOUT_MS);
	ck_assert_uint_ge(disk_silent_since(a.disk), began_ms);
	ck_assert_int_eq(disk_stop(a.disk, 50), -ETIMEDOUT);
	fault_io_clear(a.faulty);
	stop(&a);
}
END_TEST

START_TEST(a_disk_that_hung_tells_so_and_goes_on)
{
	const struct fault hang = { .kind = FAULT_HANG, .scope = FAULT_READS | FAULT_WRITES };
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	fault_io_set(a.faulty, &hang);
	order(&a, 0, (struct change){ .kind = CHANGE_LOGOFF });
	rest(IO_TIMEOUT_MS * 3 / 2);
	fault_io_clear(a.faulty);
	ck_assert(comes(&a, DISK_ANSWERED, PATIENCE_MS));
	ck_assert_int_eq(a.event.outcome.ruling, RULING_DONE);
	ck_assert_uint_gt(a.counts[DISK_SILENT] + a.counts[DISK_BACK], 0);
	ck_assert_uint_eq(disk_silent_since(a.disk), 0);
	stop(&a);
}
END_TEST

START_TEST(a_failing_disk_is_silent_and_comes_back_by_itself)
{
	const struct fault fail = {
		.kind = FAULT_CRASH,
		.scope = FAULT_READS | FAULT_WRITES,
	};
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	fault_io_set(a.faulty, &fail);
	ck_assert(comes(&a, DISK_SILENT, PATIENCE_MS));
	ck_assert_int_eq(a.event.error, -EIO);
	ck_assert_uint_ne(disk_silent_since(a.disk), 0);
	rest(2 * BEAT_MS);
	fault_io_clear(a.faulty);
	ck_assert(comes(&a, DISK_BACK, PATIENCE_MS));
	ck_assert_uint_eq(disk_silent_since(a.disk), 0);
	ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));
	stop(&a);
}
END_TEST

/*
 * Fail the Nth operation of a log off, for each N: it ends decided once, or is not made and can
 * be made.
 */
START_TEST(a_failure_at_any_operation_of_a_commit_ends_in_an_answer_or_in_nothing_done)
{
	const enum fault_kind kinds[] = { FAULT_ERROR, FAULT_LATE_ERROR };
	struct one a;
	bool decided = false;

	control_format(&control, "400ms");
	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	fault_io_set(a.faulty, &(struct fault){ .kind = kinds[_i % 2],
						.scope = FAULT_WRITES,
						.countdown = (uint64_t)_i / 2 });
	order(&a, 0, (struct change){ .kind = CHANGE_LOGOFF });
	/* After a failed write no image is written until T_late: 8 io-timeouts. */
	while (!decided && a.counts[DISK_FAILED] == 0) {
		rest(1);
		while (disk_next_event(a.disk, &a.event)) {
			take(&a);
			if (a.event.kind == DISK_ANSWERED) {
				ck_assert_int_eq(a.event.outcome.ruling, RULING_DONE);
				decided = true;
			}
		}
	}
	while (comes(&a, DISK_LEARNED, 3 * POLL_MS))
		continue;
	ck_assert_int_eq(a.tables->hosts[0].logged_on, !decided);
	ck_assert_uint_eq(a.tables->version, decided ? 3 : 2);
	stop(&a);
}
END_TEST

START_TEST(a_damaged_hint_and_beat_are_written_anew)
{
	struct layout layout;
	struct one a;
	struct offline_checked *checked = calloc(1, sizeof(*checked));
	struct volctl_error error;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	ck_assert_int_eq(offline_check(control.path, checked, &error), 0);
	layout = checked->layout;
	control_spoil(&control, layout.hint);
	control_spoil(&control, layout_beat(&layout, 0));
	for (int tries = 0; tries < 100; tries++) {
		rest(BEAT_MS);
		ck_assert_int_eq(offline_check(control.path, checked, &error), 0);
		if (checked->state == OFFLINE_WHOLE)
			break;
	}
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	free(checked);
	stop(&a);
}
END_TEST

START_TEST(an_unreadable_pair_blocks_commits_and_is_named)
{
	struct offline_checked *checked = calloc(1, sizeof(*checked));
	struct volctl_error error;
	struct one a;

	ck_assert_int_eq(offline_check(control.path, checked, &error), 0);
	control_spoil(&control, layout_ballot(&checked->layout, 2, 0));
	control_spoil(&control, layout_ballot(&checked->layout, 2, 1));
	free(checked);
	start(&a, 1, 1, 100);
	ck_assert(comes(&a, DISK_BLOCKED, PATIENCE_MS));
	ck_assert_uint_eq(a.event.host, 2);
	ck_assert_uint_eq(a.tables->version, 1);
	claim(&a, 0);
	order(&a, 0, (struct change){ .kind = CHANGE_LOGON });
	ck_assert(comes(&a, DISK_FAILED, PATIENCE_MS));
	stop(&a);
}
END_TEST

START_TEST(a_replaced_device_is_gone_on_with_and_another_cluster_never)
{
	struct control other;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	fault_io_set(a.faulty, &(struct fault){ .kind = FAULT_CRASH, .scope = FAULT_READS });
	ck_assert(comes(&a, DISK_SILENT, PATIENCE_MS));
	ck_assert_int_eq(disk_replace_io(a.disk, control_open(&control)), 0);
	ck_assert(comes(&a, DISK_BACK, PATIENCE_MS));
	ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));

	control_make(&other);
	control_format(&other, "400ms");
	ck_assert_int_eq(disk_replace_io(a.disk, control_open(&other)), 0);
	ck_assert(comes(&a, DISK_BACK_IN_TIME, PATIENCE_MS));
	(void)comes(&a, DISK_BEAT, POLL_MS);
	ck_assert(!comes(&a, DISK_BEAT, 3 * BEAT_MS));
	stop(&a);
	control_remove(&other);
}
END_TEST

START_TEST(an_idle_host_reads_once_a_poll_and_writes_once_a_beat)
{
	struct fault_io_counts before;
	struct fault_io_counts after;
	uint64_t began_ms;
	uint64_t took_ms;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	(void)comes(&a, DISK_NOTICE, 2 * BEAT_MS);
	before = fault_io_counts(a.faulty);
	began_ms = now_ms();
	/* Less than T_dead, so that at most one scan falls into it. */
	rest(10 * BEAT_MS);
	after = fault_io_counts(a.faulty);
	took_ms = now_ms() - began_ms;
	ck_assert_uint_le(after.writes - before.writes, took_ms / BEAT_MS + 1);
	ck_assert_uint_ge(after.writes - before.writes, 5);
	ck_assert_uint_le(after.reads - before.reads,
			  took_ms / POLL_MS + took_ms / BEAT_MS + 1 + 2);
	stop(&a);
}
END_TEST

START_TEST(a_foreign_file_is_no_control_device)
{
	struct control other;
	enum block_verdict verdicts[2];
	struct super super;
	struct io *io;

	control_make(&other);
	io = control_open(&other);
	ck_assert_int_eq(disk_identify(io, &super, verdicts), 0);
	ck_assert_int_ne(verdicts[0], BLOCK_OK);
	ck_assert_int_eq(io_extend(io, 1024 * 1024), 0);
	ck_assert_int_eq(disk_identify(io, &super, verdicts), 0);
	ck_assert_int_eq(verdicts[0], BLOCK_ZEROED);
	ck_assert_int_eq(verdicts[1], BLOCK_ZEROED);
	io_close(io);
	control_remove(&other);
}
END_TEST

START_TEST(one_good_superblock_is_enough_and_a_shrunken_device_is_refused)
{
	struct io *io = control_open(&control);
	struct super before = super_of(io);
	enum block_verdict verdicts[2];
	struct super super;

	control_spoil(&control, 0);
	ck_assert_int_eq(disk_identify(io, &super, verdicts), 0);
	ck_assert_int_eq(verdicts[0], BLOCK_DAMAGED);
	ck_assert_int_eq(verdicts[1], BLOCK_OK);
	ck_assert_mem_eq(&super.cluster, &before.cluster, sizeof(super.cluster));
	control_spoil(&control, 0);	/* as it was */
	io->size_bytes -= SECTOR_MAX;
	ck_assert_int_eq(disk_identify(io, &super, verdicts), -ENOSPC);
	io_close(io);
}
END_TEST

/* As a device that has become read-only. */
static const struct fault no_writes = {
	.kind = FAULT_ERROR,
	.scope = FAULT_WRITES,
	.repeat = UINT64_MAX,
};

/* Every write fails until a change has come to nothing, or into doubt. */
static void fail_a_change(struct one *one)
{
	fault_io_set(one->faulty, &no_writes);
	order(one, 0, (struct change){ .kind = CHANGE_LOGOFF });
	ck_assert(comes(one, DISK_FAILED, PATIENCE_MS));
	fault_io_clear(one->faulty);
}

START_TEST(a_restart_after_a_failed_write_writes_no_image_before_t_late)
{
	struct disk_memory memory = { 0 };
	uint64_t began_ms;
	struct one a;

	start_remembering(&a, 1, 1, 100, &memory);
	log_on(&a, 0, 1, 1);
	began_ms = now_ms();
	fail_a_change(&a);
	stop(&a);
	start_remembering(&a, 1, 1, 101, &memory);
	log_on(&a, 0, 1, 1);
	ck_assert_uint_gt(now_ms() - began_ms, LATE_MS);
	ck_assert_uint_lt(now_ms() - began_ms, LATE_MS + 2000);
	stop(&a);
}
END_TEST

START_TEST(a_restart_after_a_kill_in_mid_write_writes_no_image_before_t_late)
{
	struct disk_memory memory = { 0 };
	uint64_t began_ms;
	struct one a;

	start_remembering(&a, 1, 1, 100, &memory);
	log_on(&a, 0, 1, 1);
	stop(&a);
	ck_assert(!atomic_load(&memory.writing));
	atomic_store(&memory.writing, true);
	start_remembering(&a, 1, 1, 101, &memory);
	began_ms = now_ms();
	log_on(&a, 0, 1, 1);
	ck_assert_uint_gt(now_ms() - began_ms, LATE_MS);
	stop(&a);
}
END_TEST

START_TEST(logged_off_is_not_said_while_a_failed_write_may_still_land)
{
	uint64_t began_ms;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	began_ms = now_ms();
	fail_a_change(&a);
	say_logged_off(&a);
	ck_assert_uint_ge(now_ms() - began_ms, LATE_MS);
	stop(&a);
}
END_TEST

START_TEST(a_device_that_can_only_be_read_is_silent_and_left_in_peace_and_read)
{
	struct fault_io_counts before;
	struct fault_io_counts after;
	struct one a;
	struct one b;

	start(&a, 1, 1, 100);
	start(&b, 2, 2, 200);
	log_on(&a, 0, 1, 1);
	fault_io_set(a.faulty, &no_writes);
	ck_assert(comes(&a, DISK_SILENT, PATIENCE_MS));
	ck_assert(!comes(&a, DISK_BACK, 2 * BEAT_MS));
	ck_assert_uint_ne(disk_silent_since(a.disk), 0);
	before = fault_io_counts(a.faulty);
	rest(10 * BEAT_MS);
	after = fault_io_counts(a.faulty);
	ck_assert_uint_le(after.writes - before.writes, 11);
	/* What others change is learned all the same. */
	log_on(&b, 1, 2, 2);
	while (a.tables->version < b.tables->version)
		ck_assert(comes(&a, DISK_LEARNED, PATIENCE_MS));
	fault_io_clear(a.faulty);
	ck_assert(comes(&a, DISK_BACK, PATIENCE_MS));
	stop(&a);
	stop(&b);
}
END_TEST

/* Copy the sector of a's beat to @sector, or back from it. */
static void carry_beat(const struct layout *layout, void *sector, bool back)
{
	struct io *io = control_open(&control);

	if (back)
		ck_assert_int_eq(io_write(io, layout_beat(layout, 0), sector, io->sector_size), 0);
	else
		ck_assert_int_eq(io_read(io, layout_beat(layout, 0), sector, io->sector_size), 0);
	io_close(io);
}

START_TEST(a_failed_beat_that_lands_late_is_no_older_disk_and_one_that_was_good_is)
{
	struct io *io = control_open(&control);
	void *good = io_buffer(io, SECTOR_MAX);
	void *failed = io_buffer(io, SECTOR_MAX);
	const struct super super = super_of(io);
	struct layout layout;
	struct one a;

	ck_assert_int_eq(layout_make(&layout, super.sector_size, &super.capacity), 0);
	io_close(io);
	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));
	carry_beat(&layout, good, false);
	fault_io_set(a.faulty, &(struct fault){ .kind = FAULT_LATE_ERROR, .scope = FAULT_WRITES,
						.repeat = 3 });
	ck_assert(comes(&a, DISK_SILENT, PATIENCE_MS));
	carry_beat(&layout, failed, false);
	ck_assert(comes(&a, DISK_BACK, PATIENCE_MS));
	ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));
	carry_beat(&layout, failed, true);
	for (int i = 0; i < 3; i++)
		ck_assert(comes(&a, DISK_BEAT, PATIENCE_MS));
	ck_assert_uint_eq(a.counts[DISK_BACK_IN_TIME], 0);
	carry_beat(&layout, good, true);
	ck_assert(comes(&a, DISK_BACK_IN_TIME, PATIENCE_MS));
	stop(&a);
	free(good);
	free(failed);
}
END_TEST

START_TEST(a_device_that_becomes_another_clusters_is_not_written_to_any_more)
{
	struct offline_checked *checked = calloc(1, sizeof(*checked));
	struct volctl_error error;
	struct one a;

	start(&a, 1, 1, 100);
	log_on(&a, 0, 1, 1);
	/* Nor may it take a poll to find out. */
	ck_assert_int_eq(disk_set_poll(a.disk, 2 * PATIENCE_MS, IO_TIMEOUT_MS), 0);
	rest(3 * POLL_MS);
	control_format(&control, "400ms");
	ck_assert(comes(&a, DISK_BACK_IN_TIME, PATIENCE_MS));
	rest(3 * BEAT_MS);
	ck_assert_int_eq(offline_check(control.path, checked, &error), 0);
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_eq(checked->version, 1);
	free(checked);
	stop(&a);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("disk");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_tables_are_learned_at_start);
	tcase_add_test(tests, a_clean_row_is_claimed_and_logged_on_at_once);
	tcase_add_test(tests, a_change_reaches_the_other_host_and_tables_come_before_the_answer);
	tcase_add_test(tests, changes_of_two_hosts_at_once_are_all_decided);
	tcase_add_test(tests, a_change_before_the_claim_is_not_made);
	tcase_add_test(tests, a_queue_of_changes_that_is_full_says_so);
	tcase_add_test(tests, a_restart_in_the_same_boot_does_not_wait);
	tcase_add_test(tests, a_restart_after_a_failed_write_writes_no_image_before_t_late);
	tcase_add_test(tests, a_restart_after_a_kill_in_mid_write_writes_no_image_before_t_late);
	tcase_add_test(tests, logged_off_is_not_said_while_a_failed_write_may_still_land);
	tcase_add_test(tests, an_unclean_end_in_an_earlier_boot_is_watched_for_t_dead);
	tcase_add_test(tests, a_row_that_lives_elsewhere_is_refused_and_the_other_named);
	tcase_add_test(tests, whoever_finds_another_tenant_in_his_row_stops_writing);
	tcase_add_test(tests, a_last_beat_that_says_logged_off_ends_beating_and_frees_the_row);
	tcase_add_test(tests, the_same_incarnation_may_log_on_again);
	tcase_add_test(tests, followed_beats_are_read_with_their_volumes);
	tcase_add_test(tests, a_notice_is_seen_by_others_only_with_the_beats_they_follow);
	tcase_add_test(tests, all_beats_are_read_when_asked_for);
	tcase_add_test(tests, a_join_request_is_left_found_and_taken_back);
	tcase_add_test(tests, a_disk_that_hangs_blocks_no_order_and_shows_while_it_hangs);
	tcase_add_test(tests, a_disk_that_hung_tells_so_and_goes_on);
	tcase_add_test(tests, a_failing_disk_is_silent_and_comes_back_by_itself);
	tcase_add_loop_test(
		tests, a_failure_at_any_operation_of_a_commit_ends_in_an_answer_or_in_nothing_done,
		0, 14);
	tcase_add_test(tests, a_damaged_hint_and_beat_are_written_anew);
	tcase_add_test(tests, an_unreadable_pair_blocks_commits_and_is_named);
	tcase_add_test(tests, a_replaced_device_is_gone_on_with_and_another_cluster_never);
	tcase_add_test(tests,
		       a_device_that_can_only_be_read_is_silent_and_left_in_peace_and_read);
	tcase_add_test(tests,
		       a_failed_beat_that_lands_late_is_no_older_disk_and_one_that_was_good_is);
	tcase_add_test(tests, a_device_that_becomes_another_clusters_is_not_written_to_any_more);
	tcase_add_test(tests, an_idle_host_reads_once_a_poll_and_writes_once_a_beat);
	tcase_add_test(tests, a_foreign_file_is_no_control_device);
	tcase_add_test(tests, one_good_superblock_is_enough_and_a_shrunken_device_is_refused);
	return unit_run("disk", tests);
}
