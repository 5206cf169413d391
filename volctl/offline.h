/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * offline - what is done to a control device without a daemon: the template,
 * format, check, repair, dump.
 *
 * Nothing here prints or asks.  Each call returns 0 and a result, or -errno
 * and a filled *@ret_error (the caller clears it); its exit status is part of
 * it.  Results of check and repair that are not "whole" are results, not errors.
 *
 * Format and repair may be interrupted at any point: the device is then what
 * it was, or no control device (format), or one that check finds whole or that can
 * be repaired again.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/io.h"
#include "tables/block.h"
#include "tables/layout.h"
#include "tables/super.h"
#include "volctl/libvolctl.h"

#define OFFLINE_HOSTS_DEFAULT 8
#define OFFLINE_VOLUMES_DEFAULT 16

/* Called before a wait, and now and then during it: "watching the beats of a, b: 9 s left". */
struct offline_progress {
	void (*tell)(void *data, const char *text);	/* NULL: nobody wants to know */
	void *data;
};

/*
 * The commented text form, with the shared file systems that are found here.
 * @globs: where to look, NULL-ended; NULL: all block devices.  @host: a first row, NULL: this
 * machine's name.  *@ret_text is the caller's.
 */
int offline_template(const char *const *globs, const char *host, char **ret_text,
		     struct volctl_error *ret_error);

struct offline_format {
	const char *device;
	const char *text;	/* the text form */
	size_t text_len;
	/* capacity; 0: OFFLINE_HOSTS_DEFAULT, but no less than the text names */
	uint16_t hosts;
	uint16_t volumes;
	/* write over what is there, even over a cluster that is in use elsewhere */
	bool force;
	bool dry_run;		/* everything but the writing */
	struct offline_progress progress;
};

struct offline_formatted {
	struct super super;
	struct layout layout;	/* total_bytes is what it takes */
	uint64_t device_bytes;
	uint16_t host_count;
	uint16_t volume_count;
	char name[NAME_BYTES_MAX + 1];	/* of the cluster */
};

/*
 * Refusals, as error codes: no-such-device, in-use, read-only, not-a-device,
 * too-small (the message says what it would take), holds-data (says what), running (a
 * cluster's, and says who has not logged off), form-wrong (details: "errors", as
 * the daemon's), bad-capacity.
 *
 * What libblkid knew on the device is wiped, when forced.  Both superblocks are erased first and
 * written last.  Every pair of ballots says
 * that version 1, the image in slot 0 of row 0, is decided; every beat, that its host has
 * logged off.  The other image slots and the sectors of a beat's entries keep what is
 * there: nothing names them before it has written them.
 */
int offline_format(const struct offline_format *order, struct offline_formatted *ret_formatted,
		   struct volctl_error *ret_error);

/* The names of sizes for people, one "what  bytes" a line; the caller's. */
char *offline_formatted_text(const struct offline_formatted *formatted);
struct json_object *offline_formatted_json(const struct offline_formatted *formatted);

#define OFFLINE_DAMAGES_MAX 256

/* One block that is not as it should be. */
struct offline_damage {
	/* "superblock", "hint", "ballot", "beat", "join", "image" */
	const char *region;
	uint16_t host;			/* row; SLOT_NONE where there is none */
	uint16_t index;			/* copy, half, sector, slot */
	uint64_t offset;		/* bytes */
	enum block_verdict verdict;
	int error;			/* -errno of the read; then there is no verdict */
};

enum offline_state {
	OFFLINE_WHOLE,		/* exit 0 */
	OFFLINE_DAMAGED,	/* exit 1 */
	OFFLINE_UNREADABLE,	/* exit 7: no superblock, or nothing that could be read */
};

struct offline_checked {
	enum offline_state state;
	bool has_super;
	struct super super;
	struct layout layout;
	char name[NAME_BYTES_MAX + 1];	/* of the cluster; empty without tables */
	uint64_t version;	/* latest decided that the ballots show; 0: none */
	bool has_tables;	/* ... and its image is whole */
	uint32_t damage_count;	/* may be larger than OFFLINE_DAMAGES_MAX: the rest is not listed */
	struct offline_damage damages[OFFLINE_DAMAGES_MAX];
};

/* Errors only where the device could not be opened: no-such-device, not-a-device. */
int offline_check(const char *device, struct offline_checked *ret_checked,
		  struct volctl_error *ret_error);

/* "ballot of host 3, second copy, at 12800: damaged (checksum)"; the caller's. */
char *offline_damage_text(const struct offline_damage *damage);
struct json_object *offline_checked_json(const struct offline_checked *checked);

struct offline_repair {
	const char *device;
	bool dry_run;		/* say what would be done */
	struct offline_progress progress;
};

struct offline_repaired {
	struct offline_checked before;
	bool needed;		/* false: whole, nothing was done */
	uint64_t old_version;	/* the largest version decided or begun that was found anywhere */
	uint64_t kept_version;	/* of the image whose tables are kept */
	uint64_t new_version;	/* it is decided again as this */
	char *difference;	/* what is rewritten and what is lost, one a line; the caller's */
};

/*
 * Damaged superblocks, hints, beats and join slots are written anew from the rest.
 * With damage to a ballot or an image the newest whole image is decided again as
 * a version above every version and ballot found.
 *
 * Refused (besides what check refuses): in-use, read-only, holds-data (the first
 * superblock is gone, and libblkid finds something else there), running (a beat
 * changed, or its host may live; says who), no-tables (no whole image is left),
 * no-super (neither superblock is left).
 */
int offline_repair(const struct offline_repair *order, struct offline_repaired *ret_repaired,
		   struct volctl_error *ret_error);

/*
 * Everything that can be read: {"format":1,"device","super":{...},"hint":{...},
 * "ballots":[...],"beats":[...],"joins":[...],"tables":{"version","text"}}.
 * Damaged blocks appear with their verdict.  *@ret_text is the same for people.
 * Both are the caller's; either pointer may be NULL.
 */
int offline_dump(const char *device, struct json_object **ret_json, char **ret_text,
		 struct volctl_error *ret_error);

/* The same over an open device, for tests: nothing is opened, probed or closed. */
int offline_format_io(struct io *io, const struct offline_format *order,
		      struct offline_formatted *ret_formatted, struct volctl_error *ret_error);
int offline_check_io(struct io *io, struct offline_checked *ret_checked);
int offline_repair_io(struct io *io, const struct offline_repair *order,
		      struct offline_repaired *ret_repaired, struct volctl_error *ret_error);
