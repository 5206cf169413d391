/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* request - ask for write access to a volume, and take that back. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "volctl/ask.h"
#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int request(struct context *context, int count, char **args);
static int cancel(struct context *context, int count, char **args);

static const struct option_entry request_options[] = {
	{ 'm', "message", OPTION_REQUIRED, "TEXT", "what the writer is told" },
	{ 0, "wait", OPTION_OPTIONAL, "SECONDS", "wait for the end; without a number for ever" },
	{ 0, "cancel-on-timeout", OPTION_NONE, NULL, "do not leave the request when time is up" },
	{ 0, "over-readers", OPTION_NONE, NULL, "do not mind programs here that read the volume" },
	{ 0 },
};

const struct command cmd_request = {
	.name = "request",
	.args = "VOLUME",
	.summary = "ask for write access to a volume",
	.min_args = 1,
	.max_args = 1,
	.options = request_options,
	.run = request,
};

const struct command cmd_cancel = {
	.name = "cancel",
	.args = "REQUEST",
	.summary = "take a request of this host back",
	.min_args = 1,
	.max_args = 1,
	.run = cancel,
};

/* The id alone on stdout, for scripts; the words are for people.  @waited: for the mount, too. */
static int tell(const struct context *context, const char *volume, bool waited,
		struct json_object *result)
{
	int64_t id = field_number(result, "request", 0);
	const char *state = field_text(result, "state");
	AUTO_FREE char *message = field_shown(result, "message", NULL);

	if (context->json)
		return print_json(result);
	if (id)
		printf("%" PRId64 "\n", id);
	if (message)
		say("%s", message);
	else if (state && strcmp(state, "granted") == 0)
		say(waited ? "%s is mounted read-write" : "%s is granted to this host", volume);
	else if (id)
		say("%s: request %" PRId64 " is posted", volume, id);
	return EXIT_DONE;
}

static int request_and_wait(struct context *context, const char *volume,
			    struct json_object *arguments)
{
	struct ask_terms terms = {
		.command = "request",
		.volume = volume,
		.arguments = arguments,
		.cancel_on_timeout = option_given(context, "cancel-on-timeout"),
	};
	struct ask_end end;
	int status = ask_wait_value(context, &terms.wait_s);

	if (status != EXIT_DONE) {
		json_object_put(arguments);
		return status;
	}
	ask(context, &terms, &end);
	if (end.status == EXIT_DONE) {
		tell(context, volume, true, end.result);
		if (end.interrupted)
			say("%s was granted before it could be cancelled: volctl release %s gives "
			    "it "
			    "back",
			    volume, volume);
	}
	json_object_put(end.result);
	return end.status;
}

static int request(struct context *context, int count, char **args)
{
	struct json_object *arguments;
	AUTO_PUT struct json_object *result = NULL;
	bool wait = option_given(context, "wait");
	int status;

	(void)count;
	if (option_given(context, "cancel-on-timeout") && !wait)
		return fail_usage(context, "--cancel-on-timeout goes with --wait");
	arguments = volume_arguments(context, args[0]);
	if (!arguments)
		return EXIT_USAGE;
	status = add_text(context, arguments);
	if (status != EXIT_DONE) {
		json_object_put(arguments);
		return status;
	}
	json_object_object_add(arguments, "wait", json_object_new_boolean(wait));
	json_object_object_add(arguments, "over_readers",
			       json_object_new_boolean(option_given(context, "over-readers")));
	if (wait)
		return request_and_wait(context, args[0], arguments);
	status = talk(context, "request", arguments, VOLCTL_FOREVER, &result);
	return status == EXIT_DONE ? tell(context, args[0], false, result) : status;
}

static int cancel(struct context *context, int count, char **args)
{
	struct json_object *arguments = json_object_new_object();
	int64_t id;

	(void)count;
	if (!request_id(context, args[0], &id)) {
		json_object_put(arguments);
		return EXIT_USAGE;
	}
	json_object_object_add(arguments, "request", json_object_new_int64(id));
	return talk_and_tell(context, "cancel", arguments, "request %" PRId64 " is cancelled", id);
}
