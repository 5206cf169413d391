#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# cli_listings - volumes, hosts, requests, access: as tables, raw and JSON.

. "${srcdir:-$(dirname "$0")/..}/tests/cli_lib.sh"

serve_list()
{
	serve <<END
expect {"command":"$1"}
send {"id":\$ID,"result":{"format":1,"$1":[$2]}}
closed
END
}

media='{"name":"media","mount_point":"/volumes/media","writer":"edit1","writer_state":"alive","here":"ro","view":"fresh","age_s":7300,"free_bytes":1536,"enabled":true,"holders":[{},{}],"uuid":null}'
blank='{"name":"a b","mount_point":null,"writer":null,"enabled":false}'

rule 'a table for people'
serve_list volumes "$media"
gives 0 'NAME  MOUNTPOINT     WRITER STATE HERE VIEW        AGE    FREE
media /volumes/media edit1  alive ro   fresh 2 h 1 min 1.5 KiB' '' volumes

rule 'what is not known is left blank'
serve_list volumes "$media,$blank"
gives 0 'MOUNTPOINT     WRITER NAME
/volumes/media edit1  media
                      a b' '' volumes -o mountpoint,writer,name

rule 'an empty list is a success'
serve_list volumes ''
gives 0 '' '' volumes

rule 'chosen columns, by title or key, without regard to case'
serve_list volumes "$media"
gives 0 'NAME  ENABLED HOLDERS
media yes           2' '' volumes -o name,Enabled,HOLDERS

rule '-o +COLUMNS adds to the usual ones'
serve_list hosts '{"name":"edit1","state":"alive","beat_age_s":1,"answer":"ask","valid":true,"notify":true}'
gives 0 'NAME  STATE BEAT ANSWER VALID NOTIFY
edit1 alive  1 s ask    yes   yes' '' hosts -o +notify

rule 'raw output keeps numbers plain and escapes blanks'
serve_list volumes "$media,$blank"
gives 0 '7300 1536 media
  a\x20b' '' volumes --raw --noheadings -o age,free,name

rule 'JSON has every field, or those of the columns'
serve_list requests '{"id":12,"volume":"media","text":"a\u001bb","deadline_s":null}'
gives 0 '{
  "format":1,
  "requests":[
    {
      "id":12,
      "volume":"media",
      "text":"a\u001bb",
      "deadline_s":null
    }
  ]
}' '' requests --json
serve_list requests '{"id":12,"volume":"media","text":"x","deadline_s":null}'
gives 0 '{
  "format":1,
  "requests":[
    {
      "id":12,
      "deadline_s":null
    }
  ]
}' '' --json requests -o id,due

rule 'texts of others are stripped of control characters'
serve_list requests '{"id":12,"volume":"media","from":"a","to":"b","state":"asked","age_s":1,"deadline_s":2,"text":"\u001b]0;x\u0007 \u202egnp.exe"}'
gives 0 'ID VOLUME FROM TO STATE AGE DUE TEXT
12 media  a    b  asked 1 s 2 s ?]0;x? ?gnp.exe' '' requests

rule 'what each host may do'
serve_list access '{"volume":"media","host":"edit2","mount":true,"write":"never","auto_update":false,"check_every_ms":500}'
gives 0 'VOLUME HOST  MOUNT WRITE UPDATE EVERY
media  edit2 yes   never no       500' '' access

rule 'machines that ask to join'
serve_list joins '{"name":"edit9","machine":"00ff","asked":"2026-01-01T00:00:00Z"}'
gives 0 'NAME  MACHINE ASKED
edit9 00ff    2026-01-01T00:00:00Z' '' hosts --joining

rule 'an unknown column is wrong usage'
serve_list volumes "$media"
gives 2 '' "volctl: no column 'nmae' (volctl volumes --help lists them)" volumes -o name,nmae
serve_list volumes "$media"
gives 2 '' "volctl: no column '' (volctl volumes --help lists them)" volumes -o name,

rule 'listings take no arguments'
gives 2 '' 'volctl: too many arguments; usage: volctl volumes' volumes media

rule 'output that can not be written is a failure'
if [ -w /dev/full ]; then
	serve_list volumes "$media"
	"$volctl" --socket "$socket" volumes > /dev/full 2> "$scratch/err"
	status=$?
	[ "$status" = 1 ] || wrong "exit status $status"
	compare 'standard error' 'volctl: can not write the output: No space left on device' \
		"$(cat "$scratch/err")"
	served
fi

exit "$failed"
