/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * form - the tables as text, for export, edit, import and the template, and
 * the fragments of it that single changes are made of (host set, volume add).
 *
 * One table of fields (fields.h) reads and prints every key: form_print()
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
 * work on a copy.  Sections may name each other in any order.  What FORM_WHOLE does
 * not say of a row is the default; FORM_SET leaves it as it is.  New volumes get
 * born = tables->version + 1; the caller raises the version.  What the rules forbid is an
 * error with a place: another writer, a used name, a writer's volume or a logged-on
 * host left out, the UUID of a volume that has a writer, a duplicated UUID or mount point,
 * a reference to a row that is not there, options that undo our safety, viewers = quiet
 * or published (not available yet).  Takes about 40 KiB of stack.
 */
void form_apply(struct tables *tables, const char *text, size_t len, enum form_mode mode,
		struct form_errors *ret_errors);

/*
 * Print *@tables as text into @buffer, as snprintf() does: returns the bytes that the whole text
 * takes, without the terminating zero, and writes at most @size.  Keys that have their default
 * are left out but for the few that say what a row is; @comments adds the others behind a '#' to
 * the first row of each kind, and explains each.
 */
size_t form_print(const struct tables *tables, bool comments, char *buffer, size_t size);
