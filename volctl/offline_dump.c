/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "tables/form.h"
#include "volctl/offline_internal.h"

/*
 * As JSON.  The text for people is made from it, so that both say the same.
 */

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static void add_word(struct json_object *object, const char *key, const char *word)
{
	json_object_object_add(object, key, json_object_new_string(word));
}

static void add_id(struct json_object *object, const char *key, const struct id128 *id)
{
	char text[2 * sizeof(id->bytes) + 1];

	for (size_t i = 0; i < sizeof(id->bytes); i++)
		(void)snprintf(text + 2 * i, 3, "%02x", id->bytes[i]);
	add_word(object, key, text);
}

/* An object that begins with what became of its block. */
static struct json_object *block_json(const struct offline_block *block)
{
	struct json_object *object = json_object_new_object();

	add_word(object, "verdict", block->error < 0 ? strerror(-block->error) :
						       block_verdict_text(block->verdict));
	return object;
}

static struct json_object *value_json(const struct image_value *value)
{
	struct json_object *object;

	if (value->version == 0)
		return NULL;
	object = json_object_new_object();
	add_number(object, "version", value->version);
	add_number(object, "host", value->host);
	add_number(object, "slot", value->slot);
	add_number(object, "length", value->length);
	return object;
}

static struct json_object *super_json(const struct survey *survey)
{
	struct json_object *object = json_object_new_object();

	add_id(object, "cluster", &survey->super.cluster);
	add_number(object, "sector_bytes", survey->super.sector_size);
	add_number(object, "hosts", survey->super.capacity.hosts);
	add_number(object, "volumes", survey->super.capacity.volumes);
	add_number(object, "access", survey->super.capacity.access);
	add_number(object, "total_bytes", survey->super.total_bytes);
	add_number(object, "created_s", survey->super.created_s);
	for (unsigned int i = 0; i < 2; i++)
		json_object_object_add(object, i == 0 ? "first" : "last",
				       block_json(&survey->super_blocks[i]));
	return object;
}

static struct json_object *hint_json(const struct survey *survey)
{
	struct json_object *object = block_json(&survey->hint_block);

	if (!offline_block_is_good(&survey->hint_block))
		return object;
	add_number(object, "version", survey->hint.version);
	json_object_object_add(object, "balloting", survey->hint.balloting == SLOT_NONE ? NULL :
			       json_object_new_int(survey->hint.balloting));
	add_number(object, "notices", survey->hint.notices);
	return object;
}

static struct json_object *ballot_json(const struct survey *survey, uint16_t host,
				       unsigned int half)
{
	const struct offline_block *block = &survey->hosts[host].ballot_blocks[half];
	const struct ballot *ballot = &survey->hosts[host].ballots[half];
	struct json_object *object = block_json(block);

	add_number(object, "host", host);
	add_number(object, "half", half);
	if (!offline_block_is_good(block))
		return object;
	add_number(object, "sequence", ballot->sequence);
	add_number(object, "incarnation", ballot->incarnation);
	add_number(object, "instance", ballot->instance);
	add_number(object, "mbal", ballot->mbal);
	add_number(object, "bal", ballot->bal);
	json_object_object_add(object, "value", value_json(&ballot->value));
	json_object_object_add(object, "own", value_json(&ballot->own));
	add_number(object, "decided", ballot->decided);
	json_object_object_add(object, "decided_value", value_json(&ballot->decided_value));
	return object;
}

static struct json_object *beat_json(const struct survey *survey, uint16_t host)
{
	const struct offline_block *block = &survey->hosts[host].beat_block;
	const struct beat *beat = &survey->hosts[host].beat;
	struct json_object *object = block_json(block);
	char name[NAME_BYTES_MAX + 16];

	add_number(object, "host", host);
	add_word(object, "name", survey_host_name(survey, host, name, sizeof(name)));
	if (!offline_block_is_good(block))
		return object;
	add_number(object, "incarnation", beat->incarnation);
	add_number(object, "counter", beat->counter);
	add_id(object, "machine", &beat->machine);
	add_id(object, "boot", &beat->boot);
	add_number(object, "io_timeout_ms", beat->io_timeout_ms);
	add_number(object, "latency_us", beat->latency_us);
	json_object_object_add(object, "logged_off", json_object_new_boolean(beat->logged_off));
	json_object_object_add(object, "suspended", json_object_new_boolean(beat->suspended));
	add_number(object, "version", beat->version);
	add_number(object, "volumes", beat->volume_count);
	return object;
}

static void add_join(struct json_object *list, const struct survey *survey, unsigned int index)
{
	const struct join *join = &survey->joins[index];
	struct json_object *object;

	/* Free slots say nothing. */
	if (offline_block_is_good(&survey->join_blocks[index]) && join->name[0] == '\0')
		return;
	object = block_json(&survey->join_blocks[index]);
	add_number(object, "slot", index);
	if (offline_block_is_good(&survey->join_blocks[index])) {
		add_word(object, "name", join->name);
		add_id(object, "machine", &join->machine);
		add_number(object, "asked_s", join->asked_s);
	}
	json_object_array_add(list, object);
}

static struct json_object *tables_json(const struct survey *survey)
{
	struct json_object *object;
	size_t len;
	char *text;

	if (!survey->tables)
		return NULL;
	len = form_print(survey->tables, false, NULL, 0);
	text = malloc(len + 1);
	if (!text)
		return NULL;
	(void)form_print(survey->tables, false, text, len + 1);
	object = json_object_new_object();
	add_number(object, "version", survey->tables->version);
	add_number(object, "openings", survey->tables->openings);
	add_word(object, "text", text);
	free(text);
	return object;
}

static struct json_object *survey_json(const struct survey *survey, const char *device)
{
	struct json_object *object = json_object_new_object();
	struct json_object *ballots = json_object_new_array();
	struct json_object *beats = json_object_new_array();
	struct json_object *joins = json_object_new_array();

	add_number(object, "format", 1);
	add_word(object, "device", device);
	json_object_object_add(object, "super", super_json(survey));
	json_object_object_add(object, "hint", hint_json(survey));
	for (uint16_t host = 0; host < survey->layout.capacity.hosts; host++) {
		json_object_array_add(ballots, ballot_json(survey, host, 0));
		json_object_array_add(ballots, ballot_json(survey, host, 1));
		json_object_array_add(beats, beat_json(survey, host));
	}
	for (unsigned int i = 0; i < JOIN_SLOTS; i++)
		add_join(joins, survey, i);
	json_object_object_add(object, "ballots", ballots);
	json_object_object_add(object, "beats", beats);
	json_object_object_add(object, "joins", joins);
	json_object_object_add(object, "tables", tables_json(survey));
	return object;
}

/*
 * As text: a line for each block, its keys behind one another; then the tables.
 */

static void print_value(FILE *out, struct json_object *value)
{
	bool first = true;

	if (!json_object_is_type(value, json_type_object)) {
		(void)fputs(value ? json_object_get_string(value) : "none", out);
		return;
	}
	(void)fputc('(', out);
	json_object_object_foreach(value, key, part) {
		(void)fprintf(out, "%s%s ", first ? "" : ", ", key);
		print_value(out, part);
		first = false;
	}
	(void)fputc(')', out);
}

static void print_line(FILE *out, const char *title, struct json_object *object)
{
	bool first = true;

	(void)fprintf(out, "%s: ", title);
	json_object_object_foreach(object, key, value) {
		(void)fprintf(out, "%s%s ", first ? "" : ", ", key);
		print_value(out, value);
		first = false;
	}
	(void)fputc('\n', out);
}

static void print_list(FILE *out, const char *title, struct json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		print_line(out, title, json_object_array_get_idx(list, i));
}

static char *dump_text(struct json_object *dump)
{
	struct json_object *tables = json_object_object_get(dump, "tables");
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	print_line(out, "superblock", json_object_object_get(dump, "super"));
	print_line(out, "hint", json_object_object_get(dump, "hint"));
	print_list(out, "ballot", json_object_object_get(dump, "ballots"));
	print_list(out, "beat", json_object_object_get(dump, "beats"));
	print_list(out, "join", json_object_object_get(dump, "joins"));
	if (tables)
		(void)fprintf(out, "tables of version %s:\n\n%s",
			      json_object_get_string(json_object_object_get(tables, "version")),
			      json_object_get_string(json_object_object_get(tables, "text")));
	else
		(void)fputs("tables: none that is whole\n", out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static int dump(const struct survey *survey, const char *device, struct json_object **ret_json,
		char **ret_text, struct volctl_error *ret_error)
{
	struct json_object *json;
	char *text = NULL;

	if (!survey->has_super)
		return offline_fail(ret_error, -ENODATA, "no-super", EXIT_UNREACHABLE, device,
				    "%s: not a control device: its superblock is %s", device,
				    survey->super_blocks[0].error < 0 ?
				    strerror(-survey->super_blocks[0].error) :
				    block_verdict_text(survey->super_blocks[0].verdict));
	json = survey_json(survey, device);
	if (ret_text) {
		text = dump_text(json);
		if (!text) {
			json_object_put(json);
			return offline_no_memory(ret_error);
		}
		*ret_text = text;
	}
	if (ret_json)
		*ret_json = json;
	else
		json_object_put(json);
	return 0;
}

int offline_dump(const char *device, struct json_object **ret_json, char **ret_text,
		 struct volctl_error *ret_error)
{
	struct survey survey;
	struct io *io;
	int r;

	r = offline_open(device, IO_READ_ONLY, &io, ret_error);
	if (r < 0)
		return r;
	r = survey_make(io, true, &survey);
	if (r < 0)
		(void)offline_no_memory(ret_error);
	else
		r = dump(&survey, device, ret_json, ret_text, ret_error);
	survey_clear(&survey);
	io_close(io);
	return r;
}
