#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_run - run: access before, the command's own status, access given back after.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

# A daemon that gives access at once, and takes the end of the run.
serve_run()
{
	serve <<'END'
expect {"command":"run","arguments":{"volume":"media","wait":true,"over_readers":false}}
send {"id":$ID,"result":{"had_access":false}}
expect {"command":"done","arguments":{"run":1}}
send {"id":$ID,"result":{"given_up":true,"holders":[]}}
closed
END
}

rule 'the command runs with access, and its exit status is ours'
serve_run
gives 0 'hello' '' run media -- echo hello
serve_run
gives 7 '' '' run media -- sh -c 'exit 7'
serve_run
gives 255 '' '' run media -- sh -c 'exit 255'

rule 'options after -- are the command'\''s'
serve_run
gives 0 '--wait -m' '' run media -- echo --wait -m

rule 'a command that a signal ends is 128+N'
serve_run
gives 137 '' '' run media -- sh -c 'kill -KILL $$'
serve_run
gives 143 '' '' run media -- sh -c 'kill -TERM $$'

rule 'a command that is not there is 127, one that can not be run 126; access is given back'
serve_run
gives 127 '' "volctl: can not run $scratch/nothing: No such file or directory" \
	run media -- "$scratch/nothing"
: > "$scratch/plain"
serve_run
gives 126 '' "volctl: can not run $scratch/plain: Permission denied" run media -- "$scratch/plain"

rule 'the command starts only when access is there'
serve <<END
expect {"command":"run"}
send {"id":\$ID,"event":{"kind":"request-posted","request":12}}
pause 100
mark $scratch/granted
send {"id":\$ID,"result":{"had_access":false}}
expect {"command":"done"}
send {"id":\$ID,"result":{"given_up":true}}
END
gives 0 '' 'volctl: media: request 12 is posted' run media -- test -e "$scratch/granted"

rule 'without access the command is not run, and the exit status says why'
serve <<'END'
expect {"command":"run","arguments":{"text":"render"}}
send {"id":$ID,"error":{"code":"refused","exit":5,"message":"no"}}
closed
END
gives 5 '' 'volctl: no' run media -m render -- touch "$scratch/ran"
[ ! -e "$scratch/ran" ] || wrong 'the command was run'

rule '--exit-code takes the place of all failures before the command, and of none after'
serve <<'END'
expect {"command":"run"}
send {"id":$ID,"error":{"code":"refused","exit":5,"message":"no"}}
END
gives 200 '' 'volctl: no' run media --exit-code 200 -- true
serve_run
gives 3 '' '' run media --exit-code 200 -- sh -c 'exit 3'
rm -f "$socket"
gives 200 '' "volctl: no daemon at $socket: No such file or directory (is volctld running?)" \
	run media --exit-code=200 -- true
gives 2 '' "volctl: --exit-code is a number from 1 to 255, not '0'" run media --exit-code 0 -- true
gives 2 '' "volctl: --exit-code is a number from 1 to 255, not '256'" \
	run media --exit-code 256 -- true

rule 'time that is up before access cancels the request: 6'
serve <<'END'
expect {"command":"run"}
send {"id":$ID,"event":{"kind":"request-posted","request":12}}
expect {"command":"cancel","arguments":{"request":12}}
send {"id":$ID,"result":{}}
closed
END
gives 6 '' 'volctl: media: request 12 is posted
volctl: media: no access within 0 seconds; request 12 is cancelled' \
	run media --wait=0 -- touch "$scratch/ran"
[ ! -e "$scratch/ran" ] || wrong 'the command was run'

rule 'access that is lost ends the command with SIGTERM, and is 1'
serve <<END
expect {"command":"run"}
send {"id":\$ID,"result":{"had_access":false}}
until $scratch/running
send {"id":\$ID,"event":{"kind":"access-lost","volume":"media","text":"taken over by edit3"}}
expect {"command":"done"}
send {"id":\$ID,"result":{"given_up":true}}
END
gives 1 'told' 'volctl: media: write access is lost: taken over by edit3: the command is told to end' \
	run media -- sh -c 'trap "echo told; exit 0" TERM; : > "$1"; while :; do sleep 0.02; done' \
	sh "$scratch/running"

rule 'access lost in the same breath as it was given is not missed'
serve <<'END'
expect {"command":"run"}
bytes {"id":$ID,"result":{"had_access":false}}\n{"id":1,"event":{"kind":"access-lost",\
	"volume":"media"}}\n
expect {"command":"done"}
send {"id":$ID,"result":{"given_up":true}}
END
gives 1 '' 'volctl: media: write access is lost: the command is told to end' run media -- sleep 20

# SIGINT and SIGQUIT are ignored by what a shell runs in the background.
rule 'signals are passed on'
for signal in TERM HUP USR1; do
	rm -f "$scratch/running"
	serve_run
	"$volctl" --socket "$socket" run media -- sh -c \
		'trap "echo $1; exit 9" $1; : > "$2"; while :; do sleep 0.02; done' \
		sh "$signal" "$scratch/running" > "$scratch/out" 2> "$scratch/err" &
	pid=$!
	wait_for "$scratch/running"
	kill -s "$signal" "$pid"
	wait "$pid"
	given 9 "$signal" ''
done

rule 'the command may be interrupted as if it were run alone'
serve_run
gives 0 'SigBlk:	0000000000000000' '' run media -- grep SigBlk /proc/self/status

rule 'files that are still open are told, and the status is the command'\''s'
serve <<'END'
expect {"command":"run"}
send {"id":$ID,"result":{"had_access":false}}
expect {"command":"done"}
send {"id":$ID,"result":{"given_up":false,"holders":[{"pid":5,"command":"sync","kind":"writing",\
	"since_s":3}]}}
END
gives 4 '' 'volctl: media is given back when these let go of it:
volctl:   sync (5), writing, since 3 s' run media -- sh -c 'exit 4'

rule 'a daemon that goes away meanwhile is told anew to take the access back'
serve <<END
expect {"command":"run"}
send {"id":\$ID,"result":{"had_access":false}}
close
mark $scratch/gone
accept
expect {"command":"release","arguments":{"volume":"media"}}
send {"id":\$ID,"result":{}}
END
gives 4 '' 'volctl: the daemon is gone; the command goes on, and media keeps its rights' \
	run media -- sh -c 'until [ -e "$1" ]; do sleep 0.02; done; sleep 0.1; exit 4' sh "$scratch/gone"

rule 'access that was there before is not given back to a daemon that has gone away'
rm -f "$scratch/gone"
serve <<END
expect {"command":"run"}
send {"id":\$ID,"result":{"had_access":true}}
close
mark $scratch/gone
END
gives 0 '' 'volctl: the daemon is gone; the command goes on, and media keeps its rights' \
	run media -- sh -c 'until [ -e "$1" ]; do sleep 0.02; done; sleep 0.1' sh "$scratch/gone"

rule 'a volume and a command are wanted'
gives 2 '' 'volctl: too few arguments; usage: volctl run VOLUME -- COMMAND [ARGUMENT]...' run media

exit "$failed"
