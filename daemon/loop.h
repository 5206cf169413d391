/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * loop - the daemon's event loop: descriptors that become ready, and one time
 * to wake at, in milliseconds of CLOCK_BOOTTIME (a suspended machine counts on).
 *
 * Each source is a small reader of its own.  Nothing that a source does may block.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#define LOOP_EVENTS_MAX 32

struct source {
	int fd;
	void (*ready)(struct source *source, uint32_t events);	/* EPOLLIN ... */
	bool added;
};

struct loop {
	int epoll_fd;
	int timer_fd;
	bool ended;
	/* What is being handed out: a source that is removed meanwhile is struck from it. */
	struct epoll_event events[LOOP_EVENTS_MAX];
	int event_count;
};

uint64_t clock_boot_ms(void);
uint64_t clock_wall_s(void);

int loop_open(struct loop *loop);	/* -errno */
void loop_close(struct loop *loop);

int loop_add(struct loop *loop, struct source *source, uint32_t events);
void loop_change(struct loop *loop, struct source *source, uint32_t events);
/* Also while events are being handed out.  Does not close the fd. */
void loop_remove(struct loop *loop, struct source *source);

/*
 * Wait until something is ready or @wake_at_ms of CLOCK_BOOTTIME has come, hand out what
 * is ready, and return.  -errno only if the loop itself is broken.
 */
int loop_turn(struct loop *loop, uint64_t wake_at_ms);
