/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kernel_users - what keeps a file system busy without any process: loop
 * devices over its files, swap, exports, and other mounts upon or of it.
 */
#pragma once

#include "daemon/holders.h"

/* Adds a HOLDER_KERNEL for each to @holders. */
void kernel_users_scan(const struct holders_query *query, struct holders *holders);
