/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/tables.h"

#include <errno.h>
#include <string.h>

#include "tests/unit.h"

static const struct capacity capacity = { .hosts = 3, .volumes = 3, .access = 3 };
static struct tables *tables;
static struct tables *other;

/* Put a text, which fits, into a field. */
static void put_field(char *field, const char *text)
{
	memcpy(field, text, strlen(text) + 1);
}

static uint16_t add_host(const char *name)
{
	uint16_t slot = tables_host_slot(tables);

	tables->hosts[slot] = host_row_defaults();
	put_field(tables->hosts[slot].name, name);
	return slot;
}

static uint16_t add_volume(const char *name, const char *uuid)
{
	uint16_t slot = tables_volume_slot(tables);

	tables->volumes[slot] = volume_row_defaults();
	put_field(tables->volumes[slot].name, name);
	put_field(tables->volumes[slot].uuid, uuid);
	tables->volumes[slot].born = 1;
	return slot;
}

static void add_request(uint64_t id, uint16_t volume, uint16_t from, enum request_state state)
{
	tables->requests[tables->request_count++] = (struct request_row) {
		.id = id, .volume = volume, .from = from, .asked = SLOT_NONE, .state = state,
	};
}

/* Hosts a, b and volumes media, work, with a record and a request for each. */
static void setup(void)
{
	struct access_row row = { .volume = 1, .host = 1, .write = WRITE_NEVER };

	tables = calloc(1, sizeof(*tables));
	other = calloc(1, sizeof(*other));
	tables_init(tables, &capacity);
	add_host("a");
	add_host("b");
	add_volume("media", "AA-01");
	add_volume("work", "AA-02");
	ck_assert_int_eq(tables_access_set(tables, &row), 0);
	add_request(4, 0, 0, REQUEST_WAITING);
	add_request(7, 1, 1, REQUEST_REFUSED);
}

static void teardown(void)
{
	free(tables);
	free(other);
}

START_TEST(new_tables_are_empty_and_of_version_0)
{
	tables_init(other, &capacity);
	ck_assert_uint_eq(other->version, 0);
	ck_assert_uint_eq(other->host_count + other->volume_count + other->access_count +
				  other->request_count, 0);
	ck_assert_uint_eq(other->io_timeout_ms, 4000);
	ck_assert_uint_eq(other->request_next, 1);
	ck_assert_uint_eq(other->capacity.hosts, 3);
}
END_TEST

START_TEST(a_copy_is_the_same)
{
	tables->version = 9;
	tables_copy(other, tables);
	ck_assert(tables_same(other, tables));
	ck_assert_uint_eq(other->version, 9);
	ck_assert_mem_eq(other, tables, sizeof(*other));
}
END_TEST

START_TEST(a_copy_leaves_no_stale_rows_above_the_counts)
{
	struct tables *empty = calloc(1, sizeof(*empty));

	tables_copy(other, tables);
	tables_init(empty, &capacity);
	tables_copy(other, empty);
	ck_assert_mem_eq(other, empty, sizeof(*other));
	free(empty);
}
END_TEST

START_TEST(the_version_alone_makes_no_difference)
{
	tables_copy(other, tables);
	other->version++;
	ck_assert(tables_same(tables, other));
}
END_TEST

#define DIFFERS(change)						\
	do {							\
		tables_copy(other, tables);			\
		other->change;					\
		ck_assert_msg(!tables_same(tables, other),	\
			      "unnoticed: " #change);		\
	} while (0)

START_TEST(a_difference_in_any_field_of_the_cluster_is_noticed)
{
	DIFFERS(capacity.hosts++);
	DIFFERS(capacity.volumes++);
	DIFFERS(capacity.access++);
	DIFFERS(name[0] = 'x');
	DIFFERS(openings++);
	DIFFERS(request_next++);
	DIFFERS(io_timeout_ms++);
	DIFFERS(host_count--);
	DIFFERS(volume_count--);
	DIFFERS(access_count--);
	DIFFERS(request_count--);
}
END_TEST

START_TEST(a_difference_in_any_field_of_a_host_is_noticed)
{
	DIFFERS(hosts[1].state = ROW_REMOVED);
	DIFFERS(hosts[1].name[0] = 'B');
	DIFFERS(hosts[1].valid = false);
	DIFFERS(hosts[1].logged_on = true);
	DIFFERS(hosts[1].notify = false);
	DIFFERS(hosts[1].answer = ANSWER_AUTO);
	DIFFERS(hosts[1].weight++);
	DIFFERS(hosts[1].groups[0] = 'x');
	DIFFERS(hosts[1].domains[0] = 'x');
	DIFFERS(hosts[1].machine.bytes[15]++);
	DIFFERS(hosts[1].boot.bytes[15]++);
	DIFFERS(hosts[1].incarnation++);
	DIFFERS(hosts[1].last_sequence++);
	DIFFERS(hosts[1].last_result.ruling++);
	DIFFERS(hosts[1].last_result.value++);
}
END_TEST

START_TEST(a_difference_in_any_right_of_a_volume_is_noticed)
{
	tables->volumes[1].earlier_count = 2;
	DIFFERS(volumes[1].phase = PHASE_WRITING);
	DIFFERS(volumes[1].writer.host++);
	DIFFERS(volumes[1].writer.incarnation++);
	DIFFERS(volumes[1].writer.epoch++);
	DIFFERS(volumes[1].earlier_count--);
	DIFFERS(volumes[1].earlier[1].host++);
	DIFFERS(volumes[1].earlier[1].incarnation++);
	DIFFERS(volumes[1].earlier[1].epoch++);
	DIFFERS(volumes[1].granted_request++);
	DIFFERS(volumes[1].generation++);
}
END_TEST

START_TEST(a_difference_in_any_setting_of_a_volume_is_noticed)
{
	DIFFERS(volumes[1].state = ROW_FREE);
	DIFFERS(volumes[1].born++);
	DIFFERS(volumes[1].name[0] = 'x');
	DIFFERS(volumes[1].uuid[0] = 'x');
	DIFFERS(volumes[1].mount_point[0] = 'x');
	DIFFERS(volumes[1].enabled = false);
	DIFFERS(volumes[1].fencing = FENCING_MANUAL);
	DIFFERS(volumes[1].fencing_command[0] = 'x');
	DIFFERS(volumes[1].takeover = TAKEOVER_AUTO);
	DIFFERS(volumes[1].fail_back = true);
	DIFFERS(volumes[1].fsck = FSCK_AFTER_TAKEOVER);
	DIFFERS(volumes[1].min_hold_ms++);
	DIFFERS(volumes[1].busy_above++);
	DIFFERS(volumes[1].answer_within_ms++);
	DIFFERS(volumes[1].answer_default = true);
	DIFFERS(volumes[1].viewers = VIEWERS_QUIET);
	DIFFERS(volumes[1].quiet_grace_ms++);
	DIFFERS(volumes[1].publish_every_ms++);
	DIFFERS(volumes[1].view_max++);
	DIFFERS(volumes[1].view_max_age_ms++);
	DIFFERS(volumes[1].view_lease_max_ms++);
	DIFFERS(volumes[1].snapshots_max++);
	DIFFERS(volumes[1].snapshots_space++);
	DIFFERS(volumes[1].options[0] = 'x');
	DIFFERS(volumes[1].weight++);
	DIFFERS(volumes[1].group[0] = 'x');
	DIFFERS(volumes[1].domains[0] = 'x');
	DIFFERS(volumes[1].prefer[0] = 'x');
	DIFFERS(volumes[1].may_leave_group = false);
	DIFFERS(volumes[1].balance = true);
}
END_TEST

START_TEST(a_difference_in_any_field_of_access_and_requests_is_noticed)
{
	DIFFERS(access[0].volume--);
	DIFFERS(access[0].host--);
	DIFFERS(access[0].mount = true);
	DIFFERS(access[0].write = WRITE_ASK);
	DIFFERS(access[0].auto_update = true);
	DIFFERS(access[0].check_every_ms++);
	DIFFERS(requests[1].id++);
	DIFFERS(requests[1].volume--);
	DIFFERS(requests[1].from--);
	DIFFERS(requests[1].asked = 0);
	DIFFERS(requests[1].state = REQUEST_GRANTED);
	DIFFERS(requests[1].ended_version++);
	DIFFERS(requests[1].posted_s++);
	DIFFERS(requests[1].ended_s++);
	DIFFERS(requests[1].person[0] = 'x');
	DIFFERS(requests[1].text[0] = 'x');
	DIFFERS(requests[1].answer[0] = 'x');
}
END_TEST

START_TEST(what_stands_behind_the_end_of_a_string_makes_no_difference)
{
	tables_copy(other, tables);
	put_field(other->hosts[0].name + 3, "behind");
	ck_assert(tables_same(tables, other));
}
END_TEST

START_TEST(rows_are_found_by_name_without_regard_to_case)
{
	ck_assert_uint_eq(tables_host_find(tables, "B"), 1);
	ck_assert_uint_eq(tables_volume_find(tables, "Work"), 1);
	ck_assert_uint_eq(tables_volume_by_uuid(tables, "aa-02"), 1);
	ck_assert_uint_eq(tables_host_find(tables, "c"), SLOT_NONE);
	ck_assert_uint_eq(tables_host_find(tables, ""), SLOT_NONE);
	ck_assert_uint_eq(tables_volume_find(tables, "wor"), SLOT_NONE);
	ck_assert_uint_eq(tables_volume_find(tables, "works"), SLOT_NONE);
	ck_assert_uint_eq(tables_volume_by_uuid(tables, ""), SLOT_NONE);
}
END_TEST

START_TEST(a_removed_row_is_not_found)
{
	tables_host_remove(tables, 1, false);
	tables_volume_remove(tables, 1);
	ck_assert_uint_eq(tables_host_find(tables, "b"), SLOT_NONE);
	ck_assert_uint_eq(tables_volume_find(tables, "work"), SLOT_NONE);
	ck_assert_uint_eq(tables_volume_by_uuid(tables, "AA-02"), SLOT_NONE);
}
END_TEST

START_TEST(without_a_record_a_host_may_what_the_defaults_say)
{
	struct access_row row = tables_access(tables, 0, 1);

	ck_assert(row.mount && row.write == WRITE_ASK && row.auto_update);
	ck_assert_uint_eq(row.check_every_ms, 0);
	ck_assert_uint_eq(row.volume, 0);
	ck_assert_uint_eq(row.host, 1);
	ck_assert(!tables_access(tables, 1, 1).mount);
}
END_TEST

START_TEST(access_records_are_sorted_and_replaced_in_place)
{
	struct access_row row = { .volume = 1, .host = 0 };

	ck_assert_int_eq(tables_access_set(tables, &row), 0);
	row.volume = 0;
	row.host = 2;
	ck_assert_int_eq(tables_access_set(tables, &row), 0);
	row.check_every_ms = 5;
	ck_assert_int_eq(tables_access_set(tables, &row), 0);
	ck_assert_uint_eq(tables->access_count, 3);
	ck_assert_uint_eq(tables->access[0].volume, 0);
	ck_assert_uint_eq(tables->access[0].check_every_ms, 5);
	ck_assert_uint_eq(tables->access[1].host, 0);
	ck_assert_uint_eq(tables->access[2].host, 1);
}
END_TEST

START_TEST(a_record_that_says_the_defaults_is_dropped)
{
	struct access_row row = { .volume = 1, .host = 1, .mount = true, .auto_update = true };

	ck_assert_int_eq(tables_access_set(tables, &row), 0);
	ck_assert_uint_eq(tables->access_count, 0);
	ck_assert_int_eq(tables_access_set(tables, &row), 0);
	ck_assert_uint_eq(tables->access_count, 0);
}
END_TEST

START_TEST(access_records_end_at_the_capacity)
{
	struct access_row row = { .volume = 0 };

	for (uint16_t host = 0; host < 2; host++) {
		row.host = host;
		ck_assert_int_eq(tables_access_set(tables, &row), 0);
	}
	row.host = 2;
	ck_assert_int_eq(tables_access_set(tables, &row), -ENOSPC);
	ck_assert_uint_eq(tables->access_count, 3);
	row.host = 1;	/* one that is there can still be changed */
	row.check_every_ms = 5;
	ck_assert_int_eq(tables_access_set(tables, &row), 0);
}
END_TEST

START_TEST(the_queue_of_a_volume_is_in_the_order_of_the_ids)
{
	add_request(8, 0, 1, REQUEST_WAITING);
	add_request(9, 0, 2, REQUEST_CANCELLED);
	add_request(12, 0, 2, REQUEST_WAITING);
	ck_assert_uint_eq(tables_queue_next(tables, 0, 0)->id, 4);
	ck_assert_uint_eq(tables_queue_next(tables, 0, 4)->id, 8);
	ck_assert_uint_eq(tables_queue_next(tables, 0, 8)->id, 12);
	ck_assert_ptr_null(tables_queue_next(tables, 0, 12));
	ck_assert_ptr_null(tables_queue_next(tables, 0, UINT64_MAX));
	ck_assert_ptr_null(tables_queue_next(tables, 1, 0));
}
END_TEST

START_TEST(a_request_is_found_by_its_id_only)
{
	ck_assert_ptr_eq(tables_request(tables, 7), &tables->requests[1]);
	ck_assert_ptr_eq(tables_request_const(tables, 4), &tables->requests[0]);
	ck_assert_ptr_null(tables_request(tables, 0));
	ck_assert_ptr_null(tables_request(tables, 5));
	ck_assert_ptr_null(tables_request(tables, 8));
}
END_TEST

START_TEST(a_freed_slot_is_used_again_and_a_removed_hosts_is_not)
{
	tables_host_remove(tables, 0, false);
	ck_assert_uint_eq(tables_host_slot(tables), 2);
	tables->hosts[2] = host_row_defaults();
	ck_assert_uint_eq(tables_host_slot(tables), SLOT_NONE);
	tables_host_remove(tables, 0, true);
	ck_assert_uint_eq(tables_host_slot(tables), 0);
	tables_volume_remove(tables, 0);
	ck_assert_uint_eq(tables_volume_slot(tables), 0);
	tables->volumes[0] = volume_row_defaults();
	ck_assert_uint_eq(tables_volume_slot(tables), 2);
	tables->volumes[2] = volume_row_defaults();
	ck_assert_uint_eq(tables_volume_slot(tables), SLOT_NONE);
}
END_TEST

START_TEST(nothing_names_a_host_that_is_removed)
{
	put_field(tables->volumes[0].prefer, "B");
	put_field(tables->volumes[1].prefer, "a");
	tables->requests[0].asked = 1;
	tables_host_remove(tables, 1, false);
	ck_assert_int_eq(tables->hosts[1].state, ROW_REMOVED);
	ck_assert_uint_eq(tables->access_count, 0);
	ck_assert_uint_eq(tables->request_count, 1);
	ck_assert_uint_eq(tables->requests[0].id, 4);
	ck_assert_uint_eq(tables->requests[0].asked, SLOT_NONE);
	ck_assert_str_eq(tables->volumes[0].prefer, "");
	ck_assert_str_eq(tables->volumes[1].prefer, "a");
}
END_TEST

START_TEST(nothing_names_a_volume_that_is_removed)
{
	tables_volume_remove(tables, 1);
	ck_assert_int_eq(tables->volumes[1].state, ROW_FREE);
	ck_assert_uint_eq(tables->access_count, 0);
	ck_assert_uint_eq(tables->request_count, 1);
	ck_assert_uint_eq(tables->requests[0].id, 4);
}
END_TEST

START_TEST(the_rights_of_a_host_are_those_it_has_and_those_not_proven_to_have_ended)
{
	ck_assert_uint_eq(tables_right_of(tables, 1), SLOT_NONE);
	tables->volumes[0].earlier_count = 1;
	tables->volumes[0].earlier[0] = (struct right) { .host = 1, .epoch = 2 };
	tables->volumes[1].writer = (struct right) { .host = 0, .epoch = 3 };
	ck_assert_uint_eq(tables_right_of(tables, 1), 0);
	ck_assert_uint_eq(tables_right_of(tables, 0), 1);
	ck_assert_uint_eq(tables_right_of(tables, 2), SLOT_NONE);
}
END_TEST

START_TEST(a_name_has_1_to_63_of_its_characters)
{
	char name[80] = "";

	ck_assert(!name_is_valid(""));
	memset(name, 'a', 63);
	ck_assert(name_is_valid(name));
	name[63] = 'a';
	ck_assert(!name_is_valid(name));
	ck_assert(name_is_valid("-._09azAZ"));
	for (unsigned int c = 1; c < 256; c++) {
		const char one[] = { (char)c, '\0' };
		bool allowed = c < 128 && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRS"
						 "TUVWXYZ0123456789._-", (int)c) != NULL;

		ck_assert_msg(name_is_valid(one) == allowed, "character %u", c);
	}
}
END_TEST

START_TEST(only_ascii_letters_are_the_same_in_both_cases)
{
	ck_assert(name_same("aZ09", "Az09"));
	ck_assert(!name_same("a", "b"));
	ck_assert(!name_same("a", "ab"));
	ck_assert(!name_same("ab", "a"));
	ck_assert(!name_same("@", "`"));
	ck_assert(!name_same("[", "{"));
	ck_assert(!name_same("\xc3\x84", "\xc3\xa4"));
}
END_TEST

static bool valid(const char *text)
{
	return text_is_valid(text, strlen(text));
}

START_TEST(a_text_has_at_most_512_bytes)
{
	char text[513];

	memset(text, 'x', sizeof(text));
	ck_assert(text_is_valid(text, 0));
	ck_assert(text_is_valid(text, 512));
	ck_assert(!text_is_valid(text, 513));
}
END_TEST

START_TEST(a_text_is_the_shortest_utf8_of_scalar_values)
{
	ck_assert(valid(
		"\x7e\xc2\xa0\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
	ck_assert(!valid("\xc0\xaf"));			/* overlong */
	ck_assert(!valid("\xc1\xbf"));
	ck_assert(!valid("\xe0\x9f\xbf"));
	ck_assert(!valid("\xf0\x8f\xbf\xbf"));
	ck_assert(valid("\xed\x9f\xbf"));		/* surrogates lie between */
	ck_assert(!valid("\xed\xa0\x80"));
	ck_assert(!valid("\xed\xbf\xbf"));
	ck_assert(valid("\xee\x80\x80"));
	ck_assert(!valid("\xf4\x90\x80\x80"));		/* above the last */
	ck_assert(!valid("\xf8\x88\x80\x80\x80"));
	ck_assert(!valid("\x80"));			/* no beginning */
	ck_assert(!valid("\xc3"));			/* no end */
	ck_assert(!valid("\xe2\x82"));
	ck_assert(!valid("\xc3" "a"));
	ck_assert(!valid("\xff"));
}
END_TEST

START_TEST(a_text_has_no_control_characters)
{
	for (char c = 0; c < 0x20; c++)
		ck_assert(!text_is_valid(&c, 1));
	ck_assert(valid(" ~"));
	ck_assert(!valid("\x7f"));
	ck_assert(!valid("\xc2\x80"));
	ck_assert(!valid("\xc2\x9f"));
}
END_TEST

START_TEST(a_text_does_not_turn_its_direction)
{
	ck_assert(valid("\xe2\x80\xa9"));		/* U+2029 */
	ck_assert(!valid("\xe2\x80\xaa"));
	ck_assert(!valid("\xe2\x80\xae"));
	ck_assert(valid("\xe2\x80\xaf"));
	ck_assert(valid("\xe2\x81\xa5"));		/* U+2065 */
	ck_assert(!valid("\xe2\x81\xa6"));
	ck_assert(!valid("\xe2\x81\xa9"));
	ck_assert(valid("\xe2\x81\xaa"));
}
END_TEST

START_TEST(the_valid_part_of_a_text_ends_before_its_first_fault)
{
	ck_assert_uint_eq(text_valid_bytes("ab\xc3\xa4\tx", 6), 4);
	ck_assert_uint_eq(text_valid_bytes("ab\xc3\xa4", 3), 2);
	ck_assert_uint_eq(text_valid_bytes("", 0), 0);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("tables");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, new_tables_are_empty_and_of_version_0);
	tcase_add_test(tests, a_copy_is_the_same);
	tcase_add_test(tests, a_copy_leaves_no_stale_rows_above_the_counts);
	tcase_add_test(tests, the_version_alone_makes_no_difference);
	tcase_add_test(tests, a_difference_in_any_field_of_the_cluster_is_noticed);
	tcase_add_test(tests, a_difference_in_any_field_of_a_host_is_noticed);
	tcase_add_test(tests, a_difference_in_any_right_of_a_volume_is_noticed);
	tcase_add_test(tests, a_difference_in_any_setting_of_a_volume_is_noticed);
	tcase_add_test(tests, a_difference_in_any_field_of_access_and_requests_is_noticed);
	tcase_add_test(tests, what_stands_behind_the_end_of_a_string_makes_no_difference);
	tcase_add_test(tests, rows_are_found_by_name_without_regard_to_case);
	tcase_add_test(tests, a_removed_row_is_not_found);
	tcase_add_test(tests, without_a_record_a_host_may_what_the_defaults_say);
	tcase_add_test(tests, access_records_are_sorted_and_replaced_in_place);
	tcase_add_test(tests, a_record_that_says_the_defaults_is_dropped);
	tcase_add_test(tests, access_records_end_at_the_capacity);
	tcase_add_test(tests, the_queue_of_a_volume_is_in_the_order_of_the_ids);
	tcase_add_test(tests, a_request_is_found_by_its_id_only);
	tcase_add_test(tests, a_freed_slot_is_used_again_and_a_removed_hosts_is_not);
	tcase_add_test(tests, nothing_names_a_host_that_is_removed);
	tcase_add_test(tests, nothing_names_a_volume_that_is_removed);
	tcase_add_test(tests,
		       the_rights_of_a_host_are_those_it_has_and_those_not_proven_to_have_ended);
	tcase_add_test(tests, a_name_has_1_to_63_of_its_characters);
	tcase_add_test(tests, only_ascii_letters_are_the_same_in_both_cases);
	tcase_add_test(tests, a_text_has_at_most_512_bytes);
	tcase_add_test(tests, a_text_is_the_shortest_utf8_of_scalar_values);
	tcase_add_test(tests, a_text_has_no_control_characters);
	tcase_add_test(tests, a_text_does_not_turn_its_direction);
	tcase_add_test(tests, the_valid_part_of_a_text_ends_before_its_first_fault);
	return unit_run("tables", tests);
}
