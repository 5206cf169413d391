/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * worker - work that may hang with the storage, each piece on a thread of its
 * own, so that the loop waits for an event and never for a system call that touches a volume.
 *
 * The two functions share nothing but their argument: work() has it to itself until
 * done() is called on the loop.
 */
#pragma once

#include "daemon/loop.h"

struct worker_pool;

struct worker_pool *worker_pool_new(struct loop *loop);		/* NULL: errno */
/* Work that hangs is left behind: its done() is never called. */
void worker_pool_free(struct worker_pool *pool);

/* 0, or -errno: then neither function is called. */
int worker_run(struct worker_pool *pool, void (*work)(void *argument), void (*done)(void *argument),
	       void *argument);

/* How many pieces of work have not ended. */
unsigned int worker_busy(const struct worker_pool *pool);
