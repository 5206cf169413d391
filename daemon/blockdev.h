/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * blockdev - what is asked and told of a volume's block device.
 *
 * All return 0 or -errno.  Calls on the device may hang with it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Open for reading; -ENOTBLK if it is something else. */
int blockdev_open(const char *path, int *ret_fd, dev_t *ret_number);

int blockdev_set_read_only(int fd, bool read_only);
int blockdev_is_read_only(int fd, bool *ret_read_only);
int blockdev_sector_size(int fd, uint32_t *ret_bytes);

/* Drop what the page cache holds of it, so that the next read comes from the disk. */
int blockdev_drop_cache(int fd);

/* -EBUSY while a mounted file system, or another exclusive user, lives on it. */
int blockdev_probe_unused(const char *path);

/* Write out what the device's own cache holds, then wait until no write is in flight. */
int blockdev_drain(int fd, dev_t number, uint32_t timeout_ms);

/* Sectors of 512 bytes written since the device appeared. */
int blockdev_sectors_written(dev_t number, uint64_t *ret_sectors);

/* What libblkid reads from the device itself; empty strings where there is nothing. */
struct blockdev_content {
	char fstype[16];
	char uuid[37];
	char label[64];
};

/* -EUCLEAN: more than one file system's mark. */
int blockdev_identify(int fd, struct blockdev_content *ret_content);

/* How many devices a btrfs file system is spread over. */
int blockdev_btrfs_devices(const char *path, uint64_t *ret_count);
