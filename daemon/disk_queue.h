/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * disk_queue - the events of a disk on their way to the loop.
 *
 * Bounded: an event that says how things stand takes the place of the one of
 * its kind that has not been fetched yet, so that what waits can be counted.
 * The pushing thread never waits, the fetching one neither.
 */
#pragma once

#include "daemon/disk.h"

/*
 * Two for each change (UNKNOWN, then ANSWERED or FAILED), one for each host, one for each other
 * kind.
 */
#define DISK_EVENTS_MAX (2 * DISK_COMMITS_MAX + HOSTS_MAX + 16)

struct disk_queue;

/* *@ret_fd is readable while events wait; the queue's.  -errno. */
int disk_queue_new(struct disk_queue **ret_queue, int *ret_fd);
/* With what has not been fetched. */
void disk_queue_free(struct disk_queue *queue);

/* Takes what the event carries. */
void disk_queue_push(struct disk_queue *queue, const struct disk_event *event);
bool disk_queue_pop(struct disk_queue *queue, struct disk_event *ret_event);

/* How many wait that no other event replaces: results of changes. */
uint32_t disk_queue_kept(struct disk_queue *queue);
