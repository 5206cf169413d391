/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * beat - one host's sign of life, and what it has mounted.
 *
 * Written by its host only, in one contiguous write: a first sector about the
 * host, then sectors of volume entries, as many as the highest volume slot in
 * use asks for.  Incarnation and counter stand in each sector, so that a torn
 * beat shows: sectors that do not fit the first are ignored.
 */
#pragma once

#include <stdbool.h>

#include "tables/block.h"
#include "tables/layout.h"

enum beat_mount {
	BEAT_NOT_MOUNTED,
	BEAT_READING,
	BEAT_WRITING,
	BEAT_FAILED,		/* it should be mounted and can not be */
};

struct beat_volume {
	uint64_t born;			/* of the volume record meant; 0: no entry */
	enum beat_mount mount;
	bool stale;			/* reading, and something newer is published */
	bool device_seen;		/* exactly one device with its UUID is here */
	uint8_t protections;		/* bits, for the fencing proofs to come */
	uint64_t generation;		/* writing: published.  reading: seen */
	uint32_t free_mib;		/* UINT32_MAX: unknown */
	uint32_t total_mib;
};

struct beat {
	uint64_t incarnation;		/* drawn anew at every start of the daemon */
	uint64_t counter;		/* one more at every beat: its change is the sign of life */
	struct id128 boot;
	struct id128 machine;
	uint32_t io_timeout_ms;		/* the value that this host runs with */
	uint32_t latency_us;		/* of its last operations on the control device, smoothed */
	bool logged_off;		/* a clean end: nothing is mounted read-write */
	bool suspended;
	uint64_t version;		/* the latest version of the tables that it has learned */
	uint16_t volume_count;		/* volume slots 0..count-1 follow */
};

/* Bytes that a beat about @volume_count volume slots takes, in whole sectors. */
uint32_t beat_bytes(uint32_t sector_size, uint16_t volume_count);

/* Fill beat_bytes() at @sectors from @beat and @volumes[beat->volume_count]. */
void beat_encode(const struct beat *beat, const struct beat_volume *volumes, uint16_t host,
		 uint32_t sector_size, const struct id128 *cluster, void *sectors);

/* The first sector alone. */
enum block_verdict beat_decode(const void *sector, uint16_t host, uint32_t sector_size,
			       const struct capacity *capacity, const struct id128 *cluster,
			       struct beat *ret_beat);

/*
 * The entries that follow it, in the @size bytes at @sectors that begin with the first sector.
 * Fills @ret_volumes[0..count-1], zeroed where a sector is missing, bad or of another beat.
 * Returns how many entries are good.
 */
uint16_t beat_volumes_decode(const void *sectors, uint32_t size, const struct beat *beat,
			     uint16_t host, uint32_t sector_size, const struct id128 *cluster,
			     struct beat_volume *ret_volumes, uint16_t count);
