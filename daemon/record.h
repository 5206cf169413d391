/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * record - the note of which writer's mount is ours, one file a volume, in a
 * folder that a reboot empties.
 *
 * A view is known by the mark on its loop device; a writer's mount lies on the
 * volume's own device, as one that an administrator makes by hand does.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* @dir empty: nothing is noted, and record_fits() is always true. */
int record_write(const char *dir, const char *mark, uint64_t mount_id);
bool record_fits(const char *dir, const char *mark, uint64_t mount_id);
void record_remove(const char *dir, const char *mark);
