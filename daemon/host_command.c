/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people order: checked, and turned into changes of the tables or wishes of a
 * volume, with a wait that is answered when it is known what came of it.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/order.h"

static void command_answer(struct host *host, const struct host_command *command)
{
	struct host_request *request = host_request_find(host, command->request);
	const struct request_row *row = tables_request_const(host->tables, command->request);

	if (!row) {
		order_answer(host, command->token, EXIT_NO_SUCH, "no-such-request",
			     "there is no request %llu; see 'volctl requests'",
			     (unsigned long long)command->request);
	} else if (row->state != REQUEST_WAITING) {
		order_answer(host, command->token, EXIT_FAILED, "not-waiting",
			     "request %llu has ended already",
			     (unsigned long long)command->request);
	} else if (!request) {
		order_answer(host, command->token, EXIT_NOT_PERMITTED, "not-yours",
			     "request %llu is not for this host: only the writer's host answers",
			     (unsigned long long)command->request);
	} else if (request->decision != DECIDE_NOT_YET) {
		order_answer(host, command->token, EXIT_FAILED, "answered",
			     "request %llu is being answered already",
			     (unsigned long long)command->request);
	} else if (command->yes) {
		if (order_wait_new(host, command, WAIT_GIVEN))
			request->decision = DECIDE_YES;
	} else {
		struct change change = {
			.kind = CHANGE_ANSWER_NO,
			.volume = row->volume,
			.volume_born = host->tables->volumes[row->volume].born,
			.request = row->id,
		};

		snprintf(change.text, sizeof(change.text), "%s", command->text);
		(void)order_commit(host, command, &change);
	}
}

static void command_cancel(struct host *host, const struct host_command *command)
{
	struct change change = { .kind = CHANGE_CANCEL, .request = command->request };
	const struct request_row *row = tables_request_const(host->tables, command->request);

	if (row) {
		change.volume = row->volume;
		change.volume_born = host->tables->volumes[row->volume].born;
	}
	(void)order_commit(host, command, &change);
}

static void command_release(struct host *host, const struct host_command *command)
{
	struct order_span span = order_span(host, command->volume);

	if (command->volume != SLOT_NONE && !host_is_writer(host, command->volume)) {
		order_answer(host, command->token, EXIT_FAILED, "not-writer",
			     "this host is not the writer of %s",
			     host->volumes[command->volume].name);
		return;
	}
	if (!order_wait_new(host, command, WAIT_RELEASE))
		return;
	for (uint16_t i = span.first; i < span.end; i++) {
		if (!host_is_writer(host, i))
			continue;
		host->volumes[i].release_wanted = true;
		host->volumes[i].retry_at_ms = 0;
	}
}

static void command_refresh(struct host *host, const struct host_command *command)
{
	struct order_span span = order_span(host, command->volume);

	if (!order_wait_new(host, command, WAIT_REFRESH))
		return;
	for (uint16_t i = span.first; i < span.end; i++) {
		struct host_volume *local = &host->volumes[i];

		if (host_is_writer(host, i) ||
		    (local->mounted != MOUNTED_VIEW && local->mounted != MOUNTED_ENDED))
			continue;
		local->refresh_wanted = true;
		local->retry_at_ms = 0;
	}
}

static void command_publish(struct host *host, const struct host_command *command)
{
	struct order_span span = order_span(host, command->volume);

	if (command->volume != SLOT_NONE && !order_writes_here(host, command->volume)) {
		order_answer(host, command->token, EXIT_FAILED, "not-writer",
			     "this host is not the writer of %s: only the writer can publish",
			     host->volumes[command->volume].name);
		return;
	}
	if (!order_wait_new(host, command, WAIT_PUBLISH))
		return;
	for (uint16_t i = span.first; i < span.end; i++)
		if (order_writes_here(host, i))
			host->volumes[i].publish_wanted = true;
}

static void command_mount(struct host *host, const struct host_command *command)
{
	struct host_volume *local = &host->volumes[command->volume];
	struct access_row access = tables_access(host->tables, command->volume, host->slot);
	const struct volume_row *row = host_volume_row(host, command->volume);

	if (!access.mount || !row->enabled) {
		order_answer(host, command->token, EXIT_NOT_PERMITTED,
			     access.mount ? "disabled" : "may-not-mount", "%s",
			     host_ruling_message(access.mount ? RULING_DISABLED :
								RULING_MAY_NOT_MOUNT));
		return;
	}
	if (local->mounted == MOUNTED_FOREIGN && !local->job) {
		local->mounted = MOUNTED_NOT; /* it may be gone by now: look again */
		local->looked = false;
	}
	if (order_can_not_mount(host, command) || !order_wait_new(host, command, WAIT_MOUNT))
		return;
	local->unmount_wanted = false;
	if (local->outcome != MOUNT_DONE && local->mounted == MOUNTED_NOT)
		local->outcome = MOUNT_DONE; /* wait for a new try, not for the last one */
	local->retry_at_ms = 0;
}

static void command_unmount(struct host *host, const struct host_command *command)
{
	struct host_volume *local = &host->volumes[command->volume];

	if (host_is_writer(host, command->volume)) {
		order_answer(host, command->token, EXIT_FAILED, "still-writer",
			     "this host is the writer of %s: run 'volctl release %s' first",
			     local->name, local->name);
		return;
	}
	if (local->mounted == MOUNTED_FOREIGN) {
		order_answer(host, command->token, EXIT_FAILED, "mounted-elsewhere", "%s",
			     local->reason);
		return;
	}
	if (!order_wait_new(host, command, WAIT_UNMOUNT))
		return;
	local->unmount_wanted = true;
	local->outcome = MOUNT_DONE;
	local->retry_at_ms = 0;
}

static void command_logon(struct host *host, const struct host_command *command)
{
	host->logon_wanted = true;
	/* While the last log off is still being written the row is ours: see HOST_EV_BEAT. */
	if (order_wait_new(host, command, WAIT_LOGON) && host->tables && !host->claimed &&
	    !host->stopped_for_good &&
	    (host->phase == HOST_OFF || host->phase == HOST_REFUSED || host->phase == HOST_NO_ROW))
		host_find_row(host);
}

static void command_logoff(struct host *host, const struct host_command *command)
{
	if (!order_wait_new(host, command, WAIT_LOGOFF))
		return;
	host->logon_wanted = false;
	for (uint16_t i = 0; i < host->tables->volume_count; i++)
		host->volumes[i].outcome = MOUNT_DONE;
	/* A log on under way goes on: what an earlier daemon left writable is given up by it. */
	if (host->phase == HOST_ONLINE)
		host_enter(host, HOST_LOGGING_OFF, "ordered");
	else if (host->phase == HOST_NO_ROW || (host->phase == HOST_REFUSED && !host->claimed))
		host_enter(host, HOST_OFF, "ordered");
}

/*
 * Writers that logged off have released: then it is a request.  Of the dead, nothing is proven
 * here.
 */
static void command_takeover(struct host *host, const struct host_command *command)
{
	const struct volume_row *row = host_volume_row(host, command->volume);

	if (row->phase == PHASE_FREE || host_is_writer(host, command->volume)) {
		order_request(host, command);
		return;
	}
	if (host_peer_state(host, row->writer.host) == PEER_ALIVE)
		order_answer(host, command->token, EXIT_REFUSED, "writer-alive",
			     "the writer %s is alive: ask it with 'volctl request %s'",
			     host->tables->hosts[row->writer.host].name, row->name);
	else
		order_answer(
			host, command->token, EXIT_NOT_PERMITTED, "unproven",
			"the writer %s has not given %s up.  Taking over from a dead host needs a "
			"proof that it can not write any more, and this version has none: start "
			"that host again, or ask with 'volctl request %s' and wait for it",
			host->tables->hosts[row->writer.host].name, row->name, row->name);
}

/* A `volctl run` has ended, or its connection has. */
static void end_run(struct host *host, struct host_wait *run)
{
	struct host_volume *local = &host->volumes[run->volume];

	if (local->run_count > 0)
		local->run_count--;
	if (!run->had_access && local->run_count == 0 && host_is_writer(host, run->volume)) {
		local->release_wanted = true;
		local->release_patient = true;
		local->outcome = MOUNT_DONE;
		local->retry_at_ms = 0;
	}
	run->kind = WAIT_FREE;
}

static void command_done(struct host *host, const struct host_command *command)
{
	struct host_wait *run = order_wait_find(host, command->run_token);
	struct host_command done = *command;

	if (!run || run->kind != WAIT_RUN) {
		order_answer(host, command->token, EXIT_NO_SUCH, "no-such-run",
			     "there is no such run under way");
		return;
	}
	done.volume = run->volume;
	end_run(host, run);
	if (host->volumes[done.volume].release_wanted)
		(void)order_wait_new(host, &done, WAIT_DONE);
	else
		order_done(host, command->token, "done")->given_up =
			!host_is_writer(host, done.volume);
}

void host_client_gone(struct host *host, uint64_t token)
{
	struct host_wait *wait = order_wait_find(host, token);

	if (!wait)
		return;
	if (wait->kind == WAIT_RUN)
		end_run(host, wait);
	else if (wait->run && wait->kind == WAIT_CHANGE && order_drop(host, token))
		wait->kind = WAIT_FREE;
	else if (wait->run)
		wait->gone = true;
}

/* Commands that make no sense before the host is logged on, and changing ones while suspended. */
static bool is_out_of_order(struct host *host, const struct host_command *command)
{
	bool asks = command->kind == COMMAND_REQUEST || command->kind == COMMAND_ANSWER ||
		    command->kind == COMMAND_CANCEL || command->kind == COMMAND_TAKEOVER;

	if (command->kind == COMMAND_LOGON || command->kind == COMMAND_DONE ||
	    (command->kind == COMMAND_LOGOFF && host->tables))
		return false;
	if (host->phase != HOST_ONLINE)
		order_answer(host, command->token, EXIT_UNREACHABLE, "not-logged-on",
			     "this host is not logged on (%s)%s%s", host_phase_text(host->phase),
			     host->trouble[0] ? ": " : "", host->trouble);
	else if (host->suspended && command->kind != COMMAND_RESUME &&
		 command->kind != COMMAND_SUSPEND && command->kind != COMMAND_RELEASE &&
		 command->kind != COMMAND_CHANGE)
		order_answer(host, command->token, EXIT_FAILED, "suspended",
			     "this host is suspended: 'volctl resume' first");
	else if (asks && host->config.lockout_changes && !command->administrator)
		order_answer(
			host, command->token, EXIT_NOT_PERMITTED, "lockout-changes",
			"volctl.conf says lockout-changes = yes: on this host only administrators "
			"ask and answer");
	else
		return false;
	return true;
}

/* While the control device is silent nothing is begun that the tables must learn of. */
static bool needs_tables(const struct host *host, const struct host_command *command)
{
	switch (command->kind) {
	case COMMAND_REQUEST: return !order_writes_here(host, command->volume);
	case COMMAND_CANCEL:
	case COMMAND_ANSWER:
	case COMMAND_RELEASE:
	case COMMAND_LOGON:
	case COMMAND_LOGOFF:
	case COMMAND_TAKEOVER:
	case COMMAND_CHANGE: return true;
	case COMMAND_REFRESH:
	case COMMAND_PUBLISH:
	case COMMAND_MOUNT:
	case COMMAND_UNMOUNT:
	case COMMAND_SUSPEND:
	case COMMAND_RESUME:
	case COMMAND_DONE: return false;
	}
	return false;
}

static void command_suspend(struct host *host, const struct host_command *command, bool suspend)
{
	host->suspended = suspend;
	host->beat_dirty = true;
	order_done(host, command->token, suspend ? "suspended" : "resumed");
}

void host_command(struct host *host, const struct host_command *command)
{
	if (is_out_of_order(host, command))
		return;
	if (host->silent && needs_tables(host, command)) {
		order_answer(host, command->token, EXIT_UNREACHABLE, "control-device",
			     "the control device does not answer: nothing was changed; see 'volctl "
			     "status'");
		return;
	}
	switch (command->kind) {
	case COMMAND_REQUEST: order_request(host, command); break;
	case COMMAND_CANCEL: command_cancel(host, command); break;
	case COMMAND_ANSWER: command_answer(host, command); break;
	case COMMAND_RELEASE: command_release(host, command); break;
	case COMMAND_REFRESH: command_refresh(host, command); break;
	case COMMAND_PUBLISH: command_publish(host, command); break;
	case COMMAND_MOUNT: command_mount(host, command); break;
	case COMMAND_UNMOUNT: command_unmount(host, command); break;
	case COMMAND_LOGON: command_logon(host, command); break;
	case COMMAND_LOGOFF: command_logoff(host, command); break;
	case COMMAND_SUSPEND: command_suspend(host, command, true); break;
	case COMMAND_RESUME: command_suspend(host, command, false); break;
	case COMMAND_TAKEOVER: command_takeover(host, command); break;
	case COMMAND_CHANGE: (void)order_commit(host, command, &command->change); break;
	case COMMAND_DONE: command_done(host, command); break;
	}
}
