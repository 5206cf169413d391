/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_handoff - how long it takes from asking for a volume to having it mounted read-write.
 *
 *   bench_handoff VOLUME ROUNDS SOCKET-A DIR-A SOCKET-B DIR-B [VOLCTL]
 *
 * Two hosts with `answer = auto` take the volume from each other in turns.  Each round
 * the writer leaves a file, the other one asks a random moment later, so that no phase of
 * the hosts' polling is preferred, and what was written is read back when it has access.  The
 * connections are kept; with VOLCTL each request is a run of that program instead.
 * DIR: the volume's mount point on that host, as seen from here.  Prints a JSON object,
 * in microseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "tests/bench/spread.h"
#include "volctl/libvolctl.h"

#define ROUNDS_MAX	10000
#define PATH_BYTES	4096
#define ANSWER_LIMIT_MS 60000
#define SETTLE_LIMIT_MS 30000
#define SETTLE_LOOK_US	50000
#define PHASES_US	250000	/* a poll of the hosts */

struct side {
	const char *socket;
	const char *dir;
	struct volctl *client;
};

struct bench {
	const char *volume;
	const char *program;	/* NULL: over the library */
	uint32_t rounds;
	struct side sides[2];
	double *us;
};

extern char **environ;

/* Any failure ends the measurement: there is nobody to repair it for. */
__attribute__((noreturn)) static void give_up(const char *what, const char *why)
{
	(void)fprintf(stderr, "bench_handoff: %s: %s\n", what, why);
	exit(1);
}

static void sleep_us(long us)
{
	const struct timespec time = { us / 1000000, us % 1000000 * 1000 };

	(void)nanosleep(&time, NULL);
}

static struct json_object *volume_argument(const struct bench *bench)
{
	struct json_object *arguments = json_object_new_object();

	json_object_object_add(arguments, "volume", json_object_new_string(bench->volume));
	return arguments;
}

/* Ask over the kept connection; it returns when the volume is mounted read-write. */
static void ask_library(const struct bench *bench, struct side *side)
{
	struct json_object *arguments = volume_argument(bench);
	struct json_object *result;
	struct volctl_error error = { 0 };

	json_object_object_add(arguments, "wait", json_object_new_boolean(1));
	if (volctl_call(side->client, "request", arguments, ANSWER_LIMIT_MS, &result, &error) < 0)
		give_up(side->socket, error.message);
	json_object_put(result);
}

static void ask_program(const struct bench *bench, const struct side *side)
{
	const char *const args[] = { bench->program, "--socket",    side->socket, "request",
				     "--wait=60",    bench->volume, NULL };
	char *copies[sizeof(args) / sizeof(*args)] = { NULL };
	posix_spawn_file_actions_t quiet;
	int status;
	pid_t pid;

	for (size_t i = 0; args[i]; i++)
		copies[i] = strdup(args[i]);
	posix_spawn_file_actions_init(&quiet);
	for (int fd = 1; fd <= 2; fd++)
		posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, bench->program, &quiet, NULL, copies, environ) != 0 ||
	    waitpid(pid, &status, 0) < 0 || status != 0)
		give_up(bench->program, "the request did not end with access");
	posix_spawn_file_actions_destroy(&quiet);
	for (size_t i = 0; copies[i]; i++)
		free(copies[i]);
}

static void ask(const struct bench *bench, struct side *side)
{
	if (bench->program)
		ask_program(bench, side);
	else
		ask_library(bench, side);
}

static bool is_fresh_viewer(const struct bench *bench, struct side *side)
{
	struct json_object *result;
	struct json_object *volumes;
	struct json_object *volume;
	struct json_object *here;
	struct json_object *view;
	struct volctl_error error = { 0 };
	bool is_fresh;

	if (volctl_call(side->client, "volumes", volume_argument(bench), ANSWER_LIMIT_MS, &result,
			&error) < 0)
		give_up(side->socket, error.message);
	is_fresh = json_object_object_get_ex(result, "volumes", &volumes) &&
		   (volume = json_object_array_get_idx(volumes, 0)) &&
		   json_object_object_get_ex(volume, "here", &here) &&
		   json_object_object_get_ex(volume, "view", &view) &&
		   strcmp(json_object_get_string(here), "ro") == 0 &&
		   strcmp(json_object_get_string(view), "fresh") == 0;
	json_object_put(result);
	return is_fresh;
}

/* The next round begins with one writer and one viewer. */
static void settle(const struct bench *bench, struct side *viewer)
{
	for (int waited_us = 0; !is_fresh_viewer(bench, viewer); waited_us += SETTLE_LOOK_US) {
		if (waited_us > SETTLE_LIMIT_MS * 1000)
			give_up(viewer->socket, "the former writer does not become a viewer");
		sleep_us(SETTLE_LOOK_US);
	}
}

static void write_round(const struct side *side, uint32_t round)
{
	char path[PATH_BYTES];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/round", side->dir);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%" PRIu32 "\n", round) < 0 || fclose(file) != 0)
		give_up(path, strerror(errno));
}

static void check_round(const struct side *side, uint32_t round)
{
	char path[PATH_BYTES];
	uint32_t found;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/round", side->dir);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%" SCNu32, &found) != 1 || found != round)
		give_up(path, "what the former writer wrote is not there");
	(void)fclose(file);
}

static void run_round(struct bench *bench, uint32_t round)
{
	struct side *from = &bench->sides[round % 2];
	struct side *to = &bench->sides[(round + 1) % 2];
	double began_us;

	write_round(from, round);
	settle(bench, to);
	sleep_us(random() % PHASES_US);
	began_us = spread_now_us();
	ask(bench, to);
	bench->us[round] = spread_now_us() - began_us;
	check_round(to, round);
}

static void bench_begin(struct bench *bench)
{
	if (bench->rounds == 0 || bench->rounds > ROUNDS_MAX)
		give_up("ROUNDS", "out of range");
	bench->us = calloc(bench->rounds, sizeof(*bench->us));
	if (!bench->us)
		give_up("memory", strerror(errno));
	for (int i = 0; i < 2; i++) {
		struct volctl_error error = { 0 };

		if (volctl_connect(bench->sides[i].socket, &bench->sides[i].client, &error) < 0)
			give_up(bench->sides[i].socket, error.message);
	}
	ask_library(bench, &bench->sides[0]);
}

int main(int argc, char **argv)
{
	struct bench bench;

	if (argc != 7 && argc != 8) {
		(void)fprintf(stderr, "usage: bench_handoff VOLUME ROUNDS SOCKET-A DIR-A SOCKET-B "
				      "DIR-B [VOLCTL]\n");
		return 2;
	}
	bench = (struct bench){
		.volume = argv[1],
		.program = argc == 8 ? argv[7] : NULL,
		.rounds = (uint32_t)strtoul(argv[2], NULL, 10),
		.sides = { { .socket = argv[3], .dir = argv[4] },
			   { .socket = argv[5], .dir = argv[6] } },
	};
	bench_begin(&bench);
	for (uint32_t round = 0; round < bench.rounds; round++)
		run_round(&bench, round);
	printf("{\"bench\":\"handoff\",\"rounds\":%" PRIu32 ",\"unit\":\"us\",", bench.rounds);
	spread_print("total", bench.us, bench.rounds);
	printf("}\n");
	for (int i = 0; i < 2; i++)
		volctl_close(bench.sides[i].client);
	free(bench.us);
	return 0;
}
