/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The entries about volumes, in the sectors behind the first of a beat. */
#include "tables/beat.h"

#include "tests/chance.h"
#include "tests/reseal.h"
#include "tests/unit.h"

#define HOST 5

static const struct id128 cluster = { { 0xbe, 0xa7 } };
static const struct capacity capacity = { .hosts = 8, .volumes = 16, .access = 64 };
static const uint32_t sector_sizes[] = { SECTOR_MIN, SECTOR_MAX };

static bool coin(struct chance *chance)
{
	return chance_below(chance, 2) == 1;
}

static struct beat make_beat(struct chance *chance, uint16_t volume_count)
{
	return (struct beat){
		.incarnation = chance_draw(chance),
		.counter = chance_draw(chance),
		.volume_count = volume_count,
	};
}

#define BEAT_VOLUMES VOLUMES_MAX
static uint8_t beats[128 * SECTOR_MAX];
static struct beat_volume volumes[BEAT_VOLUMES];
static struct beat_volume decoded[BEAT_VOLUMES];

static void make_volumes(struct chance *chance)
{
	for (int i = 0; i < BEAT_VOLUMES; i++)
		volumes[i] = (struct beat_volume){
			.born = chance_draw(chance),
			.mount = (enum beat_mount)chance_below(chance, BEAT_FAILED + 1),
			.stale = coin(chance),
			.device_seen = coin(chance),
			.protections = (uint8_t)chance_draw(chance),
			.generation = chance_draw(chance),
			.free_mib = (uint32_t)chance_draw(chance),
			.total_mib = (uint32_t)chance_draw(chance),
		};
}

static bool volume_same(const struct beat_volume *a, const struct beat_volume *b)
{
	return a->born == b->born && a->mount == b->mount && a->stale == b->stale &&
	       a->device_seen == b->device_seen && a->protections == b->protections &&
	       a->generation == b->generation && a->free_mib == b->free_mib &&
	       a->total_mib == b->total_mib;
}

/* Expect entries @from..@to-1 as encoded, all others of the @count as zeroes. */
static void expect_volumes(int from, int to, int count)
{
	static const struct beat_volume none;

	for (int i = 0; i < count; i++)
		ck_assert_msg(volume_same(&decoded[i], i >= from && i < to ? &volumes[i] : &none),
			      "entry %d, of %d..%d", i, from, to);
}

static uint16_t decode_volumes(const struct beat *beat, uint32_t sector_size, uint16_t count)
{
	memset(decoded, 0xee, sizeof(decoded));
	return beat_volumes_decode(beats, beat_bytes(sector_size, beat->volume_count), beat, HOST,
				   sector_size, &cluster, decoded, count);
}

START_TEST(a_beat_takes_as_many_sectors_as_its_entries_need)
{
	ck_assert_uint_eq(beat_bytes(512, 0), 512);
	ck_assert_uint_eq(beat_bytes(512, 1), 2 * 512);
	ck_assert_uint_eq(beat_bytes(512, 14), 2 * 512);
	ck_assert_uint_eq(beat_bytes(512, 15), 3 * 512);
	ck_assert_uint_eq(beat_bytes(4096, 126), 2 * 4096);
	ck_assert_uint_eq(beat_bytes(4096, 127), 3 * 4096);
	ck_assert_uint_le(beat_bytes(4096, VOLUMES_MAX), sizeof(beats));
}
END_TEST

START_TEST(entries_decode_to_what_was_encoded)
{
	static const uint16_t counts[] = { 0, 1, 13, 14, 15, 28, 126, 127, 1000, BEAT_VOLUMES };
	struct chance chance = { .state = 40 };

	for (size_t s = 0; s < 2; s++)
		for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			struct beat beat = make_beat(&chance, counts[i]);

			make_volumes(&chance);
			beat_encode(&beat, volumes, HOST, sector_sizes[s], &cluster, beats);
			ck_assert_uint_eq(decode_volumes(&beat, sector_sizes[s], BEAT_VOLUMES),
					  counts[i]);
			expect_volumes(0, counts[i], BEAT_VOLUMES);
		}
}
END_TEST

START_TEST(no_more_entries_are_decoded_than_asked_for)
{
	struct chance chance = { .state = 41 };
	struct beat beat = make_beat(&chance, 40);

	make_volumes(&chance);
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	ck_assert_uint_eq(decode_volumes(&beat, SECTOR_MIN, 20), 20);
	expect_volumes(0, 20, 20);
	ck_assert_uint_eq(decoded[20].free_mib, 0xeeeeeeee);
}
END_TEST

START_TEST(entries_of_another_beat_are_ignored)
{
	struct chance chance = { .state = 42 };
	struct beat beat = make_beat(&chance, 40);
	struct beat older = beat;
	static uint8_t torn[4 * SECTOR_MIN];

	make_volumes(&chance);
	older.counter--;
	beat_encode(&older, volumes, HOST, SECTOR_MIN, &cluster, torn);
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	memcpy(beats + 2 * SECTOR_MIN, torn + 2 * SECTOR_MIN, SECTOR_MIN);
	ck_assert_uint_eq(decode_volumes(&beat, SECTOR_MIN, 40), 26);
	memset(&volumes[14], 0, 14 * sizeof(volumes[0]));
	expect_volumes(0, 40, 40);

	older = beat;
	older.incarnation++;
	ck_assert_uint_eq(decode_volumes(&older, SECTOR_MIN, 40), 0);
	expect_volumes(0, 0, 40);
}
END_TEST

START_TEST(a_bad_sector_of_entries_costs_its_own_only)
{
	struct chance chance = { .state = 43 };
	struct beat beat = make_beat(&chance, 40);

	make_volumes(&chance);
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	beats[SECTOR_MIN + 200] ^= 1;
	ck_assert_uint_eq(decode_volumes(&beat, SECTOR_MIN, 40), 26);
	expect_volumes(14, 40, 40);
	/* Sector 2 where sector 3 belongs. */
	memcpy(beats + 3 * SECTOR_MIN, beats + 2 * SECTOR_MIN, SECTOR_MIN);
	ck_assert_uint_eq(decode_volumes(&beat, SECTOR_MIN, 40), 14);
	expect_volumes(14, 28, 40);
}
END_TEST

START_TEST(entries_that_were_not_read_are_zero)
{
	struct chance chance = { .state = 44 };
	struct beat beat = make_beat(&chance, 40);

	make_volumes(&chance);
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	for (uint32_t size = 0; size <= 4 * SECTOR_MIN; size += SECTOR_MIN / 2) {
		uint32_t sectors = size / SECTOR_MIN;
		uint32_t whole = sectors <= 1 ? 0 : sectors == 4 ? 40 : (sectors - 1) * 14;
		uint8_t *part = malloc(size ? size : 1);

		/* Neither what lies behind the end, nor what a sanitizer guards there. */
		ck_assert_uint_eq(beat_volumes_decode(beats, size, &beat, HOST, SECTOR_MIN,
						      &cluster, decoded, 40), whole);
		expect_volumes(0, (int)whole, 40);
		memcpy(part, beats, size);
		ck_assert_uint_eq(beat_volumes_decode(part, size, &beat, HOST, SECTOR_MIN,
						      &cluster, decoded, 40), whole);
		free(part);
	}
}
END_TEST

START_TEST(an_impossible_entry_is_zero_and_not_counted)
{
	struct chance chance = { .state = 45 };
	struct beat beat = make_beat(&chance, 3);

	make_volumes(&chance);
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	beats[SECTOR_MIN + 64 + 24] = BEAT_FAILED + 1;
	beats[SECTOR_MIN + 64 + 32 + 25] = 0x04;
	reseal(beats + SECTOR_MIN, SECTOR_MIN, &cluster);
	ck_assert_uint_eq(decode_volumes(&beat, SECTOR_MIN, 3), 1);
	expect_volumes(2, 3, 3);
}
END_TEST

START_TEST(a_beat_of_impossible_contents_is_senseless)
{
	struct chance chance = { .state = 46 };
	struct beat beat = make_beat(&chance, capacity.volumes);
	struct beat got;

	make_volumes(&chance);
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	ck_assert_int_eq(beat_decode(beats, HOST, SECTOR_MIN, &capacity, &cluster, &got), BLOCK_OK);
	beats[98] |= 0x04;
	reseal(beats, SECTOR_MIN, &cluster);
	ck_assert_int_eq(beat_decode(beats, HOST, SECTOR_MIN, &capacity, &cluster, &got),
			 BLOCK_SENSELESS);
	beat.volume_count++;
	beat_encode(&beat, volumes, HOST, SECTOR_MIN, &cluster, beats);
	ck_assert_int_eq(beat_decode(beats, HOST, SECTOR_MIN, &capacity, &cluster, &got),
			 BLOCK_SENSELESS);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("beat");

	tcase_add_test(tests, a_beat_takes_as_many_sectors_as_its_entries_need);
	tcase_add_test(tests, entries_decode_to_what_was_encoded);
	tcase_add_test(tests, no_more_entries_are_decoded_than_asked_for);
	tcase_add_test(tests, entries_of_another_beat_are_ignored);
	tcase_add_test(tests, a_bad_sector_of_entries_costs_its_own_only);
	tcase_add_test(tests, entries_that_were_not_read_are_zero);
	tcase_add_test(tests, an_impossible_entry_is_zero_and_not_counted);
	tcase_add_test(tests, a_beat_of_impossible_contents_is_senseless);
	return unit_run("beat", tests);
}
