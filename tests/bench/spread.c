/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/spread.h"

double spread_now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a;
	double right = *(const double *)b;

	return (left > right) - (left < right);
}

void spread_print(const char *name, double *values, uint32_t count)
{
	assert(count > 0);
	qsort(values, count, sizeof(*values), compare);
	printf("\"%s\":{\"median\":%.0f,\"p99\":%.0f,\"max\":%.0f}", name, values[count / 2],
	       values[(count - 1) * 99 / 100], values[count - 1]);
}
