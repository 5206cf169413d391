/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fake_daemon - answers volctl from a script, so that the command line can be
 * tested without hosts and disks.
 *
 *	fake_daemon SOCKET SCRIPT
 *
 * One order a line, which a backslash at its end continues on the next, the tabs there left out.
 * $ID stands for the id of the last command that was expected:
 *
 *	accept		wait for another connection; it is the current one from now on
 *	use N		make the Nth connection (from 0) the current one
 *	expect JSON	read a command that has at least these fields
 *	send TEXT	send a line
 *	bytes TEXT	send bytes: \n, \t, \\ and \xNN are understood, no newline is added
 *	fill N C	send N times the character
 *	pause MS	wait
 *	mark FILE	make a file, for the test to see how far we are
 *	until FILE	wait for a file of the test
 *	closed		the client must close the connection without another command
 *	close		close the connection
 *
 * The first accept is done by itself.  Exits 0 if all went by the script, else
 * 1 with the reason; never takes longer than LIFE_S.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define LIFE_S 60
#define CONNECTIONS_MAX 8
#define COMMAND_BYTES_MAX (2 * 1024 * 1024)

struct fake {
	int listener;
	int connections[CONNECTIONS_MAX];
	int count;
	int current;
	long long id;		/* of the last command */
	unsigned int line;	/* of the script */
};

static void __attribute__((noreturn)) die(const struct fake *fake, const char *what,
					  const char *detail)
{
	fprintf(stderr, "fake_daemon: script line %u: %s: %s\n", fake->line, what, detail);
	exit(1);
}

/* The socket appears under its name only when connections are taken. */
static int listen_at(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s.new", path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, CONNECTIONS_MAX) < 0 || rename(address.sun_path, path) < 0) {
		perror("fake_daemon: listening");
		exit(1);
	}
	return fd;
}

static void do_accept(struct fake *fake)
{
	if (fake->count == CONNECTIONS_MAX)
		die(fake, "accept", "too many connections");
	fake->current = fake->count++;
	fake->connections[fake->current] = accept(fake->listener, NULL, NULL);
	if (fake->connections[fake->current] < 0)
		die(fake, "accept", strerror(errno));
}

static int connection(struct fake *fake)
{
	if (fake->count == 0)
		do_accept(fake);
	return fake->connections[fake->current];
}

static bool contains(struct json_object *whole, struct json_object *part)
{
	if (!json_object_is_type(part, json_type_object))
		return json_object_equal(whole, part);
	json_object_object_foreach(part, key, value) {
		struct json_object *other;

		if (!json_object_object_get_ex(whole, key, &other) || !contains(other, value))
			return false;
	}
	return true;
}

/* Byte by byte: what follows belongs to the next order. */
static void read_line(struct fake *fake, char *line)
{
	size_t len = 0;

	while (len < COMMAND_BYTES_MAX) {
		ssize_t n = recv(connection(fake), line + len, 1, 0);

		if (n <= 0)
			die(fake, "expect", n < 0 ? strerror(errno) : "the client has closed");
		if (line[len] == '\n') {
			line[len] = '\0';
			return;
		}
		len++;
	}
	die(fake, "expect", "the command is too long");
}

static void do_expect(struct fake *fake, const char *text)
{
	struct json_object *wanted = json_tokener_parse(text);
	char *line = malloc(COMMAND_BYTES_MAX + 1);
	struct json_object *got;
	struct json_object *id;

	if (!wanted || !line)
		die(fake, "expect", "the script's JSON is bad");
	read_line(fake, line);
	got = json_tokener_parse(line);
	if (!got || !contains(got, wanted))
		die(fake, "expect: got", line);
	if (!json_object_object_get_ex(got, "id", &id))
		die(fake, "expect: no id", line);
	fake->id = json_object_get_int64(id);
	json_object_put(wanted);
	json_object_put(got);
	free(line);
}

static void send_bytes(struct fake *fake, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = send(connection(fake), bytes, len, MSG_NOSIGNAL);

		if (n < 0)
			die(fake, "send", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
}

static void send_with_id(struct fake *fake, const char *text)
{
	const char *mark;
	char id[24];

	snprintf(id, sizeof(id), "%lld", fake->id);
	while ((mark = strstr(text, "$ID"))) {
		send_bytes(fake, text, (size_t)(mark - text));
		send_bytes(fake, id, strlen(id));
		text = mark + 3;
	}
	send_bytes(fake, text, strlen(text));
}

static size_t unescape(char *text)
{
	char *to = text;
	unsigned int byte;

	for (const char *from = text; *from; from++) {
		if (*from != '\\') {
			*to++ = *from;
			continue;
		}
		from++;
		if (*from == 'n') {
			*to++ = '\n';
		} else if (*from == 't') {
			*to++ = '\t';
		} else if (*from == 'x' && sscanf(from + 1, "%2x", &byte) == 1) {
			*to++ = (char)byte;
			from += 2;
		} else {
			*to++ = *from;
		}
	}
	return (size_t)(to - text);
}

static void do_bytes(struct fake *fake, const char *text)
{
	char *copy = strdup(text);
	char *mark = strstr(copy, "$ID");
	char *whole = NULL;

	if (mark) {
		*mark = '\0';
		if (asprintf(&whole, "%s%lld%s", copy, fake->id, mark + 3) < 0)
			die(fake, "bytes", "out of memory");
		free(copy);
		copy = whole;
	}
	send_bytes(fake, copy, unescape(copy));
	free(copy);
}

static void do_fill(struct fake *fake, const char *text)
{
	unsigned int count;
	char block[4096];
	char c;

	if (sscanf(text, "%u %c", &count, &c) != 2)
		die(fake, "fill", text);
	memset(block, c, sizeof(block));
	while (count > 0) {
		unsigned int part = count < sizeof(block) ? count : (unsigned int)sizeof(block);

		send_bytes(fake, block, part);
		count -= part;
	}
}

static void pause_ms(long ms)
{
	const struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

	nanosleep(&time, NULL);
}

static void do_closed(struct fake *fake)
{
	char byte;
	ssize_t n = recv(connection(fake), &byte, 1, 0);

	if (n > 0)
		die(fake, "closed", "the client said more");
}

static void do_order(struct fake *fake, const char *order, const char *rest)
{
	if (strcmp(order, "accept") == 0) {
		do_accept(fake);
	} else if (strcmp(order, "use") == 0) {
		fake->current = atoi(rest);
	} else if (strcmp(order, "expect") == 0) {
		do_expect(fake, rest);
	} else if (strcmp(order, "send") == 0) {
		send_with_id(fake, rest);
		send_bytes(fake, "\n", 1);
	} else if (strcmp(order, "bytes") == 0) {
		do_bytes(fake, rest);
	} else if (strcmp(order, "fill") == 0) {
		do_fill(fake, rest);
	} else if (strcmp(order, "pause") == 0) {
		pause_ms(atol(rest));
	} else if (strcmp(order, "mark") == 0) {
		close(open(rest, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	} else if (strcmp(order, "until") == 0) {
		while (access(rest, F_OK) < 0)
			pause_ms(10);
	} else if (strcmp(order, "closed") == 0) {
		do_closed(fake);
	} else if (strcmp(order, "close") == 0) {
		close(connection(fake));
	} else {
		die(fake, "no such order", order);
	}
}

/* The next order, on one line or several; false at the end of the script. */
static bool read_order(struct fake *fake, FILE *script, char **order)
{
	char *line = NULL;
	size_t size = 0;
	size_t used = 0;
	ssize_t len;

	do {
		const char *from;

		len = getline(&line, &size, script);
		if (len <= 0)
			break;
		fake->line++;
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		from = line;
		if (used > 0) {
			used--;		/* over the backslash */
			from += strspn(line, "\t");
		}
		len = (ssize_t)strlen(from);
		*order = realloc(*order, used + (size_t)len + 1);
		if (!*order)
			die(fake, "reading", "out of memory");
		memcpy(*order + used, from, (size_t)len + 1);
		used += (size_t)len;
	} while (used > 0 && (*order)[used - 1] == '\\');
	free(line);
	return len > 0;
}

int main(int argc, char **argv)
{
	struct fake fake = { 0 };
	char *order = NULL;
	FILE *script;

	if (argc != 3) {
		fprintf(stderr, "usage: fake_daemon SOCKET SCRIPT\n");
		return 2;
	}
	script = fopen(argv[2], "re");
	if (!script) {
		perror(argv[2]);
		return 1;
	}
	alarm(LIFE_S);
	fake.listener = listen_at(argv[1]);
	while (read_order(&fake, script, &order)) {
		char *rest = strchr(order, ' ');

		if (!*order)
			continue;
		if (rest)
			*rest++ = '\0';
		do_order(&fake, order, rest ? rest : "");
	}
	free(order);
	fclose(script);
	return 0;
}
