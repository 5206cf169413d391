/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/order.h"

bool order_writes_here(const struct host *host, uint16_t volume)
{
	return host_is_writer(host, volume) && host->volumes[volume].mounted == MOUNTED_WRITE &&
	       host->volumes[volume].give == GIVE_NONE;
}

/* Why this host could not mount it, whatever the tables say: nothing is asked for then. */
bool order_can_not_mount(struct host *host, const struct host_command *command)
{
	const struct host_volume *local = &host->volumes[command->volume];

	if (local->device_count == 0)
		order_answer(
			host, command->token, EXIT_FAILED, "no-device",
			"no device here carries the file system %s of volume %s: look at [devices] "
			"allow in volctl.conf, and whether the disk is attached",
			local->uuid, local->name);
	else if (local->device_count > 1)
		order_answer(
			host, command->token, EXIT_FAILED, "device-twice",
			"%u devices here carry the file system %s of volume %s: allow only one of "
			"them in [devices] of volctl.conf",
			local->device_count, local->uuid, local->name);
	else if (local->mounted == MOUNTED_FOREIGN)
		order_answer(host, command->token, EXIT_FAILED, "mounted-elsewhere", "%s",
			     local->reason);
	else
		return false;
	return true;
}

/* Whether the right is here for a run, and will be given back after the last one. */
static bool run_has_brought(const struct host *host, uint16_t volume)
{
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++)
		if (host->waits[i].kind == WAIT_RUN && host->waits[i].volume == volume &&
		    !host->waits[i].had_access)
			return true;
	return host->volumes[volume].release_patient;
}

static void call_off_patient_release(struct host_volume *local)
{
	if (local->release_patient)
		local->release_wanted = local->release_patient = false;
}

void order_begin_run(struct host *host, struct host_wait *wait, bool had_access)
{
	struct host_volume *local = &host->volumes[wait->volume];

	wait->kind = WAIT_RUN;
	wait->had_access = had_access;
	local->run_count++;
	call_off_patient_release(local);
}

/* Runs in force do not give back what was there before them, or is somebody's since. */
static void disown_runs(struct host *host, uint16_t volume)
{
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++)
		if (host->waits[i].kind == WAIT_RUN && host->waits[i].volume == volume)
			host->waits[i].had_access = true;
}

/* A person wants what runs have brought: it stays. */
static void keep_right(struct host *host, uint16_t volume)
{
	disown_runs(host, volume);
	call_off_patient_release(&host->volumes[volume]);
}

void host_runs_lost(struct host *host, uint16_t volume)
{
	disown_runs(host, volume);
	if (host->volumes[volume].run_count > 0)
		host_tell(host, NEWS_ACCESS_LOST, volume, "given up while a 'volctl run' uses it");
}

void order_request(struct host *host, const struct host_command *command)
{
	struct host_volume *local = &host->volumes[command->volume];
	struct host_wait *wait;
	struct change change = {
		.kind = CHANGE_REQUEST,
		.volume = command->volume,
		.volume_born = local->born,
		.administrator = command->administrator,
	};

	snprintf(change.text, sizeof(change.text), "%s", command->text);
	snprintf(change.person, sizeof(change.person), "%s", command->person);
	if (order_writes_here(host, command->volume)) {
		bool had_access = !run_has_brought(host, command->volume);

		wait = command->run ? order_wait_new(host, command, WAIT_RUN) : NULL;
		if (command->run && !wait)
			return;
		if (wait)
			order_begin_run(host, wait, had_access);
		else
			keep_right(host, command->volume);
		order_answer(host, command->token, EXIT_DONE, "granted",
			     "this host is the writer already")
			->had_access = had_access;
		return;
	}
	if (order_can_not_mount(host, command))
		return;
	/* What is mounted may be held by programs: nothing is asked for until that is settled. */
	if (order_commit(host, command, &change) &&
	    (local->mounted == MOUNTED_ENDED ||
	     (local->mounted == MOUNTED_VIEW && !command->over_readers))) {
		host->changes[host->change_count - 1].held = true;
		local->holders_wanted = true;
	}
}

void order_forget(struct host *host, unsigned int at)
{
	memmove(&host->changes[at], &host->changes[at + 1],
		(--host->change_count - at) * sizeof(host->changes[0]));
}

static void refuse_for_holders(struct host *host, uint64_t token, const struct mount_result *result)
{
	struct host_wait *wait = order_wait_find(host, token);
	char who[TEXT_BYTES_MAX + 1];

	if (!wait)
		return;
	wait->kind = WAIT_FREE;
	host_holders_text(result->holders, result->holder_count, who, sizeof(who));
	order_name_holders(order_answer(host, token, EXIT_REFUSED, "busy-here",
					"programs here read from %s: %s; end them%s",
					host->volumes[result->volume].name, who,
					result->state == MOUNTED_ENDED ?
						", they hold the former read-write mount" :
						", or ask with --over-readers"),
			   result->holders, result->holder_count);
}

void host_holders_known(struct host *host, const struct mount_result *result)
{
	for (unsigned int i = 0; i < host->change_count;) {
		struct host_change *change = &host->changes[i];

		if (!change->held || change->change.volume != result->volume) {
			i++;
		} else if (result->holder_count == 0) {
			change->held = false;
			i++;
		} else if (host->answer_count < HOST_ANSWERS_MAX) {
			refuse_for_holders(host, change->token, result);
			order_forget(host, i);
		} else {
			/* the rest next time */
			host->volumes[result->volume].holders_wanted = true;
			return;
		}
	}
}

/* The next queued change that may go. */
bool host_take_change(struct host *host, struct host_change *ret_change)
{
	for (unsigned int i = 0; i < host->change_count; i++) {
		if (host->changes[i].held)
			continue;
		*ret_change = host->changes[i];
		order_forget(host, i);
		return true;
	}
	return false;
}

/* What a person should know who has asked and must wait. */
static void posted_message(const struct host *host, uint16_t volume, char *buffer, size_t size)
{
	const struct volume_row *row = host_volume_row(host, volume);
	enum peer_state state;

	buffer[0] = '\0';
	if (!row || row->phase == PHASE_FREE)
		return;
	state = host_peer_state(host, row->writer.host);
	if (state == PEER_DEAD || state == PEER_LATE)
		snprintf(
			buffer, size,
			"the writer %s shows no sign of life (%s): the request stays "
			"until it is back.  Taking over from a dead host needs a proof that it can "
			"not write any more; this version has none",
			host->tables->hosts[row->writer.host].name,
			state == PEER_DEAD ? "dead" : "late");
}

static void request_posted(struct host *host, struct host_wait *wait, const struct outcome *outcome)
{
	struct host_answer *told;

	wait->request = outcome->value;
	if (wait->gone) {
		wait->kind = WAIT_REQUEST;
		return;
	}
	host->volumes[wait->volume].over_readers = wait->over_readers;
	host->volumes[wait->volume].unmount_wanted = false;
	told = order_answer(host, wait->token, EXIT_DONE,
			    outcome->ruling == RULING_GRANTED ? "granted" : "posted", "%s", "");
	told->request = wait->request;
	told->volume = wait->volume;
	posted_message(host, wait->volume, told->message, sizeof(told->message));
	told->interim = wait->wait;
	wait->kind = wait->wait ? WAIT_REQUEST : WAIT_FREE;
}

void host_change_ended(struct host *host, const struct host_change *change,
		       const struct outcome *outcome)
{
	struct host_wait *wait = order_wait_find(host, change->token);

	if (!wait || wait->kind != WAIT_CHANGE)
		return;
	if (wait->gone &&
	    (change->change.kind != CHANGE_REQUEST || ruling_is_refusal(outcome->ruling))) {
		wait->kind = WAIT_FREE;
		return;
	}
	if (change->change.kind == CHANGE_REQUEST && !ruling_is_refusal(outcome->ruling) &&
	    outcome->ruling != RULING_ALREADY_WRITER) {
		request_posted(host, wait, outcome);
		return;
	}
	wait->kind = WAIT_FREE;
	host_answer_of(outcome, order_answer_new(host, change->token));
}

void host_change_failed(struct host *host, const struct host_change *change)
{
	struct host_wait *wait = order_wait_find(host, change->token);

	if (!wait)
		return;
	wait->kind = WAIT_FREE;
	if (wait->gone)
		return;
	order_answer(host, change->token, EXIT_UNREACHABLE, "control-device",
		     "the control device does not take the change: nothing was changed; see "
		     "'volctl status'");
}
