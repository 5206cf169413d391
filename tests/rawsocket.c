/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rawsocket - speaks to a Unix stream socket as no well-behaved client would: connects, then
 * sends its standard input as it is, byte for byte, and prints what comes back.
 *
 *   rawsocket SOCKET [-t MS] [-c] [-n COUNT]
 *
 *   -t MS     end when nothing has come for that long; default 500
 *   -c        close when all is sent, without reading a byte
 *   -n COUNT  open that many connections at once, send to each; print what comes back on any
 *
 * Exit status 0, 1 if it could not connect.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (4 * 1024 * 1024)
#define CONNECTIONS_MAX 4096

static struct pollfd connections[CONNECTIONS_MAX];

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	fprintf(stderr, "rawsocket: %s: %s\n", path, strerror(errno));
	return -1;
}

static size_t read_input(char *buffer, size_t size)
{
	return fread(buffer, 1, size, stdin);
}

/* A peer that hangs up in the middle is one of the things to be seen. */
static void send_all(int fd, const char *bytes, size_t count)
{
	while (count > 0) {
		ssize_t n = send(fd, bytes, count, MSG_NOSIGNAL);

		if (n <= 0)
			return;
		bytes += n;
		count -= (size_t)n;
	}
}

static void print_answers(struct pollfd *polls, unsigned int count, int idle_ms)
{
	static char buffer[65536];
	unsigned int open = count;

	while (open > 0 && poll(polls, count, idle_ms) > 0) {
		for (unsigned int i = 0; i < count; i++) {
			ssize_t n;

			if (polls[i].fd < 0 || !polls[i].revents)
				continue;
			n = read(polls[i].fd, buffer, sizeof(buffer));
			if (n > 0) {
				fwrite(buffer, 1, (size_t)n, stdout);
				continue;
			}
			polls[i].fd = -1;	/* poll() passes over it */
			open--;
		}
	}
}

static int usage(void)
{
	fputs("usage: rawsocket SOCKET [-t MS] [-c] [-n COUNT]\n", stderr);
	return 2;
}

int main(int argc, char **argv)
{
	struct rlimit files = { 8192, 8192 };
	unsigned int count = 1;
	bool hang_up = false;
	int idle_ms = 500, option;
	size_t len;
	char *input;

	while ((option = getopt(argc, argv, "t:cn:")) != -1) {
		if (option == 't')
			idle_ms = atoi(optarg);
		else if (option == 'c')
			hang_up = true;
		else if (option == 'n')
			count = (unsigned int)atoi(optarg);
		else
			return usage();
	}
	if (optind != argc - 1 || count < 1 || count > CONNECTIONS_MAX)
		return usage();
	input = malloc(INPUT_BYTES_MAX);
	if (!input)
		return 1;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	for (unsigned int i = 0; i < count; i++) {
		connections[i].fd = dial(argv[optind]);
		connections[i].events = POLLIN;
		if (connections[i].fd < 0)
			return 1;
	}
	len = read_input(input, INPUT_BYTES_MAX);
	for (unsigned int i = 0; i < count; i++)
		send_all(connections[i].fd, input, len);
	free(input);
	if (!hang_up)
		print_answers(connections, count, idle_ms);
	return 0;
}
