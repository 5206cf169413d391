/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The head, then the rows in use of hosts and volumes in the order of their slots, then the access
 * records, then the requests.  Each row is a struct of fixed size, followed by its strings
 * in the order of the struct in tables.h.
 */
#include "tables/image.h"

#include <string.h>

#include "tables/cursor.h"
#include "tables/sound.h"

#define HOST_VALID 0x01
#define HOST_LOGGED_ON 0x02
#define HOST_NOTIFY 0x04

#define VOLUME_ENABLED 0x01
#define VOLUME_FAIL_BACK 0x02
#define VOLUME_ANSWER_DEFAULT 0x04
#define VOLUME_MAY_LEAVE_GROUP 0x08
#define VOLUME_BALANCE 0x10

#define ACCESS_MOUNT 0x01
#define ACCESS_AUTO_UPDATE 0x02

struct image_disk {
	struct block_head head;
	le64_t version;
	le64_t nonce;
	le64_t openings;
	le64_t request_next;
	le32_t io_timeout_ms;
	le16_t hosts_max;	/* the capacity */
	le16_t volumes_max;
	le16_t access_max;
	le16_t host_count;	/* slots that were ever in use */
	le16_t volume_count;
	le16_t host_rows;	/* of them in use now: they follow */
	le16_t volume_rows;
	le16_t access_count;
	le16_t request_count;
	uint8_t zero[42];
};
static_assert(sizeof(struct image_disk) == 128, "as version 1 has it");
static_assert(offsetof(struct image_disk, version) == 32, "where version 1 put it");
static_assert(offsetof(struct image_disk, nonce) == 40, "where version 1 put it");
static_assert(offsetof(struct image_disk, hosts_max) == 68, "where version 1 put it");
static_assert(offsetof(struct image_disk, request_count) == 84, "where version 1 put it");

struct host_disk {
	le16_t slot;
	uint8_t state;
	uint8_t flags;
	uint8_t answer;
	uint8_t zero_1;
	le16_t last_ruling;
	le64_t last_value;
	le64_t last_sequence;
	le64_t incarnation;
	struct id128 machine;
	struct id128 boot;
	le32_t weight;
	uint8_t zero_2[4];
};
static_assert(sizeof(struct host_disk) == 72, "as version 1 has it");
static_assert(offsetof(struct host_disk, weight) == 64, "where version 1 put it");

struct right_disk {
	le64_t epoch;
	le64_t incarnation;
	le16_t host;
	uint8_t zero[6];
};
static_assert(sizeof(struct right_disk) == 24, "as version 1 has it");

struct volume_disk {
	le16_t slot;
	le16_t flags;
	uint8_t phase;
	uint8_t earlier_count;	/* so many struct right_disk follow, before the strings */
	uint8_t fencing;
	uint8_t takeover;
	uint8_t fsck;
	uint8_t viewers;
	uint8_t zero_1[6];
	le64_t born;
	struct right_disk writer;
	le64_t granted_request;
	le64_t generation;
	le64_t busy_above;
	le32_t min_hold_ms;
	le32_t answer_within_ms;
	le32_t quiet_grace_ms;
	le32_t publish_every_ms;
	le32_t view_max;
	le32_t view_max_age_ms;
	le32_t view_lease_max_ms;
	le32_t snapshots_max;
	le32_t snapshots_space;
	le32_t weight;
};
static_assert(sizeof(struct volume_disk) == 112, "as version 1 has it");
static_assert(offsetof(struct volume_disk, born) == 16, "where version 1 put it");
static_assert(offsetof(struct volume_disk, min_hold_ms) == 72, "where version 1 put it");

struct access_disk {
	le16_t volume;
	le16_t host;
	uint8_t write;
	uint8_t flags;
	uint8_t zero[2];
	le32_t check_every_ms;
};
static_assert(sizeof(struct access_disk) == 12, "as version 1 has it");

struct request_disk {
	le64_t id;
	le64_t posted_s;
	le64_t ended_s;
	le64_t ended_version;
	le16_t volume;
	le16_t from;
	le16_t asked;
	uint8_t state;
	uint8_t zero;
};
static_assert(sizeof(struct request_disk) == 40, "as version 1 has it");

/* Enums lie on the disk by their values: new ones go to the end, old ones keep their place. */
static_assert(ROW_USED == 1 && ROW_REMOVED == 2, "as version 1 has it");
static_assert(ANSWER_ASK == 0 && ANSWER_AUTO == 1, "as version 1 has it");
static_assert(WRITE_ASK == 0 && WRITE_NEVER == 1, "as version 1 has it");
static_assert(PHASE_FREE == 0 && PHASE_GRANTING == 1 && PHASE_WRITING == 2, "as version 1 has it");
static_assert(FENCING_BEST == 0 && FENCING_MANUAL == 1 && FENCING_GUARD == 2 &&
	      FENCING_WATCHDOG == 3 && FENCING_RESERVATION == 4 && FENCING_COMMAND == 5,
	      "as version 1 has it");
static_assert(TAKEOVER_ASK == 0 && TAKEOVER_AUTO == 1, "as version 1 has it");
static_assert(FSCK_NEVER == 0 && FSCK_AFTER_TAKEOVER == 1, "as version 1 has it");
static_assert(VIEWERS_LIVE == 0 && VIEWERS_QUIET == 1 && VIEWERS_PUBLISHED == 2,
	      "as version 1 has it");
static_assert(REQUEST_WAITING == 0 && REQUEST_GRANTED == 1 && REQUEST_REFUSED == 2 &&
	      REQUEST_TIMED_OUT == 3 && REQUEST_CANCELLED == 4, "as version 1 has it");

/* The most bytes that each row can take. */
#define STRING_BYTES(max) (sizeof(le16_t) + (max))
#define CLUSTER_BYTES (sizeof(struct image_disk) + STRING_BYTES(NAME_BYTES_MAX))
#define HOST_BYTES \
	(sizeof(struct host_disk) + STRING_BYTES(NAME_BYTES_MAX) + 2 * STRING_BYTES(LIST_BYTES_MAX))
#define VOLUME_BYTES \
	(sizeof(struct volume_disk) + EARLIER_MAX * sizeof(struct right_disk) + \
	 4 * STRING_BYTES(NAME_BYTES_MAX) + STRING_BYTES(UUID_BYTES_MAX) + \
	 STRING_BYTES(PATH_BYTES_MAX) + 2 * STRING_BYTES(LIST_BYTES_MAX))
#define REQUEST_BYTES \
	(sizeof(struct request_disk) + STRING_BYTES(PERSON_BYTES_MAX) + \
	 2 * STRING_BYTES(TEXT_BYTES_MAX))

uint32_t image_bytes_max(const struct capacity *capacity)
{
	size_t pairs = (size_t)capacity->hosts * capacity->volumes;
	size_t access = capacity->access < pairs ? capacity->access : pairs;

	return (uint32_t)(CLUSTER_BYTES + capacity->hosts * HOST_BYTES +
			  capacity->volumes * VOLUME_BYTES + access * sizeof(struct access_disk) +
			  capacity_requests(capacity) * REQUEST_BYTES);
}

static struct right_disk right_to_disk(const struct right *right)
{
	return (struct right_disk){
		.epoch = le64(right->epoch),
		.incarnation = le64(right->incarnation),
		.host = le16(right->host),
	};
}

static struct right right_from_disk(const struct right_disk *disk)
{
	return (struct right){
		.host = le16_get(disk->host),
		.incarnation = le64_get(disk->incarnation),
		.epoch = le64_get(disk->epoch),
	};
}

static void host_put(struct writer *writer, uint16_t slot, const struct host_row *host)
{
	const struct host_disk disk = {
		.slot = le16(slot),
		.state = (uint8_t)host->state,
		.flags = (uint8_t)((host->valid ? HOST_VALID : 0) |
				   (host->logged_on ? HOST_LOGGED_ON : 0) |
				   (host->notify ? HOST_NOTIFY : 0)),
		.answer = (uint8_t)host->answer,
		.last_ruling = le16(host->last_result.ruling),
		.last_value = le64(host->last_result.value),
		.last_sequence = le64(host->last_sequence),
		.incarnation = le64(host->incarnation),
		.machine = host->machine,
		.boot = host->boot,
		.weight = le32(host->weight),
	};

	writer_put(writer, &disk, sizeof(disk));
	writer_put_string(writer, host->name);
	writer_put_string(writer, host->groups);
	writer_put_string(writer, host->domains);
}

static uint16_t volume_flags(const struct volume_row *volume)
{
	return (uint16_t)((volume->enabled ? VOLUME_ENABLED : 0) |
			  (volume->fail_back ? VOLUME_FAIL_BACK : 0) |
			  (volume->answer_default ? VOLUME_ANSWER_DEFAULT : 0) |
			  (volume->may_leave_group ? VOLUME_MAY_LEAVE_GROUP : 0) |
			  (volume->balance ? VOLUME_BALANCE : 0));
}

static struct volume_disk volume_to_disk(uint16_t slot, const struct volume_row *volume)
{
	return (struct volume_disk){
		.slot = le16(slot),
		.flags = le16(volume_flags(volume)),
		.phase = (uint8_t)volume->phase,
		.earlier_count = volume->earlier_count,
		.fencing = (uint8_t)volume->fencing,
		.takeover = (uint8_t)volume->takeover,
		.fsck = (uint8_t)volume->fsck,
		.viewers = (uint8_t)volume->viewers,
		.born = le64(volume->born),
		.writer = right_to_disk(&volume->writer),
		.granted_request = le64(volume->granted_request),
		.generation = le64(volume->generation),
		.busy_above = le64(volume->busy_above),
		.min_hold_ms = le32(volume->min_hold_ms),
		.answer_within_ms = le32(volume->answer_within_ms),
		.quiet_grace_ms = le32(volume->quiet_grace_ms),
		.publish_every_ms = le32(volume->publish_every_ms),
		.view_max = le32(volume->view_max),
		.view_max_age_ms = le32(volume->view_max_age_ms),
		.view_lease_max_ms = le32(volume->view_lease_max_ms),
		.snapshots_max = le32(volume->snapshots_max),
		.snapshots_space = le32(volume->snapshots_space),
		.weight = le32(volume->weight),
	};
}

static void volume_put(struct writer *writer, uint16_t slot, const struct volume_row *volume)
{
	const struct volume_disk disk = volume_to_disk(slot, volume);

	writer_put(writer, &disk, sizeof(disk));
	for (unsigned int i = 0; i < volume->earlier_count; i++) {
		const struct right_disk right = right_to_disk(&volume->earlier[i]);

		writer_put(writer, &right, sizeof(right));
	}
	writer_put_string(writer, volume->name);
	writer_put_string(writer, volume->uuid);
	writer_put_string(writer, volume->mount_point);
	writer_put_string(writer, volume->fencing_command);
	writer_put_string(writer, volume->options);
	writer_put_string(writer, volume->group);
	writer_put_string(writer, volume->domains);
	writer_put_string(writer, volume->prefer);
}

static void access_put(struct writer *writer, const struct access_row *access)
{
	const struct access_disk disk = {
		.volume = le16(access->volume),
		.host = le16(access->host),
		.write = (uint8_t)access->write,
		.flags = (uint8_t)((access->mount ? ACCESS_MOUNT : 0) |
				   (access->auto_update ? ACCESS_AUTO_UPDATE : 0)),
		.check_every_ms = le32(access->check_every_ms),
	};

	writer_put(writer, &disk, sizeof(disk));
}

static void request_put(struct writer *writer, const struct request_row *request)
{
	const struct request_disk disk = {
		.id = le64(request->id),
		.posted_s = le64(request->posted_s),
		.ended_s = le64(request->ended_s),
		.ended_version = le64(request->ended_version),
		.volume = le16(request->volume),
		.from = le16(request->from),
		.asked = le16(request->asked),
		.state = (uint8_t)request->state,
	};

	writer_put(writer, &disk, sizeof(disk));
	writer_put_string(writer, request->person);
	writer_put_string(writer, request->text);
	writer_put_string(writer, request->answer);
}

static void rows_put(struct writer *writer, const struct tables *tables)
{
	for (uint16_t i = 0; i < tables->host_count; i++)
		if (tables->hosts[i].state != ROW_FREE)
			host_put(writer, i, &tables->hosts[i]);
	for (uint16_t i = 0; i < tables->volume_count; i++)
		if (tables->volumes[i].state != ROW_FREE)
			volume_put(writer, i, &tables->volumes[i]);
	for (uint16_t i = 0; i < tables->access_count; i++)
		access_put(writer, &tables->access[i]);
	for (uint16_t i = 0; i < tables->request_count; i++)
		request_put(writer, &tables->requests[i]);
}

static uint16_t host_rows_in_use(const struct tables *tables)
{
	uint16_t rows = 0;

	for (uint16_t i = 0; i < tables->host_count; i++)
		if (tables->hosts[i].state != ROW_FREE)
			rows++;
	return rows;
}

static uint16_t volume_rows_in_use(const struct tables *tables)
{
	uint16_t rows = 0;

	for (uint16_t i = 0; i < tables->volume_count; i++)
		if (tables->volumes[i].state != ROW_FREE)
			rows++;
	return rows;
}

static void image_put(struct writer *writer, const struct tables *tables, uint64_t nonce)
{
	const struct image_disk disk = {
		.version = le64(tables->version),
		.nonce = le64(nonce),
		.openings = le64(tables->openings),
		.request_next = le64(tables->request_next),
		.io_timeout_ms = le32(tables->io_timeout_ms),
		.hosts_max = le16(tables->capacity.hosts),
		.volumes_max = le16(tables->capacity.volumes),
		.access_max = le16(tables->capacity.access),
		.host_count = le16(tables->host_count),
		.volume_count = le16(tables->volume_count),
		.host_rows = le16(host_rows_in_use(tables)),
		.volume_rows = le16(volume_rows_in_use(tables)),
		.access_count = le16(tables->access_count),
		.request_count = le16(tables->request_count),
	};

	writer_put(writer, &disk, sizeof(disk));
	writer_put_string(writer, tables->name);
	rows_put(writer, tables);
}

static bool capacity_same(const struct capacity *a, const struct capacity *b)
{
	return a->hosts == b->hosts && a->volumes == b->volumes && a->access == b->access;
}

/* What the image says of itself, in the block in (@host, @slot). */
static struct image_value image_name(const void *image, uint16_t host, uint16_t slot)
{
	struct image_disk disk;

	memcpy(&disk, image, sizeof(disk));
	return (struct image_value){
		.version = le64_get(disk.version),
		.nonce = le64_get(disk.nonce),
		.length = le32_get(disk.head.length),
		.crc = le32_get(disk.head.crc),
		.host = host,
		.slot = slot,
	};
}

struct image_value image_encode(const struct tables *tables, uint16_t host, uint16_t slot,
				uint64_t nonce, const struct layout *layout,
				const struct id128 *cluster, void *image, uint32_t size)
{
	const struct block_place place = { .type = BLOCK_IMAGE, .slot = host, .index = slot };
	uint8_t *bytes = image;
	struct writer writer = { .at = bytes, .end = bytes + size };
	uint32_t used;
	uint32_t length;

	/* A rule that made nonsense must not make it the truth of the whole cluster. */
	assert(tables_fault(tables) == NULL && tables->version > 0);
	assert(capacity_same(&tables->capacity, &layout->capacity));
	assert(host < layout->capacity.hosts && slot < IMAGE_SLOTS);

	image_put(&writer, tables, nonce);
	used = (uint32_t)(writer.at - bytes);
	length = (used + layout->sector_size - 1) / layout->sector_size * layout->sector_size;
	assert(length <= size && length <= layout->image_bytes);
	memset(writer.at, 0, length - used);
	block_seal(image, length, place, cluster);
	return image_name(image, host, slot);
}

/* The slot of a row: above that of the row before it (@next says from where), below @count. */
static bool slot_get(le16_t disk, uint16_t *next, uint16_t count, uint16_t *ret_slot)
{
	uint16_t slot = le16_get(disk);

	if (slot < *next || slot >= count)
		return false;
	*next = (uint16_t)(slot + 1);
	*ret_slot = slot;
	return true;
}

static void host_get(struct reader *reader, uint16_t *next, struct tables *tables)
{
	struct host_disk disk;
	struct host_row *host;
	uint16_t slot;

	reader_get(reader, &disk, sizeof(disk));
	if (!slot_get(disk.slot, next, tables->host_count, &slot) || disk.state == ROW_FREE ||
	    disk.flags & ~(HOST_VALID | HOST_LOGGED_ON | HOST_NOTIFY)) {
		reader->failed = true;
		return;
	}
	host = &tables->hosts[slot];
	*host = (struct host_row){
		.state = (enum row_state)disk.state,
		.valid = disk.flags & HOST_VALID,
		.logged_on = disk.flags & HOST_LOGGED_ON,
		.notify = disk.flags & HOST_NOTIFY,
		.answer = (enum answer_mode)disk.answer,
		.weight = le32_get(disk.weight),
		.machine = disk.machine,
		.boot = disk.boot,
		.incarnation = le64_get(disk.incarnation),
		.last_sequence = le64_get(disk.last_sequence),
		.last_result = {
			.ruling = le16_get(disk.last_ruling),
			.value = le64_get(disk.last_value),
		},
	};
	reader_get_string(reader, host->name, sizeof(host->name));
	reader_get_string(reader, host->groups, sizeof(host->groups));
	reader_get_string(reader, host->domains, sizeof(host->domains));
}

static void volume_from_disk(const struct volume_disk *disk, struct volume_row *ret_volume)
{
	uint16_t flags = le16_get(disk->flags);

	*ret_volume = (struct volume_row){
		.state = ROW_USED,
		.born = le64_get(disk->born),
		.enabled = flags & VOLUME_ENABLED,
		.phase = (enum volume_phase)disk->phase,
		.writer = right_from_disk(&disk->writer),
		.earlier_count = disk->earlier_count,
		.granted_request = le64_get(disk->granted_request),
		.generation = le64_get(disk->generation),
		.fencing = (enum fencing_kind)disk->fencing,
		.takeover = (enum takeover_mode)disk->takeover,
		.fail_back = flags & VOLUME_FAIL_BACK,
		.fsck = (enum fsck_mode)disk->fsck,
		.min_hold_ms = le32_get(disk->min_hold_ms),
		.busy_above = le64_get(disk->busy_above),
		.answer_within_ms = le32_get(disk->answer_within_ms),
		.answer_default = flags & VOLUME_ANSWER_DEFAULT,
		.viewers = (enum viewers_mode)disk->viewers,
		.quiet_grace_ms = le32_get(disk->quiet_grace_ms),
		.publish_every_ms = le32_get(disk->publish_every_ms),
		.view_max = le32_get(disk->view_max),
		.view_max_age_ms = le32_get(disk->view_max_age_ms),
		.view_lease_max_ms = le32_get(disk->view_lease_max_ms),
		.snapshots_max = le32_get(disk->snapshots_max),
		.snapshots_space = le32_get(disk->snapshots_space),
		.weight = le32_get(disk->weight),
		.may_leave_group = flags & VOLUME_MAY_LEAVE_GROUP,
		.balance = flags & VOLUME_BALANCE,
	};
}

static void volume_strings_get(struct reader *reader, struct volume_row *volume)
{
	reader_get_string(reader, volume->name, sizeof(volume->name));
	reader_get_string(reader, volume->uuid, sizeof(volume->uuid));
	reader_get_string(reader, volume->mount_point, sizeof(volume->mount_point));
	reader_get_string(reader, volume->fencing_command, sizeof(volume->fencing_command));
	reader_get_string(reader, volume->options, sizeof(volume->options));
	reader_get_string(reader, volume->group, sizeof(volume->group));
	reader_get_string(reader, volume->domains, sizeof(volume->domains));
	reader_get_string(reader, volume->prefer, sizeof(volume->prefer));
}

static void volume_get(struct reader *reader, uint16_t *next, struct tables *tables)
{
	const uint16_t flags_known = VOLUME_ENABLED | VOLUME_FAIL_BACK | VOLUME_ANSWER_DEFAULT |
				     VOLUME_MAY_LEAVE_GROUP | VOLUME_BALANCE;
	struct volume_row *volume;
	struct volume_disk disk;
	uint16_t slot;

	reader_get(reader, &disk, sizeof(disk));
	if (!slot_get(disk.slot, next, tables->volume_count, &slot) ||
	    le16_get(disk.flags) & ~flags_known || disk.earlier_count > EARLIER_MAX) {
		reader->failed = true;
		return;
	}
	volume = &tables->volumes[slot];
	volume_from_disk(&disk, volume);
	for (unsigned int i = 0; i < disk.earlier_count; i++) {
		struct right_disk right;

		reader_get(reader, &right, sizeof(right));
		volume->earlier[i] = right_from_disk(&right);
	}
	volume_strings_get(reader, volume);
}

static void access_get(struct reader *reader, struct access_row *ret_access)
{
	struct access_disk disk;

	reader_get(reader, &disk, sizeof(disk));
	if (disk.flags & ~(ACCESS_MOUNT | ACCESS_AUTO_UPDATE))
		reader->failed = true;
	*ret_access = (struct access_row){
		.volume = le16_get(disk.volume),
		.host = le16_get(disk.host),
		.mount = disk.flags & ACCESS_MOUNT,
		.write = (enum write_mode)disk.write,
		.auto_update = disk.flags & ACCESS_AUTO_UPDATE,
		.check_every_ms = le32_get(disk.check_every_ms),
	};
}

static void request_get(struct reader *reader, struct request_row *ret_request)
{
	struct request_disk disk;

	reader_get(reader, &disk, sizeof(disk));
	*ret_request = (struct request_row){
		.id = le64_get(disk.id),
		.volume = le16_get(disk.volume),
		.from = le16_get(disk.from),
		.asked = le16_get(disk.asked),
		.state = (enum request_state)disk.state,
		.ended_version = le64_get(disk.ended_version),
		.posted_s = le64_get(disk.posted_s),
		.ended_s = le64_get(disk.ended_s),
	};
	reader_get_string(reader, ret_request->person, sizeof(ret_request->person));
	reader_get_string(reader, ret_request->text, sizeof(ret_request->text));
	reader_get_string(reader, ret_request->answer, sizeof(ret_request->answer));
}

static uint16_t smaller(uint16_t a, uint16_t b)
{
	return a < b ? a : b;
}

/*
 * Make every row free.  Only the rows below the counts can be anything else;
 * in memory that never held tables the counts may say anything at all.
 */
static void tables_clear(struct tables *tables)
{
	memset(tables->hosts, 0, smaller(tables->host_count, HOSTS_MAX) * sizeof(tables->hosts[0]));
	memset(tables->volumes, 0,
	       smaller(tables->volume_count, VOLUMES_MAX) * sizeof(tables->volumes[0]));
	memset(tables->access, 0,
	       smaller(tables->access_count, ACCESS_MAX) * sizeof(tables->access[0]));
	memset(tables->requests, 0,
	       smaller(tables->request_count, REQUESTS_MAX) * sizeof(tables->requests[0]));
	memset(tables, 0, offsetof(struct tables, hosts));
}

/* The counts, and all that is not in a row.  False if there is no room for so many rows. */
static bool image_head_get(const struct image_disk *disk, const struct capacity *capacity,
			   struct tables *tables)
{
	uint16_t host_count = le16_get(disk->host_count);
	uint16_t volume_count = le16_get(disk->volume_count);
	uint16_t access_count = le16_get(disk->access_count);
	uint16_t request_count = le16_get(disk->request_count);

	if (host_count > capacity->hosts || volume_count > capacity->volumes ||
	    access_count > capacity->access || request_count > capacity_requests(capacity))
		return false;
	tables->capacity = (struct capacity){
		.hosts = le16_get(disk->hosts_max),
		.volumes = le16_get(disk->volumes_max),
		.access = le16_get(disk->access_max),
	};
	tables->version = le64_get(disk->version);
	tables->openings = le64_get(disk->openings);
	tables->request_next = le64_get(disk->request_next);
	tables->io_timeout_ms = le32_get(disk->io_timeout_ms);
	tables->host_count = host_count;
	tables->volume_count = volume_count;
	tables->access_count = access_count;
	tables->request_count = request_count;
	return capacity_same(&tables->capacity, capacity);
}

static void rows_get(struct reader *reader, const struct image_disk *disk, struct tables *tables)
{
	uint16_t host_rows = le16_get(disk->host_rows);
	uint16_t volume_rows = le16_get(disk->volume_rows);
	uint16_t next = 0;

	for (uint16_t i = 0; !reader->failed && i < host_rows; i++)
		host_get(reader, &next, tables);
	next = 0;
	for (uint16_t i = 0; !reader->failed && i < volume_rows; i++)
		volume_get(reader, &next, tables);
	for (uint16_t i = 0; !reader->failed && i < tables->access_count; i++)
		access_get(reader, &tables->access[i]);
	for (uint16_t i = 0; !reader->failed && i < tables->request_count; i++)
		request_get(reader, &tables->requests[i]);
}

/* Behind the last row there is nothing but the padding of its sector. */
static bool reader_is_at_end(const struct reader *reader)
{
	size_t rest = (size_t)(reader->end - reader->at);

	if (reader->failed || rest >= SECTOR_MAX)
		return false;
	for (const uint8_t *at = reader->at; at < reader->end; at++)
		if (*at != 0)
			return false;
	return true;
}

/* Decode the contents of a block whose checksum holds. */
static enum block_verdict image_get(const void *image, uint32_t length,
				    const struct capacity *capacity, struct tables *ret_tables)
{
	const uint8_t *bytes = image;
	struct reader reader = { .at = bytes, .end = bytes + length };
	struct image_disk disk;

	tables_clear(ret_tables);
	reader_get(&reader, &disk, sizeof(disk));
	if (!image_head_get(&disk, capacity, ret_tables))
		return BLOCK_SENSELESS;
	reader_get_string(&reader, ret_tables->name, sizeof(ret_tables->name));
	rows_get(&reader, &disk, ret_tables);
	if (!reader_is_at_end(&reader) || ret_tables->version == 0 ||
	    tables_fault(ret_tables) != NULL)
		return BLOCK_SENSELESS;
	return BLOCK_OK;
}

/* Judge the block alone, and say what would name it. */
static enum block_verdict image_judge(const void *image, uint32_t size, uint16_t host,
				      uint16_t slot, const struct id128 *cluster,
				      struct image_value *ret_value)
{
	const struct block_place place = { .type = BLOCK_IMAGE, .slot = host, .index = slot };
	enum block_verdict verdict = block_judge(image, size, place, cluster);
	struct block_head head;

	if (verdict != BLOCK_OK)
		return verdict;
	memcpy(&head, image, sizeof(head));
	if (le32_get(head.length) < sizeof(struct image_disk))
		return BLOCK_SENSELESS;
	*ret_value = image_name(image, host, slot);
	return BLOCK_OK;
}

enum block_verdict image_decode(const void *image, uint32_t size, const struct image_value *value,
				const struct capacity *capacity, const struct id128 *cluster,
				struct tables *ret_tables)
{
	struct image_value found;
	enum block_verdict verdict = image_judge(image, size, value->host, value->slot, cluster,
						 &found);

	if (verdict != BLOCK_OK)
		return verdict;
	if (!image_value_same(&found, value))
		return BLOCK_DAMAGED;
	return image_get(image, found.length, capacity, ret_tables);
}

enum block_verdict image_decode_found(const void *image, uint32_t size, uint16_t host,
				      uint16_t slot, const struct capacity *capacity,
				      const struct id128 *cluster, struct image_value *ret_value,
				      struct tables *ret_tables)
{
	struct image_value found;
	enum block_verdict verdict = image_judge(image, size, host, slot, cluster, &found);

	if (verdict == BLOCK_OK)
		verdict = image_get(image, found.length, capacity, ret_tables);
	if (verdict == BLOCK_OK)
		*ret_value = found;
	return verdict;
}
