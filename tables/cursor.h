/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cursor - writing and reading one thing after another in a block of bytes.
 *
 * The writer's caller has made sure that all fits: too little room is a bug.
 * The reader is total: what is not there, or is not a string, reads as zeroes
 * and leaves a mark, so that one look at the end is enough.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "tables/bytes.h"

struct writer {
	uint8_t *at;
	uint8_t *end;
};

struct reader {
	const uint8_t *at;
	const uint8_t *end;
	bool failed;
};

static inline void writer_put(struct writer *writer, const void *data, size_t len)
{
	assert(len <= (size_t)(writer->end - writer->at));
	memcpy(writer->at, data, len);
	writer->at += len;
}

/* A counted string: two bytes of length, then the bytes without the zero behind them. */
static inline void writer_put_string(struct writer *writer, const char *string)
{
	size_t len = strlen(string);
	const le16_t count = le16((uint16_t)len);

	assert(len <= UINT16_MAX);
	writer_put(writer, &count, sizeof(count));
	writer_put(writer, string, len);
}

static inline void reader_get(struct reader *reader, void *ret_data, size_t len)
{
	if (reader->failed || len > (size_t)(reader->end - reader->at)) {
		reader->failed = true;
		memset(ret_data, 0, len);
		return;
	}
	memcpy(ret_data, reader->at, len);
	reader->at += len;
}

/* Into a field of @size bytes.  A string that does not fit, or has a zero in it, is none. */
static inline void reader_get_string(struct reader *reader, char *ret_string, size_t size)
{
	le16_t count;
	size_t len;

	memset(ret_string, 0, size);
	reader_get(reader, &count, sizeof(count));
	len = le16_get(count);
	if (len >= size) {
		reader->failed = true;
		return;
	}
	reader_get(reader, ret_string, len);
	if (memchr(ret_string, 0, len))
		reader->failed = true;
}
