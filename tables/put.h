/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * put - text into a buffer, piece by piece, for where there is no printf family.
 *
 * As with snprintf() the length goes on counting behind the end of the buffer;
 * what fits is written, and ends with a zero.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct put {
	char *buffer;
	size_t size;
	size_t len;	/* of the whole text, without the zero */
};

void put_begin(struct put *put, char *buffer, size_t size);
void put_bytes(struct put *put, const char *bytes, size_t len);
void put_text(struct put *put, const char *text);
void put_number(struct put *put, uint64_t number);
