/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* join - a request by a machine without a row to be given one; a lost one only costs a retry. */
#pragma once

#include "tables/block.h"

struct join {
	char name[NAME_BYTES_MAX + 1];	/* empty: a free slot */
	struct id128 machine;
	uint64_t asked_s;		/* wall clock of the machine, for people */
};

void join_encode(const struct join *join, uint16_t index, uint32_t sector_size,
		 const struct id128 *cluster, void *sector);
enum block_verdict join_decode(const void *sector, uint16_t index, uint32_t sector_size,
			       const struct id128 *cluster, struct join *ret_join);
