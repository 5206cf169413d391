/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <libmount/libmount.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/mounted.h"
#include "daemon/newmount.h"
#include "daemon/record.h"
#include "daemon/views.h"

const char *mounted_mark(const struct mount_job *job)
{
	return job->uuid[0] != '\0' ? job->uuid : job->name;
}

static const char *text_or_empty(const char *text)
{
	return text ? text : "";
}

/*
 * The block device beneath a mount.  File systems that number their
 * superblocks themselves (btrfs) are known by what they call their source.
 */
static dev_t entry_device(struct libmnt_fs *entry)
{
	dev_t number = mnt_fs_get_devno(entry);
	const char *source = mnt_fs_get_source(entry);
	struct stat st;

	if (major(number) != 0)
		return number;
	if (!source || source[0] != '/' || stat(source, &st) < 0 || !S_ISBLK(st.st_mode))
		return 0;
	return st.st_rdev;
}

/*
 * The options of the superblock, not of this mount: they hold for all mounts
 * of it in all namespaces.
 */
static bool entry_super_writable(struct libmnt_fs *entry)
{
	const char *options = mnt_fs_get_fs_options(entry);
	char *value;
	size_t len;

	return !options || mnt_optstr_get_option(options, "ro", &value, &len) != 0;
}

static void entry_describe(struct libmnt_fs *entry, struct mounted *mounted)
{
	mounted->id = (uint64_t)mnt_fs_get_id(entry);
	mounted->super = mnt_fs_get_devno(entry);
	mounted->device = entry_device(entry);
	mounted->super_writable = entry_super_writable(entry);
	(void)snprintf(mounted->fstype, sizeof(mounted->fstype), "%s",
		       text_or_empty(mnt_fs_get_fstype(entry)));
	(void)snprintf(mounted->source, sizeof(mounted->source), "%s",
		       text_or_empty(mnt_fs_get_source(entry)));
	(void)snprintf(mounted->where, sizeof(mounted->where), "%s",
		       text_or_empty(mnt_fs_get_target(entry)));
}

static int table_read(struct libmnt_table **ret_table)
{
	struct libmnt_table *table = mnt_new_table();
	int r;

	if (!table)
		return -ENOMEM;
	r = mnt_table_parse_file(table, "/proc/self/mountinfo");
	if (r != 0) {
		mnt_unref_table(table);
		return r < 0 ? r : -EIO;
	}
	*ret_table = table;
	return 0;
}

/* The mount that is seen at @target now: of several, the topmost. */
static struct libmnt_fs *table_find_target(struct libmnt_table *table, const char *target,
					   struct mounted *mounted)
{
	AUTO_CLOSE int fd = open(target, O_PATH | O_CLOEXEC);
	struct libmnt_fs *entry = NULL;
	struct libmnt_iter *iter;
	struct stat st = { 0 };
	uint64_t id;

	if (fd < 0 || newmount_id(fd, &id) < 0)
		return NULL;
	(void)fstat(fd, &st); /* fails where the file system has been shut down */
	iter = mnt_new_iter(MNT_ITER_FORWARD);
	if (!iter)
		return NULL;
	while (mnt_table_next_fs(table, iter, &entry) == 0) {
		if ((uint64_t)mnt_fs_get_id(entry) == id)
			break;
		entry = NULL;
	}
	mnt_free_iter(iter);
	if (!entry || strcmp(text_or_empty(mnt_fs_get_target(entry)), target) != 0)
		return NULL;
	mounted->root = st.st_dev;
	mounted->unique_id = newmount_unique_id(fd);
	return entry;
}

static struct libmnt_fs *table_find_device(struct libmnt_table *table, dev_t device)
{
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *entry = NULL;

	if (!iter)
		return NULL;
	while (mnt_table_next_fs(table, iter, &entry) == 0) {
		if (entry_device(entry) == device)
			break;
		entry = NULL;
	}
	mnt_free_iter(iter);
	return entry;
}

static bool entry_is_ours(const struct mount_job *job, struct libmnt_fs *entry, dev_t device,
			  const struct mounted *mounted)
{
	const struct record record = {
		.id = mounted->id,
		.unique_id = mounted->unique_id,
		.device = entry_device(entry),
	};

	if (job->record_dir[0] == '\0')
		return device != 0 && record.device == device;
	return record_fits(job->record_dir, mounted_mark(job), &record);
}

/* What the topmost mount on the mount point is to us. */
static enum mount_state entry_judge(const struct mount_job *job, struct libmnt_fs *entry,
				    dev_t device, const struct mounted *mounted)
{
	if (view_is_marked(mounted->source, mounted_mark(job)))
		return MOUNTED_VIEW;
	if (!entry_is_ours(job, entry, device, mounted))
		return MOUNTED_FOREIGN;
	return mounted->super_writable ? MOUNTED_WRITE : MOUNTED_ENDED;
}

int mounted_look(const struct mount_job *job, const char *target, dev_t device,
		 struct mounted *ret_mounted)
{
	struct mounted mounted = { .state = MOUNTED_NOT };
	struct libmnt_table *table;
	struct libmnt_fs *entry;
	int r;

	r = table_read(&table);
	if (r < 0)
		return r;
	entry = target[0] != '\0' ? table_find_target(table, target, &mounted) : NULL;
	if (entry) {
		entry_describe(entry, &mounted);
		mounted.state = entry_judge(job, entry, device, &mounted);
	} else if (device != 0 && (entry = table_find_device(table, device))) {
		entry_describe(entry, &mounted);
		mounted.state = MOUNTED_FOREIGN;
	} else if (device != 0) {
		mounted.device_used = blockdev_probe_unused(job->device) == -EBUSY;
	}
	mnt_unref_table(table);
	*ret_mounted = mounted;
	return 0;
}
