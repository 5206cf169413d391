/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* format - create the tables on a control device. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "volctl/entries.h"
#include "volctl/offline.h"
#include "volctl/show.h"
#include "volctl/talk.h"
#include "volctl/text.h"

static int format(struct context *context, int count, char **args);

static const struct option_entry format_options[] = {
	{ 0, "template", OPTION_REQUIRED, "FILE", "the tables as text; - is the standard input" },
	{ 0, "hosts", OPTION_REQUIRED, "N", "room for so many hosts, for good" },
	{ 0, "volumes", OPTION_REQUIRED, "N", "room for so many volumes, for good" },
	{ 0, "force", OPTION_NONE, NULL, "write over what the device holds" },
	{ 0, "dry-run", OPTION_NONE, NULL, "check, print the sizes, write nothing" },
	{ 0 },
};

const struct command cmd_format = {
	.name = "format",
	.args = "DEVICE --template FILE",
	.summary = "create the tables on a control device",
	.min_args = 1,
	.max_args = 1,
	.options = format_options,
	.run = format,
};

static int room_value(const struct context *context, const char *name, unsigned long max,
		      uint16_t *ret_room)
{
	const char *value = option_value(context, name);
	unsigned long room;
	char *end;

	if (!value)
		return EXIT_DONE;
	errno = 0;
	room = strtoul(value, &end, 10);
	if (errno || end == value || *end || *value == '-' || room == 0 || room > max)
		return fail_usage(context, "--%s is a number from 1 to %lu, not '%s'", name, max,
				  value);
	*ret_room = (uint16_t)room;
	return EXIT_DONE;
}

static void tell(void *data, const char *text)
{
	AUTO_FREE char *clean = text_clean(text);

	(void)data;
	say("%s", clean);
}

static int format_with(const struct context *context, const struct offline_format *order,
		       const char *name)
{
	struct offline_formatted formatted;
	struct volctl_error error = { 0 };
	AUTO_PUT struct json_object *json = NULL;
	AUTO_FREE char *text = NULL;

	if (offline_format(order, &formatted, &error) < 0) {
		int status = report_of(context, &error, name);

		volctl_error_clear(&error);
		return status;
	}
	if (context->json) {
		json = offline_formatted_json(&formatted);
		return print_json(json);
	}
	text = offline_formatted_text(&formatted);
	print_text(text);
	return EXIT_DONE;
}

static int format(struct context *context, int count, char **args)
{
	const char *file = option_value(context, "template");
	struct offline_format order = {
		.device = args[0],
		.force = option_given(context, "force"),
		.dry_run = option_given(context, "dry-run"),
		.progress.tell = context->json ? NULL : tell,
	};
	AUTO_FREE char *text = NULL;
	int r;

	(void)count;
	if (!file)
		return fail_usage(context, "format wants --template FILE (volctl template prints "
					   "one to begin with)");
	if (room_value(context, "hosts", HOSTS_MAX, &order.hosts) != EXIT_DONE ||
	    room_value(context, "volumes", VOLUMES_MAX, &order.volumes) != EXIT_DONE)
		return EXIT_USAGE;
	r = text_read(file, &text, &order.text_len);
	if (r < 0)
		return text_read_failed(context, file, r);
	order.text = text;
	return format_with(context, &order, file);
}
