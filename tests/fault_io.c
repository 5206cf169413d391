/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "tests/fault_io.h"

struct fault_io {
	struct io io;
	struct io *inner;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	struct fault fault;
	bool crashed;
	uint32_t delay_ms;
	struct fault_io_counts counts;
};

/* Called with the mutex held: what befalls an operation of @scope. */
static enum fault_kind fault_io_befalls(struct fault_io *faulty, unsigned int scope)
{
	if (faulty->crashed)
		return FAULT_CRASH;
	if (faulty->fault.kind == FAULT_NONE || !(faulty->fault.scope & scope))
		return FAULT_NONE;
	if (faulty->fault.countdown > 0) {
		faulty->fault.countdown--;
		return FAULT_NONE;
	}
	return faulty->fault.kind;
}

static void fault_io_use_up(struct fault_io *faulty, enum fault_kind kind)
{
	faulty->counts.hits++;
	if (kind == FAULT_CRASH || kind == FAULT_TORN_CRASH)
		faulty->crashed = true;
	if (faulty->fault.repeat > 1)
		faulty->fault.repeat--;
	else if (kind != FAULT_HANG)
		faulty->fault.kind = FAULT_NONE;
}

static enum fault_kind fault_io_enter(struct fault_io *faulty, unsigned int scope, size_t size)
{
	enum fault_kind kind;
	uint32_t delay_ms;

	pthread_mutex_lock(&faulty->mutex);
	if (scope == FAULT_READS) {
		faulty->counts.reads++;
		faulty->counts.read_bytes += size;
	} else {
		faulty->counts.writes++;
		faulty->counts.written_bytes += size;
	}
	kind = fault_io_befalls(faulty, scope);
	if (kind != FAULT_NONE)
		fault_io_use_up(faulty, kind);
	while (kind == FAULT_HANG && faulty->fault.kind == FAULT_HANG)
		pthread_cond_wait(&faulty->changed, &faulty->mutex);
	delay_ms = faulty->delay_ms;
	pthread_mutex_unlock(&faulty->mutex);
	if (delay_ms > 0)
		nanosleep(&(struct timespec){ .tv_sec = delay_ms / 1000,
					      .tv_nsec = delay_ms % 1000 * 1000000L }, NULL);
	return kind;
}

static int fault_io_read(struct io *io, uint64_t offset, void *buffer, size_t size)
{
	struct fault_io *faulty = (struct fault_io *)io;

	switch (fault_io_enter(faulty, FAULT_READS, size)) {
	case FAULT_NONE:
	case FAULT_HANG:
		return io_read(faulty->inner, offset, buffer, size);
	case FAULT_LATE_ERROR:
		(void)io_read(faulty->inner, offset, buffer, size);
		return -EIO;
	case FAULT_ERROR:
	case FAULT_CRASH:
	case FAULT_TORN_CRASH:
		break;
	}
	return -EIO;
}

static int fault_io_write(struct io *io, uint64_t offset, const void *buffer, size_t size)
{
	struct fault_io *faulty = (struct fault_io *)io;

	switch (fault_io_enter(faulty, FAULT_WRITES, size)) {
	case FAULT_NONE:
	case FAULT_HANG:
		return io_write(faulty->inner, offset, buffer, size);
	case FAULT_LATE_ERROR:
		(void)io_write(faulty->inner, offset, buffer, size);
		return -EIO;
	case FAULT_TORN_CRASH:
		(void)io_write(faulty->inner, offset, buffer, io->sector_size);
		return -EIO;
	case FAULT_ERROR:
	case FAULT_CRASH:
		break;
	}
	return -EIO;
}

static int fault_io_extend(struct io *io, uint64_t size_bytes)
{
	struct fault_io *faulty = (struct fault_io *)io;
	int r = io_extend(faulty->inner, size_bytes);

	io->size_bytes = faulty->inner->size_bytes;
	return r;
}

static void fault_io_close(struct io *io)
{
	struct fault_io *faulty = (struct fault_io *)io;

	io_close(faulty->inner);
	pthread_cond_destroy(&faulty->changed);
	pthread_mutex_destroy(&faulty->mutex);
	free(faulty);
}

static const struct io_ops fault_io_ops = {
	.read = fault_io_read,
	.write = fault_io_write,
	.extend = fault_io_extend,
	.close = fault_io_close,
};

struct io *fault_io_new(struct io *inner)
{
	struct fault_io *faulty = calloc(1, sizeof(*faulty));

	if (!faulty)
		return NULL;
	faulty->io = *inner;
	faulty->io.ops = &fault_io_ops;
	faulty->inner = inner;
	pthread_mutex_init(&faulty->mutex, NULL);
	pthread_cond_init(&faulty->changed, NULL);
	return &faulty->io;
}

void fault_io_set(struct io *io, const struct fault *fault)
{
	struct fault_io *faulty = (struct fault_io *)io;

	pthread_mutex_lock(&faulty->mutex);
	faulty->fault = *fault;
	pthread_mutex_unlock(&faulty->mutex);
}

void fault_io_clear(struct io *io)
{
	struct fault_io *faulty = (struct fault_io *)io;

	pthread_mutex_lock(&faulty->mutex);
	faulty->fault = (struct fault){ .kind = FAULT_NONE };
	faulty->crashed = false;
	pthread_cond_broadcast(&faulty->changed);
	pthread_mutex_unlock(&faulty->mutex);
}

void fault_io_delay(struct io *io, uint32_t delay_ms)
{
	struct fault_io *faulty = (struct fault_io *)io;

	pthread_mutex_lock(&faulty->mutex);
	faulty->delay_ms = delay_ms;
	pthread_mutex_unlock(&faulty->mutex);
}

struct fault_io_counts fault_io_counts(struct io *io)
{
	struct fault_io *faulty = (struct fault_io *)io;
	struct fault_io_counts counts;

	pthread_mutex_lock(&faulty->mutex);
	counts = faulty->counts;
	pthread_mutex_unlock(&faulty->mutex);
	return counts;
}
