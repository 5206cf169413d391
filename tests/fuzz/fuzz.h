/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fuzz - what a fuzz target offers, and what it is run by.
 *
 * A target is a file fuzz_<what>.c with LLVMFuzzerTestOneInput().  `make check`
 * runs it under driver.c: over the kept corpus, then over many seeded
 * mutations.  `make fuzz` builds it with clang's libFuzzer and libfuzzer.c, to be
 * run for as long as one likes.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/chance.h"

/* The target: any bytes.  It stops the program if what it promises does not hold. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Both are optional.  fuzz_sample: a random valid input of at most @max bytes, returns its size.
 * fuzz_mend: make the checksums hold, so that the contents are looked at.
 */
size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max) __attribute__((weak));
void fuzz_mend(uint8_t *data, size_t size) __attribute__((weak));

/* Told by a target with fuzz_mend(): how far an input came. */
enum fuzz_depth {
	FUZZ_REFUSED,		/* before the contents were looked at */
	FUZZ_SENSELESS,		/* for its contents */
	FUZZ_ACCEPTED,
};
void fuzz_saw(enum fuzz_depth depth);

/* Stays in when assert() is compiled out, and says what was promised. */
#define FUZZ_MUST(promise) \
	do { \
		if (!(promise)) { \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #promise); \
			abort(); \
		} \
	} while (0)
