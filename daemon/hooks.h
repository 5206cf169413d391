/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * hooks - a site's own programs: [hooks] may-give and [notify] command.
 *
 * Spawned in "/", with an environment of their own, no descriptor of ours, and in a
 * process group of their own, which is killed when their time is up.  Nothing here blocks,
 * and only own children are reaped.
 */
#pragma once

#include <stdbool.h>

#include "daemon/loop.h"
#include "tables/limits.h"

struct hooks;

struct hook_question {
	uint64_t cookie;		/* of the asker */
	void *asker;
	uint16_t volume;
	uint64_t request;
	uint64_t held_s;
	char volume_name[NAME_BYTES_MAX + 1];
	char from[NAME_BYTES_MAX + 1];
	char text[TEXT_BYTES_MAX + 1];
};

/*
 * @text: on no, the program's first line of output, made valid and short, or why it counts as
 * no; empty on yes.  The next question may be asked from here.
 */
typedef void hook_answered(const struct hook_question *question, bool yes, const char *text,
			   void *data);

struct hooks *hooks_new(struct loop *loop, hook_answered *answered, void *data);
void hooks_free(struct hooks *hooks);	/* kills what still runs */

/*
 * Ask @program.  Exit 0 is yes, 1 no; anything else, or too late, is no.  0: `answered` follows
 * once.  -errno: it could not be run; -EAGAIN: too many run.
 */
int hooks_ask(struct hooks *hooks, const char *program, uint32_t timeout_ms,
	      const struct hook_question *question);

/*
 * Tell @program one event: @json, as one line, on its standard input.  At most one at a time, for
 * a minute; while it runs up to 64 wait, the rest are dropped.
 */
void hooks_notify(struct hooks *hooks, const char *program, const char *json);

/* SIGCHLD, or hooks_wake_at() has come. */
void hooks_review(struct hooks *hooks);
uint64_t hooks_wake_at(const struct hooks *hooks);
