/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sample.h"

#include <stdlib.h>
#include <string.h>

static bool coin(struct chance *chance)
{
	return chance_below(chance, 2) == 1;
}

/* A name of 1..NAME_BYTES_MAX characters, mostly a short one. */
static void draw_name(struct chance *chance, char *ret_name)
{
	static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789._-";
	uint64_t len = 1 + chance_below(chance, coin(chance) ? 8 : NAME_BYTES_MAX);

	memset(ret_name, 0, NAME_BYTES_MAX + 1);
	for (uint64_t i = 0; i < len; i++)
		ret_name[i] = characters[chance_below(chance, sizeof(characters) - 1)];
}

/* A text of 0..@max bytes, some of them in characters of two. */
static void draw_text(struct chance *chance, char *ret_text, size_t max)
{
	uint64_t len = chance_below(chance, max + 1);
	uint64_t at = 0;

	memset(ret_text, 0, max + 1);
	while (at < len) {
		if (at + 2 <= len && chance_below(chance, 8) == 0) {
			ret_text[at++] = '\xc3';
			ret_text[at++] = (char)(0x80 + chance_below(chance, 0x40));
		} else {
			ret_text[at++] = (char)(' ' + chance_below(chance, '~' - ' ' + 1));
		}
	}
}

struct tables *sample_new(const struct capacity *capacity)
{
	struct tables *tables = calloc(1, sizeof(*tables));

	if (!tables)
		abort();
	tables->capacity = *capacity;
	tables->request_next = 1;
	tables->io_timeout_ms = IO_TIMEOUT_DEFAULT_MS;
	return tables;
}

static void draw_host(struct chance *chance, struct host_row *host)
{
	if (chance_below(chance, 8) == 0)
		return;
	host->state = chance_below(chance, 8) == 0 ? ROW_REMOVED : ROW_USED;
	draw_name(chance, host->name);
	host->valid = coin(chance);
	host->logged_on = coin(chance);
	host->notify = coin(chance);
	host->answer = coin(chance) ? ANSWER_AUTO : ANSWER_ASK;
	host->weight = (uint32_t)chance_draw(chance);
	draw_text(chance, host->groups, LIST_BYTES_MAX);
	draw_text(chance, host->domains, LIST_BYTES_MAX);
	chance_fill(chance, &host->machine, sizeof(host->machine));
	chance_fill(chance, &host->boot, sizeof(host->boot));
	host->incarnation = chance_draw(chance);
	host->last_sequence = chance_draw(chance);
	host->last_result.ruling = (uint16_t)chance_below(chance, 20);
	host->last_result.value = chance_draw(chance);
}

/* The slot of a host that is there; there is one. */
static uint16_t draw_host_slot(struct chance *chance, const struct tables *tables)
{
	uint16_t slot;

	do
		slot = (uint16_t)chance_below(chance, tables->host_count);
	while (tables->hosts[slot].state == ROW_FREE);
	return slot;
}

static struct right draw_right(struct chance *chance, const struct tables *tables)
{
	return (struct right){
		.host = draw_host_slot(chance, tables),
		.incarnation = chance_draw(chance),
		.epoch = 1 + chance_below(chance, tables->version),
	};
}

static void draw_volume_rights(struct chance *chance, const struct tables *tables,
			       struct volume_row *volume)
{
	volume->phase = (enum volume_phase)chance_below(chance, PHASE_WRITING + 1);
	if (volume->phase == PHASE_FREE)
		volume->writer.host = SLOT_NONE;
	else
		volume->writer = draw_right(chance, tables);
	volume->earlier_count = (uint8_t)chance_below(chance, EARLIER_MAX + 1);
	for (unsigned int i = 0; i < volume->earlier_count; i++)
		volume->earlier[i] = draw_right(chance, tables);
	volume->granted_request = chance_below(chance, tables->request_next);
	volume->generation = chance_draw(chance);
}

static void draw_volume_numbers(struct chance *chance, struct volume_row *volume)
{
	volume->min_hold_ms = (uint32_t)chance_draw(chance);
	volume->busy_above = chance_draw(chance);
	volume->answer_within_ms = (uint32_t)chance_draw(chance);
	volume->quiet_grace_ms = (uint32_t)chance_draw(chance);
	volume->publish_every_ms = (uint32_t)chance_draw(chance);
	volume->view_max = (uint32_t)chance_draw(chance);
	volume->view_max_age_ms = (uint32_t)chance_draw(chance);
	volume->view_lease_max_ms = (uint32_t)chance_draw(chance);
	volume->snapshots_max = (uint32_t)chance_draw(chance);
	volume->snapshots_space = (uint32_t)chance_draw(chance);
	volume->weight = (uint32_t)chance_draw(chance);
}

static void draw_volume(struct chance *chance, const struct tables *tables,
			struct volume_row *volume)
{
	if (chance_below(chance, 8) == 0)
		return;
	volume->state = ROW_USED;
	volume->born = 1 + chance_below(chance, tables->version);
	draw_name(chance, volume->name);
	draw_text(chance, volume->uuid, UUID_BYTES_MAX);
	draw_text(chance, volume->mount_point, PATH_BYTES_MAX);
	volume->enabled = coin(chance);
	draw_volume_rights(chance, tables, volume);
	volume->fencing = (enum fencing_kind)chance_below(chance, FENCING_COMMAND + 1);
	if (volume->fencing == FENCING_COMMAND)
		draw_name(chance, volume->fencing_command);
	volume->takeover = coin(chance) ? TAKEOVER_AUTO : TAKEOVER_ASK;
	volume->fail_back = coin(chance);
	volume->fsck = coin(chance) ? FSCK_AFTER_TAKEOVER : FSCK_NEVER;
	volume->answer_default = coin(chance);
	volume->viewers = (enum viewers_mode)chance_below(chance, VIEWERS_PUBLISHED + 1);
	draw_volume_numbers(chance, volume);
	draw_text(chance, volume->options, LIST_BYTES_MAX);
	if (coin(chance))
		draw_name(chance, volume->group);
	draw_text(chance, volume->domains, LIST_BYTES_MAX);
	if (coin(chance))
		draw_name(chance, volume->prefer);
	volume->may_leave_group = coin(chance);
	volume->balance = coin(chance);
}

/* Records in their order, for some of the pairs of a volume and a host that are there. */
static void draw_access(struct chance *chance, struct tables *tables)
{
	for (uint16_t volume = 0; volume < tables->volume_count; volume++)
		for (uint16_t host = 0; host < tables->host_count; host++) {
			if (tables->volumes[volume].state == ROW_FREE ||
			    tables->hosts[host].state == ROW_FREE ||
			    tables->access_count >= tables->capacity.access || coin(chance))
				continue;
			tables->access[tables->access_count++] = (struct access_row){
				.volume = volume,
				.host = host,
				.mount = coin(chance),
				.write = coin(chance) ? WRITE_NEVER : WRITE_ASK,
				.auto_update = coin(chance),
				.check_every_ms = (uint32_t)chance_draw(chance),
			};
		}
}

static void draw_requests(struct chance *chance, struct tables *tables)
{
	uint64_t wanted = chance_below(chance, capacity_requests(&tables->capacity) + 1);
	uint64_t id = 0;

	for (uint64_t i = 0; i < wanted; i++) {
		uint16_t volume = (uint16_t)chance_below(chance, tables->volume_count);
		struct request_row *request = &tables->requests[tables->request_count];

		if (tables->volumes[volume].state == ROW_FREE)
			continue;
		id += 1 + chance_below(chance, 5);
		request->id = id;
		request->volume = volume;
		request->from = draw_host_slot(chance, tables);
		request->asked = coin(chance) ? SLOT_NONE : draw_host_slot(chance, tables);
		request->state = (enum request_state)chance_below(chance, REQUEST_CANCELLED + 1);
		request->ended_version = chance_below(chance, tables->version + 1);
		request->posted_s = chance_draw(chance);
		request->ended_s = chance_draw(chance);
		draw_text(chance, request->person, PERSON_BYTES_MAX);
		draw_text(chance, request->text, TEXT_BYTES_MAX);
		draw_text(chance, request->answer, TEXT_BYTES_MAX);
		tables->request_count++;
	}
	tables->request_next = id + 1 + chance_below(chance, 5);
}

struct tables *sample_random(const struct capacity *capacity, struct chance *chance)
{
	struct tables *tables = sample_new(capacity);

	tables->version = 1 + chance_below(chance, UINT32_MAX);
	tables->openings = chance_draw(chance);
	tables->request_next = 1 + chance_below(chance, UINT32_MAX);
	tables->io_timeout_ms = 1 + (uint32_t)chance_below(chance, UINT32_MAX);
	draw_name(chance, tables->name);
	tables->host_count = (uint16_t)chance_below(chance, capacity->hosts + 1u);
	for (uint16_t i = 0; i < tables->host_count; i++)
		draw_host(chance, &tables->hosts[i]);
	/* Whoever draws a host needs one to be there. */
	if (tables->host_count == 0 || tables->hosts[tables->host_count - 1].state == ROW_FREE)
		return tables;
	tables->volume_count = (uint16_t)chance_below(chance, capacity->volumes + 1u);
	for (uint16_t i = 0; i < tables->volume_count; i++)
		draw_volume(chance, tables, &tables->volumes[i]);
	draw_access(chance, tables);
	if (tables->volume_count > 0 && coin(chance)) {
		for (uint16_t i = 0; i < tables->volume_count; i++)
			tables->volumes[i].granted_request = 0;
		draw_requests(chance, tables);
	}
	return tables;
}

void sample_put(char *field, const char *text)
{
	memcpy(field, text, strlen(text) + 1);
}

static void fill(char *string, size_t len)
{
	memset(string, 'x', len);
	string[len] = '\0';
}

static void fill_host(struct host_row *host)
{
	host->state = ROW_USED;
	fill(host->name, NAME_BYTES_MAX);
	fill(host->groups, LIST_BYTES_MAX);
	fill(host->domains, LIST_BYTES_MAX);
}

static void fill_volume(struct volume_row *volume)
{
	volume->state = ROW_USED;
	volume->born = 1;
	fill(volume->name, NAME_BYTES_MAX);
	fill(volume->uuid, UUID_BYTES_MAX);
	fill(volume->mount_point, PATH_BYTES_MAX);
	fill(volume->fencing_command, NAME_BYTES_MAX);
	fill(volume->options, LIST_BYTES_MAX);
	fill(volume->group, NAME_BYTES_MAX);
	fill(volume->domains, LIST_BYTES_MAX);
	fill(volume->prefer, NAME_BYTES_MAX);
	volume->earlier_count = EARLIER_MAX;
	for (int i = 0; i < EARLIER_MAX; i++)
		volume->earlier[i].epoch = 1;
}

static void fill_request(struct request_row *request, uint64_t id)
{
	request->id = id;
	fill(request->person, PERSON_BYTES_MAX);
	fill(request->text, TEXT_BYTES_MAX);
	fill(request->answer, TEXT_BYTES_MAX);
}

struct tables *sample_full(const struct capacity *capacity)
{
	struct tables *tables = sample_new(capacity);
	uint32_t pairs = (uint32_t)capacity->hosts * capacity->volumes;

	tables->version = 1;
	fill(tables->name, NAME_BYTES_MAX);
	tables->host_count = capacity->hosts;
	tables->volume_count = capacity->volumes;
	tables->access_count = (uint16_t)(pairs < capacity->access ? pairs : capacity->access);
	tables->request_count = (uint16_t)capacity_requests(capacity);
	tables->request_next = tables->request_count + 1u;
	for (uint16_t i = 0; i < tables->host_count; i++)
		fill_host(&tables->hosts[i]);
	for (uint16_t i = 0; i < tables->volume_count; i++)
		fill_volume(&tables->volumes[i]);
	for (uint16_t i = 0; i < tables->access_count; i++) {
		tables->access[i].volume = i / capacity->hosts;
		tables->access[i].host = i % capacity->hosts;
	}
	for (uint16_t i = 0; i < tables->request_count; i++)
		fill_request(&tables->requests[i], i + 1u);
	return tables;
}
