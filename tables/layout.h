/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * layout - where everything lies on a control device.
 *
 * superblock | hint | ballots | beats | join area | images | superblock
 *
 * Every region begins at a multiple of SECTOR_MAX.  Offsets and sizes are in
 * bytes.  A block that has one writer never shares a sector with another's.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/limits.h"

#define JOIN_SLOTS 16

struct layout {
	uint32_t sector_size;		/* SECTOR_MIN or SECTOR_MAX */
	struct capacity capacity;
	uint64_t hint;
	uint64_t ballots;		/* two sectors a host */
	uint64_t ballots_bytes;		/* one scan */
	uint64_t beats;
	uint32_t beat_bytes;		/* of one host, the largest it can get */
	uint64_t join;			/* JOIN_SLOTS sectors */
	uint64_t images;		/* IMAGE_SLOTS of image_bytes for each host */
	uint32_t image_bytes;		/* the largest image there can be, in whole sectors */
	uint64_t super_copy;		/* SECTOR_MAX before the end */
	uint64_t total_bytes;		/* what the device must have at least */
};

/* Whether each number is within its bounds. */
bool capacity_is_valid(const struct capacity *capacity);

/* Lay out a device.  Returns 0, or -EINVAL for a sector size or capacity that is not allowed. */
int layout_make(struct layout *ret_layout, uint32_t sector_size, const struct capacity *capacity);

uint64_t layout_ballot(const struct layout *layout, uint16_t host, unsigned int half);
uint64_t layout_beat(const struct layout *layout, uint16_t host);
uint64_t layout_image(const struct layout *layout, uint16_t host, unsigned int slot);
uint64_t layout_join(const struct layout *layout, unsigned int slot);
