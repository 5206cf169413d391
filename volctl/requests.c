/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* requests - list the requests for write access. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int requests(struct context *context, int count, char **args);

static const struct column request_columns[] = {
	{ "ID", "id", 0, COLUMN_NUMBER, false, "names it to cancel and answer" },
	{ "VOLUME", "volume", 0, COLUMN_TEXT, false, "what is asked for" },
	{ "FROM", "from", 0, COLUMN_TEXT, false, "the host that asks" },
	{ "TO", "to", 0, COLUMN_TEXT, false, "the writer that is asked" },
	{ "STATE", "state", 0, COLUMN_TEXT, false,
	  "waiting, asked, granted, refused, timed-out, cancelled" },
	{ "AGE", "age_s", 0, COLUMN_SECONDS, false, "time since it was posted" },
	{ "DUE", "deadline_s", 0, COLUMN_SECONDS, false, "time left for the answer" },
	{ "TEXT", "text", 0.3, COLUMN_TEXT, false, "what the asking host says" },
	{ "PLACE", "place", 0, COLUMN_NUMBER, true, "in the queue of its volume" },
	{ "ANSWER", "answer_text", 0.3, COLUMN_TEXT, true, "what the writer said" },
	{ "CLUSTER", "cluster", 0, COLUMN_TEXT, true, "whose tables it stands in" },
	{ 0 },
};

const struct command cmd_requests = {
	.name = "requests",
	.args = "",
	.summary = "list the requests for write access",
	.columns = request_columns,
	.run = requests,
};

static int requests(struct context *context, int count, char **args)
{
	AUTO_PUT struct json_object *result = NULL;
	int status = talk(context, "requests", NULL, TALK_QUICK_MS, &result);

	(void)count;
	(void)args;
	return status == EXIT_DONE ? columns_print(context, result, "requests") : status;
}
