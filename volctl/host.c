/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host - add, change and remove hosts in the tables. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/talk.h"
#include "volctl/text.h"

static int host_add(struct context *context, int count, char **args);
static int host_set(struct context *context, int count, char **args);
static int host_remove(struct context *context, int count, char **args);
static int host_approve(struct context *context, int count, char **args);
static int host_reject(struct context *context, int count, char **args);

static const struct option_entry host_options[] = {
	{ 0, "dry-run", OPTION_NONE, NULL, "check, show what would change, change nothing" },
	{ 0 },
};

static const struct option_entry host_remove_options[] = {
	{ 0, "dry-run", OPTION_NONE, NULL, "check, show what would change, change nothing" },
	{ 0, "free-slot", OPTION_NONE, NULL, "another host may have its place from now on" },
	{ 0 },
};

const struct command cmd_host_add = {
	.name = "host add",
	.args = "NAME [KEY=VALUE]...",
	.summary = "add a host",
	.min_args = 1,
	.max_args = ARGS_ANY,
	.options = host_options,
	.run = host_add,
};

const struct command cmd_host_set = {
	.name = "host set",
	.args = "NAME KEY=VALUE...",
	.summary = "change a host",
	.min_args = 2,
	.max_args = ARGS_ANY,
	.options = host_options,
	.run = host_set,
};

const struct command cmd_host_remove = {
	.name = "host remove",
	.args = "NAME",
	.summary = "remove a host that is logged off",
	.min_args = 1,
	.max_args = 1,
	.options = host_remove_options,
	.run = host_remove,
};

const struct command cmd_host_approve = {
	.name = "host approve",
	.args = "NAME",
	.summary = "let a machine join that has asked to",
	.min_args = 1,
	.max_args = 1,
	.run = host_approve,
};

const struct command cmd_host_reject = {
	.name = "host reject",
	.args = "NAME",
	.summary = "do not let a machine join that has asked to",
	.min_args = 1,
	.max_args = 1,
	.run = host_reject,
};

static int host_add(struct context *context, int count, char **args)
{
	return fragment_commit(context, "add", fragment_begin(context, "host", args[0], NULL),
			       count - 1, args + 1);
}

static int host_set(struct context *context, int count, char **args)
{
	return fragment_commit(context, "set", fragment_begin(context, "host", args[0], NULL),
			       count - 1, args + 1);
}

static struct json_object *host_argument(const char *name)
{
	struct json_object *arguments = json_object_new_object();

	json_object_object_add(arguments, "host", json_object_new_string(name));
	return arguments;
}

static int host_remove(struct context *context, int count, char **args)
{
	bool dry_run = option_given(context, "dry-run");
	struct json_object *arguments;

	(void)count;
	if (!dry_run && !confirm(context, "Remove host %s?", args[0]))
		return fail(context, "not-confirmed", EXIT_FAILED, args[0], "%s is not removed",
			    args[0]);
	arguments = host_argument(args[0]);
	json_object_object_add(arguments, "free_slot",
			       json_object_new_boolean(option_given(context, "free-slot")));
	return text_commit(context, "remove", arguments, args[0], dry_run);
}

static int host_approve(struct context *context, int count, char **args)
{
	(void)count;
	return talk_and_tell(context, "approve", host_argument(args[0]), "%s may log on", args[0]);
}

static int host_reject(struct context *context, int count, char **args)
{
	(void)count;
	return talk_and_tell(context, "reject", host_argument(args[0]), "%s is rejected", args[0]);
}
