/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "daemon/io.h"
#include "tables/limits.h"

struct io_file {
	struct io io;	/* first: a struct io of ours is one of these */
	int fd;
};

static struct io_file *io_file_of(struct io *io)
{
	return (struct io_file *)io;
}

/* Continue a transfer that a signal or the end of a segment has cut short. */
static int io_file_read(struct io *io, uint64_t offset, void *buffer, size_t size)
{
	uint8_t *at = buffer;

	while (size > 0) {
		ssize_t n = pread(io_file_of(io)->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		/* The rest of a short direct transfer can only be asked for if it is aligned. */
		if (n == 0 || n % io->sector_size != 0)
			return -EIO;
		at += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int io_file_write(struct io *io, uint64_t offset, const void *buffer, size_t size)
{
	const uint8_t *at = buffer;

	if (io->read_only)
		return -EROFS;
	while (size > 0) {
		ssize_t n = pwrite(io_file_of(io)->fd, at, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0 || n % io->sector_size != 0)
			return -EIO;
		at += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* A regular file grows; a block device has the size it has. */
static int io_file_extend(struct io *io, uint64_t size_bytes)
{
	struct stat st;

	if (size_bytes <= io->size_bytes)
		return 0;
	if (io->read_only)
		return -EROFS;
	if (fstat(io_file_of(io)->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOSPC;
	if (ftruncate(io_file_of(io)->fd, (off_t)size_bytes) < 0)
		return -errno;
	if (fsync(io_file_of(io)->fd) < 0)
		return -errno;
	io->size_bytes = size_bytes;
	return 0;
}

static void io_file_close(struct io *io)
{
	(void)close(io_file_of(io)->fd);
	free(io_file_of(io));
}

static const struct io_ops io_file_ops = {
	.read = io_file_read,
	.write = io_file_write,
	.extend = io_file_extend,
	.close = io_file_close,
};

static int io_learn_block_device(struct io_file *file)
{
	int sector_size;
	int read_only;
	uint64_t size_bytes;

	if (ioctl(file->fd, BLKSSZGET, &sector_size) < 0 ||
	    ioctl(file->fd, BLKGETSIZE64, &size_bytes) < 0 ||
	    ioctl(file->fd, BLKROGET, &read_only) < 0)
		return -errno;
	if (sector_size < SECTOR_MIN || sector_size > SECTOR_MAX)
		return -EMEDIUMTYPE;
	file->io.sector_size = (uint32_t)sector_size;
	file->io.size_bytes = size_bytes;
	if (read_only)
		file->io.read_only = true;
	return 0;
}

/* Whether the file system lets a file be read directly by sectors of 512 bytes. */
static bool io_file_takes_small_sectors(int fd, uint64_t size_bytes)
{
	void *sector;
	bool takes;

#ifdef STATX_DIOALIGN
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_DIOALIGN, &stx) == 0 &&
	    (stx.stx_mask & STATX_DIOALIGN) && stx.stx_dio_offset_align > 0)
		return stx.stx_dio_offset_align <= SECTOR_MIN &&
		       stx.stx_dio_mem_align <= SECTOR_MAX;
#endif
	/* A read at or past the end never reaches the check of its alignment: it proves nothing. */
	if (size_bytes < SECTOR_MAX)
		return false;
	sector = aligned_alloc(SECTOR_MAX, SECTOR_MAX);
	if (!sector)
		return false;
	takes = pread(fd, sector, SECTOR_MIN, SECTOR_MIN) == SECTOR_MIN;
	free(sector);
	return takes;
}

static int io_learn_plain_file(struct io_file *file, const struct stat *st)
{
	uint64_t size_bytes = (uint64_t)st->st_size;

	file->io.sector_size =
		io_file_takes_small_sectors(file->fd, size_bytes) ? SECTOR_MIN : SECTOR_MAX;
	file->io.size_bytes = size_bytes - size_bytes % file->io.sector_size;
	return 0;
}

static int io_learn(struct io_file *file)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (S_ISBLK(st.st_mode))
		return io_learn_block_device(file);
	if (S_ISREG(st.st_mode))
		return io_learn_plain_file(file, &st);
	return -ENOTBLK;
}

/*
 * Files in memory know no direct I/O on older kernels.  They are on this
 * machine only, so that the page cache shows every process the same.
 */
static bool io_path_is_in_memory(const char *path)
{
	struct statfs sfs;

	return statfs(path, &sfs) == 0 && (sfs.f_type == TMPFS_MAGIC || sfs.f_type == RAMFS_MAGIC);
}

static int io_open_fd(const char *path, unsigned int flags)
{
	int open_flags = O_DIRECT | O_DSYNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	struct stat st;
	int fd;

	if (stat(path, &st) < 0)
		return -errno;
	/* To open a FIFO or a terminal to find out that it is one would already be a deed. */
	if (!S_ISBLK(st.st_mode) && !S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENOTBLK;
	open_flags |= (flags & IO_READ_ONLY) ? O_RDONLY : O_RDWR;
	if ((flags & IO_EXCLUSIVE) && S_ISBLK(st.st_mode))
		open_flags |= O_EXCL;
	fd = open(path, open_flags);
	if (fd < 0 && errno == EINVAL && S_ISREG(st.st_mode) && io_path_is_in_memory(path))
		fd = open(path, open_flags & ~O_DIRECT);
	return fd < 0 ? -errno : fd;
}

int io_open_path(const char *path, unsigned int flags, struct io **ret_io)
{
	struct io_file *file;
	int r;

	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->io.ops = &io_file_ops;
	file->io.read_only = flags & IO_READ_ONLY;
	r = io_open_fd(path, flags);
	if (r < 0) {
		free(file);
		return r;
	}
	file->fd = r;
	r = io_learn(file);
	if (r == 0 && file->io.read_only && !(flags & IO_READ_ONLY))
		r = -EROFS;
	if (r < 0) {
		io_close(&file->io);
		return r;
	}
	*ret_io = &file->io;
	return 0;
}

void *io_buffer(const struct io *io, size_t size)
{
	size_t whole = (size + SECTOR_MAX - 1) / SECTOR_MAX * SECTOR_MAX;
	void *buffer;

	assert(io->sector_size <= SECTOR_MAX);
	buffer = aligned_alloc(SECTOR_MAX, whole);
	if (buffer)
		memset(buffer, 0, whole);
	return buffer;
}
