/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/form.h"

#include <string.h>

#include "tables/put.h"
#include "tables/sound.h"
#include "tests/unit.h"

static const struct capacity capacity = { .hosts = 4, .volumes = 3, .access = 2 };
static struct tables *tables;
static struct tables *other;
static struct form_errors errors;
static char text[64 * 1024];
static char transcript[8 * 1024];

static const char *const studio =
	"[cluster]\n"
	"name = studio\n"
	"[host edit1]\n"
	"[host edit2]\n"
	"[volume media]\n"
	"uuid = 0A1B-2C3D\n"
	"mount-point = /volumes/media\n"
	"[volume work]\n"
	"uuid = 0a1b-2c3e\n"
	"mount-point = /volumes/work\n";

/* Apply a text to a copy, which becomes the tables if it is right; the errors, one a line. */
static const char *apply(enum form_mode mode, const char *form)
{
	struct put put;

	tables_copy(other, tables);
	form_apply(other, form, strlen(form), mode, &errors);
	if (errors.count == 0) {
		tables_copy(tables, other);
		tables->version++;
		ck_assert_pstr_eq(tables_fault(tables), NULL);
	}
	put_begin(&put, transcript, sizeof(transcript));
	for (uint32_t i = 0; i < errors.count && i < CONF_ERRORS_MAX; i++) {
		put_number(&put, errors.errors[i].line);
		put_text(&put, ":");
		put_number(&put, errors.errors[i].column);
		put_text(&put, ": ");
		put_text(&put, errors.errors[i].text);
		put_text(&put, "\n");
	}
	return transcript;
}

static const char *print(bool comments)
{
	size_t len = form_print(tables, comments, text, sizeof(text));

	ck_assert_uint_lt(len, sizeof(text));
	ck_assert_uint_eq(strlen(text), len);
	return text;
}

/* The whole text of the tables with a part replaced. */
static const char *edited(const char *part, const char *by)
{
	static char edit[64 * 1024];
	const char *found = strstr(print(false), part);
	struct put put;

	ck_assert_ptr_nonnull(found);
	put_begin(&put, edit, sizeof(edit));
	put_bytes(&put, text, (size_t)(found - text));
	put_text(&put, by);
	put_text(&put, found + strlen(part));
	return edit;
}

static struct volume_row *volume(const char *name)
{
	return &tables->volumes[tables_volume_find(tables, name)];
}

static struct host_row *host(const char *name)
{
	return &tables->hosts[tables_host_find(tables, name)];
}

static void make_writer(const char *name, uint16_t slot)
{
	struct volume_row *row = volume(name);

	row->phase = PHASE_WRITING;
	row->writer = (struct right) { .host = slot, .incarnation = 5, .epoch = tables->version };
}

/* Set a key of media: the key stands in the second line. */
static const char *media_key(const char *key, const char *value)
{
	static char fragment[1024];
	struct put put;

	put_begin(&put, fragment, sizeof(fragment));
	put_text(&put, "[volume media]\n");
	put_text(&put, key);
	put_text(&put, " = ");
	put_text(&put, value);
	put_text(&put, "\n");
	return apply(FORM_SET, fragment);
}

static void setup(void)
{
	tables = calloc(1, sizeof(*tables));
	other = calloc(1, sizeof(*other));
	tables_init(tables, &capacity);
	ck_assert_str_eq(apply(FORM_WHOLE, studio), "");
	tables->version = 9;
}

static void teardown(void)
{
	free(tables);
	free(other);
}

/* What a text means. */

START_TEST(a_new_row_has_the_defaults_of_the_interface)
{
	const struct host_row *edit1 = host("edit1");
	const struct volume_row *media = volume("media");

	ck_assert_str_eq(tables->name, "studio");
	ck_assert_uint_eq(tables->io_timeout_ms, 4000);
	ck_assert(edit1->valid && edit1->notify && edit1->answer == ANSWER_ASK);
	ck_assert_uint_eq(edit1->weight, 1000);
	ck_assert_str_eq(edit1->domains, "ALL");
	ck_assert_str_eq(edit1->groups, "");
	ck_assert(media->enabled && !media->fail_back && !media->answer_default);
	ck_assert(media->may_leave_group && !media->balance);
	ck_assert_int_eq(media->fencing, FENCING_BEST);
	ck_assert_int_eq(media->takeover, TAKEOVER_ASK);
	ck_assert_int_eq(media->fsck, FSCK_NEVER);
	ck_assert_int_eq(media->viewers, VIEWERS_LIVE);
	ck_assert_uint_eq(media->min_hold_ms, 30000);
	ck_assert_uint_eq(media->answer_within_ms, 60000);
	ck_assert_uint_eq(media->quiet_grace_ms, 30000);
	ck_assert_uint_eq(media->publish_every_ms, 5000);
	ck_assert_uint_eq(media->view_max, 4);
	ck_assert_uint_eq(media->view_max_age_ms, 3600000);
	ck_assert_uint_eq(media->view_lease_max_ms, 600000);
	ck_assert_uint_eq(media->snapshots_max, 32);
	ck_assert_uint_eq(media->snapshots_space, 10);
	ck_assert_uint_eq(media->busy_above, 0);
	ck_assert_uint_eq(media->born, 1);
}
END_TEST

static const char *const everything =
	"[cluster]\n"
	"name = stage-2\n"
	"io-timeout = 2500ms\n"
	"\n"
	"[host edit1]\n"
	"valid = no\n"
	"answer = auto\n"
	"notify = no\n"
	"weight = 2.25\n"
	"groups = fast slow\n"
	"domains = left right\n"
	"\n"
	"[host edit2]\n"
	"valid = yes\n"
	"answer = ask\n"
	"\n"
	"[volume media]\n"
	"uuid = 0A1B-2C3D\n"
	"mount-point = \"/volumes/new #1\"\n"
	"enabled = no\n"
	"fencing = command cut\n"
	"takeover = auto\n"
	"fail-back = yes\n"
	"fsck = after-takeover\n"
	"min-hold = 0\n"
	"busy-above = 18446744073709551615\n"
	"answer-within = 90s\n"
	"answer-default = yes\n"
	"quiet-grace = 1ms\n"
	"publish-every = 2m\n"
	"view-max = 1\n"
	"view-max-age = 2h\n"
	"view-lease-max = 1s\n"
	"snapshots-max = 0\n"
	"snapshots-space = 100%\n"
	"options = noatime,discard=async\n"
	"weight = 0.001\n"
	"group = fast\n"
	"domains = left\n"
	"prefer = edit2\n"
	"may-leave-group = no\n"
	"balance = yes\n"
	"\n"
	"[volume work]\n"
	"uuid = 0a1b-2c3e\n"
	"mount-point = /volumes/work\n"
	"enabled = yes\n"
	"\n"
	"[access media edit1]\n"
	"mount = no\n"
	"write = never\n"
	"auto-update = no\n"
	"check-every = 10s\n";

START_TEST(every_key_is_read_and_printed_as_it_was_written)
{
	ck_assert_str_eq(apply(FORM_WHOLE, everything), "");
	ck_assert_str_eq(print(false), everything);
	ck_assert_uint_eq(volume("media")->weight, 1);
	ck_assert_str_eq(volume("media")->fencing_command, "cut");
	ck_assert_str_eq(volume("media")->mount_point, "/volumes/new #1");
	ck_assert(!tables_access(tables, 0, 0).mount);
}
END_TEST

START_TEST(what_is_printed_changes_nothing_when_it_is_read)
{
	ck_assert_str_eq(apply(FORM_WHOLE, everything), "");
	make_writer("media", 0);
	for (int comments = 0; comments <= 1; comments++) {
		const char *form = print(comments);

		tables_copy(other, tables);
		form_apply(other, form, strlen(form), FORM_WHOLE, &errors);
		ck_assert_uint_eq(errors.count, 0);
		ck_assert(tables_same(other, tables));
	}
}
END_TEST

START_TEST(a_whole_text_resets_what_it_does_not_say_and_keeps_what_no_text_says)
{
	struct volume_row before;

	ck_assert_str_eq(apply(FORM_WHOLE, everything), "");
	make_writer("media", 0);
	volume("media")->generation = 77;
	volume("media")->granted_request = 0;
	host("edit1")->incarnation = 5;
	host("edit1")->logged_on = true;
	before = *volume("media");
	ck_assert_str_eq(apply(FORM_WHOLE, studio), "");
	ck_assert_int_eq(volume("media")->takeover, TAKEOVER_ASK);
	ck_assert_str_eq(volume("media")->fencing_command, "");
	ck_assert_str_eq(volume("media")->prefer, "");
	ck_assert_uint_eq(volume("media")->min_hold_ms, 30000);
	ck_assert(right_same(&volume("media")->writer, &before.writer));
	ck_assert_uint_eq(volume("media")->generation, 77);
	ck_assert_uint_eq(volume("media")->born, before.born);
	ck_assert(host("edit1")->valid && host("edit1")->logged_on && host("edit1")->notify);
	ck_assert_int_eq(host("edit1")->answer, ANSWER_ASK);
	ck_assert_uint_eq(host("edit1")->weight, 1000);
	ck_assert_str_eq(host("edit1")->groups, "");
	ck_assert_str_eq(host("edit1")->domains, "ALL");
	ck_assert_uint_eq(host("edit1")->incarnation, 5);
	ck_assert_uint_eq(tables->access_count, 0);
	ck_assert_uint_eq(tables->io_timeout_ms, 4000);
}
END_TEST

START_TEST(a_fragment_changes_its_keys_alone)
{
	ck_assert_str_eq(apply(FORM_WHOLE, everything), "");
	ck_assert_str_eq(apply(FORM_SET,
			       "[volume MEDIA]\nfsck = never\n[cluster]\nio-timeout = 1s\n"
			       "[access media edit1]\nmount = yes\n"),
			 "");
	ck_assert_int_eq(volume("media")->fsck, FSCK_NEVER);
	ck_assert_str_eq(volume("media")->name, "media");
	ck_assert_int_eq(volume("media")->takeover, TAKEOVER_AUTO);
	ck_assert_uint_eq(tables->io_timeout_ms, 1000);
	ck_assert_str_eq(tables->name, "stage-2");
	ck_assert(tables_access(tables, 0, 0).mount);
	ck_assert_int_eq(tables_access(tables, 0, 0).write, WRITE_NEVER);
}
END_TEST

START_TEST(a_new_row_is_born_in_the_version_that_the_text_makes)
{
	ck_assert_str_eq(apply(FORM_ADD, "[volume new]\nuuid = 01\nmount-point = /new\n"
					 "[host edit3]\nanswer = auto\n"), "");
	ck_assert_uint_eq(volume("new")->born, 10);
	ck_assert_uint_eq(tables->version, 10);
	ck_assert_int_eq(host("edit3")->answer, ANSWER_AUTO);
}
END_TEST

START_TEST(sections_may_come_in_any_order)
{
	tables_init(tables, &capacity);
	ck_assert_str_eq(apply(FORM_WHOLE,
			       "[access media edit1]\nwrite = never\n"
			       "[volume media]\nuuid = 01\nmount-point = /m\nprefer = edit1\n"
			       "[host edit1]\n[cluster]\nname = x\n"),
			 "");
	ck_assert_int_eq(tables_access(tables, 0, 0).write, WRITE_NEVER);
}
END_TEST

START_TEST(a_row_takes_the_place_of_one_that_goes_in_the_same_text)
{
	ck_assert_str_eq(apply(FORM_ADD, "[volume third]\nuuid = 01\nmount-point = /third\n"), "");
	ck_assert_str_eq(apply(FORM_WHOLE, edited("[volume third]", "[volume fourth]")), "");
	ck_assert_uint_eq(tables_volume_find(tables, "third"), SLOT_NONE);
	ck_assert_uint_eq(tables_volume_find(tables, "fourth"), 2);
	ck_assert_uint_eq(volume("fourth")->born, tables->version);
}
END_TEST

START_TEST(a_whole_text_removes_what_it_does_not_name)
{
	ck_assert_str_eq(apply(FORM_SET, "[volume media]\nprefer = edit2\n"
					 "[access work edit2]\nmount = no\n"), "");
	ck_assert_str_eq(apply(FORM_WHOLE, "[cluster]\nname = s\n[host edit1]\n"), "");
	ck_assert_uint_eq(tables_volume_find(tables, "media"), SLOT_NONE);
	ck_assert_int_eq(tables->hosts[1].state, ROW_REMOVED);
	ck_assert_uint_eq(tables->access_count, 0);
}
END_TEST

START_TEST(two_volumes_exchange_their_uuids_in_one_text)
{
	ck_assert_str_eq(apply(FORM_SET,
			       "[volume media]\nuuid = 0a1b-2c3e\nmount-point = /volumes/work\n"
			       "[volume work]\nuuid = 0A1B-2C3D\nmount-point = /volumes/media\n"),
			 "");
	ck_assert_str_eq(volume("work")->uuid, "0A1B-2C3D");
}
END_TEST

START_TEST(lists_are_kept_with_one_blank_between_their_names)
{
	ck_assert_str_eq(apply(FORM_SET, "[host edit1]\ngroups =  a \t b  # c\n"), "");
	ck_assert_str_eq(host("edit1")->groups, "a b");
	ck_assert_str_eq(apply(FORM_SET, "[host edit1]\ngroups =\n"), "");
	ck_assert_str_eq(host("edit1")->groups, "");
}
END_TEST

START_TEST(a_value_is_printed_in_the_quotes_that_it_needs)
{
	static const char *const values[] = { "/v", "\"/v \"", "\"/v #\"", "'/\"v\" # w'", "/v's",
					      "\"/v's \"", "/v#w" };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char line[64];
		struct put put;

		put_begin(&put, line, sizeof(line));
		put_text(&put, "mount-point = ");
		put_text(&put, values[i]);
		put_text(&put, "\n");
		ck_assert_str_eq(media_key("mount-point", values[i]), "");
		ck_assert_msg(strstr(print(false), line), "%s", line);
	}
}
END_TEST

/* What goes wrong, and where. */

START_TEST(unknown_and_repeated_keys_and_sections_are_errors)
{
	ck_assert_str_eq(apply(FORM_SET,
			       "[volume media]\n  colour = red\nenabled = yes\nenabled = no\n"),
			 "2:3: expected a key of [volume], got 'colour'\n"
			 "4:1: expected each key once, got 'enabled'\n");
	ck_assert_str_eq(apply(FORM_SET, "[disk media]\nenabled = no\n"),
			 "1:2: expected cluster, host, volume or access, got 'disk'\n");
	ck_assert_str_eq(apply(FORM_SET,
			       "[host edit1]\n[volume media]\n[host EDIT1]\nvalid = maybe\n"),
			 "3:7: expected another host, this one stands above, got 'EDIT1'\n");
	ck_assert_str_eq(apply(FORM_SET, "[cluster]\n[cluster]\n"),
			 "2:2: expected another section, this one stands above, got 'cluster'\n");
	ck_assert_str_eq(apply(FORM_SET, "[access media edit1]\n[access MEDIA Edit1]\n"),
			 "2:9: expected another volume and host, these stand above, got 'MEDIA'\n");
	ck_assert_str_eq(apply(FORM_ADD, "[host x]\n[host x]\n"),
			 "2:7: expected another host, this one stands above, got 'x'\n");
}
END_TEST

START_TEST(the_head_of_a_section_has_its_names)
{
	ck_assert_str_eq(apply(FORM_SET, "[host]\n"), "1:6: expected the name of a host, got ''\n");
	ck_assert_str_eq(apply(FORM_SET, "[access media]\n"),
			 "1:14: expected the names of a volume and a host, got ''\n");
	ck_assert_str_eq(apply(FORM_SET, "[cluster x]\n"), "1:10: expected ']', got 'x'\n");
	ck_assert_str_eq(apply(FORM_SET, "[host edit1 x]\n"), "1:13: expected ']', got 'x'\n");
	ck_assert_str_eq(
		apply(FORM_ADD, "[host a/b]\n"),
		"1:7: expected a name of 1 to 63 letters, digits, '.', '_' or '-', got 'a/b'\n");
}
END_TEST

START_TEST(a_key_before_any_section_is_an_error)
{
	ck_assert_str_eq(apply(FORM_SET, "# x\nname = y\n"),
			 "2:1: expected a section, such as [cluster], got 'name'\n");
}
END_TEST

START_TEST(a_mode_has_the_rows_that_it_is_for)
{
	ck_assert_str_eq(apply(FORM_SET, "[host x]\nvalid = yes\n[volume y]\n"),
			 "1:7: expected a host of the tables, got 'x'\n"
			 "3:9: expected a volume of the tables, got 'y'\n");
	ck_assert_str_eq(apply(FORM_ADD, "[host Edit1]\n"),
			 "1:7: expected a name that no host has, got 'Edit1'\n");
	ck_assert_str_eq(apply(FORM_ADD, "[cluster]\nname = x\n"),
			 "1:2: expected host, volume or access, got 'cluster'\n");
	ck_assert_str_eq(apply(FORM_SET, "[access medium edit9]\n"),
			 "1:9: expected a volume of the tables, got 'medium'\n"
			 "1:16: expected a host of the tables, got 'edit9'\n");
	ck_assert_str_eq(apply(FORM_ADD, "[access media edit1]\nmount = no\n"), "");
	ck_assert_str_eq(
		apply(FORM_ADD, "[access media edit1]\nmount = yes\n"),
		"1:9: expected a volume and a host without an access record, got 'media'\n");
}
END_TEST

START_TEST(a_whole_text_names_the_cluster)
{
	ck_assert_str_eq(apply(FORM_WHOLE, ""),
			 "1:1: expected [cluster] with the key name, got ''\n");
	ck_assert_str_eq(apply(FORM_WHOLE, "[cluster]\nio-timeout = 1s\n"),
			 "1:2: expected a section with the key name, got 'cluster'\n");
	ck_assert_str_eq(
		apply(FORM_WHOLE, "[cluster]\nname =\n"),
		"2:7: expected a name of 1 to 63 letters, digits, '.', '_' or '-', got ''\n");
}
END_TEST

START_TEST(a_volume_has_a_uuid_and_a_mount_point)
{
	ck_assert_str_eq(apply(FORM_ADD, "[volume x]\n"),
			 "1:2: expected a section with the key uuid, got 'volume'\n"
			 "1:2: expected a section with the key mount-point, got 'volume'\n");
	ck_assert_str_eq(apply(FORM_ADD, "[volume x]\nuuid =\nmount-point = /x\n"),
			 "2:7: expected the UUID of a file system, as blkid shows it, got ''\n");
	ck_assert_str_eq(
		media_key("uuid", "12g4"),
		"2:8: expected the UUID of a file system, as blkid shows it, got '12g4'\n");
	ck_assert_str_eq(media_key("uuid", "-1"),
			 "2:8: expected the UUID of a file system, as blkid shows it, got '-1'\n");
	ck_assert_str_eq(media_key("uuid", "0123456789abcdef0123456789abcdef0123"), "");
	ck_assert_str_eq(media_key("uuid", "0123456789abcdef0123456789abcdef01234"),
			 "2:8: expected the UUID of a file system, as blkid shows it, got "
			 "'0123456789abcdef0123456789abcdef01234'\n");
}
END_TEST

START_TEST(uuids_and_mount_points_are_one_volumes_only)
{
	ck_assert_str_eq(media_key("uuid", "0A1b-2c3E"),
			 "2:8: expected another value than volume work has, got '0A1b-2c3E'\n");
	ck_assert_str_eq(
		media_key("mount-point", "/volumes/WORK"),
		"2:15: expected another value than volume work has, got '/volumes/WORK'\n");
	ck_assert_str_eq(apply(FORM_SET, "[volume media]\nuuid = 01\n[volume work]\nuuid = 01\n"),
			 "4:8: expected another value than volume media has, got '01'\n");
	ck_assert_str_eq(apply(FORM_SET,
			       "[volume media]\nuuid = 0a1b-2c3e\n[volume work]\nfsck = never\n"),
			 "3:2: expected another value than volume media has, got 'volume'\n");
	ck_assert_str_eq(apply(FORM_WHOLE, edited("0a1b-2c3e", "0A1B-2C3D")),
			 "19:8: expected another value than volume media has, got '0A1B-2C3D'\n");
}
END_TEST

START_TEST(a_mount_point_is_an_absolute_path_that_says_what_it_means)
{
	static const char *const bad[] = { "", "/", "volumes", "./v", "/v/", "//v", "/v//w", "/v/.",
					   "/./v", "/v/../w", "/..", "v/w" };
	static const char *const good[] = { "/v", "/v/w", "/v/...", "/v/.w", "/v/..w", "/v w" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)media_key("mount-point", bad[i]);
		ck_assert_msg(errors.count == 1, "'%s'", bad[i]);
		ck_assert_uint_eq(errors.errors[0].column, 15);
	}
	ck_assert_str_eq(
		media_key("mount-point", "/"),
		"2:15: expected an absolute path without '.', '..' and '//', not '/', got '/'\n");
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_str_eq(media_key("mount-point", good[i]), "");
}
END_TEST

START_TEST(options_that_undo_our_safety_are_refused)
{
	static const char *const bad[] = {
		"rw", "ro", "noload", "norecovery", "nologreplay", "rescue=all", "remount", "bind",
		"rbind", "noatime,rw", "noatime,rw,discard", "errors=panic", "loop=/dev/loop0",
		"x-mount.mkdir", "X-mount.subdir=a", "nobarrier", "barrier=0", "user", "shared",
		"offset=1", "logdev=/dev/sdb", "usebackuproot", "device=/dev/sdb", "sb=1", "nouuid",
		",", "noatime,", ",noatime", "a b", "a,,b", "=x", "a\"b", "a'b", "a\\b", "a;b",
	};
	static const char *const good[] = { "", "noatime", "noatime,discard", "compress=zstd:3",
					    "subvol=/a-b_c", "inode64", "row", "rwx=1", "uid=+5" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)media_key("options", bad[i]);
		ck_assert_msg(errors.count == 1, "'%s'", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_str_eq(media_key("options", good[i]), "");
	ck_assert_str_eq(
		media_key("options", "noatime,remount,discard"),
		"2:19: expected an option that leaves reading, writing and recovery alone, "
		"got 'remount'\n");
	ck_assert_str_eq(media_key("options", "noatime,"),
			 "2:19: expected mount options with ',' between them, got ''\n");
}
END_TEST

START_TEST(the_writer_is_shown_and_not_edited)
{
	make_writer("media", 1);
	ck_assert_ptr_nonnull(strstr(print(false), "writer = edit2\n"));
	ck_assert_str_eq(media_key("writer", "EDIT2"), "");
	ck_assert_str_eq(media_key("writer", "edit1"),
			 "2:10: expected edit2 (use request, release or takeover), got 'edit1'\n");
	ck_assert_str_eq(media_key("writer", ""),
			 "2:10: expected edit2 (use request, release or takeover), got ''\n");
	ck_assert_str_eq(
		apply(FORM_SET, "[volume work]\nwriter = edit1\n"),
		"2:10: expected no writer (use request, release or takeover), got 'edit1'\n");
	ck_assert_str_eq(apply(FORM_SET, "[volume work]\nwriter =\n"), "");
}
END_TEST

START_TEST(what_has_a_writer_or_is_logged_on_is_not_left_out)
{
	make_writer("media", 1);
	host("edit1")->logged_on = true;
	ck_assert_str_eq(apply(FORM_WHOLE, "[cluster]\nname = s"),
			 "2:9: expected [volume media], it has a writer, got ''\n"
			 "2:9: expected [host edit1], it is logged on, got ''\n"
			 "2:9: expected [host edit2], it is a writer, got ''\n");
}
END_TEST

START_TEST(a_volume_with_a_writer_keeps_its_uuid)
{
	make_writer("media", 1);
	ck_assert_str_eq(media_key("uuid", "01"),
			 "2:8: expected 0A1B-2C3D, the volume has a writer, got '01'\n");
	ck_assert_str_eq(media_key("uuid", "0a1b-2c3d"), "");
	ck_assert_str_eq(apply(FORM_SET, "[volume work]\nuuid = 01\n"), "");
}
END_TEST

START_TEST(ways_of_viewing_that_are_not_built_are_not_available_yet)
{
	ck_assert_str_eq(media_key("viewers", "live"), "");
	ck_assert_str_eq(media_key("viewers", "quiet"),
			 "2:11: expected live, the others are not available yet, got 'quiet'\n");
	ck_assert_str_eq(
		media_key("viewers", "published"),
		"2:11: expected live, the others are not available yet, got 'published'\n");
	ck_assert_str_eq(media_key("viewers", "none"),
			 "2:11: expected live, quiet or published, got 'none'\n");
}
END_TEST

START_TEST(fencing_is_a_kind_and_for_a_command_its_name)
{
	static const char *const good[] = { "best", "manual", "guard", "watchdog", "reservation",
					    "command cut" };
	static const char *const bad[] = { "", "Best", "best x", "command", "command a b",
					   "command a/b" };

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_str_eq(media_key("fencing", good[i]), "");
		ck_assert_uint_eq(volume("media")->fencing, i);
	}
	ck_assert_str_eq(media_key("fencing", "guard"), "");
	ck_assert_str_eq(volume("media")->fencing_command, "");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		(void)media_key("fencing", bad[i]);
		ck_assert_msg(errors.count == 1, "'%s'", bad[i]);
	}
	ck_assert_str_eq(
		media_key("fencing", "power"),
		"2:11: expected best, manual, guard, watchdog, reservation or command NAME, "
		"got 'power'\n");
}
END_TEST

START_TEST(values_have_their_kind_and_their_limits)
{
	ck_assert_str_eq(media_key("snapshots-space", "101%"),
			 "2:19: expected a share from 0% to 100%, got '101%'\n");
	ck_assert_str_eq(media_key("snapshots-space", "10"),
			 "2:19: expected a share from 0% to 100%, got '10'\n");
	ck_assert_str_eq(media_key("snapshots-space", "0%"), "");
	ck_assert_str_eq(media_key("view-max", "4294967295"), "");
	ck_assert_str_eq(media_key("view-max", "4294967296"),
			 "2:12: expected a number from 0 to 4294967295, got '4294967296'\n");
	ck_assert_str_eq(apply(FORM_SET, "[cluster]\nio-timeout = 99ms\n"),
			 "2:14: expected a duration from 100ms to 1m, got '99ms'\n");
	ck_assert_str_eq(apply(FORM_SET, "[cluster]\nio-timeout = 100ms\n"), "");
	ck_assert_str_eq(apply(FORM_SET, "[cluster]\nio-timeout = 60s\n"), "");
	ck_assert_str_eq(apply(FORM_SET, "[cluster]\nio-timeout = 60001ms\n"),
			 "2:14: expected a duration from 100ms to 1m, got '60001ms'\n");
	ck_assert_str_eq(media_key("prefer", "edit3"),
			 "2:10: expected a host of the tables, got 'edit3'\n");
	ck_assert_str_eq(
		media_key("domains", "a b/c"),
		"2:13: expected a name of 1 to 63 letters, digits, '.', '_' or '-', got 'b/c'\n");
}
END_TEST

START_TEST(rows_and_records_end_at_the_capacity)
{
	ck_assert_str_eq(apply(FORM_ADD, "[host h3]\n[host h4]\n"), "");
	ck_assert_str_eq(apply(FORM_ADD, "[host h5]\n"),
			 "1:7: expected no more hosts, all rows are in use, got 'h5'\n");
	ck_assert_str_eq(apply(FORM_ADD, "[volume v3]\nuuid = 03\nmount-point = /v3\n"), "");
	ck_assert_str_eq(apply(FORM_ADD, "[volume v4]\nuuid = 04\nmount-point = /v4\n"),
			 "1:9: expected no more volumes, all rows are in use, got 'v4'\n");
	ck_assert_str_eq(apply(FORM_SET,
			       "[access media h3]\nmount = no\n[access media h4]\nmount = no\n"),
			 "");
	ck_assert_str_eq(apply(FORM_SET, "[access work h3]\nmount = no\n"),
			 "1:2: expected no more access records, all are in use, got 'access'\n");
}
END_TEST

START_TEST(all_errors_are_reported_up_to_twenty)
{
	char form[1024];
	struct put put;

	put_begin(&put, form, sizeof(form));
	for (int i = 0; i < 25; i++)
		put_text(&put, "[host edit1 x]\n");
	(void)apply(FORM_SET, form);
	ck_assert_uint_eq(errors.count, 25);
	ck_assert_uint_eq(errors.errors[19].line, 20);
	ck_assert_str_eq(
		apply(FORM_SET, "[host edit1]\nvalid = 1\nanswer\nweight = x\n[host]\n"),
		"2:9: expected yes or no, got '1'\n"
		"3:7: expected '=', got ''\n"
		"4:10: expected a number with at most three decimals, such as 1 or 1.5, got 'x'\n"
		"5:6: expected the name of a host, got ''\n");
}
END_TEST

/* Printing. */

START_TEST(printing_into_too_little_room_says_how_much_it_takes)
{
	size_t len = form_print(tables, false, text, sizeof(text));
	char room[16];

	memset(room, 'z', sizeof(room));
	ck_assert_uint_eq(form_print(tables, false, NULL, 0), len);
	ck_assert_uint_eq(form_print(tables, false, room, 8), len);
	ck_assert_mem_eq(room, "[cluste\0z", 9);
	ck_assert_uint_eq(form_print(tables, false, text, len + 1), len);
	ck_assert_uint_eq(strlen(text), len);
}
END_TEST

START_TEST(comments_explain_the_first_row_of_a_kind)
{
	const char *work;

	work = strstr(print(true), "[volume work]");
	ck_assert_ptr_nonnull(work);
	ck_assert_ptr_nonnull(strstr(text, "\n#takeover = ask"));
	ck_assert_ptr_null(strchr(work, '#'));
}
END_TEST

START_TEST(comments_name_and_explain_every_key)
{
	static const char *const keys[] = { "notify", "groups", "takeover", "min-hold", "viewers",
					    "options", "balance", "view-lease-max" };

	(void)print(true);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		char start[32];
		const char *found;
		struct put put;

		put_begin(&put, start, sizeof(start));
		put_text(&put, "\n#");
		put_text(&put, keys[i]);
		put_text(&put, " =");
		found = strstr(text, start);
		ck_assert_msg(found, "%s", keys[i]);
		ck_assert_ptr_nonnull(strstr(found + 2, " # "));
	}
	ck_assert_ptr_nonnull(
		strstr(text, "\nuuid = 0A1B-2C3D                # of the file system\n"));
}
END_TEST

START_TEST(a_removed_host_is_not_printed)
{
	tables_host_remove(tables, 1, false);
	ck_assert_ptr_null(strstr(print(false), "edit2"));
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("form");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_new_row_has_the_defaults_of_the_interface);
	tcase_add_test(tests, every_key_is_read_and_printed_as_it_was_written);
	tcase_add_test(tests, what_is_printed_changes_nothing_when_it_is_read);
	tcase_add_test(tests, a_whole_text_resets_what_it_does_not_say_and_keeps_what_no_text_says);
	tcase_add_test(tests, a_fragment_changes_its_keys_alone);
	tcase_add_test(tests, a_new_row_is_born_in_the_version_that_the_text_makes);
	tcase_add_test(tests, sections_may_come_in_any_order);
	tcase_add_test(tests, a_row_takes_the_place_of_one_that_goes_in_the_same_text);
	tcase_add_test(tests, a_whole_text_removes_what_it_does_not_name);
	tcase_add_test(tests, two_volumes_exchange_their_uuids_in_one_text);
	tcase_add_test(tests, lists_are_kept_with_one_blank_between_their_names);
	tcase_add_test(tests, a_value_is_printed_in_the_quotes_that_it_needs);
	tcase_add_test(tests, unknown_and_repeated_keys_and_sections_are_errors);
	tcase_add_test(tests, the_head_of_a_section_has_its_names);
	tcase_add_test(tests, a_key_before_any_section_is_an_error);
	tcase_add_test(tests, a_mode_has_the_rows_that_it_is_for);
	tcase_add_test(tests, a_whole_text_names_the_cluster);
	tcase_add_test(tests, a_volume_has_a_uuid_and_a_mount_point);
	tcase_add_test(tests, uuids_and_mount_points_are_one_volumes_only);
	tcase_add_test(tests, a_mount_point_is_an_absolute_path_that_says_what_it_means);
	tcase_add_test(tests, options_that_undo_our_safety_are_refused);
	tcase_add_test(tests, the_writer_is_shown_and_not_edited);
	tcase_add_test(tests, what_has_a_writer_or_is_logged_on_is_not_left_out);
	tcase_add_test(tests, a_volume_with_a_writer_keeps_its_uuid);
	tcase_add_test(tests, ways_of_viewing_that_are_not_built_are_not_available_yet);
	tcase_add_test(tests, fencing_is_a_kind_and_for_a_command_its_name);
	tcase_add_test(tests, values_have_their_kind_and_their_limits);
	tcase_add_test(tests, rows_and_records_end_at_the_capacity);
	tcase_add_test(tests, all_errors_are_reported_up_to_twenty);
	tcase_add_test(tests, printing_into_too_little_room_says_how_much_it_takes);
	tcase_add_test(tests, comments_explain_the_first_row_of_a_kind);
	tcase_add_test(tests, comments_name_and_explain_every_key);
	tcase_add_test(tests, a_removed_host_is_not_printed);
	return unit_run("form", tests);
}
