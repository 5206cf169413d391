/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run - run a command with write access to a volume. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "volctl/ask.h"
#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

/* As the shell has them. */
#define STATUS_NOT_EXECUTABLE 126
#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL 128

static int run(struct context *context, int count, char **args);

static const struct option_entry run_options[] = {
	{ 'm', "message", OPTION_REQUIRED, "TEXT", "what the writer is told" },
	{ 0, "wait", OPTION_OPTIONAL, "SECONDS", "wait no longer than this for access" },
	{ 0, "over-readers", OPTION_NONE, NULL, "do not mind programs here that read the volume" },
	{ 0, "exit-code", OPTION_REQUIRED, "N", "exit status of failures before the command runs" },
	{ 0 },
};

const struct command cmd_run = {
	.name = "run",
	.args = "VOLUME -- COMMAND [ARGUMENT]...",
	.summary = "run a command with write access to a volume",
	.min_args = 2,
	.max_args = ARGS_ANY,
	.options = run_options,
	.run = run,
};

struct running {
	struct context *context;
	const char *volume;
	uint64_t run_id;
	bool had_access;
	pid_t child;
	int signal_fd;
	bool access_lost;
	bool daemon_lost;
	bool ended;
	int status;		/* of the command, once it has ended */
};

/* Signals that are passed on.  The terminal sends its own to the command as well. */
static const int passed_signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };

static void signal_set(sigset_t *signals)
{
	sigemptyset(signals);
	for (size_t i = 0; i < sizeof(passed_signals) / sizeof(passed_signals[0]); i++)
		sigaddset(signals, passed_signals[i]);
	sigaddset(signals, SIGCHLD);
}

static void __attribute__((noreturn)) child_exec(char **command, const sigset_t *mask)
{
	int error;

	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(command[0], command);
	error = errno;
	say("can not run %s: %s", command[0], strerror(error));
	_exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

static void running_reap(struct running *running)
{
	int status;

	if (waitpid(running->child, &status, WNOHANG) != running->child)
		return;
	running->ended = true;
	running->status = WIFEXITED(status) ? WEXITSTATUS(status) :
					      STATUS_SIGNAL + WTERMSIG(status);
}

static void running_signal(struct running *running)
{
	struct signalfd_siginfo info;

	if (read(running->signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (info.ssi_signo == SIGCHLD) {
		running_reap(running);
		return;
	}
	/* What the terminal sends it sends to the whole group: passed on, it would arrive twice. */
	if (info.ssi_code != SI_KERNEL)
		(void)kill(running->child, (int)info.ssi_signo);
}

static void running_event(struct running *running, struct json_object *event)
{
	const char *kind = field_text(event, "kind");
	AUTO_FREE char *text = field_shown(event, "text", "");

	if (!kind || strcmp(kind, "access-lost") != 0 || running->access_lost)
		return;
	running->access_lost = true;
	say("%s: write access is lost%s%s: the command is told to end", running->volume,
	    *text ? ": " : "", text);
	(void)kill(running->child, SIGTERM);
}

static void running_answers(struct running *running)
{
	struct volctl_answer answer;
	enum volctl_kind kind;

	do {
		kind = volctl_next(running->context->client, 0, &answer);
		if (kind == VOLCTL_EVENT && answer.id == running->run_id)
			running_event(running, answer.body);
		if (kind == VOLCTL_LOST) {
			running->daemon_lost = true;
			say("the daemon is gone; the command goes on, and %s keeps its rights",
			    running->volume);
		}
		volctl_answer_clear(&answer);
	} while (kind != VOLCTL_TIMEOUT && kind != VOLCTL_LOST);
}

static void running_wait(struct running *running)
{
	while (!running->ended) {
		struct pollfd pollers[] = {
			{ .fd = running->signal_fd, .events = POLLIN },
			{ .fd = running->daemon_lost ? -1 : volctl_fd(running->context->client),
			  .events = POLLIN },
		};

		/* Answers first: some may have come with the grant and lie in the buffer. */
		if (!running->daemon_lost)
			running_answers(running);
		if (running->daemon_lost)
			pollers[1].fd = -1;
		if (poll(pollers, 2, -1) > 0 && pollers[0].revents)
			running_signal(running);
	}
}

static int running_start(struct running *running, char **command)
{
	sigset_t signals;
	sigset_t before;

	signal_set(&signals);
	if (sigprocmask(SIG_BLOCK, &signals, &before) < 0)
		return -errno;
	/* What ask() has blocked is the command's again. */
	for (size_t i = 0; i < sizeof(passed_signals) / sizeof(passed_signals[0]); i++)
		sigdelset(&before, passed_signals[i]);
	running->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	if (running->signal_fd < 0)
		return -errno;
	fflush(NULL);
	running->child = fork();
	if (running->child < 0)
		return -errno;
	if (running->child == 0)
		child_exec(command, &before);
	return 0;
}

/* A daemon that was started again knows nothing of this run: it is told what is to be given up. */
static void release_anew(struct running *running)
{
	struct context *context = running->context;
	AUTO_PUT struct json_object *result = NULL;

	volctl_close(context->client);
	context->client = NULL;
	if (running->had_access)
		return;
	if (talk(context, "release", volume_arguments(context, running->volume), VOLCTL_FOREVER,
		 &result) != EXIT_DONE)
		say("%s is not given back: volctl release %s does that", running->volume,
		    running->volume);
}

static void running_done(struct running *running)
{
	struct json_object *arguments;
	AUTO_PUT struct json_object *result = NULL;

	if (running->daemon_lost) {
		release_anew(running);
		return;
	}
	arguments = json_object_new_object();
	json_object_object_add(arguments, "run", json_object_new_uint64(running->run_id));
	if (talk(running->context, "done", arguments, VOLCTL_FOREVER, &result) != EXIT_DONE)
		return;
	if (list_length(field_list(result, "holders")) == 0)
		return;
	say("%s is given back when these let go of it:", running->volume);
	say_holders(result);
}

/* @command: ends with NULL. */
static int run_with_access(struct context *context, const char *volume, const struct ask_end *end,
			   char **command)
{
	struct running running = {
		.context = context,
		.volume = volume,
		.run_id = end->id,
		.had_access = field_true(end->result, "had_access"),
		.signal_fd = -1,
	};
	int r = running_start(&running, command);

	if (r < 0)
		running.status = fail(context, "failed", EXIT_FAILED, NULL, "can not start %s: %s",
				      command[0], strerror(-r));
	else
		running_wait(&running);
	running_done(&running);
	if (running.signal_fd >= 0)
		close(running.signal_fd);
	return running.access_lost ? EXIT_FAILED : running.status;
}

static int exit_code_value(const struct context *context, int *ret_code)
{
	const char *value = option_value(context, "exit-code");
	char *end;
	long code;

	if (!value)
		return EXIT_DONE;
	errno = 0;
	code = strtol(value, &end, 10);
	if (errno || end == value || *end || code < 1 || code > 255)
		return fail_usage(context, "--exit-code is a number from 1 to 255, not '%s'",
				  value);
	*ret_code = (int)code;
	return EXIT_DONE;
}

/* Get access; an exit status.  *@ret_end.result is the caller's. */
static int get_access(struct context *context, const char *volume, struct ask_end *ret_end)
{
	struct ask_terms terms = {
		.command = "run",
		.volume = volume,
		.cancel_on_timeout = true,
	};
	int status = ask_wait_value(context, &terms.wait_s);

	if (status != EXIT_DONE)
		return status;
	terms.arguments = volume_arguments(context, volume);
	if (!terms.arguments)
		return EXIT_USAGE;
	status = add_text(context, terms.arguments);
	if (status != EXIT_DONE) {
		json_object_put(terms.arguments);
		return status;
	}
	json_object_object_add(terms.arguments, "wait", json_object_new_boolean(true));
	json_object_object_add(terms.arguments, "over_readers",
			       json_object_new_boolean(option_given(context, "over-readers")));
	ask(context, &terms, ret_end);
	return ret_end->status;
}

static int run(struct context *context, int count, char **args)
{
	struct ask_end end = { 0 };
	int code = 0;
	int status = exit_code_value(context, &code);

	(void)count;
	if (status != EXIT_DONE)
		return status;
	status = get_access(context, args[0], &end);
	if (status == EXIT_DONE && end.interrupted) {
		struct running nothing = { .context = context,
					   .volume = args[0],
					   .run_id = end.id };

		running_done(&nothing);
		status = fail(context, "cancelled", EXIT_FAILED, args[0],
			      "%s: cancelled before the command was run", args[0]);
	}
	if (status == EXIT_DONE)
		status = run_with_access(context, args[0], &end, args + 1);
	else if (code)
		status = code;
	json_object_put(end.result);
	return status;
}
