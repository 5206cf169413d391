#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# libfuzzer - build fuzz targets with clang's libFuzzer: `make fuzz`.
#
#	libfuzzer.sh SRCDIR DIRECTORY TARGET...
#
# Leaves DIRECTORY/TARGET for each target, which is tests/fuzz/TARGET.c.  Run one with a folder of
# its own for what it finds, and the kept corpus to begin with:
#
#	mkdir found; ./libfuzzer/fuzz_ballot -max_total_time=600 found tests/fuzz/corpus/ballot

set -eu

CLANG=${CLANG:-clang}
SANITIZERS=address,undefined

srcdir=$1
directory=$2
shift 2

compile()
{
	"$CLANG" -std=gnu11 -g -O1 -I"$srcdir" -fsanitize="$SANITIZERS" \
		-fno-sanitize-recover=all "$@"
}

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
echo 'int LLVMFuzzerTestOneInput(const void *d, long n); int LLVMFuzzerTestOneInput(' \
	'const void *d, long n) { return d && n == -1; }' > "$scratch/probe.c"
if ! compile -fsanitize=fuzzer "$scratch/probe.c" -o "$scratch/probe" 2> "$scratch/why"; then
	echo "skipped: $CLANG can not build for libFuzzer: $(head -n 1 "$scratch/why")"
	exit 0
fi

mkdir -p "$directory"
for file in "$srcdir"/tables/*.c "$srcdir/tests/sample.c" "$srcdir/tests/fuzz/libfuzzer.c"; do
	compile -fsanitize=fuzzer-no-link -c "$file" -o "$scratch/$(basename "$file" .c).o"
done
for target in "$@"; do
	compile -fsanitize=fuzzer "$srcdir/tests/fuzz/$target.c" "$scratch"/*.o \
		-o "$directory/$target"
	echo "built $directory/$target"
done
