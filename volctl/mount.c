/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* mount - mount and unmount a volume here, within the rights of the tables. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/talk.h"

static int mount(struct context *context, int count, char **args);
static int unmount(struct context *context, int count, char **args);

const struct command cmd_mount = {
	.name = "mount",
	.args = "VOLUME",
	.summary = "mount a volume on this host, with the rights that it has",
	.min_args = 1,
	.max_args = 1,
	.run = mount,
};

const struct command cmd_unmount = {
	.name = "unmount",
	.args = "VOLUME",
	.summary = "unmount a volume on this host",
	.min_args = 1,
	.max_args = 1,
	.run = unmount,
};

static int mount(struct context *context, int count, char **args)
{
	struct json_object *arguments = volume_arguments(context, args[0]);

	(void)count;
	if (!arguments)
		return EXIT_USAGE;
	return talk_and_tell(context, "mount", arguments, "%s is mounted", args[0]);
}

static int unmount(struct context *context, int count, char **args)
{
	struct json_object *arguments = volume_arguments(context, args[0]);

	(void)count;
	if (!arguments)
		return EXIT_USAGE;
	return talk_and_tell(context, "unmount", arguments, "%s is unmounted", args[0]);
}
