/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes read as lines, and every value read as every kind of value. */
#include <string.h>

#include "tables/conf.h"
#include "tables/limits.h"
#include "tests/fuzz/fuzz.h"

/* The span lies within the text, where its line and column say. */
static void check_span(const uint8_t *data, size_t size, const struct conf_line *line,
		       const struct conf_span *span)
{
	const char *text = (const char *)data;
	size_t at = (size_t)(span->start - text);

	FUZZ_MUST(span->start >= text && at + span->len <= size);
	FUZZ_MUST(span->column >= line->column && span->column - 1 <= at);
	FUZZ_MUST(at == span->column - 1 || text[at - span->column] == '\n');
	FUZZ_MUST(!memchr(span->start, '\n', span->len));
}

static void read_values(const struct conf_line *line)
{
	static const char *const words[] = { "yes", "no", "auto", NULL };
	static struct conf_errors errors;
	char string[16];
	char name[NAME_BYTES_MAX + 1];
	unsigned int index;
	uint64_t number;
	uint32_t small;
	bool flag;

	if (conf_bool(line, &flag, &errors))
		FUZZ_MUST(conf_choice(line, words, &index, &errors) && index == !flag);
	if (conf_number(line, UINT32_MAX, &number, &errors))
		FUZZ_MUST(number <= UINT32_MAX);
	if (conf_string(line, string, sizeof(string), &errors))
		FUZZ_MUST(strlen(string) == line->value.len);
	if (conf_name(line, name, &errors))
		FUZZ_MUST(conf_is(&line->value, name));
	(void)conf_duration_ms(line, &small, &errors);
	(void)conf_thousandths(line, &small, &errors);
}

static void check_errors(const struct conf_errors *errors)
{
	uint32_t held = errors->count < CONF_ERRORS_MAX ? errors->count : CONF_ERRORS_MAX;

	for (uint32_t i = 0; i < held; i++) {
		const struct conf_error *error = &errors->errors[i];

		FUZZ_MUST(error->line >= 1 && error->column >= 1);
		FUZZ_MUST(memchr(error->text, 0, sizeof(error->text)) && error->text[0]);
		FUZZ_MUST(i == 0 || error->line >= error[-1].line);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct conf_errors errors;
	struct conf_reader reader;
	struct conf_line line;

	errors.count = 0;
	conf_begin(&reader, (const char *)data, size);
	do {
		uint32_t last = reader.line;

		conf_next(&reader, &line, &errors);
		FUZZ_MUST(line.line > last || line.kind == CONF_END);
		for (unsigned int i = 0; i < line.word_count; i++)
			check_span(data, size, &line, &line.words[i]);
		if (line.kind == CONF_KEY) {
			check_span(data, size, &line, &line.key);
			check_span(data, size, &line, &line.value);
			read_values(&line);
		}
	} while (line.kind != CONF_END);
	check_errors(&errors);
	fuzz_saw(errors.count == 0 ? FUZZ_ACCEPTED : FUZZ_SENSELESS);
	return 0;
}

size_t fuzz_sample(struct chance *chance, uint8_t *data, size_t max)
{
	static const char *const parts[] = {
		"[host a]", "[",   "]",		 "\n", "\n",   "\n",	   " = ",	   "=",
		"#",	    " # ", "\"",	 "'",  "key",  "yes",	   "no",	   "30s",
		"1h",	    "1.5", "4294967296", "\t", "\r\n", "\xc3\xa4", "\xe2\x80\xae", "name",
	};
	size_t len = 0;

	for (uint64_t i = chance_below(chance, 200); i > 0; i--) {
		const char *part = parts[chance_below(chance, sizeof(parts) / sizeof(parts[0]))];

		FUZZ_MUST(len + strlen(part) <= max);
		memcpy(data + len, part, strlen(part));
		len += strlen(part);
	}
	return len;
}
