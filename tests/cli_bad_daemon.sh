#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_bad_daemon - a daemon that is not there, lies, babbles or breaks off.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

rule 'no daemon is exit status 7'
gives 7 '' "volctl: no daemon at $socket: No such file or directory (is volctld running?)" volumes
serve < /dev/null
served
gives 7 '' "volctl: no daemon at $socket: Connection refused (is volctld running?)" volumes
gives 7 '{
  "error":{
    "code":"unreachable",
    "exit":7,
    "message":"no daemon at '"$socket"': Connection refused (is volctld running?)",
    "object":"'"$socket"'"
  }
}' '' volumes --json
long=/tmp/$(printf '%0108d' 0)
gives 7 '' "volctl: no daemon at $long: File name too long" volumes --socket "$long"

rule 'VOLCTL_SOCKET names the socket where --socket does not'
VOLCTL_SOCKET=$scratch/other "$volctl" volumes > "$scratch/out" 2> "$scratch/err"
given 7 '' "volctl: no daemon at $scratch/other: No such file or directory (is volctld running?)"

rule 'a socket that may not be used is exit status 4'
if [ "$(id -u)" = 0 ] && command -v setpriv > /dev/null; then
	serve <<'END'
closed
END
	chmod 711 "$scratch"
	chmod 600 "$socket"
	setpriv --reuid 65534 --clear-groups "$volctl" --socket "$socket" volumes \
		> "$scratch/out" 2> "$scratch/err"
	status=$?
	kill "$fake_pid"
	wait "$fake_pid" 2> /dev/null
	fake_pid=
	# The program itself may lie where that user can not go.
	if [ "$status" != 126 ] && [ "$status" != 127 ]; then
		[ "$status" = 4 ] || wrong "exit status $status"
		compare 'standard error' \
			"volctl: $socket may be used by root and the group volctl only" \
			"$(cat "$scratch/err")"
	fi
fi

broken="volctl: $socket: the daemon closed the connection before it had answered"
nonsense="volctl: $socket: what answers there does not speak volctl's language"

# $1: orders after the command has come, $2: what must be said.
bad()
{
	serve <<END
expect {"command":"volumes"}
$1
END
	gives 7 '' "$2" volumes
}

rule 'a daemon that breaks off is exit status 7'
bad '' "$broken"
bad 'bytes {"id":$ID,"result":{"volumes":[' "$broken"

rule 'what is not the protocol is exit status 7'
bad 'send hello' "$nonsense"
bad 'send ' "$nonsense"
bad 'send []' "$nonsense"
bad 'send 7' "$nonsense"
bad 'send null' "$nonsense"
bad 'send {}' "$nonsense"
bad 'send {"id":$ID,"result":[]}' "$nonsense"
bad 'send {"id":$ID,"result":{}' "$nonsense"
bad 'send {"id":$ID,"result":{}}x' "$nonsense"
bad 'send {"id":$ID,"error":"no"}' "$nonsense"
bad 'bytes {"id":$ID,\x00"result":{}}\n' "$nonsense"

rule 'nesting without end does not end the program'
serve <<'END'
expect {"command":"volumes"}
bytes {"id":$ID,"result":
fill 100000 [
bytes \n
END
gives 7 '' "$nonsense" volumes

rule 'a result without its list is exit status 7, one with nonsense in it is shown as far as it goes'
bad 'send {"id":$ID,"result":{"volumes":7}}' "volctl: the daemon's answer has no list of volumes"
serve <<'END'
expect {"command":"volumes"}
send {"id":$ID,"result":{"volumes":[7,null,"x",{"name":{"a":1},"here":[],"age_s":"old",\
	"free_bytes":{},"view":null}]}}
END
"$volctl" --socket "$socket" volumes > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 0 ] || wrong "exit status $status"
served
serve <<'END'
expect {"command":"status"}
send {"id":$ID,"result":{"control":7,"volumes":[7,null,{"holders":[1,null],"enabled":"x"}],\
	"requests":{}}}
END
"$volctl" --socket "$socket" status > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 0 ] || wrong "exit status $status"
served

rule 'an error that lacks everything is a failure'
serve <<'END'
expect {"command":"volumes"}
send {"id":$ID,"error":{}}
END
gives 1 '' 'volctl: failed' volumes
serve <<'END'
expect {"command":"volumes"}
send {"id":$ID,"error":{"code":"new","exit":99,"message":"later\u001b[m"}}
END
gives 1 '' 'volctl: later?[m' volumes

rule 'an error about the connection ends the command'
serve <<'END'
expect {"command":"volumes"}
send {"id":0,"error":{"code":"bad-message","exit":1,"message":"the line is no JSON"}}
END
gives 1 '' 'volctl: the line is no JSON' volumes

rule 'answers to others and events are passed over; an answer may come in pieces'
serve <<'END'
expect {"command":"volumes"}
send {"id":77,"result":{"volumes":7}}
send {"id":$ID,"event":{"kind":"warning"}}
bytes {"id":$ID,"res
pause 50
bytes ult":{"volumes":[
pause 50
bytes {"name":"a"}]}}\n
END
gives 0 'a' '' volumes --noheadings -o name

rule 'a line of a mebibyte and more is read whole'
serve <<'END'
expect {"command":"export"}
bytes {"id":$ID,"result":{"version":1,"text":"
fill 3000000 x
bytes "}}\n
END
"$volctl" --socket "$socket" export > "$scratch/out" 2> "$scratch/err"
status=$?
[ "$status" = 0 ] || wrong "exit status $status"
[ "$(wc -c < "$scratch/out")" = 3000000 ] || wrong "$(wc -c < "$scratch/out") bytes"
served

rule 'a line without end is given up'
serve <<'END'
expect {"command":"volumes"}
fill 16777216 x
fill 1 x
closed
END
gives 7 '' "volctl: $socket: the answer is too long" volumes

rule 'bytes that are not UTF-8 cost only themselves'
serve <<'END'
expect {"command":"volumes"}
bytes {"id":$ID,"result":{"volumes":[{"name":"a\xffb\xc3(\xed\xa0\x80\xc0\x80\xf5\xe2\x82"}]}}\n
END
gives 0 'a?b?(????????' '' volumes --noheadings -o name

exit "$failed"
