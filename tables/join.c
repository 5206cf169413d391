/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/join.h"

#include <string.h>

#include "tables/layout.h"
#include "tables/tables.h"

struct join_disk {
	struct block_head head;
	struct id128 machine;
	le64_t asked_s;
	uint8_t name[NAME_BYTES_MAX + 1];	/* padded with zeroes, one at least */
	uint8_t zero[392];
};
static_assert(sizeof(struct join_disk) == SECTOR_MIN, "a join request fits the smallest sector");
static_assert(offsetof(struct join_disk, machine) == 32, "where version 1 put it");
static_assert(offsetof(struct join_disk, asked_s) == 48, "where version 1 put it");
static_assert(offsetof(struct join_disk, name) == 56, "where version 1 put it");
static_assert(sizeof(((struct join_disk *)0)->name) == 64, "as version 1 has it");

void join_encode(const struct join *join, uint16_t index, uint32_t sector_size,
		 const struct id128 *cluster, void *sector)
{
	const struct block_place place = { .type = BLOCK_JOIN, .index = index };
	struct join_disk disk = { .machine = join->machine, .asked_s = le64(join->asked_s) };
	size_t len = strlen(join->name);

	assert(len <= NAME_BYTES_MAX);
	memcpy(disk.name, join->name, len);
	memset(sector, 0, sector_size);
	memcpy(sector, &disk, sizeof(disk));
	block_seal(sector, sector_size, place, cluster);
}

/* A name in its field, or none: nothing but zeroes behind it. */
static bool join_name_is_valid(const uint8_t name[NAME_BYTES_MAX + 1])
{
	const uint8_t *end = memchr(name, 0, NAME_BYTES_MAX + 1);

	if (!end)
		return false;
	for (const uint8_t *at = end; at < name + NAME_BYTES_MAX + 1; at++)
		if (*at != 0)
			return false;
	return end == name || name_is_valid((const char *)name);
}

enum block_verdict join_decode(const void *sector, uint16_t index, uint32_t sector_size,
			       const struct id128 *cluster, struct join *ret_join)
{
	const struct block_place place = { .type = BLOCK_JOIN, .index = index };
	enum block_verdict verdict;
	struct join_disk disk;
	struct join join;

	if (sector_size < sizeof(disk))
		return BLOCK_DAMAGED;
	verdict = block_judge_sector(sector, sector_size, place, cluster);
	if (verdict != BLOCK_OK)
		return verdict;
	memcpy(&disk, sector, sizeof(disk));
	if (!join_name_is_valid(disk.name))
		return BLOCK_SENSELESS;
	join = (struct join){ .machine = disk.machine, .asked_s = le64_get(disk.asked_s) };
	memcpy(join.name, disk.name, sizeof(join.name));
	*ret_join = join;
	return BLOCK_OK;
}
