/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/block.h"

#include <string.h>

#include "tables/crc32c.h"

static const uint8_t block_magic[8] = { 'V', 'O', 'L', 'C', 'T', 'L', 0x8a, '\n' };

static_assert(offsetof(struct block_head, type) == 8, "where every format has it");
static_assert(offsetof(struct block_head, format) == 10, "where every format has it");
static_assert(offsetof(struct block_head, slot) == 12, "where every format has it");
static_assert(offsetof(struct block_head, index) == 14, "where every format has it");
static_assert(offsetof(struct block_head, length) == 16, "where every format has it");
static_assert(offsetof(struct block_head, crc) == 20, "where every format has it");

static_assert(BLOCK_SUPER == 1 && BLOCK_HINT == 2 && BLOCK_BALLOT == 3 && BLOCK_BEAT == 4 &&
	      BLOCK_IMAGE == 5 && BLOCK_JOIN == 6, "as version 1 has it");

/* Of @length bytes at @block, for this cluster only, with the checksum itself taken as zero. */
static uint32_t block_checksum(const void *block, uint32_t length, const struct id128 *cluster)
{
	const uint8_t *bytes = block;
	struct block_head head;
	uint32_t crc;

	memcpy(&head, block, sizeof(head));
	head.crc = le32(0);
	crc = crc32c(0, cluster->bytes, sizeof(cluster->bytes));
	crc = crc32c(crc, &head, sizeof(head));
	return crc32c(crc, bytes + sizeof(head), length - sizeof(head));
}

void block_seal(void *block, uint32_t length, struct block_place place, const struct id128 *cluster)
{
	struct block_head head = {
		.type = le16((uint16_t)place.type),
		.format = le16(FORMAT_VERSION),
		.slot = le16(place.slot),
		.index = le16(place.index),
		.length = le32(length),
	};

	assert(length >= sizeof(head));
	memcpy(head.magic, block_magic, sizeof(head.magic));
	memcpy(block, &head, sizeof(head));
	head.crc = le32(block_checksum(block, length, cluster));
	memcpy(block, &head, sizeof(head));
}

static bool block_is_zeroed(const uint8_t *bytes, uint32_t size)
{
	return bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0;
}

/*
 * The format comes before the checksum: another format may make its checksum otherwise.  The
 * place comes after it: only a whole block can tell that it was written to the wrong place.
 */
enum block_verdict block_judge(const void *block, uint32_t size, struct block_place place,
			       const struct id128 *cluster)
{
	struct block_head head;
	uint32_t length;

	if (size < sizeof(head))
		return BLOCK_DAMAGED;
	if (block_is_zeroed(block, size))
		return BLOCK_ZEROED;
	memcpy(&head, block, sizeof(head));
	if (memcmp(head.magic, block_magic, sizeof(head.magic)) != 0)
		return BLOCK_FOREIGN;
	if (le16_get(head.format) != FORMAT_VERSION)
		return BLOCK_OTHER_FORMAT;
	length = le32_get(head.length);
	if (length < sizeof(head) || length > size)
		return BLOCK_DAMAGED;
	if (block_checksum(block, length, cluster) != le32_get(head.crc))
		return BLOCK_DAMAGED;
	if (le16_get(head.type) != place.type || le16_get(head.slot) != place.slot ||
	    le16_get(head.index) != place.index)
		return BLOCK_MISPLACED;
	return BLOCK_OK;
}

enum block_verdict block_judge_sector(const void *sector, uint32_t sector_size,
				      struct block_place place, const struct id128 *cluster)
{
	enum block_verdict verdict = block_judge(sector, sector_size, place, cluster);
	struct block_head head;

	if (verdict != BLOCK_OK)
		return verdict;
	memcpy(&head, sector, sizeof(head));
	return le32_get(head.length) == sector_size ? BLOCK_OK : BLOCK_SENSELESS;
}

const char *block_verdict_text(enum block_verdict verdict)
{
	switch (verdict) {
	case BLOCK_OK: return "whole";
	case BLOCK_ZEROED: return "lost (nothing but zeroes)";
	case BLOCK_FOREIGN: return "not ours (no magic)";
	case BLOCK_OTHER_FORMAT: return "of a format that this version does not know";
	case BLOCK_MISPLACED: return "misplaced (belongs elsewhere)";
	case BLOCK_DAMAGED: return "damaged (checksum)";
	case BLOCK_SENSELESS: return "senseless (impossible contents)";
	}
	return "unknown";
}
