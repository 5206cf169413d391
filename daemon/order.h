/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * order - what the parts of the core that deal with people's orders share: the
 * answers and the waits that lead to them (order.c), asking for write access
 * (order_request.c), and how waits end (order_wait.c).  The orders themselves are
 * in host_command.c.
 */
#pragma once

#include "daemon/host_internal.h"

/* The volume slots that an order is about: one, or all. */
struct order_span {
	uint16_t first;
	uint16_t end;
};

struct order_span order_span(const struct host *host, uint16_t volume);

/* Answer a token; the caller may fill in more of what is returned. */
struct host_answer *order_answer_new(struct host *host, uint64_t token);
struct host_answer *order_answer(struct host *host, uint64_t token, enum exit_status exit,
				 const char *code, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
struct host_answer *order_done(struct host *host, uint64_t token, const char *code);
void order_name_holders(struct host_answer *answer, const struct holder *holders, uint32_t count);

/* NULL: too many are under way, and the caller has been told. */
struct host_wait *order_wait_new(struct host *host, const struct host_command *command,
				 enum wait_kind kind);
struct host_wait *order_wait_find(struct host *host, uint64_t token);

/* Queue a change, answered when it is decided.  False: no room, and the caller has been told. */
bool order_commit(struct host *host, const struct host_command *command,
		  const struct change *change);
bool order_is_queued(const struct host *host, enum change_kind kind, uint64_t request);
void order_queue_cancel(struct host *host, uint64_t request);
/* Take back a queued change: the one at that place, or that of a token. */
void order_forget(struct host *host, unsigned int at);
bool order_drop(struct host *host, uint64_t token);

/* Write access is here, and not on its way out. */
bool order_writes_here(const struct host *host, uint16_t volume);
/* This host could not mount it, whatever the tables say; the caller has been told why. */
bool order_can_not_mount(struct host *host, const struct host_command *command);
void order_request(struct host *host, const struct host_command *command);
void order_begin_run(struct host *host, struct host_wait *wait, bool had_access);
