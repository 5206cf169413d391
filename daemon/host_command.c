/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people order.  A command is checked, turned into changes of the tables
 * or wishes of a volume, and kept as a wait until it can be answered.  Waits are
 * looked at again after every event: how they end is read off the state, so that
 * it does not matter who or what brought it about.
 */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/host_internal.h"

/* --- answers ------------------------------------------------------------ */

static struct host_answer *answer_new(struct host *host, uint64_t token)
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

__attribute__((format(printf, 5, 6)))
static struct host_answer *answer(struct host *host, uint64_t token, enum exit_status exit,
				  const char *code, const char *format, ...)
{
	struct host_answer *new = answer_new(host, token);
	va_list arguments;

	new->exit = exit;
	snprintf(new->code, sizeof(new->code), "%s", code);
	va_start(arguments, format);
	vsnprintf(new->message, sizeof(new->message), format, arguments);
	va_end(arguments);
	return new;
}

static struct host_answer *answer_done(struct host *host, uint64_t token, const char *code)
{
	return answer(host, token, EXIT_DONE, code, "%s", "");
}

static void answer_holders(struct host_answer *answer, const struct holder *holders, uint32_t count)
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

/* The volume slots that an order is about: one, or all. */
struct span {
	uint16_t first;
	uint16_t end;
};

static struct span span_of(const struct host *host, uint16_t volume)
{
	if (volume == SLOT_NONE)
		return (struct span){ .first = 0, .end = host->tables->volume_count };
	return (struct span){ .first = volume, .end = (uint16_t)(volume + 1) };
}

/* --- waits --------------------------------------------------------------- */

static struct host_wait *wait_new(struct host *host, const struct host_command *command,
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
	answer(host, command->token, EXIT_FAILED, "busy",
	       "too many commands are under way: try again later");
	return NULL;
}

static struct host_wait *wait_find(struct host *host, uint64_t token)
{
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++)
		if (host->waits[i].kind != WAIT_FREE && host->waits[i].token == token)
			return &host->waits[i];
	return NULL;
}

/* Queue a change for commit.  The caller has made the wait that its outcome answers. */
static bool queue_change(struct host *host, uint64_t token, const struct change *change)
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

static bool order_change(struct host *host, const struct host_command *command,
			 const struct change *change)
{
	struct host_wait *wait = wait_new(host, command, WAIT_CHANGE);

	if (!wait)
		return false;
	if (queue_change(host, command->token, change))
		return true;
	wait->kind = WAIT_FREE;
	answer(host, command->token, EXIT_FAILED, "busy",
	       "too many changes are waiting for the control device: try again later");
	return false;
}

static bool is_queued(const struct host *host, enum change_kind kind, uint64_t request)
{
	for (unsigned int i = 0; i < host->change_count; i++)
		if (host->changes[i].change.kind == kind &&
		    host->changes[i].change.request == request)
			return true;
	return host->committing && host->in_flight.change.kind == kind &&
	       host->in_flight.change.request == request;
}

static void queue_cancel(struct host *host, uint64_t request)
{
	const struct request_row *row = tables_request_const(host->tables, request);
	struct change change = { .kind = CHANGE_CANCEL, .request = request };

	if (!row || row->state != REQUEST_WAITING)
		return;
	change.volume = row->volume;
	change.volume_born = host->tables->volumes[row->volume].born;
	(void)queue_change(host, UINT64_MAX, &change);
}

/* --- request -------------------------------------------------------------- */

static bool writes_here(const struct host *host, uint16_t volume)
{
	return host_is_writer(host, volume) &&
	       host->volumes[volume].mounted == MOUNTED_WRITE &&
	       host->volumes[volume].give == GIVE_NONE;
}

/* Why this host could not mount it, whatever the tables say: nothing is asked for then. */
static bool can_not_mount(struct host *host, const struct host_command *command)
{
	const struct host_volume *local = &host->volumes[command->volume];

	if (local->device_count == 0)
		answer(host, command->token, EXIT_FAILED, "no-device",
		       "no device here carries the file system %s of volume %s: look at [devices] "
		       "allow in volctl.conf, and whether the disk is attached", local->uuid,
		       local->name);
	else if (local->device_count > 1)
		answer(host, command->token, EXIT_FAILED, "device-twice",
		       "%u devices here carry the file system %s of volume %s: allow only one of "
		       "them in [devices] of volctl.conf", local->device_count, local->uuid,
		       local->name);
	else if (local->mounted == MOUNTED_FOREIGN)
		answer(host, command->token, EXIT_FAILED, "mounted-elsewhere", "%s", local->reason);
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

static void begin_run(struct host *host, struct host_wait *wait, bool had_access)
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
		host_tell(host, NEWS_ACCESS_LOST, volume,
			  "given up while a 'volctl run' uses it");
}

static void command_request(struct host *host, const struct host_command *command)
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
	if (writes_here(host, command->volume)) {
		bool had_access = !run_has_brought(host, command->volume);

		wait = command->run ? wait_new(host, command, WAIT_RUN) : NULL;
		if (command->run && !wait)
			return;
		if (wait)
			begin_run(host, wait, had_access);
		else
			keep_right(host, command->volume);
		answer(host, command->token, EXIT_DONE, "granted",
		       "this host is the writer already")->had_access = had_access;
		return;
	}
	if (can_not_mount(host, command))
		return;
	/* What is mounted may be held by programs: nothing is asked for until that is settled. */
	if (order_change(host, command, &change) &&
	    (local->mounted == MOUNTED_ENDED ||
	     (local->mounted == MOUNTED_VIEW && !command->over_readers))) {
		host->changes[host->change_count - 1].held = true;
		local->holders_wanted = true;
	}
}

static void forget_change(struct host *host, unsigned int at)
{
	memmove(&host->changes[at], &host->changes[at + 1],
		(--host->change_count - at) * sizeof(host->changes[0]));
}

static void refuse_for_holders(struct host *host, uint64_t token, const struct mount_result *result)
{
	struct host_wait *wait = wait_find(host, token);
	char who[TEXT_BYTES_MAX + 1];

	if (!wait)
		return;
	wait->kind = WAIT_FREE;
	host_holders_text(result->holders, result->holder_count, who, sizeof(who));
	answer_holders(answer(host, token, EXIT_REFUSED, "busy-here",
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
			forget_change(host, i);
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
		forget_change(host, i);
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

static void request_posted(struct host *host, struct host_wait *wait,
			   const struct outcome *outcome)
{
	struct host_answer *told;

	wait->request = outcome->value;
	if (wait->gone) {
		wait->kind = WAIT_REQUEST;
		return;
	}
	host->volumes[wait->volume].over_readers = wait->over_readers;
	host->volumes[wait->volume].unmount_wanted = false;
	told = answer(host, wait->token, EXIT_DONE,
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
	struct host_wait *wait = wait_find(host, change->token);

	if (!wait || wait->kind != WAIT_CHANGE)
		return;
	if (wait->gone && (change->change.kind != CHANGE_REQUEST ||
			   ruling_is_refusal(outcome->ruling))) {
		wait->kind = WAIT_FREE;
		return;
	}
	if (change->change.kind == CHANGE_REQUEST && !ruling_is_refusal(outcome->ruling) &&
	    outcome->ruling != RULING_ALREADY_WRITER) {
		request_posted(host, wait, outcome);
		return;
	}
	wait->kind = WAIT_FREE;
	host_answer_of(outcome, answer_new(host, change->token));
}

void host_change_failed(struct host *host, const struct host_change *change)
{
	struct host_wait *wait = wait_find(host, change->token);

	if (!wait)
		return;
	wait->kind = WAIT_FREE;
	if (wait->gone)
		return;
	answer(host, change->token, EXIT_UNREACHABLE, "control-device",
	       "the control device does not take the change: nothing was changed; see "
	       "'volctl status'");
}

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
	answer(host, wait->token, exit, code, "%s",
	       row->answer[0] ? row->answer : code)->request = row->id;
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
		    !is_queued(host, CHANGE_CANCEL, wait->request))
			queue_cancel(host, wait->request);
		return false;
	}
	if (!row || row->state != REQUEST_GRANTED || !host_is_writer(host, wait->volume))
		return true;
	if (!writes_here(host, wait->volume))
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
		answer(host, wait->token, EXIT_FAILED, "cancelled", "the request is gone");
		return true;
	}
	if (row->state == REQUEST_WAITING)
		return false;
	if (row->state != REQUEST_GRANTED)
		return request_refused(host, wait, row);
	if (!host_is_writer(host, row->volume) && !host->volumes[row->volume].job) {
		answer(host, wait->token, EXIT_FAILED, "failed",
		       "write access was granted and is gone again");
		return true;
	}
	if (!writes_here(host, row->volume))
		return false;
	told = answer_done(host, wait->token, "granted");
	told->request = row->id;
	told->volume = row->volume;
	if (wait->run) {
		begin_run(host, wait, false);
		return false;
	}
	return true;
}

/* --- the other waits --------------------------------------------------------- */

static bool given_is_over(struct host *host, struct host_wait *wait)
{
	const struct request_row *row = tables_request_const(host->tables, wait->request);

	if (row && row->state == REQUEST_WAITING) {
		if (!host_give_is_stuck(host, row->volume))
			return false;
		answer(host, wait->token, EXIT_FAILED, "failed", "not given yet: %s; it is tried "
		       "until it is", host->volumes[row->volume].reason);
	} else if (row && row->state == REQUEST_GRANTED) {
		answer_done(host, wait->token, "given");
	} else {
		answer(host, wait->token, EXIT_REFUSED, "refused", "not given: %s",
		       row && row->answer[0] ? row->answer : "the request has ended otherwise");
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
	struct span span = span_of(host, wait->volume);

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
		answer_holders(answer(host, wait->token, EXIT_REFUSED,
				      busy ? "busy-here" : "failed", "%s is not given up: %s%s",
				      local->name, busy ? "files are open: " : "",
				      busy ? who : local->reason),
			       local->holders, busy ? local->holder_count : 0);
		return true;
	}
	answer_done(host, wait->token, "released")->volume = wait->volume;
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
	told = answer_done(host, wait->token, "done");
	told->given_up = !host_is_writer(host, wait->volume);
	if (!told->given_up)
		answer_holders(told, local->holders, local->holder_count);
	return true;
}

static bool refresh_is_over(struct host *host, struct host_wait *wait)
{
	struct host_answer *told;
	struct span span = span_of(host, wait->volume);

	for (uint16_t i = span.first; i < span.end; i++)
		if (host->volumes[i].refresh_wanted)
			return false;
	told = answer_done(host, wait->token, "refreshed");
	told->volume = wait->volume;
	return true;
}

static bool publish_is_over(struct host *host, struct host_wait *wait)
{
	struct span span = span_of(host, wait->volume);

	for (uint16_t i = span.first; i < span.end; i++) {
		if (!host->volumes[i].publish_wanted)
			continue;
		if (writes_here(host, i))
			return false;
		host->volumes[i].publish_wanted = false;	/* given up: which publishes, too */
	}
	answer_done(host, wait->token, "published")->volume = wait->volume;
	return true;
}

static bool mount_is_over(struct host *host, struct host_wait *wait)
{
	const struct host_volume *local = &host->volumes[wait->volume];

	if (local->job || !local->looked)
		return false;
	if (local->mounted == MOUNTED_VIEW || local->mounted == MOUNTED_WRITE ||
	    local->mounted == MOUNTED_ENDED)
		answer_done(host, wait->token, "mounted");
	else if (local->outcome == MOUNT_DONE)
		return false;
	else
		answer(host, wait->token, EXIT_FAILED, "not-mounted", "%s", local->reason);
	return true;
}

static bool unmount_is_over(struct host *host, struct host_wait *wait)
{
	const struct host_volume *local = &host->volumes[wait->volume];
	char who[TEXT_BYTES_MAX + 1];

	if (local->job)
		return false;
	if (local->mounted == MOUNTED_NOT) {
		answer_done(host, wait->token, "unmounted");
		return true;
	}
	if (local->outcome == MOUNT_DONE)
		return false;
	host_holders_text(local->holders, local->holder_count, who, sizeof(who));
	answer_holders(answer(host, wait->token, EXIT_REFUSED, "busy-here",
			      "%s is not unmounted: %s", local->name,
			      local->outcome == MOUNT_BUSY ? who : local->reason),
		       local->holders, local->holder_count);
	host->volumes[wait->volume].unmount_wanted = false;
	return true;
}

static bool logon_is_over(struct host *host, struct host_wait *wait)
{
	if (host->phase == HOST_ONLINE)
		answer_done(host, wait->token, "logged-on");
	else if (host->phase == HOST_REFUSED || host->phase == HOST_NO_ROW ||
		 (host->phase == HOST_OFF && !host->logon_wanted))
		answer(host, wait->token, EXIT_FAILED, "refused", "%s", host->trouble);
	else
		return false;
	return true;
}

/* Ordered by a person: files that are open call it off.  At a stop the daemon waits for them. */
static bool logoff_is_over(struct host *host, struct host_wait *wait)
{
	if (host->phase == HOST_OFF) {
		answer_done(host, wait->token, "logged-off");
		return true;
	}
	if (host->phase == HOST_REFUSED || host->phase == HOST_NO_ROW) {
		answer(host, wait->token, EXIT_FAILED, "refused", "%s", host->trouble);
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
		answer_holders(answer(host, wait->token, EXIT_REFUSED, "busy-here",
				      "not logged off, %s is still being written: %s", local->name,
				      who),
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
static bool drop_change(struct host *host, uint64_t token)
{
	for (unsigned int i = 0; i < host->change_count; i++) {
		if (host->changes[i].token != token)
			continue;
		forget_change(host, i);
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
	bool in_doubt = wait->kind == WAIT_CHANGE && !drop_change(host, wait->token);

	if (wait->gone)
		return;
	answer(host, wait->token, EXIT_UNREACHABLE, in_doubt ? "unknown" : "not-logged-on",
	       "this host is not logged on any more%s%s%s", host->trouble[0] ? ": " : "",
	       host->trouble, in_doubt ? "; whether the change was made is not known" : "");
}

/* Not begun: it is dropped.  Under way: only the device can tell what became of it. */
static bool answer_cut_off(struct host *host, struct host_wait *wait)
{
	if (drop_change(host, wait->token)) {
		answer(host, wait->token, EXIT_UNREACHABLE, "control-device",
		       "the control device does not answer: nothing was changed; see 'volctl "
		       "status'");
		return true;
	}
	answer(host, wait->token, EXIT_UNREACHABLE, "unknown",
	       "the control device does not answer any more: whether it was done shows when it "
	       "does; see 'volctl status'");
	wait->gone = wait->run;		/* should it have been posted, nobody waits for it */
	return !wait->gone;
}

static bool waits_for_tables(const struct host_wait *wait)
{
	return wait->kind == WAIT_CHANGE || wait->kind == WAIT_GIVEN ||
	       wait->kind == WAIT_RELEASE || wait->kind == WAIT_DONE ||
	       wait->kind == WAIT_LOGON || wait->kind == WAIT_LOGOFF;
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
	case WAIT_REQUEST:
		return request_is_over(host, wait);
	case WAIT_GIVEN:
		return given_is_over(host, wait);
	case WAIT_RELEASE:
		return release_is_over(host, wait);
	case WAIT_DONE:
		return done_is_over(host, wait);
	case WAIT_REFRESH:
		return refresh_is_over(host, wait);
	case WAIT_PUBLISH:
		return publish_is_over(host, wait);
	case WAIT_MOUNT:
		return mount_is_over(host, wait);
	case WAIT_UNMOUNT:
		return unmount_is_over(host, wait);
	case WAIT_LOGON:
		return logon_is_over(host, wait);
	case WAIT_LOGOFF:
		return logoff_is_over(host, wait);
	case WAIT_FREE:
	case WAIT_CHANGE:
	case WAIT_RUN:
		return false;
	}
	return false;
}

void host_waits_review(struct host *host)
{
	if (!host->tables)
		return;
	for (unsigned int i = 0; i < HOST_WAITS_MAX; i++) {
		if (host->answer_count + 1 >= HOST_ANSWERS_MAX)
			return;		/* the rest when these have been fetched */
		if (wait_is_over(host, &host->waits[i]))
			host->waits[i].kind = WAIT_FREE;
	}
}

/* --- commands ---------------------------------------------------------------- */

static void command_answer(struct host *host, const struct host_command *command)
{
	struct host_request *request = host_request_find(host, command->request);
	const struct request_row *row = tables_request_const(host->tables, command->request);

	if (!row) {
		answer(host, command->token, EXIT_NO_SUCH, "no-such-request",
		       "there is no request %llu; see 'volctl requests'",
		       (unsigned long long)command->request);
	} else if (row->state != REQUEST_WAITING) {
		answer(host, command->token, EXIT_FAILED, "not-waiting",
		       "request %llu has ended already", (unsigned long long)command->request);
	} else if (!request) {
		answer(host, command->token, EXIT_NOT_PERMITTED, "not-yours",
		       "request %llu is not for this host: only the writer's host answers",
		       (unsigned long long)command->request);
	} else if (request->decision != DECIDE_NOT_YET) {
		answer(host, command->token, EXIT_FAILED, "answered",
		       "request %llu is being answered already",
		       (unsigned long long)command->request);
	} else if (command->yes) {
		if (wait_new(host, command, WAIT_GIVEN))
			request->decision = DECIDE_YES;
	} else {
		struct change change = {
			.kind = CHANGE_ANSWER_NO,
			.volume = row->volume,
			.volume_born = host->tables->volumes[row->volume].born,
			.request = row->id,
		};

		snprintf(change.text, sizeof(change.text), "%s", command->text);
		(void)order_change(host, command, &change);
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
	(void)order_change(host, command, &change);
}

static void command_release(struct host *host, const struct host_command *command)
{
	struct span span = span_of(host, command->volume);

	if (command->volume != SLOT_NONE && !host_is_writer(host, command->volume)) {
		answer(host, command->token, EXIT_FAILED, "not-writer",
		       "this host is not the writer of %s", host->volumes[command->volume].name);
		return;
	}
	if (!wait_new(host, command, WAIT_RELEASE))
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
	struct span span = span_of(host, command->volume);

	if (!wait_new(host, command, WAIT_REFRESH))
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
	struct span span = span_of(host, command->volume);

	if (command->volume != SLOT_NONE && !writes_here(host, command->volume)) {
		answer(host, command->token, EXIT_FAILED, "not-writer",
		       "this host is not the writer of %s: only the writer can publish",
		       host->volumes[command->volume].name);
		return;
	}
	if (!wait_new(host, command, WAIT_PUBLISH))
		return;
	for (uint16_t i = span.first; i < span.end; i++)
		if (writes_here(host, i))
			host->volumes[i].publish_wanted = true;
}

static void command_mount(struct host *host, const struct host_command *command)
{
	struct host_volume *local = &host->volumes[command->volume];
	struct access_row access = tables_access(host->tables, command->volume, host->slot);
	const struct volume_row *row = host_volume_row(host, command->volume);

	if (!access.mount || !row->enabled) {
		answer(host, command->token, EXIT_NOT_PERMITTED,
		       access.mount ? "disabled" : "may-not-mount", "%s",
		       host_ruling_message(access.mount ? RULING_DISABLED :
							    RULING_MAY_NOT_MOUNT));
		return;
	}
	if (local->mounted == MOUNTED_FOREIGN && !local->job) {
		local->mounted = MOUNTED_NOT;	/* it may be gone by now: look again */
		local->looked = false;
	}
	if (can_not_mount(host, command) || !wait_new(host, command, WAIT_MOUNT))
		return;
	local->unmount_wanted = false;
	if (local->outcome != MOUNT_DONE && local->mounted == MOUNTED_NOT)
		local->outcome = MOUNT_DONE;	/* wait for a new try, not for the last one */
	local->retry_at_ms = 0;
}

static void command_unmount(struct host *host, const struct host_command *command)
{
	struct host_volume *local = &host->volumes[command->volume];

	if (host_is_writer(host, command->volume)) {
		answer(host, command->token, EXIT_FAILED, "still-writer",
		       "this host is the writer of %s: run 'volctl release %s' first",
		       local->name, local->name);
		return;
	}
	if (local->mounted == MOUNTED_FOREIGN) {
		answer(host, command->token, EXIT_FAILED, "mounted-elsewhere", "%s",
		       local->reason);
		return;
	}
	if (!wait_new(host, command, WAIT_UNMOUNT))
		return;
	local->unmount_wanted = true;
	local->outcome = MOUNT_DONE;
	local->retry_at_ms = 0;
}

static void command_logon(struct host *host, const struct host_command *command)
{
	host->logon_wanted = true;
	/* While the last log off is still being written the row is ours: see HOST_EV_BEAT. */
	if (wait_new(host, command, WAIT_LOGON) && host->tables && !host->claimed &&
	    !host->stopped_for_good &&
	    (host->phase == HOST_OFF || host->phase == HOST_REFUSED ||
	     host->phase == HOST_NO_ROW))
		host_find_row(host);
}

static void command_logoff(struct host *host, const struct host_command *command)
{
	if (!wait_new(host, command, WAIT_LOGOFF))
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
		command_request(host, command);
		return;
	}
	if (host_peer_state(host, row->writer.host) == PEER_ALIVE)
		answer(host, command->token, EXIT_REFUSED, "writer-alive",
		       "the writer %s is alive: ask it with 'volctl request %s'",
		       host->tables->hosts[row->writer.host].name, row->name);
	else
		answer(host, command->token, EXIT_NOT_PERMITTED, "unproven",
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
	struct host_wait *run = wait_find(host, command->run_token);
	struct host_command done = *command;

	if (!run || run->kind != WAIT_RUN) {
		answer(host, command->token, EXIT_NO_SUCH, "no-such-run",
		       "there is no such run under way");
		return;
	}
	done.volume = run->volume;
	end_run(host, run);
	if (host->volumes[done.volume].release_wanted)
		(void)wait_new(host, &done, WAIT_DONE);
	else
		answer_done(host, command->token, "done")->given_up =
			!host_is_writer(host, done.volume);
}

void host_client_gone(struct host *host, uint64_t token)
{
	struct host_wait *wait = wait_find(host, token);

	if (!wait)
		return;
	if (wait->kind == WAIT_RUN)
		end_run(host, wait);
	else if (wait->run && wait->kind == WAIT_CHANGE && drop_change(host, token))
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
		answer(host, command->token, EXIT_UNREACHABLE, "not-logged-on",
		       "this host is not logged on (%s)%s%s", host_phase_text(host->phase),
		       host->trouble[0] ? ": " : "", host->trouble);
	else if (host->suspended && command->kind != COMMAND_RESUME &&
		 command->kind != COMMAND_SUSPEND && command->kind != COMMAND_RELEASE &&
		 command->kind != COMMAND_CHANGE)
		answer(host, command->token, EXIT_FAILED, "suspended",
		       "this host is suspended: 'volctl resume' first");
	else if (asks && host->config.lockout_changes && !command->administrator)
		answer(host, command->token, EXIT_NOT_PERMITTED, "lockout-changes",
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
	case COMMAND_REQUEST:
		return !writes_here(host, command->volume);
	case COMMAND_CANCEL:
	case COMMAND_ANSWER:
	case COMMAND_RELEASE:
	case COMMAND_LOGON:
	case COMMAND_LOGOFF:
	case COMMAND_TAKEOVER:
	case COMMAND_CHANGE:
		return true;
	case COMMAND_REFRESH:
	case COMMAND_PUBLISH:
	case COMMAND_MOUNT:
	case COMMAND_UNMOUNT:
	case COMMAND_SUSPEND:
	case COMMAND_RESUME:
	case COMMAND_DONE:
		return false;
	}
	return false;
}

static void command_suspend(struct host *host, const struct host_command *command, bool suspend)
{
	host->suspended = suspend;
	host->beat_dirty = true;
	answer_done(host, command->token, suspend ? "suspended" : "resumed");
}

void host_command(struct host *host, const struct host_command *command)
{
	if (is_out_of_order(host, command))
		return;
	if (host->silent && needs_tables(host, command)) {
		answer(host, command->token, EXIT_UNREACHABLE, "control-device",
		       "the control device does not answer: nothing was changed; see 'volctl "
		       "status'");
		return;
	}
	switch (command->kind) {
	case COMMAND_REQUEST:
		command_request(host, command);
		break;
	case COMMAND_CANCEL:
		command_cancel(host, command);
		break;
	case COMMAND_ANSWER:
		command_answer(host, command);
		break;
	case COMMAND_RELEASE:
		command_release(host, command);
		break;
	case COMMAND_REFRESH:
		command_refresh(host, command);
		break;
	case COMMAND_PUBLISH:
		command_publish(host, command);
		break;
	case COMMAND_MOUNT:
		command_mount(host, command);
		break;
	case COMMAND_UNMOUNT:
		command_unmount(host, command);
		break;
	case COMMAND_LOGON:
		command_logon(host, command);
		break;
	case COMMAND_LOGOFF:
		command_logoff(host, command);
		break;
	case COMMAND_SUSPEND:
		command_suspend(host, command, true);
		break;
	case COMMAND_RESUME:
		command_suspend(host, command, false);
		break;
	case COMMAND_TAKEOVER:
		command_takeover(host, command);
		break;
	case COMMAND_CHANGE:
		(void)order_change(host, command, &command->change);
		break;
	case COMMAND_DONE:
		command_done(host, command);
		break;
	}
}
