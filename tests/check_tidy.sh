#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# check_tidy - the house rules that a machine can see.
#
# Every rule is proved on a bad sample before the tree is looked at, so that a
# rule that no longer finds anything can not pass for a clean tree.
# `--self-test` stops after the samples, `--tree DIR` looks at another tree.

set -u
export LC_ALL=C

# In two pieces, so that this file keeps its own rules.
leftovers="FIX""ME|TO""DO|XX""X"
machine_paths="/wo""rk/|/ho""me/|/ro""ot/"
banned='strcpy|strcat|sprintf|vsprintf|gets|system|strtok'

columns_max=100

# Prints "FILE:LINE: what is wrong" for each line of file $1 that breaks a rule of its kind ($2).
tidy_lines()
{
	awk -v file="$1" -v kind="$2" -v shown="$3" -v columns_max="$columns_max" \
	    -v leftovers="(^|[^A-Za-z0-9_])($leftovers)([^A-Za-z0-9_]|\$)" \
	    -v banned="(^|[^A-Za-z0-9_])($banned)[(]" \
	    -v machine_paths="$machine_paths" '
	function complain(text) {
		printf "%s:%d: %s\n", shown, NR, text
	}
	# Columns with tabs of 8; the bytes that continue a UTF-8 character take none.
	function columns(line,    count, i, c) {
		gsub(/[\200-\277]/, "", line)
		count = 0
		for (i = 1; i <= length(line); i++) {
			c = substr(line, i, 1)
			count = c == "\t" ? count + 8 - count % 8 : count + 1
		}
		return count
	}
	NR <= 2 && /SPDX-License-Identifier: LGPL-2.1-or-later/ { spdx = 1 }
	/^#pragma once$/ { once = 1 }
	/[ \t]$/ { complain("blanks at the end of the line") }
	$0 ~ leftovers { complain("a leftover note to oneself") }
	$0 ~ machine_paths { complain("a path of somebody'\''s machine") }
	# Scripts hold lines of data that must stay whole.
	kind == "c" && columns($0) > columns_max {
		complain("longer than " columns_max " columns")
	}
	kind == "c" && (/^ +[^ *]/ || /^\t* +\t/ || /^\t*        /) {
		complain("indented by blanks, not tabs")
	}
	kind == "c" && $0 !~ /^[ \t]*(\/?\*|\/\/)/ && $0 ~ banned { complain("a banned call") }
	/\r$/ { complain("a carriage return") }
	END {
		if (kind != "text" && !spdx)
			printf "%s:1: no SPDX-License-Identifier line\n", shown
		if (file ~ /\.h$/ && !once)
			printf "%s:1: a header without #pragma once\n", shown
	}' "$1"
}

# "c", "script" or "text": what rules a file has to keep.  Nothing: none.
tidy_kind()
{
	case "$1" in
	*.c | *.h) echo c ;;
	*.sh | */bootstrap | */.ci/run) echo script ;;
	*.am | *.ac | *.md | *.[1-8] | *.pml | */tests/README | */.clang-format) echo text ;;
	esac
}

tidy_tree()
{
	for dir in "$1/tables" "$1/daemon" "$1/volctl" "$1/tui" "$1/tests" "$1/.ci"; do
		[ ! -d "$dir" ] || find "$dir" -type f ! -path '*/.deps/*'
	done | sort
	for file in "$1/bootstrap" "$1/README.md" "$1/Makefile.am" "$1/configure.ac" \
		    "$1/.clang-format"; do
		[ ! -f "$file" ] || echo "$file"
	done
}

# Looks at the tree at $1; prints what it finds.  1 if that is something, 2 if there is no tree.
tidy_check()
{
	findings=$(tidy_tree "$1" | while IFS= read -r file; do
		kind=$(tidy_kind "$file")
		[ -z "$kind" ] || tidy_lines "$file" "$kind" "${file#"$1"/}"
	done)
	[ -n "$(tidy_tree "$1")" ] || return 2
	[ -n "$findings" ] || return 0
	printf '%s\n' "$findings"
	return 1
}

# A tree in $scratch with one file: $1 its path, $2 its text (printf), $3 what must be found.
sample()
{
	rm -rf "$scratch/tree"
	mkdir -p "$scratch/tree/$(dirname "$1")"
	# shellcheck disable=SC2059 # the text is a format on purpose
	printf "$2" > "$scratch/tree/$1"
	found=$(tidy_check "$scratch/tree")
	case "$found" in
	'') [ -z "$3" ] && return ;;
	*"$3"*) [ -n "$3" ] && return ;;
	esac
	echo "self-test: $1 with [$2]: expected [$3], found [$found]" >&2
	self_test_failed=1
}

self_test()
{
	c='/* SPDX-License-Identifier: LGPL-2.1-or-later */\n'
	sh='#!/bin/sh\n# SPDX-License-Identifier: LGPL-2.1-or-later\n'
	full=$(printf '%092d' 0)
	self_test_failed=0

	sample tables/a.c "${c}int a(void)\n{\n\treturn f(1,\n\t\t 2);\n}\n" ''
	sample tables/a.h "${c}#pragma once\n" ''
	sample tests/a.sh "${sh}mktemp -d x.XXXXXX\n    indented\n" ''
	sample tables/a.c "${c}\t${full}\n" ''
	sample tables/a.c "${c}\t${full}0\n" 'longer than 100'
	sample tables/a.c "${c}/* ä${full}12345 */\n" 'longer than 100'
	sample tests/a.sh "${sh}${full}${full}\n" ''
	sample tables/a.c "${c}/* ä${full}1 */\n" ''
	sample tables/a.c 'int a;\n' 'no SPDX'
	sample tests/a.sh '#!/bin/sh\n' 'no SPDX'
	sample tables/a.h "${c}" 'without #pragma once'
	sample tables/a.c "${c}int a; \n" 'blanks at the end'
	sample tests/a.sh "${sh}true\t\n" 'blanks at the end'
	sample daemon/a.c "${c}        int a;\n" 'indented by blanks'
	sample daemon/a.c "${c}    int a;\n" 'indented by blanks'
	sample daemon/a.c "${c}\t        int a;\n" 'indented by blanks'
	sample daemon/a.c "${c}/*\n *   a table in a comment\n */\n" ''
	sample daemon/a.c "${c}/* FIX""ME: later */\n" 'leftover'
	sample README.md "TO""DO\n" 'leftover'
	sample daemon/a.c "${c}struct semaphore_todo todo;\n" ''
	sample daemon/a.c "${c}/* /wo""rk/main */\n" 'path of somebody'
	sample README.md "cd /ho""me/someone\n" 'path of somebody'
	for call in strcpy strcat sprintf vsprintf gets system strtok; do
		sample volctl/a.c "${c}\t${call}(a);\n" 'banned call'
		sample volctl/a.c "${c}\tmy_${call}(a);\n" ''
	done
	sample volctl/a.c "${c}\tsnprintf(a, 1, b);\n" ''
	sample volctl/a.c "${c} * what system() would do\n" ''
	sample volctl/a.c "${c}int a;\r\n" 'carriage return'
	return "$self_test_failed"
}

scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT

self_test || exit 1
[ "${1-}" != --self-test ] || exit 0

tree=${srcdir:-$(dirname "$0")/..}
[ "${1-}" != --tree ] || tree=$2
tidy_check "$tree"
