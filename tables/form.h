/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * form - the tables as text, for export, edit, import and the template, and
 * the fragments of it that single changes are made of (host set, volume add).
 *
 * One table of fields, in form.c, reads and prints every key: form_print()
 * followed by form_apply() changes nothing.
 */
#pragma once

#include "tables/conf.h"
#include "tables/tables.h"

enum form_mode {
	FORM_WHOLE,	/* the text is all there is: rows that it does not name are removed */
	FORM_ADD,	/* each section makes a new row */
	FORM_SET,	/* each section changes keys of a row that is there */
};

#define form_errors conf_errors

/*
 * Apply @text to *@tables.  With errors (count > 0) *@tables is unspecified:
 * work on a copy.  New volumes get born = tables->version + 1.  What the rules
 * forbid here is an error with a place: another writer, a used name, a writer's
 * volume or a logged-on host left out, a duplicated UUID or mount point, a reference to
 * a row that is not there, viewers = quiet or published (not available yet).
 */
void form_apply(struct tables *tables, const char *text, size_t len, enum form_mode mode,
		struct form_errors *ret_errors);

/*
 * Print *@tables as text into @buffer, as snprintf does: returns the bytes the whole text
 * takes, without the terminating zero, and writes at most @size.  Keys that have their default
 * are printed where the row would say nothing otherwise; @comments adds the defaults, explained.
 */
size_t form_print(const struct tables *tables, bool comments, char *buffer, size_t size);
