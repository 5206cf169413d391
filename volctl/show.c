/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* show - values in words, and colours: show.h. */
#include "config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "volctl/libvolctl.h"
#include "volctl/show.h"

static void __attribute__((noreturn)) end_without_memory(void)
{
	fputs("volctl: out of memory\n", stderr);
	exit(EXIT_FAILED);
}

char *text_format(const char *format, ...)
{
	va_list arguments;
	char *text;
	int len;

	va_start(arguments, format);
	len = vasprintf(&text, format, arguments);
	va_end(arguments);
	if (len < 0)
		end_without_memory();
	return text;
}

char *text_clean(const char *text)
{
	char *clean;

	if (!text)
		return NULL;
	clean = volctl_text_clean(text);
	if (!clean)
		end_without_memory();
	return clean;
}

static struct json_object *field(struct json_object *object, const char *key, json_type type)
{
	struct json_object *value;

	if (!json_object_object_get_ex(object, key, &value) || !json_object_is_type(value, type))
		return NULL;
	return value;
}

const char *field_text(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

int64_t field_number(struct json_object *object, const char *key, int64_t otherwise)
{
	struct json_object *value = field(object, key, json_type_int);

	if (!value)
		value = field(object, key, json_type_double);
	return value ? json_object_get_int64(value) : otherwise;
}

bool field_true(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key, json_type_boolean);

	return value && json_object_get_boolean(value);
}

struct json_object *field_list(struct json_object *object, const char *key)
{
	return field(object, key, json_type_array);
}

struct json_object *field_object(struct json_object *object, const char *key)
{
	return field(object, key, json_type_object);
}

size_t list_length(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

char *field_shown(struct json_object *object, const char *key, const char *otherwise)
{
	const char *text = field_text(object, key);

	return text_clean(text ? text : otherwise);
}

char *holder_text(struct json_object *holder)
{
	AUTO_FREE char *command = field_shown(holder, "command", "a program");
	AUTO_FREE char *kind = field_shown(holder, "kind", "unknown");
	int64_t since_s = field_number(holder, "since_s", 0);
	AUTO_FREE char *since = duration_text(since_s);
	int64_t pid = field_number(holder, "pid", 0);
	AUTO_FREE char *who = pid > 0 ? text_format("%s (%" PRId64 ")", command, pid) :
					text_format("%s", command);

	if (since_s <= 0)
		return text_format("%s, %s", who, kind);
	return text_format("%s, %s, since %s", who, kind, since);
}

void print_text(const char *text)
{
	bool terminal = isatty(STDOUT_FILENO);

	while (text && *text) {
		size_t len = strcspn(text, "\n");
		AUTO_FREE char *line = text_format("%.*s", (int)len, text);
		AUTO_FREE char *clean = text_clean(line);

		printf("%s%s", terminal ? clean : line, text[len] ? "\n" : "");
		text += len + (text[len] != '\0');
	}
}

char *duration_text(int64_t seconds)
{
	if (seconds < 120)
		return text_format("%" PRId64 " s", seconds);
	if (seconds < 7200)
		return text_format("%" PRId64 " min", seconds / 60);
	if (seconds < 2 * 86400)
		return text_format("%" PRId64 " h %" PRId64 " min", seconds / 3600,
				   seconds % 3600 / 60);
	return text_format("%" PRId64 " d %" PRId64 " h", seconds / 86400, seconds % 86400 / 3600);
}

char *bytes_text(int64_t bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1024;
		unit++;
	}
	if (unit == 0)
		return text_format("%" PRId64 " B", bytes);
	return text_format("%.1f %s", value, units[unit]);
}

enum tint word_tint(const char *word)
{
	static const struct {
		const char *word;
		enum tint tint;
	} words[] = {
		{ "ok", TINT_GOOD },
		{ "fresh", TINT_GOOD },
		{ "alive", TINT_GOOD },
		{ "granted", TINT_GOOD },
		{ "rw", TINT_STRONG },
		{ "waiting", TINT_WARN },
		{ "asked", TINT_WARN },
		{ "stale", TINT_WARN },
		{ "late", TINT_WARN },
		{ "slow", TINT_WARN },
		{ "suspended", TINT_WARN },
		{ "logged-off", TINT_WARN },
		{ "dead", TINT_BAD },
		{ "silent", TINT_BAD },
		{ "read-only", TINT_BAD },
		{ "gone", TINT_BAD },
		{ "refused", TINT_BAD },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(word, words[i].word) == 0)
			return words[i].tint;
	return TINT_NONE;
}

const char *tint_name(enum tint tint)
{
	switch (tint) {
	case TINT_NONE:
		return NULL;
	case TINT_GOOD:
		return "green";
	case TINT_WARN:
		return "brown";
	case TINT_BAD:
		return "lightred";
	case TINT_STRONG:
		return "bold";
	}
	return NULL;
}

const char *tint_start(enum tint tint, bool color)
{
	if (!color)
		return "";
	switch (tint) {
	case TINT_NONE:
		return "";
	case TINT_GOOD:
		return "\033[32m";
	case TINT_WARN:
		return "\033[33m";
	case TINT_BAD:
		return "\033[1;31m";
	case TINT_STRONG:
		return "\033[1m";
	}
	return "";
}

const char *tint_end(enum tint tint, bool color)
{
	return color && tint != TINT_NONE ? "\033[0m" : "";
}
