/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The blocks that are one record in one sector: superblock, hint, ballot, beat, join request.
 * What is particular to ballots and beats is in unit_ballot.c and unit_beat.c.
 */
#include "tables/ballot.h"
#include "tables/beat.h"
#include "tables/hint.h"
#include "tables/join.h"
#include "tables/layout.h"
#include "tables/super.h"
#include "tests/chance.h"
#include "tests/reseal.h"
#include "tests/unit.h"

#define HOST 5
#define INDEX 1

static const struct id128 cluster = { { 0xc1, 0x05, 0x7e, 0x12 } };
static const struct id128 other_cluster = { { 0xc1, 0x05, 0x7e, 0x13 } };
static const struct capacity capacity = { .hosts = 8, .volumes = 16, .access = 64 };
static const uint32_t sector_sizes[] = { SECTOR_MIN, SECTOR_MAX };

/* How the tests that are the same for all records handle one of them. */
struct record {
	const char *name;
	bool names_cluster;	/* the superblock: the cluster is its own */
	/* A random valid record, encoded. */
	void (*make)(struct chance *chance, uint32_t sector_size, uint8_t *sector);
	/* Decode the @size bytes; encode what was decoded into @ret_again. */
	enum block_verdict (*judge)(const uint8_t *sector, uint32_t size,
				    const struct id128 *cluster, uint8_t *ret_again);
};

static bool coin(struct chance *chance)
{
	return chance_below(chance, 2) == 1;
}

static struct super make_super(struct chance *chance, uint32_t sector_size)
{
	struct super super = {
		.cluster = cluster,
		.sector_size = sector_size,
		.capacity = {
			.hosts = (uint16_t)(1 + chance_below(chance, HOSTS_MAX)),
			.volumes = (uint16_t)(1 + chance_below(chance, VOLUMES_MAX)),
			.access = (uint16_t)(1 + chance_below(chance, ACCESS_MAX)),
		},
		.created_s = chance_draw(chance),
	};
	struct layout layout;

	ck_assert_int_eq(layout_make(&layout, sector_size, &super.capacity), 0);
	super.total_bytes = layout.total_bytes;
	return super;
}

static void super_make(struct chance *chance, uint32_t sector_size, uint8_t *sector)
{
	struct super super = make_super(chance, sector_size);

	super_encode(&super, INDEX, sector);
}

static enum block_verdict super_judge(const uint8_t *sector, uint32_t size,
				      const struct id128 *of, uint8_t *ret_again)
{
	struct super super;
	enum block_verdict verdict = super_decode(sector, size, INDEX, &super);

	(void)of;
	if (verdict == BLOCK_OK)
		super_encode(&super, INDEX, ret_again);
	return verdict;
}

static void hint_make(struct chance *chance, uint32_t sector_size, uint8_t *sector)
{
	const struct hint hint = {
		.version = chance_draw(chance),
		.balloting = coin(chance) ? SLOT_NONE : (uint16_t)chance_below(chance, HOSTS_MAX),
		.since_s = chance_draw(chance),
		.notices = chance_draw(chance),
	};

	hint_encode(&hint, sector_size, &cluster, sector);
}

static enum block_verdict hint_judge(const uint8_t *sector, uint32_t size,
				     const struct id128 *of, uint8_t *ret_again)
{
	struct hint hint;
	enum block_verdict verdict = hint_decode(sector, size, of, &hint);

	if (verdict == BLOCK_OK)
		hint_encode(&hint, size, of, ret_again);
	return verdict;
}

static struct image_value make_value(struct chance *chance, uint64_t version)
{
	return (struct image_value){
		.version = version,
		.nonce = chance_draw(chance),
		.length = SECTOR_MAX,
		.crc = (uint32_t)chance_draw(chance),
		.host = (uint16_t)chance_below(chance, capacity.hosts),
		.slot = (uint16_t)chance_below(chance, IMAGE_SLOTS),
	};
}

static struct ballot make_ballot(struct chance *chance)
{
	uint64_t instance = 2 + chance_below(chance, UINT64_MAX - 2);
	struct ballot ballot = {
		.sequence = (chance_draw(chance) & ~1ULL) | INDEX,
		.incarnation = chance_draw(chance),
		.instance = instance,
		.mbal = chance_draw(chance),
		.decided = instance - chance_below(chance, 2),
		.late = coin(chance),
	};

	ballot.decided_value = make_value(chance, ballot.decided);
	if (ballot.mbal != 0 && coin(chance)) {
		ballot.bal = 1 + chance_below(chance, ballot.mbal);
		ballot.value = make_value(chance, instance);
	}
	if (coin(chance)) {
		ballot.own = make_value(chance, instance);
		ballot.own.host = HOST;
	}
	return ballot;
}

static void ballot_make(struct chance *chance, uint32_t sector_size, uint8_t *sector)
{
	struct ballot ballot = make_ballot(chance);

	ballot_encode(&ballot, HOST, sector_size, &cluster, sector);
}

static enum block_verdict ballot_judge(const uint8_t *sector, uint32_t size,
				       const struct id128 *of, uint8_t *ret_again)
{
	struct ballot ballot;
	enum block_verdict verdict = ballot_decode(sector, HOST, INDEX, size, &capacity, of,
						   &ballot);

	if (verdict == BLOCK_OK)
		ballot_encode(&ballot, HOST, size, of, ret_again);
	return verdict;
}

static struct beat make_beat(struct chance *chance, uint16_t volume_count)
{
	struct beat beat = {
		.incarnation = chance_draw(chance),
		.counter = chance_draw(chance),
		.io_timeout_ms = (uint32_t)chance_draw(chance),
		.latency_us = (uint32_t)chance_draw(chance),
		.logged_off = coin(chance),
		.suspended = coin(chance),
		.version = chance_draw(chance),
		.volume_count = volume_count,
	};

	chance_fill(chance, &beat.boot, sizeof(beat.boot));
	chance_fill(chance, &beat.machine, sizeof(beat.machine));
	return beat;
}

static void beat_make(struct chance *chance, uint32_t sector_size, uint8_t *sector)
{
	struct beat beat = make_beat(chance, 0);

	beat_encode(&beat, NULL, HOST, sector_size, &cluster, sector);
}

static enum block_verdict beat_judge(const uint8_t *sector, uint32_t size,
				     const struct id128 *of, uint8_t *ret_again)
{
	struct beat beat;
	enum block_verdict verdict = beat_decode(sector, HOST, size, &capacity, of, &beat);

	if (verdict == BLOCK_OK)
		beat_encode(&beat, NULL, HOST, size, of, ret_again);
	return verdict;
}

static void join_make(struct chance *chance, uint32_t sector_size, uint8_t *sector)
{
	struct join join = { .asked_s = chance_draw(chance) };
	uint64_t len = chance_below(chance, NAME_BYTES_MAX + 1);

	chance_fill(chance, &join.machine, sizeof(join.machine));
	memset(join.name, 'x', len);
	join_encode(&join, INDEX, sector_size, &cluster, sector);
}

static enum block_verdict join_judge(const uint8_t *sector, uint32_t size,
				     const struct id128 *of, uint8_t *ret_again)
{
	struct join join;
	enum block_verdict verdict = join_decode(sector, INDEX, size, of, &join);

	if (verdict == BLOCK_OK)
		join_encode(&join, INDEX, size, of, ret_again);
	return verdict;
}

static const struct record records[] = {
	{ "superblock", true, super_make, super_judge },
	{ "hint", false, hint_make, hint_judge },
	{ "ballot", false, ballot_make, ballot_judge },
	{ "beat", false, beat_make, beat_judge },
	{ "join", false, join_make, join_judge },
};
#define RECORD_COUNT ((int)(sizeof(records) / sizeof(records[0])))

static uint8_t sector[SECTOR_MAX];
static uint8_t again[SECTOR_MAX];

/* The rest of this file changes `sector`, and expects a verdict. */
static void expect(const struct record *record, uint32_t size, enum block_verdict expected)
{
	enum block_verdict verdict = record->judge(sector, size, &cluster, again);

	ck_assert_msg(verdict == expected, "%s of %u bytes: \"%s\" instead of \"%s\"",
		      record->name, size, block_verdict_text(verdict),
		      block_verdict_text(expected));
}

static void make(const struct record *record, uint32_t size, uint64_t seed)
{
	struct chance chance = { .state = seed };

	record->make(&chance, size, sector);
	expect(record, size, BLOCK_OK);
}

static void put16(size_t offset, uint16_t value)
{
	le16_t field = le16(value);

	memcpy(sector + offset, &field, sizeof(field));
}

static void put32(size_t offset, uint32_t value)
{
	le32_t field = le32(value);

	memcpy(sector + offset, &field, sizeof(field));
}

START_TEST(what_is_encoded_decodes_to_the_same)
{
	struct chance chance = { .state = (uint64_t)_i };

	for (size_t s = 0; s < 2; s++)
		for (int round = 0; round < 2000; round++) {
			records[_i].make(&chance, sector_sizes[s], sector);
			expect(&records[_i], sector_sizes[s], BLOCK_OK);
			ck_assert_mem_eq(sector, again, sector_sizes[s]);
		}
}
END_TEST

START_TEST(no_single_wrong_bit_passes)
{
	for (size_t s = 0; s < 2; s++) {
		make(&records[_i], sector_sizes[s], 11);
		for (uint32_t bit = 0; bit < sector_sizes[s] * 8; bit++) {
			sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ck_assert_int_ne(records[_i].judge(sector, sector_sizes[s], &cluster,
							   again),
					 BLOCK_OK);
			sector[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		expect(&records[_i], sector_sizes[s], BLOCK_OK);
	}
}
END_TEST

START_TEST(a_torn_sector_is_damaged)
{
	static uint8_t newer[SECTOR_MAX];
	struct chance chance = { .state = 12 };

	make(&records[_i], SECTOR_MIN, 13);
	records[_i].make(&chance, SECTOR_MIN, newer);
	for (size_t cut = 64; cut <= 128; cut += 64) {
		make(&records[_i], SECTOR_MIN, 13);
		memcpy(sector, newer, 32);
		memcpy(sector + cut, newer + cut, SECTOR_MIN - cut);
		expect(&records[_i], SECTOR_MIN, BLOCK_DAMAGED);
	}
}
END_TEST

START_TEST(a_sector_that_was_read_in_part_is_damaged)
{
	make(&records[_i], SECTOR_MAX, 14);
	for (uint32_t size = 0; size < SECTOR_MAX; size++) {
		/* Of the exact size, so that a sanitizer sees whoever reads beyond it. */
		uint8_t *part = malloc(size ? size : 1);

		memcpy(part, sector, size);
		ck_assert_int_eq(records[_i].judge(part, size, &cluster, again), BLOCK_DAMAGED);
		free(part);
	}
	make(&records[_i], SECTOR_MIN, 14);
	expect(&records[_i], SECTOR_MIN - 1, BLOCK_DAMAGED);
}
END_TEST

START_TEST(a_sector_of_zeroes_is_lost)
{
	for (size_t s = 0; s < 2; s++) {
		memset(sector, 0, sizeof(sector));
		expect(&records[_i], sector_sizes[s], BLOCK_ZEROED);
	}
}
END_TEST

START_TEST(a_sector_of_somebody_else_is_foreign)
{
	struct chance chance = { .state = 15 };

	for (int round = 0; round < 1000; round++) {
		chance_fill(&chance, sector, sizeof(sector));
		expect(&records[_i], SECTOR_MIN, BLOCK_FOREIGN);
	}
}
END_TEST

START_TEST(a_sector_of_another_format_says_so)
{
	make(&records[_i], SECTOR_MIN, 16);
	put16(offsetof(struct block_head, format), FORMAT_VERSION + 1);
	reseal(sector, SECTOR_MIN, &cluster);
	expect(&records[_i], SECTOR_MIN, BLOCK_OTHER_FORMAT);
}
END_TEST

START_TEST(a_sector_of_another_type_slot_or_index_is_misplaced)
{
	static const size_t fields[] = {
		offsetof(struct block_head, type),
		offsetof(struct block_head, slot),
		offsetof(struct block_head, index),
	};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		for (uint16_t value = 7; value < 10; value++) {
			make(&records[_i], SECTOR_MIN, 17);
			put16(fields[i], value);
			reseal(sector, SECTOR_MIN, &cluster);
			expect(&records[_i], SECTOR_MIN, BLOCK_MISPLACED);
		}
}
END_TEST

START_TEST(a_sector_of_another_cluster_is_damaged)
{
	make(&records[_i], SECTOR_MIN, 18);
	if (!records[_i].names_cluster)
		ck_assert_int_eq(records[_i].judge(sector, SECTOR_MIN, &other_cluster, again),
				 BLOCK_DAMAGED);
	/* The superblock names its cluster: it can be told when that is overwritten. */
	reseal(sector, SECTOR_MIN, &other_cluster);
	expect(&records[_i], SECTOR_MIN, BLOCK_DAMAGED);
}
END_TEST

START_TEST(a_record_that_does_not_fill_its_sector_is_senseless)
{
	make(&records[_i], SECTOR_MIN, 19);
	put32(offsetof(struct block_head, length), SECTOR_MIN - 8);
	reseal(sector, SECTOR_MIN, &cluster);
	expect(&records[_i], SECTOR_MIN, BLOCK_SENSELESS);
}
END_TEST

START_TEST(reserved_bytes_are_written_as_zero_and_ignored_when_read)
{
	make(&records[_i], SECTOR_MIN, 20);
	for (size_t i = 200; i < SECTOR_MIN; i++)
		ck_assert_uint_eq(sector[i], 0);
	memset(sector + 200, 0xff, SECTOR_MIN - 200);
	reseal(sector, SECTOR_MIN, &cluster);
	expect(&records[_i], SECTOR_MIN, BLOCK_OK);
}
END_TEST

START_TEST(a_refused_record_leaves_the_result_untouched)
{
	static const struct super no_super;
	static const struct hint no_hint;
	static const struct ballot no_ballot;
	static const struct beat no_beat;
	static const struct join no_join;
	struct super super = no_super;
	struct hint hint = no_hint;
	struct ballot ballot = no_ballot;
	struct beat beat = no_beat;
	struct join join = no_join;

	make(&records[_i], SECTOR_MIN, 21);
	sector[150] ^= 1;
	ck_assert_int_ne(super_decode(sector, SECTOR_MIN, INDEX, &super), BLOCK_OK);
	ck_assert_int_ne(hint_decode(sector, SECTOR_MIN, &cluster, &hint), BLOCK_OK);
	ck_assert_int_ne(ballot_decode(sector, HOST, INDEX, SECTOR_MIN, &capacity, &cluster,
				       &ballot), BLOCK_OK);
	ck_assert_int_ne(beat_decode(sector, HOST, SECTOR_MIN, &capacity, &cluster, &beat),
			 BLOCK_OK);
	ck_assert_int_ne(join_decode(sector, INDEX, SECTOR_MIN, &cluster, &join), BLOCK_OK);
	ck_assert_mem_eq(&super, &no_super, sizeof(super));
	ck_assert_mem_eq(&hint, &no_hint, sizeof(hint));
	ck_assert_mem_eq(&ballot, &no_ballot, sizeof(ballot));
	ck_assert_mem_eq(&beat, &no_beat, sizeof(beat));
	ck_assert_mem_eq(&join, &no_join, sizeof(join));
}
END_TEST

/* Superblock. */

static enum block_verdict judge_super(const struct super *super)
{
	struct super decoded;

	super_encode(super, 0, sector);
	return super_decode(sector, super->sector_size, 0, &decoded);
}

START_TEST(a_superblock_is_found_by_a_read_of_the_larger_sector)
{
	struct chance chance = { .state = 30 };
	struct super super = make_super(&chance, SECTOR_MIN);
	struct super decoded;

	super_encode(&super, 0, sector);
	memset(sector + SECTOR_MIN, 0, SECTOR_MAX - SECTOR_MIN);
	ck_assert_int_eq(super_decode(sector, SECTOR_MAX, 0, &decoded), BLOCK_OK);
	ck_assert_mem_eq(&decoded.cluster, &cluster, sizeof(cluster));
	ck_assert_uint_eq(decoded.sector_size, SECTOR_MIN);
	ck_assert_uint_eq(decoded.total_bytes, super.total_bytes);
}
END_TEST

START_TEST(a_superblock_that_lays_out_no_device_is_senseless)
{
	struct chance chance = { .state = 31 };
	const struct super good = make_super(&chance, SECTOR_MIN);
	struct super super = good;

	ck_assert_int_eq(judge_super(&super), BLOCK_OK);
	super.capacity.hosts = HOSTS_MAX + 1;
	ck_assert_int_eq(judge_super(&super), BLOCK_SENSELESS);
	super = good;
	super.capacity.volumes = 0;
	ck_assert_int_eq(judge_super(&super), BLOCK_SENSELESS);
	super = good;
	super.capacity.access = ACCESS_MAX + 1;
	ck_assert_int_eq(judge_super(&super), BLOCK_SENSELESS);
	super = good;
	super.total_bytes--;
	ck_assert_int_eq(judge_super(&super), BLOCK_SENSELESS);
	super = good;
	super.sector_size = 1024;
	ck_assert_int_eq(judge_super(&super), BLOCK_SENSELESS);
}
END_TEST

START_TEST(a_superblock_that_says_another_size_than_its_own_is_senseless)
{
	struct chance chance = { .state = 32 };
	struct super super = make_super(&chance, SECTOR_MAX);

	super_encode(&super, 0, sector);
	put32(48, SECTOR_MIN);
	reseal(sector, SECTOR_MAX, &cluster);
	ck_assert_int_eq(super_decode(sector, SECTOR_MAX, 0, &super), BLOCK_SENSELESS);
}
END_TEST

START_TEST(a_needed_feature_that_we_do_not_know_is_another_format)
{
	struct chance chance = { .state = 33 };
	struct super super = make_super(&chance, SECTOR_MIN);

	super.features_needed = 1u << 31;
	ck_assert_int_eq(judge_super(&super), BLOCK_OTHER_FORMAT);
	super.capacity.hosts = 0;
	ck_assert_int_eq(judge_super(&super), BLOCK_OTHER_FORMAT);
}
END_TEST

/* Hint and join request. */

START_TEST(a_hint_that_names_no_possible_host_is_senseless)
{
	struct hint hint = { .version = 1, .balloting = HOSTS_MAX - 1 };

	hint_encode(&hint, SECTOR_MIN, &cluster, sector);
	ck_assert_int_eq(hint_decode(sector, SECTOR_MIN, &cluster, &hint), BLOCK_OK);
	hint.balloting = HOSTS_MAX;
	hint_encode(&hint, SECTOR_MIN, &cluster, sector);
	ck_assert_int_eq(hint_decode(sector, SECTOR_MIN, &cluster, &hint), BLOCK_SENSELESS);
	hint.balloting = SLOT_NONE;
	hint_encode(&hint, SECTOR_MIN, &cluster, sector);
	ck_assert_int_eq(hint_decode(sector, SECTOR_MIN, &cluster, &hint), BLOCK_OK);
}
END_TEST

START_TEST(a_join_request_without_a_proper_name_is_senseless)
{
	static const char *const names[] = { "a b", "\x1b[2J", "caf\xc3\xa9", "a/b" };
	const struct record *record = &records[RECORD_COUNT - 1];
	struct join join = { .asked_s = 1 };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		strncpy(join.name, names[i], NAME_BYTES_MAX);
		join_encode(&join, INDEX, SECTOR_MIN, &cluster, sector);
		expect(record, SECTOR_MIN, BLOCK_SENSELESS);
	}
	join.name[0] = '\0';
	join_encode(&join, INDEX, SECTOR_MIN, &cluster, sector);
	expect(record, SECTOR_MIN, BLOCK_OK);
	sector[56 + 10] = 'x';			/* something behind the end of the name */
	reseal(sector, SECTOR_MIN, &cluster);
	expect(record, SECTOR_MIN, BLOCK_SENSELESS);
	memset(sector + 56, 'x', NAME_BYTES_MAX + 1);	/* no end at all */
	reseal(sector, SECTOR_MIN, &cluster);
	expect(record, SECTOR_MIN, BLOCK_SENSELESS);
}
END_TEST

/*
 * What programs of this format have written before is read, and the other way
 * round: records with another value in each field, and the checksum that
 * version 1 gives them.
 */

static void expect_checksum(uint32_t expected)
{
	struct block_head head;

	memcpy(&head, sector, sizeof(head));
	ck_assert_msg(le32_get(head.crc) == expected, "0x%08x instead of 0x%08x",
		      le32_get(head.crc), expected);
}

START_TEST(version_1_of_superblock_hint_and_join_stays)
{
	const struct super super = {
		.cluster = cluster,
		.sector_size = SECTOR_MIN,
		.capacity = { .hosts = 8, .volumes = 16, .access = 64 },
		.total_bytes = 0x1122334455667788,
		.created_s = 0x99aabbccddeeff00,
		.features_needed = 0x12345678,
	};
	const struct hint hint = { .version = 1, .balloting = 2, .since_s = 3, .notices = 4 };
	const struct join join = { .name = "edit1", .machine = { { 5, 6 } }, .asked_s = 7 };

	super_encode(&super, 1, sector);
	expect_checksum(0x83a86a5e);
	hint_encode(&hint, SECTOR_MIN, &cluster, sector);
	expect_checksum(0x3b935849);
	join_encode(&join, 3, SECTOR_MIN, &cluster, sector);
	expect_checksum(0x8439f41c);
}
END_TEST

START_TEST(version_1_of_ballot_and_beat_stays)
{
	const struct ballot ballot = {
		.sequence = 1,
		.incarnation = 2,
		.instance = 3,
		.mbal = 4,
		.bal = 5,
		.value = { 6, 7, 8, 9, 10, 11 },
		.own = { 12, 13, 14, 15, 16, 17 },
		.decided = 18,
		.decided_value = { 19, 20, 21, 22, 23, 24 },
		.late = true,
	};
	const struct beat beat = {
		.incarnation = 1,
		.counter = 2,
		.boot = { { 3, 4 } },
		.machine = { { 5, 6 } },
		.io_timeout_ms = 7,
		.latency_us = 8,
		.suspended = true,
		.version = 9,
		.volume_count = 1,
	};
	const struct beat_volume volume = {
		.born = 1,
		.mount = BEAT_WRITING,
		.device_seen = true,
		.protections = 2,
		.generation = 3,
		.free_mib = 4,
		.total_mib = 5,
	};

	ballot_encode(&ballot, HOST, SECTOR_MIN, &cluster, sector);
	expect_checksum(0x8698b3d8);
	beat_encode(&beat, &volume, HOST, SECTOR_MIN, &cluster, sector);
	expect_checksum(0x2ce7a875);
	memcpy(sector, sector + SECTOR_MIN, SECTOR_MIN);
	expect_checksum(0x5c49fe90);
}
END_TEST

static void add_tests_of_all(TCase *tests)
{
	tcase_add_loop_test(tests, what_is_encoded_decodes_to_the_same, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, no_single_wrong_bit_passes, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_torn_sector_is_damaged, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_sector_that_was_read_in_part_is_damaged, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_sector_of_zeroes_is_lost, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_sector_of_somebody_else_is_foreign, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_sector_of_another_format_says_so, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_sector_of_another_type_slot_or_index_is_misplaced, 0,
			    RECORD_COUNT);
	tcase_add_loop_test(tests, a_sector_of_another_cluster_is_damaged, 0, RECORD_COUNT);
	tcase_add_loop_test(tests, a_record_that_does_not_fill_its_sector_is_senseless, 0,
			    RECORD_COUNT);
	tcase_add_loop_test(tests, reserved_bytes_are_written_as_zero_and_ignored_when_read, 0,
			    RECORD_COUNT);
	tcase_add_loop_test(tests, a_refused_record_leaves_the_result_untouched, 0, RECORD_COUNT);
}

int main(void)
{
	TCase *tests = tcase_create("records");

	add_tests_of_all(tests);
	tcase_add_test(tests, version_1_of_superblock_hint_and_join_stays);
	tcase_add_test(tests, version_1_of_ballot_and_beat_stays);
	tcase_add_test(tests, a_superblock_is_found_by_a_read_of_the_larger_sector);
	tcase_add_test(tests, a_superblock_that_lays_out_no_device_is_senseless);
	tcase_add_test(tests, a_superblock_that_says_another_size_than_its_own_is_senseless);
	tcase_add_test(tests, a_needed_feature_that_we_do_not_know_is_another_format);
	tcase_add_test(tests, a_hint_that_names_no_possible_host_is_senseless);
	tcase_add_test(tests, a_join_request_without_a_proper_name_is_senseless);
	return unit_run("records", tests);
}
