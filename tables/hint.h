/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hint - the semaphore sector: what people see of the semaphore, and the only
 * read of an idle poll.
 *
 * Lost, late or overwritten it may cost time, never correctness: no mount,
 * grant, fence or refusal is based on it.
 */
#pragma once

#include "tables/block.h"

struct hint {
	uint64_t version;	/* latest decided, as far as its writer knew */
	uint16_t balloting;	/* who is at it, SLOT_NONE: nobody */
	uint64_t since_s;	/* wall clock of that host, for people */
	uint64_t notices;	/* raised by whoever has published, asked or answered */
};

void hint_encode(const struct hint *hint, uint32_t sector_size, const struct id128 *cluster,
		 void *sector);
enum block_verdict hint_decode(const void *sector, uint32_t sector_size,
			       const struct id128 *cluster, struct hint *ret_hint);
