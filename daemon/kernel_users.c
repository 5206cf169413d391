/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libmount/libmount.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/auto.h"
#include "daemon/kernel_users.h"

#define LINE_BYTES 4096

/* A name may not fit: its end tells more than its beginning. */
static void add_user(struct holders *holders, const char *what, const char *name)
{
	struct holder holder = { .kind = HOLDER_KERNEL };
	size_t room = sizeof(holder.command) - strlen(what) - 2;
	size_t len = strlen(name);

	(void)snprintf(holder.command, sizeof(holder.command), "%s %s", what,
		       len > room ? name + len - room : name);
	holders_add(holders, &holder);
}

/* How the kernel packs a device number into a struct loop_info64. */
static dev_t loop_number(uint64_t packed)
{
	return makedev((packed >> 8) & 0xfff, (packed & 0xff) | ((packed >> 12) & 0xfff00));
}

static void add_loop(const struct holders_query *query, const char *name, struct holders *holders)
{
	struct loop_info64 info;
	char path[64];
	AUTO_CLOSE int fd = -1;
	dev_t number;

	(void)snprintf(path, sizeof(path), "/dev/%.32s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return;
	number = loop_number(info.lo_device);
	if (number != query->super && (query->root == 0 || number != query->root))
		return;
	if (query->blocking_ro && (info.lo_flags & LO_FLAGS_READ_ONLY))
		return;
	add_user(holders, "loop device", path);
}

static void add_loops(const struct holders_query *query, struct holders *holders)
{
	struct dirent *entry;
	char path[300];
	DIR *dir = opendir("/sys/block");

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (strncmp(entry->d_name, "loop", 4) != 0)
			continue;
		/* Only a loop device that is attached has this file. */
		(void)snprintf(path, sizeof(path), "/sys/block/%s/loop/backing_file",
			       entry->d_name);
		if (access(path, F_OK) == 0)
			add_loop(query, entry->d_name, holders);
	}
	(void)closedir(dir);
}

static bool path_fits(const struct holders_query *query, const char *path)
{
	struct statx stx;
	dev_t number;

	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS, &stx) < 0)
		return false;
	number = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	return number == query->super || (query->root != 0 && number == query->root);
}

/* Both files begin their lines with a path: swap areas, and what nfsd gives away. */
static void add_paths(const struct holders_query *query, const char *file_name, const char *what,
		      struct holders *holders)
{
	FILE *file = fopen(file_name, "re");
	char line[LINE_BYTES];

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, " \t\n")] = '\0';
		if (line[0] == '/' && path_fits(query, line))
			add_user(holders, what, line);
	}
	(void)fclose(file);
}

/* An overlay names the folders that it is made of in its options. */
static bool entry_overlays(const struct holders_query *query, struct libmnt_fs *entry)
{
	const char *options = mnt_fs_get_fs_options(entry);

	return query->target[0] != '\0' && mnt_fs_get_fstype(entry) && options &&
	       strcmp(mnt_fs_get_fstype(entry), "overlay") == 0 && strstr(options, query->target);
}

static void add_mounts(const struct holders_query *query, struct holders *holders)
{
	struct libmnt_table *table = mnt_new_table();
	struct libmnt_iter *iter = mnt_new_iter(MNT_ITER_FORWARD);
	struct libmnt_fs *entry;

	if (!table || !iter || mnt_table_parse_file(table, "/proc/self/mountinfo") != 0)
		goto out;
	while (mnt_table_next_fs(table, iter, &entry) == 0) {
		const char *target = mnt_fs_get_target(entry);

		if (!target ||
		    (query->mount_id != 0 && (uint64_t)mnt_fs_get_id(entry) == query->mount_id))
			continue;
		if (entry_overlays(query, entry))
			add_user(holders, "overlay", target);
		else if (query->mount_id != 0 &&
			 (uint64_t)mnt_fs_get_parent_id(entry) == query->mount_id &&
			 !query->blocking_ro)
			add_user(holders, "mount upon it", target);
		else if (mnt_fs_get_devno(entry) == query->super && query->elsewhere)
			add_user(holders, "bind mount", target);
	}
out:
	mnt_free_iter(iter);
	mnt_unref_table(table);
}

void kernel_users_scan(const struct holders_query *query, struct holders *holders)
{
	add_loops(query, holders);
	add_paths(query, "/proc/swaps", "swap", holders);
	add_paths(query, "/proc/fs/nfsd/exports", "export", holders);
	add_mounts(query, holders);
}
