#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_status - status in plain words, --check, and as JSON.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

control='"control":{"device":"/dev/sdz","state":"ok","version":42,"latency_ms":3}'
writer='{"name":"media","uuid":"0a1b","fstype":"ext4","device":"/dev/sdb1","mount_point":"/volumes/media","enabled":true,"writer":"edit1","writer_state":"alive","epoch":17,"here":"rw","view":"none","may_be_torn":false,"generation_seen":5,"generation_published":5,"age_s":null,"viewers":"live","fencing":"best","protection":"manual","may_mount":true,"may_write":true,"problem":null,"holders":[{"pid":77,"command":"blender","kind":"writing","since_s":34}],"holder_count":18,"free_bytes":1319413953331}'
request='{"id":12,"volume":"media","from":"edit2","to":"edit1","text":"colour correction","state":"asked","place":1,"age_s":34,"deadline_s":26,"answer_text":null}'
stale='{"name":"stock","fstype":"xfs","device":null,"mount_point":"/volumes/stock","enabled":false,"writer":"edit2","writer_state":"late","here":"ro","view":"stale","may_be_torn":true,"generation_seen":5,"generation_published":7,"age_s":400,"protection":"reservation","problem":"programs here keep an older mount open","may_mount":true,"holders":[],"free_bytes":null}'

# A daemon whose status has these volumes ($1) and requests ($2).
serve_status()
{
	serve <<END
expect {"command":"status"}
send {"id":\$ID,"result":{"format":1,"host":"edit1","cluster":"studio","monitoring":"on",\
	$control,"volumes":[$1],"requests":[$2]}}
closed
END
}

rule 'one screen tells what a writer has'
serve_status "$writer" "$request"
gives 0 'Host edit1 in cluster studio: logged on
Control device /dev/sdz answers (3 ms), tables of version 42

media (ext4)
  Writer:      edit1 (this host)
  Here:        mounted read-write on /volumes/media, device /dev/sdb1, 1.2 TiB free
  Protection:  none by itself: a failed writer'\''s volume waits until somebody says that the host is down
  Held by:     blender (77), writing, since 34 s
               and 17 more
  Request:     12 of edit2, asked, 34 s ago, answer due in 26 s: colour correction' '' status

rule 'one screen tells what a viewer has: how old, and that it may be torn'
serve_status "$stale" ''
gives 0 'Host edit1 in cluster studio: logged on
Control device /dev/sdz answers (3 ms), tables of version 42

stock (xfs), disabled: write access is given to nobody
  Writer:      edit2, shows no sign of life at present
  Here:        mounted read-only on /volumes/stock
  View:        stale, made 6 min ago, 2 publications behind
               may be torn: somebody writes, and files may read wrong without an error
  Protection:  the device itself lets only the writer write (reservation)
  Problem:     programs here keep an older mount open' '' status

rule 'a volume may be asked for alone'
serve <<END
expect {"command":"status","arguments":{"volume":"media"}}
send {"id":\$ID,"result":{"host":"a","cluster":"b","monitoring":"suspended",$control,"volumes":[]}}
END
gives 0 'Host a in cluster b: suspended: nothing is refreshed, answered or mounted
Control device /dev/sdz answers (3 ms), tables of version 42

No volumes.' '' status media

rule '--check is 0 where all is as it should be'
serve_status "$writer" "$request"
"$volctl" --socket "$socket" status --check > /dev/null 2> "$scratch/err"
status=$?
[ "$status" = 0 ] || wrong "exit status $status"
served

rule '--check is 1 and says why where it is not'
serve_status "$stale" ''
"$volctl" --socket "$socket" status --check > /dev/null 2> "$scratch/err"
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
compare 'standard error' 'volctl: stock: programs here keep an older mount open
volctl: stock: the writer is late
volctl: stock: the view is stale' "$(cat "$scratch/err")"
served

# One thing at a time is wrong: --check must see it.  $1: the status, $2: the complaint.
check_sees()
{
	serve <<END
expect {"command":"status"}
send {"id":\$ID,"result":$1}
END
	"$volctl" --socket "$socket" status --check > /dev/null 2> "$scratch/err"
	status=$?
	[ "$status" = 1 ] || wrong "exit status $status"
	compare 'the complaint' "volctl: $2" "$(cat "$scratch/err")"
	served
}

rule '--check sees a control device that does not answer'
for state in silent:'does not answer' slow:'answers slowly' read-only:'can not be written' gone:'is gone'; do
	check_sees "{\"monitoring\":\"on\",\"control\":{\"state\":\"${state%%:*}\"},\"volumes\":[]}" \
		"the control device ${state#*:}"
done

rule '--check sees a host that is not logged on, and one in trouble'
check_sees "{\"monitoring\":\"suspended\",$control,\"volumes\":[]}" \
	'this host is not logged on and watching'
check_sees "{\"monitoring\":\"on\",\"problem\":\"another machine has this name\",$control,\"volumes\":[]}" \
	'another machine has this name'

rule '--check sees an enabled volume that is not mounted, if it may be'
check_sees "{\"monitoring\":\"on\",$control,\"volumes\":[{\"name\":\"a\",\"enabled\":true,\"may_mount\":true,\"here\":\"none\"}]}" \
	'a: not mounted'
serve_status '{"name":"a","enabled":true,"may_mount":false,"here":"none","view":"none"}' ''
"$volctl" --socket "$socket" status --check > /dev/null 2>&1 || wrong 'it may not be mounted'
served

rule '--check sees a dead writer'
check_sees "{\"monitoring\":\"on\",$control,\"volumes\":[{\"name\":\"a\",\"writer\":\"b\",\"writer_state\":\"dead\"}]}" \
	'a: the writer is dead'

rule 'several clusters are told one after the other'
serve <<END
expect {"command":"status"}
send {"id":\$ID,"result":{"format":1,"clusters":[{"host":"a","cluster":"x","monitoring":"on",\
	$control,"volumes":[]},{"host":"a","cluster":"y","monitoring":"logged-off",$control,\
	"volumes":[]}]}}
END
gives 0 'Host a in cluster x: logged on
Control device /dev/sdz answers (3 ms), tables of version 42

No volumes.

Host a in cluster y: logged off
Control device /dev/sdz answers (3 ms), tables of version 42

No volumes.' '' status

rule 'JSON is what the daemon gave'
serve <<'END'
expect {"command":"status"}
send {"id":$ID,"result":{"format":1,"host":"a\u0007\u202e/","volumes":[]}}
END
gives 0 '{
  "format":1,
  "host":"a\u0007‮/",
  "volumes":[
  ]
}' '' status --json

rule 'nothing that another host wrote reaches the terminal but letters'
serve <<'END'
expect {"command":"status"}
bytes {"id":$ID,"result":{"host":"a\\u001b[31mb","cluster":"\\u009b1m\\u202ex\\u2066",\
	"monitoring":"on","volumes":[{"name":"v\\n\\r\\tw","here":"rw","mount_point":"\xff\xc3",\
	"holders":[{"pid":1,"command":"\\u0000\\u007fé","kind":"\\u200f"}]}],\
	"requests":[{"id":1,"volume":"v\\n\\r\\tw","from":"\\b","text":"\\u0085\\u2028\\ufeff",\
	"state":"asked"}]}}\n
END
gives 0 'Host a?[31mb in cluster ?1m?x?: logged on

v???w
  Writer:      nobody
  Here:        mounted read-write on ??
  Held by:      (1), ?
  Request:     1 of ?, asked, 0 s ago: ???' '' status

rule 'colours only where they are asked for, or on a terminal that wants them'
serve_status "$stale" ''
"$volctl" --socket "$socket" --color=always status > "$scratch/out"
grep -q "$(printf '\033\[33mstale\033\[0m')" "$scratch/out" || wrong 'no colour with --color=always'
served
serve_status "$stale" ''
"$volctl" --socket "$socket" status --color=auto > "$scratch/out"
grep -q "$(printf '\033')" "$scratch/out" && wrong 'colour into a file'
served

if script -qec true /dev/null > /dev/null 2>&1; then
	serve_status "$stale" ''
	NO_COLOR=1 TERM=xterm script -qec "'$volctl' --socket '$socket' status" /dev/null > "$scratch/out" < /dev/null
	grep -q stale "$scratch/out" || wrong 'no output on a terminal'
	grep -q "$(printf '\033\[33m')" "$scratch/out" && wrong 'colour with NO_COLOR'
	served
	serve_status "$stale" ''
	TERM=xterm script -qec "'$volctl' --socket '$socket' status" /dev/null > "$scratch/out" < /dev/null
	grep -q "$(printf '\033\[33m')" "$scratch/out" || wrong 'no colour on a terminal'
	served
fi

exit "$failed"
