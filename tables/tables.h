/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * tables - the access and volume control tables in memory (A1, A2, A4).
 *
 * Rows keep their slot for life.  The arrays have their largest size, but only
 * the rows below the counts are ever touched: allocate a struct tables with
 * calloc() and copy it with tables_copy(), and a small cluster stays small.
 *
 * Wall clock seconds in here are for people.  No decision is based on them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tables/limits.h"

enum answer_mode { ANSWER_ASK, ANSWER_AUTO };
enum write_mode { WRITE_ASK, WRITE_NEVER };
enum takeover_mode { TAKEOVER_ASK, TAKEOVER_AUTO };
enum fsck_mode { FSCK_NEVER, FSCK_AFTER_TAKEOVER };
enum viewers_mode { VIEWERS_LIVE, VIEWERS_QUIET, VIEWERS_PUBLISHED };

enum fencing_kind {
	FENCING_BEST,
	FENCING_MANUAL,
	FENCING_GUARD,
	FENCING_WATCHDOG,
	FENCING_RESERVATION,
	FENCING_COMMAND,
};

enum row_state {
	ROW_FREE,
	ROW_USED,
	ROW_REMOVED,		/* hosts only: kept until an administrator frees the slot */
};

/* The result of a host's last change that was applied: read by it after a doubtful commit. */
struct change_result {
	uint16_t ruling;	/* enum ruling, rules.h */
	uint64_t value;		/* what the ruling is about: request id, epoch */
};

struct host_row {
	enum row_state state;
	char name[NAME_BYTES_MAX + 1];
	bool valid;		/* may log on */
	bool logged_on;
	bool notify;
	enum answer_mode answer;
	uint32_t weight;	/* thousandths, here and below */
	char groups[LIST_BYTES_MAX + 1];
	char domains[LIST_BYTES_MAX + 1];
	struct id128 machine;	/* all zero: the first that logs on */
	struct id128 boot;	/* of the present or last incarnation */
	uint64_t incarnation;
	uint64_t last_sequence;	/* of the last change applied for this incarnation */
	struct change_result last_result;
};

/* Who holds, or held, the right to write.  epoch 0: nobody. */
struct right {
	uint16_t host;
	uint64_t incarnation;
	uint64_t epoch;		/* version of the commit that granted it: never used twice */
};

enum volume_phase {
	PHASE_FREE,		/* no writer */
	PHASE_GRANTING,		/* the right is given, the mount not yet confirmed */
	PHASE_WRITING,
};

struct volume_row {
	enum row_state state;
	uint64_t born;		/* version that created the record: its identity */
	char name[NAME_BYTES_MAX + 1];
	char uuid[UUID_BYTES_MAX + 1];	/* of the file system, as libblkid prints it */
	char mount_point[PATH_BYTES_MAX + 1];
	bool enabled;
	enum volume_phase phase;
	struct right writer;
	uint8_t earlier_count;
	struct right earlier[EARLIER_MAX];	/* not yet proven stopped; a taker inherits them */
	uint64_t granted_request;	/* the request that the present right answers; 0: none */
	uint64_t generation;		/* last published state, when a writer gave it up */
	enum fencing_kind fencing;
	char fencing_command[NAME_BYTES_MAX + 1];
	enum takeover_mode takeover;
	bool fail_back;
	enum fsck_mode fsck;
	uint32_t min_hold_ms;
	uint64_t busy_above;		/* bytes/s; 0: not looked at */
	uint32_t answer_within_ms;
	bool answer_default;		/* yes or no */
	enum viewers_mode viewers;
	uint32_t quiet_grace_ms;
	uint32_t publish_every_ms;
	uint32_t view_max;
	uint32_t view_max_age_ms;
	uint32_t view_lease_max_ms;
	uint32_t snapshots_max;
	uint32_t snapshots_space;	/* percent */
	char options[LIST_BYTES_MAX + 1];
	uint32_t weight;
	char group[NAME_BYTES_MAX + 1];
	char domains[LIST_BYTES_MAX + 1];
	char prefer[NAME_BYTES_MAX + 1];
	bool may_leave_group;
	bool balance;
};

/* Only where it differs from: mount = yes, write = ask, auto-update = yes, check-every = 0. */
struct access_row {
	uint16_t volume;
	uint16_t host;
	bool mount;
	enum write_mode write;
	bool auto_update;
	uint32_t check_every_ms;
};

/*
 *              +--> GRANTED
 * WAITING -----+--> REFUSED       WAITING: in the queue of its volume, the writer's
 *              +--> TIMED_OUT     host has not answered.  All others are ended; an
 *              +--> CANCELLED     ended request stays until its place is needed.
 */
enum request_state {
	REQUEST_WAITING,
	REQUEST_GRANTED,
	REQUEST_REFUSED,
	REQUEST_TIMED_OUT,
	REQUEST_CANCELLED,
};

struct request_row {
	uint64_t id;		/* never used twice; the queue of a volume is in its order */
	uint16_t volume;
	uint16_t from;
	uint16_t asked;		/* the host of the writer; SLOT_NONE: there was none */
	enum request_state state;
	uint64_t ended_version;	/* that ended it; 0: it waits.  The lowest makes room first */
	uint64_t posted_s;
	uint64_t ended_s;
	char person[PERSON_BYTES_MAX + 1];
	char text[TEXT_BYTES_MAX + 1];
	char answer[TEXT_BYTES_MAX + 1];
};

struct tables {
	struct capacity capacity;
	char name[NAME_BYTES_MAX + 1];
	uint64_t version;
	uint64_t openings;	/* log ons, ever (A1) */
	uint64_t request_next;	/* id of the next request */
	uint32_t io_timeout_ms;	/* the one timing setting */

	/* Slots at and above the counts are free and have never been touched. */
	uint16_t host_count;
	uint16_t volume_count;
	uint16_t access_count;	/* sorted by volume, then host; no holes */
	uint16_t request_count;	/* sorted by id; no holes */
	struct host_row hosts[HOSTS_MAX];
	struct volume_row volumes[VOLUMES_MAX];
	struct access_row access[ACCESS_MAX];
	struct request_row requests[REQUESTS_MAX];
};

#define IO_TIMEOUT_DEFAULT_MS 4000

/* Empty tables of version 0. */
void tables_init(struct tables *tables, const struct capacity *capacity);
/* @to holds zeroes or tables. */
void tables_copy(struct tables *to, const struct tables *from);

/* Whether two tables say the same, the version aside. */
bool tables_same(const struct tables *a, const struct tables *b);

/* A row with the defaults of interface.md. */
struct host_row host_row_defaults(void);
struct volume_row volume_row_defaults(void);

/* Slot of the used row of that name (without regard to case), or SLOT_NONE. */
uint16_t tables_host_find(const struct tables *tables, const char *name);
uint16_t tables_volume_find(const struct tables *tables, const char *name);
uint16_t tables_volume_by_uuid(const struct tables *tables, const char *uuid);

/* What a host may do with a volume; the defaults where there is no record. */
struct access_row tables_access(const struct tables *tables, uint16_t volume, uint16_t host);

/* Set or, where it equals the defaults, drop a record.  -ENOSPC if there is no room. */
int tables_access_set(struct tables *tables, const struct access_row *row);

/* Drop the records of a volume and a host; SLOT_NONE stands for all of them. */
void tables_access_forget(struct tables *tables, uint16_t volume, uint16_t host);

/*
 * Take rows out, with the records, preferences and ended requests that name them.  The caller
 * has made sure that no right and no waiting request does.  A volume's slot is free at once, a
 * host's only if @free_slot: its ballot sectors still hold what it wrote.
 */
void tables_volume_remove(struct tables *tables, uint16_t volume);
void tables_host_remove(struct tables *tables, uint16_t host, bool free_slot);

/* A slot for a new row, zeroed and within the counts; SLOT_NONE: all are in use. */
uint16_t tables_host_slot(struct tables *tables);
uint16_t tables_volume_slot(struct tables *tables);

/* The first volume that @host writes, or is not proven to have stopped writing; or SLOT_NONE. */
uint16_t tables_right_of(const struct tables *tables, uint16_t host);

/* Take out the request at an index of the array. */
void tables_request_drop(struct tables *tables, uint16_t index);

/* By id; NULL if there is none. */
struct request_row *tables_request(struct tables *tables, uint64_t id);
const struct request_row *tables_request_const(const struct tables *tables, uint64_t id);

/* The first waiting request for a volume after @id (0: the head of its queue), or NULL. */
const struct request_row *tables_queue_next(const struct tables *tables, uint16_t volume,
					    uint64_t id);

bool right_same(const struct right *a, const struct right *b);

/*
 * Names: 1..63 of [A-Za-z0-9._-], the same without regard to the case of ASCII letters.  Texts:
 * at most TEXT_BYTES_MAX of strict UTF-8 without control characters and bidirectional overrides.
 */
bool name_is_valid(const char *name);
bool name_same(const char *a, const char *b);
bool text_is_valid(const char *text, size_t len);

/* How many of the @len bytes stand before the first that no text may have. */
size_t text_valid_bytes(const char *text, size_t len);
