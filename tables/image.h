/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image - whole tables as one block on the disk.  Immutable: a commit
 * publishes a new one in a slot of its host's own.
 */
#pragma once

#include "tables/ballot.h"
#include "tables/layout.h"
#include "tables/tables.h"

/* The largest image that a capacity allows, in bytes before rounding to sectors. */
uint32_t image_bytes_max(const struct capacity *capacity);

/*
 * Encode @tables into @image of @size bytes (layout.image_bytes is always
 * enough), sealed for @host and @slot, padded with zeroes to a whole sector.
 * Returns the value that names it, its length in whole sectors; @nonce tells it
 * from others of its version.  Asserts that the version is not 0 and that the
 * tables are sound (sound.h): no image that a decoder would refuse gets out.
 */
struct image_value image_encode(const struct tables *tables, uint16_t host, uint16_t slot,
				uint64_t nonce, const struct layout *layout,
				const struct id128 *cluster, void *image, uint32_t size);

/*
 * Decode the image that @value names.  *@ret_tables has been calloc()ed or held tables before (the
 * rows that those had are freed); it is unspecified unless BLOCK_OK.  BLOCK_DAMAGED also where it
 * is whole but not the image that @value names: the reader was overtaken.
 */
enum block_verdict image_decode(const void *image, uint32_t size, const struct image_value *value,
				const struct capacity *capacity, const struct id128 *cluster,
				struct tables *ret_tables);

/*
 * The same for an image found in (@host, @slot) of which nothing is known (check, dump, repair):
 * fills *@ret_value with the value that would name it.
 */
enum block_verdict image_decode_found(const void *image, uint32_t size, uint16_t host,
				      uint16_t slot, const struct capacity *capacity,
				      const struct id128 *cluster, struct image_value *ret_value,
				      struct tables *ret_tables);
