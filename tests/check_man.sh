#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check_man - the manual pages are sound mdoc, and name what the program knows:
# every key of the text form stands in volctl-tables(5), every key of the
# configuration in volctl.conf(5), every command of the socket in volctld(8).
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

# What the tables of a C file name, one a line: rows begin with { .key = "...", { .name = "..." or
# { SECTION_..., "...".
names_in()
{
	sed -n 's/^	{ \(\.key = \|\.name = \|SECTION_[A-Z]*, \)"\([a-z-]*\)".*$/\2/p' "$1" |
	sort -u
}

# Every name in file $1 is in an item of page $2.  1 if one is missing, 2 if none is found at all.
names_are_in_page()
{
	names=$(names_in "$1")
	[ -n "$names" ] || return 2
	missing=0
	for name in $names; do
		grep -q "^\.It \(Cm\|Ic\)\( [a-z]* ,\)* $name\( \|\$\)" "$2" && continue
		echo "$2: no entry for $name"
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

	printf '\t{ .key = "uuid", 1 },\n' > "$scratch/a.c"
	printf '.It Ic mount , unmount Cm volume\n' >> "$page"
	printf '\t{ SECTION_A, "unmount", 1 },\n\t{ .name = "mount" },\n' >> "$scratch/a.c"
	names_are_in_page "$scratch/a.c" "$page" || { echo "self-test: all are named"; return 1; }
	for row in '.key = "uu"' '.name = "unmoun"' 'SECTION_A, "stray"'; do
		printf '\t{ %s },\n' "$row" > "$scratch/a.c"
		names_are_in_page "$scratch/a.c" "$page" > /dev/null &&
			{ echo "self-test: $row passed"; return 1; }
	done
	: > "$scratch/a.c"
	names_are_in_page "$scratch/a.c" "$page" && { echo "self-test: nothing passed"; return 1; }
	return 0
}

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

self_test || exit 1
[ "${1-}" != --self-test ] || exit 0

tree=${srcdir:-$(dirname "$0")/..}
failed=0
man_lint "$tree" || failed=1
names_are_in_page "$tree/tables/fields.c" "$tree/tables/volctl-tables.5" || failed=1
names_are_in_page "$tree/daemon/config.c" "$tree/daemon/volctl.conf.5" || failed=1
names_are_in_page "$tree/daemon/commands.c" "$tree/daemon/volctld.8" || failed=1
exit "$failed"
