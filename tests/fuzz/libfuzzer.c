/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libFuzzer needs to get past the checksums. */
#include "tests/fuzz/fuzz.h"

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);

/* Half of all inputs keep the wrong checksum that a mutation leaves. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size = LLVMFuzzerMutate(data, size, max);
	if (fuzz_mend && seed & 1)
		fuzz_mend(data, size);
	return size;
}

void fuzz_saw(enum fuzz_depth depth)
{
	(void)depth;
}
