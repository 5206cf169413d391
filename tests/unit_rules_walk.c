/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Random changes by several hosts, right and wrong ones, with restarts, boots,
 * repeats and edits.  After every step it is asked whether what must never
 * happen has happened.  A run that fails prints its seed and step.
 */
#include <stdio.h>
#include <string.h>

#include "tables/image.h"
#include "tables/rules.h"
#include "tables/sound.h"
#include "tests/chance.h"
#include "tests/unit.h"

#define SEEDS 40
#define STEPS 5000
#define HOSTS 5
#define VOLUMES 6

static const struct capacity capacity = { .hosts = HOSTS, .volumes = VOLUMES, .access = 6 };
static const struct id128 cluster = { { 7 } };
static const char *const host_names[] = { "a", "b", "c", "d", "e" };
static const char *const volume_names[] = { "p", "q", "r", "s", "t", "u" };

/* What a host knows of itself.  It may be told wrong things, but draws its own numbers. */
struct walker {
	uint64_t incarnation;
	uint64_t sequence;
	struct id128 boot;
	struct change last;
};

struct walk {
	uint64_t seed;
	unsigned int step;
	struct chance chance;
	struct tables *now;
	struct tables *next;
	struct tables *decoded;
	struct layout layout;
	uint8_t *image;
	struct walker walkers[HOSTS];
	uint64_t incarnation_next;
	uint64_t epoch_last[VOLUMES];	/* of a slot, over all volumes that it held */
	char form[512];
	unsigned int rulings[RULING_OUT_OF_ORDER + 1];
};

#define HOLDS(walk, what)								\
	ck_assert_msg(what, "seed %llu step %u: " #what,				\
		      (unsigned long long)(walk)->seed, (walk)->step)

static uint64_t below(struct walk *walk, uint64_t limit)
{
	return chance_below(&walk->chance, limit);
}

static bool one_in(struct walk *walk, uint64_t n)
{
	return below(walk, n) == 0;
}

/* Put a text, which fits, into a field. */
static void put_field(char *field, const char *text)
{
	memcpy(field, text, strlen(text) + 1);
}

/* An edit that means something more often than not. */
static void draw_form(struct walk *walk, struct change *change)
{
	const char *host = host_names[below(walk, HOSTS)];
	const char *volume = volume_names[below(walk, VOLUMES)];
	const char *answer = one_in(walk, 2) ? "yes" : "no";
	char *form = walk->form;

	change->form_mode = FORM_SET;
	switch (below(walk, 8)) {
	case 0:
		change->form_mode = FORM_ADD;
		snprintf(form, sizeof(walk->form),
			 "[volume %s]\nuuid = AA-%u\nmount-point = /v/%s\n", volume,
			 (unsigned int)volume[0], volume);
		break;
	case 1:
		change->form_mode = FORM_ADD;
		snprintf(form, sizeof(walk->form), "[host %s]\n", host);
		break;
	case 2:
		snprintf(form, sizeof(walk->form), "[volume %s]\nenabled = %s\n", volume, answer);
		break;
	case 3:
		snprintf(form, sizeof(walk->form), "[access %s %s]\nmount = %s\n", volume, host,
			 answer);
		break;
	case 4:
		snprintf(form, sizeof(walk->form), "[access %s %s]\nwrite = %s\n", volume, host,
			 one_in(walk, 2) ? "never" : "ask");
		break;
	case 5:
		snprintf(form, sizeof(walk->form), "[host %s]\nvalid = %s\n", host,
			 one_in(walk, 4) ? "no" : "yes");
		break;
	case 6:
		snprintf(form, sizeof(walk->form), "[volume %s]\nmin-hold = soon\n", volume);
		break;
	default:
		change->form_mode = FORM_WHOLE;
		change->base_version = walk->now->version - below(walk, 2);
		HOLDS(walk, form_print(walk->now, false, form, sizeof(walk->form)) > 0);
	}
	change->form = form;
	change->form_len = strlen(form);
}

static void draw_logon(struct walk *walk, struct change *change)
{
	struct walker *walker = &walk->walkers[change->host];

	walker->incarnation = walk->incarnation_next++;
	walker->sequence = 1;
	if (one_in(walk, 3))
		chance_fill(&walk->chance, &walker->boot, sizeof(walker->boot));
	change->incarnation = walker->incarnation;
	change->sequence = 1;
	change->boot = walker->boot;
	change->machine.bytes[0] = (uint8_t)(change->host + 1 + (one_in(walk, 20) ? 100 : 0));
	change->kept_volumes[0] = (uint8_t)chance_draw(&walk->chance);
}

/* A volume, mostly one that the host has a right to where the change is about a right. */
static void draw_volume(struct walk *walk, struct change *change)
{
	change->volume = (uint16_t)below(walk, VOLUMES);
	for (uint16_t i = 0; i < VOLUMES && change->kind >= CHANGE_GIVE && !one_in(walk, 8); i++) {
		if (walk->now->volumes[i].writer.epoch &&
		    walk->now->volumes[i].writer.host == change->host)
			change->volume = i;
	}
	change->volume_born = walk->now->volumes[change->volume].born - one_in(walk, 50);
	change->epoch = walk->now->volumes[change->volume].writer.epoch + one_in(walk, 30);
}

static const enum change_kind kinds[] = {
	CHANGE_LOGON, CHANGE_LOGOFF, CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST,
	CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_CANCEL, CHANGE_ANSWER_NO,
	CHANGE_TIME_OUT, CHANGE_GIVE, CHANGE_GIVE, CHANGE_GIVE, CHANGE_CONFIRM, CHANGE_CONFIRM,
	CHANGE_RETURN, CHANGE_FORM, CHANGE_FORM, CHANGE_REMOVE_HOST, CHANGE_REMOVE_VOLUME,
	CHANGE_APPROVE, CHANGE_TRUST_MACHINE,
};

/* Now and then everybody asks and nobody gives: queues fill up. */
static const enum change_kind rush[] = {
	CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST,
	CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST, CHANGE_REQUEST,
	CHANGE_CONFIRM, CHANGE_FORM, CHANGE_APPROVE, CHANGE_LOGON,
};

static enum change_kind draw_kind(struct walk *walk)
{
	if (walk->step / 250 % 4 == 0)
		return rush[below(walk, sizeof(rush) / sizeof(rush[0]))];
	return kinds[below(walk, sizeof(kinds) / sizeof(kinds[0]))];
}

static struct change draw_change(struct walk *walk)
{
	struct change change = { .host = (uint16_t)below(walk, HOSTS) };
	struct walker *walker = &walk->walkers[change.host];

	change.kind = draw_kind(walk);
	change.incarnation = walker->incarnation + (one_in(walk, 50) ? 1000000 : 0);
	change.sequence = ++walker->sequence;
	change.administrator = !one_in(walk, 10);
	change.free_slot = one_in(walk, 2);
	change.generation = below(walk, 1000);
	change.now_s = below(walk, 1000);
	if (walk->now->request_count > 0)
		change.request = walk->now->requests[below(walk, walk->now->request_count)].id;
	change.request += one_in(walk, 20);
	draw_volume(walk, &change);
	put_field(change.name, change.kind == CHANGE_REMOVE_VOLUME ?
				    volume_names[below(walk, VOLUMES)] :
				    host_names[below(walk, HOSTS)]);
	change.machine.bytes[0] = (uint8_t)(change.name[0] - 'a' + 1);
	put_field(change.text, one_in(walk, 30) ? "\x7f" : one_in(walk, 2) ? "please" : "");
	if (change.kind == CHANGE_LOGON)
		draw_logon(walk, &change);
	if (change.kind == CHANGE_FORM)
		draw_form(walk, &change);
	return change;
}

static uint16_t waiting_of(const struct tables *tables, uint16_t host)
{
	uint16_t count = 0;

	for (uint16_t i = 0; i < tables->request_count; i++)
		count += tables->requests[i].state == REQUEST_WAITING &&
			 (host == SLOT_NONE || tables->requests[i].from == host);
	return count;
}

/* One writer at most by its very shape; and that one is there to answer for it. */
static void check_rights(struct walk *walk, const struct tables *before)
{
	const struct tables *now = walk->now;

	for (uint16_t i = 0; i < now->volume_count; i++) {
		const struct volume_row *volume = &now->volumes[i];
		bool was_same = i < before->volume_count && before->volumes[i].born == volume->born;

		HOLDS(walk, (volume->phase == PHASE_FREE) == (volume->writer.epoch == 0));
		if (was_same && volume->state == ROW_USED)
			HOLDS(walk, volume->generation >= before->volumes[i].generation);
		if (!volume->writer.epoch) {
			HOLDS(walk, !tables_queue_next(now, i, 0));
			continue;
		}
		HOLDS(walk, now->hosts[volume->writer.host].logged_on);
		HOLDS(walk, volume->writer.incarnation ==
				    now->hosts[volume->writer.host].incarnation);
		if (volume->writer.epoch == walk->epoch_last[i]) {
			HOLDS(walk, was_same &&
				    right_same(&volume->writer, &before->volumes[i].writer));
			continue;
		}
		HOLDS(walk, volume->writer.epoch > walk->epoch_last[i]);
		HOLDS(walk, volume->writer.epoch == now->version);
		walk->epoch_last[i] = volume->writer.epoch;
	}
}

/* What waits can be granted, and is addressed to the one who can. */
static void check_waiting(struct walk *walk, const struct request_row *request)
{
	const struct tables *now = walk->now;
	const struct volume_row *volume = &now->volumes[request->volume];
	struct access_row access = tables_access(now, request->volume, request->from);

	HOLDS(walk, volume->enabled && access.mount && access.write == WRITE_ASK);
	HOLDS(walk, now->hosts[request->from].valid && now->hosts[request->from].logged_on);
	HOLDS(walk, volume->writer.epoch && request->asked == volume->writer.host);
	HOLDS(walk, request->from != volume->writer.host);
	HOLDS(walk, request->ended_version == 0);
}

/* A grant passes over nobody who still waits, but for the request that the writer named. */
static void check_turn(struct walk *walk, const struct request_row *granted,
		       const struct change *change)
{
	const struct request_row *head = tables_queue_next(walk->now, granted->volume, 0);

	HOLDS(walk, granted->ended_version == walk->now->version);
	HOLDS(walk, walk->now->volumes[granted->volume].granted_request == granted->id);
	if (!(change->kind == CHANGE_GIVE && change->request == granted->id))
		HOLDS(walk, !head || head->id > granted->id);
}

static void check_requests(struct walk *walk, const struct tables *before,
			   const struct change *change)
{
	const struct tables *now = walk->now;

	for (uint16_t i = 0; i < now->request_count; i++) {
		const struct request_row *request = &now->requests[i];
		const struct request_row *was = tables_request_const(before, request->id);

		HOLDS(walk, was || request->id >= before->request_next);
		if (request->state == REQUEST_WAITING)
			check_waiting(walk, request);
		if (request->state == REQUEST_GRANTED && (!was || was->state == REQUEST_WAITING))
			check_turn(walk, request, change);
		if (was && was->state != REQUEST_WAITING)
			HOLDS(walk, was->state == request->state ||
				    (change->kind == CHANGE_RETURN &&
				     was->state == REQUEST_GRANTED &&
				     request->state == REQUEST_REFUSED));
		for (uint16_t j = 0; j < i; j++)
			HOLDS(walk, !(now->requests[j].state == REQUEST_WAITING &&
				      request->state == REQUEST_WAITING &&
				      now->requests[j].volume == request->volume &&
				      now->requests[j].from == request->from));
	}
	for (uint16_t i = 0; i < before->request_count; i++)
		HOLDS(walk, before->requests[i].state != REQUEST_WAITING ||
			    tables_request_const(now, before->requests[i].id));
}

static void check_image(struct walk *walk)
{
	struct image_value value = image_encode(walk->now, 1, 2, walk->step, &walk->layout,
						&cluster, walk->image, walk->layout.image_bytes);

	HOLDS(walk, image_decode(walk->image, walk->layout.image_bytes, &value, &capacity, &cluster,
				 walk->decoded) == BLOCK_OK);
	HOLDS(walk, tables_same(walk->now, walk->decoded));
	HOLDS(walk, walk->now->version == walk->decoded->version);
}

/* A text that is printed and read again changes nothing. */
static void check_text(struct walk *walk)
{
	static char text[64 * 1024];
	struct form_errors errors;
	size_t len = form_print(walk->now, walk->step % 2 == 0, text, sizeof(text));

	HOLDS(walk, len < sizeof(text));
	tables_copy(walk->decoded, walk->now);
	form_apply(walk->decoded, text, len, FORM_WHOLE, &errors);
	HOLDS(walk, errors.count == 0);
	HOLDS(walk, tables_same(walk->now, walk->decoded));
}

static void check_repeat(struct walk *walk, const struct change *change,
			 const struct outcome *outcome)
{
	struct outcome again;

	rule_apply(walk->now, change, walk->next, &again);
	HOLDS(walk, again.ruling == outcome->ruling && again.value == outcome->value);
	HOLDS(walk, walk->next->version == walk->now->version);
	HOLDS(walk, tables_same(walk->next, walk->now));
}

static void step(struct walk *walk)
{
	struct change change = draw_change(walk);
	struct tables *before = walk->now;
	struct outcome outcome;

	rule_apply(walk->now, &change, walk->next, &outcome);
	walk->rulings[outcome.ruling]++;
	if (!ruling_is_change(outcome.ruling)) {
		HOLDS(walk, walk->next->version == before->version);
		HOLDS(walk, tables_same(walk->next, before));
		if (outcome.ruling == RULING_QUEUE_FULL)
			HOLDS(walk, waiting_of(before, change.host) >= REQUESTS_PER_HOST ||
				    waiting_of(before, SLOT_NONE) == HOSTS * REQUESTS_PER_HOST);
		return;
	}
	walk->now = walk->next;
	walk->next = before;
	HOLDS(walk, walk->now->version == before->version + 1);
	HOLDS(walk, !tables_same(walk->now, before));
	HOLDS(walk, !tables_fault(walk->now));
	check_rights(walk, before);
	check_requests(walk, before, &change);
	check_repeat(walk, &change, &outcome);
	if (walk->step % 8 == 0) {
		check_image(walk);
		check_text(walk);
	}
}

static void *zeroed(size_t size)
{
	void *memory = calloc(1, size);

	ck_assert_ptr_nonnull(memory);
	return memory;
}

static void walk_begin(struct walk *walk, uint64_t seed)
{
	static const char text[] = "[cluster]\nname = w\n[host a]\n[host b]\n[host c]\n"
				   "[volume p]\nuuid = AA-112\nmount-point = /v/p\n"
				   "[volume q]\nuuid = AA-113\nmount-point = /v/q\n"
				   "[volume r]\nuuid = AA-114\nmount-point = /v/r\n";
	struct form_errors errors;

	tables_init(walk->now, &capacity);
	memset(walk->next, 0, sizeof(*walk->next));
	memset(walk->walkers, 0, sizeof(walk->walkers));
	memset(walk->epoch_last, 0, sizeof(walk->epoch_last));
	form_apply(walk->now, text, strlen(text), FORM_WHOLE, &errors);
	walk->now->version = 1;
	walk->seed = seed;
	walk->incarnation_next = 1000;
	walk->chance = (struct chance) { .state = seed };
	HOLDS(walk, errors.count == 0 && !tables_fault(walk->now));
}

/* A walk that never meets a ruling proves nothing about it. */
static void check_met(const struct walk *walk)
{
	for (unsigned int i = 0; i <= RULING_OUT_OF_ORDER; i++) {
		/* Walks take no volume over, and never send a change late. */
		if (i == RULING_UNPROVEN || i == RULING_OUT_OF_ORDER)
			continue;
		ck_assert_msg(walk->rulings[i] > 0, "never met: %s", ruling_text((enum ruling)i));
	}
}

START_TEST(whatever_hosts_do_rights_queues_and_epochs_stay_as_they_must)
{
	struct walk *walk = zeroed(sizeof(*walk));

	walk->now = zeroed(sizeof(*walk->now));
	walk->next = zeroed(sizeof(*walk->next));
	walk->decoded = zeroed(sizeof(*walk->decoded));
	ck_assert_int_eq(layout_make(&walk->layout, SECTOR_MIN, &capacity), 0);
	walk->image = zeroed(walk->layout.image_bytes);
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		walk_begin(walk, seed);
		for (walk->step = 0; walk->step < STEPS; walk->step++)
			step(walk);
	}
	check_met(walk);
	free(walk->now);
	free(walk->next);
	free(walk->decoded);
	free(walk->image);
	free(walk);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("rules_walk");

	tcase_add_test(tests, whatever_hosts_do_rights_queues_and_epochs_stay_as_they_must);
	return unit_run("rules_walk", tests);
}
