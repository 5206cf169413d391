#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check_man - the manual pages are sound mdoc, and name what the program knows:
# every key of the text form stands in volctl-tables(5).
#
# `--self-test` stops after the proof that bad pages are found.

set -u
export LC_ALL=C

if ! command -v mandoc > /dev/null; then
	echo "mandoc is not installed"
	exit 77
fi

man_pages()
{
	find "$1/tables" "$1/daemon" "$1/volctl" "$1/tui" -name '*.[1-8]' 2>/dev/null | sort
}

# Lints all pages of the tree at $1.  1 if one is bad, 2 if there are none.
man_lint()
{
	pages=$(man_pages "$1")
	[ -n "$pages" ] || return 2
	lint=0
	for page in $pages; do
		mandoc -Tlint -Wwarning "$page" || lint=1
	done
	return "$lint"
}

# The keys in the text form's table of fields (fields.c), one a line.
form_keys()
{
	sed -n 's/^[ 	]*{ *\.key = "\([a-z-]*\)".*$/\1/p' "$1" | sort -u
}

# Every key of file $1 is an item of page $2.  1 if one is missing, 2 if no key is found at all.
keys_are_named()
{
	keys=$(form_keys "$1")
	[ -n "$keys" ] || return 2
	missing=0
	for key in $keys; do
		grep -q "^\.It Cm $key\( \|\$\)" "$2" && continue
		echo "$2: no entry for $key"
		missing=1
	done
	return "$missing"
}

self_test()
{
	mkdir -p "$scratch/tree/tables"
	page=$scratch/tree/tables/a.5
	man_lint "$scratch/tree" && { echo "self-test: no page passed for clean pages"; return 1; }
	printf '.Dd November 20, 2026\n.Dt A 5\n.Os\n.Sh NAME\n.Nm a\n.Nd a page\n' > "$page"
	man_lint "$scratch/tree" || { echo "self-test: a good page is refused"; return 1; }
	printf '.Sh LAST\n.Bl -tag -width Ds\n.It Cm uuid\n.El\n.It stray\n' >> "$page"
	man_lint "$scratch/tree" > /dev/null && { echo "self-test: a bad page passed"; return 1; }

	printf '\t{ .key = "uuid", 1 },\n' > "$scratch/fields.c"
	keys_are_named "$scratch/fields.c" "$page" || { echo "self-test: uuid is named"; return 1; }
	printf '\t{ .key = "uu", 1 },\n' >> "$scratch/fields.c"
	keys_are_named "$scratch/fields.c" "$page" > /dev/null &&
		{ echo "self-test: a missing key passed"; return 1; }
	return 0
}

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

self_test || exit 1
[ "${1-}" != --self-test ] || exit 0

tree=${srcdir:-$(dirname "$0")/..}
failed=0
man_lint "$tree" || failed=1
keys_are_named "$tree/tables/fields.c" "$tree/tables/volctl-tables.5" || failed=1
exit "$failed"
