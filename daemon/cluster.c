/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/cluster.h"
#include "daemon/hooks.h"
#include "daemon/log.h"
#include "daemon/worker.h"

#define RETRY_OPEN_MS 2000
#define DISK_STOP_MS 2000
#define TABLES_WAIT_MS 2000	/* a device that is only slow says so itself */

const char *cluster_name(const struct cluster *cluster)
{
	return cluster->tables ? cluster->tables->name : cluster->path;
}

/* The one place that says what ails a control device; once, when it changes. */
__attribute__((format(printf, 3, 4)))
static void cluster_problem(struct cluster *cluster, enum control_state state, const char *format,
			    ...)
{
	char text[MESSAGE_BYTES_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	cluster->state = state;
	if (strcmp(cluster->problem, text) == 0)
		return;
	snprintf(cluster->problem, sizeof(cluster->problem), "%s", text);
	if (text[0])
		log_err("%s", text);
}

/* --- actions -------------------------------------------------------------- */

struct mount_work {
	struct cluster *cluster;
	struct mount_job job;
	struct mount_result result;
};

static void mount_work(void *argument)
{
	struct mount_work *work = argument;
	uint64_t began_ms = clock_boot_ms();

	mount_perform(&work->job, &work->result);
	work->result.took_ms = (uint32_t)(clock_boot_ms() - began_ms);
}

static void mount_done(void *argument)
{
	struct mount_work *work = argument;
	struct host_event event = { .kind = HOST_EV_MOUNT, .mount = &work->result };

	log_debug("%s: job %d of volume %s: %s in %u ms %s", cluster_name(work->cluster),
		  (int)work->job.op, work->job.name, mount_outcome_text(work->result.outcome),
		  work->result.took_ms, work->result.reason);
	cluster_step(work->cluster, &event);
	free(work);
}

/* A job that can not even begin has failed, and changed nothing. */
static void mount_not_begun(struct cluster *cluster, const struct mount_job *job, int error)
{
	const struct host_volume *local = &cluster->host->volumes[job->volume];
	struct mount_result result = {
		.op = job->op,
		.volume = job->volume,
		.outcome = MOUNT_FAILED,
		.state = local->mounted,
		.error = error,
		.free_bytes = UINT64_MAX,
		.total_bytes = UINT64_MAX,
	};
	struct host_event event = { .kind = HOST_EV_MOUNT, .mount = &result };

	snprintf(result.reason, sizeof(result.reason), "no thread for %s: %s; it is tried again",
		 job->name, strerror(error));
	event.now_s = clock_wall_s();
	host_step(cluster->host, &event, clock_boot_ms());
}

static void start_mount(struct cluster *cluster, const struct mount_job *job)
{
	struct mount_work *work = calloc(1, sizeof(*work));
	int r = -ENOMEM;

	if (work) {
		work->cluster = cluster;
		work->job = *job;
		memcpy(work->job.record_dir, cluster->record_dir, sizeof(work->job.record_dir));
		r = worker_run(cluster->owner.workers, mount_work, mount_done, work);
	}
	if (r < 0) {
		free(work);
		mount_not_begun(cluster, job, -r);
	}
}

static void start_hook(struct cluster *cluster, const struct host_action *action)
{
	const struct host_volume *local = &cluster->host->volumes[action->volume];
	const struct request_row *row = tables_request_const(cluster->tables, action->request);
	struct hook_question question = {
		.asker = cluster,
		.volume = action->volume,
		.request = action->request,
		.held_s = (clock_boot_ms() - local->held_since_ms) / 1000,
	};
	struct host_event event = {
		.kind = HOST_EV_HOOK,
		.volume = action->volume,
		.request = action->request,
		.text = "the hook may-give could not be run",
		.now_s = clock_wall_s(),
	};
	int r;

	snprintf(question.volume_name, sizeof(question.volume_name), "%s", local->name);
	if (row) {
		snprintf(question.from, sizeof(question.from), "%s",
			 cluster->tables->hosts[row->from].name);
		snprintf(question.text, sizeof(question.text), "%s", row->text);
	}
	r = hooks_ask(cluster->owner.hooks, cluster->owner.config->may_give,
		      cluster->owner.config->hook_timeout_ms, &question);
	if (r == 0)
		return;
	log_err("hook %s: %s", cluster->owner.config->may_give, strerror(-r));
	host_step(cluster->host, &event, clock_boot_ms());
}

static void start_commit(struct cluster *cluster, const struct change *change)
{
	struct host_event event = {
		.kind = HOST_EV_NOT_MADE,
		.sequence = change->sequence,
		.now_s = clock_wall_s(),
	};
	int r = disk_commit(cluster->disk, change);

	if (r == 0)
		return;
	log_err("%s: a change can not be queued: %s", cluster_name(cluster), strerror(-r));
	host_step(cluster->host, &event, clock_boot_ms());
}

static void log_news(const struct cluster *cluster, const struct news *news)
{
	const char *volume = news->volume == SLOT_NONE ? "" :
			     cluster->tables->volumes[news->volume].name;
	int level = news->kind == NEWS_WARNING || news->kind == NEWS_MOUNT_FAILED ||
		    news->kind == NEWS_ACCESS_LOST || news->kind == NEWS_CONTROL_SILENT ?
		    LOG_WARNING : news->kind == NEWS_TABLES_CHANGED ? LOG_DEBUG : LOG_INFO;
	char request[32] = "";

	if (news->request)
		snprintf(request, sizeof(request), " request %" PRIu64, news->request);
	log_at(level, "%s: %s%s%s%s%s%s", cluster_name(cluster), news_kind_text(news->kind),
	       *volume ? " " : "", volume, request, news->text[0] ? ": " : "", news->text);
}

static void leave_join(struct cluster *cluster)
{
	struct join join = { .machine = cluster->owner.machine, .asked_s = clock_wall_s() };

	snprintf(join.name, sizeof(join.name), "%s", cluster->owner.config->name);
	(void)disk_write_join(cluster->disk, &join);
}

static void perform(struct cluster *cluster, const struct host_action *action)
{
	switch (action->kind) {
	case HOST_ACT_NONE:
		break;
	case HOST_ACT_CLAIM:
		(void)disk_claim(cluster->disk, action->slot);
		break;
	case HOST_ACT_COMMIT:
		start_commit(cluster, &action->change);
		break;
	case HOST_ACT_MOUNT:
		start_mount(cluster, &action->job);
		break;
	case HOST_ACT_HOOK:
		start_hook(cluster, action);
		break;
	case HOST_ACT_BEAT:
		(void)disk_set_beat(cluster->disk, &cluster->host->beat,
				    cluster->host->beat_volumes, action->now);
		break;
	case HOST_ACT_FOLLOW:
		(void)disk_follow(cluster->disk, action->follow);
		break;
	case HOST_ACT_POLL:
		(void)disk_set_poll(cluster->disk, action->poll_ms, action->io_timeout_ms);
		break;
	case HOST_ACT_NOTICE:
		(void)disk_notice(cluster->disk);
		break;
	case HOST_ACT_JOIN:
		leave_join(cluster);
		break;
	case HOST_ACT_ANSWER:
		cluster->owner.answered(cluster, &action->answer, cluster->owner.data);
		break;
	case HOST_ACT_NEWS:
		log_news(cluster, &action->news);
		cluster->owner.news(cluster, &action->news, cluster->owner.data);
		break;
	case HOST_ACT_STOPPED:
		cluster->stopped = true;
		cluster->owner.stopped(cluster, action->clean, cluster->owner.data);
		break;
	}
}

/* Without a disk there is nothing to perform upon: the core waits. */
static void perform_all(struct cluster *cluster)
{
	struct host_action action;

	while (cluster->disk && host_next(cluster->host, &action))
		perform(cluster, &action);
}

void cluster_step(struct cluster *cluster, const struct host_event *event)
{
	struct host_event stamped = *event;

	stamped.now_s = clock_wall_s();
	host_step(cluster->host, &stamped, clock_boot_ms());
	perform_all(cluster);
}

void cluster_command(struct cluster *cluster, const struct host_command *command)
{
	struct host_event event = { .kind = HOST_EV_COMMAND, .command = command };

	cluster_step(cluster, &event);
}

void cluster_client_gone(struct cluster *cluster, uint64_t token)
{
	struct host_event event = { .kind = HOST_EV_CLIENT_GONE, .token = token };

	cluster_step(cluster, &event);
}

/* --- devices --------------------------------------------------------------- */

static void tell_device(struct cluster *cluster, uint16_t volume)
{
	const struct host_volume *local = &cluster->host->volumes[volume];
	const struct device *device = NULL;
	unsigned int count = devices_find(cluster->owner.devices,
					  cluster->tables->volumes[volume].uuid, &device);
	struct host_event event = {
		.kind = HOST_EV_DEVICE,
		.volume = volume,
		.device_count = count,
		.device_path = device ? device->path : "",
		.fstype = device ? device->fstype : "",
		.now_s = clock_wall_s(),
	};

	if (local->device_count == count && strcmp(local->device, event.device_path) == 0 &&
	    strcmp(local->fstype, event.fstype) == 0)
		return;
	host_step(cluster->host, &event, clock_boot_ms());
}

void cluster_devices_changed(struct cluster *cluster)
{
	struct host_event known = { .kind = HOST_EV_DEVICE, .volume = SLOT_NONE };

	if (!cluster->tables || !cluster->owner.devices)
		return;
	for (uint16_t i = 0; i < cluster->tables->volume_count; i++)
		if (cluster->tables->volumes[i].state == ROW_USED)
			tell_device(cluster, i);
	cluster_step(cluster, &known);
}

/* --- events of the disk ------------------------------------------------------ */

static void learned(struct cluster *cluster, struct disk_event *event)
{
	struct host_event tables = {
		.kind = HOST_EV_TABLES,
		.tables = event->tables,
		.now_s = clock_wall_s(),
	};
	struct tables *before = cluster->tables;

	cluster->tables = event->tables;
	event->tables = NULL;
	if (cluster->state == CONTROL_OK)
		cluster_problem(cluster, CONTROL_OK, "%s", "");
	host_step(cluster->host, &tables, clock_boot_ms());
	free(before);
	/* A new record has no device until it is told one, and must not be looked at without. */
	cluster_devices_changed(cluster);
}

static void id_text(const struct id128 *id, char text[33])
{
	for (int i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
}

/* What ails the device is said already. */
static void stop_for_good(struct cluster *cluster)
{
	struct host_event event = { .kind = HOST_EV_STOP_FOR_GOOD };

	event.text = cluster->problem;
	cluster_step(cluster, &event);
}

static void blocked(struct cluster *cluster, uint16_t host)
{
	const char *name = cluster->tables && host < cluster->tables->host_count &&
			   cluster->tables->hosts[host].state == ROW_USED ?
			   cluster->tables->hosts[host].name : "no host";

	cluster_problem(cluster, CONTROL_OK,
			"%s: both ballot sectors of row %u (%s) are damaged, so nothing can be "
			"changed: see 'volctl check %s', then 'volctl check --repair'",
			cluster->path, host, name, cluster->path);
}

static void begin_opening(struct cluster *cluster);

static void silent(struct cluster *cluster, uint64_t since_ms, int error)
{
	struct host_event event = { .kind = HOST_EV_SILENT };
	bool gone = error == -ENXIO || error == -ENODEV || error == -EBADF;

	cluster->silent_since_ms = since_ms;
	cluster->silent_error = error;
	cluster_problem(cluster, error == -EROFS || error == -EPERM ? CONTROL_READ_ONLY :
			gone ? CONTROL_GONE : CONTROL_SILENT,
			"%s: the control device %s (%s): nothing is changed, readers go on "
			"reading; look at the device and its path", cluster->path,
			error == -ETIMEDOUT ? "does not answer" : "fails", strerror(-error));
	event.text = cluster->problem;
	cluster_step(cluster, &event);
	if (gone)
		begin_opening(cluster);		/* it may come back under the same path */
}

static void back(struct cluster *cluster)
{
	struct host_event event = { .kind = HOST_EV_BACK, .text = "the control device answers" };

	cluster->silent_since_ms = 0;
	cluster->silent_error = 0;
	cluster_problem(cluster, CONTROL_OK, "%s", "");
	cluster_step(cluster, &event);
}

static void disk_event(struct cluster *cluster, struct disk_event *disk)
{
	struct host_event event = { .kind = HOST_EV_TICK, .sequence = disk->sequence };
	char other[33];

	cluster->latency_us = disk->latency_us;
	switch (disk->kind) {
	case DISK_LEARNED:
		learned(cluster, disk);
		return;
	case DISK_CLAIM:
		event.kind = HOST_EV_CLAIM;
		event.claim = &disk->claim;
		break;
	case DISK_ANSWERED:
		event.kind = HOST_EV_ANSWERED;
		event.outcome = &disk->outcome;
		break;
	case DISK_UNKNOWN:
		event.kind = HOST_EV_UNKNOWN;
		break;
	case DISK_FAILED:
		event.kind = HOST_EV_NOT_MADE;
		break;
	case DISK_BEAT:
		event.kind = HOST_EV_BEAT;
		event.logged_off = disk->logged_off;
		break;
	case DISK_PEER:
		event.kind = HOST_EV_PEER;
		event.host = disk->host;
		event.read = &disk->read;
		event.beat_volumes = disk->volumes;
		break;
	case DISK_NOTICE:
		break;
	case DISK_SILENT:
		silent(cluster, disk->since_ms, disk->error);
		return;
	case DISK_BACK:
		back(cluster);
		return;
	case DISK_EVICTED:
		/* After a log off the row is anybody's of that name; the next claim tells. */
		if (!cluster->host->claimed)
			return;
		id_text(&disk->claim.other_machine, other);
		cluster_problem(cluster, CONTROL_GONE, "%s: our row is used by another machine or "
				"daemon (machine %s): this host has stopped; give each machine a "
				"name of its own", cluster->path, other);
		stop_for_good(cluster);
		return;
	case DISK_BACK_IN_TIME:
		cluster_problem(
			cluster, CONTROL_GONE,
			"%s: the control device shows an older state "
			"than before: a copy was put in its place, or it lost writes.  "
			"Nothing is written any more; put the right device back and restart "
			"volctld",
			cluster->path);
		stop_for_good(cluster);
		return;
	case DISK_BLOCKED:
		blocked(cluster, disk->host);
		return;
	case DISK_JOINS:
		cluster->owner.joins(cluster, disk->joins, cluster->owner.data);
		return;
	}
	cluster_step(cluster, &event);
}

static void disk_ready(struct source *source, uint32_t events)
{
	struct cluster *cluster = (struct cluster *)((char *)source -
						     offsetof(struct cluster, disk_source));
	struct disk_event event;

	(void)events;
	while (cluster->disk && disk_next_event(cluster->disk, &event)) {
		disk_event(cluster, &event);
		disk_event_clear(&event);
	}
}

/* --- opening ------------------------------------------------------------------ */

struct opening {
	struct cluster *cluster;
	char path[PATH_BYTES_MAX + 1];
	unsigned int flags;
	bool again;			/* the disk thread may have it open */
	int r;
	struct io *io;
	struct super super;
	enum block_verdict verdicts[2];
};

static void opening_work(void *argument)
{
	struct opening *opening = argument;
	unsigned int shared = opening->flags & ~(unsigned int)IO_EXCLUSIVE;

	opening->r = io_open_path(opening->path, opening->flags, &opening->io);
	if (opening->r == -EBUSY && opening->again)
		opening->r = io_open_path(opening->path, shared, &opening->io);
	if (opening->r == 0)
		opening->r = disk_identify(opening->io, &opening->super, opening->verdicts);
}

static bool super_is_usable(struct cluster *cluster, const struct opening *opening)
{
	enum block_verdict worst = opening->verdicts[0] != BLOCK_OK ? opening->verdicts[0] :
								      opening->verdicts[1];

	if (opening->verdicts[0] != BLOCK_OK && opening->verdicts[1] != BLOCK_OK) {
		cluster_problem(cluster, CONTROL_GONE, worst == BLOCK_OTHER_FORMAT ?
				"%s: the tables are of another format version (%s): use a volctl "
				"that knows it" :
				"%s: not a control device (superblocks: %s): name the right device "
				"in volctl.conf; if it was one, run 'volctl check'; new tables are "
				"made by 'volctl format'",
				cluster->path, block_verdict_text(worst));
		return false;
	}
	if (worst != BLOCK_OK)
		log_err("%s: one of the two superblocks is damaged: run 'volctl check %s'",
			cluster->path, cluster->path);
	if (cluster->disk && memcmp(&cluster->super.cluster, &opening->super.cluster,
				    sizeof(cluster->super.cluster)) != 0) {
		cluster_problem(cluster, CONTROL_GONE, "%s: the device that came back holds "
				"another cluster's tables", cluster->path);
		return false;
	}
	return true;
}

/* One daemon of this host for one cluster: the lock is what says that an earlier one is gone. */
static int take_lock(struct cluster *cluster, const struct super *super)
{
	char path[PATH_BYTES_MAX + 64], id[33];

	id_text(&super->cluster, id);
	snprintf(path, sizeof(path), "%s/%s.lock", cluster->owner.config->run_dir, id);
	return lock_take(path, &cluster->owner.boot, &cluster->lock);
}

static int start_disk(struct cluster *cluster, struct opening *opening)
{
	struct disk_terms terms = {
		.io = opening->io,
		.super = opening->super,
		.poll_ms = cluster->owner.config->poll_ms,
		.io_timeout_ms = IO_TIMEOUT_DEFAULT_MS,
		.machine = cluster->owner.machine,
		.boot = cluster->owner.boot,
		.incarnation = cluster->incarnation,
	};
	int r = take_lock(cluster, &opening->super);

	if (r == -EWOULDBLOCK) {
		cluster_problem(cluster, CONTROL_GONE, "%s: another volctld of this host uses "
				"these tables (lock in %s): stop it first", cluster->path,
				cluster->owner.config->run_dir);
		return r;
	}
	if (r == 0) {
		terms.memory = cluster->lock.memory;
		r = disk_start(&terms, &cluster->disk, &cluster->disk_source.fd);
	}
	if (r < 0) {
		lock_release(&cluster->lock);
		cluster_problem(cluster, CONTROL_GONE, "%s: can not start: %s", cluster->path,
				strerror(-r));
		return r;
	}
	opening->io = NULL;		/* the disk's now */
	cluster->super = opening->super;
	cluster->open = true;
	cluster->open_since_ms = clock_boot_ms();
	cluster_problem(cluster, CONTROL_OK, "%s", "");
	cluster->disk_source.ready = disk_ready;
	return loop_add(cluster->owner.loop, &cluster->disk_source, EPOLLIN);
}

static void opening_failed(struct cluster *cluster, int error)
{
	const char *next =
		error == -EBUSY ? "something else has it open exclusively (mounted, LVM, md?)" :
		error == -EROFS ? "every host must be able to write to it: look at 'blockdev "
				  "--getro' and at what the storage allows this host" :
		error == -EMEDIUMTYPE ? "its sectors are larger than those of the tables" :
		error == -ENOSPC      ? "it is smaller than its tables: it has shrunk" :
				   "is it attached, and named rightly in [tables] of volctl.conf?";

	cluster_problem(cluster, error == -EROFS ? CONTROL_READ_ONLY : CONTROL_GONE,
			"%s: can not use the control device: %s; %s", cluster->path,
			strerror(-error), next);
}

static void opening_done(void *argument)
{
	struct opening *opening = argument;
	struct cluster *cluster = opening->cluster;

	cluster->opening = false;
	cluster->retry_open_ms = clock_boot_ms() + RETRY_OPEN_MS;
	if (opening->r < 0) {
		/* That it fails is known already. */
		if (!cluster->disk || opening->r != -EIO)
			opening_failed(cluster, opening->r);
	} else if (super_is_usable(cluster, opening) && !cluster->stopping) {
		if (!cluster->disk)
			(void)start_disk(cluster, opening);
		else if (disk_replace_io(cluster->disk, opening->io) == 0)
			opening->io = NULL;
	}
	io_close(opening->io);
	free(opening);
	perform_all(cluster);
}

static void begin_opening(struct cluster *cluster)
{
	struct opening *opening;

	if (cluster->opening || cluster->stopping)
		return;
	cluster->retry_open_ms = clock_boot_ms() + RETRY_OPEN_MS;
	opening = calloc(1, sizeof(*opening));
	if (!opening)
		return;
	opening->cluster = cluster;
	opening->again = cluster->disk != NULL;
	opening->flags = cluster->owner.config->keep_locked ? IO_EXCLUSIVE : 0;
	snprintf(opening->path, sizeof(opening->path), "%s", cluster->path);
	if (worker_run(cluster->owner.workers, opening_work, opening_done, opening) < 0)
		free(opening);
	else
		cluster->opening = true;
}

/* --- life ------------------------------------------------------------------- */

struct cluster *cluster_new(const struct cluster_owner *owner, const char *path)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));
	struct host_config config = {
		.machine = owner->machine,
		.boot = owner->boot,
		.poll_ms = owner->config->poll_ms,
		.ignore_bad = owner->config->ignore_bad,
		.has_hook = owner->config->may_give[0] != '\0',
		.lockout_changes = owner->config->lockout_changes,
	};

	if (!cluster)
		return NULL;
	cluster->host = calloc(1, sizeof(*cluster->host));
	if (!cluster->host || getrandom(&cluster->incarnation, sizeof(cluster->incarnation), 0) !=
			      sizeof(cluster->incarnation)) {
		free(cluster->host);
		free(cluster);
		return NULL;
	}
	cluster->incarnation |= 1;	/* never zero */
	cluster->owner = *owner;
	cluster->lock.fd = -1;
	cluster->state = CONTROL_GONE;
	snprintf(cluster->path, sizeof(cluster->path), "%s", path);
	if (snprintf(cluster->record_dir, sizeof(cluster->record_dir), "%s/mounts",
		     owner->config->run_dir) >= (int)sizeof(cluster->record_dir))
		cluster->record_dir[0] = '\0';
	snprintf(config.name, sizeof(config.name), "%s", owner->config->name);
	config.incarnation = cluster->incarnation;
	host_init(cluster->host, &config, clock_boot_ms());
	begin_opening(cluster);
	return cluster;
}

void cluster_free(struct cluster *cluster)
{
	if (!cluster)
		return;
	if (cluster->disk) {
		loop_remove(cluster->owner.loop, &cluster->disk_source);
		if (disk_stop(cluster->disk, DISK_STOP_MS) < 0) {
			log_err("%s: the disk thread hangs and is left behind", cluster->path);
			return;		/* it still uses the tables */
		}
	}
	lock_release(&cluster->lock);
	free(cluster->tables);
	free(cluster->host);
	free(cluster);
}

/* A disk that hangs tells nothing: it is asked. */
static void watch_silence(struct cluster *cluster)
{
	uint64_t since_ms = disk_silent_since(cluster->disk);

	if (since_ms && !cluster->silent_since_ms)
		silent(cluster, since_ms, -ETIMEDOUT);
}

/* The device answers and the tables do not come: there are none that could be read. */
static void watch_tables(struct cluster *cluster)
{
	if (!cluster->tables && cluster->state == CONTROL_OK && !cluster->problem[0] &&
	    clock_boot_ms() - cluster->open_since_ms > TABLES_WAIT_MS)
		cluster_problem(cluster, CONTROL_OK, "%s: the tables can not be read: a ballot or "
				"the newest image is damaged; see 'volctl check %s', then 'volctl "
				"check --repair'", cluster->path, cluster->path);
}

/* A device that was taken away fails like a bad one, and comes back as another. */
static bool wants_reopening(const struct cluster *cluster)
{
	return (cluster->state == CONTROL_GONE ||
		(cluster->silent_error && cluster->silent_error != -ETIMEDOUT)) &&
	       cluster->host->phase != HOST_REFUSED && clock_boot_ms() >= cluster->retry_open_ms;
}

void cluster_tick(struct cluster *cluster)
{
	struct host_event tick = { .kind = HOST_EV_TICK };

	cluster->watch_at_ms = clock_boot_ms() + cluster->host->io_timeout_ms;
	if (!cluster->disk) {
		if (clock_boot_ms() >= cluster->retry_open_ms)
			begin_opening(cluster);
		return;
	}
	watch_silence(cluster);
	watch_tables(cluster);
	if (wants_reopening(cluster))
		begin_opening(cluster);
	cluster_step(cluster, &tick);
}

uint64_t cluster_wake_at(const struct cluster *cluster)
{
	uint64_t wake_ms;

	if (!cluster->disk)
		return cluster->opening ? UINT64_MAX : cluster->retry_open_ms;
	wake_ms = host_wake_at(cluster->host);
	return cluster->watch_at_ms < wake_ms ? cluster->watch_at_ms : wake_ms;
}

void cluster_stop(struct cluster *cluster, uint32_t limit_ms)
{
	struct host_event tick = { .kind = HOST_EV_TICK };

	cluster->stopping = true;
	if (!cluster->disk) {
		cluster->stopped = true;
		cluster->owner.stopped(cluster, true, cluster->owner.data);
		return;
	}
	host_stop(cluster->host, limit_ms);
	cluster_step(cluster, &tick);
}

int cluster_read_joins(struct cluster *cluster)
{
	return cluster->disk ? disk_read_joins(cluster->disk) : -ENODEV;
}

int cluster_clear_join(struct cluster *cluster, const struct id128 *machine)
{
	struct join join = { .machine = *machine };

	return cluster->disk ? disk_write_join(cluster->disk, &join) : -ENODEV;
}

void cluster_read_peers(struct cluster *cluster)
{
	cluster->peers_read_ms = clock_boot_ms();
	if (cluster->disk)
		(void)disk_read_all_beats(cluster->disk);
}
