/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* auto - resources that die with their scope, and the sign that one is handed over. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define AUTO_FREE __attribute__((cleanup(auto_free_)))
#define AUTO_CLOSE __attribute__((cleanup(auto_close_)))

static inline void auto_free_(void *pointer)
{
	free(*(void **)pointer);
}

static inline void auto_close_(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline int steal_fd(int *fd)
{
	int stolen = *fd;

	*fd = -1;
	return stolen;
}
