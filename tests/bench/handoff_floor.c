/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * handoff_floor - how long the system calls of a handoff take, and nothing else:
 * what no daemon can be faster than on this machine.
 *
 *   handoff_floor FSTYPE DEVICE-A DIR-A DEVICE-B DIR-B ROUNDS
 *
 * The two devices are two nodes of one disk.  The hosts take turns; each round
 * the writer syncs, becomes read-only and locks its device, the other one unmounts
 * its view, unlocks its device and mounts read-write.  What was written is read
 * back by the next writer, outside the measurement.  Prints a JSON object, in microseconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "daemon/blockdev.h"
#include "daemon/newmount.h"
#include "daemon/profile.h"
#include "tests/bench/spread.h"

#define ROUNDS_MAX	 10000
#define DRAIN_TIMEOUT_MS 10000
#define PATH_BYTES	 4096

enum step {
	STEP_SYNC,
	STEP_READ_ONLY,
	STEP_LOCK,
	STEP_UNMOUNT_VIEW,
	STEP_UNLOCK,
	STEP_MOUNT,
	STEP_TOTAL,
	STEP_COUNT,
};

static const char *const step_names[STEP_COUNT] = {
	[STEP_SYNC] = "sync",	  [STEP_READ_ONLY] = "read_only",
	[STEP_LOCK] = "lock",	  [STEP_UNMOUNT_VIEW] = "unmount_view",
	[STEP_UNLOCK] = "unlock", [STEP_MOUNT] = "mount",
	[STEP_TOTAL] = "total",
};

struct side {
	const char *path;
	const char *dir;
	int device;
	dev_t number;
	int root; /* of the writer's mount; -1 */
};

struct bench {
	const struct profile *profile;
	struct profile_options viewer;
	struct profile_options writer;
	uint32_t rounds;
	uint32_t round;
	double started_us;
	double *us[STEP_COUNT];
};

/* Any failure ends the measurement: there is nobody to repair it for. */
static void must(int r, const char *what)
{
	if (r >= 0)
		return;
	(void)fprintf(stderr, "handoff_floor: %s: %s\n", what, strerror(-r));
	exit(1);
}

static int result_of(int r)
{
	return r < 0 ? -errno : r;
}

static void side_mount(const struct bench *bench, struct side *side, bool writable)
{
	const struct newmount what = {
		.fstype = bench->profile->fstype,
		.source = side->path,
		.options = writable ? &bench->writer : &bench->viewer,
		.writable = writable,
	};
	char message[256];
	int mount;

	must(newmount_create(&what, &mount, message, sizeof(message)), "mount");
	must(newmount_attach(mount, side->dir, false), "move_mount");
	(void)close(mount);
	if (writable) {
		side->root = open(side->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		must(result_of(side->root), side->dir);
	}
}

/* The time since the last step goes to this one. */
static void step_done(struct bench *bench, enum step step)
{
	double now = spread_now_us();

	bench->us[step][bench->round] = now - bench->started_us;
	bench->us[STEP_TOTAL][bench->round] += now - bench->started_us;
	bench->started_us = now;
}

static void hand_off(struct bench *bench, struct side *from, struct side *to)
{
	bench->us[STEP_TOTAL][bench->round] = 0;
	bench->started_us = spread_now_us();
	must(result_of(syncfs(from->root)), "syncfs");
	step_done(bench, STEP_SYNC);
	must(newmount_gate(from->root, true), "mount_setattr");
	must(newmount_set_super(from->root, from->dir, true), "remount read-only");
	step_done(bench, STEP_READ_ONLY);
	must(blockdev_set_read_only(from->device, true), "BLKROSET 1");
	must(blockdev_drain(from->device, from->number, DRAIN_TIMEOUT_MS), "fsync of the device");
	step_done(bench, STEP_LOCK);
	must(result_of(umount2(to->dir, 0)), "umount of the view");
	step_done(bench, STEP_UNMOUNT_VIEW);
	must(blockdev_drop_cache(to->device), "BLKFLSBUF");
	must(blockdev_set_read_only(to->device, false), "BLKROSET 0");
	step_done(bench, STEP_UNLOCK);
	side_mount(bench, to, true);
	step_done(bench, STEP_MOUNT);
}

/* The former writer becomes a viewer. */
static void end_writer(const struct bench *bench, struct side *side)
{
	(void)close(side->root);
	side->root = -1;
	must(result_of(umount2(side->dir, 0)), "umount of the former writer");
	side_mount(bench, side, false);
}

static void write_round(const struct side *side, uint32_t round)
{
	char path[PATH_BYTES];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/round", side->dir);
	file = fopen(path, "we");
	if (!file || fprintf(file, "%" PRIu32 "\n", round) < 0 || fclose(file) != 0)
		must(-errno, path);
}

static void check_round(const struct side *side, uint32_t round)
{
	char path[PATH_BYTES];
	uint32_t found;
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/round", side->dir);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%" SCNu32, &found) != 1 || found != round)
		must(-EIO, "what the former writer wrote is not there");
	(void)fclose(file);
}

static void bench_begin(struct bench *bench, const char *fstype, const char *rounds)
{
	char wrong[32];

	bench->profile = profile_find(fstype);
	if (!bench->profile)
		must(-EINVAL, fstype);
	bench->rounds = (uint32_t)strtoul(rounds, NULL, 10);
	if (bench->rounds == 0 || bench->rounds > ROUNDS_MAX)
		must(-ERANGE, "ROUNDS");
	must(profile_merge(bench->profile, "", false, &bench->viewer, wrong, sizeof(wrong)),
	     "options");
	must(profile_merge(bench->profile, "", true, &bench->writer, wrong, sizeof(wrong)),
	     "options");
	for (enum step step = 0; step < STEP_COUNT; step++) {
		bench->us[step] = calloc(bench->rounds, sizeof(double));
		if (!bench->us[step])
			must(-ENOMEM, "memory");
	}
}

int main(int argc, char **argv)
{
	struct side sides[2] = { { .root = -1 }, { .root = -1 } };
	struct bench bench = { 0 };

	if (argc != 7) {
		(void)fprintf(stderr,
			      "usage: handoff_floor FSTYPE DEVICE-A DIR-A DEVICE-B DIR-B ROUNDS\n");
		return 2;
	}
	bench_begin(&bench, argv[1], argv[6]);
	for (int i = 0; i < 2; i++) {
		sides[i].path = argv[2 + 2 * i];
		sides[i].dir = argv[3 + 2 * i];
		must(blockdev_open(sides[i].path, &sides[i].device, &sides[i].number),
		     sides[i].path);
		must(blockdev_set_read_only(sides[i].device, i > 0), "BLKROSET");
		side_mount(&bench, &sides[i], i == 0);
	}
	for (; bench.round < bench.rounds; bench.round++) {
		struct side *from = &sides[bench.round % 2];
		struct side *to = &sides[(bench.round + 1) % 2];

		write_round(from, bench.round);
		hand_off(&bench, from, to);
		check_round(to, bench.round);
		end_writer(&bench, from);
	}
	printf("{\"bench\":\"handoff_floor\",\"fstype\":\"%s\",\"rounds\":%" PRIu32
	       ",\"unit\":\"us\",",
	       bench.profile->fstype, bench.rounds);
	for (enum step step = 0; step < STEP_COUNT; step++) {
		spread_print(step_names[step], bench.us[step], bench.rounds);
		printf("%s", step + 1 < STEP_COUNT ? "," : "}\n");
	}
	return 0;
}
