/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/mount_work.h"
#include "daemon/newmount.h"
#include "daemon/record.h"
#include "daemon/views.h"

#define DRAIN_TIMEOUT_MS    10000
#define CHECK_ARGUMENTS_MAX 8
#define MESSAGE_BYTES	    128

extern char **environ;

/* btrfs remembers devices by number and path, also those that carry something else by now. */
static void forget_device(const struct profile *profile, const char *path)
{
	AUTO_CLOSE int control = -1;
	struct btrfs_ioctl_vol_args arguments = { 0 };

	if (!profile->forgets_devices)
		return;
	control = open("/dev/btrfs-control", O_RDWR | O_CLOEXEC);
	if (control < 0)
		return;
	(void)snprintf(arguments.name, sizeof(arguments.name), "%s", path);
	(void)ioctl(control, BTRFS_IOC_FORGET_DEV, &arguments);
}

static bool merge_options(struct work *work, bool writer, struct profile_options *ret_options)
{
	char wrong[32] = "";
	int r = profile_merge(work->profile, work->job->options, writer, ret_options, wrong,
			      sizeof(wrong));

	if (r == 0)
		return true;
	return work_settle(work, MOUNT_FAILED, -r,
			   "the mount option '%s' of volume %s is not allowed "
			   "on %s; change `options` in the volume's record",
			   wrong, work->job->name, work->profile->fstype);
}

static bool fail_mount(struct work *work, const struct newmount *what, int r, const char *message)
{
	return work_settle(work, MOUNT_FAILED, -r,
			   "mounting %.60s (%s) %s on %.60s failed: %s%s%s; %s",
			   what->source, what->fstype, what->writable ? "read-write" : "read-only",
			   work->job->mount_point, strerror(-r), message[0] != '\0' ? ": " : "",
			   message, r == -ENODEV ?
			   "the kernel of this host does not know this file system" :
			   "see the kernel's log");
}

/* Over a view that programs hold: under it, and then it is taken away from above. */
static int attach_over(int mount, const char *target)
{
	int r = newmount_attach(mount, target, true);

	if (r == 0)
		return umount2(target, MNT_DETACH | UMOUNT_NOFOLLOW) < 0 ? -errno : 0;
	if (r != -EINVAL)
		return r;
	/* Before Linux 6.5: on top of it; both are unmounted when their time has come. */
	return newmount_attach(mount, target, false);
}

/* What programs write from now on is to be published. */
static void count_written(struct work *work)
{
	work->counted = blockdev_sectors_written(work->number, &work->result->written) == 0;
}

/* @mount: a file on it.  Views need no note. */
static int note_mount(struct work *work, const struct newmount *what, int mount)
{
	struct record record = {
		.unique_id = newmount_unique_id(mount),
		.device = work->number,
	};
	int r;

	if (!what->writable || work->job->record_dir[0] == '\0')
		return 0;
	r = newmount_id(mount, &record.id);
	return r < 0 ? r : record_write(work->job->record_dir, mounted_mark(work->job), &record);
}

/* The note is made before the mount can be seen, so that it is never seen without. */
static int attach_mount(struct work *work, const struct newmount *what, int mount)
{
	int r = note_mount(work, what, mount);

	if (r < 0)
		return r;
	count_written(work);
	if (work->mounted.state == MOUNTED_VIEW)
		return attach_over(mount, work->target);
	return newmount_attach(mount, work->target, false);
}

static int mount_classic(struct work *work, const struct newmount *what)
{
	int fd;
	int r;

	count_written(work);
	r = newmount_classic(what, work->target);
	if (r < 0)
		return r;
	fd = open(work->target, O_PATH | O_DIRECTORY | O_CLOEXEC);
	r = fd < 0 ? -errno : note_mount(work, what, fd);
	if (fd >= 0)
		(void)close(fd);
	if (r < 0)
		(void)umount2(work->target, UMOUNT_NOFOLLOW);
	return r;
}

static bool make_mount(struct work *work, const struct newmount *what)
{
	AUTO_CLOSE int mount = -1;
	char message[MESSAGE_BYTES];
	int r;

	work_warn_hidden(work);
	forget_device(work->profile, what->source);
	r = newmount_create(what, &mount, message, sizeof(message));
	if (r == 0)
		r = attach_mount(work, what, mount);
	else if (r == -ENOSYS)
		r = mount_classic(work, what);
	return r == 0 ? true : fail_mount(work, what, r, message);
}

static bool lock_device(struct work *work)
{
	int r = blockdev_set_read_only(work->device, true);

	return r == 0 ? true :
			work_fail(work, -r, "making the volume's device read-only",
				  "the volume is not mounted without it");
}

/* What was mounted here before goes first.  Held by programs, it stays as it is: read-only. */
static bool end_former(struct work *work)
{
	const bool view = work->mounted.state == MOUNTED_VIEW;
	int r = work_unmount_all(work);

	if (r == 0)
		return work->mounted.state == MOUNTED_FOREIGN ? work_foreign(work) : true;
	if (r != -EBUSY)
		return work_fail(work, -r, "unmounting the former mount", "unmount it by hand");
	return work_settle(
		work, MOUNT_STALE_HELD, EBUSY,
		"programs hold the former %s on %.120s; it stays, read-only, until they let go",
		view ? "view" : "writer's mount", work->job->mount_point);
}

static bool attach_view(struct work *work)
{
	char path[VIEW_PATH_BYTES];
	struct profile_options options;
	AUTO_CLOSE int loop = -1;
	int r;

	if (!merge_options(work, false, &options))
		return false;
	r = view_attach(work->device, mounted_mark(work->job), &loop, path);
	if (r < 0)
		return work_fail(work, -r, "attaching a loop device for the view",
				 "is the loop driver there?");
	const struct newmount what = {
		.fstype = work->profile->fstype,
		.source = path,
		.options = &options,
	};
	return make_mount(work, &what);
}

bool mount_view(struct work *work)
{
	if (!work_need_device(work) || !work_need_target(work) || !work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_FOREIGN)
		return work_foreign(work);
	if (work->mounted.state == MOUNTED_WRITE)
		return work_settle(work, MOUNT_FAILED, EBUSY,
				   "volume %s is mounted read-write; it must "
				   "be given up before it can be viewed",
				   work->job->name);
	return lock_device(work) && end_former(work) && work_identify(work) && attach_view(work);
}

/* Free the mount point for the writer, or settle that programs hold it. */
static bool make_way(struct work *work)
{
	const bool ended = work->mounted.state == MOUNTED_ENDED;
	int r = work_unmount_all(work);

	if (r == -EBUSY && !ended && work->job->over_readers) {
		work->result->holder_count = 0;
		return true;
	}
	if (r == -EBUSY)
		return work_settle(
			work, MOUNT_BUSY, EBUSY, "programs hold the %s on %.80s%s",
			ended ? "former writer's mount" : "view", work->job->mount_point,
			ended ? ", whose superblock is on the device itself: it can not be mounted "
				"over, they must let go" :
				"; they must let go, or it is mounted over them");
	if (r < 0)
		return work_fail(work, -r, "unmounting the view", "unmount it by hand");
	return work->mounted.state == MOUNTED_FOREIGN ? work_foreign(work) : true;
}

/* umount(2) succeeds while copies of the mount in other namespaces keep the superblock alive. */
static bool refuse_used_device(struct work *work)
{
	int r = work_try(work, work_probe_unused, WORK_ELSEWHERE);

	if (r == 0)
		return true;
	if (r != -EBUSY)
		return work_fail(work, -r, "opening the volume's device for itself alone",
				 "see the kernel's log");
	return work_settle(
		work, MOUNT_BUSY, EBUSY,
		"%.100s is in use though nothing of it is mounted here: a mount in another "
		"namespace, a file still open on a detached mount, LVM, md or swap",
		work->job->device);
}

/* What was read while another host was the writer must not be mistaken for what is there now. */
static bool drop_cache(struct work *work)
{
	int r = blockdev_drop_cache(work->device);

	return r == 0 ? true :
			work_fail(work, -r, "dropping the cache of the volume's device",
				  "see the kernel's log");
}

static bool unlock_device(struct work *work)
{
	bool read_only = true;
	int r = blockdev_set_read_only(work->device, false);

	if (r == 0)
		r = blockdev_is_read_only(work->device, &read_only);
	if (r == 0 && !read_only)
		return true;
	return work_settle(work, MOUNT_FAILED, r < 0 ? -r : EROFS,
			   "%.150s can not be made writable: "
			   "the storage presents it read-only",
			   work->job->device);
}

/* What it prints is for a terminal, and ours belongs to others: its exit status says enough. */
static int spawn_quietly(char *const *arguments, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r != 0)
		return -r;
	for (int fd = 0; fd <= 2 && r == 0; fd++)
		r = posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	if (r == 0)
		r = posix_spawnp(ret_pid, arguments[0], &actions, NULL, arguments, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	return -r;
}

static int run_check(const struct profile *profile, const char *device, int *ret_status)
{
	char *arguments[CHECK_ARGUMENTS_MAX] = { NULL };
	size_t count = 0;
	pid_t pid;
	int r;

	for (; profile->check[count]; count++)
		arguments[count] = (char *)profile->check[count];
	arguments[count] = (char *)device;
	r = spawn_quietly(arguments, &pid);
	if (r < 0)
		return r;
	while (waitpid(pid, ret_status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

/* Mount and unmount, so that the journal is empty. */
static bool replay_journal(struct work *work, const struct newmount *what)
{
	char message[MESSAGE_BYTES];
	int mount;
	int r;

	r = newmount_create(what, &mount, message, sizeof(message));
	if (r < 0)
		return fail_mount(work, what, r, message);
	(void)close(mount);
	return refuse_used_device(work);
}

static bool check_volume(struct work *work, const struct newmount *what)
{
	const struct profile *profile = work->profile;
	int status;
	int r;

	if (!work->job->fsck)
		return true;
	if (profile->check_after_replay && !replay_journal(work, what))
		return false;
	r = run_check(profile, work->job->device, &status);
	if (r < 0)
		return work_settle(work, MOUNT_FAILED, -r,
				   "running %s on %.100s failed: %s; install it, "
				   "or set fsck = never",
				   profile->check[0], work->job->device, strerror(-r));
	if (WIFEXITED(status) && WEXITSTATUS(status) <= profile->check_good_max)
		return true;
	return work_settle(work, MOUNT_FAILED, EUCLEAN,
			   "%s found damage on %.100s that it did not "
			   "repair (status %d); repair the file system by hand",
			   profile->check[0], work->job->device,
			   WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* Mounted, and really writable? */
static bool confirm_writable(struct work *work)
{
	if (!work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_WRITE)
		return true;
	(void)work_unmount(work);
	return work_settle(work, MOUNT_FAILED, EROFS,
			   "%.100s was mounted on %.100s and is not writable; "
			   "see the kernel's log",
			   work->job->device, work->job->mount_point);
}

static bool mount_writer(struct work *work)
{
	struct profile_options options;

	if (!merge_options(work, true, &options))
		return false;
	const struct newmount what = {
		.fstype = work->profile->fstype,
		.source = work->job->device,
		.options = &options,
		.writable = true,
	};
	return check_volume(work, &what) && make_mount(work, &what) && confirm_writable(work);
}

/*
 * Nothing stays half done: what the attempt has written is on the disk, then the lock is back.
 * A mount that stays all the same keeps its note, or nobody would know that it is ours.
 */
static void undo_write(struct work *work)
{
	if (work_look(work) && work->mounted.state == MOUNTED_WRITE)
		(void)work_unmount(work);
	(void)blockdev_drain(work->device, work->number, DRAIN_TIMEOUT_MS);
	(void)blockdev_set_read_only(work->device, true);
	work->result->unproven = work_try(work, work_probe_unused, WORK_ELSEWHERE) < 0;
	if (!work->result->unproven)
		record_remove(work->job->record_dir, mounted_mark(work->job));
}

bool mount_write(struct work *work)
{
	if (!work_need_device(work) || !work_need_target(work) || !work_look(work))
		return false;
	if (work->mounted.state == MOUNTED_WRITE)
		return true;
	if (work->mounted.state == MOUNTED_FOREIGN)
		return work_foreign(work);
	if (!lock_device(work) || !make_way(work) || !refuse_used_device(work) ||
	    !drop_cache(work) || !work_identify(work))
		return false;
	if (unlock_device(work) && mount_writer(work))
		return true;
	undo_write(work);
	return false;
}
