/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * text - the text form of the tables as the command line handles it: files,
 * fragments, differences, and the commands that commit a text.
 */
#pragma once

#include <stddef.h>

#include "volctl/command.h"

/*
 * Read a whole text file ("-": stdin).  -errno; -EFBIG beyond what the daemon
 * takes, -EILSEQ if it is not UTF-8 or has a zero byte.
 */
int text_read(const char *path, char **ret_text, size_t *ret_len);

/* Report why text_read() failed; an exit status. */
int text_read_failed(const struct context *context, const char *path, int r);

/* Write @text to a file of its own that nobody else can read.  -errno; the path is the caller's. */
int text_write_temporary(const char *text, char **ret_path);

/* Print how @before becomes @after, as diff -u does.  False: they are the same. */
bool text_print_difference(const char *before, const char *after);

/*
 * Send `import`, `set` or `remove` and say what came of it.  Dry: show how the
 * tables would change.  @name: what places in errors are told by.  @arguments
 * are put; an exit status.
 */
int text_commit(struct context *context, const char *command, struct json_object *arguments,
		const char *name, bool dry_run);

/*
 * Begin a fragment, "[host NAME]" or "[access VOLUME HOST]"; NULL: said which
 * word is no name.  The caller's.
 */
char *fragment_begin(const struct context *context, const char *kind, const char *name,
		     const char *second);
/* The same for a volume, which may be CLUSTER/NAME. */
char *fragment_begin_volume(struct context *context, const char *kind, const char *volume,
			    const char *second);

/*
 * Add KEY=VALUE words to a begun @fragment (NULL: the exit status of wrong
 * usage), and commit it in @mode, "add" or "set"; with the option dry-run,
 * show what it would change.  Frees @fragment; an exit status.
 */
int fragment_commit(struct context *context, const char *mode, char *fragment, int count,
		    char **words);
