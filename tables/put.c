/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/put.h"

#include <string.h>

void put_begin(struct put *put, char *buffer, size_t size)
{
	*put = (struct put) { .buffer = buffer, .size = size };
	if (size > 0)
		buffer[0] = '\0';
}

void put_bytes(struct put *put, const char *bytes, size_t len)
{
	size_t room = put->len + 1 < put->size ? put->size - put->len - 1 : 0;
	size_t taken = len < room ? len : room;

	if (taken > 0) {
		memcpy(put->buffer + put->len, bytes, taken);
		put->buffer[put->len + taken] = '\0';
	}
	put->len += len;
}

void put_text(struct put *put, const char *text)
{
	put_bytes(put, text, strlen(text));
}

void put_number(struct put *put, uint64_t number)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	put_bytes(put, digits + at, sizeof(digits) - at);
}
