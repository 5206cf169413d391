/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * holders - who keeps a file system from being unmounted or made read-only.
 *
 * Reads /proc from end to end, some ten milliseconds on a busy machine: done
 * only when the kernel has said "busy", or when somebody asks.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/mounts.h"

struct holders_query {
	const char *target;	/* mount point; "": it is no longer there */
	dev_t block;		/* the block device that it is on */
	dev_t super;		/* numbers by which files of the file system are known */
	dev_t root;
	uint64_t mount_id;	/* 0: unknown */
	bool blocking_ro;	/* only what keeps it from becoming read-only */
	bool elsewhere;		/* also mounts in other namespaces */
};

struct holders {
	uint32_t count;		/* may be larger than HOLDERS_MAX */
	struct holder list[HOLDERS_MAX];
	uint64_t open_for_writing;	/* files */
	uint32_t hidden;	/* processes that could not be looked at */
};

void holders_scan(const struct holders_query *query, struct holders *ret_holders);

/* Copies *@holder and cleans its command; one too many is only counted. */
void holders_add(struct holders *holders, const struct holder *holder);

/* Nobody was found, though the kernel says "busy": say so in one entry. */
void holders_add_unknown(struct holders *holders);
