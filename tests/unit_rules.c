/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/rules.h"

#include <string.h>

#include "tables/sound.h"
#include "tests/unit.h"

enum { A, B, C, HOSTS };		/* hosts, by slot */
enum { MEDIA, WORK, OLD, SHUT, LOCKED, VOLUMES };	/* volumes, by slot */

static const struct capacity capacity = { .hosts = 4, .volumes = 5, .access = 8 };
static const struct id128 boot_1 = { { 1 } };
static const struct id128 boot_2 = { { 2 } };

static struct tables *now;
static struct tables *next;
static struct outcome outcome;
static uint64_t incarnations[HOSTS + 1];
static uint64_t sequences[HOSTS + 1];

/* Put a text, which fits, into a field. */
static void put_field(char *field, const char *text)
{
	memcpy(field, text, strlen(text) + 1);
}

static bool identical(const struct tables *a, const struct tables *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

/*
 * Apply a change to `now`, which becomes what it made.  Whatever the rule:
 * a change is one version, sound, recorded and not made twice; all else
 * leaves every byte as it was.
 */
static enum ruling apply(const struct change *change)
{
	struct outcome again;

	rule_apply(now, change, next, &outcome);
	if (ruling_is_change(outcome.ruling)) {
		struct tables *before = now;

		ck_assert_uint_eq(next->version, now->version + 1);
		now = next;
		next = before;
		ck_assert_pstr_eq(tables_fault(now), NULL);
		ck_assert(rule_applied(now, change, &again));
		ck_assert_int_eq(again.ruling, outcome.ruling);
		ck_assert_uint_eq(again.value, outcome.value);
		rule_apply(now, change, next, &again);
		ck_assert_int_eq(again.ruling, outcome.ruling);
		ck_assert_uint_eq(again.value, outcome.value);
	}
	ck_assert(identical(next, now));
	return outcome.ruling;
}

/* The next change of a host, about a volume's present record and right. */
static struct change by(uint16_t host, enum change_kind kind)
{
	return (struct change) {
		.host = host,
		.incarnation = incarnations[host],
		.sequence = ++sequences[host],
		.kind = kind,
		.now_s = 1000,
	};
}

static struct change about(uint16_t host, enum change_kind kind, uint16_t volume)
{
	struct change change = by(host, kind);

	change.volume = volume;
	change.volume_born = now->volumes[volume].born;
	change.epoch = now->volumes[volume].writer.epoch;
	return change;
}

static enum ruling logon_keeping(uint16_t host, struct id128 boot, uint8_t kept)
{
	struct change change;

	incarnations[host] += 100;
	sequences[host] = 0;
	change = by(host, CHANGE_LOGON);
	change.machine.bytes[0] = (uint8_t)(host + 1);
	change.boot = boot;
	change.kept_volumes[0] = kept;
	return apply(&change);
}

static enum ruling logon(uint16_t host)
{
	return logon_keeping(host, boot_1, 0);
}

static enum ruling logoff(uint16_t host)
{
	struct change change = by(host, CHANGE_LOGOFF);

	return apply(&change);
}

static enum ruling ask(uint16_t host, uint16_t volume, const char *text)
{
	struct change change = about(host, CHANGE_REQUEST, volume);

	put_field(change.text, text);
	put_field(change.person, "ann");
	return apply(&change);
}

/* The id of the request that the host has just posted. */
static uint64_t asked(uint16_t host, uint16_t volume)
{
	ck_assert_int_eq(ask(host, volume, "please"), RULING_DONE);
	return outcome.value;
}

static enum ruling on_request(uint16_t host, enum change_kind kind, uint64_t id, const char *text)
{
	struct change change = by(host, kind);

	change.request = id;
	put_field(change.text, text);
	return apply(&change);
}

static enum ruling give(uint16_t host, uint16_t volume, uint64_t request, uint64_t generation)
{
	struct change change = about(host, CHANGE_GIVE, volume);

	change.request = request;
	change.generation = generation;
	put_field(change.text, "yours");
	return apply(&change);
}

static enum ruling confirm(uint16_t host, uint16_t volume)
{
	struct change change = about(host, CHANGE_CONFIRM, volume);

	return apply(&change);
}

static enum ruling give_back(uint16_t host, uint16_t volume)
{
	struct change change = about(host, CHANGE_RETURN, volume);

	put_field(change.text, "no such device");
	return apply(&change);
}

static enum ruling edit(enum form_mode mode, uint64_t base, const char *text)
{
	struct change change = by(A, CHANGE_FORM);

	change.administrator = true;
	change.form_mode = mode;
	change.base_version = base;
	change.form = text;
	change.form_len = strlen(text);
	return apply(&change);
}

static enum ruling admin(enum change_kind kind, const char *name)
{
	struct change change = by(A, kind);

	change.administrator = true;
	change.machine.bytes[0] = 9;
	put_field(change.name, name);
	return apply(&change);
}

/* The host has the volume, mounted. */
static void make_writer(uint16_t host, uint16_t volume)
{
	ck_assert_int_eq(ask(host, volume, ""), RULING_GRANTED);
	ck_assert_int_eq(confirm(host, volume), RULING_DONE);
}

static const struct request_row *request(uint64_t id)
{
	const struct request_row *row = tables_request_const(now, id);

	ck_assert_ptr_nonnull(row);
	return row;
}

static void ck_ended(uint64_t id, enum request_state state, const char *answer)
{
	ck_assert_int_eq(request(id)->state, state);
	ck_assert_str_eq(request(id)->answer, answer);
	if (state == REQUEST_WAITING)
		ck_assert_uint_eq(request(id)->ended_version, 0);
	else
		ck_assert_uint_ne(request(id)->ended_version, 0);
}

static void ck_writer(uint16_t volume, uint16_t host, enum volume_phase phase)
{
	const struct volume_row *row = &now->volumes[volume];

	ck_assert_int_eq(row->phase, phase);
	if (phase == PHASE_FREE) {
		ck_assert_uint_eq(row->writer.epoch, 0);
		return;
	}
	ck_assert_uint_eq(row->writer.host, host);
	ck_assert_uint_eq(row->writer.incarnation, now->hosts[host].incarnation);
}

static const char *const text_whole =
	"[cluster]\nname = studio\n[host a]\n[host b]\n[host c]\n"
	"[volume media]\nuuid = AA-01\nmount-point = /volumes/media\n"
	"[volume work]\nuuid = AA-02\nmount-point = /volumes/work\n"
	"[volume old]\nuuid = AA-03\nmount-point = /volumes/old\nenabled = no\n"
	"[volume shut]\nuuid = AA-04\nmount-point = /volumes/shut\n"
	"[volume locked]\nuuid = AA-05\nmount-point = /volumes/locked\n"
	"[access shut c]\nmount = no\n[access locked c]\nwrite = never\n";

static void setup(void)
{
	now = calloc(1, sizeof(*now));
	next = calloc(1, sizeof(*next));
	tables_init(now, &capacity);
	form_apply(now, text_whole, strlen(text_whole), FORM_WHOLE, &outcome.errors);
	ck_assert_uint_eq(outcome.errors.count, 0);
	now->version = 1;
	for (uint16_t host = 0; host < HOSTS; host++) {
		incarnations[host] = host + 1U;
		ck_assert_int_eq(logon(host), RULING_DONE);
	}
}

static void teardown(void)
{
	free(now);
	free(next);
}

/* Who may change, and once. */

START_TEST(only_a_host_with_a_row_changes_anything)
{
	struct change change = about(3, CHANGE_REQUEST, MEDIA);

	ck_assert_int_eq(apply(&change), RULING_NO_SUCH_HOST);
	change.host = SLOT_NONE;
	ck_assert_int_eq(apply(&change), RULING_NO_SUCH_HOST);
	now->hosts[B].logged_on = false;
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "b"), RULING_DONE);
	ck_assert_int_eq(ask(B, MEDIA, ""), RULING_NO_SUCH_HOST);
	ck_assert_int_eq(logon(B), RULING_NO_SUCH_HOST);
}
END_TEST

START_TEST(only_the_present_incarnation_of_a_host_that_is_logged_on_changes_anything)
{
	struct change ghost = about(B, CHANGE_REQUEST, MEDIA);

	ghost.incarnation--;
	ck_assert_int_eq(apply(&ghost), RULING_NOT_LOGGED_ON);
	ck_assert_int_eq(logoff(B), RULING_DONE);
	ck_assert_int_eq(ask(B, MEDIA, ""), RULING_NOT_LOGGED_ON);
	ck_assert_int_eq(logoff(B), RULING_NOT_LOGGED_ON);
}
END_TEST

START_TEST(a_repeated_change_is_answered_with_its_result_and_changes_nothing)
{
	struct change change = about(A, CHANGE_REQUEST, MEDIA);
	uint64_t version;

	ck_assert_int_eq(apply(&change), RULING_GRANTED);
	version = now->version;
	ck_assert_int_eq(give(A, MEDIA, 0, 0), RULING_DONE);
	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	change = about(B, CHANGE_REQUEST, MEDIA);
	ck_assert_int_eq(apply(&change), RULING_GRANTED);
	rule_apply(now, &change, next, &outcome);
	ck_assert_int_eq(outcome.ruling, RULING_GRANTED);
	ck_assert_uint_eq(outcome.value, now->volumes[MEDIA].granted_request);
	ck_assert_uint_eq(next->version, now->version);
	ck_assert_uint_eq(now->version, version + 3);
}
END_TEST

START_TEST(a_change_older_than_the_last_one_is_out_of_order)
{
	struct change old = about(A, CHANGE_REQUEST, MEDIA);

	ck_assert_int_eq(ask(A, WORK, ""), RULING_GRANTED);
	ck_assert_int_eq(apply(&old), RULING_OUT_OF_ORDER);
	ck_assert(!rule_applied(now, &old, &outcome));
}
END_TEST

START_TEST(a_refused_change_is_not_recorded)
{
	uint64_t last = now->hosts[C].last_sequence;

	ck_assert_int_eq(ask(C, LOCKED, ""), RULING_LOCKED_OUT);
	ck_assert_uint_eq(now->hosts[C].last_sequence, last);
	ck_assert_int_eq(ask(C, LOCKED, ""), RULING_LOCKED_OUT);
}
END_TEST

START_TEST(an_edit_is_an_administrators)
{
	static const enum change_kind kinds[] = { CHANGE_FORM, CHANGE_REMOVE_HOST,
						  CHANGE_REMOVE_VOLUME, CHANGE_APPROVE,
						  CHANGE_TRUST_MACHINE };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct change change = by(A, kinds[i]);

		put_field(change.name, "b");
		ck_assert_int_eq(apply(&change), RULING_NOT_ADMINISTRATOR);
	}
}
END_TEST

START_TEST(a_change_about_a_volume_that_is_gone_is_refused)
{
	struct change change = about(A, CHANGE_REQUEST, MEDIA);

	change.volume_born++;
	ck_assert_int_eq(apply(&change), RULING_NO_SUCH_VOLUME);
	change = about(A, CHANGE_REQUEST, MEDIA);
	change.volume = VOLUMES;
	ck_assert_int_eq(apply(&change), RULING_NO_SUCH_VOLUME);
	change.volume = SLOT_NONE;
	ck_assert_int_eq(apply(&change), RULING_NO_SUCH_VOLUME);
	change = about(A, CHANGE_REQUEST, OLD);
	ck_assert_int_eq(admin(CHANGE_REMOVE_VOLUME, "old"), RULING_DONE);
	change.sequence = ++sequences[A];
	ck_assert_int_eq(apply(&change), RULING_NO_SUCH_VOLUME);
	for (enum change_kind kind = CHANGE_GIVE; kind <= CHANGE_RETURN; kind++) {
		change = about(A, kind, OLD);
		ck_assert_int_eq(apply(&change), RULING_NO_SUCH_VOLUME);
	}
}
END_TEST

/* Log on. */

START_TEST(a_log_on_begins_an_incarnation)
{
	uint64_t openings = now->openings;
	const struct host_row *row;

	ck_assert_int_eq(logoff(B), RULING_DONE);
	ck_assert(!now->hosts[B].logged_on);
	ck_assert_int_eq(logon(B), RULING_DONE);
	row = &now->hosts[B];
	ck_assert(row->logged_on);
	ck_assert_uint_eq(row->incarnation, incarnations[B]);
	ck_assert_uint_eq(row->last_sequence, 1);
	ck_assert_mem_eq(&row->boot, &boot_1, sizeof(boot_1));
	ck_assert_uint_eq(now->openings, openings + 1);
}
END_TEST

START_TEST(a_row_belongs_to_the_first_machine_that_comes)
{
	struct change change;

	ck_assert_uint_eq(now->hosts[B].machine.bytes[0], B + 1);
	incarnations[B]++;
	change = by(B, CHANGE_LOGON);
	change.machine.bytes[0] = 7;
	ck_assert_int_eq(apply(&change), RULING_OTHER_MACHINE);
	change.machine.bytes[0] = 0;
	ck_assert_int_eq(apply(&change), RULING_OTHER_MACHINE);
	change.machine.bytes[0] = B + 1;
	ck_assert_int_eq(apply(&change), RULING_DONE);
}
END_TEST

START_TEST(a_machine_without_an_id_does_not_log_on_even_to_a_new_row)
{
	struct change change = by(B, CHANGE_LOGON);

	memset(&now->hosts[B].machine, 0, sizeof(now->hosts[B].machine));
	change.incarnation++;
	ck_assert_int_eq(apply(&change), RULING_OTHER_MACHINE);
}
END_TEST

START_TEST(a_host_that_is_not_valid_does_not_log_on)
{
	ck_assert_int_eq(edit(FORM_SET, 0, "[host b]\nvalid = no\n"), RULING_DONE);
	ck_assert_int_eq(logon(B), RULING_NOT_VALID);
}
END_TEST

START_TEST(after_a_boot_nobody_is_writer_by_himself)
{
	make_writer(B, MEDIA);
	ck_assert_int_eq(logon_keeping(B, boot_2, 0xff), RULING_DONE);
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
}
END_TEST

START_TEST(a_restarted_daemon_keeps_what_is_still_mounted_under_a_new_epoch)
{
	uint64_t epoch;
	uint64_t generation;

	make_writer(B, MEDIA);
	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	epoch = now->volumes[MEDIA].writer.epoch;
	generation = now->volumes[MEDIA].generation;
	ck_assert_int_eq(logon_keeping(B, boot_1, 1 << MEDIA | 1 << WORK), RULING_DONE);
	ck_writer(MEDIA, B, PHASE_WRITING);
	ck_writer(WORK, B, PHASE_GRANTING);
	ck_assert_uint_eq(now->volumes[MEDIA].writer.incarnation, incarnations[B]);
	ck_assert_uint_eq(now->volumes[MEDIA].writer.epoch, now->version);
	ck_assert_uint_gt(now->volumes[MEDIA].writer.epoch, epoch);
	/* Its beats have published more than the tables say. */
	ck_assert_uint_gt(now->volumes[MEDIA].generation, generation);
}
END_TEST

START_TEST(a_restarted_daemon_loses_what_is_no_longer_mounted_and_its_viewers_are_stale)
{
	make_writer(B, MEDIA);
	make_writer(B, WORK);
	ck_assert_int_eq(logon_keeping(B, boot_1, 1 << WORK), RULING_DONE);
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
	ck_writer(WORK, B, PHASE_WRITING);
	ck_assert_uint_eq(now->volumes[MEDIA].generation, 1 << 20);
}
END_TEST

START_TEST(what_is_mounted_does_not_make_a_writer_of_a_host_that_is_none)
{
	make_writer(A, MEDIA);
	ck_assert_int_eq(logon_keeping(B, boot_1, 0xff), RULING_DONE);
	ck_writer(MEDIA, A, PHASE_WRITING);
	ck_writer(WORK, SLOT_NONE, PHASE_FREE);
}
END_TEST

START_TEST(a_right_that_a_log_on_ends_goes_to_the_head_of_the_queue)
{
	uint64_t id;

	make_writer(B, WORK);
	id = asked(A, WORK);
	ck_assert_int_eq(logon(B), RULING_DONE);
	ck_writer(WORK, A, PHASE_GRANTING);
	ck_ended(id, REQUEST_GRANTED, "");
}
END_TEST

START_TEST(a_restart_of_the_daemon_loses_no_request_and_a_boot_cancels_them)
{
	uint64_t id;

	make_writer(A, MEDIA);
	id = asked(B, MEDIA);
	ck_assert_int_eq(logon(B), RULING_DONE);
	ck_ended(id, REQUEST_WAITING, "");
	ck_assert_int_eq(logon_keeping(B, boot_2, 0), RULING_DONE);
	ck_ended(id, REQUEST_CANCELLED, "the host has been restarted");
}
END_TEST

START_TEST(a_log_on_proves_that_the_earlier_incarnations_of_its_machine_have_stopped)
{
	struct volume_row *volume = &now->volumes[MEDIA];

	volume->earlier_count = 3;
	volume->earlier[0] = (struct right) { .host = B, .incarnation = 1, .epoch = 1 };
	volume->earlier[1] = (struct right) { .host = C, .incarnation = 1, .epoch = 2 };
	volume->earlier[2] = (struct right) { .host = B, .incarnation = 2, .epoch = 3 };
	ck_assert_int_eq(logon(B), RULING_DONE);
	ck_assert_uint_eq(now->volumes[MEDIA].earlier_count, 1);
	ck_assert_uint_eq(now->volumes[MEDIA].earlier[0].host, C);
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_UNPROVEN);
	ck_assert_int_eq(logon(C), RULING_DONE);
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_GRANTED);
}
END_TEST

/* Log off. */

START_TEST(a_host_does_not_log_off_while_it_holds_a_right)
{
	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	ck_assert_int_eq(logoff(B), RULING_STILL_WRITER);
	ck_assert_uint_eq(outcome.value, WORK);
	ck_assert_int_eq(confirm(B, WORK), RULING_DONE);
	ck_assert_int_eq(logoff(B), RULING_STILL_WRITER);
	ck_assert_int_eq(give(B, WORK, 0, 1), RULING_DONE);
	ck_assert_int_eq(logoff(B), RULING_DONE);
}
END_TEST

START_TEST(a_log_off_cancels_the_hosts_own_requests)
{
	uint64_t mine;
	uint64_t others;

	make_writer(A, MEDIA);
	mine = asked(B, MEDIA);
	others = asked(C, MEDIA);
	ck_assert_int_eq(logoff(B), RULING_DONE);
	ck_ended(mine, REQUEST_CANCELLED, "the host has logged off");
	ck_ended(others, REQUEST_WAITING, "");
}
END_TEST

/* Request. */

START_TEST(without_a_writer_a_request_is_granted_at_once)
{
	const struct volume_row *volume = &now->volumes[MEDIA];

	ck_assert_int_eq(ask(A, MEDIA, "for the cut"), RULING_GRANTED);
	ck_ended(outcome.value, REQUEST_GRANTED, "");
	ck_assert_str_eq(request(outcome.value)->text, "for the cut");
	ck_assert_str_eq(request(outcome.value)->person, "ann");
	ck_assert_uint_eq(request(outcome.value)->asked, SLOT_NONE);
	ck_assert_uint_eq(request(outcome.value)->posted_s, 1000);
	volume = &now->volumes[MEDIA];
	ck_writer(MEDIA, A, PHASE_GRANTING);
	ck_assert_uint_eq(volume->writer.epoch, now->version);
	ck_assert_uint_eq(volume->granted_request, outcome.value);
}
END_TEST

START_TEST(with_a_writer_a_request_waits_and_changes_no_right)
{
	struct right writer;
	uint64_t id;

	make_writer(A, MEDIA);
	writer = now->volumes[MEDIA].writer;
	id = asked(B, MEDIA);
	ck_ended(id, REQUEST_WAITING, "");
	ck_assert_uint_eq(request(id)->asked, A);
	ck_assert_uint_eq(request(id)->from, B);
	ck_assert(right_same(&now->volumes[MEDIA].writer, &writer));
}
END_TEST

START_TEST(the_writer_is_told_that_it_is)
{
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_GRANTED);
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_ALREADY_WRITER);
	ck_assert_int_eq(confirm(A, MEDIA), RULING_DONE);
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_ALREADY_WRITER);
	ck_assert(!ruling_is_refusal(RULING_ALREADY_WRITER));
}
END_TEST

START_TEST(asked_again_a_request_keeps_its_id_and_place_and_has_the_new_text)
{
	uint64_t first;

	make_writer(A, MEDIA);
	first = asked(B, MEDIA);
	(void)asked(C, MEDIA);
	ck_assert_int_eq(ask(B, MEDIA, "now"), RULING_REPLACED_TEXT);
	ck_assert_uint_eq(outcome.value, first);
	ck_assert_str_eq(request(first)->text, "now");
	ck_assert_uint_eq(tables_queue_next(now, MEDIA, 0)->id, first);
	ck_assert_uint_eq(now->request_count, 3);
}
END_TEST

START_TEST(who_may_not_write_is_refused_with_the_reason)
{
	ck_assert_int_eq(ask(A, OLD, ""), RULING_DISABLED);
	ck_assert_int_eq(ask(C, SHUT, ""), RULING_MAY_NOT_MOUNT);
	ck_assert_int_eq(ask(C, LOCKED, ""), RULING_LOCKED_OUT);
	ck_assert_int_eq(ask(B, SHUT, ""), RULING_GRANTED);
	ck_assert_int_eq(ask(B, LOCKED, ""), RULING_GRANTED);
	ck_assert_int_eq(edit(FORM_SET, 0, "[host b]\nvalid = no\n"), RULING_DONE);
	ck_assert_int_eq(ask(B, MEDIA, ""), RULING_NOT_VALID);
}
END_TEST

START_TEST(a_text_that_is_none_is_refused_wherever_it_comes)
{
	struct change change = about(A, CHANGE_REQUEST, MEDIA);
	uint64_t id;

	put_field(change.text, "a\x1b[2Jb");
	ck_assert_int_eq(apply(&change), RULING_BAD_TEXT);
	put_field(change.text, "");
	memset(change.person, 'x', sizeof(change.person));
	ck_assert_int_eq(apply(&change), RULING_BAD_TEXT);
	memset(change.text, 'x', sizeof(change.text));
	change.person[0] = '\0';
	ck_assert_int_eq(apply(&change), RULING_BAD_TEXT);
	change.text[TEXT_BYTES_MAX] = '\0';
	ck_assert_int_eq(apply(&change), RULING_GRANTED);
	id = asked(B, MEDIA);
	ck_assert_int_eq(on_request(A, CHANGE_ANSWER_NO, id, "\xff"), RULING_BAD_TEXT);
	for (enum change_kind kind = CHANGE_GIVE; kind <= CHANGE_RETURN; kind += 2) {
		change = about(A, kind, MEDIA);
		put_field(change.text, "\n");
		ck_assert_int_eq(apply(&change), RULING_BAD_TEXT);
	}
}
END_TEST

START_TEST(where_an_earlier_writer_is_not_proven_to_have_stopped_asking_is_not_enough)
{
	now->volumes[MEDIA].earlier_count = 1;
	now->volumes[MEDIA].earlier[0] = (struct right) { .host = C, .incarnation = 1, .epoch = 1 };
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_UNPROVEN);
	ck_assert_int_eq(admin(CHANGE_REMOVE_VOLUME, "media"), RULING_UNPROVEN);
}
END_TEST

/*
 * Four rows, sixteen places.  Three hosts are sure of four each; the places of
 * the fourth row are lent to whoever comes first.
 */
START_TEST(a_host_fills_lent_places_and_leaves_the_others_theirs)
{
	struct request_row waiting = { .from = B, .asked = A, .state = REQUEST_WAITING };

	make_writer(A, MEDIA);
	make_writer(A, WORK);
	for (uint64_t id = 100; id < 107; id++) {
		waiting.id = id;
		waiting.volume = WORK;	/* more than one for a volume: never made by the rules */
		now->requests[now->request_count++] = waiting;
	}
	now->request_next = 200;
	ck_assert_int_eq(ask(B, MEDIA, ""), RULING_DONE);	/* the 8th: 4 of its own, 4 lent */
	ck_assert_int_eq(on_request(B, CHANGE_CANCEL, outcome.value, ""), RULING_DONE);
	waiting.id = 300;
	now->requests[now->request_count++] = waiting;
	now->request_next = 400;
	ck_assert_int_eq(ask(B, MEDIA, ""), RULING_QUEUE_FULL);	/* the 9th would be another's */
	ck_assert_int_eq(ask(C, MEDIA, ""), RULING_DONE);
}
END_TEST

START_TEST(ended_requests_make_room_the_longest_ended_first_and_held_rights_last)
{
	uint64_t held;
	uint64_t first;

	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_GRANTED);
	held = outcome.value;
	first = asked(B, MEDIA);	/* the lowest id, but ended last */
	for (int i = 0; i < 14; i++) {
		uint64_t id = asked(C, MEDIA);

		ck_assert_int_eq(on_request(C, CHANGE_CANCEL, id, ""), RULING_DONE);
	}
	ck_assert_uint_eq(now->request_count, 16);
	ck_assert_int_eq(on_request(B, CHANGE_CANCEL, first, ""), RULING_DONE);
	(void)asked(C, MEDIA);
	ck_assert_uint_eq(now->request_count, 16);
	ck_assert_ptr_nonnull(tables_request(now, held));
	ck_assert_ptr_nonnull(tables_request(now, first));
	ck_assert_ptr_null(tables_request(now, first + 1));
	ck_assert_ptr_nonnull(tables_request(now, first + 2));
}
END_TEST

START_TEST(a_request_id_is_never_used_twice)
{
	uint64_t last = 0;

	make_writer(A, MEDIA);
	for (int i = 0; i < 40; i++) {
		uint64_t id = asked(B, MEDIA);

		ck_assert_uint_gt(id, last);
		last = id;
		ck_assert_int_eq(on_request(B, CHANGE_CANCEL, id, ""), RULING_DONE);
	}
}
END_TEST

/* Cancel and answers. */

START_TEST(a_request_is_cancelled_by_the_host_that_asked_and_once)
{
	uint64_t id;

	make_writer(A, MEDIA);
	id = asked(B, MEDIA);
	ck_assert_int_eq(on_request(A, CHANGE_CANCEL, id, ""), RULING_NOT_YOURS);
	ck_assert_int_eq(on_request(B, CHANGE_CANCEL, id + 1, ""), RULING_NO_SUCH_REQUEST);
	ck_assert_int_eq(on_request(B, CHANGE_CANCEL, id, ""), RULING_DONE);
	ck_ended(id, REQUEST_CANCELLED, "");
	ck_assert_int_eq(on_request(B, CHANGE_CANCEL, id, ""), RULING_NOT_WAITING);
}
END_TEST

START_TEST(the_writers_host_says_no_or_lets_a_request_time_out)
{
	uint64_t b;
	uint64_t c;

	make_writer(A, MEDIA);
	b = asked(B, MEDIA);
	c = asked(C, MEDIA);
	ck_assert_int_eq(on_request(C, CHANGE_ANSWER_NO, b, "no"), RULING_NOT_YOURS);
	ck_assert_int_eq(on_request(B, CHANGE_TIME_OUT, b, "no"), RULING_NOT_YOURS);
	ck_assert_int_eq(on_request(A, CHANGE_ANSWER_NO, b, "rendering"), RULING_DONE);
	ck_ended(b, REQUEST_REFUSED, "rendering");
	ck_assert_int_eq(on_request(A, CHANGE_TIME_OUT, c, "nobody answered"), RULING_DONE);
	ck_ended(c, REQUEST_TIMED_OUT, "nobody answered");
	ck_assert_int_eq(on_request(A, CHANGE_ANSWER_NO, b, ""), RULING_NOT_WAITING);
	ck_assert_int_eq(on_request(A, CHANGE_TIME_OUT, c + 1, ""), RULING_NO_SUCH_REQUEST);
	ck_writer(MEDIA, A, PHASE_WRITING);
}
END_TEST

START_TEST(a_former_writer_has_no_say)
{
	uint64_t c;

	make_writer(A, MEDIA);
	(void)asked(B, MEDIA);
	c = asked(C, MEDIA);
	ck_assert_uint_eq(request(c)->asked, A);
	ck_assert_int_eq(give(A, MEDIA, 0, 0), RULING_DONE);
	ck_assert_uint_eq(request(c)->asked, B);
	ck_assert_int_eq(on_request(A, CHANGE_ANSWER_NO, c, ""), RULING_NOT_YOURS);
	ck_assert_int_eq(on_request(B, CHANGE_ANSWER_NO, c, ""), RULING_DONE);
}
END_TEST

/* Give, confirm, return. */

START_TEST(a_writer_gives_to_the_head_of_the_queue)
{
	uint64_t b;
	uint64_t c;

	make_writer(A, MEDIA);
	c = asked(C, MEDIA);
	b = asked(B, MEDIA);
	ck_assert_int_eq(give(A, MEDIA, 0, 17), RULING_DONE);
	ck_assert_uint_eq(outcome.value, c);
	ck_writer(MEDIA, C, PHASE_GRANTING);
	ck_assert_uint_eq(now->volumes[MEDIA].writer.epoch, now->version);
	ck_assert_uint_eq(now->volumes[MEDIA].granted_request, c);
	ck_assert_uint_eq(now->volumes[MEDIA].generation, 17);
	ck_ended(c, REQUEST_GRANTED, "");
	ck_ended(b, REQUEST_WAITING, "");
}
END_TEST

START_TEST(a_writer_gives_to_the_request_that_it_names_with_its_answer)
{
	uint64_t b;
	uint64_t c;

	make_writer(A, MEDIA);
	c = asked(C, MEDIA);
	b = asked(B, MEDIA);
	ck_assert_int_eq(give(A, MEDIA, b, 0), RULING_DONE);
	ck_writer(MEDIA, B, PHASE_GRANTING);
	ck_ended(b, REQUEST_GRANTED, "yours");
	ck_ended(c, REQUEST_WAITING, "");
}
END_TEST

START_TEST(a_named_request_that_does_not_wait_for_this_volume_is_not_granted)
{
	uint64_t b;
	uint64_t c;
	uint64_t work;

	make_writer(A, MEDIA);
	make_writer(A, WORK);
	b = asked(B, MEDIA);
	c = asked(C, MEDIA);
	work = asked(B, WORK);
	ck_assert_int_eq(on_request(B, CHANGE_CANCEL, b, ""), RULING_DONE);
	ck_assert_int_eq(give(A, MEDIA, b, 0), RULING_DONE);
	ck_assert_uint_eq(outcome.value, c);
	ck_ended(b, REQUEST_CANCELLED, "");
	ck_ended(c, REQUEST_GRANTED, "");
	ck_assert_int_eq(give(C, MEDIA, work, 0), RULING_DONE);
	ck_assert_uint_eq(outcome.value, 0);
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
	ck_ended(work, REQUEST_WAITING, "");
}
END_TEST

START_TEST(a_volume_given_to_nobody_is_free_for_the_next_that_asks)
{
	make_writer(A, MEDIA);
	ck_assert_int_eq(give(A, MEDIA, 0, 3), RULING_DONE);
	ck_assert_uint_eq(outcome.value, 0);
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
	ck_assert_uint_eq(now->volumes[MEDIA].granted_request, 0);
	ck_assert_int_eq(ask(B, MEDIA, ""), RULING_GRANTED);
}
END_TEST

START_TEST(only_the_present_right_is_given_confirmed_or_returned)
{
	static const enum change_kind kinds[] = { CHANGE_GIVE, CHANGE_CONFIRM, CHANGE_RETURN };

	for (size_t i = 0; i < 3; i++) {
		struct change free = about(A, kinds[i], WORK);

		ck_assert_int_eq(apply(&free), RULING_NOT_WRITER);
	}
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_GRANTED);
	for (size_t i = 0; i < 3; i++) {
		struct change other = about(B, kinds[i], MEDIA);
		struct change old = about(A, kinds[i], MEDIA);

		ck_assert_int_eq(apply(&other), RULING_NOT_WRITER);
		old.epoch--;
		ck_assert_int_eq(apply(&old), RULING_NOT_WRITER);
		old.epoch += 2;
		ck_assert_int_eq(apply(&old), RULING_NOT_WRITER);
	}
}
END_TEST

START_TEST(a_published_generation_never_goes_back)
{
	make_writer(A, MEDIA);
	ck_assert_int_eq(give(A, MEDIA, 0, 17), RULING_DONE);
	make_writer(B, MEDIA);
	ck_assert_int_eq(give(B, MEDIA, 0, 16), RULING_DONE);
	ck_assert_uint_eq(now->volumes[MEDIA].generation, 17);
}
END_TEST

START_TEST(who_may_not_write_any_more_is_passed_over_and_told_why)
{
	uint64_t b;
	uint64_t c;

	make_writer(A, MEDIA);
	b = asked(B, MEDIA);
	c = asked(C, MEDIA);
	now->hosts[B].valid = false;	/* not by an edit, which would refuse it at once */
	ck_assert_int_eq(give(A, MEDIA, b, 0), RULING_DONE);
	ck_assert_uint_eq(outcome.value, c);
	ck_ended(b, REQUEST_REFUSED, "the host is not valid");
	ck_ended(c, REQUEST_GRANTED, "");
}
END_TEST

/* What the rules themselves never leave behind, but tables from a disk may hold. */
START_TEST(a_right_of_another_incarnation_is_nobodys_and_who_is_gone_gets_none)
{
	uint64_t b;

	make_writer(A, MEDIA);
	b = asked(B, MEDIA);
	now->hosts[B].logged_on = false;
	now->volumes[MEDIA].writer.incarnation--;
	ck_assert_int_eq(on_request(A, CHANGE_ANSWER_NO, b, ""), RULING_NOT_YOURS);
	ck_assert_int_eq(give(A, MEDIA, b, 0), RULING_NOT_WRITER);
	ck_assert_int_eq(give_back(A, MEDIA), RULING_NOT_WRITER);
	ck_assert_int_eq(confirm(A, MEDIA), RULING_NOT_WRITER);
	now->volumes[MEDIA].writer.incarnation++;
	ck_assert_int_eq(give(A, MEDIA, b, 0), RULING_DONE);
	ck_ended(b, REQUEST_REFUSED, "the host is not logged on");
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
}
END_TEST

START_TEST(a_mount_is_confirmed_once)
{
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_GRANTED);
	ck_assert_int_eq(confirm(A, MEDIA), RULING_DONE);
	ck_writer(MEDIA, A, PHASE_WRITING);
	ck_assert_int_eq(confirm(A, MEDIA), RULING_UNCHANGED);
}
END_TEST

START_TEST(a_right_that_can_not_be_used_is_returned_and_the_next_in_turn_has_it)
{
	uint64_t b;
	uint64_t c;

	make_writer(A, MEDIA);
	b = asked(B, MEDIA);
	c = asked(C, MEDIA);
	ck_assert_int_eq(give(A, MEDIA, b, 5), RULING_DONE);
	ck_assert_int_eq(give_back(B, MEDIA), RULING_DONE);
	ck_assert_uint_eq(outcome.value, c);
	ck_ended(b, REQUEST_REFUSED, "no such device");
	ck_ended(c, REQUEST_GRANTED, "");
	ck_writer(MEDIA, C, PHASE_GRANTING);
	ck_assert_uint_eq(now->volumes[MEDIA].generation, 5);
	ck_assert_int_eq(give_back(C, MEDIA), RULING_DONE);
	ck_assert_uint_eq(outcome.value, 0);
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
}
END_TEST

START_TEST(a_return_after_the_mount_leaves_the_viewers_stale)
{
	make_writer(A, MEDIA);
	ck_assert_int_eq(give_back(A, MEDIA), RULING_DONE);
	ck_assert_uint_eq(now->volumes[MEDIA].generation, 1 << 20);
}
END_TEST

START_TEST(a_return_is_right_when_its_request_has_made_room)
{
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_GRANTED);
	tables_request_drop(now, 0);
	ck_assert_int_eq(give_back(A, MEDIA), RULING_DONE);
	ck_writer(MEDIA, SLOT_NONE, PHASE_FREE);
}
END_TEST

/* Edits. */

START_TEST(an_edit_of_older_tables_is_a_conflict)
{
	uint64_t base = now->version;

	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	ck_assert_int_eq(edit(FORM_WHOLE, base, text_whole), RULING_CONFLICT);
	ck_assert_int_eq(edit(FORM_WHOLE, now->version, text_whole), RULING_UNCHANGED);
	ck_assert_int_eq(edit(FORM_WHOLE, 0, text_whole), RULING_UNCHANGED);
	ck_assert_uint_eq(outcome.value, 0);
	ck_assert_int_eq(edit(FORM_SET, base, "[host a]\nanswer = auto\n"), RULING_DONE);
	ck_assert_int_eq(now->hosts[A].answer, ANSWER_AUTO);
}
END_TEST

START_TEST(an_edit_with_errors_changes_nothing_and_says_where)
{
	ck_assert_int_eq(edit(FORM_SET, 0, "[host a]\nanswer = auto\nvalid = perhaps\n"),
			 RULING_FORM_WRONG);
	ck_assert_uint_eq(outcome.errors.count, 1);
	ck_assert_uint_eq(outcome.errors.errors[0].line, 3);
	ck_assert_uint_eq(outcome.errors.errors[0].column, 9);
}
END_TEST

START_TEST(an_edit_refuses_the_requests_that_it_makes_impossible)
{
	uint64_t b;
	uint64_t c;

	make_writer(A, MEDIA);
	b = asked(B, MEDIA);
	c = asked(C, MEDIA);
	ck_assert_int_eq(edit(FORM_SET, 0, "[access media b]\nwrite = never\n"), RULING_DONE);
	ck_ended(b, REQUEST_REFUSED, "the host is locked out from asking for the volume");
	ck_ended(c, REQUEST_WAITING, "");
	ck_assert_int_eq(edit(FORM_SET, 0, "[volume media]\nenabled = no\n"), RULING_DONE);
	ck_ended(c, REQUEST_REFUSED, "the volume is disabled");
	ck_writer(MEDIA, A, PHASE_WRITING);	/* until it gives it up */
	ck_assert_int_eq(give(A, MEDIA, 0, 0), RULING_DONE);
	ck_assert_int_eq(ask(A, MEDIA, ""), RULING_DISABLED);
}
END_TEST

START_TEST(a_live_host_and_a_writer_are_not_removed)
{
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "b"), RULING_HOST_IS_LIVE);
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "nobody"), RULING_NO_SUCH_HOST);
	ck_assert_int_eq(logoff(B), RULING_DONE);
	now->volumes[WORK].earlier_count = 1;
	now->volumes[WORK].earlier[0] = (struct right) { .host = B, .incarnation = 1, .epoch = 1 };
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "b"), RULING_STILL_WRITER);
	ck_assert_uint_eq(outcome.value, WORK);
	now->volumes[WORK].earlier_count = 0;
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "B"), RULING_DONE);
	ck_assert_int_eq(now->hosts[B].state, ROW_REMOVED);
}
END_TEST

START_TEST(the_slot_of_a_removed_host_is_used_again_only_when_it_is_freed)
{
	ck_assert_int_eq(logoff(B), RULING_DONE);
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "b"), RULING_DONE);
	ck_assert_int_eq(admin(CHANGE_REMOVE_HOST, "b"), RULING_NO_SUCH_HOST);
	ck_assert_int_eq(admin(CHANGE_APPROVE, "d"), RULING_DONE);
	ck_assert_uint_eq(tables_host_find(now, "d"), 3);
	ck_assert_int_eq(admin(CHANGE_APPROVE, "e"), RULING_FULL);
	{
		struct change change = by(A, CHANGE_REMOVE_HOST);

		change.administrator = true;
		change.free_slot = true;
		put_field(change.name, "b");
		ck_assert_int_eq(apply(&change), RULING_DONE);
	}
	ck_assert_int_eq(admin(CHANGE_APPROVE, "e"), RULING_DONE);
	ck_assert_uint_eq(tables_host_find(now, "e"), B);
}
END_TEST

START_TEST(a_volume_with_a_writer_is_not_removed)
{
	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	ck_assert_int_eq(admin(CHANGE_REMOVE_VOLUME, "work"), RULING_HAS_WRITER);
	ck_assert_int_eq(admin(CHANGE_REMOVE_VOLUME, "nothing"), RULING_NO_SUCH_VOLUME);
	ck_assert_int_eq(give(B, WORK, 0, 0), RULING_DONE);
	ck_assert_int_eq(admin(CHANGE_REMOVE_VOLUME, "Work"), RULING_DONE);
	ck_assert_int_eq(now->volumes[WORK].state, ROW_FREE);
}
END_TEST

START_TEST(a_volume_made_again_has_another_identity_and_never_an_old_epoch)
{
	uint64_t born = now->volumes[WORK].born;
	uint64_t epoch;

	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	epoch = now->volumes[WORK].writer.epoch;
	ck_assert_int_eq(give(B, WORK, 0, 0), RULING_DONE);
	ck_assert_int_eq(admin(CHANGE_REMOVE_VOLUME, "work"), RULING_DONE);
	ck_assert_int_eq(edit(FORM_ADD, 0, "[volume work]\nuuid = AA-02\nmount-point = /w\n"),
			 RULING_DONE);
	ck_assert_uint_eq(now->volumes[WORK].born, now->version);
	ck_assert_uint_gt(now->volumes[WORK].born, born);
	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	ck_assert_uint_gt(now->volumes[WORK].writer.epoch, epoch);
}
END_TEST

START_TEST(a_machine_that_asked_to_join_gets_a_row_of_its_own)
{
	const struct host_row *row = &now->hosts[3];

	ck_assert_int_eq(admin(CHANGE_APPROVE, "B"), RULING_NAME_TAKEN);
	ck_assert_int_eq(admin(CHANGE_APPROVE, "not a name"), RULING_BAD_TEXT);
	ck_assert_int_eq(admin(CHANGE_APPROVE, ""), RULING_BAD_TEXT);
	ck_assert_int_eq(admin(CHANGE_APPROVE, "d"), RULING_DONE);
	row = &now->hosts[3];
	ck_assert_int_eq(row->state, ROW_USED);
	ck_assert(row->valid && !row->logged_on);
	ck_assert_uint_eq(row->machine.bytes[0], 9);
	ck_assert_int_eq(admin(CHANGE_APPROVE, "d"), RULING_UNCHANGED);
	ck_assert_int_eq(admin(CHANGE_APPROVE, "e"), RULING_FULL);
}
END_TEST

START_TEST(another_machine_is_trusted_when_the_last_one_can_not_write_any_more)
{
	struct change change;

	ck_assert_int_eq(ask(B, WORK, ""), RULING_GRANTED);
	ck_assert_int_eq(admin(CHANGE_TRUST_MACHINE, "b"), RULING_STILL_WRITER);
	ck_assert_uint_eq(outcome.value, WORK);
	ck_assert_int_eq(give(B, WORK, 0, 0), RULING_DONE);
	ck_assert_int_eq(admin(CHANGE_TRUST_MACHINE, "x"), RULING_NO_SUCH_HOST);
	ck_assert_int_eq(admin(CHANGE_TRUST_MACHINE, "b"), RULING_DONE);
	ck_assert_int_eq(admin(CHANGE_TRUST_MACHINE, "b"), RULING_UNCHANGED);
	incarnations[B]++;
	sequences[B] = 0;
	change = by(B, CHANGE_LOGON);
	change.machine.bytes[0] = 7;
	ck_assert_int_eq(apply(&change), RULING_DONE);
	ck_assert_uint_eq(now->hosts[B].machine.bytes[0], 7);
}
END_TEST

START_TEST(every_ruling_has_its_words_and_is_one_of_three)
{
	ck_assert_str_eq(ruling_text(RULING_LOCKED_OUT),
			 "the host is locked out from asking for the volume");
	for (unsigned int i = 0; i <= RULING_OUT_OF_ORDER; i++) {
		enum ruling ruling = (enum ruling)i;

		ck_assert_str_ne(ruling_text(ruling), ruling_text((enum ruling)9999));
		ck_assert_int_eq(ruling_is_change(ruling), ruling == RULING_DONE ||
				 ruling == RULING_GRANTED || ruling == RULING_REPLACED_TEXT);
		ck_assert_int_eq(ruling_is_refusal(ruling), i >= RULING_NO_SUCH_HOST);
	}
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("rules");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, only_a_host_with_a_row_changes_anything);
	tcase_add_test(tests,
		       only_the_present_incarnation_of_a_host_that_is_logged_on_changes_anything);
	tcase_add_test(tests, a_repeated_change_is_answered_with_its_result_and_changes_nothing);
	tcase_add_test(tests, a_change_older_than_the_last_one_is_out_of_order);
	tcase_add_test(tests, a_refused_change_is_not_recorded);
	tcase_add_test(tests, an_edit_is_an_administrators);
	tcase_add_test(tests, a_change_about_a_volume_that_is_gone_is_refused);
	tcase_add_test(tests, a_log_on_begins_an_incarnation);
	tcase_add_test(tests, a_row_belongs_to_the_first_machine_that_comes);
	tcase_add_test(tests, a_machine_without_an_id_does_not_log_on_even_to_a_new_row);
	tcase_add_test(tests, a_host_that_is_not_valid_does_not_log_on);
	tcase_add_test(tests, after_a_boot_nobody_is_writer_by_himself);
	tcase_add_test(tests, a_restarted_daemon_keeps_what_is_still_mounted_under_a_new_epoch);
	tcase_add_test(
		tests,
		a_restarted_daemon_loses_what_is_no_longer_mounted_and_its_viewers_are_stale);
	tcase_add_test(tests, what_is_mounted_does_not_make_a_writer_of_a_host_that_is_none);
	tcase_add_test(tests, a_right_that_a_log_on_ends_goes_to_the_head_of_the_queue);
	tcase_add_test(tests, a_restart_of_the_daemon_loses_no_request_and_a_boot_cancels_them);
	tcase_add_test(tests,
		       a_log_on_proves_that_the_earlier_incarnations_of_its_machine_have_stopped);
	tcase_add_test(tests, a_host_does_not_log_off_while_it_holds_a_right);
	tcase_add_test(tests, a_log_off_cancels_the_hosts_own_requests);
	tcase_add_test(tests, without_a_writer_a_request_is_granted_at_once);
	tcase_add_test(tests, with_a_writer_a_request_waits_and_changes_no_right);
	tcase_add_test(tests, the_writer_is_told_that_it_is);
	tcase_add_test(tests, asked_again_a_request_keeps_its_id_and_place_and_has_the_new_text);
	tcase_add_test(tests, who_may_not_write_is_refused_with_the_reason);
	tcase_add_test(tests, a_text_that_is_none_is_refused_wherever_it_comes);
	tcase_add_test(tests,
		       where_an_earlier_writer_is_not_proven_to_have_stopped_asking_is_not_enough);
	tcase_add_test(tests, a_host_fills_lent_places_and_leaves_the_others_theirs);
	tcase_add_test(tests,
		       ended_requests_make_room_the_longest_ended_first_and_held_rights_last);
	tcase_add_test(tests, a_request_id_is_never_used_twice);
	tcase_add_test(tests, a_request_is_cancelled_by_the_host_that_asked_and_once);
	tcase_add_test(tests, the_writers_host_says_no_or_lets_a_request_time_out);
	tcase_add_test(tests, a_former_writer_has_no_say);
	tcase_add_test(tests, a_writer_gives_to_the_head_of_the_queue);
	tcase_add_test(tests, a_writer_gives_to_the_request_that_it_names_with_its_answer);
	tcase_add_test(tests, a_named_request_that_does_not_wait_for_this_volume_is_not_granted);
	tcase_add_test(tests, a_volume_given_to_nobody_is_free_for_the_next_that_asks);
	tcase_add_test(tests, only_the_present_right_is_given_confirmed_or_returned);
	tcase_add_test(tests, a_published_generation_never_goes_back);
	tcase_add_test(tests, who_may_not_write_any_more_is_passed_over_and_told_why);
	tcase_add_test(tests, a_right_of_another_incarnation_is_nobodys_and_who_is_gone_gets_none);
	tcase_add_test(tests, a_mount_is_confirmed_once);
	tcase_add_test(tests, a_right_that_can_not_be_used_is_returned_and_the_next_in_turn_has_it);
	tcase_add_test(tests, a_return_after_the_mount_leaves_the_viewers_stale);
	tcase_add_test(tests, a_return_is_right_when_its_request_has_made_room);
	tcase_add_test(tests, an_edit_of_older_tables_is_a_conflict);
	tcase_add_test(tests, an_edit_with_errors_changes_nothing_and_says_where);
	tcase_add_test(tests, an_edit_refuses_the_requests_that_it_makes_impossible);
	tcase_add_test(tests, a_live_host_and_a_writer_are_not_removed);
	tcase_add_test(tests, the_slot_of_a_removed_host_is_used_again_only_when_it_is_freed);
	tcase_add_test(tests, a_volume_with_a_writer_is_not_removed);
	tcase_add_test(tests, a_volume_made_again_has_another_identity_and_never_an_old_epoch);
	tcase_add_test(tests, a_machine_that_asked_to_join_gets_a_row_of_its_own);
	tcase_add_test(tests, another_machine_is_trusted_when_the_last_one_can_not_write_any_more);
	tcase_add_test(tests, every_ruling_has_its_words_and_is_one_of_three);
	return unit_run("rules", tests);
}
