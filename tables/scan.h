/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * scan - what the ballot region says: one row per host, read until each row
 * can be trusted.
 *
 * A pair with one bad half may be in the middle of a write: it is read again,
 * and its good half counts only if a read issued after the first completed
 * finds it unchanged.  A row that is settled stays as it was read.
 */
#pragma once

#include "tables/ballot.h"
#include "tables/layout.h"

/* So many reads in a row, and a pair that still changes with one bad half counts as unknown. */
#define SCAN_READS_MAX 16

struct scan_row {
	struct ballot ballot;		/* unless the verdict is PAIR_UNKNOWN */
	enum pair_verdict verdict;
	bool read;
	bool settled;
};

struct scan {
	const struct layout *layout;
	struct id128 cluster;
	unsigned int read_count;
	struct scan_row *rows;		/* one for each host that the capacity allows */
};

/* What the rows of a settled scan say together, about the past and about one open instance. */
struct scan_result {
	uint64_t newest;		/* largest decided version; an instance above it is open */
	struct image_value newest_value;
	bool forked;			/* two rows name different values for `newest` */
	uint16_t unknown;		/* the first row that can not be read, SLOT_NONE: none */
	uint16_t unknown_count;

	uint64_t mbal;			/* the largest in the instance, other hosts' */
	/* the largest accepted in the instance, anybody's; 0: none */
	uint64_t bal;
	struct image_value value;	/* accepted there */
};

/* Forget all rows: the next read begins a new series. */
void scan_begin(struct scan *scan);

/* Take in one read of the whole region; true once every row is settled. */
bool scan_add(struct scan *scan, const void *region);

/* Sum up a settled scan, with regard to @instance as host @self (SLOT_NONE: none) sees it. */
void scan_sum(const struct scan *scan, uint16_t self, uint64_t instance,
	      struct scan_result *ret_result);

/* The largest ballot in either half of a pair of the region: the older half counts, too. */
uint64_t scan_pair_mbal(const struct scan *scan, const void *region, uint16_t host);
