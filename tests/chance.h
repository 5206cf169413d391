/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chance - random numbers that a seed repeats, for tests (splitmix64).
 *
 * A test that fails prints its seed; the same seed draws the same numbers on
 * every machine.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct chance {
	uint64_t state;
};

static inline uint64_t chance_draw(struct chance *chance)
{
	uint64_t z = chance->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

/* 0..@limit-1; @limit is at least 1. */
static inline uint64_t chance_below(struct chance *chance, uint64_t limit)
{
	return chance_draw(chance) % limit;
}

static inline void chance_fill(struct chance *chance, void *data, size_t len)
{
	uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)chance_draw(chance);
}
