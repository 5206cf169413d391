/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* answer - say yes or no to a request. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "volctl/entries.h"
#include "volctl/talk.h"

static int answer(struct context *context, int count, char **args);

static const struct option_entry answer_options[] = {
	{ 'm', "message", OPTION_REQUIRED, "TEXT", "what the asking host is told" },
	{ 0 },
};

const struct command cmd_answer = {
	.name = "answer",
	.args = "REQUEST yes|no",
	.summary = "say yes or no to a request for a volume that this host writes",
	.min_args = 2,
	.max_args = 2,
	.options = answer_options,
	.run = answer,
};

static int answer(struct context *context, int count, char **args)
{
	struct json_object *arguments;
	bool yes = strcmp(args[1], "yes") == 0;
	int64_t id;
	int status;

	(void)count;
	if (!yes && strcmp(args[1], "no") != 0)
		return fail_usage(context, "the answer is yes or no, not '%s'", args[1]);
	if (!request_id(context, args[0], &id))
		return EXIT_USAGE;
	arguments = json_object_new_object();
	json_object_object_add(arguments, "request", json_object_new_int64(id));
	json_object_object_add(arguments, "answer", json_object_new_string(args[1]));
	status = add_text(context, arguments);
	if (status != EXIT_DONE) {
		json_object_put(arguments);
		return status;
	}
	return talk_and_tell(context, "answer", arguments, "request %" PRId64 " is %s", id,
			     yes ? "granted: the volume is given up" : "refused");
}
