/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * io - the only way to a control device: a table of operations, so that tests
 * put a simulated disk, or a wrapper that fails, in place of the real one.
 *
 * Reads and writes are synchronous, direct (O_DIRECT) and durable on return
 * (O_DSYNC).  Offsets, sizes and buffers are multiples of the sector size.
 */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct io;

struct io_ops {
	/* 0, or -errno; a short transfer is -EIO. */
	int (*read)(struct io *io, uint64_t offset, void *buffer, size_t size);
	int (*write)(struct io *io, uint64_t offset, const void *buffer, size_t size);
	/*
	 * Make it at least that large: 0, or -ENOSPC where it can not grow.  NULL: never can.
	 * What is new reads as zeroes.
	 */
	int (*extend)(struct io *io, uint64_t size_bytes);
	void (*close)(struct io *io);
};

struct io {
	const struct io_ops *ops;
	/* the device's logical block size; of a file: what O_DIRECT asks for */
	uint32_t sector_size;
	uint64_t size_bytes;
	bool read_only;
};

enum io_flags {
	IO_READ_ONLY = 1,
	IO_EXCLUSIVE = 2,	/* O_EXCL on a block device: mount, mkfs, LVM and md get EBUSY */
};

/*
 * Open a block device or a plain file.  -errno: -ENOENT, -ENODEV or -ENXIO no such
 * device, -EBUSY in use, -EROFS read-only though writing was asked for,
 * -ENOTBLK or -EISDIR neither a block device nor a file, -EMEDIUMTYPE its sectors
 * are smaller than SECTOR_MIN or larger than SECTOR_MAX.
 */
int io_open_path(const char *path, unsigned int flags, struct io **ret_io);

static inline int io_read(struct io *io, uint64_t offset, void *buffer, size_t size)
{
	return io->ops->read(io, offset, buffer, size);
}

static inline int io_write(struct io *io, uint64_t offset, const void *buffer, size_t size)
{
	return io->ops->write(io, offset, buffer, size);
}

static inline int io_extend(struct io *io, uint64_t size_bytes)
{
	if (size_bytes <= io->size_bytes)
		return 0;
	return io->ops->extend ? io->ops->extend(io, size_bytes) : -ENOSPC;
}

static inline void io_close(struct io *io)
{
	if (io)
		io->ops->close(io);
}

/* Sector-aligned, zeroed; free() it.  NULL: no memory. */
void *io_buffer(const struct io *io, size_t size);
