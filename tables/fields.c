/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/fields.h"

#include <assert.h>
#include <string.h>

#include "tables/tables.h"

static_assert(sizeof(enum answer_mode) == sizeof(unsigned int) &&
		      sizeof(enum fencing_kind) == sizeof(unsigned int) &&
		      sizeof(enum viewers_mode) == sizeof(unsigned int),
	      "a choice is read and printed as an unsigned int");

static bool bool_read(const struct field *field, const struct conf_line *line, void *place,
		      struct conf_errors *errors)
{
	(void)field;
	return conf_bool(line, place, errors);
}

static void bool_print(const struct field *field, const void *place, struct put *put)
{
	(void)field;
	put_text(put, *(const bool *)place ? "yes" : "no");
}

static bool choice_read(const struct field *field, const struct conf_line *line, void *place,
			struct conf_errors *errors)
{
	return conf_choice(line, field->words, place, errors);
}

static void choice_print(const struct field *field, const void *place, struct put *put)
{
	put_text(put, field->words[*(const unsigned int *)place]);
}

static void put_duration(struct put *put, uint32_t ms)
{
	static const struct {
		const char *unit;
		uint32_t ms;
	} units[] = { { "h", 60 * 60 * 1000 }, { "m", 60 * 1000 }, { "s", 1000 }, { "ms", 1 } };
	size_t i = 0;

	if (ms == 0) {
		put_text(put, "0");
		return;
	}
	while (ms % units[i].ms != 0)
		i++;
	put_number(put, ms / units[i].ms);
	put_text(put, units[i].unit);
}

static bool duration_read(const struct field *field, const struct conf_line *line, void *place,
			  struct conf_errors *errors)
{
	char expected[64];
	struct put put;
	uint32_t ms;

	if (!conf_duration_ms(line, &ms, errors))
		return false;
	if (ms >= field->min && (field->max == 0 || ms <= field->max)) {
		*(uint32_t *)place = ms;
		return true;
	}
	put_begin(&put, expected, sizeof(expected));
	put_text(&put, "a duration from ");
	put_duration(&put, (uint32_t)field->min);
	put_text(&put, " to ");
	put_duration(&put, (uint32_t)field->max);
	conf_expected(errors, line->line, &line->value, expected);
	return false;
}

static void duration_print(const struct field *field, const void *place, struct put *put)
{
	(void)field;
	put_duration(put, *(const uint32_t *)place);
}

static bool u32_read(const struct field *field, const struct conf_line *line, void *place,
		     struct conf_errors *errors)
{
	uint64_t number;

	if (!conf_number(line, field->max ? field->max : UINT32_MAX, &number, errors))
		return false;
	*(uint32_t *)place = (uint32_t)number;
	return true;
}

static void u32_print(const struct field *field, const void *place, struct put *put)
{
	(void)field;
	put_number(put, *(const uint32_t *)place);
}

static bool u64_read(const struct field *field, const struct conf_line *line, void *place,
		     struct conf_errors *errors)
{
	return conf_number(line, field->max ? field->max : UINT64_MAX, place, errors);
}

static void u64_print(const struct field *field, const void *place, struct put *put)
{
	(void)field;
	put_number(put, *(const uint64_t *)place);
}

static bool percent_read(const struct field *field, const struct conf_line *line, void *place,
			 struct conf_errors *errors)
{
	struct conf_line number = *line;
	struct conf_errors ignored = { .count = 0 };
	uint64_t percent;

	(void)field;
	if (line->value.len > 0 && line->value.start[line->value.len - 1] == '%') {
		number.value.len--;
		if (conf_number(&number, 100, &percent, &ignored)) {
			*(uint32_t *)place = (uint32_t)percent;
			return true;
		}
	}
	conf_expected(errors, line->line, &line->value, "a share from 0% to 100%");
	return false;
}

static void percent_print(const struct field *field, const void *place, struct put *put)
{
	u32_print(field, place, put);
	put_text(put, "%");
}

static bool weight_read(const struct field *field, const struct conf_line *line, void *place,
			struct conf_errors *errors)
{
	(void)field;
	return conf_thousandths(line, place, errors);
}

static void weight_print(const struct field *field, const void *place, struct put *put)
{
	uint32_t weight = *(const uint32_t *)place;
	uint32_t part = weight % 1000;

	(void)field;
	put_number(put, weight / 1000);
	if (part > 0) {
		char digits[] = { '.', (char)('0' + part / 100), (char)('0' + part / 10 % 10),
				  (char)('0' + part % 10), '\0' };

		for (size_t last = 3; digits[last] == '0'; last--)
			digits[last] = '\0';
		put_text(put, digits);
	}
}

static void string_print(const struct field *field, const void *place, struct put *put)
{
	(void)field;
	fields_print_value(place, put);
}

static bool name_read(const struct field *field, const struct conf_line *line, void *place,
		      struct conf_errors *errors)
{
	(void)field;
	if (line->value.len == 0) {
		memset(place, 0, NAME_BYTES_MAX + 1);
		return true;
	}
	return conf_name(line, place, errors);
}

/* A list of names, kept with one blank between them. */
static bool names_read(const struct field *field, const struct conf_line *line, void *place,
		       struct conf_errors *errors)
{
	struct conf_span rest = line->value;
	struct conf_span word;
	char list[LIST_BYTES_MAX + 1];
	char name[NAME_BYTES_MAX + 1];
	struct put put;

	put_begin(&put, list, sizeof(list));
	while (conf_word(&rest, &word)) {
		if (!conf_span_name(&word, name)) {
			conf_expected(errors, line->line, &word, CONF_NAME_EXPECTED);
			return false;
		}
		put_text(&put, put.len > 0 ? " " : "");
		put_text(&put, name);
	}
	if (put.len >= field->size) {
		conf_expected(errors, line->line, &line->value,
			      "names of at most 127 bytes in all");
		return false;
	}
	memset(place, 0, field->size);
	memcpy(place, list, put.len);
	return true;
}

static bool is_hex_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* As libblkid prints them: hexadecimal digits, for most file systems in groups. */
static bool uuid_read(const struct field *field, const struct conf_line *line, void *place,
		      struct conf_errors *errors)
{
	const struct conf_span *value = &line->value;
	size_t len = 0;

	while (len < value->len &&
	       (is_hex_digit(value->start[len]) || (len > 0 && value->start[len] == '-')))
		len++;
	if (len == 0 || len != value->len || len >= field->size) {
		conf_expected(errors, line->line, value,
			      "the UUID of a file system, as blkid shows it");
		return false;
	}
	return conf_string(line, place, field->size, errors);
}

/* Whether a path is absolute and says what it means: without '//', '.', '..' or '/' at its end. */
static bool path_is_normal(const struct conf_span *path)
{
	size_t at = 0;

	if (path->len < 2)
		return false;
	while (at < path->len) {
		size_t from = at + 1;
		size_t len = 0;

		if (path->start[at] != '/')
			return false;
		while (from + len < path->len && path->start[from + len] != '/')
			len++;
		if (len == 0 || (len == 1 && path->start[from] == '.') ||
		    (len == 2 && memcmp(path->start + from, "..", 2) == 0))
			return false;
		at = from + len;
	}
	return true;
}

static bool path_read(const struct field *field, const struct conf_line *line, void *place,
		      struct conf_errors *errors)
{
	if (!path_is_normal(&line->value)) {
		conf_expected(errors, line->line, &line->value,
			      "an absolute path without '.', '..' and '//', not '/'");
		return false;
	}
	return conf_string(line, place, field->size, errors);
}

/*
 * What undoes our safety, whoever asks for it: who may write and whether a log
 * is replayed is decided by the rights and the profile, which devices belong
 * to a file system by its profile, and how often data is made durable not by
 * switching barriers off.
 */
static bool option_is_denied(const struct conf_span *name)
{
	static const char *const denied[] = {
		"abort", "barrier", "bind", "degraded", "device", "errors", "group", "helper",
		"journal", "journal_dev", "journal_path", "logdev", "loop", "move", "nobarrier",
		"noload", "nologreplay", "norecovery", "nouuid", "offset", "owner", "private",
		"rbind", "recovery", "remount", "rescue", "ro", "rprivate", "rshared", "rslave",
		"rtdev", "runbindable", "rw", "sb", "shared", "sizelimit", "slave", "uhelper",
		"unbindable", "usebackuproot", "user", "users",
	};

	for (size_t i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		if (conf_is(name, denied[i]))
			return true;
	}
	/* Instructions to mount(8) and its helpers. */
	return name->len >= 2 && (name->start[0] == 'x' || name->start[0] == 'X') &&
	       name->start[1] == '-';
}

static bool option_character(char c)
{
	return c != '\0' && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				   "._-+:/@%=", c) != NULL;
}

/* The part of @span at @at up to any of @ends. */
static struct conf_span part_until(const struct conf_span *span, size_t at, const char *ends)
{
	struct conf_span part = { span->start + at, 0, span->column + (uint32_t)at };

	while (at + part.len < span->len && !strchr(ends, part.start[part.len]))
		part.len++;
	return part;
}

#define OPTION_EXPECTED "an option that leaves reading, writing and recovery alone"

static bool options_read(const struct field *field, const struct conf_line *line, void *place,
			 struct conf_errors *errors)
{
	const struct conf_span *value = &line->value;
	size_t at = 0;

	while (at < value->len || (at > 0 && at == value->len)) {
		struct conf_span option = part_until(value, at, ",");
		struct conf_span name = part_until(&option, 0, "=");
		bool plain = name.len > 0;

		for (size_t i = 0; i < option.len; i++)
			plain = plain && option_character(option.start[i]);
		if (!plain || option_is_denied(&name)) {
			conf_expected(errors, line->line, &option,
				      plain ? OPTION_EXPECTED :
					      "mount options with ',' between them");
			return false;
		}
		at += option.len + 1;
	}
	return conf_string(line, place, field->size, errors);
}

static const char *const fencing_words[] = { "best", "manual", "guard", "watchdog", "reservation",
					     "command", NULL };

/* Two members of a volume: the kind and, for `command NAME`, the name. */
static bool fencing_read(const struct field *field, const struct conf_line *line, void *place,
			 struct conf_errors *errors)
{
	struct volume_row *volume = place;
	struct conf_span rest = line->value;
	struct conf_span word = line->value;
	struct conf_span argument;
	char name[NAME_BYTES_MAX + 1] = "";
	unsigned int kind = 0;
	bool right;

	(void)field;
	(void)conf_word(&rest, &word);
	while (fencing_words[kind] && !conf_is(&word, fencing_words[kind]))
		kind++;
	if (kind == FENCING_COMMAND)
		right = conf_word(&rest, &argument) && conf_span_name(&argument, name) &&
			!conf_word(&rest, &argument);
	else
		right = fencing_words[kind] && !conf_word(&rest, &argument);
	if (!right) {
		conf_expected(errors, line->line, &line->value,
			      "best, manual, guard, watchdog, reservation or command NAME");
		return false;
	}
	volume->fencing = (enum fencing_kind)kind;
	memcpy(volume->fencing_command, name, sizeof(name));
	return true;
}

static void fencing_print(const struct field *field, const void *place, struct put *put)
{
	const struct volume_row *volume = place;

	(void)field;
	put_text(put, fencing_words[volume->fencing]);
	if (volume->fencing == FENCING_COMMAND) {
		put_text(put, " ");
		put_text(put, volume->fencing_command);
	}
}

static const char *const viewers_words[] = { "live", "quiet", "published", NULL };

/* The tables have room for all ways of viewing; the first is all that there is yet. */
static bool viewers_read(const struct field *field, const struct conf_line *line, void *place,
			 struct conf_errors *errors)
{
	unsigned int viewers;

	(void)field;
	if (!conf_choice(line, viewers_words, &viewers, errors))
		return false;
	if (viewers != VIEWERS_LIVE) {
		conf_expected(errors, line->line, &line->value,
			      "live, the others are not available yet");
		return false;
	}
	*(enum viewers_mode *)place = VIEWERS_LIVE;
	return true;
}

static const struct field_kind kind_bool = { bool_read, bool_print };
static const struct field_kind kind_choice = { choice_read, choice_print };
static const struct field_kind kind_duration = { duration_read, duration_print };
static const struct field_kind kind_u32 = { u32_read, u32_print };
static const struct field_kind kind_u64 = { u64_read, u64_print };
static const struct field_kind kind_percent = { percent_read, percent_print };
static const struct field_kind kind_weight = { weight_read, weight_print };
static const struct field_kind kind_name = { name_read, string_print };
static const struct field_kind kind_names = { names_read, string_print };
static const struct field_kind kind_uuid = { uuid_read, string_print };
static const struct field_kind kind_path = { path_read, string_print };
static const struct field_kind kind_options = { options_read, string_print };
static const struct field_kind kind_fencing = { fencing_read, fencing_print };
static const struct field_kind kind_viewers = { viewers_read, choice_print };

static const char *const answer_words[] = { "ask", "auto", NULL };
static const char *const takeover_words[] = { "ask", "auto", NULL };
static const char *const fsck_words[] = { "never", "after-takeover", NULL };
static const char *const write_words[] = { "ask", "never", NULL };

static const struct field cluster_fields[] = {
	{ .key = "name", .kind = &kind_name, .offset = offsetof(struct tables, name),
	  .always = true, .help = "of these tables, among those that a host may log on to" },
	{ .key = "io-timeout", .kind = &kind_duration,
	  .offset = offsetof(struct tables, io_timeout_ms), .min = 100, .max = 60 * 1000,
	  .always = true,
	  .help = "the one timing setting: a host silent for 3.5 times as long is dead" },
	{ .key = NULL },
};

#define HOST(member) .offset = offsetof(struct host_row, member), \
		     .size = sizeof(((struct host_row *)0)->member)

static const struct field host_fields[] = {
	{ .key = "valid", .kind = &kind_bool, HOST(valid), .always = true,
	  .help = "yes, no: may it log on" },
	{ .key = "answer", .kind = &kind_choice, HOST(answer), .words = answer_words,
	  .always = true, .help = "ask, auto: who answers requests when this host is the writer" },
	{ .key = "notify", .kind = &kind_bool, HOST(notify),
	  .help = "yes, no: tell its user when the rights of others change" },
	{ .key = "weight", .kind = &kind_weight, HOST(weight), .help = "its share of volumes" },
	{ .key = "groups", .kind = &kind_names, HOST(groups),
	  .help = "groups of volumes that it takes, first choice first" },
	{ .key = "domains", .kind = &kind_names, HOST(domains),
	  .help = "it takes volumes that share one of them" },
	{ .key = NULL },
};

#define VOLUME(member) .offset = offsetof(struct volume_row, member), \
		       .size = sizeof(((struct volume_row *)0)->member)

static const struct field volume_fields[] = {
	{ .key = "uuid", .kind = &kind_uuid, VOLUME(uuid), .always = true,
	  .help = "of the file system" },
	{ .key = "mount-point", .kind = &kind_path, VOLUME(mount_point), .always = true,
	  .help = "on every host" },
	{ .key = "enabled", .kind = &kind_bool, VOLUME(enabled), .always = true,
	  .help = "yes, no: may write access be given" },
	{ .key = "writer", .kind = NULL, .help = "shown only" },
	{ .key = "fencing", .kind = &kind_fencing, .offset = 0,
	  .help = "best, manual, guard, watchdog, reservation, command NAME: what proves a stop" },
	{ .key = "takeover", .kind = &kind_choice, VOLUME(takeover), .words = takeover_words,
	  .help = "ask, auto: when the writer is dead and the proof is there" },
	{ .key = "fail-back", .kind = &kind_bool, VOLUME(fail_back),
	  .help = "yes, no: goes back when its host does" },
	{ .key = "fsck", .kind = &kind_choice, VOLUME(fsck), .words = fsck_words,
	  .help = "never, after-takeover" },
	{ .key = "min-hold", .kind = &kind_duration, VOLUME(min_hold_ms),
	  .help = "an automatic answer is no before that" },
	{ .key = "busy-above", .kind = &kind_u64, VOLUME(busy_above),
	  .help = "an automatic answer is no above that, bytes/s; 0: not looked at" },
	{ .key = "answer-within", .kind = &kind_duration, VOLUME(answer_within_ms),
	  .help = "then the default answer is given" },
	{ .key = "answer-default", .kind = &kind_bool, VOLUME(answer_default),
	  .help = "yes, no" },
	{ .key = "viewers", .kind = &kind_viewers, VOLUME(viewers), .words = viewers_words,
	  .help = "live: mounted while somebody writes, may be torn" },
	{ .key = "quiet-grace", .kind = &kind_duration, VOLUME(quiet_grace_ms),
	  .help = "for viewers = quiet: how long they may finish reading" },
	{ .key = "publish-every", .kind = &kind_duration, VOLUME(publish_every_ms),
	  .help = "what is written becomes visible to viewers" },
	{ .key = "view-max", .kind = &kind_u32, VOLUME(view_max),
	  .help = "views that a host may hold at once" },
	{ .key = "view-max-age", .kind = &kind_duration, VOLUME(view_max_age_ms),
	  .help = "older views are ended" },
	{ .key = "view-lease-max", .kind = &kind_duration, VOLUME(view_lease_max_ms),
	  .help = "how long a view may keep the writer from reusing space" },
	{ .key = "snapshots-max", .kind = &kind_u32, VOLUME(snapshots_max),
	  .help = "published states that are kept" },
	{ .key = "snapshots-space", .kind = &kind_percent, VOLUME(snapshots_space),
	  .help = "of the volume, for published states" },
	{ .key = "options", .kind = &kind_options, VOLUME(options),
	  .help = "more mount options, such as noatime,discard" },
	{ .key = "weight", .kind = &kind_weight, VOLUME(weight), .help = "what it asks of a host" },
	{ .key = "group", .kind = &kind_name, VOLUME(group), .help = "that it belongs to" },
	{ .key = "domains", .kind = &kind_names, VOLUME(domains),
	  .help = "only hosts that share one of them take it" },
	{ .key = "prefer", .kind = &kind_name, VOLUME(prefer), .help = "the host it belongs to" },
	{ .key = "may-leave-group", .kind = &kind_bool, VOLUME(may_leave_group),
	  .help = "yes, no: may hosts outside its group take it" },
	{ .key = "balance", .kind = &kind_bool, VOLUME(balance),
	  .help = "yes, no: moved among hosts to balance their load" },
	{ .key = NULL },
};
static_assert(sizeof(volume_fields) / sizeof(volume_fields[0]) <= FIELDS_MAX,
	      "the keys of a section fit FIELDS_MAX");

#define ACCESS(member) .offset = offsetof(struct access_row, member)

static const struct field access_fields[] = {
	{ .key = "mount", .kind = &kind_bool, ACCESS(mount), .help = "yes, no: may it mount" },
	{ .key = "write", .kind = &kind_choice, ACCESS(write), .words = write_words,
	  .help = "ask, never: may it ask for write access" },
	{ .key = "auto-update", .kind = &kind_bool, ACCESS(auto_update),
	  .help = "yes, no: is its view refreshed by itself" },
	{ .key = "check-every", .kind = &kind_duration, ACCESS(check_every_ms),
	  .help = "least time between refreshes; 0: at every publication" },
	{ .key = NULL },
};

static const struct {
	const char *name;
	const struct field *fields;
} sections[FIELD_SECTIONS] = {
	[FIELDS_CLUSTER] = { "cluster", cluster_fields },
	[FIELDS_HOST] = { "host", host_fields },
	[FIELDS_VOLUME] = { "volume", volume_fields },
	[FIELDS_ACCESS] = { "access", access_fields },
};

const char *fields_section_name(enum field_section section)
{
	return sections[section].name;
}

const struct field *fields_of(enum field_section section)
{
	return sections[section].fields;
}

/* Whether a value without quotes would be read as another, or not at all. */
static bool needs_quotes(const char *value)
{
	size_t len = strlen(value);

	if (len == 0)
		return false;
	return value[0] == '"' || value[0] == '\'' || value[0] == '#' || value[0] == ' ' ||
	       value[len - 1] == ' ' || strstr(value, " #") != NULL;
}

void fields_print_value(const char *value, struct put *put)
{
	const char *quote = !needs_quotes(value) ? "" : strchr(value, '"') ? "'" : "\"";

	put_text(put, quote);
	put_text(put, value);
	put_text(put, quote);
}
