/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How mounts follow the tables.  For each volume one question is asked again
 * after every event: what is the one job that brings what is mounted here nearer to
 * what it should be?  The answers, the first that fits:
 *
 *   not looked at yet                            LOOK
 *   mounted read-write without the right         SHUT_DOWN
 *   the record is gone, or names another place   UNMOUNT
 *   the right is ours                            WRITE, or what giving up asks for, or PUBLISH
 *   nobody wants it mounted                      UNMOUNT, LOCK_DEVICE
 *   a viewer's                                   VIEW, also again when it is stale
 */
#include <stdio.h>
#include <string.h>

#include "daemon/host_internal.h"

const struct volume_row *host_volume_row(const struct host *host, uint16_t volume)
{
	const struct volume_row *row;

	if (!host->tables || volume >= host->tables->volume_count)
		return NULL;
	row = &host->tables->volumes[volume];
	return row->state == ROW_USED ? row : NULL;
}

bool host_view_is_stale(const struct host *host, uint16_t volume)
{
	const struct host_volume *local = &host->volumes[volume];

	return local->mounted == MOUNTED_ENDED || local->view_held ||
	       (local->mounted == MOUNTED_VIEW && local->view_generation < local->published);
}

void host_volume_published(struct host *host, uint16_t volume, uint64_t generation)
{
	struct host_volume *local = &host->volumes[volume];

	if (generation <= local->published)
		return;
	local->published = generation;
	host->beat_dirty = true;
}

static bool place_differs(const struct host_volume *local, const struct volume_row *row)
{
	return local->born != row->born || strcmp(local->uuid, row->uuid) != 0 ||
	       strcmp(local->mount_point, row->mount_point) != 0 ||
	       strcmp(local->options, row->options) != 0;
}

/* Take over what the record says, once nothing is mounted under what it said before. */
static void follow_record(struct host_volume *local, const struct volume_row *row)
{
	if (local->job || !place_differs(local, row))
		return;
	if (local->born && local->looked && local->mounted != MOUNTED_NOT &&
	    local->mounted != MOUNTED_FOREIGN)
		return;
	if (local->born != row->born)
		*local = (struct host_volume){ .free_bytes = UINT64_MAX,
					       .total_bytes = UINT64_MAX };
	local->born = row->born;
	local->looked = false;
	local->retry_at_ms = 0;
	snprintf(local->uuid, sizeof(local->uuid), "%s", row->uuid);
	snprintf(local->mount_point, sizeof(local->mount_point), "%s", row->mount_point);
	snprintf(local->options, sizeof(local->options), "%s", row->options);
}

void host_volumes_follow_tables(struct host *host)
{
	for (uint16_t i = 0; i < host->tables->volume_count; i++) {
		const struct volume_row *row = host_volume_row(host, i);
		struct host_volume *local = &host->volumes[i];

		if (!row)
			continue;
		follow_record(local, row);
		if (local->born == row->born) {
			snprintf(local->name, sizeof(local->name), "%s", row->name);
			host_volume_published(host, i, row->generation);
		}
	}
}

/* After the log on: what was kept is held under a right of this incarnation now. */
void host_volumes_kept(struct host *host)
{
	for (uint16_t i = 0; i < host->tables->volume_count; i++) {
		struct host_volume *local = &host->volumes[i];

		if (!host_is_writer(host, i))
			continue;
		if (local->mounted != MOUNTED_WRITE) {
			local->give = GIVE_STOPPING;	/* until all of it is gone */
			continue;
		}
		local->write_epoch = host->tables->volumes[i].writer.epoch;
		local->held_since_ms = host->now_ms;
		local->publish_at_ms = host->now_ms;
	}
}

/* --- which job -------------------------------------------------------- */

static bool want(enum mount_op op, enum mount_op *ret_op)
{
	*ret_op = op;
	return true;
}

/* A change under way counts as done for all that it takes from us, whatever the tables say yet. */
static bool right_is_leaving(const struct host *host, uint16_t at)
{
	const struct change *change = &host->in_flight.change;

	return host->committing && change->volume == at &&
	       (change->kind == CHANGE_GIVE || change->kind == CHANGE_RETURN);
}

static bool is_time(struct host *host, uint64_t at_ms)
{
	if (host->now_ms >= at_ms)
		return true;
	host_wake_by(host, at_ms);
	return false;
}

/* By force; where the file system can only be frozen, it is seen to from time to time. */
static bool shut_down_job(struct host *host, const struct host_volume *local,
			  enum mount_op *ret_op)
{
	return (!local->shut_down || is_time(host, local->retry_at_ms)) &&
	       want(MOUNT_SHUT_DOWN, ret_op);
}

static bool writer_job(struct host *host, uint16_t at, const struct volume_row *row,
		       enum mount_op *ret_op)
{
	struct host_volume *local = &host->volumes[at];

	if (local->mounted != MOUNTED_WRITE) {
		if (row->phase == PHASE_GRANTING && local->failed_epoch != row->writer.epoch &&
		    local->give == GIVE_NONE && !right_is_leaving(host, at) &&
		    host->phase == HOST_ONLINE)
			return want(MOUNT_WRITE, ret_op);
		return host_give_job(host, at, ret_op);
	}
	if (host_give_job(host, at, ret_op))
		return true;
	if (local->give != GIVE_NONE)
		return false;
	if (local->publish_wanted || host->now_ms >= local->publish_at_ms)
		return want(MOUNT_PUBLISH, ret_op);
	host_wake_by(host, local->publish_at_ms);
	return false;
}

/* At log off a view that programs hold is left to them: it can not write, and says so. */
static bool leaving_job(struct host_volume *local, enum mount_op *ret_op)
{
	if (local->unmount_tried ||
	    (local->mounted != MOUNTED_VIEW && local->mounted != MOUNTED_ENDED))
		return false;
	local->unmount_tried = true;
	return want(MOUNT_UNMOUNT, ret_op);
}

static bool refresh_is_due(struct host *host, uint16_t at, const struct access_row *access)
{
	struct host_volume *local = &host->volumes[at];
	uint64_t due_ms = local->view_since_ms + access->check_every_ms;

	if (local->refresh_wanted)
		return true;
	if (!access->auto_update || !host_view_is_stale(host, at))
		return false;
	if (host->now_ms >= due_ms)
		return true;
	host_wake_by(host, due_ms);
	return false;
}

static bool viewer_job(struct host *host, uint16_t at, const struct volume_row *row,
		       enum mount_op *ret_op)
{
	struct host_volume *local = &host->volumes[at];
	struct access_row access = tables_access(host->tables, at, host->slot);

	if (local->unmount_wanted || !access.mount || !row->enabled || place_differs(local, row)) {
		if (local->mounted == MOUNTED_VIEW || local->mounted == MOUNTED_ENDED)
			return want(MOUNT_UNMOUNT, ret_op);
		return local->mounted == MOUNTED_NOT && !local->locked && local->device_count > 0 &&
		       want(MOUNT_LOCK_DEVICE, ret_op);
	}
	switch (local->mounted) {
	case MOUNTED_NOT:
	case MOUNTED_ENDED:
		return want(MOUNT_VIEW, ret_op);
	case MOUNTED_VIEW:
		return refresh_is_due(host, at, &access) && want(MOUNT_VIEW, ret_op);
	case MOUNTED_FOREIGN:
		return want(MOUNT_LOOK, ret_op);
	case MOUNTED_WRITE:
		break;
	}
	return false;
}

/*
 * Our row has another tenant, or the device has gone back in time: nobody can
 * rely on what the tables say of us.  Writing ends: in order where no file is
 * open, otherwise by force.  The right stays as it is, for nothing is committed any more.
 */
static bool stopped_job(struct host *host, uint16_t at, enum mount_op *ret_op)
{
	const struct host_volume *local = &host->volumes[at];
	bool tried = local->job_op == MOUNT_GIVE_UP && local->outcome != MOUNT_DONE;

	if (local->mounted != MOUNTED_WRITE)
		return false;
	return tried || local->shut_down ? shut_down_job(host, local, ret_op) :
					   want(MOUNT_GIVE_UP, ret_op);
}

static bool wanted_job(struct host *host, uint16_t at, enum mount_op *ret_op)
{
	struct host_volume *local = &host->volumes[at];
	const struct volume_row *row = host_volume_row(host, at);

	if (!local->born || local->job || host->phase < HOST_LOOKING || host->phase == HOST_OFF)
		return false;
	if (!local->looked)
		return want(MOUNT_LOOK, ret_op);
	if (local->look_wanted)
		return want(MOUNT_LOOK, ret_op);
	if (host->phase == HOST_REFUSED)
		return stopped_job(host, at, ret_op);
	if (local->mounted == MOUNTED_WRITE && host->phase != HOST_LOOKING &&
	    host->phase != HOST_LOGGING_ON &&
	    (!host_is_writer(host, at) || row->writer.epoch != local->write_epoch))
		return shut_down_job(host, local, ret_op);
	if (!host_is_up(host))
		return false;
	if (local->holders_wanted)
		return want(MOUNT_HOLDERS, ret_op);
	if (row && row->born == local->born && host_is_writer(host, at))
		return writer_job(host, at, row, ret_op);
	if (!is_time(host, local->retry_at_ms))
		return false;
	if (host->phase == HOST_LOGGING_OFF)
		return leaving_job(local, ret_op);
	if (!row || row->born != local->born)
		return (local->mounted == MOUNTED_VIEW || local->mounted == MOUNTED_ENDED) &&
		       want(MOUNT_UNMOUNT, ret_op);
	return !host->suspended && viewer_job(host, at, row, ret_op);
}

static void job_begins(struct host *host, uint16_t at, enum mount_op op)
{
	struct host_volume *local = &host->volumes[at];
	const struct volume_row *row = host_volume_row(host, at);

	local->job = true;
	local->job_op = op;
	local->job_generation = local->published;
	if (op == MOUNT_HOLDERS)
		local->holders_wanted = false;
	if (op == MOUNT_LOOK)
		local->look_wanted = false;
	if (op == MOUNT_WRITE)
		local->job_epoch = row->writer.epoch;
	host->jobs++;
}

/*
 * Something on this machine was mounted or unmounted, perhaps by hand, perhaps by us: look
 * at all volumes, a little later, once for many.
 */
void host_mounts_moved(struct host *host)
{
	if (host->look_at_ms == 0)
		host->look_at_ms = host->now_ms + LOOK_AFTER_MS;
}

void host_look_if_due(struct host *host)
{
	if (host->look_at_ms == 0)
		return;
	if (host->now_ms < host->look_at_ms) {
		host_wake_by(host, host->look_at_ms);
		return;
	}
	host->look_at_ms = 0;
	for (uint16_t i = 0; host->tables && i < host->tables->volume_count; i++)
		host->volumes[i].look_wanted = host->volumes[i].looked &&
					       host->volumes[i].device_count == 1;
}

bool host_next_job(struct host *host, struct host_action *action)
{
	enum mount_op op;

	if (!host->tables || !host->devices_known)
		return false;
	for (uint16_t i = 0; i < host->tables->volume_count && host->jobs < HOST_JOBS_MAX; i++) {
		struct host_volume *local = &host->volumes[i];
		struct mount_job *job = &action->job;

		if (!wanted_job(host, i, &op))
			continue;
		job_begins(host, i, op);
		action->kind = HOST_ACT_MOUNT;
		job->op = op;
		job->volume = i;
		job->over_readers = local->over_readers;
		job->written_before = local->written;
		snprintf(job->name, sizeof(job->name), "%s", local->name);
		snprintf(job->uuid, sizeof(job->uuid), "%s", local->uuid);
		snprintf(job->device, sizeof(job->device), "%s",
			 local->device_count == 1 ? local->device : "");
		snprintf(job->mount_point, sizeof(job->mount_point), "%s", local->mount_point);
		snprintf(job->options, sizeof(job->options), "%s", local->options);
		return true;
	}
	return false;
}

/* --- how a job ended --------------------------------------------------- */

static void view_ended(struct host *host, uint16_t at, const struct mount_result *result,
		       bool was_mounted)
{
	struct host_volume *local = &host->volumes[at];
	bool was_held = local->view_held;

	local->refresh_wanted = false;
	local->view_held = result->outcome == MOUNT_STALE_HELD || result->outcome == MOUNT_BUSY;
	if (result->outcome == MOUNT_DONE) {
		local->view_generation = local->job_generation;
		local->view_since_ms = host->now_ms;
		local->unmount_tried = false;
		host_tell(host, was_mounted ? NEWS_VIEW_REFRESHED : NEWS_MOUNTED, at,
			  local->mount_point);
	} else if (local->view_held) {
		local->retry_at_ms = host->now_ms + RETRY_BUSY_MS;
		if (!was_held) {
			char text[TEXT_BYTES_MAX + 1];

			host_holders_text(result->holders, result->holder_count, text,
					  sizeof(text));
			host_tell(host, NEWS_VIEW_BUSY, at, text);
		}
	}
}

/* The right goes back; but first everything that could write under it. */
static void note_failed_grant(struct host_volume *local, const struct mount_result *result)
{
	local->failed_epoch = local->job_epoch;
	local->retry_at_ms = 0;
	if (result->outcome == MOUNT_BUSY)
		host_holders_text(result->holders, result->holder_count, local->failed_why,
				  sizeof(local->failed_why));
	else
		snprintf(local->failed_why, sizeof(local->failed_why), "%s", result->reason);
	if (result->unproven)
		local->give = GIVE_STOPPING;
}

static void shut_down_ended(struct host *host, uint16_t at)
{
	struct host_volume *local = &host->volumes[at];

	if (!local->shut_down)
		host_tell(host, NEWS_ACCESS_LOST, at,
			  "mounted read-write without the right: shut down");
	local->shut_down = local->mounted == MOUNTED_WRITE;
	local->retry_at_ms = host->now_ms + RETRY_FAILED_MS;
}

static void write_ended(struct host *host, uint16_t at, const struct mount_result *result)
{
	struct host_volume *local = &host->volumes[at];
	const struct volume_row *row = host_volume_row(host, at);

	local->view_held = false;
	local->over_readers = false;
	if (result->outcome != MOUNT_DONE) {
		note_failed_grant(local, result);
		return;
	}
	local->write_epoch = local->job_epoch;
	local->shut_down = false;
	local->held_since_ms = host->now_ms;
	local->written = result->written;
	local->written_at_ms = host->now_ms;
	local->publish_at_ms = host->now_ms + (row ? row->publish_every_ms : 0);
	local->failed_epoch = 0;
	host->beat_now = true;
	host_tell(host, NEWS_MOUNTED, at, "read-write");
}

static void publish_ended(struct host *host, uint16_t at, const struct mount_result *result)
{
	struct host_volume *local = &host->volumes[at];
	const struct volume_row *row = host_volume_row(host, at);
	uint64_t took_ms = host->now_ms - local->written_at_ms;

	local->publish_wanted = false;
	local->publish_at_ms = host->now_ms + (row ? row->publish_every_ms : RETRY_FAILED_MS);
	local->retry_at_ms = 0;
	if (result->outcome != MOUNT_DONE)
		return;
	local->write_rate = took_ms ? (result->written - local->written) * 512 * 1000 / took_ms : 0;
	local->written = result->written;
	local->written_at_ms = host->now_ms;
	if (!result->changed)
		return;
	host_volume_published(host, at, local->published + 1);
	host->beat_now = true;
	host->notice_wanted = true;
	host_tell(host, NEWS_PUBLISHED, at, NULL);
}

/*
 * When to try again what was not done.  Without its device a volume can not be mounted
 * however often it is tried, and with many such volumes trying costs more than all else
 * that an idle host does: the device tells when it comes.
 */
static uint64_t retry_at_ms(const struct host *host, const struct mount_result *result)
{
	if (result->outcome == MOUNT_BUSY || result->outcome == MOUNT_STALE_HELD)
		return host->now_ms + RETRY_BUSY_MS;
	if (result->outcome == MOUNT_NO_DEVICE &&
	    (result->op == MOUNT_VIEW || result->op == MOUNT_LOOK) &&
	    result->state == MOUNTED_NOT && host->volumes[result->volume].device_count == 0)
		return UINT64_MAX;
	return host->now_ms + RETRY_FAILED_MS;
}

static void note_result(struct host *host, const struct mount_result *result)
{
	struct host_volume *local = &host->volumes[result->volume];
	bool is_news = result->outcome != local->outcome;

	local->job = false;
	host->jobs--;
	if (result->op == MOUNT_HOLDERS || (result->op == MOUNT_LOOK && local->looked &&
					    result->state == local->mounted))
		return;
	local->mounted = result->state;
	local->outcome = result->outcome;
	local->holder_count = result->holder_count;
	memcpy(local->holders, result->holders, sizeof(local->holders));
	snprintf(local->reason, sizeof(local->reason), "%s", result->reason);
	if (result->free_bytes != UINT64_MAX) {
		local->free_bytes = result->free_bytes;
		local->total_bytes = result->total_bytes;
	}
	local->retry_at_ms = 0;
	if (result->outcome == MOUNT_DONE)
		return;
	local->retry_at_ms = retry_at_ms(host, result);
	if (is_news && result->outcome != MOUNT_BUSY && result->outcome != MOUNT_STALE_HELD)
		host_tell(host, NEWS_MOUNT_FAILED, result->volume, result->reason);
}

/* `ignore-bad = no`: a host whose volumes can not all be mounted when it logs on does not stay. */
static bool is_bad_mount(const struct host *host, const struct mount_result *result)
{
	return !host->config.ignore_bad && host->phase == HOST_ONLINE &&
	       result->op == MOUNT_VIEW && result->state == MOUNTED_NOT &&
	       result->outcome != MOUNT_DONE &&
	       host->volumes[result->volume].view_since_ms < host->online_since_ms;
}

/* The same for what the look before the log on has found missing, for it is not tried then. */
void host_leave_if_devices_are_missing(struct host *host)
{
	if (host->config.ignore_bad)
		return;
	for (uint16_t i = 0; i < host->tables->volume_count; i++) {
		const struct volume_row *row = host_volume_row(host, i);
		struct host_volume *local = &host->volumes[i];

		if (!row || !row->enabled || !tables_access(host->tables, i, host->slot).mount ||
		    local->mounted != MOUNTED_NOT || local->outcome != MOUNT_NO_DEVICE)
			continue;
		host_leave_for_bad_mount(host, local->reason);
		return;
	}
}

void host_job_ended(struct host *host, const struct mount_result *result)
{
	struct host_volume *local = &host->volumes[result->volume];
	bool was_mounted = local->mounted == MOUNTED_VIEW || local->mounted == MOUNTED_ENDED;

	note_result(host, result);
	if (is_bad_mount(host, result))
		host_leave_for_bad_mount(host, local->reason);
	switch (result->op) {
	case MOUNT_LOOK:
		if (local->looked && was_mounted && result->state == MOUNTED_NOT)
			host_tell(host, NEWS_WARNING, result->volume, "unmounted by somebody "
				  "else: it is mounted again; use 'volctl unmount'");
		local->looked = true;
		if (result->state == MOUNTED_FOREIGN)
			local->retry_at_ms = host->now_ms + RETRY_FAILED_MS;
		break;
	case MOUNT_VIEW:
		view_ended(host, result->volume, result, was_mounted);
		break;
	case MOUNT_WRITE:
		write_ended(host, result->volume, result);
		break;
	case MOUNT_PUBLISH:
		publish_ended(host, result->volume, result);
		break;
	case MOUNT_PREFLUSH:
	case MOUNT_GIVE_UP:
		host_give_ended(host, result);
		break;
	case MOUNT_HOLDERS:
		host_holders_known(host, result);
		break;
	case MOUNT_UNMOUNT:
		if (result->outcome == MOUNT_DONE) {
			local->view_held = false;
			host_tell(host, NEWS_UNMOUNTED, result->volume, local->mount_point);
		}
		break;
	case MOUNT_LOCK_DEVICE:
		local->locked = true;
		break;
	case MOUNT_SHUT_DOWN:
		shut_down_ended(host, result->volume);
		break;
	}
	if (result->op != MOUNT_LOCK_DEVICE && result->op != MOUNT_HOLDERS)
		local->locked = false;
	/* The record may have moved while the job ran. */
	if (host_volume_row(host, result->volume))
		follow_record(local, host_volume_row(host, result->volume));
	host->beat_dirty = true;
}

/* --- the beat ---------------------------------------------------------- */

static enum beat_mount beat_mount_of(const struct host_volume *local)
{
	switch (local->mounted) {
	case MOUNTED_NOT:
	case MOUNTED_FOREIGN:
		return local->outcome == MOUNT_DONE ? BEAT_NOT_MOUNTED : BEAT_FAILED;
	case MOUNTED_VIEW:
	case MOUNTED_ENDED:
		return BEAT_READING;
	case MOUNTED_WRITE:
		return BEAT_WRITING;
	}
	return BEAT_NOT_MOUNTED;
}

static uint32_t mib_of(uint64_t bytes)
{
	uint64_t mib = bytes >> 20;

	return bytes == UINT64_MAX || mib >= UINT32_MAX ? UINT32_MAX : (uint32_t)mib;
}

void host_fill_beat(struct host *host)
{
	uint16_t count = host->tables ? host->tables->volume_count : 0;

	host->beat = (struct beat){
		.incarnation = host->config.incarnation,
		.boot = host->config.boot,
		.machine = host->config.machine,
		.io_timeout_ms = host->io_timeout_ms,
		.logged_off = host->phase == HOST_OFF,
		.suspended = host->suspended,
		.version = host->tables ? host->tables->version : 0,
		.volume_count = count,
	};
	for (uint16_t i = 0; i < count; i++) {
		const struct host_volume *local = &host->volumes[i];

		host->beat_volumes[i] = (struct beat_volume){
			.born = local->born,
			.mount = beat_mount_of(local),
			.stale = host_view_is_stale(host, i),
			.device_seen = local->device_count == 1,
			.generation = local->mounted == MOUNTED_WRITE ? local->published
								      : local->view_generation,
			.free_mib = mib_of(local->free_bytes),
			.total_mib = mib_of(local->total_bytes),
		};
	}
}
