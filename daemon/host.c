/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "daemon/host_internal.h"

void host_wake_by(struct host *host, uint64_t at_ms)
{
	if (at_ms < host->wake_at_ms)
		host->wake_at_ms = at_ms;
}

const char *host_phase_text(enum host_phase phase)
{
	switch (phase) {
	case HOST_STARTING:
		return "starting";
	case HOST_NO_ROW:
		return "without a row";
	case HOST_CLAIMING:
		return "claiming its row";
	case HOST_LOOKING:
		return "looking at its mounts";
	case HOST_LOGGING_ON:
		return "logging on";
	case HOST_ONLINE:
		return "logged on";
	case HOST_LOGGING_OFF:
		return "logging off";
	case HOST_OFF:
		return "logged off";
	case HOST_REFUSED:
		return "refused";
	}
	return "?";
}

/* The one door of every change of phase. */
void host_enter(struct host *host, enum host_phase phase, const char *why)
{
	char text[TEXT_BYTES_MAX + 1];

	if (host->phase == phase)
		return;
	snprintf(text, sizeof(text), "%s -> %s because %s", host_phase_text(host->phase),
		 host_phase_text(phase), why);
	host_tell(host, NEWS_STATE, SLOT_NONE, text);
	host->phase = phase;
	host->beat_dirty = true;
	if (phase == HOST_REFUSED || phase == HOST_NO_ROW)
		snprintf(host->trouble, sizeof(host->trouble), "%s", why);
	if (phase == HOST_ONLINE) {
		host->trouble[0] = '\0';
		host->online_since_ms = host->now_ms;
	}
}

bool host_is_up(const struct host *host)
{
	return host->phase == HOST_ONLINE || host->phase == HOST_LOGGING_OFF;
}

void host_init(struct host *host, const struct host_config *config, uint64_t now_ms)
{
	host->config = *config;
	host->now_ms = now_ms;
	host->slot = SLOT_NONE;
	host->logon_wanted = !config->stay_off;
	host->io_timeout_ms = IO_TIMEOUT_DEFAULT_MS;
	host->timing = timing_of(host->io_timeout_ms);
	host->beat_dirty = true;
}

void host_stop(struct host *host, uint32_t limit_ms)
{
	host->stop_wanted = true;
	host->logon_wanted = false;
	host->stop_by_ms = host->now_ms + limit_ms;
	if (host->phase == HOST_ONLINE)
		host_enter(host, HOST_LOGGING_OFF, "the daemon stops");
}

void host_claim(struct host *host)
{
	host->claim_asked = false;
	host_enter(host, HOST_CLAIMING, "a log on is wanted");
}

void host_leave_for_bad_mount(struct host *host, const char *reason)
{
	host->logon_wanted = false;
	host_enter(host, HOST_LOGGING_OFF, "volctl.conf says ignore-bad = no");
	snprintf(host->trouble, sizeof(host->trouble), "%s (and volctl.conf says ignore-bad = no)",
		 reason);
}

/* --- events ----------------------------------------------------------- */

void host_find_row(struct host *host)
{
	uint16_t slot = tables_host_find(host->tables, host->config.name);
	const struct host_row *row = slot == SLOT_NONE ? NULL : &host->tables->hosts[slot];
	char why[TEXT_BYTES_MAX + 1];

	if (!row) {
		snprintf(why, sizeof(why),
			 "the tables have no host '%s': on a host that is logged on run "
			 "'volctl host approve %s'", host->config.name, host->config.name);
		host_enter(host, HOST_NO_ROW, why);
	} else if (!row->valid) {
		snprintf(why, sizeof(why), "the tables say that host '%s' may not log on "
			 "(valid = no)", host->config.name);
		host_enter(host, HOST_NO_ROW, why);
	} else if (host->logon_wanted) {
		host->slot = slot;
		host_claim(host);
	} else {
		host->slot = slot;
		host_enter(host, HOST_OFF, "nobody asked to log on");
	}
}

/* Our row can be renamed, or go, while we are logged on: the slot is what counts. */
static bool row_is_ours(const struct host *host)
{
	const struct host_row *row = &host->tables->hosts[host->slot];

	return host->slot < host->tables->host_count && row->state == ROW_USED &&
	       row->incarnation == host->config.incarnation;
}

/* Refused because the row was another machine's, and now an administrator trusts the next one. */
static bool may_claim_again(const struct host *host)
{
	static const struct id128 any;
	const struct host_row *row;

	if (host->phase != HOST_REFUSED || host->claimed || !host->logon_wanted ||
	    host->claim.state != CLAIM_REFUSED_MACHINE)
		return false;
	row = &host->tables->hosts[host->slot];
	return row->state == ROW_USED && memcmp(&row->machine, &any, sizeof(any)) == 0;
}

static void tables_came(struct host *host, const struct tables *tables)
{
	const struct tables *before = host->tables;

	host->tables = tables;
	if (tables->io_timeout_ms != host->io_timeout_ms || !before) {
		host->io_timeout_ms = tables->io_timeout_ms;
		host->timing = timing_of(host->io_timeout_ms);
		host->poll_ms = 0;	/* tells the disk thread anew */
	}
	host_news_of_tables(host, before);
	host_volumes_follow_tables(host);
	host_requests_follow_tables(host);
	host->beat_dirty = true;
	if (host->phase == HOST_STARTING || host->phase == HOST_NO_ROW)
		host_find_row(host);
	else if (may_claim_again(host))
		host_claim(host);
	else if (host_is_up(host) && !row_is_ours(host))
		host_enter(host, HOST_REFUSED, "our row in the tables has another tenant now");
}

static void machine_text(const struct id128 *machine, char text[33])
{
	for (unsigned int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", machine->bytes[i]);
}

static void claim_came(struct host *host, const struct claim_report *claim)
{
	char why[TEXT_BYTES_MAX + 1], machine[33];

	host->claim = *claim;
	switch (claim->state) {
	case CLAIM_LOOKING:
	case CLAIM_WATCHING:
	case CLAIM_WRITING:
	case CLAIM_SETTLING:
		break;
	case CLAIM_DONE:
		host->claimed = true;
		if (host->phase == HOST_CLAIMING)
			host_enter(host, HOST_LOOKING, "the row is ours");
		break;
	case CLAIM_REFUSED_LIVE:
		machine_text(&claim->other_machine, machine);
		snprintf(why, sizeof(why), "another machine is logged on as '%s' (machine id %s, "
			 "incarnation %llx): give one of the two another name in volctl.conf, "
			 "then run 'volctl logon' here",
			 host->config.name, machine,
			 (unsigned long long)claim->other_incarnation);
		host_enter(host, HOST_REFUSED, why);
		break;
	case CLAIM_REFUSED_MACHINE:
		machine_text(&claim->other_machine, machine);
		snprintf(why, sizeof(why), "the row '%s' belongs to another machine (machine id "
			 "%s): give this one another name in volctl.conf; if it has taken the "
			 "other's place, an administrator runs 'volctl host approve %s' on a host "
			 "that is logged on",
			 host->config.name, machine, host->config.name);
		host_enter(host, HOST_REFUSED, why);
		break;
	}
}

static void logged_on(struct host *host, const struct outcome *outcome)
{
	char why[TEXT_BYTES_MAX + 1];

	if (host->phase != HOST_LOGGING_ON)
		return;
	if (ruling_is_refusal(outcome->ruling)) {
		snprintf(why, sizeof(why), "the tables refuse us: %s",
			 ruling_text(outcome->ruling));
		host_enter(host, HOST_REFUSED, why);
		return;
	}
	host_volumes_kept(host);
	host_enter(host, host->logon_wanted ? HOST_ONLINE : HOST_LOGGING_OFF, "the tables say so");
	host_requests_follow_tables(host);
	if (host->phase == HOST_ONLINE)
		host_leave_if_devices_are_missing(host);
}

static void logged_off(struct host *host, const struct outcome *outcome)
{
	if (host->phase != HOST_LOGGING_OFF)
		return;
	if (ruling_is_refusal(outcome->ruling) && outcome->ruling != RULING_NOT_LOGGED_ON) {
		host->commit_at_ms = host->now_ms + RETRY_COMMIT_MS;
		return;
	}
	host_enter(host, HOST_OFF, "everything is given back");
	host->beat_now = true;
	host->clean = false;
}

static void change_ended(struct host *host, const struct host_event *event)
{
	struct host_change *ended = &host->in_flight;

	if (!host->committing || event->sequence != ended->change.sequence)
		return;
	host->committing = false;
	host->unresolved = false;
	if (ended->token) {
		host_change_ended(host, ended, event->outcome);
		return;
	}
	if (ended->change.kind == CHANGE_LOGON)
		logged_on(host, event->outcome);
	else if (ended->change.kind == CHANGE_LOGOFF)
		logged_off(host, event->outcome);
	else if (!ruling_is_change(event->outcome->ruling))
		/* It follows from what the tables say, and changed nothing: not at once again. */
		host->commit_at_ms = host->now_ms + RETRY_COMMIT_MS;
	if (ended->change.kind == CHANGE_GIVE || ended->change.kind == CHANGE_RETURN)
		host->volumes[ended->change.volume].give = GIVE_NONE;
}

static void change_not_made(struct host *host, const struct host_event *event)
{
	struct host_change *failed = &host->in_flight;

	if (!host->committing || event->sequence != failed->change.sequence)
		return;
	host->committing = false;
	host->unresolved = false;
	host->commit_at_ms = host->now_ms + RETRY_COMMIT_MS;
	if (failed->token)
		host_change_failed(host, failed);
}

static void peer_came(struct host *host, const struct host_event *event)
{
	struct host_peer *peer = &host->peers[event->host];

	peer_watch_read(&peer->watch, event->read, host->io_timeout_ms);
	peer->seen = true;
	if (event->read->verdict != BLOCK_OK || !host->tables)
		return;
	peer->beat = event->read->beat;
	for (uint16_t i = 0; i < peer->beat.volume_count && i < host->tables->volume_count; i++) {
		const struct beat_volume *said = &event->beat_volumes[i];

		if (said->born == host->tables->volumes[i].born && said->mount == BEAT_WRITING)
			host_volume_published(host, i, said->generation);
	}
}

static void silence(struct host *host, bool silent, const char *text)
{
	if (silent && !host->silent)
		host->silent_since_ms = host->now_ms;
	if (silent != host->silent)
		host_tell(host, silent ? NEWS_CONTROL_SILENT : NEWS_CONTROL_BACK, SLOT_NONE, text);
	host->silent = silent;
}

static void device_came(struct host *host, const struct host_event *event)
{
	struct host_volume *volume;

	if (event->volume == SLOT_NONE) {
		host->devices_known = true;
		return;
	}
	volume = &host->volumes[event->volume];
	volume->device_count = event->device_count;
	volume->locked = false;		/* one that comes back is writable, like any new one */
	snprintf(volume->device, sizeof(volume->device), "%s",
		 event->device_path ? event->device_path : "");
	snprintf(volume->fstype, sizeof(volume->fstype), "%s", event->fstype ? event->fstype : "");
	volume->retry_at_ms = 0;
	host->beat_dirty = true;
}

void host_step(struct host *host, const struct host_event *event, uint64_t now_ms)
{
	host->now_ms = now_ms;
	host->now_s = event->now_s;
	host->wake_at_ms = UINT64_MAX;

	switch (event->kind) {
	case HOST_EV_TICK:
		break;
	case HOST_EV_TABLES:
		tables_came(host, event->tables);
		break;
	case HOST_EV_CLAIM:
		claim_came(host, event->claim);
		break;
	case HOST_EV_ANSWERED:
		change_ended(host, event);
		break;
	case HOST_EV_UNKNOWN:
		host->unresolved = true;
		break;
	case HOST_EV_NOT_MADE:
		change_not_made(host, event);
		break;
	case HOST_EV_BEAT:
		if (host->phase == HOST_OFF && event->logged_off) {
			host->clean = true;
			host->claimed = false;	/* the row is free for the next tenant */
			if (host->logon_wanted)	/* ordered meanwhile */
				host_claim(host);
		}
		break;
	case HOST_EV_PEER:
		peer_came(host, event);
		break;
	case HOST_EV_SILENT:
		silence(host, true, event->text);
		break;
	case HOST_EV_BACK:
		silence(host, false, event->text);
		break;
	case HOST_EV_STOP_FOR_GOOD:
		host->stopped_for_good = true;
		host_enter(host, HOST_REFUSED, event->text);
		break;
	case HOST_EV_MOUNT:
		host_job_ended(host, event->mount);
		break;
	case HOST_EV_DEVICE:
		device_came(host, event);
		break;
	case HOST_EV_MOUNTS:
		host_mounts_moved(host);
		break;
	case HOST_EV_HOOK:
		host_hook_ended(host, event);
		break;
	case HOST_EV_COMMAND:
		host_command(host, event->command);
		break;
	case HOST_EV_CLIENT_GONE:
		host_client_gone(host, event->token);
		break;
	}
	host_look_if_due(host);
	host_requests_review(host);
	host_waits_review(host);
}

/* --- actions ---------------------------------------------------------- */

static bool next_claim(struct host *host, struct host_action *action)
{
	if (host->phase != HOST_CLAIMING || host->claim_asked)
		return false;
	host->claim_asked = true;
	action->kind = HOST_ACT_CLAIM;
	action->slot = host->slot;
	return true;
}

static bool next_join(struct host *host, struct host_action *action)
{
	if (host->phase != HOST_NO_ROW || host->join_asked || !host->logon_wanted)
		return false;
	host->join_asked = true;
	action->kind = HOST_ACT_JOIN;
	return true;
}

/*
 * What an earlier daemon of this boot held stays ours, mounted or not, until the giving up has
 * proven that nothing here can write to it any more.
 */
static void logon_change(struct host *host, struct change *change)
{
	change->kind = CHANGE_LOGON;
	change->machine = host->config.machine;
	change->boot = host->config.boot;
	memset(change->kept_volumes, UINT8_MAX, sizeof(change->kept_volumes));
}

static bool all_looked(const struct host *host)
{
	for (uint16_t i = 0; i < host->tables->volume_count; i++)
		if (host->volumes[i].born && !host->volumes[i].looked)
			return false;
	return true;
}

static bool all_given_back(const struct host *host)
{
	for (uint16_t i = 0; i < host->tables->volume_count; i++) {
		const struct host_volume *volume = &host->volumes[i];

		if (host_is_writer(host, i) || volume->job || volume->give != GIVE_NONE)
			return false;
		if ((volume->mounted == MOUNTED_VIEW || volume->mounted == MOUNTED_ENDED) &&
		    !volume->unmount_tried)
			return false;
	}
	return true;
}

static bool own_change(struct host *host, struct change *change)
{
	if (host->phase == HOST_LOGGING_ON) {
		logon_change(host, change);
		return true;
	}
	if (!host_is_up(host))
		return false;
	if (host_give_change(host, change))
		return true;
	if (host->phase == HOST_LOGGING_OFF && all_given_back(host)) {
		change->kind = CHANGE_LOGOFF;
		return true;
	}
	return false;
}

static bool next_commit(struct host *host, struct host_action *action)
{
	struct host_change *next = &host->in_flight;

	if (host->committing || !host->tables || !host->claimed)
		return false;
	memset(next, 0, sizeof(*next));
	if (host->now_ms >= host->commit_at_ms && own_change(host, &next->change)) {
		next->token = 0;
	} else if (!host_is_up(host) || !host_take_change(host, next)) {
		host_wake_by(host, host->commit_at_ms > host->now_ms ? host->commit_at_ms
								     : UINT64_MAX);
		return false;
	}
	next->change.host = host->slot;
	next->change.incarnation = host->config.incarnation;
	next->change.sequence = ++host->sequence;
	next->change.now_s = host->now_s;
	host->committing = true;
	action->kind = HOST_ACT_COMMIT;
	action->change = next->change;
	return true;
}

static bool next_beat(struct host *host, struct host_action *action)
{
	if (!host->beat_dirty && !host->beat_now)
		return false;
	host_fill_beat(host);
	action->kind = HOST_ACT_BEAT;
	action->now = host->beat_now;
	host->beat_dirty = false;
	host->beat_now = false;
	return true;
}

/* Beats worth reading: of the writers of what we view, and of the hosts that we wait for. */
static bool next_follow(struct host *host, struct host_action *action)
{
	uint8_t follow[HOSTS_MAX / 8] = { 0 };

	if (!host->tables || !host_is_up(host))
		return false;
	for (uint16_t i = 0; i < host->tables->volume_count; i++) {
		const struct volume_row *row = &host->tables->volumes[i];

		if (row->state != ROW_USED || row->phase == PHASE_FREE ||
		    row->writer.host == host->slot)
			continue;
		follow[row->writer.host / 8] |= (uint8_t)(1 << row->writer.host % 8);
	}
	if (memcmp(follow, host->follow, sizeof(follow)) == 0)
		return false;
	memcpy(host->follow, follow, sizeof(follow));
	memcpy(action->follow, follow, sizeof(follow));
	action->kind = HOST_ACT_FOLLOW;
	return true;
}

/*
 * Somebody waits for an answer: look four times as often.  With the default of
 * 250 ms a handoff then takes one poll of the writer's (125 ms in the middle)
 * and one of ours (31 ms), and an idle host reads no more than before.
 */
static bool waits_for_access(const struct host *host)
{
	for (uint16_t i = 0; i < host->tables->request_count; i++)
		if (host->tables->requests[i].state == REQUEST_WAITING &&
		    host->tables->requests[i].from == host->slot)
			return true;
	return false;
}

static bool next_poll(struct host *host, struct host_action *action)
{
	uint32_t poll_ms = host->config.poll_ms;

	if (host->tables && host_is_up(host) && waits_for_access(host))
		poll_ms = poll_ms / 4 > 10 ? poll_ms / 4 : 10;
	if (poll_ms == host->poll_ms)
		return false;
	host->poll_ms = poll_ms;
	action->kind = HOST_ACT_POLL;
	action->poll_ms = poll_ms;
	action->io_timeout_ms = host->io_timeout_ms;
	return true;
}

static bool next_notice(struct host *host, struct host_action *action)
{
	if (!host->notice_wanted)
		return false;
	host->notice_wanted = false;
	action->kind = HOST_ACT_NOTICE;
	return true;
}

static bool next_stopped(struct host *host, struct host_action *action)
{
	bool done = host->phase == HOST_OFF ? host->clean || !host->claimed :
		    host->phase != HOST_LOGGING_OFF && host->phase != HOST_LOGGING_ON;

	if (!host->stop_wanted || host->stopped_told)
		return false;
	if (!done && host->now_ms < host->stop_by_ms) {
		host_wake_by(host, host->stop_by_ms);
		return false;
	}
	host->stopped_told = true;
	action->kind = HOST_ACT_STOPPED;
	action->clean = host->phase == HOST_OFF || !host->claimed;
	return true;
}

bool host_next(struct host *host, struct host_action *ret_action)
{
	memset(ret_action, 0, sizeof(*ret_action));
	if (host->phase == HOST_LOOKING && all_looked(host))
		host_enter(host, HOST_LOGGING_ON, "all mounts are known");
	return host_next_answer(host, ret_action) ||
	       next_beat(host, ret_action) || /* the beat says who we are: before the claim */
	       next_claim(host, ret_action) || next_join(host, ret_action) ||
	       next_commit(host, ret_action) || host_next_job(host, ret_action) ||
	       host_next_hook(host, ret_action) ||
	       next_notice(host, ret_action) || /* after the beat that it is about */
	       next_follow(host, ret_action) || next_poll(host, ret_action) ||
	       host_next_news(host, ret_action) || next_stopped(host, ret_action);
}

uint64_t host_wake_at(const struct host *host)
{
	return host->wake_at_ms;
}

bool host_is_writer(const struct host *host, uint16_t volume)
{
	const struct volume_row *row = host_volume_row(host, volume);

	return row && row->phase != PHASE_FREE && row->writer.host == host->slot &&
	       row->writer.incarnation == host->config.incarnation;
}

enum peer_state host_peer_state(const struct host *host, uint16_t slot)
{
	if (slot == host->slot)
		return host_is_up(host) ? PEER_ALIVE : PEER_LOGGED_OFF;
	return host->peers[slot].seen ? peer_watch_state(&host->peers[slot].watch) : PEER_UNKNOWN;
}
