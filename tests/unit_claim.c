/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/claim.h"
#include "tests/unit.h"

/* T_self 8 s, T_dead 14 s, T_late 32 s, a beat every second. */
#define IO_TIMEOUT_MS 4000

static const struct id128 us = { { 1 } };
static const struct id128 them = { { 2 } };
static const struct id128 this_boot = { { 11 } };
static const struct id128 last_boot = { { 10 } };

static struct beat_read read_at(uint64_t issued_ms, uint64_t completed_ms, uint64_t incarnation,
				uint64_t counter)
{
	return (struct beat_read){
		.verdict = BLOCK_OK,
		.beat = {
			.incarnation = incarnation,
			.counter = counter,
			.machine = us,
			.boot = last_boot,
			.io_timeout_ms = IO_TIMEOUT_MS,
		},
		.issued_ms = issued_ms,
		.completed_ms = completed_ms,
	};
}

static enum peer_state look(struct peer_watch *watch, uint64_t issued_ms, uint64_t completed_ms,
			    uint64_t incarnation, uint64_t counter)
{
	const struct beat_read read = read_at(issued_ms, completed_ms, incarnation, counter);

	return peer_watch_read(watch, &read, IO_TIMEOUT_MS);
}

/* Read the same beat every second from @from_ms on, until the last read before @until_ms. */
static enum peer_state look_on(struct peer_watch *watch, uint64_t from_ms, uint64_t until_ms)
{
	enum peer_state state = peer_watch_state(watch);

	for (uint64_t at_ms = from_ms; at_ms < until_ms; at_ms += 1000)
		state = look(watch, at_ms, at_ms, watch->incarnation, watch->counter);
	return state;
}

START_TEST(times_follow_from_the_io_timeout)
{
	const struct timing timing = timing_of(IO_TIMEOUT_MS);

	ck_assert_uint_eq(timing.beat_every_ms, 1000);
	ck_assert_uint_eq(timing.self_ms, 8000);
	ck_assert_uint_eq(timing.dead_ms, 14000);
	ck_assert_uint_eq(timing.late_ms, 32000);
	/* T_dead >= (T_self + budget) x 1.02 */
	ck_assert_uint_ge(timing.dead_ms * 100, (timing.self_ms + IO_TIMEOUT_MS) * 102);
	ck_assert_uint_gt(timing_of(UINT32_MAX).late_ms, timing_of(UINT32_MAX).dead_ms);
	ck_assert_uint_gt(timing_of(UINT32_MAX).dead_ms, timing_of(UINT32_MAX).self_ms);
}
END_TEST

START_TEST(a_beat_seen_once_proves_nothing)
{
	struct peer_watch watch;

	peer_watch_begin(&watch);
	ck_assert_int_eq(peer_watch_state(&watch), PEER_UNKNOWN);
	ck_assert_int_eq(look(&watch, 0, 10, 7, 1), PEER_UNKNOWN);
	ck_assert_int_eq(look(&watch, 1000, 1010, 7, 1), PEER_UNKNOWN);
	ck_assert_int_eq(look(&watch, 2000, 2010, 7, 2), PEER_ALIVE);
}
END_TEST

START_TEST(late_and_dead_count_from_the_completion_of_the_first_read_to_the_issue_of_the_last)
{
	struct peer_watch watch;

	peer_watch_begin(&watch);
	look(&watch, 0, 0, 7, 1);
	ck_assert_int_eq(look(&watch, 900, 1000, 7, 2), PEER_ALIVE);
	ck_assert_int_eq(look_on(&watch, 2000, 9000), PEER_ALIVE);
	ck_assert_int_eq(look(&watch, 9000, 9500, 7, 2), PEER_ALIVE);	/* 8000 */
	ck_assert_int_eq(look(&watch, 9501, 9502, 7, 2), PEER_LATE);
	ck_assert_int_eq(look_on(&watch, 10000, 15000), PEER_LATE);
	/* Issued in time, completed late: only the issue counts. */
	ck_assert_int_eq(look(&watch, 15000, 16000, 7, 2), PEER_LATE);
	ck_assert_uint_eq(peer_watch_still_ms(&watch), 14000);
	ck_assert_int_eq(look(&watch, 16001, 16002, 7, 2), PEER_DEAD);
	ck_assert_int_eq(look(&watch, 17000, 17001, 7, 3), PEER_ALIVE);
}
END_TEST

START_TEST(a_new_incarnation_is_a_change_with_the_same_counter)
{
	struct peer_watch watch;

	peer_watch_begin(&watch);
	look(&watch, 0, 0, 7, 1);
	ck_assert_int_eq(look(&watch, 1000, 1000, 8, 1), PEER_ALIVE);
}
END_TEST

START_TEST(an_observer_that_did_not_look_begins_anew)
{
	struct peer_watch watch;

	peer_watch_begin(&watch);
	look(&watch, 0, 0, 7, 1);
	look_on(&watch, 1000, 13001);
	/* 4000 after the last completion is still a look in time. */
	ck_assert_int_eq(look(&watch, 17000, 17000, 7, 1), PEER_DEAD);
	peer_watch_begin(&watch);
	look(&watch, 0, 0, 7, 1);
	look_on(&watch, 1000, 13001);
	ck_assert_int_eq(look(&watch, 17001, 17001, 7, 1), PEER_UNKNOWN);
	ck_assert_uint_eq(peer_watch_still_ms(&watch), 0);
}
END_TEST

START_TEST(the_larger_io_timeout_counts)
{
	struct beat_read read = read_at(0, 0, 7, 1);
	struct peer_watch watch;

	peer_watch_begin(&watch);
	read.beat.io_timeout_ms = 2 * IO_TIMEOUT_MS;
	for (uint64_t at_ms = 0; at_ms <= 28000; at_ms += 1000) {
		read.issued_ms = read.completed_ms = at_ms;
		ck_assert_int_ne(peer_watch_read(&watch, &read, IO_TIMEOUT_MS), PEER_DEAD);
	}
	read.issued_ms = read.completed_ms = 28001;
	ck_assert_int_eq(peer_watch_read(&watch, &read, IO_TIMEOUT_MS), PEER_DEAD);
	peer_watch_begin(&watch);
	read.beat.io_timeout_ms = IO_TIMEOUT_MS / 2;
	for (uint64_t at_ms = 0; at_ms <= 14000; at_ms += 1000) {
		read.issued_ms = read.completed_ms = at_ms;
		ck_assert_int_ne(peer_watch_read(&watch, &read, IO_TIMEOUT_MS), PEER_DEAD);
	}
}
END_TEST

START_TEST(a_beat_that_says_logged_off_needs_no_watching)
{
	struct beat_read read = read_at(0, 0, 7, 1);
	struct peer_watch watch;

	peer_watch_begin(&watch);
	read.beat.logged_off = true;
	ck_assert_int_eq(peer_watch_read(&watch, &read, IO_TIMEOUT_MS), PEER_LOGGED_OFF);
	ck_assert_int_eq(look(&watch, 1000, 1000, 8, 1), PEER_ALIVE);
}
END_TEST

START_TEST(damage_counts_as_one_content_and_as_a_change_when_it_comes)
{
	struct beat_read damaged = { .verdict = BLOCK_DAMAGED };
	struct peer_watch watch;
	enum peer_state state = PEER_UNKNOWN;

	peer_watch_begin(&watch);
	look(&watch, 0, 0, 7, 1);
	for (uint64_t at_ms = 1000; at_ms <= 15000; at_ms += 1000) {
		damaged.issued_ms = damaged.completed_ms = at_ms;
		state = peer_watch_read(&watch, &damaged, IO_TIMEOUT_MS);
		ck_assert_int_ne(state, PEER_DEAD);
	}
	damaged.issued_ms = damaged.completed_ms = 15001;
	ck_assert_int_eq(peer_watch_read(&watch, &damaged, IO_TIMEOUT_MS), PEER_DEAD);
	ck_assert_int_eq(look(&watch, 15500, 15500, 7, 1), PEER_ALIVE);
}
END_TEST

/*
 * Claims.
 */

#define OURS 900

static struct claim_terms terms(struct id128 row_machine)
{
	return (struct claim_terms){
		.machine = us,
		.boot = this_boot,
		.incarnation = OURS,
		.row_machine = row_machine,
		.io_timeout_ms = IO_TIMEOUT_MS,
	};
}

static struct claim_todo begin(struct claim *claim, struct id128 row_machine)
{
	const struct claim_terms claim_terms = terms(row_machine);
	struct claim_todo todo;

	claim_begin(claim, &claim_terms);
	claim_step(claim, CLAIM_TICK, NULL, 0, &todo);
	return todo;
}

static struct claim_todo step(struct claim *claim, enum claim_event event, uint64_t now_ms)
{
	struct claim_todo todo;

	claim_step(claim, event, NULL, now_ms, &todo);
	return todo;
}

static struct claim_todo was_read(struct claim *claim, const struct beat_read *read)
{
	struct claim_todo todo;

	claim_step(claim, CLAIM_READ, read, read->completed_ms, &todo);
	return todo;
}

/* Our own beat, written and read back. */
static struct claim_todo write_and_read_back(struct claim *claim, uint64_t now_ms)
{
	const struct beat_read ours = read_at(now_ms, now_ms, OURS, 1);

	ck_assert_int_eq(step(claim, CLAIM_WRITTEN, now_ms).op, CLAIM_OP_READ);
	return was_read(claim, &ours);
}

/* Watch an unchanged beat for as long as the machine asks; returns when it wants to write. */
static uint64_t watch_out(struct claim *claim, struct beat_read *read)
{
	struct claim_todo todo = was_read(claim, read);

	while (todo.op != CLAIM_OP_WRITE) {
		ck_assert_int_eq(todo.op, CLAIM_OP_WAIT);
		ck_assert_int_eq(todo.report.state, CLAIM_WATCHING);
		ck_assert_uint_gt(todo.wake_at_ms, read->completed_ms);
		ck_assert_int_eq(step(claim, CLAIM_TICK, todo.wake_at_ms - 1).op, CLAIM_OP_WAIT);
		ck_assert_int_eq(step(claim, CLAIM_TICK, todo.wake_at_ms).op, CLAIM_OP_READ);
		read->issued_ms = read->completed_ms = todo.wake_at_ms;
		todo = was_read(claim, read);
	}
	return read->completed_ms;
}

START_TEST(a_clean_row_is_taken_without_waiting)
{
	struct beat_read last = read_at(0, 1, 7, 1);
	struct claim_todo todo;
	struct claim claim;

	ck_assert_int_eq(begin(&claim, us).op, CLAIM_OP_READ);
	last.beat.logged_off = true;
	ck_assert_int_eq(was_read(&claim, &last).op, CLAIM_OP_WRITE);
	todo = write_and_read_back(&claim, 2);
	ck_assert_int_eq(todo.report.state, CLAIM_DONE);
	ck_assert_int_eq(todo.op, CLAIM_OP_NONE);
	ck_assert(todo.report.clean);
	ck_assert(!todo.report.same_boot);
}
END_TEST

START_TEST(a_row_of_this_boot_is_taken_without_waiting)
{
	struct beat_read last = read_at(0, 1, 7, 1);
	struct claim claim;

	begin(&claim, us);
	last.beat.boot = this_boot;
	ck_assert_int_eq(was_read(&claim, &last).op, CLAIM_OP_WRITE);
	ck_assert(claim.report.same_boot);
	ck_assert(!claim.report.clean);
}
END_TEST

START_TEST(the_boot_id_of_another_machine_is_no_proof)
{
	struct beat_read last = read_at(0, 1, 7, 1);
	struct claim claim;

	begin(&claim, (struct id128){ { 0 } });
	last.beat.boot = this_boot;
	last.beat.machine = them;
	ck_assert_int_eq(was_read(&claim, &last).report.state, CLAIM_WATCHING);
	ck_assert(!claim.report.same_boot);
}
END_TEST

START_TEST(an_unclean_end_is_watched_for_t_dead_and_not_much_longer)
{
	struct beat_read last = read_at(0, 100, 7, 1);
	struct claim claim;
	uint64_t ended_ms;

	begin(&claim, us);
	ended_ms = watch_out(&claim, &last);
	ck_assert_uint_eq(ended_ms, 100 + 14000 + 1);
	ck_assert_int_eq(write_and_read_back(&claim, ended_ms).report.state, CLAIM_DONE);
	ck_assert(!claim.report.clean);
}
END_TEST

START_TEST(a_row_without_a_readable_beat_is_watched_too)
{
	struct beat_read last = { .verdict = BLOCK_ZEROED };
	struct claim claim;

	begin(&claim, us);
	ck_assert_uint_eq(watch_out(&claim, &last), 14001);
	ck_assert_int_eq(write_and_read_back(&claim, 14001).report.state, CLAIM_DONE);
}
END_TEST

START_TEST(a_beat_that_changes_while_it_is_watched_refuses_the_claim_and_is_named)
{
	struct beat_read last = read_at(0, 0, 7, 1);
	struct beat_read next = read_at(13000, 13000, 7, 2);
	struct claim_todo todo;
	struct claim claim;

	begin(&claim, us);
	was_read(&claim, &last);
	next.beat.machine = them;
	todo = was_read(&claim, &next);
	ck_assert_int_eq(todo.report.state, CLAIM_REFUSED_LIVE);
	ck_assert_int_eq(todo.op, CLAIM_OP_NONE);
	ck_assert_uint_eq(todo.report.other_incarnation, 7);
	ck_assert_mem_eq(&todo.report.other_machine, &them, sizeof(them));
}
END_TEST

START_TEST(a_beat_that_becomes_readable_while_it_is_watched_is_alive)
{
	struct beat_read last = { .verdict = BLOCK_DAMAGED };
	struct beat_read next = read_at(1000, 1000, 7, 1);
	struct claim claim;

	begin(&claim, us);
	was_read(&claim, &last);
	ck_assert_int_eq(was_read(&claim, &next).report.state, CLAIM_REFUSED_LIVE);
}
END_TEST

START_TEST(a_tenant_that_logs_off_while_it_is_watched_ends_the_watch)
{
	struct beat_read last = read_at(0, 0, 7, 1);
	struct beat_read next = read_at(1000, 1000, 7, 2);
	struct claim_todo todo;
	struct claim claim;

	begin(&claim, us);
	was_read(&claim, &last);
	next.beat.logged_off = true;
	todo = was_read(&claim, &next);
	ck_assert_int_eq(todo.op, CLAIM_OP_WRITE);
	ck_assert(todo.report.clean);
}
END_TEST

START_TEST(a_row_of_another_machine_is_refused_before_anything_is_read)
{
	struct claim_todo todo;
	struct claim claim;

	todo = begin(&claim, them);
	ck_assert_int_eq(todo.op, CLAIM_OP_NONE);
	ck_assert_int_eq(todo.report.state, CLAIM_REFUSED_MACHINE);
	ck_assert_mem_eq(&todo.report.other_machine, &them, sizeof(them));
}
END_TEST

START_TEST(after_another_machine_the_beat_is_read_back_after_t_late)
{
	struct beat_read last = read_at(0, 0, 7, 1);
	struct beat_read ours = read_at(0, 0, OURS, 1);
	struct claim_todo todo;
	struct claim claim;
	uint64_t at_ms;

	begin(&claim, (struct id128){ { 0 } });
	last.beat.machine = them;
	at_ms = watch_out(&claim, &last);
	todo = write_and_read_back(&claim, at_ms);
	ck_assert_int_eq(todo.report.state, CLAIM_SETTLING);
	ck_assert_uint_eq(todo.wake_at_ms, at_ms + 32000);
	ck_assert_int_eq(step(&claim, CLAIM_TICK, at_ms + 31999).op, CLAIM_OP_WAIT);
	ck_assert_int_eq(step(&claim, CLAIM_TICK, at_ms + 32000).op, CLAIM_OP_READ);
	ours.issued_ms = ours.completed_ms = at_ms + 32000;
	ck_assert_int_eq(was_read(&claim, &ours).report.state, CLAIM_DONE);
}
END_TEST

START_TEST(whoever_does_not_read_back_himself_is_refused)
{
	struct beat_read last = read_at(0, 0, 7, 1);
	struct beat_read other = read_at(5, 5, 8, 1);
	struct claim claim;

	begin(&claim, us);
	last.beat.logged_off = true;
	was_read(&claim, &last);
	step(&claim, CLAIM_WRITTEN, 3);
	ck_assert_int_eq(was_read(&claim, &other).report.state, CLAIM_REFUSED_LIVE);
	ck_assert_uint_eq(claim.report.other_incarnation, 8);
}
END_TEST

START_TEST(a_beat_that_reads_back_damaged_is_written_again)
{
	struct beat_read last = read_at(0, 0, 7, 1);
	struct beat_read damaged = { .verdict = BLOCK_DAMAGED, .issued_ms = 5, .completed_ms = 5 };
	struct claim claim;

	begin(&claim, us);
	last.beat.logged_off = true;
	was_read(&claim, &last);
	step(&claim, CLAIM_WRITTEN, 3);
	ck_assert_int_eq(was_read(&claim, &damaged).op, CLAIM_OP_WRITE);
	ck_assert_int_eq(write_and_read_back(&claim, 6).report.state, CLAIM_DONE);
}
END_TEST

START_TEST(what_fails_is_tried_again_a_beat_later)
{
	struct beat_read last = read_at(2000, 2000, 7, 1);
	struct claim_todo todo;
	struct claim claim;

	begin(&claim, us);
	todo = step(&claim, CLAIM_IO_FAILED, 500);
	ck_assert_int_eq(todo.op, CLAIM_OP_WAIT);
	ck_assert_uint_eq(todo.wake_at_ms, 1500);
	ck_assert_int_eq(step(&claim, CLAIM_TICK, 1499).op, CLAIM_OP_WAIT);
	ck_assert_int_eq(step(&claim, CLAIM_TICK, 1500).op, CLAIM_OP_READ);
	last.beat.logged_off = true;
	ck_assert_int_eq(was_read(&claim, &last).op, CLAIM_OP_WRITE);
	ck_assert_int_eq(step(&claim, CLAIM_IO_FAILED, 3000).op, CLAIM_OP_WAIT);
	ck_assert_int_eq(step(&claim, CLAIM_TICK, 4000).op, CLAIM_OP_WRITE);
}
END_TEST

START_TEST(a_watcher_that_slept_watches_anew)
{
	struct beat_read last = read_at(0, 0, 7, 1);
	struct claim claim;

	begin(&claim, us);
	was_read(&claim, &last);
	last.issued_ms = last.completed_ms = 20000;	/* suspended, and the other with us */
	ck_assert_int_eq(was_read(&claim, &last).report.state, CLAIM_WATCHING);
	ck_assert_uint_eq(claim.report.watch_until_ms, 34000);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("claim");

	tcase_add_test(tests, times_follow_from_the_io_timeout);
	tcase_add_test(tests, a_beat_seen_once_proves_nothing);
	tcase_add_test(tests,
		late_and_dead_count_from_the_completion_of_the_first_read_to_the_issue_of_the_last);
	tcase_add_test(tests, a_new_incarnation_is_a_change_with_the_same_counter);
	tcase_add_test(tests, an_observer_that_did_not_look_begins_anew);
	tcase_add_test(tests, the_larger_io_timeout_counts);
	tcase_add_test(tests, a_beat_that_says_logged_off_needs_no_watching);
	tcase_add_test(tests, damage_counts_as_one_content_and_as_a_change_when_it_comes);
	tcase_add_test(tests, a_clean_row_is_taken_without_waiting);
	tcase_add_test(tests, a_row_of_this_boot_is_taken_without_waiting);
	tcase_add_test(tests, the_boot_id_of_another_machine_is_no_proof);
	tcase_add_test(tests, an_unclean_end_is_watched_for_t_dead_and_not_much_longer);
	tcase_add_test(tests, a_row_without_a_readable_beat_is_watched_too);
	tcase_add_test(tests,
		       a_beat_that_changes_while_it_is_watched_refuses_the_claim_and_is_named);
	tcase_add_test(tests, a_beat_that_becomes_readable_while_it_is_watched_is_alive);
	tcase_add_test(tests, a_tenant_that_logs_off_while_it_is_watched_ends_the_watch);
	tcase_add_test(tests, a_row_of_another_machine_is_refused_before_anything_is_read);
	tcase_add_test(tests, after_another_machine_the_beat_is_read_back_after_t_late);
	tcase_add_test(tests, whoever_does_not_read_back_himself_is_refused);
	tcase_add_test(tests, a_beat_that_reads_back_damaged_is_written_again);
	tcase_add_test(tests, what_fails_is_tried_again_a_beat_later);
	tcase_add_test(tests, a_watcher_that_slept_watches_anew);
	return unit_run("claim", tests);
}
