/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk - a disk and a clock that exist only here: operations take random time,
 * and happen sector by sector at any moment between issue and end.
 *
 * What the design takes for granted holds: a sector is written whole, or left
 * with a checksum that shows it, and an acknowledged write is there.  A write
 * that failed, or whose process died, may land, be lost, tear, or land later,
 * up to late_us after it failed or its host died.  While one may land late no
 * other of the same host tears: against both at once a pair of sectors is not enough.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/chance.h"

#define DISK_SECTOR 512
#define DISK_HOSTS_MAX 64

/* How an operation goes. */
enum disk_fate {
	DISK_GOOD,
	DISK_ERROR_LOST,	/* -EIO, and nothing has happened */
	DISK_ERROR_LANDED,	/* -EIO, and all of it has happened */
	/* -EIO; sectors in the middle of their write are bad, others landed or not */
	DISK_ERROR_TORN,
	DISK_ERROR_LATE,	/* -EIO, and it happens after that */
	DISK_FATES,
};

enum disk_event_kind { DISK_EVENT_DONE, DISK_EVENT_WAKE };

/* What the caller is told: an operation has ended, or the time it asked for has come. */
struct disk_event {
	enum disk_event_kind kind;
	uint64_t at_us;
	unsigned int host;
	unsigned int generation;	/* as given: tells the events of a dead process */
	bool ok;
	void *data;			/* what was read */
	uint32_t size;
};

struct disk;

/* Called for each sector that changes: old and new contents. */
typedef void disk_watch(void *context, uint64_t offset, const void *before, const void *after);

struct disk *disk_new(uint64_t size_bytes, disk_watch *watch, void *context);
void disk_free(struct disk *disk);
/* Empty, at time 0. */
void disk_reset(struct disk *disk, struct chance *chance, uint64_t latency_us, uint64_t late_us);
/* No operation takes much longer than the others. */
void disk_be_steady(struct disk *disk);

uint8_t *disk_bytes(struct disk *disk);
uint64_t disk_now_us(const struct disk *disk);

void disk_read(struct disk *disk, unsigned int host, unsigned int generation, uint64_t offset,
	       uint32_t size, enum disk_fate fate);
void disk_write(struct disk *disk, unsigned int host, unsigned int generation, uint64_t offset,
		const void *data, uint32_t size, enum disk_fate fate);
void disk_wake(struct disk *disk, unsigned int host, unsigned int generation, uint64_t after_us);

/*
 * The process is gone: what it had under way ends with @fate.  DISK_GOOD: as
 * it would have, but not late: the design takes it that where a host lives on, a
 * write is over when its process is gone.  Returns when all that is not late is over.
 */
uint64_t disk_crash(struct disk *disk, unsigned int host, unsigned int generation,
		    enum disk_fate fate);

/* Go on to the next event; false: there is none.  Data lasts until the next call. */
bool disk_next(struct disk *disk, struct disk_event *ret_event);
