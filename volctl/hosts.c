/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* hosts - list the hosts, or the machines that ask to become one. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int hosts(struct context *context, int count, char **args);

static const struct option_entry hosts_options[] = {
	{ 0, "joining", OPTION_NONE, NULL, "list the machines that ask to join instead" },
	{ 0 },
};

static const struct column host_columns[] = {
	{ "NAME", "name", 0, COLUMN_TEXT, false, "name in the tables" },
	{ "STATE", "state", 0, COLUMN_TEXT, false, "of its daemon: alive, late, dead, logged-off" },
	{ "BEAT", "beat_age_s", 0, COLUMN_SECONDS, false, "time since its last sign of life" },
	{ "ANSWER", "answer", 0, COLUMN_TEXT, false, "how it answers requests: ask, auto" },
	{ "VALID", "valid", 0, COLUMN_YES_NO, false, "whether it may log on" },
	{ "NOTIFY", "notify", 0, COLUMN_YES_NO, true, "whether its user is told of changes" },
	{ "INCARNATION", "incarnation", 0, COLUMN_TEXT, true, "drawn anew at each start" },
	{ "CLUSTER", "cluster", 0, COLUMN_TEXT, true, "whose tables it stands in" },
	{ "MACHINE", "machine", 0, COLUMN_TEXT, true, "id of the machine" },
	{ "ASKED", "asked", 0, COLUMN_TEXT, true, "with --joining: when it asked" },
	{ 0 },
};

const struct command cmd_hosts = {
	.name = "hosts",
	.args = "",
	.summary = "list the hosts",
	.options = hosts_options,
	.columns = host_columns,
	.run = hosts,
};

static int hosts(struct context *context, int count, char **args)
{
	bool joining = option_given(context, "joining");
	AUTO_PUT struct json_object *result = NULL;
	int status = talk(context, joining ? "joins" : "hosts", NULL, TALK_QUICK_MS, &result);

	(void)count;
	(void)args;
	if (status != EXIT_DONE)
		return status;
	if (joining && !context->columns && !context->json)
		context->columns = "name,machine,asked";
	return columns_print(context, result, joining ? "joins" : "hosts");
}
