/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * columns - a list of JSON objects as a table for people, raw for scripts, or JSON.
 *
 * A list is described once, by its columns: a title, the key of the objects'
 * field, and how a value is shown.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>

enum column_kind {
	COLUMN_TEXT,
	COLUMN_NUMBER,
	COLUMN_YES_NO,
	COLUMN_BYTES,
	COLUMN_SECONDS,
	COLUMN_LIST,		/* an array of strings */
	COLUMN_COUNT,		/* an array: its length */
};

struct column {
	const char *title;	/* NULL ends a table */
	const char *key;
	/* hint, as libsmartcols has it: 1..: columns, 0..1: part of the screen */
	double width;
	enum column_kind kind;
	bool hidden;		/* shown only where -o names it */
	const char *help;
};

struct context;

/*
 * Print the array @key of @result by the command's columns and the listing
 * options of @context.  An exit status.
 */
int columns_print(const struct context *context, struct json_object *result, const char *key);

/* A value as a table shows it; the caller frees it.  @raw: numbers as they are. */
char *column_text(const struct column *column, struct json_object *row, bool raw);

void columns_help(const struct column *columns);
