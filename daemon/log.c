/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "daemon/clean.h"

#define LINE_BYTES 1280
#define RING_LINES 256
#define RING_LINE_BYTES 256

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool to_terminal = true;
static int level_max = LOG_INFO;

/* The last lines of any level; the oldest is the one to be written over next. */
static char ring[RING_LINES][RING_LINE_BYTES];
static unsigned int ring_next;

void log_open(int to_stderr, int level)
{
	pthread_mutex_lock(&lock);
	to_terminal = to_stderr;
	level_max = level;
	if (!to_stderr)
		openlog("volctld", LOG_PID | LOG_NDELAY, LOG_DAEMON);
	pthread_mutex_unlock(&lock);
}

void log_set_level(int level)
{
	pthread_mutex_lock(&lock);
	level_max = level;
	pthread_mutex_unlock(&lock);
}

/* "12:00:00.250", of the day's time in UTC. */
static void time_text(char *buffer, size_t size)
{
	struct timespec now;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &parts);
	snprintf(buffer, size, "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min, parts.tm_sec,
		 (int)(now.tv_nsec / 1000000));
}

static const char *level_text(int level)
{
	return level <= LOG_ERR	       ? "error: " :
	       level <= LOG_WARNING    ? "warning: " :
	       level >= LOG_DEBUG      ? "debug: " :
					 "";
}

static void line_write(int level, const char *time, const char *line)
{
	if (to_terminal)
		fprintf(stderr, "%s volctld: %s%s\n", time, level_text(level), line);
	else
		syslog(level, "%s", line);
}

static void ring_note(const char *time, int level, const char *line)
{
	char *slot = ring[ring_next++ % RING_LINES];
	int used = snprintf(slot, RING_LINE_BYTES, "%s %s", time, level_text(level));

	clean_copy(slot + used, RING_LINE_BYTES - (size_t)used, line, strlen(line));
}

void log_at(int level, const char *format, ...)
{
	char time[32];
	char line[LINE_BYTES];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	clean_text(line);
	time_text(time, sizeof(time));

	pthread_mutex_lock(&lock);
	ring_note(time, level, line);
	if (level <= level_max)
		line_write(level, time, line);
	pthread_mutex_unlock(&lock);
}

void log_dump_ring(void)
{
	char time[32];

	time_text(time, sizeof(time));
	pthread_mutex_lock(&lock);
	for (unsigned int i = 0; i < RING_LINES; i++) {
		const char *line = ring[(ring_next + i) % RING_LINES];

		if (*line)
			line_write(LOG_INFO, time, line);
	}
	pthread_mutex_unlock(&lock);
}
