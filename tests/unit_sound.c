/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/sound.h"

#include <string.h>

#include "tests/sample.h"
#include "tests/unit.h"

static const struct capacity capacity = { .hosts = 3, .volumes = 2, .access = 6 };

static struct tables *tables;

static void set_up(void)
{
	tables = sample_full(&capacity);
}

static void tear_down(void)
{
	free(tables);
}

static void expect_sound(void)
{
	const char *fault = tables_fault(tables);

	ck_assert_msg(!fault, "%s", fault);
}

static void expect_fault(const char *expected)
{
	const char *fault = tables_fault(tables);

	ck_assert_msg(fault && strcmp(fault, expected) == 0, "\"%s\" instead of \"%s\"",
		      fault ? fault : "sound", expected);
}

START_TEST(full_random_and_empty_tables_are_sound)
{
	struct chance chance = { .state = 1 };

	expect_sound();
	for (int round = 0; round < 500; round++) {
		free(tables);
		tables = sample_random(&capacity, &chance);
		expect_sound();
	}
	tables_init(tables, &capacity);
	expect_sound();
}
END_TEST

START_TEST(rows_made_of_the_defaults_are_sound)
{
	tables_init(tables, &capacity);
	tables->version = 1;
	tables->hosts[0] = host_row_defaults();
	sample_put(tables->hosts[0].name, "edit1");
	tables->host_count = 1;
	tables->volumes[0] = volume_row_defaults();
	sample_put(tables->volumes[0].name, "media");
	tables->volumes[0].born = 1;
	tables->volume_count = 1;
	expect_sound();
}
END_TEST

START_TEST(counts_stay_within_the_capacity)
{
	const char *fault = "there are more rows than the capacity allows";

	tables->host_count++;
	expect_fault(fault);
	tables->host_count--;
	tables->volume_count++;
	expect_fault(fault);
	tables->volume_count--;
	tables->access_count++;
	expect_fault(fault);
	tables->access_count--;
	tables->request_count++;
	expect_fault(fault);
	tables->request_count--;
	expect_sound();
	tables->capacity.hosts = HOSTS_MAX + 1;
	expect_fault("the capacity is not possible");
}
END_TEST

START_TEST(the_cluster_has_a_name_or_none_yet)
{
	tables->name[0] = '\0';
	expect_sound();
	sample_put(tables->name, "two words");
	expect_fault("the name of the cluster is not valid");
	memset(tables->name, 'x', sizeof(tables->name));
	expect_fault("the name of the cluster is not valid");
}
END_TEST

START_TEST(a_host_has_a_name_and_known_modes)
{
	struct host_row *host = &tables->hosts[1];

	host->name[0] = '\0';
	expect_fault("the name of a host is not valid");
	sample_put(host->name, "h");
	host->answer = (enum answer_mode)2;
	expect_fault("a host's way to answer is not possible");
	host->answer = ANSWER_AUTO;
	host->state = (enum row_state)3;
	expect_fault("the state of a host is not possible");
	host->state = ROW_REMOVED;
	expect_sound();
	memset(host->groups, 'x', sizeof(host->groups));
	expect_fault("a text of a host is not valid");
	sample_put(host->groups, "\x1b[2J");
	expect_fault("a text of a host is not valid");
	sample_put(host->groups, "\xff");
	expect_fault("a text of a host is not valid");
}
END_TEST

START_TEST(a_volume_has_a_writer_exactly_where_its_phase_says_so)
{
	struct volume_row *volume = &tables->volumes[1];

	volume->writer = (struct right){ .host = 2, .incarnation = 9, .epoch = 1 };
	expect_fault("a volume is free and has a writer");
	volume->phase = PHASE_GRANTING;
	expect_sound();
	volume->phase = PHASE_WRITING;
	expect_sound();
	volume->phase = (enum volume_phase)3;
	expect_fault("the phase of a volume is not possible");
	volume->phase = PHASE_WRITING;
	volume->writer.epoch = 0;
	expect_fault("the writer of a volume is not possible");
	volume->writer.epoch = tables->version + 1;
	expect_fault("the writer of a volume is not possible");
	volume->writer.epoch = 1;
	volume->writer.host = 3;
	expect_fault("the writer of a volume is not possible");
}
END_TEST

START_TEST(earlier_writers_are_hosts_with_epochs_that_have_been)
{
	struct volume_row *volume = &tables->volumes[0];

	volume->earlier[EARLIER_MAX - 1].epoch = 2;
	expect_fault("an earlier writer of a volume is not possible");
	volume->earlier[EARLIER_MAX - 1].epoch = 1;
	volume->earlier[0].host = SLOT_NONE;
	expect_fault("an earlier writer of a volume is not possible");
	volume->earlier[0].host = 0;
	expect_sound();
	volume->earlier_count++;
	expect_fault("a volume has too many earlier writers");
}
END_TEST

START_TEST(nothing_lies_in_the_future)
{
	tables->volumes[0].born = tables->version + 1;
	expect_fault("the birth of a volume lies in the future");
	tables->volumes[0].born = 0;
	expect_fault("the birth of a volume lies in the future");
	tables->volumes[0].born = 1;
	tables->volumes[0].granted_request = tables->request_next;
	expect_fault("a volume was granted to a request that has not been made");
	tables->volumes[0].granted_request--;
	expect_sound();
	tables->volumes[0].granted_request = 0;
	tables->requests[3].ended_version = tables->version + 1;
	expect_fault("the end of a request lies in the future");
	tables->requests[3].ended_version = tables->version;
	expect_sound();
	tables->request_next--;
	expect_fault("a request has an id that has not been given");
}
END_TEST

START_TEST(a_volume_has_known_modes_and_valid_texts)
{
	const struct volume_row good = tables->volumes[0];
	struct volume_row *volume = &tables->volumes[0];

	volume->state = ROW_REMOVED;
	expect_fault("the state of a volume is not possible");
	*volume = good;
	volume->fencing = (enum fencing_kind)(FENCING_COMMAND + 1);
	expect_fault("a setting of a volume is not possible");
	*volume = good;
	volume->viewers = (enum viewers_mode)(VIEWERS_PUBLISHED + 1);
	expect_fault("a setting of a volume is not possible");
	*volume = good;
	sample_put(volume->name, "a/b");
	expect_fault("the name of a volume is not valid");
	*volume = good;
	sample_put(volume->prefer, "no host");
	expect_fault("a name that a volume refers to is not valid");
	*volume = good;
	sample_put(volume->mount_point, "/a\nb");
	expect_fault("a text of a volume is not valid");
	*volume = good;
	memset(volume->uuid, 'x', sizeof(volume->uuid));
	expect_fault("a text of a volume is not valid");
}
END_TEST

START_TEST(free_rows_may_hold_anything)
{
	memset(&tables->volumes[1], 0xee, sizeof(tables->volumes[1]));
	tables->volumes[1].state = ROW_FREE;
	tables->request_count = 0;
	tables->access_count = 3;		/* those of volume 0 */
	expect_sound();
}
END_TEST

START_TEST(access_records_are_in_order_and_about_rows_that_are_there)
{
	struct access_row first = tables->access[0];

	tables->access[0] = tables->access[1];
	expect_fault("the access records are not in order");
	tables->access[0].host = 2;
	expect_fault("the access records are not in order");
	tables->access[0] = first;
	expect_sound();
	tables->access[0].write = (enum write_mode)2;
	expect_fault("a setting of an access record is not possible");
	tables->access[0] = first;
	tables->access[5].host = 3;
	expect_fault("an access record is about a host that is not there");
	tables->access[5].volume = 2;
	expect_fault("an access record is about a volume that is not there");
}
END_TEST

START_TEST(requests_are_in_order_and_about_rows_that_are_there)
{
	const struct request_row good = tables->requests[5];
	struct request_row *request = &tables->requests[5];

	request->id = tables->requests[4].id;
	expect_fault("the requests are not in order");
	*request = good;
	request->volume = 2;
	expect_fault("a request is for a volume that is not there");
	*request = good;
	request->from = 3;
	expect_fault("a request is from a host that is not there");
	*request = good;
	request->asked = 3;
	expect_fault("a request is to a host that is not there");
	request->asked = SLOT_NONE;
	expect_sound();
	request->state = (enum request_state)(REQUEST_CANCELLED + 1);
	expect_fault("the state of a request is not possible");
	*request = good;
	sample_put(request->answer, "\xc3");
	expect_fault("a text of a request is not valid");
	*request = good;
	tables->hosts[0].state = ROW_FREE;
	tables->access_count = 0;
	tables->volumes[0].earlier_count = tables->volumes[1].earlier_count = 0;
	expect_fault("a request is from a host that is not there");
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("sound");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, full_random_and_empty_tables_are_sound);
	tcase_add_test(tests, rows_made_of_the_defaults_are_sound);
	tcase_add_test(tests, counts_stay_within_the_capacity);
	tcase_add_test(tests, the_cluster_has_a_name_or_none_yet);
	tcase_add_test(tests, a_host_has_a_name_and_known_modes);
	tcase_add_test(tests, a_volume_has_a_writer_exactly_where_its_phase_says_so);
	tcase_add_test(tests, earlier_writers_are_hosts_with_epochs_that_have_been);
	tcase_add_test(tests, nothing_lies_in_the_future);
	tcase_add_test(tests, a_volume_has_known_modes_and_valid_texts);
	tcase_add_test(tests, free_rows_may_hold_anything);
	tcase_add_test(tests, access_records_are_in_order_and_about_rows_that_are_there);
	tcase_add_test(tests, requests_are_in_order_and_about_rows_that_are_there);
	return unit_run("sound", tests);
}
