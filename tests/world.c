/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/world.h"

static void host_event(struct world *world, unsigned int at, struct host_event event)
{
	event.now_s = 1000 + world->now_ms / 1000;
	host_step(world->hosts[at].host, &event, world->now_ms);
}

static bool can_write(const struct world_kernel *kernel, unsigned int v)
{
	return kernel->mounted[v] == MOUNTED_WRITE || kernel->elsewhere[v];
}

/* The one promise, looked at after every move of a mount or a right: who writes has the right. */
static void check_writers(const struct world *world)
{
	for (unsigned int v = 0; v < world->tables->volume_count; v++) {
		unsigned int writers = 0;

		for (unsigned int h = 0; h < world->host_count; h++) {
			const struct volume_row *row = &world->tables->volumes[v];

			if (!can_write(&world->hosts[h].kernel, v))
				continue;
			writers++;
			ck_assert_msg(row->phase != PHASE_FREE && row->writer.host == h,
				      "h%u can write to v%u and has no right to", h, v);
		}
		ck_assert_msg(writers <= 1, "two hosts can write to v%u", v);
	}
}

static void learn(struct world *world, unsigned int at)
{
	struct world_host *host = &world->hosts[at];
	struct host_event event = { .kind = HOST_EV_TABLES };
	struct tables *before = host->tables;

	if (host->doubtful || (before && before->version == world->tables->version))
		return;
	host->tables = calloc(1, sizeof(*host->tables));
	tables_copy(host->tables, world->tables);
	event.tables = host->tables;
	host_event(world, at, event);
	free(before);
	for (uint16_t v = 0; v < world->tables->volume_count; v++)
		if (host->host->volumes[v].device_count == 0 && !host->kernel.unplugged[v])
			world_device(world, at, v, true);
	host_event(world, at, (struct host_event){ .kind = HOST_EV_DEVICE, .volume = SLOT_NONE });
}

static void apply(struct world *world, const struct change *change, struct outcome *ret_outcome)
{
	struct tables *next = calloc(1, sizeof(*next));

	rule_apply(world->tables, change, next, ret_outcome);
	free(world->tables);
	world->tables = next;
	check_writers(world);
}

static void answered(struct world *world, unsigned int at, const struct change *change,
		     const struct outcome *outcome)
{
	learn(world, at);
	host_event(world, at, (struct host_event){ .kind = HOST_EV_ANSWERED,
						   .sequence = change->sequence,
						   .outcome = outcome });
}

static void commit(struct world *world, unsigned int at, const struct change *change)
{
	struct world_host *host = &world->hosts[at];
	struct outcome outcome;

	switch (host->fate) {
	case WORLD_DECIDED:
		apply(world, change, &outcome);
		answered(world, at, change, &outcome);
		return;
	case WORLD_NOT_MADE:
		host_event(world, at, (struct host_event){ .kind = HOST_EV_NOT_MADE,
							   .sequence = change->sequence });
		return;
	case WORLD_UNKNOWN_MADE:
		apply(world, change, &host->doubt_outcome);
		break;
	case WORLD_UNKNOWN_LOST:
		break;
	}
	host->doubtful = true;
	host->doubt = *change;
	host_event(world, at, (struct host_event){ .kind = HOST_EV_UNKNOWN,
						   .sequence = change->sequence });
}

void world_doubts_end(struct world *world, unsigned int at)
{
	struct world_host *host = &world->hosts[at];

	if (!host->doubtful)
		return;
	host->doubtful = false;
	if (host->fate == WORLD_UNKNOWN_LOST)
		apply(world, &host->doubt, &host->doubt_outcome);
	host->fate = WORLD_DECIDED;
	answered(world, at, &host->doubt, &host->doubt_outcome);
}

static void busy(struct mount_result *result, enum holder_kind kind)
{
	result->outcome = result->op == MOUNT_VIEW ? MOUNT_STALE_HELD : MOUNT_BUSY;
	result->holder_count = 1;
	result->holders[0] = (struct holder){ .pid = 812, .kind = kind };
	snprintf(result->holders[0].command, sizeof(result->holders[0].command), "%s", "rsync");
}

static void perform_view(struct world *world, struct world_kernel *kernel,
			 const struct mount_job *job, struct mount_result *result)
{
	unsigned int v = job->volume;

	if (job->device[0] == '\0') {
		result->outcome = MOUNT_NO_DEVICE;
		return;
	}
	if (kernel->mounted[v] != MOUNTED_NOT && kernel->readers[v]) {
		busy(result, HOLDER_READING);
		return;
	}
	kernel->mounted[v] = MOUNTED_VIEW;
	kernel->generation[v] = world->contents[v];
}

static void perform_write(struct world_kernel *kernel, unsigned int v, const struct mount_job *job,
			  struct mount_result *result)
{
	if (kernel->elsewhere[v]) {
		busy(result, HOLDER_KERNEL);
	} else if (kernel->broken[v]) {
		kernel->elsewhere[v] = kernel->half_made[v];
		result->unproven = kernel->half_made[v];
		result->outcome = MOUNT_FAILED;
		snprintf(result->reason, sizeof(result->reason), "%s",
			 "v: mount: Structure needs cleaning; run fsck");
	} else if (kernel->readers[v] && !job->over_readers) {
		busy(result, HOLDER_READING);
	} else {
		kernel->mounted[v] = MOUNTED_WRITE;
	}
}

static void perform_give_up(struct world_kernel *kernel, unsigned int v,
			    struct mount_result *result)
{
	if (kernel->mounted[v] == MOUNTED_FOREIGN)
		result->outcome = MOUNT_FOREIGN;
	else if (kernel->elsewhere[v])
		busy(result, HOLDER_KERNEL);
	else if (kernel->mounted[v] == MOUNTED_WRITE && kernel->files_open[v])
		busy(result, HOLDER_WRITING);
	else if (kernel->mounted[v] == MOUNTED_WRITE)
		kernel->mounted[v] = MOUNTED_ENDED;
}

static struct mount_result perform_job(struct world *world, unsigned int at,
				       const struct mount_job *job)
{
	struct world_kernel *kernel = &world->hosts[at].kernel;
	unsigned int v = job->volume;
	struct mount_result result = {
		.op = job->op,
		.volume = job->volume,
		.outcome = MOUNT_DONE,
		.free_bytes = UINT64_MAX,
		.written = world->contents[v],
	};

	switch (job->op) {
	case MOUNT_VIEW:
		perform_view(world, kernel, job, &result);
		break;
	case MOUNT_WRITE:
		perform_write(kernel, v, job, &result);
		break;
	case MOUNT_GIVE_UP:
		perform_give_up(kernel, v, &result);
		break;
	case MOUNT_PUBLISH:
		if (kernel->mounted[v] != MOUNTED_WRITE)
			result.outcome = MOUNT_FAILED;
		result.changed = result.written != job->written_before;
		break;
	case MOUNT_UNMOUNT:
		if (kernel->readers[v])
			busy(&result, HOLDER_READING);
		else
			kernel->mounted[v] = MOUNTED_NOT;
		break;
	case MOUNT_HOLDERS:
		if (kernel->readers[v])
			busy(&result, HOLDER_READING);
		result.outcome = MOUNT_DONE;
		break;
	case MOUNT_SHUT_DOWN:
		if (!kernel->freezes[v])
			kernel->mounted[v] = MOUNTED_NOT;
		break;
	case MOUNT_LOOK:
		if (kernel->mounted[v] == MOUNTED_FOREIGN)
			result.outcome = MOUNT_FOREIGN;
		else if (job->device[0] == '\0')
			result.outcome = MOUNT_NO_DEVICE;
		break;
	case MOUNT_PREFLUSH:
	case MOUNT_LOCK_DEVICE:
		break;
	}
	result.state = kernel->mounted[v];
	check_writers(world);
	return result;
}

static void end_job(struct world *world, unsigned int at, const struct mount_job *job)
{
	struct mount_result result = perform_job(world, at, job);

	host_event(world, at, (struct host_event){ .kind = HOST_EV_MOUNT, .mount = &result });
}

void world_jobs_end(struct world *world, unsigned int at)
{
	struct world_host *host = &world->hosts[at];
	unsigned int count = host->job_count;

	host->job_count = 0;
	for (unsigned int i = 0; i < count; i++)
		end_job(world, at, &host->jobs[i]);
}

void world_commit_ends(struct world *world, unsigned int at)
{
	commit(world, at, &world->hosts[at].change);
}

static void take_answer(struct world *world, const struct host_answer *answer)
{
	if (answer->interim)
		return;
	ck_assert_msg(!world_answer(world, answer->token), "token %llu is answered twice",
		      (unsigned long long)answer->token);
	ck_assert_uint_lt(world->answer_count, WORLD_ANSWERS_MAX);
	world->answers[world->answer_count++] = *answer;
}

static void perform(struct world *world, unsigned int at, const struct host_action *action)
{
	struct world_host *host = &world->hosts[at];
	struct claim_report claim = { .state = CLAIM_DONE };

	switch (action->kind) {
	case HOST_ACT_CLAIM:
		host_event(world, at,
			   (struct host_event){ .kind = HOST_EV_CLAIM, .claim = &claim });
		break;
	case HOST_ACT_COMMIT:
		host->change = action->change;
		if (!host->commits_wait)
			commit(world, at, &host->change);
		break;
	case HOST_ACT_MOUNT:
		if (host->jobs_wait)
			host->jobs[host->job_count++] = action->job;
		else
			end_job(world, at, &action->job);
		break;
	case HOST_ACT_HOOK:
		host_event(world, at, (struct host_event){
			.kind = HOST_EV_HOOK, .volume = action->volume,
			.request = action->request, .yes = host->hook_says_yes,
			.text = "a render is in progress" });
		break;
	case HOST_ACT_BEAT:
		if (host->host->beat.logged_off)
			host_event(world, at, (struct host_event){ .kind = HOST_EV_BEAT,
								   .logged_off = true });
		break;
	case HOST_ACT_ANSWER:
		take_answer(world, &action->answer);
		break;
	case HOST_ACT_NEWS:
		world->news_counts[action->news.kind]++;
		break;
	case HOST_ACT_STOPPED:
		host->stopped = true;
		host->stopped_clean = action->clean;
		break;
	case HOST_ACT_NONE:
	case HOST_ACT_FOLLOW:
	case HOST_ACT_POLL:
	case HOST_ACT_NOTICE:
	case HOST_ACT_JOIN:
		break;
	}
}

/* Everybody's published generation reaches everybody, as beats would carry it. */
static void share_beats(struct world *world, unsigned int at)
{
	for (unsigned int h = 0; h < world->host_count; h++) {
		const struct host *other = world->hosts[h].host;
		struct beat_read read = { .verdict = BLOCK_OK, .issued_ms = world->now_ms,
					  .completed_ms = world->now_ms };

		if (h == at || !other)
			continue;
		read.beat = other->beat;
		read.beat.counter = world->now_ms;
		host_event(world, at,
			   (struct host_event){ .kind = HOST_EV_PEER,
						.host = (uint16_t)h,
						.read = &read,
						.beat_volumes = other->beat_volumes });
	}
}

void world_look(struct world *world, unsigned int at)
{
	struct world_host *host = &world->hosts[at];
	struct host_action action;
	unsigned int steps = 0;

	if (!host->host)
		return;
	learn(world, at);
	share_beats(world, at);
	host_event(world, at, (struct host_event){ .kind = HOST_EV_TICK });
	while (host_next(host->host, &action)) {
		perform(world, at, &action);
		ck_assert_msg(++steps < 10000, "host h%u never comes to rest", at);
	}
}

void world_settle(struct world *world)
{
	uint64_t version;
	unsigned int rounds = 0;

	do {
		version = world->tables->version;
		for (unsigned int h = 0; h < world->host_count; h++)
			world_look(world, h);
		ck_assert_msg(++rounds < 1000, "the hosts never come to rest");
	} while (world->tables->version != version);
	for (unsigned int h = 0; h < world->host_count; h++)
		world_look(world, h);		/* what the last beats said */
}

void world_pass(struct world *world, uint64_t ms)
{
	uint64_t until_ms = world->now_ms + ms;

	while (world->now_ms < until_ms) {
		world->now_ms += until_ms - world->now_ms < 250 ? until_ms - world->now_ms : 250;
		world_settle(world);
	}
}

void world_start(struct world *world, unsigned int at, bool reboot)
{
	struct world_host *host = &world->hosts[at];

	if (reboot) {
		memset(&host->kernel, 0, sizeof(host->kernel));
		host->config.boot.bytes[1]++;
	}
	host->config.incarnation += 100;
	host->host = calloc(1, sizeof(*host->host));
	host_init(host->host, &host->config, world->now_ms);
}

void world_kill(struct world *world, unsigned int at)
{
	struct world_host *host = &world->hosts[at];

	free(host->host);
	free(host->tables);
	host->host = NULL;
	host->tables = NULL;
	host->job_count = 0;
	host->doubtful = false;
	host->stopped = false;
}

void world_set(struct world *world, const char *form)
{
	struct tables *next = calloc(1, sizeof(*next));
	struct form_errors errors;

	tables_copy(next, world->tables);
	form_apply(next, form, strlen(form), FORM_SET, &errors);
	ck_assert_msg(errors.count == 0, "%s", errors.errors[0].text);
	next->version++;
	free(world->tables);
	world->tables = next;
}

void world_begin(struct world *world, unsigned int hosts, unsigned int volumes)
{
	struct capacity capacity = { .hosts = 8, .volumes = 16, .access = 128 };

	memset(world, 0, sizeof(*world));
	world->now_ms = 1000000;
	world->host_count = hosts;
	world->tables = calloc(1, sizeof(*world->tables));
	tables_init(world->tables, &capacity);
	snprintf(world->tables->name, sizeof(world->tables->name), "%s", "studio");
	world->tables->version = 1;
	for (unsigned int h = 0; h < hosts; h++) {
		struct host_row *row = &world->tables->hosts[h];
		struct host_config *config = &world->hosts[h].config;

		*row = host_row_defaults();
		row->state = ROW_USED;
		snprintf(row->name, sizeof(row->name), "h%u", h);
		snprintf(config->name, sizeof(config->name), "h%u", h);
		config->incarnation = h + 1;
		config->machine.bytes[0] = (uint8_t)(h + 1);
		config->boot.bytes[0] = (uint8_t)(h + 1);
		config->poll_ms = 250;
		config->ignore_bad = true;
	}
	world->tables->host_count = (uint16_t)hosts;
	for (unsigned int v = 0; v < volumes; v++) {
		struct volume_row *row = &world->tables->volumes[v];

		*row = volume_row_defaults();
		row->state = ROW_USED;
		row->born = 1;
		row->min_hold_ms = 0;
		snprintf(row->name, sizeof(row->name), "v%u", v);
		snprintf(row->uuid, sizeof(row->uuid), "uuid-%u", v);
		snprintf(row->mount_point, sizeof(row->mount_point), "/volumes/v%u", v);
	}
	world->tables->volume_count = (uint16_t)volumes;
	for (unsigned int h = 0; h < hosts; h++)
		world_start(world, h, false);
	world_settle(world);
}

void world_end(struct world *world)
{
	for (unsigned int h = 0; h < world->host_count; h++)
		world_kill(world, h);
	free(world->tables);
}

void world_device(struct world *world, unsigned int host, uint16_t volume, bool there)
{
	world->hosts[host].kernel.unplugged[volume] = !there;
	host_event(world, host, (struct host_event){ .kind = HOST_EV_DEVICE,
						     .volume = volume,
						     .device_count = there,
						     .device_path = there ? "/dev/disk" : "",
						     .fstype = there ? "ext4" : "" });
}

void world_stop_for_good(struct world *world, unsigned int at)
{
	host_event(world, at, (struct host_event){ .kind = HOST_EV_STOP_FOR_GOOD,
						   .text = "gone back in time" });
}

void world_mounts_moved(struct world *world, unsigned int at)
{
	host_event(world, at, (struct host_event){ .kind = HOST_EV_MOUNTS });
}

uint64_t world_order(struct world *world, unsigned int at, struct host_command command)
{
	static uint64_t next_token = 1;

	command.token = next_token++;
	host_event(world, at, (struct host_event){ .kind = HOST_EV_COMMAND, .command = &command });
	return command.token;
}

const struct host_answer *world_answer(const struct world *world, uint64_t token)
{
	for (unsigned int i = 0; i < world->answer_count; i++)
		if (world->answers[i].token == token)
			return &world->answers[i];
	return NULL;
}

bool world_writes(const struct world *world, unsigned int host, unsigned int volume)
{
	return world->hosts[host].kernel.mounted[volume] == MOUNTED_WRITE;
}
