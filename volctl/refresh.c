/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* refresh - bring a stale view up to date now. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int refresh(struct context *context, int count, char **args);

const struct command cmd_refresh = {
	.name = "refresh",
	.args = "[VOLUME]",
	.summary = "bring the view of a volume, or of all, up to date",
	.max_args = 1,
	.run = refresh,
};

/* Views that programs hold are renewed by the daemon when these let go: said, and exit status 5. */
static int tell(struct json_object *result)
{
	struct json_object *refreshed = field_list(result, "refreshed");
	struct json_object *busy = field_list(result, "busy");

	for (size_t i = 0; i < list_length(refreshed); i++) {
		AUTO_FREE char *name =
			text_clean(json_object_get_string(json_object_array_get_idx(refreshed, i)));

		say("%s is fresh", name ? name : "?");
	}
	for (size_t i = 0; i < list_length(busy); i++) {
		struct json_object *item = json_object_array_get_idx(busy, i);
		AUTO_FREE char *name = field_shown(item, "volume", "?");

		say("%s stays as it is until programs let go of it:", name);
		say_holders(item);
	}
	return list_length(busy) > 0 ? EXIT_REFUSED : EXIT_DONE;
}

static int refresh(struct context *context, int count, char **args)
{
	struct json_object *arguments = count ? volume_arguments(context, args[0]) : NULL;
	AUTO_PUT struct json_object *result = NULL;
	int status;

	if (count && !arguments)
		return EXIT_USAGE;
	status = talk(context, "refresh", arguments, VOLCTL_FOREVER, &result);
	if (status != EXIT_DONE)
		return status;
	if (!context->json)
		return tell(result);
	print_json(result);
	return list_length(field_list(result, "busy")) > 0 ? EXIT_REFUSED : EXIT_DONE;
}
