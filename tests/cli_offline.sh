#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_offline - format, check, dump and template: on a plain file, with no daemon.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

device=$scratch/control
form=$scratch/form
truncate -s 4M "$device"
cat > "$form" <<'END'
[cluster]
name = studio
[host edit1]
[volume media]
uuid = 0a1b
mount-point = /volumes/media
END

# What the command gives on stdout but for numbers, which are others' to test.
shape()
{
	sed 's/[0-9]\{1,\}/N/g' "$scratch/out"
}

rule 'format wants a template, and room within the limits'
gives 2 '' 'volctl: format wants --template FILE (volctl template prints one to begin with)' \
	format "$device"
gives 2 '' "volctl: --hosts is a number from 1 to 256, not '257'" \
	format "$device" --template "$form" --hosts 257
gives 2 '' "volctl: --hosts is a number from 1 to 256, not '0'" \
	format "$device" --template "$form" --hosts 0
gives 2 '' "volctl: --volumes is a number from 1 to 1024, not '-1'" \
	format "$device" --template "$form" --volumes -1
gives 2 '' "volctl: --volumes is a number from 1 to 1024, not '9x'" \
	format "$device" --template "$form" --volumes 9x
gives 3 '' "volctl: can not read $scratch/none: No such file or directory" \
	format "$device" --template "$scratch/none"

rule 'errors in the template are told with their places, and nothing is written'
printf '[cluster]\nname = studio\n[host a]\nvlid = yes\n' > "$scratch/bad"
cp "$device" "$scratch/before"
"$volctl" format "$device" --template "$scratch/bad" > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
grep -q "^volctl: $scratch/bad:4:1: " "$scratch/err" || wrong "$(cat "$scratch/err")"
cmp -s "$device" "$scratch/before" || wrong 'something was written'

rule 'a dry run prints the sizes and writes nothing'
"$volctl" format "$device" --template "$form" --dry-run > "$scratch/dry" 2> "$scratch/err" ||
	wrong "$(cat "$scratch/err")"
cmp -s "$device" "$scratch/before" || wrong 'something was written'

rule 'what was never formatted can not be read: 7'
"$volctl" check "$device" > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 7 ] || wrong "exit status $status"
grep -q "^$device can not be read as a control device$" "$scratch/out" || wrong "$(cat "$scratch/out")"

rule 'format prints the sizes; what it wrote is whole: 0'
"$volctl" format "$device" --template "$form" > "$scratch/out" 2> "$scratch/err" ||
	wrong "$(cat "$scratch/err")"
compare 'the sizes' "$(cat "$scratch/dry")" "$(cat "$scratch/out")"
compare 'their shape' 'cluster    studio
capacity   N hosts, N volumes
sector     N bytes
ballots    N bytes
beats      N bytes
images     N bytes, each up to N
in all     N bytes of N' "$(shape)"
gives 0 "$device is whole, tables of version 1" '' check "$device"

rule 'a device that holds tables is refused unless forced'
"$volctl" format "$device" --template "$form" > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
grep -q studio "$scratch/err" || wrong 'what it holds is not told'
"$volctl" format "$device" --template "$form" --force --hosts 2 --volumes 3 --json > "$scratch/out" \
	2> "$scratch/err" || wrong "$(cat "$scratch/err")"
grep -q '"hosts":2,' "$scratch/out" && grep -q '"volumes":3,' "$scratch/out" ||
	wrong "$(cat "$scratch/out")"

rule 'the template may come from the standard input'
"$volctl" format "$device" --template - --force < "$form" > "$scratch/out" 2> "$scratch/err" ||
	wrong "$(cat "$scratch/err")"

rule 'dump shows the tables, also as JSON'
"$volctl" dump "$device" > "$scratch/out" 2> "$scratch/err" || wrong "$(cat "$scratch/err")"
grep -q '^superblock: ' "$scratch/out" || wrong 'no superblock'
"$volctl" dump "$device" --json > "$scratch/out" || wrong 'no JSON'
grep -q '"mount-point = /volumes/media\|mount-point = /volumes/media' "$scratch/out" ||
	wrong 'no tables in the JSON'

rule 'damage is exit status 1, each block named, also as JSON'
dd if=/dev/zero of="$device" bs=512 count=1 conv=notrunc status=none
"$volctl" check "$device" > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
grep -q '^superblock, ' "$scratch/out" || wrong 'the block is not named'
grep -q "^$device is damaged in 1 block; its tables are whole$" "$scratch/out" ||
	wrong "$(cat "$scratch/out")"
"$volctl" check --json "$device" > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
grep -q '"state":"damaged"' "$scratch/out" || wrong "$(cat "$scratch/out")"

rule 'repair shows the difference, and does nothing in a dry run or without a yes'
cp "$device" "$scratch/before"
"$volctl" check "$device" --repair --dry-run > "$scratch/dry" 2> "$scratch/err" ||
	wrong "$(cat "$scratch/err")"
[ -s "$scratch/dry" ] || wrong 'no difference is shown'
cmp -s "$device" "$scratch/before" || wrong 'the dry run wrote'
"$volctl" check "$device" --repair > "$scratch/out" 2> "$scratch/err" < /dev/null
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
grep -q 'nothing is done without --yes' "$scratch/err" || wrong "$(cat "$scratch/err")"
cmp -s "$device" "$scratch/before" || wrong 'it wrote without a yes'

rule 'repair makes it whole again; tables that were whole stand'
"$volctl" check "$device" --repair --yes > "$scratch/out" 2> "$scratch/err" ||
	wrong "$(cat "$scratch/err")"
grep -q '^volctl: repaired: the tables of version 1 stand$' "$scratch/err" ||
	wrong "$(cat "$scratch/err")"
gives 0 "$device is whole, tables of version 1" '' check "$device"
gives 0 '' 'volctl: nothing to repair' check "$device" --repair
gives 2 '' 'volctl: --dry-run goes with --repair' check "$device" --dry-run

rule 'what is no device is told'
gives 3 '' "volctl: $scratch/none: no such device" check "$scratch/none"
gives 3 '' "volctl: $scratch/none: no such device" dump "$scratch/none"
gives 3 '' "volctl: $scratch/none: no such device" format "$scratch/none" --template "$form"

rule 'the template is a text form to begin with'
"$volctl" template > "$scratch/out" 2> "$scratch/err" || wrong "$(cat "$scratch/err")"
grep -q '^\[cluster\]$' "$scratch/out" || wrong 'no [cluster]'
truncate -s 32M "$scratch/other"
"$volctl" format "$scratch/other" --template "$scratch/out" --dry-run > /dev/null 2> "$scratch/err" ||
	wrong "$(cat "$scratch/err")"

exit "$failed"
