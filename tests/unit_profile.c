/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "daemon/kernel.h"
#include "daemon/profile.h"
#include "tests/unit.h"

static const char *const types[] = { "ext4", "xfs", "btrfs", "vfat", "exfat" };
#define TYPE_COUNT ((int)(sizeof(types) / sizeof(types[0])))

static struct profile_options merged(const char *fstype, const char *options, bool writer)
{
	struct profile_options result = { 0 };
	char wrong[32] = "";

	ck_assert_int_eq(profile_merge(profile_find(fstype), options, writer, &result, wrong,
				       sizeof(wrong)), 0);
	return result;
}

static const char *refused(const char *fstype, const char *options, bool writer)
{
	static char wrong[32];
	struct profile_options result = { 0 };

	wrong[0] = '\0';
	ck_assert_int_eq(profile_merge(profile_find(fstype), options, writer, &result, wrong,
				       sizeof(wrong)), -EINVAL);
	ck_assert_str_eq(result.text, "");	/* untouched on failure */
	return wrong;
}

START_TEST(every_type_is_named_and_found)
{
	for (int i = 0; i < TYPE_COUNT; i++) {
		ck_assert_ptr_nonnull(profile_find(types[i]));
		ck_assert_ptr_nonnull(strstr(profile_types(), types[i]));
	}
	ck_assert_ptr_null(profile_find("ntfs"));
	ck_assert_ptr_null(profile_find(""));
	ck_assert_ptr_null(profile_find("ext"));
}
END_TEST

START_TEST(a_viewer_never_replays_a_journal)
{
	ck_assert_str_eq(merged("ext4", "", false).text, "noload,errors=continue");
	ck_assert_str_eq(merged("xfs", "", false).text, "norecovery,nouuid");
	ck_assert_str_eq(merged("btrfs", "", false).text, "rescue=nologreplay");
}
END_TEST

START_TEST(a_viewer_is_read_only_and_a_writer_is_not)
{
	const char *type = types[_i];

	ck_assert_uint_ne(merged(type, "", false).attributes & KERNEL_ATTR_RDONLY, 0);
	ck_assert_uint_eq(merged(type, "", true).attributes & KERNEL_ATTR_RDONLY, 0);
}
END_TEST

START_TEST(reading_never_writes_access_times)
{
	const char *type = types[_i];

	ck_assert_uint_ne(merged(type, "", true).attributes & KERNEL_ATTR_NOATIME, 0);
	ck_assert_str_eq(refused(type, "relatime", true), "relatime");
	ck_assert_str_eq(refused(type, "nodev,strictatime", true), "strictatime");
}
END_TEST

START_TEST(what_could_lose_or_replay_anything_is_refused)
{
	static const char *const words[] = {
		"rw", "ro", "remount", "noload", "norecovery", "recovery", "nobarrier", "barrier=0",
		"errors=panic", "errors=continue", "data=writeback", "journal_async_commit",
		"degraded", "rescue=all", "nologreplay", "sync", "loop", "commit", "discardx",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		ck_assert_str_eq(refused(types[_i], words[i], true), words[i]);
		ck_assert_str_eq(refused(types[_i], words[i], false), words[i]);
	}
}
END_TEST

START_TEST(a_value_is_needed_where_there_is_one)
{
	ck_assert_str_eq(merged("ext4", "commit=5", true).text, "errors=remount-ro,commit=5");
	ck_assert_str_eq(refused("ext4", "commit=", true), "commit=");
	ck_assert_str_eq(refused("ext4", "discard=async", true), "discard=async");
	ck_assert_str_eq(merged("btrfs", "discard=async", true).text, "discard=async");
}
END_TEST

START_TEST(a_writers_options_are_not_for_viewers)
{
	ck_assert_str_eq(merged("xfs", "discard,logbsize=256k", true).text,
			 "nouuid,discard,logbsize=256k");
	ck_assert_str_eq(merged("xfs", "discard,logbsize=256k", false).text, "norecovery,nouuid");
	ck_assert_str_eq(merged("btrfs", "subvol=media,compress=zstd", false).text,
			 "rescue=nologreplay,subvol=media");
}
END_TEST

START_TEST(the_mounts_own_words_become_attributes)
{
	const unsigned int both = KERNEL_ATTR_NODEV | KERNEL_ATTR_NOSUID;

	ck_assert_uint_eq(merged("ext4", "nodev nosuid", true).attributes,
			  both | KERNEL_ATTR_NOATIME);
	ck_assert_uint_eq(merged("ext4", " ,nodev,, nosuid, ", false).attributes,
			  both | KERNEL_ATTR_NOATIME | KERNEL_ATTR_RDONLY);
	ck_assert_uint_eq(merged("ext4", "noexec", true).attributes,
			  KERNEL_ATTR_NOEXEC | KERNEL_ATTR_NOATIME);
}
END_TEST

START_TEST(too_many_options_are_refused_not_cut)
{
	struct profile_options result = { 0 };
	char options[1024] = "";
	char wrong[32] = "";

	for (int i = 0; i < 60; i++)
		strncat(options, "discard,", sizeof(options) - strlen(options) - 1);
	ck_assert_int_eq(profile_merge(profile_find("xfs"), options, true, &result, wrong,
				       sizeof(wrong)), 0);
	for (int i = 0; i < 20; i++)
		strncat(options, "discard,", sizeof(options) - strlen(options) - 1);
	ck_assert_int_eq(profile_merge(profile_find("xfs"), options, true, &result, wrong,
				       sizeof(wrong)), -E2BIG);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("profile");

	tcase_add_test(tests, every_type_is_named_and_found);
	tcase_add_test(tests, a_viewer_never_replays_a_journal);
	tcase_add_loop_test(tests, a_viewer_is_read_only_and_a_writer_is_not, 0, TYPE_COUNT);
	tcase_add_loop_test(tests, reading_never_writes_access_times, 0, TYPE_COUNT);
	tcase_add_loop_test(tests, what_could_lose_or_replay_anything_is_refused, 0, TYPE_COUNT);
	tcase_add_test(tests, a_value_is_needed_where_there_is_one);
	tcase_add_test(tests, a_writers_options_are_not_for_viewers);
	tcase_add_test(tests, the_mounts_own_words_become_attributes);
	tcase_add_test(tests, too_many_options_are_refused_not_cut);
	return unit_run("profile", tests);
}
