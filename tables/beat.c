/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/beat.h"

#include <string.h>

#define BEAT_LOGGED_OFF 0x01
#define BEAT_SUSPENDED 0x02

#define BEAT_STALE 0x01
#define BEAT_DEVICE_SEEN 0x02

struct beat_disk {
	struct block_head head;
	le64_t incarnation;
	le64_t counter;
	struct id128 boot;
	struct id128 machine;
	le64_t version;
	le32_t io_timeout_ms;
	le32_t latency_us;
	le16_t volume_count;
	uint8_t flags;
	uint8_t zero[413];
};
static_assert(sizeof(struct beat_disk) == SECTOR_MIN, "a beat fits the smallest sector");
static_assert(offsetof(struct beat_disk, incarnation) == 32, "where version 1 put it");
static_assert(offsetof(struct beat_disk, counter) == 40, "where version 1 put it");
static_assert(offsetof(struct beat_disk, version) == 80, "where version 1 put it");
static_assert(offsetof(struct beat_disk, volume_count) == 96, "where version 1 put it");

struct beat_volume_disk {
	le64_t born;
	le64_t generation;
	le32_t free_mib;
	le32_t total_mib;
	uint8_t mount;
	uint8_t flags;
	uint8_t protections;
	uint8_t zero[5];
};
static_assert(sizeof(struct beat_volume_disk) == 32, "as version 1 has it");
static_assert(offsetof(struct beat_volume_disk, mount) == 24, "where version 1 put it");

static_assert(BEAT_NOT_MOUNTED == 0 && BEAT_READING == 1 && BEAT_WRITING == 2 && BEAT_FAILED == 3,
	      "as version 1 has it");

/* What each sector of entries begins with; as many entries follow as fit. */
struct beat_more_disk {
	struct block_head head;
	le64_t incarnation;	/* both as in the first sector of the same beat */
	le64_t counter;
	uint8_t zero[16];
};
static_assert(sizeof(struct beat_more_disk) == 64, "as version 1 has it");
static_assert(offsetof(struct beat_more_disk, incarnation) == 32, "where version 1 put it");

static uint32_t beat_entries_per_sector(uint32_t sector_size)
{
	return (sector_size - (uint32_t)sizeof(struct beat_more_disk)) /
	       (uint32_t)sizeof(struct beat_volume_disk);
}

uint32_t beat_bytes(uint32_t sector_size, uint16_t volume_count)
{
	uint32_t per_sector = beat_entries_per_sector(sector_size);

	return (1 + (volume_count + per_sector - 1) / per_sector) * sector_size;
}

static struct block_place beat_place(uint16_t host, uint32_t index)
{
	return (struct block_place){ .type = BLOCK_BEAT, .slot = host, .index = (uint16_t)index };
}

static struct beat_volume_disk beat_volume_to_disk(const struct beat_volume *volume)
{
	return (struct beat_volume_disk){
		.born = le64(volume->born),
		.generation = le64(volume->generation),
		.free_mib = le32(volume->free_mib),
		.total_mib = le32(volume->total_mib),
		.mount = (uint8_t)volume->mount,
		.flags = (uint8_t)((volume->stale ? BEAT_STALE : 0) |
				   (volume->device_seen ? BEAT_DEVICE_SEEN : 0)),
		.protections = volume->protections,
	};
}

/* False, and nothing filled in, if the entry can not be. */
static bool beat_volume_from_disk(const struct beat_volume_disk *disk,
				  struct beat_volume *ret_volume)
{
	if (disk->mount > BEAT_FAILED || disk->flags & ~(BEAT_STALE | BEAT_DEVICE_SEEN))
		return false;
	*ret_volume = (struct beat_volume){
		.born = le64_get(disk->born),
		.mount = (enum beat_mount)disk->mount,
		.stale = disk->flags & BEAT_STALE,
		.device_seen = disk->flags & BEAT_DEVICE_SEEN,
		.protections = disk->protections,
		.generation = le64_get(disk->generation),
		.free_mib = le32_get(disk->free_mib),
		.total_mib = le32_get(disk->total_mib),
	};
	return true;
}

/* How many of @count entries the @index-th sector of a beat holds, 1 being the first of them. */
static uint32_t beat_entries_in(uint32_t sector_size, uint32_t index, uint32_t count)
{
	uint32_t per_sector = beat_entries_per_sector(sector_size);
	uint32_t before = (index - 1) * per_sector;

	if (before >= count)
		return 0;
	return count - before < per_sector ? count - before : per_sector;
}

static void beat_encode_more(const struct beat *beat, const struct beat_volume *volumes,
			     uint32_t count, void *sector)
{
	const struct beat_more_disk more = {
		.incarnation = le64(beat->incarnation),
		.counter = le64(beat->counter),
	};
	uint8_t *at = sector;

	memcpy(at, &more, sizeof(more));
	at += sizeof(more);
	for (uint32_t i = 0; i < count; i++) {
		struct beat_volume_disk disk = beat_volume_to_disk(&volumes[i]);

		memcpy(at, &disk, sizeof(disk));
		at += sizeof(disk);
	}
}

void beat_encode(const struct beat *beat, const struct beat_volume *volumes, uint16_t host,
		 uint32_t sector_size, const struct id128 *cluster, void *sectors)
{
	const struct beat_disk disk = {
		.incarnation = le64(beat->incarnation),
		.counter = le64(beat->counter),
		.boot = beat->boot,
		.machine = beat->machine,
		.version = le64(beat->version),
		.io_timeout_ms = le32(beat->io_timeout_ms),
		.latency_us = le32(beat->latency_us),
		.volume_count = le16(beat->volume_count),
		.flags = (uint8_t)((beat->logged_off ? BEAT_LOGGED_OFF : 0) |
				   (beat->suspended ? BEAT_SUSPENDED : 0)),
	};
	uint32_t bytes = beat_bytes(sector_size, beat->volume_count);
	uint8_t *at = sectors;

	memset(at, 0, bytes);
	memcpy(at, &disk, sizeof(disk));
	block_seal(at, sector_size, beat_place(host, 0), cluster);
	for (uint32_t index = 1; index < bytes / sector_size; index++) {
		uint32_t count = beat_entries_in(sector_size, index, beat->volume_count);

		at += sector_size;
		beat_encode_more(beat, volumes, count, at);
		block_seal(at, sector_size, beat_place(host, index), cluster);
		volumes += count;
	}
}

enum block_verdict beat_decode(const void *sector, uint16_t host, uint32_t sector_size,
			       const struct capacity *capacity, const struct id128 *cluster,
			       struct beat *ret_beat)
{
	enum block_verdict verdict;
	struct beat_disk disk;
	uint16_t volume_count;

	if (sector_size < sizeof(disk))
		return BLOCK_DAMAGED;
	verdict = block_judge_sector(sector, sector_size, beat_place(host, 0), cluster);
	if (verdict != BLOCK_OK)
		return verdict;
	memcpy(&disk, sector, sizeof(disk));
	volume_count = le16_get(disk.volume_count);
	if (volume_count > capacity->volumes ||
	    disk.flags & ~(BEAT_LOGGED_OFF | BEAT_SUSPENDED))
		return BLOCK_SENSELESS;
	*ret_beat = (struct beat){
		.incarnation = le64_get(disk.incarnation),
		.counter = le64_get(disk.counter),
		.boot = disk.boot,
		.machine = disk.machine,
		.io_timeout_ms = le32_get(disk.io_timeout_ms),
		.latency_us = le32_get(disk.latency_us),
		.logged_off = disk.flags & BEAT_LOGGED_OFF,
		.suspended = disk.flags & BEAT_SUSPENDED,
		.version = le64_get(disk.version),
		.volume_count = volume_count,
	};
	return BLOCK_OK;
}

/* Whether the sector holds entries of this very beat. */
static bool beat_more_fits(const uint8_t *sector, const struct beat *beat, uint16_t host,
			   uint32_t index, uint32_t sector_size, const struct id128 *cluster)
{
	struct beat_more_disk more;

	if (block_judge_sector(sector, sector_size, beat_place(host, index), cluster) != BLOCK_OK)
		return false;
	memcpy(&more, sector, sizeof(more));
	return le64_get(more.incarnation) == beat->incarnation &&
	       le64_get(more.counter) == beat->counter;
}

/* Decode the @count entries of a sector that fits.  Returns how many are good. */
static uint16_t beat_decode_more(const uint8_t *sector, uint32_t count,
				 struct beat_volume *ret_volumes)
{
	const uint8_t *at = sector + sizeof(struct beat_more_disk);
	uint16_t good = 0;

	for (uint32_t i = 0; i < count; i++) {
		struct beat_volume_disk disk;

		memcpy(&disk, at, sizeof(disk));
		at += sizeof(disk);
		if (beat_volume_from_disk(&disk, &ret_volumes[i]))
			good++;
	}
	return good;
}

uint16_t beat_volumes_decode(const void *sectors, uint32_t size, const struct beat *beat,
			     uint16_t host, uint32_t sector_size, const struct id128 *cluster,
			     struct beat_volume *ret_volumes, uint16_t count)
{
	const uint8_t *bytes = sectors;
	uint32_t wanted = count < beat->volume_count ? count : beat->volume_count;
	uint32_t done = 0;
	uint16_t good = 0;

	memset(ret_volumes, 0, (size_t)count * sizeof(*ret_volumes));
	if (sector_size < sizeof(struct beat_disk))
		return 0;
	for (uint32_t index = 1; done < wanted && index < size / sector_size; index++) {
		const uint8_t *sector = bytes + (size_t)index * sector_size;
		uint32_t here = beat_entries_in(sector_size, index, wanted);

		if (beat_more_fits(sector, beat, host, index, sector_size, cluster))
			good = (uint16_t)(good + beat_decode_more(sector, here,
								  &ret_volumes[done]));
		done += here;
	}
	return good;
}
