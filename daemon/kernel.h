/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel - calls and constants of the kernel that a distribution's headers may lack.
 *
 * Whether the running kernel has them is found out by calling: ENOSYS,
 * EOPNOTSUPP or EINVAL.  The names are our own, so that they never meet those
 * of a newer header.
 */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* One number on all architectures but Alpha since Linux 5.1. */
#ifdef __alpha__
#define KERNEL_CALL_BASE 110
#else
#define KERNEL_CALL_BASE 0
#endif
#define KERNEL_NR_MOVE_MOUNT	 (KERNEL_CALL_BASE + 429)
#define KERNEL_NR_FSOPEN	 (KERNEL_CALL_BASE + 430)
#define KERNEL_NR_FSCONFIG	 (KERNEL_CALL_BASE + 431)
#define KERNEL_NR_FSMOUNT	 (KERNEL_CALL_BASE + 432)
#define KERNEL_NR_FSPICK	 (KERNEL_CALL_BASE + 433)
#define KERNEL_NR_MOUNT_SETATTR	 (KERNEL_CALL_BASE + 442)

#define KERNEL_FSOPEN_CLOEXEC	 1u
#define KERNEL_FSMOUNT_CLOEXEC	 1u
#define KERNEL_FSPICK_CLOEXEC	 1u
#define KERNEL_FSPICK_EMPTY_PATH 8u

#define KERNEL_FSCONFIG_FLAG		0u
#define KERNEL_FSCONFIG_STRING		1u
#define KERNEL_FSCONFIG_CREATE		6u
#define KERNEL_FSCONFIG_RECONFIGURE	7u
#define KERNEL_FSCONFIG_CREATE_EXCL	8u	/* 6.6 */

#define KERNEL_MOVE_FROM_EMPTY_PATH	0x004u
#define KERNEL_MOVE_BENEATH		0x200u	/* 6.5 */

#define KERNEL_ATTR_RDONLY	0x00000001u
#define KERNEL_ATTR_NOSUID	0x00000002u
#define KERNEL_ATTR_NODEV	0x00000004u
#define KERNEL_ATTR_NOEXEC	0x00000008u
#define KERNEL_ATTR_NOATIME	0x00000010u
#define KERNEL_ATTR_NODIRATIME	0x00000080u
#define KERNEL_ATTR_NOSYMFOLLOW 0x00200000u

#define KERNEL_STATX_MNT_ID_UNIQUE 0x4000u	/* 6.8 */

struct kernel_mount_attr {
	uint64_t attr_set;
	uint64_t attr_clr;
	uint64_t propagation;
	uint64_t userns_fd;
};

/* FS_IOC_SHUTDOWN of ext4, XFS and f2fs. */
#define KERNEL_SHUTDOWN			0x8004587du
#define KERNEL_SHUTDOWN_LOGFLUSH	1u
#define KERNEL_SHUTDOWN_NOLOGFLUSH	2u

/* All return what the call returns, or -errno. */
static inline int kernel_result(long result)
{
	return result < 0 ? -errno : (int)result;
}

static inline int kernel_fsopen(const char *fstype)
{
	return kernel_result(syscall(KERNEL_NR_FSOPEN, fstype, KERNEL_FSOPEN_CLOEXEC));
}

static inline int kernel_fsconfig(int fs, unsigned int command, const char *key, const char *value)
{
	return kernel_result(syscall(KERNEL_NR_FSCONFIG, fs, command, key, value, 0));
}

static inline int kernel_fsmount(int fs, unsigned int attributes)
{
	return kernel_result(syscall(KERNEL_NR_FSMOUNT, fs, KERNEL_FSMOUNT_CLOEXEC, attributes));
}

/* The superblock beneath an open directory, to be configured anew. */
static inline int kernel_fspick(int directory)
{
	return kernel_result(syscall(KERNEL_NR_FSPICK, directory, "",
				     KERNEL_FSPICK_CLOEXEC | KERNEL_FSPICK_EMPTY_PATH));
}

static inline int kernel_move_mount(int mount, const char *target, unsigned int flags)
{
	return kernel_result(syscall(KERNEL_NR_MOVE_MOUNT, mount, "", AT_FDCWD, target,
				     flags | KERNEL_MOVE_FROM_EMPTY_PATH));
}

static inline int kernel_mount_setattr(int directory, const struct kernel_mount_attr *attributes)
{
	return kernel_result(syscall(KERNEL_NR_MOUNT_SETATTR, directory, "", AT_EMPTY_PATH,
				     attributes, sizeof(*attributes)));
}
