/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * talk - what commands say to the daemon, to people and to programs: calls with
 * their errors reported, messages, questions, the administrator's password.
 */
#pragma once

#include "volctl/command.h"

/* Time for an answer that needs no disk and no person. */
#define TALK_QUICK_MS 30000

/* A message for people: "volctl: ..." on stderr. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Report that something went wrong, as a message or with --json as an object on stdout; returns
 * its exit status. */
int fail(const struct context *context, const char *code, enum exit_status status,
	 const char *object, const char *format, ...) __attribute__((format(printf, 5, 6)));
int fail_usage(const struct context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
int fail_memory(const struct context *context);
int report(const struct context *context, const struct volctl_error *error);
/* The same; places in a text are told by the name of that text. */
int report_of(const struct context *context, const struct volctl_error *error, const char *name);

/* Name each of the "holders" in @object, a line each. */
void say_holders(struct json_object *object);

/* Connect, if not yet done.  An exit status: reported if it is not 0. */
int talk_connect(struct context *context);

/*
 * Connect where needed, send @command and wait for its end; asks for the
 * administrator's password if the daemon wants it.  @arguments are put.  An
 * exit status: reported if it is not 0; *@ret_result (if wanted) is the caller's.
 */
int talk(struct context *context, const char *command, struct json_object *arguments,
	 int timeout_ms, struct json_object **ret_result);

/* The same, but an error is the caller's to report and clear. */
int talk_quietly(struct context *context, const char *command, struct json_object *arguments,
		 int timeout_ms, struct json_object **ret_result, struct volctl_error *ret_error);

/*
 * talk() for commands whose result says little: prints it with --json, else @format as a message.
 */
int talk_and_tell(struct context *context, const char *command, struct json_object *arguments,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * The name alone of what may be CLUSTER/NAME: sets the cluster of the call.
 * NULL: said what is wrong with it.
 */
const char *volume_name(struct context *context, const char *volume);

/* Arguments that begin with such a volume, or NULL: said what is wrong with it. */
struct json_object *volume_arguments(struct context *context, const char *volume);

/* Add -m to the arguments as "text"; an exit status. */
int add_text(const struct context *context, struct json_object *arguments);

/* The id of a request; false: said that it is none. */
bool request_id(const struct context *context, const char *word, int64_t *ret_id);

/* Print an object that answers the command, marked "format":1. */
int print_json(struct json_object *object);

/*
 * Whether to go on: --yes, or the answer to @question.  Where there is no
 * terminal to ask on, no; says so.
 */
bool confirm(const struct context *context, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
bool can_ask(void);
