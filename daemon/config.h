/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config - volctl.conf(5): what concerns only this host (A5).
 *
 * Read whole or not at all: with errors nothing changes.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "tables/conf.h"
#include "tables/limits.h"

#define CONFIG_DEVICES_MAX 16
#define CONFIG_ALLOW_MAX 64

struct config {
	char name[NAME_BYTES_MAX + 1];		/* default: the host's name up to the first dot */
	char socket[108];
	char state_dir[PATH_BYTES_MAX + 1];
	char run_dir[PATH_BYTES_MAX + 1];
	unsigned int device_count;		/* control devices */
	char devices[CONFIG_DEVICES_MAX][PATH_BYTES_MAX + 1];
	uint32_t poll_ms;
	bool keep_locked;
	unsigned int allow_count;
	char allow[CONFIG_ALLOW_MAX][PATH_BYTES_MAX + 1];
	const char *allow_globs[CONFIG_ALLOW_MAX + 1];	/* NULL-ended, into `allow` */
	bool ignore_bad;
	bool lockout_changes;
	char admin_password[256];		/* a crypt(3) hash; empty: none */
	char may_give[PATH_BYTES_MAX + 1];	/* empty: no hook */
	uint32_t hook_timeout_ms;
	char notify[PATH_BYTES_MAX + 1];
	int log_level;				/* syslog's */
};

/* The defaults of this machine. */
void config_defaults(struct config *config);

/*
 * Read @path (NULL: SYSCONFDIR "/volctl/volctl.conf", which may be missing) and the *.conf files in
 * the folder @path ".d" in the order of their names, on top of the defaults.  The last file that
 * names a key wins; of lists (device, allow) it takes the place of all that earlier files said.
 * The socket is "control" in the run-dir unless a file says where.  0, or -errno with *@config
 * untouched: -EINVAL, or what kept a file from being read.
 *
 * @report is called with each error as a line for people, "FILE:LINE:COL: ...", and what could
 * not be read; with at most 20 of them, and then with how many more there are.
 */
int config_read(struct config *config, const char *path,
		void (*report)(const char *line, void *data), void *data);
