/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Format, check, repair and dump over files; each write of format and repair fails in turn. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "daemon/disk.h"
#include "tests/control.h"
#include "tests/fault_io.h"
#include "tests/unit.h"

static const char form[] = "[cluster]\nname = studio\nio-timeout = 400ms\n"
			   "[host a]\n[host b]\n"
			   "[volume media]\nuuid = 11111111-2222-3333-4444-555555555555\n"
			   "mount-point = /volumes/media\n";

static struct control control;
static struct volctl_error error;
static struct offline_checked *checked;
static struct offline_repaired *repaired;

static void set_up(void)
{
	control_make(&control);
	checked = calloc(1, sizeof(*checked));
	repaired = calloc(1, sizeof(*repaired));
}

static void tear_down(void)
{
	free(checked);
	free(repaired->difference);
	free(repaired);
	volctl_error_clear(&error);
	control_remove(&control);
}

static struct offline_format order(void)
{
	return (struct offline_format){
		.device = control.path,
		.text = form,
		.text_len = sizeof(form) - 1,
	};
}

static int format(const struct offline_format *orders)
{
	struct offline_formatted formatted;

	volctl_error_clear(&error);
	return offline_format(orders, &formatted, &error);
}

static void check(void)
{
	volctl_error_clear(&error);
	ck_assert_int_eq(offline_check(control.path, checked, &error), 0);
}

static int repair(bool dry_run)
{
	const struct offline_repair orders = { .device = control.path, .dry_run = dry_run };

	volctl_error_clear(&error);
	free(repaired->difference);
	repaired->difference = NULL;
	return offline_repair(&orders, repaired, &error);
}

static void spoil_image(const struct layout *layout)
{
	/* Where format puts the first version. */
	control_spoil(&control, layout_image(layout, 0, 0));
}

/* Fill the file with a pattern, so that nothing passes for zeroes. */
static void fill(size_t bytes)
{
	int fd = open(control.path, O_WRONLY | O_CLOEXEC);
	char block[4096];

	memset(block, 0xa5, sizeof(block));
	for (size_t done = 0; done < bytes; done += sizeof(block))
		ck_assert_int_eq(write(fd, block, sizeof(block)), sizeof(block));
	close(fd);
}

START_TEST(what_was_formatted_is_whole)
{
	struct offline_format orders = order();

	ck_assert_int_eq(format(&orders), 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_eq(checked->version, 1);
	ck_assert_uint_eq(checked->layout.capacity.hosts, OFFLINE_HOSTS_DEFAULT);
	ck_assert_uint_eq(checked->layout.capacity.volumes, OFFLINE_VOLUMES_DEFAULT);
	ck_assert_uint_le(checked->layout.total_bytes, 16 * 1024 * 1024);
	ck_assert_str_eq(checked->name, "studio");
}
END_TEST

START_TEST(the_largest_capacity_is_formatted_within_2_gib)
{
	struct offline_format orders = order();

	orders.hosts = HOSTS_MAX;
	orders.volumes = VOLUMES_MAX;
	ck_assert_int_eq(format(&orders), 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_le(checked->layout.total_bytes, 2ULL * 1024 * 1024 * 1024);
	orders.hosts = HOSTS_MAX + 1;
	orders.force = true;
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "bad-capacity");
}
END_TEST

START_TEST(a_capacity_below_what_the_text_names_is_refused)
{
	struct offline_format orders = order();

	orders.hosts = 1;
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "bad-capacity");
	orders.hosts = 2;
	ck_assert_int_eq(format(&orders), 0);
}
END_TEST

START_TEST(a_device_that_is_not_there_is_named)
{
	struct offline_format orders = order();

	orders.device = "/dev/no-such-device";
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "no-such-device");
	ck_assert_int_eq(error.exit, EXIT_NO_SUCH);
	ck_assert_str_eq(error.object, orders.device);
	orders.device = "/dev/null";
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "not-a-device");
}
END_TEST

START_TEST(a_wrong_text_is_refused_with_its_places)
{
	struct offline_format orders = order();
	struct json_object *errors;

	orders.text = "[cluster]\nname = studio\n[host a]\nvalid = maybe\n";
	orders.text_len = strlen(orders.text);
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "form-wrong");
	errors = json_object_object_get(error.details, "errors");
	ck_assert_uint_eq(json_object_array_length(errors), 1);
	ck_assert_int_eq(json_object_get_int(json_object_object_get(
				 json_object_array_get_idx(errors, 0), "line")), 4);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_UNREADABLE);
}
END_TEST

START_TEST(a_device_that_holds_something_known_is_refused_unless_forced)
{
	static const uint8_t luks_head[] = { 'L', 'U', 'K', 'S', 0xba, 0xbe, 0, 1 };
	struct offline_format orders = order();
	int fd = open(control.path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 8 * 1024 * 1024), 0);
	ck_assert_int_eq(write(fd, luks_head, sizeof(luks_head)), sizeof(luks_head));
	close(fd);
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "holds-data");
	ck_assert_ptr_nonnull(strstr(error.message, "crypto_LUKS"));
	orders.force = true;
	ck_assert_int_eq(format(&orders), 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
}
END_TEST

/* The mark of btrfs lies behind our first blocks. */
static void make_look_like_btrfs(void)
{
	uint8_t super[4096] = { 0 };
	int fd = open(control.path, O_WRONLY | O_CLOEXEC);

	memcpy(super + 64, "_BHRfS_M", 8);
	ck_assert_int_eq(pwrite(fd, super, sizeof(super), 64 * 1024), sizeof(super));
	close(fd);
}

START_TEST(a_forced_format_takes_away_the_marks_of_what_was_there)
{
	struct offline_format orders = order();

	ck_assert_int_eq(truncate(control.path, 8 * 1024 * 1024), 0);
	make_look_like_btrfs();
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_ptr_nonnull(strstr(error.message, "btrfs"));
	orders.force = true;
	ck_assert_int_eq(format(&orders), 0);
	orders.force = false;
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_ptr_nonnull(strstr(error.message, "control device"));
}
END_TEST

START_TEST(repair_leaves_a_device_alone_that_is_something_else_by_now)
{
	struct offline_format orders = order();

	ck_assert_int_eq(format(&orders), 0);
	control_spoil(&control, 0);
	make_look_like_btrfs();
	ck_assert_int_lt(repair(false), 0);
	ck_assert_str_eq(error.code, "holds-data");
}
END_TEST

START_TEST(a_control_device_is_refused_unless_forced)
{
	struct offline_format orders = order();
	struct id128 cluster;

	ck_assert_int_eq(format(&orders), 0);
	check();
	cluster = checked->super.cluster;
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "holds-data");
	ck_assert_ptr_nonnull(strstr(error.message, "studio"));
	orders.force = true;
	ck_assert_int_eq(format(&orders), 0);
	check();
	ck_assert_mem_ne(&checked->super.cluster, &cluster, sizeof(cluster));
}
END_TEST

START_TEST(a_dry_run_writes_nothing)
{
	struct offline_format orders = order();

	orders.dry_run = true;
	ck_assert_int_eq(format(&orders), 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_UNREADABLE);
}
END_TEST

/* A device that can not grow. */
START_TEST(a_device_that_is_too_small_is_refused_with_what_it_takes)
{
	struct offline_format orders = order();
	struct offline_formatted formatted;
	struct layout layout;
	struct io_ops ops;
	struct io *io;

	io = control_open(&control);
	ck_assert_int_eq(io_extend(io, 1024 * 1024), 0);
	layout_make(&layout, io->sector_size,
		    &(struct capacity){ OFFLINE_HOSTS_DEFAULT, OFFLINE_VOLUMES_DEFAULT,
					OFFLINE_HOSTS_DEFAULT * OFFLINE_VOLUMES_DEFAULT });
	ops = *io->ops;
	ops.extend = NULL;
	io->ops = &ops;
	ck_assert_int_eq(offline_format_io(io, &orders, &formatted, &error), -ENOSPC);
	ck_assert_str_eq(error.code, "too-small");
	{
		char bytes[32];

		(void)snprintf(bytes, sizeof(bytes), "take %llu",
			       (unsigned long long)layout.total_bytes);
		ck_assert_ptr_nonnull(strstr(error.message, bytes));
	}
	io_close(io);
}
END_TEST

static const enum fault_kind crashes[] = { FAULT_ERROR, FAULT_CRASH, FAULT_TORN_CRASH };

/* Format once more with the @countdown'th write failing.  False: it did not come that far. */
static bool format_with_fault(enum fault_kind kind, uint64_t countdown)
{
	struct offline_format orders = order();
	struct offline_formatted formatted;
	struct io *io = fault_io_new(control_open(&control));
	struct fault_io_counts counts;
	int r;

	orders.force = true;
	fault_io_set(io, &(struct fault){ .kind = kind, .scope = FAULT_WRITES,
					  .countdown = countdown });
	volctl_error_clear(&error);
	r = offline_format_io(io, &orders, &formatted, &error);
	counts = fault_io_counts(io);
	ck_assert_int_eq(r == 0, counts.hits == 0);
	io_close(io);
	return counts.hits > 0;
}

START_TEST(an_interrupted_format_leaves_the_old_state_no_control_device_or_a_whole_one)
{
	struct offline_format orders = order();
	struct id128 cluster;
	uint64_t n;

	for (n = 0;; n++) {
		orders.force = true;
		ck_assert_int_eq(format(&orders), 0);
		check();
		cluster = checked->super.cluster;
		if (!format_with_fault(crashes[_i], n))
			break;
		check();
		if (checked->state == OFFLINE_UNREADABLE)
			continue;
		if (memcmp(&checked->super.cluster, &cluster, sizeof(cluster)) == 0) {
			/* Only the very first write can have been lost. */
			ck_assert_uint_le(n, 1);
			continue;
		}
		/* All but the first superblock is there, and the other one is enough. */
		ck_assert(checked->has_tables);
		ck_assert_uint_le(checked->damage_count, 1);
		ck_assert_str_eq(checked->damage_count > 0 ? checked->damages[0].region :
				 "superblock", "superblock");
	}
	ck_assert_uint_gt(n, 10);
}
END_TEST

START_TEST(every_damaged_block_is_named)
{
	struct offline_format orders = order();
	const struct layout *layout = &checked->layout;
	struct {
		const char *region;
		uint16_t host;
		uint64_t offset;
	} blocks[7];
	size_t count = 0;

	ck_assert_int_eq(format(&orders), 0);
	check();
	blocks[count].region = "superblock";
	blocks[count].host = SLOT_NONE;
	blocks[count++].offset = 0;
	blocks[count].region = "superblock";
	blocks[count].host = SLOT_NONE;
	blocks[count++].offset = layout->super_copy;
	blocks[count].region = "hint";
	blocks[count].host = SLOT_NONE;
	blocks[count++].offset = layout->hint;
	blocks[count].region = "ballot";
	blocks[count].host = 3;
	blocks[count++].offset = layout_ballot(layout, 3, 1);
	blocks[count].region = "beat";
	blocks[count].host = 7;
	blocks[count++].offset = layout_beat(layout, 7);
	blocks[count].region = "join";
	blocks[count].host = SLOT_NONE;
	blocks[count++].offset = layout_join(layout, 5);
	blocks[count].region = "image";
	blocks[count].host = 0;
	blocks[count++].offset = layout_image(layout, 0, 0);
	for (size_t i = 0; i < count; i++) {
		char *text;

		control_spoil(&control, blocks[i].offset);
		check();
		ck_assert_int_eq(checked->state, OFFLINE_DAMAGED);
		ck_assert_uint_eq(checked->damage_count, 1);
		ck_assert_str_eq(checked->damages[0].region, blocks[i].region);
		ck_assert_uint_eq(checked->damages[0].host, blocks[i].host);
		ck_assert_uint_eq(checked->damages[0].offset, blocks[i].offset);
		ck_assert_int_eq(checked->damages[0].verdict, BLOCK_DAMAGED);
		text = offline_damage_text(&checked->damages[0]);
		ck_assert_ptr_nonnull(strstr(text, blocks[i].region));
		free(text);
		control_spoil(&control, blocks[i].offset);	/* as it was */
	}
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
}
END_TEST

START_TEST(what_is_no_control_device_is_unreadable)
{
	check();
	ck_assert_int_eq(checked->state, OFFLINE_UNREADABLE);
	fill(1024 * 1024);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_UNREADABLE);
	ck_assert_int_eq(checked->damages[0].verdict, BLOCK_FOREIGN);
	ck_assert_int_lt(repair(false), 0);
	ck_assert_str_eq(error.code, "no-super");
	volctl_error_clear(&error);
	ck_assert_int_lt(offline_dump(control.path, NULL, NULL, &error), 0);
	ck_assert_str_eq(error.code, "no-super");
}
END_TEST

START_TEST(the_last_superblock_is_found_on_a_larger_device)
{
	struct offline_format orders = order();

	ck_assert_int_eq(format(&orders), 0);
	ck_assert_int_eq(truncate(control.path, 20 * 1024 * 1024), 0);
	control_spoil(&control, 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_DAMAGED);
	ck_assert_int_eq(repair(false), 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_eq(checked->version, 1);
}
END_TEST

START_TEST(repair_of_a_whole_device_does_nothing)
{
	struct offline_format orders = order();

	ck_assert_int_eq(format(&orders), 0);
	ck_assert_int_eq(repair(false), 0);
	ck_assert(!repaired->needed);
	check();
	ck_assert_uint_eq(checked->version, 1);
}
END_TEST

START_TEST(damaged_ballots_are_decided_again_above_every_version)
{
	struct offline_format orders = order();

	ck_assert_int_eq(format(&orders), 0);
	check();
	control_spoil(&control, layout_ballot(&checked->layout, 2, 0));
	control_spoil(&control, layout_ballot(&checked->layout, 2, 1));
	ck_assert_int_eq(repair(true), 0);
	ck_assert_ptr_nonnull(strstr(repaired->difference, "ballot of host 2"));
	check();
	ck_assert_uint_eq(checked->version, 1);
	ck_assert_int_eq(checked->state, OFFLINE_DAMAGED);
	ck_assert_int_eq(repair(false), 0);
	ck_assert_uint_eq(repaired->new_version, 2);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_eq(checked->version, 2);
	ck_assert_str_eq(checked->name, "studio");
}
END_TEST

START_TEST(without_a_whole_image_repair_refuses_and_changes_nothing)
{
	struct offline_format orders = order();

	ck_assert_int_eq(format(&orders), 0);
	check();
	spoil_image(&checked->layout);
	ck_assert_int_lt(repair(false), 0);
	ck_assert_str_eq(error.code, "no-tables");
	spoil_image(&checked->layout);	/* as it was */
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
}
END_TEST

START_TEST(a_lost_image_is_replaced_by_the_newest_one_left_and_the_loss_is_told)
{
	struct offline_format orders = order();
	uint64_t offset = 0;

	ck_assert_int_eq(format(&orders), 0);
	check();
	/* Decides the same tables as version 2, in another place; both images are whole. */
	control_spoil(&control, layout_ballot(&checked->layout, 2, 0));
	ck_assert_int_eq(repair(false), 0);
	check();
	ck_assert_uint_eq(checked->version, 2);
	for (unsigned int slot = 1; slot < IMAGE_SLOTS && checked->damage_count == 0; slot++) {
		offset = layout_image(&checked->layout, 0, slot);
		control_spoil(&control, offset);
		check();
	}
	ck_assert_uint_eq(checked->damage_count, 1);
	ck_assert_int_eq(repair(false), 0);
	ck_assert_uint_eq(repaired->kept_version, 1);
	ck_assert_uint_eq(repaired->new_version, 3);
	ck_assert_ptr_nonnull(strstr(repaired->difference, "lost: what versions 2 to 2"));
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_eq(checked->version, 3);
}
END_TEST

START_TEST(an_interrupted_repair_leaves_tables_and_can_be_made_again)
{
	struct offline_format orders = order();
	uint64_t n;

	orders.force = true;
	for (n = 0;; n++) {
		const struct offline_repair repairs = { .device = control.path };
		struct fault_io_counts counts;
		struct io *io;

		ck_assert_int_eq(format(&orders), 0);
		check();
		control_spoil(&control, 0);
		control_spoil(&control, checked->layout.hint);
		control_spoil(&control, layout_ballot(&checked->layout, 1, 1));
		control_spoil(&control, layout_ballot(&checked->layout, 2, 0));
		control_spoil(&control, layout_ballot(&checked->layout, 2, 1));
		control_spoil(&control, layout_join(&checked->layout, 0));
		io = fault_io_new(control_open(&control));
		fault_io_set(io, &(struct fault){ .kind = crashes[_i], .scope = FAULT_WRITES,
						  .countdown = n });
		free(repaired->difference);
		repaired->difference = NULL;
		volctl_error_clear(&error);
		(void)offline_repair_io(io, &repairs, repaired, &error);
		counts = fault_io_counts(io);
		io_close(io);
		check();
		ck_assert(checked->has_tables);
		ck_assert_uint_ge(checked->version, 1);
		ck_assert_uint_le(checked->version, 2);
		ck_assert_int_eq(repair(false), 0);
		check();
		ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
		ck_assert_uint_ge(checked->version, 2);
		if (counts.hits == 0)
			break;
	}
	ck_assert_uint_gt(n, 10);
}
END_TEST

/* Somebody beats in row 0. */
static struct disk *run_host(void)
{
	struct disk_terms terms = {
		.poll_ms = 20,
		.io_timeout_ms = 400,
		.machine.bytes = { 1 },
		.boot.bytes = { 1 },
		.incarnation = 7,
	};
	struct disk_event event = { .kind = DISK_NOTICE };
	enum block_verdict verdicts[2];
	struct disk *disk;
	bool claimed = false;
	int fd;

	terms.io = control_open(&control);
	ck_assert_int_eq(disk_identify(terms.io, &terms.super, verdicts), 0);
	ck_assert_int_eq(disk_start(&terms, &disk, &fd), 0);
	while (!claimed) {
		if (!disk_next_event(disk, &event)) {
			usleep(1000);
			continue;
		}
		if (event.kind == DISK_LEARNED && event.tables->version == 1)
			ck_assert_int_eq(disk_claim(disk, 0), 0);
		claimed = event.kind == DISK_BEAT;
		disk_event_clear(&event);
	}
	return disk;
}

START_TEST(a_running_cluster_is_neither_formatted_nor_repaired_and_the_host_is_named)
{
	struct offline_format orders = order();
	struct disk *disk;

	ck_assert_int_eq(format(&orders), 0);
	check();
	disk = run_host();
	control_spoil(&control, layout_ballot(&checked->layout, 2, 0));
	ck_assert_int_lt(format(&orders), 0);
	ck_assert_str_eq(error.code, "running");
	ck_assert_ptr_nonnull(strstr(error.message, ": a"));
	ck_assert_int_lt(repair(false), 0);
	ck_assert_str_eq(error.code, "running");
	ck_assert_ptr_nonnull(strstr(error.message, "a is running"));
	/* It dies without logging off: repair waits until that is certain. */
	ck_assert_int_eq(disk_stop(disk, 5000), 0);
	ck_assert_int_eq(repair(false), 0);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
}
END_TEST

static struct beat beat_of_row_0(void)
{
	struct io *io = control_open(&control);
	void *sector = io_buffer(io, SECTOR_MAX);
	struct beat beat;

	ck_assert_int_eq(io_read(io, layout_beat(&checked->layout, 0), sector, SECTOR_MAX), 0);
	ck_assert_int_eq(beat_decode(sector, 0, checked->layout.sector_size,
				     &checked->layout.capacity, &checked->super.cluster, &beat),
			 BLOCK_OK);
	free(sector);
	io_close(io);
	return beat;
}

START_TEST(before_repair_writes_an_image_t_late_has_passed_and_no_dead_host_owns_its_row)
{
	struct offline_format orders = order();
	struct timespec began;
	struct timespec ended;

	ck_assert_int_eq(format(&orders), 0);
	check();
	ck_assert_int_eq(disk_stop(run_host(), 5000), 0);
	control_spoil(&control, layout_ballot(&checked->layout, 2, 0));
	clock_gettime(CLOCK_BOOTTIME, &began);
	ck_assert_int_eq(repair(false), 0);
	clock_gettime(CLOCK_BOOTTIME, &ended);
	ck_assert_int_ge((ended.tv_sec - began.tv_sec) * 1000 +
			 (ended.tv_nsec - began.tv_nsec) / 1000000, 8 * 400);
	check();
	ck_assert_int_eq(checked->state, OFFLINE_WHOLE);
	ck_assert_uint_ne(beat_of_row_0().incarnation, 7);
	ck_assert_uint_eq(beat_of_row_0().machine.bytes[0], 1);
	ck_assert(!beat_of_row_0().logged_off);
}
END_TEST

START_TEST(a_dump_says_the_same_as_json_and_as_text)
{
	struct offline_format orders = order();
	struct json_object *json;
	struct json_object *tables;
	char *text;

	ck_assert_int_eq(format(&orders), 0);
	check();
	control_spoil(&control, layout_beat(&checked->layout, 1));
	ck_assert_int_eq(offline_dump(control.path, &json, &text, &error), 0);
	tables = json_object_object_get(json, "tables");
	ck_assert_int_eq(json_object_get_int(json_object_object_get(tables, "version")), 1);
	ck_assert_ptr_nonnull(strstr(text, json_object_get_string(
						   json_object_object_get(tables, "text"))));
	ck_assert_uint_eq(json_object_array_length(json_object_object_get(json, "ballots")),
			  2 * OFFLINE_HOSTS_DEFAULT);
	ck_assert_ptr_nonnull(strstr(text, "damaged"));
	json_object_put(json);
	free(text);
}
END_TEST

START_TEST(a_template_is_a_text_that_can_be_formatted)
{
	const char *const none[] = { "/nowhere/*", NULL };
	struct offline_format orders = order();
	char *text;

	ck_assert_int_eq(offline_template(none, "edit1", &text, &error), 0);
	ck_assert_ptr_nonnull(strstr(text, "[host edit1]"));
	orders.text = text;
	orders.text_len = strlen(text);
	ck_assert_int_eq(format(&orders), 0);
	free(text);
	ck_assert_int_eq(offline_template(NULL, NULL, &text, &error), 0);
	orders.text = text;
	orders.text_len = strlen(text);
	orders.force = true;
	ck_assert_int_eq(format(&orders), 0);
	free(text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("offline");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, what_was_formatted_is_whole);
	tcase_add_test(tests, the_largest_capacity_is_formatted_within_2_gib);
	tcase_add_test(tests, a_capacity_below_what_the_text_names_is_refused);
	tcase_add_test(tests, a_device_that_is_not_there_is_named);
	tcase_add_test(tests, a_wrong_text_is_refused_with_its_places);
	tcase_add_test(tests, a_device_that_holds_something_known_is_refused_unless_forced);
	tcase_add_test(tests, a_forced_format_takes_away_the_marks_of_what_was_there);
	tcase_add_test(tests, repair_leaves_a_device_alone_that_is_something_else_by_now);
	tcase_add_test(tests, a_control_device_is_refused_unless_forced);
	tcase_add_test(tests, a_dry_run_writes_nothing);
	tcase_add_test(tests, a_device_that_is_too_small_is_refused_with_what_it_takes);
	tcase_add_loop_test(tests,
		an_interrupted_format_leaves_the_old_state_no_control_device_or_a_whole_one, 0, 3);
	tcase_add_test(tests, every_damaged_block_is_named);
	tcase_add_test(tests, what_is_no_control_device_is_unreadable);
	tcase_add_test(tests, the_last_superblock_is_found_on_a_larger_device);
	tcase_add_test(tests, repair_of_a_whole_device_does_nothing);
	tcase_add_test(tests, damaged_ballots_are_decided_again_above_every_version);
	tcase_add_test(tests, without_a_whole_image_repair_refuses_and_changes_nothing);
	tcase_add_test(tests, a_lost_image_is_replaced_by_the_newest_one_left_and_the_loss_is_told);
	tcase_add_loop_test(tests, an_interrupted_repair_leaves_tables_and_can_be_made_again, 0, 3);
	tcase_add_test(tests,
		a_running_cluster_is_neither_formatted_nor_repaired_and_the_host_is_named);
	tcase_add_test(
		tests,
		before_repair_writes_an_image_t_late_has_passed_and_no_dead_host_owns_its_row);
	tcase_add_test(tests, a_dump_says_the_same_as_json_and_as_text);
	tcase_add_test(tests, a_template_is_a_text_that_can_be_formatted);
	return unit_run("offline", tests);
}
