/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * reseal - give a block that was tampered with a checksum that holds, so that
 * what is judged is its contents.
 *
 * Takes the head as it is, unlike block_seal(), and works the checksum out by
 * itself: a mistake in block.c does not hide in here.
 */
#pragma once

#include <stddef.h>
#include <string.h>

#include "tables/block.h"
#include "tables/crc32c.h"

/* A length that the @size bytes at @block do not have is cut down to them. */
static inline void reseal(void *block, size_t size, const struct id128 *cluster)
{
	uint8_t *bytes = block;
	struct block_head head;
	uint32_t length;
	uint32_t crc;

	if (size < sizeof(head))
		return;
	memcpy(&head, block, sizeof(head));
	length = le32_get(head.length);
	if (length < sizeof(head) || length > size)
		length = (uint32_t)size;
	head.length = le32(length);
	head.crc = le32(0);
	memcpy(block, &head, sizeof(head));
	crc = crc32c(0, cluster, sizeof(*cluster));
	head.crc = le32(crc32c(crc, bytes, length));
	memcpy(block, &head, sizeof(head));
}
