/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the host core promises when kernels, control devices and people misbehave. */
#include <stdio.h>
#include <string.h>

#include "tests/chance.h"
#include "tests/unit.h"
#include "tests/world.h"

static struct world world;

static uint64_t ask(unsigned int host, unsigned int volume)
{
	return world_order(&world, host, (struct host_command){
		.kind = COMMAND_REQUEST, .volume = (uint16_t)volume, .wait = true });
}

static uint64_t order(unsigned int host, enum host_command_kind kind, uint16_t volume)
{
	return world_order(&world, host, (struct host_command){ .kind = kind, .volume = volume });
}

static uint64_t run(unsigned int host)
{
	return world_order(&world, host, (struct host_command){
		.kind = COMMAND_REQUEST, .volume = 0, .wait = true, .run = true });
}

static uint64_t run_done(unsigned int host, uint64_t token)
{
	return world_order(&world, host, (struct host_command){
		.kind = COMMAND_DONE, .volume = SLOT_NONE, .run_token = token });
}

static void client_gone(unsigned int host, uint64_t token)
{
	struct host_event event = { .kind = HOST_EV_CLIENT_GONE, .token = token };

	host_step(world.hosts[host].host, &event, world.now_ms);
}

static const struct host_answer *answer(uint64_t token)
{
	const struct host_answer *found = world_answer(&world, token);

	ck_assert_msg(found != NULL, "not answered");
	return found;
}

static enum volume_phase phase(void)
{
	return world.tables->volumes[0].phase;
}

/* h0 writes v0, and answers by itself. */
static void begin_with_writer(unsigned int hosts)
{
	world_begin(&world, hosts, 1);
	world_set(&world, "[host h0]\nanswer = auto\n");
	ask(0, 0);
	world_settle(&world);
	ck_assert(world_writes(&world, 0, 0));
}

/* --- what is still writable somewhere ------------------------------------------ */

/* umount(8) by hand succeeds while a copy of the mount in another namespace goes on writing. */
START_TEST(a_mount_that_is_gone_is_no_proof_that_nothing_writes)
{
	begin_with_writer(2);
	world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
	world.hosts[0].kernel.elsewhere[0] = true;
	world_pass(&world, 8000);	/* a publication finds it gone; check_writers() looks on */
	ck_assert_int_eq(phase(), PHASE_WRITING);
	world.hosts[0].kernel.elsewhere[0] = false;
	world_pass(&world, 2000);
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_daemon_that_starts_again_keeps_the_right_while_anything_writes)
{
	begin_with_writer(2);
	world_kill(&world, 0);
	world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
	world.hosts[0].kernel.elsewhere[0] = true;
	world_start(&world, 0, false);
	world_pass(&world, 3000);
	ck_assert_int_ne(phase(), PHASE_FREE);
	world.hosts[0].kernel.elsewhere[0] = false;
	world_pass(&world, 3000);
	ck_assert_int_eq(phase(), PHASE_FREE);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_VIEW);
	world_end(&world);
}
END_TEST

START_TEST(a_failed_mount_that_may_still_write_keeps_the_right)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	world.hosts[0].kernel.broken[0] = true;
	world.hosts[0].kernel.half_made[0] = true;
	token = ask(0, 0);
	world_pass(&world, 3000);
	ck_assert_int_eq(phase(), PHASE_GRANTING);
	ck_assert_ptr_null(world_answer(&world, token));
	world.hosts[0].kernel.elsewhere[0] = false;
	world_pass(&world, 3000);
	ck_assert_int_eq(phase(), PHASE_FREE);
	ck_assert_int_eq(answer(token)->exit, EXIT_REFUSED);
	ck_assert_ptr_nonnull(strstr(answer(token)->message, "Structure needs cleaning"));
	world_end(&world);
}
END_TEST

/* --- mounts that change under the writer ------------------------------------------ */

/* ext4 with errors=remount-ro makes itself read-only. */
START_TEST(a_writer_that_went_read_only_by_itself_gives_up)
{
	uint64_t token;

	begin_with_writer(2);
	world.hosts[0].kernel.mounted[0] = MOUNTED_ENDED;
	world_pass(&world, 8000);
	ck_assert_int_eq(phase(), PHASE_FREE);
	token = ask(1, 0);
	world_pass(&world, 2000);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert(world_writes(&world, 1, 0));
	world_end(&world);
}
END_TEST

START_TEST(a_writers_mount_that_somebody_replaced_is_given_up_when_theirs_is_gone)
{
	uint64_t token;

	begin_with_writer(2);
	world.hosts[0].kernel.mounted[0] = MOUNTED_FOREIGN;
	world_pass(&world, 8000);
	token = order(0, COMMAND_RELEASE, 0);
	world_pass(&world, 3000);
	ck_assert_int_ne(answer(token)->exit, EXIT_DONE);
	ck_assert_int_eq(phase(), PHASE_WRITING);
	token = ask(1, 0);
	world_pass(&world, 3000);
	ck_assert_int_eq(answer(token)->exit, EXIT_REFUSED);
	world.hosts[0].kernel.mounted[0] = MOUNTED_NOT;
	world_pass(&world, 12000);
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(what_can_not_be_shut_down_is_frozen_once_and_not_in_a_circle)
{
	begin_with_writer(2);
	world.hosts[0].kernel.files_open[0] = true;
	world.hosts[0].kernel.freezes[0] = true;
	world_stop_for_good(&world, 0);
	world_settle(&world);		/* it comes to rest */
	world_pass(&world, 60000);
	ck_assert_uint_eq(world.news_counts[NEWS_ACCESS_LOST], 1);
	world_end(&world);
}
END_TEST

START_TEST(a_device_that_comes_back_is_locked_again)
{
	world_begin(&world, 1, 1);
	world_set(&world, "[access v0 h0]\nmount = no\n");
	world_settle(&world);
	ck_assert(world.hosts[0].host->volumes[0].locked);
	world.hosts[0].jobs_wait = true;
	world_device(&world, 0, 0, false);
	world_device(&world, 0, 0, true);
	world_settle(&world);
	ck_assert_uint_eq(world.hosts[0].job_count, 1);
	ck_assert_int_eq(world.hosts[0].jobs[0].op, MOUNT_LOCK_DEVICE);
	world.hosts[0].jobs_wait = false;
	world_jobs_end(&world, 0);
	world_end(&world);
}
END_TEST

/* --- fates of changes ------------------------------------------------------------ */

static void release_in_doubt(enum world_fate fate)
{
	begin_with_writer(2);
	order(0, COMMAND_RELEASE, 0);
	world.hosts[0].fate = fate;
	world_pass(&world, 5000);
	ck_assert(world.hosts[0].doubtful || fate == WORLD_NOT_MADE);
	ck_assert(!world_writes(&world, 0, 0));
	order(0, COMMAND_PUBLISH, 0);
	ask(0, 0);
	ask(1, 0);
	world_pass(&world, 5000);
	ck_assert(!world_writes(&world, 0, 0));	/* what is in doubt counts as taken */
	if (fate == WORLD_NOT_MADE)
		world.hosts[0].fate = WORLD_DECIDED;
	world_doubts_end(&world, 0);
	world_pass(&world, 5000);
	ck_assert(world_writes(&world, 0, 0) || world_writes(&world, 1, 0));
	world_end(&world);
}

START_TEST(a_release_in_doubt_never_makes_the_writer_writable_again)
{
	release_in_doubt(WORLD_UNKNOWN_MADE);
	release_in_doubt(WORLD_UNKNOWN_LOST);
	release_in_doubt(WORLD_NOT_MADE);
}
END_TEST

START_TEST(a_confirmation_that_can_not_be_made_is_tried_again)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	world.hosts[0].jobs_wait = true;
	token = ask(0, 0);
	world_look(&world, 0);
	world_jobs_end(&world, 0);	/* who holds the view? */
	world_look(&world, 0);		/* granted; the mount is under way */
	world.hosts[0].jobs_wait = false;
	world.hosts[0].fate = WORLD_NOT_MADE;
	world_jobs_end(&world, 0);
	world_pass(&world, 3000);
	ck_assert_int_eq(phase(), PHASE_GRANTING);
	ck_assert(world_writes(&world, 0, 0));
	world.hosts[0].fate = WORLD_DECIDED;
	world_pass(&world, 3000);
	ck_assert_int_eq(phase(), PHASE_WRITING);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	world_end(&world);
}
END_TEST

/* --- edits in the middle of it ----------------------------------------------------- */

START_TEST(edits_under_a_running_mount_leave_one_writer)
{
	static const char *const edits[] = {
		"[volume v0]\nmount-point = /elsewhere\n",
		"[volume v0]\nenabled = no\n",
		"[access v0 h1]\nwrite = never\n",
		"[access v0 h1]\nmount = no\n",
		"[host h1]\nvalid = no\n",
		"[volume v0]\noptions = noexec\n",
	};

	for (unsigned int i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		uint64_t token, release;

		begin_with_writer(2);
		world.hosts[1].jobs_wait = true;
		token = ask(1, 0);
		world_settle(&world);
		world_jobs_end(&world, 1);
		world_settle(&world);
		world_set(&world, edits[i]);
		world_settle(&world);
		world.hosts[1].jobs_wait = false;
		world_jobs_end(&world, 1);
		world_pass(&world, 3000);
		ck_assert_msg(world_answer(&world, token) != NULL, "edit %u: not answered", i);
		release = order(1, COMMAND_RELEASE, 0);
		world_pass(&world, 3000);
		ck_assert_msg(world_answer(&world, release) != NULL, "edit %u: not released", i);
		ck_assert_int_eq(phase(), PHASE_FREE);
		world_end(&world);
	}
}
END_TEST

START_TEST(a_volume_removed_under_a_running_view_is_unmounted)
{
	begin_with_writer(2);
	order(0, COMMAND_RELEASE, 0);
	world_settle(&world);
	world.hosts[1].jobs_wait = true;
	world.tables->volumes[0].generation++;
	world_set(&world, "[host h1]\nanswer = auto\n");
	world_settle(&world);
	tables_volume_remove(world.tables, 0);
	world.tables->version++;
	world_settle(&world);
	world.hosts[1].jobs_wait = false;
	world_jobs_end(&world, 1);
	world_pass(&world, 3000);
	ck_assert_int_eq(world.hosts[0].kernel.mounted[0], MOUNTED_NOT);
	ck_assert_int_eq(world.hosts[1].kernel.mounted[0], MOUNTED_NOT);
	world_end(&world);
}
END_TEST

/* --- orders always end -------------------------------------------------------------- */

START_TEST(orders_to_a_host_that_must_not_go_on_are_answered)
{
	uint64_t asked, edited;

	begin_with_writer(2);
	world_set(&world, "[host h0]\nanswer = ask\n");
	asked = ask(1, 0);
	world_settle(&world);
	world.hosts[1].fate = WORLD_UNKNOWN_LOST;
	edited = order(1, COMMAND_CANCEL, SLOT_NONE);
	world_settle(&world);
	world_stop_for_good(&world, 1);
	world_settle(&world);
	ck_assert_int_eq(answer(asked)->exit, EXIT_UNREACHABLE);
	ck_assert_int_eq(answer(edited)->exit, EXIT_UNREACHABLE);
	ck_assert_ptr_nonnull(strstr(answer(edited)->message, "not known"));
	world_end(&world);
}
END_TEST

START_TEST(a_change_that_a_log_off_has_overtaken_is_answered_and_not_made_later)
{
	uint64_t off, asked;

	world_begin(&world, 2, 1);
	off = order(0, COMMAND_LOGOFF, SLOT_NONE);
	world_look(&world, 1);
	world.hosts[1].fate = WORLD_NOT_MADE;
	asked = ask(1, 0);
	order(1, COMMAND_LOGOFF, SLOT_NONE);
	world.hosts[1].fate = WORLD_DECIDED;
	world_pass(&world, 3000);
	ck_assert_int_eq(answer(off)->exit, EXIT_DONE);
	ck_assert_int_ne(answer(asked)->exit, EXIT_DONE);
	order(1, COMMAND_LOGON, SLOT_NONE);
	world_pass(&world, 3000);
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_host_without_a_row_logs_off_and_on_without_harm)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	world_kill(&world, 1);
	snprintf(world.hosts[1].config.name, sizeof(world.hosts[1].config.name), "nobody");
	world_start(&world, 1, false);
	world_settle(&world);
	ck_assert_int_eq(world.hosts[1].host->phase, HOST_NO_ROW);
	token = order(1, COMMAND_LOGOFF, SLOT_NONE);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	token = order(1, COMMAND_LOGON, SLOT_NONE);
	world_settle(&world);
	ck_assert_int_eq(answer(token)->exit, EXIT_FAILED);
	world_end(&world);
}
END_TEST

/* The daemon before left the volume writable: "logged off" would be a lie until it is given up. */
START_TEST(a_log_off_during_the_log_on_gives_up_what_was_kept)
{
	uint64_t token;

	begin_with_writer(2);
	world_kill(&world, 0);
	world_start(&world, 0, false);
	world.hosts[0].jobs_wait = true;
	world_look(&world, 0);
	ck_assert_int_eq(world.hosts[0].host->phase, HOST_LOOKING);
	token = order(0, COMMAND_LOGOFF, SLOT_NONE);
	world_look(&world, 0);
	ck_assert_ptr_null(world_answer(&world, token));
	world.hosts[0].jobs_wait = false;
	world_jobs_end(&world, 0);
	world_pass(&world, 3000);
	ck_assert_int_eq(answer(token)->exit, EXIT_DONE);
	ck_assert(!world_writes(&world, 0, 0));
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

/* --- runs ------------------------------------------------------------------------------ */

START_TEST(a_run_whose_client_goes_before_it_begins_leaves_nothing_behind)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	world.hosts[0].fate = WORLD_UNKNOWN_LOST;
	token = run(0);
	world_look(&world, 0);
	client_gone(0, token);
	world_doubts_end(&world, 0);
	world_pass(&world, 5000);
	ck_assert_uint_eq(world.hosts[0].host->volumes[0].run_count, 0);
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_run_whose_client_goes_while_it_is_being_granted_gives_back)
{
	uint64_t token;

	begin_with_writer(2);
	world.hosts[0].jobs_wait = true;
	token = run(1);
	world_settle(&world);		/* h0 is giving up */
	ck_assert_uint_eq(world.hosts[0].job_count, 1);
	client_gone(1, token);
	world.hosts[1].fate = WORLD_NOT_MADE;	/* the cancelling comes too late */
	world_look(&world, 1);
	world.hosts[0].jobs_wait = false;
	world_jobs_end(&world, 0);
	world_look(&world, 0);
	world.hosts[1].fate = WORLD_DECIDED;
	world_pass(&world, 5000);
	ck_assert_uint_eq(world.hosts[1].host->volumes[0].run_count, 0);
	ck_assert(!world_writes(&world, 1, 0));
	world_end(&world);
}
END_TEST

START_TEST(the_last_of_several_runs_gives_back)
{
	uint64_t first, second;

	world_begin(&world, 2, 1);
	first = run(0);
	world_settle(&world);
	second = run(0);
	world_settle(&world);
	run_done(0, first);
	world_settle(&world);
	ck_assert(world_writes(&world, 0, 0));
	run_done(0, second);
	world_settle(&world);
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_run_that_begins_while_the_last_one_is_waited_for_keeps_the_right)
{
	uint64_t first, second;

	world_begin(&world, 2, 1);
	first = run(0);
	world_settle(&world);
	world.hosts[0].kernel.files_open[0] = true;
	first = run_done(0, first);
	world_settle(&world);
	ck_assert(!answer(first)->given_up);
	second = run(0);
	world_settle(&world);
	ck_assert_int_eq(answer(second)->exit, EXIT_DONE);
	world.hosts[0].kernel.files_open[0] = false;
	world_pass(&world, 5000);
	ck_assert(world_writes(&world, 0, 0));
	run_done(0, second);
	world_settle(&world);
	ck_assert_int_eq(phase(), PHASE_FREE);
	world_end(&world);
}
END_TEST

START_TEST(a_run_is_told_when_somebody_gives_its_volume_away)
{
	uint64_t token;

	world_begin(&world, 2, 1);
	token = run(0);
	world_settle(&world);
	order(0, COMMAND_RELEASE, 0);
	world_settle(&world);
	ck_assert_int_eq(phase(), PHASE_FREE);
	ck_assert_uint_eq(world.news_counts[NEWS_ACCESS_LOST], 1);
	ask(0, 0);			/* somebody else's: not the run's to give back */
	world_settle(&world);
	run_done(0, token);
	world_settle(&world);
	ck_assert(world_writes(&world, 0, 0));
	world_end(&world);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("host_faults");

	tcase_add_test(tests, a_mount_that_is_gone_is_no_proof_that_nothing_writes);
	tcase_add_test(tests, a_daemon_that_starts_again_keeps_the_right_while_anything_writes);
	tcase_add_test(tests, a_failed_mount_that_may_still_write_keeps_the_right);
	tcase_add_test(tests, a_writer_that_went_read_only_by_itself_gives_up);
	tcase_add_test(tests,
		       a_writers_mount_that_somebody_replaced_is_given_up_when_theirs_is_gone);
	tcase_add_test(tests, what_can_not_be_shut_down_is_frozen_once_and_not_in_a_circle);
	tcase_add_test(tests, a_device_that_comes_back_is_locked_again);
	tcase_add_test(tests, a_release_in_doubt_never_makes_the_writer_writable_again);
	tcase_add_test(tests, a_confirmation_that_can_not_be_made_is_tried_again);
	tcase_add_test(tests, edits_under_a_running_mount_leave_one_writer);
	tcase_add_test(tests, a_volume_removed_under_a_running_view_is_unmounted);
	tcase_add_test(tests, orders_to_a_host_that_must_not_go_on_are_answered);
	tcase_add_test(tests, a_change_that_a_log_off_has_overtaken_is_answered_and_not_made_later);
	tcase_add_test(tests, a_host_without_a_row_logs_off_and_on_without_harm);
	tcase_add_test(tests, a_log_off_during_the_log_on_gives_up_what_was_kept);
	tcase_add_test(tests, a_run_whose_client_goes_before_it_begins_leaves_nothing_behind);
	tcase_add_test(tests, a_run_whose_client_goes_while_it_is_being_granted_gives_back);
	tcase_add_test(tests, the_last_of_several_runs_gives_back);
	tcase_add_test(tests, a_run_that_begins_while_the_last_one_is_waited_for_keeps_the_right);
	tcase_add_test(tests, a_run_is_told_when_somebody_gives_its_volume_away);
	return unit_run("host_faults", tests);
}
