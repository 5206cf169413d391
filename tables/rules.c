/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/rules.h"

#include <assert.h>
#include <string.h>

/*
 * A writer that did not give its volume up may have published states that
 * nobody has recorded.  Its generation goes up by more than it can have
 * published, so that every viewer takes its view for stale.
 */
#define UNCLEAN_GENERATIONS (1ULL << 20)

/* The version that this change makes, and with it every epoch that it grants. */
static uint64_t version_made(const struct tables *tables)
{
	return tables->version + 1;
}

/* A string of a change, in a field of @size bytes. */
static bool string_is_valid(const char *string, size_t size)
{
	const char *end = memchr(string, 0, size);

	return end && text_is_valid(string, (size_t)(end - string));
}

/*
 * Whether a host may be given the right to write a volume.  Asked when a
 * request is posted, and again when its turn comes: the tables may have been
 * edited in between.
 */
static enum ruling may_write(const struct tables *tables, uint16_t volume, uint16_t host)
{
	struct access_row access = tables_access(tables, volume, host);

	if (!tables->volumes[volume].enabled)
		return RULING_DISABLED;
	if (!access.mount)
		return RULING_MAY_NOT_MOUNT;
	if (access.write == WRITE_NEVER)
		return RULING_LOCKED_OUT;
	if (!tables->hosts[host].valid)
		return RULING_NOT_VALID;
	if (!tables->hosts[host].logged_on)
		return RULING_NOT_LOGGED_ON;
	return RULING_DONE;
}

/* The volume that a change is about, or NULL: never made, removed, or another in its slot. */
static struct volume_row *change_volume(struct tables *tables, const struct change *change)
{
	struct volume_row *volume;

	if (change->volume >= tables->volume_count)
		return NULL;
	volume = &tables->volumes[change->volume];
	if (volume->state != ROW_USED || volume->born != change->volume_born)
		return NULL;
	return volume;
}

/* Whether the changing host is the volume's writer, in its present incarnation. */
static bool is_writer(const struct volume_row *volume, const struct change *change)
{
	return volume->writer.epoch && volume->writer.host == change->host &&
	       volume->writer.incarnation == change->incarnation;
}

static void end_request(struct tables *tables, struct request_row *request,
			enum request_state state, const char *answer, uint64_t now_s)
{
	request->state = state;
	request->ended_version = version_made(tables);
	request->ended_s = now_s;
	memset(request->answer, 0, sizeof(request->answer));
	memcpy(request->answer, answer, strlen(answer));
}

/* From now on it is the host of the new writer that answers the requests for a volume. */
static void address_queue(struct tables *tables, uint16_t volume, uint16_t host)
{
	for (uint16_t i = 0; i < tables->request_count; i++) {
		struct request_row *request = &tables->requests[i];

		if (request->volume == volume && request->state == REQUEST_WAITING)
			request->asked = host;
	}
}

/* The right is the host's, but granted only: it confirms when the volume is mounted. */
static void grant(struct tables *tables, uint16_t volume, struct request_row *request,
		  const char *answer, uint64_t now_s)
{
	struct volume_row *row = &tables->volumes[volume];

	end_request(tables, request, REQUEST_GRANTED, answer, now_s);
	row->phase = PHASE_GRANTING;
	row->granted_request = request->id;
	row->writer = (struct right) {
		.host = request->from,
		.incarnation = tables->hosts[request->from].incarnation,
		.epoch = version_made(tables),
	};
	address_queue(tables, volume, request->from);
}

/* The request that the writer named if it waits for this volume, else the head of the queue. */
static struct request_row *next_in_turn(struct tables *tables, uint16_t volume, uint64_t named)
{
	struct request_row *request = named ? tables_request(tables, named) : NULL;
	const struct request_row *head;

	if (request && request->volume == volume && request->state == REQUEST_WAITING)
		return request;
	head = tables_queue_next(tables, volume, 0);
	return head ? tables_request(tables, head->id) : NULL;
}

/*
 * The writer's right ends, and whoever is next gets it in the same commit: a
 * volume without a writer never has a queue.  Requests that may not be granted
 * any more are refused on the way.  The answer goes to the request that the
 * writer named.  Returns the request that was granted, or 0.
 */
static uint64_t pass_on(struct tables *tables, uint16_t volume, uint64_t named,
			const char *answer, uint64_t now_s)
{
	struct volume_row *row = &tables->volumes[volume];
	struct request_row *request;

	row->phase = PHASE_FREE;
	row->writer = (struct right) { .host = SLOT_NONE };
	row->granted_request = 0;
	while ((request = next_in_turn(tables, volume, named)) != NULL) {
		enum ruling ruling = may_write(tables, volume, request->from);

		if (ruling == RULING_DONE) {
			grant(tables, volume, request, request->id == named ? answer : "", now_s);
			return request->id;
		}
		end_request(tables, request, REQUEST_REFUSED, ruling_text(ruling), now_s);
	}
	return 0;
}

/* Requests that an edit has made impossible end at once, not when their turn comes. */
static void refuse_impossible(struct tables *tables, uint64_t now_s)
{
	for (uint16_t i = 0; i < tables->request_count; i++) {
		struct request_row *request = &tables->requests[i];
		enum ruling ruling;

		if (request->state != REQUEST_WAITING)
			continue;
		ruling = may_write(tables, request->volume, request->from);
		if (ruling != RULING_DONE)
			end_request(tables, request, REQUEST_REFUSED, ruling_text(ruling), now_s);
	}
}

static void cancel_requests_of(struct tables *tables, uint16_t host, const char *answer,
			       uint64_t now_s)
{
	for (uint16_t i = 0; i < tables->request_count; i++) {
		struct request_row *request = &tables->requests[i];

		if (request->from == host && request->state == REQUEST_WAITING)
			end_request(tables, request, REQUEST_CANCELLED, answer, now_s);
	}
}

/* A log on of this machine proves that its earlier incarnations have stopped. */
static void drop_earlier(struct volume_row *volume, uint16_t host)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < volume->earlier_count; i++) {
		if (volume->earlier[i].host != host)
			volume->earlier[kept++] = volume->earlier[i];
	}
	memset(&volume->earlier[kept], 0,
	       (volume->earlier_count - kept) * sizeof(volume->earlier[0]));
	volume->earlier_count = (uint8_t)kept;
}

static bool is_kept(const struct change *change, uint16_t volume)
{
	return change->kept_volumes[volume / 8] >> volume % 8 & 1;
}

/*
 * What a host held in an earlier incarnation.  Not proven to be given up by
 * a daemon of this very boot: it stays the writer, under an epoch of its new
 * incarnation.  All else has ended: what was proven here, and what another boot
 * held, which died with it.
 */
static void settle_rights(struct tables *tables, const struct change *change, bool same_boot)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		struct volume_row *volume = &tables->volumes[i];

		if (volume->state != ROW_USED)
			continue;
		drop_earlier(volume, change->host);
		if (!volume->writer.epoch || volume->writer.host != change->host)
			continue;
		/* What the earlier incarnation published only its beats said. */
		volume->generation += UNCLEAN_GENERATIONS;
		if (same_boot && is_kept(change, i)) {
			volume->writer.incarnation = change->incarnation;
			volume->writer.epoch = version_made(tables);
		} else {
			pass_on(tables, i, 0, "", change->now_s);
		}
	}
}

static bool id128_is_none(const struct id128 *id)
{
	static const struct id128 none;

	return memcmp(id, &none, sizeof(none)) == 0;
}

/*
 * A host begins an incarnation (A6).  The row belongs to one machine, the
 * first that came: only then does the log on prove anything about the rights
 * of earlier incarnations, and a machine that can not name itself is nobody's.
 * That no other daemon of this machine lives has been watched before (claim.h).
 * Requests outlive a restart of the daemon, for the people who made them are
 * still there; they do not outlive a boot.
 */
static enum ruling rule_logon(struct tables *tables, const struct change *change,
			      struct outcome *outcome)
{
	struct host_row *host = &tables->hosts[change->host];
	bool same_boot = memcmp(&host->boot, &change->boot, sizeof(host->boot)) == 0;

	if (!host->valid)
		return RULING_NOT_VALID;
	if (id128_is_none(&change->machine) ||
	    (!id128_is_none(&host->machine) &&
	     memcmp(&host->machine, &change->machine, sizeof(host->machine)) != 0))
		return RULING_OTHER_MACHINE;
	host->machine = change->machine;
	host->boot = change->boot;
	host->incarnation = change->incarnation;
	host->logged_on = true;
	tables->openings++;
	if (!same_boot)
		cancel_requests_of(tables, change->host, "the host has been restarted",
				   change->now_s);
	settle_rights(tables, change, same_boot);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/*
 * A host ends cleanly (A11).  Logged off means that nothing it had can still
 * be written: hence no right may be left, given or only granted.  What is
 * addressed to it has its volume's writer elsewhere already.
 */
static enum ruling rule_logoff(struct tables *tables, const struct change *change,
			       struct outcome *outcome)
{
	for (uint16_t i = 0; i < tables->volume_count; i++) {
		const struct right *writer = &tables->volumes[i].writer;

		if (writer->epoch && writer->host == change->host) {
			outcome->value = i;
			return RULING_STILL_WRITER;
		}
	}
	tables->hosts[change->host].logged_on = false;
	cancel_requests_of(tables, change->host, "the host has logged off", change->now_s);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/* A host asks once for each volume: the open request, if there is one. */
static struct request_row *open_request(struct tables *tables, uint16_t volume, uint16_t host)
{
	for (uint16_t i = 0; i < tables->request_count; i++) {
		struct request_row *request = &tables->requests[i];

		if (request->volume == volume && request->from == host &&
		    request->state == REQUEST_WAITING)
			return request;
	}
	return NULL;
}

/*
 * Whether one more request of @host may wait.  Each host that may log on is
 * sure of its REQUESTS_PER_HOST places; what others leave of theirs is not
 * taken, only places of rows that nobody uses are lent.
 */
static bool queue_has_room(const struct tables *tables, uint16_t host)
{
	uint16_t waiting[HOSTS_MAX] = { 0 };
	uint32_t taken = 0;

	for (uint16_t i = 0; i < tables->request_count; i++) {
		if (tables->requests[i].state == REQUEST_WAITING) {
			waiting[tables->requests[i].from]++;
			taken++;
		}
	}
	if (waiting[host] >= REQUESTS_PER_HOST) {
		for (uint16_t i = 0; i < tables->host_count; i++) {
			if (i != host && tables->hosts[i].state == ROW_USED &&
			    waiting[i] < REQUESTS_PER_HOST)
				taken += REQUESTS_PER_HOST - waiting[i];
		}
	}
	return taken < capacity_requests(&tables->capacity);
}

static bool is_present_grant(const struct tables *tables, const struct request_row *request)
{
	return tables->volumes[request->volume].granted_request == request->id;
}

/* Whether the ended request @a makes room before @b: the longest ended, but present grants last. */
static bool makes_room_before(const struct tables *tables, const struct request_row *a,
			      const struct request_row *b)
{
	bool a_held = is_present_grant(tables, a);
	bool b_held = is_present_grant(tables, b);

	return a_held != b_held ? b_held : a->ended_version < b->ended_version;
}

/* Ended requests stay to be looked at until their place is needed. */
static void make_room(struct tables *tables)
{
	uint16_t oldest = SLOT_NONE;

	if (tables->request_count < capacity_requests(&tables->capacity))
		return;
	for (uint16_t i = 0; i < tables->request_count; i++) {
		const struct request_row *request = &tables->requests[i];

		if (request->state != REQUEST_WAITING &&
		    (oldest == SLOT_NONE ||
		     makes_room_before(tables, request, &tables->requests[oldest])))
			oldest = i;
	}
	assert(oldest != SLOT_NONE);	/* queue_has_room() */
	tables_request_drop(tables, oldest);
}

/* Ids only grow, hence the last place keeps the order. */
static struct request_row *post(struct tables *tables, const struct change *change)
{
	struct request_row *request;

	make_room(tables);
	request = &tables->requests[tables->request_count++];
	*request = (struct request_row) {
		.id = tables->request_next++,
		.volume = change->volume,
		.from = change->host,
		.asked = tables->volumes[change->volume].writer.host,
		.state = REQUEST_WAITING,
		.posted_s = change->now_s,
	};
	memcpy(request->person, change->person, strlen(change->person));
	memcpy(request->text, change->text, strlen(change->text));
	return request;
}

/*
 * A host asks for the right to write (A7).  Without a writer there is nobody
 * to ask: the last one has committed its release.  Where some earlier writer
 * was never proven to have stopped, asking is not enough.  Asked again, the
 * request keeps its place and says what it says now.
 */
static enum ruling rule_request(struct tables *tables, const struct change *change,
				struct outcome *outcome)
{
	struct volume_row *volume = change_volume(tables, change);
	struct request_row *request;
	enum ruling ruling;

	if (!volume)
		return RULING_NO_SUCH_VOLUME;
	if (!string_is_valid(change->text, sizeof(change->text)) ||
	    !string_is_valid(change->person, sizeof(change->person)))
		return RULING_BAD_TEXT;
	if (volume->writer.epoch && volume->writer.host == change->host)
		return RULING_ALREADY_WRITER;
	ruling = may_write(tables, change->volume, change->host);
	if (ruling != RULING_DONE)
		return ruling;
	request = open_request(tables, change->volume, change->host);
	if (request) {
		memset(request->text, 0, sizeof(request->text));
		memcpy(request->text, change->text, strlen(change->text));
		memset(request->person, 0, sizeof(request->person));
		memcpy(request->person, change->person, strlen(change->person));
		outcome->value = request->id;
		return RULING_REPLACED_TEXT;
	}
	if (!volume->writer.epoch && volume->earlier_count > 0)
		return RULING_UNPROVEN;
	if (!queue_has_room(tables, change->host))
		return RULING_QUEUE_FULL;
	request = post(tables, change);
	outcome->value = request->id;
	if (volume->writer.epoch)
		return RULING_DONE;
	grant(tables, change->volume, request, "", change->now_s);
	return RULING_GRANTED;
}

/*
 * The asking host does not want the volume any more.  If the right is under
 * way already the request has ended: the host returns it (RETURN, GIVE).
 */
static enum ruling rule_cancel(struct tables *tables, const struct change *change,
			       struct outcome *outcome)
{
	struct request_row *request = tables_request(tables, change->request);

	if (!request)
		return RULING_NO_SUCH_REQUEST;
	if (request->from != change->host)
		return RULING_NOT_YOURS;
	if (request->state != REQUEST_WAITING)
		return RULING_NOT_WAITING;
	end_request(tables, request, REQUEST_CANCELLED, "", change->now_s);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/* The writer's host ends a request without giving; one that was the writer before has no say. */
static enum ruling refuse_request(struct tables *tables, const struct change *change,
				  enum request_state state, struct outcome *outcome)
{
	struct request_row *request = tables_request(tables, change->request);

	if (!request)
		return RULING_NO_SUCH_REQUEST;
	if (!string_is_valid(change->text, sizeof(change->text)))
		return RULING_BAD_TEXT;
	if (request->state != REQUEST_WAITING)
		return RULING_NOT_WAITING;
	if (!is_writer(&tables->volumes[request->volume], change))
		return RULING_NOT_YOURS;
	end_request(tables, request, state, change->text, change->now_s);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/* Somebody, or the host by itself, has said no (A8). */
static enum ruling rule_answer_no(struct tables *tables, const struct change *change,
				  struct outcome *outcome)
{
	return refuse_request(tables, change, REQUEST_REFUSED, outcome);
}

/* Nobody has said anything within answer-within, and the default is no. */
static enum ruling rule_time_out(struct tables *tables, const struct change *change,
				 struct outcome *outcome)
{
	return refuse_request(tables, change, REQUEST_TIMED_OUT, outcome);
}

/*
 * The writer has stopped writing and passes the right on (A8, A11).  The epoch
 * says which right: one that has been lost meanwhile is not there to be given.
 * A published generation never goes back, or viewers would take old for new.
 */
static enum ruling rule_give(struct tables *tables, const struct change *change,
			     struct outcome *outcome)
{
	struct volume_row *volume = change_volume(tables, change);

	if (!volume)
		return RULING_NO_SUCH_VOLUME;
	if (!string_is_valid(change->text, sizeof(change->text)))
		return RULING_BAD_TEXT;
	if (!is_writer(volume, change) || volume->writer.epoch != change->epoch)
		return RULING_NOT_WRITER;
	if (change->generation > volume->generation)
		volume->generation = change->generation;
	outcome->value = pass_on(tables, change->volume, change->request, change->text,
				 change->now_s);
	return RULING_DONE;
}

/* The granted mount is made: from now on the volume may hold what only its writer knows. */
static enum ruling rule_confirm(struct tables *tables, const struct change *change,
				struct outcome *outcome)
{
	struct volume_row *volume = change_volume(tables, change);

	if (!volume)
		return RULING_NO_SUCH_VOLUME;
	if (!is_writer(volume, change) || volume->writer.epoch != change->epoch)
		return RULING_NOT_WRITER;
	if (volume->phase == PHASE_WRITING)
		return RULING_UNCHANGED;
	volume->phase = PHASE_WRITING;
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/*
 * The right was granted and can not be used: the mount failed, or its request
 * was given up meanwhile.  The request ends as refused, and so is not the next
 * in turn again.  Had the volume been in use after all, its viewers are stale.
 */
static enum ruling rule_return(struct tables *tables, const struct change *change,
			       struct outcome *outcome)
{
	struct volume_row *volume = change_volume(tables, change);
	struct request_row *request;

	if (!volume)
		return RULING_NO_SUCH_VOLUME;
	if (!string_is_valid(change->text, sizeof(change->text)))
		return RULING_BAD_TEXT;
	if (!is_writer(volume, change) || volume->writer.epoch != change->epoch)
		return RULING_NOT_WRITER;
	if (volume->phase == PHASE_WRITING)
		volume->generation += UNCLEAN_GENERATIONS;
	request = tables_request(tables, volume->granted_request);
	if (request)
		end_request(tables, request, REQUEST_REFUSED, change->text, change->now_s);
	outcome->value = pass_on(tables, change->volume, 0, "", change->now_s);
	return RULING_DONE;
}

/*
 * An edit in text form (A12).  A whole text replaces what it was made from,
 * hence only that: else it would undo what others have changed since.  A
 * fragment says what it means and needs no base.
 */
static enum ruling rule_form(struct tables *tables, const struct change *change,
			     struct outcome *outcome)
{
	if (change->form_mode == FORM_WHOLE && change->base_version != 0 &&
	    change->base_version != tables->version)
		return RULING_CONFLICT;
	form_apply(tables, change->form, change->form_len, change->form_mode, &outcome->errors);
	if (outcome->errors.count > 0)
		return RULING_FORM_WRONG;
	refuse_impossible(tables, change->now_s);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/* The row of a removed host of that name, or SLOT_NONE. */
static uint16_t removed_host_find(const struct tables *tables, const char *name)
{
	for (uint16_t i = 0; i < tables->host_count; i++) {
		if (tables->hosts[i].state == ROW_REMOVED && name_same(tables->hosts[i].name, name))
			return i;
	}
	return SLOT_NONE;
}

/*
 * A host's row goes.  Its slot stays taken, for the machine may come back and
 * write to its sectors, until an administrator says that it will not.
 */
static enum ruling rule_remove_host(struct tables *tables, const struct change *change,
				    struct outcome *outcome)
{
	uint16_t host;
	uint16_t volume;

	if (!memchr(change->name, 0, sizeof(change->name)))
		return RULING_BAD_TEXT;
	host = tables_host_find(tables, change->name);
	if (host == SLOT_NONE && change->free_slot)
		host = removed_host_find(tables, change->name);
	if (host == SLOT_NONE)
		return RULING_NO_SUCH_HOST;
	if (tables->hosts[host].logged_on)
		return RULING_HOST_IS_LIVE;
	volume = tables_right_of(tables, host);
	if (volume != SLOT_NONE) {
		outcome->value = volume;
		return RULING_STILL_WRITER;
	}
	tables_host_remove(tables, host, change->free_slot);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/* A volume's record goes; not while anybody writes it, or may do so for all that is proven. */
static enum ruling rule_remove_volume(struct tables *tables, const struct change *change,
				      struct outcome *outcome)
{
	uint16_t volume;

	if (!memchr(change->name, 0, sizeof(change->name)))
		return RULING_BAD_TEXT;
	volume = tables_volume_find(tables, change->name);
	if (volume == SLOT_NONE)
		return RULING_NO_SUCH_VOLUME;
	if (tables->volumes[volume].writer.epoch)
		return RULING_HAS_WRITER;
	if (tables->volumes[volume].earlier_count > 0)
		return RULING_UNPROVEN;
	tables_volume_remove(tables, volume);
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/* A machine that asked to join gets a row, and the row that machine only. */
static enum ruling rule_approve(struct tables *tables, const struct change *change,
				struct outcome *outcome)
{
	uint16_t host;

	if (!memchr(change->name, 0, sizeof(change->name)) || !name_is_valid(change->name))
		return RULING_BAD_TEXT;
	host = tables_host_find(tables, change->name);
	if (host != SLOT_NONE)
		return memcmp(&tables->hosts[host].machine, &change->machine,
			      sizeof(change->machine)) == 0 ?
			       RULING_UNCHANGED :
			       RULING_NAME_TAKEN;
	host = tables_host_slot(tables);
	if (host == SLOT_NONE)
		return RULING_FULL;
	tables->hosts[host] = host_row_defaults();
	memcpy(tables->hosts[host].name, change->name, strlen(change->name));
	tables->hosts[host].machine = change->machine;
	outcome->value = version_made(tables);
	return RULING_DONE;
}

/*
 * A row gets another machine, the next that logs on.  That log on proves
 * nothing about the machine before, hence not while a right is left to it.
 */
static enum ruling rule_trust_machine(struct tables *tables, const struct change *change,
				      struct outcome *outcome)
{
	uint16_t host;
	uint16_t volume;

	if (!memchr(change->name, 0, sizeof(change->name)))
		return RULING_BAD_TEXT;
	host = tables_host_find(tables, change->name);
	if (host == SLOT_NONE)
		return RULING_NO_SUCH_HOST;
	if (id128_is_none(&tables->hosts[host].machine))
		return RULING_UNCHANGED;
	volume = tables_right_of(tables, host);
	if (volume != SLOT_NONE) {
		outcome->value = volume;
		return RULING_STILL_WRITER;
	}
	memset(&tables->hosts[host].machine, 0, sizeof(tables->hosts[host].machine));
	outcome->value = version_made(tables);
	return RULING_DONE;
}

struct rule {
	enum ruling (*apply)(struct tables *tables, const struct change *change,
			     struct outcome *outcome);
	bool edit;	/* of an administrator's: nobody else may */
};

static const struct rule rules[] = {
	[CHANGE_LOGON] = { rule_logon, false },
	[CHANGE_LOGOFF] = { rule_logoff, false },
	[CHANGE_REQUEST] = { rule_request, false },
	[CHANGE_CANCEL] = { rule_cancel, false },
	[CHANGE_ANSWER_NO] = { rule_answer_no, false },
	[CHANGE_TIME_OUT] = { rule_time_out, false },
	[CHANGE_GIVE] = { rule_give, false },
	[CHANGE_CONFIRM] = { rule_confirm, false },
	[CHANGE_RETURN] = { rule_return, false },
	[CHANGE_FORM] = { rule_form, true },
	[CHANGE_REMOVE_HOST] = { rule_remove_host, true },
	[CHANGE_REMOVE_VOLUME] = { rule_remove_volume, true },
	[CHANGE_APPROVE] = { rule_approve, true },
	[CHANGE_TRUST_MACHINE] = { rule_trust_machine, true },
};
#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))
static_assert(RULE_COUNT == CHANGE_TRUST_MACHINE + 1, "every kind of change has its rule");

bool rule_applied(const struct tables *tables, const struct change *change,
		  struct outcome *ret_outcome)
{
	const struct host_row *host;

	if (change->host >= tables->host_count)
		return false;
	host = &tables->hosts[change->host];
	if (host->state != ROW_USED || host->incarnation != change->incarnation ||
	    host->last_sequence != change->sequence)
		return false;
	*ret_outcome = (struct outcome) {
		.ruling = (enum ruling)host->last_result.ruling,
		.value = host->last_result.value,
	};
	return true;
}

/*
 * Whether the host may change anything: it has a row, and what it asks comes
 * from its present incarnation, in order.  Only a log on begins another one.
 */
static enum ruling may_change(const struct tables *tables, const struct change *change)
{
	const struct host_row *host;

	if (change->host >= tables->host_count || tables->hosts[change->host].state != ROW_USED)
		return RULING_NO_SUCH_HOST;
	host = &tables->hosts[change->host];
	if (host->incarnation == change->incarnation && change->sequence < host->last_sequence)
		return RULING_OUT_OF_ORDER;
	if (change->kind != CHANGE_LOGON &&
	    (!host->logged_on || host->incarnation != change->incarnation))
		return RULING_NOT_LOGGED_ON;
	if (rules[change->kind].edit && !change->administrator)
		return RULING_NOT_ADMINISTRATOR;
	return RULING_DONE;
}

/* The id and the result stay in the host's row, for when the host is in doubt. */
static void record(struct tables *tables, const struct change *change,
		   const struct outcome *outcome)
{
	struct host_row *host = &tables->hosts[change->host];

	host->last_sequence = change->sequence;
	host->last_result = (struct change_result) {
		.ruling = (uint16_t)outcome->ruling,
		.value = outcome->value,
	};
	tables->version++;
}

void rule_apply(const struct tables *tables, const struct change *change,
		struct tables *ret_tables, struct outcome *ret_outcome)
{
	assert(change->kind < RULE_COUNT);
	assert(ret_tables != tables);

	tables_copy(ret_tables, tables);
	if (rule_applied(tables, change, ret_outcome))
		return;
	*ret_outcome = (struct outcome) { .ruling = may_change(tables, change) };
	if (ret_outcome->ruling != RULING_DONE)
		return;
	ret_outcome->ruling = rules[change->kind].apply(ret_tables, change, ret_outcome);
	/* A text that says what stands there already is no change. */
	if (rules[change->kind].edit && ret_outcome->ruling == RULING_DONE &&
	    tables_same(tables, ret_tables)) {
		ret_outcome->ruling = RULING_UNCHANGED;
		ret_outcome->value = 0;
	}
	if (ruling_is_change(ret_outcome->ruling))
		record(ret_tables, change, ret_outcome);
	else
		tables_copy(ret_tables, tables);
}

bool ruling_is_change(enum ruling ruling)
{
	return ruling == RULING_DONE || ruling == RULING_GRANTED || ruling == RULING_REPLACED_TEXT;
}

bool ruling_is_refusal(enum ruling ruling)
{
	return !ruling_is_change(ruling) && ruling != RULING_UNCHANGED &&
	       ruling != RULING_ALREADY_WRITER;
}

const char *ruling_text(enum ruling ruling)
{
	switch (ruling) {
	case RULING_DONE: return "done";
	case RULING_GRANTED: return "granted";
	case RULING_UNCHANGED: return "nothing to change";
	case RULING_ALREADY_WRITER: return "this host is the writer already";
	case RULING_REPLACED_TEXT: return "asked already, the text is replaced";
	case RULING_NO_SUCH_HOST: return "no such host";
	case RULING_NO_SUCH_VOLUME: return "no such volume";
	case RULING_NO_SUCH_REQUEST: return "no such request";
	case RULING_NOT_YOURS: return "another host's to decide";
	case RULING_NOT_WAITING: return "the request has ended";
	case RULING_NOT_LOGGED_ON: return "the host is not logged on";
	case RULING_NOT_VALID: return "the host is not valid";
	case RULING_OTHER_MACHINE: return "the name belongs to another machine";
	case RULING_DISABLED: return "the volume is disabled";
	case RULING_MAY_NOT_MOUNT: return "the host may not mount the volume";
	case RULING_LOCKED_OUT: return "the host is locked out from asking for the volume";
	case RULING_QUEUE_FULL: return "too many requests are waiting";
	case RULING_NOT_WRITER: return "the host is not, or no longer, the writer";
	case RULING_STILL_WRITER: return "the host is still the writer of a volume";
	case RULING_HAS_WRITER: return "the volume has a writer";
	case RULING_HOST_IS_LIVE: return "the host is logged on";
	case RULING_NAME_TAKEN: return "the name is taken";
	case RULING_FULL: return "no free row is left";
	case RULING_CONFLICT: return "the tables have been changed meanwhile";
	case RULING_FORM_WRONG: return "the text has errors";
	case RULING_BAD_TEXT: return "not a valid text";
	case RULING_UNPROVEN: return "an earlier writer is not proven to have stopped";
	case RULING_NOT_ADMINISTRATOR: return "only an administrator may do that";
	case RULING_OUT_OF_ORDER: return "older than the last change of the host";
	}
	return "an unknown ruling";	/* of a later version's tables */
}
