/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/hint.h"

#include <string.h>

struct hint_disk {
	struct block_head head;
	le64_t version;
	le64_t since_s;
	le64_t notices;
	le16_t balloting;
	uint8_t zero[454];
};
static_assert(sizeof(struct hint_disk) == SECTOR_MIN, "a hint fits the smallest sector");
static_assert(offsetof(struct hint_disk, version) == 32, "where version 1 put it");
static_assert(offsetof(struct hint_disk, since_s) == 40, "where version 1 put it");
static_assert(offsetof(struct hint_disk, notices) == 48, "where version 1 put it");
static_assert(offsetof(struct hint_disk, balloting) == 56, "where version 1 put it");

static const struct block_place hint_place = { .type = BLOCK_HINT };

void hint_encode(const struct hint *hint, uint32_t sector_size, const struct id128 *cluster,
		 void *sector)
{
	const struct hint_disk disk = {
		.version = le64(hint->version),
		.since_s = le64(hint->since_s),
		.notices = le64(hint->notices),
		.balloting = le16(hint->balloting),
	};

	memset(sector, 0, sector_size);
	memcpy(sector, &disk, sizeof(disk));
	block_seal(sector, sector_size, hint_place, cluster);
}

enum block_verdict hint_decode(const void *sector, uint32_t sector_size,
			       const struct id128 *cluster, struct hint *ret_hint)
{
	struct hint_disk disk;
	enum block_verdict verdict;
	uint16_t balloting;

	if (sector_size < sizeof(disk))
		return BLOCK_DAMAGED;
	verdict = block_judge_sector(sector, sector_size, hint_place, cluster);
	if (verdict != BLOCK_OK)
		return verdict;
	memcpy(&disk, sector, sizeof(disk));
	balloting = le16_get(disk.balloting);
	if (balloting >= HOSTS_MAX && balloting != SLOT_NONE)
		return BLOCK_SENSELESS;
	*ret_hint = (struct hint){
		.version = le64_get(disk.version),
		.balloting = balloting,
		.since_s = le64_get(disk.since_s),
		.notices = le64_get(disk.notices),
	};
	return BLOCK_OK;
}
