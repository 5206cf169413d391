/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "tests/chance.h"
#include "tests/unit.h"
#include "tests/world.h"

static struct world world;

static uint64_t ask(unsigned int host, unsigned int volume)
{
	return world_order(&world, host, (struct host_command){
		.kind = COMMAND_REQUEST, .volume = (uint16_t)volume, .wait = true,
		.text = "colour correction" });
}

static uint64_t order(unsigned int host, enum host_command_kind kind, uint16_t volume)
{
	return world_order(&world, host, (struct host_command){ .kind = kind, .volume = volume });
}

static uint64_t answer_to(unsigned int host, uint64_t request, bool yes, const char *text)
{
	struct host_command command = { .kind = COMMAND_ANSWER, .volume = SLOT_NONE,
					.request = request, .yes = yes };

	snprintf(command.text, sizeof(command.text), "%s", text);
	return world_order(&world, host, command);
}

static const struct host_answer *answer(uint64_t token)
{
	const struct host_answer *found = world_answer(&world, token);

	ck_assert_msg(found != NULL, "not answered");
	return found;
}

/* h0 writes v0; the others read. */
static void begin_with_writer(unsigned int hosts)
{
	world_begin(&world, hosts, 2);
	ask(0, 0);
	world_settle(&world);
	ck_assert(world_writes(&world, 0, 0));
}

static uint64_t waiting_request(void)
{
	for (uint16_t i = 0; i < world.tables->request_count; i++)
		if (world.tables->requests[i].state == REQUEST_WAITING)
			return world.tables->requests[i].id;
	ck_abort_msg("no request waits");
}

START_TEST(after_log_on_everybody_reads_and_nobody_writes)
{
	world_begin(&world, 3, 2);
	for (unsigned int h = 0; h < 3; h++) {
		ck_assert_int_eq(world.hosts[h].host->phase, HOST_ONLINE);
		for (unsigned int v = 0; v < 2; v++)
			ck_assert_int_eq(world.hosts[h].kernel.mounted[v], MOUNTED_VIEW);
	}
	world_end(&world);
}
END_TEST

START_TEST(a_volume_without_a_writer_is_granted_at_once)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	token = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_WRITING);
	world_end(&world);
}
END_TEST

START_TEST(a_yes_hands_the_volume_over)
{
	uint64_t asked, answered;

	begin_with_writer(2);
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_ptr_null(world_answer(&world, asked));
	ck_assert(world_writes(&world, 0, 0));
	answered = answer_to(0, waiting_request(), true, "");
	world_settle(&world);
	ck_assert_int_eq(answer(answered)->exit, EXIT_DONE);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_no_carries_its_text_and_changes_nothing)
{
	uint64_t asked;

	begin_with_writer(2);
	asked = ask(1, 0);
	world_settle(&world);
	answer_to(0, waiting_request(), false, "in ten minutes");
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_str_eq(answer(asked)->message, "in ten minutes");
	ck_assert(world_writes(&world, 0, 0));
	world_end(&world);
}
END_TEST

START_TEST(nobody_answering_is_the_default_answer_when_the_time_is_over)
{
	uint64_t asked;

	begin_with_writer(2);
	world_set(&world, "[volume v0]\nanswer-within = 60s\n");
	asked = ask(1, 0);
	world_settle(&world);
	world_pass(&world, 59500);
	ck_assert_ptr_null(world_answer(&world, asked));
	world_pass(&world, 1000);
	ck_assert_int_eq(answer(asked)->exit, EXIT_TIMED_OUT);
	ck_assert(world_writes(&world, 0, 0));

	world_set(&world, "[volume v0]\nanswer-default = yes\n");
	asked = ask(1, 0);
	world_pass(&world, 61000);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	world_end(&world);
}
END_TEST

START_TEST(open_files_turn_a_yes_into_a_no_that_names_them)
{
	uint64_t asked, answered;

	begin_with_writer(2);
	world.hosts[0].kernel.files_open[0] = true;
	asked = ask(1, 0);
	world_settle(&world);
	answered = answer_to(0, waiting_request(), true, "");
	world_settle(&world);
	ck_assert_int_eq(answer(answered)->exit, EXIT_REFUSED);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_ptr_nonnull(strstr(answer(asked)->message, "rsync, pid 812"));
	ck_assert(world_writes(&world, 0, 0));
	world_end(&world);
}
END_TEST

START_TEST(auto_says_yes_without_anybody)
{
	uint64_t asked;

	begin_with_writer(2);
	world_set(&world, "[host h0]\nanswer = auto\n");
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	world_end(&world);
}
END_TEST

START_TEST(auto_names_what_is_left_of_the_minimum_hold_time)
{
	uint64_t asked;

	begin_with_writer(2);
	world_set(&world, "[host h0]\nanswer = auto\n[volume v0]\nmin-hold = 30s\n");
	world_pass(&world, 10000);
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_str_eq(answer(asked)->message, "taken over only 10 s ago: ask again in 20 s");
	world_pass(&world, 19750);
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	world_pass(&world, 250);
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	world_end(&world);
}
END_TEST

START_TEST(auto_asks_the_hook_last)
{
	uint64_t asked;

	begin_with_writer(2);
	world_set(&world, "[host h0]\nanswer = auto\n");
	world.hosts[0].host->config.has_hook = true;
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_str_eq(answer(asked)->message, "a render is in progress");
	world.hosts[0].hook_says_yes = true;
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	world_end(&world);
}
END_TEST

START_TEST(two_requesters_are_served_in_their_order)
{
	uint64_t first, second;

	begin_with_writer(3);
	world_set(&world, "[host h0]\nanswer = auto\n[host h1]\nanswer = ask\n");
	world.hosts[0].host->suspended = true;	/* so that both wait in the queue */
	first = ask(1, 0);
	world_settle(&world);
	second = ask(2, 0);
	world_settle(&world);
	world.hosts[0].host->suspended = false;
	world_settle(&world);
	ck_assert_int_eq(answer(first)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	ck_assert_ptr_null(world_answer(&world, second));
	answer_to(1, waiting_request(), true, "");
	world_settle(&world);
	ck_assert_int_eq(answer(second)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 2, 0));
	world_end(&world);
}
END_TEST

START_TEST(nothing_is_asked_for_while_programs_here_hold_the_view)
{
	uint64_t asked;

	begin_with_writer(2);
	world.hosts[1].kernel.readers[0] = true;
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_str_eq(answer(asked)->code, "busy-here");
	ck_assert_uint_eq(answer(asked)->holder_count, 1);
	ck_assert_uint_eq(world.tables->request_count, 1);	/* h0's own, from the beginning */

	asked = world_order(&world, 1, (struct host_command){
		.kind = COMMAND_REQUEST, .volume = 0, .wait = true, .over_readers = true });
	world_settle(&world);
	answer_to(0, waiting_request(), true, "");
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_mount_that_fails_after_the_grant_returns_the_right)
{
	uint64_t asked;

	begin_with_writer(2);
	world_set(&world, "[host h0]\nanswer = auto\n");
	world.hosts[1].kernel.broken[0] = true;
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_ptr_nonnull(strstr(answer(asked)->message, "Structure needs cleaning"));
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_release_leaves_everybody_reading)
{
	uint64_t token;

	begin_with_writer(2);
	token = order(0, COMMAND_RELEASE, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_release_is_refused_while_files_are_open)
{
	uint64_t token;

	begin_with_writer(2);
	world.hosts[0].kernel.files_open[0] = true;
	token = order(0, COMMAND_RELEASE, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_REFUSED);
	ck_assert_uint_eq(answer(token)->holder_count, 1);
	ck_assert(world_writes(&world, 0, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_view_is_refreshed_when_the_writer_has_published)
{
	begin_with_writer(2);
	world.contents[0] = 7;
	world_pass(&world, 6000);
	ck_assert_uint_eq(world.hosts[1].kernel.generation[0], 7);
	ck_assert(!host_view_is_stale(world.hosts[1].host, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_view_that_programs_hold_is_reported_and_refreshed_when_they_let_go)
{
	begin_with_writer(2);
	world.hosts[1].kernel.readers[0] = true;
	world.contents[0] = 7;
	world_pass(&world, 6000);
	ck_assert(host_view_is_stale(world.hosts[1].host, 0));
	ck_assert_uint_eq(world.hosts[1].host->volumes[0].holder_count, 1);
	ck_assert_uint_eq(world.news_counts[NEWS_VIEW_BUSY], 1);
	world.hosts[1].kernel.readers[0] = false;
	world_pass(&world, 2000);
	ck_assert_uint_eq(world.hosts[1].kernel.generation[0], 7);
	ck_assert(!host_view_is_stale(world.hosts[1].host, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_view_without_auto_update_waits_for_the_order)
{
	uint64_t token;

	begin_with_writer(2);
	world_set(&world, "[access v0 h1]\nauto-update = no\n");
	world.contents[0] = 7;
	world_pass(&world, 6000);
	ck_assert_uint_ne(world.hosts[1].kernel.generation[0], 7);
	token = order(1, COMMAND_REFRESH, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert_uint_eq(world.hosts[1].kernel.generation[0], 7);
	world_end(&world);
}
END_TEST

START_TEST(a_stop_gives_everything_back)
{
	begin_with_writer(2);
	host_stop(world.hosts[0].host, 30000);
	world_settle(&world);
	ck_assert(world.hosts[0].stopped && world.hosts[0].stopped_clean);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert(!world.tables->hosts[0].logged_on);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_NOT);
	world_end(&world);
}
END_TEST

START_TEST(a_stop_ends_in_time_and_keeps_the_right_while_files_are_open)
{
	begin_with_writer(2);
	world.hosts[0].kernel.files_open[0] = true;
	host_stop(world.hosts[0].host, 30000);
	world_pass(&world, 29000);
	ck_assert(!world.hosts[0].stopped);
	world_pass(&world, 2000);
	ck_assert(world.hosts[0].stopped && !world.hosts[0].stopped_clean);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_WRITING);
	ck_assert(world_writes(&world, 0, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_daemon_that_starts_again_goes_on_with_its_mount)
{
	uint64_t epoch;

	begin_with_writer(2);
	epoch = world.tables->volumes[0].writer.epoch;
	world_kill(&world, 0);
	world_start(&world, 0, false);
	world_settle(&world);
	ck_assert(world_writes(&world, 0, 0));
	ck_assert(host_is_writer(world.hosts[0].host, 0));
	ck_assert_uint_gt(world.tables->volumes[0].writer.epoch, epoch);
	ck_assert_uint_eq(world.news_counts[NEWS_ACCESS_LOST], 0);
	world_end(&world);
}
END_TEST

START_TEST(what_a_restarted_daemon_publishes_is_newer_than_all_before)
{
	begin_with_writer(2);
	for (unsigned int i = 1; i <= 5; i++) {
		world.contents[0] = i;
		world_pass(&world, 6000);
	}
	ck_assert_uint_eq(world.hosts[1].kernel.generation[0], 5);
	world_kill(&world, 0);
	world_start(&world, 0, false);
	world_settle(&world);
	world.contents[0] = 6;
	world_pass(&world, 6000);
	ck_assert_uint_eq(world.hosts[1].kernel.generation[0], 6);
	world_end(&world);
}
END_TEST

START_TEST(after_a_reboot_a_host_holds_nothing)
{
	begin_with_writer(2);
	world_kill(&world, 0);
	world_start(&world, 0, true);
	world_settle(&world);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_daemon_killed_in_mid_release_finds_it_given_up)
{
	begin_with_writer(2);
	order(0, COMMAND_RELEASE, 0);
	world.hosts[0].jobs_wait = true;
	world_look(&world, 0);		/* the pre-flush is under way */
	world_jobs_end(&world, 0);
	world_look(&world, 0);		/* the giving up is */
	world.hosts[0].kernel.mounted[0] = MOUNTED_ENDED;	/* done, and nobody hears of it */
	world.hosts[0].jobs_wait = false;
	world_kill(&world, 0);
	world_start(&world, 0, false);
	world_settle(&world);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_run_keeps_auto_from_giving_and_gives_back_when_done)
{
	uint64_t run, asked, done;

	world_begin(&world, 2, 1);
	world_set(&world, "[host h0]\nanswer = auto\n");
	run = world_order(&world, 0, (struct host_command){ .kind = COMMAND_REQUEST, .volume = 0,
							    .wait = true, .run = true });
	world_settle(&world);
	ck_assert_int_eq(answer(run)->exit, EXIT_DONE);
	ck_assert(!answer(run)->had_access);
	asked = ask(1, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_REFUSED);
	ck_assert_ptr_nonnull(strstr(answer(asked)->message, "volctl run"));
	done = world_order(&world, 0, (struct host_command){ .kind = COMMAND_DONE,
							     .volume = SLOT_NONE,
							     .run_token = run });
	world_settle(&world);
	ck_assert(answer(done)->given_up);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_run_on_a_host_that_writes_already_leaves_it_the_writer)
{
	uint64_t run, done;

	begin_with_writer(2);
	run = world_order(&world, 0, (struct host_command){ .kind = COMMAND_REQUEST, .volume = 0,
							    .wait = true, .run = true });
	world_settle(&world);
	ck_assert(answer(run)->had_access);
	done = world_order(&world, 0, (struct host_command){ .kind = COMMAND_DONE,
							     .volume = SLOT_NONE,
							     .run_token = run });
	world_settle(&world);
	ck_assert(!answer(done)->given_up);
	ck_assert(world_writes(&world, 0, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_suspended_host_neither_answers_nor_refreshes)
{
	uint64_t asked;

	begin_with_writer(2);
	world_set(&world, "[host h0]\nanswer = auto\n");
	order(0, COMMAND_SUSPEND, SLOT_NONE);
	world_settle(&world);
	asked = ask(1, 0);
	world_pass(&world, 5000);
	ck_assert_ptr_null(world_answer(&world, asked));
	order(0, COMMAND_RESUME, SLOT_NONE);
	world_pass(&world, 1000);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	world_end(&world);
}
END_TEST

START_TEST(a_log_off_is_called_off_by_open_files)
{
	uint64_t token;

	begin_with_writer(2);
	world.hosts[0].kernel.files_open[0] = true;
	token = order(0, COMMAND_LOGOFF, SLOT_NONE);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_REFUSED);
	ck_assert_int_eq(world.hosts[0].host->phase, HOST_ONLINE);
	world.hosts[0].kernel.files_open[0] = false;
	token = order(0, COMMAND_LOGOFF, SLOT_NONE);
	world_pass(&world, 2000);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert_int_eq(world.hosts[0].host->phase, HOST_OFF);
	token = order(0, COMMAND_LOGON, SLOT_NONE);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	world_end(&world);
}
END_TEST

START_TEST(what_somebody_else_has_mounted_is_left_alone_until_it_is_gone)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	world_kill(&world, 1);
	world.hosts[1].kernel.mounted[0] = MOUNTED_FOREIGN;
	world_start(&world, 1, false);
	world_settle(&world);
	token = order(1, COMMAND_MOUNT, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_FAILED);
	token = ask(1, 0);
	world_settle(&world);
	ck_assert_str_eq(answer(token)->code, "mounted-elsewhere");
	ck_assert_int_eq(world.hosts[1].kernel.mounted[0], MOUNTED_FOREIGN);

	world.hosts[1].kernel.mounted[0] = MOUNTED_NOT;
	token = order(1, COMMAND_MOUNT, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert_int_eq(world.hosts[1].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_volume_without_a_device_is_tried_once_and_again_when_it_comes)
{
	world_begin(&world, 1, 1);
	world_set(&world, "[volume v0]\nenabled = no\n");
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_NOT);
	world_device(&world, 0, 0, false);
	world_set(&world, "[volume v0]\nenabled = yes\n");
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].host->volumes[0].outcome, MOUNT_NO_DEVICE);
	ck_assert_uint_eq(host_wake_at(world.hosts[0].host), UINT64_MAX);

	world_device(&world, 0, 0, true);
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_volume_without_a_device_is_not_tried_at_log_on_before_it_comes)
{
	world_begin(&world, 1, 1);
	world_kill(&world, 0);
	world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
	world.hosts[0].kernel.unplugged[0] = true;
	world_start(&world, 0, false);
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].host->phase, HOST_ONLINE);
	ck_assert_int_eq(world.hosts[0].host->volumes[0].outcome, MOUNT_NO_DEVICE);
	ck_assert_uint_eq(host_wake_at(world.hosts[0].host), UINT64_MAX);

	world_device(&world, 0, 0, true);
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_host_that_must_not_go_on_stops_writing_at_once)
{
	begin_with_writer(2);
	world_stop_for_good(&world, 0);
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].host->phase, HOST_REFUSED);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_ENDED);
	/* Nothing is committed any more. */
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_WRITING);
	world_end(&world);

	begin_with_writer(2);
	world.hosts[0].kernel.files_open[0] = true;
	world_stop_for_good(&world, 0);
	world_settle(&world);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_NOT);
	ck_assert_uint_eq(world.news_counts[NEWS_ACCESS_LOST], 1);
	world_end(&world);
}
END_TEST

/* The control device of one host does not answer, or answers again. */
static void control(unsigned int host, bool silent)
{
	struct host_event event = { .kind = silent ? HOST_EV_SILENT : HOST_EV_BACK,
				    .text = "the control device", .now_s = 1000 };

	host_step(world.hosts[host].host, &event, world.now_ms);
	world_look(&world, host);
}

START_TEST(while_the_control_device_is_silent_nothing_is_given_up_and_orders_say_so)
{
	uint64_t token;

	begin_with_writer(2);
	control(0, true);
	token = order(0, COMMAND_RELEASE, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_UNREACHABLE);
	ck_assert_str_eq(answer(token)->code, "control-device");
	ck_assert(world_writes(&world, 0, 0));
	token = ask(0, 1);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_UNREACHABLE);
	ck_assert_int_eq(world.tables->volumes[1].phase, PHASE_FREE);
	/* what needs no tables goes on */
	token = ask(0, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);

	control(0, false);
	token = order(0, COMMAND_RELEASE, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	world_end(&world);
}
END_TEST

START_TEST(a_yes_waits_until_the_control_device_answers_again)
{
	uint64_t asked;

	world_begin(&world, 2, 1);
	world_set(&world, "[host h0]\nanswer = auto\n[volume v0]\nmin-hold = 0s\n");
	ask(0, 0);
	world_settle(&world);
	asked = ask(1, 0);
	world_look(&world, 1);
	control(0, true);
	world_settle(&world);
	ck_assert(world_writes(&world, 0, 0));
	control(0, false);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	world_end(&world);
}
END_TEST

START_TEST(who_waits_for_the_tables_is_told_after_an_io_timeout_of_silence)
{
	uint64_t token;

	begin_with_writer(1);
	world.hosts[0].jobs_wait = true;
	token = order(0, COMMAND_RELEASE, 0);
	world_look(&world, 0);
	control(0, true);
	world_pass(&world, world.tables->io_timeout_ms - 100);
	ck_assert_ptr_null(world_answer(&world, token));
	world_pass(&world, 200);
	ck_assert_int_eq(answer(token)->exit, EXIT_UNREACHABLE);
	ck_assert_str_eq(answer(token)->code, "unknown");
	world.hosts[0].jobs_wait = false;
	world_end(&world);
}
END_TEST

START_TEST(what_was_unmounted_by_hand_is_noticed)
{
	begin_with_writer(2);
	world.hosts[1].kernel.mounted[0] = MOUNTED_NOT;
	world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
	world_mounts_moved(&world, 0);
	world_mounts_moved(&world, 1);
	world_pass(&world, 2000);
	ck_assert_int_eq(world.hosts[1].kernel.mounted[0], MOUNTED_VIEW);
	/* Nothing is held by the writer any more: it has given the volume up. */
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(an_unmount_by_hand_is_no_proof_while_a_copy_of_the_mount_lives)
{
	begin_with_writer(2);
	world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
	world.hosts[0].kernel.elsewhere[0] = true;
	world_mounts_moved(&world, 0);
	world_pass(&world, 5000);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_WRITING);
	/* Nor is it one for a daemon that starts again. */
	world_kill(&world, 0);
	world_start(&world, 0, false);
	world_pass(&world, 5000);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_WRITING);

	world.hosts[0].kernel.elsewhere[0] = false;
	world_pass(&world, 5000);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_bad_mount_keeps_a_host_away_only_if_told_so)
{
	for (int ignore_bad = 0; ignore_bad < 2; ignore_bad++) {
		world_begin(&world, 1, 2);
		world_kill(&world, 0);
		world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
		world.hosts[0].kernel.unplugged[0] = true;
		world.hosts[0].config.ignore_bad = ignore_bad;
		world_start(&world, 0, false);
		world_settle(&world);
		ck_assert_int_eq(world.hosts[0].host->phase, ignore_bad ? HOST_ONLINE : HOST_OFF);
		ck_assert_int_eq(world.hosts[0].kernel.mounted[1],
				 ignore_bad ? MOUNTED_VIEW : MOUNTED_NOT);
		ck_assert(ignore_bad || strstr(world.hosts[0].host->trouble, "ignore-bad = no"));
		world_end(&world);
	}
}
END_TEST

START_TEST(a_log_off_while_a_grant_is_being_mounted_gives_it_back_in_order)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	world.hosts[0].jobs_wait = true;
	ask(0, 0);
	world_look(&world, 0);		/* who reads here? */
	world_jobs_end(&world, 0);
	world_look(&world, 0);		/* granted; the mount is under way */
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_GRANTING);
	token = order(0, COMMAND_LOGOFF, SLOT_NONE);
	world_look(&world, 0);
	world.hosts[0].jobs_wait = false;
	world_jobs_end(&world, 0);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert_int_eq(world.tables->volumes[0].phase, PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_NOT);
	world_end(&world);
}
END_TEST

START_TEST(a_right_whose_return_is_under_way_is_not_used_any_more)
{
	struct world_host *h0 = &world.hosts[0];

	begin_with_writer(2);
	ask(1, 1);
	world_settle(&world);
	ask(0, 1);
	world_settle(&world);
	h0->kernel.files_open[0] = true;
	h0->jobs_wait = true;
	h0->commits_wait = true;
	order(0, COMMAND_LOGOFF, SLOT_NONE);
	world_look(&world, 0);
	answer_to(1, waiting_request(), true, "");
	world_look(&world, 1);
	ck_assert_uint_eq(world.tables->volumes[1].writer.host, 0);
	world_look(&world, 0);
	world_jobs_end(&world, 0);
	world_look(&world, 0);
	ck_assert_int_eq(h0->change.kind, CHANGE_RETURN);
	/* The log off is called off by files that are open on the other volume. */
	world_jobs_end(&world, 0);
	world_look(&world, 0);
	ck_assert_int_eq(h0->host->phase, HOST_ONLINE);
	for (unsigned int i = 0; i < h0->job_count; i++)
		ck_assert_int_ne(h0->jobs[i].op, MOUNT_WRITE);
	h0->commits_wait = false;
	world_commit_ends(&world, 0);
	h0->jobs_wait = false;
	world_jobs_end(&world, 0);
	world_settle(&world);
	ck_assert_int_eq(world.tables->volumes[1].phase, PHASE_FREE);
	ck_assert(!world_writes(&world, 0, 1));
	world_end(&world);
}
END_TEST

/*
 * Users, crashes and reboots at random: never two writers, every order answered once, nobody
 * stuck.
 */
static void random_life(uint64_t seed)
{
	struct chance chance = { .state = seed };
	uint64_t tokens[64];
	unsigned int asked = 0;

	world_begin(&world, 3, 2);
	world_set(&world, "[host h0]\nanswer = auto\n[host h1]\nanswer = auto\n"
		  "[volume v0]\nanswer-within = 2s\n[volume v1]\nanswer-within = 2s\n");
	for (unsigned int i = 0; i < 120; i++) {
		unsigned int h = (unsigned int)chance_below(&chance, 3);
		unsigned int v = (unsigned int)chance_below(&chance, 2);
		struct world_host *host = &world.hosts[h];

		switch (chance_below(&chance, 12)) {
		case 0:
		case 1:
		case 2:
			if (asked < 64)
				tokens[asked++] = ask(h, v);
			break;
		case 3:
			order(h, COMMAND_RELEASE, (uint16_t)v);
			break;
		case 4:
			host->kernel.files_open[v] = !host->kernel.files_open[v];
			break;
		case 5:
			host->kernel.readers[v] = !host->kernel.readers[v];
			break;
		case 6:
			host->kernel.broken[v] = !host->kernel.broken[v];
			break;
		case 7:
			world_kill(&world, h);
			world_start(&world, h, chance_below(&chance, 2));
			/* its callers are gone with it, and nobody else's are told apart */
			asked = 0;
			break;
		case 8:
			order(h, COMMAND_LOGOFF, SLOT_NONE);
			break;
		case 9:
			order(h, COMMAND_LOGON, SLOT_NONE);
			break;
		case 10:
			host->jobs_wait = !host->jobs_wait;
			if (!host->jobs_wait)
				world_jobs_end(&world, h);
			break;
		default:
			world.contents[v]++;
			break;
		}
		if (chance_below(&chance, 2))
			world_look(&world, h);
		else
			world_pass(&world, chance_below(&chance, 1500));
	}
	for (unsigned int h = 0; h < 3; h++) {
		struct world_kernel *kernel = &world.hosts[h].kernel;

		memset(kernel->files_open, 0, sizeof(kernel->files_open));
		memset(kernel->readers, 0, sizeof(kernel->readers));
		memset(kernel->broken, 0, sizeof(kernel->broken));
		world.hosts[h].jobs_wait = false;
		world_jobs_end(&world, h);
		order(h, COMMAND_LOGON, SLOT_NONE);
	}
	world_pass(&world, 30000);
	/* nobody had to be stopped */
	ck_assert_uint_eq(world.news_counts[NEWS_ACCESS_LOST], 0);
	for (unsigned int i = 0; i < asked; i++)
		ck_assert_msg(world_answer(&world, tokens[i]) != NULL,
			      "seed %llu: order %u waits for ever", (unsigned long long)seed, i);
	for (unsigned int h = 0; h < 3; h++)
		for (unsigned int v = 0; v < 2; v++)
			ck_assert_msg(world.hosts[h].kernel.mounted[v] != MOUNTED_NOT,
				      "seed %llu: h%u has v%u not mounted",
				      (unsigned long long)seed, h, v);
	world_end(&world);
}

START_TEST(whatever_happens_there_are_never_two_writers_and_nobody_waits_for_ever)
{
	for (uint64_t seed = 1; seed <= 300; seed++)
		random_life(seed);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("host");

	tcase_add_test(tests, after_log_on_everybody_reads_and_nobody_writes);
	tcase_add_test(tests, a_volume_without_a_writer_is_granted_at_once);
	tcase_add_test(tests, a_yes_hands_the_volume_over);
	tcase_add_test(tests, a_no_carries_its_text_and_changes_nothing);
	tcase_add_test(tests, nobody_answering_is_the_default_answer_when_the_time_is_over);
	tcase_add_test(tests, open_files_turn_a_yes_into_a_no_that_names_them);
	tcase_add_test(tests, auto_says_yes_without_anybody);
	tcase_add_test(tests, auto_names_what_is_left_of_the_minimum_hold_time);
	tcase_add_test(tests, auto_asks_the_hook_last);
	tcase_add_test(tests, two_requesters_are_served_in_their_order);
	tcase_add_test(tests, nothing_is_asked_for_while_programs_here_hold_the_view);
	tcase_add_test(tests, a_mount_that_fails_after_the_grant_returns_the_right);
	tcase_add_test(tests, a_release_leaves_everybody_reading);
	tcase_add_test(tests, a_release_is_refused_while_files_are_open);
	tcase_add_test(tests, a_view_is_refreshed_when_the_writer_has_published);
	tcase_add_test(tests, a_view_that_programs_hold_is_reported_and_refreshed_when_they_let_go);
	tcase_add_test(tests, a_view_without_auto_update_waits_for_the_order);
	tcase_add_test(tests, a_stop_gives_everything_back);
	tcase_add_test(tests, a_stop_ends_in_time_and_keeps_the_right_while_files_are_open);
	tcase_add_test(tests, a_daemon_that_starts_again_goes_on_with_its_mount);
	tcase_add_test(tests, what_a_restarted_daemon_publishes_is_newer_than_all_before);
	tcase_add_test(tests, after_a_reboot_a_host_holds_nothing);
	tcase_add_test(tests, a_daemon_killed_in_mid_release_finds_it_given_up);
	tcase_add_test(tests, a_run_keeps_auto_from_giving_and_gives_back_when_done);
	tcase_add_test(tests, a_run_on_a_host_that_writes_already_leaves_it_the_writer);
	tcase_add_test(tests, a_suspended_host_neither_answers_nor_refreshes);
	tcase_add_test(tests, a_log_off_is_called_off_by_open_files);
	tcase_add_test(tests, what_somebody_else_has_mounted_is_left_alone_until_it_is_gone);
	tcase_add_test(tests, a_host_that_must_not_go_on_stops_writing_at_once);
	tcase_add_test(tests,
		       while_the_control_device_is_silent_nothing_is_given_up_and_orders_say_so);
	tcase_add_test(tests, a_volume_without_a_device_is_tried_once_and_again_when_it_comes);
	tcase_add_test(tests, a_volume_without_a_device_is_not_tried_at_log_on_before_it_comes);
	tcase_add_test(tests, a_yes_waits_until_the_control_device_answers_again);
	tcase_add_test(tests, who_waits_for_the_tables_is_told_after_an_io_timeout_of_silence);
	tcase_add_test(tests, what_was_unmounted_by_hand_is_noticed);
	tcase_add_test(tests, an_unmount_by_hand_is_no_proof_while_a_copy_of_the_mount_lives);
	tcase_add_test(tests, a_bad_mount_keeps_a_host_away_only_if_told_so);
	tcase_add_test(tests, a_log_off_while_a_grant_is_being_mounted_gives_it_back_in_order);
	tcase_add_test(tests, a_right_whose_return_is_under_way_is_not_used_any_more);
	tcase_add_test(tests,
		       whatever_happens_there_are_never_two_writers_and_nobody_waits_for_ever);
	return unit_run("host", tests);
}
