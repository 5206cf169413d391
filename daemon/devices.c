/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <libudev.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/devices.h"
#include "daemon/views.h"

#define LOOP_MAJOR 7

struct devices {
	char **globs; /* NULL-ended */
	struct udev *udev;
	struct udev_monitor *monitor;
	size_t count;
	struct device *list;
};

static void globs_free(char **globs)
{
	for (char **glob = globs; glob && *glob; glob++)
		free(*glob);
	free(globs);
}

static char **globs_copy(const char *const *globs)
{
	size_t count = 0;
	char **copy;

	while (globs[count])
		count++;
	copy = calloc(count + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < count; i++) {
		copy[i] = strdup(globs[i]);
		if (!copy[i]) {
			globs_free(copy);
			return NULL;
		}
	}
	return copy;
}

/*
 * From the kernel, not from udevd: it comes at once, also in containers and
 * where no udevd runs.  We read the devices ourselves anyway.
 */
static int monitor_open(struct devices *devices)
{
	int r;

	devices->udev = udev_new();
	if (!devices->udev)
		return -ENOMEM;
	devices->monitor = udev_monitor_new_from_netlink(devices->udev, "kernel");
	if (!devices->monitor)
		return -ENOMEM;
	r = udev_monitor_filter_add_match_subsystem_devtype(devices->monitor, "block", NULL);
	if (r < 0)
		return r;
	return udev_monitor_enable_receiving(devices->monitor);
}

int devices_open(const char *const *globs, struct devices **ret_devices, int *ret_fd)
{
	struct devices *devices = calloc(1, sizeof(*devices));
	int r = -ENOMEM;

	if (!devices)
		return -ENOMEM;
	devices->globs = globs_copy(globs);
	if (devices->globs)
		r = monitor_open(devices);
	/* First listen, then look: what comes in between is seen twice, not never. */
	if (r >= 0)
		r = devices_scan(devices);
	if (r < 0) {
		devices_close(devices);
		return r;
	}
	*ret_devices = devices;
	*ret_fd = udev_monitor_get_fd(devices->monitor);
	return 0;
}

void devices_close(struct devices *devices)
{
	if (!devices)
		return;
	udev_monitor_unref(devices->monitor);
	udev_unref(devices->udev);
	globs_free(devices->globs);
	free(devices->list);
	free(devices);
}

/* All paths that the globs name, in one list. */
static int globs_expand(const struct devices *devices, glob_t *ret_paths)
{
	int flags = 0;
	int r;

	*ret_paths = (glob_t){ 0 };
	for (char **pattern = devices->globs; *pattern; pattern++) {
		r = glob(*pattern, flags, NULL, ret_paths);
		if (r == GLOB_NOSPACE) {
			globfree(ret_paths);
			return -ENOMEM;
		}
		flags = GLOB_APPEND;
	}
	return 0;
}

/* A glob may name a link to the device. */
static bool globs_reach(const struct devices *devices, dev_t number)
{
	bool reached = false;
	struct stat st;
	glob_t paths;

	if (globs_expand(devices, &paths) < 0)
		return true;
	for (size_t i = 0; i < paths.gl_pathc && !reached; i++)
		reached = stat(paths.gl_pathv[i], &st) == 0 && S_ISBLK(st.st_mode) &&
			  st.st_rdev == number;
	globfree(&paths);
	return reached;
}

static bool list_has(const struct device *list, size_t count, dev_t number)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].number == number)
			return true;
	}
	return false;
}

/*
 * A view comes and goes with every refresh, and views are loop devices: those
 * must be named, or have been: the name may go first.  Other devices may be named by a link
 * that is made later.
 */
static bool event_counts(const struct devices *devices, struct udev_device *event)
{
	const char *path = udev_device_get_devnode(event);

	if (major(udev_device_get_devnum(event)) != LOOP_MAJOR)
		return true;
	return list_has(devices->list, devices->count, udev_device_get_devnum(event)) ||
	       (path && !view_is_marked(path, NULL) &&
		globs_reach(devices, udev_device_get_devnum(event)));
}

bool devices_changed(struct devices *devices)
{
	struct udev_device *event;
	bool changed = false;

	while ((event = udev_monitor_receive_device(devices->monitor))) {
		changed |= event_counts(devices, event);
		udev_device_unref(event);
	}
	return changed;
}

/* Part of another block device, which is then the one to be used. */
static bool device_has_holders(dev_t number)
{
	struct dirent *entry;
	bool found = false;
	char path[64];
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/holders", major(number),
		       minor(number));
	dir = opendir(path);
	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.';
	(void)closedir(dir);
	return found;
}

/* False: not a device that could carry a volume. */
static bool device_look(const char *path, const struct device *list, size_t count,
			struct device *ret_device)
{
	struct device device = { 0 };
	struct blockdev_content content = { 0 };
	AUTO_CLOSE int fd = -1;

	if (strlen(path) >= sizeof(device.path) || blockdev_open(path, &fd, &device.number) < 0)
		return false;
	if (list_has(list, count, device.number) || device_has_holders(device.number) ||
	    view_is_marked(path, NULL))
		return false;
	/* An empty drive, or a loop device that nothing is attached to. */
	if (ioctl(fd, BLKGETSIZE64, &device.size_bytes) < 0 || device.size_bytes == 0)
		return false;
	/* One that can not be read is there all the same, as one that carries nothing known. */
	(void)blockdev_identify(fd, &content);
	(void)snprintf(device.path, sizeof(device.path), "%s", path);
	(void)snprintf(device.fstype, sizeof(device.fstype), "%s", content.fstype);
	(void)snprintf(device.uuid, sizeof(device.uuid), "%s", content.uuid);
	(void)snprintf(device.label, sizeof(device.label), "%s", content.label);
	*ret_device = device;
	return true;
}

int devices_scan(struct devices *devices)
{
	struct device *list;
	size_t count = 0;
	glob_t paths;
	int r;

	r = globs_expand(devices, &paths);
	if (r < 0)
		return r;
	list = calloc(paths.gl_pathc < DEVICES_MAX ? paths.gl_pathc + 1 : DEVICES_MAX,
		      sizeof(*list));
	if (!list) {
		globfree(&paths);
		return -ENOMEM;
	}
	for (size_t i = 0; i < paths.gl_pathc && count < DEVICES_MAX; i++) {
		if (device_look(paths.gl_pathv[i], list, count, &list[count]))
			count++;
	}
	globfree(&paths);
	free(devices->list);
	devices->list = list;
	devices->count = count;
	return 0;
}

size_t devices_count(const struct devices *devices)
{
	return devices->count;
}

const struct device *devices_get(const struct devices *devices, size_t index)
{
	return index < devices->count ? &devices->list[index] : NULL;
}

unsigned int devices_find(const struct devices *devices, const char *uuid,
			  const struct device **ret_device)
{
	unsigned int found = 0;

	for (size_t i = 0; i < devices->count; i++) {
		if (uuid[0] == '\0' || strcasecmp(devices->list[i].uuid, uuid) != 0)
			continue;
		if (found++ == 0)
			*ret_device = &devices->list[i];
	}
	return found;
}
