/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "volctl/offline_internal.h"

static void collect(void *data, const struct offline_damage *damage)
{
	struct offline_checked *checked = data;

	if (checked->damage_count < OFFLINE_DAMAGES_MAX)
		checked->damages[checked->damage_count] = *damage;
	checked->damage_count++;
}

/* A version without its image is damage; a ballot region without any version is, too. */
static enum offline_state judge(const struct survey *survey, const struct offline_checked *checked)
{
	if (!survey->has_super)
		return OFFLINE_UNREADABLE;
	return checked->damage_count == 0 && survey->tables ? OFFLINE_WHOLE : OFFLINE_DAMAGED;
}

void offline_checked_from(const struct survey *survey, struct offline_checked *ret_checked)
{
	*ret_checked = (struct offline_checked){
		.has_super = survey->has_super,
		.version = survey->decided,
		.has_tables = survey->tables,
	};
	if (survey->has_super) {
		ret_checked->super = survey->super;
		ret_checked->layout = survey->layout;
	}
	if (survey->tables)
		memcpy(ret_checked->name, survey->tables->name, sizeof(ret_checked->name));
	survey_damages(survey, collect, ret_checked);
	ret_checked->state = judge(survey, ret_checked);
}

int offline_check_io(struct io *io, struct offline_checked *ret_checked)
{
	struct survey survey;
	int r;

	r = survey_make(io, true, &survey);
	if (r == 0)
		offline_checked_from(&survey, ret_checked);
	survey_clear(&survey);
	return r;
}

int offline_check(const char *device, struct offline_checked *ret_checked,
		  struct volctl_error *ret_error)
{
	struct io *io;
	int r;

	r = offline_open(device, IO_READ_ONLY, &io, ret_error);
	if (r < 0)
		return r;
	r = offline_check_io(io, ret_checked);
	io_close(io);
	return r < 0 ? offline_no_memory(ret_error) : 0;
}

/* "copy", "half" or "slot": what the index of a damage counts. */
static const char *index_noun(const char *region)
{
	if (strcmp(region, "superblock") == 0)
		return "copy";
	if (strcmp(region, "ballot") == 0)
		return "half";
	return "slot";
}

char *offline_damage_text(const struct offline_damage *damage)
{
	const char *what = damage->error < 0 ? strerror(-damage->error) :
					       block_verdict_text(damage->verdict);
	bool counted = strcmp(damage->region, "hint") != 0 && strcmp(damage->region, "beat") != 0;
	char host[24] = "";
	char index[24] = "";
	char *text;

	if (damage->host != SLOT_NONE)
		(void)snprintf(host, sizeof(host), " of host %u", damage->host);
	if (counted)
		(void)snprintf(index, sizeof(index), ", %s %u", index_noun(damage->region),
			       damage->index);
	if (asprintf(&text, "%s%s%s, at %" PRIu64 ": %s", damage->region, host, index,
		     damage->offset, what) < 0)
		return NULL;
	return text;
}

static const char *state_word(enum offline_state state)
{
	switch (state) {
	case OFFLINE_WHOLE:
		return "whole";
	case OFFLINE_DAMAGED:
		return "damaged";
	case OFFLINE_UNREADABLE:
		break;
	}
	return "unreadable";
}

static struct json_object *damage_json(const struct offline_damage *damage)
{
	struct json_object *object = json_object_new_object();
	const char *what = damage->error < 0 ? strerror(-damage->error) :
					       block_verdict_text(damage->verdict);

	json_object_object_add(object, "region", json_object_new_string(damage->region));
	json_object_object_add(object, "host", damage->host == SLOT_NONE ? NULL :
			       json_object_new_int(damage->host));
	json_object_object_add(object, "index", json_object_new_int(damage->index));
	json_object_object_add(object, "offset", json_object_new_uint64(damage->offset));
	json_object_object_add(object, "verdict", json_object_new_string(what));
	return object;
}

struct json_object *offline_checked_json(const struct offline_checked *checked)
{
	struct json_object *object = json_object_new_object();
	struct json_object *damages = json_object_new_array();
	uint32_t count = checked->damage_count < OFFLINE_DAMAGES_MAX ? checked->damage_count :
								       OFFLINE_DAMAGES_MAX;

	json_object_object_add(object, "format", json_object_new_int(1));
	json_object_object_add(object, "state", json_object_new_string(state_word(checked->state)));
	json_object_object_add(object, "cluster", checked->has_tables ?
			       json_object_new_string(checked->name) : NULL);
	json_object_object_add(object, "version", checked->version == 0 ? NULL :
			       json_object_new_uint64(checked->version));
	json_object_object_add(object, "damage_count",
			       json_object_new_int64(checked->damage_count));
	for (uint32_t i = 0; i < count; i++)
		json_object_array_add(damages, damage_json(&checked->damages[i]));
	json_object_object_add(object, "damages", damages);
	return object;
}
