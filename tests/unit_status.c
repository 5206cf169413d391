/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit.h"

#include <json-c/json_pointer.h>
#include <stdio.h>
#include <string.h>

#include "daemon/status.h"

#define IO_TIMEOUT_MS 4000
#define INCARNATION 0x0123456789abcdefull

/* A busy machine may take that long between setting a time and looking at it. */
#define SLACK_S 60

enum { EDIT1, EDIT2, RENDER, REMOVED, SPARE, HOST_COUNT };
enum { MEDIA, PHOTOS, FREE_SLOT, SCRATCH, VOLUME_COUNT };

static struct config config;
static struct cluster cluster;
static struct tables *tables;
static struct host *host;
static json_object *root;

/* --- looking at JSON ------------------------------------------------------------ */

/* Take @object as a client gets it: as text, parsed again. */
static void look(json_object *object)
{
	const char *text;

	json_object_put(root);
	ck_assert_ptr_nonnull(object);
	text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	ck_assert_uint_eq(text_valid_bytes(text, strlen(text)), strlen(text));
	root = json_tokener_parse(text);
	ck_assert_ptr_nonnull(root);
	json_object_put(object);
}

static json_object *at(const char *path)
{
	json_object *value;

	ck_assert_msg(json_pointer_get(root, path, &value) == 0, "%s is missing in %s", path,
		      json_object_to_json_string(root));
	return value;
}

static const char *text_at(const char *path)
{
	ck_assert_msg(json_object_is_type(at(path), json_type_string), "%s is no text", path);
	return json_object_get_string(at(path));
}

static int64_t number_at(const char *path)
{
	ck_assert_msg(json_object_is_type(at(path), json_type_int), "%s is no number", path);
	return json_object_get_int64(at(path));
}

static bool bool_at(const char *path)
{
	ck_assert_msg(json_object_is_type(at(path), json_type_boolean), "%s is no boolean", path);
	return json_object_get_boolean(at(path));
}

static size_t count_at(const char *path)
{
	ck_assert_msg(json_object_is_type(at(path), json_type_array), "%s is no list", path);
	return json_object_array_length(at(path));
}

static void ck_text(const char *path, const char *expected)
{
	ck_assert_str_eq(text_at(path), expected);
}

static void ck_null(const char *path)
{
	ck_assert_msg(at(path) == NULL, "%s is not null", path);
}

static void ck_age(const char *path, int64_t expected_s)
{
	ck_assert_int_ge(number_at(path), expected_s);
	ck_assert_int_le(number_at(path), expected_s + SLACK_S);
}

static void ck_members(const char *path, const char *const *members)
{
	json_object *object = path ? at(path) : root;
	json_object *value;

	for (size_t i = 0; members[i]; i++)
		ck_assert_msg(json_object_object_get_ex(object, members[i], &value),
			      "no member %s", members[i]);
}

static void look_at_status(void)
{
	look(status_json(&cluster, SLOT_NONE));
}

static void look_at_volume(uint16_t volume)
{
	look(status_volumes(&cluster, volume));
	ck_assert_uint_eq(count_at("/volumes"), 1);
}

/* --- a small cluster ---------------------------------------------------------------- */

static void make_host(uint16_t slot, const char *name)
{
	struct host_row *row = &tables->hosts[slot];

	*row = host_row_defaults();
	row->state = ROW_USED;
	row->valid = true;
	row->logged_on = true;
	row->incarnation = INCARNATION + slot;
	snprintf(row->name, sizeof(row->name), "%s", name);
}

static void make_volume(uint16_t slot, const char *name)
{
	struct volume_row *row = &tables->volumes[slot];
	struct host_volume *local = &host->volumes[slot];

	*row = volume_row_defaults();
	row->state = ROW_USED;
	row->born = 10 + slot;
	row->enabled = true;
	snprintf(row->name, sizeof(row->name), "%s", name);
	snprintf(row->uuid, sizeof(row->uuid), "uuid-of-%s", name);
	snprintf(row->mount_point, sizeof(row->mount_point), "/volumes/%s", name);

	*local = (struct host_volume) {
		.born = row->born,
		.device_count = 1,
		.device = "/dev/sdx",
		.fstype = "ext4",
		.looked = true,
		.free_bytes = UINT64_MAX,
		.total_bytes = UINT64_MAX,
	};
	snprintf(local->name, sizeof(local->name), "%s", name);
	snprintf(local->uuid, sizeof(local->uuid), "%s", row->uuid);
	snprintf(local->mount_point, sizeof(local->mount_point), "%s", row->mount_point);
}

static void give(uint16_t volume, uint16_t to)
{
	struct volume_row *row = &tables->volumes[volume];

	row->phase = PHASE_WRITING;
	row->writer = (struct right) {
		.host = to,
		.incarnation = tables->hosts[to].incarnation,
		.epoch = 30 + volume,
	};
}

/* Its beat was seen to change, and then to stand still for @still_ms. */
static void watch_peer(uint16_t slot, uint64_t still_ms)
{
	struct host_peer *peer = &host->peers[slot];
	struct beat_read read = { .verdict = BLOCK_OK };

	peer->seen = true;
	peer_watch_begin(&peer->watch);
	for (uint64_t at_ms = 0; at_ms <= still_ms + 1000; at_ms += 1000) {
		read.beat.counter = at_ms == 0 ? 1 : 2;
		read.beat.incarnation = tables->hosts[slot].incarnation;
		read.beat.io_timeout_ms = IO_TIMEOUT_MS;
		read.issued_ms = at_ms;
		read.completed_ms = at_ms;
		(void)peer_watch_read(&peer->watch, &read, IO_TIMEOUT_MS);
	}
}

static struct request_row *make_request(uint64_t id, uint16_t volume, uint16_t from, uint16_t to)
{
	struct request_row *row = &tables->requests[tables->request_count++];

	*row = (struct request_row) {
		.id = id,
		.volume = volume,
		.from = from,
		.asked = to,
		.state = REQUEST_WAITING,
		.posted_s = clock_wall_s() - 20,
		.person = "anna",
		.text = "colour correction",
	};
	return row;
}

static void setup(void)
{
	struct host_config host_config = { .name = "edit1", .incarnation = INCARNATION };
	struct capacity capacity = { .hosts = 8, .volumes = 8, .access = 64 };

	tables = calloc(1, sizeof(*tables));
	host = calloc(1, sizeof(*host));
	ck_assert(tables && host);
	tables_init(tables, &capacity);
	snprintf(tables->name, sizeof(tables->name), "studio");
	tables->version = 41;
	tables->openings = 9;
	tables->host_count = HOST_COUNT;
	tables->volume_count = VOLUME_COUNT;
	host_init(host, &host_config, clock_boot_ms());
	host->phase = HOST_ONLINE;
	host->slot = EDIT1;
	host->tables = tables;
	make_host(EDIT1, "edit1");
	make_host(EDIT2, "edit2");
	make_host(RENDER, "render");
	make_host(REMOVED, "removed");
	make_host(SPARE, "spare");
	tables->hosts[REMOVED].state = ROW_REMOVED;
	tables->hosts[SPARE].logged_on = false;
	tables->hosts[SPARE].incarnation = 0;
	make_volume(MEDIA, "media");
	make_volume(PHOTOS, "photos");
	make_volume(SCRATCH, "scratch");
	give(MEDIA, EDIT1);
	give(PHOTOS, EDIT2);
	host->volumes[MEDIA].mounted = MOUNTED_WRITE;
	host->volumes[PHOTOS].mounted = MOUNTED_VIEW;
	host->volumes[PHOTOS].view_since_ms = clock_boot_ms() - 5500;
	host->volumes[PHOTOS].view_generation = 7;
	host->volumes[PHOTOS].published = 7;
	watch_peer(EDIT2, 0);

	snprintf(config.name, sizeof(config.name), "configured");
	cluster = (struct cluster) {
		.owner.config = &config,
		.path = "/dev/control",
		.open = true,
		.state = CONTROL_OK,
		.latency_us = 3600,
		.host = host,
		.tables = tables,
	};
}

static void teardown(void)
{
	json_object_put(root);
	root = NULL;
	free(host);
	free(tables);
}

/* --- the whole ------------------------------------------------------------------------- */

START_TEST(everything_has_the_members_that_were_promised)
{
	static const char *const whole[] = { "format", "host", "cluster", "monitoring", "control",
					     "volumes", "requests", NULL };
	static const char *const control[] = { "device", "state", "version", "latency_ms", NULL };
	static const char *const volume[] = {
		"name", "uuid", "fstype", "device", "mount_point", "enabled", "writer",
		"writer_state", "epoch", "here", "view", "may_be_torn", "generation_seen",
		"generation_published", "age_s", "viewers", "fencing", "protection", "holders",
		"free_bytes", "cluster", "may_mount", "may_write", "problem", NULL
	};
	static const char *const request[] = { "id", "volume", "from", "to", "text", "state",
					       "place", "age_s", "deadline_s", "answer_text",
					       NULL };
	static const char *const host_members[] = { "name", "valid", "state", "incarnation",
						    "beat_age_s", "answer", "notify", NULL };

	make_request(1, PHOTOS, EDIT1, EDIT2);
	look_at_status();
	ck_members(NULL, whole);
	ck_members("/control", control);
	ck_assert_uint_eq(count_at("/volumes"), 3);
	for (int i = 0; i < 3; i++) {
		char path[32];

		snprintf(path, sizeof(path), "/volumes/%d", i);
		ck_members(path, volume);
	}
	ck_members("/requests/0", request);
	look(status_hosts(&cluster));
	ck_members("/hosts/0", host_members);
}
END_TEST

START_TEST(the_whole_says_who_and_where_and_how)
{
	look_at_status();
	ck_assert_int_eq(number_at("/format"), 1);
	ck_text("/host", "edit1");
	ck_text("/cluster", "studio");
	ck_text("/monitoring", "on");
	ck_null("/problem");
	ck_text("/control/device", "/dev/control");
	ck_text("/control/state", "ok");
	ck_assert_int_eq(number_at("/control/version"), 41);
	ck_assert_int_eq(number_at("/control/latency_ms"), 4);
	ck_text("/volumes/0/name", "media");
	ck_text("/volumes/1/name", "photos");
	ck_text("/volumes/2/name", "scratch");
	ck_assert_uint_eq(count_at("/requests"), 0);
}
END_TEST

START_TEST(what_is_not_known_yet_is_null)
{
	cluster.host = NULL;
	cluster.tables = NULL;
	cluster.open = false;
	cluster.state = CONTROL_GONE;
	snprintf(cluster.problem, sizeof(cluster.problem), "no such device");
	look_at_status();
	ck_text("/host", "configured");
	ck_null("/cluster");
	ck_text("/monitoring", "logged-off");
	ck_text("/problem", "no such device");
	ck_text("/control/state", "gone");
	ck_null("/control/version");
	ck_null("/control/latency_ms");
	ck_assert_uint_eq(count_at("/volumes"), 0);
	ck_assert_uint_eq(count_at("/requests"), 0);
	look(status_hosts(&cluster));
	ck_assert_uint_eq(count_at("/hosts"), 0);
	look(status_requests(&cluster));
	ck_assert_uint_eq(count_at("/requests"), 0);
	look(status_access(&cluster));
	ck_assert_uint_eq(count_at("/access"), 0);
}
END_TEST

START_TEST(tables_without_a_host_of_ours_are_shown)
{
	cluster.host = NULL;
	make_request(1, PHOTOS, EDIT1, EDIT2);
	look_at_status();
	ck_text("/cluster", "studio");
	ck_text("/volumes/0/writer", "edit1");
	ck_null("/volumes/0/writer_state");
	ck_null("/volumes/0/here");
	ck_null("/volumes/0/may_mount");
	ck_null("/requests/0/deadline_s");
	look(status_hosts(&cluster));
	ck_null("/hosts/1/state");
	ck_text("/hosts/3/state", "logged-off");
}
END_TEST

START_TEST(monitoring_has_three_words)
{
	host->suspended = true;
	look_at_status();
	ck_text("/monitoring", "suspended");
	host->phase = HOST_LOGGING_OFF;
	look_at_status();
	ck_text("/monitoring", "logged-off");
	host->phase = HOST_OFF;
	look_at_status();
	ck_text("/monitoring", "logged-off");
	host->suspended = false;
	host->phase = HOST_REFUSED;
	snprintf(host->trouble, sizeof(host->trouble), "another machine has this row");
	look_at_status();
	ck_text("/monitoring", "logged-off");
	ck_text("/problem", "another machine has this row");
}
END_TEST

START_TEST(the_control_device_has_five_states)
{
	static const char *const words[] = {
		[CONTROL_OK] = "ok",		     [CONTROL_SLOW] = "slow",
		[CONTROL_SILENT] = "silent",	     [CONTROL_READ_ONLY] = "read-only",
		[CONTROL_GONE] = "gone",
	};

	for (unsigned int i = 0; i < 5; i++) {
		cluster.state = i;
		look_at_status();
		ck_text("/control/state", words[i]);
	}
	cluster.latency_us = 499;
	look_at_status();
	ck_assert_int_eq(number_at("/control/latency_ms"), 0);
	cluster.latency_us = 0;
	look_at_status();
	ck_null("/control/latency_ms");
}
END_TEST

/* --- volumes ------------------------------------------------------------------------------ */

START_TEST(the_writer_sees_its_volume)
{
	host->volumes[MEDIA].published = 12;
	host->volumes[MEDIA].free_bytes = 1ull << 40;
	look_at_volume(MEDIA);
	ck_text("/volumes/0/name", "media");
	ck_text("/volumes/0/cluster", "studio");
	ck_text("/volumes/0/uuid", "uuid-of-media");
	ck_text("/volumes/0/fstype", "ext4");
	ck_text("/volumes/0/device", "/dev/sdx");
	ck_text("/volumes/0/mount_point", "/volumes/media");
	ck_assert(bool_at("/volumes/0/enabled"));
	ck_text("/volumes/0/writer", "edit1");
	ck_text("/volumes/0/writer_state", "alive");
	ck_assert_int_eq(number_at("/volumes/0/epoch"), 30);
	ck_text("/volumes/0/here", "rw");
	ck_text("/volumes/0/view", "none");
	ck_assert(!bool_at("/volumes/0/may_be_torn"));
	ck_assert_int_eq(number_at("/volumes/0/generation_seen"), 12);
	ck_assert_int_eq(number_at("/volumes/0/generation_published"), 12);
	ck_null("/volumes/0/age_s");
	ck_text("/volumes/0/viewers", "live");
	ck_text("/volumes/0/fencing", "best");
	ck_assert_uint_eq(count_at("/volumes/0/holders"), 0);
	ck_assert_int_eq(number_at("/volumes/0/free_bytes"), 1ll << 40);
	ck_assert(bool_at("/volumes/0/may_mount"));
	ck_assert(bool_at("/volumes/0/may_write"));
	ck_null("/volumes/0/problem");
}
END_TEST

START_TEST(the_protection_is_said_plainly)
{
	look_at_volume(MEDIA);
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/protection"),
				     "given up only by the writer itself"));
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/protection"), "read-only"));
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/protection"),
				     "no fencing: a dead writer keeps the volume"));
}
END_TEST

START_TEST(a_view_may_be_torn_while_somebody_writes)
{
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/here", "ro");
	ck_text("/volumes/0/view", "fresh");
	ck_assert(bool_at("/volumes/0/may_be_torn"));
	ck_assert_int_eq(number_at("/volumes/0/generation_seen"), 7);
	ck_assert_int_eq(number_at("/volumes/0/generation_published"), 7);
	ck_age("/volumes/0/age_s", 5);

	/* Granted, and not yet mounted: it may begin at any moment. */
	tables->volumes[PHOTOS].phase = PHASE_GRANTING;
	look_at_volume(PHOTOS);
	ck_assert(bool_at("/volumes/0/may_be_torn"));

	tables->volumes[PHOTOS].phase = PHASE_FREE;
	look_at_volume(PHOTOS);
	ck_assert(!bool_at("/volumes/0/may_be_torn"));
	ck_null("/volumes/0/writer");
	ck_null("/volumes/0/writer_state");
	ck_null("/volumes/0/epoch");

	tables->volumes[PHOTOS].earlier_count = 1;
	look_at_volume(PHOTOS);
	ck_assert(bool_at("/volumes/0/may_be_torn"));
}
END_TEST

START_TEST(a_stale_view_may_be_torn_though_nobody_writes)
{
	tables->volumes[PHOTOS].phase = PHASE_FREE;
	host->volumes[PHOTOS].published = 8;
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/view", "stale");
	ck_assert(bool_at("/volumes/0/may_be_torn"));
	ck_assert_int_eq(number_at("/volumes/0/generation_seen"), 7);
	ck_assert_int_eq(number_at("/volumes/0/generation_published"), 8);
}
END_TEST

START_TEST(an_older_mount_that_programs_hold_is_a_stale_view)
{
	host->volumes[PHOTOS].mounted = MOUNTED_ENDED;
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/here", "ro");
	ck_text("/volumes/0/view", "stale");
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/problem"), "older mount"));

	host->volumes[MEDIA].view_held = true;
	look_at_volume(MEDIA);
	ck_text("/volumes/0/here", "rw");
	ck_text("/volumes/0/view", "stale");
	ck_assert(bool_at("/volumes/0/may_be_torn"));
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/problem"), "older mount"));
}
END_TEST

START_TEST(what_is_not_mounted_has_no_view)
{
	look_at_volume(SCRATCH);
	ck_text("/volumes/0/here", "none");
	ck_text("/volumes/0/view", "none");
	ck_assert(!bool_at("/volumes/0/may_be_torn"));
	ck_null("/volumes/0/generation_seen");
	ck_null("/volumes/0/age_s");
	ck_null("/volumes/0/free_bytes");
	ck_null("/volumes/0/problem");
}
END_TEST

START_TEST(before_this_host_has_looked_nothing_is_said_of_its_mounts)
{
	host->volumes[PHOTOS].looked = false;
	look_at_volume(PHOTOS);
	ck_null("/volumes/0/here");
	ck_null("/volumes/0/view");
	ck_null("/volumes/0/may_be_torn");
	ck_null("/volumes/0/generation_seen");
	ck_null("/volumes/0/age_s");
}
END_TEST

START_TEST(what_is_mounted_of_an_earlier_record_is_not_the_volumes)
{
	tables->volumes[PHOTOS].born = 40;
	tables->volumes[PHOTOS].generation = 3;
	host->volumes[PHOTOS].holder_count = 1;
	look_at_volume(PHOTOS);
	ck_null("/volumes/0/here");
	ck_null("/volumes/0/fstype");
	ck_null("/volumes/0/device");
	ck_null("/volumes/0/problem");
	ck_assert_int_eq(number_at("/volumes/0/generation_published"), 3);
	ck_assert_uint_eq(count_at("/volumes/0/holders"), 0);
}
END_TEST

START_TEST(the_writers_state_is_what_its_beats_show)
{
	watch_peer(EDIT2, 8000);
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/writer_state", "alive");
	watch_peer(EDIT2, 9000);
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/writer_state", "late");
	watch_peer(EDIT2, 14000);
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/writer_state", "late");
	watch_peer(EDIT2, 15000);
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/writer_state", "dead");
	host->peers[EDIT2].seen = false;
	look_at_volume(PHOTOS);
	ck_null("/volumes/0/writer_state");
	tables->hosts[EDIT2].logged_on = false;
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/writer_state", "logged-off");
}
END_TEST

START_TEST(a_device_that_is_not_the_only_one_is_not_named)
{
	host->volumes[SCRATCH].device_count = 2;
	host->volumes[SCRATCH].fstype[0] = '\0';
	look_at_volume(SCRATCH);
	ck_null("/volumes/0/device");
	ck_null("/volumes/0/fstype");
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/problem"),
				     "2 devices here carry the file system uuid-of-scratch"));
	host->volumes[SCRATCH].device_count = 0;
	look_at_volume(SCRATCH);
	ck_null("/volumes/0/device");
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/problem"),
				     "no device here carries the file system uuid-of-scratch"));
}
END_TEST

START_TEST(a_problem_is_what_keeps_a_volume_from_being_as_it_should)
{
	struct host_volume *local = &host->volumes[SCRATCH];
	struct access_row none = { .volume = SCRATCH, .host = EDIT1, .mount = false,
				   .auto_update = true };

	local->outcome = MOUNT_FAILED;
	snprintf(local->reason, sizeof(local->reason), "mount /dev/sdx: bad superblock");
	look_at_volume(SCRATCH);
	ck_text("/volumes/0/problem", "mount /dev/sdx: bad superblock");
	local->reason[0] = '\0';
	local->outcome = MOUNT_WRONG_FS;
	look_at_volume(SCRATCH);
	ck_text("/volumes/0/problem", mount_outcome_text(MOUNT_WRONG_FS));
	local->outcome = MOUNT_DONE;
	local->mounted = MOUNTED_FOREIGN;
	look_at_volume(SCRATCH);
	ck_text("/volumes/0/here", "none");
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/problem"), "mounted by somebody else"));
	local->mounted = MOUNTED_NOT;
	local->unmount_wanted = true;
	look_at_volume(SCRATCH);
	ck_assert_ptr_nonnull(strstr(text_at("/volumes/0/problem"), "unmounted by order"));

	ck_assert_int_eq(tables_access_set(tables, &none), 0);
	look_at_volume(SCRATCH);
	ck_null("/volumes/0/problem");
	ck_assert(!bool_at("/volumes/0/may_mount"));
	ck_assert(!bool_at("/volumes/0/may_write"));
}
END_TEST

START_TEST(a_locked_out_host_may_mount_and_not_write)
{
	struct access_row never = { .volume = MEDIA, .host = EDIT1, .mount = true,
				    .write = WRITE_NEVER, .auto_update = true };

	ck_assert_int_eq(tables_access_set(tables, &never), 0);
	look_at_volume(MEDIA);
	ck_assert(bool_at("/volumes/0/may_mount"));
	ck_assert(!bool_at("/volumes/0/may_write"));
	host->slot = SLOT_NONE;
	look_at_volume(MEDIA);
	ck_null("/volumes/0/may_mount");
	ck_null("/volumes/0/may_write");
}
END_TEST

START_TEST(fencing_is_written_as_in_the_tables)
{
	tables->volumes[MEDIA].fencing = FENCING_COMMAND;
	snprintf(tables->volumes[MEDIA].fencing_command, NAME_BYTES_MAX + 1, "pdu");
	tables->volumes[MEDIA].viewers = VIEWERS_PUBLISHED;
	tables->volumes[MEDIA].enabled = false;
	look_at_volume(MEDIA);
	ck_text("/volumes/0/fencing", "command pdu");
	ck_text("/volumes/0/viewers", "published");
	ck_assert(!bool_at("/volumes/0/enabled"));
	tables->volumes[MEDIA].fencing = FENCING_RESERVATION;
	look_at_volume(MEDIA);
	ck_text("/volumes/0/fencing", "reservation");
}
END_TEST

START_TEST(holders_are_listed_as_far_as_they_are_known)
{
	struct host_volume *local = &host->volumes[PHOTOS];

	local->holder_count = HOLDERS_MAX + 5;
	local->holders[0] = (struct holder) { .pid = 4711, .kind = HOLDER_WRITING, .since_s = 90,
					      .command = "blender" };
	local->holders[1] = (struct holder) { .kind = HOLDER_KERNEL, .command = "loop device" };
	look_at_volume(PHOTOS);
	ck_assert_uint_eq(count_at("/volumes/0/holders"), HOLDERS_MAX);
	ck_assert_int_eq(number_at("/volumes/0/holder_count"), HOLDERS_MAX + 5);
	ck_assert_int_eq(number_at("/volumes/0/holders/0/pid"), 4711);
	ck_text("/volumes/0/holders/0/command", "blender");
	ck_text("/volumes/0/holders/0/kind", "writing");
	ck_assert_int_eq(number_at("/volumes/0/holders/0/since_s"), 90);
	ck_null("/volumes/0/holders/1/pid");
	ck_text("/volumes/0/holders/1/kind", "kernel");
}
END_TEST

START_TEST(what_comes_from_elsewhere_is_made_valid)
{
	struct host_volume *local = &host->volumes[PHOTOS];

	local->holder_count = 1;
	local->holders[0] = (struct holder) { .pid = 1, .command = "a\033[2Jb\xff\xc3" };
	local->outcome = MOUNT_FAILED;
	snprintf(local->reason, sizeof(local->reason), "no\nsuch\tthing \xe2\x80\xae \xc3\xa4");
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/holders/0/command", "a?[2Jb??");
	ck_text("/volumes/0/problem", "no?such thing ??? \xc3\xa4");
}
END_TEST

START_TEST(one_volume_alone_can_be_asked_for)
{
	make_request(1, PHOTOS, EDIT1, EDIT2);
	make_request(2, MEDIA, EDIT2, EDIT1);
	look(status_json(&cluster, PHOTOS));
	ck_assert_uint_eq(count_at("/volumes"), 1);
	ck_text("/volumes/0/name", "photos");
	ck_assert_uint_eq(count_at("/requests"), 1);
	ck_assert_int_eq(number_at("/requests/0/id"), 1);
	look(status_volumes(&cluster, FREE_SLOT));
	ck_assert_uint_eq(count_at("/volumes"), 0);
	look(status_volumes(&cluster, VOLUME_COUNT));
	ck_assert_uint_eq(count_at("/volumes"), 0);
	look(status_volumes(&cluster, SLOT_NONE));
	ck_assert_int_eq(number_at("/format"), 1);
	ck_assert_uint_eq(count_at("/volumes"), 3);
}
END_TEST

/* --- requests --------------------------------------------------------------------------- */

START_TEST(requests_have_their_place_in_the_queue_of_their_volume)
{
	make_request(3, PHOTOS, EDIT1, EDIT2);
	make_request(4, MEDIA, EDIT2, EDIT1);
	make_request(5, PHOTOS, RENDER, EDIT2)->state = REQUEST_REFUSED;
	make_request(6, PHOTOS, SPARE, EDIT2);
	snprintf(tables->requests[2].answer, TEXT_BYTES_MAX + 1, "not now");
	look(status_requests(&cluster));
	ck_assert_int_eq(number_at("/format"), 1);
	ck_assert_uint_eq(count_at("/requests"), 4);
	ck_assert_int_eq(number_at("/requests/0/id"), 3);
	ck_text("/requests/0/volume", "photos");
	ck_text("/requests/0/cluster", "studio");
	ck_text("/requests/0/from", "edit1");
	ck_text("/requests/0/to", "edit2");
	ck_text("/requests/0/text", "colour correction");
	ck_text("/requests/0/state", "asked");
	ck_assert_int_eq(number_at("/requests/0/place"), 1);
	ck_age("/requests/0/age_s", 20);
	ck_null("/requests/0/answer_text");
	ck_assert_int_eq(number_at("/requests/1/place"), 1);
	ck_text("/requests/2/state", "refused");
	ck_null("/requests/2/place");
	ck_null("/requests/2/deadline_s");
	ck_text("/requests/2/answer_text", "not now");
	ck_assert_int_eq(number_at("/requests/3/place"), 2);
}
END_TEST

START_TEST(requests_that_have_ended_are_not_part_of_the_status)
{
	make_request(1, PHOTOS, EDIT1, EDIT2)->state = REQUEST_GRANTED;
	make_request(2, PHOTOS, RENDER, EDIT2);
	look_at_status();
	ck_assert_uint_eq(count_at("/requests"), 1);
	ck_assert_int_eq(number_at("/requests/0/id"), 2);
}
END_TEST

START_TEST(each_end_of_a_request_has_its_word)
{
	make_request(1, PHOTOS, EDIT1, EDIT2)->state = REQUEST_GRANTED;
	make_request(2, PHOTOS, EDIT1, EDIT2)->state = REQUEST_TIMED_OUT;
	make_request(3, PHOTOS, EDIT1, EDIT2)->state = REQUEST_CANCELLED;
	make_request(4, SCRATCH, EDIT1, SLOT_NONE);
	look(status_requests(&cluster));
	ck_text("/requests/0/state", "granted");
	ck_text("/requests/1/state", "timed-out");
	ck_text("/requests/2/state", "cancelled");
	ck_text("/requests/3/state", "waiting");
	ck_null("/requests/3/to");
	ck_null("/requests/3/deadline_s");
}
END_TEST

START_TEST(with_answer_auto_only_the_first_is_asked)
{
	tables->hosts[EDIT2].answer = ANSWER_AUTO;
	make_request(1, PHOTOS, EDIT1, EDIT2);
	make_request(2, PHOTOS, RENDER, EDIT2);
	look(status_requests(&cluster));
	ck_text("/requests/0/state", "asked");
	ck_text("/requests/1/state", "waiting");
	ck_null("/requests/0/deadline_s");
}
END_TEST

START_TEST(the_writers_host_counts_the_deadline_from_when_it_saw_the_request)
{
	make_request(1, MEDIA, EDIT2, EDIT1);
	make_request(2, MEDIA, RENDER, EDIT1);
	tables->volumes[MEDIA].answer_within_ms = 1000000;
	host->requests[0] = (struct host_request) { .id = 1, .volume = MEDIA,
						    .seen_ms = clock_boot_ms() - 300000 };
	host->request_count = 1;
	look(status_requests(&cluster));
	ck_assert_int_le(number_at("/requests/0/deadline_s"), 700);
	ck_assert_int_ge(number_at("/requests/0/deadline_s"), 700 - SLACK_S);
	ck_null("/requests/1/deadline_s");

	host->requests[0].seen_ms = clock_boot_ms() - 1000001;
	look(status_requests(&cluster));
	ck_assert_int_eq(number_at("/requests/0/deadline_s"), 0);
	host->requests[0].decision = DECIDE_YES;
	look(status_requests(&cluster));
	ck_null("/requests/0/deadline_s");
}
END_TEST

START_TEST(the_asking_host_knows_the_deadline_roughly_and_others_not_at_all)
{
	make_request(1, PHOTOS, EDIT1, EDIT2);
	make_request(2, PHOTOS, RENDER, EDIT2);
	tables->volumes[PHOTOS].answer_within_ms = 1000000;
	look(status_requests(&cluster));
	ck_assert_int_le(number_at("/requests/0/deadline_s"), 980);
	ck_assert_int_ge(number_at("/requests/0/deadline_s"), 980 - SLACK_S);
	ck_null("/requests/1/deadline_s");
}
END_TEST

/* --- hosts and access --------------------------------------------------------------------- */

START_TEST(hosts_have_the_state_that_their_beats_show)
{
	watch_peer(EDIT2, 3000);
	watch_peer(RENDER, 20000);
	watch_peer(SPARE, 20000);
	tables->hosts[EDIT2].answer = ANSWER_AUTO;
	tables->hosts[RENDER].valid = false;
	memset(tables->hosts[EDIT2].machine.bytes, 0xab, 16);
	look(status_hosts(&cluster));
	ck_assert_int_eq(number_at("/format"), 1);
	ck_assert_uint_eq(count_at("/hosts"), 4);
	ck_text("/hosts/0/name", "edit1");
	ck_text("/hosts/0/state", "alive");
	ck_text("/hosts/0/incarnation", "0123456789abcdef");
	ck_null("/hosts/0/beat_age_s");
	ck_text("/hosts/0/answer", "ask");
	ck_assert(bool_at("/hosts/0/valid"));
	ck_null("/hosts/0/machine");
	ck_text("/hosts/1/name", "edit2");
	ck_text("/hosts/1/cluster", "studio");
	ck_text("/hosts/1/state", "alive");
	ck_assert_int_eq(number_at("/hosts/1/beat_age_s"), 3);
	ck_text("/hosts/1/answer", "auto");
	ck_text("/hosts/1/machine", "abababababababababababababababab");
	ck_text("/hosts/2/state", "dead");
	ck_assert(!bool_at("/hosts/2/valid"));
	/* It has a row, and never beat: nobody says that it died. */
	ck_text("/hosts/3/name", "spare");
	ck_text("/hosts/3/state", "logged-off");
	ck_null("/hosts/3/incarnation");
	ck_null("/hosts/3/beat_age_s");
}
END_TEST

START_TEST(a_removed_host_is_still_named_where_it_stands)
{
	give(PHOTOS, REMOVED);
	look_at_volume(PHOTOS);
	ck_text("/volumes/0/writer", "removed");
}
END_TEST

START_TEST(access_is_listed_for_each_pair)
{
	struct access_row never = { .volume = PHOTOS, .host = RENDER, .mount = true,
				    .write = WRITE_NEVER, .check_every_ms = 5000 };

	ck_assert_int_eq(tables_access_set(tables, &never), 0);
	look(status_access(&cluster));
	ck_assert(bool_at("/complete"));
	ck_assert_uint_eq(count_at("/access"), 3 * 4);
	ck_text("/access/0/volume", "media");
	ck_text("/access/0/host", "edit1");
	ck_assert(bool_at("/access/0/mount"));
	ck_text("/access/0/write", "ask");
	ck_assert(bool_at("/access/0/auto_update"));
	ck_assert_int_eq(number_at("/access/0/check_every_ms"), 0);
	ck_text("/access/6/volume", "photos");
	ck_text("/access/6/host", "render");
	ck_text("/access/6/write", "never");
	ck_assert(!bool_at("/access/6/auto_update"));
	ck_assert_int_eq(number_at("/access/6/check_every_ms"), 5000);
}
END_TEST

START_TEST(of_too_many_pairs_only_records_are_listed)
{
	struct access_row never = { .volume = PHOTOS, .host = RENDER, .mount = true,
				    .write = WRITE_NEVER, .auto_update = true };

	ck_assert_int_eq(tables_access_set(tables, &never), 0);
	tables->volume_count = VOLUMES_MAX;
	tables->host_count = STATUS_ACCESS_MAX / VOLUMES_MAX;
	look(status_access(&cluster));
	ck_assert(bool_at("/complete"));
	tables->host_count++;
	look(status_access(&cluster));
	ck_assert(!bool_at("/complete"));
	ck_assert_uint_eq(count_at("/access"), 1);
	ck_text("/access/0/host", "render");
}
END_TEST

/* --- events --------------------------------------------------------------------------------- */

START_TEST(times_are_iso_8601_in_utc)
{
	json_object *time = status_time(1795262400);

	ck_assert_str_eq(json_object_get_string(time), "2026-11-21T12:00:00Z");
	json_object_put(time);
	time = status_time(0);
	ck_assert_str_eq(json_object_get_string(time), "1970-01-01T00:00:00Z");
	json_object_put(time);
}
END_TEST

START_TEST(an_event_has_the_members_of_its_kind)
{
	struct news posted = { .kind = NEWS_REQUEST_POSTED, .volume = MEDIA, .host = EDIT2,
			       .request = 12, .text = "please\x01" };
	struct news changed = { .kind = NEWS_TABLES_CHANGED, .volume = SLOT_NONE,
				.host = SLOT_NONE };
	int year;

	look(status_event(&cluster, &posted));
	ck_assert_uint_eq(strlen(text_at("/time")), strlen("2026-11-21T12:00:00Z"));
	ck_assert_int_eq(sscanf(text_at("/time"), "%4d-", &year), 1);
	ck_assert_int_ge(year, 2026);
	ck_text("/kind", "request-posted");
	ck_text("/cluster", "studio");
	ck_text("/volume", "media");
	ck_text("/host", "edit2");
	ck_assert_int_eq(number_at("/request"), 12);
	ck_text("/text", "please?");

	look(status_event(&cluster, &changed));
	ck_text("/kind", "tables-changed");
	ck_assert_int_eq(json_object_object_length(root), 3);
}
END_TEST

/* --- metrics ---------------------------------------------------------------------------------- */

#define NAMES_MAX 64

static char *metrics;

static const char *metrics_of(struct cluster *const *clusters, unsigned int count)
{
	free(metrics);
	metrics = status_metrics(clusters, count);
	ck_assert_ptr_nonnull(metrics);
	return metrics;
}

static void ck_metric(const char *line)
{
	char wanted[512];

	snprintf(wanted, sizeof(wanted), "\n%s\n", line);
	ck_assert_msg(strstr(metrics, wanted), "[%s] is not in\n%s", line, metrics);
}

/* The name that a line is about: "# TYPE NAME ...", or "NAME{...". */
static void line_name(const char *line, char *name, size_t size)
{
	if (line[0] == '#')
		line += strcspn(line + 2, " ") + 3;
	snprintf(name, size, "%.*s", (int)strcspn(line, " {"), line);
}

static void ck_sample(const char *line, const char *family, bool counter)
{
	const char *end = strstr(line, "} ");
	char *rest;

	ck_assert_msg(strncmp(line, family, strlen(family)) == 0, "%s in family %s", line, family);
	line += strlen(family);
	if (counter) {
		ck_assert_int_eq(strncmp(line, "_total", 6), 0);
		line += 6;
	}
	ck_assert_int_eq(strncmp(line, "{cluster=\"", 10), 0);
	ck_assert_ptr_nonnull(end);
	ck_assert_double_ge(strtod(end + 2, &rest), 0);
	ck_assert_str_eq(rest, "");
}

/* What every reader of OpenMetrics relies on. */
static void lint(void)
{
	char *text = strdup(metrics);
	char names[NAMES_MAX][64];
	unsigned int count = 0;
	bool counter = false;
	bool helped = false;
	bool ended = false;

	ck_assert_ptr_nonnull(text);
	ck_assert_int_eq(text[strlen(text) - 1], '\n');
	for (char *next, *line = text; *line; line = next) {
		char name[64];

		next = line + strcspn(line, "\n");
		*next++ = '\0';
		ck_assert(!ended);
		ended = strcmp(line, "# EOF") == 0;
		if (ended)
			continue;
		line_name(line, name, sizeof(name));
		if (strncmp(line, "# TYPE ", 7) == 0) {
			ck_assert(count == 0 || helped);
			for (unsigned int i = 0; i < count; i++)
				ck_assert_str_ne(names[i], name);
			ck_assert_uint_lt(count, NAMES_MAX);
			snprintf(names[count++], sizeof(names[0]), "%s", name);
			ck_assert_int_eq(strncmp(name, "volctl_", 7), 0);
			counter = strcmp(line + 8 + strlen(name), "counter") == 0;
			ck_assert(counter || strcmp(line + 8 + strlen(name), "gauge") == 0);
			helped = false;
		} else if (strncmp(line, "# UNIT ", 7) == 0) {
			const char *unit = line + 8 + strlen(name);

			ck_assert_str_eq(names[count - 1], name);
			ck_assert_str_eq(name + strlen(name) - strlen(unit), unit);
			ck_assert(!helped);
		} else if (strncmp(line, "# HELP ", 7) == 0) {
			ck_assert_str_eq(names[count - 1], name);
			ck_assert(!helped);
			helped = true;
		} else {
			ck_assert(helped);
			ck_sample(line, names[count - 1], counter);
		}
	}
	ck_assert(ended);
	free(text);
}

START_TEST(metrics_show_what_is_here)
{
	struct cluster *clusters[] = { &cluster };

	host->volumes[MEDIA].free_bytes = 123456789;
	host->volumes[PHOTOS].published = 8;
	host->volumes[PHOTOS].holder_count = 2;
	make_request(1, PHOTOS, EDIT1, EDIT2);
	make_request(2, PHOTOS, RENDER, EDIT2);
	make_request(3, PHOTOS, RENDER, EDIT2)->state = REQUEST_REFUSED;
	metrics_of(clusters, 1);
	lint();
	ck_metric("volctl_logged_on{cluster=\"studio\"} 1");
	ck_metric("volctl_suspended{cluster=\"studio\"} 0");
	ck_metric("volctl_control_answers{cluster=\"studio\"} 1");
	ck_metric("volctl_control_latency_seconds{cluster=\"studio\"} 0.003600");
	ck_metric("volctl_tables_version{cluster=\"studio\"} 41");
	ck_metric("volctl_log_ons_total{cluster=\"studio\"} 9");
	ck_metric("volctl_hosts{cluster=\"studio\",state=\"logged-on\"} 3");
	ck_metric("volctl_hosts{cluster=\"studio\",state=\"logged-off\"} 1");
	ck_metric("volctl_volume_mounted{cluster=\"studio\",volume=\"media\"} 1");
	ck_metric("volctl_volume_mounted{cluster=\"studio\",volume=\"scratch\"} 0");
	ck_metric("volctl_volume_writable{cluster=\"studio\",volume=\"media\"} 1");
	ck_metric("volctl_volume_writable{cluster=\"studio\",volume=\"photos\"} 0");
	ck_metric("volctl_volume_has_writer{cluster=\"studio\",volume=\"scratch\"} 0");
	ck_metric("volctl_volume_view_stale{cluster=\"studio\",volume=\"photos\"} 1");
	ck_metric("volctl_volume_generation{cluster=\"studio\",volume=\"photos\"} 8");
	ck_metric("volctl_volume_holders{cluster=\"studio\",volume=\"photos\"} 2");
	ck_metric("volctl_volume_free_bytes{cluster=\"studio\",volume=\"media\"} 123456789");
	ck_metric("volctl_volume_requests{cluster=\"studio\",volume=\"photos\"} 2");
	ck_assert_ptr_null(strstr(metrics, "volctl_volume_free_bytes{cluster=\"studio\","
					   "volume=\"photos\"}"));
	free(metrics);
	metrics = NULL;
}
END_TEST

START_TEST(metrics_of_several_clusters_keep_families_together)
{
	struct cluster unknown = {
		.owner.config = &config,
		.path = "/dev/\"odd\\name\"",
		.state = CONTROL_GONE,
	};
	struct cluster *clusters[] = { &cluster, &unknown };

	metrics_of(clusters, 2);
	lint();
	ck_metric("volctl_logged_on{cluster=\"studio\"} 1\n"
		  "volctl_logged_on{cluster=\"/dev/\\\"odd\\\\name\\\"\"} 0");
	ck_metric("volctl_control_answers{cluster=\"/dev/\\\"odd\\\\name\\\"\"} 0");
	ck_assert_ptr_null(strstr(metrics, "volctl_tables_version{cluster=\"/dev/"));
	metrics_of(clusters, 0);
	lint();
	free(metrics);
	metrics = NULL;
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("status");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, everything_has_the_members_that_were_promised);
	tcase_add_test(tests, the_whole_says_who_and_where_and_how);
	tcase_add_test(tests, what_is_not_known_yet_is_null);
	tcase_add_test(tests, tables_without_a_host_of_ours_are_shown);
	tcase_add_test(tests, monitoring_has_three_words);
	tcase_add_test(tests, the_control_device_has_five_states);
	tcase_add_test(tests, the_writer_sees_its_volume);
	tcase_add_test(tests, the_protection_is_said_plainly);
	tcase_add_test(tests, a_view_may_be_torn_while_somebody_writes);
	tcase_add_test(tests, a_stale_view_may_be_torn_though_nobody_writes);
	tcase_add_test(tests, an_older_mount_that_programs_hold_is_a_stale_view);
	tcase_add_test(tests, what_is_not_mounted_has_no_view);
	tcase_add_test(tests, before_this_host_has_looked_nothing_is_said_of_its_mounts);
	tcase_add_test(tests, what_is_mounted_of_an_earlier_record_is_not_the_volumes);
	tcase_add_test(tests, the_writers_state_is_what_its_beats_show);
	tcase_add_test(tests, a_device_that_is_not_the_only_one_is_not_named);
	tcase_add_test(tests, a_problem_is_what_keeps_a_volume_from_being_as_it_should);
	tcase_add_test(tests, a_locked_out_host_may_mount_and_not_write);
	tcase_add_test(tests, fencing_is_written_as_in_the_tables);
	tcase_add_test(tests, holders_are_listed_as_far_as_they_are_known);
	tcase_add_test(tests, what_comes_from_elsewhere_is_made_valid);
	tcase_add_test(tests, one_volume_alone_can_be_asked_for);
	tcase_add_test(tests, requests_have_their_place_in_the_queue_of_their_volume);
	tcase_add_test(tests, requests_that_have_ended_are_not_part_of_the_status);
	tcase_add_test(tests, each_end_of_a_request_has_its_word);
	tcase_add_test(tests, with_answer_auto_only_the_first_is_asked);
	tcase_add_test(tests, the_writers_host_counts_the_deadline_from_when_it_saw_the_request);
	tcase_add_test(tests, the_asking_host_knows_the_deadline_roughly_and_others_not_at_all);
	tcase_add_test(tests, hosts_have_the_state_that_their_beats_show);
	tcase_add_test(tests, a_removed_host_is_still_named_where_it_stands);
	tcase_add_test(tests, access_is_listed_for_each_pair);
	tcase_add_test(tests, of_too_many_pairs_only_records_are_listed);
	tcase_add_test(tests, times_are_iso_8601_in_utc);
	tcase_add_test(tests, an_event_has_the_members_of_its_kind);
	tcase_add_test(tests, metrics_show_what_is_here);
	tcase_add_test(tests, metrics_of_several_clusters_keep_families_together);
	return unit_run("status", tests);
}
