#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_tables - what changes the tables: host, volume, access, export, import, and the password.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

# The daemon takes one command ($1, subset of JSON) and says $2.
serve_one()
{
	serve <<END
expect $1
send {"id":\$ID,"result":$2}
closed
END
}

done9='{"version":9,"changed":true}'

rule 'host, volume and access make fragments of the text form'
serve_one '{"command":"set","arguments":{"mode":"add","text":"[host edit3]\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' host add edit3
serve_one '{"command":"set","arguments":{"mode":"set","text":"[host edit3]\nanswer = auto\nnotify = no\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' host set edit3 answer=auto notify=no
serve_one '{"command":"set","arguments":{"mode":"add","text":"[volume media]\nuuid = 0a1b\nmount-point = /volumes/media\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' \
	volume add media uuid=0a1b mount-point=/volumes/media
serve_one '{"command":"set","cluster":"studio","arguments":{"mode":"set","text":"[volume media]\nmin-hold = 5s\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' volume set studio/media min-hold=5s
serve_one '{"command":"set","arguments":{"mode":"set","text":"[access media edit2]\nwrite = never\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' access set media edit2 write=never
serve_one '{"command":"set","arguments":{"text":"[volume media]\nenabled = yes\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' volume enable media
serve_one '{"command":"set","arguments":{"text":"[volume media]\nenabled = no\n"}}' \
	'{"version":8,"changed":false}'
gives 0 '' 'volctl: nothing to change' volume disable media

rule 'values are quoted where they need it'
# $1: the value, $2: as it must stand in the fragment (in JSON).
quoted()
{
	serve_one "{\"arguments\":{\"text\":\"[volume m]\\noptions = $2\\n\"}}" "$done9"
	gives 0 '' 'volctl: done, the tables are of version 9' volume set m "options=$1"
}
quoted 'noatime,discard' 'noatime,discard'
quoted '' ''
quoted 'a b' 'a b'
quoted 'a=b' 'a=b'
quoted ' a' '\" a\"'
quoted 'a ' '\"a \"'
quoted 'a #b' '\"a #b\"'
quoted '#' '\"#\"'
quoted '"a"' "'\\\"a\\\"'"
quoted "it's # 1" "\\\"it's # 1\\\""

rule 'no word can smuggle a line or a section into the fragment'
gives 2 '' "volctl: the value in 'options=a?[host x]' can not be written in the tables: control characters, or both kinds of quotes" \
	volume set m "options=$(printf 'a\n[host x]')"
gives 2 '' "volctl: the value in 'options=\"' # ' can not be written in the tables: control characters, or both kinds of quotes" \
	volume set m "options=\"' # "
gives 2 '' "volctl: 'm] x' is no name: 1 to 63 of A-Z a-z 0-9 . _ -" volume set 'm] x' a=b
gives 2 '' "volctl: 'a?b' is no name: 1 to 63 of A-Z a-z 0-9 . _ -" host add "$(printf 'a\nb')"
gives 2 '' "volctl: 'x y' is no name: 1 to 63 of A-Z a-z 0-9 . _ -" access set m 'x y' a=b
gives 2 '' "volctl: expected KEY=VALUE, got 'a b=c'" host set x 'a b=c'
gives 2 '' "volctl: expected KEY=VALUE, got '=c'" host set x =c
gives 2 '' "volctl: expected KEY=VALUE, got 'valid'" host set x valid

rule 'names have 1 to 63 letters'
name=$(printf '%063d' 0)
serve_one "{\"arguments\":{\"text\":\"[host $name]\\n\"}}" "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' host add "$name"
gives 2 '' "volctl: '${name}0' is no name: 1 to 63 of A-Z a-z 0-9 . _ -" host add "${name}0"

rule 'errors in what was given are told with their places'
serve <<'END'
expect {"command":"set"}
send {"id":$ID,"error":{"code":"form-wrong","exit":1,"message":"the text has errors",\
	"errors":[{"line":2,"column":10,"text":"expected ask or auto, got 'mybe'"}]}}
END
gives 1 '' "volctl: the text has errors
volctl: host set:2:10: expected ask or auto, got 'mybe'" host set x answer=mybe

rule 'removing asks, and without a terminal wants --yes'
gives 1 '' 'volctl: there is no terminal to ask on: nothing is done without --yes
volctl: edit3 is not removed' host remove edit3
serve_one '{"command":"remove","arguments":{"host":"edit3","free_slot":false}}' '{"version":9}'
gives 0 '' 'volctl: done, the tables are of version 9' host remove edit3 --yes
serve_one '{"command":"remove","arguments":{"host":"edit3","free_slot":true}}' '{"version":9}'
gives 0 '' 'volctl: done, the tables are of version 9' -y host remove edit3 --free-slot
serve_one '{"command":"remove","arguments":{"volume":"media"}}' '{"version":9}'
gives 0 '' 'volctl: done, the tables are of version 9' volume remove -y media

rule '--dry-run shows the difference, and changes nothing'
serve <<'END'
expect {"command":"remove","arguments":{"host":"edit3","dry_run":true}}
send {"id":$ID,"result":{"version":9,"changed":true,"text":"[host a]\n"}}
expect {"command":"export"}
send {"id":$ID,"result":{"version":9,"text":"[host a]\n[host edit3]\n"}}
closed
END
gives 0 '--- the tables
+++ the change
@@ -1,2 +1 @@
 [host a]
-[host edit3]' '' host remove edit3 --dry-run
serve_one '{"command":"set","arguments":{"dry_run":true}}' '{"version":9,"changed":false,"text":""}'
gives 0 '' 'volctl: nothing would change' volume enable media --dry-run

rule 'machines that ask are approved or rejected'
serve_one '{"command":"approve","arguments":{"host":"edit9"}}' '{"version":9}'
gives 0 '' 'volctl: edit9 may log on' host approve edit9
serve_one '{"command":"reject","arguments":{"host":"edit9"}}' '{}'
gives 0 '' 'volctl: edit9 is rejected' host reject edit9

rule 'export prints the text as it is'
serve_one '{"command":"export","arguments":{"comments":false}}' '{"text":"[cluster]\nname = a # b\n","version":9}'
gives 0 '[cluster]
name = a # b' '' export

rule 'import sends a file, or the standard input, whole'
printf '[cluster]\nname = "x"\t# \303\244\n' > "$scratch/form"
serve_one '{"command":"import","arguments":{"version":0,"text":"[cluster]\nname = \"x\"\t# ä\n"}}' "$done9"
gives 0 '' 'volctl: done, the tables are of version 9' import "$scratch/form"
serve_one '{"command":"import","arguments":{"text":"[cluster]\nname = \"x\"\t# ä\n"}}' "$done9"
"$volctl" --socket "$socket" import - < "$scratch/form" > "$scratch/out" 2> "$scratch/err"
given 0 '' 'volctl: done, the tables are of version 9'
gives 3 '' "volctl: can not read $scratch/none: No such file or directory" import "$scratch/none"
gives 1 '' "volctl: can not read $scratch: Is a directory" import "$scratch"
printf 'a\377' > "$scratch/bad"
gives 1 '' "volctl: $scratch/bad is not UTF-8 text" import "$scratch/bad"
printf 'a\000b' > "$scratch/bad"
gives 1 '' "volctl: $scratch/bad is not UTF-8 text" import "$scratch/bad"
serve <<'END'
expect {"command":"import"}
send {"id":$ID,"error":{"code":"form-wrong","exit":1,"message":"2 errors","errors":[{"line":1,\
	"column":2,"text":"a"},{"line":3,"column":4,"text":"b"}]}}
END
gives 1 '' "volctl: 2 errors
volctl: $scratch/form:1:2: a
volctl: $scratch/form:3:4: b" import "$scratch/form"

rule 'a text that is larger than the daemon takes is refused here'
head -c 1048576 /dev/zero | tr '\0' x > "$scratch/large"
gives 1 '' "volctl: can not read $scratch/large: File too large" import "$scratch/large"
head -c 1048570 /dev/zero | tr '\0' x > "$scratch/large"
serve <<'END'
closed
END
gives 1 '' 'volctl: the command is larger than the 1048576 bytes that the daemon takes' \
	import "$scratch/large"

rule 'the password is given when it is asked for, from --password-fd'
serve <<'END'
expect {"command":"set"}
send {"id":$ID,"error":{"code":"password-needed","exit":4,"message":"'set' is for administrators"}}
expect {"command":"set","password":"open sesame","arguments":{"mode":"set",\
	"text":"[host x]\nvalid = no\n"}}
send {"id":$ID,"result":{"version":9,"changed":true}}
END
"$volctl" --socket "$socket" --password-fd 3 host set x valid=no 3<<END > "$scratch/out" 2> "$scratch/err"
open sesame
second line
END
given 0 '' 'volctl: done, the tables are of version 9'

rule 'a password that is not asked for is not sent'
serve <<'END'
expect {"command":"set"}
send {"id":$ID,"result":{"version":9,"changed":true}}
END
"$volctl" --socket "$socket" --password-fd 0 host set x valid=no < /dev/null > "$scratch/out" 2> "$scratch/err"
given 0 '' 'volctl: done, the tables are of version 9'

rule 'a wrong password, or none to be had, is exit status 4'
serve <<'END'
expect {"command":"set"}
send {"id":$ID,"error":{"code":"password-needed","exit":4,"message":"give the password"}}
expect {"command":"set","password":"x"}
send {"id":$ID,"error":{"code":"password-wrong","exit":4,"message":"the password is wrong"}}
closed
END
echo x | "$volctl" --socket "$socket" --password-fd 0 host set x valid=no > "$scratch/out" 2> "$scratch/err"
given 4 '' 'volctl: the password is wrong'
serve <<'END'
expect {"command":"set"}
send {"id":$ID,"error":{"code":"password-needed","exit":4,"message":"give the password"}}
closed
END
gives 4 '' 'volctl: give the password' host set x valid=no
gives 2 '' "volctl: --password-fd is the number of a descriptor, not 'x'" --password-fd x volumes

# With a terminal: the password is typed when it is asked for.
if ! script -qec true /dev/null > /dev/null 2>&1; then
	echo 'no script(1): typing the password is not tested'
	exit "$failed"
fi

rule 'on a terminal the password is asked for, again if it was wrong, and never shown'
serve <<'END'
expect {"command":"set"}
send {"id":$ID,"error":{"code":"password-needed","exit":4,"message":"give the password"}}
expect {"command":"set","password":"first try"}
send {"id":$ID,"error":{"code":"password-wrong","exit":4,"message":"wrong"}}
expect {"command":"set","password":"open sesame"}
send {"id":$ID,"result":{"version":9,"changed":true}}
closed
END
# Type $1 when the Nth ($2) prompt is there: what comes earlier is discarded.
type_at_prompt()
{
	tries=0
	until [ "$(grep -o 'password:' "$scratch/out" | wc -l)" -ge "$2" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 500 ] || return
		sleep 0.02
	done
	echo "$1"
}
: > "$scratch/out"
{ type_at_prompt 'first try' 1; type_at_prompt 'open sesame' 2; sleep 0.2; } |
	TERM=dumb script -qec "'$volctl' --socket '$socket' host set x valid=no" /dev/null \
		> "$scratch/out"
tr -d '\r' < "$scratch/out" | sed 's, *$,,' > "$scratch/plain"
compare 'the terminal' "Administrator's password:
volctl: the password is wrong
Administrator's password:
volctl: done, the tables are of version 9" "$(cat "$scratch/plain")"
served

exit "$failed"
