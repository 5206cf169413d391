/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/conf.h"

#include <string.h>

#include "tables/limits.h"
#include "tables/put.h"
#include "tests/chance.h"
#include "tests/unit.h"

static struct conf_errors errors;
static char transcript[64 * 1024];

static void put_span(struct put *put, const struct conf_span *span)
{
	put_bytes(put, span->start, span->len);
}

/* One line for each section ("2:1 [volume@9 media@16]") and key ("3:2 name@2='studio'@9"). */
static void put_line(struct put *put, const struct conf_line *line)
{
	put_number(put, line->line);
	put_text(put, ":");
	put_number(put, line->column);
	put_text(put, line->kind == CONF_SECTION ? " [" : " ");
	for (unsigned int i = 0; i < line->word_count; i++) {
		put_text(put, i > 0 ? " " : "");
		put_span(put, &line->words[i]);
		put_text(put, "@");
		put_number(put, line->words[i].column);
	}
	if (line->kind == CONF_KEY) {
		put_span(put, &line->key);
		put_text(put, "@");
		put_number(put, line->key.column);
		put_text(put, "='");
		put_span(put, &line->value);
		put_text(put, "'@");
		put_number(put, line->value.column);
	}
	put_text(put, line->kind == CONF_SECTION ? "]\n" : line->kind == CONF_END ? "end\n" : "\n");
}

static void put_errors(struct put *put)
{
	for (uint32_t i = 0; i < errors.count && i < CONF_ERRORS_MAX; i++) {
		put_number(put, errors.errors[i].line);
		put_text(put, ":");
		put_number(put, errors.errors[i].column);
		put_text(put, ": ");
		put_text(put, errors.errors[i].text);
		put_text(put, "\n");
	}
}

/* What the reader makes of a text, then its errors. */
static const char *read_bytes(const char *text, size_t len)
{
	struct conf_reader reader;
	struct conf_line line;
	struct put put;

	errors.count = 0;
	put_begin(&put, transcript, sizeof(transcript));
	conf_begin(&reader, text, len);
	do {
		conf_next(&reader, &line, &errors);
		put_line(&put, &line);
	} while (line.kind != CONF_END);
	put_errors(&put);
	return transcript;
}

static const char *read_text(const char *text)
{
	return read_bytes(text, strlen(text));
}

/* A line with nothing but a value. */
static struct conf_line with_value(const char *value)
{
	return (struct conf_line) {
		.kind = CONF_KEY,
		.line = 3,
		.value = { .start = value, .len = strlen(value), .column = 7 },
	};
}

static const char *error_text(void)
{
	struct put put;

	put_begin(&put, transcript, sizeof(transcript));
	put_errors(&put);
	return transcript;
}

START_TEST(sections_and_keys_come_with_their_places)
{
	ck_assert_str_eq(read_text("[cluster]\n  name = studio\n\t[ access  media\tedit2 ]\nk=v"),
			 "1:1 [cluster@2]\n"
			 "2:3 name@3='studio'@10\n"
			 "3:2 [access@4 media@12 edit2@18]\n"
			 "4:1 k@1='v'@3\n"
			 "4:4 end\n");
}
END_TEST

START_TEST(the_end_has_the_place_behind_the_last_character)
{
	ck_assert_str_eq(read_text(""), "1:1 end\n");
	ck_assert_str_eq(read_text("\n"), "2:1 end\n");
	ck_assert_str_eq(read_text("# x"), "1:4 end\n");
	ck_assert_str_eq(read_text("# x\n"), "2:1 end\n");
}
END_TEST

START_TEST(a_comment_begins_at_the_start_or_after_a_blank)
{
	ck_assert_str_eq(read_text("# a = b\n \t# x\nk = a#b # c\nk = #c\n[s] # c\nk = a #\n"),
			 "3:1 k@1='a#b'@5\n"
			 "4:1 k@1=''@5\n"
			 "5:1 [s@2]\n"
			 "6:1 k@1='a'@5\n"
			 "7:1 end\n");
}
END_TEST

START_TEST(quotes_of_either_kind_protect_blanks_and_comments)
{
	ck_assert_str_eq(read_text("a = \" x # y \" # c\nb = 'say \"hi\"'\nc = \"\"\nd = it's\n"),
			 "1:1 a@1=' x # y '@6\n"
			 "2:1 b@1='say \"hi\"'@6\n"
			 "3:1 c@1=''@6\n"
			 "4:1 d@1='it's'@5\n"
			 "5:1 end\n");
}
END_TEST

START_TEST(a_value_may_hold_equal_signs_and_be_empty)
{
	ck_assert_str_eq(read_text("a=b=c\nd=\ne =  \r\n"),
			 "1:1 a@1='b=c'@3\n2:1 d@1=''@3\n3:1 e@1=''@6\n4:1 end\n");
}
END_TEST

START_TEST(a_malformed_section_is_said_where_it_goes_wrong)
{
	ck_assert_str_eq(read_text("[]\n"),
			 "2:1 end\n1:2: expected the name of a section, got ']'\n");
	ck_assert_str_eq(read_text(" [host"), "1:7 end\n1:7: expected ']', got ''\n");
	ck_assert_str_eq(read_text("[a b c d]\n"), "2:1 end\n1:8: expected ']', got 'd]'\n");
	ck_assert_str_eq(read_text("[a #b]\n"), "2:1 end\n1:4: expected ']', got '#b]'\n");
	ck_assert_str_eq(read_text("[a] b c\n"),
			 "2:1 end\n1:5: expected the end of the line, got 'b'\n");
	ck_assert_str_eq(read_text("[a]#b\n"),
			 "2:1 end\n1:4: expected the end of the line, got '#b'\n");
}
END_TEST

START_TEST(a_malformed_key_is_said_where_it_goes_wrong)
{
	ck_assert_str_eq(read_text("name studio\n"), "2:1 end\n1:6: expected '=', got 'studio'\n");
	ck_assert_str_eq(read_text("name"), "1:5 end\n1:5: expected '=', got ''\n");
	ck_assert_str_eq(read_text(" = x\n"), "2:1 end\n1:2: expected a key, got '='\n");
	ck_assert_str_eq(read_text("a = \"x\n"),
			 "2:1 end\n1:7: expected '\"' at the end of the value, got ''\n");
	ck_assert_str_eq(read_text("a = 'x\n"),
			 "2:1 end\n1:7: expected \"'\" at the end of the value, got ''\n");
	ck_assert_str_eq(read_text("a = \"x\"y z\n"),
			 "2:1 end\n1:8: expected the end of the line, got 'y'\n");
	ck_assert_str_eq(read_text("a = \"x\"#y\n"),
			 "2:1 end\n1:8: expected the end of the line, got '#y'\n");
}
END_TEST

START_TEST(a_malformed_line_does_not_hide_the_next)
{
	ck_assert_str_eq(
		read_text("[\nk = v\nx\n[s]\n"),
		"2:1 k@1='v'@5\n4:1 [s@2]\n5:1 end\n"
		"1:2: expected the name of a section, got ''\n3:2: expected '=', got ''\n");
}
END_TEST

START_TEST(a_line_has_at_most_4096_bytes)
{
	static char text[CONF_LINE_BYTES_MAX + 3];

	memset(text, 'x', sizeof(text));
	memcpy(text, "k=", 2);
	text[CONF_LINE_BYTES_MAX] = '\n';
	(void)read_bytes(text, CONF_LINE_BYTES_MAX + 1);
	ck_assert_uint_eq(errors.count, 0);
	text[CONF_LINE_BYTES_MAX] = 'x';
	text[CONF_LINE_BYTES_MAX + 1] = '\n';
	ck_assert_str_eq(
		read_bytes(text, CONF_LINE_BYTES_MAX + 2),
		"2:1 end\n1:4097: expected a line of at most 4096 bytes, got a longer one\n");
}
END_TEST

START_TEST(a_line_is_utf8_without_control_characters_and_columns_count_bytes)
{
	ck_assert_str_eq(read_text("# \xc3\xa4\nk = \xc3\xa4\xc3\xb6 # x\n"),
			 "2:1 k@1='\xc3\xa4\xc3\xb6'@5\n3:1 end\n");
	ck_assert_str_eq(read_text("k = \xc3\xa4\xff\n"),
			 "2:1 end\n1:7: expected UTF-8 text without control characters, got '?'\n");
	ck_assert_str_eq(read_text("# \x1b[0m\n"),
			 "2:1 end\n1:3: expected UTF-8 text without control characters, got '?'\n");
	ck_assert_str_eq(read_bytes("\tk = \0x\n", 8),
			 "2:1 end\n1:6: expected UTF-8 text without control characters, got '?'\n");
}
END_TEST

START_TEST(a_carriage_return_ends_a_line_only_before_its_end)
{
	ck_assert_str_eq(read_text("k = v\r\n"), "1:1 k@1='v'@5\n2:1 end\n");
	ck_assert_str_eq(read_text("k = v\r"),
			 "1:7 end\n1:6: expected UTF-8 text without control characters, got '?'\n");
}
END_TEST

START_TEST(the_first_20_errors_are_kept_in_the_order_of_their_places)
{
	struct conf_span got = { .start = "x", .len = 1 };

	for (uint32_t line = 40; line > 10; line--) {
		got.column = 100 - line;
		conf_expected(&errors, line, &got, "y");
	}
	got.column = 3;
	conf_expected(&errors, 11, &got, "z");
	ck_assert_uint_eq(errors.count, 31);
	ck_assert_uint_eq(errors.errors[0].line, 11);
	ck_assert_uint_eq(errors.errors[0].column, 3);
	for (uint32_t i = 1; i < CONF_ERRORS_MAX; i++) {
		ck_assert_uint_eq(errors.errors[i].line, 10 + i);
		ck_assert_uint_eq(errors.errors[i].column, 90 - i);
	}
}
END_TEST

START_TEST(an_error_shows_a_part_of_what_it_got_cut_between_characters)
{
	char text[128] = "";
	struct conf_line line;

	memset(text, 'a', 48);
	line = with_value(text);
	conf_expected(&errors, 3, &line.value, "b");
	ck_assert_str_eq(
		error_text(),
		"3:7: expected b, got 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'\n");
	errors.count = 0;
	memcpy(text + 47, "\xc3\xa4" "a", 4);
	line = with_value(text);
	conf_expected(&errors, 3, &line.value, "b");
	ck_assert_str_eq(
		error_text(),
		"3:7: expected b, got 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...'\n");
	errors.count = 0;
	memset(text, '\t', 60);
	line = with_value(text);
	conf_expected(&errors, 3, &line.value, "b");
	ck_assert_str_eq(
		error_text(),
		"3:7: expected b, got '????????????????????????????????????????????????...'\n");
}
END_TEST

START_TEST(an_error_never_leaves_its_room)
{
	char expected[400];
	struct conf_line line = with_value("x");

	memset(expected, 'e', sizeof(expected));
	expected[399] = '\0';
	conf_expected(&errors, 3, &line.value, expected);
	conf_complain(&errors, 4, 1, expected);
	ck_assert_uint_eq(strlen(errors.errors[0].text), CONF_ERROR_BYTES - 1);
	ck_assert_uint_eq(strlen(errors.errors[1].text), CONF_ERROR_BYTES - 1);
}
END_TEST

START_TEST(a_bool_is_yes_or_no)
{
	struct conf_line line = with_value("yes");
	bool value = false;

	ck_assert(conf_bool(&line, &value, &errors) && value);
	line = with_value("no");
	ck_assert(conf_bool(&line, &value, &errors) && !value);
	line = with_value("maybe");
	ck_assert(!conf_bool(&line, &value, &errors));
	line = with_value("Yes");
	ck_assert(!conf_bool(&line, &value, &errors));
	line = with_value("");
	ck_assert(!conf_bool(&line, &value, &errors));
	ck_assert_str_eq(error_text(), "3:7: expected yes or no, got 'maybe'\n"
				       "3:7: expected yes or no, got 'Yes'\n"
				       "3:7: expected yes or no, got ''\n");
}
END_TEST

START_TEST(a_choice_names_what_there_is_to_choose)
{
	static const char *const words[] = { "a", "b", "c", NULL };
	struct conf_line line = with_value("c");
	unsigned int index = 9;

	ck_assert(conf_choice(&line, words, &index, &errors));
	ck_assert_uint_eq(index, 2);
	line = with_value("d");
	ck_assert(!conf_choice(&line, words, &index, &errors));
	ck_assert_uint_eq(index, 2);
	ck_assert_str_eq(error_text(), "3:7: expected a, b or c, got 'd'\n");
}
END_TEST

static bool duration(const char *value, uint32_t *ret_ms)
{
	struct conf_line line = with_value(value);

	return conf_duration_ms(&line, ret_ms, &errors);
}

START_TEST(a_duration_has_a_unit_and_fits)
{
	static const struct {
		const char *text;
		uint32_t ms;
	} good[] = {
		{ "0", 0 }, { "0h", 0 }, { "250ms", 250 }, { "30s", 30000 }, { "5m", 300000 },
		{ "1h", 3600000 }, { "4294967295ms", UINT32_MAX }, { "4294967s", 4294967000 },
		{ "1193h", 4294800000 },
	};
	static const char *const bad[] = { "", "1", "ms", "-1s", "+1s", "1.5s", "1 s", "1S", "1d",
					   "1sx", "4294967296ms", "4294968s", "71583m", "1194h",
					   "99999999999999999999s" };
	uint32_t ms = 7;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(duration(good[i].text, &ms), "%s", good[i].text);
		ck_assert_uint_eq(ms, good[i].ms);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!duration(bad[i], &ms), "%s", bad[i]);
	ck_assert_uint_eq(ms, 4294800000);
	ck_assert_uint_eq(errors.count, sizeof(bad) / sizeof(bad[0]));
	ck_assert_str_eq(errors.errors[1].text,
			 "expected a duration of at most 1193h, such as 250ms, "
			 "30s, 5m or 1h, got '1'");
}
END_TEST

static bool number(const char *value, uint64_t max, uint64_t *ret_number)
{
	struct conf_line line = with_value(value);

	return conf_number(&line, max, ret_number, &errors);
}

START_TEST(a_number_is_of_digits_and_at_most_its_limit)
{
	uint64_t value = 7;

	ck_assert(number("0", 0, &value) && value == 0);
	ck_assert(number("007", 7, &value) && value == 7);
	ck_assert(number("18446744073709551615", UINT64_MAX, &value) && value == UINT64_MAX);
	ck_assert(!number("18446744073709551616", UINT64_MAX, &value));
	ck_assert(!number("8", 7, &value));
	ck_assert(!number("", 7, &value));
	ck_assert(!number("-1", 7, &value));
	ck_assert(!number("1x", 7, &value));
	ck_assert(!number("0x1", 7, &value));
	ck_assert_str_eq(errors.errors[1].text, "expected a number from 0 to 7, got '8'");
	ck_assert_uint_eq(value, UINT64_MAX);
}
END_TEST

static bool thousandths(const char *value, uint32_t *ret_value)
{
	struct conf_line line = with_value(value);

	return conf_thousandths(&line, ret_value, &errors);
}

START_TEST(thousandths_have_at_most_three_decimals)
{
	uint32_t value = 7;

	ck_assert(thousandths("1", &value) && value == 1000);
	ck_assert(thousandths("1.5", &value) && value == 1500);
	ck_assert(thousandths("0.25", &value) && value == 250);
	ck_assert(thousandths("0.001", &value) && value == 1);
	ck_assert(thousandths("4294966.999", &value) && value == 4294966999);
	ck_assert(!thousandths("4294967", &value));
	ck_assert(!thousandths("0.0001", &value));
	ck_assert(!thousandths("1.", &value));
	ck_assert(!thousandths(".5", &value));
	ck_assert(!thousandths("1,5", &value));
	ck_assert(!thousandths("1.5x", &value));
	ck_assert(!thousandths("", &value));
	ck_assert_uint_eq(value, 4294966999);
}
END_TEST

START_TEST(a_string_fits_its_room_and_clears_the_rest)
{
	char room[4] = { 'x', 'x', 'x', 'x' };
	struct conf_line line = with_value("abc");

	ck_assert(conf_string(&line, room, sizeof(room), &errors));
	ck_assert_str_eq(room, "abc");
	line = with_value("a");
	ck_assert(conf_string(&line, room, sizeof(room), &errors));
	ck_assert_mem_eq(room, "a\0\0\0", 4);
	line = with_value("abcd");
	ck_assert(!conf_string(&line, room, sizeof(room), &errors));
	line = with_value("a\tb");
	ck_assert(!conf_string(&line, room, sizeof(room), &errors));
	ck_assert_str_eq(room, "a");
	ck_assert_str_eq(error_text(), "3:7: expected at most 3 bytes, got 'abcd'\n"
				       "3:7: expected text without tabs, got 'a?b'\n");
}
END_TEST

START_TEST(a_name_has_its_characters_and_its_length)
{
	char long_name[65];
	char name[NAME_BYTES_MAX + 1];
	struct conf_line line;

	memset(long_name, 'n', sizeof(long_name));
	line = with_value("edit-1.a_B");
	ck_assert(conf_name(&line, name, &errors));
	ck_assert_str_eq(name, "edit-1.a_B");
	line = (struct conf_line) { .value = { .start = long_name, .len = 63 } };
	ck_assert(conf_name(&line, name, &errors));
	line.value.len = 64;
	ck_assert(!conf_name(&line, name, &errors));
	line = with_value("");
	ck_assert(!conf_name(&line, name, &errors));
	line = with_value("a b");
	ck_assert(!conf_name(&line, name, &errors));
	ck_assert_str_eq(errors.errors[2].text,
			 "expected a name of 1 to 63 letters, digits, '.', '_' or '-', got 'a b'");
}
END_TEST

START_TEST(a_list_is_taken_word_by_word)
{
	struct conf_line line = with_value("  a\t b ");
	struct conf_span word;

	ck_assert(conf_word(&line.value, &word));
	ck_assert(conf_is(&word, "a"));
	ck_assert_uint_eq(word.column, 9);
	ck_assert(conf_word(&line.value, &word));
	ck_assert(conf_is(&word, "b"));
	ck_assert_uint_eq(word.column, 12);
	ck_assert(!conf_word(&line.value, &word));
	ck_assert(!conf_word(&line.value, &word));
}
END_TEST

START_TEST(any_bytes_give_lines_or_errors_within_the_text)
{
	static const char alphabet[] = "[]=#\"' \t\n\rab\xc3\xa4\xff\x1b";
	char text[200];

	for (uint64_t seed = 0; seed < 20000; seed++) {
		struct chance chance = { .state = seed };
		size_t len = chance_below(&chance, sizeof(text));

		for (size_t i = 0; i < len; i++)
			text[i] = alphabet[chance_below(&chance, sizeof(alphabet) - 1)];
		(void)read_bytes(text, len);
		for (uint32_t i = 0; i < errors.count && i < CONF_ERRORS_MAX; i++)
			ck_assert_msg(errors.errors[i].line >= 1 && errors.errors[i].column >= 1 &&
					      errors.errors[i].line <= len + 1 &&
					      errors.errors[i].column <= len + 1,
				      "seed %llu", (unsigned long long)seed);
	}
}
END_TEST

START_TEST(put_counts_on_behind_the_end_and_writes_what_fits)
{
	char room[6] = "zzzzz";
	struct put put;

	put_begin(&put, room, 4);
	ck_assert_str_eq(room, "");
	put_text(&put, "ab");
	put_number(&put, 18446744073709551615ULL);
	put_text(&put, "c");
	ck_assert_str_eq(room, "ab1");
	ck_assert_int_eq(room[4], 'z');
	ck_assert_uint_eq(put.len, 23);
	put_begin(&put, NULL, 0);
	put_number(&put, 0);
	ck_assert_uint_eq(put.len, 1);
}
END_TEST

static void setup(void)
{
	memset(&errors, 0, sizeof(errors));
}

int main(void)
{
	TCase *tests = tcase_create("conf");

	tcase_add_checked_fixture(tests, setup, NULL);
	tcase_add_test(tests, sections_and_keys_come_with_their_places);
	tcase_add_test(tests, the_end_has_the_place_behind_the_last_character);
	tcase_add_test(tests, a_comment_begins_at_the_start_or_after_a_blank);
	tcase_add_test(tests, quotes_of_either_kind_protect_blanks_and_comments);
	tcase_add_test(tests, a_value_may_hold_equal_signs_and_be_empty);
	tcase_add_test(tests, a_malformed_section_is_said_where_it_goes_wrong);
	tcase_add_test(tests, a_malformed_key_is_said_where_it_goes_wrong);
	tcase_add_test(tests, a_malformed_line_does_not_hide_the_next);
	tcase_add_test(tests, a_line_has_at_most_4096_bytes);
	tcase_add_test(tests, a_line_is_utf8_without_control_characters_and_columns_count_bytes);
	tcase_add_test(tests, a_carriage_return_ends_a_line_only_before_its_end);
	tcase_add_test(tests, the_first_20_errors_are_kept_in_the_order_of_their_places);
	tcase_add_test(tests, an_error_shows_a_part_of_what_it_got_cut_between_characters);
	tcase_add_test(tests, an_error_never_leaves_its_room);
	tcase_add_test(tests, a_bool_is_yes_or_no);
	tcase_add_test(tests, a_choice_names_what_there_is_to_choose);
	tcase_add_test(tests, a_duration_has_a_unit_and_fits);
	tcase_add_test(tests, a_number_is_of_digits_and_at_most_its_limit);
	tcase_add_test(tests, thousandths_have_at_most_three_decimals);
	tcase_add_test(tests, a_string_fits_its_room_and_clears_the_rest);
	tcase_add_test(tests, a_name_has_its_characters_and_its_length);
	tcase_add_test(tests, a_list_is_taken_word_by_word);
	tcase_add_test(tests, any_bytes_give_lines_or_errors_within_the_text);
	tcase_add_test(tests, put_counts_on_behind_the_end_and_writes_what_fits);
	return unit_run("conf", tests);
}
