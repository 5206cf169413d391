/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * command - what a command of volctl is, and what it is run with.
 *
 * Each command's file opens with its entry; volctl.c lists the entries; usage,
 * help and the tests read the list.  Options are parsed by their tables before
 * a command runs; it looks them up by name.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#include "volctl/columns.h"
#include "volctl/libvolctl.h"

#define OPTIONS_MAX 16		/* of one command */
#define ARGS_ANY (-1)		/* as max_args */

enum option_argument { OPTION_NONE, OPTION_REQUIRED, OPTION_OPTIONAL };

struct option_entry {
	char letter;		/* or 0 */
	const char *name;	/* without its dashes; NULL ends a table */
	enum option_argument argument;
	const char *metavar;
	const char *help;
};

struct context;

struct command {
	const char *name;	/* one or two words */
	const char *args;
	const char *summary;
	int min_args;
	int max_args;		/* or ARGS_ANY */
	const struct option_entry *options;	/* NULL: only those that all have */
	const struct column *columns;		/* of a listing; adds its options */
	/* Returns an exit status; of `run` any. */
	int (*run)(struct context *context, int count, char **args);
};

struct context {
	const struct command *command;
	const char *socket_path;
	const char *cluster;
	char *volume_cluster;	/* of a CLUSTER/NAME: what `cluster` points to then */
	bool json;
	bool color;
	bool yes;
	int password_fd;	/* -1: none */

	/* The command's own, by their place in its table; "" for one given without an argument. */
	const char *option_values[OPTIONS_MAX];
	/* Of a listing. */
	const char *columns;
	bool noheadings;
	bool raw;

	struct volctl *client;	/* once talk_connect() has made it */
};

/* Options that every command has, and those that listings have. */
extern const struct option_entry global_options[];
extern const struct option_entry listing_options[];

/* What was given as the value of an option of the command's own table; NULL if it was not given. */
const char *option_value(const struct context *context, const char *name);
bool option_given(const struct context *context, const char *name);

/* Parse @args (their first is the command's last word) into @context.  The number of the first
 * argument that is not an option, or -1: said what is wrong.  *@ret_help: asked for help only. */
int command_parse(struct context *context, int count, char **args, bool *ret_help);

void command_help(const struct command *command);
void options_help(const struct option_entry *options);
