/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* client - one connection to the control socket: libvolctl.h. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "volctl/libvolctl.h"
#include "volctl/utf8.h"

#define READ_BYTES 65536

/* How long a daemon that does not read may keep us from sending. */
#define SEND_TIMEOUT_S 30

struct volctl {
	int fd;
	uint64_t last_id;
	char *path;
	char *cluster;
	char *password;
	struct json_tokener *tokener;
	/* what has arrived: len bytes, of which the first `seen` hold no newline */
	char *buffer;
	size_t len;
	size_t seen;
	size_t size;
};

static void __attribute__((format(printf, 4, 5)))
error_set(struct volctl_error *error, const char *code, enum exit_status status, const char *format,
	  ...)
{
	va_list arguments;

	*error = (struct volctl_error){ .exit = status };
	snprintf(error->code, sizeof(error->code), "%s", code);
	va_start(arguments, format);
	if (vasprintf(&error->message, format, arguments) < 0)
		error->message = NULL;
	va_end(arguments);
}

void volctl_error_clear(struct volctl_error *error)
{
	free(error->message);
	free(error->object);
	json_object_put(error->details);
	*error = (struct volctl_error){ 0 };
}

void volctl_answer_clear(struct volctl_answer *answer)
{
	json_object_put(answer->body);
	volctl_error_clear(&answer->error);
	*answer = (struct volctl_answer){ 0 };
}

const char *volctl_socket_path(const char *path)
{
	if (path)
		return path;
	path = getenv("VOLCTL_SOCKET");
	if (path && *path)
		return path;
	return RUNSTATEDIR "/volctl/control";
}

/* A password in freed memory may turn up in a core file. */
static void password_free(char *password)
{
	if (password)
		explicit_bzero(password, strlen(password));
	free(password);
}

static int socket_connect(const char *path)
{
	const struct timeval limit = { .tv_sec = SEND_TIMEOUT_S };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd;
	int r;

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

static void connect_error(const char *path, int r, struct volctl_error *ret_error)
{
	if (r == -EACCES || r == -EPERM)
		error_set(ret_error, "not-permitted", EXIT_NOT_PERMITTED,
			  "%s may be used by root and the group volctl only", path);
	else if (r == -ENOENT || r == -ECONNREFUSED)
		error_set(ret_error, "unreachable", EXIT_UNREACHABLE,
			  "no daemon at %s: %s (is volctld running?)", path, strerror(-r));
	else
		error_set(ret_error, "unreachable", EXIT_UNREACHABLE, "no daemon at %s: %s", path,
			  strerror(-r));
	ret_error->object = strdup(path);
}

int volctl_connect(const char *path, struct volctl **ret_client, struct volctl_error *ret_error)
{
	struct volctl *client;
	int fd;

	path = volctl_socket_path(path);
	fd = socket_connect(path);
	if (fd < 0) {
		connect_error(path, fd, ret_error);
		return fd;
	}
	client = calloc(1, sizeof(*client));
	if (client) {
		client->fd = fd;
		client->path = strdup(path);
		client->tokener = json_tokener_new();
	}
	if (!client || !client->path || !client->tokener) {
		if (client)
			volctl_close(client);
		else
			close(fd);
		error_set(ret_error, "failed", EXIT_FAILED, "out of memory");
		return -ENOMEM;
	}
	json_tokener_set_flags(client->tokener, JSON_TOKENER_STRICT);
	*ret_client = client;
	return 0;
}

void volctl_close(struct volctl *client)
{
	if (!client)
		return;
	if (client->tokener)
		json_tokener_free(client->tokener);
	close(client->fd);
	free(client->path);
	free(client->cluster);
	password_free(client->password);
	free(client->buffer);
	free(client);
}

int volctl_fd(const struct volctl *client)
{
	return client->fd;
}

void volctl_set_cluster(struct volctl *client, const char *cluster)
{
	free(client->cluster);
	client->cluster = cluster ? strdup(cluster) : NULL;
}

void volctl_set_password(struct volctl *client, const char *password)
{
	password_free(client->password);
	client->password = password ? strdup(password) : NULL;
}

static int send_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

static struct json_object *command_message(const struct volctl *client, uint64_t id,
					   const char *command, struct json_object *arguments)
{
	struct json_object *message = json_object_new_object();

	json_object_object_add(message, "volctl", json_object_new_int(PROTOCOL_VERSION));
	json_object_object_add(message, "id", json_object_new_uint64(id));
	json_object_object_add(message, "command", json_object_new_string(command));
	if (client->cluster)
		json_object_object_add(message, "cluster", json_object_new_string(client->cluster));
	if (client->password)
		json_object_object_add(message, "password",
				       json_object_new_string(client->password));
	json_object_object_add(message, "arguments", arguments ?: json_object_new_object());
	return message;
}

static void sending_error(const struct volctl *client, int r, struct volctl_error *ret_error)
{
	if (r == -EMSGSIZE)
		error_set(ret_error, "too-large", EXIT_FAILED,
			  "the command is larger than the %d bytes that the daemon takes",
			  PROTOCOL_LINE_MAX);
	else
		error_set(ret_error, "disconnected", EXIT_UNREACHABLE,
			  "the daemon at %s does not take the command: %s", client->path,
			  strerror(-r));
}

int volctl_send(struct volctl *client, const char *command, struct json_object *arguments,
		uint64_t *ret_id, struct volctl_error *ret_error)
{
	uint64_t id = client->last_id + 1;
	struct json_object *message = command_message(client, id, command, arguments);
	const char *line;
	size_t len;
	int r;

	line = json_object_to_json_string_length(
		message, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &len);
	if (!line)
		r = -ENOMEM;
	else if (len + 1 > PROTOCOL_LINE_MAX)
		r = -EMSGSIZE;
	else
		r = send_all(client->fd, line, len);
	if (r == 0)
		r = send_all(client->fd, "\n", 1);
	json_object_put(message);
	if (r < 0) {
		sending_error(client, r, ret_error);
		return r;
	}
	client->last_id = id;
	*ret_id = id;
	return 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* 1: readable, 0: not within the limit, -errno. */
static int wait_readable(int fd, int64_t until_ms, int timeout_ms)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };

	for (;;) {
		int64_t left_ms = timeout_ms < 0 ? -1 : until_ms - now_ms();
		int r;

		if (timeout_ms >= 0 && left_ms < 0)
			left_ms = 0;
		r = poll(&poller, 1, (int)left_ms);
		if (r >= 0)
			return r;
		if (errno != EINTR)
			return -errno;
	}
}

/* Read what is there.  Bytes read, 0: the other side has closed, -errno. */
static ssize_t buffer_fill(struct volctl *client)
{
	ssize_t n;

	if (client->size - client->len < READ_BYTES) {
		size_t size = client->size ? client->size * 2 : READ_BYTES;
		char *buffer = realloc(client->buffer, size);

		if (!buffer)
			return -ENOMEM;
		client->buffer = buffer;
		client->size = size;
	}
	do {
		n = recv(client->fd, client->buffer + client->len, client->size - client->len, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	client->len += (size_t)n;
	return n;
}

/* Take the first line out of the buffer, if there is a whole one; the caller frees it. */
static char *buffer_line(struct volctl *client, size_t *ret_len)
{
	char *end;
	char *line;
	size_t len;

	if (client->len == client->seen)
		return NULL;
	end = memchr(client->buffer + client->seen, '\n', client->len - client->seen);
	if (!end) {
		client->seen = client->len;
		return NULL;
	}
	len = (size_t)(end - client->buffer);
	line = malloc(len + 1);
	if (!line)
		return NULL;
	memcpy(line, client->buffer, len);
	line[len] = '\0';
	client->len -= len + 1;
	client->seen = 0;
	memmove(client->buffer, end + 1, client->len);
	*ret_len = len;
	return line;
}

static char *text_field(struct json_object *object, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return strdup(json_object_get_string(value));
}

/* An error without an exit status that we know is a plain failure: a newer daemon may have more. */
static void error_decode(struct json_object *object, struct volctl_error *ret_error)
{
	struct json_object *value;
	char *code = text_field(object, "code");

	*ret_error = (struct volctl_error){ .exit = EXIT_FAILED };
	snprintf(ret_error->code, sizeof(ret_error->code), "%s", code ?: "failed");
	free(code);
	if (json_object_object_get_ex(object, "exit", &value) &&
	    json_object_get_int(value) > EXIT_DONE &&
	    json_object_get_int(value) <= EXIT_UNREACHABLE)
		ret_error->exit = (enum exit_status)json_object_get_int(value);
	ret_error->message = text_field(object, "message");
	ret_error->object = text_field(object, "object");
	ret_error->details = json_object_get(object);
}

static bool answer_decode(struct json_object *message, struct volctl_answer *ret_answer)
{
	struct volctl_answer answer = { 0 };
	struct json_object *value;

	if (!json_object_is_type(message, json_type_object))
		return false;
	if (json_object_object_get_ex(message, "id", &value))
		answer.id = json_object_get_uint64(value);
	if (json_object_object_get_ex(message, "event", &value))
		answer.kind = VOLCTL_EVENT;
	else if (json_object_object_get_ex(message, "result", &value))
		answer.kind = VOLCTL_RESULT;
	else if (json_object_object_get_ex(message, "error", &value))
		answer.kind = VOLCTL_ERROR;
	else
		return false;
	if (!json_object_is_type(value, json_type_object))
		return false;
	if (answer.kind == VOLCTL_ERROR)
		error_decode(value, &answer.error);
	else
		answer.body = json_object_get(value);
	*ret_answer = answer;
	return true;
}

static bool line_decode(struct volctl *client, char *line, size_t len,
			struct volctl_answer *ret_answer)
{
	struct json_object *message;
	bool whole;
	bool good;

	/* One bad byte in the name of somebody's program must not blind the whole status. */
	utf8_repair(line, len);
	json_tokener_reset(client->tokener);
	message = json_tokener_parse_ex(client->tokener, line, (int)len + 1);
	whole = message && json_tokener_get_error(client->tokener) == json_tokener_success &&
		json_tokener_get_parse_end(client->tokener) >= len;
	good = whole && answer_decode(message, ret_answer);
	json_object_put(message);
	return good;
}

static enum volctl_kind lost(struct volctl *client, const char *code, const char *why,
			     struct volctl_answer *ret_answer)
{
	*ret_answer = (struct volctl_answer){ .kind = VOLCTL_LOST };
	error_set(&ret_answer->error, code, EXIT_UNREACHABLE, "%s: %s", client->path, why);
	ret_answer->error.object = strdup(client->path);
	return VOLCTL_LOST;
}

enum volctl_kind volctl_next(struct volctl *client, int timeout_ms,
			     struct volctl_answer *ret_answer)
{
	int64_t until_ms = now_ms() + timeout_ms;

	for (;;) {
		size_t len;
		char *line = buffer_line(client, &len);
		ssize_t n;
		int r;

		if (line) {
			bool good = line_decode(client, line, len, ret_answer);

			free(line);
			if (good)
				return ret_answer->kind;
			return lost(client, "bad-answer",
				    "what answers there does not speak volctl's language",
				    ret_answer);
		}
		if (client->len > PROTOCOL_ANSWER_MAX)
			return lost(client, "bad-answer", "the answer is too long", ret_answer);
		r = wait_readable(client->fd, until_ms, timeout_ms);
		if (r == 0) {
			*ret_answer = (struct volctl_answer){ .kind = VOLCTL_TIMEOUT };
			return VOLCTL_TIMEOUT;
		}
		n = r < 0 ? r : buffer_fill(client);
		if (n == 0)
			return lost(client, "disconnected",
				    "the daemon closed the connection before it had answered",
				    ret_answer);
		if (n < 0)
			return lost(client, "disconnected", strerror((int)-n), ret_answer);
	}
}

/* What volctl_call() makes of an answer that ends it. */
static int call_end(struct volctl *client, struct volctl_answer *answer, int timeout_ms,
		    struct json_object **ret_result, struct volctl_error *ret_error)
{
	switch (answer->kind) {
	case VOLCTL_RESULT:
		*ret_result = answer->body;
		return 0;
	case VOLCTL_ERROR:
		*ret_error = answer->error;
		return -EREMOTEIO;
	case VOLCTL_LOST:
		*ret_error = answer->error;
		return -ECONNRESET;
	case VOLCTL_TIMEOUT:
		error_set(ret_error, "no-answer", EXIT_UNREACHABLE,
			  "the daemon at %s has not answered within %d seconds", client->path,
			  timeout_ms / 1000);
		return -ETIMEDOUT;
	case VOLCTL_EVENT:
		break;
	}
	assert(false);
	return -EINVAL;
}

int volctl_call(struct volctl *client, const char *command, struct json_object *arguments,
		int timeout_ms, struct json_object **ret_result, struct volctl_error *ret_error)
{
	int64_t until_ms = now_ms() + timeout_ms;
	uint64_t id;
	int r;

	r = volctl_send(client, command, arguments, &id, ret_error);
	if (r < 0)
		return r;
	for (;;) {
		int64_t left_ms = timeout_ms < 0 ? -1 : until_ms - now_ms();
		struct volctl_answer answer;
		enum volctl_kind kind;

		kind = volctl_next(client, timeout_ms >= 0 && left_ms < 0 ? 0 : (int)left_ms,
				   &answer);
		/*
		 * An error with id 0 is about the connection: the daemon could not tell whose it
		 * was.
		 */
		if (kind == VOLCTL_TIMEOUT || kind == VOLCTL_LOST ||
		    (kind == VOLCTL_ERROR && answer.id == 0) ||
		    (kind != VOLCTL_EVENT && answer.id == id))
			return call_end(client, &answer, timeout_ms, ret_result, ret_error);
		volctl_answer_clear(&answer);
	}
}
