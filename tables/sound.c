/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/sound.h"

#include <string.h>

#include "tables/layout.h"

/* Of a string in a field of @size bytes: whether it ends there and is a text. */
static bool text_is_sound(const char *text, size_t size)
{
	const char *end = memchr(text, 0, size);

	return end && (end == text || text_is_valid(text, (size_t)(end - text)));
}

static bool name_is_sound(const char *name)
{
	return memchr(name, 0, NAME_BYTES_MAX + 1) && name_is_valid(name);
}

static bool name_or_none_is_sound(const char *name)
{
	return name[0] == '\0' || name_is_sound(name);
}

static bool host_is_there(const struct tables *tables, uint16_t host)
{
	return host < tables->host_count && tables->hosts[host].state != ROW_FREE;
}

static bool volume_is_there(const struct tables *tables, uint16_t volume)
{
	return volume < tables->volume_count && tables->volumes[volume].state == ROW_USED;
}

static const char *counts_fault(const struct tables *tables)
{
	const struct capacity *capacity = &tables->capacity;

	if (!capacity_is_valid(capacity))
		return "the capacity is not possible";
	if (tables->host_count > capacity->hosts || tables->volume_count > capacity->volumes ||
	    tables->access_count > capacity->access ||
	    tables->request_count > capacity_requests(capacity))
		return "there are more rows than the capacity allows";
	return NULL;
}

static const char *cluster_fault(const struct tables *tables)
{
	if (!name_or_none_is_sound(tables->name))
		return "the name of the cluster is not valid";
	if (tables->io_timeout_ms == 0)
		return "the io-timeout is zero";
	if (tables->request_next == 0)
		return "the next request has no id";
	return NULL;
}

static const char *host_fault(const struct host_row *host)
{
	if (host->state == ROW_FREE)
		return NULL;
	if (host->state != ROW_USED && host->state != ROW_REMOVED)
		return "the state of a host is not possible";
	if (!name_is_sound(host->name))
		return "the name of a host is not valid";
	if (host->answer != ANSWER_ASK && host->answer != ANSWER_AUTO)
		return "a host's way to answer is not possible";
	if (!text_is_sound(host->groups, sizeof(host->groups)) ||
	    !text_is_sound(host->domains, sizeof(host->domains)))
		return "a text of a host is not valid";
	return NULL;
}

/* Somebody who holds, or held, the right to write. */
static bool right_is_sound(const struct tables *tables, const struct right *right)
{
	return right->epoch != 0 && right->epoch <= tables->version &&
	       host_is_there(tables, right->host);
}

static const char *volume_rights_fault(const struct tables *tables, const struct volume_row *volume)
{
	if (volume->phase != PHASE_FREE && volume->phase != PHASE_GRANTING &&
	    volume->phase != PHASE_WRITING)
		return "the phase of a volume is not possible";
	if (volume->phase == PHASE_FREE && volume->writer.epoch != 0)
		return "a volume is free and has a writer";
	if (volume->phase != PHASE_FREE && !right_is_sound(tables, &volume->writer))
		return "the writer of a volume is not possible";
	if (volume->earlier_count > EARLIER_MAX)
		return "a volume has too many earlier writers";
	for (unsigned int i = 0; i < volume->earlier_count; i++)
		if (!right_is_sound(tables, &volume->earlier[i]))
			return "an earlier writer of a volume is not possible";
	if (volume->granted_request >= tables->request_next)
		return "a volume was granted to a request that has not been made";
	return NULL;
}

static const char *volume_modes_fault(const struct volume_row *volume)
{
	if (volume->fencing > FENCING_COMMAND || volume->takeover > TAKEOVER_AUTO ||
	    volume->fsck > FSCK_AFTER_TAKEOVER || volume->viewers > VIEWERS_PUBLISHED)
		return "a setting of a volume is not possible";
	return NULL;
}

static const char *volume_strings_fault(const struct volume_row *volume)
{
	if (!name_is_sound(volume->name))
		return "the name of a volume is not valid";
	if (!name_or_none_is_sound(volume->fencing_command) ||
	    !name_or_none_is_sound(volume->group) || !name_or_none_is_sound(volume->prefer))
		return "a name that a volume refers to is not valid";
	if (!text_is_sound(volume->uuid, sizeof(volume->uuid)) ||
	    !text_is_sound(volume->mount_point, sizeof(volume->mount_point)) ||
	    !text_is_sound(volume->options, sizeof(volume->options)) ||
	    !text_is_sound(volume->domains, sizeof(volume->domains)))
		return "a text of a volume is not valid";
	return NULL;
}

static const char *volume_fault(const struct tables *tables, const struct volume_row *volume)
{
	const char *fault;

	if (volume->state == ROW_FREE)
		return NULL;
	if (volume->state != ROW_USED)
		return "the state of a volume is not possible";
	if (volume->born == 0 || volume->born > tables->version)
		return "the birth of a volume lies in the future";
	fault = volume_rights_fault(tables, volume);
	if (!fault)
		fault = volume_modes_fault(volume);
	if (!fault)
		fault = volume_strings_fault(volume);
	return fault;
}

static const char *access_fault(const struct tables *tables, uint16_t index)
{
	const struct access_row *row = &tables->access[index];

	if (!volume_is_there(tables, row->volume))
		return "an access record is about a volume that is not there";
	if (!host_is_there(tables, row->host))
		return "an access record is about a host that is not there";
	if (row->write != WRITE_ASK && row->write != WRITE_NEVER)
		return "a setting of an access record is not possible";
	if (index > 0 && (row[-1].volume > row->volume ||
			  (row[-1].volume == row->volume && row[-1].host >= row->host)))
		return "the access records are not in order";
	return NULL;
}

static const char *request_fault(const struct tables *tables, uint16_t index)
{
	const struct request_row *row = &tables->requests[index];

	if (row->id == 0 || row->id >= tables->request_next)
		return "a request has an id that has not been given";
	if (index > 0 && row[-1].id >= row->id)
		return "the requests are not in order";
	if (!volume_is_there(tables, row->volume))
		return "a request is for a volume that is not there";
	if (!host_is_there(tables, row->from))
		return "a request is from a host that is not there";
	if (row->asked != SLOT_NONE && !host_is_there(tables, row->asked))
		return "a request is to a host that is not there";
	if (row->state > REQUEST_CANCELLED)
		return "the state of a request is not possible";
	if (row->ended_version > tables->version)
		return "the end of a request lies in the future";
	if (!text_is_sound(row->person, sizeof(row->person)) ||
	    !text_is_sound(row->text, sizeof(row->text)) ||
	    !text_is_sound(row->answer, sizeof(row->answer)))
		return "a text of a request is not valid";
	return NULL;
}

const char *tables_fault(const struct tables *tables)
{
	const char *fault = counts_fault(tables);

	if (!fault)
		fault = cluster_fault(tables);
	if (fault)
		return fault;
	for (uint16_t i = 0; !fault && i < tables->host_count; i++)
		fault = host_fault(&tables->hosts[i]);
	for (uint16_t i = 0; !fault && i < tables->volume_count; i++)
		fault = volume_fault(tables, &tables->volumes[i]);
	for (uint16_t i = 0; !fault && i < tables->access_count; i++)
		fault = access_fault(tables, i);
	for (uint16_t i = 0; !fault && i < tables->request_count; i++)
		fault = request_fault(tables, i);
	return fault;
}
