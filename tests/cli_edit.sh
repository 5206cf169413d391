#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_edit - edit: checked, shown, committed on its base; what was typed is never lost.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

export TMPDIR="$scratch/tmp"
mkdir "$TMPDIR"

# An editor that changes yes to no, and notes the mode of its file.
cat > "$scratch/editor" <<'END'
#!/bin/sh
stat -c %a "$2" > "$1.mode"
sed -i 's/yes/no/' "$2"
END
chmod +x "$scratch/editor"
export EDITOR="'$scratch/editor' '$scratch/note'"

base='[host a]\nvalid = yes\n'
edited='[host a]\nvalid = no\n'

nothing_left()
{
	[ -z "$(ls "$TMPDIR")" ] || wrong "$(ls "$TMPDIR") is left behind"
	rm -f "$TMPDIR"/*
}

# The name of the kept file is random.
kept()
{
	sed -i 's/volctl-[A-Za-z0-9]*\.conf/FILE/' "$scratch/err"
	[ "$(cat "$TMPDIR"/volctl-*.conf 2> /dev/null)" = "$(printf '%b' "$edited")" ] ||
		wrong 'the text is not kept'
	rm -f "$TMPDIR"/*
}

rule 'a change is checked, shown and committed with the version that it was made from'
serve <<END
expect {"command":"export","arguments":{"comments":true}}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"text":"$edited","version":8,"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true,"text":"$edited"}}
expect {"command":"import","arguments":{"text":"$edited","version":8}}
send {"id":\$ID,"result":{"version":9,"changed":true}}
closed
END
gives 0 '--- the tables
+++ the change
@@ -1,2 +1,2 @@
 [host a]
-valid = yes
+valid = no' 'volctl: done, the tables are of version 9' edit --yes
nothing_left
compare 'the mode of the file' 600 "$(cat "$scratch/note.mode")"

rule 'an unchanged text is no change'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
closed
END
EDITOR=true gives 0 '' 'volctl: nothing is changed' edit
nothing_left

rule 'VISUAL goes before EDITOR'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
closed
END
VISUAL=true gives 0 '' 'volctl: nothing is changed' edit
nothing_left

rule '--dry-run commits nothing'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true}}
closed
END
gives 0 '--- the tables
+++ the change
@@ -1,2 +1,2 @@
 [host a]
-valid = yes
+valid = no' '' edit --dry-run
nothing_left

rule 'without a terminal and --yes nothing is committed, and the text is kept'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true}}
closed
END
"$volctl" --socket "$socket" edit > /dev/null 2> "$scratch/err" < /dev/null
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
kept
compare 'standard error' "volctl: there is no terminal to ask on: nothing is done without --yes
volctl: your text is kept in $TMPDIR/FILE" "$(cat "$scratch/err")"
served

rule 'errors are told with their places, and the text is kept'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"error":{"code":"form-wrong","exit":1,"message":"1 error","errors":[{"line":2,\
	"column":9,"text":"bad"}]}}
closed
END
"$volctl" --socket "$socket" edit --yes > /dev/null 2> "$scratch/err" < /dev/null
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
kept
compare 'standard error' "volctl: 1 error
volctl: $TMPDIR/FILE:2:9: bad
volctl: your text is kept in $TMPDIR/FILE" "$(cat "$scratch/err")"
served

rule 'when somebody else was faster, what they changed is shown, and the text is kept'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true}}
expect {"command":"import"}
send {"id":\$ID,"error":{"code":"conflict","exit":1,"message":"changed meanwhile"}}
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"${base}weight = 2\n","version":9}}
closed
END
"$volctl" --socket "$socket" edit --yes > "$scratch/out" 2> "$scratch/err" < /dev/null
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
kept
compare 'standard error' "volctl: the tables were changed by somebody else meanwhile:
volctl: your text is kept in $TMPDIR/FILE" "$(cat "$scratch/err")"
grep -q '^+weight = 2$' "$scratch/out" || wrong 'the change of the others is not shown'
served

rule 'an editor that fails changes nothing, and the text is kept'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
closed
END
EDITOR='false' "$volctl" --socket "$socket" edit --yes > /dev/null 2> "$scratch/err" < /dev/null
status=$?
[ "$status" = 1 ] || wrong "exit status $status"
grep -q 'the editor ended with status 1' "$scratch/err" || wrong 'the failure is not told'
rm -f "$TMPDIR"/*
served

# With a terminal: answers are typed.
if ! script -qec true /dev/null > /dev/null 2>&1; then
	echo 'no script(1): the questions are not tested'
	exit "$failed"
fi

# $1: what is typed, after the last line has asked for it.
typing()
{
	printf '%b' "$1" | TERM=dumb script -qec "'$volctl' --socket '$socket' edit" /dev/null > "$scratch/out"
}

rule 'on a terminal the change is made only after yes'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true}}
expect {"command":"import","arguments":{"version":8}}
send {"id":\$ID,"result":{"version":9,"changed":true}}
closed
END
typing 'y\n'
grep -q 'done, the tables are of version 9' "$scratch/out" || wrong 'not done'
served
nothing_left
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true}}
closed
END
typing 'n\n'
served
kept

rule 'after a conflict the change of the others is merged into the text that was typed'
serve <<END
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base\n\n\n[host b]\n","version":8}}
expect {"command":"import","arguments":{"dry_run":true}}
send {"id":\$ID,"result":{"version":8,"changed":true}}
expect {"command":"import","arguments":{"version":8}}
send {"id":\$ID,"error":{"code":"conflict","exit":1,"message":"changed meanwhile"}}
expect {"command":"export"}
send {"id":\$ID,"result":{"text":"$base\n\n\n[host b]\nweight = 2\n","version":9}}
expect {"command":"import","arguments":{"dry_run":true,"version":9,\
	"text":"$edited\n\n\n[host b]\nweight = 2\n"}}
send {"id":\$ID,"result":{"version":9,"changed":true}}
expect {"command":"import","arguments":{"version":9,"text":"$edited\n\n\n[host b]\nweight = 2\n"}}
send {"id":\$ID,"result":{"version":10,"changed":true}}
closed
END
typing 'y\ne\ny\n'
grep -q 'done, the tables are of version 10' "$scratch/out" || wrong 'not done'
served
nothing_left

exit "$failed"
