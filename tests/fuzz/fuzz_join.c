/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/join.h"
#include "tables/tables.h"
#include "tests/fuzz/blocks.h"

#define INDEX 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t first[SECTOR_MIN];
	struct join join;
	struct join again;
	enum block_verdict verdict = join_decode(data, INDEX, (uint32_t)size, &fuzz_cluster, &join);

	fuzz_saw_verdict(verdict);
	if (verdict != BLOCK_OK)
		return 0;
	FUZZ_MUST(join.name[0] == '\0' || name_is_valid(join.name));
	join_encode(&join, INDEX, sizeof(first), &fuzz_cluster, first);
	FUZZ_MUST(join_decode(first, INDEX, sizeof(first), &fuzz_cluster, &again) == BLOCK_OK);
	FUZZ_MUST(memcmp(join.name, again.name, sizeof(join.name)) == 0);
	FUZZ_MUST(memcmp(&join.machine, &again.machine, sizeof(join.machine)) == 0);
	FUZZ_MUST(join.asked_s == again.asked_s);
	return 0;
}

void fuzz_mend(uint8_t *data, size_t size)
{
	reseal(data, size, &fuzz_cluster);
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	struct join join = { .asked_s = chance_draw(chance) };
	uint32_t sector_size = fuzz_draw_sector_size(chance);

	FUZZ_MUST(max >= SECTOR_MAX);
	chance_fill(chance, &join.machine, sizeof(join.machine));
	memset(join.name, 'n', chance_below(chance, NAME_BYTES_MAX + 1));
	join_encode(&join, INDEX, sector_size, &fuzz_cluster, data);
	return sector_size;
}
