/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status - one screen, in plain words. */
#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int status(struct context *context, int count, char **args);

static const struct option_entry status_options[] = {
	{ 0, "check", OPTION_NONE, NULL, "exit status 1 if something is not as it should be" },
	{ 0 },
};

const struct command cmd_status = {
	.name = "status",
	.args = "[VOLUME]",
	.summary = "show how this host and its volumes are",
	.max_args = 1,
	.options = status_options,
	.run = status,
};

/* What a word of the interface is called for people. */
struct wording {
	const char *word;	/* NULL ends a table */
	const char *words;
};

static const struct wording monitoring_words[] = {
	{ "on", "logged on" },
	{ "suspended", "suspended: nothing is refreshed, answered or mounted" },
	{ "logged-off", "logged off" },
	{ 0 },
};

static const struct wording control_words[] = {
	{ "ok", "answers" },
	{ "slow", "answers slowly" },
	{ "silent", "does not answer" },
	{ "read-only", "can not be written" },
	{ "gone", "is gone" },
	{ 0 },
};

static const struct wording writer_words[] = {
	{ "late", ", shows no sign of life at present" },
	{ "dead", ", is dead" },
	{ "logged-off", ", has logged off" },
	{ 0 },
};

/* What stands between a writer that fails and two writers. */
static const struct wording protection_words[] = {
	{ "reservation", "the device itself lets only the writer write (reservation)" },
	{ "watchdog", "a writer that fails is reset by its watchdog before another takes over" },
	{ "guard", "a guard on the writer's host stops it in time, but not a frozen machine" },
	{ "command", "a program of this site says whether a failed writer is fenced" },
	{ "manual", "none by itself: a failed writer's volume waits until somebody says that the "
		    "host is down" },
	{ 0 },
};

/* The words for @word (which may be NULL), or @otherwise. */
static const char *words_for(const struct wording *table, const char *word, const char *otherwise)
{
	for (; word && table->word; table++)
		if (strcmp(table->word, word) == 0)
			return table->words;
	return otherwise;
}

static bool is(const char *text, const char *word)
{
	return text && strcmp(text, word) == 0;
}

static void print_tinted(const struct context *context, const char *text, const char *word)
{
	enum tint tint = word_tint(word);

	printf("%s%s%s", tint_start(tint, context->color), text, tint_end(tint, context->color));
}

static void print_line(const char *title)
{
	printf("  %-12s ", title);
}

static void print_host(const struct context *context, struct json_object *whole)
{
	AUTO_FREE char *host = field_shown(whole, "host", "?");
	AUTO_FREE char *cluster = field_shown(whole, "cluster", "?");
	const char *monitoring = field_text(whole, "monitoring");
	const char *words = words_for(monitoring_words, monitoring, "not known to be logged on");
	AUTO_FREE char *problem = field_shown(whole, "problem", NULL);

	printf("Host %s in cluster %s: ", host, cluster);
	print_tinted(context, words, monitoring ? monitoring : "dead");
	putchar('\n');
	if (problem) {
		print_tinted(context, problem, "dead");
		putchar('\n');
	}
}

static const char *control_text(const char *state)
{
	return words_for(control_words, state, "is in a state unknown to this program");
}

static void print_control(const struct context *context, struct json_object *control)
{
	AUTO_FREE char *device = field_shown(control, "device", "?");
	const char *state = field_text(control, "state");
	int64_t version = field_number(control, "version", -1);
	int64_t latency_ms = field_number(control, "latency_ms", -1);

	printf("Control device %s ", device);
	print_tinted(context, control_text(state), state ? state : "");
	if (latency_ms >= 0)
		printf(" (%" PRId64 " ms)", latency_ms);
	if (version >= 0)
		printf(", tables of version %" PRId64, version);
	putchar('\n');
}

static void print_writer(const struct context *context, struct json_object *volume,
			 const char *host)
{
	AUTO_FREE char *writer = field_shown(volume, "writer", NULL);
	const char *state = field_text(volume, "writer_state");
	const char *words = words_for(writer_words, state, "");

	print_line("Writer:");
	if (!writer) {
		printf("nobody\n");
		return;
	}
	printf("%s%s", writer, is(writer, host ? host : "") ? " (this host)" : "");
	print_tinted(context, words, state ? state : "");
	putchar('\n');
}

static void print_here(const struct context *context, struct json_object *volume)
{
	AUTO_FREE char *mount_point = field_shown(volume, "mount_point", "?");
	AUTO_FREE char *device = field_shown(volume, "device", NULL);
	const char *here = field_text(volume, "here");
	int64_t free_bytes = field_number(volume, "free_bytes", -1);

	print_line("Here:");
	if (is(here, "rw"))
		print_tinted(context, "mounted read-write", "rw");
	else if (is(here, "ro"))
		printf("mounted read-only");
	else
		printf(here ? "not mounted" : "not known yet");
	if (is(here, "rw") || is(here, "ro"))
		printf(" on %s", mount_point);
	if (device)
		printf(", device %s", device);
	if (free_bytes >= 0) {
		AUTO_FREE char *space = bytes_text(free_bytes);

		printf(", %s free", space);
	}
	putchar('\n');
}

static void print_view(const struct context *context, struct json_object *volume)
{
	const char *view = field_text(volume, "view");
	int64_t seen = field_number(volume, "generation_seen", -1);
	int64_t published = field_number(volume, "generation_published", -1);
	int64_t age_s = field_number(volume, "age_s", -1);
	AUTO_FREE char *age = duration_text(age_s);

	if (!view || is(view, "none"))
		return;
	print_line("View:");
	print_tinted(context, view, view);
	if (age_s >= 0)
		printf(", made %s ago", age);
	if (is(view, "stale") && seen >= 0 && published > seen)
		printf(", %" PRId64 " publication%s behind", published - seen,
		       published - seen == 1 ? "" : "s");
	putchar('\n');
	if (!field_true(volume, "may_be_torn"))
		return;
	print_line("");
	print_tinted(context, "may be torn", "stale");
	printf(": somebody writes, and files may read wrong without an error\n");
}

static void print_protection(struct json_object *volume)
{
	AUTO_FREE char *protection = field_shown(volume, "protection", NULL);

	if (!protection)
		return;
	print_line("Protection:");
	printf("%s\n", words_for(protection_words, protection, protection));
}

static void print_holders(struct json_object *volume)
{
	struct json_object *holders = field_list(volume, "holders");
	int64_t more = field_number(volume, "holder_count", 0) - (int64_t)list_length(holders);

	for (size_t i = 0; i < list_length(holders); i++) {
		AUTO_FREE char *holder = holder_text(json_object_array_get_idx(holders, i));

		print_line(i == 0 ? "Held by:" : "");
		printf("%s\n", holder);
	}
	if (more > 0) {
		print_line("");
		printf("and %" PRId64 " more\n", more);
	}
}

static void print_request(const struct context *context, struct json_object *request)
{
	AUTO_FREE char *from = field_shown(request, "from", "?");
	AUTO_FREE char *state = field_shown(request, "state", "?");
	AUTO_FREE char *text = field_shown(request, "text", "");
	AUTO_FREE char *answer = field_shown(request, "answer_text", "");
	AUTO_FREE char *age = duration_text(field_number(request, "age_s", 0));
	int64_t deadline_s = field_number(request, "deadline_s", -1);
	AUTO_FREE char *deadline = duration_text(deadline_s);

	print_line("Request:");
	printf("%" PRId64 " of %s, ", field_number(request, "id", 0), from);
	print_tinted(context, state, state);
	printf(", %s ago", age);
	if (deadline_s >= 0)
		printf(", answer due in %s", deadline);
	if (*text)
		printf(": %s", text);
	if (*answer)
		printf(" - %s", answer);
	putchar('\n');
}

static void print_requests(const struct context *context, struct json_object *whole,
			   const char *volume)
{
	struct json_object *requests = field_list(whole, "requests");

	for (size_t i = 0; i < list_length(requests); i++) {
		struct json_object *request = json_object_array_get_idx(requests, i);

		if (is(field_text(request, "volume"), volume))
			print_request(context, request);
	}
}

static void print_volume(const struct context *context, struct json_object *whole,
			 struct json_object *volume)
{
	AUTO_FREE char *name = field_shown(volume, "name", "?");
	AUTO_FREE char *fstype = field_shown(volume, "fstype", NULL);
	AUTO_FREE char *problem = field_shown(volume, "problem", NULL);
	struct json_object *enabled;
	const char *raw_name = field_text(volume, "name");

	printf("\n%s%s%s", tint_start(TINT_STRONG, context->color), name,
	       tint_end(TINT_STRONG, context->color));
	if (fstype)
		printf(" (%s)", fstype);
	if (json_object_object_get_ex(volume, "enabled", &enabled) &&
	    !json_object_get_boolean(enabled))
		printf(", disabled: write access is given to nobody");
	putchar('\n');
	print_writer(context, volume, field_text(whole, "host"));
	print_here(context, volume);
	print_view(context, volume);
	print_protection(volume);
	print_holders(volume);
	if (raw_name)
		print_requests(context, whole, raw_name);
	if (problem) {
		print_line("Problem:");
		print_tinted(context, problem, "dead");
		putchar('\n');
	}
}

static void print_status(const struct context *context, struct json_object *whole)
{
	struct json_object *volumes = field_list(whole, "volumes");
	struct json_object *control = field_object(whole, "control");

	print_host(context, whole);
	if (control)
		print_control(context, control);
	if (list_length(volumes) == 0)
		printf("\nNo volumes.\n");
	for (size_t i = 0; i < list_length(volumes); i++)
		print_volume(context, whole, json_object_array_get_idx(volumes, i));
}

/* Complain about a volume; how many complaints. */
static unsigned int check_volume(struct json_object *volume)
{
	AUTO_FREE char *name = field_shown(volume, "name", "?");
	AUTO_FREE char *problem = field_shown(volume, "problem", NULL);
	const char *writer_state = field_text(volume, "writer_state");
	unsigned int complaints = 0;

	if (problem) {
		say("%s: %s", name, problem);
		complaints++;
	}
	if (is(writer_state, "dead") || is(writer_state, "late")) {
		say("%s: the writer is %s", name, writer_state);
		complaints++;
	}
	if (is(field_text(volume, "view"), "stale")) {
		say("%s: the view is stale", name);
		complaints++;
	}
	if (!problem && field_true(volume, "enabled") && field_true(volume, "may_mount") &&
	    is(field_text(volume, "here"), "none")) {
		say("%s: not mounted", name);
		complaints++;
	}
	return complaints;
}

static unsigned int check_status(struct json_object *whole)
{
	struct json_object *volumes = field_list(whole, "volumes");
	const char *state = field_text(field_object(whole, "control"), "state");
	AUTO_FREE char *problem = field_shown(whole, "problem", NULL);
	unsigned int complaints = 0;

	if (problem) {
		say("%s", problem);
		complaints++;
	}
	if (!is(field_text(whole, "monitoring"), "on")) {
		say("this host is not logged on and watching");
		complaints++;
	}
	if (!is(state, "ok")) {
		say("the control device %s", control_text(state));
		complaints++;
	}
	for (size_t i = 0; i < list_length(volumes); i++)
		complaints += check_volume(json_object_array_get_idx(volumes, i));
	return complaints;
}

/* One cluster's status, or that of all that the host is logged on to. */
static unsigned int each_status(const struct context *context, struct json_object *result,
				bool check)
{
	struct json_object *clusters = field_list(result, "clusters");
	unsigned int complaints = 0;

	if (!clusters) {
		if (!context->json)
			print_status(context, result);
		return check ? check_status(result) : 0;
	}
	for (size_t i = 0; i < list_length(clusters); i++) {
		if (i > 0 && !context->json)
			putchar('\n');
		complaints += each_status(context, json_object_array_get_idx(clusters, i), check);
	}
	return complaints;
}

static int status(struct context *context, int count, char **args)
{
	struct json_object *arguments = count ? volume_arguments(context, args[0]) : NULL;
	AUTO_PUT struct json_object *result = NULL;
	bool check = option_given(context, "check");
	int r;

	if (count && !arguments)
		return EXIT_USAGE;
	r = talk(context, "status", arguments, TALK_QUICK_MS, &result);
	if (r != EXIT_DONE)
		return r;
	if (context->json)
		print_json(result);
	return each_status(context, result, check) > 0 ? EXIT_FAILED : EXIT_DONE;
}
