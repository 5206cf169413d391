/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/tables.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

void tables_init(struct tables *tables, const struct capacity *capacity)
{
	memset(tables, 0, sizeof(*tables));
	tables->capacity = *capacity;
	tables->request_next = 1;
	tables->io_timeout_ms = IO_TIMEOUT_DEFAULT_MS;
}

/*
 * Copy the rows in use, and zero those that were in use in @to only: a row
 * above the counts must read as free when a later change takes it.
 */
static void copy_rows(void *to, size_t to_count, const void *from, size_t from_count,
		      size_t row_bytes)
{
	memcpy(to, from, from_count * row_bytes);
	if (to_count > from_count)
		memset((char *)to + from_count * row_bytes, 0, (to_count - from_count) * row_bytes);
}

void tables_copy(struct tables *to, const struct tables *from)
{
	copy_rows(to->hosts, to->host_count, from->hosts, from->host_count, sizeof(from->hosts[0]));
	copy_rows(to->volumes, to->volume_count, from->volumes, from->volume_count,
		  sizeof(from->volumes[0]));
	copy_rows(to->access, to->access_count, from->access, from->access_count,
		  sizeof(from->access[0]));
	copy_rows(to->requests, to->request_count, from->requests, from->request_count,
		  sizeof(from->requests[0]));
	memcpy(to, from, offsetof(struct tables, hosts));
}

static bool id128_same(const struct id128 *a, const struct id128 *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static bool string_same(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* Field by field, for padding and the bytes behind a string's end say nothing. */
static bool host_same(const struct host_row *a, const struct host_row *b)
{
	return a->state == b->state && string_same(a->name, b->name) && a->valid == b->valid &&
	       a->logged_on == b->logged_on && a->notify == b->notify && a->answer == b->answer &&
	       a->weight == b->weight && string_same(a->groups, b->groups) &&
	       string_same(a->domains, b->domains) && id128_same(&a->machine, &b->machine) &&
	       id128_same(&a->boot, &b->boot) && a->incarnation == b->incarnation &&
	       a->last_sequence == b->last_sequence &&
	       a->last_result.ruling == b->last_result.ruling &&
	       a->last_result.value == b->last_result.value;
}

bool right_same(const struct right *a, const struct right *b)
{
	return a->host == b->host && a->incarnation == b->incarnation && a->epoch == b->epoch;
}

static bool volume_rights_same(const struct volume_row *a, const struct volume_row *b)
{
	if (a->phase != b->phase || !right_same(&a->writer, &b->writer) ||
	    a->granted_request != b->granted_request || a->generation != b->generation ||
	    a->earlier_count != b->earlier_count)
		return false;
	for (unsigned int i = 0; i < a->earlier_count; i++) {
		if (!right_same(&a->earlier[i], &b->earlier[i]))
			return false;
	}
	return true;
}

static bool volume_settings_same(const struct volume_row *a, const struct volume_row *b)
{
	return string_same(a->name, b->name) && string_same(a->uuid, b->uuid) &&
	       string_same(a->mount_point, b->mount_point) && a->enabled == b->enabled &&
	       a->fencing == b->fencing && string_same(a->fencing_command, b->fencing_command) &&
	       a->takeover == b->takeover && a->fail_back == b->fail_back && a->fsck == b->fsck &&
	       a->min_hold_ms == b->min_hold_ms && a->busy_above == b->busy_above &&
	       a->answer_within_ms == b->answer_within_ms &&
	       a->answer_default == b->answer_default && a->viewers == b->viewers &&
	       a->quiet_grace_ms == b->quiet_grace_ms &&
	       a->publish_every_ms == b->publish_every_ms && a->view_max == b->view_max &&
	       a->view_max_age_ms == b->view_max_age_ms &&
	       a->view_lease_max_ms == b->view_lease_max_ms &&
	       a->snapshots_max == b->snapshots_max && a->snapshots_space == b->snapshots_space &&
	       string_same(a->options, b->options) && a->weight == b->weight &&
	       string_same(a->group, b->group) && string_same(a->domains, b->domains) &&
	       string_same(a->prefer, b->prefer) && a->may_leave_group == b->may_leave_group &&
	       a->balance == b->balance;
}

static bool volume_same(const struct volume_row *a, const struct volume_row *b)
{
	return a->state == b->state && a->born == b->born && volume_settings_same(a, b) &&
	       volume_rights_same(a, b);
}

static bool access_same(const struct access_row *a, const struct access_row *b)
{
	return a->volume == b->volume && a->host == b->host && a->mount == b->mount &&
	       a->write == b->write && a->auto_update == b->auto_update &&
	       a->check_every_ms == b->check_every_ms;
}

static bool request_same(const struct request_row *a, const struct request_row *b)
{
	return a->id == b->id && a->volume == b->volume && a->from == b->from &&
	       a->asked == b->asked && a->state == b->state &&
	       a->ended_version == b->ended_version && a->posted_s == b->posted_s &&
	       a->ended_s == b->ended_s && string_same(a->person, b->person) &&
	       string_same(a->text, b->text) && string_same(a->answer, b->answer);
}

static bool cluster_same(const struct tables *a, const struct tables *b)
{
	return a->capacity.hosts == b->capacity.hosts &&
	       a->capacity.volumes == b->capacity.volumes &&
	       a->capacity.access == b->capacity.access && string_same(a->name, b->name) &&
	       a->openings == b->openings && a->request_next == b->request_next &&
	       a->io_timeout_ms == b->io_timeout_ms && a->host_count == b->host_count &&
	       a->volume_count == b->volume_count && a->access_count == b->access_count &&
	       a->request_count == b->request_count;
}

bool tables_same(const struct tables *a, const struct tables *b)
{
	if (!cluster_same(a, b))
		return false;
	for (unsigned int i = 0; i < a->host_count; i++) {
		if (!host_same(&a->hosts[i], &b->hosts[i]))
			return false;
	}
	for (unsigned int i = 0; i < a->volume_count; i++) {
		if (!volume_same(&a->volumes[i], &b->volumes[i]))
			return false;
	}
	for (unsigned int i = 0; i < a->access_count; i++) {
		if (!access_same(&a->access[i], &b->access[i]))
			return false;
	}
	for (unsigned int i = 0; i < a->request_count; i++) {
		if (!request_same(&a->requests[i], &b->requests[i]))
			return false;
	}
	return true;
}

struct host_row host_row_defaults(void)
{
	return (struct host_row) {
		.state = ROW_USED,
		.valid = true,
		.notify = true,
		.answer = ANSWER_ASK,
		.weight = 1000,
		.domains = "ALL",
	};
}

struct volume_row volume_row_defaults(void)
{
	return (struct volume_row) {
		.state = ROW_USED,
		.enabled = true,
		.writer.host = SLOT_NONE,
		.fencing = FENCING_BEST,
		.takeover = TAKEOVER_ASK,
		.fsck = FSCK_NEVER,
		.min_hold_ms = 30 * 1000,
		.answer_within_ms = 60 * 1000,
		.viewers = VIEWERS_LIVE,
		.quiet_grace_ms = 30 * 1000,
		.publish_every_ms = 5 * 1000,
		.view_max = 4,
		.view_max_age_ms = 60 * 60 * 1000,
		.view_lease_max_ms = 10 * 60 * 1000,
		.snapshots_max = 32,
		.snapshots_space = 10,
		.weight = 1000,
		.domains = "ALL",
		.may_leave_group = true,
	};
}

uint16_t tables_host_find(const struct tables *tables, const char *name)
{
	for (uint16_t i = 0; i < tables->host_count; i++) {
		if (tables->hosts[i].state == ROW_USED && name_same(tables->hosts[i].name, name))
			return i;
	}
	return SLOT_NONE;
}

uint16_t tables_volume_find(const struct tables *tables, const char *name)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		if (tables->volumes[i].state == ROW_USED &&
		    name_same(tables->volumes[i].name, name))
			return i;
	}
	return SLOT_NONE;
}

uint16_t tables_volume_by_uuid(const struct tables *tables, const char *uuid)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		if (tables->volumes[i].state == ROW_USED &&
		    name_same(tables->volumes[i].uuid, uuid))
			return i;
	}
	return SLOT_NONE;
}

/* Where the record of a pair is, or would be put. */
static uint16_t access_place(const struct tables *tables, uint16_t volume, uint16_t host)
{
	uint16_t low = 0;
	uint16_t high = tables->access_count;

	while (low < high) {
		uint16_t middle = (uint16_t)(low + (high - low) / 2);
		const struct access_row *row = &tables->access[middle];

		if (row->volume < volume || (row->volume == volume && row->host < host))
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

static bool access_is_at(const struct tables *tables, uint16_t place, uint16_t volume,
			 uint16_t host)
{
	return place < tables->access_count && tables->access[place].volume == volume &&
	       tables->access[place].host == host;
}

static struct access_row access_defaults(uint16_t volume, uint16_t host)
{
	return (struct access_row) {
		.volume = volume,
		.host = host,
		.mount = true,
		.write = WRITE_ASK,
		.auto_update = true,
	};
}

struct access_row tables_access(const struct tables *tables, uint16_t volume, uint16_t host)
{
	uint16_t place = access_place(tables, volume, host);

	if (access_is_at(tables, place, volume, host))
		return tables->access[place];
	return access_defaults(volume, host);
}

static void access_drop(struct tables *tables, uint16_t place)
{
	struct access_row *rows = tables->access;

	tables->access_count--;
	memmove(&rows[place], &rows[place + 1], (tables->access_count - place) * sizeof(rows[0]));
	memset(&rows[tables->access_count], 0, sizeof(rows[0]));
}

int tables_access_set(struct tables *tables, const struct access_row *row)
{
	struct access_row defaults = access_defaults(row->volume, row->host);
	uint16_t place = access_place(tables, row->volume, row->host);
	struct access_row *rows = tables->access;

	if (access_same(row, &defaults)) {
		if (access_is_at(tables, place, row->volume, row->host))
			access_drop(tables, place);
		return 0;
	}
	if (!access_is_at(tables, place, row->volume, row->host)) {
		if (tables->access_count >= tables->capacity.access)
			return -ENOSPC;
		memmove(&rows[place + 1], &rows[place],
			(tables->access_count - place) * sizeof(rows[0]));
		tables->access_count++;
	}
	rows[place] = *row;
	return 0;
}

void tables_access_forget(struct tables *tables, uint16_t volume, uint16_t host)
{
	for (uint16_t i = tables->access_count; i-- > 0;) {
		const struct access_row *row = &tables->access[i];

		if ((volume == SLOT_NONE || row->volume == volume) &&
		    (host == SLOT_NONE || row->host == host))
			access_drop(tables, i);
	}
}

void tables_request_drop(struct tables *tables, uint16_t index)
{
	struct request_row *rows = tables->requests;

	assert(index < tables->request_count);
	tables->request_count--;
	memmove(&rows[index], &rows[index + 1], (tables->request_count - index) * sizeof(rows[0]));
	memset(&rows[tables->request_count], 0, sizeof(rows[0]));
}

void tables_volume_remove(struct tables *tables, uint16_t volume)
{
	for (uint16_t i = tables->request_count; i-- > 0;) {
		if (tables->requests[i].volume == volume)
			tables_request_drop(tables, i);
	}
	tables_access_forget(tables, volume, SLOT_NONE);
	memset(&tables->volumes[volume], 0, sizeof(tables->volumes[volume]));
}

static void forget_preference(struct tables *tables, const char *name)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		struct volume_row *volume = &tables->volumes[i];

		if (name_same(volume->prefer, name))
			memset(volume->prefer, 0, sizeof(volume->prefer));
	}
}

void tables_host_remove(struct tables *tables, uint16_t host, bool free_slot)
{
	for (uint16_t i = tables->request_count; i-- > 0;) {
		if (tables->requests[i].from == host)
			tables_request_drop(tables, i);
		else if (tables->requests[i].asked == host)
			tables->requests[i].asked = SLOT_NONE;
	}
	tables_access_forget(tables, SLOT_NONE, host);
	if (tables->hosts[host].state == ROW_USED)
		forget_preference(tables, tables->hosts[host].name);
	if (free_slot)
		memset(&tables->hosts[host], 0, sizeof(tables->hosts[host]));
	else
		tables->hosts[host].state = ROW_REMOVED;
}

uint16_t tables_host_slot(struct tables *tables)
{
	for (uint16_t i = 0; i < tables->host_count; i++) {
		if (tables->hosts[i].state == ROW_FREE)
			return i;
	}
	return tables->host_count < tables->capacity.hosts ? tables->host_count++ : SLOT_NONE;
}

uint16_t tables_volume_slot(struct tables *tables)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		if (tables->volumes[i].state == ROW_FREE)
			return i;
	}
	return tables->volume_count < tables->capacity.volumes ? tables->volume_count++ : SLOT_NONE;
}

uint16_t tables_right_of(const struct tables *tables, uint16_t host)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		const struct volume_row *volume = &tables->volumes[i];

		if (volume->writer.epoch && volume->writer.host == host)
			return i;
		for (unsigned int j = 0; j < volume->earlier_count; j++) {
			if (volume->earlier[j].host == host)
				return i;
		}
	}
	return SLOT_NONE;
}

/* Index of the first request whose id is at least @id. */
static uint16_t request_place(const struct tables *tables, uint64_t id)
{
	uint16_t low = 0;
	uint16_t high = tables->request_count;

	while (low < high) {
		uint16_t middle = (uint16_t)(low + (high - low) / 2);

		if (tables->requests[middle].id < id)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

const struct request_row *tables_request_const(const struct tables *tables, uint64_t id)
{
	uint16_t place = request_place(tables, id);

	if (place < tables->request_count && tables->requests[place].id == id)
		return &tables->requests[place];
	return NULL;
}

struct request_row *tables_request(struct tables *tables, uint64_t id)
{
	return (struct request_row *)tables_request_const(tables, id);
}

const struct request_row *tables_queue_next(const struct tables *tables, uint16_t volume,
					    uint64_t id)
{
	if (id == UINT64_MAX)
		return NULL;
	for (uint16_t i = request_place(tables, id + 1); i < tables->request_count; i++) {
		const struct request_row *request = &tables->requests[i];

		if (request->volume == volume && request->state == REQUEST_WAITING)
			return request;
	}
	return NULL;
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* By hand, for strcasecmp() depends on the locale and hosts must agree. */
bool name_same(const char *a, const char *b)
{
	while (*a && ascii_lower(*a) == ascii_lower(*b)) {
		a++;
		b++;
	}
	return ascii_lower(*a) == ascii_lower(*b);
}

static bool name_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

bool name_is_valid(const char *name)
{
	size_t len = 0;

	while (len <= NAME_BYTES_MAX && name_character(name[len]))
		len++;
	return len >= 1 && len <= NAME_BYTES_MAX && name[len] == '\0';
}

/*
 * Bytes of the UTF-8 sequence at @text, and its code point; 0 if it is not the
 * shortest form of a scalar value.
 */
static size_t utf8_decode(const unsigned char *text, size_t len, uint32_t *ret_code)
{
	static const uint32_t least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t bytes = text[0] < 0x80 ? 1 : (text[0] & 0xe0) == 0xc0 ? 2 :
		       (text[0] & 0xf0) == 0xe0 ? 3 : (text[0] & 0xf8) == 0xf0 ? 4 : 0;
	uint32_t code;

	if (bytes == 0 || bytes > len)
		return 0;
	code = bytes == 1 ? text[0] : text[0] & (0x7fU >> bytes);
	for (size_t i = 1; i < bytes; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (text[i] & 0x3f);
	}
	if (code < least[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*ret_code = code;
	return bytes;
}

/*
 * Whether a code point may stand in a text that other people's terminals show:
 * no controls, and nothing that turns the direction of what follows it.
 */
static bool code_is_plain(uint32_t code)
{
	return code >= 0x20 && !(code >= 0x7f && code <= 0x9f) &&
	       !(code >= 0x202a && code <= 0x202e) && !(code >= 0x2066 && code <= 0x2069);
}

size_t text_valid_bytes(const char *text, size_t len)
{
	const unsigned char *bytes = (const unsigned char *)text;
	size_t at = 0;

	while (at < len) {
		uint32_t code = 0;
		size_t taken = utf8_decode(bytes + at, len - at, &code);

		if (taken == 0 || !code_is_plain(code))
			break;
		at += taken;
	}
	return at;
}

bool text_is_valid(const char *text, size_t len)
{
	return len <= TEXT_BYTES_MAX && text_valid_bytes(text, len) == len;
}
