#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_request - request, cancel, answer: what is sent, said and returned.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

rule 'a posted request gives its id on stdout and exit status 0'
serve <<'END'
expect {"volctl":1,"command":"request","arguments":{"volume":"media","text":"colour",\
	"wait":false,"over_readers":false}}
send {"id":$ID,"result":{"request":12,"state":"waiting"}}
closed
END
gives 0 12 'volctl: media: request 12 is posted' request media -m colour

rule 'a request that the writer of the volume makes posts nothing'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"result":{"state":"granted","message":"this host is the writer already"}}
END
gives 0 '' 'volctl: this host is the writer already' request media

rule 'without --wait a grant is not yet called a mount'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"result":{"request":12,"state":"granted"}}
END
gives 0 12 'volctl: media is granted to this host' request media

rule 'a message of the daemon takes the place of our own words'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"result":{"request":12,"state":"waiting",\
	"message":"edit1 is dead: say --host-is-down"}}
END
gives 0 12 'volctl: edit1 is dead: say --host-is-down' request media

rule 'CLUSTER/NAME names the cluster'
serve <<'END'
expect {"command":"request","cluster":"studio","arguments":{"volume":"media"}}
send {"id":$ID,"result":{"request":12,"state":"waiting"}}
END
gives 0 12 'volctl: studio/media: request 12 is posted' request studio/media

rule 'a device path is no CLUSTER/NAME'
serve <<'END'
expect {"command":"request","arguments":{"volume":"/dev/sdb1"}}
send {"id":$ID,"result":{"request":12,"state":"waiting"}}
END
gives 0 12 'volctl: /dev/sdb1: request 12 is posted' request /dev/sdb1

rule 'two clusters named at once are wrong usage'
gives 2 '' 'volctl: a/media is not of cluster b' --cluster b request a/media

rule 'a cluster without a volume is wrong usage'
gives 2 '' 'volctl: the name of a volume is empty' request studio/

rule '--wait returns 0 when granted'
serve <<'END'
expect {"command":"request","arguments":{"wait":true,"over_readers":true}}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
send {"id":$ID,"event":{"kind":"request-granted","request":12}}
send {"id":$ID,"result":{"request":12,"state":"granted"}}
closed
END
gives 0 12 'volctl: media: request 12 is posted
volctl: media is mounted read-write' request media --wait --over-readers

rule '--wait --json gives one object'
serve <<'END'
expect {"command":"request","arguments":{"wait":true}}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
send {"id":$ID,"result":{"request":12,"state":"granted"}}
END
gives 0 '{
  "format":1,
  "request":12,
  "state":"granted"
}' '' request media --wait --json

rule 'refused by the writer is exit status 5, with who stands in the way'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
send {"id":$ID,"error":{"code":"refused","exit":5,"message":"edit1 says no: until six",\
	"object":"media","holders":[{"pid":77,"command":"blender","kind":"writing",\
	"since_s":3700}]}}
END
gives 5 '' 'volctl: media: request 12 is posted
volctl: edit1 says no: until six
volctl:   blender (77), writing, since 61 min' request media --wait

rule 'an error is one object with --json'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"error":{"code":"locked-out","exit":4,"message":"edit2 may not ask for media",\
	"object":"media"}}
END
gives 4 '{
  "error":{
    "code":"locked-out",
    "exit":4,
    "message":"edit2 may not ask for media",
    "object":"media"
  }
}' '' --json request media

rule 'time-out is exit status 6 and leaves the request'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
closed
END
gives 6 '' 'volctl: media: request 12 is posted
volctl: media: no access within 0 seconds; request 12 still stands' request media --wait=0

rule 'time-out with --cancel-on-timeout cancels, and waits for that'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
expect {"command":"cancel","arguments":{"request":12}}
pause 100
send {"id":$ID,"result":{}}
closed
END
gives 6 '' 'volctl: media: request 12 is posted
volctl: media: no access within 0 seconds; request 12 is cancelled' request media --wait=0 --cancel-on-timeout

rule 'a grant that crosses the cancellation is a grant'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
expect {"command":"cancel"}
send {"id":$ID,"error":{"code":"not-waiting","exit":1,"message":"request 12 has ended"}}
send {"id":1,"result":{"request":12,"state":"granted"}}
END
gives 0 12 'volctl: media: request 12 is posted
volctl: media is mounted read-write' request media --wait=0 --cancel-on-timeout

rule 'Ctrl-C cancels the request and ends with 1 when that is confirmed'
serve <<END
expect {"command":"request"}
send {"id":\$ID,"event":{"kind":"request-posted","request":12}}
mark $scratch/posted
expect {"command":"cancel","arguments":{"request":12}}
send {"id":1,"error":{"code":"cancelled","exit":1,"message":"cancelled"}}
closed
END
"$volctl" --socket "$socket" request media --wait > "$scratch/out" 2> "$scratch/err" &
pid=$!
wait_for "$scratch/posted"
kill -INT "$pid"
wait "$pid"
given 1 '' 'volctl: media: request 12 is posted
volctl: media: request 12 is cancelled'

rule 'Ctrl-C before the id is known cancels as soon as it is'
serve <<END
expect {"command":"request"}
mark $scratch/early
until $scratch/killed
send {"id":\$ID,"event":{"kind":"request-posted","request":12}}
expect {"command":"cancel","arguments":{"request":12}}
send {"id":\$ID,"result":{}}
END
"$volctl" --socket "$socket" request media --wait=100 > "$scratch/out" 2> "$scratch/err" &
pid=$!
wait_for "$scratch/early"
kill -TERM "$pid"
: > "$scratch/killed"
wait "$pid"
given 1 '' 'volctl: media: request 12 is posted
volctl: media: request 12 is cancelled'

rule 'Ctrl-C that comes too late says how to give the volume back'
serve <<END
expect {"command":"request"}
send {"id":\$ID,"event":{"kind":"request-posted","request":12}}
mark $scratch/late
expect {"command":"cancel"}
send {"id":\$ID,"error":{"code":"not-waiting","exit":1,"message":"it has ended"}}
send {"id":1,"result":{"request":12,"state":"granted"}}
END
"$volctl" --socket "$socket" request media --wait > "$scratch/out" 2> "$scratch/err" &
pid=$!
wait_for "$scratch/late"
kill -INT "$pid"
wait "$pid"
given 0 12 'volctl: media: request 12 is posted
volctl: media is mounted read-write
volctl: media was granted before it could be cancelled: volctl release media gives it back'

rule 'a second Ctrl-C waits no longer'
serve <<END
expect {"command":"request"}
send {"id":\$ID,"event":{"kind":"request-posted","request":12}}
mark $scratch/first
expect {"command":"cancel"}
mark $scratch/second
closed
END
"$volctl" --socket "$socket" request media --wait > "$scratch/out" 2> "$scratch/err" &
pid=$!
wait_for "$scratch/first"
kill -INT "$pid"
wait_for "$scratch/second"
kill -INT "$pid"
wait "$pid"
given 1 '' 'volctl: media: request 12 is posted
volctl: media: the cancellation is not confirmed: see volctl requests'

rule 'a daemon that goes away while we wait is exit status 7, and the request may stand'
serve <<'END'
expect {"command":"request"}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
END
gives 7 '' "volctl: media: request 12 is posted
volctl: $socket: the daemon closed the connection before it had answered
volctl: request 12 may stand: see volctl requests" request media --wait

rule 'wrong usage is exit status 2 and reaches no daemon'
gives 2 '' "volctl: --wait is a number of seconds, not 'soon'" request media --wait=soon
gives 2 '' "volctl: --wait is a number of seconds, not '-1'" request media --wait=-1
gives 2 '' 'volctl: --cancel-on-timeout goes with --wait' request media --cancel-on-timeout
gives 2 '' 'volctl: too few arguments; usage: volctl request VOLUME' request
gives 2 '' 'volctl: too many arguments; usage: volctl request VOLUME' request a b
gives 2 '' 'volctl: option -m wants an argument' request media -m
gives 2 '' 'volctl: no option --force (volctl request --help)' request media --force
gives 2 '' 'volctl: the message is not UTF-8, or has control characters' \
	request media -m "$(printf 'two\nlines')"
gives 2 '' 'volctl: the message is not UTF-8, or has control characters' \
	request media -m "$(printf 'half \303')"

rule 'a message has at most 512 bytes'
long=$(printf '%0512d' 0)
gives 2 '' 'volctl: the message is longer than 512 bytes' request media -m "${long}0"
serve <<END
expect {"command":"request","arguments":{"text":"$long"}}
send {"id":\$ID,"result":{"request":12,"state":"waiting"}}
END
gives 0 12 'volctl: media: request 12 is posted' request media -m "$long"

rule 'cancel names the request'
serve <<'END'
expect {"command":"cancel","arguments":{"request":12}}
send {"id":$ID,"result":{}}
END
gives 0 '' 'volctl: request 12 is cancelled' cancel 12
gives 2 '' "volctl: a request is named by its number, not 'media'" cancel media
gives 2 '' "volctl: a request is named by its number, not '0'" cancel 0
gives 2 '' "volctl: a request is named by its number, not '-3'" cancel -- -3
gives 2 '' "volctl: a request is named by its number, not '12x'" cancel 12x
serve <<'END'
expect {"command":"cancel","arguments":{"request":99}}
send {"id":$ID,"error":{"code":"no-such-request","exit":3,"message":"there is no request 99",\
	"object":"99"}}
END
gives 3 '' 'volctl: there is no request 99' cancel 99

rule 'answer is yes or no, with a text'
serve <<'END'
expect {"command":"answer","arguments":{"request":12,"answer":"yes"}}
send {"id":$ID,"result":{}}
END
gives 0 '' 'volctl: request 12 is granted: the volume is given up' answer 12 yes
serve <<'END'
expect {"command":"answer","arguments":{"request":12,"answer":"no","text":"after lunch"}}
send {"id":$ID,"result":{}}
END
gives 0 '' 'volctl: request 12 is refused' answer 12 no -m 'after lunch'
gives 2 '' "volctl: the answer is yes or no, not 'maybe'" answer 12 maybe

exit "$failed"
