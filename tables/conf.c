/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/conf.h"

#include <string.h>

#include "tables/put.h"
#include "tables/tables.h"

/* Of what was got, an error shows that much. */
#define SHOWN_BYTES 48
#define CHOICES_BYTES 96

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* The part of @whole from @at on, @len bytes long. */
static struct conf_span span_part(const struct conf_span *whole, size_t at, size_t len)
{
	return (struct conf_span) {
		.start = whole->start + at,
		.len = len,
		.column = whole->column + (uint32_t)at,
	};
}

static struct conf_span span_from(const struct conf_span *whole, size_t at)
{
	return span_part(whole, at, whole->len - at);
}

static struct conf_span skip_blanks(struct conf_span span)
{
	size_t at = 0;

	while (at < span.len && is_blank(span.start[at]))
		at++;
	return span_from(&span, at);
}

static struct conf_span trim_end(struct conf_span span)
{
	while (span.len > 0 && is_blank(span.start[span.len - 1]))
		span.len--;
	return span;
}

/* The leading part without blanks. */
static struct conf_span first_word(const struct conf_span *span)
{
	size_t len = 0;

	while (len < span->len && !is_blank(span->start[len]))
		len++;
	return span_part(span, 0, len);
}

bool conf_word(struct conf_span *rest, struct conf_span *ret_word)
{
	struct conf_span from = skip_blanks(*rest);
	struct conf_span word = first_word(&from);

	*rest = span_from(&from, word.len);
	if (word.len == 0)
		return false;
	*ret_word = word;
	return true;
}

/*
 * Room for an error at its place: errors are found in passes, and people read
 * them from the top.  NULL: there are enough, and all stand before this one.
 */
static struct conf_error *error_slot(struct conf_errors *errors, uint32_t line, uint32_t column)
{
	uint32_t held = errors->count < CONF_ERRORS_MAX ? errors->count : CONF_ERRORS_MAX;
	uint32_t at = held;

	errors->count++;
	while (at > 0 && (errors->errors[at - 1].line > line ||
			  (errors->errors[at - 1].line == line &&
			   errors->errors[at - 1].column > column)))
		at--;
	if (at == CONF_ERRORS_MAX)
		return NULL;
	if (held == CONF_ERRORS_MAX)
		held--;
	memmove(&errors->errors[at + 1], &errors->errors[at],
		(held - at) * sizeof(errors->errors[0]));
	errors->errors[at] = (struct conf_error) { .line = line, .column = column };
	return &errors->errors[at];
}

/* Bytes may be of a line that is not UTF-8: what no text may have is shown as '?'. */
static void put_shown(struct put *put, const struct conf_span *span)
{
	size_t at = 0;

	while (at < span->len && at < SHOWN_BYTES) {
		size_t valid = text_valid_bytes(span->start + at, span->len - at);

		if (valid > SHOWN_BYTES - at) {
			/* Cut between characters: the second half of one is never valid. */
			valid = text_valid_bytes(span->start + at, SHOWN_BYTES - at);
			put_bytes(put, span->start + at, valid);
			at += valid;
			break;
		}
		put_bytes(put, span->start + at, valid);
		at += valid;
		if (at < span->len && at < SHOWN_BYTES) {
			put_text(put, "?");
			at++;
		}
	}
	if (at < span->len)
		put_text(put, "...");
}

void conf_expected(struct conf_errors *errors, uint32_t line, const struct conf_span *got,
		   const char *expected)
{
	struct conf_error *error = error_slot(errors, line, got->column);
	struct put put;

	if (!error)
		return;
	put_begin(&put, error->text, sizeof(error->text));
	put_text(&put, "expected ");
	put_text(&put, expected);
	put_text(&put, ", got '");
	put_shown(&put, got);
	put_text(&put, "'");
}

void conf_complain(struct conf_errors *errors, uint32_t line, uint32_t column, const char *text)
{
	struct conf_error *error = error_slot(errors, line, column);
	struct put put;

	if (!error)
		return;
	put_begin(&put, error->text, sizeof(error->text));
	put_text(&put, text);
}

bool conf_is(const struct conf_span *span, const char *word)
{
	return span->len == strlen(word) && memcmp(span->start, word, span->len) == 0;
}

void conf_begin(struct conf_reader *reader, const char *text, size_t len)
{
	*reader = (struct conf_reader) { .text = text, .len = len };
}

/* Take the next line off the text, without what ends it; false at the end. */
static bool take_line(struct conf_reader *reader, struct conf_span *ret_line)
{
	const char *start = reader->text + reader->at;
	size_t left = reader->len - reader->at;
	const char *newline;
	size_t len;

	if (left == 0)
		return false;
	newline = memchr(start, '\n', left);
	len = newline ? (size_t)(newline - start) : left;
	reader->at += newline ? len + 1 : len;
	reader->line++;
	if (newline && len > 0 && start[len - 1] == '\r')
		len--;
	*ret_line = (struct conf_span) { .start = start, .len = len, .column = 1 };
	return true;
}

/* Whether a line may be looked into at all: its length and its characters. */
static bool line_is_sound(const struct conf_span *line, uint32_t number, struct conf_errors *errors)
{
	size_t at = 0;

	if (line->len > CONF_LINE_BYTES_MAX) {
		conf_complain(errors, number, CONF_LINE_BYTES_MAX + 1,
			      "expected a line of at most 4096 bytes, got a longer one");
		return false;
	}
	while (at < line->len) {
		at += text_valid_bytes(line->start + at, line->len - at);
		if (at < line->len && line->start[at] != '\t') {
			struct conf_span bad = span_part(line, at, 1);

			conf_expected(errors, number, &bad,
				      "UTF-8 text without control characters");
			return false;
		}
		at += at < line->len;
	}
	return true;
}

/* What is left on a line that has been read: blanks, and perhaps a comment after a blank. */
static bool line_ends(struct conf_span rest, uint32_t number, struct conf_errors *errors)
{
	struct conf_span next = skip_blanks(rest);

	if (next.len == 0 || (next.start[0] == '#' && next.start > rest.start))
		return true;
	next = first_word(&next);
	conf_expected(errors, number, &next, "the end of the line");
	return false;
}

/* One word of a section's head: it ends at a blank or at the bracket. */
static struct conf_span section_word(const struct conf_span *span)
{
	size_t len = 0;

	while (len < span->len && !is_blank(span->start[len]) && span->start[len] != ']')
		len++;
	return span_part(span, 0, len);
}

static bool read_section(struct conf_span rest, struct conf_line *line, struct conf_errors *errors)
{
	rest = skip_blanks(span_from(&rest, 1));
	while (rest.len > 0 && rest.start[0] != ']' && rest.start[0] != '#' &&
	       line->word_count < CONF_WORDS_MAX) {
		struct conf_span word = section_word(&rest);

		line->words[line->word_count++] = word;
		rest = skip_blanks(span_from(&rest, word.len));
	}
	if (line->word_count == 0 || rest.len == 0 || rest.start[0] != ']') {
		struct conf_span got = first_word(&rest);

		conf_expected(errors, line->line, &got,
			      line->word_count == 0 ? "the name of a section" : "']'");
		return false;
	}
	line->kind = CONF_SECTION;
	return line_ends(span_from(&rest, 1), line->line, errors);
}

/* A value within quotes of either kind. */
static bool read_quoted(struct conf_span rest, struct conf_line *line, struct conf_errors *errors)
{
	const char *end = memchr(rest.start + 1, rest.start[0], rest.len - 1);

	if (!end) {
		struct conf_span nothing = span_from(&rest, rest.len);

		conf_expected(errors, line->line, &nothing,
			      rest.start[0] == '"' ? "'\"' at the end of the value" :
						     "\"'\" at the end of the value");
		return false;
	}
	line->value = span_part(&rest, 1, (size_t)(end - rest.start - 1));
	return line_ends(span_from(&rest, line->value.len + 2), line->line, errors);
}

/* A value without quotes: to the end of the line, or the blank before a comment. */
static struct conf_span plain_value(const struct conf_span *rest)
{
	size_t len = 0;

	while (len < rest->len &&
	       !(rest->start[len] == '#' && (len == 0 || is_blank(rest->start[len - 1]))))
		len++;
	return trim_end(span_part(rest, 0, len));
}

static bool read_key(struct conf_span rest, struct conf_line *line, struct conf_errors *errors)
{
	size_t len = 0;

	while (len < rest.len && !is_blank(rest.start[len]) && rest.start[len] != '=')
		len++;
	line->key = span_part(&rest, 0, len);
	if (len == 0) {
		struct conf_span got = first_word(&rest);

		conf_expected(errors, line->line, &got, "a key");
		return false;
	}
	rest = skip_blanks(span_from(&rest, len));
	if (rest.len == 0 || rest.start[0] != '=') {
		struct conf_span got = first_word(&rest);

		conf_expected(errors, line->line, &got, "'='");
		return false;
	}
	line->kind = CONF_KEY;
	rest = skip_blanks(span_from(&rest, 1));
	if (rest.len > 0 && (rest.start[0] == '"' || rest.start[0] == '\''))
		return read_quoted(rest, line, errors);
	line->value = plain_value(&rest);
	return true;
}

/* The place behind the last character, for what the text as a whole lacks. */
static void end_of_text(const struct conf_reader *reader, struct conf_line *ret_line)
{
	size_t column = 1;

	while (column <= reader->len && reader->text[reader->len - column] != '\n')
		column++;
	*ret_line = (struct conf_line) {
		.kind = CONF_END,
		.line = column == 1 ? reader->line + 1 : reader->line,
		.column = (uint32_t)column,
	};
}

void conf_next(struct conf_reader *reader, struct conf_line *ret_line, struct conf_errors *errors)
{
	struct conf_span whole;

	while (take_line(reader, &whole)) {
		struct conf_line line = { .line = reader->line };
		struct conf_span rest = skip_blanks(whole);

		if (!line_is_sound(&whole, reader->line, errors))
			continue;
		if (rest.len == 0 || rest.start[0] == '#')
			continue;
		line.column = rest.column;
		if (rest.start[0] == '[' ? read_section(rest, &line, errors) :
					   read_key(rest, &line, errors)) {
			*ret_line = line;
			return;
		}
	}
	end_of_text(reader, ret_line);
}

bool conf_choice(const struct conf_line *line, const char *const *words, unsigned int *ret_index,
		 struct conf_errors *errors)
{
	char expected[CHOICES_BYTES];
	struct put put;

	for (unsigned int i = 0; words[i]; i++) {
		if (conf_is(&line->value, words[i])) {
			*ret_index = i;
			return true;
		}
	}
	put_begin(&put, expected, sizeof(expected));
	for (unsigned int i = 0; words[i]; i++) {
		if (i > 0)
			put_text(&put, words[i + 1] ? ", " : " or ");
		put_text(&put, words[i]);
	}
	conf_expected(errors, line->line, &line->value, expected);
	return false;
}

bool conf_bool(const struct conf_line *line, bool *ret_value, struct conf_errors *errors)
{
	static const char *const words[] = { "yes", "no", NULL };
	unsigned int index;

	if (!conf_choice(line, words, &index, errors))
		return false;
	*ret_value = index == 0;
	return true;
}

/*
 * Read digits at the beginning of @span.  Returns how many there are; 0 also
 * where the number is above @max.
 */
static size_t read_digits(const struct conf_span *span, uint64_t max, uint64_t *ret_number)
{
	uint64_t number = 0;
	size_t len = 0;

	while (len < span->len && span->start[len] >= '0' && span->start[len] <= '9') {
		uint64_t digit = (uint64_t)(span->start[len] - '0');

		if (number > (UINT64_MAX - digit) / 10)
			return 0;
		number = number * 10 + digit;
		len++;
	}
	if (number > max)
		return 0;
	*ret_number = number;
	return len;
}

bool conf_number(const struct conf_line *line, uint64_t max, uint64_t *ret_value,
		 struct conf_errors *errors)
{
	uint64_t number;
	size_t len = read_digits(&line->value, max, &number);
	char expected[48];
	struct put put;

	if (len > 0 && len == line->value.len) {
		*ret_value = number;
		return true;
	}
	put_begin(&put, expected, sizeof(expected));
	put_text(&put, "a number from 0 to ");
	put_number(&put, max);
	conf_expected(errors, line->line, &line->value, expected);
	return false;
}

static bool duration_read(const struct conf_span *span, uint32_t *ret_ms)
{
	static const struct {
		const char *unit;
		uint32_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 }, { "h", 60 * 60 * 1000 } };
	uint64_t number;
	size_t len = read_digits(span, UINT32_MAX, &number);
	struct conf_span unit = span_from(span, len);

	if (len == 0)
		return false;
	if (unit.len == 0 && number == 0) {
		*ret_ms = 0;
		return true;
	}
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (conf_is(&unit, units[i].unit) && number <= UINT32_MAX / units[i].ms) {
			*ret_ms = (uint32_t)number * units[i].ms;
			return true;
		}
	}
	return false;
}

bool conf_duration_ms(const struct conf_line *line, uint32_t *ret_ms, struct conf_errors *errors)
{
	if (duration_read(&line->value, ret_ms))
		return true;
	conf_expected(errors, line->line, &line->value,
		      "a duration of at most 1193h, such as 250ms, 30s, 5m or 1h");
	return false;
}

static bool thousandths_read(const struct conf_span *span, uint32_t *ret_value)
{
	uint64_t whole;
	uint64_t part = 0;
	size_t len = read_digits(span, UINT32_MAX / 1000 - 1, &whole);
	struct conf_span rest = span_from(span, len);

	if (len == 0)
		return false;
	if (rest.len > 0) {
		struct conf_span digits = span_from(&rest, 1);

		if (rest.start[0] != '.' || digits.len < 1 || digits.len > 3 ||
		    read_digits(&digits, 999, &part) != digits.len)
			return false;
		for (size_t i = digits.len; i < 3; i++)
			part *= 10;
	}
	*ret_value = (uint32_t)(whole * 1000 + part);
	return true;
}

bool conf_thousandths(const struct conf_line *line, uint32_t *ret_value, struct conf_errors *errors)
{
	if (thousandths_read(&line->value, ret_value))
		return true;
	conf_expected(errors, line->line, &line->value,
		      "a number with at most three decimals, such as 1 or 1.5");
	return false;
}

bool conf_string(const struct conf_line *line, char *ret_value, size_t size,
		 struct conf_errors *errors)
{
	const struct conf_span *value = &line->value;
	char expected[48];
	struct put put;

	if (value->len >= size) {
		put_begin(&put, expected, sizeof(expected));
		put_text(&put, "at most ");
		put_number(&put, size - 1);
		put_text(&put, " bytes");
		conf_expected(errors, line->line, value, expected);
		return false;
	}
	if (text_valid_bytes(value->start, value->len) != value->len) {
		conf_expected(errors, line->line, value, "text without tabs");
		return false;
	}
	memset(ret_value, 0, size);
	memcpy(ret_value, value->start, value->len);
	return true;
}

bool conf_span_name(const struct conf_span *span, char *ret_name)
{
	char name[NAME_BYTES_MAX + 1] = "";

	if (span->len > NAME_BYTES_MAX)
		return false;
	memcpy(name, span->start, span->len);
	if (!name_is_valid(name))
		return false;
	memcpy(ret_name, name, sizeof(name));
	return true;
}

bool conf_name(const struct conf_line *line, char *ret_value, struct conf_errors *errors)
{
	if (conf_span_name(&line->value, ret_value))
		return true;
	conf_expected(errors, line->line, &line->value, CONF_NAME_EXPECTED);
	return false;
}
