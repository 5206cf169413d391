/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/form.h"

#include <assert.h>
#include <string.h>

#include "tables/fields.h"
#include "tables/put.h"

#define EXPECTED_BYTES 112

/*
 * A text is read three times, so that its sections may name each other in any
 * order and a new row may take the place of one that goes:
 *
 *   PASS_NAME   sections are checked, the rows that they name are marked; then
 *               the whole text's unnamed rows are removed
 *   PASS_MAKE   new rows are made
 *   PASS_READ   keys are read
 *
 * What is malformed is complained about in the first pass only.
 */
enum pass { PASS_NAME, PASS_MAKE, PASS_READ };

/* One bit for each row. */
struct marks {
	uint8_t hosts[HOSTS_MAX / 8];
	uint8_t volumes[VOLUMES_MAX / 8];
	bool cluster;
};

/* Where a key of the present section stands. */
struct given {
	uint32_t line;		/* 0: it does not */
	struct conf_span value;
};

struct form {
	struct tables *tables;
	enum form_mode mode;
	struct conf_errors *errors;
	struct conf_errors ignored;	/* what the first pass has complained about */
	struct marks named;	/* by the text, as far as they were there before */
	struct marks met;	/* by this pass: a second section for a row is an error */
	uint8_t pairs[VOLUMES_MAX * HOSTS_MAX / 8];	/* met, of access sections */

	/* The present section. */
	bool open;		/* false: before the first one, or in one that has an error */
	bool any;		/* there was a section */
	enum field_section section;
	struct conf_line head;
	uint16_t slot;		/* of the host or volume */
	struct given given[FIELDS_MAX];
	struct volume_row before;	/* the volume as it was, zeroes if it is new */
	struct access_row access;
};

static bool mark_test(const uint8_t *marks, size_t at)
{
	return marks[at / 8] >> at % 8 & 1;
}

/* Returns whether it was marked before. */
static bool mark_set(uint8_t *marks, size_t at)
{
	bool was = mark_test(marks, at);

	marks[at / 8] |= (uint8_t)(1U << at % 8);
	return was;
}

/* "expected @before@name@after, got ..." */
static void expected_named(struct form *form, uint32_t line, const struct conf_span *got,
			   const char *before, const char *name, const char *after)
{
	char expected[EXPECTED_BYTES];
	struct put put;

	put_begin(&put, expected, sizeof(expected));
	put_text(&put, before);
	put_text(&put, name);
	put_text(&put, after);
	conf_expected(form->errors, line, got, expected);
}

/* Words that the head of a section has after its kind. */
static unsigned int names_wanted(enum field_section section)
{
	switch (section) {
	case FIELDS_CLUSTER: return 0;
	case FIELDS_HOST: return 1;
	case FIELDS_VOLUME: return 1;
	case FIELDS_ACCESS: return 2;
	}
	return 0;
}

/* The names in the head: as many as wanted, each of them valid. */
static bool names_are_right(const struct conf_line *line, enum field_section section,
			    struct conf_errors *errors)
{
	static const char *const wanted[FIELD_SECTIONS] = {
		"']'", "the name of a host", "the name of a volume",
		"the names of a volume and a host"
	};
	char name[NAME_BYTES_MAX + 1];
	unsigned int count = names_wanted(section);

	for (unsigned int i = 1; i <= count && i < line->word_count; i++) {
		if (!conf_span_name(&line->words[i], name)) {
			conf_expected(errors, line->line, &line->words[i], CONF_NAME_EXPECTED);
			return false;
		}
	}
	if (line->word_count > count + 1) {
		conf_expected(errors, line->line, &line->words[count + 1], "']'");
		return false;
	}
	if (line->word_count < count + 1) {
		struct conf_span end = line->words[line->word_count - 1];

		end.start += end.len;
		end.column += (uint32_t)end.len;
		end.len = 0;
		conf_expected(errors, line->line, &end, wanted[section]);
		return false;
	}
	return true;
}

/* Which kind of section a head begins; false, having complained: none. */
static bool section_kind(const struct conf_line *line, enum field_section *ret_section,
			 struct conf_errors *errors)
{
	for (unsigned int i = 0; i < FIELD_SECTIONS; i++) {
		if (conf_is(&line->words[0], fields_section_name((enum field_section)i))) {
			*ret_section = (enum field_section)i;
			return names_are_right(line, (enum field_section)i, errors);
		}
	}
	conf_expected(errors, line->line, &line->words[0], "cluster, host, volume or access");
	return false;
}

/* The used row that a word of the head names, or SLOT_NONE. */
static uint16_t find_row(const struct form *form, enum field_section section,
			 const struct conf_span *word)
{
	char name[NAME_BYTES_MAX + 1];

	if (!conf_span_name(word, name))
		return SLOT_NONE;
	return section == FIELDS_HOST ? tables_host_find(form->tables, name) :
					tables_volume_find(form->tables, name);
}

/* PASS_NAME: whether the mode allows a host or a volume section, its row being there or not. */
static void name_row(struct form *form, const struct conf_line *line, enum field_section section)
{
	const char *kind = fields_section_name(section);
	uint16_t slot = find_row(form, section, &line->words[1]);

	if (form->mode == FORM_ADD && slot != SLOT_NONE)
		expected_named(form, line->line, &line->words[1], "a name that no ", kind, " has");
	else if (form->mode == FORM_SET && slot == SLOT_NONE)
		expected_named(form, line->line, &line->words[1], "a ", kind, " of the tables");
	else if (slot != SLOT_NONE)
		mark_set(section == FIELDS_HOST ? form->named.hosts : form->named.volumes, slot);
}

static void name_section(struct form *form, const struct conf_line *line)
{
	enum field_section section;

	if (!section_kind(line, &section, form->errors))
		return;
	switch (section) {
	case FIELDS_CLUSTER:
		if (form->mode == FORM_ADD)
			conf_expected(form->errors, line->line, &line->words[0],
				      "host, volume or access");
		break;
	case FIELDS_HOST:
	case FIELDS_VOLUME: name_row(form, line, section); break;
	case FIELDS_ACCESS: break;
	}
}

static void make_host(struct form *form, const struct conf_line *line)
{
	struct host_row row = host_row_defaults();
	uint16_t slot = tables_host_slot(form->tables);

	if (slot == SLOT_NONE) {
		conf_expected(form->errors, line->line, &line->words[1],
			      "no more hosts, all rows are in use");
		return;
	}
	(void)conf_span_name(&line->words[1], row.name);
	form->tables->hosts[slot] = row;
	mark_set(form->met.hosts, slot);
}

static void make_volume(struct form *form, const struct conf_line *line)
{
	struct volume_row row = volume_row_defaults();
	uint16_t slot = tables_volume_slot(form->tables);

	if (slot == SLOT_NONE) {
		conf_expected(form->errors, line->line, &line->words[1],
			      "no more volumes, all rows are in use");
		return;
	}
	(void)conf_span_name(&line->words[1], row.name);
	row.born = form->tables->version + 1;
	form->tables->volumes[slot] = row;
	mark_set(form->met.volumes, slot);
}

/* PASS_MAKE: a row for a section that has none; here a second section for one row shows. */
static void make_row(struct form *form, const struct conf_line *line, enum field_section section)
{
	uint16_t slot = find_row(form, section, &line->words[1]);

	if (slot != SLOT_NONE) {
		if (mark_set(section == FIELDS_HOST ? form->met.hosts : form->met.volumes, slot))
			expected_named(form, line->line, &line->words[1], "another ",
				       fields_section_name(section), ", this one stands above");
	} else if (form->mode != FORM_SET) {
		if (section == FIELDS_HOST)
			make_host(form, line);
		else
			make_volume(form, line);
	}
}

static void make_section(struct form *form, const struct conf_line *line)
{
	enum field_section section;

	if (!section_kind(line, &section, &form->ignored))
		return;
	switch (section) {
	case FIELDS_CLUSTER:
		if (form->met.cluster)
			conf_expected(form->errors, line->line, &line->words[0],
				      "another section, this one stands above");
		form->met.cluster = true;
		break;
	case FIELDS_HOST:
	case FIELDS_VOLUME: make_row(form, line, section); break;
	case FIELDS_ACCESS: break;	/* open_access() */
	}
}

/*
 * A whole text says all: what it does not say of a row is the default.  What
 * the row has that no text can say stays.
 */
static void reset_host(struct host_row *row)
{
	struct host_row defaults = host_row_defaults();

	row->valid = defaults.valid;
	row->notify = defaults.notify;
	row->answer = defaults.answer;
	row->weight = defaults.weight;
	memcpy(row->groups, defaults.groups, sizeof(row->groups));
	memcpy(row->domains, defaults.domains, sizeof(row->domains));
}

static void reset_volume(struct volume_row *row)
{
	struct volume_row defaults = volume_row_defaults();

	defaults.born = row->born;
	defaults.phase = row->phase;
	defaults.writer = row->writer;
	defaults.earlier_count = row->earlier_count;
	memcpy(defaults.earlier, row->earlier, sizeof(row->earlier));
	defaults.granted_request = row->granted_request;
	defaults.generation = row->generation;
	*row = defaults;
}

/* PASS_READ: make the row of a host section the present one. */
static void open_host(struct form *form)
{
	struct host_row *row;

	form->slot = find_row(form, FIELDS_HOST, &form->head.words[1]);
	form->open = form->slot != SLOT_NONE && !mark_set(form->met.hosts, form->slot);
	if (!form->open || form->mode != FORM_WHOLE)
		return;
	row = &form->tables->hosts[form->slot];
	reset_host(row);
	(void)conf_span_name(&form->head.words[1], row->name);
}

static void open_volume(struct form *form)
{
	struct volume_row *row;

	form->slot = find_row(form, FIELDS_VOLUME, &form->head.words[1]);
	form->open = form->slot != SLOT_NONE && !mark_set(form->met.volumes, form->slot);
	if (!form->open)
		return;
	row = &form->tables->volumes[form->slot];
	form->before = *row;
	if (form->mode == FORM_WHOLE) {
		reset_volume(row);
		(void)conf_span_name(&form->head.words[1], row->name);
	}
}

/* A pair of rows that an access section names; false, having complained. */
static bool find_pair(struct form *form, const struct conf_line *line, uint16_t *ret_volume,
		      uint16_t *ret_host)
{
	uint16_t volume = find_row(form, FIELDS_VOLUME, &line->words[1]);
	uint16_t host = find_row(form, FIELDS_HOST, &line->words[2]);

	if (volume == SLOT_NONE)
		conf_expected(form->errors, line->line, &line->words[1], "a volume of the tables");
	if (host == SLOT_NONE)
		conf_expected(form->errors, line->line, &line->words[2], "a host of the tables");
	if (volume == SLOT_NONE || host == SLOT_NONE)
		return false;
	*ret_volume = volume;
	*ret_host = host;
	return true;
}

/* A second section for a pair, and in FORM_ADD one that has a record, is an error. */
static void check_pair(struct form *form, uint16_t volume, uint16_t host)
{
	const struct access_row *row = &form->access;

	if (mark_set(form->pairs, (size_t)volume * HOSTS_MAX + host))
		conf_expected(form->errors, form->head.line, &form->head.words[1],
			      "another volume and host, these stand above");
	else if (form->mode == FORM_ADD && !(row->mount && row->write == WRITE_ASK &&
					     row->auto_update && row->check_every_ms == 0))
		conf_expected(form->errors, form->head.line, &form->head.words[1],
			      "a volume and a host without an access record");
}

/* Access sections are looked at when all rows are there: they may come first. */
static void open_access(struct form *form)
{
	uint16_t volume;
	uint16_t host;

	if (!find_pair(form, &form->head, &volume, &host))
		return;
	form->open = true;
	form->access = tables_access(form->tables, volume, host);
	check_pair(form, volume, host);
}

static void open_section(struct form *form, const struct conf_line *line)
{
	form->head = *line;
	form->open = false;
	form->any = true;
	memset(form->given, 0, sizeof(form->given));
	if (!section_kind(line, &form->section, &form->ignored))
		return;
	switch (form->section) {
	case FIELDS_CLUSTER:
		form->open = !form->met.cluster;
		form->met.cluster = true;
		if (form->mode == FORM_WHOLE) {
			memset(form->tables->name, 0, sizeof(form->tables->name));
			form->tables->io_timeout_ms = IO_TIMEOUT_DEFAULT_MS;
		}
		break;
	case FIELDS_HOST: open_host(form); break;
	case FIELDS_VOLUME: open_volume(form); break;
	case FIELDS_ACCESS: open_access(form); break;
	}
}

/* The present section's row. */
static void *present_row(struct form *form)
{
	switch (form->section) {
	case FIELDS_CLUSTER: return form->tables;
	case FIELDS_HOST: return &form->tables->hosts[form->slot];
	case FIELDS_VOLUME: return &form->tables->volumes[form->slot];
	case FIELDS_ACCESS: return &form->access;
	}
	return NULL;
}

/* Who the writer is is not edited: it changes hands by the rules of rights. */
static void check_writer(struct form *form, const struct conf_line *line)
{
	const struct volume_row *volume = &form->tables->volumes[form->slot];
	const char *writer = volume->writer.epoch ?
				     form->tables->hosts[volume->writer.host].name : "";
	char name[NAME_BYTES_MAX + 1] = "";

	if ((line->value.len == 0 || conf_span_name(&line->value, name)) && name_same(name, writer))
		return;
	expected_named(form, line->line, &line->value, writer[0] ? writer : "no writer", "",
		       " (use request, release or takeover)");
}

static void read_key(struct form *form, const struct conf_line *line)
{
	const struct field *fields = fields_of(form->section);
	unsigned int i = 0;

	while (fields[i].key && !conf_is(&line->key, fields[i].key))
		i++;
	if (!fields[i].key) {
		expected_named(form, line->line, &line->key, "a key of [",
			       fields_section_name(form->section), "]");
		return;
	}
	if (form->given[i].line) {
		conf_expected(form->errors, line->line, &line->key, "each key once");
		return;
	}
	form->given[i] = (struct given) { .line = line->line, .value = line->value };
	if (fields[i].kind)
		fields[i].kind->read(&fields[i], line, (char *)present_row(form) + fields[i].offset,
				     form->errors);
	else
		check_writer(form, line);
}

/* Where a key of the present section stands, or the section's head for want of it. */
static struct given place_of(const struct form *form, const char *key)
{
	const struct field *fields = fields_of(form->section);
	unsigned int i = 0;

	while (strcmp(fields[i].key, key) != 0)
		i++;
	if (form->given[i].line)
		return form->given[i];
	return (struct given) { .line = form->head.line, .value = form->head.words[0] };
}

/* A key without a default that a section does not give, unless its value was wrong. */
static bool is_missing(struct form *form, const char *key, const char *value)
{
	struct given place = place_of(form, key);

	if (value[0])
		return false;
	if (place.value.start == form->head.words[0].start)
		expected_named(form, place.line, &place.value, "a section with the key ", key, "");
	else if (place.value.len == 0 && form->section == FIELDS_CLUSTER)
		conf_expected(form->errors, place.line, &place.value, CONF_NAME_EXPECTED);
	return true;
}

/*
 * Another volume whose value of a member is the same (two that differ in case
 * only are one to some systems), among those that this text leaves alone or
 * has read: what is still to be read may yet change.
 */
static const struct volume_row *same_elsewhere(const struct form *form, size_t offset)
{
	const struct volume_row *volumes = form->tables->volumes;
	const char *value = (const char *)&volumes[form->slot] + offset;

	for (uint16_t i = 0; i < form->tables->volume_count; i++) {
		if (i != form->slot && volumes[i].state == ROW_USED &&
		    (mark_test(form->met.volumes, i) || !mark_test(form->named.volumes, i)) &&
		    name_same((const char *)&volumes[i] + offset, value))
			return &volumes[i];
	}
	return NULL;
}

static void check_unique(struct form *form, const char *key, size_t offset)
{
	const struct volume_row *other = same_elsewhere(form, offset);
	struct given place = place_of(form, key);

	if (other)
		expected_named(form, place.line, &place.value,
			       "another value than volume ", other->name, " has");
}

/* What holds for a volume as a whole. */
static void close_volume(struct form *form)
{
	const struct volume_row *volume = &form->tables->volumes[form->slot];
	struct given place = place_of(form, "uuid");

	if (!is_missing(form, "uuid", volume->uuid)) {
		check_unique(form, "uuid", offsetof(struct volume_row, uuid));
		if ((volume->writer.epoch || volume->earlier_count > 0) &&
		    !name_same(volume->uuid, form->before.uuid))
			expected_named(form, place.line, &place.value, form->before.uuid, "",
				       ", the volume has a writer");
	}
	if (!is_missing(form, "mount-point", volume->mount_point))
		check_unique(form, "mount-point", offsetof(struct volume_row, mount_point));
	place = place_of(form, "prefer");
	if (volume->prefer[0] && tables_host_find(form->tables, volume->prefer) == SLOT_NONE)
		conf_expected(form->errors, place.line, &place.value, "a host of the tables");
}

static void close_section(struct form *form)
{
	if (!form->open)
		return;
	form->open = false;
	switch (form->section) {
	case FIELDS_CLUSTER: (void)is_missing(form, "name", form->tables->name); break;
	case FIELDS_HOST: break;
	case FIELDS_VOLUME: close_volume(form); break;
	case FIELDS_ACCESS:
		if (tables_access_set(form->tables, &form->access) < 0)
			conf_expected(form->errors, form->head.line, &form->head.words[0],
				      "no more access records, all are in use");
		break;
	}
}

static void read_line(struct form *form, const struct conf_line *line)
{
	switch (line->kind) {
	case CONF_SECTION:
		close_section(form);
		open_section(form, line);
		break;
	case CONF_KEY:
		if (form->open)
			read_key(form, line);
		else if (!form->any)
			conf_expected(form->errors, line->line, &line->key,
				      "a section, such as [cluster]");
		break;
	case CONF_END: close_section(form); break;
	}
}

/* Take one pass; returns the end of the text. */
static struct conf_line pass_over(struct form *form, const char *text, size_t len, enum pass pass)
{
	struct conf_reader reader;
	struct conf_line line;

	memset(&form->met, 0, sizeof(form->met));
	conf_begin(&reader, text, len);
	do {
		conf_next(&reader, &line, pass == PASS_NAME ? form->errors : &form->ignored);
		if (pass == PASS_READ)
			read_line(form, &line);
		else if (line.kind == CONF_SECTION && pass == PASS_NAME)
			name_section(form, &line);
		else if (line.kind == CONF_SECTION)
			make_section(form, &line);
	} while (line.kind != CONF_END);
	return line;
}

/* A row that a whole text leaves out, though it can not go: said at the end of the text. */
static void expected_section(struct form *form, const struct conf_line *end,
			     enum field_section section, const char *name, const char *why)
{
	struct conf_span nothing = { .start = "", .len = 0, .column = end->column };
	char expected[EXPECTED_BYTES];
	struct put put;

	put_begin(&put, expected, sizeof(expected));
	put_text(&put, "[");
	put_text(&put, fields_section_name(section));
	put_text(&put, " ");
	put_text(&put, name);
	put_text(&put, why);
	conf_expected(form->errors, end->line, &nothing, expected);
}

static void remove_unnamed_volumes(struct form *form, const struct conf_line *end)
{
	for (uint16_t i = 0; i < form->tables->volume_count; i++) {
		const struct volume_row *row = &form->tables->volumes[i];

		if (row->state != ROW_USED || mark_test(form->named.volumes, i))
			continue;
		if (row->writer.epoch || row->earlier_count > 0)
			expected_section(form, end, FIELDS_VOLUME, row->name, "], it has a writer");
		else
			tables_volume_remove(form->tables, i);
	}
}

/* After the volumes: what a removed volume preferred does not hold a host. */
static void remove_unnamed_hosts(struct form *form, const struct conf_line *end)
{
	for (uint16_t i = 0; i < form->tables->host_count; i++) {
		const struct host_row *row = &form->tables->hosts[i];

		if (row->state != ROW_USED || mark_test(form->named.hosts, i))
			continue;
		if (row->logged_on)
			expected_section(form, end, FIELDS_HOST, row->name, "], it is logged on");
		else if (tables_right_of(form->tables, i) != SLOT_NONE)
			expected_section(form, end, FIELDS_HOST, row->name, "], it is a writer");
		else
			tables_host_remove(form->tables, i, false);
	}
}

void form_apply(struct tables *tables, const char *text, size_t len, enum form_mode mode,
		struct form_errors *ret_errors)
{
	struct form form = { .tables = tables, .mode = mode, .errors = ret_errors };
	struct conf_line end;

	ret_errors->count = 0;
	end = pass_over(&form, text, len, PASS_NAME);
	if (mode == FORM_WHOLE) {
		remove_unnamed_volumes(&form, &end);
		remove_unnamed_hosts(&form, &end);
		tables_access_forget(tables, SLOT_NONE, SLOT_NONE);
	}
	(void)pass_over(&form, text, len, PASS_MAKE);
	(void)pass_over(&form, text, len, PASS_READ);
	if (mode == FORM_WHOLE && !form.met.cluster) {
		struct conf_span nothing = { .start = "", .len = 0, .column = end.column };

		conf_expected(ret_errors, end.line, &nothing, "[cluster] with the key name");
	}
}

#define HELP_COLUMN 32

/* "key = value", or what stands for it behind a '#' where it is the default. */
static void print_key(struct put *put, const struct field *field, const char *value, bool comments,
		      bool is_default)
{
	size_t start = put->len;

	if (is_default && !field->always)
		put_text(put, "#");
	put_text(put, field->key);
	put_text(put, value[0] ? " = " : " =");
	put_text(put, value);
	if (comments) {
		do
			put_text(put, " ");
		while (put->len - start < HELP_COLUMN);
		put_text(put, "# ");
		put_text(put, field->help);
	}
	put_text(put, "\n");
}

/* The longest value is a path in quotes. */
#define VALUE_BYTES (PATH_BYTES_MAX + 3)

static void print_fields(struct put *put, enum field_section section, const void *row,
			 const void *defaults, const char *writer, bool comments)
{
	for (const struct field *field = fields_of(section); field->key; field++) {
		char value[VALUE_BYTES];
		char default_value[VALUE_BYTES];
		struct put value_put;
		bool is_default;

		put_begin(&value_put, value, sizeof(value));
		if (!field->kind) {
			put_text(&value_put, writer);
			is_default = writer[0] == '\0';
		} else {
			field->kind->print(field, (const char *)row + field->offset, &value_put);
			put_begin(&value_put, default_value, sizeof(default_value));
			field->kind->print(field, (const char *)defaults + field->offset,
					   &value_put);
			is_default = strcmp(value, default_value) == 0;
		}
		if (!is_default || field->always || comments)
			print_key(put, field, value, comments, is_default);
	}
}

static void print_head(struct put *put, enum field_section section, const char *first,
		       const char *second)
{
	put_text(put, "\n[");
	put_text(put, fields_section_name(section));
	put_text(put, " ");
	put_text(put, first);
	put_text(put, second[0] ? " " : "");
	put_text(put, second);
	put_text(put, "]\n");
}

/* Comments explain the first row of each kind: said of every row they would hide what it says. */
static void print_hosts(struct put *put, const struct tables *tables, bool comments)
{
	const struct host_row defaults = host_row_defaults();

	for (uint16_t i = 0; i < tables->host_count; i++) {
		const struct host_row *row = &tables->hosts[i];

		if (row->state != ROW_USED)
			continue;
		print_head(put, FIELDS_HOST, row->name, "");
		print_fields(put, FIELDS_HOST, row, &defaults, "", comments);
		comments = false;
	}
}

static void print_volumes(struct put *put, const struct tables *tables, bool comments)
{
	const struct volume_row defaults = volume_row_defaults();

	for (uint16_t i = 0; i < tables->volume_count; i++) {
		const struct volume_row *row = &tables->volumes[i];

		if (row->state != ROW_USED)
			continue;
		print_head(put, FIELDS_VOLUME, row->name, "");
		print_fields(put, FIELDS_VOLUME, row, &defaults,
			     row->writer.epoch ? tables->hosts[row->writer.host].name : "",
			     comments);
		comments = false;
	}
}

static void print_access(struct put *put, const struct tables *tables, bool comments)
{
	const struct access_row defaults = { .mount = true, .auto_update = true };

	for (uint16_t i = 0; i < tables->access_count; i++) {
		const struct access_row *row = &tables->access[i];

		if (tables->hosts[row->host].state != ROW_USED)
			continue;
		print_head(put, FIELDS_ACCESS, tables->volumes[row->volume].name,
			   tables->hosts[row->host].name);
		print_fields(put, FIELDS_ACCESS, row, &defaults, "", comments);
		comments = false;
	}
}

/*
 * The cluster's fields lie in the tables themselves, which are too large for a
 * copy with defaults: both keys are always printed.
 */
size_t form_print(const struct tables *tables, bool comments, char *buffer, size_t size)
{
	struct put put;

	put_begin(&put, buffer, size);
	put_text(&put, "[cluster]\n");
	print_fields(&put, FIELDS_CLUSTER, tables, tables, "", comments);
	print_hosts(&put, tables, comments);
	print_volumes(&put, tables, comments);
	print_access(&put, tables, comments);
	return put.len;
}
