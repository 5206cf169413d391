/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * server - the control socket: connections, lines, and the calls under way
 * (protocol.h).  What a command does is in commands.c.
 *
 * Bounded in all: clients, bytes of a line, bytes waiting for a slow reader.
 */
#pragma once

#include <json-c/json.h>

#include "daemon/auth.h"
#include "daemon/cluster.h"

#define CLIENTS_MAX 1024
#define CALLS_PER_CLIENT_MAX 64

struct server;
struct client;

/* A command under way: lives until it is answered, also if its client has gone. */
struct call {
	struct call *next;
	uint64_t token;
	int64_t id;			/* the client's */
	struct client *client;		/* NULL: gone */
	struct cluster *cluster;
	const struct command *command;
	char volume[NAME_BYTES_MAX + 1];
	bool run;			/* a `volctl run` in force, or on its way */
	char *form;			/* text that a change points to */
	uint64_t patience_ms;		/* `hosts`: how long a proof of life is waited for */
	uint64_t due_ms;		/* answered by the clock: for what asks the disk first */
};

struct client {
	struct source source;		/* first: the loop hands back a pointer to it */
	struct client *next;
	struct server *server;
	struct peer peer;
	bool watching;
	char watch_volume[NAME_BYTES_MAX + 1];	/* empty: all */
	int64_t watch_id;
	unsigned int calls;
	char *in;
	size_t in_len;
	size_t in_size;
	char *out;
	size_t out_len;
	size_t out_size;
	bool closing;			/* when everything is written */
};

struct server {
	struct source source;
	struct loop *loop;
	struct config *config;
	struct cluster **clusters;
	unsigned int cluster_count;
	struct client *clients;
	unsigned int client_count;
	struct call *calls;
	uint64_t next_token;
	uint64_t accept_at_ms;		/* out of descriptors: listen again then; 0: listening */
	struct password_gate gate;
	char path[108];
};

/* 0, or -errno with the reason logged. */
int server_open(struct server *server, struct loop *loop, struct config *config);
void server_close(struct server *server);

/* Events of the clusters. */
void server_answered(struct server *server, struct cluster *cluster,
		     const struct host_answer *answer);
void server_news(struct server *server, struct cluster *cluster, const struct news *news);
void server_joins(struct server *server, struct cluster *cluster,
		  const struct join joins[JOIN_SLOTS]);
uint64_t server_wake_at(const struct server *server);
void server_tick(struct server *server);

/* For commands.c.  Each takes over the reference. */
void client_result(struct client *client, int64_t id, json_object *result);
void client_event(struct client *client, int64_t id, json_object *event);
void client_error(struct client *client, int64_t id, const char *code, enum exit_status exit,
		  const char *object, const char *format, ...)
	__attribute__((format(printf, 6, 7)));
/* An error with more fields: takes over @error. */
void client_error_object(struct client *client, int64_t id, json_object *error);
json_object *error_object(const char *code, enum exit_status exit, const char *object,
			  const char *message);

/* A new call of the client's; NULL: too many, and the client has been told. */
struct call *call_new(struct client *client, int64_t id, struct cluster *cluster,
		      const struct command *command);
void call_end(struct server *server, struct call *call);

/* commands.c: carry out one message of a client. */
void command_message(struct client *client, json_object *message);
/* The answer of the core, as the result or error of its call. */
void command_answered(struct call *call, const struct host_answer *answer);
void command_due(struct call *call);
void command_joins(struct call *call, const struct join joins[JOIN_SLOTS]);
