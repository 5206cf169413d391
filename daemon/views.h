/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * views - the loop device that a viewer is mounted on: read-only, direct I/O,
 * cleared when its last user is gone.
 *
 * Each view gets a fresh one, hence a superblock and a cache of its own; and
 * because the loop device is read-only for good, a view that programs still hold
 * can not write, whatever becomes of the volume's own device beneath it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VIEW_PATH_BYTES 32

/*
 * Attach a loop device over the open device @lower.  It goes when *@ret_fd is
 * closed, unless something has been mounted on it meanwhile.  @mark says
 * whose view it is.  -errno; -EBUSY: no loop device was to be had.
 */
int view_attach(int lower, const char *mark, int *ret_fd, char ret_path[VIEW_PATH_BYTES]);

/* Whether @path is a loop device that view_attach() made with this mark; NULL: with any. */
bool view_is_marked(const char *path, const char *mark);
