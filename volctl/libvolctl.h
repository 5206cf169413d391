/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libvolctl - the door to volctld, for the command line, the screens and other
 * programs.
 *
 * A client is one connection to the control socket.  Commands are sent with
 * volctl_send() and answered through volctl_next(): any number of events, then
 * one result or error, each marked with the id of its command (protocol.h).
 * volctl_call() does both for a command whose events do not matter.
 *
 * Nothing here prints, asks, or touches signals.  A client is used by one
 * thread at a time.  What arrives is valid JSON in valid UTF-8, and is
 * otherwise as the other side sent it: whoever shows it to people strips it.
 */
#pragma once

#include <json-c/json.h>
#include <stdint.h>

#include "daemon/protocol.h"

#define VOLCTL_FOREVER (-1)	/* as a time limit */

/* Why something did not happen. */
struct volctl_error {
	/* "locked-out"; of our own: "unreachable", "disconnected", "bad-answer" */
	char code[48];
	enum exit_status exit;
	char *message;		/* a sentence without a full stop */
	char *object;		/* what it is about, or NULL */
	struct json_object *details;	/* the error as it came, or NULL: "holders", "errors" */
};

enum volctl_kind {
	VOLCTL_EVENT,		/* body: the event */
	VOLCTL_RESULT,		/* body: the result; the command has ended */
	VOLCTL_ERROR,		/* error; the command has ended */
	VOLCTL_TIMEOUT,		/* nothing came within the time limit */
	VOLCTL_LOST,		/* error; the connection is of no more use */
};

struct volctl_answer {
	enum volctl_kind kind;
	uint64_t id;		/* of the command; 0 with TIMEOUT and LOST */
	struct json_object *body;
	struct volctl_error error;
};

struct volctl;

/*
 * Where the socket is: @path if not NULL, else $VOLCTL_SOCKET, else the one of this installation.
 */
const char *volctl_socket_path(const char *path);

/* Connect.  0, or -errno with *@ret_error filled. */
int volctl_connect(const char *path, struct volctl **ret_client, struct volctl_error *ret_error);
void volctl_close(struct volctl *client);

/* Readable when volctl_next() has something to do; also call that until VOLCTL_TIMEOUT. */
int volctl_fd(const struct volctl *client);

/* What every command from now on is sent with; NULL: without.  Copied. */
void volctl_set_cluster(struct volctl *client, const char *cluster);
void volctl_set_password(struct volctl *client, const char *password);

/*
 * Send a command; @arguments may be NULL and is the client's from now on.
 * 0 and the id that marks its answers, or -errno with *@ret_error filled.
 */
int volctl_send(struct volctl *client, const char *command, struct json_object *arguments,
		uint64_t *ret_id, struct volctl_error *ret_error);

/* Wait for the next answer of any command.  The receiver clears *@ret_answer. */
enum volctl_kind volctl_next(struct volctl *client, int timeout_ms,
			     struct volctl_answer *ret_answer);

/*
 * Send a command and wait for its end, passing over events and the answers of
 * other commands.  0 and the result, which the caller puts; or -errno with
 * *@ret_error filled (-EREMOTEIO: the daemon's own, -ETIMEDOUT, -ECONNRESET).
 */
int volctl_call(struct volctl *client, const char *command, struct json_object *arguments,
		int timeout_ms, struct json_object **ret_result, struct volctl_error *ret_error);

/*
 * @text as it may be shown on a terminal: control characters (C0, C1), marks
 * that turn the direction of writing and what is not UTF-8 are shown as '?', so
 * that nobody's text can pose as the program's.  The caller frees it; NULL only
 * without memory.
 */
char *volctl_text_clean(const char *text);

void volctl_answer_clear(struct volctl_answer *answer);
void volctl_error_clear(struct volctl_error *error);
