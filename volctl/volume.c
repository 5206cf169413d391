/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* volume - add, change and remove volumes in the tables. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/talk.h"
#include "volctl/text.h"

static int volume_add(struct context *context, int count, char **args);
static int volume_set(struct context *context, int count, char **args);
static int volume_remove(struct context *context, int count, char **args);
static int volume_enable(struct context *context, int count, char **args);
static int volume_disable(struct context *context, int count, char **args);

static const struct option_entry volume_options[] = {
	{ 0, "dry-run", OPTION_NONE, NULL, "check, show what would change, change nothing" },
	{ 0 },
};

const struct command cmd_volume_add = {
	.name = "volume add",
	.args = "NAME KEY=VALUE...",
	.summary = "add a volume: uuid and mount-point at least",
	.min_args = 2,
	.max_args = ARGS_ANY,
	.options = volume_options,
	.run = volume_add,
};

const struct command cmd_volume_set = {
	.name = "volume set",
	.args = "NAME KEY=VALUE...",
	.summary = "change a volume",
	.min_args = 2,
	.max_args = ARGS_ANY,
	.options = volume_options,
	.run = volume_set,
};

const struct command cmd_volume_remove = {
	.name = "volume remove",
	.args = "NAME",
	.summary = "remove a volume that has no writer from the tables",
	.min_args = 1,
	.max_args = 1,
	.options = volume_options,
	.run = volume_remove,
};

const struct command cmd_volume_enable = {
	.name = "volume enable",
	.args = "NAME",
	.summary = "let write access to a volume be given",
	.min_args = 1,
	.max_args = 1,
	.options = volume_options,
	.run = volume_enable,
};

const struct command cmd_volume_disable = {
	.name = "volume disable",
	.args = "NAME",
	.summary = "give write access to nobody any more",
	.min_args = 1,
	.max_args = 1,
	.options = volume_options,
	.run = volume_disable,
};

static int volume_add(struct context *context, int count, char **args)
{
	return fragment_commit(context, "add",
			       fragment_begin_volume(context, "volume", args[0], NULL), count - 1,
			       args + 1);
}

static int volume_set(struct context *context, int count, char **args)
{
	return fragment_commit(context, "set",
			       fragment_begin_volume(context, "volume", args[0], NULL), count - 1,
			       args + 1);
}

static int volume_remove(struct context *context, int count, char **args)
{
	bool dry_run = option_given(context, "dry-run");
	struct json_object *arguments;

	(void)count;
	if (!dry_run && !confirm(context, "Remove volume %s from the tables?", args[0]))
		return fail(context, "not-confirmed", EXIT_FAILED, args[0], "%s is not removed",
			    args[0]);
	arguments = volume_arguments(context, args[0]);
	if (!arguments)
		return EXIT_USAGE;
	return text_commit(context, "remove", arguments, args[0], dry_run);
}

static int set_enabled(struct context *context, const char *name, const char *setting)
{
	char *words[] = { (char *)setting };

	return fragment_commit(context, "set", fragment_begin_volume(context, "volume", name, NULL),
			       1, words);
}

static int volume_enable(struct context *context, int count, char **args)
{
	(void)count;
	return set_enabled(context, args[0], "enabled=yes");
}

static int volume_disable(struct context *context, int count, char **args)
{
	(void)count;
	return set_enabled(context, args[0], "enabled=no");
}
