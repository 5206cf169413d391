/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/auto.h"
#include "daemon/clean.h"
#include "daemon/log.h"

#define CHILDREN_MAX 32
#define NOTICES_MAX 64

/* A program that is told of events and hangs must not keep all later ones from being told. */
#define NOTIFY_TIMEOUT_MS 60000

/* How much output is looked at in one go: a program that prints for ever must not hold the loop. */
#define READ_BYTES 4096
#define READS_AT_END 32

/* A character more than a text may have, so that it shows whether the text is cut within one. */
#define OUTPUT_BYTES_MAX (TEXT_BYTES_MAX + 4)

#define ENVIRONMENT_MAX 6
#define VARIABLE_BYTES (TEXT_BYTES_MAX + 32)

/* A program that runs, or whose end has not been seen yet. */
struct child {
	struct source source;		/* of its output; fd -1: none.  First: see output_ready() */
	struct hooks *hooks;
	pid_t pid;			/* 0: this place is free */
	bool notifies;			/* told of an event, not asked */
	bool killed;			/* its time was up: what is left is to reap it */
	uint32_t timeout_ms;
	uint64_t until_ms;
	size_t output_len;
	char output[OUTPUT_BYTES_MAX];
	struct hook_question question;
};

/* An event that waits for the program before it to end. */
struct notice {
	char *program;
	char *json;
};

struct hooks {
	struct loop *loop;
	hook_answered *answered;
	void *data;
	bool notifying;
	bool dropping;			/* said once, until one has been told again */
	struct child children[CHILDREN_MAX];
	struct notice notices[NOTICES_MAX];
	unsigned int notice_first;
	unsigned int notice_count;
};

struct environment {
	char variables[ENVIRONMENT_MAX][VARIABLE_BYTES];
	char *list[ENVIRONMENT_MAX + 1];
	unsigned int count;
};

/* --- starting a program ------------------------------------------------------- */

static void __attribute__((format(printf, 2, 3)))
environment_add(struct environment *environment, const char *format, ...)
{
	char *variable = environment->variables[environment->count];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(variable, VARIABLE_BYTES, format, arguments);
	va_end(arguments);
	environment->list[environment->count++] = variable;
}

static void environment_begin(struct environment *environment)
{
	*environment = (struct environment) { 0 };
	environment_add(environment, "%s",
			"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
}

/* What becomes of the descriptors: 0 and 1 as given or nothing, 2 nothing, no others. */
static int actions_fill(posix_spawn_file_actions_t *actions, int input, int output)
{
	int r = 0;

	for (int fd = 0; fd <= 2; fd++)
		r = r ? r : posix_spawn_file_actions_addopen(actions, fd, "/dev/null", O_RDWR, 0);
	if (input >= 0)
		r = r ? r : posix_spawn_file_actions_adddup2(actions, input, 0);
	if (output >= 0)
		r = r ? r : posix_spawn_file_actions_adddup2(actions, output, 1);
	r = r ? r : posix_spawn_file_actions_addclosefrom_np(actions, 3);
	r = r ? r : posix_spawn_file_actions_addchdir_np(actions, "/");
	return -r;
}

/* A process group of its own, to be killed as a whole; no signal blocked or ignored as ours are. */
static int attributes_fill(posix_spawnattr_t *attributes)
{
	sigset_t none;
	sigset_t all;
	int r = 0;

	sigemptyset(&none);
	sigfillset(&all);
	r = r ? r : posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP |
							 POSIX_SPAWN_SETSIGMASK |
							 POSIX_SPAWN_SETSIGDEF);
	r = r ? r : posix_spawnattr_setpgroup(attributes, 0);
	r = r ? r : posix_spawnattr_setsigmask(attributes, &none);
	r = r ? r : posix_spawnattr_setsigdefault(attributes, &all);
	return -r;
}

static int program_start(const char *program, int input, int output,
			 struct environment *environment, pid_t *ret_pid)
{
	char *arguments[] = { (char *)program, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int r;

	r = -posix_spawn_file_actions_init(&actions);
	if (r < 0)
		return r;
	r = -posix_spawnattr_init(&attributes);
	if (r < 0) {
		posix_spawn_file_actions_destroy(&actions);
		return r;
	}
	r = actions_fill(&actions, input, output);
	if (r == 0)
		r = attributes_fill(&attributes);
	if (r == 0)
		r = -posix_spawn(ret_pid, program, &actions, &attributes, arguments,
				 environment->list);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static struct child *child_place(struct hooks *hooks)
{
	for (unsigned int i = 0; i < CHILDREN_MAX; i++)
		if (!hooks->children[i].pid)
			return &hooks->children[i];
	return NULL;
}

static void child_begin(struct child *child, struct hooks *hooks, pid_t pid, uint32_t timeout_ms)
{
	*child = (struct child) {
		.source.fd = -1,
		.hooks = hooks,
		.pid = pid,
		.timeout_ms = timeout_ms,
		.until_ms = clock_boot_ms() + timeout_ms,
	};
}

/* --- what it prints --------------------------------------------------------------- */

static void output_close(struct child *child)
{
	if (child->source.fd < 0)
		return;
	loop_remove(child->hooks->loop, &child->source);
	close(child->source.fd);
	child->source.fd = -1;
}

/* One read; what does not fit is read too, so that the program can go on.  False: no more now. */
static bool output_read(struct child *child)
{
	char buffer[READ_BYTES];
	size_t room = sizeof(child->output) - child->output_len;
	ssize_t got;

	if (child->source.fd < 0)
		return false;
	got = read(child->source.fd, buffer, sizeof(buffer));
	if (got < 0)
		return errno == EINTR;
	if (got == 0) {
		output_close(child);
		return false;
	}
	if ((size_t)got < room)
		room = (size_t)got;
	memcpy(child->output + child->output_len, buffer, room);
	child->output_len += room;
	return true;
}

static void output_ready(struct source *source, uint32_t events)
{
	(void)events;
	(void)output_read((struct child *)source);
}

/* --- asking ----------------------------------------------------------------------- */

int hooks_ask(struct hooks *hooks, const char *program, uint32_t timeout_ms,
	      const struct hook_question *question)
{
	struct child *child = child_place(hooks);
	struct environment environment;
	AUTO_CLOSE int output = -1;
	AUTO_CLOSE int input = -1;
	int ends[2];
	pid_t pid;
	int r;

	if (!child)
		return -EAGAIN;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	output = ends[0];
	input = ends[1];
	if (fcntl(output, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	environment_begin(&environment);
	environment_add(&environment, "VOLCTL_VOLUME=%s", question->volume_name);
	environment_add(&environment, "VOLCTL_FROM=%s", question->from);
	environment_add(&environment, "VOLCTL_TEXT=%s", question->text);
	environment_add(&environment, "VOLCTL_HELD_S=%llu", (unsigned long long)question->held_s);
	r = program_start(program, -1, input, &environment, &pid);
	if (r < 0)
		return r;
	child_begin(child, hooks, pid, timeout_ms);
	child->question = *question;
	child->source = (struct source) { .fd = steal_fd(&output), .ready = output_ready };
	/* Without the loop what it prints is read when it has ended, if the pipe holds it. */
	(void)loop_add(hooks->loop, &child->source, EPOLLIN);
	return 0;
}

/* The first line of what it printed. */
static void first_line(const struct child *child, char *text, size_t size)
{
	const char *end = memchr(child->output, '\n', child->output_len);

	clean_copy(text, size, child->output,
		   end ? (size_t)(end - child->output) : child->output_len);
}

static bool judge(const struct child *child, int status, char *text, size_t size)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		text[0] = '\0';
		return true;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1) {
		first_line(child, text, size);
		if (!*text)
			snprintf(text, size, "the hook may-give says no");
	} else if (WIFEXITED(status)) {
		snprintf(text, size, "the hook may-give ended with status %d, which counts as no",
			 WEXITSTATUS(status));
	} else {
		snprintf(text, size, "the hook may-give was ended by signal %d, which counts as no",
			 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	}
	return false;
}

/* --- telling ------------------------------------------------------------------------ */

/* A file in memory: unlike a pipe it takes any text at once, and nobody has to stay to write it. */
static int text_file(const char *text)
{
	AUTO_CLOSE int fd = memfd_create("event", MFD_CLOEXEC);
	size_t len = strlen(text);

	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len || write(fd, "\n", 1) != 1)
		return -EIO;
	if (lseek(fd, 0, SEEK_SET) < 0)
		return -errno;
	return steal_fd(&fd);
}

static int notice_start(struct hooks *hooks, const char *program, const char *json)
{
	struct child *child = child_place(hooks);
	struct environment environment;
	AUTO_CLOSE int input = -1;
	pid_t pid;
	int r;

	if (!child)
		return -EAGAIN;
	input = text_file(json);
	if (input < 0)
		return input;
	environment_begin(&environment);
	r = program_start(program, input, -1, &environment, &pid);
	if (r < 0)
		return r;
	child_begin(child, hooks, pid, NOTIFY_TIMEOUT_MS);
	child->notifies = true;
	hooks->notifying = true;
	hooks->dropping = false;
	return 0;
}

/* Start with what waits until one runs. */
static void notices_go_on(struct hooks *hooks)
{
	while (!hooks->notifying && hooks->notice_count > 0) {
		struct notice notice = hooks->notices[hooks->notice_first];
		int r = notice_start(hooks, notice.program, notice.json);

		hooks->notice_first = (hooks->notice_first + 1) % NOTICES_MAX;
		hooks->notice_count--;
		if (r < 0)
			log_warn("an event is not told: %s can not be run: %s", notice.program,
				 strerror(-r));
		free(notice.program);
		free(notice.json);
	}
}

void hooks_notify(struct hooks *hooks, const char *program, const char *json)
{
	struct notice notice;

	if (hooks->notice_count == NOTICES_MAX) {
		if (!hooks->dropping)
			log_warn("events are not told: %d wait for %s already", NOTICES_MAX,
				 program);
		hooks->dropping = true;
		return;
	}
	notice = (struct notice) { .program = strdup(program), .json = strdup(json) };
	if (!notice.program || !notice.json) {
		free(notice.program);
		free(notice.json);
		return;
	}
	hooks->notices[(hooks->notice_first + hooks->notice_count++) % NOTICES_MAX] = notice;
	notices_go_on(hooks);
}

/* --- ends ------------------------------------------------------------------------------ */

/*
 * The place is free before anybody is told: who hears of one answer may ask the
 * next question at once.
 */
static void child_forget(struct child *child)
{
	output_close(child);
	if (child->notifies)
		child->hooks->notifying = false;
	child->pid = 0;
}

static void child_ended(struct child *child, int status)
{
	struct hooks *hooks = child->hooks;
	struct hook_question question = child->question;
	bool asked = !child->notifies && !child->killed;
	char text[TEXT_BYTES_MAX + 1];
	bool yes;

	for (int i = 0; i < READS_AT_END && output_read(child); i++)
		;
	yes = judge(child, status, text, sizeof(text));
	child_forget(child);
	if (asked)
		hooks->answered(&question, yes, text, hooks->data);
}

/* It may sit in the kernel for longer: nobody waits for that. */
static void child_too_late(struct child *child)
{
	struct hooks *hooks = child->hooks;
	struct hook_question question = child->question;
	char text[TEXT_BYTES_MAX + 1];

	kill(-child->pid, SIGKILL);
	child->killed = true;
	output_close(child);
	if (child->notifies) {
		log_warn("the program that is told of events took longer than %u s: killed",
			 child->timeout_ms / 1000);
		return;
	}
	snprintf(text, sizeof(text), "the hook may-give took longer than %u ms, which counts as no",
		 child->timeout_ms);
	hooks->answered(&question, false, text, hooks->data);
}

void hooks_review(struct hooks *hooks)
{
	uint64_t now_ms = clock_boot_ms();

	for (unsigned int i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &hooks->children[i];
		int status;

		if (!child->pid)
			continue;
		if (waitpid(child->pid, &status, WNOHANG) == child->pid)
			child_ended(child, status);
		else if (!child->killed && now_ms >= child->until_ms)
			child_too_late(child);
	}
	notices_go_on(hooks);
}

uint64_t hooks_wake_at(const struct hooks *hooks)
{
	uint64_t wake_at_ms = UINT64_MAX;

	for (unsigned int i = 0; i < CHILDREN_MAX; i++) {
		const struct child *child = &hooks->children[i];

		if (child->pid && !child->killed && child->until_ms < wake_at_ms)
			wake_at_ms = child->until_ms;
	}
	return wake_at_ms;
}

struct hooks *hooks_new(struct loop *loop, hook_answered *answered, void *data)
{
	struct hooks *hooks = calloc(1, sizeof(*hooks));

	if (!hooks)
		return NULL;
	hooks->loop = loop;
	hooks->answered = answered;
	hooks->data = data;
	return hooks;
}

void hooks_free(struct hooks *hooks)
{
	if (!hooks)
		return;
	for (unsigned int i = 0; i < CHILDREN_MAX; i++) {
		struct child *child = &hooks->children[i];

		if (!child->pid)
			continue;
		kill(-child->pid, SIGKILL);
		(void)waitpid(child->pid, NULL, WNOHANG);
		output_close(child);
	}
	while (hooks->notice_count > 0) {
		struct notice *notice = &hooks->notices[hooks->notice_first];

		free(notice->program);
		free(notice->json);
		hooks->notice_first = (hooks->notice_first + 1) % NOTICES_MAX;
		hooks->notice_count--;
	}
	free(hooks);
}
