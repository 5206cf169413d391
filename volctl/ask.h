/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ask - ask for write access and wait for the end of it, as `request --wait`
 * and `run` do.
 *
 * A signal (SIGINT, SIGTERM, SIGHUP) cancels the request and waits until that
 * is confirmed; a second one waits no longer.  What is granted before the
 * cancellation reaches the tables is granted: that is said, and nothing undone.
 */
#pragma once

#include "volctl/command.h"

struct ask_terms {
	const char *command;		/* "request" or "run" */
	const char *volume;		/* for messages */
	struct json_object *arguments;	/* put by ask() */
	int64_t wait_s;			/* VOLCTL_FOREVER: until it ends */
	bool cancel_on_timeout;
};

struct ask_end {
	int status;			/* reported if it is not EXIT_DONE */
	bool interrupted;		/* granted, though a signal had asked to cancel */
	uint64_t id;			/* of the command, marks later events */
	struct json_object *result;	/* if EXIT_DONE */
};

/* The signals are blocked from here on; *@ret_end.result is the caller's. */
void ask(struct context *context, const struct ask_terms *terms, struct ask_end *ret_end);

/* The value of --wait: VOLCTL_FOREVER without a number.  An exit status. */
int ask_wait_value(const struct context *context, int64_t *ret_wait_s);

int64_t clock_ms(void);
