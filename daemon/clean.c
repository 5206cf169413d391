/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/clean.h"

#include <string.h>

#include "tables/tables.h"

void clean_text(char *text)
{
	size_t len = strlen(text);
	size_t at = 0;

	for (;;) {
		at += text_valid_bytes(text + at, len - at);
		if (at == len)
			return;
		text[at] = text[at] == '\t' ? ' ' : '?';
		at++;
	}
}

void clean_copy(char *to, size_t size, const char *text, size_t len)
{
	size_t given = strnlen(text, len);
	size_t copied = given < size ? given : size - 1;

	/* A character that the cut would divide goes as a whole: its first byte is 0b11...... */
	if (copied < given)
		while (copied > 0 && ((unsigned char)text[copied] & 0xc0) == 0x80)
			copied--;
	memcpy(to, text, copied);
	to[copied] = '\0';
	clean_text(to);
}
