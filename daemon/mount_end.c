/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/kernel.h"
#include "daemon/mount_work.h"
#include "daemon/newmount.h"
#include "daemon/record.h"

#define DRAIN_TIMEOUT_MS 10000

static int open_root(const struct work *work, int *ret_fd)
{
	int fd = open(work->target, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* The operations that work_try() repeats, each with the mount point opened anew. */
static int gate_writers(struct work *work)
{
	AUTO_CLOSE int root = -1;
	int r = open_root(work, &root);

	return r < 0 ? r : newmount_gate(root, true);
}

static int end_writing(struct work *work)
{
	AUTO_CLOSE int root = -1;
	int r = open_root(work, &root);

	return r < 0 ? r : newmount_set_super(root, work->target, true);
}

/*
 * Back to where we were.  Nobody else has been given the right, so that what
 * this superblock has in its caches is still the truth.
 */
static void take_back(struct work *work)
{
	AUTO_CLOSE int root = -1;

	if (blockdev_set_read_only(work->device, false) < 0 || open_root(work, &root) < 0)
		return;
	if (work_look(work) && work->mounted.state == MOUNTED_ENDED)
		(void)newmount_set_super(root, work->target, false);
	(void)newmount_gate(root, false);
}

static bool fail_giving_up(struct work *work, int r, const char *what)
{
	if (r == -EBUSY)
		return work_settle(
			work, MOUNT_BUSY, EBUSY,
			"files of %.150s are open for writing, or deleted files are held",
			work->job->mount_point);
	return work_settle(work, MOUNT_FAILED, -r,
			   "%s for the giving up of %.100s failed: %s; see the kernel's log", what,
			   work->job->mount_point, strerror(-r));
}

static bool sync_volume(struct work *work)
{
	AUTO_CLOSE int root = -1;
	int r = open_root(work, &root);

	if (r == 0 && syncfs(root) < 0)
		r = -errno;
	return r == 0 ? true : fail_giving_up(work, r, "writing everything out");
}

/* The mount table shows the superblock's own state, which all its mounts everywhere share. */
static bool prove_read_only(struct work *work)
{
	if (!work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_ENDED)
		return true;
	return work_settle(work, MOUNT_FAILED, EROFS,
			   "%.100s still shows as writable after it was made "
			   "read-only; it stays as it is: see the kernel's log",
			   work->job->mount_point);
}

static bool lock_and_drain(struct work *work)
{
	int r = blockdev_set_read_only(work->device, true);

	if (r < 0)
		return fail_giving_up(work, r, "making the device read-only");
	if (!prove_read_only(work))
		return false;
	r = blockdev_drain(work->device, work->number, DRAIN_TIMEOUT_MS);
	return r == 0 ? true : fail_giving_up(work, r, "waiting for the last writes");
}

static bool give_up_gated(struct work *work)
{
	int r;

	if (!sync_volume(work))
		return false;
	r = work_try(work, end_writing, WORK_BLOCKING_READ_ONLY);
	if (r < 0)
		return fail_giving_up(work, r, "making the file system read-only");
	return lock_and_drain(work);
}

static bool give_up_writer(struct work *work)
{
	int r = work_try(work, gate_writers, WORK_BLOCKING_READ_ONLY);

	if (r < 0)
		return fail_giving_up(work, r, "keeping new writers out");
	if (give_up_gated(work))
		return true;
	take_back(work);
	return false;
}

/* Nothing of ours is writable, as far as can be seen: make that certain. */
static bool confirm_given_up(struct work *work)
{
	int r = blockdev_set_read_only(work->device, true);

	if (r < 0)
		return work_fail(work, -r, "making the volume's device read-only",
				 "see the kernel's log");
	if (work->mounted.state != MOUNTED_ENDED) {
		r = work_try(work, work_probe_unused, WORK_ELSEWHERE);
		if (r < 0)
			return work_settle(
				work, MOUNT_BUSY, -r,
				"%.120s is in use though it is not "
				"mounted here; that nothing writes to it can not be proven",
				work->job->device);
	}
	r = blockdev_drain(work->device, work->number, DRAIN_TIMEOUT_MS);
	return r == 0 ? true : work_fail(work, -r, "waiting for the last writes", "try again");
}

/* Another device under the path of ours proves nothing about the one that is mounted. */
static bool refuse_other_device(struct work *work)
{
	if (work->mounted.device == work->number)
		return true;
	return work_settle(work, MOUNT_FAILED, ENODEV,
			   "%.100s is not the device any more that is mounted on %.100s: "
			   "unmount that, or attach its device again",
			   work->job->device, work->job->mount_point);
}

bool mount_give_up(struct work *work)
{
	if (!work_need_device(work) || !work_look(work))
		return false;
	switch (work->mounted.state) {
	case MOUNTED_WRITE: return refuse_other_device(work) && give_up_writer(work);
	case MOUNTED_FOREIGN: return work_foreign(work);
	case MOUNTED_NOT:
	case MOUNTED_VIEW:
	case MOUNTED_ENDED: return confirm_given_up(work);
	}
	return false;
}

static int sync_super(int root)
{
	return syncfs(root) < 0 ? -errno : 0;
}

/*
 * Viewers do not replay XFS' log: only a frozen file system has all of its
 * metadata in place.  Nothing is written while it is frozen, so that what is
 * counted then is exactly what has been published.
 */
static int publish_frozen(int root, dev_t number, uint64_t *ret_written)
{
	int r;

	r = ioctl(root, FIFREEZE, 0) < 0 ? -errno : blockdev_sectors_written(number, ret_written);
	/*
	 * Also after a failure, which may have come half way; EINVAL: it is not
	 * frozen.  Should we be killed in between, MOUNT_LOOK thaws it.
	 */
	if (ioctl(root, FITHAW, 0) < 0 && errno != EINVAL && r == 0)
		r = -errno;
	return r;
}

/*
 * What programs have written between the first sync and the counting is
 * counted, and the second sync publishes it.  What they write later is not
 * counted: the next publication finds it.
 */
static int publish_super(const struct work *work, int root, uint64_t *ret_written)
{
	uint64_t written;
	int r;

	r = sync_super(root);
	if (r == 0)
		r = blockdev_sectors_written(work->number, &written);
	if (r < 0)
		return r;
	*ret_written = written;
	if (written == work->job->written_before)
		return 0;
	if (work->profile && work->profile->publish_freezes)
		return publish_frozen(root, work->number, ret_written);
	return sync_super(root);
}

bool mount_publish(struct work *work)
{
	AUTO_CLOSE int root = -1;
	uint64_t written;
	int r;

	if (!work_need_device(work) || !work_look(work))
		return false;
	if (work->mounted.state != MOUNTED_WRITE)
		return work_settle(work, MOUNT_FAILED, EROFS,
				   "volume %s is not mounted read-write here", work->job->name);
	r = open_root(work, &root);
	if (r == 0)
		r = publish_super(work, root, &written);
	if (r < 0)
		return work_fail(work, -r, "publishing the volume", "see the kernel's log");
	work->result->written = written;
	work->counted = true;
	work->result->changed = written != work->job->written_before;
	return true;
}

/* -ENOTTY: the file system has no such call. */
static int shut_down_super(int root)
{
	uint32_t how = KERNEL_SHUTDOWN_NOLOGFLUSH;

	return ioctl(root, KERNEL_SHUTDOWN, &how) < 0 ? -errno : 0;
}

static bool freeze_super(struct work *work, int root)
{
	if (ioctl(root, FIFREEZE, 0) < 0 && errno != EBUSY)
		return work_fail(work, errno, "freezing the file system", "reset this host");
	(void)work_settle(work, MOUNT_DONE, 0,
			  "%.120s is frozen, programs that write to it wait; this "
			  "host must be restarted before it can mount the volume again",
			  work->job->mount_point);
	return true;
}

/* What the block device's own cache holds would still be written half a minute later. */
static bool drain_and_detach(struct work *work)
{
	int r = 0;

	if (work->device >= 0 && work->mounted.device == work->number) {
		r = blockdev_drain(work->device, work->number, DRAIN_TIMEOUT_MS);
		(void)blockdev_set_read_only(work->device, true);
	}
	if (umount2(work->target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 && r == 0)
		r = -errno;
	record_remove(work->job->record_dir, mounted_mark(work->job));
	return r == 0 ? true :
			work_fail(work, -r, "waiting for the last writes after the shut-down",
				  "reset this host");
}

bool mount_shut_down(struct work *work)
{
	AUTO_CLOSE int root = -1;
	int r;

	if (!work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_FOREIGN)
		return work_foreign(work);
	if (work->mounted.state != MOUNTED_WRITE)
		return true;
	r = open_root(work, &root);
	if (r < 0)
		return work_fail(work, -r, "opening the mount point", "reset this host");
	r = shut_down_super(root);
	if (r == -ENOTTY || r == -EOPNOTSUPP)
		return freeze_super(work, root);
	if (r < 0)
		return work_fail(work, -r, "shutting the file system down", "reset this host");
	(void)close(steal_fd(&root));
	return drain_and_detach(work);
}
