/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/hooks.h"
#include "tables/tables.h"

#define ANSWERS_MAX 64
#define PATIENCE_MS 30000

static char folder[64];
static char program[128];
static char result[128];
static struct loop loop;
static struct hooks *hooks;

static unsigned int answer_count;
static bool answers[ANSWERS_MAX];
static char texts[ANSWERS_MAX][TEXT_BYTES_MAX + 1];
static struct hook_question asked[ANSWERS_MAX];
static unsigned int ask_again;

static const struct hook_question question = {
	.cookie = 77,
	.asker = &loop,
	.volume = 3,
	.request = 12,
	.held_s = 42,
	.volume_name = "media",
	.from = "edit2",
	.text = "colour 'correction' \"now\" $HOME",
};

static void note_answer(const struct hook_question *of, bool yes, const char *text, void *data)
{
	ck_assert_ptr_eq(data, answers);
	ck_assert_uint_lt(answer_count, ANSWERS_MAX);
	answers[answer_count] = yes;
	asked[answer_count] = *of;
	snprintf(texts[answer_count], sizeof(texts[0]), "%s", text);
	answer_count++;
	if (ask_again > 0) {
		ask_again--;
		ck_assert_int_eq(hooks_ask(hooks, program, 10000, &question), 0);
	}
}

static void setup(void)
{
	answer_count = 0;
	ask_again = 0;
	snprintf(folder, sizeof(folder), "%s", "/tmp/unit_hooks.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(program, sizeof(program), "%s/program", folder);
	snprintf(result, sizeof(result), "%s/result", folder);
	ck_assert_int_eq(loop_open(&loop), 0);
	hooks = hooks_new(&loop, note_answer, answers);
	ck_assert_ptr_nonnull(hooks);
}

static void teardown(void)
{
	hooks_free(hooks);
	loop_close(&loop);
	(void)unlink(program);
	(void)unlink(result);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* A program that does @body, in which %s is the file that it may write its result to. */
static void __attribute__((format(printf, 1, 2))) script(const char *body, ...)
{
	FILE *out = fopen(program, "w");
	va_list arguments;

	ck_assert_ptr_nonnull(out);
	fputs("#!/bin/sh\n", out);
	va_start(arguments, body);
	vfprintf(out, body, arguments);
	va_end(arguments);
	ck_assert_int_eq(fclose(out), 0);
	ck_assert_int_eq(chmod(program, 0700), 0);
}

static void turn(void)
{
	uint64_t wake_at_ms = clock_boot_ms() + 10;

	if (hooks_wake_at(hooks) < wake_at_ms)
		wake_at_ms = hooks_wake_at(hooks);
	ck_assert_int_eq(loop_turn(&loop, wake_at_ms), 0);
	hooks_review(hooks);
}

static void wait_for_answers(unsigned int count)
{
	uint64_t until_ms = clock_boot_ms() + PATIENCE_MS;

	while (answer_count < count) {
		ck_assert_uint_lt(clock_boot_ms(), until_ms);
		turn();
	}
	ck_assert_uint_eq(answer_count, count);
}

static void ask(void)
{
	ck_assert_int_eq(hooks_ask(hooks, program, 10000, &question), 0);
	wait_for_answers(answer_count + 1);
}

/* The result file's text, or "" while it is not there. */
static const char *result_text(void)
{
	static char text[256 * 1024];
	FILE *in = fopen(result, "r");
	size_t len;

	text[0] = '\0';
	if (!in)
		return text;
	len = fread(text, 1, sizeof(text) - 1, in);
	text[len] = '\0';
	fclose(in);
	return text;
}

/* Turn until the result ends in @end. */
static const char *wait_for_result(const char *end)
{
	uint64_t until_ms = clock_boot_ms() + PATIENCE_MS;

	for (;;) {
		const char *text = result_text();
		size_t len = strlen(text);

		if (len >= strlen(end) && strcmp(text + len - strlen(end), end) == 0)
			return text;
		ck_assert_msg(clock_boot_ms() < until_ms, "result [%s]", text);
		turn();
	}
}

START_TEST(exit_0_is_yes)
{
	script("echo whatever\nexit 0\n");
	ask();
	ck_assert(answers[0]);
	ck_assert_str_eq(texts[0], "");
	ck_assert_mem_eq(&asked[0], &question, sizeof(question));
	ck_assert_uint_eq(hooks_wake_at(hooks), UINT64_MAX);
}
END_TEST

START_TEST(exit_1_is_no_with_the_first_line_as_its_text)
{
	script("echo 'a render is running'\necho second\nexit 1\n");
	ask();
	ck_assert(!answers[0]);
	ck_assert_str_eq(texts[0], "a render is running");
}
END_TEST

START_TEST(a_no_without_words_says_whose_no_it_is)
{
	script("echo\necho second\nexit 1\n");
	ask();
	ck_assert(!answers[0]);
	ck_assert_str_eq(texts[0], "the hook may-give says no");
}
END_TEST

START_TEST(a_line_that_does_not_end_counts)
{
	script("printf 'not now'\nexit 1\n");
	ask();
	ck_assert_str_eq(texts[0], "not now");
}
END_TEST

START_TEST(any_other_end_is_no_and_says_so)
{
	script("echo out of order\nexit 2\n");
	ask();
	ck_assert(!answers[0]);
	ck_assert_str_eq(texts[0], "the hook may-give ended with status 2, which counts as no");
	script("kill -TERM $$\n");
	ask();
	ck_assert(!answers[1]);
	ck_assert_str_eq(texts[1],
			 "the hook may-give was ended by signal 15, which counts as no");
}
END_TEST

START_TEST(output_is_made_valid_and_short)
{
	script("printf 'a\\033[1mb\\tc\\377d\\303\\244\\n'\nexit 1\n");
	ask();
	ck_assert_str_eq(texts[0], "a?[1mb c?d\303\244");
	/* 511 bytes, and a character of two across the limit of 512. */
	script("printf '%%0511d\\303\\244 and more' 0\nexit 1\n");
	ask();
	ck_assert_uint_eq(strlen(texts[1]), 511);
	ck_assert_int_eq(text_is_valid(texts[1], strlen(texts[1])), true);
}
END_TEST

START_TEST(a_program_may_print_more_than_a_pipe_holds)
{
	script("head -c 1000000 /dev/zero | tr '\\0' x\nexit 0\n");
	ask();
	ck_assert(answers[0]);
	script("head -c 1000000 /dev/zero | tr '\\0' x\nexit 1\n");
	ask();
	ck_assert(!answers[1]);
	ck_assert_uint_eq(strlen(texts[1]), TEXT_BYTES_MAX);
}
END_TEST

START_TEST(who_is_too_late_is_killed_and_counts_as_no)
{
	uint64_t begun_ms = clock_boot_ms();
	pid_t pid;

	script("echo $$ > %s.new\nmv %s.new %s\nsleep 1000 &\nwait\n", result, result, result);
	ck_assert_int_eq(hooks_ask(hooks, program, 1500, &question), 0);
	ck_assert_uint_ge(hooks_wake_at(hooks), begun_ms + 1500);
	wait_for_answers(1);
	ck_assert_uint_ge(clock_boot_ms(), begun_ms + 1500);
	ck_assert(!answers[0]);
	ck_assert_str_eq(texts[0],
			 "the hook may-give took longer than 1500 ms, which counts as no");
	ck_assert_uint_eq(hooks_wake_at(hooks), UINT64_MAX);
	pid = (pid_t)atoi(wait_for_result("\n"));
	ck_assert_int_gt(pid, 1);
	/* The program and what it started, which is its whole group, are gone and reaped. */
	for (uint64_t until_ms = clock_boot_ms() + PATIENCE_MS; kill(-pid, 0) == 0;) {
		ck_assert_uint_lt(clock_boot_ms(), until_ms);
		turn();
	}
	ck_assert_int_eq(errno, ESRCH);
	ck_assert_uint_eq(answer_count, 1);
}
END_TEST

START_TEST(who_prints_for_ever_is_killed_in_time)
{
	script("exec yes\n");
	ck_assert_int_eq(hooks_ask(hooks, program, 300, &question), 0);
	wait_for_answers(1);
	ck_assert(!answers[0]);
	ck_assert_ptr_nonnull(strstr(texts[0], "took longer than 300 ms"));
}
END_TEST

START_TEST(who_leaves_something_running_has_answered)
{
	script("sleep 20 &\necho no\nexit 1\n");
	ask();
	ck_assert(!answers[0]);
	ck_assert_str_eq(texts[0], "no");
}
END_TEST

START_TEST(the_program_gets_the_question_and_nothing_of_ours)
{
	const char *text;

	setenv("SECRET", "1", 1);
	script("{ env | sort; pwd; cat; ls /proc/self/fd; echo end; } > %s\n", result);
	ask();
	ck_assert(answers[0]);
	text = wait_for_result("end\n");
	ck_assert_ptr_nonnull(strstr(text, "VOLCTL_VOLUME=media\n"));
	ck_assert_ptr_nonnull(strstr(text, "VOLCTL_FROM=edit2\n"));
	ck_assert_ptr_nonnull(strstr(text, "VOLCTL_HELD_S=42\n"));
	ck_assert_ptr_nonnull(strstr(text, "VOLCTL_TEXT=colour 'correction' \"now\" $HOME\n"));
	ck_assert_ptr_null(strstr(text, "SECRET"));
	/* Folder, empty input, 0 1 2 and the one of ls. */
	ck_assert_ptr_nonnull(strstr(text, "\n/\n0\n1\n2\n3\n"));
	ck_assert_ptr_null(strstr(text, "\n4\n"));
}
END_TEST

/* What this program does under the name of a hook: no shell, for shells set signals themselves. */
static int say_signals(void)
{
	struct sigaction action;
	sigset_t blocked;

	sigprocmask(SIG_BLOCK, NULL, &blocked);
	sigaction(SIGPIPE, NULL, &action);
	printf("blocked %d, ignored %d\n", sigismember(&blocked, SIGTERM),
	       action.sa_handler == SIG_IGN);
	return 1;
}

START_TEST(the_programs_signals_are_neither_blocked_nor_ignored)
{
	char self[256] = "";
	sigset_t blocked;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	ck_assert_int_eq(symlink(self, program), 0);
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_IGN);
	ask();
	sigprocmask(SIG_UNBLOCK, &blocked, NULL);
	signal(SIGPIPE, SIG_DFL);
	ck_assert_str_eq(texts[0], "blocked 0, ignored 0");
}
END_TEST

START_TEST(the_program_is_a_process_group_of_its_own)
{
	int group = 0;
	int pid = 0;

	script("{ cut -d' ' -f5 /proc/$$/stat; echo $$; } > %s\n", result);
	ask();
	ck_assert_int_eq(sscanf(result_text(), "%d %d", &group, &pid), 2);
	ck_assert_int_eq(group, pid);
	ck_assert_int_ne(group, getpgrp());
}
END_TEST

START_TEST(what_can_not_be_run_is_an_error)
{
	ck_assert_int_eq(hooks_ask(hooks, program, 1000, &question), -ENOENT);
	script("exit 0\n");
	ck_assert_int_eq(chmod(program, 0600), 0);
	ck_assert_int_eq(hooks_ask(hooks, program, 1000, &question), -EACCES);
	ck_assert_uint_eq(hooks_wake_at(hooks), UINT64_MAX);
	hooks_review(hooks);
	ck_assert_uint_eq(answer_count, 0);
}
END_TEST

START_TEST(the_next_question_may_be_asked_from_the_answer)
{
	script("exit 0\n");
	ask_again = 3;
	ck_assert_int_eq(hooks_ask(hooks, program, 10000, &question), 0);
	wait_for_answers(4);
}
END_TEST

START_TEST(so_many_are_asked_at_once_and_no_more)
{
	unsigned int count = 0;
	int gate;

	/* Each takes one line off the gate, which is never closed while they do. */
	script("read line < %s\nexit 0\n", result);
	ck_assert_int_eq(mkfifo(result, 0600), 0);
	gate = open(result, O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(gate, 0);
	while (count < ANSWERS_MAX && hooks_ask(hooks, program, 60000, &question) == 0)
		count++;
	ck_assert_uint_eq(count, 32);
	ck_assert_int_eq(hooks_ask(hooks, program, 60000, &question), -EAGAIN);
	for (unsigned int i = 0; i < count; i++)
		ck_assert_int_eq(write(gate, "\n", 1), 1);
	wait_for_answers(count);
	close(gate);
	ck_assert_int_eq(unlink(result), 0);
	script("exit 0\n");
	ask();
	ck_assert(answers[count]);
}
END_TEST

START_TEST(only_own_children_are_reaped)
{
	pid_t other = fork();
	int status;

	if (other == 0)
		_exit(5);
	script("exit 0\n");
	ask();
	hooks_review(hooks);
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

START_TEST(an_event_is_told_on_standard_input)
{
	script("cat >> %s\necho .$VOLCTL_VOLUME. >> %s\nexit 9\n", result, result);
	hooks_notify(hooks, program, "{\"kind\":\"mounted\"}");
	ck_assert_str_eq(wait_for_result("..\n"), "{\"kind\":\"mounted\"}\n..\n");
	ck_assert_uint_eq(answer_count, 0);
}
END_TEST

START_TEST(an_event_may_be_larger_than_a_pipe)
{
	static char json[200 * 1024];
	const char *text;

	memset(json, 'x', sizeof(json) - 1);
	script("cat > %s.new; mv %s.new %s\n", result, result, result);
	hooks_notify(hooks, program, json);
	text = wait_for_result("x\n");
	ck_assert_uint_eq(strlen(text), sizeof(json));
}
END_TEST

START_TEST(events_are_told_one_after_the_other_in_order)
{
	script("read line\nsleep 0.05\necho \"$line\" >> %s\n", result);
	for (int i = 0; i < 5; i++) {
		char json[8];

		snprintf(json, sizeof(json), "%d", i);
		hooks_notify(hooks, program, json);
	}
	ck_assert_str_eq(wait_for_result("4\n"), "0\n1\n2\n3\n4\n");
}
END_TEST

START_TEST(above_64_that_wait_events_are_dropped)
{
	const char *text;
	char gate[160];
	FILE *out;

	snprintf(gate, sizeof(gate), "%s/gate", folder);
	ck_assert_int_eq(mkfifo(gate, 0600), 0);
	/* The first one waits at the gate; the others find it open. */
	script("read line\n[ \"$line\" != 0 ] || read go < %s\necho \"$line\" >> %s\n", gate,
	       result);
	for (int i = 0; i < 70; i++) {
		char json[8];

		snprintf(json, sizeof(json), "%d", i);
		hooks_notify(hooks, program, json);
	}
	out = fopen(gate, "w");
	ck_assert_ptr_nonnull(out);
	fputs("go\n", out);
	ck_assert_int_eq(fclose(out), 0);
	text = wait_for_result("\n64\n");
	ck_assert_ptr_null(strstr(text, "65"));
	hooks_notify(hooks, program, "last");
	text = wait_for_result("\nlast\n");
	ck_assert_ptr_null(strstr(text, "65"));
	ck_assert_int_eq(unlink(gate), 0);
}
END_TEST

START_TEST(a_program_that_can_not_be_run_does_not_stop_the_others)
{
	script("cat >> %s\n", result);
	hooks_notify(hooks, "/nonexistent/program", "1");
	hooks_notify(hooks, program, "2");
	ck_assert_str_eq(wait_for_result("2\n"), "2\n");
}
END_TEST

START_TEST(what_runs_at_the_end_is_killed)
{
	pid_t pid;
	int status;

	script("echo $$ > %s.new\nmv %s.new %s\nexec sleep 1000\n", result, result, result);
	ck_assert_int_eq(hooks_ask(hooks, program, 20000, &question), 0);
	hooks_notify(hooks, "/bin/cat", "waits");
	hooks_notify(hooks, "/bin/cat", "waits");
	pid = (pid_t)atoi(wait_for_result("\n"));
	ck_assert_int_gt(pid, 1);
	hooks_free(hooks);
	/* Reaped by hooks_free() already, or to be reaped by us. */
	if (waitpid(pid, &status, 0) == pid)
		ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_eq(kill(pid, 0), -1);
	ck_assert_uint_eq(answer_count, 0);
	hooks = hooks_new(&loop, note_answer, answers);
}
END_TEST

int main(int argc, char **argv)
{
	TCase *tests;

	if (argc > 0 && strcmp(basename(argv[0]), "program") == 0)
		return say_signals();
	tests = tcase_create("hooks");
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, exit_0_is_yes);
	tcase_add_test(tests, exit_1_is_no_with_the_first_line_as_its_text);
	tcase_add_test(tests, a_no_without_words_says_whose_no_it_is);
	tcase_add_test(tests, a_line_that_does_not_end_counts);
	tcase_add_test(tests, any_other_end_is_no_and_says_so);
	tcase_add_test(tests, output_is_made_valid_and_short);
	tcase_add_test(tests, a_program_may_print_more_than_a_pipe_holds);
	tcase_add_test(tests, who_is_too_late_is_killed_and_counts_as_no);
	tcase_add_test(tests, who_prints_for_ever_is_killed_in_time);
	tcase_add_test(tests, who_leaves_something_running_has_answered);
	tcase_add_test(tests, the_program_gets_the_question_and_nothing_of_ours);
	tcase_add_test(tests, the_programs_signals_are_neither_blocked_nor_ignored);
	tcase_add_test(tests, the_program_is_a_process_group_of_its_own);
	tcase_add_test(tests, what_can_not_be_run_is_an_error);
	tcase_add_test(tests, the_next_question_may_be_asked_from_the_answer);
	tcase_add_test(tests, so_many_are_asked_at_once_and_no_more);
	tcase_add_test(tests, only_own_children_are_reaped);
	tcase_add_test(tests, an_event_is_told_on_standard_input);
	tcase_add_test(tests, an_event_may_be_larger_than_a_pipe);
	tcase_add_test(tests, events_are_told_one_after_the_other_in_order);
	tcase_add_test(tests, above_64_that_wait_events_are_dropped);
	tcase_add_test(tests, a_program_that_can_not_be_run_does_not_stop_the_others);
	tcase_add_test(tests, what_runs_at_the_end_is_killed);
	return unit_run("hooks", tests);
}
