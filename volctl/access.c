/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* access - what each host may do with each volume. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"
#include "volctl/text.h"

static int access_list(struct context *context, int count, char **args);
static int access_set(struct context *context, int count, char **args);

static const struct column access_columns[] = {
	{ "VOLUME", "volume", 0, COLUMN_TEXT, false, "the volume" },
	{ "HOST", "host", 0, COLUMN_TEXT, false, "the host" },
	{ "MOUNT", "mount", 0, COLUMN_YES_NO, false, "whether it may mount the volume" },
	{ "WRITE", "write", 0, COLUMN_TEXT, false, "ask, or never: locked out from asking" },
	{ "UPDATE", "auto_update", 0, COLUMN_YES_NO, false,
	  "whether its view is refreshed by itself" },
	{ "EVERY", "check_every_ms", 0, COLUMN_NUMBER, false,
	  "least milliseconds between refreshes; 0: at every publication" },
	{ "CLUSTER", "cluster", 0, COLUMN_TEXT, true, "whose tables it stands in" },
	{ 0 },
};

const struct command cmd_access = {
	.name = "access",
	.args = "",
	.summary = "list what each host may do with each volume",
	.columns = access_columns,
	.run = access_list,
};

static const struct option_entry access_set_options[] = {
	{ 0, "dry-run", OPTION_NONE, NULL, "check, show what would change, change nothing" },
	{ 0 },
};

const struct command cmd_access_set = {
	.name = "access set",
	.args = "VOLUME HOST KEY=VALUE...",
	.summary = "change what a host may do with a volume",
	.min_args = 3,
	.max_args = ARGS_ANY,
	.options = access_set_options,
	.run = access_set,
};

static int access_list(struct context *context, int count, char **args)
{
	AUTO_PUT struct json_object *result = NULL;
	int status = talk(context, "access", NULL, TALK_QUICK_MS, &result);

	(void)count;
	(void)args;
	return status == EXIT_DONE ? columns_print(context, result, "access") : status;
}

static int access_set(struct context *context, int count, char **args)
{
	return fragment_commit(context, "set",
			       fragment_begin_volume(context, "access", args[0], args[1]),
			       count - 2, args + 2);
}
