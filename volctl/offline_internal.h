/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * offline_internal - what the offline calls share: errors, texts, and the
 * survey of a control device, which reads everything on it and judges it.
 */
#pragma once

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "tables/beat.h"
#include "tables/hint.h"
#include "tables/image.h"
#include "tables/join.h"
#include "volctl/offline.h"

/* Freed with its scope. */
#define AUTO_FREE __attribute__((cleanup(offline_free)))
static inline void offline_free(void *pointer)
{
	free(*(void **)pointer);
}

/* Fill *@ret_error and return @r, a -errno. */
int offline_fail(struct volctl_error *ret_error, int r, const char *code, enum exit_status status,
		 const char *object, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
int offline_no_memory(struct volctl_error *ret_error);
/* An operation on the device has failed. */
int offline_io_failed(struct volctl_error *ret_error, int r, const char *device, const char *doing);

/* io_open_path() with an error for people. */
int offline_open(const char *device, unsigned int flags, struct io **ret_io,
		 struct volctl_error *ret_error);

/* Refuse a device on which libblkid finds something. */
int offline_refuse_data(const char *device, struct volctl_error *ret_error);

/* What became of a block that was looked for. */
struct offline_block {
	int error;			/* -errno: it could not be read */
	enum block_verdict verdict;	/* if it could */
};

static inline bool offline_block_is_good(const struct offline_block *block)
{
	return block->error == 0 && block->verdict == BLOCK_OK;
}

struct survey_host {
	struct offline_block ballot_blocks[2];
	struct ballot ballots[2];
	struct offline_block beat_block;
	struct beat beat;
};

/* Images that a ballot names and that may be, or become, decided. */
struct survey_image {
	struct image_value value;
	struct offline_block block;
};

struct survey {
	struct io *io;
	struct offline_block super_blocks[2];
	bool has_super;
	struct super super;
	struct layout layout;
	struct offline_block hint_block;
	struct hint hint;
	struct survey_host *hosts;		/* layout.capacity.hosts */
	struct offline_block join_blocks[JOIN_SLOTS];
	struct join joins[JOIN_SLOTS];
	uint64_t decided;			/* the largest that any good half says; 0: none */
	uint64_t begun;				/* the largest version that any block names */
	uint64_t mbal;				/* the largest ballot found */
	struct survey_image newest;		/* of `decided` */
	/* of decided + 1: accepted, and perhaps decided; version 0: none */
	struct survey_image open;
	struct tables *tables;			/* as `newest` has them; NULL: lost */
};

/*
 * Read and judge everything; -errno only for memory.  @thorough: look for the second superblock
 * all over the device where the first can not say where it is.
 */
int survey_make(struct io *io, bool thorough, struct survey *ret_survey);
void survey_clear(struct survey *survey);

/* Read the image that @value names, and judge it; *@ret_tables only if it is good. */
struct offline_block survey_read_image(const struct survey *survey, const struct image_value *value,
				       struct tables **ret_tables);
/* Read the first sector of a host's beat, and judge it. */
struct offline_block survey_read_beat(const struct survey *survey, uint16_t host,
				      struct beat *ret_beat);
/* Call @each for everything that is not as it should be. */
void survey_damages(const struct survey *survey,
		    void (*each)(void *data, const struct offline_damage *damage), void *data);
/* What check says about it. */
void offline_checked_from(const struct survey *survey, struct offline_checked *ret_checked);
/* A host's name by the tables, or "host N"; valid until the next call with the same @buffer. */
const char *survey_host_name(const struct survey *survey, uint16_t host, char *buffer, size_t size);
