/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * newmount - make a mount: first a superblock that is certainly new, then its
 * place in the tree of folders.
 *
 * All return 0 or -errno.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/profile.h"

struct newmount {
	const char *fstype;
	const char *source;
	const struct profile_options *options;
	bool writable;
};

/*
 * A mount that is nowhere yet: it goes when *@ret_mount is closed.  -EBUSY:
 * a superblock lives on the source already.  -ENOSYS: the kernel is too old, use
 * newmount_classic().  @message, if not empty, is what the file system said.
 */
int newmount_create(const struct newmount *what, int *ret_mount, char *message, size_t size);

/* @beneath: under what is mounted there now; -EINVAL if the kernel can not. */
int newmount_attach(int mount, const char *target, bool beneath);

/* mount(2): both at once.  It can not tell a superblock that lives already from a new one. */
int newmount_classic(const struct newmount *what, const char *target);

/* The id in mountinfo of the mount that an open file is on. */
int newmount_id(int fd, uint64_t *ret_id);

/* One that is never used twice, unlike that; 0: before Linux 6.8, or after a shut-down. */
uint64_t newmount_unique_id(int fd);

/* Refuse, or again admit, new writers on this one mount; -EBUSY while there are writers. */
int newmount_gate(int directory, bool read_only);

/* The superblock, and with it all its mounts everywhere; -EBUSY while there are writers. */
int newmount_set_super(int directory, const char *target, bool read_only);
