/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * profile - what has to be known about a type of file system: one record each (A14).
 *
 * Options are words separated by commas.  A viewer's never replay a journal and
 * never panic over what they read; a writer's are the profile's own and those
 * that the volume's record adds, as far as they are known here to be harmless.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct profile {
	const char *fstype;		/* as libblkid and the kernel name it */
	const char *viewer_options;	/* beside ro */
	const char *writer_options;
	const char *const *options;	/* allowed: "discard", "commit="; '*': viewers too */
	const char *const *check;	/* program and arguments, the device follows */
	uint8_t check_good_max;		/* highest exit status that means whole, or repaired */
	bool check_after_replay;	/* the program refuses a journal that is not empty */
	bool publish_freezes;		/* syncfs leaves in the log what a viewer does not replay */
	bool forgets_devices;		/* a stale registration of a device must be dropped first */
};

/* NULL: a type that we do not handle. */
const struct profile *profile_find(const char *fstype);

/* The types that are handled, for messages: "ext4, xfs, ...". */
const char *profile_types(void);

/* What a mount is made with: the superblock's options and the mount's KERNEL_ATTR_ bits. */
struct profile_options {
	char text[512];
	unsigned int attributes;
};

/*
 * Merge the profile's and the volume's options.  -EINVAL: *@ret_wrong (at least
 * @wrong_size bytes) holds the first word that is not allowed; -E2BIG: too many.
 */
int profile_merge(const struct profile *profile, const char *options, bool writer,
		  struct profile_options *ret_options, char *ret_wrong, size_t wrong_size);
