/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* volumes - list the volumes. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int volumes(struct context *context, int count, char **args);

static const struct column volume_columns[] = {
	{ "NAME", "name", 0, COLUMN_TEXT, false, "name in the tables" },
	{ "MOUNTPOINT", "mount_point", 0, COLUMN_TEXT, false, "where it is mounted" },
	{ "WRITER", "writer", 0, COLUMN_TEXT, false, "the host that has write access" },
	{ "STATE", "writer_state", 0, COLUMN_TEXT, false,
	  "of the writer: alive, late, dead, logged-off" },
	{ "HERE", "here", 0, COLUMN_TEXT, false, "mounted on this host: rw, ro, none" },
	{ "VIEW", "view", 0, COLUMN_TEXT, false, "of this host: fresh, stale, none" },
	{ "AGE", "age_s", 0, COLUMN_SECONDS, false, "how long ago the view was made" },
	{ "FREE", "free_bytes", 0, COLUMN_BYTES, false, "free space" },
	{ "CLUSTER", "cluster", 0, COLUMN_TEXT, true, "whose tables it stands in" },
	{ "UUID", "uuid", 0, COLUMN_TEXT, true, "of the file system" },
	{ "FSTYPE", "fstype", 0, COLUMN_TEXT, true, "type of the file system" },
	{ "DEVICE", "device", 0, COLUMN_TEXT, true, "block device on this host" },
	{ "ENABLED", "enabled", 0, COLUMN_YES_NO, true, "whether write access is given" },
	{ "EPOCH", "epoch", 0, COLUMN_NUMBER, true, "version that granted the write access" },
	{ "TORN", "may_be_torn", 0, COLUMN_YES_NO, true,
	  "whether files may read wrong while somebody writes" },
	{ "SEEN", "generation_seen", 0, COLUMN_NUMBER, true, "generation that this host views" },
	{ "PUBLISHED", "generation_published", 0, COLUMN_NUMBER, true,
	  "latest generation that the writer published" },
	{ "VIEWERS", "viewers", 0, COLUMN_TEXT, true, "how it is viewed beside a writer" },
	{ "FENCING", "fencing", 0, COLUMN_TEXT, true, "proof that the tables ask of a takeover" },
	{ "PROTECTION", "protection", 0, COLUMN_TEXT, true, "proof that is there" },
	{ "HOLDERS", "holders", 0, COLUMN_COUNT, true, "programs that keep it busy here" },
	{ "PROBLEM", "problem", 0, COLUMN_TEXT, true, "what is not as the tables want it here" },
	{ 0 },
};

const struct command cmd_volumes = {
	.name = "volumes",
	.args = "",
	.summary = "list the volumes",
	.columns = volume_columns,
	.run = volumes,
};

static int volumes(struct context *context, int count, char **args)
{
	AUTO_PUT struct json_object *result = NULL;
	int status = talk(context, "volumes", NULL, TALK_QUICK_MS, &result);

	(void)count;
	(void)args;
	return status == EXIT_DONE ? columns_print(context, result, "volumes") : status;
}
