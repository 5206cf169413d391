/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/ballot.h"

#include "tables/layout.h"
#include "tests/reseal.h"
#include "tests/unit.h"

#define HOST 5

static const struct id128 cluster = { { 0xba, 0x11, 0x07 } };
static const struct capacity capacity = { .hosts = 8, .volumes = 16, .access = 64 };
static const uint32_t sector_sizes[] = { SECTOR_MIN, SECTOR_MAX };

static uint8_t sector[SECTOR_MAX];

static enum block_verdict judge_ballot(const struct ballot *ballot)
{
	struct ballot decoded;

	ballot_encode(ballot, HOST, SECTOR_MIN, &cluster, sector);
	return ballot_decode(sector, HOST, ballot->sequence & 1, SECTOR_MIN, &capacity, &cluster,
			     &decoded);
}

/* A host that has accepted its own image for version 10, after 9 was decided. */
static struct ballot good_ballot(void)
{
	const struct image_value decided = {
		.version = 9, .nonce = 1, .length = 512, .crc = 2, .host = 3, .slot = 2,
	};
	const struct image_value value = {
		.version = 10, .nonce = 3, .length = 1024, .crc = 4, .host = HOST, .slot = 0,
	};

	return (struct ballot){
		.sequence = 20,
		.incarnation = 77,
		.instance = 10,
		.mbal = 13,
		.bal = 13,
		.value = value,
		.own = value,
		.decided = 9,
		.decided_value = decided,
	};
}

START_TEST(decided_is_the_instance_or_the_one_before)
{
	struct ballot ballot = good_ballot();

	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ballot.decided = 10;
	ballot.decided_value = ballot.value;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ballot.decided = ballot.decided_value.version = 8;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot.decided = ballot.decided_value.version = 11;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	/* One before the first is not the last. */
	ballot = (struct ballot){ .decided = UINT64_MAX, .decided_value = ballot.decided_value };
	ballot.decided_value.version = UINT64_MAX;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot.instance = UINT64_MAX;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
}
END_TEST

START_TEST(nothing_is_accepted_above_the_ballot_joined)
{
	struct ballot ballot = good_ballot();

	ballot.mbal = 14;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ballot.mbal = 12;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
}
END_TEST

START_TEST(a_value_is_there_exactly_where_a_ballot_accepted_one)
{
	struct ballot ballot = good_ballot();

	ballot.bal = 0;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot.value = (struct image_value){ 0 };
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ballot.bal = 13;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot = good_ballot();
	ballot.decided_value = (struct image_value){ 0 };
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot = good_ballot();
	ballot.instance = 1;
	ballot.value.version = ballot.own.version = 1;
	ballot.decided = 0;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot.decided_value = (struct image_value){ 0 };
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
}
END_TEST

START_TEST(an_empty_pair_of_a_new_cluster_is_good)
{
	struct ballot ballot = { .sequence = 1 };

	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ballot.bal = ballot.mbal = 1;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
}
END_TEST

/* Which of the three values of a ballot. */
static struct image_value *value_of(struct ballot *ballot, int which)
{
	return which == 0 ? &ballot->value : which == 1 ? &ballot->own : &ballot->decided_value;
}

START_TEST(values_name_images_that_the_layout_has_room_for)
{
	struct ballot ballot;
	struct layout layout;

	ck_assert_int_eq(layout_make(&layout, SECTOR_MIN, &capacity), 0);
	ballot = good_ballot();
	value_of(&ballot, _i)->version++;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot = good_ballot();
	value_of(&ballot, _i)->host = capacity.hosts;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot = good_ballot();
	value_of(&ballot, _i)->slot = IMAGE_SLOTS;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	ballot = good_ballot();
	value_of(&ballot, _i)->length = layout.image_bytes;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	value_of(&ballot, _i)->length = layout.image_bytes + 1;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
	value_of(&ballot, _i)->length = 31;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
}
END_TEST

START_TEST(own_is_an_image_of_ones_own)
{
	struct ballot ballot = good_ballot();

	ballot.value.host = 1;		/* adopted */
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ballot.own.host = 1;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_SENSELESS);
}
END_TEST

START_TEST(a_ballot_in_the_wrong_half_is_senseless)
{
	struct ballot ballot = good_ballot();

	ballot_encode(&ballot, HOST, SECTOR_MIN, &cluster, sector);
	sector[32] ^= 1;		/* the sequence is odd now, and the half still the first */
	reseal(sector, SECTOR_MIN, &cluster);
	ck_assert_int_eq(ballot_decode(sector, HOST, 0, SECTOR_MIN, &capacity, &cluster, &ballot),
			 BLOCK_SENSELESS);
}
END_TEST

START_TEST(late_is_yes_or_no)
{
	struct ballot ballot = good_ballot();

	ballot.late = true;
	ck_assert_int_eq(judge_ballot(&ballot), BLOCK_OK);
	ck_assert_uint_eq(sector[176], 1);
	sector[176] = 2;
	reseal(sector, SECTOR_MIN, &cluster);
	ck_assert_int_eq(ballot_decode(sector, HOST, 0, SECTOR_MIN, &capacity, &cluster, &ballot),
			 BLOCK_SENSELESS);
}
END_TEST

static uint8_t pair[2 * SECTOR_MAX];

static void write_half(uint64_t sequence, uint32_t sector_size)
{
	struct ballot ballot = good_ballot();

	ballot.sequence = sequence;
	ballot_encode(&ballot, HOST, sector_size, &cluster, pair + (sequence & 1) * sector_size);
}

static enum pair_verdict judge_pair(uint32_t sector_size, uint64_t *ret_sequence)
{
	struct ballot ballot = { .sequence = UINT64_MAX };
	enum pair_verdict verdict = ballot_pair_decode(pair, HOST, sector_size, &capacity,
						       &cluster, &ballot);

	*ret_sequence = ballot.sequence;
	return verdict;
}

START_TEST(of_a_good_pair_the_higher_sequence_counts)
{
	uint64_t sequence;

	for (size_t s = 0; s < 2; s++) {
		write_half(20, sector_sizes[s]);
		write_half(21, sector_sizes[s]);
		ck_assert_int_eq(judge_pair(sector_sizes[s], &sequence), PAIR_OK);
		ck_assert_uint_eq(sequence, 21);
		write_half(22, sector_sizes[s]);
		ck_assert_int_eq(judge_pair(sector_sizes[s], &sequence), PAIR_OK);
		ck_assert_uint_eq(sequence, 22);
	}
}
END_TEST

START_TEST(a_bad_half_leaves_the_other_and_two_leave_nothing)
{
	uint64_t sequence;

	for (size_t s = 0; s < 2; s++) {
		write_half(20, sector_sizes[s]);
		write_half(21, sector_sizes[s]);
		pair[sector_sizes[s] + 100] ^= 1;
		ck_assert_int_eq(judge_pair(sector_sizes[s], &sequence), PAIR_HALF);
		ck_assert_uint_eq(sequence, 20);
		memset(pair, 0, sector_sizes[s]);
		ck_assert_int_eq(judge_pair(sector_sizes[s], &sequence), PAIR_UNKNOWN);
		ck_assert_uint_eq(sequence, UINT64_MAX);
		pair[sector_sizes[s] + 100] ^= 1;
		ck_assert_int_eq(judge_pair(sector_sizes[s], &sequence), PAIR_HALF);
		ck_assert_uint_eq(sequence, 21);
	}
}
END_TEST

START_TEST(a_pair_of_zeroes_is_unknown_and_not_empty)
{
	uint64_t sequence;

	memset(pair, 0, sizeof(pair));
	ck_assert_int_eq(judge_pair(SECTOR_MIN, &sequence), PAIR_UNKNOWN);
	ck_assert_int_eq(judge_pair(SECTOR_MAX, &sequence), PAIR_UNKNOWN);
}
END_TEST

START_TEST(a_half_written_over_the_other_is_bad)
{
	uint64_t sequence;

	write_half(20, SECTOR_MIN);
	memcpy(pair + SECTOR_MIN, pair, SECTOR_MIN);
	ck_assert_int_eq(judge_pair(SECTOR_MIN, &sequence), PAIR_HALF);
	ck_assert_uint_eq(sequence, 20);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("ballot");

	tcase_add_test(tests, decided_is_the_instance_or_the_one_before);
	tcase_add_test(tests, nothing_is_accepted_above_the_ballot_joined);
	tcase_add_test(tests, a_value_is_there_exactly_where_a_ballot_accepted_one);
	tcase_add_test(tests, an_empty_pair_of_a_new_cluster_is_good);
	tcase_add_loop_test(tests, values_name_images_that_the_layout_has_room_for, 0, 3);
	tcase_add_test(tests, own_is_an_image_of_ones_own);
	tcase_add_test(tests, a_ballot_in_the_wrong_half_is_senseless);
	tcase_add_test(tests, late_is_yes_or_no);
	tcase_add_test(tests, of_a_good_pair_the_higher_sequence_counts);
	tcase_add_test(tests, a_bad_half_leaves_the_other_and_two_leave_nothing);
	tcase_add_test(tests, a_pair_of_zeroes_is_unknown_and_not_empty);
	tcase_add_test(tests, a_half_written_over_the_other_is_bad);
	return unit_run("ballot", tests);
}
