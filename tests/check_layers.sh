#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check_layers - who may include whom.
#
#	volctl, tui --> daemon/protocol.h --> (nothing)
#	daemon --> tables --> (nothing)          tests --> everything
#
# Every rule is proved on a bad sample before the tree is looked at.
# `--self-test` stops after the samples, `--tree DIR` looks at another tree.

set -u
export LC_ALL=C

# Headers of libc that bring neither I/O nor time nor memory nor threads.
harmless=" assert.h errno.h inttypes.h limits.h stdalign.h stdbool.h stddef.h stdint.h string.h "

# Prints nothing if file $1 of folder $2 may include $3 (as written, with its < or "), else why not.
layer_objection()
{
	case "$2:$3" in
	tables:\"tables/*) ;;
	tables:\<*)
		name=${3#<}
		case "$harmless" in
		*" ${name%>} "*) ;;
		*) echo "tables/ is pure and may not include $3" ;;
		esac
		;;
	tables:*) echo "tables/ includes only tables/, not $3" ;;
	tests:*) ;;
	*:\"tests/*) echo "only tests/ includes tests/, not $2/" ;;
	*:\<*) ;;
	*:\"config.h\") ;;
	daemon:\"daemon/* | daemon:\"tables/*) ;;
	volctl:\"volctl/* | volctl:\"tables/*) ;;
	volctl:\"daemon/protocol.h\" | volctl:\"daemon/io.h\") ;;
	tui:\"tui/* | tui:\"volctl/libvolctl.h\" | tui:\"daemon/protocol.h\") ;;
	*) echo "$2/ may not include $3" ;;
	esac
}

# Looks at the tree at $1; prints what it finds.  1 if that is something, 2 if there is no tree.
layers_check()
{
	[ -d "$1/tables" ] || return 2
	findings=$(cd "$1" && for folder in tables daemon volctl tui tests; do
		[ ! -d "$folder" ] || find "$folder" -name '*.[ch]'
	done | sort | while IFS= read -r file; do
		sed -n 's/^[ 	]*#[ 	]*include[ 	]*\([<"][^>"]*[>"]\).*/\1/p' "$file" |
		while IFS= read -r header; do
			objection=$(layer_objection "$file" "${file%%/*}" "$header")
			[ -z "$objection" ] || echo "$file: $objection"
		done
	done)
	[ -n "$findings" ] || return 0
	printf '%s\n' "$findings"
	return 1
}

# A tree in $scratch whose file $1 includes $2; $3 is yes if it may.
sample()
{
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/tables" "$scratch/tree/$(dirname "$1")"
	printf '#include %s\n' "$2" > "$scratch/tree/$1"
	if layers_check "$scratch/tree" > "$scratch/found"; then found=yes; else found=no; fi
	[ "$found" != "$3" ] || return 0
	echo "self-test: $1 includes $2: expected $3, found $found" >&2
	self_test_failed=1
}

self_test()
{
	self_test_failed=0
	sample tables/a.c '<string.h>' yes
	sample tables/a.c '"tables/b.h"' yes
	sample tables/a.h '<stdio.h>' no
	sample tables/a.c '<stdlib.h>' no
	sample tables/a.c '<sys/types.h>' no
	sample tables/a.c '<time.h>' no
	sample tables/a.c '"config.h"' no
	sample tables/a.c '"daemon/io.h"' no
	sample tables/a.c '"b.h"' no
	sample daemon/a.c '"tables/b.h"' yes
	sample daemon/a.c '<json-c/json.h>' yes
	sample daemon/a.c '"config.h"' yes
	sample daemon/a.c '"volctl/libvolctl.h"' no
	sample daemon/a.h '"tests/lab.h"' no
	sample daemon/a.c '"b.h"' no
	sample volctl/a.c '"tables/b.h"' yes
	sample volctl/a.c '"daemon/protocol.h"' yes
	sample volctl/a.c '"daemon/io.h"' yes
	sample volctl/a.c '"daemon/host.h"' no
	sample volctl/a.c '"tui/a.h"' no
	sample volctl/a.c '"tests/a.h"' no
	sample tui/a.c '"volctl/libvolctl.h"' yes
	sample tui/a.c '"volctl/command.h"' no
	sample tui/a.c '"tables/b.h"' no
	sample tests/sim/a.c '"daemon/host.h"' yes
	sample tests/a.c '<stdio.h>' yes
	return "$self_test_failed"
}

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

self_test || exit 1
[ "${1-}" != --self-test ] || exit 0

tree=${srcdir:-$(dirname "$0")/..}
[ "${1-}" != --tree ] || tree=$2
layers_check "$tree"
