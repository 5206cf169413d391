/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/holders.h"
#include "daemon/mount_work.h"
#include "daemon/record.h"

#define BUSY_TRIES    5
#define BUSY_PAUSE_MS 20
#define STACK_MAX     32

bool work_settle(struct work *work, enum mount_outcome outcome, int error, const char *format, ...)
{
	va_list arguments;

	work->result->outcome = outcome;
	work->result->error = error;
	va_start(arguments, format);
	(void)vsnprintf(work->result->reason, sizeof(work->result->reason), format, arguments);
	va_end(arguments);
	return false;
}

bool work_fail(struct work *work, int error, const char *what, const char *next)
{
	return work_settle(work, MOUNT_FAILED, error, "%s failed: %s; %s", what, strerror(error),
			   next);
}

bool work_look(struct work *work)
{
	int r = mounted_look(work->job, work->target, work->number, &work->mounted);

	if (r < 0)
		return work_fail(work, -r, "reading the mount table /proc/self/mountinfo",
				 "nothing was changed");
	work->looked = true;
	if (work->mounted.state != MOUNTED_NOT && work->mounted.state != MOUNTED_FOREIGN)
		work->profile = profile_find(work->mounted.fstype);
	return true;
}

bool work_foreign(struct work *work)
{
	const struct mounted *mounted = &work->mounted;

	if (strcmp(mounted->where, work->target) == 0)
		return work_settle(
			work, MOUNT_FOREIGN, EBUSY,
			"%.80s (%s) is mounted on %.80s and not by this daemon; it is left "
			"alone: unmount it",
			mounted->source, mounted->fstype, work->job->mount_point);
	return work_settle(
		work, MOUNT_FOREIGN, EBUSY,
		"%.80s is mounted on %.80s by somebody else; it is left alone: unmount it",
		work->job->device, mounted->where);
}

bool work_need_device(struct work *work)
{
	if (work->device >= 0)
		return true;
	if (work->result->error == ENOTBLK)
		return work_settle(work, MOUNT_NO_DEVICE, ENOTBLK, "%.200s is not a block device",
				   work->job->device);
	if (work->job->device[0] == '\0')
		return work_settle(work, MOUNT_NO_DEVICE, ENODEV,
				   "no device here carries the file system %s; connect it, or see "
				   "[devices] allow in volctl.conf",
				   work->job->uuid);
	return work_settle(work, MOUNT_NO_DEVICE, work->result->error,
			   "opening %.120s failed: %s; is it connected?", work->job->device,
			   strerror(work->result->error));
}

/* Make a folder and those above it. */
static int make_folders(const char *path)
{
	char part[PATH_MAX];
	size_t len = strlen(path);

	for (size_t i = 1; i <= len && i < sizeof(part); i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static bool folder_is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = true;

	if (!dir)
		return true;
	while (empty && (entry = readdir(dir)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	(void)closedir(dir);
	return empty;
}

/* A link as the last part could be turned elsewhere between the check and the mount. */
static bool refuse_odd_target(struct work *work)
{
	const char *path = work->job->mount_point;
	AUTO_CLOSE int fd = -1;
	char link[2];

	if (path[0] != '/')
		return work_settle(work, MOUNT_FAILED, EINVAL,
				   "the mount point '%.180s' is not an "
				   "absolute path; change the volume's record",
				   path);
	if (readlink(path, link, sizeof(link)) >= 0)
		return work_settle(work, MOUNT_FAILED, ELOOP,
				   "the mount point %.180s is a symbolic "
				   "link; replace it by a folder",
				   path);
	fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno != ENOENT)
		return work_settle(work, MOUNT_FAILED, errno,
				   "the mount point %.160s can not be used: "
				   "%s; make it a folder",
				   path, strerror(errno));
	return true;
}

bool work_need_target(struct work *work)
{
	const char *path = work->job->mount_point;
	int r;

	if (!refuse_odd_target(work))
		return false;
	r = make_folders(path);
	if (r < 0)
		return work_settle(work, MOUNT_FAILED, -r,
				   "making the mount point %.160s failed: %s", path, strerror(-r));
	if (!realpath(path, work->target))
		return work_settle(work, MOUNT_FAILED, errno,
				   "the mount point %.160s can not be "
				   "reached: %s",
				   path, strerror(errno));
	return true;
}

void work_warn_hidden(struct work *work)
{
	if (work->mounted.state == MOUNTED_NOT && !folder_is_empty(work->target))
		(void)snprintf(
			work->result->reason, sizeof(work->result->reason),
			"the mount point %.160s is not empty; what is in it is hidden by the "
			"volume",
			work->job->mount_point);
}

uint32_t work_find_holders(struct work *work, enum work_search search)
{
	const bool mounted = work->mounted.state != MOUNTED_NOT;
	const struct holders_query query = {
		.target = mounted ? work->target : "",
		.block = work->mounted.state == MOUNTED_VIEW ? 0 : work->number,
		.super = work->mounted.super != 0 ? work->mounted.super : work->number,
		.root = work->mounted.root,
		.mount_id = mounted ? work->mounted.id : 0,
		.blocking_ro = search == WORK_BLOCKING_READ_ONLY,
		.elsewhere = search == WORK_ELSEWHERE,
	};
	AUTO_FREE struct holders *holders = calloc(1, sizeof(*holders));

	if (!holders)
		return 0;
	holders_scan(&query, holders);
	if (holders->count == 0)
		holders_add_unknown(holders);
	work->result->holder_count = holders->count;
	memcpy(work->result->holders, holders->list, sizeof(holders->list));
	work->result->open_for_writing = holders->open_for_writing;
	return holders->list[0].kind == HOLDER_UNKNOWN ? 0 : holders->count;
}

int work_try(struct work *work, int (*operation)(struct work *work), enum work_search search)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000L };
	int r = operation(work);

	for (int i = 0; i < BUSY_TRIES && r == -EBUSY; i++) {
		if (work_find_holders(work, search) > 0)
			return r;
		(void)nanosleep(&pause, NULL);
		r = operation(work);
	}
	if (r != -EBUSY)
		work->result->holder_count = 0;
	return r;
}

int work_unmount(struct work *work)
{
	return umount2(work->target, UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
}

int work_unmount_all(struct work *work)
{
	int r = 0;

	for (int i = 0; i < STACK_MAX && r == 0; i++) {
		bool writer = work->mounted.state == MOUNTED_ENDED;

		if (!writer && work->mounted.state != MOUNTED_VIEW)
			return 0;
		r = work_try(work, work_unmount, WORK_ANY_HOLDER);
		if (r < 0)
			return r;
		if (writer)
			record_remove(work->job->record_dir, mounted_mark(work->job));
		r = mounted_look(work->job, work->target, work->number, &work->mounted);
	}
	return r;
}

int work_probe_unused(struct work *work)
{
	return blockdev_probe_unused(work->job->device);
}

static bool refuse_many_devices(struct work *work)
{
	uint64_t count;
	int r;

	if (!work->profile->forgets_devices)
		return true;
	r = blockdev_btrfs_devices(work->job->device, &count);
	if (r < 0)
		return work_fail(work, -r, "reading the superblock of the btrfs volume",
				 "see the kernel's log");
	if (count == 1)
		return true;
	return work_settle(
		work, MOUNT_WRONG_FS, EINVAL,
		"%.100s is one of %llu devices of a btrfs file system; a view needs a second "
		"node of each, which btrfs refuses: only single-device btrfs can be shared",
		work->job->device, (unsigned long long)count);
}

bool work_identify(struct work *work)
{
	const struct mount_job *job = work->job;
	struct blockdev_content content;
	int r = blockdev_identify(work->device, &content);

	if (r == -EUCLEAN)
		return work_settle(work, MOUNT_WRONG_FS, EUCLEAN,
				   "%.120s carries the marks of more "
				   "than one file system; remove the stale one with wipefs(8)",
				   job->device);
	if (r < 0)
		return work_settle(work, MOUNT_FAILED, -r,
				   "reading %.150s failed: %s; see the kernel's "
				   "log",
				   job->device, strerror(-r));
	(void)snprintf(work->result->fstype, sizeof(work->result->fstype), "%s", content.fstype);
	if (content.fstype[0] == '\0')
		return work_settle(work, MOUNT_WRONG_FS, EINVAL,
				   "%.120s carries no file system that "
				   "is known here; expected the one with UUID %s",
				   job->device, job->uuid);
	if (job->uuid[0] != '\0' && strcasecmp(content.uuid, job->uuid) != 0)
		return work_settle(work, MOUNT_WRONG_FS, EINVAL,
				   "%.100s now carries a file system "
				   "with UUID %s, expected %s; was it made anew?",
				   job->device, content.uuid, job->uuid);
	work->profile = profile_find(content.fstype);
	if (!work->profile)
		return work_settle(work, MOUNT_WRONG_FS, EINVAL,
				   "%.100s carries %s, which can not be "
				   "shared; handled are %s",
				   job->device, content.fstype, profile_types());
	return refuse_many_devices(work);
}
