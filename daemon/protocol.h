/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * protocol - what is said on the control socket, by volctld and libvolctl.
 *
 * Unix stream socket; JSON objects, one a line: at most PROTOCOL_LINE_MAX bytes
 * from a client, PROTOCOL_ANSWER_MAX from the daemon.  Strings are valid UTF-8;
 * what the daemon reads elsewhere (names of commands) it makes so.  A client sends
 *
 *   {"volctl":1,"id":7,"command":"request","cluster":"studio","password":"...",
 *    "arguments":{"volume":"media","text":"colour correction"}}
 *
 * (`cluster` and `password` only where wanted) and gets, any number of times,
 *
 *   {"id":7,"event":{...}}
 *
 * and then once
 *
 *   {"id":7,"result":{...}}      or
 *   {"id":7,"error":{"code":"locked-out","exit":4,"message":"...","object":"media"}}
 *
 * Several commands may be under way on one connection.  A connection that
 * closes ends its `watch` and `run`; nothing else.  An error about a line whose
 * id can not be read has id 0.  A client splits CLUSTER/NAME: the daemon sees
 * "cluster" and the bare name, UUID or device path.
 *
 * command        arguments                               result
 * -------------- --------------------------------------- ------------------------------------------
 * hello                                                  {"version","host","clusters":[NAME]}
 * status         [volume]                                the status object of interface.md; where
 *                                                        the host is logged on to several clusters
 *                                                        and none is named
 *                                                        {"format":1,"clusters":[STATUS...]}
 * volumes hosts requests access                          {"format":1,"volumes":[...]} and so on
 * request        volume text wait over_readers           {"request":ID,"state":...,"message"}; with
 *                                                        wait true events, the first of them
 *                                                        request-posted with "request":ID, and the
 *                                                        result when it has ended (state granted:
 *                                                        mounted read-write). This host is the
 *                                                        writer: no "request". message (or none):
 *                                                        what a person should know, as the proof
 *                                                        that is missing to take over
 * cancel         request                                 {}
 * answer         request answer("yes"|"no") text         {}; yes: when given, or an error 5
 * release        volume | all:true                       {}; when given up
 * refresh        [volume]                                {"refreshed":[NAME],
 *                                                        "busy":[{volume,holders}]}
 * publish        [volume]                                {"published":[{volume,generation}]}
 * mount unmount  volume                                  {}
 * logon logoff suspend resume                            {}
 * takeover       volume [host_is_down]                   {"epoch":N}
 * run            volume text wait over_readers           as request with wait; then the volume
 *                                                        counts as in use by a `volctl run` until
 *                                                        `done` or close; {"had_access":bool,...}
 *                                                        event {"kind":"access-lost"} meanwhile
 * done           run(the message's id of the run)        {"given_up":bool,"holders":[...]}, at once
 *                                                        after the first try; unless had_access the
 *                                                        volume is given up then or when its files
 *                                                        are closed
 * export         comments                                {"text","version"}
 * import         text version(base; 0: whatever) dry_run {"version","changed":bool}
 * set            text mode("add"|"set") dry_run          {"version","changed":bool}: a fragment of
 *                                                        the text form, as `host set` makes it
 * remove         host | volume, free_slot, dry_run       {"version","changed":bool}.  With dry_run
 *                                                        import, set and remove check everything,
 *                                                        change nothing, and add "text": the
 *                                                        tables, as export without comments would
 *                                                        print them afterwards
 * approve reject host                                    {"version"} / {}
 * joins                                                  {"joins":[{"name","machine","asked"}]}
 * watch          volume                                  events until closed; never a result
 * metrics                                                {"text"}: OpenMetrics
 *
 * An event: {"time","kind","volume","host","request","text",...}.  Kinds: request-posted
 * request-granted request-refused request-timed-out request-cancelled
 * writer-changed mounted unmounted view-refreshed view-busy published
 * mount-failed tables-changed control-silent control-back host-logged-on host-logged-off
 * access-lost warning
 *
 * More fields of a volume in `status` and `volumes`: "cluster", "may_mount" and
 * "may_write" (this host, by the tables), "problem" (a sentence, or null: what
 * keeps it from being as the tables want it here).
 *
 * Codes of errors that clients act upon: password-needed and password-wrong (4;
 * sent again with "password"), conflict (1; import: the tables are no longer of
 * the base version), ambiguous (2, with "names":[CLUSTER/NAME]).
 *
 * A `wait`ing request that ended without access gives an error: code refused (exit 5),
 * timed-out (6), cancelled (1); code busy-here (5) where local readers stand in
 * the way (with "holders").  An error for import or set carries
 * "errors":[{"line","column","text"}].
 */
#pragma once

#define PROTOCOL_VERSION 1
#define PROTOCOL_LINE_MAX (1024 * 1024)
#define PROTOCOL_ANSWER_MAX (16 * 1024 * 1024)

/* Exit statuses, part of the interface: volctl(8). */
enum exit_status {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_USAGE = 2,
	EXIT_NO_SUCH = 3,
	EXIT_NOT_PERMITTED = 4,
	EXIT_REFUSED = 5,
	EXIT_TIMED_OUT = 6,
	EXIT_UNREACHABLE = 7,
};
