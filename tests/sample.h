/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* sample - tables for tests: random ones, and the fullest there can be.  All are sound. */
#pragma once

#include "tables/tables.h"
#include "tests/chance.h"

/* Tables of this capacity, calloc()ed; free() them.  Does not return without memory. */
struct tables *sample_new(const struct capacity *capacity);

/*
 * Random tables: rows in use, removed and free, rights, access records,
 * requests, and texts of any length.
 */
struct tables *sample_random(const struct capacity *capacity, struct chance *chance);

/* Every row in use and every string as long as it may be: the largest image of its capacity. */
struct tables *sample_full(const struct capacity *capacity);

/* Put a text, which fits, into a field. */
void sample_put(char *field, const char *text);
