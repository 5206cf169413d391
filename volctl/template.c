/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* template - a text form to begin with. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/offline.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int template(struct context *context, int count, char **args);

const struct command cmd_template = {
	.name = "template",
	.args = "",
	.summary = "print a commented text form with the file systems found here",
	.run = template,
};

static int template(struct context *context, int count, char **args)
{
	struct volctl_error error = { 0 };
	AUTO_FREE char *text = NULL;
	AUTO_PUT struct json_object *result = NULL;

	(void)count;
	(void)args;
	if (offline_template(NULL, NULL, &text, &error) < 0) {
		int status = report(context, &error);

		volctl_error_clear(&error);
		return status;
	}
	if (!context->json) {
		print_text(text);
		return EXIT_DONE;
	}
	result = json_object_new_object();
	json_object_object_add(result, "text", json_object_new_string(text));
	return print_json(result);
}
