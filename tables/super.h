/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* super - the superblock: which cluster this is, how its device is laid out.  Written by format. */
#pragma once

#include "tables/block.h"
#include "tables/layout.h"

/* The bits of features_needed that this program knows. */
#define SUPER_FEATURES_KNOWN 0u

struct super {
	struct id128 cluster;
	uint32_t sector_size;
	struct capacity capacity;
	uint64_t total_bytes;		/* of the layout: shows a device that has shrunk */
	uint64_t created_s;		/* wall clock, for people */
	uint32_t features_needed;	/* bits that a program must know to use the tables at all */
};

/* Fill the @sector_size bytes at @sector; @index 0 is the first copy, 1 the last. */
void super_encode(const struct super *super, unsigned int index, void *sector);

/*
 * Judge a superblock that was read into @size bytes (SECTOR_MAX is right for
 * both sector sizes); fills *@ret_super only if BLOCK_OK.  A needed feature
 * that we do not know is BLOCK_OTHER_FORMAT.
 */
enum block_verdict super_decode(const void *sector, uint32_t size, unsigned int index,
				struct super *ret_super);
