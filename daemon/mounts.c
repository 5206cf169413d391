/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <time.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/mount_work.h"

/* A publish that was killed half way has left the file system frozen; if not, EINVAL. */
static void thaw_leftover(const struct work *work)
{
	AUTO_CLOSE int root = -1;

	if (work->mounted.state != MOUNTED_WRITE || !work->profile ||
	    !work->profile->publish_freezes)
		return;
	root = open(work->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root >= 0)
		(void)ioctl(root, FITHAW, 0);
}

static bool mount_look(struct work *work)
{
	if (!work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_FOREIGN)
		return work_foreign(work);
	if (work->mounted.device_used)
		(void)work_settle(work, MOUNT_DONE, 0,
				  "%.120s is in use though nothing of it is mounted "
				  "here: by LVM, md, swap or another namespace",
				  work->job->device);
	thaw_leftover(work);
	return work_need_device(work);
}

static bool mount_preflush(struct work *work)
{
	AUTO_CLOSE int root = -1;

	if (!work_look(work))
		return false;
	if (work->mounted.state != MOUNTED_WRITE)
		return true;
	root = open(work->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || syncfs(root) < 0)
		return work_fail(work, errno, "writing the volume out", "see the kernel's log");
	return true;
}

static bool mount_unmount(struct work *work)
{
	bool writer;
	int r;

	if (!work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_FOREIGN)
		return work_foreign(work);
	if (work->mounted.state == MOUNTED_WRITE)
		return work_settle(work, MOUNT_FAILED, EBUSY,
				   "volume %s is mounted read-write; it must "
				   "be given up before it is unmounted",
				   work->job->name);
	writer = work->mounted.state == MOUNTED_ENDED || work->mounted.device_used;
	r = work_unmount_all(work);
	if (r == 0 && writer && work->device >= 0)
		r = work_try(work, work_probe_unused, WORK_ELSEWHERE);
	if (r == -EBUSY)
		return work_settle(work, MOUNT_BUSY, EBUSY,
				   "programs, or mounts elsewhere, hold what is "
				   "mounted from %.60s on %.100s",
				   work->job->device, work->job->mount_point);
	return r == 0 ? true : work_fail(work, -r, "unmounting the volume", "see the kernel's log");
}

static bool mount_holders(struct work *work)
{
	if (!work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_NOT && !work->mounted.device_used)
		return true;
	if (work_find_holders(work, WORK_ANY_HOLDER) == 0)
		work->result->holder_count = 0;
	return true;
}

static bool mount_lock_device(struct work *work)
{
	int r;

	if (!work_need_device(work) || !work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_FOREIGN)
		return work_foreign(work);
	if (work->mounted.state == MOUNTED_WRITE)
		return work_settle(work, MOUNT_FAILED, EBUSY,
				   "volume %s is mounted read-write; it must "
				   "be given up before its device is locked",
				   work->job->name);
	r = blockdev_set_read_only(work->device, true);
	return r == 0 ? true :
			work_fail(work, -r, "making the volume's device read-only",
				  "see the kernel's log");
}

/* The device and the mount point as they are; either may be missing. */
static void work_begin(struct work *work)
{
	int r = -ENODEV;

	if (work->job->device[0] != '\0')
		r = blockdev_open(work->job->device, &work->device, &work->number);
	if (r < 0)
		work->result->error = -r;
	if (!realpath(work->job->mount_point, work->target))
		work->target[0] = '\0';
}

static bool work_perform(struct work *work)
{
	switch (work->job->op) {
	case MOUNT_LOOK: return mount_look(work);
	case MOUNT_VIEW: return mount_view(work);
	case MOUNT_WRITE: return mount_write(work);
	case MOUNT_PREFLUSH: return mount_preflush(work);
	case MOUNT_GIVE_UP: return mount_give_up(work);
	case MOUNT_PUBLISH: return mount_publish(work);
	case MOUNT_UNMOUNT: return mount_unmount(work);
	case MOUNT_HOLDERS: return mount_holders(work);
	case MOUNT_LOCK_DEVICE: return mount_lock_device(work);
	case MOUNT_SHUT_DOWN: return mount_shut_down(work);
	}
	return false;
}

/* Whether what was seen at the beginning still stands: the mount table is long on some machines. */
static bool work_moved_nothing(const struct work *work)
{
	return work->looked && (work->job->op == MOUNT_LOOK || work->job->op == MOUNT_HOLDERS);
}

/* What is mounted when all is done, whatever happened on the way. */
static void work_end(struct work *work)
{
	struct mount_result *result = work->result;
	struct statvfs st;

	if (!work_moved_nothing(work))
		(void)mounted_look(work->job, work->target, work->number, &work->mounted);
	result->state = work->mounted.state;
	if (work->mounted.fstype[0] != '\0')
		memcpy(result->fstype, work->mounted.fstype, sizeof(result->fstype));
	if (work->number != 0 && !work->counted)
		(void)blockdev_sectors_written(work->number, &result->written);
	if (result->state != MOUNTED_NOT && result->state != MOUNTED_FOREIGN &&
	    statvfs(work->target, &st) == 0) {
		result->free_bytes = (uint64_t)st.f_bavail * st.f_frsize;
		result->total_bytes = (uint64_t)st.f_blocks * st.f_frsize;
	}
}

static uint64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void mount_perform(const struct mount_job *job, struct mount_result *ret_result)
{
	const uint64_t begun_ms = now_ms();
	struct work work = { .job = job, .result = ret_result, .device = -1 };

	*ret_result = (struct mount_result){
		.op = job->op,
		.volume = job->volume,
		.free_bytes = UINT64_MAX,
	};
	work_begin(&work);
	if (work_perform(&work)) {
		ret_result->outcome = MOUNT_DONE;
		ret_result->error = 0;
	}
	work_end(&work);
	if (work.device >= 0)
		(void)close(work.device);
	ret_result->took_ms = (uint32_t)(now_ms() - begun_ms);
}

const char *mount_outcome_text(enum mount_outcome outcome)
{
	switch (outcome) {
	case MOUNT_DONE: return "done";
	case MOUNT_BUSY: return "busy";
	case MOUNT_STALE_HELD: return "the former mount is held";
	case MOUNT_FOREIGN: return "mounted by somebody else";
	case MOUNT_NO_DEVICE: return "no such device";
	case MOUNT_TWICE: return "more than one device";
	case MOUNT_WRONG_FS: return "wrong file system";
	case MOUNT_FAILED: return "failed";
	}
	return "unknown";
}
