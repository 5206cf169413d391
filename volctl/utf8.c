/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* utf8 - text that came from elsewhere: utf8.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "volctl/libvolctl.h"
#include "volctl/utf8.h"

/* Bytes that a character takes by its first byte, and the smallest code point of that length. */
static size_t utf8_length(unsigned char first, uint32_t *ret_smallest)
{
	if (first < 0x80) {
		*ret_smallest = 0;
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0) {
		*ret_smallest = 0x80;
		return 2;
	}
	if (first >= 0xe0 && first < 0xf0) {
		*ret_smallest = 0x800;
		return 3;
	}
	if (first >= 0xf0 && first < 0xf5) {
		*ret_smallest = 0x10000;
		return 4;
	}
	return 0;
}

size_t utf8_decode(const char *text, size_t len, uint32_t *ret_point)
{
	static const unsigned char first_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	uint32_t smallest;
	size_t length = utf8_length((unsigned char)text[0], &smallest);
	uint32_t point;

	if (length == 0 || length > len)
		return 0;
	point = (unsigned char)text[0] & first_bits[length];
	for (size_t i = 1; i < length; i++) {
		unsigned char byte = (unsigned char)text[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (byte & 0x3f);
	}
	if (point < smallest || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
		return 0;
	*ret_point = point;
	return length;
}

bool utf8_is_harmless(uint32_t point)
{
	static const struct {
		uint32_t first;
		uint32_t last;
	} harmful[] = {
		{ 0x00, 0x1f },		/* C0 */
		{ 0x7f, 0x9f },		/* DEL, C1 */
		{ 0x061c, 0x061c },	/* Arabic letter mark */
		{ 0x200b, 0x200f },	/* of no width; left-to-right and right-to-left mark */
		{ 0x2028, 0x202e },	/* line and paragraph separator, embeddings, overrides */
		{ 0x2060, 0x206f },	/* of no width; isolates and other format characters */
		{ 0xfeff, 0xfeff },	/* byte order mark */
		{ 0xfff9, 0xfffb },	/* interlinear annotation */
		{ 0xe0000, 0xe007f },	/* tags */
	};

	for (size_t i = 0; i < sizeof(harmful) / sizeof(harmful[0]); i++)
		if (point >= harmful[i].first && point <= harmful[i].last)
			return false;
	return true;
}

void utf8_repair(char *text, size_t len)
{
	uint32_t point;

	for (size_t i = 0; i < len;) {
		size_t length = utf8_decode(text + i, len - i, &point);

		if (length == 0)
			text[i++] = '?';
		else
			i += length;
	}
}

char *volctl_text_clean(const char *text)
{
	size_t len = strlen(text);
	char *clean = malloc(len + 1);
	size_t used = 0;

	if (!clean)
		return NULL;
	for (size_t i = 0; i < len;) {
		uint32_t point = 0;
		size_t length = utf8_decode(text + i, len - i, &point);

		if (length == 0 || !utf8_is_harmless(point)) {
			clean[used++] = '?';
			i += length ? length : 1;
			continue;
		}
		memcpy(clean + used, text + i, length);
		used += length;
		i += length;
	}
	clean[used] = '\0';
	return clean;
}
