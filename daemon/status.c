/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/status.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "daemon/auto.h"
#include "daemon/clean.h"

/* What keeps two hosts from writing one volume, as far as this version goes. */
static const char protection_text[] =
	"given up only by the writer itself; readers' block devices are "
	"read-only; no fencing: a dead writer keeps the volume";

/* --- members ------------------------------------------------------------------ */

static json_object *text_json(const char *text)
{
	AUTO_FREE char *clean = strdup(text);

	if (!clean)
		return NULL;
	clean_text(clean);
	return json_object_new_string(clean);
}

static void add(json_object *object, const char *key, json_object *value)
{
	(void)json_object_object_add(object, key, value);
}

static void add_text(json_object *object, const char *key, const char *text)
{
	add(object, key, text ? text_json(text) : NULL);
}

/* Where an empty text stands for one that is not known. */
static void add_known_text(json_object *object, const char *key, const char *text)
{
	add_text(object, key, text && *text ? text : NULL);
}

static void add_number(json_object *object, const char *key, uint64_t number)
{
	add(object, key, json_object_new_uint64(number));
}

static void add_bool(json_object *object, const char *key, bool value)
{
	add(object, key, json_object_new_boolean(value));
}

static void add_known_bool(json_object *object, const char *key, bool known, bool value)
{
	add(object, key, known ? json_object_new_boolean(value) : NULL);
}

static void add_known_number(json_object *object, const char *key, bool known, uint64_t number)
{
	add(object, key, known ? json_object_new_uint64(number) : NULL);
}

static uint64_t elapsed(uint64_t since, uint64_t now)
{
	return now > since ? now - since : 0;
}

static json_object *listing(void)
{
	json_object *object = json_object_new_object();

	add_number(object, "format", 1);
	return object;
}

json_object *status_time(uint64_t wall_s)
{
	time_t seconds = (time_t)wall_s;
	struct tm parts;
	char text[64];

	if (!gmtime_r(&seconds, &parts) ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
		return NULL;
	return json_object_new_string(text);
}

/* --- rows ----------------------------------------------------------------------- */

/* NULL while the tables are not known. */
static const char *cluster_known_name(const struct cluster *cluster)
{
	return cluster->tables ? cluster->tables->name : NULL;
}

static const struct volume_row *volume_row(const struct cluster *cluster, uint16_t volume)
{
	const struct tables *tables = cluster->tables;

	if (!tables || volume >= tables->volume_count ||
	    tables->volumes[volume].state != ROW_USED)
		return NULL;
	return &tables->volumes[volume];
}

/* The name of a row, also of one that was removed: rights and requests may still name it. */
static const char *host_name(const struct cluster *cluster, uint16_t host)
{
	const struct tables *tables = cluster->tables;

	if (!tables || host >= tables->host_count || tables->hosts[host].state == ROW_FREE)
		return NULL;
	return tables->hosts[host].name;
}

/* What this host has of the volume that the row is about; NULL: nothing is known. */
static const struct host_volume *volume_here(const struct cluster *cluster, uint16_t volume)
{
	const struct host_volume *local;

	if (!cluster->host)
		return NULL;
	local = &cluster->host->volumes[volume];
	return local->born && local->born == cluster->tables->volumes[volume].born ? local : NULL;
}

static const char *peer_state_text(enum peer_state state)
{
	switch (state) {
	case PEER_UNKNOWN:
		return NULL;
	case PEER_ALIVE:
		return "alive";
	case PEER_LATE:
		return "late";
	case PEER_DEAD:
		return "dead";
	case PEER_LOGGED_OFF:
		return "logged-off";
	}
	return NULL;
}

/*
 * By the tables first: the row of a host that never logged on holds no beat that
 * changes, and is not dead.
 */
static const char *host_state_text(const struct cluster *cluster, uint16_t host)
{
	if (!cluster->tables->hosts[host].logged_on)
		return "logged-off";
	return cluster->host ? peer_state_text(host_peer_state(cluster->host, host)) : NULL;
}

/* --- volumes --------------------------------------------------------------------- */

static const char *viewers_text(enum viewers_mode mode)
{
	switch (mode) {
	case VIEWERS_LIVE:
		return "live";
	case VIEWERS_QUIET:
		return "quiet";
	case VIEWERS_PUBLISHED:
		return "published";
	}
	return NULL;
}

static void fencing_text(const struct volume_row *row, char *text, size_t size)
{
	static const char *const names[] = {
		[FENCING_BEST] = "best",	       [FENCING_MANUAL] = "manual",
		[FENCING_GUARD] = "guard",	       [FENCING_WATCHDOG] = "watchdog",
		[FENCING_RESERVATION] = "reservation", [FENCING_COMMAND] = "command",
	};

	snprintf(text, size, "%s%s%s", names[row->fencing],
		 row->fencing == FENCING_COMMAND ? " " : "",
		 row->fencing == FENCING_COMMAND ? row->fencing_command : "");
}

json_object *status_holders(const struct holder *holders, uint32_t count)
{
	json_object *list = json_object_new_array();

	for (uint32_t i = 0; i < count && i < HOLDERS_MAX; i++) {
		const struct holder *holder = &holders[i];
		json_object *object = json_object_new_object();

		add_known_number(object, "pid", holder->pid > 0, (uint64_t)holder->pid);
		add_text(object, "command", holder->command);
		add_text(object, "kind", holder_kind_text(holder->kind));
		add_number(object, "since_s", holder->since_s);
		json_object_array_add(list, object);
	}
	return list;
}

/* Whether something of an earlier state is mounted here for reading. */
static bool has_view(const struct host_volume *local)
{
	return local->view_held || local->mounted == MOUNTED_VIEW ||
	       local->mounted == MOUNTED_ENDED;
}

static const char *here_text(const struct host_volume *local)
{
	switch (local->mounted) {
	case MOUNTED_WRITE:
		return "rw";
	case MOUNTED_VIEW:
	case MOUNTED_ENDED:
		return "ro";
	case MOUNTED_NOT:
	case MOUNTED_FOREIGN:
		return "none";
	}
	return NULL;
}

/* Somebody has the right to write, or had it and has not been proven to have stopped. */
static bool somebody_writes(const struct volume_row *row)
{
	return row->phase != PHASE_FREE || row->earlier_count > 0;
}

/* What keeps the volume from being here as the tables want it: a sentence; false: nothing. */
static bool problem_text(const struct cluster *cluster, uint16_t volume,
			 const struct host_volume *local, char *text, size_t size)
{
	const struct host *host = cluster->host;

	if (!tables_access(cluster->tables, volume, host->slot).mount)
		return false;
	if (local->device_count > 1)
		snprintf(text, size, "%u devices here carry the file system %s: allow only one of "
			 "them in [devices] of volctl.conf", local->device_count, local->uuid);
	else if (local->device_count == 0 && local->mounted == MOUNTED_NOT)
		snprintf(text, size, "no device here carries the file system %s: look at [devices] "
			 "allow in volctl.conf, and whether the disk is attached", local->uuid);
	else if (local->device_count == 0)
		snprintf(text, size, "the device it is mounted from is gone: attach it again; what "
			 "programs read or write here fails");
	else if (local->outcome != MOUNT_DONE)
		snprintf(text, size, "%s", *local->reason ? local->reason :
							    mount_outcome_text(local->outcome));
	else if (local->mounted == MOUNTED_FOREIGN)
		snprintf(text, size, "mounted by somebody else: unmount it, and it is mounted as "
			 "the tables want it");
	else if (local->view_held || local->mounted == MOUNTED_ENDED)
		snprintf(text, size, "programs here keep an older mount open: it goes when they "
			 "let go");
	else if (local->unmount_wanted)
		snprintf(text, size, "unmounted by order: 'volctl mount' mounts it again");
	else
		return false;
	return true;
}

static void add_view(json_object *object, const struct cluster *cluster, uint16_t volume,
		     const struct host_volume *local)
{
	const struct volume_row *row = &cluster->tables->volumes[volume];
	bool known = local && local->looked;
	bool view = known && has_view(local);
	bool stale = view && host_view_is_stale(cluster->host, volume);
	bool writes = known && local->mounted == MOUNTED_WRITE;

	add_text(object, "here", known ? here_text(local) : NULL);
	add_text(object, "view", !known ? NULL : !view ? "none" : stale ? "stale" : "fresh");
	add_known_bool(object, "may_be_torn", known, view && (stale || somebody_writes(row)));
	add_known_number(object, "generation_seen", view || writes,
			 view ? local->view_generation : local ? local->published : 0);
	add_number(object, "generation_published", local && local->published > row->generation ?
							   local->published : row->generation);
	add_known_number(object, "age_s", view,
			 view ? elapsed(local->view_since_ms, clock_boot_ms()) / 1000 : 0);
}

static void add_here(json_object *object, const struct cluster *cluster, uint16_t volume)
{
	const struct host_volume *local = volume_here(cluster, volume);
	const struct host *host = cluster->host;
	bool known = host && host->slot != SLOT_NONE;
	struct access_row access = { 0 };
	char problem[MESSAGE_BYTES_MAX + 1];
	uint32_t holder_count = local ? local->holder_count : 0;

	if (known)
		access = tables_access(cluster->tables, volume, host->slot);
	add_known_text(object, "fstype", local ? local->fstype : NULL);
	add_known_text(object, "device", local && local->device_count == 1 ? local->device : NULL);
	add_view(object, cluster, volume, local);
	add(object, "holders", status_holders(local ? local->holders : NULL, holder_count));
	add_number(object, "holder_count", holder_count);
	add_known_number(object, "free_bytes",
			 local && local->mounted != MOUNTED_NOT &&
				 local->free_bytes != UINT64_MAX,
			 local ? local->free_bytes : 0);
	add_known_bool(object, "may_mount", known, access.mount);
	add_known_bool(object, "may_write", known, access.mount && access.write != WRITE_NEVER);
	add_text(object, "problem",
		 known && local && problem_text(cluster, volume, local, problem, sizeof(problem)) ?
			 problem : NULL);
}

static json_object *volume_json(const struct cluster *cluster, uint16_t volume)
{
	const struct volume_row *row = &cluster->tables->volumes[volume];
	bool has_writer = row->phase != PHASE_FREE;
	json_object *object = json_object_new_object();
	char fencing[NAME_BYTES_MAX + 16];

	fencing_text(row, fencing, sizeof(fencing));
	add_text(object, "name", row->name);
	add_text(object, "cluster", cluster_known_name(cluster));
	add_text(object, "uuid", row->uuid);
	add_text(object, "mount_point", row->mount_point);
	add_bool(object, "enabled", row->enabled);
	add_text(object, "writer", has_writer ? host_name(cluster, row->writer.host) : NULL);
	add_text(object, "writer_state",
		 has_writer ? host_state_text(cluster, row->writer.host) : NULL);
	add_known_number(object, "epoch", has_writer, row->writer.epoch);
	add_text(object, "viewers", viewers_text(row->viewers));
	add_text(object, "fencing", fencing);
	add_text(object, "protection", protection_text);
	add_here(object, cluster, volume);
	return object;
}

static json_object *volumes_json(const struct cluster *cluster, uint16_t volume)
{
	json_object *list = json_object_new_array();

	for (uint16_t i = 0; cluster->tables && i < cluster->tables->volume_count; i++)
		if (volume_row(cluster, i) && (volume == SLOT_NONE || volume == i))
			json_object_array_add(list, volume_json(cluster, i));
	return list;
}

json_object *status_volumes(const struct cluster *cluster, uint16_t volume)
{
	json_object *object = listing();

	add(object, "volumes", volumes_json(cluster, volume));
	return object;
}

/* --- requests ----------------------------------------------------------------------- */

/* Place of a waiting request in the queue of its volume, from 1. */
static uint64_t request_place(const struct tables *tables, const struct request_row *row)
{
	const struct request_row *at = NULL;
	uint64_t place = 0;

	do {
		at = tables_queue_next(tables, row->volume, at ? at->id : 0);
		place++;
	} while (at && at->id != row->id);
	return place;
}

/* "asked": it has reached somebody who can answer it. */
static const char *request_state_text(const struct tables *tables, const struct request_row *row)
{
	switch (row->state) {
	case REQUEST_WAITING:
		if (row->asked == SLOT_NONE)
			return "waiting";
		return tables->hosts[row->asked].answer == ANSWER_ASK ||
				       request_place(tables, row) == 1 ?
			       "asked" :
			       "waiting";
	case REQUEST_GRANTED:
		return "granted";
	case REQUEST_REFUSED:
		return "refused";
	case REQUEST_TIMED_OUT:
		return "timed-out";
	case REQUEST_CANCELLED:
		return "cancelled";
	}
	return NULL;
}

/*
 * Until when a person has to answer.  The writer's host counts from when it saw the request;
 * the asking host can tell about when that is, by the clock that it posted it by.  All
 * others know neither.
 */
static bool request_deadline_s(const struct cluster *cluster, const struct request_row *row,
			       uint64_t *ret_deadline_s)
{
	const struct host *host = cluster->host;
	uint64_t within_ms = cluster->tables->volumes[row->volume].answer_within_ms;
	uint64_t passed_ms;

	if (!host || row->state != REQUEST_WAITING || row->asked == SLOT_NONE ||
	    cluster->tables->hosts[row->asked].answer != ANSWER_ASK)
		return false;
	if (row->asked == host->slot) {
		uint16_t i = 0;

		while (i < host->request_count && host->requests[i].id != row->id)
			i++;
		if (i == host->request_count || host->requests[i].decision != DECIDE_NOT_YET)
			return false;
		passed_ms = elapsed(host->requests[i].seen_ms, clock_boot_ms());
	} else if (row->from == host->slot) {
		passed_ms = elapsed(row->posted_s, clock_wall_s()) * 1000;
	} else {
		return false;
	}
	*ret_deadline_s = passed_ms < within_ms ? (within_ms - passed_ms + 999) / 1000 : 0;
	return true;
}

static json_object *request_json(const struct cluster *cluster, const struct request_row *row)
{
	const struct tables *tables = cluster->tables;
	bool waits = row->state == REQUEST_WAITING;
	json_object *object = json_object_new_object();
	uint64_t deadline_s = 0;
	bool due = request_deadline_s(cluster, row, &deadline_s);

	add_number(object, "id", row->id);
	add_text(object, "volume", tables->volumes[row->volume].name);
	add_text(object, "cluster", cluster_known_name(cluster));
	add_text(object, "from", host_name(cluster, row->from));
	add_text(object, "to", host_name(cluster, row->asked));
	add_text(object, "text", row->text);
	add_text(object, "state", request_state_text(tables, row));
	add_known_number(object, "place", waits, waits ? request_place(tables, row) : 0);
	add_number(object, "age_s", elapsed(row->posted_s, clock_wall_s()));
	add_known_number(object, "deadline_s", due, deadline_s);
	add_known_text(object, "answer_text", row->answer);
	return object;
}

static json_object *requests_json(const struct cluster *cluster, uint16_t volume, bool only_waiting)
{
	json_object *list = json_object_new_array();

	for (uint16_t i = 0; cluster->tables && i < cluster->tables->request_count; i++) {
		const struct request_row *row = &cluster->tables->requests[i];

		if ((volume == SLOT_NONE || volume == row->volume) &&
		    (!only_waiting || row->state == REQUEST_WAITING))
			json_object_array_add(list, request_json(cluster, row));
	}
	return list;
}

json_object *status_requests(const struct cluster *cluster)
{
	json_object *object = listing();

	add(object, "requests", requests_json(cluster, SLOT_NONE, false));
	return object;
}

/* --- hosts --------------------------------------------------------------------------- */

static void add_id(json_object *object, const char *key, const struct id128 *id)
{
	static const struct id128 none;
	char text[2 * sizeof(id->bytes) + 1];

	for (size_t i = 0; i < sizeof(id->bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
	add_text(object, key, memcmp(id, &none, sizeof(none)) == 0 ? NULL : text);
}

static json_object *host_json(const struct cluster *cluster, uint16_t slot)
{
	const struct host_row *row = &cluster->tables->hosts[slot];
	const struct host *host = cluster->host;
	/* Of one that has logged off no sign of life is due: there is nothing to count from. */
	bool seen = host && slot != host->slot && row->logged_on && host->peers[slot].seen;
	json_object *object = json_object_new_object();
	char incarnation[32] = "";

	/* 64 random bits: as a number, readers of JSON would round it. */
	if (row->incarnation)
		snprintf(incarnation, sizeof(incarnation), "%016" PRIx64, row->incarnation);
	add_text(object, "name", row->name);
	add_text(object, "cluster", cluster_known_name(cluster));
	add_bool(object, "valid", row->valid);
	add_text(object, "state", host_state_text(cluster, slot));
	add_known_text(object, "incarnation", incarnation);
	add_known_number(object, "beat_age_s", seen,
			 seen ? peer_watch_still_ms(&host->peers[slot].watch) / 1000 : 0);
	add_text(object, "answer", row->answer == ANSWER_AUTO ? "auto" : "ask");
	add_bool(object, "notify", row->notify);
	add_id(object, "machine", &row->machine);
	return object;
}

json_object *status_hosts(const struct cluster *cluster)
{
	json_object *object = listing();
	json_object *list = json_object_new_array();

	for (uint16_t i = 0; cluster->tables && i < cluster->tables->host_count; i++)
		if (cluster->tables->hosts[i].state == ROW_USED)
			json_object_array_add(list, host_json(cluster, i));
	add(object, "hosts", list);
	return object;
}

/* --- access ----------------------------------------------------------------------------- */

static json_object *access_json(const struct cluster *cluster, const struct access_row *row)
{
	json_object *object = json_object_new_object();

	add_text(object, "volume", cluster->tables->volumes[row->volume].name);
	add_text(object, "host", host_name(cluster, row->host));
	add_text(object, "cluster", cluster_known_name(cluster));
	add_bool(object, "mount", row->mount);
	add_text(object, "write", row->write == WRITE_NEVER ? "never" : "ask");
	add_bool(object, "auto_update", row->auto_update);
	add_number(object, "check_every_ms", row->check_every_ms);
	return object;
}

static void list_pairs(const struct cluster *cluster, json_object *list)
{
	const struct tables *tables = cluster->tables;

	for (uint16_t volume = 0; volume < tables->volume_count; volume++) {
		for (uint16_t host = 0; host < tables->host_count; host++) {
			struct access_row row;

			if (tables->volumes[volume].state != ROW_USED ||
			    tables->hosts[host].state != ROW_USED)
				continue;
			row = tables_access(tables, volume, host);
			row.volume = volume;
			row.host = host;
			json_object_array_add(list, access_json(cluster, &row));
		}
	}
}

json_object *status_access(const struct cluster *cluster)
{
	const struct tables *tables = cluster->tables;
	json_object *object = listing();
	json_object *list = json_object_new_array();
	bool complete = !tables || (uint32_t)tables->volume_count * tables->host_count <=
					   STATUS_ACCESS_MAX;

	if (tables && complete)
		list_pairs(cluster, list);
	for (uint16_t i = 0; !complete && i < tables->access_count; i++)
		json_object_array_add(list, access_json(cluster, &tables->access[i]));
	add_bool(object, "complete", complete);
	add(object, "access", list);
	return object;
}

/* --- the whole --------------------------------------------------------------------------- */

static const char *monitoring_text(const struct host *host)
{
	if (!host || host->phase != HOST_ONLINE)
		return "logged-off";
	return host->suspended ? "suspended" : "on";
}

static const char *control_state_text(enum control_state state)
{
	switch (state) {
	case CONTROL_OK:
		return "ok";
	case CONTROL_SLOW:
		return "slow";
	case CONTROL_SILENT:
		return "silent";
	case CONTROL_READ_ONLY:
		return "read-only";
	case CONTROL_GONE:
		return "gone";
	}
	return NULL;
}

static json_object *control_json(const struct cluster *cluster)
{
	json_object *object = json_object_new_object();
	bool measured = cluster->open && cluster->latency_us > 0;

	add_text(object, "device", cluster->path);
	add_text(object, "state", control_state_text(cluster->state));
	add_known_number(object, "version", cluster->tables != NULL,
			 cluster->tables ? cluster->tables->version : 0);
	add_known_number(object, "latency_ms", measured, (cluster->latency_us + 500) / 1000);
	return object;
}

json_object *status_json(const struct cluster *cluster, uint16_t volume)
{
	const struct host *host = cluster->host;
	json_object *object = listing();

	add_known_text(object, "host", host ? host->config.name : cluster->owner.config->name);
	add_text(object, "cluster", cluster_known_name(cluster));
	add_text(object, "monitoring", monitoring_text(host));
	add_known_text(object, "problem", *cluster->problem ? cluster->problem :
					  host		    ? host->trouble :
							      NULL);
	add(object, "control", control_json(cluster));
	add(object, "volumes", volumes_json(cluster, volume));
	add(object, "requests", requests_json(cluster, volume, true));
	return object;
}

/* --- events ------------------------------------------------------------------------------ */

json_object *status_event(const struct cluster *cluster, const struct news *news)
{
	const struct volume_row *row = volume_row(cluster, news->volume);
	const char *host = host_name(cluster, news->host);
	json_object *object = json_object_new_object();

	add(object, "time", status_time(clock_wall_s()));
	add_text(object, "kind", news_kind_text(news->kind));
	add_text(object, "cluster", cluster_known_name(cluster));
	if (row)
		add_text(object, "volume", row->name);
	if (host)
		add_text(object, "host", host);
	if (news->request)
		add_number(object, "request", news->request);
	if (*news->text)
		add_text(object, "text", news->text);
	return object;
}
