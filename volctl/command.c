/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* command - options and help of a command: command.h. */
#include "config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "volctl/command.h"
#include "volctl/show.h"
#include "volctl/talk.h"

/* What getopt_long() returns for the options of the three tables: their place plus this. */
#define GLOBAL_BASE 1000
#define LISTING_BASE 2000
#define OWN_BASE 3000
#define TABLES_MAX 3

#define LONG_MAX_COUNT (3 * OPTIONS_MAX)

enum global_option {
	GLOBAL_JSON,
	GLOBAL_SOCKET,
	GLOBAL_CLUSTER,
	GLOBAL_COLOR,
	GLOBAL_PASSWORD_FD,
	GLOBAL_YES,
	GLOBAL_VERSION,
	GLOBAL_HELP,
};

const struct option_entry global_options[] = {
	[GLOBAL_JSON] = { 0, "json", OPTION_NONE, NULL, "print JSON" },
	[GLOBAL_SOCKET] = { 0, "socket", OPTION_REQUIRED, "PATH",
			    "the daemon's control socket; else $VOLCTL_SOCKET" },
	[GLOBAL_CLUSTER] = { 0, "cluster", OPTION_REQUIRED, "NAME",
			     "which one, where the host is logged on to several" },
	[GLOBAL_COLOR] = { 0, "color", OPTION_OPTIONAL, "WHEN",
			   "colours: auto (on a terminal), always, never" },
	[GLOBAL_PASSWORD_FD] = { 0, "password-fd", OPTION_REQUIRED, "FD",
				 "where to read the administrator's password from" },
	[GLOBAL_YES] = { 'y', "yes", OPTION_NONE, NULL, "answer every question with yes" },
	[GLOBAL_VERSION] = { 'V', "version", OPTION_NONE, NULL, "print the version" },
	[GLOBAL_HELP] = { 'h', "help", OPTION_NONE, NULL, "print this help" },
	{ 0 },
};

enum listing_option { LISTING_COLUMNS, LISTING_NOHEADINGS, LISTING_RAW };

const struct option_entry listing_options[] = {
	[LISTING_COLUMNS] = { 'o', "output", OPTION_REQUIRED, "COLUMNS",
			      "these columns, by commas; +COLUMNS adds them" },
	[LISTING_NOHEADINGS] = { 0, "noheadings", OPTION_NONE, NULL, "no line of headings" },
	[LISTING_RAW] = { 'r', "raw", OPTION_NONE, NULL,
			  "plain numbers, blanks in values as \\x20" },
	{ 0 },
};

/* The tables of options as getopt_long() wants them. */
struct parser {
	struct option longs[LONG_MAX_COUNT + 1];
	size_t long_count;
	char shorts[2 * LONG_MAX_COUNT + 3];
	const struct option_entry *tables[TABLES_MAX];	/* global, listing, own */
};

static void parser_add(struct parser *parser, size_t table, const struct option_entry *entries)
{
	parser->tables[table] = entries;
	for (size_t i = 0; entries && entries[i].name; i++) {
		assert(parser->long_count < LONG_MAX_COUNT);
		parser->longs[parser->long_count++] = (struct option){
			.name = entries[i].name,
			.has_arg = entries[i].argument == OPTION_NONE	  ? no_argument :
				   entries[i].argument == OPTION_REQUIRED ? required_argument :
									    optional_argument,
			.val = (int)(GLOBAL_BASE * (table + 1) + i),
		};
		if (entries[i].letter) {
			size_t len = strlen(parser->shorts);

			snprintf(parser->shorts + len, sizeof(parser->shorts) - len, "%c%s",
				 entries[i].letter,
				 entries[i].argument == OPTION_NONE ? "" : ":");
		}
	}
}

/* The value that stands for an option, also when it was given by its letter. */
static int option_code(const struct parser *parser, int got)
{
	if (got >= GLOBAL_BASE)
		return got;
	for (size_t table = 0; table < TABLES_MAX; table++)
		for (size_t i = 0; parser->tables[table] && parser->tables[table][i].name; i++)
			if (parser->tables[table][i].letter == got)
				return (int)(GLOBAL_BASE * (table + 1) + i);
	return -1;
}

static int set_color(struct context *context, const char *when)
{
	if (!when || strcmp(when, "always") == 0)
		context->color = true;
	else if (strcmp(when, "never") == 0)
		context->color = false;
	else if (strcmp(when, "auto") != 0)
		return fail_usage(context, "--color is auto, always or never, not '%s'", when);
	return EXIT_DONE;
}

static int set_password_fd(struct context *context, const char *value)
{
	char *end;
	long fd;

	errno = 0;
	fd = strtol(value, &end, 10);
	if (errno || end == value || *end || fd < 0 || fd > 65535)
		return fail_usage(context, "--password-fd is the number of a descriptor, not '%s'",
				  value);
	context->password_fd = (int)fd;
	return EXIT_DONE;
}

static int global_take(struct context *context, enum global_option option, const char *value,
		       bool *ret_help)
{
	switch (option) {
	case GLOBAL_JSON:
		context->json = true;
		return EXIT_DONE;
	case GLOBAL_SOCKET:
		context->socket_path = value;
		return EXIT_DONE;
	case GLOBAL_CLUSTER:
		context->cluster = value;
		return EXIT_DONE;
	case GLOBAL_COLOR:
		return set_color(context, value);
	case GLOBAL_PASSWORD_FD:
		return set_password_fd(context, value);
	case GLOBAL_YES:
		context->yes = true;
		return EXIT_DONE;
	case GLOBAL_VERSION:
		printf("volctl %s\n", PACKAGE_VERSION);
		exit(fflush(stdout) == 0 ? EXIT_DONE : EXIT_FAILED);
	case GLOBAL_HELP:
		*ret_help = true;
		return EXIT_DONE;
	}
	return EXIT_USAGE;
}

static void listing_take(struct context *context, enum listing_option option, const char *value)
{
	switch (option) {
	case LISTING_COLUMNS:
		context->columns = value;
		return;
	case LISTING_NOHEADINGS:
		context->noheadings = true;
		return;
	case LISTING_RAW:
		context->raw = true;
		return;
	}
}

static int option_take(struct context *context, int code, const char *value, bool *ret_help)
{
	if (code >= OWN_BASE)
		context->option_values[code - OWN_BASE] = value ? value : "";
	else if (code >= LISTING_BASE)
		listing_take(context, (enum listing_option)(code - LISTING_BASE), value);
	else
		return global_take(context, (enum global_option)(code - GLOBAL_BASE), value,
				   ret_help);
	return EXIT_DONE;
}

static void option_wrong(const struct context *context, char **args, int got)
{
	const char *word = args[optind - 1];
	AUTO_FREE char *shown = NULL;

	if (optopt && optopt < GLOBAL_BASE)
		shown = text_format("-%c", optopt);
	else
		shown = text_clean(word);
	if (got == ':')
		fail_usage(context, "option %s wants an argument", shown);
	else if (optopt >= GLOBAL_BASE)
		fail_usage(context, "option %s takes no argument", shown);
	else
		fail_usage(context, "no option %s (volctl%s%s --help)", shown,
			   context->command ? " " : "",
			   context->command ? context->command->name : "");
}

int command_parse(struct context *context, int count, char **args, bool *ret_help)
{
	const struct command *command = context->command;
	struct parser parser = { 0 };
	int got;

	/*
	 * Before the command's words an argument ends the options; after them options may follow.
	 */
	snprintf(parser.shorts, sizeof(parser.shorts), command ? ":" : "+:");
	parser_add(&parser, 0, global_options);
	parser_add(&parser, 1, command && command->columns ? listing_options : NULL);
	parser_add(&parser, 2, command ? command->options : NULL);

	*ret_help = false;
	optind = 0;	/* glibc: begin anew */
	opterr = 0;
	while ((got = getopt_long(count, args, parser.shorts, parser.longs, NULL)) != -1) {
		int code = got == '?' || got == ':' ? -1 : option_code(&parser, got);

		if (code < 0) {
			option_wrong(context, args, got);
			return -1;
		}
		if (option_take(context, code, optarg, ret_help) != EXIT_DONE)
			return -1;
	}
	return optind;
}

const char *option_value(const struct context *context, const char *name)
{
	const struct option_entry *options = context->command->options;

	for (size_t i = 0; options && options[i].name; i++) {
		assert(i < OPTIONS_MAX);
		if (strcmp(options[i].name, name) == 0)
			return context->option_values[i];
	}
	assert(!"an option that the command's table has");
	return NULL;
}

bool option_given(const struct context *context, const char *name)
{
	return option_value(context, name) != NULL;
}

void options_help(const struct option_entry *options)
{
	for (const struct option_entry *option = options; option->name; option++) {
		AUTO_FREE char *letter =
			option->letter ? text_format("-%c, ", option->letter) : text_format("    ");
		AUTO_FREE char *name = NULL;

		if (option->argument == OPTION_NONE)
			name = text_format("%s--%s", letter, option->name);
		else if (option->argument == OPTION_REQUIRED)
			name = text_format("%s--%s=%s", letter, option->name, option->metavar);
		else
			name = text_format("%s--%s[=%s]", letter, option->name, option->metavar);
		printf("  %-26s %s\n", name, option->help);
	}
}

void command_help(const struct command *command)
{
	printf("Usage: volctl %s [OPTION]...%s%s\n\n%c%s.\n", command->name,
	       *command->args ? " " : "", command->args, toupper(command->summary[0]),
	       command->summary + 1);
	printf("\nOptions:\n");
	if (command->options)
		options_help(command->options);
	if (command->columns)
		options_help(listing_options);
	options_help(global_options);
	if (command->columns)
		columns_help(command->columns);
}
