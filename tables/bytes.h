/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bytes - integers as they lie on the disk: little-endian, of any alignment.
 *
 * The types are structs of bytes, so that a value can not be used without its
 * getter, structs of them have no holes, and nothing needs to be packed.
 */
#pragma once

#include <stdint.h>

typedef struct { uint8_t b[2]; } le16_t;
typedef struct { uint8_t b[4]; } le32_t;
typedef struct { uint8_t b[8]; } le64_t;

static inline uint16_t le16_get(le16_t v)
{
	return (uint16_t)(v.b[0] | v.b[1] << 8);
}

static inline uint32_t le32_get(le32_t v)
{
	return (uint32_t)v.b[0] | (uint32_t)v.b[1] << 8 |
	       (uint32_t)v.b[2] << 16 | (uint32_t)v.b[3] << 24;
}

static inline uint64_t le64_get(le64_t v)
{
	uint64_t value = 0;

	for (int i = 7; i >= 0; i--)
		value = value << 8 | v.b[i];
	return value;
}

static inline le16_t le16(uint16_t value)
{
	return (le16_t){ { (uint8_t)value, (uint8_t)(value >> 8) } };
}

/*
 * Written out, not as loops: those make gcc 12 (-O2) lose whole initialisers that
 * they are part of, in its scalar replacement of aggregates.
 */
static inline le32_t le32(uint32_t value)
{
	return (le32_t){ { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			   (uint8_t)(value >> 24) } };
}

static inline le64_t le64(uint64_t value)
{
	return (le64_t){ { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
			   (uint8_t)(value >> 24), (uint8_t)(value >> 32), (uint8_t)(value >> 40),
			   (uint8_t)(value >> 48), (uint8_t)(value >> 56) } };
}
