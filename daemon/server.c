/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/log.h"
#include "daemon/server.h"
#include "daemon/status.h"

#define JSON_DEPTH_MAX 16
#define READ_BYTES 16384
#define ACCEPT_RETRY_MS 200
#define LARGE_ANSWER_BYTES (256 * 1024)

static void client_ready(struct source *source, uint32_t events);

/* --- writing --------------------------------------------------------------- */

static void client_close(struct client *client)
{
	struct server *server = client->server;
	struct client **at = &server->clients;

	loop_remove(server->loop, &client->source);
	close(client->source.fd);
	while (*at != client)
		at = &(*at)->next;
	*at = client->next;
	server->client_count--;
	for (struct call *call = server->calls; call; call = call->next)
		if (call->client == client)
			call->client = NULL;
	free(client->in);
	free(client->out);
	free(client);
}

static struct call *run_of_nobody(struct server *server)
{
	for (struct call *call = server->calls; call; call = call->next)
		if (call->run && !call->client)
			return call;
	return NULL;
}

/* The calls of a client that has gone: a `run` ends, the others are answered to nobody. */
static void client_gone(struct client *client)
{
	struct server *server = client->server;
	struct call *call;

	client_close(client);
	while ((call = run_of_nobody(server))) {
		struct cluster *cluster = call->cluster;
		uint64_t token = call->token;

		/* The core answers nobody: the call would stay for ever. */
		call_end(server, call);
		cluster_client_gone(cluster, token);
	}
}

static void client_flush(struct client *client)
{
	while (client->out_len > 0) {
		ssize_t n = send(client->source.fd, client->out, client->out_len,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		client->out_len -= (size_t)n;
		memmove(client->out, client->out + n, client->out_len);
	}
	loop_change(client->server->loop, &client->source,
		    (client->closing ? 0 : EPOLLIN) | (client->out_len ? EPOLLOUT : 0));
}

/* A reader that is too slow for its own answers is cut off: nobody else waits for it. */
static void client_send(struct client *client, const char *line, size_t len)
{
	if (client->closing)
		return;
	if (client->out_len + len > PROTOCOL_ANSWER_MAX) {
		client->closing = true;
		client->out_len = 0;
		(void)shutdown(client->source.fd, SHUT_RDWR);
		return;
	}
	if (client->out_len + len > client->out_size) {
		size_t size = (client->out_len + len) * 2;
		char *out = realloc(client->out, size);

		if (!out)
			return;
		client->out = out;
		client->out_size = size;
	}
	memcpy(client->out + client->out_len, line, len);
	client->out_len += len;
	client_flush(client);
}

static void client_say(struct client *client, int64_t id, const char *what, json_object *value)
{
	json_object *line = json_object_new_object();
	const char *text;
	size_t len = 0;

	json_object_object_add(line, "id", json_object_new_int64(id));
	json_object_object_add(line, what, value);
	text = json_object_to_json_string_length(line, JSON_C_TO_STRING_PLAIN |
						 JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (text) {
		client_send(client, text, len);
		client_send(client, "\n", 1);
	}
	json_object_put(line);
	/* What was many small pieces would stay with a heap that is as good as empty again. */
	if (len > LARGE_ANSWER_BYTES)
		(void)malloc_trim(0);
}

void client_result(struct client *client, int64_t id, json_object *result)
{
	client_say(client, id, "result", result);
}

void client_event(struct client *client, int64_t id, json_object *event)
{
	client_say(client, id, "event", event);
}

void client_error_object(struct client *client, int64_t id, json_object *error)
{
	client_say(client, id, "error", error);
}

json_object *error_object(const char *code, enum exit_status exit, const char *object,
			  const char *message)
{
	json_object *error = json_object_new_object();

	json_object_object_add(error, "code", json_object_new_string(code));
	json_object_object_add(error, "exit", json_object_new_int(exit));
	json_object_object_add(error, "message", json_object_new_string(message));
	json_object_object_add(error, "object",
			       object && *object ? json_object_new_string(object) : NULL);
	return error;
}

void client_error(struct client *client, int64_t id, const char *code, enum exit_status exit,
		  const char *object, const char *format, ...)
{
	char message[MESSAGE_BYTES_MAX + 1];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	client_error_object(client, id, error_object(code, exit, object, message));
}

/* --- calls ------------------------------------------------------------------ */

struct call *call_new(struct client *client, int64_t id, struct cluster *cluster,
		      const struct command *command)
{
	struct server *server = client->server;
	struct call *call = NULL;

	if (client->calls < CALLS_PER_CLIENT_MAX)
		call = calloc(1, sizeof(*call));
	if (!call) {
		client_error(client, id, "busy", EXIT_FAILED, NULL,
			     "too many commands are under way on this connection");
		return NULL;
	}
	call->token = server->next_token++;
	call->id = id;
	call->client = client;
	call->cluster = cluster;
	call->command = command;
	call->due_ms = UINT64_MAX;
	call->next = server->calls;
	server->calls = call;
	client->calls++;
	return call;
}

void call_end(struct server *server, struct call *call)
{
	struct call **at = &server->calls;

	while (*at != call)
		at = &(*at)->next;
	*at = call->next;
	if (call->client)
		call->client->calls--;
	free(call->form);
	free(call);
}

static struct call *call_find(struct server *server, const struct cluster *cluster, uint64_t token)
{
	for (struct call *call = server->calls; call; call = call->next)
		if (call->cluster == cluster && call->token == token)
			return call;
	return NULL;
}

void server_answered(struct server *server, struct cluster *cluster,
		     const struct host_answer *answer)
{
	struct call *call = call_find(server, cluster, answer->token);

	if (!call)
		return;
	if (call->client)
		command_answered(call, answer);
	if (answer->interim || (call->run && answer->exit == EXIT_DONE))
		return;			/* more follows; a run stays until `done` */
	call_end(server, call);
}

/* The latest of the cluster's calls that wait for the disk and began before @token. */
static struct call *call_before(struct server *server, const struct cluster *cluster,
				uint64_t token)
{
	for (struct call *call = server->calls; call; call = call->next)
		if (call->cluster == cluster && call->due_ms != UINT64_MAX && call->token < token)
			return call;
	return NULL;
}

void server_joins(struct server *server, struct cluster *cluster,
		  const struct join joins[JOIN_SLOTS])
{
	uint64_t before = UINT64_MAX;
	struct call *call;

	/* An approval steps the core, which may answer and end any call: none is remembered. */
	while ((call = call_before(server, cluster, before))) {
		before = call->token;
		command_joins(call, joins);
	}
}

uint64_t server_wake_at(const struct server *server)
{
	uint64_t wake_ms = server->accept_at_ms ? server->accept_at_ms : UINT64_MAX;

	for (const struct call *call = server->calls; call; call = call->next)
		if (call->due_ms < wake_ms)
			wake_ms = call->due_ms;
	return wake_ms;
}

void server_tick(struct server *server)
{
	uint64_t now_ms = clock_boot_ms();

	if (server->accept_at_ms && now_ms >= server->accept_at_ms &&
	    loop_add(server->loop, &server->source, EPOLLIN) == 0)
		server->accept_at_ms = 0;
	for (struct call *call = server->calls; call;) {
		struct call *next = call->next;

		if (now_ms >= call->due_ms && call->client)
			command_due(call);
		else if (now_ms >= call->due_ms)
			call_end(server, call);
		call = next;
	}
}

/* --- news ------------------------------------------------------------------- */

void server_news(struct server *server, struct cluster *cluster, const struct news *news)
{
	const char *volume = news->volume == SLOT_NONE ? "" :
			     cluster->tables->volumes[news->volume].name;

	if (news->kind == NEWS_STATE)
		return;
	for (struct client *client = server->clients; client; client = client->next)
		if (client->watching && (!client->watch_volume[0] ||
					 name_same(client->watch_volume, volume)))
			client_event(client, client->watch_id, status_event(cluster, news));
	for (struct call *call = server->calls; call; call = call->next)
		if (call->client && call->run && call->cluster == cluster &&
		    news->kind == NEWS_ACCESS_LOST && name_same(call->volume, volume))
			client_event(call->client, call->id, status_event(cluster, news));
}

/* --- reading ------------------------------------------------------------------ */

static void client_line(struct client *client, const char *line, size_t len)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	json_object *message;

	if (!tokener)
		return;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	message = json_tokener_parse_ex(tokener, line, (int)len);
	if (message && json_object_is_type(message, json_type_object) &&
	    json_tokener_get_parse_end(tokener) == len)
		command_message(client, message);
	else
		client_error(client, 0, "bad-message", EXIT_USAGE, NULL,
			     "not a JSON object on one line: %s", message ?
			     "it is something else, or more follows" :
			     json_tokener_error_desc(json_tokener_get_error(tokener)));
	json_object_put(message);
	json_tokener_free(tokener);
}

static void client_lines(struct client *client)
{
	size_t begin = 0;
	char *end;

	while (!client->closing &&
	       (end = memchr(client->in + begin, '\n', client->in_len - begin))) {
		size_t len = (size_t)(end - (client->in + begin));

		if (len > 0)
			client_line(client, client->in + begin, len);
		begin += len + 1;
	}
	client->in_len -= begin;
	memmove(client->in, client->in + begin, client->in_len);
	if (client->in_len < PROTOCOL_LINE_MAX || client->closing)
		return;
	client_error(client, 0, "line-too-long", EXIT_USAGE, NULL,
		     "a line may have at most %d bytes", PROTOCOL_LINE_MAX);
	client->closing = true;
	client->in_len = 0;
}

static bool client_make_room(struct client *client)
{
	size_t size = client->in_len + READ_BYTES;
	char *in;

	if (size <= client->in_size)
		return true;
	size *= 2;
	if (size > PROTOCOL_LINE_MAX + READ_BYTES)
		size = PROTOCOL_LINE_MAX + READ_BYTES;
	in = realloc(client->in, size);
	if (!in)
		return false;
	client->in = in;
	client->in_size = size;
	return true;
}

static void client_ready(struct source *source, uint32_t events)
{
	struct client *client = (struct client *)source;
	ssize_t n;

	if (events & EPOLLOUT)
		client_flush(client);
	if (client->closing) {
		if (client->out_len == 0 || events & (EPOLLHUP | EPOLLERR))
			client_gone(client);
		return;
	}
	if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	n = client_make_room(client) ?
	    recv(source->fd, client->in + client->in_len, client->in_size - client->in_len,
		 MSG_DONTWAIT) : -1;
	if (n < 0 && (errno == EAGAIN || errno == EINTR) && client->in)
		return;
	if (n <= 0) {
		client_gone(client);
		return;
	}
	client->in_len += (size_t)n;
	client_lines(client);
	if (client->closing && client->out_len == 0)
		client_gone(client);
}

/* --- life --------------------------------------------------------------------- */

/* One short line fits into any socket; whoever does not read it is told nothing. */
static void turn_away(int fd)
{
	static const char line[] =
		"{\"id\":0,\"error\":{\"code\":\"busy\",\"exit\":7,\"message\":\"volctld has too "
		"many connections: try again later\",\"object\":null}}\n";

	(void)!send(fd, line, sizeof(line) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

static void server_ready(struct source *source, uint32_t events)
{
	struct server *server = (struct server *)source;
	int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct client *client = NULL;

	(void)events;
	if (fd < 0) {
		/* Whoever waits to be let in would wake us again and again. */
		if (errno == EMFILE || errno == ENFILE) {
			loop_remove(server->loop, source);
			server->accept_at_ms = clock_boot_ms() + ACCEPT_RETRY_MS;
		}
		return;
	}
	if (server->client_count < CLIENTS_MAX)
		client = calloc(1, sizeof(*client));
	if (!client || auth_peer(fd, &client->peer) < 0) {
		free(client);
		turn_away(fd);
		return;
	}
	client->server = server;
	client->source.fd = fd;
	client->source.ready = client_ready;
	if (loop_add(server->loop, &client->source, EPOLLIN) < 0) {
		free(client);
		close(fd);
		return;
	}
	client->next = server->clients;
	server->clients = client;
	server->client_count++;
}

/* A socket left by a daemon that was killed is replaced; one that answers is not. */
static int socket_bind(int fd, const struct sockaddr_un *address)
{
	int probe;

	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
		return 0;
	if (errno != EADDRINUSE)
		return -errno;
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return -errno;
	if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0) {
		close(probe);
		return -EADDRINUSE;
	}
	close(probe);
	if (unlink(address->sun_path) < 0 ||
	    bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		return -errno;
	return 0;
}

int server_open(struct server *server, struct loop *loop, struct config *config)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	mode_t mask;
	int fd, r;

	*server = (struct server){ .loop = loop, .config = config, .next_token = 1 };
	snprintf(server->path, sizeof(server->path), "%s", config->socket);
	memcpy(address.sun_path, server->path, sizeof(server->path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0177);	/* nobody slips in before owner and mode are right */
	r = socket_bind(fd, &address);
	umask(mask);
	if (r == 0)
		r = auth_prepare_socket(server->path);
	if (r == 0 && listen(fd, 128) < 0)
		r = -errno;
	if (r == 0) {
		server->source = (struct source){ .fd = fd, .ready = server_ready };
		r = loop_add(loop, &server->source, EPOLLIN);
	}
	if (r < 0) {
		log_err("%s: can not listen: %s%s", server->path, strerror(-r),
			r == -EADDRINUSE ? "; another volctld is running" : "");
		close(fd);
	}
	return r;
}

void server_close(struct server *server)
{
	while (server->clients)
		client_close(server->clients);
	while (server->calls)
		call_end(server, server->calls);
	if (!server->source.added && !server->accept_at_ms)
		return;
	if (server->source.added)
		loop_remove(server->loop, &server->source);
	close(server->source.fd);
	(void)unlink(server->path);
}
