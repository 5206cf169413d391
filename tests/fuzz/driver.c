/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * driver - runs a fuzz target without a fuzzer.
 *
 *	fuzz_<what>              the corpus, then mutations
 *	fuzz_<what> FILE...      those inputs only
 *	fuzz_<what> --make DIR   write samples for the corpus into a directory
 *
 * FUZZ_SEED, FUZZ_ROUNDS and FUZZ_SECONDS change where the mutations begin and
 * end.  Round N of seed S is round 0 of seed S + N, so that a failure is seen
 * again alone.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define INPUT_BYTES_MAX (256 * 1024)
#define PATH_BYTES 4096
#define CORPUS_FILES_MAX 256
#define SAMPLES_MADE 4
#define ROUNDS 50000
#define SECONDS 3

struct input {
	char *name;
	uint8_t *data;
	size_t size;
};

static struct input corpus[CORPUS_FILES_MAX];
static unsigned int corpus_count;
static uint64_t depths[FUZZ_ACCEPTED + 1];

static uint8_t buffer[INPUT_BYTES_MAX];
static const char *current_name = "nothing";
static uint64_t current_seed;

/* Of address and undefined behaviour sanitizer, where the program is built with one. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

void fuzz_saw(enum fuzz_depth depth)
{
	depths[depth]++;
}

static void tell_where(void)
{
	fprintf(stderr, "while at %s, FUZZ_SEED=%" PRIu64 " FUZZ_ROUNDS=1\n", current_name,
		current_seed);
}

static void tell_where_and_die(int number)
{
	tell_where();
	signal(number, SIG_DFL);
	raise(number);
}

static void die(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static uint64_t setting(const char *name, uint64_t otherwise)
{
	const char *value = getenv(name);

	return value ? strtoull(value, NULL, 10) : otherwise;
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* In memory of the exact size, so that a sanitizer sees a read beyond the end. */
static void run(const char *name, const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		die("input");
	if (size)
		memcpy(copy, data, size);
	current_name = name;
	LLVMFuzzerTestOneInput(copy, size);
	free(copy);
}

static void load(const char *path)
{
	struct input *input = &corpus[corpus_count];
	FILE *file = fopen(path, "rb");

	if (corpus_count == CORPUS_FILES_MAX) {
		errno = E2BIG;
		die(path);
	}
	if (!file)
		die(path);
	input->size = fread(buffer, 1, sizeof(buffer), file);
	input->data = malloc(input->size ? input->size : 1);
	input->name = strdup(path);
	if (ferror(file) || !input->data || !input->name)
		die(path);
	memcpy(input->data, buffer, input->size);
	fclose(file);
	corpus_count++;
}

/* What is called whole-... is of this format, and has to be accepted for as long as it lives. */
static void run_corpus(void)
{
	for (unsigned int i = 0; i < corpus_count; i++) {
		char *path = strdup(corpus[i].name);
		bool whole = path && strncmp(basename(path), "whole-", 6) == 0;
		uint64_t accepted = depths[FUZZ_ACCEPTED];

		free(path);
		run(corpus[i].name, corpus[i].data, corpus[i].size);
		FUZZ_MUST(!whole || depths[FUZZ_ACCEPTED] > accepted);
	}
}

static void load_directory(const char *directory)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);

	if (count < 0 && errno == ENOENT && !fuzz_sample)
		return;
	if (count < 0)
		die(directory);
	for (int i = 0; i < count; i++) {
		char path[PATH_BYTES + sizeof(entries[i]->d_name)];

		snprintf(path, sizeof(path), "%s/%s", directory, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			load(path);
		free(entries[i]);
	}
	free(entries);
}

/* One of the numbers that bounds are made of, more often than not. */
static uint64_t draw_number(struct chance *chance)
{
	static const uint64_t bounds[] = {
		0, 1, 2, 3, 4, 5, 15, 16, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 513, 1023,
		1024, 4095, 4096, 16384, UINT16_MAX, UINT32_MAX, INT32_MAX, UINT64_MAX,
	};

	if (chance_below(chance, 4) == 0)
		return chance_draw(chance);
	return bounds[chance_below(chance, sizeof(bounds) / sizeof(bounds[0]))];
}

static void put_number(struct chance *chance, uint8_t *data, size_t size)
{
	uint64_t number = draw_number(chance);
	size_t bytes = (size_t)1 << chance_below(chance, 4);
	size_t at = chance_below(chance, size);

	for (size_t i = 0; i < bytes && at + i < size; i++)
		data[at + i] = (uint8_t)(number >> 8 * i);
}

/* Copy, or move apart, a piece: rows twice, rows missing, strings of another length. */
static size_t move_piece(struct chance *chance, uint8_t *data, size_t size)
{
	size_t from = chance_below(chance, size);
	size_t to = chance_below(chance, size);
	size_t most = size - (from > to ? from : to);
	size_t len = 1 + chance_below(chance, most < 64 ? most : 64);

	if (chance_below(chance, 2) == 0) {
		memmove(data + to, data + from, len);
		return size;
	}
	if (size + len > INPUT_BYTES_MAX)
		return size;
	memmove(data + to + len, data + to, size - to);
	return size + len;
}

static size_t mutate(struct chance *chance, uint8_t *data, size_t size)
{
	if (size == 0) {
		data[0] = (uint8_t)chance_draw(chance);
		return 1;
	}
	switch (chance_below(chance, 16)) {
	case 0:
		return chance_below(chance, size + 1);
	case 1:
	case 2:
		return move_piece(chance, data, size);
	case 3:
		memset(data + chance_below(chance, size), 0, 1);
		return size;
	case 4:
	case 5:
	case 6:
		data[chance_below(chance, size)] ^= (uint8_t)(1 << chance_below(chance, 8));
		return size;
	case 7:
		/* The last fields of the head and the first of the contents matter most. */
		put_number(chance, data, size < 128 ? size : 128);
		return size;
	default:
		put_number(chance, data, size);
		return size;
	}
}

/* Where a round begins: a sample of its own, an input of the corpus, or noise. */
static size_t draw_input(struct chance *chance)
{
	if (fuzz_sample && chance_below(chance, 4) != 0)
		return fuzz_sample(chance, buffer, sizeof(buffer));
	if (corpus_count > 0 && chance_below(chance, 16) != 0) {
		const struct input *input = &corpus[chance_below(chance, corpus_count)];

		memcpy(buffer, input->data, input->size);
		return input->size;
	}
	chance_fill(chance, buffer, 1024);
	return chance_below(chance, 1024 + 1);
}

static void run_round(uint64_t seed)
{
	struct chance chance = { .state = seed };
	size_t size = draw_input(&chance);
	uint64_t mutations = chance_below(&chance, 6);

	for (uint64_t i = 0; i < mutations; i++)
		size = mutate(&chance, buffer, size);
	if (fuzz_mend && chance_below(&chance, 2) == 0)
		fuzz_mend(buffer, size);
	run("a mutation", buffer, size);
}

static void run_mutations(const char *program)
{
	const uint64_t seed = setting("FUZZ_SEED", 1);
	const uint64_t rounds = setting("FUZZ_ROUNDS", ROUNDS);
	const uint64_t end_ms = now_ms() + setting("FUZZ_SECONDS", SECONDS) * 1000;
	uint64_t round;

	for (round = 0; round < rounds && now_ms() < end_ms; round++) {
		current_seed = seed + round;
		run_round(current_seed);
	}
	printf("%s: %u kept inputs, %" PRIu64 " mutations", program, corpus_count, round);
	if (fuzz_mend)
		printf(": %" PRIu64 " refused, %" PRIu64 " senseless, %" PRIu64 " accepted",
		       depths[FUZZ_REFUSED], depths[FUZZ_SENSELESS], depths[FUZZ_ACCEPTED]);
	printf("\n");
	/* A run that never gets past the checksum proves nothing about what is behind it. */
	if (fuzz_mend && round >= 1000)
		FUZZ_MUST(depths[FUZZ_REFUSED] && depths[FUZZ_SENSELESS] && depths[FUZZ_ACCEPTED]);
}

static void make_samples(const char *directory)
{
	for (unsigned int i = 0; i < SAMPLES_MADE; i++) {
		struct chance chance = { .state = i };
		size_t size = fuzz_sample(&chance, buffer, sizeof(buffer));
		char path[PATH_BYTES];
		FILE *file;

		snprintf(path, sizeof(path), "%s/whole-%u", directory, i);
		file = fopen(path, "wb");
		if (!file || fwrite(buffer, 1, size, file) != size || fclose(file) != 0)
			die(path);
	}
}

/* tests/fuzz/corpus/ballot for a program that is called fuzz_ballot. */
static void load_corpus(const char *program)
{
	const char *srcdir = getenv("srcdir");
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/%s", srcdir ? srcdir : ".",
		 strncmp(program, "fuzz_", 5) == 0 ? program + 5 : program);
	load_directory(path);
}

int main(int argc, char **argv)
{
	const char *program = basename(argv[0]);

	signal(SIGABRT, tell_where_and_die);
	signal(SIGSEGV, tell_where_and_die);
	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(tell_where);

	if (argc == 3 && strcmp(argv[1], "--make") == 0 && fuzz_sample) {
		make_samples(argv[2]);
		return EXIT_SUCCESS;
	}
	for (int i = 1; i < argc; i++)
		load(argv[i]);
	if (argc == 1)
		load_corpus(program);
	run_corpus();
	if (argc == 1)
		run_mutations(program);
	return EXIT_SUCCESS;
}
