/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/crc32c.h"

#include <string.h>

#include "tests/chance.h"
#include "tests/unit.h"

/* Bit by bit, as the standard defines it. */
static uint32_t reference(const uint8_t *data, size_t len)
{
	uint32_t rest = UINT32_MAX;

	for (size_t i = 0; i < len; i++) {
		rest ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			rest = rest >> 1 ^ (rest & 1 ? 0x82f63b78 : 0);
	}
	return ~rest;
}

START_TEST(the_examples_of_rfc_3720_hold)
{
	static const uint8_t read_command[48] = {
		0x01, 0xc0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x00, 0x00, 0x04, 0x00,
		0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
		0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
	};
	uint8_t data[32] = { 0 };

	ck_assert_uint_eq(crc32c(0, data, sizeof(data)), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	ck_assert_uint_eq(crc32c(0, data, sizeof(data)), 0x62a8ab43);
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	ck_assert_uint_eq(crc32c(0, data, sizeof(data)), 0x46dd794e);
	for (unsigned int i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(31 - i);
	ck_assert_uint_eq(crc32c(0, data, sizeof(data)), 0x113fdb5c);
	ck_assert_uint_eq(crc32c(0, read_command, sizeof(read_command)), 0xd9963a56);
	ck_assert_uint_eq(crc32c(0, "123456789", 9), 0xe3069283);
	ck_assert_uint_eq(crc32c(0, "", 0), 0);
}
END_TEST

START_TEST(every_byte_counts_at_every_place)
{
	uint8_t data[16] = { 0 };

	for (unsigned int place = 0; place < sizeof(data); place++) {
		for (unsigned int byte = 0; byte < 256; byte++) {
			data[place] = (uint8_t)byte;
			ck_assert_uint_eq(crc32c(0, data, sizeof(data)),
					  reference(data, sizeof(data)));
		}
		data[place] = 0;
	}
}
END_TEST

START_TEST(any_length_at_any_alignment_is_right)
{
	struct chance chance = { .state = 1 };
	uint8_t data[300];

	chance_fill(&chance, data, sizeof(data));
	for (size_t start = 0; start < 16; start++)
		for (size_t len = 0; len < sizeof(data) - start; len++)
			ck_assert_uint_eq(crc32c(0, data + start, len),
					  reference(data + start, len));
}
END_TEST

START_TEST(a_checksum_is_continued_wherever_it_was_left)
{
	struct chance chance = { .state = 2 };
	uint8_t data[100];

	chance_fill(&chance, data, sizeof(data));
	for (size_t cut = 0; cut <= sizeof(data); cut++) {
		uint32_t first = crc32c(0, data, cut);

		ck_assert_uint_eq(crc32c(first, data + cut, sizeof(data) - cut),
				  crc32c(0, data, sizeof(data)));
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("crc32c");

	tcase_add_test(tests, the_examples_of_rfc_3720_hold);
	tcase_add_test(tests, every_byte_counts_at_every_place);
	tcase_add_test(tests, any_length_at_any_alignment_is_right);
	tcase_add_test(tests, a_checksum_is_continued_wherever_it_was_left);
	return unit_run("crc32c", tests);
}
