/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/super.h"

#include <string.h>

struct super_disk {
	struct block_head head;
	struct id128 cluster;	/* here in every format: without it no checksum can be judged */
	le32_t sector_size;
	le16_t hosts;
	le16_t volumes;
	le16_t access;
	le16_t zero_1;
	le32_t features_needed;
	le64_t total_bytes;
	le64_t created_s;
	uint8_t zero_2[432];
};
static_assert(sizeof(struct super_disk) == SECTOR_MIN, "a superblock fits the smallest sector");
static_assert(offsetof(struct super_disk, cluster) == 32, "where every format has it");
static_assert(offsetof(struct super_disk, sector_size) == 48, "where version 1 put it");
static_assert(offsetof(struct super_disk, features_needed) == 60, "where version 1 put it");
static_assert(offsetof(struct super_disk, total_bytes) == 64, "where version 1 put it");
static_assert(offsetof(struct super_disk, created_s) == 72, "where version 1 put it");

void super_encode(const struct super *super, unsigned int index, void *sector)
{
	const struct super_disk disk = {
		.cluster = super->cluster,
		.sector_size = le32(super->sector_size),
		.hosts = le16(super->capacity.hosts),
		.volumes = le16(super->capacity.volumes),
		.access = le16(super->capacity.access),
		.features_needed = le32(super->features_needed),
		.total_bytes = le64(super->total_bytes),
		.created_s = le64(super->created_s),
	};
	const struct block_place place = { .type = BLOCK_SUPER, .index = (uint16_t)index };

	memset(sector, 0, super->sector_size);
	memcpy(sector, &disk, sizeof(disk));
	block_seal(sector, super->sector_size, place, &super->cluster);
}

/* Whether the superblock describes a device that layout_make() could have laid out. */
static bool super_makes_sense(const struct super *super)
{
	struct layout layout;

	return layout_make(&layout, super->sector_size, &super->capacity) == 0 &&
	       super->total_bytes == layout.total_bytes;
}

enum block_verdict super_decode(const void *sector, uint32_t size, unsigned int index,
				struct super *ret_super)
{
	const struct block_place place = { .type = BLOCK_SUPER, .index = (uint16_t)index };
	enum block_verdict verdict;
	struct super_disk disk;
	struct super super;

	if (size < sizeof(disk))
		return BLOCK_DAMAGED;
	memcpy(&disk, sector, sizeof(disk));
	verdict = block_judge(sector, size, place, &disk.cluster);
	if (verdict != BLOCK_OK)
		return verdict;

	super = (struct super){
		.cluster = disk.cluster,
		.sector_size = le32_get(disk.sector_size),
		.capacity = {
			.hosts = le16_get(disk.hosts),
			.volumes = le16_get(disk.volumes),
			.access = le16_get(disk.access),
		},
		.total_bytes = le64_get(disk.total_bytes),
		.created_s = le64_get(disk.created_s),
		.features_needed = le32_get(disk.features_needed),
	};
	/* What the rest means may hang on a feature: it is looked at first. */
	if (super.features_needed & ~SUPER_FEATURES_KNOWN)
		return BLOCK_OTHER_FORMAT;
	if (le32_get(disk.head.length) != super.sector_size || !super_makes_sense(&super))
		return BLOCK_SENSELESS;
	*ret_super = super;
	return BLOCK_OK;
}
