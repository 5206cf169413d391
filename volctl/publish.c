/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* publish - make what is written so far visible to viewers. */
#include "config.h"

#include <inttypes.h>

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int publish(struct context *context, int count, char **args);

const struct command cmd_publish = {
	.name = "publish",
	.args = "[VOLUME]",
	.summary = "make what this host has written so far visible to viewers",
	.max_args = 1,
	.run = publish,
};

static int publish(struct context *context, int count, char **args)
{
	struct json_object *arguments = count ? volume_arguments(context, args[0]) : NULL;
	AUTO_PUT struct json_object *result = NULL;
	struct json_object *published;
	int status;

	if (count && !arguments)
		return EXIT_USAGE;
	status = talk(context, "publish", arguments, VOLCTL_FOREVER, &result);
	if (status != EXIT_DONE)
		return status;
	if (context->json)
		return print_json(result);
	published = field_list(result, "published");
	for (size_t i = 0; i < list_length(published); i++) {
		struct json_object *item = json_object_array_get_idx(published, i);
		AUTO_FREE char *name = field_shown(item, "volume", "?");

		say("%s is published, generation %" PRId64, name,
		    field_number(item, "generation", 0));
	}
	return EXIT_DONE;
}
