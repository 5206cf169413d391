/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/disk_queue.h"

#define NOWHERE UINT16_MAX

struct disk_queue_place {
	struct disk_event event;
	uint16_t next;
};

struct disk_queue {
	pthread_mutex_t mutex;
	int fd;
	uint16_t first;		/* of the events that wait, in order */
	uint16_t last;
	uint16_t spare;		/* places that were used before */
	uint32_t kept;		/* events that wait and that no other replaces */
	/* places at and above have never been used: no memory behind them */
	uint16_t touched;
	struct disk_queue_place places[DISK_EVENTS_MAX];
};

int disk_queue_new(struct disk_queue **ret_queue, int *ret_fd)
{
	struct disk_queue *queue = calloc(1, sizeof(*queue));
	int r;

	if (!queue)
		return -ENOMEM;
	queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (queue->fd < 0) {
		r = -errno;
		free(queue);
		return r;
	}
	pthread_mutex_init(&queue->mutex, NULL);
	queue->first = queue->last = queue->spare = NOWHERE;
	*ret_fd = queue->fd;
	*ret_queue = queue;
	return 0;
}

void disk_event_clear(struct disk_event *event)
{
	free(event->tables);
	free(event->volumes);
	event->tables = NULL;
	event->volumes = NULL;
}

void disk_queue_free(struct disk_queue *queue)
{
	struct disk_event event;

	if (!queue)
		return;
	while (disk_queue_pop(queue, &event))
		disk_event_clear(&event);
	pthread_mutex_destroy(&queue->mutex);
	(void)close(queue->fd);
	free(queue);
}

static bool disk_event_is_kept(enum disk_event_kind kind)
{
	return kind == DISK_ANSWERED || kind == DISK_UNKNOWN || kind == DISK_FAILED;
}

static bool disk_event_is_health(enum disk_event_kind kind)
{
	return kind == DISK_SILENT || kind == DISK_BACK;
}

/* Whether @newer makes @older old news. */
static bool disk_event_replaces(const struct disk_event *newer, const struct disk_event *older)
{
	switch (newer->kind) {
	case DISK_SILENT:
	case DISK_BACK:
		return disk_event_is_health(older->kind);
	case DISK_PEER:
		return older->kind == DISK_PEER && older->host == newer->host;
	case DISK_BEAT:
		/*
		 * That the last beat said "logged off" is awaited: an earlier one must not hide
		 * it.
		 */
		return older->kind == DISK_BEAT && older->logged_off == newer->logged_off;
	case DISK_LEARNED:
	case DISK_CLAIM:
	case DISK_NOTICE:
	case DISK_EVICTED:
	case DISK_BACK_IN_TIME:
	case DISK_BLOCKED:
	case DISK_JOINS:
		return older->kind == newer->kind;
	case DISK_ANSWERED:
	case DISK_UNKNOWN:
	case DISK_FAILED:
		break;
	}
	return false;
}

static struct disk_queue_place *disk_queue_replaced(struct disk_queue *queue,
						    const struct disk_event *event)
{
	for (uint16_t at = queue->first; at != NOWHERE; at = queue->places[at].next) {
		if (disk_event_replaces(event, &queue->places[at].event))
			return &queue->places[at];
	}
	return NULL;
}

static uint16_t disk_queue_take_place(struct disk_queue *queue)
{
	uint16_t at = queue->spare;

	if (at == NOWHERE) {
		assert(queue->touched < DISK_EVENTS_MAX);
		return queue->touched++;
	}
	queue->spare = queue->places[at].next;
	return at;
}

static void disk_queue_append(struct disk_queue *queue, const struct disk_event *event)
{
	uint16_t at = disk_queue_take_place(queue);

	queue->places[at].event = *event;
	queue->places[at].next = NOWHERE;
	if (queue->last == NOWHERE)
		queue->first = at;
	else
		queue->places[queue->last].next = at;
	queue->last = at;
	if (disk_event_is_kept(event->kind))
		queue->kept++;
}

void disk_queue_push(struct disk_queue *queue, const struct disk_event *event)
{
	struct disk_queue_place *older;
	uint64_t one = 1;

	pthread_mutex_lock(&queue->mutex);
	older = disk_queue_replaced(queue, event);
	if (older) {
		disk_event_clear(&older->event);
		older->event = *event;
	} else {
		disk_queue_append(queue, event);
	}
	pthread_mutex_unlock(&queue->mutex);
	/* Fails only where the fd is readable already. */
	if (write(queue->fd, &one, sizeof(one)) < 0)
		return;
}

bool disk_queue_pop(struct disk_queue *queue, struct disk_event *ret_event)
{
	uint64_t count;
	uint16_t at;

	pthread_mutex_lock(&queue->mutex);
	at = queue->first;
	if (at == NOWHERE) {
		/* Under the mutex, so that no push can come between the look and the clearing. */
		if (read(queue->fd, &count, sizeof(count)) < 0)
			assert(errno == EAGAIN);
	} else {
		*ret_event = queue->places[at].event;
		queue->first = queue->places[at].next;
		if (queue->first == NOWHERE)
			queue->last = NOWHERE;
		queue->places[at].next = queue->spare;
		queue->spare = at;
		if (disk_event_is_kept(ret_event->kind))
			queue->kept--;
	}
	pthread_mutex_unlock(&queue->mutex);
	return at != NOWHERE;
}

uint32_t disk_queue_kept(struct disk_queue *queue)
{
	uint32_t kept;

	pthread_mutex_lock(&queue->mutex);
	kept = queue->kept;
	pthread_mutex_unlock(&queue->mutex);
	return kept;
}
