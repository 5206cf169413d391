/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "daemon/auto.h"
#include "daemon/blockdev.h"
#include "tables/bytes.h"

#define SYSFS_LINE_BYTES 512
#define DRAIN_STEP_US	 500

int blockdev_open(const char *path, int *ret_fd, dev_t *ret_number)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISBLK(st.st_mode))
		return -ENOTBLK;
	*ret_number = st.st_rdev;
	*ret_fd = steal_fd(&fd);
	return 0;
}

int blockdev_set_read_only(int fd, bool read_only)
{
	int flag = read_only;

	return ioctl(fd, BLKROSET, &flag) < 0 ? -errno : 0;
}

int blockdev_is_read_only(int fd, bool *ret_read_only)
{
	int flag;

	if (ioctl(fd, BLKROGET, &flag) < 0)
		return -errno;
	*ret_read_only = flag != 0;
	return 0;
}

int blockdev_sector_size(int fd, uint32_t *ret_bytes)
{
	int bytes;

	if (ioctl(fd, BLKSSZGET, &bytes) < 0)
		return -errno;
	*ret_bytes = (uint32_t)bytes;
	return 0;
}

int blockdev_drop_cache(int fd)
{
	return ioctl(fd, BLKFLSBUF, 0) < 0 ? -errno : 0;
}

int blockdev_probe_unused(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_EXCL);

	return fd < 0 ? -errno : 0;
}

/* One line of a block device's folder in sysfs. */
static int sysfs_read(dev_t number, const char *name, char *ret_line, size_t size)
{
	char path[64];
	FILE *file;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/%s", major(number), minor(number),
		       name);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	if (!fgets(ret_line, (int)size, file))
		r = -EIO;
	(void)fclose(file);
	return r;
}

/*
 * Only writes are waited for: programs that read from a mount which is
 * read-only by now keep the other number from ever being seen as zero.
 */
static int writes_in_flight(dev_t number, uint64_t *ret_count)
{
	char line[SYSFS_LINE_BYTES];
	uint64_t reads;
	int r;

	r = sysfs_read(number, "inflight", line, sizeof(line));
	if (r < 0)
		return r;
	return sscanf(line, "%" SCNu64 " %" SCNu64, &reads, ret_count) == 2 ? 0 : -EIO;
}

int blockdev_drain(int fd, dev_t number, uint32_t timeout_ms)
{
	const struct timespec step = { .tv_nsec = DRAIN_STEP_US * 1000 };
	uint64_t count = 0;
	int r;

	if (fsync(fd) < 0)
		return -errno;
	for (uint64_t waited_us = 0; waited_us < timeout_ms * 1000ull; waited_us += DRAIN_STEP_US) {
		r = writes_in_flight(number, &count);
		if (r < 0 || count == 0)
			return r;
		(void)nanosleep(&step, NULL);
	}
	return -ETIMEDOUT;
}

int blockdev_sectors_written(dev_t number, uint64_t *ret_sectors)
{
	char line[SYSFS_LINE_BYTES];
	int r;

	r = sysfs_read(number, "stat", line, sizeof(line));
	if (r < 0)
		return r;
	/* The seventh field; before it: reads, merged, sectors, ms, writes, merged. */
	return sscanf(line, "%*u %*u %*u %*u %*u %*u %" SCNu64, ret_sectors) == 1 ? 0 : -EIO;
}

static void content_take(blkid_probe probe, const char *name, char *ret_value, size_t size)
{
	const char *value;

	if (blkid_probe_lookup_value(probe, name, &value, NULL) == 0)
		(void)snprintf(ret_value, size, "%s", value);
}

int blockdev_identify(int fd, struct blockdev_content *ret_content)
{
	struct blockdev_content content = { 0 };
	blkid_probe probe;
	int found;

	/* Another host may have made a new file system since these pages were read. */
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
	probe = blkid_new_probe();
	if (!probe)
		return -ENOMEM;
	errno = 0;
	if (blkid_probe_set_device(probe, fd, 0, 0) < 0) {
		blkid_free_probe(probe);
		return errno != 0 ? -errno : -EIO;
	}
	(void)blkid_probe_enable_superblocks(probe, 1);
	(void)blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
							       BLKID_SUBLKS_LABEL);
	errno = 0;
	found = blkid_do_safeprobe(probe);
	if (found == 0) {
		content_take(probe, "TYPE", content.fstype, sizeof(content.fstype));
		content_take(probe, "UUID", content.uuid, sizeof(content.uuid));
		content_take(probe, "LABEL", content.label, sizeof(content.label));
	}
	blkid_free_probe(probe);
	if (found == -2)
		return -EUCLEAN;
	if (found < 0)
		return errno != 0 ? -errno : -EIO;
	*ret_content = content;
	return 0;
}

#define BTRFS_SUPER_OFFSET 65536
#define BTRFS_SUPER_BYTES  4096
#define BTRFS_MAGIC_AT	   64
#define BTRFS_DEVICES_AT   136

int blockdev_btrfs_devices(const char *path, uint64_t *ret_count)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECT);
	AUTO_FREE uint8_t *super = aligned_alloc(BTRFS_SUPER_BYTES, BTRFS_SUPER_BYTES);
	le64_t count;

	if (fd < 0)
		return -errno;
	if (!super)
		return -ENOMEM;
	if (pread(fd, super, BTRFS_SUPER_BYTES, BTRFS_SUPER_OFFSET) != BTRFS_SUPER_BYTES)
		return errno != 0 ? -errno : -EIO;
	if (memcmp(super + BTRFS_MAGIC_AT, "_BHRfS_M", 8) != 0)
		return -EUCLEAN;
	memcpy(&count, super + BTRFS_DEVICES_AT, sizeof(count));
	*ret_count = le64_get(count);
	return 0;
}
