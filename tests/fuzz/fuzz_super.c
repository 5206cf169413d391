/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/super.h"
#include "tests/fuzz/blocks.h"

#define CLUSTER_AT 32

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t again[SECTOR_MAX];
	struct super super;
	enum block_verdict verdict = super_decode(data, (uint32_t)size, 1, &super);

	fuzz_saw_verdict(verdict);
	if (verdict != BLOCK_OK)
		return 0;
	super_encode(&super, 1, again);
	FUZZ_MUST(super_decode(again, super.sector_size, 1, &super) == BLOCK_OK);
	super_encode(&super, 1, again);
	fuzz_must_match(data, again, CLUSTER_AT, 58);
	fuzz_must_match(data, again, 60, 80);
	return 0;
}

/* A superblock is sealed with the cluster id that it holds itself. */
void fuzz_mend(uint8_t *data, size_t size)
{
	struct id128 cluster;

	if (size < CLUSTER_AT + sizeof(cluster))
		return;
	memcpy(&cluster, data + CLUSTER_AT, sizeof(cluster));
	reseal(data, size, &cluster);
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	struct super super = {
		.sector_size = fuzz_draw_sector_size(chance),
		.capacity = {
			.hosts = (uint16_t)(1 + chance_below(chance, HOSTS_MAX)),
			.volumes = (uint16_t)(1 + chance_below(chance, VOLUMES_MAX)),
			.access = (uint16_t)(1 + chance_below(chance, ACCESS_MAX)),
		},
		.created_s = chance_draw(chance),
	};
	struct layout layout;

	FUZZ_MUST(max >= SECTOR_MAX);
	FUZZ_MUST(layout_make(&layout, super.sector_size, &super.capacity) == 0);
	super.total_bytes = layout.total_bytes;
	chance_fill(chance, &super.cluster, sizeof(super.cluster));
	super_encode(&super, 1, data);
	return super.sector_size;
}
