/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What this host answers when it is the writer (A8), and how it gives a volume up.
 *
 * A request is decided once: by a person, by the rules of `answer = auto`, or by
 * the time that ran out.  A yes starts the giving up; when files turn out to be
 * open it becomes a no that names them, and the writer keeps everything.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "daemon/host_internal.h"

struct host_request *host_request_find(struct host *host, uint64_t id)
{
	for (uint16_t i = 0; i < host->request_count; i++)
		if (host->requests[i].id == id)
			return &host->requests[i];
	return NULL;
}

static bool is_open_here(const struct host *host, const struct request_row *row)
{
	return row && row->state == REQUEST_WAITING && host_is_writer(host, row->volume);
}

/* Keep one entry for each request that waits for this host, in the order of the queue. */
void host_requests_follow_tables(struct host *host)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < host->request_count; i++)
		if (is_open_here(host, tables_request_const(host->tables, host->requests[i].id)))
			host->requests[kept++] = host->requests[i];
	host->request_count = kept;

	for (uint16_t i = 0; i < host->tables->request_count; i++) {
		const struct request_row *row = &host->tables->requests[i];
		struct host_request *request;

		if (!is_open_here(host, row) || host_request_find(host, row->id) ||
		    host->request_count == REQUESTS_MAX)
			continue;
		request = &host->requests[host->request_count++];
		request->id = row->id;
		request->volume = row->volume;
		request->seen_ms = host->now_ms;
		request->decision = DECIDE_NOT_YET;
		request->hook_said_yes = false;
		request->text[0] = '\0';
	}
}

static void decide(struct host *host, struct host_request *request, enum decision decision,
		   const char *text)
{
	request->decision = decision;
	snprintf(request->text, sizeof(request->text), "%s", text);
	host_tell(host, NEWS_STATE, request->volume,
		  decision == DECIDE_YES ? "the answer is yes" : text);
}

/* `answer = auto`, interface.md: the first reason to say no wins.  Open files show when we stop. */
static void judge(struct host *host, struct host_request *request, const struct volume_row *row)
{
	struct host_volume *local = &host->volumes[request->volume];
	uint64_t held_ms = host->now_ms - local->held_since_ms;
	char text[TEXT_BYTES_MAX + 1];

	if (local->run_count > 0) {
		decide(host, request, DECIDE_NO, "busy: a command started by 'volctl run' uses it");
	} else if (row->busy_above > 0 && local->write_rate > row->busy_above) {
		snprintf(text, sizeof(text), "busy: %llu bytes/s are being written",
			 (unsigned long long)local->write_rate);
		decide(host, request, DECIDE_NO, text);
	} else if (held_ms < row->min_hold_ms) {
		snprintf(text, sizeof(text), "taken over only %llu s ago: ask again in %llu s",
			 (unsigned long long)held_ms / 1000,
			 (unsigned long long)(row->min_hold_ms - held_ms + 999) / 1000);
		decide(host, request, DECIDE_NO, text);
	} else if (host->config.has_hook && !request->hook_said_yes) {
		return;			/* host_next_hook() asks */
	} else {
		decide(host, request, DECIDE_YES, "");
	}
}

static void wait_for_person(struct host *host, struct host_request *request,
			    const struct volume_row *row)
{
	uint64_t until_ms = request->seen_ms + row->answer_within_ms;

	if (host->now_ms < until_ms)
		host_wake_by(host, until_ms);
	else if (row->answer_default)
		decide(host, request, DECIDE_YES, "");
	else
		decide(host, request, DECIDE_TIME_OUT, "nobody answered in time");
}

static bool may_answer(const struct host *host, const struct host_request *request)
{
	return host->phase == HOST_ONLINE && !host->suspended &&
	       host->volumes[request->volume].mounted == MOUNTED_WRITE;
}

static bool is_head(const struct host *host, const struct host_request *request)
{
	const struct request_row *head = tables_queue_next(host->tables, request->volume, 0);

	return head && head->id == request->id;
}

/* Start giving up where somebody was told yes, or a release was ordered. */
static void begin_giving(struct host *host, uint16_t at)
{
	struct host_volume *local = &host->volumes[at];
	const struct volume_row *row = &host->tables->volumes[at];
	uint64_t request = 0;
	bool wanted = local->release_wanted || host->phase == HOST_LOGGING_OFF;

	/* The tables could not learn of it, and nobody could write. */
	if (host->silent && host->phase != HOST_LOGGING_OFF)
		return;

	/* A grant is confirmed before it is given up: one thing at a time. */
	if (local->give != GIVE_NONE || local->job || !local->looked ||
	    !host_is_writer(host, at) || row->phase != PHASE_WRITING)
		return;
	/*
	 * Unmounted by hand, or given up by a daemon that died before it could say
	 * so: a mount point that is empty proves nothing, the giving up does.
	 */
	if (local->mounted != MOUNTED_WRITE) {
		local->give_request = 0;
		local->give = GIVE_STOPPING;
		return;
	}
	if (local->write_epoch != row->writer.epoch)
		return;
	if (wanted && host->now_ms < local->retry_at_ms) {
		host_wake_by(host, local->retry_at_ms);
		wanted = false;
	}
	for (uint16_t i = 0; i < host->request_count && request == 0; i++)
		if (host->requests[i].volume == at && host->requests[i].decision == DECIDE_YES)
			request = host->requests[i].id;
	if (!request && !wanted)
		return;
	local->give_request = request;
	local->give = GIVE_FLUSHING;
}

static void refuse_stuck(struct host *host, struct host_request *request)
{
	char why[TEXT_BYTES_MAX + 1];

	snprintf(why, sizeof(why), "it can not be given up: %s",
		 host->volumes[request->volume].reason);
	decide(host, request, DECIDE_NO, why);
}

void host_requests_review(struct host *host)
{
	if (!host->tables || !host_is_up(host))
		return;
	for (uint16_t i = 0; i < host->request_count; i++) {
		struct host_request *request = &host->requests[i];
		const struct volume_row *row = host_volume_row(host, request->volume);

		if (!row || request->decision != DECIDE_NOT_YET)
			continue;
		if (host_give_is_stuck(host, request->volume)) {
			refuse_stuck(host, request);
			continue;
		}
		if (!may_answer(host, request))
			continue;
		if (host->tables->hosts[host->slot].answer == ANSWER_ASK)
			wait_for_person(host, request, row);
		else if (is_head(host, request))
			judge(host, request, row);
	}
	for (uint16_t i = 0; i < host->tables->volume_count; i++)
		begin_giving(host, i);
}

/* --- the hook ----------------------------------------------------------- */

bool host_next_hook(struct host *host, struct host_action *action)
{
	if (!host->config.has_hook || !host->tables || host->phase != HOST_ONLINE ||
	    host->tables->hosts[host->slot].answer != ANSWER_AUTO)
		return false;
	for (uint16_t i = 0; i < host->request_count; i++) {
		struct host_request *request = &host->requests[i];
		struct host_volume *local = &host->volumes[request->volume];

		if (request->decision != DECIDE_NOT_YET || request->hook_said_yes ||
		    local->hook_running || !is_head(host, request) || !may_answer(host, request))
			continue;
		local->hook_running = true;
		action->kind = HOST_ACT_HOOK;
		action->volume = request->volume;
		action->request = request->id;
		return true;
	}
	return false;
}

void host_hook_ended(struct host *host, const struct host_event *event)
{
	struct host_request *request = host_request_find(host, event->request);

	host->volumes[event->volume].hook_running = false;
	if (!request || request->decision != DECIDE_NOT_YET)
		return;
	if (event->yes)
		request->hook_said_yes = true;
	else
		decide(host, request, DECIDE_NO, event->text);
}

/* --- giving up ----------------------------------------------------------- */

bool host_give_job(struct host *host, uint16_t at, enum mount_op *ret_op)
{
	struct host_volume *local = &host->volumes[at];

	switch (local->give) {
	case GIVE_NONE:
	case GIVE_STOPPED:
		return false;
	case GIVE_FLUSHING:
		*ret_op = MOUNT_PREFLUSH;
		return true;
	case GIVE_STOPPING:
		if (host->now_ms < local->retry_at_ms) {
			host_wake_by(host, local->retry_at_ms);
			return false;
		}
		*ret_op = MOUNT_GIVE_UP;
		return true;
	}
	return false;
}

const char *holder_kind_text(enum holder_kind kind)
{
	switch (kind) {
	case HOLDER_READING:
		return "reading";
	case HOLDER_WRITING:
		return "writing";
	case HOLDER_UNLINKED:
		return "deleted file";
	case HOLDER_CWD:
		return "working directory";
	case HOLDER_KERNEL:
		return "kernel";
	case HOLDER_UNKNOWN:
		return "unknown";
	}
	return "unknown";
}

void host_holders_text(const struct holder *holders, uint32_t count, char *buffer, size_t size)
{
	size_t used = 0;

	buffer[0] = '\0';
	for (uint32_t i = 0; i < count && i < HOLDERS_MAX && used < size; i++) {
		const struct holder *holder = &holders[i];

		if (holder->pid)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s, pid %d (%s)",
						 i ? "; " : "", holder->command, (int)holder->pid,
						 holder_kind_text(holder->kind));
		else
			used += (size_t)snprintf(buffer + used, size - used, "%s%s",
						 i ? "; " : "", holder->command);
	}
	if (count > HOLDERS_MAX && used < size)
		snprintf(buffer + used, size - used, "; and %u more", count - HOLDERS_MAX);
	if (count == 0)
		snprintf(buffer, size, "unknown holder");
}

/* The files are open, or the device fails: nothing was given up. */
static void give_failed(struct host *host, const struct mount_result *result)
{
	struct host_volume *local = &host->volumes[result->volume];
	struct host_request *request = host_request_find(host, local->give_request);
	char text[TEXT_BYTES_MAX + 1];
	char who[TEXT_BYTES_MAX + 1 - sizeof("files are open: ")];

	local->give = GIVE_NONE;
	if (result->outcome == MOUNT_BUSY) {
		host_holders_text(result->holders, result->holder_count, who, sizeof(who));
		snprintf(text, sizeof(text), "files are open: %s", who);
	} else {
		snprintf(text, sizeof(text), "%s", result->reason);
	}
	if (request)
		decide(host, request, DECIDE_NO, text);
	if (!local->release_patient)
		local->release_wanted = false;
	local->retry_at_ms = host->now_ms + RETRY_BUSY_MS;
}

void host_give_ended(struct host *host, const struct mount_result *result)
{
	struct host_volume *local = &host->volumes[result->volume];

	if (result->op == MOUNT_PREFLUSH) {
		/* It only makes the next step short; what it could not do shows there. */
		bool called_off = local->give_request && !local->release_wanted &&
				  !host_request_find(host, local->give_request);

		if (local->give == GIVE_FLUSHING)
			local->give = called_off ? GIVE_NONE : GIVE_STOPPING;
		local->retry_at_ms = 0;
	} else if (result->outcome == MOUNT_DONE) {
		local->give = GIVE_STOPPED;
		host_runs_lost(host, result->volume);
		local->release_wanted = false;
		local->release_patient = false;
		/* The last state is published by the tables: with the release. */
		host_volume_published(host, result->volume, local->published + 1);
		local->view_generation = local->published;
	} else if (result->state == MOUNTED_WRITE) {
		give_failed(host, result);
	} else {
		/*
		 * Read-only by now, but not proven to be quiet: neither a writer
		 * nor free to go.  Tried again until the proof is there.
		 */
		local->give = GIVE_STOPPING;
		local->retry_at_ms = host->now_ms + RETRY_BUSY_MS;
	}
}

/* Told to stop, and what holds it does not let go: it is tried again, but nobody waits for that. */
bool host_give_is_stuck(const struct host *host, uint16_t at)
{
	const struct host_volume *local = &host->volumes[at];

	return local->give == GIVE_STOPPING && !local->job && local->outcome != MOUNT_DONE &&
	       local->job_op == MOUNT_GIVE_UP;
}

/* --- changes that follow -------------------------------------------------- */

static bool give_change(struct host *host, uint16_t at, struct change *change)
{
	struct host_volume *local = &host->volumes[at];
	const struct volume_row *row = &host->tables->volumes[at];

	change->volume = at;
	change->volume_born = row->born;
	change->epoch = row->writer.epoch;
	if (local->give == GIVE_STOPPED && local->failed_epoch != row->writer.epoch) {
		change->kind = CHANGE_GIVE;
		change->request = local->give_request;
		change->generation = local->published;
		return true;
	}
	if (row->phase == PHASE_GRANTING && local->mounted == MOUNTED_WRITE &&
	    local->write_epoch == row->writer.epoch && local->give == GIVE_NONE) {
		change->kind = CHANGE_CONFIRM;
		return true;
	}
	if (row->phase == PHASE_GRANTING && !local->job && local->mounted != MOUNTED_WRITE &&
	    (local->give == GIVE_NONE || local->give == GIVE_STOPPED) &&
	    (local->failed_epoch == row->writer.epoch || host->phase == HOST_LOGGING_OFF)) {
		change->kind = CHANGE_RETURN;
		snprintf(change->text, sizeof(change->text), "%s",
			 local->failed_epoch == row->writer.epoch ? local->failed_why :
								    "the host logs off");
		return true;
	}
	return false;
}

static bool answer_change(struct host *host, struct change *change)
{
	for (uint16_t i = 0; i < host->request_count; i++) {
		const struct host_request *request = &host->requests[i];

		if (request->decision != DECIDE_NO && request->decision != DECIDE_TIME_OUT)
			continue;
		change->kind = request->decision == DECIDE_NO ? CHANGE_ANSWER_NO : CHANGE_TIME_OUT;
		change->volume = request->volume;
		change->volume_born = host->tables->volumes[request->volume].born;
		change->request = request->id;
		snprintf(change->text, sizeof(change->text), "%s", request->text);
		return true;
	}
	return false;
}

bool host_give_change(struct host *host, struct change *change)
{
	for (uint16_t i = 0; i < host->tables->volume_count; i++)
		if (host_is_writer(host, i) && give_change(host, i, change))
			return true;
	memset(change, 0, sizeof(*change));
	return answer_change(host, change);
}
