/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/log.h"

static int kept_stderr;
static FILE *capture;
static char text[1024 * 1024];

static void setup(void)
{
	capture = tmpfile();
	ck_assert_ptr_nonnull(capture);
	kept_stderr = dup(STDERR_FILENO);
	ck_assert_int_ge(dup2(fileno(capture), STDERR_FILENO), 0);
}

static void teardown(void)
{
	dup2(kept_stderr, STDERR_FILENO);
	close(kept_stderr);
	fclose(capture);
}

/* What has been logged since the last call. */
static const char *logged(void)
{
	size_t len;

	rewind(capture);
	len = fread(text, 1, sizeof(text) - 1, capture);
	text[len] = '\0';
	ck_assert_int_eq(ftruncate(fileno(capture), 0), 0);
	rewind(capture);
	return text;
}

/* The line behind its time, which is "12:00:00.000 volctld: ". */
static void ck_line(const char *expected)
{
	const char *line = logged();
	int hour;
	int used = 0;

	ck_assert_int_eq(sscanf(line, "%2d:%*2d:%*2d.%*3d volctld: %n", &hour, &used), 1);
	ck_assert_int_eq(used, (int)strlen("12:00:00.000 volctld: "));
	ck_assert_str_eq(line + used, expected);
}

START_TEST(a_line_has_its_time_and_its_level)
{
	log_open(1, LOG_DEBUG);
	log_err("no %s", "disk");
	ck_line("error: no disk\n");
	log_warn("slow");
	ck_line("warning: slow\n");
	log_info("logged on");
	ck_line("logged on\n");
	log_debug("read %d", 4);
	ck_line("debug: read 4\n");
}
END_TEST

START_TEST(what_is_less_important_than_the_level_is_not_logged)
{
	log_open(1, LOG_WARNING);
	log_info("info");
	log_debug("debug");
	ck_assert_str_eq(logged(), "");
	log_warn("warn");
	ck_line("warning: warn\n");
	log_set_level(LOG_INFO);
	log_debug("debug");
	ck_assert_str_eq(logged(), "");
	log_info("info");
	ck_line("info\n");
}
END_TEST

START_TEST(a_line_stays_one_line_of_valid_text)
{
	log_open(1, LOG_INFO);
	log_info("a\nb\033[2J\xff\tc");
	ck_line("a?b?[2J? c\n");
}
END_TEST

START_TEST(a_long_line_is_cut)
{
	static char line[100000];

	memset(line, 'x', sizeof(line) - 1);
	log_open(1, LOG_INFO);
	log_info("%s", line);
	ck_assert_uint_gt(strlen(logged()), 1000);
	ck_assert_uint_lt(strlen(text), 2000);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
}
END_TEST

START_TEST(the_ring_holds_the_last_lines_of_any_level)
{
	const char *dumped;

	log_open(1, LOG_ERR);
	for (int i = 0; i < 300; i++)
		log_debug("line <%d>", i);
	ck_assert_str_eq(logged(), "");
	log_dump_ring();
	dumped = logged();
	ck_assert_ptr_null(strstr(dumped, "<43>"));
	ck_assert_ptr_nonnull(strstr(dumped, "debug: line <44>\n"));
	ck_assert_ptr_nonnull(strstr(dumped, "debug: line <299>\n"));
	ck_assert(strstr(dumped, "<44>") < strstr(dumped, "<299>"));
}
END_TEST

START_TEST(a_ring_that_is_not_full_gives_what_it_has)
{
	log_open(1, LOG_ERR);
	log_debug("one");
	log_debug("two");
	log_dump_ring();
	ck_assert_ptr_nonnull(strstr(logged(), "debug: one\n"));
	ck_assert_ptr_nonnull(strstr(strstr(text, "one\n"), "debug: two\n"));
	ck_assert_uint_lt(strlen(text), 200);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("log");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_line_has_its_time_and_its_level);
	tcase_add_test(tests, what_is_less_important_than_the_level_is_not_logged);
	tcase_add_test(tests, a_line_stays_one_line_of_valid_text);
	tcase_add_test(tests, a_long_line_is_cut);
	tcase_add_test(tests, the_ring_holds_the_last_lines_of_any_level);
	tcase_add_test(tests, a_ring_that_is_not_full_gives_what_it_has);
	return unit_run("log", tests);
}
