/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * bench_commit - how long a commit takes, alone and with others at it.
 *
 *   bench_commit [-s SECONDS] [PATH]
 *
 * PATH is a block device that may be overwritten, or a file; without it a file
 * in the working directory is made and removed.  Contenders are processes, each
 * with its own descriptor, that commit one change after the other.  Prints a
 * table and a line of JSON; exits 1 if a contender did not finish, or if many
 * together were slower than a third of one alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "daemon/io.h"
#include "tables/semaphore.h"

#define CONTENDERS_MAX 32
#define SAMPLES_MAX 20000	/* of each contender */
#define SECONDS_DEFAULT 3
#define FILE_NAME "bench_commit.disk"

static const struct id128 cluster = { .bytes = { 0xbe, 0x4c } };
static struct layout layout;

/* One contender's results, shared with the parent. */
struct tally {
	bool finished;
	uint32_t count;
	uint64_t first_us;		/* its first commit began, its last was decided */
	uint64_t last_us;
	uint32_t operations_decided;	/* disk operations of a commit: the most until decided */
	uint32_t operations_all;	/* and until the hint is written */
	uint64_t operations;		/* of all commits together */
	uint32_t took_us[SAMPLES_MAX];
};

struct contender {
	struct io *io;
	struct semaphore *machine;
	struct semaphore_todo todo;
	struct change change;
	uint8_t *buffer;
	uint16_t slot;
	uint32_t operations;		/* of the commit under way */
	uint32_t operations_decided;
};

struct result {
	unsigned int contenders;
	uint64_t commits;
	uint32_t median_us;
	uint32_t p99_us;
	double per_second;
	uint32_t operations_decided;
	uint32_t operations_all;
	double operations_each;
	bool all_finished;
};

static void die(const char *what)
{
	fprintf(stderr, "bench_commit: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static uint64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t random_bits(void)
{
	uint64_t bits;

	if (getrandom(&bits, sizeof(bits), 0) != sizeof(bits))
		die("getrandom");
	return bits;
}

static struct tables *new_tables(void)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		die("memory");
	return tables;
}

static struct io *open_disk(const char *path)
{
	struct io *io;
	int r = io_open_path(path, 0, &io);

	if (r < 0) {
		errno = -r;
		die(path);
	}
	return io;
}

static void write_disk(struct io *io, uint64_t offset, const void *data, size_t size)
{
	int r = io_write(io, offset, data, size);

	if (r < 0) {
		errno = -r;
		die("format");
	}
}

/* As `volctl format` does it, without superblocks and beats. */
static void format(const char *path, uint32_t sector_size)
{
	struct io *io = open_disk(path);
	struct tables *tables = new_tables();
	struct ballot ballot = { .instance = 1, .decided = 1 };
	uint8_t *buffer = io_buffer(io, layout.image_bytes);

	if (!buffer)
		die("memory");
	tables_init(tables, &layout.capacity);
	tables->version = 1;
	tables->host_count = CONTENDERS_MAX;
	for (uint16_t i = 0; i < CONTENDERS_MAX; i++) {
		tables->hosts[i] = host_row_defaults();
		snprintf(tables->hosts[i].name, sizeof(tables->hosts[i].name), "host%u", i);
	}
	ballot.decided_value = image_encode(tables, 0, 0, random_bits(), &layout, &cluster, buffer,
					    layout.image_bytes);
	write_disk(io, layout_image(&layout, 0, 0), buffer, ballot.decided_value.length);
	for (uint16_t i = 0; i < CONTENDERS_MAX; i++)
		for (ballot.sequence = 0; ballot.sequence < 2; ballot.sequence++) {
			ballot_encode(&ballot, i, sector_size, &cluster, buffer);
			write_disk(io, layout_ballot(&layout, i, ballot.sequence & 1), buffer,
				   sector_size);
		}
	free(buffer);
	free(tables);
	io_close(io);
}

static bool op_is_io(enum semaphore_op op)
{
	return op != SEMAPHORE_READY && op != SEMAPHORE_WAIT;
}

static int perform(struct contender *c, size_t *ret_size)
{
	const struct semaphore_todo *todo = &c->todo;
	uint32_t sector_size = layout.sector_size;
	uint32_t length;

	switch (todo->op) {
	case SEMAPHORE_READY:
		break;
	case SEMAPHORE_SCAN:
	case SEMAPHORE_REREAD:
		*ret_size = layout.ballots_bytes;
		return io_read(c->io, layout.ballots, c->buffer, layout.ballots_bytes);
	case SEMAPHORE_READ_IMAGE:
		*ret_size = todo->value.length;
		return io_read(c->io, layout_image(&layout, todo->value.host, todo->value.slot),
			       c->buffer, todo->value.length);
	case SEMAPHORE_WRITE_IMAGE:
		length = semaphore_image(c->machine, c->buffer, layout.image_bytes);
		return io_write(c->io, layout_image(&layout, c->slot, todo->image_slot), c->buffer,
				length);
	case SEMAPHORE_WRITE_BALLOT:
		ballot_encode(&todo->ballot, c->slot, sector_size, &cluster, c->buffer);
		return io_write(c->io, layout_ballot(&layout, c->slot, todo->ballot.sequence & 1),
				c->buffer, sector_size);
	case SEMAPHORE_WRITE_HINT:
		hint_encode(&todo->hint, sector_size, &cluster, c->buffer);
		return io_write(c->io, layout.hint, c->buffer, sector_size);
	case SEMAPHORE_WAIT:
		return usleep((useconds_t)todo->wait_us) < 0 ? -errno : 0;
	}
	return 0;
}

/* Commit one change; returns when it was decided, in microseconds since boot. */
static uint64_t commit(struct contender *c)
{
	enum semaphore_event event = SEMAPHORE_BEGIN;
	uint64_t decided_us = 0;
	size_t size = 0;

	c->change.sequence++;
	c->operations = 0;
	semaphore_commit(c->machine, &c->change);
	for (;;) {
		semaphore_step(c->machine, event, c->buffer, size, now_us(), random_bits(),
			       &c->todo);
		if (c->todo.done == SEMAPHORE_ANSWERED) {
			decided_us = now_us();
			c->operations_decided = c->operations;
		} else if (c->todo.done != SEMAPHORE_NOTHING) {
			return 0;
		}
		if (c->todo.op == SEMAPHORE_READY)
			return decided_us;
		c->operations += op_is_io(c->todo.op);
		event = perform(c, &size) < 0 ? SEMAPHORE_IO_FAILED : SEMAPHORE_IO_OK;
	}
}

static void tally_commit(struct tally *tally, const struct contender *c, uint64_t began_us)
{
	tally->took_us[tally->count++] = (uint32_t)(tally->last_us - began_us);
	tally->operations += c->operations;
	if (c->operations_decided > tally->operations_decided)
		tally->operations_decided = c->operations_decided;
	if (c->operations > tally->operations_all)
		tally->operations_all = c->operations;
}

static void contend(const char *path, uint16_t slot, uint64_t until_us, struct tally *tally)
{
	struct contender c = { .io = open_disk(path), .slot = slot };
	struct semaphore_terms terms = {
		.layout = &layout,
		.cluster = cluster,
		.slot = slot,
		.incarnation = random_bits(),
		.latest = new_tables(),
		.next = new_tables(),
	};

	c.buffer = io_buffer(c.io, layout.image_bytes > layout.ballots_bytes ?
					   layout.image_bytes : layout.ballots_bytes);
	c.machine = calloc(1, semaphore_size(&layout));
	if (!c.buffer || !c.machine)
		die("memory");
	semaphore_init(c.machine, &terms);
	c.change = (struct change){
		.host = slot,
		.incarnation = terms.incarnation,
		.kind = CHANGE_LOGON,
		.machine.bytes = { (uint8_t)(slot + 1) },
		.boot.bytes = { 1 },
	};
	if (commit(&c) == 0)	/* learns the tables; not measured */
		_exit(EXIT_FAILURE);
	tally->first_us = now_us();
	do {
		uint64_t began_us = now_us();

		tally->last_us = commit(&c);
		if (tally->last_us == 0)
			_exit(EXIT_FAILURE);
		tally_commit(tally, &c, began_us);
	} while (now_us() < until_us && tally->count < SAMPLES_MAX);
	tally->finished = true;
	_exit(EXIT_SUCCESS);
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static struct result sum_up(const struct tally *tallies, unsigned int contenders)
{
	struct result result = { .contenders = contenders, .all_finished = true };
	uint64_t first_us = UINT64_MAX;
	uint64_t last_us = 0;
	uint32_t *all = calloc((size_t)contenders * SAMPLES_MAX, sizeof(*all));

	if (!all)
		die("memory");
	for (unsigned int i = 0; i < contenders; i++) {
		const struct tally *tally = &tallies[i];

		memcpy(all + result.commits, tally->took_us, tally->count * sizeof(*all));
		result.commits += tally->count;
		result.operations_each += (double)tally->operations;
		if (tally->operations_decided > result.operations_decided)
			result.operations_decided = tally->operations_decided;
		if (tally->operations_all > result.operations_all)
			result.operations_all = tally->operations_all;
		result.all_finished = result.all_finished && tally->finished;
		if (tally->first_us < first_us)
			first_us = tally->first_us;
		if (tally->last_us > last_us)
			last_us = tally->last_us;
	}
	if (result.commits != 0) {
		qsort(all, result.commits, sizeof(*all), compare_u32);
		result.operations_each /= (double)result.commits;
		result.median_us = all[result.commits / 2];
		result.p99_us = all[result.commits - 1 - result.commits / 100];
		result.per_second = (double)result.commits * 1e6 / (double)(last_us - first_us + 1);
	}
	free(all);
	return result;
}

static struct result measure(const char *path, unsigned int contenders, unsigned int seconds,
			     struct tally *tallies)
{
	uint64_t until_us = now_us() + (uint64_t)seconds * 1000000;
	pid_t pids[CONTENDERS_MAX];

	memset(tallies, 0, CONTENDERS_MAX * sizeof(*tallies));
	format(path, layout.sector_size);
	for (unsigned int i = 0; i < contenders; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			die("fork");
		if (pids[i] == 0)
			contend(path, (uint16_t)i, until_us, &tallies[i]);
	}
	for (unsigned int i = 0; i < contenders; i++)
		(void)waitpid(pids[i], NULL, 0);
	return sum_up(tallies, contenders);
}

static void print_json(const struct result *results, unsigned int count)
{
	printf("{\"benchmark\":\"commit\",\"runs\":[");
	for (unsigned int i = 0; i < count; i++)
		printf("%s{\"contenders\":%u,\"commits\":%" PRIu64 ",\"median_us\":%" PRIu32
		       ",\"p99_us\":%" PRIu32 ",\"per_second\":%.1f,\"ratio\":%.3f"
		       ",\"operations_decided\":%" PRIu32 ",\"operations_all\":%" PRIu32
		       ",\"operations_each\":%.1f,\"finished\":%s}",
		       i ? "," : "", results[i].contenders, results[i].commits,
		       results[i].median_us, results[i].p99_us, results[i].per_second,
		       results[i].per_second / results[0].per_second,
		       results[i].operations_decided, results[i].operations_all,
		       results[i].operations_each, results[i].all_finished ? "true" : "false");
	printf("]}\n");
}

/* All sizes over @path; whether all is as it must be. */
static bool run(const char *path, unsigned int seconds)
{
	static const unsigned int sizes[] = { 1, 2, 8, CONTENDERS_MAX };
	struct result results[4];
	bool good = true;
	struct tally *tallies = mmap(NULL, CONTENDERS_MAX * sizeof(*tallies),
				     PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (tallies == MAP_FAILED)
		die("memory");
	printf("contenders  commits  median ms     p99 ms  commits/s   of alone\n");
	for (unsigned int i = 0; i < 4; i++) {
		struct result *result = &results[i];

		*result = measure(path, sizes[i], seconds, tallies);
		printf("%10u %8" PRIu64 " %10.3f %10.3f %10.1f %9.0f%%%s\n", result->contenders,
		       result->commits, result->median_us / 1e3, result->p99_us / 1e3,
		       result->per_second, 100 * result->per_second / results[0].per_second,
		       result->all_finished ? "" : "  NOT ALL FINISHED");
		fflush(stdout);
		good = good && result->all_finished &&
		       3 * result->per_second >= results[0].per_second;
	}
	print_json(results, 4);
	munmap(tallies, CONTENDERS_MAX * sizeof(*tallies));
	return good;
}

static void make_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		die(path);
	if (posix_fallocate(fd, 0, (off_t)layout.total_bytes) != 0)
		die(path);
	close(fd);
}

int main(int argc, char **argv)
{
	static const struct capacity capacity = { .hosts = CONTENDERS_MAX, .volumes = 16,
						  .access = 64 };
	unsigned int seconds = SECONDS_DEFAULT;
	const char *path = FILE_NAME;
	struct io *io;
	bool own;
	bool good;
	int c;

	while ((c = getopt(argc, argv, "s:")) != -1) {
		if (c != 's')
			return 2;
		seconds = (unsigned int)strtoul(optarg, NULL, 10);
	}
	own = optind == argc;
	if (!own)
		path = argv[optind];
	if (layout_make(&layout, SECTOR_MAX, &capacity) < 0)
		return EXIT_FAILURE;
	if (own)
		make_file(path);
	io = open_disk(path);
	if (layout_make(&layout, io->sector_size, &capacity) < 0 ||
	    io->size_bytes < layout.total_bytes) {
		fprintf(stderr, "bench_commit: %s: %" PRIu64 " bytes are needed\n", path,
			layout.total_bytes);
		return EXIT_FAILURE;
	}
	io_close(io);
	good = run(path, seconds);
	if (own)
		(void)unlink(path);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
