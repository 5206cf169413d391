/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * volctl - the command line.
 *
 * Finds the command that the first words name, parses its options by its
 * table, and runs it with what is left.
 */
#include "config.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"

/* In the order of the help. */
static const struct command *const commands[] = {
	&cmd_status,
	&cmd_volumes,
	&cmd_hosts,
	&cmd_requests,
	&cmd_access,
	&cmd_request,
	&cmd_cancel,
	&cmd_answer,
	&cmd_release,
	&cmd_run,
	&cmd_refresh,
	&cmd_publish,
	&cmd_mount,
	&cmd_unmount,
	&cmd_takeover,
	&cmd_logon,
	&cmd_logoff,
	&cmd_suspend,
	&cmd_resume,
	&cmd_watch,
	&cmd_metrics,
	&cmd_edit,
	&cmd_export,
	&cmd_import,
	&cmd_host_add,
	&cmd_host_set,
	&cmd_host_remove,
	&cmd_host_approve,
	&cmd_host_reject,
	&cmd_volume_add,
	&cmd_volume_set,
	&cmd_volume_remove,
	&cmd_volume_enable,
	&cmd_volume_disable,
	&cmd_access_set,
	&cmd_template,
	&cmd_format,
	&cmd_check,
	&cmd_dump,
};

#define COMMAND_COUNT (sizeof(commands) / sizeof(commands[0]))
#define WORD_MAX 64

static void help(void)
{
	printf("Usage: volctl [OPTION]... COMMAND [ARGUMENT]...\n\n"
	       "Shared volumes with one writer and many readers.\n\nCommands:\n");
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		printf("  %-15s %s\n", commands[i]->name, commands[i]->summary);
	printf("\nOptions, before or after the command:\n");
	options_help(global_options);
	printf("\nvolctl COMMAND --help tells about a command, volctl(8) about all of them.\n");
}

/* The command that begins @words; *@ret_used: how many of them are its name. */
static const struct command *command_find(int count, char **words, int *ret_used)
{
	for (int used = count < 2 ? count : 2; used > 0; used--) {
		AUTO_FREE char *name = used == 2 ? text_format("%s %s", words[0], words[1]) :
						   text_format("%s", words[0]);

		for (size_t i = 0; i < COMMAND_COUNT; i++) {
			if (strcmp(commands[i]->name, name) == 0) {
				*ret_used = used;
				return commands[i];
			}
		}
	}
	return NULL;
}

/* How many letters have to be put in, left out or changed to make @b of @a. */
static size_t distance(const char *a, const char *b)
{
	size_t row[WORD_MAX + 1];
	size_t len = strlen(b);

	if (strlen(a) > WORD_MAX || len > WORD_MAX)
		return WORD_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[len];
}

static bool fits(const char *name, const char *word)
{
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 || (len > 2 && distance(name, word) <= 2);
}

/* An unknown word is answered with the commands that fit it. */
static int unknown(const struct context *context, const char *word, const char *second)
{
	AUTO_FREE char *shown = text_clean(word);
	AUTO_FREE char *both = second ? text_format("%s %s", word, second) : NULL;
	AUTO_FREE char *list = text_format("%s", "");

	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		char *longer;

		if (!fits(commands[i]->name, word) && !(both && fits(commands[i]->name, both)))
			continue;
		longer = text_format("%s%s%s", list, *list ? ", " : "", commands[i]->name);
		free(list);
		list = longer;
	}
	if (*list)
		return fail_usage(context, "no command '%s'; those that fit: %s", shown, list);
	return fail_usage(context, "no command '%s' (volctl --help lists them)", shown);
}

static int check_count(const struct context *context, int count)
{
	const struct command *command = context->command;

	if (count >= command->min_args &&
	    (command->max_args == ARGS_ANY || count <= command->max_args))
		return EXIT_DONE;
	return fail_usage(context, "%s arguments; usage: volctl %s%s%s",
			  count < command->min_args ? "too few" : "too many", command->name,
			  *command->args ? " " : "", command->args);
}

static int run_command(struct context *context, int count, char **words)
{
	bool wants_help;
	int used;
	int first;
	int status;

	context->command = command_find(count, words, &used);
	if (!context->command)
		return unknown(context, words[0], count > 1 ? words[1] : NULL);
	count -= used - 1;
	words += used - 1;
	first = command_parse(context, count, words, &wants_help);
	if (first < 0)
		return EXIT_USAGE;
	if (wants_help) {
		command_help(context->command);
		return EXIT_DONE;
	}
	status = check_count(context, count - first);
	if (status != EXIT_DONE)
		return status;
	return context->command->run(context, count - first, words + first);
}

static int run(struct context *context, int count, char **args)
{
	bool wants_help;
	int first = command_parse(context, count, args, &wants_help);

	if (first < 0)
		return EXIT_USAGE;
	if (wants_help) {
		help();
		return EXIT_DONE;
	}
	if (first == count)
		return fail_usage(context, "no command given (volctl --help lists them)");
	return run_command(context, count - first, args + first);
}

/* What could not be written was not printed: that is a failure, whatever else went well. */
static int close_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	say("can not write the output: %s", strerror(errno));
	return status == EXIT_DONE ? EXIT_FAILED : status;
}

static bool color_by_default(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) &&
	       !(terminal && strcmp(terminal, "dumb") == 0);
}

int main(int argc, char **argv)
{
	struct context context = { .color = color_by_default(), .password_fd = -1 };
	int status;

	setlocale(LC_CTYPE, "");
	status = run(&context, argc, argv);
	volctl_close(context.client);
	free(context.volume_cluster);
	return close_output(status);
}
