/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ask - ask for write access and wait for the end of it: ask.h. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "volctl/ask.h"
#include "volctl/show.h"
#include "volctl/talk.h"

#define WAIT_MAX_S (10 * 365 * 86400LL)

/*
 *   POSTING --- id known ---> WAITING --- time is up, signal ---> CANCELLING ---> ENDED
 *      |                         |                                     ^
 *      +--- signal ---> POSTING, `why` set --- id known ---------------+
 *
 * A result or error of the command ends it from every state.
 */
enum asking_state { ASK_POSTING, ASK_WAITING, ASK_CANCELLING, ASK_ENDED };
enum cancel_reason { CANCEL_NONE, CANCEL_TIME_UP, CANCEL_SIGNAL };

struct asking {
	struct context *context;
	const struct ask_terms *terms;
	enum asking_state state;
	enum cancel_reason why;
	int64_t started_ms;
	uint64_t id;
	uint64_t cancel_id;
	int64_t request;	/* 0: not known yet */
	struct ask_end *end;
};

int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int ask_wait_value(const struct context *context, int64_t *ret_wait_s)
{
	const char *value = option_value(context, "wait");
	char *end;
	long long seconds;

	if (!value || !*value) {
		*ret_wait_s = VOLCTL_FOREVER;
		return EXIT_DONE;
	}
	errno = 0;
	seconds = strtoll(value, &end, 10);
	if (errno || end == value || *end || seconds < 0 || seconds > WAIT_MAX_S)
		return fail_usage(context, "--wait is a number of seconds, not '%s'", value);
	*ret_wait_s = seconds;
	return EXIT_DONE;
}

static void asking_end(struct asking *asking, int status)
{
	asking->state = ASK_ENDED;
	asking->end->status = status;
}

static void asking_fail(struct asking *asking, const struct volctl_error *error)
{
	asking_end(asking, report(asking->context, error));
}

static void asking_cancelled(struct asking *asking)
{
	const struct context *context = asking->context;
	const struct ask_terms *terms = asking->terms;

	if (asking->why == CANCEL_TIME_UP)
		asking_end(asking, fail(context, "timed-out", EXIT_TIMED_OUT, terms->volume,
					"%s: no access within %" PRId64
					" seconds; request %" PRId64 " is cancelled",
					terms->volume, terms->wait_s, asking->request));
	else
		asking_end(asking, fail(context, "cancelled", EXIT_FAILED, terms->volume,
					"%s: request %" PRId64 " is cancelled", terms->volume,
					asking->request));
}

static void asking_cancel(struct asking *asking)
{
	struct json_object *arguments = json_object_new_object();
	struct volctl_error error = { 0 };

	json_object_object_add(arguments, "request", json_object_new_int64(asking->request));
	if (volctl_send(asking->context->client, "cancel", arguments, &asking->cancel_id, &error) <
	    0) {
		asking_fail(asking, &error);
		volctl_error_clear(&error);
		return;
	}
	asking->state = ASK_CANCELLING;
}

static void asking_event(struct asking *asking, struct json_object *event)
{
	int64_t request = field_number(event, "request", 0);
	AUTO_FREE char *text = field_shown(event, "message", NULL);

	if (text && !asking->context->json)
		say("%s", text);
	if (asking->state != ASK_POSTING || request == 0)
		return;
	asking->request = request;
	asking->state = ASK_WAITING;
	if (!asking->context->json)
		say("%s: request %" PRId64 " is posted", asking->terms->volume, request);
	if (asking->why != CANCEL_NONE)
		asking_cancel(asking);
}

static void asking_own_answer(struct asking *asking, struct volctl_answer *answer)
{
	if (answer->kind == VOLCTL_EVENT) {
		asking_event(asking, answer->body);
	} else if (answer->kind == VOLCTL_RESULT) {
		asking->end->result = json_object_get(answer->body);
		asking->end->interrupted = asking->why == CANCEL_SIGNAL;
		asking_end(asking, EXIT_DONE);
	} else if (asking->state == ASK_CANCELLING &&
		   strcmp(answer->error.code, "cancelled") == 0) {
		asking_cancelled(asking);
	} else {
		asking_fail(asking, &answer->error);
	}
}

static void asking_answer(struct asking *asking, struct volctl_answer *answer)
{
	if (answer->kind == VOLCTL_LOST || (answer->kind == VOLCTL_ERROR && answer->id == 0)) {
		asking_fail(asking, &answer->error);
		if (asking->request)
			say("request %" PRId64 " may stand: see volctl requests", asking->request);
	} else if (answer->id == asking->id) {
		asking_own_answer(asking, answer);
	} else if (asking->state == ASK_CANCELLING && answer->id == asking->cancel_id &&
		   answer->kind == VOLCTL_RESULT) {
		asking_cancelled(asking);
	}
	/* A cancellation that is refused came too late: the answer to the request is on its way. */
}

static void asking_time_up(struct asking *asking)
{
	const struct ask_terms *terms = asking->terms;

	if (asking->state == ASK_POSTING) {
		asking_end(asking, fail(asking->context, "no-answer", EXIT_UNREACHABLE,
					terms->volume, "%s: the daemon does not answer",
					terms->volume));
	} else if (terms->cancel_on_timeout) {
		asking->why = CANCEL_TIME_UP;
		asking_cancel(asking);
	} else {
		asking_end(asking, fail(asking->context, "timed-out", EXIT_TIMED_OUT, terms->volume,
					"%s: no access within %" PRId64
					" seconds; request %" PRId64 " still stands",
					terms->volume, terms->wait_s, asking->request));
	}
}

static void asking_signal(struct asking *asking, int signal_fd)
{
	struct signalfd_siginfo info;

	if (read(signal_fd, &info, sizeof(info)) != sizeof(info))
		return;
	if (asking->why == CANCEL_SIGNAL) {
		asking_end(asking,
			   fail(asking->context, "cancelled", EXIT_FAILED, asking->terms->volume,
				"%s: the cancellation is not confirmed: see volctl requests",
				asking->terms->volume));
		return;
	}
	asking->why = CANCEL_SIGNAL;
	if (asking->state == ASK_WAITING)
		asking_cancel(asking);
}

/* When asking_time_up() is due; -1: never. */
static int64_t asking_deadline_ms(const struct asking *asking)
{
	int64_t wait_ms = asking->terms->wait_s * 1000;

	if (asking->terms->wait_s == VOLCTL_FOREVER || asking->state == ASK_CANCELLING)
		return -1;
	/* Without its id a request can be neither named nor cancelled: give the daemon its time. */
	if (asking->state == ASK_POSTING && wait_ms < TALK_QUICK_MS)
		wait_ms = TALK_QUICK_MS;
	return asking->started_ms + wait_ms;
}

static void asking_wait(struct asking *asking, int signal_fd)
{
	struct pollfd pollers[] = {
		{ .fd = volctl_fd(asking->context->client), .events = POLLIN },
		{ .fd = signal_fd, .events = POLLIN },
	};
	int64_t deadline_ms = asking_deadline_ms(asking);
	int64_t left_ms = deadline_ms < 0 ? -1 : deadline_ms - clock_ms();
	int r;

	if (deadline_ms >= 0 && left_ms <= 0) {
		asking_time_up(asking);
		return;
	}
	r = poll(pollers, 2, left_ms > INT_MAX ? INT_MAX : (int)left_ms);
	if (r > 0 && pollers[1].revents)
		asking_signal(asking, signal_fd);
}

static void asking_run(struct asking *asking, int signal_fd)
{
	while (asking->state != ASK_ENDED) {
		struct volctl_answer answer;

		if (volctl_next(asking->context->client, 0, &answer) == VOLCTL_TIMEOUT) {
			asking_wait(asking, signal_fd);
			continue;
		}
		asking_answer(asking, &answer);
		volctl_answer_clear(&answer);
	}
}

static int signals_open(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
		return -errno;
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

void ask(struct context *context, const struct ask_terms *terms, struct ask_end *ret_end)
{
	struct asking asking = { .context = context, .terms = terms, .end = ret_end };
	struct volctl_error error = { 0 };
	int signal_fd;

	*ret_end = (struct ask_end){ .status = talk_connect(context) };
	if (ret_end->status != EXIT_DONE) {
		json_object_put(terms->arguments);
		return;
	}
	volctl_set_cluster(context->client, context->cluster);
	signal_fd = signals_open();
	asking.started_ms = clock_ms();
	if (volctl_send(context->client, terms->command, terms->arguments, &asking.id, &error) < 0)
		asking_fail(&asking, &error);
	asking_run(&asking, signal_fd);
	ret_end->id = asking.id;
	volctl_error_clear(&error);
	if (signal_fd >= 0)
		close(signal_fd);
}
