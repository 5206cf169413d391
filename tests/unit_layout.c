/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/layout.h"

#include <errno.h>

#include "tables/beat.h"
#include "tables/image.h"
#include "tests/unit.h"

static const struct capacity smallest = { .hosts = 1, .volumes = 1, .access = 1 };
static const struct capacity usual = { .hosts = 8, .volumes = 16, .access = ACCESS_MAX };
static const struct capacity largest = {
	.hosts = HOSTS_MAX,
	.volumes = VOLUMES_MAX,
	.access = ACCESS_MAX,
};
static const uint32_t sector_sizes[] = { SECTOR_MIN, SECTOR_MAX };

static struct layout lay_out(uint32_t sector_size, const struct capacity *capacity)
{
	struct layout layout;

	ck_assert_int_eq(layout_make(&layout, sector_size, capacity), 0);
	return layout;
}

/* A region of @bytes at @offset: it is aligned and begins behind *@end, which moves behind it. */
static void expect_region(uint64_t offset, uint64_t bytes, uint64_t *end)
{
	ck_assert_uint_eq(offset % SECTOR_MAX, 0);
	ck_assert_uint_ge(offset, *end);
	ck_assert_uint_lt(offset - *end, SECTOR_MAX);
	*end = offset + bytes;
}

static void expect_regions(const struct layout *layout)
{
	const struct capacity *capacity = &layout->capacity;
	uint64_t end = layout->sector_size;

	expect_region(layout->hint, layout->sector_size, &end);
	expect_region(layout->ballots, layout->ballots_bytes, &end);
	expect_region(layout->beats, (uint64_t)capacity->hosts * layout->beat_bytes, &end);
	expect_region(layout->join, (uint64_t)JOIN_SLOTS * layout->sector_size, &end);
	expect_region(layout->images,
		      (uint64_t)capacity->hosts * IMAGE_SLOTS * layout->image_bytes, &end);
	expect_region(layout->super_copy, SECTOR_MAX, &end);
	ck_assert_uint_eq(layout->total_bytes, end);
}

START_TEST(regions_follow_one_another_aligned_and_without_overlap)
{
	const struct capacity *capacities[] = { &smallest, &usual, &largest };

	for (size_t c = 0; c < 3; c++)
		for (size_t s = 0; s < 2; s++) {
			struct layout layout = lay_out(sector_sizes[s], capacities[c]);

			expect_regions(&layout);
		}
}
END_TEST

START_TEST(eight_hosts_and_sixteen_volumes_fit_in_sixteen_mebibytes)
{
	for (size_t s = 0; s < 2; s++)
		ck_assert_uint_le(lay_out(sector_sizes[s], &usual).total_bytes, 16 << 20);
}
END_TEST

START_TEST(the_largest_cluster_fits_in_two_gibibytes)
{
	for (size_t s = 0; s < 2; s++)
		ck_assert_uint_le(lay_out(sector_sizes[s], &largest).total_bytes, 2ULL << 30);
}
END_TEST

START_TEST(what_belongs_to_a_slot_ends_where_the_next_begins)
{
	for (size_t s = 0; s < 2; s++) {
		struct layout layout = lay_out(sector_sizes[s], &usual);
		uint32_t sector = sector_sizes[s];

		ck_assert_uint_eq(layout_ballot(&layout, 0, 0), layout.ballots);
		ck_assert_uint_eq(layout_ballot(&layout, 0, 1), layout.ballots + sector);
		ck_assert_uint_eq(layout_ballot(&layout, 7, 1) + sector,
				  layout.ballots + layout.ballots_bytes);
		ck_assert_uint_eq(layout_beat(&layout, 3) + layout.beat_bytes,
				  layout_beat(&layout, 4));
		ck_assert_uint_le(layout_beat(&layout, 7) + layout.beat_bytes, layout.join);
		ck_assert_uint_eq(layout_join(&layout, JOIN_SLOTS - 1),
				  layout.join + (JOIN_SLOTS - 1) * sector);
		ck_assert_uint_eq(layout_image(&layout, 2, 2) + layout.image_bytes,
				  layout_image(&layout, 3, 0));
		ck_assert_uint_le(layout_image(&layout, 7, 2) + layout.image_bytes,
				  layout.super_copy);
	}
}
END_TEST

START_TEST(blocks_have_the_room_that_their_codecs_ask_for)
{
	const struct capacity *capacities[] = { &smallest, &usual, &largest };

	for (size_t c = 0; c < 3; c++)
		for (size_t s = 0; s < 2; s++) {
			struct layout layout = lay_out(sector_sizes[s], capacities[c]);

			ck_assert_uint_eq(layout.beat_bytes,
					  beat_bytes(sector_sizes[s], capacities[c]->volumes));
			ck_assert_uint_ge(layout.image_bytes, image_bytes_max(capacities[c]));
			ck_assert_uint_eq(layout.image_bytes % sector_sizes[s], 0);
		}
}
END_TEST

static void expect_refused(uint32_t sector_size, uint16_t hosts, uint16_t volumes, uint16_t access)
{
	const struct capacity capacity = { .hosts = hosts, .volumes = volumes, .access = access };
	struct layout layout = { .total_bytes = 42 };

	ck_assert_int_eq(layout_make(&layout, sector_size, &capacity), -EINVAL);
	ck_assert_uint_eq(layout.total_bytes, 42);
}

START_TEST(sizes_and_capacities_out_of_bounds_are_refused)
{
	expect_refused(0, 8, 16, 100);
	expect_refused(511, 8, 16, 100);
	expect_refused(1024, 8, 16, 100);
	expect_refused(8192, 8, 16, 100);
	expect_refused(512, 0, 16, 100);
	expect_refused(512, HOSTS_MAX + 1, 16, 100);
	expect_refused(512, 8, 0, 100);
	expect_refused(512, 8, VOLUMES_MAX + 1, 100);
	expect_refused(512, 8, 16, 0);
	expect_refused(512, 8, 16, ACCESS_MAX + 1);
}
END_TEST

START_TEST(more_capacity_never_needs_less_room)
{
	struct capacity capacity = { .hosts = 4, .volumes = 100, .access = 1000 };
	uint64_t total = lay_out(SECTOR_MIN, &capacity).total_bytes;

	capacity.hosts++;
	ck_assert_uint_gt(lay_out(SECTOR_MIN, &capacity).total_bytes, total);
	capacity.hosts--;
	capacity.volumes += 20;
	ck_assert_uint_gt(lay_out(SECTOR_MIN, &capacity).total_bytes, total);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("layout");

	tcase_add_test(tests, regions_follow_one_another_aligned_and_without_overlap);
	tcase_add_test(tests, eight_hosts_and_sixteen_volumes_fit_in_sixteen_mebibytes);
	tcase_add_test(tests, the_largest_cluster_fits_in_two_gibibytes);
	tcase_add_test(tests, what_belongs_to_a_slot_ends_where_the_next_begins);
	tcase_add_test(tests, blocks_have_the_room_that_their_codecs_ask_for);
	tcase_add_test(tests, sizes_and_capacities_out_of_bounds_are_refused);
	tcase_add_test(tests, more_capacity_never_needs_less_room);
	return unit_run("layout", tests);
}
