/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* takeover - get the volume of a writer that is gone. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/talk.h"

static int takeover(struct context *context, int count, char **args);

static const struct option_entry takeover_options[] = {
	{ 0, "host-is-down", OPTION_REQUIRED, "HOST",
	  "I have made sure that this machine does not run" },
	{ 0 },
};

const struct command cmd_takeover = {
	.name = "takeover",
	.args = "VOLUME",
	.summary = "take the volume of a writer that is gone",
	.min_args = 1,
	.max_args = 1,
	.options = takeover_options,
	.run = takeover,
};

static int takeover(struct context *context, int count, char **args)
{
	const char *down = option_value(context, "host-is-down");
	struct json_object *arguments;

	(void)count;
	if (down && !confirm(context,
			     "If %s still runs, two machines write and %s is destroyed.  Have you "
			     "made sure that %s does not run?",
			     down, args[0], down))
		return fail(context, "not-confirmed", EXIT_FAILED, args[0], "%s is not taken over",
			    args[0]);
	arguments = volume_arguments(context, args[0]);
	if (!arguments)
		return EXIT_USAGE;
	if (down)
		json_object_object_add(arguments, "host_is_down", json_object_new_string(down));
	return talk_and_tell(context, "takeover", arguments, "%s is taken over", args[0]);
}
