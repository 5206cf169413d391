/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "daemon/worker.h"

#define STACK_BYTES (256 * 1024)

struct piece {
	struct piece *next;
	struct worker_pool *pool;
	void (*work)(void *argument);
	void (*done)(void *argument);
	void *argument;
};

struct worker_pool {
	struct source source;		/* first: the loop hands back a pointer to it */
	struct loop *loop;
	pthread_mutex_t lock;
	struct piece *ended;		/* under the lock, newest first */
	unsigned int busy;		/* the loop's own count */
};

static void *piece_thread(void *argument)
{
	struct piece *piece = argument;
	struct worker_pool *pool = piece->pool;
	uint64_t one = 1;

	piece->work(piece->argument);
	pthread_mutex_lock(&pool->lock);
	piece->next = pool->ended;
	pool->ended = piece;
	/* Within the lock: the pool may be freed as soon as its last piece has been fetched. */
	(void)!write(pool->source.fd, &one, sizeof(one));
	pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* The pieces that have ended, oldest first. */
static struct piece *take_ended(struct worker_pool *pool)
{
	struct piece *newest, *oldest = NULL;

	pthread_mutex_lock(&pool->lock);
	newest = pool->ended;
	pool->ended = NULL;
	pthread_mutex_unlock(&pool->lock);
	while (newest) {
		struct piece *next = newest->next;

		newest->next = oldest;
		oldest = newest;
		newest = next;
	}
	return oldest;
}

static void pool_ready(struct source *source, uint32_t events)
{
	struct worker_pool *pool = (struct worker_pool *)source;
	struct piece *piece;
	uint64_t count;

	(void)events;
	(void)!read(source->fd, &count, sizeof(count));
	for (piece = take_ended(pool); piece;) {
		struct piece *next = piece->next;

		pool->busy--;
		piece->done(piece->argument);
		free(piece);
		piece = next;
	}
}

struct worker_pool *worker_pool_new(struct loop *loop)
{
	struct worker_pool *pool = calloc(1, sizeof(*pool));
	int r;

	if (!pool)
		return NULL;
	pool->loop = loop;
	pool->source.ready = pool_ready;
	pool->source.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = pool->source.fd < 0 ? -errno : loop_add(loop, &pool->source, EPOLLIN);
	if (r < 0) {
		if (pool->source.fd >= 0)
			close(pool->source.fd);
		free(pool);
		errno = -r;
		return NULL;
	}
	pthread_mutex_init(&pool->lock, NULL);
	return pool;
}

void worker_pool_free(struct worker_pool *pool)
{
	if (!pool)
		return;
	loop_remove(pool->loop, &pool->source);
	if (pool->busy > 0)
		/* a thread that hangs still points here: leave it all to the exit */
		return;
	close(pool->source.fd);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

int worker_run(struct worker_pool *pool, void (*work)(void *argument), void (*done)(void *argument),
	       void *argument)
{
	struct piece *piece = calloc(1, sizeof(*piece));
	pthread_attr_t attributes;
	sigset_t all, old;
	pthread_t thread;
	int r;

	if (!piece)
		return -ENOMEM;
	*piece = (struct piece){ .pool = pool, .work = work, .done = done, .argument = argument };
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);	/* signals are the loop's */
	r = pthread_create(&thread, &attributes, piece_thread, piece);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (r) {
		free(piece);
		return -r;
	}
	pool->busy++;
	return 0;
}

unsigned int worker_busy(const struct worker_pool *pool)
{
	return pool->busy;
}
