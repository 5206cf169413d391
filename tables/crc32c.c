/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/crc32c.h"

/*
 * Eight bytes at a time ("slicing by eight"): slices[k][b] is what byte b does to the remainder
 * when k more bytes follow it.  The remainder is linear, so that an entry is the sum of those of
 * its bits.  Their values are the polynomial (reflected: 0x82f63b78), shifted on step by step:
 * 64 numbers that the compiler makes the eight tables of.
 */
#define ENTRY(b, b7, b6, b5, b4, b3, b2, b1, b0) \
	((b & 0x80 ? b7 : 0) ^ (b & 0x40 ? b6 : 0) ^ (b & 0x20 ? b5 : 0) ^ (b & 0x10 ? b4 : 0) ^ \
	 (b & 0x08 ? b3 : 0) ^ (b & 0x04 ? b2 : 0) ^ (b & 0x02 ? b1 : 0) ^ (b & 0x01 ? b0 : 0))
#define ENTRIES_4(b, ...) \
	ENTRY((b), __VA_ARGS__), ENTRY((b + 1), __VA_ARGS__), ENTRY((b + 2), __VA_ARGS__), \
	ENTRY((b + 3), __VA_ARGS__)
#define ENTRIES_16(b, ...) \
	ENTRIES_4(b, __VA_ARGS__), ENTRIES_4(b + 4, __VA_ARGS__), ENTRIES_4(b + 8, __VA_ARGS__), \
	ENTRIES_4(b + 12, __VA_ARGS__)
#define ENTRIES_64(b, ...) \
	ENTRIES_16(b, __VA_ARGS__), ENTRIES_16(b + 16, __VA_ARGS__), \
	ENTRIES_16(b + 32, __VA_ARGS__), ENTRIES_16(b + 48, __VA_ARGS__)
#define SLICE(...) \
	{ ENTRIES_64(0, __VA_ARGS__), ENTRIES_64(64, __VA_ARGS__), \
	  ENTRIES_64(128, __VA_ARGS__), ENTRIES_64(192, __VA_ARGS__) }

static const uint32_t slices[8][256] = {
	SLICE(0x82f63b78, 0x417b1dbc, 0x20bd8ede, 0x105ec76f,
	      0x8ad958cf, 0xc79a971f, 0xe13b70f7, 0xf26b8303),
	SLICE(0xfbc3faf9, 0xff17c604, 0x7f8be302, 0x3fc5f181,
	      0x9d14c3b8, 0x4e8a61dc, 0x274530ee, 0x13a29877),
	SLICE(0x8b277743, 0xc76580d9, 0xe144fb14, 0x70a27d8a,
	      0x38513ec5, 0x9edea41a, 0x4f6f520d, 0xa541927e),
	SLICE(0x52a0c93f, 0xaba65fe7, 0xd725148b, 0xe964b13d,
	      0xf64463e6, 0x7b2231f3, 0xbf672381, 0xdd45aab8),
	SLICE(0x6ea2d55c, 0x37516aae, 0x1ba8b557, 0x8f2261d3,
	      0xc5670b91, 0xe045beb0, 0x7022df58, 0x38116fac),
	SLICE(0x1c08b7d6, 0x0e045beb, 0x85f4168d, 0xc00c303e,
	      0x6006181f, 0xb2f53777, 0xdb8ca0c3, 0xef306b19),
	SLICE(0xf56e0ef4, 0x7ab7077a, 0x3d5b83bd, 0x9c5bfaa6,
	      0x4e2dfd53, 0xa5e0c5d1, 0xd0065990, 0x68032cc8),
	SLICE(0x34019664, 0x1a00cb32, 0x0d006599, 0x847609b4,
	      0x423b04da, 0x211d826d, 0x9278fa4e, 0x493c7d27),
};

/* Four bytes, little-endian: the remainder's first byte meets the first byte of the data. */
static uint32_t load(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	const uint8_t *at = data;
	uint32_t rest = ~crc;

	for (; len >= 8; at += 8, len -= 8) {
		uint32_t low = rest ^ load(at);
		uint32_t high = load(at + 4);

		rest = slices[7][low & 0xff] ^ slices[6][low >> 8 & 0xff] ^
		       slices[5][low >> 16 & 0xff] ^ slices[4][low >> 24] ^
		       slices[3][high & 0xff] ^ slices[2][high >> 8 & 0xff] ^
		       slices[1][high >> 16 & 0xff] ^ slices[0][high >> 24];
	}
	for (; len > 0; at++, len--)
		rest = rest >> 8 ^ slices[0][(rest ^ *at) & 0xff];
	return ~rest;
}
