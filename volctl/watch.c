/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* watch - events as they happen. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

/* Without news the status is looked at again that often: what is waited for may come silently. */
#define LOOK_EVERY_MS 5000

static int watch(struct context *context, int count, char **args);

static const struct option_entry watch_options[] = {
	{ 0, "until", OPTION_REQUIRED, "WHAT",
	  "end when this host is the writer, or its view fresh" },
	{ 0 },
};

const struct command cmd_watch = {
	.name = "watch",
	.args = "[VOLUME]",
	.summary = "print events as they happen",
	.max_args = 1,
	.options = watch_options,
	.run = watch,
};

static void print_event(const struct context *context, struct json_object *event)
{
	AUTO_FREE char *time = field_shown(event, "time", "-");
	AUTO_FREE char *kind = field_shown(event, "kind", "?");
	AUTO_FREE char *volume = field_shown(event, "volume", NULL);
	AUTO_FREE char *host = field_shown(event, "host", NULL);
	AUTO_FREE char *text = field_shown(event, "text", NULL);
	int64_t request = field_number(event, "request", 0);

	if (context->json) {
		puts(json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN |
							   JSON_C_TO_STRING_NOSLASHESCAPE));
	} else {
		printf("%s %s", time, kind);
		if (volume)
			printf(" %s", volume);
		if (host)
			printf(" host %s", host);
		if (request)
			printf(" request %" PRId64, request);
		if (text && *text)
			printf(": %s", text);
		putchar('\n');
	}
	fflush(stdout);
}

/* Whether the volume is as --until wants it: 1, 0, or minus an exit status, reported. */
static int is_reached(struct context *context, const char *volume, bool writer)
{
	AUTO_PUT struct json_object *result = NULL;
	struct json_object *rows;
	struct json_object *row;
	const char *value;
	int status = talk(context, "status", volume_arguments(context, volume), TALK_QUICK_MS,
			  &result);

	if (status != EXIT_DONE)
		return -status;
	rows = field_list(result, "volumes");
	row = list_length(rows) > 0 ? json_object_array_get_idx(rows, 0) : NULL;
	value = field_text(row, writer ? "here" : "view");
	return value && strcmp(value, writer ? "rw" : "fresh") == 0;
}

/*
 * The events arrive on a connection of their own: talk() on the other one
 * would pass over them.
 */
static int follow(struct context *context, struct volctl *events, const char *volume,
		  const char *until)
{
	bool writer = until && strcmp(until, "writer") == 0;

	for (;;) {
		struct volctl_answer answer;
		enum volctl_kind kind;
		int status = EXIT_DONE;

		if (until) {
			int reached = is_reached(context, volume, writer);

			if (reached != 0)
				return reached > 0 ? EXIT_DONE : -reached;
		}
		kind = volctl_next(events, until ? LOOK_EVERY_MS : VOLCTL_FOREVER, &answer);
		if (kind == VOLCTL_EVENT)
			print_event(context, answer.body);
		else if (kind == VOLCTL_ERROR || kind == VOLCTL_LOST)
			status = report(context, &answer.error);
		volctl_answer_clear(&answer);
		if (status != EXIT_DONE)
			return status;
	}
}

static int watch(struct context *context, int count, char **args)
{
	const char *until = option_value(context, "until");
	struct json_object *arguments = NULL;
	struct volctl_error error = { 0 };
	struct volctl *events;
	uint64_t id;
	int status;

	if (until && strcmp(until, "writer") != 0 && strcmp(until, "fresh") != 0)
		return fail_usage(context, "--until is writer or fresh, not '%s'", until);
	if (until && count == 0)
		return fail_usage(context, "--until wants a volume");
	if (count > 0) {
		arguments = volume_arguments(context, args[0]);
		if (!arguments)
			return EXIT_USAGE;
	}
	if (volctl_connect(context->socket_path, &events, &error) < 0) {
		json_object_put(arguments);
		status = report(context, &error);
		volctl_error_clear(&error);
		return status;
	}
	volctl_set_cluster(events, context->cluster);
	if (volctl_send(events, "watch", arguments, &id, &error) < 0) {
		status = report(context, &error);
		volctl_error_clear(&error);
	} else {
		status = follow(context, events, count > 0 ? args[0] : NULL, until);
	}
	volctl_close(events);
	return status;
}
