/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* metrics - numbers about this host for a monitoring system. */
#include "config.h"

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int metrics(struct context *context, int count, char **args);

const struct command cmd_metrics = {
	.name = "metrics",
	.args = "",
	.summary = "print numbers for a monitoring system (OpenMetrics)",
	.run = metrics,
};

static int metrics(struct context *context, int count, char **args)
{
	AUTO_PUT struct json_object *result = NULL;
	int status = talk(context, "metrics", NULL, TALK_QUICK_MS, &result);

	(void)count;
	(void)args;
	if (status != EXIT_DONE)
		return status;
	if (context->json)
		return print_json(result);
	print_text(field_text(result, "text"));
	return EXIT_DONE;
}
