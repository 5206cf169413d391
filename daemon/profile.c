/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/kernel.h"
#include "daemon/profile.h"

/*
 * What is missing here is missing on purpose: whatever weakens a flush
 * (nobarrier, data=writeback, journal_async_commit), replays or skips a journal,
 * changes what an error does, or writes when somebody reads (relatime).
 */
static const char *const ext4_options[] = {
	"*acl", "*noacl", "*user_xattr", "*nouser_xattr", "commit=", "delalloc", "nodelalloc",
	"discard", "nodiscard", "init_itable", "init_itable=", "noinit_itable", "stripe=",
	"max_batch_time=", "min_batch_time=", "grpquota", "usrquota", "prjquota", NULL,
};
static const char *const xfs_options[] = {
	"allocsize=", "discard", "nodiscard", "gquota", "uquota", "pquota", "inode32", "inode64",
	"largeio", "nolargeio", "logbsize=", "logbufs=", "sunit=", "swidth=", "swalloc", NULL,
};
static const char *const btrfs_options[] = {
	"*acl", "*noacl", "autodefrag", "noautodefrag", "commit=", "compress", "compress=",
	"compress-force", "compress-force=", "discard", "discard=", "nodiscard", "max_inline=",
	"ssd", "nossd", "*subvol=", "*subvolid=", "*thread_pool=", NULL,
};
static const char *const vfat_options[] = {
	"*uid=", "*gid=", "*umask=", "*dmask=", "*fmask=", "*codepage=", "*iocharset=", "*utf8",
	"*utf8=", "*shortname=", "*quiet", "*showexec", "*time_offset=", "*tz=", "discard", "flush",
	NULL,
};
static const char *const exfat_options[] = {
	"*uid=", "*gid=", "*umask=", "*dmask=", "*fmask=", "*iocharset=", "*time_offset=",
	"*sys_tz", "discard", NULL,
};

static const char *const ext4_check[] = { "e2fsck", "-f", "-p", NULL };
static const char *const xfs_check[] = { "xfs_repair", "-n", NULL };
static const char *const btrfs_check[] = { "btrfs", "check", "--readonly", NULL };
static const char *const vfat_check[] = { "fsck.fat", "-a", NULL };
static const char *const exfat_check[] = { "fsck.exfat", "-p", NULL };

static const struct profile profiles[] = {
	{
		.fstype = "ext4",
		/* Without errors=continue the superblock may ask for a panic, also of a viewer. */
		.viewer_options = "noload,errors=continue",
		.writer_options = "errors=remount-ro",
		.options = ext4_options,
		.check = ext4_check,
		.check_good_max = 1,
	},
	{
		.fstype = "xfs",
		.viewer_options = "norecovery,nouuid",
		/*
		 * A view that programs still hold has the same UUID; what nouuid does
		 * not look at any more is made sure of by whoever calls devices_find().
		 */
		.writer_options = "nouuid",
		.options = xfs_options,
		.check = xfs_check,
		.check_after_replay = true,
		.publish_freezes = true,
	},
	{
		.fstype = "btrfs",
		.viewer_options = "rescue=nologreplay",
		.writer_options = "",
		.options = btrfs_options,
		.check = btrfs_check,
		.forgets_devices = true,
	},
	{
		.fstype = "vfat",
		.viewer_options = "",
		.writer_options = "errors=remount-ro",
		.options = vfat_options,
		.check = vfat_check,
		.check_good_max = 1,
	},
	{
		.fstype = "exfat",
		.viewer_options = "",
		.writer_options = "errors=remount-ro",
		.options = exfat_options,
		.check = exfat_check,
		.check_good_max = 1,
	},
};

static const struct {
	const char *word;
	unsigned int attribute;
} attributes[] = {
	{ "nodev", KERNEL_ATTR_NODEV },
	{ "nosuid", KERNEL_ATTR_NOSUID },
	{ "noexec", KERNEL_ATTR_NOEXEC },
	{ "noatime", KERNEL_ATTR_NOATIME },
	{ "nodiratime", KERNEL_ATTR_NODIRATIME },
	{ "nosymfollow", KERNEL_ATTR_NOSYMFOLLOW },
};

const struct profile *profile_find(const char *fstype)
{
	for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++) {
		if (strcmp(profiles[i].fstype, fstype) == 0)
			return &profiles[i];
	}
	return NULL;
}

const char *profile_types(void)
{
	return "ext4, xfs, btrfs, vfat, exfat";
}

/* A word of options: not ended by a zero. */
struct word {
	const char *start;
	size_t len;
};

static bool word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->len && memcmp(word->start, text, word->len) == 0;
}

static bool word_fits(const struct word *word, const char *pattern)
{
	size_t len = strlen(pattern);

	if (pattern[len - 1] != '=')
		return word_is(word, pattern);
	return word->len > len && memcmp(word->start, pattern, len) == 0;
}

static unsigned int word_attribute(const struct word *word)
{
	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++) {
		if (word_is(word, attributes[i].word))
			return attributes[i].attribute;
	}
	return 0;
}

/* Whether the profile knows the word, and whether viewers want it. */
static bool word_allowed(const struct profile *profile, const struct word *word,
			 bool *ret_for_viewers)
{
	for (const char *const *option = profile->options; *option; option++) {
		bool for_viewers = **option == '*';

		if (word_fits(word, *option + for_viewers)) {
			*ret_for_viewers = for_viewers;
			return true;
		}
	}
	return false;
}

static int options_add(struct profile_options *options, const struct word *word)
{
	size_t used = strlen(options->text);
	int n = snprintf(options->text + used, sizeof(options->text) - used, "%s%.*s",
			 used > 0 ? "," : "", (int)word->len, word->start);

	return n < 0 || (size_t)n >= sizeof(options->text) - used ? -E2BIG : 0;
}

static int options_merge_word(const struct profile *profile, const struct word *word, bool writer,
			      struct profile_options *options)
{
	unsigned int attribute = word_attribute(word);
	bool for_viewers;

	if (attribute != 0) {
		options->attributes |= attribute;
		return 0;
	}
	if (!word_allowed(profile, word, &for_viewers))
		return -EINVAL;
	return writer || for_viewers ? options_add(options, word) : 0;
}

int profile_merge(const struct profile *profile, const char *options, bool writer,
		  struct profile_options *ret_options, char *ret_wrong, size_t wrong_size)
{
	/* Reading must not write: the access time of a writer's files would count as a change. */
	struct profile_options merged = { .attributes = KERNEL_ATTR_NOATIME };
	const char *own = writer ? profile->writer_options : profile->viewer_options;
	int r;

	if (!writer)
		merged.attributes |= KERNEL_ATTR_RDONLY;
	(void)snprintf(merged.text, sizeof(merged.text), "%s", own);
	for (const char *at = options; *at != '\0';) {
		struct word word = { .start = at, .len = strcspn(at, ", \t") };

		if (word.len > 0) {
			r = options_merge_word(profile, &word, writer, &merged);
			if (r == -EINVAL)
				(void)snprintf(ret_wrong, wrong_size, "%.*s", (int)word.len, at);
			if (r < 0)
				return r;
		}
		at += word.len;
		at += strspn(at, ", \t");
	}
	*ret_options = merged;
	return 0;
}
