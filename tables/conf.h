/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * conf - the reader of both files that people write: volctl.conf and the text
 * form of the tables.  Sections of `key = value` lines.
 *
 * Total: any bytes give lines or errors with a place.  `#` begins a comment at
 * the start of a line or after a blank, and nothing is continued on the next
 * line.  A value may stand in quotes, "so" or 'so', as a whole: then it is
 * what stands between them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONF_LINE_BYTES_MAX 4096
#define CONF_WORDS_MAX 3
#define CONF_ERRORS_MAX 20
#define CONF_ERROR_BYTES 160

/* A part of the text being read: it ends with the text. */
struct conf_span {
	const char *start;
	size_t len;
	uint32_t column;	/* from 1, in bytes */
};

enum conf_line_kind { CONF_SECTION, CONF_KEY, CONF_END };

struct conf_line {
	enum conf_line_kind kind;
	uint32_t line;		/* from 1 */
	uint32_t column;	/* of the first character that is not blank */
	struct conf_span words[CONF_WORDS_MAX];	/* CONF_SECTION: [volume media] has two */
	unsigned int word_count;
	struct conf_span key;	/* CONF_KEY */
	struct conf_span value;	/* trimmed, comment and quotes removed; may be empty */
};

struct conf_error {
	uint32_t line;
	uint32_t column;
	char text[CONF_ERROR_BYTES];	/* "expected yes or no, got 'maybe'" */
};

/* Ordered by place; the first CONF_ERRORS_MAX are kept, count goes on. */
struct conf_errors {
	uint32_t count;
	struct conf_error errors[CONF_ERRORS_MAX];
};

struct conf_reader {
	const char *text;
	size_t len;
	size_t at;
	uint32_t line;
};

void conf_begin(struct conf_reader *reader, const char *text, size_t len);

/*
 * The next line that is a section or a key; malformed lines are added to @errors and passed over.
 * CONF_END has the place behind the last character.
 */
void conf_next(struct conf_reader *reader, struct conf_line *ret_line, struct conf_errors *errors);

/* Add "expected @expected, got '@got'" at a place; control characters in @got are shown as '?'. */
void conf_expected(struct conf_errors *errors, uint32_t line, const struct conf_span *got,
		   const char *expected);
/* Add a plain sentence at a place. */
void conf_complain(struct conf_errors *errors, uint32_t line, uint32_t column, const char *text);

bool conf_is(const struct conf_span *span, const char *word);

/* Take the next word off a list by blanks; false: there is none left. */
bool conf_word(struct conf_span *rest, struct conf_span *ret_word);

/* Copy a span that is a name of NAME_BYTES_MAX at most; false: it is none. */
bool conf_span_name(const struct conf_span *span, char *ret_name);
#define CONF_NAME_EXPECTED "a name of 1 to 63 letters, digits, '.', '_' or '-'"

/*
 * Values.  Each returns false, having complained, if the span is not of its kind.  A duration has a
 * unit (ms s m h) unless it is 0; conf_thousandths() reads 1.5 as 1500.
 */
bool conf_bool(const struct conf_line *line, bool *ret_value, struct conf_errors *errors);
bool conf_duration_ms(const struct conf_line *line, uint32_t *ret_ms, struct conf_errors *errors);
bool conf_number(const struct conf_line *line, uint64_t max, uint64_t *ret_value,
		 struct conf_errors *errors);
bool conf_thousandths(const struct conf_line *line, uint32_t *ret_value,
		      struct conf_errors *errors);
bool conf_string(const struct conf_line *line, char *ret_value, size_t size,
		 struct conf_errors *errors);
bool conf_name(const struct conf_line *line, char *ret_value, struct conf_errors *errors);
/* Index of the word in the NULL-ended list. */
bool conf_choice(const struct conf_line *line, const char *const *words, unsigned int *ret_index,
		 struct conf_errors *errors);
