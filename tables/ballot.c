/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/ballot.h"

#include <string.h>

#include "tables/layout.h"

struct value_disk {
	le64_t version;
	le64_t nonce;
	le32_t length;
	le32_t crc;
	le16_t host;
	le16_t slot;
	uint8_t zero[4];
};
static_assert(sizeof(struct value_disk) == 32, "as version 1 has it");
static_assert(offsetof(struct value_disk, length) == 16, "where version 1 put it");
static_assert(offsetof(struct value_disk, host) == 24, "where version 1 put it");

struct ballot_disk {
	struct block_head head;
	le64_t sequence;
	le64_t incarnation;
	le64_t instance;
	le64_t mbal;
	le64_t bal;
	struct value_disk value;
	struct value_disk own;
	le64_t decided;
	struct value_disk decided_value;
	uint8_t late;		/* 0 or 1 */
	uint8_t zero[335];
};
static_assert(sizeof(struct ballot_disk) == SECTOR_MIN, "a ballot fits the smallest sector");
static_assert(offsetof(struct ballot_disk, sequence) == 32, "where version 1 put it");
static_assert(offsetof(struct ballot_disk, bal) == 64, "where version 1 put it");
static_assert(offsetof(struct ballot_disk, value) == 72, "where version 1 put it");
static_assert(offsetof(struct ballot_disk, decided) == 136, "where version 1 put it");
static_assert(offsetof(struct ballot_disk, decided_value) == 144, "where version 1 put it");
static_assert(offsetof(struct ballot_disk, late) == 176, "where version 1 put it");

static struct value_disk value_to_disk(const struct image_value *value)
{
	return (struct value_disk){
		.version = le64(value->version),
		.nonce = le64(value->nonce),
		.length = le32(value->length),
		.crc = le32(value->crc),
		.host = le16(value->host),
		.slot = le16(value->slot),
	};
}

static struct image_value value_from_disk(const struct value_disk *disk)
{
	return (struct image_value){
		.version = le64_get(disk->version),
		.nonce = le64_get(disk->nonce),
		.length = le32_get(disk->length),
		.crc = le32_get(disk->crc),
		.host = le16_get(disk->host),
		.slot = le16_get(disk->slot),
	};
}

static struct block_place ballot_place(uint16_t host, unsigned int half)
{
	return (struct block_place){ .type = BLOCK_BALLOT, .slot = host, .index = (uint16_t)half };
}

void ballot_encode(const struct ballot *ballot, uint16_t host, uint32_t sector_size,
		   const struct id128 *cluster, void *sector)
{
	const struct ballot_disk disk = {
		.sequence = le64(ballot->sequence),
		.incarnation = le64(ballot->incarnation),
		.instance = le64(ballot->instance),
		.mbal = le64(ballot->mbal),
		.bal = le64(ballot->bal),
		.value = value_to_disk(&ballot->value),
		.own = value_to_disk(&ballot->own),
		.decided = le64(ballot->decided),
		.decided_value = value_to_disk(&ballot->decided_value),
		.late = ballot->late,
	};

	memset(sector, 0, sector_size);
	memcpy(sector, &disk, sizeof(disk));
	block_seal(sector, sector_size, ballot_place(host, ballot->sequence & 1), cluster);
}

static bool value_is_none(const struct image_value *value)
{
	static const struct image_value none;

	return image_value_same(value, &none);
}

/* Whether @value names an image of @version that this layout has room for; 0: none at all. */
static bool value_is_possible(const struct image_value *value, uint64_t version,
			      const struct layout *layout)
{
	if (version == 0)
		return value_is_none(value);
	return value->version == version && value->host < layout->capacity.hosts &&
	       value->slot < IMAGE_SLOTS && value->length >= sizeof(struct block_head) &&
	       value->length <= layout->image_bytes;
}

/* What no host ever writes, whatever it has met. */
static bool ballot_is_possible(const struct ballot *ballot, uint16_t host,
			       const struct layout *layout)
{
	/* Taken from instance, not added to decided: neither may wrap around. */
	if (ballot->decided != ballot->instance &&
	    (ballot->instance == 0 || ballot->decided != ballot->instance - 1))
		return false;
	if (ballot->bal > ballot->mbal)
		return false;
	if (!value_is_possible(&ballot->decided_value, ballot->decided, layout))
		return false;
	if (!value_is_possible(&ballot->value, ballot->bal == 0 ? 0 : ballot->instance, layout))
		return false;
	if (ballot->bal != 0 && ballot->instance == 0)
		return false;
	if (value_is_none(&ballot->own))
		return true;
	return ballot->instance != 0 && ballot->own.host == host &&
	       value_is_possible(&ballot->own, ballot->instance, layout);
}

enum block_verdict ballot_decode(const void *sector, uint16_t host, unsigned int half,
				 uint32_t sector_size, const struct capacity *capacity,
				 const struct id128 *cluster, struct ballot *ret_ballot)
{
	enum block_verdict verdict;
	struct ballot_disk disk;
	struct ballot ballot;
	struct layout layout;

	if (sector_size < sizeof(disk))
		return BLOCK_DAMAGED;
	verdict = block_judge_sector(sector, sector_size, ballot_place(host, half), cluster);
	if (verdict != BLOCK_OK)
		return verdict;
	memcpy(&disk, sector, sizeof(disk));
	ballot = (struct ballot){
		.sequence = le64_get(disk.sequence),
		.incarnation = le64_get(disk.incarnation),
		.instance = le64_get(disk.instance),
		.mbal = le64_get(disk.mbal),
		.bal = le64_get(disk.bal),
		.value = value_from_disk(&disk.value),
		.own = value_from_disk(&disk.own),
		.decided = le64_get(disk.decided),
		.decided_value = value_from_disk(&disk.decided_value),
		.late = disk.late == 1,
	};
	if ((ballot.sequence & 1) != half || disk.late > 1)
		return BLOCK_SENSELESS;
	if (layout_make(&layout, sector_size, capacity) < 0 ||
	    !ballot_is_possible(&ballot, host, &layout))
		return BLOCK_SENSELESS;
	*ret_ballot = ballot;
	return BLOCK_OK;
}

enum pair_verdict ballot_pair_decode(const void *pair, uint16_t host, uint32_t sector_size,
				     const struct capacity *capacity, const struct id128 *cluster,
				     struct ballot *ret_ballot)
{
	const uint8_t *sectors = pair;
	struct ballot halves[2];
	bool good[2];

	for (unsigned int half = 0; half < 2; half++)
		good[half] = ballot_decode(sectors + (size_t)half * sector_size, host, half,
					   sector_size, capacity, cluster,
					   &halves[half]) == BLOCK_OK;
	if (!good[0] && !good[1])
		return PAIR_UNKNOWN;
	if (good[0] && good[1]) {
		*ret_ballot = halves[halves[1].sequence > halves[0].sequence];
		return PAIR_OK;
	}
	*ret_ballot = halves[good[1]];
	return PAIR_HALF;
}
