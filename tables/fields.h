/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fields - the keys of the text form: one table that says for each where it
 * lies in its row, how it is read and how it is printed.
 *
 * A key's default is what the row's _defaults() function gives it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tables/conf.h"
#include "tables/put.h"

enum field_section { FIELDS_CLUSTER, FIELDS_HOST, FIELDS_VOLUME, FIELDS_ACCESS };
#define FIELD_SECTIONS 4
#define FIELDS_MAX 32		/* in one section */

struct field;

/* @place is in the row, at the offset of the field. */
struct field_kind {
	/* False, having complained: not a value of this kind; *@place is as it was. */
	bool (*read)(const struct field *field, const struct conf_line *line, void *place,
		     struct conf_errors *errors);
	void (*print)(const struct field *field, const void *place, struct put *put);
};

struct field {
	const char *key;	/* NULL ends a section's table */
	const struct field_kind *kind;	/* NULL: shown only, see form.c */
	size_t offset;		/* in struct tables, host_row, volume_row or access_row */
	size_t size;		/* of a string */
	const char *const *words;	/* of a choice */
	uint64_t min;		/* of a duration */
	uint64_t max;		/* of a duration, a number; 0: what fits */
	bool always;		/* printed even where it is the default */
	const char *help;
};

/* "cluster", "host", "volume", "access", as in the head of a section. */
const char *fields_section_name(enum field_section section);

/* The fields of a section, ended by one without a key. */
const struct field *fields_of(enum field_section section);

/* Print a value so that conf reads the same from it: in quotes where it must be. */
void fields_print_value(const char *value, struct put *put);
