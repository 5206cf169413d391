/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/hint.h"
#include "tests/fuzz/blocks.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t first[SECTOR_MIN];
	struct hint hint;
	struct hint again;
	enum block_verdict verdict = hint_decode(data, (uint32_t)size, &fuzz_cluster, &hint);

	fuzz_saw_verdict(verdict);
	if (verdict != BLOCK_OK)
		return 0;
	FUZZ_MUST(hint.balloting < HOSTS_MAX || hint.balloting == SLOT_NONE);
	hint_encode(&hint, sizeof(first), &fuzz_cluster, first);
	FUZZ_MUST(hint_decode(first, sizeof(first), &fuzz_cluster, &again) == BLOCK_OK);
	FUZZ_MUST(hint.version == again.version && hint.balloting == again.balloting &&
		  hint.since_s == again.since_s && hint.notices == again.notices);
	return 0;
}

void fuzz_mend(uint8_t *data, size_t size)
{
	reseal(data, size, &fuzz_cluster);
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	const struct hint hint = {
		.version = chance_draw(chance),
		.balloting = (uint16_t)chance_below(chance, HOSTS_MAX),
		.since_s = chance_draw(chance),
		.notices = chance_draw(chance),
	};
	uint32_t sector_size = fuzz_draw_sector_size(chance);

	FUZZ_MUST(max >= SECTOR_MAX);
	hint_encode(&hint, sector_size, &fuzz_cluster, data);
	return sector_size;
}
