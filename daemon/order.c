/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/order.h"

struct host_answer *order_answer_new(struct host *host, uint64_t token)
{
	struct host_answer *answer;

	/* The shell fetches all answers after each event, and an event makes few. */
	assert(host->answer_count < HOST_ANSWERS_MAX);
	answer = &host->answers[(host->answer_first + host->answer_count++) % HOST_ANSWERS_MAX];
	memset(answer, 0, sizeof(*answer));
	answer->token = token;
	answer->volume = SLOT_NONE;
	answer->version = host->tables ? host->tables->version : 0;
	return answer;
}

struct host_answer *order_answer(struct host *host, uint64_t token, enum exit_status exit,
				 const char *code, const char *format, ...)
{
	struct host_answer *new = order_answer_new(host, token);
	va_list arguments;

	new->exit = exit;
	snprintf(new->code, sizeof(new->code), "%s", code);
	va_start(arguments, format);
	vsnprintf(new->message, sizeof(new->message), format, arguments);
	va_end(arguments);
	return new;
}

struct host_answer *order_done(struct host *host, uint64_t token, const char *code)
{
	return order_answer(host, token, EXIT_DONE, code, "%s", "");
}

void order_name_holders(struct host_answer *answer, const struct holder *holders, uint32_t count)
{
	answer->holder_count = count;
	memcpy(answer->holders, holders, sizeof(answer->holders));
}

bool host_next_answer(struct host *host, struct host_action *action)
{
	if (host->answer_count == 0)
		host_waits_review(host);
	if (host->answer_count == 0)
		return false;
	action->kind = HOST_ACT_ANSWER;
	action->answer = host->answers[host->answer_first];
	host->answer_first = (host->answer_first + 1) % HOST_ANSWERS_MAX;
	host->answer_count--;
	return true;
}

struct order_span order_span(const struct host *host, uint16_t volume)
{
	if (volume == SLOT_NONE)
		return (struct order_span){ .first = 0, .end = host->tables->volume_count };
	return (struct order_span){ .first = volume, .end = (uint16_t)(volume + 1) };
}

struct host_wait *order_wait_new(struct host *host, const struct host_command *command,
				 enum wait_kind kind)
{
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++) {
		struct host_wait *wait = &host->waits[i];

		if (wait->kind != WAIT_FREE)
			continue;
		*wait = (struct host_wait){
			.kind = kind,
			.token = command->token,
			.volume = command->volume,
			.request = command->request,
			.wait = command->wait || command->run,
			.run = command->run,
			.over_readers = command->over_readers,
		};
		return wait;
	}
	order_answer(host, command->token, EXIT_FAILED, "busy",
		     "too many commands are under way: try again later");
	return NULL;
}

struct host_wait *order_wait_find(struct host *host, uint64_t token)
{
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++)
		if (host->waits[i].kind != WAIT_FREE && host->waits[i].token == token)
			return &host->waits[i];
	return NULL;
}

/* Queue a change for commit.  The caller has made the wait that its outcome answers. */
static bool order_queue(struct host *host, uint64_t token, const struct change *change)
{
	struct host_change *queued;

	if (host->change_count == HOST_CHANGES_MAX)
		return false;
	queued = &host->changes[host->change_count++];
	queued->token = token;
	queued->held = false;
	queued->change = *change;
	return true;
}

bool order_commit(struct host *host, const struct host_command *command,
		  const struct change *change)
{
	struct host_wait *wait = order_wait_new(host, command, WAIT_CHANGE);

	if (!wait)
		return false;
	if (order_queue(host, command->token, change))
		return true;
	wait->kind = WAIT_FREE;
	order_answer(host, command->token, EXIT_FAILED, "busy",
		     "too many changes are waiting for the control device: try again later");
	return false;
}

bool order_is_queued(const struct host *host, enum change_kind kind, uint64_t request)
{
	for (unsigned int i = 0; i < host->change_count; i++)
		if (host->changes[i].change.kind == kind &&
		    host->changes[i].change.request == request)
			return true;
	return host->committing && host->in_flight.change.kind == kind &&
	       host->in_flight.change.request == request;
}

void order_queue_cancel(struct host *host, uint64_t request)
{
	const struct request_row *row = tables_request_const(host->tables, request);
	struct change change = { .kind = CHANGE_CANCEL, .request = request };

	if (!row || row->state != REQUEST_WAITING)
		return;
	change.volume = row->volume;
	change.volume_born = host->tables->volumes[row->volume].born;
	(void)order_queue(host, UINT64_MAX, &change);
}
