#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check_purity - tables/ does no I/O, knows no time, allocates nothing, prints nothing and keeps
# no state of its own.
#
# All of libtables.a is linked into one object.  What is still undefined then is what tables/ asks
# of the world: it has to be on the short list below.  And there may be no data to write to.
#
# Sanitizers ask for symbols of their own: where the tree is configured with them, or not built
# yet, the sources are compiled here without.  Every rule is proved on a bad sample before the
# library is looked at; `--self-test` stops after the samples.

set -u
export LC_ALL=C

CC=${CC:-cc}
LD=${LD:-ld}
NM=${NM:-nm}
AR=${AR:-ar}
SIZE=${SIZE:-size}

# Bytes and strings; a failed assertion and a smashed stack; as _FORTIFY_SOURCE spells them; what a
# 32-bit compiler makes of a 64-bit division, and how position independent code finds itself.
allowed=" memchr memcmp memcpy memmem memmove memrchr memset
 strchr strcmp strcspn strlen strncmp strnlen strrchr strspn strstr
 __assert_fail __stack_chk_fail __stack_chk_fail_local
 __memcpy_chk __memmove_chk __memset_chk
 __udivdi3 __umoddi3 __divdi3 __moddi3 _GLOBAL_OFFSET_TABLE_ "
allowed=$(printf '%s' "$allowed" | tr '\n' ' ')

sanitizer_symbols='__(asan|ubsan|tsan|msan|lsan|sanitizer)_'

# Links all of the archive $1 into $scratch/whole.o and prints what it should not have.
# 1 if that is something, 2 if it can not be linked.
purity_check()
{
	$LD -r --whole-archive -o "$scratch/whole.o" "$1" || return 2
	findings=$(
		$NM -u "$scratch/whole.o" | awk '{ print $NF }' | while IFS= read -r symbol; do
			case "$allowed" in
			*" $symbol "*) ;;
			*) echo "$symbol: not on the short list" ;;
			esac
		done
		$SIZE -A "$scratch/whole.o" |
			awk '$1 ~ /^\.t?(data|bss)/ && $1 !~ /^\.data\.rel\.ro/ && $2 > 0 {
				print $1 ": " $2 " bytes that can be written to" }'
		$NM "$scratch/whole.o" | awk '$2 == "C" { print $3 ": can be written to" }'
	)
	[ -n "$findings" ] || return 0
	printf '%s\n' "$findings"
	return 1
}

# Compiles the files $2... into the archive $1, without sanitizers.
archive()
{
	archive_path=$1
	shift
	rm -rf "$scratch/objects" "$archive_path"
	mkdir "$scratch/objects"
	for file in "$@"; do
		object=$scratch/objects/$(basename "$file" .c).o
		$CC -std=gnu11 -O2 -fstack-protector-strong -U_FORTIFY_SOURCE \
			-D_FORTIFY_SOURCE=2 -I"$srcdir" -c "$file" -o "$object" || return 2
	done
	$AR cr "$archive_path" "$scratch/objects"/*.o
}

# A library of a pure file and the C text $1: $2 must be found, or nothing if it is empty.
sample()
{
	printf '%s\n' '#include <string.h>' '#include <assert.h>' \
		'int pure(const char *a) {' \
		'char b[99]; assert(a); memcpy(b, a, 99); return b[98]; }' > "$scratch/pure.c"
	printf '%s\n' "$1" > "$scratch/sample.c"
	if ! archive "$scratch/sample.a" "$scratch/pure.c" "$scratch/sample.c"; then
		echo "self-test: this does not compile: $1" >&2
		self_test_failed=1
		return
	fi
	found=$(purity_check "$scratch/sample.a")
	case "$found" in
	'') [ -z "$2" ] && return ;;
	*"$2"*) [ -n "$2" ] && return ;;
	esac
	echo "self-test: [$1]: expected [$2], found [$found]" >&2
	self_test_failed=1
}

self_test()
{
	self_test_failed=0
	sample 'int f(void); int f(void) { return 1; }' ''
	sample 'static const char *const words[] = { "a" };
		const char *f(int i); const char *f(int i) { return words[i]; }' ''
	sample 'int pure(const char *a); int f(void); int f(void) { return pure("a"); }' ''
	sample '#include <stdio.h>
		void f(int i); void f(int i) { printf("%d\n", i); }' 'printf'
	sample '#include <stdio.h>
		void f(char *s); void f(char *s) { snprintf(s, 9, "%p", s); }' 'snprintf'
	sample '#include <stdlib.h>
		void *f(void); void *f(void) { return malloc(1); }' 'malloc'
	sample '#include <string.h>
		char *f(char *s); char *f(char *s) { return strdup(s); }' 'strdup'
	sample '#include <time.h>
		long f(void); long f(void) { return time(NULL); }' 'time: not'
	sample '#include <errno.h>
		int f(void); int f(void) { return errno; }' '__errno_location'
	sample '#include <unistd.h>
		long f(void); long f(void) { return write(1, "", 1); }' 'write'
	sample 'int f(void); int f(void) { static int calls; return ++calls; }' 'bss'
	sample 'int f(void); int f(void) { static int calls = 7; return ++calls; }' 'data'
	sample 'int shared = 1;' 'data'
	sample 'const char *words[] = { "a", "b" };' 'data'
	[ "$self_test_failed" = 0 ]
}

# The library that was built here if it will do, else one made of the sources.
library()
{
	if [ -f libtables.a ] &&
	   ! $NM libtables.a 2> /dev/null | grep -Eq "$sanitizer_symbols"; then
		echo libtables.a
		return
	fi
	archive "$scratch/libtables.a" "$srcdir"/tables/*.c && echo "$scratch/libtables.a"
}

srcdir=${srcdir:-$(dirname "$0")/..}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

for tool in "$CC" "$LD" "$NM" "$AR" "$SIZE"; do
	# Only the first word: CC may carry options.
	if ! command -v "${tool%% *}" > /dev/null; then
		echo "skipped: no ${tool%% *}"
		exit 77
	fi
done
self_test || exit 1
[ "${1:-}" != --self-test ] || exit 0
library=$(library) || exit 1
purity_check "$library"
