/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/image.h"
#include "tables/sound.h"
#include "tests/fuzz/blocks.h"
#include "tests/sample.h"

#define SLOT 1

static struct layout make_layout(void)
{
	struct layout layout;

	FUZZ_MUST(layout_make(&layout, SECTOR_MIN, &fuzz_capacity) == 0);
	return layout;
}

/* What was decoded, encoded and decoded again. */
static void must_come_back(const struct tables *tables)
{
	static struct tables again;
	const struct layout layout = make_layout();
	uint8_t *image = malloc(layout.image_bytes);
	struct image_value value;

	FUZZ_MUST(image);
	value = image_encode(tables, FUZZ_HOST, SLOT, 1, &layout, &fuzz_cluster, image,
			     layout.image_bytes);
	FUZZ_MUST(image_decode(image, value.length, &value, &fuzz_capacity, &fuzz_cluster,
			       &again) == BLOCK_OK);
	FUZZ_MUST(tables_same(&again, tables) && again.version == tables->version);
	free(image);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As in the daemon: the memory held other tables before. */
	static struct tables tables;
	static struct tables by_name;
	struct image_value value;
	enum block_verdict verdict = image_decode_found(data, (uint32_t)size, FUZZ_HOST, SLOT,
							&fuzz_capacity, &fuzz_cluster, &value,
							&tables);

	fuzz_saw_verdict(verdict);
	if (verdict != BLOCK_OK)
		return 0;
	FUZZ_MUST(tables_fault(&tables) == NULL && tables.version > 0);
	FUZZ_MUST(image_decode(data, (uint32_t)size, &value, &fuzz_capacity, &fuzz_cluster,
			       &by_name) == BLOCK_OK);
	FUZZ_MUST(tables_same(&by_name, &tables));
	must_come_back(&tables);
	return 0;
}

void fuzz_mend(uint8_t *data, size_t size)
{
	reseal(data, size, &fuzz_cluster);
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	const struct layout layout = make_layout();
	struct tables *tables = sample_random(&fuzz_capacity, chance);
	struct image_value value;

	FUZZ_MUST(max >= layout.image_bytes);
	value = image_encode(tables, FUZZ_HOST, SLOT, chance_draw(chance), &layout, &fuzz_cluster,
			     data, (uint32_t)max);
	free(tables);
	return value.length;
}
