/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/beat.h"
#include "tests/fuzz/blocks.h"

#define VOLUMES 16

/* Inputs of several sectors: what is large is of large ones. */
static uint32_t sector_size_of(size_t size)
{
	return size >= 2 * SECTOR_MAX ? SECTOR_MAX : SECTOR_MIN;
}

static void must_be_possible(const struct beat_volume *volumes, uint16_t good)
{
	uint16_t filled = 0;

	for (int i = 0; i < VOLUMES; i++) {
		FUZZ_MUST(volumes[i].mount <= BEAT_FAILED);
		if (volumes[i].born != 0)
			filled++;
	}
	FUZZ_MUST(good <= VOLUMES && filled <= good);
}

static bool volume_same(const struct beat_volume *a, const struct beat_volume *b)
{
	return a->born == b->born && a->mount == b->mount && a->stale == b->stale &&
	       a->device_seen == b->device_seen && a->protections == b->protections &&
	       a->generation == b->generation && a->free_mib == b->free_mib &&
	       a->total_mib == b->total_mib;
}

/* What was decoded, encoded and decoded again. */
static void must_come_back(const struct beat *beat, const struct beat_volume *volumes)
{
	uint8_t sectors[8 * SECTOR_MIN];
	struct beat_volume again[VOLUMES];
	uint32_t bytes = beat_bytes(SECTOR_MIN, beat->volume_count);
	struct beat decoded;

	FUZZ_MUST(bytes <= sizeof(sectors));
	beat_encode(beat, volumes, FUZZ_HOST, SECTOR_MIN, &fuzz_cluster, sectors);
	FUZZ_MUST(beat_decode(sectors, FUZZ_HOST, SECTOR_MIN, &fuzz_capacity, &fuzz_cluster,
			      &decoded) == BLOCK_OK);
	FUZZ_MUST(decoded.incarnation == beat->incarnation && decoded.counter == beat->counter &&
		  decoded.logged_off == beat->logged_off &&
		  decoded.suspended == beat->suspended && decoded.version == beat->version &&
		  decoded.io_timeout_ms == beat->io_timeout_ms &&
		  decoded.latency_us == beat->latency_us &&
		  decoded.volume_count == beat->volume_count);
	FUZZ_MUST(beat_volumes_decode(sectors, bytes, &decoded, FUZZ_HOST, SECTOR_MIN,
				      &fuzz_cluster, again, VOLUMES) == beat->volume_count);
	for (int i = 0; i < beat->volume_count; i++)
		FUZZ_MUST(volume_same(&again[i], &volumes[i]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint32_t sector_size = sector_size_of(size);
	uint32_t first = size < sector_size ? (uint32_t)size : sector_size;
	struct beat_volume volumes[VOLUMES];
	struct beat beat;
	enum block_verdict verdict = beat_decode(data, FUZZ_HOST, first, &fuzz_capacity,
						 &fuzz_cluster, &beat);

	fuzz_saw_verdict(verdict);
	if (verdict != BLOCK_OK)
		return 0;
	FUZZ_MUST(beat.volume_count <= fuzz_capacity.volumes);
	must_be_possible(volumes, beat_volumes_decode(data, (uint32_t)size, &beat, FUZZ_HOST,
						      sector_size, &fuzz_cluster, volumes,
						      VOLUMES));
	must_come_back(&beat, volumes);
	return 0;
}

void fuzz_mend(uint8_t *data, size_t size)
{
	uint32_t sector_size = sector_size_of(size);

	for (size_t at = 0; at < size; at += sector_size)
		reseal(data + at, size - at < sector_size ? size - at : sector_size,
		       &fuzz_cluster);
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	struct beat_volume volumes[VOLUMES] = { 0 };
	struct beat beat = {
		.incarnation = chance_draw(chance),
		.counter = chance_draw(chance),
		.io_timeout_ms = 4000,
		.logged_off = chance_below(chance, 2),
		.version = chance_draw(chance),
		.volume_count = (uint16_t)(1 + chance_below(chance, VOLUMES)),
	};
	uint32_t sector_size = fuzz_draw_sector_size(chance);

	FUZZ_MUST(max >= beat_bytes(SECTOR_MAX, VOLUMES));
	for (int i = 0; i < VOLUMES; i++) {
		volumes[i].born = chance_draw(chance);
		volumes[i].mount = (enum beat_mount)chance_below(chance, BEAT_FAILED + 1);
		volumes[i].stale = chance_below(chance, 2);
	}
	beat_encode(&beat, volumes, FUZZ_HOST, sector_size, &fuzz_cluster, data);
	return beat_bytes(sector_size, beat.volume_count);
}
