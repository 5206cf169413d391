/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/ballot.h"
#include "tables/layout.h"
#include "tests/fuzz/blocks.h"

/* The half that the block says it is, so that both are met. */
static unsigned int half_of(const uint8_t *data, size_t size)
{
	return size > offsetof(struct block_head, index) ?
		       data[offsetof(struct block_head, index)] & 1 : 0;
}

static void must_name_an_image(const struct image_value *value)
{
	FUZZ_MUST(value->version == 0 || (value->host < fuzz_capacity.hosts &&
					  value->slot < IMAGE_SLOTS && value->length > 0));
}

static void try_pair(const uint8_t *data, size_t size)
{
	struct ballot ballot;

	if (size == 2 * SECTOR_MIN || size == 2 * SECTOR_MAX)
		(void)ballot_pair_decode(data, FUZZ_HOST, (uint32_t)size / 2, &fuzz_capacity,
					 &fuzz_cluster, &ballot);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int half = half_of(data, size);
	uint8_t again[SECTOR_MAX];
	struct ballot ballot;
	enum block_verdict verdict;

	try_pair(data, size);
	verdict = ballot_decode(data, FUZZ_HOST, half, (uint32_t)size, &fuzz_capacity,
				&fuzz_cluster, &ballot);
	fuzz_saw_verdict(verdict);
	if (verdict != BLOCK_OK)
		return 0;
	FUZZ_MUST(ballot.bal <= ballot.mbal && (ballot.sequence & 1) == half);
	must_name_an_image(&ballot.value);
	must_name_an_image(&ballot.own);
	must_name_an_image(&ballot.decided_value);
	FUZZ_MUST(size <= sizeof(again));
	ballot_encode(&ballot, FUZZ_HOST, (uint32_t)size, &fuzz_cluster, again);
	FUZZ_MUST(ballot_decode(again, FUZZ_HOST, half, (uint32_t)size, &fuzz_capacity,
				&fuzz_cluster, &ballot) == BLOCK_OK);
	ballot_encode(&ballot, FUZZ_HOST, (uint32_t)size, &fuzz_cluster, again);
	/* All fields: the last four bytes of each value are reserved. */
	fuzz_must_match(data, again, 32, 100);
	fuzz_must_match(data, again, 104, 132);
	fuzz_must_match(data, again, 136, 172);
	fuzz_must_match(data, again, 176, 177);
	return 0;
}

void fuzz_mend(uint8_t *data, size_t size)
{
	reseal(data, size, &fuzz_cluster);
}

static struct image_value draw_value(struct chance *chance, uint64_t version)
{
	return (struct image_value){
		.version = version,
		.nonce = chance_draw(chance),
		.length = SECTOR_MAX,
		.crc = (uint32_t)chance_draw(chance),
		.host = FUZZ_HOST,
		.slot = (uint16_t)chance_below(chance, IMAGE_SLOTS),
	};
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	uint32_t sector_size = fuzz_draw_sector_size(chance);
	uint64_t instance = 2 + chance_below(chance, 1000);
	struct ballot ballot = {
		.sequence = chance_draw(chance),
		.incarnation = chance_draw(chance),
		.instance = instance,
		.mbal = 8 + chance_below(chance, 100),
		.decided = instance - chance_below(chance, 2),
	};

	FUZZ_MUST(max >= SECTOR_MAX);
	ballot.decided_value = draw_value(chance, ballot.decided);
	if (chance_below(chance, 2)) {
		ballot.bal = 1 + chance_below(chance, ballot.mbal);
		ballot.value = ballot.own = draw_value(chance, instance);
	}
	ballot_encode(&ballot, FUZZ_HOST, sector_size, &fuzz_cluster, data);
	return sector_size;
}
