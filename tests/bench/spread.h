/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* spread - many measurements of one thing, told by their median, p99 and maximum. */
#pragma once

#include <stdint.h>

/* CLOCK_MONOTONIC. */
double spread_now_us(void);

/*
 * Print `"name":{"median":..,"p99":..,"max":..}` of @count (at least one) values, rounded;
 * sorts them.
 */
void spread_print(const char *name, double *values, uint32_t count);
