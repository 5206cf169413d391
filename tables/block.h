/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * block - the head that every block on a control device begins with.
 *
 * It says what the block is and where it belongs, so that a misdirected write,
 * a torn one, and a block of another cluster all show.  The CRC covers the
 * whole block and is seeded with the cluster id.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>

#include "tables/bytes.h"
#include "tables/limits.h"

enum block_type {
	BLOCK_SUPER = 1,
	BLOCK_HINT,
	BLOCK_BALLOT,
	BLOCK_BEAT,
	BLOCK_IMAGE,
	BLOCK_JOIN,
};

/* What became of a block that was read without an I/O error. */
enum block_verdict {
	BLOCK_OK,
	BLOCK_ZEROED,		/* nothing but zeroes: lost, for every block is written at format */
	BLOCK_FOREIGN,		/* not one of ours */
	BLOCK_OTHER_FORMAT,	/* ours, of a format version that we do not know */
	BLOCK_MISPLACED,	/* ours, but of another type, slot or index */
	BLOCK_DAMAGED,		/* cut short, or a wrong checksum: torn, or of another cluster */
	BLOCK_SENSELESS,	/* the checksum is right and the contents can not be */
};

struct block_head {
	uint8_t magic[8];
	le16_t type;
	le16_t format;
	le16_t slot;		/* the host row it belongs to; 0 where there is none */
	le16_t index;		/* which of several: half of a pair, image slot, sector of a beat */
	le32_t length;		/* bytes that the checksum covers, this head included */
	le32_t crc;
	le64_t zero;
};
static_assert(sizeof(struct block_head) == 32, "the head is 32 bytes for ever");

/* Where a block belongs. */
struct block_place {
	enum block_type type;
	uint16_t slot;
	uint16_t index;
};

/* Fill in the head of the block of @length bytes at @block, checksum last. */
void block_seal(void *block, uint32_t length, struct block_place place,
		const struct id128 *cluster);

/*
 * Judge the block that was read into the @size bytes at @block.  BLOCK_OK
 * promises that head.length is within 32..@size and that the checksum holds.
 */
enum block_verdict block_judge(const void *block, uint32_t size, struct block_place place,
			       const struct id128 *cluster);

/*
 * The same for a block that fills the sector it is in: what is whole and does not
 * say that it is @sector_size bytes long is BLOCK_SENSELESS.
 */
enum block_verdict block_judge_sector(const void *sector, uint32_t sector_size,
				      struct block_place place, const struct id128 *cluster);

/* A few words on a verdict, for people: "damaged (checksum)". */
const char *block_verdict_text(enum block_verdict verdict);
