/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/image.h"

#include <signal.h>

#include "tables/sound.h"
#include "tests/reseal.h"
#include "tests/sample.h"
#include "tests/unit.h"

#define HOST 2
#define SLOT 1

static const struct id128 cluster = { { 0x1a, 0x6e } };
static const struct id128 other_cluster = { { 0x1a, 0x6f } };
static const struct capacity small = { .hosts = 4, .volumes = 3, .access = 8 };
static const struct capacity large = {
	.hosts = HOSTS_MAX,
	.volumes = VOLUMES_MAX,
	.access = ACCESS_MAX,
};
static const uint32_t sector_sizes[] = { SECTOR_MIN, SECTOR_MAX };

/* An image on a disk, and what it is made of. */
struct sample {
	struct layout layout;
	struct tables *tables;
	struct image_value value;
	uint8_t *image;		/* layout.image_bytes */
};

static struct sample encode(struct tables *tables, uint32_t sector_size)
{
	struct sample sample = { .tables = tables };

	ck_assert_int_eq(layout_make(&sample.layout, sector_size, &tables->capacity), 0);
	sample.image = malloc(sample.layout.image_bytes);
	memset(sample.image, 0xee, sample.layout.image_bytes);
	sample.value = image_encode(tables, HOST, SLOT, 0x1234567890, &sample.layout, &cluster,
				    sample.image, sample.layout.image_bytes);
	return sample;
}

static void drop(struct sample *sample)
{
	free(sample->image);
	free(sample->tables);
}

static enum block_verdict decode(const struct sample *sample, struct tables *ret_tables)
{
	return image_decode(sample->image, sample->value.length, &sample->value,
			    &sample->layout.capacity, &cluster, ret_tables);
}

/* The verdict on contents that were tampered with, under a checksum that holds. */
static enum block_verdict decode_tampered(const struct sample *sample)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	struct image_value value = { .version = 42 };
	enum block_verdict verdict;

	reseal(sample->image, sample->value.length, &cluster);
	verdict = image_decode_found(sample->image, sample->value.length, HOST, SLOT,
				     &sample->layout.capacity, &cluster, &value, tables);
	ck_assert(verdict == BLOCK_OK || value.version == 42);
	free(tables);
	return verdict;
}

static void expect_round_trip(struct tables *tables, uint32_t sector_size,
			      struct tables *ret_tables)
{
	struct sample sample = encode(tables, sector_size);

	ck_assert_uint_eq(sample.value.length % sector_size, 0);
	ck_assert_uint_eq(sample.value.version, tables->version);
	ck_assert_uint_eq(sample.value.host, HOST);
	ck_assert_uint_eq(sample.value.slot, SLOT);
	ck_assert_int_eq(decode(&sample, ret_tables), BLOCK_OK);
	ck_assert_uint_eq(ret_tables->version, tables->version);
	ck_assert(tables_same(ret_tables, tables));
	drop(&sample);
}

START_TEST(random_tables_come_back_the_same)
{
	struct chance chance = { .state = 1 };
	struct tables *decoded = calloc(1, sizeof(*decoded));

	for (int round = 0; round < 300; round++) {
		struct tables *tables = sample_random(&small, &chance);

		ck_assert_ptr_null(tables_fault(tables));
		expect_round_trip(tables, sector_sizes[round % 2], decoded);
	}
	free(decoded);
}
END_TEST

START_TEST(what_is_encoded_twice_is_byte_for_byte_the_same)
{
	struct chance chance = { .state = 2 };

	for (int round = 0; round < 100; round++) {
		struct sample first = encode(sample_random(&small, &chance), SECTOR_MIN);
		struct tables *decoded = calloc(1, sizeof(*decoded));
		struct sample second;

		ck_assert_int_eq(decode(&first, decoded), BLOCK_OK);
		second = encode(decoded, SECTOR_MIN);
		ck_assert(image_value_same(&first.value, &second.value));
		ck_assert_mem_eq(first.image, second.image, first.value.length);
		drop(&first);
		drop(&second);
	}
}
END_TEST

START_TEST(the_fullest_tables_fill_the_largest_image_to_the_last_byte)
{
	static const struct capacity few = { .hosts = 3, .volumes = 1, .access = 9 };
	const struct capacity *capacities[] = { &few, &small, &large };

	for (size_t c = 0; c < 3; c++)
		for (size_t s = 0; s < 2; s++) {
			struct sample sample = encode(sample_full(capacities[c]), sector_sizes[s]);
			uint32_t max = image_bytes_max(capacities[c]);
			struct tables *decoded = calloc(1, sizeof(*decoded));

			ck_assert_uint_eq(sample.value.length, sample.layout.image_bytes);
			ck_assert_uint_eq(sample.image[max - 1], 'x');
			for (uint32_t i = max; i < sample.layout.image_bytes; i++)
				ck_assert_uint_eq(sample.image[i], 0);
			ck_assert_int_eq(decode(&sample, decoded), BLOCK_OK);
			ck_assert(tables_same(decoded, sample.tables));
			free(decoded);
			drop(&sample);
		}
}
END_TEST

START_TEST(rows_that_the_memory_held_before_are_free_afterwards)
{
	static const struct access_row no_access;
	static const struct request_row no_request;
	struct tables *decoded = sample_full(&small);
	struct tables *empty = sample_new(&small);

	empty->version = 1;
	expect_round_trip(empty, SECTOR_MIN, decoded);
	for (int i = 0; i < small.hosts; i++)
		ck_assert_int_eq(decoded->hosts[i].state, ROW_FREE);
	for (int i = 0; i < small.volumes; i++)
		ck_assert_int_eq(decoded->volumes[i].state, ROW_FREE);
	ck_assert_mem_eq(&decoded->access[0], &no_access, sizeof(no_access));
	ck_assert_mem_eq(&decoded->requests[0], &no_request, sizeof(no_request));
	free(decoded);
}
END_TEST

START_TEST(no_single_wrong_bit_passes)
{
	struct chance chance = { .state = 3 };
	struct tables *decoded = calloc(1, sizeof(*decoded));
	struct sample sample;

	do {
		sample = encode(sample_random(&small, &chance), SECTOR_MIN);
		if (sample.value.length != 4 * SECTOR_MIN)
			drop(&sample);
	} while (sample.value.length != 4 * SECTOR_MIN);
	for (uint32_t bit = 0; bit < sample.value.length * 8; bit++) {
		sample.image[bit / 8] ^= (uint8_t)(1 << bit % 8);
		ck_assert_int_ne(decode(&sample, decoded), BLOCK_OK);
		sample.image[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_OK);
	free(decoded);
	drop(&sample);
}
END_TEST

static struct sample full_sample(void)
{
	return encode(sample_full(&small), SECTOR_MIN);
}

START_TEST(an_image_that_the_value_does_not_name_was_overtaken)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	struct sample good = full_sample();
	struct sample sample = good;

	ck_assert_int_eq(decode(&sample, decoded), BLOCK_OK);
	sample.value.version++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_DAMAGED);
	sample.value = good.value;
	sample.value.nonce++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_DAMAGED);
	sample.value = good.value;
	sample.value.crc++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_DAMAGED);
	sample.value = good.value;
	sample.value.length -= SECTOR_MIN;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_DAMAGED);
	sample.value = good.value;
	sample.value.host++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_MISPLACED);
	sample.value = good.value;
	sample.value.slot++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_MISPLACED);
	free(decoded);
	drop(&good);
}
END_TEST

START_TEST(an_image_cut_short_is_damaged)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	struct sample sample = full_sample();

	for (uint32_t size = 0; size < sample.value.length; size += size < 200 ? 1 : 311) {
		uint8_t *part = malloc(size ? size : 1);

		memcpy(part, sample.image, size);
		ck_assert_int_eq(image_decode(part, size, &sample.value, &small, &cluster,
					      decoded), BLOCK_DAMAGED);
		free(part);
	}
	free(decoded);
	drop(&sample);
}
END_TEST

START_TEST(each_kind_of_damage_has_its_verdict)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	struct sample sample = full_sample();
	struct image_value value;

	ck_assert_int_eq(image_decode(sample.image, sample.value.length, &sample.value, &small,
				      &other_cluster, decoded), BLOCK_DAMAGED);
	ck_assert_int_eq(image_decode_found(sample.image, sample.value.length, HOST + 1, SLOT,
					    &small, &cluster, &value, decoded), BLOCK_MISPLACED);
	sample.image[offsetof(struct block_head, type)] = BLOCK_BEAT;
	reseal(sample.image, sample.value.length, &cluster);
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_MISPLACED);
	sample.image[offsetof(struct block_head, format)]++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_OTHER_FORMAT);
	sample.image[0] ^= 1;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_FOREIGN);
	memset(sample.image, 0, sample.value.length);
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_ZEROED);
	free(decoded);
	drop(&sample);
}
END_TEST

START_TEST(an_image_found_is_named_by_its_value)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	struct sample sample = full_sample();
	struct image_value value;

	ck_assert_int_eq(image_decode_found(sample.image, sample.layout.image_bytes, HOST, SLOT,
					    &small, &cluster, &value, decoded), BLOCK_OK);
	ck_assert(image_value_same(&value, &sample.value));
	ck_assert(tables_same(decoded, sample.tables));
	free(decoded);
	drop(&sample);
}
END_TEST

START_TEST(an_image_of_another_capacity_is_senseless)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	struct sample sample = full_sample();

	sample.layout.capacity.hosts++;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_SENSELESS);
	sample.layout.capacity = small;
	sample.layout.capacity.access--;
	ck_assert_int_eq(decode(&sample, decoded), BLOCK_SENSELESS);
	free(decoded);
	drop(&sample);
}
END_TEST

/*
 * One host "h" in slot 1, one volume "v" in slot 2, a record and a request,
 * in a cluster named "c": where each of them lies in the image.
 */
enum offsets {
	AT_VERSION = 32,
	AT_REQUEST_NEXT = 56,
	AT_IO_TIMEOUT = 64,
	AT_HOSTS_MAX = 68,
	AT_HOST_COUNT = 74,
	AT_VOLUME_COUNT = 76,
	AT_HOST_ROWS = 78,
	AT_VOLUME_ROWS = 80,
	AT_ACCESS_COUNT = 82,
	AT_REQUEST_COUNT = 84,
	AT_NAME = 128,
	AT_HOST = AT_NAME + 3,
	AT_HOST_NAME = AT_HOST + 72,
	AT_VOLUME = AT_HOST_NAME + 3 + 2 + 2,
	AT_VOLUME_NAME = AT_VOLUME + 112,
	AT_ACCESS = AT_VOLUME_NAME + 3 + 7 * 2,
	AT_REQUEST = AT_ACCESS + 12,
	AT_PERSON = AT_REQUEST + 40,
	AT_END = AT_PERSON + 3 * 2,
};
static_assert(AT_END < SECTOR_MIN, "the sample has padding behind it");

static struct sample one_of_each(void)
{
	struct tables *tables = sample_new(&small);

	tables->version = 5;
	tables->request_next = 2;
	sample_put(tables->name, "c");
	tables->host_count = 2;
	tables->hosts[1] = (struct host_row){ .state = ROW_USED, .name = "h" };
	tables->volume_count = 3;
	tables->volumes[2] = (struct volume_row){ .state = ROW_USED, .born = 5, .name = "v" };
	tables->access_count = 1;
	tables->access[0] = (struct access_row){ .volume = 2, .host = 1 };
	tables->request_count = 1;
	tables->requests[0] = (struct request_row){ .id = 1, .volume = 2, .from = 1, .asked = 1 };
	return encode(tables, SECTOR_MIN);
}

START_TEST(rows_lie_where_version_1_put_them)
{
	struct sample sample = one_of_each();

	ck_assert_uint_eq(sample.value.length, SECTOR_MIN);
	ck_assert_uint_eq(sample.image[AT_NAME + 2], 'c');
	ck_assert_uint_eq(sample.image[AT_HOST], 1);
	ck_assert_uint_eq(sample.image[AT_HOST_NAME + 2], 'h');
	ck_assert_uint_eq(sample.image[AT_VOLUME], 2);
	ck_assert_uint_eq(sample.image[AT_VOLUME_NAME + 2], 'v');
	ck_assert_uint_eq(sample.image[AT_ACCESS], 2);
	ck_assert_uint_eq(sample.image[AT_ACCESS + 2], 1);
	ck_assert_uint_eq(sample.image[AT_REQUEST], 1);
	ck_assert_uint_eq(sample.image[AT_REQUEST + 36], 1);
	ck_assert_int_eq(decode_tampered(&sample), BLOCK_OK);
	drop(&sample);
}
END_TEST

/* Another value in each field. */
static const struct host_row distinct_host = {
	.state = ROW_REMOVED,
	.name = "a",
	.logged_on = true,
	.answer = ANSWER_AUTO,
	.weight = 1,
	.groups = "b",
	.domains = "c",
	.machine = { { 2 } },
	.boot = { { 3 } },
	.incarnation = 4,
	.last_sequence = 5,
	.last_result = { .ruling = 6, .value = 7 },
};
static const struct volume_row distinct_volume = {
	.state = ROW_USED,
	.born = 1,
	.name = "a",
	.uuid = "b",
	.mount_point = "c",
	.enabled = true,
	.phase = PHASE_WRITING,
	.writer = { .host = 1, .incarnation = 2, .epoch = 3 },
	.earlier_count = 1,
	.earlier = { { .host = 1, .incarnation = 4, .epoch = 5 } },
	.granted_request = 6,
	.generation = 7,
	.fencing = FENCING_COMMAND,
	.fencing_command = "d",
	.takeover = TAKEOVER_AUTO,
	.fsck = FSCK_AFTER_TAKEOVER,
	.min_hold_ms = 8,
	.busy_above = 9,
	.answer_within_ms = 10,
	.answer_default = true,
	.viewers = VIEWERS_PUBLISHED,
	.quiet_grace_ms = 11,
	.publish_every_ms = 12,
	.view_max = 13,
	.view_max_age_ms = 14,
	.view_lease_max_ms = 15,
	.snapshots_max = 16,
	.snapshots_space = 17,
	.options = "e",
	.weight = 18,
	.group = "f",
	.domains = "g",
	.prefer = "h",
	.balance = true,
};
static const struct request_row distinct_request = {
	.id = 19,
	.volume = 2,
	.from = 1,
	.asked = SLOT_NONE,
	.state = REQUEST_TIMED_OUT,
	.ended_version = 20,
	.posted_s = 21,
	.ended_s = 22,
	.person = "i",
	.text = "j",
	.answer = "k",
};

/* What programs of this format have written before is read, and the other way round. */
START_TEST(version_1_of_an_image_stays)
{
	struct tables *tables = sample_new(&small);
	struct sample sample;

	tables->version = 23;
	tables->openings = 24;
	tables->request_next = 25;
	tables->io_timeout_ms = 26;
	sample_put(tables->name, "l");
	tables->host_count = 2;
	tables->hosts[1] = distinct_host;
	tables->volume_count = 3;
	tables->volumes[2] = distinct_volume;
	tables->access_count = 1;
	tables->access[0] = (struct access_row){
		.volume = 2, .host = 1, .auto_update = true, .write = WRITE_NEVER,
		.check_every_ms = 27,
	};
	tables->request_count = 1;
	tables->requests[0] = distinct_request;
	sample = encode(tables, SECTOR_MIN);
	ck_assert_msg(sample.value.crc == 0x93fdbe6e, "0x%08x", sample.value.crc);
	drop(&sample);
}
END_TEST

/* One byte of the image of one_of_each(), and a value that it can not have. */
static const struct {
	const char *why;
	uint32_t at;
	uint8_t value;
} impossible[] = {
	{ "born after the version", AT_VERSION, 4 },
	{ "a request id that was not given yet", AT_REQUEST_NEXT, 1 },
	{ "another capacity", AT_HOSTS_MAX, 5 },
	{ "more host slots than the capacity", AT_HOST_COUNT, 5 },
	{ "more volume slots than the capacity", AT_VOLUME_COUNT, 4 },
	{ "more records than the capacity", AT_ACCESS_COUNT, 9 },
	{ "more requests than the capacity", AT_REQUEST_COUNT, 17 },
	{ "a host slot above the count", AT_HOST_COUNT, 1 },
	{ "a volume slot above the count", AT_VOLUME_COUNT, 2 },
	{ "fewer host rows than there are", AT_HOST_ROWS, 0 },
	{ "more host rows than there are", AT_HOST_ROWS, 2 },
	{ "fewer volume rows than there are", AT_VOLUME_ROWS, 0 },
	{ "more volume rows than there are", AT_VOLUME_ROWS, 2 },
	{ "fewer records than there are", AT_ACCESS_COUNT, 0 },
	{ "more records than there are", AT_ACCESS_COUNT, 2 },
	{ "fewer requests than there are", AT_REQUEST_COUNT, 0 },
	{ "more requests than there are", AT_REQUEST_COUNT, 2 },
	{ "a zero in the cluster's name", AT_NAME + 2, 0 },
	{ "a name that is none", AT_NAME + 2, '/' },
	{ "a name too long for its field", AT_NAME, 64 },
	{ "a name longer than the block", AT_NAME + 1, 0xff },
	{ "a host row of state free", AT_HOST + 2, ROW_FREE },
	{ "a host row of state 3", AT_HOST + 2, 3 },
	{ "an unknown flag of a host", AT_HOST + 3, 0x08 },
	{ "an answer mode 2", AT_HOST + 4, 2 },
	{ "a zero in a host's name", AT_HOST_NAME + 2, 0 },
	{ "an unknown flag of a volume", AT_VOLUME + 2, 0x20 },
	{ "a phase 3", AT_VOLUME + 4, 3 },
	{ "a writing volume without a writer", AT_VOLUME + 4, PHASE_WRITING },
	{ "a fifth earlier writer", AT_VOLUME + 5, 5 },
	{ "an earlier writer that is not there", AT_VOLUME + 5, 1 },
	{ "a fencing 6", AT_VOLUME + 6, 6 },
	{ "a takeover 2", AT_VOLUME + 7, 2 },
	{ "an fsck 2", AT_VOLUME + 8, 2 },
	{ "viewers 3", AT_VOLUME + 9, 3 },
	{ "a record of a free volume", AT_ACCESS, 1 },
	{ "a record of a volume above the count", AT_ACCESS, 3 },
	{ "a record of a free host", AT_ACCESS + 2, 0 },
	{ "a write mode 2", AT_ACCESS + 4, 2 },
	{ "an unknown flag of a record", AT_ACCESS + 5, 0x04 },
	{ "a request without an id", AT_REQUEST, 0 },
	{ "a request for a free volume", AT_REQUEST + 32, 0 },
	{ "a request from a free host", AT_REQUEST + 34, 0 },
	{ "a request to a free host", AT_REQUEST + 36, 0 },
	{ "a request state 5", AT_REQUEST + 38, 5 },
	{ "a person too long for its field", AT_PERSON, 32 },
	{ "something behind the last row", AT_END, 1 },
	{ "something in the last byte", SECTOR_MIN - 1, 1 },
};

START_TEST(an_impossible_byte_is_senseless)
{
	struct sample sample = one_of_each();
	enum block_verdict verdict;

	sample.image[impossible[_i].at] = impossible[_i].value;
	verdict = decode_tampered(&sample);
	ck_assert_msg(verdict == BLOCK_SENSELESS, "%s: %s", impossible[_i].why,
		      block_verdict_text(verdict));
	drop(&sample);
}
END_TEST

START_TEST(version_0_is_no_version)
{
	struct tables *empty = sample_new(&small);
	struct sample sample;

	empty->version = 1;
	sample = encode(empty, SECTOR_MIN);
	ck_assert_int_eq(decode_tampered(&sample), BLOCK_OK);
	sample.image[AT_VERSION] = 0;
	ck_assert_int_eq(decode_tampered(&sample), BLOCK_SENSELESS);
	drop(&sample);
}
END_TEST

START_TEST(a_zero_io_timeout_is_senseless)
{
	struct sample sample = one_of_each();

	memset(sample.image + AT_IO_TIMEOUT, 0, 4);
	ck_assert_int_eq(decode_tampered(&sample), BLOCK_SENSELESS);
	drop(&sample);
}
END_TEST

START_TEST(a_second_row_of_the_same_slot_is_senseless)
{
	struct sample sample = full_sample();
	const uint32_t host_bytes = 72 + (2 + 63) + 2 * (2 + 127);
	uint32_t first = AT_NAME + 2 + NAME_BYTES_MAX;

	ck_assert_uint_eq(sample.image[first + host_bytes], 1);
	sample.image[first + host_bytes] = 0;
	ck_assert_int_eq(decode_tampered(&sample), BLOCK_SENSELESS);
	sample.image[first] = 1;	/* and out of order */
	ck_assert_int_eq(decode_tampered(&sample), BLOCK_SENSELESS);
	drop(&sample);
}
END_TEST

START_TEST(a_block_too_short_for_any_tables_is_senseless)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	const struct block_place place = { .type = BLOCK_IMAGE, .slot = HOST, .index = SLOT };
	struct image_value value;

	for (uint32_t length = 32; length <= 128; length++) {
		/* Of the exact size, so that a sanitizer sees whoever reads beyond it. */
		uint8_t *block = calloc(1, length);

		block_seal(block, length, place, &cluster);
		ck_assert_int_eq(image_decode_found(block, length, HOST, SLOT, &small, &cluster,
						    &value, decoded), BLOCK_SENSELESS);
		free(block);
	}
	free(decoded);
}
END_TEST

START_TEST(a_block_longer_than_its_contents_by_a_sector_is_senseless)
{
	struct tables *decoded = calloc(1, sizeof(*decoded));
	const struct block_place place = { .type = BLOCK_IMAGE, .slot = HOST, .index = SLOT };
	struct sample sample = one_of_each();
	uint8_t *longer = calloc(3, SECTOR_MAX);
	struct image_value value;

	memcpy(longer, sample.image, AT_END);
	block_seal(longer, AT_END + SECTOR_MAX - 1, place, &cluster);
	ck_assert_int_eq(image_decode_found(longer, 3 * SECTOR_MAX, HOST, SLOT, &small, &cluster,
					    &value, decoded), BLOCK_OK);
	block_seal(longer, AT_END + SECTOR_MAX, place, &cluster);
	ck_assert_int_eq(image_decode_found(longer, 3 * SECTOR_MAX, HOST, SLOT, &small, &cluster,
					    &value, decoded), BLOCK_SENSELESS);
	free(longer);
	free(decoded);
	drop(&sample);
}
END_TEST

static void encode_unsound(void)
{
	struct tables *tables = sample_full(&small);

	tables->requests[0].volume = small.volumes;
	(void)encode(tables, SECTOR_MIN);
}

START_TEST(unsound_tables_never_become_an_image)
{
	encode_unsound();
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("image");

	tcase_add_test(tests, random_tables_come_back_the_same);
	tcase_add_test(tests, what_is_encoded_twice_is_byte_for_byte_the_same);
	tcase_add_test(tests, the_fullest_tables_fill_the_largest_image_to_the_last_byte);
	tcase_add_test(tests, rows_that_the_memory_held_before_are_free_afterwards);
	tcase_add_test(tests, no_single_wrong_bit_passes);
	tcase_add_test(tests, an_image_that_the_value_does_not_name_was_overtaken);
	tcase_add_test(tests, an_image_cut_short_is_damaged);
	tcase_add_test(tests, each_kind_of_damage_has_its_verdict);
	tcase_add_test(tests, an_image_found_is_named_by_its_value);
	tcase_add_test(tests, an_image_of_another_capacity_is_senseless);
	tcase_add_test(tests, rows_lie_where_version_1_put_them);
	tcase_add_test(tests, version_1_of_an_image_stays);
	tcase_add_loop_test(tests, an_impossible_byte_is_senseless, 0,
			    sizeof(impossible) / sizeof(impossible[0]));
	tcase_add_test(tests, version_0_is_no_version);
	tcase_add_test(tests, a_zero_io_timeout_is_senseless);
	tcase_add_test(tests, a_second_row_of_the_same_slot_is_senseless);
	tcase_add_test(tests, a_block_too_short_for_any_tables_is_senseless);
	tcase_add_test(tests, a_block_longer_than_its_contents_by_a_sector_is_senseless);
	tcase_add_test_raise_signal(tests, unsound_tables_never_become_an_image, SIGABRT);
	return unit_run("image", tests);
}
