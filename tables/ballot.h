/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ballot - one host's sector in the agreement on the next version
 * (Disk Paxos, Gafni & Lamport 2003, with one disk).
 *
 * Each host has a pair of sectors, written in turn, by that host only.
 */
#pragma once

#include <stdbool.h>

#include "tables/block.h"

/* Names one whole image.  Compared whole; all zero is "none". */
struct image_value {
	uint64_t version;	/* 0: no value */
	uint64_t nonce;		/* drawn for every image written: tells two of one version apart */
	uint32_t length;	/* bytes of the image */
	uint32_t crc;		/* as in the head of the image */
	uint16_t host;
	uint16_t slot;
};

struct ballot {
	uint64_t sequence;	/* of the writes to this pair; the half is sequence & 1 */
	uint64_t incarnation;	/* who wrote it: a foreign one is another tenant of our row */
	uint64_t instance;	/* the version under agreement */
	uint64_t mbal;		/* the ballot joined; 0: none in this instance */
	uint64_t bal;		/* the ballot in which `value` was accepted; 0: none */
	struct image_value value;
	struct image_value own;	/* the value of mine that I ever accepted in this instance */
	uint64_t decided;	/* always instance - 1 or instance */
	struct image_value decided_value;
	bool late;		/* written while earlier writes to the pair might still land */
};

/* What a host's pair says, taken together. */
enum pair_verdict {
	PAIR_OK,		/* *ret_ballot is the newer half, both halves are good */
	PAIR_HALF,		/* one half is bad: read again, the good one counts if unchanged */
	PAIR_UNKNOWN,		/* both are bad: never "empty"; no ballot goes on past it */
};

static inline bool image_value_same(const struct image_value *a, const struct image_value *b)
{
	return a->version == b->version && a->nonce == b->nonce && a->length == b->length &&
	       a->crc == b->crc && a->host == b->host && a->slot == b->slot;
}

/* Encode into one sector; the half is taken from the sequence. */
void ballot_encode(const struct ballot *ballot, uint16_t host, uint32_t sector_size,
		   const struct id128 *cluster, void *sector);
enum block_verdict ballot_decode(const void *sector, uint16_t host, unsigned int half,
				 uint32_t sector_size, const struct capacity *capacity,
				 const struct id128 *cluster, struct ballot *ret_ballot);

/* Judge the two sectors at @pair.  Fills *@ret_ballot unless PAIR_UNKNOWN. */
enum pair_verdict ballot_pair_decode(const void *pair, uint16_t host, uint32_t sector_size,
				     const struct capacity *capacity, const struct id128 *cluster,
				     struct ballot *ret_ballot);
