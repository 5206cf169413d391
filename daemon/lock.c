/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "daemon/lock.h"

/* Both ends are daemons of one boot; the next version of this program may be one of them. */
struct lock_file {
	struct id128 boot;
	struct disk_memory memory;
};
static_assert(offsetof(struct lock_file, memory) == 16, "where the first version put it");
static_assert(offsetof(struct disk_memory, late_until_ms) == 8, "where the first version put it");
static_assert(sizeof(struct lock_file) == 32, "as the first version has it");

/* Begin anew unless it is of this boot.  Written, not just made longer: then it has its room. */
static int lock_prepare(int fd, const struct id128 *boot)
{
	const struct lock_file fresh = { .boot = *boot };
	struct lock_file found;
	ssize_t n = pread(fd, &found, sizeof(found), 0);

	if (n == sizeof(found) && memcmp(&found.boot, boot, sizeof(*boot)) == 0)
		return 0;
	n = pwrite(fd, &fresh, sizeof(fresh), 0);
	if (n == sizeof(fresh))
		return 0;
	return n < 0 ? -errno : -ENOSPC;
}

static int lock_map(int fd, const struct id128 *boot, struct disk_memory **ret_memory)
{
	struct lock_file *file;
	int r = lock_prepare(fd, boot);

	if (r < 0)
		return r;
	file = mmap(NULL, sizeof(*file), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (file == MAP_FAILED)
		return -errno;
	*ret_memory = &file->memory;
	return 0;
}

int lock_take(const char *path, const struct id128 *boot, struct lock *ret_lock)
{
	struct lock lock = { .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	int r;

	if (lock.fd < 0)
		return -errno;
	r = flock(lock.fd, LOCK_EX | LOCK_NB) < 0 ? -errno : lock_map(lock.fd, boot, &lock.memory);
	if (r < 0) {
		(void)close(lock.fd);
		return r;
	}
	*ret_lock = lock;
	return 0;
}

void lock_release(struct lock *lock)
{
	if (lock->fd < 0)
		return;
	(void)munmap((uint8_t *)lock->memory - offsetof(struct lock_file, memory),
		     sizeof(struct lock_file));
	(void)close(lock->fd);
	lock->fd = -1;
}
