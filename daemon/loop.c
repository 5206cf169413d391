/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/loop.h"

uint64_t clock_boot_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t clock_wall_s(void)
{
	return (uint64_t)time(NULL);
}

int loop_open(struct loop *loop)
{
	struct epoll_event timer = { .events = EPOLLIN, .data.ptr = NULL };

	*loop = (struct loop){ .epoll_fd = -1, .timer_fd = -1 };
	loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	loop->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (loop->epoll_fd < 0 || loop->timer_fd < 0 ||
	    epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->timer_fd, &timer) < 0) {
		int error = errno;

		loop_close(loop);
		return -error;
	}
	return 0;
}

void loop_close(struct loop *loop)
{
	if (loop->timer_fd >= 0)
		close(loop->timer_fd);
	if (loop->epoll_fd >= 0)
		close(loop->epoll_fd);
	loop->timer_fd = -1;
	loop->epoll_fd = -1;
}

int loop_add(struct loop *loop, struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, source->fd, &event) < 0)
		return -errno;
	source->added = true;
	return 0;
}

void loop_change(struct loop *loop, struct source *source, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = source };

	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, source->fd, &event);
}

void loop_remove(struct loop *loop, struct source *source)
{
	if (!source->added)
		return;
	(void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, source->fd, NULL);
	source->added = false;
	for (int i = 0; i < loop->event_count; i++)
		if (loop->events[i].data.ptr == source)
			loop->events[i].data.ptr = NULL;
}

static void set_timer(struct loop *loop, uint64_t wake_at_ms)
{
	struct itimerspec when = { 0 };

	if (wake_at_ms != UINT64_MAX) {
		when.it_value.tv_sec = (time_t)(wake_at_ms / 1000);
		when.it_value.tv_nsec = (long)(wake_at_ms % 1000) * 1000000;
		if (wake_at_ms == 0)
			when.it_value.tv_nsec = 1;	/* zero would disarm it */
	}
	(void)timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
}

int loop_turn(struct loop *loop, uint64_t wake_at_ms)
{
	uint64_t expirations;

	set_timer(loop, wake_at_ms);
	loop->event_count = epoll_wait(loop->epoll_fd, loop->events, LOOP_EVENTS_MAX, -1);
	if (loop->event_count < 0) {
		int error = errno;

		loop->event_count = 0;
		return error == EINTR ? 0 : -error;
	}
	(void)!read(loop->timer_fd, &expirations, sizeof(expirations));
	for (int i = 0; i < loop->event_count; i++) {
		struct source *source = loop->events[i].data.ptr;

		if (source)
			source->ready(source, loop->events[i].events);
	}
	loop->event_count = 0;
	return 0;
}
