/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_internal - what the calls of disk.h (disk.c) and the thread behind them
 * (disk_thread.c) share.
 *
 * The orders lie under the mutex; the thread takes them all at once.  Besides them only
 * the queue of events and two atomics are touched by both sides.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "daemon/disk_queue.h"

/* A change on its way, with a form of its own. */
struct disk_commit {
	struct change change;
	char *form;
};

/* What the loop wants.  Whatever is not a state is cleared when the thread has taken it. */
struct disk_orders {
	bool stop;
	bool claim;
	uint16_t claim_slot;
	bool beat_changed;
	bool beat_now;
	struct beat beat;
	struct beat_volume *volumes;	/* capacity.volumes of them */
	uint32_t poll_ms;
	uint32_t io_timeout_ms;
	uint8_t follow[HOSTS_MAX / 8];
	bool read_all;
	bool notice;
	bool read_joins;
	bool write_join;
	struct join join;
	struct io *io;			/* to go on with */
};

struct disk {
	struct disk_terms terms;
	struct disk_memory memory;	/* where the terms have none */
	struct layout layout;
	struct disk_queue *queue;
	pthread_t thread;
	int wake_fd;			/* orders have come */

	pthread_mutex_t mutex;
	pthread_cond_t has_ended;
	bool ended;			/* the thread touches nothing any more */
	struct disk_orders orders;
	/* a ring; the first one is being carried out */
	struct disk_commit commits[DISK_COMMITS_MAX];
	uint32_t commit_first;
	uint32_t commit_count;

	atomic_uint_fast64_t issued_ms;		/* of the operation under way; 0: none is */
	atomic_uint_fast64_t silent_ms;		/* since when it fails; 0: it works */
	atomic_uint_fast32_t limit_ms;		/* io-timeout, as of now */
};

/* The thread; @data is the struct disk. */
void *disk_thread(void *data);

uint64_t disk_now_ms(void);
