/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* columns - a list of JSON objects as a table: columns.h. */
#include "config.h"

#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <string.h>

#include "volctl/command.h"
#include "volctl/show.h"
#include "volctl/talk.h"

#define COLUMNS_MAX 64

/* Columns to print, in order. */
struct choice {
	size_t count;
	const struct column *columns[COLUMNS_MAX];
};

static char *list_text(struct json_object *list)
{
	char *text = text_format("%s", "");

	for (size_t i = 0; i < list_length(list); i++) {
		AUTO_FREE char *before = text;
		AUTO_FREE char *item = text_clean(
			json_object_get_string(json_object_array_get_idx(list, i)) ?: "");

		text = text_format("%s%s%s", before, i ? "," : "", item);
	}
	return text;
}

char *column_text(const struct column *column, struct json_object *row, bool raw)
{
	struct json_object *value;

	if (!json_object_object_get_ex(row, column->key, &value) || !value)
		return text_format("%s", "");
	switch (column->kind) {
	case COLUMN_TEXT:
	case COLUMN_NUMBER:
		return text_clean(json_object_get_string(value));
	case COLUMN_YES_NO:
		return text_format("%s", json_object_get_boolean(value) ? "yes" : "no");
	case COLUMN_BYTES:
		return raw ? text_clean(json_object_get_string(value)) :
			     bytes_text(json_object_get_int64(value));
	case COLUMN_SECONDS:
		return raw ? text_clean(json_object_get_string(value)) :
			     duration_text(json_object_get_int64(value));
	case COLUMN_LIST:
		return list_text(json_object_is_type(value, json_type_array) ? value : NULL);
	case COLUMN_COUNT:
		return text_format("%zu", json_object_is_type(value, json_type_array) ?
						  json_object_array_length(value) :
						  0);
	}
	return NULL;
}

static bool is_number(const struct column *column)
{
	switch (column->kind) {
	case COLUMN_NUMBER:
	case COLUMN_BYTES:
	case COLUMN_SECONDS:
	case COLUMN_COUNT:
		return true;
	case COLUMN_TEXT:
	case COLUMN_YES_NO:
	case COLUMN_LIST:
		return false;
	}
	return false;
}

static const struct column *column_find(const struct column *columns, const char *name, size_t len)
{
	for (const struct column *column = columns; column->title; column++)
		if ((strlen(column->title) == len && strncasecmp(column->title, name, len) == 0) ||
		    (strlen(column->key) == len && strncasecmp(column->key, name, len) == 0))
			return column;
	return NULL;
}

static int choose_named(const struct context *context, const char *names, struct choice *choice)
{
	for (;;) {
		size_t len = strcspn(names, ",");
		const struct column *column = column_find(context->command->columns, names, len);

		if (!column)
			return fail_usage(context, "no column '%.*s' (volctl %s --help lists them)",
					  (int)len, names, context->command->name);
		if (choice->count == COLUMNS_MAX)
			return fail_usage(context, "more than %d columns", COLUMNS_MAX);
		choice->columns[choice->count++] = column;
		if (names[len] == '\0')
			return EXIT_DONE;
		names += len + 1;
	}
}

/* -o NAMES is these columns, -o +NAMES the usual ones and these. */
static int choose(const struct context *context, struct choice *choice)
{
	const char *names = context->columns;

	if (!names || *names == '+')
		for (const struct column *column = context->command->columns; column->title;
		     column++)
			if (!column->hidden && choice->count < COLUMNS_MAX)
				choice->columns[choice->count++] = column;
	if (!names)
		return EXIT_DONE;
	return choose_named(context, *names == '+' ? names + 1 : names, choice);
}

static void add_row(struct libscols_table *table, const struct choice *choice,
		    struct json_object *row, bool raw)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);

	for (size_t i = 0; line && i < choice->count; i++) {
		AUTO_FREE char *text = column_text(choice->columns[i], row, raw);
		const char *tint = tint_name(word_tint(text));

		scols_line_set_data(line, i, text);
		if (tint)
			scols_cell_set_color(scols_line_get_cell(line, i), tint);
	}
}

/* What has a part of the screen for its width is prose, and wrapped. */
static int column_flags(const struct column *column)
{
	if (is_number(column))
		return SCOLS_FL_RIGHT;
	return column->width > 0 && column->width < 1 ? SCOLS_FL_WRAP : 0;
}

static int print_table(const struct context *context, const struct choice *choice,
		       struct json_object *rows)
{
	struct libscols_table *table = scols_new_table();
	int r;

	if (!table)
		return fail_memory(context);
	scols_table_enable_noheadings(table, context->noheadings);
	scols_table_enable_raw(table, context->raw);
	scols_table_enable_colors(table, context->color);
	for (size_t i = 0; i < choice->count; i++) {
		const struct column *column = choice->columns[i];

		scols_table_new_column(table, column->title, column->width, column_flags(column));
	}
	for (size_t i = 0; i < list_length(rows); i++)
		add_row(table, choice, json_object_array_get_idx(rows, i), context->raw);
	r = scols_print_table(table);
	scols_unref_table(table);
	return r == 0 ? EXIT_DONE : fail_memory(context);
}

/* With -o only the fields of these columns, else every field that the daemon gave. */
static int print_as_json(const struct context *context, const struct choice *choice,
			 struct json_object *rows, const char *key)
{
	AUTO_PUT struct json_object *result = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_object_add(result, key, list);
	for (size_t i = 0; i < list_length(rows); i++) {
		struct json_object *row = json_object_array_get_idx(rows, i);
		struct json_object *part;

		if (!context->columns) {
			json_object_array_add(list, json_object_get(row));
			continue;
		}
		part = json_object_new_object();
		for (size_t c = 0; c < choice->count; c++) {
			struct json_object *value = NULL;

			json_object_object_get_ex(row, choice->columns[c]->key, &value);
			json_object_object_add(part, choice->columns[c]->key,
					       json_object_get(value));
		}
		json_object_array_add(list, part);
	}
	return print_json(result);
}

int columns_print(const struct context *context, struct json_object *result, const char *key)
{
	struct json_object *rows = field_list(result, key);
	struct choice choice = { 0 };
	int status = choose(context, &choice);

	if (status != EXIT_DONE)
		return status;
	if (!rows)
		return fail(context, "bad-answer", EXIT_UNREACHABLE, NULL,
			    "the daemon's answer has no list of %s", key);
	if (context->json)
		return print_as_json(context, &choice, rows, key);
	return print_table(context, &choice, rows);
}

void columns_help(const struct column *columns)
{
	printf("\nColumns (* unless -o says otherwise):\n");
	for (const struct column *column = columns; column->title; column++)
		printf("  %c %-12s %s\n", column->hidden ? ' ' : '*', column->title, column->help);
}
