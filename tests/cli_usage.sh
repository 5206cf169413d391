#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_usage - help, unknown words, wrong usage; and the manual page, the help
# and the program name the same commands, options, columns and exit statuses.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

tree=${srcdir:-$(dirname "$0")/..}
page=$tree/volctl/volctl.8

# The commands that --help lists, one a line.
helped_commands()
{
	"$volctl" --help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\( [a-z]\{1,\}\)\{0,1\}\)  .*/\1/p' | sort
}

# The commands that have an item in the page $1.
paged_commands()
{
	sed -n '/^\.Sh COMMANDS/,/^\.Sh WHAT/s/^\.It Cm \([a-z]*\( [a-z]\{1,\}\)\{0,1\}\).*/\1/p' "$1" | sort
}

# The long options in the help of a command ($*), or of volctl without one.
helped_options()
{
	"$volctl" "$@" --help | sed -n 's/^  \(-., \|    \)--\([a-z-]*\).*/\2/p' | sort -u
}

# The long options that the entry of the command $2 names in the page $1.
paged_options()
{
	awk -v wanted="$2" '
	/^\.Sh / { inside = $2 == "COMMANDS" }
	/^\.(It Cm|Ss|El)/ { here = 0 }
	/^\.It Cm / && inside {
		name = $3
		if ($4 ~ /^[a-z]+$/)
			name = name " " $4
		here = name == wanted
	}
	here {
		for (i = 1; i < NF; i++)
			if ($i == "Fl" && $(i + 1) ~ /^[a-z-]+$/ && $(i + 1) != "m" && $(i + 1) != "a")
				print $(i + 1)
	}' "$1" | sort -u
}

# The long options that are items before the commands: those of all, and of listings.
paged_common_options()
{
	sed -n '/^\.Sh DESCRIPTION/,/^\.Sh COMMANDS/s/^\.It .*Fl Fl \([a-z-]*\).*/\1/p' "$1" | sort
}

# Whether page $1 agrees with the program; prints where it does not.
page_agrees()
{
	helped_commands > "$scratch/helped"
	paged_commands "$1" > "$scratch/paged"
	[ -s "$scratch/helped" ] || { echo 'no commands in the help'; return 1; }
	diff "$scratch/helped" "$scratch/paged" || return 1
	helped_options > "$scratch/global"
	helped_options volumes > "$scratch/common"
	paged_common_options "$1" | diff "$scratch/common" - || return 1
	while read -r name; do
		# shellcheck disable=SC2086 # the name may be two words
		helped_options $name | grep -vxFf "$scratch/common" > "$scratch/helped_options"
		paged_options "$1" "$name" | diff "$scratch/helped_options" - ||
			{ echo "the options of $name differ"; return 1; }
	done < "$scratch/helped"
	sed -n '/^enum exit_status/,/^}/s/.*= \([0-9]*\),.*/\1/p' "$tree/daemon/protocol.h" > "$scratch/statuses"
	[ "$(wc -l < "$scratch/statuses")" = 8 ] || { echo 'not 8 exit statuses'; return 1; }
	sed -n '/^\.Sh EXIT STATUS/,/^\.Sh SEE/s/^\.It \([0-9]*\)$/\1/p' "$1" | diff "$scratch/statuses" - ||
		return 1
	sed -n '/^\.Sh JSON/,/^\.Sh ENV/p' "$1" | tr -s ' ,' '\n' | sort -u > "$scratch/words"
	for key in $(sed -n 's/^	{ "[A-Z-]*", "\([a-z_]*\)", .*/\1/p' "$tree"/volctl/*.c); do
		grep -qx "$key" "$scratch/words" || { echo "no word of the field $key"; return 1; }
	done
}

rule 'the manual page, the help and the program agree'
page_agrees "$page" || wrong 'they differ'

rule 'a page that does not agree is found'
# $1: what sed makes of the page.
disagrees()
{
	sed "$1" "$page" > "$scratch/page"
	cmp -s "$page" "$scratch/page" && wrong "'$1' changes nothing"
	page_agrees "$scratch/page" > /dev/null && wrong "'$1' is not found"
}
disagrees '/^\.It Cm volume enable/d'
disagrees 's/^\.It Cm cancel/&led/'
disagrees 's/ Fl Fl over-readers//'
disagrees 's/Fl Fl until Ns/Fl Fl while Ns/'
disagrees '/^\.It Fl Fl noheadings/d'
disagrees '/^\.It 6$/d'
disagrees 's/holder_count/holders_count/; s/epoch/era/'

rule 'every command has a help of its own, and it is no error'
helped_commands > "$scratch/all"
while read -r name; do
	# shellcheck disable=SC2086 # the name may be two words
	"$volctl" $name --help > "$scratch/out" 2> "$scratch/err" || wrong "$name --help fails"
	grep -q "^Usage: volctl $name " "$scratch/out" || wrong "$name --help has no usage"
	[ ! -s "$scratch/err" ] || wrong "$name --help complains"
done < "$scratch/all"
[ "$(wc -l < "$scratch/all")" = 39 ] || wrong "$(wc -l < "$scratch/all") commands"

rule 'the lines of the help fit 80 columns'
{
	"$volctl" --help
	while read -r name; do
		# shellcheck disable=SC2086 # the name may be two words
		"$volctl" $name --help
	done < "$scratch/all"
} | awk 'length > 80 { print; bad = 1 } END { exit bad }' || wrong 'they do not'

rule 'help and version go to stdout and are a success'
"$volctl" --version > "$scratch/out" 2> "$scratch/err"
[ $? = 0 ] || wrong '--version fails'
grep -q '^volctl [0-9]' "$scratch/out" || wrong "--version says $(cat "$scratch/out")"
"$volctl" volumes --version > "$scratch/again"
cmp -s "$scratch/out" "$scratch/again" || wrong 'a command has another version'

rule 'an unknown word is answered with those that fit'
gives 2 '' "volctl: no command 'requets'; those that fit: requests, request" requets
gives 2 '' "volctl: no command 're'; those that fit: requests, request, release, refresh, resume" re
gives 2 '' "volctl: no command 'hosst'; those that fit: hosts" hosst
gives 2 '' "volctl: no command 'volume'; those that fit: volumes, volume add, volume set, volume remove, volume enable, volume disable" volume
gives 2 '' "volctl: no command 'xyzzy' (volctl --help lists them)" xyzzy
gives 2 '' "volctl: no command 'x??[m' (volctl --help lists them)" "$(printf 'x\033\007[m')"
gives 2 '' 'volctl: no command given (volctl --help lists them)'

rule 'commands of later versions are not named before they are there'
for later in history doctor plan view tui; do
	"$volctl" "$later" > "$scratch/out" 2>&1
	[ $? = 2 ] || wrong "$later is known"
done

rule 'wrong options are wrong usage'
gives 2 '' 'volctl: no option --frobnicate (volctl --help)' --frobnicate
gives 2 '' 'volctl: no option -x (volctl volumes --help)' volumes -x
gives 2 '' 'volctl: no option --wait (volctl volumes --help)' volumes --wait
gives 2 '' 'volctl: option --json=x takes no argument' volumes --json=x
gives 2 '' 'volctl: option --cluster wants an argument' volumes --cluster
gives 2 '' "volctl: --color is auto, always or never, not 'blue'" volumes --color=blue
gives 2 '{
  "error":{
    "code":"usage",
    "exit":2,
    "message":"too many arguments; usage: volctl hosts",
    "object":null
  }
}' '' --json hosts x

exit "$failed"
