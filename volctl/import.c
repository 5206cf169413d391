/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* import - the tables as text, out and in. */
#include "config.h"

#include <string.h>

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"
#include "volctl/text.h"

static int export(struct context *context, int count, char **args);
static int import(struct context *context, int count, char **args);

static const struct option_entry export_options[] = {
	{ 0, "comments", OPTION_NONE, NULL, "explain the keys and their defaults" },
	{ 0 },
};

const struct command cmd_export = {
	.name = "export",
	.args = "",
	.summary = "print the tables as text",
	.options = export_options,
	.run = export,
};

static const struct option_entry import_options[] = {
	{ 0, "dry-run", OPTION_NONE, NULL, "check, show what would change, change nothing" },
	{ 0 },
};

const struct command cmd_import = {
	.name = "import",
	.args = "FILE|-",
	.summary = "make the tables what a text says",
	.min_args = 1,
	.max_args = 1,
	.options = import_options,
	.run = import,
};

static int export(struct context *context, int count, char **args)
{
	AUTO_PUT struct json_object *result = NULL;
	struct json_object *arguments = json_object_new_object();
	int status;

	(void)count;
	(void)args;
	json_object_object_add(arguments, "comments",
			       json_object_new_boolean(option_given(context, "comments")));
	status = talk(context, "export", arguments, TALK_QUICK_MS, &result);
	if (status != EXIT_DONE)
		return status;
	if (context->json)
		return print_json(result);
	print_text(field_text(result, "text"));
	return EXIT_DONE;
}

static int import(struct context *context, int count, char **args)
{
	const char *name = strcmp(args[0], "-") == 0 ? "standard input" : args[0];
	bool dry_run = option_given(context, "dry-run");
	AUTO_FREE char *text = NULL;
	struct json_object *arguments;
	size_t len;
	int r;

	(void)count;
	r = text_read(args[0], &text, &len);
	if (r < 0)
		return text_read_failed(context, args[0], r);
	arguments = json_object_new_object();
	json_object_object_add(arguments, "text", json_object_new_string_len(text, (int)len));
	json_object_object_add(arguments, "version", json_object_new_int(0));
	return text_commit(context, "import", arguments, name, dry_run);
}
