/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How waits end.  They are looked at again after every event, and the end is read
 * off the state, so that it does not matter who or what brought it about.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/order.h"

static bool request_refused(struct host *host, struct host_wait *wait,
			    const struct request_row *row)
{
	const char *code = "refused";
	enum exit_status exit = EXIT_REFUSED;

	if (row->state == REQUEST_TIMED_OUT) {
		code = "timed-out";
		exit = EXIT_TIMED_OUT;
	} else if (row->state == REQUEST_CANCELLED) {
		code = "cancelled";
		exit = EXIT_FAILED;
	}
	order_answer(host, wait->token, exit, code, "%s", row->answer[0] ? row->answer : code)
		->request = row->id;
	return true;
}

/*
 * Nobody wants any more what a run has asked for.  Where the cancelling comes too late the right
 * is given back.
 */
static bool unwanted_is_over(struct host *host, struct host_wait *wait,
			     const struct request_row *row)
{
	struct host_volume *local = &host->volumes[wait->volume];

	if (row && row->state == REQUEST_WAITING) {
		if (host->now_ms >= host->commit_at_ms &&
		    !order_is_queued(host, CHANGE_CANCEL, wait->request))
			order_queue_cancel(host, wait->request);
		return false;
	}
	if (!row || row->state != REQUEST_GRANTED || !host_is_writer(host, wait->volume))
		return true;
	if (!order_writes_here(host, wait->volume))
		return false;
	if (local->run_count == 0) {
		local->release_wanted = true;
		local->release_patient = true;
	}
	return true;
}

static bool request_is_over(struct host *host, struct host_wait *wait)
{
	const struct request_row *row = tables_request_const(host->tables, wait->request);
	struct host_answer *told;

	if (wait->gone)
		return unwanted_is_over(host, wait, row);
	if (!row) {
		order_answer(host, wait->token, EXIT_FAILED, "cancelled", "the request is gone");
		return true;
	}
	if (row->state == REQUEST_WAITING)
		return false;
	if (row->state != REQUEST_GRANTED)
		return request_refused(host, wait, row);
	if (!host_is_writer(host, row->volume) && !host->volumes[row->volume].job) {
		order_answer(host, wait->token, EXIT_FAILED, "failed",
			     "write access was granted and is gone again");
		return true;
	}
	if (!order_writes_here(host, row->volume))
		return false;
	told = order_done(host, wait->token, "granted");
	told->request = row->id;
	told->volume = row->volume;
	if (wait->run) {
		order_begin_run(host, wait, false);
		return false;
	}
	return true;
}

static bool given_is_over(struct host *host, struct host_wait *wait)
{
	const struct request_row *row = tables_request_const(host->tables, wait->request);

	if (row && row->state == REQUEST_WAITING) {
		if (!host_give_is_stuck(host, row->volume))
			return false;
		order_answer(host, wait->token, EXIT_FAILED, "failed",
			     "not given yet: %s; it is tried "
			     "until it is",
			     host->volumes[row->volume].reason);
	} else if (row && row->state == REQUEST_GRANTED) {
		order_done(host, wait->token, "given");
	} else {
		order_answer(host, wait->token, EXIT_REFUSED, "refused", "not given: %s",
			     row && row->answer[0] ? row->answer :
						     "the request has ended otherwise");
	}
	return true;
}

static bool volume_release_is_over(struct host *host, uint16_t at)
{
	return !host_is_writer(host, at) || host_give_is_stuck(host, at) ||
	       (!host->volumes[at].release_wanted && host->volumes[at].give == GIVE_NONE);
}

static bool release_is_over(struct host *host, struct host_wait *wait)
{
	struct order_span span = order_span(host, wait->volume);

	for (uint16_t i = span.first; i < span.end; i++)
		if (!volume_release_is_over(host, i))
			return false;
	for (uint16_t i = span.first; i < span.end; i++) {
		const struct host_volume *local = &host->volumes[i];
		char who[TEXT_BYTES_MAX + 1];
		bool busy = local->outcome == MOUNT_BUSY;

		if (!host_is_writer(host, i))
			continue;
		host_holders_text(local->holders, local->holder_count, who, sizeof(who));
		order_name_holders(order_answer(host, wait->token, EXIT_REFUSED,
						busy ? "busy-here" : "failed",
						"%s is not given up: %s%s", local->name,
						busy ? "files are open: " : "",
						busy ? who : local->reason),
				   local->holders, busy ? local->holder_count : 0);
		return true;
	}
	order_done(host, wait->token, "released")->volume = wait->volume;
	return true;
}

/* `volctl run` does not stay for programs that its command has left behind. */
static bool done_is_over(struct host *host, struct host_wait *wait)
{
	const struct host_volume *local = &host->volumes[wait->volume];
	struct host_answer *told;

	if (host_is_writer(host, wait->volume) &&
	    !(local->give == GIVE_NONE &&
	      (local->outcome == MOUNT_BUSY || !local->release_wanted)) &&
	    !host_give_is_stuck(host, wait->volume))
		return false;
	told = order_done(host, wait->token, "done");
	told->given_up = !host_is_writer(host, wait->volume);
	if (!told->given_up)
		order_name_holders(told, local->holders, local->holder_count);
	return true;
}

static bool refresh_is_over(struct host *host, struct host_wait *wait)
{
	struct host_answer *told;
	struct order_span span = order_span(host, wait->volume);

	for (uint16_t i = span.first; i < span.end; i++)
		if (host->volumes[i].refresh_wanted)
			return false;
	told = order_done(host, wait->token, "refreshed");
	told->volume = wait->volume;
	return true;
}

static bool publish_is_over(struct host *host, struct host_wait *wait)
{
	struct order_span span = order_span(host, wait->volume);

	for (uint16_t i = span.first; i < span.end; i++) {
		if (!host->volumes[i].publish_wanted)
			continue;
		if (order_writes_here(host, i))
			return false;
		host->volumes[i].publish_wanted = false; /* given up: which publishes, too */
	}
	order_done(host, wait->token, "published")->volume = wait->volume;
	return true;
}

static bool mount_is_over(struct host *host, struct host_wait *wait)
{
	const struct host_volume *local = &host->volumes[wait->volume];

	if (local->job || !local->looked)
		return false;
	if (local->mounted == MOUNTED_VIEW || local->mounted == MOUNTED_WRITE ||
	    local->mounted == MOUNTED_ENDED)
		order_done(host, wait->token, "mounted");
	else if (local->outcome == MOUNT_DONE)
		return false;
	else
		order_answer(host, wait->token, EXIT_FAILED, "not-mounted", "%s", local->reason);
	return true;
}

static bool unmount_is_over(struct host *host, struct host_wait *wait)
{
	const struct host_volume *local = &host->volumes[wait->volume];
	char who[TEXT_BYTES_MAX + 1];

	if (local->job)
		return false;
	if (local->mounted == MOUNTED_NOT) {
		order_done(host, wait->token, "unmounted");
		return true;
	}
	if (local->outcome == MOUNT_DONE)
		return false;
	host_holders_text(local->holders, local->holder_count, who, sizeof(who));
	order_name_holders(order_answer(host, wait->token, EXIT_REFUSED, "busy-here",
					"%s is not unmounted: %s", local->name,
					local->outcome == MOUNT_BUSY ? who : local->reason),
			   local->holders, local->holder_count);
	host->volumes[wait->volume].unmount_wanted = false;
	return true;
}

static bool logon_is_over(struct host *host, struct host_wait *wait)
{
	if (host->phase == HOST_ONLINE)
		order_done(host, wait->token, "logged-on");
	else if (host->phase == HOST_REFUSED || host->phase == HOST_NO_ROW ||
		 (host->phase == HOST_OFF && !host->logon_wanted))
		order_answer(host, wait->token, EXIT_FAILED, "refused", "%s", host->trouble);
	else
		return false;
	return true;
}

/* Ordered by a person: files that are open call it off.  At a stop the daemon waits for them. */
static bool logoff_is_over(struct host *host, struct host_wait *wait)
{
	if (host->phase == HOST_OFF) {
		order_done(host, wait->token, "logged-off");
		return true;
	}
	if (host->phase == HOST_REFUSED || host->phase == HOST_NO_ROW) {
		order_answer(host, wait->token, EXIT_FAILED, "refused", "%s", host->trouble);
		return true;
	}
	for (uint16_t i = 0; i < host->tables->volume_count && !host->stop_wanted; i++) {
		const struct host_volume *local = &host->volumes[i];
		char who[TEXT_BYTES_MAX + 1];

		if (!host_is_writer(host, i) ||
		    (!host_give_is_stuck(host, i) &&
		     (local->outcome != MOUNT_BUSY || local->give != GIVE_NONE || local->job)))
			continue;
		if (local->outcome == MOUNT_BUSY)
			host_holders_text(local->holders, local->holder_count, who, sizeof(who));
		else
			snprintf(who, sizeof(who), "%s", local->reason);
		order_name_holders(order_answer(host, wait->token, EXIT_REFUSED, "busy-here",
						"not logged off, %s is still being written: %s",
						local->name, who),
				   local->holders, local->holder_count);
		host->logon_wanted = true;
		host_enter(host, HOST_ONLINE, "files are open: the log off is called off");
		return true;
	}
	return false;
}

/* A short silence passes; after an io-timeout of it nobody is kept waiting for the device. */
static bool is_cut_off(struct host *host)
{
	uint64_t until_ms = host->silent_since_ms + host->io_timeout_ms;

	if (!host->silent || host->now_ms >= until_ms)
		return host->silent;
	host_wake_by(host, until_ms);
	return false;
}

/* False: it is under way, or was not one. */
bool order_drop(struct host *host, uint64_t token)
{
	for (unsigned int i = 0; i < host->change_count; i++) {
		if (host->changes[i].token != token)
			continue;
		order_forget(host, i);
		return true;
	}
	return false;
}

/* Nothing is changed any more, and nothing that happens elsewhere is heard of. */
static bool is_off_duty(const struct host *host, const struct host_wait *wait)
{
	return (host->phase == HOST_OFF || host->phase == HOST_REFUSED ||
		host->phase == HOST_NO_ROW) &&
	       wait->kind != WAIT_FREE && wait->kind != WAIT_LOGON && wait->kind != WAIT_LOGOFF &&
	       wait->kind != WAIT_RUN;
}

static void answer_off_duty(struct host *host, struct host_wait *wait)
{
	bool in_doubt = wait->kind == WAIT_CHANGE && !order_drop(host, wait->token);

	if (wait->gone)
		return;
	order_answer(host, wait->token, EXIT_UNREACHABLE, in_doubt ? "unknown" : "not-logged-on",
		     "this host is not logged on any more%s%s%s", host->trouble[0] ? ": " : "",
		     host->trouble, in_doubt ? "; whether the change was made is not known" : "");
}

/* Not begun: it is dropped.  Under way: only the device can tell what became of it. */
static bool answer_cut_off(struct host *host, struct host_wait *wait)
{
	if (order_drop(host, wait->token)) {
		order_answer(host, wait->token, EXIT_UNREACHABLE, "control-device",
			     "the control device does not answer: nothing was changed; see 'volctl "
			     "status'");
		return true;
	}
	order_answer(
		host, wait->token, EXIT_UNREACHABLE, "unknown",
		"the control device does not answer any more: whether it was done shows when it "
		"does; see 'volctl status'");
	wait->gone = wait->run; /* should it have been posted, nobody waits for it */
	return !wait->gone;
}

static bool waits_for_tables(const struct host_wait *wait)
{
	return wait->kind == WAIT_CHANGE || wait->kind == WAIT_GIVEN ||
	       wait->kind == WAIT_RELEASE || wait->kind == WAIT_DONE || wait->kind == WAIT_LOGON ||
	       wait->kind == WAIT_LOGOFF;
}

static bool wait_is_over(struct host *host, struct host_wait *wait)
{
	if (is_off_duty(host, wait)) {
		answer_off_duty(host, wait);
		return true;
	}
	if (waits_for_tables(wait) && !wait->gone && is_cut_off(host))
		return answer_cut_off(host, wait);
	switch (wait->kind) {
	case WAIT_REQUEST: return request_is_over(host, wait);
	case WAIT_GIVEN: return given_is_over(host, wait);
	case WAIT_RELEASE: return release_is_over(host, wait);
	case WAIT_DONE: return done_is_over(host, wait);
	case WAIT_REFRESH: return refresh_is_over(host, wait);
	case WAIT_PUBLISH: return publish_is_over(host, wait);
	case WAIT_MOUNT: return mount_is_over(host, wait);
	case WAIT_UNMOUNT: return unmount_is_over(host, wait);
	case WAIT_LOGON: return logon_is_over(host, wait);
	case WAIT_LOGOFF: return logoff_is_over(host, wait);
	case WAIT_FREE:
	case WAIT_CHANGE:
	case WAIT_RUN: return false;
	}
	return false;
}

void host_waits_review(struct host *host)
{
	if (!host->tables)
		return;
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++) {
		if (host->answer_count + 1 >= HOST_ANSWERS_MAX)
			return; /* the rest when these have been fetched */
		if (wait_is_over(host, &host->waits[i]))
			host->waits[i].kind = WAIT_FREE;
	}
}
