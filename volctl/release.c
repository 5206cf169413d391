/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* release - give write access up. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/talk.h"

static int release(struct context *context, int count, char **args);

static const struct option_entry release_options[] = {
	{ 'a', "all", OPTION_NONE, NULL, "every volume that this host writes" },
	{ 0 },
};

const struct command cmd_release = {
	.name = "release",
	.args = "VOLUME | --all",
	.summary = "give write access up",
	.max_args = 1,
	.options = release_options,
	.run = release,
};

static int release(struct context *context, int count, char **args)
{
	struct json_object *arguments;

	if (option_given(context, "all") == (count == 1))
		return fail_usage(context, "release wants a volume or --all");
	if (count == 1) {
		arguments = volume_arguments(context, args[0]);
		if (!arguments)
			return EXIT_USAGE;
		return talk_and_tell(context, "release", arguments, "%s is given up", args[0]);
	}
	arguments = json_object_new_object();
	json_object_object_add(arguments, "all", json_object_new_boolean(true));
	return talk_and_tell(context, "release", arguments, "all volumes are given up");
}
