/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * claim - taking one's row when logging on, and judging whether a host lives
 * (protocol.md, "Who is alive").
 *
 * Pure machines over what was read and when (CLOCK_BOOTTIME of one's own).
 */
#pragma once

#include "tables/beat.h"

/* io-timeout and what follows from it; see claim.c for the worked timeline. */
struct timing {
	uint32_t beat_every_ms;		/* io-timeout / 4 */
	uint32_t self_ms;		/* T_self, 2 x io-timeout */
	uint32_t dead_ms;		/* T_dead, 3.5 x io-timeout */
	uint32_t late_ms;		/* T_late: an old write may still land until then */
};

struct timing timing_of(uint32_t io_timeout_ms);

enum claim_state {
	CLAIM_LOOKING,		/* our own beat has not been read yet */
	CLAIM_WATCHING,		/* the last tenant did not log off: watched until watch_until_ms */
	CLAIM_WRITING,		/* write the first beat of this incarnation, and read it back */
	CLAIM_SETTLING,		/* the old tenant was another machine: read again after T_late */
	CLAIM_DONE,
	CLAIM_REFUSED_LIVE,	/* another machine, or another daemon, is logged on under this name */
	CLAIM_REFUSED_MACHINE,	/* the row belongs to another machine */
};

struct claim_report {
	enum claim_state state;
	uint64_t watch_until_ms;
	struct id128 other_machine;	/* REFUSED: who has the row */
	uint64_t other_incarnation;
	bool clean;			/* the last tenant logged off */
	bool same_boot;			/* it ran in this boot: its mounts may be here */
};
