#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# host_socket - the control socket under clients that are broken, many, gone, or not
# permitted.

# The hosts expand what they are told to do.
# shellcheck disable=SC2016

set -u
# shellcheck source=tests/host_lib.sh
. "$(dirname "$0")/host_lib.sh"
lab_skip
raw=$LAB_BUILD/tests/rawsocket
socket=/run/volctl/control

# say_raw ARGUMENT...: standard input goes to the daemon of edit1; its answers are in $out.
say_raw()
{
	out=$(lab_run edit1 "$raw" "$socket" "$@" 2>&1)
}

# message COMMAND [REST]: a well-formed message.
message()
{
	printf '{"volctl":1,"id":7,"command":"%s"%s}\n' "$1" "${2:-}"
}

# answers PATTERN: to what is on standard input, at once; and the next message is served as ever.
answers()
{
	say_raw -t 400
	says "$1"
}

still_serves()
{
	answers '^\{"id":7,"result":\{"version"' < <(message hello)
}

# as_user USER ARGUMENT...: volctl as that user, with the groups that the user has.
as_user()
{
	local user=$1
	shift
	out=$(lab_run edit1 setpriv --reuid "$user" --regid "$user" --init-groups \
		env VOLCTL_SOCKET=$socket "$VOLCTL" "$@" 2>&1 < /dev/null)
	rc=$?
}

# with_password PASSWORD USER ARGUMENT...
with_password()
{
	local password=$1 user=$2
	shift 2
	out=$(printf '%s\n' "$password" | lab_run edit1 setpriv --reuid "$user" --regid "$user" \
		--init-groups env VOLCTL_SOCKET=$socket "$VOLCTL" --password-fd 0 "$@" 2>&1)
	rc=$?
}

daemon_pid()
{
	cat "$LAB/hosts/edit1/daemon"
}

# busy_ticks: of the processor, used by the daemon in a second.
busy_ticks()
{
	local before
	before=$(awk '{ print $14 + $15 }' "/proc/$(daemon_pid)/stat")
	sleep 1
	echo $(($(awk '{ print $14 + $15 }' "/proc/$(daemon_pid)/stat") - before))
}

malformed()
{
	rule "what is no JSON object on a line is refused, and the next line is served"
	answers '"result"' < <(printf 'hello\n[]\n"x"\n{"a":1} {"b":2}\n{"volctl":1,\n\n'
		message hello)
	[ "$(printf '%s\n' "$out" | grep -c '"id":0,"error":{"code":"bad-message","exit":2')" = 5 ] ||
		complain "five lines of six are wrong"
	says 'or more follows'
	printf '%s\n' "$out" | grep -q success && complain "an error that is called success"
	rule "a message of another version, without a command, or with an unknown one is refused"
	answers '"id":3,"error":\{"code":"bad-version"' < <(printf '{"volctl":2,"id":3,"command":"hello"}\n')
	answers '"code":"bad-version"' < <(printf '{"id":3,"command":"hello"}\n')
	answers '"code":"no-such-command"' < <(printf '{"volctl":1,"id":3}\n')
	answers '"code":"no-such-command"' < <(printf '{"volctl":1,"id":3,"command":7}\n')
	answers '"code":"no-such-command"' < <(message format)
	rule "arguments of the wrong kind are refused"
	answers '"code":"bad-message"' < <(message request ',"arguments":[]')
	answers 'volume is missing' < <(message request ',"arguments":{"volume":7}')
	answers 'volume is missing' < <(message request)
	answers 'must be' < <(message answer ',"arguments":{"request":1}')
	answers '"code":"no-such-request"' < <(message cancel ',"arguments":{"request":"x"}')
	answers '"code":"no-such-request"' < <(message cancel ',"arguments":{"request":-1}')
	answers '"code":"no-such-run"' < <(message 'done' ',"arguments":{"run":99999999999999999999}')
	answers '"code":"no-such-volume"' < <(message request ',"arguments":{"volume":"nowhere"}')
	answers '"code":"no-such-cluster"' < <(message request ',"cluster":{},"arguments":{"volume":"media"}')
	rule "texts with control characters, bad UTF-8, or too long are refused"
	for text in 'a\u0007b' 'a\u001b[2J' 'a\u0000b' 'a\nb'; do
		answers '"code":"bad-text"' < \
			<(message request ',"arguments":{"volume":"media","text":"'"$text"'"}')
	done
	for text in '\xff\xfe' '\xed\xa0\x80' '\xc0\xaf' '\xf4\x90\x80\x80' 'cut \xe2\x82'; do
		# shellcheck disable=SC2059 # the escapes are the point
		answers '"code":"bad-(message|text)"' < \
			<(message request ',"arguments":{"volume":"media","text":"'"$(printf "$text")"'"}')
	done
	answers '"code":"bad-text"' < <(message request \
		',"arguments":{"volume":"media","text":"'"$(printf '%513s' '' | tr ' ' x)"'"}')
	is edit1 media writer null || complain "it was granted all the same"
	rule "depth has an end"
	answers '"code":"bad-message"' < <(printf '{"volctl":1,"id":7,"command":"hello","arguments":'
		printf '%5000s' '' | tr ' ' '['; echo)
	rule "a line of a million bytes is refused, and that connection closed"
	answers '"code":"line-too-long","exit":2' < <(head -c 1100000 /dev/zero | tr '\0' a)
	rule "one that is nearly as long is taken"
	answers '"result":\{"version"' < \
		<(message hello ',"arguments":{"x":"'"$(head -c 1000000 /dev/zero | tr '\0' a)"'"}')
	rule "half a line, and a client that goes without reading, do no harm"
	say_raw -c < <(printf '{"volctl":1,"id"')
	say_raw -c < <(for _ in $(seq 200); do message status; done)
	still_serves
}

crowds()
{
	rule "more clients than it serves: the others are told, none waits, nothing spins"
	(sleep 1; message hello) | lab_run edit1 "$raw" "$socket" -n 1200 -t 2500 > "$LAB/many" 2>&1 &
	many=$!
	sleep 0.7
	[ "$(busy_ticks)" -le 50 ] || complain "it is busy while nothing happens"
	wait "$many"
	[ "$(grep -c '"result":{"version"' "$LAB/many")" -ge 1000 ] ||
		complain "served: $(grep -c '"result":{"version"' "$LAB/many")"
	out=$(grep -c '"code":"busy"' "$LAB/many")
	[ "$out" -ge 100 ] || complain "only $out were told that it is busy"
	still_serves
	rule "out of descriptors it waits, and goes on"
	used=$(find "/proc/$(daemon_pid)/fd" -type l | wc -l)
	prlimit --pid "$(daemon_pid)" --nofile=$((used + 20)):
	(sleep 1; message hello) | lab_run edit1 "$raw" "$socket" -n 60 -t 1500 > "$LAB/many" 2>&1 &
	many=$!
	sleep 0.3
	[ "$(busy_ticks)" -le 50 ] || complain "it spins"
	wait "$many"
	prlimit --pid "$(daemon_pid)" --nofile=2048:
	sleep 0.3
	still_serves
	rule "too many commands on one connection: the rest is refused"
	v edit2 request media --wait=20
	answers '"code":"busy","exit":1' < <(for _ in $(seq 100); do
		message request ',"arguments":{"volume":"media","wait":true}'
	done)
	within 5 some_wait edit1 1
	rule "a crowd of changes: each is made or refused, none lost"
	for i in $(seq 60); do
		printf '{"volctl":1,"id":%d,"command":"set","arguments":{"mode":"set","text":"[volume media]\\nanswer-within = %ds\\n"}}\n' \
			"$i" "$((i + 10))"
	done > "$LAB/changes"
	say_raw -t 4000 < "$LAB/changes"
	[ "$(printf '%s\n' "$out" | grep -cE '^\{"id":[0-9]+,"(result|error)"')" = 60 ] ||
		complain "not every change is answered"
	[ "$(printf '%s\n' "$out" | grep -c '"error"')" = \
		"$(printf '%s\n' "$out" | grep -c '"code":"busy"')" ] || complain "other errors than busy"
	still_serves
}

some_wait()
{
	[ "$(lab_volctl "$1" --json requests | jq '[.requests[] | select(.state == "waiting" or
		.state == "asked")] | length')" = "$2" ]
}

vanishing()
{
	rule "a client that vanishes while it waits leaves its request"
	some_wait edit2 1 || complain "there is none"
	v edit1 cancel "$(lab_volctl edit1 --json requests | jq '[.requests[] |
		select(.state == "waiting" or .state == "asked")] | .[0].id')"
	exits 0
	v edit2 release media
	exits 0
	rule "a client that vanishes in mid-run gives write access back"
	message run ',"arguments":{"volume":"media","wait":true}' > "$LAB/run"
	lab_run edit1 "$raw" "$socket" -t 2000 < "$LAB/run" > /dev/null &
	client=$!
	here edit1 rw
	one_writer edit1
	wait "$client"
	within 5 is edit1 media writer null
	one_writer ""
	rule "one that vanishes before it is granted asks for nothing any more"
	v edit2 request media --wait=20
	exits 0
	say_raw -c < "$LAB/run"
	within 5 some_wait edit2 0
	v edit2 release media
	exits 0
	still_serves
}

permissions()
{
	rule "the socket is root's, or the group's where there is one"
	[ "$(lab_run edit1 stat -c '%a %G' $socket)" = "660 volctl" ] ||
		complain "$(lab_run edit1 stat -c '%a %G' $socket)"
	as_user outsider status
	exits 4
	says 'root and the group volctl only'
	as_user user status
	exits 0
	rule "users ask and release; they do not change the tables"
	as_user user request media --wait=20
	exits 0
	as_user user release media
	exits 0
	as_user user volume set media min-hold=9s
	exits 4
	says 'administrators'
	as_user user logoff
	exits 4
	is edit1 media here ro || complain "it has logged off"
	rule "administrators by their group do"
	as_user chief volume set media min-hold=0s
	exits 0
	rule "or by the password; a wrong one is counted"
	with_password 'open sesame' user volume set media answer-within=50s
	exits 0
	for _ in 1 2 3 4 5; do
		with_password wrong user volume set media answer-within=51s
		exits 4
		says 'password is wrong'
	done
	with_password 'open sesame' user volume set media answer-within=52s
	exits 4
	says 'too many wrong passwords'
	as_user chief volume set media min-hold=0s
	exits 0
	rule "who may nothing sees no password in the log"
	grep -q 'open sesame' "$LAB/log/edit1" && complain "the log has it"
}

hosts=
[ -x "$raw" ] || { echo "rawsocket is not built"; exit 99; }
studio ext4 control
lab_run edit1 sh -c '
	echo "volctl:x:4711:user,chief" >> /etc/group
	echo "volctl-admin:x:4712:chief" >> /etc/group
	for user in user:4801 chief:4802 outsider:4803; do
		echo "${user%:*}:x:${user#*:}:" >> /etc/group
		echo "${user%:*}:x:${user#*:}:${user#*:}::/:/bin/sh" >> /etc/passwd
	done'
hash=$(perl -e 'print crypt("open sesame", "\$6\$saltsalt\$")')
studio_conf edit1 "[access]" "admin-password = $hash"
rule "all log on"
studio_start edit1 edit2
malformed
crowds
vanishing
permissions
rule "the daemons end as ever"
studio_stop edit1 edit2
rule_end
lab_end || failed=$((failed + 1))
studio_verdict
