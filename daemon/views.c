/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "daemon/views.h"

#define VIEW_PREFIX	 "volctl:"
#define ATTACH_TRIES_MAX 50
#define ATTACH_PAUSE_MS	 10

/* The lower device may be cut into sectors of 4096 bytes, and then so must the view be. */
static int view_config(int lower, const char *mark, struct loop_config *ret_config)
{
	struct loop_config config = {
		.fd = (uint32_t)lower,
		.info.lo_flags = LO_FLAGS_READ_ONLY | LO_FLAGS_AUTOCLEAR | LO_FLAGS_DIRECT_IO,
	};
	int r;

	r = blockdev_sector_size(lower, &config.block_size);
	if (r < 0)
		return r;
	(void)snprintf((char *)config.info.lo_file_name, sizeof(config.info.lo_file_name), "%s%s",
		       VIEW_PREFIX, mark);
	*ret_config = config;
	return 0;
}

/* Through a page cache below it a view would be as old as those pages. */
static int view_is_direct(int fd)
{
	struct loop_info64 info;

	if (ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return -errno;
	return info.lo_flags & LO_FLAGS_DIRECT_IO ? 0 : -EOPNOTSUPP;
}

/* -EBUSY: somebody else took the number between the asking and the taking. */
static int view_try(int control, const struct loop_config *config, int *ret_fd,
		    char ret_path[VIEW_PATH_BYTES])
{
	AUTO_CLOSE int fd = -1;
	char path[VIEW_PATH_BYTES];
	int number = ioctl(control, LOOP_CTL_GET_FREE);
	int r;

	if (number < 0)
		return -errno;
	(void)snprintf(path, sizeof(path), "/dev/loop%d", number);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENXIO ? -EBUSY : -errno;
	if (ioctl(fd, LOOP_CONFIGURE, config) < 0)
		return -errno;
	r = view_is_direct(fd);
	if (r < 0)
		return r;
	memcpy(ret_path, path, sizeof(path));
	*ret_fd = steal_fd(&fd);
	return 0;
}

int view_attach(int lower, const char *mark, int *ret_fd, char ret_path[VIEW_PATH_BYTES])
{
	const struct timespec pause = { .tv_nsec = ATTACH_PAUSE_MS * 1000000L };
	AUTO_CLOSE int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	struct loop_config config;
	int r;

	if (control < 0)
		return -errno;
	r = view_config(lower, mark, &config);
	if (r < 0)
		return r;
	for (int i = 0; i < ATTACH_TRIES_MAX; i++) {
		r = view_try(control, &config, ret_fd, ret_path);
		if (r != -EBUSY)
			return r;
		(void)nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

bool view_is_marked(const char *path, const char *mark)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct loop_info64 info;
	char expected[LO_NAME_SIZE];

	if (fd < 0 || ioctl(fd, LOOP_GET_STATUS64, &info) < 0)
		return false;
	info.lo_file_name[sizeof(info.lo_file_name) - 1] = '\0';
	if (!mark)
		return strncmp((const char *)info.lo_file_name, VIEW_PREFIX, strlen(VIEW_PREFIX)) ==
		       0;
	(void)snprintf(expected, sizeof(expected), "%s%s", VIEW_PREFIX, mark);
	return strcmp((const char *)info.lo_file_name, expected) == 0;
}
