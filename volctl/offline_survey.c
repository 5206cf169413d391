/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "volctl/offline_internal.h"

#define SCAN_BYTES (1024 * 1024)

static bool is_good(const struct offline_block *block)
{
	return offline_block_is_good(block);
}

/*
 * The superblocks.
 */

static struct offline_block read_super(struct io *io, uint64_t offset, unsigned int index,
				       void *sector, struct super *ret_super)
{
	struct offline_block block = { .verdict = BLOCK_FOREIGN };

	if (offset + SECTOR_MAX > io->size_bytes)
		return block;
	block.error = io_read(io, offset, sector, SECTOR_MAX);
	if (block.error == 0)
		block.verdict = super_decode(sector, SECTOR_MAX, index, ret_super);
	return block;
}

/*
 * The last superblock lies at a multiple of SECTOR_MAX, before the end by what the device is too
 * large.
 */
static struct offline_block seek_super_copy(struct io *io, struct super *ret_super)
{
	struct offline_block block = { .verdict = BLOCK_FOREIGN };
	uint8_t *chunk = io_buffer(io, SCAN_BYTES);
	uint64_t size = io->size_bytes / SECTOR_MAX * SECTOR_MAX;

	for (uint64_t offset = 0; chunk && offset < size && !is_good(&block);
	     offset += SCAN_BYTES) {
		size_t len = size - offset < SCAN_BYTES ? (size_t)(size - offset) : SCAN_BYTES;

		if (io_read(io, offset, chunk, len) < 0)
			continue;
		for (size_t at = 0; at < len && !is_good(&block); at += SECTOR_MAX) {
			struct super super;

			if (super_decode(chunk + at, SECTOR_MAX, 1, &super) == BLOCK_OK &&
			    super.total_bytes == offset + at + SECTOR_MAX) {
				block.verdict = BLOCK_OK;
				*ret_super = super;
			}
		}
	}
	free(chunk);
	return block;
}

static int survey_supers(struct survey *s, bool thorough)
{
	void *sector = io_buffer(s->io, SECTOR_MAX);
	uint64_t end = s->io->size_bytes / SECTOR_MAX * SECTOR_MAX;
	struct super copies[2];

	if (!sector)
		return -ENOMEM;
	s->super_blocks[0] = read_super(s->io, 0, 0, sector, &copies[0]);
	if (is_good(&s->super_blocks[0]))
		end = copies[0].total_bytes;
	if (end >= 2 * SECTOR_MAX)
		s->super_blocks[1] = read_super(s->io, end - SECTOR_MAX, 1, sector, &copies[1]);
	else
		s->super_blocks[1].verdict = BLOCK_FOREIGN;
	free(sector);
	if (thorough && !is_good(&s->super_blocks[0]) && !is_good(&s->super_blocks[1]))
		s->super_blocks[1] = seek_super_copy(s->io, &copies[1]);

	s->has_super = is_good(&s->super_blocks[0]) || is_good(&s->super_blocks[1]);
	if (s->has_super)
		s->super = copies[is_good(&s->super_blocks[0]) ? 0 : 1];
	/*
	 * A device that has shrunk, or whose sectors are larger, can not be read as it was
	 * written.
	 */
	if (s->has_super && (s->super.total_bytes > s->io->size_bytes ||
			     s->super.sector_size < s->io->sector_size ||
			     layout_make(&s->layout, s->super.sector_size,
					 &s->super.capacity) < 0))
		s->has_super = false;
	return 0;
}

/*
 * Blocks of one sector.
 */

static int read_sector(const struct survey *s, uint64_t offset, void *sector)
{
	return io_read(s->io, offset, sector, s->layout.sector_size);
}

static void note_version(struct survey *s, uint64_t version)
{
	if (version > s->begun)
		s->begun = version;
}

static void survey_hint(struct survey *s, void *sector)
{
	s->hint_block.error = read_sector(s, s->layout.hint, sector);
	if (s->hint_block.error == 0)
		s->hint_block.verdict = hint_decode(sector, s->layout.sector_size,
						    &s->super.cluster, &s->hint);
}

static void note_ballot(struct survey *s, const struct ballot *ballot)
{
	note_version(s, ballot->instance);
	if (ballot->mbal > s->mbal)
		s->mbal = ballot->mbal;
	if (ballot->decided > s->decided) {
		s->decided = ballot->decided;
		s->newest.value = ballot->decided_value;
	}
}

static void survey_ballot(struct survey *s, uint16_t host, unsigned int half, void *sector)
{
	struct offline_block *block = &s->hosts[host].ballot_blocks[half];
	struct ballot *ballot = &s->hosts[host].ballots[half];

	block->error = read_sector(s, layout_ballot(&s->layout, host, half), sector);
	if (block->error < 0)
		return;
	block->verdict = ballot_decode(sector, host, half, s->layout.sector_size,
				       &s->layout.capacity, &s->super.cluster, ballot);
	if (block->verdict == BLOCK_OK)
		note_ballot(s, ballot);
}

struct offline_block survey_read_beat(const struct survey *survey, uint16_t host,
				      struct beat *ret_beat)
{
	struct offline_block block = { .error = -ENOMEM };
	void *sector = io_buffer(survey->io, SECTOR_MAX);

	if (!sector)
		return block;
	block.error = read_sector(survey, layout_beat(&survey->layout, host), sector);
	if (block.error == 0)
		block.verdict = beat_decode(sector, host, survey->layout.sector_size,
					    &survey->layout.capacity, &survey->super.cluster,
					    ret_beat);
	free(sector);
	return block;
}

static void survey_hosts(struct survey *s, void *sector)
{
	for (uint16_t host = 0; host < s->layout.capacity.hosts; host++) {
		survey_ballot(s, host, 0, sector);
		survey_ballot(s, host, 1, sector);
		s->hosts[host].beat_block = survey_read_beat(s, host, &s->hosts[host].beat);
	}
}

static void survey_joins(struct survey *s, void *sector)
{
	for (uint16_t i = 0; i < JOIN_SLOTS; i++) {
		s->join_blocks[i].error = read_sector(s, layout_join(&s->layout, i), sector);
		if (s->join_blocks[i].error == 0)
			s->join_blocks[i].verdict = join_decode(sector, i, s->layout.sector_size,
								&s->super.cluster, &s->joins[i]);
	}
}

/*
 * Images.
 */

struct offline_block survey_read_image(const struct survey *survey, const struct image_value *value,
				       struct tables **ret_tables)
{
	const struct layout *layout = &survey->layout;
	struct offline_block block = { .error = -ENOMEM };
	struct tables *tables = calloc(1, sizeof(*tables));
	uint32_t size = (value->length + layout->sector_size - 1) / layout->sector_size *
			layout->sector_size;
	void *image = io_buffer(survey->io, size);

	if (image && tables) {
		block.error = io_read(survey->io, layout_image(layout, value->host, value->slot),
				      image, size);
		if (block.error == 0)
			block.verdict = image_decode(image, size, value, &layout->capacity,
						     &survey->super.cluster, tables);
	}
	free(image);
	if (is_good(&block))
		*ret_tables = tables;
	else
		free(tables);
	return block;
}

/*
 * What was accepted in the version after the decided one, by the largest ballot:
 * it may be decided without anybody having written so.
 */
static void survey_open_image(struct survey *s)
{
	struct tables *unused = NULL;
	uint64_t bal = 0;

	for (uint16_t host = 0; host < s->layout.capacity.hosts; host++) {
		for (unsigned int half = 0; half < 2; half++) {
			const struct ballot *ballot = &s->hosts[host].ballots[half];

			if (!is_good(&s->hosts[host].ballot_blocks[half]) ||
			    ballot->instance != s->decided + 1 || ballot->bal <= bal)
				continue;
			bal = ballot->bal;
			s->open.value = ballot->value;
		}
	}
	if (s->open.value.version != 0) {
		s->open.block = survey_read_image(s, &s->open.value, &unused);
		free(unused);
	}
}

static void survey_images(struct survey *s)
{
	if (s->decided == 0)
		return;
	s->newest.block = survey_read_image(s, &s->newest.value, &s->tables);
	survey_open_image(s);
}

int survey_make(struct io *io, bool thorough, struct survey *ret_survey)
{
	struct survey *s = ret_survey;
	void *sector;
	int r;

	*s = (struct survey){ .io = io };
	r = survey_supers(s, thorough);
	if (r < 0 || !s->has_super)
		return r;
	s->hosts = calloc(s->layout.capacity.hosts, sizeof(*s->hosts));
	sector = io_buffer(io, SECTOR_MAX);
	if (!s->hosts || !sector) {
		free(sector);
		return -ENOMEM;
	}
	survey_hint(s, sector);
	survey_hosts(s, sector);
	survey_joins(s, sector);
	survey_images(s);
	free(sector);
	return 0;
}

void survey_clear(struct survey *survey)
{
	free(survey->hosts);
	free(survey->tables);
	survey->hosts = NULL;
	survey->tables = NULL;
}

const char *survey_host_name(const struct survey *survey, uint16_t host, char *buffer, size_t size)
{
	if (survey->tables && host < survey->tables->host_count &&
	    survey->tables->hosts[host].state != ROW_FREE)
		(void)snprintf(buffer, size, "%s", survey->tables->hosts[host].name);
	else
		(void)snprintf(buffer, size, "host %u", host);
	return buffer;
}

/*
 * What is wrong.
 */

struct damage_teller {
	void (*each)(void *data, const struct offline_damage *damage);
	void *data;
};

static void tell_damage(const struct damage_teller *teller, const struct offline_block *block,
			const char *region, uint16_t host, unsigned int index, uint64_t offset)
{
	const struct offline_damage damage = {
		.region = region,
		.host = host,
		.index = (uint16_t)index,
		.offset = offset,
		.verdict = block->verdict,
		.error = block->error,
	};

	if (!is_good(block))
		teller->each(teller->data, &damage);
}

static void tell_image(const struct survey *s, const struct damage_teller *teller,
		       const struct survey_image *image)
{
	if (image->value.version != 0)
		tell_damage(teller, &image->block, "image", image->value.host, image->value.slot,
			    layout_image(&s->layout, image->value.host, image->value.slot));
}

static void tell_host(const struct survey *s, const struct damage_teller *teller, uint16_t host)
{
	for (unsigned int half = 0; half < 2; half++)
		tell_damage(teller, &s->hosts[host].ballot_blocks[half], "ballot", host, half,
			    layout_ballot(&s->layout, host, half));
	tell_damage(teller, &s->hosts[host].beat_block, "beat", host, 0,
		    layout_beat(&s->layout, host));
}

void survey_damages(const struct survey *survey,
		    void (*each)(void *data, const struct offline_damage *damage), void *data)
{
	const struct damage_teller teller = { .each = each, .data = data };

	tell_damage(&teller, &survey->super_blocks[0], "superblock", SLOT_NONE, 0, 0);
	if (!survey->has_super)
		return;
	tell_damage(&teller, &survey->super_blocks[1], "superblock", SLOT_NONE, 1,
		    survey->layout.super_copy);
	tell_damage(&teller, &survey->hint_block, "hint", SLOT_NONE, 0, survey->layout.hint);
	for (uint16_t host = 0; host < survey->layout.capacity.hosts; host++)
		tell_host(survey, &teller, host);
	for (uint16_t i = 0; i < JOIN_SLOTS; i++)
		tell_damage(&teller, &survey->join_blocks[i], "join", SLOT_NONE, i,
			    layout_join(&survey->layout, i));
	tell_image(survey, &teller, &survey->newest);
	tell_image(survey, &teller, &survey->open);
}
