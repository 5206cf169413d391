/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/layout.h"

#include <assert.h>
#include <errno.h>

#include "tables/beat.h"
#include "tables/image.h"

/* Regions begin where a sector of either size does. */
static uint64_t layout_align(uint64_t offset)
{
	return (offset + SECTOR_MAX - 1) / SECTOR_MAX * SECTOR_MAX;
}

bool capacity_is_valid(const struct capacity *capacity)
{
	return capacity->hosts >= 1 && capacity->hosts <= HOSTS_MAX &&
	       capacity->volumes >= 1 && capacity->volumes <= VOLUMES_MAX &&
	       capacity->access >= 1 && capacity->access <= ACCESS_MAX;
}

int layout_make(struct layout *ret_layout, uint32_t sector_size, const struct capacity *capacity)
{
	struct layout layout = { .sector_size = sector_size, .capacity = *capacity };
	uint32_t image_bytes;

	if ((sector_size != SECTOR_MIN && sector_size != SECTOR_MAX) ||
	    !capacity_is_valid(capacity))
		return -EINVAL;

	image_bytes = image_bytes_max(capacity);
	layout.image_bytes = (image_bytes + sector_size - 1) / sector_size * sector_size;
	layout.beat_bytes = beat_bytes(sector_size, capacity->volumes);
	layout.ballots_bytes = (uint64_t)capacity->hosts * 2 * sector_size;

	layout.hint = SECTOR_MAX;
	layout.ballots = layout_align(layout.hint + sector_size);
	layout.beats = layout_align(layout.ballots + layout.ballots_bytes);
	layout.join = layout_align(layout.beats + (uint64_t)capacity->hosts * layout.beat_bytes);
	layout.images = layout_align(layout.join + (uint64_t)JOIN_SLOTS * sector_size);
	layout.super_copy = layout_align(layout.images + (uint64_t)capacity->hosts * IMAGE_SLOTS *
					 layout.image_bytes);
	layout.total_bytes = layout.super_copy + SECTOR_MAX;
	*ret_layout = layout;
	return 0;
}

uint64_t layout_ballot(const struct layout *layout, uint16_t host, unsigned int half)
{
	assert(host < layout->capacity.hosts && half < 2);
	return layout->ballots + ((uint64_t)host * 2 + half) * layout->sector_size;
}

uint64_t layout_beat(const struct layout *layout, uint16_t host)
{
	assert(host < layout->capacity.hosts);
	return layout->beats + (uint64_t)host * layout->beat_bytes;
}

uint64_t layout_image(const struct layout *layout, uint16_t host, unsigned int slot)
{
	assert(host < layout->capacity.hosts && slot < IMAGE_SLOTS);
	return layout->images + ((uint64_t)host * IMAGE_SLOTS + slot) * layout->image_bytes;
}

uint64_t layout_join(const struct layout *layout, unsigned int slot)
{
	assert(slot < JOIN_SLOTS);
	return layout->join + (uint64_t)slot * layout->sector_size;
}
