#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_actions - the commands that tell this host to do something, and watch.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

serve_one()
{
	serve <<END
expect $1
send {"id":\$ID,"result":$2}
closed
END
}

rule 'release wants a volume or --all, not both'
serve_one '{"command":"release","arguments":{"volume":"media"}}' '{}'
gives 0 '' 'volctl: media is given up' release media
serve_one '{"command":"release","arguments":{"all":true}}' '{}'
gives 0 '' 'volctl: all volumes are given up' release --all
gives 2 '' 'volctl: release wants a volume or --all' release
gives 2 '' 'volctl: release wants a volume or --all' release media --all
serve <<'END'
expect {"command":"release"}
send {"id":$ID,"error":{"code":"busy","exit":5,"message":"media: files are open",\
	"object":"media","holders":[{"pid":null,"command":"loop7","kind":"kernel","since_s":0}]}}
END
gives 5 '' 'volctl: media: files are open
volctl:   loop7, kernel' release media

rule 'a success says little, and with --json is an object'
serve_one '{"command":"release"}' '{}'
gives 0 '{
  "format":1
}' '' release media --json

rule 'mount, unmount and the state of this host'
serve_one '{"command":"mount","arguments":{"volume":"media"}}' '{}'
gives 0 '' 'volctl: media is mounted' mount media
serve_one '{"command":"unmount","arguments":{"volume":"media"}}' '{}'
gives 0 '' 'volctl: media is unmounted' unmount media
serve_one '{"command":"logon"}' '{}'
gives 0 '' 'volctl: this host is logged on' logon
serve_one '{"command":"logoff"}' '{}'
gives 0 '' 'volctl: this host is logged off' logoff
serve_one '{"command":"suspend"}' '{}'
gives 0 '' 'volctl: suspended: signs of life and protection go on, nothing else' suspend
serve_one '{"command":"resume"}' '{"message":"two views are stale"}'
gives 0 '' 'volctl: resumed
volctl: two views are stale' resume

rule 'refresh tells what is fresh, and with exit status 5 what is held'
serve_one '{"command":"refresh","arguments":{}}' '{"refreshed":["a","b"],"busy":[]}'
gives 0 '' 'volctl: a is fresh
volctl: b is fresh' refresh
serve_one '{"command":"refresh","arguments":{"volume":"c"}}' \
	'{"refreshed":[],"busy":[{"volume":"c","holders":[{"pid":9,"command":"less","kind":"reading","since_s":121}]}]}'
gives 5 '' 'volctl: c stays as it is until programs let go of it:
volctl:   less (9), reading, since 2 min' refresh c

rule 'publish tells the generation'
serve_one '{"command":"publish","arguments":{"volume":"a"}}' '{"published":[{"volume":"a","generation":8}]}'
gives 0 '' 'volctl: a is published, generation 8' publish a

rule 'takeover with a statement that the host is down asks, and without a terminal wants --yes'
serve_one '{"command":"takeover","arguments":{"volume":"media"}}' '{"epoch":9}'
gives 0 '' 'volctl: media is taken over' takeover media
gives 1 '' 'volctl: there is no terminal to ask on: nothing is done without --yes
volctl: media is not taken over' takeover media --host-is-down edit1
serve_one '{"command":"takeover","arguments":{"volume":"media","host_is_down":"edit1"}}' '{"epoch":9}'
gives 0 '' 'volctl: media is taken over' takeover media --host-is-down edit1 --yes

rule 'metrics are printed as they are'
serve_one '{"command":"metrics"}' '{"text":"a 1\nb{x=\"y\"} 2\n# EOF\n"}'
gives 0 'a 1
b{x="y"} 2
# EOF' '' metrics

rule 'watch prints a line an event, and ends with the daemon: 7'
serve <<'END'
expect {"command":"watch","arguments":{"volume":"media"}}
send {"id":$ID,"event":{"time":"2026-01-01T00:00:00Z","kind":"request-posted","volume":"media",\
	"host":"edit2","request":12,"text":"a\u001bb"}}
send {"id":$ID,"event":{"time":"2026-01-01T00:00:01Z","kind":"warning","volume":null}}
END
gives 7 '2026-01-01T00:00:00Z request-posted media host edit2 request 12: a?b
2026-01-01T00:00:01Z warning' "volctl: $socket: the daemon closed the connection before it had answered" \
	watch media

rule 'watch --json prints an object a line'
serve <<'END'
expect {"command":"watch","arguments":{}}
send {"id":$ID,"event":{"time":"t","kind":"warning","text":"a\u001bb"}}
send {"id":$ID,"error":{"code":"failed","exit":1,"message":"stop"}}
END
gives 1 '{"time":"t","kind":"warning","text":"a\u001bb"}
{
  "error":{
    "code":"failed",
    "exit":1,
    "message":"stop",
    "object":null
  }
}' '' watch --json

rule 'watch --until=writer ends when this host writes'
serve <<'END'
expect {"command":"watch"}
accept
expect {"command":"status","arguments":{"volume":"media"}}
send {"id":$ID,"result":{"volumes":[{"here":"ro","view":"fresh"}]}}
use 0
send {"id":1,"event":{"time":"t","kind":"mounted","volume":"media"}}
use 1
expect {"command":"status"}
send {"id":$ID,"result":{"volumes":[{"here":"rw","view":"none"}]}}
closed
END
gives 0 't mounted media' '' watch media --until=writer

rule 'watch --until=fresh ends at once where the view is fresh'
serve <<'END'
expect {"command":"watch"}
accept
expect {"command":"status"}
send {"id":$ID,"result":{"volumes":[{"here":"ro","view":"fresh"}]}}
END
gives 0 '' '' watch media --until fresh
gives 2 '' "volctl: --until is writer or fresh, not 'done'" watch media --until=done
gives 2 '' 'volctl: --until wants a volume' watch --until=fresh

exit "$failed"
