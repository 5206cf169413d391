/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules - every change that the tables can undergo: (tables, change) -> tables | refusal.
 *
 * Pure.  The same change may be applied again to newer tables after a lost
 * race, and may meet tables in which it has been applied already: the pair
 * (incarnation, sequence) of its host makes it happen once.  A refusal leaves
 * the tables as they were.
 */
#pragma once

#include <stddef.h>

#include "tables/form.h"
#include "tables/tables.h"

enum change_kind {
	CHANGE_LOGON,		/* machine (never all zero), boot, kept_volumes: see rules.c */
	CHANGE_LOGOFF,		/* refused while writer of, or granted, any volume */
	CHANGE_REQUEST,		/* volume, text, person: granted at once without a writer (A7) */
	CHANGE_CANCEL,		/* request */
	CHANGE_ANSWER_NO,	/* request, text: refused by the writer's host */
	CHANGE_TIME_OUT,	/* request: nobody answered; the default answer was no */
	CHANGE_GIVE,		/* volume, epoch, request, text, generation: the writer has stopped
				 * and passes the right to that request, or if that does not wait
				 * (or is 0) to the head of the queue, or to nobody */
	CHANGE_CONFIRM,		/* volume, epoch: the granted mount is made: granting -> writing */
	CHANGE_RETURN,		/* volume, epoch, text: the granted mount can not be made; the
				 * request that it answered ends as refused with that text */
	CHANGE_FORM,		/* form, form_len, form_mode, base_version: an edit in text form */
	CHANGE_REMOVE_HOST,	/* name; free_slot also frees the slot of a removed host */
	CHANGE_REMOVE_VOLUME,	/* name */
	CHANGE_APPROVE,		/* name, machine: a row for a machine that asked to join */
	CHANGE_TRUST_MACHINE,	/* name: the next machine that logs on under this row is right */
};

struct change {
	/* Who changes, and the id that makes it happen once. */
	uint16_t host;
	uint64_t incarnation;
	uint64_t sequence;	/* from 1, one more for each change of this incarnation */

	enum change_kind kind;
	uint16_t volume;
	uint64_t volume_born;	/* refused as gone if the slot holds another volume by now */
	uint64_t epoch;
	uint64_t request;
	uint64_t generation;
	uint64_t now_s;		/* wall clock, for people */
	uint64_t base_version;	/* CHANGE_FORM, FORM_WHOLE: what the text was made from; 0: any */
	bool administrator;	/* the change was asked for by one */
	bool free_slot;
	struct id128 machine;
	struct id128 boot;
	char name[NAME_BYTES_MAX + 1];
	char person[PERSON_BYTES_MAX + 1];
	char text[TEXT_BYTES_MAX + 1];
	enum form_mode form_mode;
	const char *form;	/* outlives the commit */
	size_t form_len;
	/*
	 * CHANGE_LOGON, only with the boot id of the row's last incarnation: one bit per
	 * volume slot, those that are not proven to be given up here.  The host stays
	 * their writer, with the new incarnation and a new epoch.  Its other rights end:
	 * what an earlier boot held died with it.
	 */
	uint8_t kept_volumes[VOLUMES_MAX / 8];
};

enum ruling {
	RULING_DONE,		/* the tables changed.  value: REQUEST: the request's id; GIVE,
				 * RETURN: the request granted next, or 0; else the new version */
	RULING_GRANTED,		/* CHANGE_REQUEST: granted at once; value = request id */
	RULING_UNCHANGED,	/* right already, or nothing to do: no new version */
	RULING_ALREADY_WRITER,	/* CHANGE_REQUEST: this host holds the right */
	RULING_REPLACED_TEXT,	/* CHANGE_REQUEST: asked already; value = that request id */

	/* Refusals. */
	RULING_NO_SUCH_HOST,
	RULING_NO_SUCH_VOLUME,
	RULING_NO_SUCH_REQUEST,
	RULING_NOT_YOURS,	/* not the asking, or the answering, host */
	RULING_NOT_WAITING,	/* the request has ended */
	RULING_NOT_LOGGED_ON,
	RULING_NOT_VALID,	/* the host's row says valid = no */
	RULING_OTHER_MACHINE,	/* the row belongs to another machine */
	RULING_DISABLED,
	RULING_MAY_NOT_MOUNT,
	RULING_LOCKED_OUT,	/* write = never */
	RULING_QUEUE_FULL,	/* no room for another request */
	RULING_NOT_WRITER,	/* not, or no longer: the epoch is another */
	RULING_STILL_WRITER,	/* log off: some right is not given back; value = volume slot */
	RULING_HAS_WRITER,	/* remove: the volume has a writer */
	RULING_HOST_IS_LIVE,	/* remove: the host is logged on */
	RULING_NAME_TAKEN,
	RULING_FULL,		/* no free row */
	RULING_CONFLICT,	/* FORM_WHOLE: the tables are no longer of base_version */
	RULING_FORM_WRONG,	/* the text has errors: see outcome.errors */
	RULING_BAD_TEXT,	/* not UTF-8, too long, or with control characters */
	RULING_UNPROVEN,	/* earlier writers are not yet proven to have stopped */
	RULING_NOT_ADMINISTRATOR, /* only an administrator may */
	RULING_OUT_OF_ORDER,	/* older than the last change of this incarnation: a ghost */
};

struct outcome {
	enum ruling ruling;
	uint64_t value;
	struct form_errors errors;	/* RULING_FORM_WRONG */
};

/* Whether the ruling makes a new version: DONE, GRANTED or REPLACED_TEXT. */
bool ruling_is_change(enum ruling ruling);

/* Whether the ruling is one that leaves the tables as they are because it said no. */
bool ruling_is_refusal(enum ruling ruling);

/* The rule's name for people and logs: "locked out". */
const char *ruling_text(enum ruling ruling);

/*
 * Apply @change to *@tables and put what stands then into *@ret_tables, another object (zeroes or
 * tables).  A ruling that is a change: the version is one higher, and the host's row holds the id
 * and the result.  Anything else, and a change that *@tables hold already (which is answered with
 * its stored result): *@ret_tables are a copy of *@tables, of the same version.
 */
void rule_apply(const struct tables *tables, const struct change *change,
		struct tables *ret_tables, struct outcome *ret_outcome);

/*
 * What became of @change, if *@tables already hold it: true, and the stored
 * result; false: it is not in there.
 */
bool rule_applied(const struct tables *tables, const struct change *change,
		  struct outcome *ret_outcome);
