/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/disk.h"

#include <stdlib.h>
#include <string.h>

#define OPS_MAX 256
#define STEPS_MAX 16384
#define SLOW_FACTOR 40		/* now and then an operation takes that much longer */

/* One operation on the way. */
struct op {
	bool used;
	bool write;
	unsigned int host;
	unsigned int generation;
	uint64_t offset;
	uint32_t size;
	enum disk_fate fate;
	bool dead;		/* nobody waits for it */
	uint64_t done_us;
	uint64_t late_by_us;	/* the last moment that it may land if it is late */
	uint32_t steps_left;	/* that refer to it */
	uint8_t *data;
	uint32_t data_size;	/* allocated */
};

enum step_kind { STEP_SAMPLE, STEP_SPOIL, STEP_LAND, STEP_DONE, STEP_WAKE };

struct step {
	uint64_t at_us;
	uint64_t order;		/* of equals, the first asked for */
	enum step_kind kind;
	uint16_t op;
	bool deferred;
	uint32_t sector;
	unsigned int host;
	unsigned int generation;
};

struct disk {
	uint8_t *bytes;
	uint64_t size_bytes;
	disk_watch *watch;
	void *context;
	struct chance *chance;
	uint64_t latency_us;
	uint64_t late_us;
	bool steady;
	uint64_t now_us;
	uint64_t order;
	uint64_t late_until_us[DISK_HOSTS_MAX];	/* an old write of that host may land */
	struct op ops[OPS_MAX];
	uint16_t told;		/* the operation whose data the caller has; OPS_MAX: none */
	struct step steps[STEPS_MAX];	/* a heap */
	uint32_t step_count;
};

struct disk *disk_new(uint64_t size_bytes, disk_watch *watch, void *context)
{
	struct disk *disk = calloc(1, sizeof(*disk));

	if (!disk)
		abort();
	disk->bytes = calloc(1, size_bytes);
	if (!disk->bytes)
		abort();
	disk->size_bytes = size_bytes;
	disk->watch = watch;
	disk->context = context;
	disk->told = OPS_MAX;
	return disk;
}

void disk_free(struct disk *disk)
{
	for (unsigned int i = 0; i < OPS_MAX; i++)
		free(disk->ops[i].data);
	free(disk->bytes);
	free(disk);
}

void disk_reset(struct disk *disk, struct chance *chance, uint64_t latency_us, uint64_t late_us)
{
	memset(disk->bytes, 0, disk->size_bytes);
	disk->chance = chance;
	disk->latency_us = latency_us;
	disk->late_us = late_us;
	disk->steady = false;
	disk->now_us = 0;
	disk->order = 0;
	disk->step_count = 0;
	disk->told = OPS_MAX;
	memset(disk->late_until_us, 0, sizeof(disk->late_until_us));
	for (unsigned int i = 0; i < OPS_MAX; i++)
		disk->ops[i].used = false;
}

void disk_be_steady(struct disk *disk)
{
	disk->steady = true;
}

uint8_t *disk_bytes(struct disk *disk)
{
	return disk->bytes;
}

uint64_t disk_now_us(const struct disk *disk)
{
	return disk->now_us;
}

static bool step_before(const struct step *a, const struct step *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void push(struct disk *disk, struct step step)
{
	uint32_t at = disk->step_count++;

	if (disk->step_count > STEPS_MAX)
		abort();
	step.order = disk->order++;
	while (at > 0 && step_before(&step, &disk->steps[(at - 1) / 2])) {
		disk->steps[at] = disk->steps[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	disk->steps[at] = step;
}

static struct step pop(struct disk *disk)
{
	struct step first = disk->steps[0];
	struct step last = disk->steps[--disk->step_count];
	uint32_t at = 0;

	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child >= disk->step_count)
			break;
		if (child + 1 < disk->step_count &&
		    step_before(&disk->steps[child + 1], &disk->steps[child]))
			child++;
		if (!step_before(&disk->steps[child], &last))
			break;
		disk->steps[at] = disk->steps[child];
		at = child;
	}
	disk->steps[at] = last;
	return first;
}

static uint64_t draw_latency(struct disk *disk)
{
	uint64_t latency = disk->latency_us / 4 + chance_below(disk->chance, disk->latency_us);

	if (!disk->steady && chance_below(disk->chance, 64) == 0)
		latency *= SLOW_FACTOR;
	return latency + 1;
}

static uint16_t op_new(struct disk *disk, const struct op *like)
{
	for (uint16_t i = 0; i < OPS_MAX; i++) {
		struct op *op = &disk->ops[i];
		uint8_t *data = op->data;
		uint32_t data_size = op->data_size;

		if (op->used || i == disk->told)
			continue;
		if (data_size < like->size) {
			data = realloc(data, like->size);
			data_size = like->size;
			if (!data)
				abort();
		}
		*op = *like;
		op->used = true;
		op->data = data;
		op->data_size = data_size;
		op->done_us = disk->now_us + draw_latency(disk);
		op->late_by_us = op->done_us + disk->late_us;
		return i;
	}
	abort();
}

static void op_step(struct disk *disk, uint16_t index, enum step_kind kind, uint64_t at_us,
		    uint32_t sector)
{
	disk->ops[index].steps_left++;
	push(disk, (struct step){ .at_us = at_us, .kind = kind, .op = index, .sector = sector });
}

/* A moment between now and the operation's end. */
static uint64_t draw_moment(struct disk *disk, const struct op *op)
{
	return disk->now_us + 1 + chance_below(disk->chance, op->done_us - disk->now_us);
}

void disk_read(struct disk *disk, unsigned int host, unsigned int generation, uint64_t offset,
	       uint32_t size, enum disk_fate fate)
{
	uint16_t index = op_new(disk, &(struct op){ .host = host, .generation = generation,
						    .offset = offset, .size = size, .fate = fate });
	struct op *op = &disk->ops[index];

	for (uint32_t sector = 0; sector < size / DISK_SECTOR; sector++)
		op_step(disk, index, STEP_SAMPLE, draw_moment(disk, op), sector);
	op_step(disk, index, STEP_DONE, op->done_us, 0);
}

/* What may become of a write of that host, if @fate is what chance wants. */
static enum disk_fate allow_fate(struct disk *disk, unsigned int host, enum disk_fate fate,
				 uint64_t over_us)
{
	if (fate == DISK_ERROR_TORN && disk->now_us < disk->late_until_us[host])
		return DISK_ERROR_LOST;
	if (fate == DISK_ERROR_LATE && over_us + disk->late_us > disk->late_until_us[host])
		disk->late_until_us[host] = over_us + disk->late_us;
	return fate;
}

void disk_write(struct disk *disk, unsigned int host, unsigned int generation, uint64_t offset,
		const void *data, uint32_t size, enum disk_fate fate)
{
	uint16_t index = op_new(disk, &(struct op){ .write = true, .host = host,
						    .generation = generation, .offset = offset,
						    .size = size, .fate = fate });
	struct op *op = &disk->ops[index];
	bool whole = disk->now_us < disk->late_until_us[host];

	op->fate = allow_fate(disk, host, fate, op->done_us);
	memcpy(op->data, data, size);
	for (uint32_t sector = 0; sector < size / DISK_SECTOR; sector++) {
		uint64_t land_us = draw_moment(disk, op);

		if (!whole && chance_below(disk->chance, 4) == 0)
			op_step(disk, index, STEP_SPOIL, disk->now_us +
				1 + chance_below(disk->chance, land_us - disk->now_us), sector);
		op_step(disk, index, STEP_LAND, land_us, sector);
	}
	op_step(disk, index, STEP_DONE, op->done_us, 0);
}

void disk_wake(struct disk *disk, unsigned int host, unsigned int generation, uint64_t after_us)
{
	push(disk, (struct step){ .at_us = disk->now_us + after_us, .kind = STEP_WAKE, .host = host,
				  .generation = generation });
}

static void put_sector(struct disk *disk, uint64_t offset, const uint8_t *data)
{
	uint8_t *at = disk->bytes + offset;

	disk->watch(disk->context, offset, at, data);
	memcpy(at, data, DISK_SECTOR);
}

static void spoil_sector(struct disk *disk, uint64_t offset)
{
	uint8_t sector[DISK_SECTOR];

	memcpy(sector, disk->bytes + offset, DISK_SECTOR);
	chance_fill(disk->chance, sector + DISK_SECTOR / 2, 16);
	put_sector(disk, offset, sector);
}

/* The power went while the write was on its way: what is torn is torn now, and no more lands. */
static void tear_now(struct disk *disk, struct op *op)
{
	for (uint32_t sector = 0; sector < op->size / DISK_SECTOR; sector++)
		if (chance_below(disk->chance, 3) != 0)
			spoil_sector(disk, op->offset + (uint64_t)sector * DISK_SECTOR);
	op->fate = DISK_ERROR_LOST;
}

uint64_t disk_crash(struct disk *disk, unsigned int host, unsigned int generation,
		    enum disk_fate fate)
{
	uint64_t over_us = disk->now_us;

	for (unsigned int i = 0; i < OPS_MAX; i++) {
		struct op *op = &disk->ops[i];

		if (!op->used || op->dead || op->host != host || op->generation != generation)
			continue;
		op->dead = true;
		/* Whoever issued it is gone: from now on it only waits somewhere on the way. */
		if (op->late_by_us > disk->now_us + disk->late_us)
			op->late_by_us = disk->now_us + disk->late_us;
		if (fate == DISK_GOOD && op->fate == DISK_ERROR_LATE)
			op->fate = DISK_ERROR_LOST;
		else if (op->fate == DISK_GOOD)
			op->fate = allow_fate(disk, host, fate, op->done_us);
		if (op->write && op->fate == DISK_ERROR_TORN)
			tear_now(disk, op);
		if (fate != DISK_GOOD && op->done_us > disk->late_until_us[host])
			disk->late_until_us[host] = op->done_us;
		if (op->done_us > over_us)
			over_us = op->done_us;
	}
	return over_us;
}

/* When a late write lands: between now and the last moment that it may. */
static uint64_t draw_late(struct disk *disk, const struct op *op)
{
	uint64_t left_us = op->late_by_us > disk->now_us ? op->late_by_us - disk->now_us : 1;

	return disk->now_us + chance_below(disk->chance, left_us);
}

/* A sector of a write reaches the medium, if its fate is such. */
static void land(struct disk *disk, struct op *op, const struct step *step)
{
	uint64_t offset = op->offset + (uint64_t)step->sector * DISK_SECTOR;
	const uint8_t *data = op->data + (size_t)step->sector * DISK_SECTOR;

	switch (op->fate) {
	case DISK_GOOD:
	case DISK_ERROR_LANDED:
		put_sector(disk, offset, data);
		break;
	case DISK_ERROR_LOST:
	case DISK_FATES:
		break;
	case DISK_ERROR_TORN:
		if (chance_below(disk->chance, 3) != 0)
			spoil_sector(disk, offset);
		break;
	case DISK_ERROR_LATE:
		if (step->deferred) {
			put_sector(disk, offset, data);
			break;
		}
		op->steps_left++;
		push(disk, (struct step){ .at_us = draw_late(disk, op),
					  .kind = STEP_LAND, .op = step->op, .sector = step->sector,
					  .deferred = true });
		break;
	}
}

static bool spoils(const struct op *op)
{
	return !op->dead && (op->fate == DISK_GOOD || op->fate == DISK_ERROR_LANDED ||
			     op->fate == DISK_ERROR_TORN);
}

/* Perform one step; true if the caller is to hear of it. */
static bool perform(struct disk *disk, const struct step *step, struct disk_event *ret_event)
{
	struct op *op = &disk->ops[step->op];
	uint64_t offset = op->offset + (uint64_t)step->sector * DISK_SECTOR;

	if (step->kind == STEP_WAKE) {
		*ret_event = (struct disk_event){ .kind = DISK_EVENT_WAKE, .at_us = disk->now_us,
						  .host = step->host,
						  .generation = step->generation };
		return true;
	}
	op->used = --op->steps_left > 0;
	if (step->kind == STEP_SAMPLE)
		memcpy(op->data + (size_t)step->sector * DISK_SECTOR, disk->bytes + offset,
		       DISK_SECTOR);
	else if (step->kind == STEP_SPOIL && spoils(op))
		spoil_sector(disk, offset);
	else if (step->kind == STEP_LAND)
		land(disk, op, step);
	op->used = op->steps_left > 0;
	if (step->kind != STEP_DONE || op->dead)
		return false;
	op->dead = true;
	disk->told = step->op;
	*ret_event = (struct disk_event){ .kind = DISK_EVENT_DONE, .at_us = disk->now_us,
					  .host = op->host, .generation = op->generation,
					  .ok = op->fate == DISK_GOOD,
					  .data = op->write ? NULL : op->data, .size = op->size };
	return true;
}

bool disk_next(struct disk *disk, struct disk_event *ret_event)
{
	disk->told = OPS_MAX;
	while (disk->step_count > 0) {
		struct step step = pop(disk);

		disk->now_us = step.at_us;
		if (perform(disk, &step, ret_event))
			return true;
	}
	return false;
}
