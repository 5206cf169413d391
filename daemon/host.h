/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * host - what this host does in one cluster: the core machine of the daemon.
 *
 * Pure: it is told what happened and when, and answers what to do.  No I/O, no
 * clock, no log, no heap, no threads; the daemon and the simulator link the same code.
 *
 *   host_step(event)   takes note of one event
 *   host_next(action)  gives one action after the other until there is none
 *
 * It is level-triggered: actions follow from the difference between what the
 * tables say, what is mounted here and what people ordered, so that a lost or
 * doubled event costs time and nothing else.
 *
 * Promises: a volume is made writable here only under a right of this
 * incarnation in the latest tables; a right is given back only after
 * MOUNT_GIVE_UP has proven that nothing of this host can write any more; every command
 * is answered exactly once.
 */
#pragma once

#include "daemon/mounts.h"
#include "daemon/protocol.h"
#include "tables/claim.h"
#include "tables/rules.h"

#define HOST_WAITS_MAX 512	/* commands under way */
#define HOST_CHANGES_MAX 32	/* changes by people, queued for commit */
#define HOST_ANSWERS_MAX 16	/* made by one event and not yet fetched */
#define HOST_NEWS_MAX 64	/* events not yet fetched; the oldest go first */
#define HOST_JOBS_MAX 16	/* mount jobs at once */
#define MESSAGE_BYTES_MAX 1023
#define CODE_BYTES_MAX 31

/*
 *  STARTING --tables--> CLAIMING --claimed--> LOOKING --looked--> LOGGING_ON --> ONLINE
 *     |  ^                  |                                                      |
 *     v  | a row            v                                            log off   v
 *   NO_ROW               REFUSED <--- evicted, back in time ---+--- OFF <-- LOGGING_OFF
 */
enum host_phase {
	HOST_STARTING,		/* no tables learned yet */
	HOST_NO_ROW,		/* the tables have no row of our name, or it is not valid */
	HOST_CLAIMING,
	HOST_LOOKING,		/* what is mounted here from before? */
	HOST_LOGGING_ON,
	HOST_ONLINE,
	HOST_LOGGING_OFF,
	HOST_OFF,		/* logged off by order */
	HOST_REFUSED,		/* by the claim, or by the device: see trouble */
};

struct host_config {
	char name[NAME_BYTES_MAX + 1];
	uint64_t incarnation;
	struct id128 machine;
	struct id128 boot;
	uint32_t poll_ms;
	bool ignore_bad;		/* [mount]: one that will not mount stops no other */
	bool has_hook;			/* [hooks] may-give */
	/* [access]: nobody here but administrators asks or answers */
	bool lockout_changes;
	bool stay_off;			/* do not log on by oneself */
};

enum host_command_kind {
	COMMAND_REQUEST,
	COMMAND_CANCEL,
	COMMAND_ANSWER,
	COMMAND_RELEASE,
	COMMAND_REFRESH,
	COMMAND_PUBLISH,
	COMMAND_MOUNT,
	COMMAND_UNMOUNT,
	COMMAND_LOGON,
	COMMAND_LOGOFF,
	COMMAND_SUSPEND,
	COMMAND_RESUME,
	COMMAND_TAKEOVER,
	/* a change of the tables as it is: form, removal, approval */
	COMMAND_CHANGE,
	COMMAND_DONE,			/* a `volctl run` has ended */
};

struct host_command {
	enum host_command_kind kind;
	uint64_t token;			/* of the caller; comes back in the answer */
	uint16_t volume;		/* slot, SLOT_NONE: all */
	uint64_t request;
	bool wait;			/* REQUEST: answer when it has ended */
	/* REQUEST: a `volctl run`, in force until COMMAND_DONE with its token */
	bool run;
	bool over_readers;
	bool yes;			/* ANSWER */
	bool administrator;
	uint64_t now_s;
	uint64_t run_token;		/* DONE */
	char person[PERSON_BYTES_MAX + 1];
	char text[TEXT_BYTES_MAX + 1];
	/* COMMAND_CHANGE: kind and arguments; form outlives the answer */
	struct change change;
};

/* The answer to a command.  exit 0: `code` is the state reached ("posted", "granted"). */
struct host_answer {
	uint64_t token;
	bool interim;			/* the request is posted; the answer is still to come */
	enum exit_status exit;
	char code[CODE_BYTES_MAX + 1];
	char message[MESSAGE_BYTES_MAX + 1];
	char object[NAME_BYTES_MAX + 1];
	uint16_t volume;
	uint64_t request;
	uint64_t version;
	uint64_t epoch;
	bool had_access;		/* run: this host was the writer before */
	bool given_up;			/* done: at the first try */
	bool changed;
	uint32_t holder_count;
	struct holder holders[HOLDERS_MAX];
	struct form_errors errors;	/* exit 1, code form-wrong */
};

enum news_kind {
	NEWS_REQUEST_POSTED,
	NEWS_REQUEST_GRANTED,
	NEWS_REQUEST_REFUSED,
	NEWS_REQUEST_TIMED_OUT,
	NEWS_REQUEST_CANCELLED,
	NEWS_WRITER_CHANGED,
	NEWS_MOUNTED,
	NEWS_UNMOUNTED,
	NEWS_VIEW_REFRESHED,
	NEWS_VIEW_BUSY,
	NEWS_PUBLISHED,
	NEWS_MOUNT_FAILED,
	NEWS_TABLES_CHANGED,
	NEWS_CONTROL_SILENT,
	NEWS_CONTROL_BACK,
	NEWS_HOST_LOGGED_ON,
	NEWS_HOST_LOGGED_OFF,
	NEWS_ACCESS_LOST,
	/* the host's phase, or how far a handoff is: the log's, not the user's */
	NEWS_STATE,
	NEWS_WARNING,
};

struct news {
	enum news_kind kind;
	uint16_t volume;		/* SLOT_NONE where there is none, both */
	uint16_t host;
	uint64_t request;
	char text[TEXT_BYTES_MAX + 1];
};

enum host_event_kind {
	HOST_EV_TICK,
	/* tables: newer; the core keeps the pointer until the next such event */
	HOST_EV_TABLES,
	HOST_EV_CLAIM,		/* claim */
	HOST_EV_ANSWERED,	/* sequence, outcome */
	HOST_EV_UNKNOWN,	/* sequence: ANSWERED will follow */
	HOST_EV_NOT_MADE,	/* sequence */
	HOST_EV_BEAT,		/* ours is durable; logged_off: and says so */
	HOST_EV_PEER,		/* host, read, beat_volumes */
	HOST_EV_SILENT,		/* the control device does not answer, or fails: text */
	HOST_EV_BACK,
	HOST_EV_STOP_FOR_GOOD,	/* evicted, or gone back in time: text */
	HOST_EV_MOUNT,		/* mount: a job has ended */
	HOST_EV_DEVICE,		/* volume, device_count, device_path, fstype.  SLOT_NONE: the
				 * devices of all volumes have been told; nothing is mounted
				 * before */
	HOST_EV_MOUNTS,		/* somebody mounted or unmounted something on this machine */
	HOST_EV_HOOK,		/* volume, request, yes, text */
	HOST_EV_COMMAND,	/* command */
	HOST_EV_CLIENT_GONE,	/* token: its waits are over, its run ends */
};

struct host_event {
	enum host_event_kind kind;
	const struct tables *tables;
	const struct claim_report *claim;
	const struct outcome *outcome;
	const struct beat_read *read;
	const struct beat_volume *beat_volumes;
	const struct mount_result *mount;
	const struct host_command *command;
	const char *text;
	const char *device_path;
	const char *fstype;
	unsigned int device_count;
	uint16_t host;
	uint16_t volume;
	uint64_t request;
	uint64_t sequence;
	uint64_t token;
	uint64_t now_s;		/* wall clock, for people; in every event */
	bool logged_off;
	bool yes;
};

enum host_action_kind {
	HOST_ACT_NONE,
	HOST_ACT_CLAIM,		/* slot */
	HOST_ACT_COMMIT,	/* change */
	HOST_ACT_MOUNT,		/* job: in a worker; ends in HOST_EV_MOUNT */
	HOST_ACT_HOOK,		/* volume, request: ask [hooks] may-give; ends in HOST_EV_HOOK */
	HOST_ACT_BEAT,		/* host->beat and host->beat_volumes; `now`: write one at once */
	HOST_ACT_FOLLOW,	/* follow */
	HOST_ACT_POLL,		/* poll_ms, io_timeout_ms */
	HOST_ACT_NOTICE,	/* raise the notice counter */
	HOST_ACT_JOIN,		/* leave a join request */
	HOST_ACT_ANSWER,	/* answer */
	HOST_ACT_NEWS,		/* news */
	HOST_ACT_STOPPED,	/* log off has ended: `clean` says how */
};

struct host_action {
	enum host_action_kind kind;
	uint16_t slot;
	uint16_t volume;
	uint64_t request;
	uint32_t poll_ms;
	uint32_t io_timeout_ms;
	bool now;
	bool clean;
	uint8_t follow[HOSTS_MAX / 8];
	char text[TEXT_BYTES_MAX + 1];
	struct change change;
	struct mount_job job;
	struct host_answer answer;
	struct news news;
};

/*
 * How far the giving up of a volume is.
 *
 *   NONE --yes, release--> FLUSHING --synced--> STOPPING --proven--> STOPPED --committed--> NONE
 *                              files open: no, naming who <--+
 */
enum give_step { GIVE_NONE, GIVE_FLUSHING, GIVE_STOPPING, GIVE_STOPPED };

/* What this host has of one volume slot. */
struct host_volume {
	uint64_t born;			/* the record that all below is about; 0: none */
	/* What the jobs are about: follows the record when nothing is mounted. */
	char name[NAME_BYTES_MAX + 1];
	char uuid[UUID_BYTES_MAX + 1];
	char mount_point[PATH_BYTES_MAX + 1];
	char options[LIST_BYTES_MAX + 1];

	unsigned int device_count;
	char device[PATH_BYTES_MAX + 1];
	char fstype[16];

	bool job;			/* one is under way */
	enum mount_op job_op;
	uint64_t job_epoch;		/* MOUNT_WRITE: the right under which it mounts */
	bool looked;
	bool locked;			/* the device is read-only, with nothing mounted */
	bool shut_down;			/* by force, and still there: only a reset helps */
	enum mount_state mounted;
	uint64_t write_epoch;		/* MOUNTED_WRITE: the right under which it was mounted */
	uint64_t held_since_ms;
	bool view_held;			/* an older mount stays for its holders */
	uint64_t view_generation;	/* published when the view was made */
	uint64_t view_since_ms;
	uint64_t job_generation;	/* the same, for the view being made */
	uint64_t published;		/* newest generation known */
	uint64_t written;		/* sectors, at the last publish */
	uint64_t written_at_ms;
	uint64_t write_rate;		/* bytes/s between the last two publishes */
	uint64_t publish_at_ms;

	enum mount_outcome outcome;	/* of the last job; MOUNT_DONE is good */
	char reason[REASON_BYTES_MAX + 1];
	uint32_t holder_count;
	struct holder holders[HOLDERS_MAX];
	uint64_t retry_at_ms;
	uint64_t free_bytes;
	uint64_t total_bytes;

	enum give_step give;
	uint64_t give_request;		/* 0: a release */
	uint64_t failed_epoch;		/* the grant that could not be mounted */
	char failed_why[TEXT_BYTES_MAX + 1];
	bool hook_running;

	/* What people ordered. */
	bool unmount_wanted;
	bool refresh_wanted;
	bool publish_wanted;
	bool release_wanted;
	bool release_patient;		/* and wait until programs have closed their files */
	bool over_readers;
	bool holders_wanted;
	bool look_wanted;
	bool unmount_tried;		/* at log off: once is enough */
	uint16_t run_count;
};

/* A request to this host as the writer's, until it has ended. */
enum decision { DECIDE_NOT_YET, DECIDE_YES, DECIDE_NO, DECIDE_TIME_OUT };

struct host_request {
	uint64_t id;			/* 0: free */
	uint16_t volume;
	uint64_t seen_ms;
	enum decision decision;
	bool hook_said_yes;
	char text[TEXT_BYTES_MAX + 1];
};

enum wait_kind {
	WAIT_FREE,
	WAIT_CHANGE,		/* a queued change: answered when it is decided */
	WAIT_REQUEST,		/* until the request has ended, and is mounted */
	WAIT_GIVEN,		/* ANSWER yes */
	WAIT_RELEASE,
	WAIT_DONE,		/* a `volctl run` has ended: the first try to give up */
	WAIT_REFRESH,
	WAIT_PUBLISH,
	WAIT_MOUNT,
	WAIT_UNMOUNT,
	WAIT_LOGON,
	WAIT_LOGOFF,
	WAIT_RUN,		/* not a wait: a `volctl run` in force */
};

struct host_wait {
	enum wait_kind kind;
	uint64_t token;
	uint16_t volume;
	uint64_t request;
	bool wait;
	bool run;
	bool over_readers;
	bool had_access;
	bool gone;		/* of a run: its client has, what it asked for is not wanted */
};

struct host_change {
	uint64_t token;		/* 0: the core's own */
	bool held;		/* until it is known who holds the view here */
	struct change change;
};

/* A host as its beats show it.  Judged by this host's clock only. */
struct host_peer {
	bool seen;
	struct beat beat;
	struct peer_watch watch;
};

struct host {
	struct host_config config;
	enum host_phase phase;
	uint64_t now_ms;
	uint64_t now_s;
	const struct tables *tables;
	struct timing timing;
	uint16_t slot;
	bool devices_known;
	bool claimed;
	bool claim_asked;
	bool join_asked;
	struct claim_report claim;
	bool suspended;
	bool logon_wanted;
	uint64_t online_since_ms;
	bool stopped_for_good;	/* the disk does nothing more for us */
	bool stop_wanted;	/* log off, then HOST_ACT_STOPPED */
	bool stopped_told;
	uint64_t stop_by_ms;
	bool clean;
	char trouble[MESSAGE_BYTES_MAX + 1];
	bool silent;
	uint64_t silent_since_ms;

	/* The change under way: one at a time. */
	bool committing;
	/* its outcome is not known yet: counts as done for all that it takes from us */
	bool unresolved;
	uint64_t sequence;
	struct host_change in_flight;
	uint64_t commit_at_ms;	/* not before */

	struct beat beat;
	struct beat_volume beat_volumes[VOLUMES_MAX];
	bool beat_dirty;
	bool beat_now;
	bool notice_wanted;
	uint8_t follow[HOSTS_MAX / 8];
	uint32_t poll_ms;
	uint32_t io_timeout_ms;
	unsigned int jobs;

	struct host_volume volumes[VOLUMES_MAX];
	struct host_request requests[REQUESTS_MAX];
	uint16_t request_count;
	struct host_peer peers[HOSTS_MAX];

	struct host_wait waits[HOST_WAITS_MAX];
	struct host_change changes[HOST_CHANGES_MAX];
	unsigned int change_count;
	struct host_answer answers[HOST_ANSWERS_MAX];
	unsigned int answer_first;
	unsigned int answer_count;
	struct news news[HOST_NEWS_MAX];
	unsigned int news_first;
	unsigned int news_count;
	uint64_t look_at_ms;		/* 0: mounts have not moved since we looked */
	uint64_t wake_at_ms;
};

/* @host: calloc()ed. */
void host_init(struct host *host, const struct host_config *config, uint64_t now_ms);

void host_step(struct host *host, const struct host_event *event, uint64_t now_ms);

/*
 * The next thing to do; false: nothing, until an event or host_wake_at().  @now_ms as in
 * host_step().
 */
bool host_next(struct host *host, struct host_action *ret_action);
uint64_t host_wake_at(const struct host *host);

/* What is told about an outcome of a change: exit, code, message, changed, errors. */
void host_answer_of(const struct outcome *outcome, struct host_answer *ret_answer);

/* Log off and stop, within @limit_ms: HOST_ACT_STOPPED follows. */
void host_stop(struct host *host, uint32_t limit_ms);

/* Views for status, metrics and the screens. */
bool host_is_writer(const struct host *host, uint16_t volume);
bool host_view_is_stale(const struct host *host, uint16_t volume);
const char *holder_kind_text(enum holder_kind kind);
const char *host_phase_text(enum host_phase phase);
const char *news_kind_text(enum news_kind kind);

enum peer_state host_peer_state(const struct host *host, uint16_t slot);
