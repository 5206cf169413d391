/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/block.h"

#include "tests/chance.h"
#include "tests/reseal.h"
#include "tests/unit.h"

static const struct id128 cluster = { { 0x51, 0xee, 0xd0 } };
static const struct id128 other_cluster = { { 0x51, 0xee, 0xd1 } };
static const struct block_place place = { .type = BLOCK_BEAT, .slot = 7, .index = 3 };
static uint8_t block[SECTOR_MAX];

/* A sealed block of random contents at `block`. */
static void seal(uint32_t length, uint64_t seed)
{
	struct chance chance = { .state = seed };

	chance_fill(&chance, block, sizeof(block));
	block_seal(block, length, place, &cluster);
}

static enum block_verdict judge(uint32_t size)
{
	return block_judge(block, size, place, &cluster);
}

/* Replace the 16-bit field at @offset by @value, under a checksum that holds. */
static void set_field(size_t offset, uint16_t value)
{
	le16_t field = le16(value);

	memcpy(block + offset, &field, sizeof(field));
	reseal(block, SECTOR_MIN, &cluster);
}

static void set_length(uint32_t length)
{
	le32_t field = le32(length);

	memcpy(block + offsetof(struct block_head, length), &field, sizeof(field));
}

START_TEST(a_sealed_block_is_whole_in_any_room_that_holds_it)
{
	static const uint32_t lengths[] = { 32, 33, 40, 511, 512, 4095, 4096 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		seal(lengths[i], i);
		ck_assert_int_eq(judge(lengths[i]), BLOCK_OK);
		ck_assert_int_eq(judge(SECTOR_MAX), BLOCK_OK);
	}
}
END_TEST

START_TEST(sealing_touches_the_head_alone_and_zeroes_what_it_reserves)
{
	struct block_head head;
	uint8_t before[SECTOR_MIN];

	seal(SECTOR_MIN, 1);
	memcpy(before, block, sizeof(before));
	block_seal(block, SECTOR_MIN, place, &cluster);
	ck_assert_mem_eq(before, block, sizeof(before));
	memcpy(&head, block, sizeof(head));
	ck_assert_uint_eq(le64_get(head.zero), 0);
	ck_assert_uint_eq(le16_get(head.type), BLOCK_BEAT);
	ck_assert_uint_eq(le16_get(head.format), FORMAT_VERSION);
	ck_assert_uint_eq(le16_get(head.slot), 7);
	ck_assert_uint_eq(le16_get(head.index), 3);
	ck_assert_uint_eq(le32_get(head.length), SECTOR_MIN);
}
END_TEST

START_TEST(the_checksum_is_that_of_the_page_of_the_manual)
{
	uint8_t sealed[SECTOR_MIN];

	seal(SECTOR_MIN, 2);
	memcpy(sealed, block, sizeof(sealed));
	reseal(block, SECTOR_MIN, &cluster);
	ck_assert_mem_eq(sealed, block, sizeof(sealed));
}
END_TEST

START_TEST(no_single_wrong_bit_passes)
{
	static const uint32_t lengths[] = { SECTOR_MIN, SECTOR_MAX };

	for (size_t i = 0; i < 2; i++) {
		seal(lengths[i], 3 + i);
		for (uint32_t bit = 0; bit < lengths[i] * 8; bit++) {
			block[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_ne(judge(lengths[i]), BLOCK_OK);
			block[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		ck_assert_int_eq(judge(lengths[i]), BLOCK_OK);
	}
}
END_TEST

START_TEST(nothing_but_zeroes_is_lost_and_one_bit_more_is_foreign)
{
	memset(block, 0, sizeof(block));
	ck_assert_int_eq(judge(32), BLOCK_ZEROED);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_ZEROED);
	ck_assert_int_eq(judge(SECTOR_MAX), BLOCK_ZEROED);
	block[SECTOR_MAX - 1] = 1;
	ck_assert_int_eq(judge(SECTOR_MAX - 1), BLOCK_ZEROED);
	ck_assert_int_eq(judge(SECTOR_MAX), BLOCK_FOREIGN);
}
END_TEST

START_TEST(without_the_magic_it_is_not_ours)
{
	seal(SECTOR_MIN, 5);
	memset(block, 0xee, 8);
	reseal(block, SECTOR_MIN, &cluster);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_FOREIGN);
}
END_TEST

START_TEST(another_format_is_told_whatever_its_checksum)
{
	seal(SECTOR_MIN, 6);
	set_field(offsetof(struct block_head, format), FORMAT_VERSION + 1);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_OTHER_FORMAT);
	block[100] ^= 1;
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_OTHER_FORMAT);
	set_field(offsetof(struct block_head, format), 0);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_OTHER_FORMAT);
}
END_TEST

START_TEST(a_whole_block_of_another_type_slot_or_index_is_misplaced)
{
	seal(SECTOR_MIN, 7);
	set_field(offsetof(struct block_head, type), BLOCK_BALLOT);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_MISPLACED);
	seal(SECTOR_MIN, 7);
	set_field(offsetof(struct block_head, slot), 8);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_MISPLACED);
	seal(SECTOR_MIN, 7);
	set_field(offsetof(struct block_head, index), 2);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_MISPLACED);
	block[100] ^= 1;
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_DAMAGED);
}
END_TEST

START_TEST(a_block_of_another_cluster_is_damaged)
{
	seal(SECTOR_MIN, 8);
	ck_assert_int_eq(block_judge(block, SECTOR_MIN, place, &other_cluster), BLOCK_DAMAGED);
}
END_TEST

START_TEST(a_block_cut_short_is_damaged)
{
	seal(SECTOR_MIN, 9);
	for (uint32_t size = 0; size < SECTOR_MIN; size++)
		ck_assert_int_eq(judge(size), BLOCK_DAMAGED);
	ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_OK);
}
END_TEST

START_TEST(an_impossible_length_is_damaged)
{
	static const uint32_t lengths[] = { 0, 31, SECTOR_MIN + 1, UINT32_MAX };

	seal(SECTOR_MIN, 10);
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		set_length(lengths[i]);
		ck_assert_int_eq(judge(SECTOR_MIN), BLOCK_DAMAGED);
	}
}
END_TEST

START_TEST(a_whole_block_that_does_not_fill_its_sector_is_senseless)
{
	seal(SECTOR_MIN, 11);
	ck_assert_int_eq(block_judge_sector(block, SECTOR_MIN, place, &cluster), BLOCK_OK);
	ck_assert_int_eq(block_judge_sector(block, SECTOR_MAX, place, &cluster), BLOCK_SENSELESS);
	seal(SECTOR_MIN - 1, 11);
	ck_assert_int_eq(block_judge_sector(block, SECTOR_MIN, place, &cluster), BLOCK_SENSELESS);
	block[100] ^= 1;
	ck_assert_int_eq(block_judge_sector(block, SECTOR_MIN, place, &cluster), BLOCK_DAMAGED);
}
END_TEST

START_TEST(each_verdict_has_words_of_its_own)
{
	for (int a = BLOCK_OK; a <= BLOCK_SENSELESS; a++) {
		ck_assert_uint_gt(strlen(block_verdict_text((enum block_verdict)a)), 0);
		for (int b = BLOCK_OK; b < a; b++)
			ck_assert_str_ne(block_verdict_text((enum block_verdict)a),
					 block_verdict_text((enum block_verdict)b));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("block");

	tcase_add_test(tests, a_sealed_block_is_whole_in_any_room_that_holds_it);
	tcase_add_test(tests, sealing_touches_the_head_alone_and_zeroes_what_it_reserves);
	tcase_add_test(tests, the_checksum_is_that_of_the_page_of_the_manual);
	tcase_add_test(tests, no_single_wrong_bit_passes);
	tcase_add_test(tests, nothing_but_zeroes_is_lost_and_one_bit_more_is_foreign);
	tcase_add_test(tests, without_the_magic_it_is_not_ours);
	tcase_add_test(tests, another_format_is_told_whatever_its_checksum);
	tcase_add_test(tests, a_whole_block_of_another_type_slot_or_index_is_misplaced);
	tcase_add_test(tests, a_block_of_another_cluster_is_damaged);
	tcase_add_test(tests, a_block_cut_short_is_damaged);
	tcase_add_test(tests, an_impossible_length_is_damaged);
	tcase_add_test(tests, a_whole_block_that_does_not_fill_its_sector_is_senseless);
	tcase_add_test(tests, each_verdict_has_words_of_its_own);
	return unit_run("block", tests);
}
