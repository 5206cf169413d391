/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record - the note of which writer's mount is ours, one file a volume, in a
 * folder that a reboot empties.
 *
 * A view is known by the mark on its loop device; a writer's mount lies on the
 * volume's own device, as one that an administrator makes by hand does.  Mount
 * ids are soon used again: all that is noted must fit.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct record {
	uint64_t id;		/* of the mount */
	uint64_t unique_id;	/* 0: unknown */
	dev_t device;		/* that it is on */
};

int record_write(const char *dir, const char *mark, const struct record *record);
bool record_fits(const char *dir, const char *mark, const struct record *record);

/* @dir empty: nothing is there. */
void record_remove(const char *dir, const char *mark);
