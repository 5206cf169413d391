/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* dump - show what a control device holds, with no daemon. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/offline.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int dump(struct context *context, int count, char **args);

const struct command cmd_dump = {
	.name = "dump",
	.args = "DEVICE",
	.summary = "show what a control device holds; needs no daemon",
	.min_args = 1,
	.max_args = 1,
	.run = dump,
};

static int dump(struct context *context, int count, char **args)
{
	AUTO_PUT struct json_object *json = NULL;
	AUTO_FREE char *text = NULL;
	struct volctl_error error = { 0 };

	(void)count;
	if (offline_dump(args[0], context->json ? &json : NULL, context->json ? NULL : &text,
			 &error) < 0) {
		int status = report(context, &error);

		volctl_error_clear(&error);
		return status;
	}
	if (context->json)
		return print_json(json);
	print_text(text);
	return EXIT_DONE;
}
