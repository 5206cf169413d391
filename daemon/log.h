/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * log - one entry, levels by who must read them: log_err the operator now,
 * log_warn the operator this week, log_info the history, log_debug a developer
 * afterwards.  Debug lines also go to a ring in memory, dumped on SIGUSR1.
 * Safe to call from any thread.  Control characters are replaced.
 */
#pragma once

#include <syslog.h>

void log_open(int to_stderr, int level);
void log_set_level(int level);
/* Write the ring to where the log goes. */
void log_dump_ring(void);

__attribute__((format(printf, 2, 3))) void log_at(int level, const char *format, ...);

#define log_err(...) log_at(LOG_ERR, __VA_ARGS__)
#define log_warn(...) log_at(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_at(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_at(LOG_DEBUG, __VA_ARGS__)
