/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host_internal - what the parts of the host core share.  See host.h. */
#pragma once

#include "daemon/host.h"

#define RETRY_BUSY_MS 1000	/* programs let go at any time: look again soon */
#define RETRY_FAILED_MS 10000	/* devices announce themselves; this is for all else */
/* after a change of our own that was refused or could not be made */
#define LOOK_AFTER_MS 1000	/* after a mount or unmount of anybody's */
#define RETRY_COMMIT_MS 1000

/* host.c */
void host_enter(struct host *host, enum host_phase phase, const char *why);
void host_find_row(struct host *host);	/* and claim it, if a log on is wanted */
void host_claim(struct host *host);
bool host_is_up(const struct host *host);	/* ONLINE or LOGGING_OFF: rights are real */
void host_leave_for_bad_mount(struct host *host, const char *reason);
void host_wake_by(struct host *host, uint64_t at_ms);

/* host_volume.c: mounts follow the tables */
const struct volume_row *host_volume_row(const struct host *host, uint16_t volume);
void host_volumes_follow_tables(struct host *host);
void host_volume_published(struct host *host, uint16_t volume, uint64_t generation);
bool host_next_job(struct host *host, struct host_action *action);
void host_job_ended(struct host *host, const struct mount_result *result);
void host_volumes_kept(struct host *host);
void host_leave_if_devices_are_missing(struct host *host);
void host_mounts_moved(struct host *host);
void host_look_if_due(struct host *host);
void host_fill_beat(struct host *host);

/* host_answer.c: what this host answers as a writer's, and giving up */
void host_requests_follow_tables(struct host *host);
void host_requests_review(struct host *host);
struct host_request *host_request_find(struct host *host, uint64_t id);
bool host_next_hook(struct host *host, struct host_action *action);
void host_hook_ended(struct host *host, const struct host_event *event);
bool host_give_job(struct host *host, uint16_t volume, enum mount_op *ret_op);
void host_give_ended(struct host *host, const struct mount_result *result);
bool host_give_is_stuck(const struct host *host, uint16_t volume);
bool host_give_change(struct host *host, struct change *change);
void host_holders_text(const struct holder *holders, uint32_t count, char *buffer, size_t size);

/* host_command.c, order*.c: what people order, and what they are told */
void host_command(struct host *host, const struct host_command *command);
void host_client_gone(struct host *host, uint64_t token);
void host_change_ended(struct host *host, const struct host_change *change,
		       const struct outcome *outcome);
void host_change_failed(struct host *host, const struct host_change *change);
bool host_take_change(struct host *host, struct host_change *ret_change);
void host_waits_review(struct host *host);
void host_holders_known(struct host *host, const struct mount_result *result);
void host_runs_lost(struct host *host, uint16_t volume);
bool host_next_answer(struct host *host, struct host_action *action);

/* host_ruling.c: host_answer_of(), and its words for one that we found ourselves */
const char *host_ruling_message(enum ruling ruling);

/* host_news.c */
void host_tell(struct host *host, enum news_kind kind, uint16_t volume, const char *text);
void host_tell_request(struct host *host, enum news_kind kind, const struct request_row *row);
void host_news_of_tables(struct host *host, const struct tables *before);
bool host_next_news(struct host *host, struct host_action *action);
