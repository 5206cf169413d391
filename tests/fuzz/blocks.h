/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* blocks - what the targets for the decoders of blocks share. */
#pragma once

#include <string.h>

#include "tables/block.h"
#include "tests/fuzz/fuzz.h"
#include "tests/reseal.h"

#define FUZZ_HOST 5

static const struct id128 fuzz_cluster = { { 0xf0, 0x22, 0x00, 0x01 } };
static const struct capacity fuzz_capacity = { .hosts = 8, .volumes = 16, .access = 64 };

static inline void fuzz_saw_verdict(enum block_verdict verdict)
{
	fuzz_saw(verdict == BLOCK_OK ? FUZZ_ACCEPTED :
		 verdict == BLOCK_SENSELESS ? FUZZ_SENSELESS : FUZZ_REFUSED);
}

/* What was decoded and encoded again says the same from byte @from to byte @to. */
static inline void fuzz_must_match(const uint8_t *data, const uint8_t *again, size_t from,
				   size_t to)
{
	FUZZ_MUST(memcmp(data + from, again + from, to - from) == 0);
}

static inline uint32_t fuzz_draw_sector_size(struct chance *chance)
{
	return chance_below(chance, 2) ? SECTOR_MAX : SECTOR_MIN;
}
