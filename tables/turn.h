/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * turn - who goes first when several hosts ballot for the same version.
 *
 * Costs time when it errs, never correctness.  Hosts that have balloted and
 * not won are seen in the ballot region; they go in the order of their slots,
 * beginning behind the last winner's, and wait as long as those before them
 * may take.  One that makes no progress is waited for only so long: then, and
 * after every ballot that meets a larger one, chance and doubling decide.
 *
 *   T: the time from one version to the next.
 *   Last winner 1, hosts 0 2 3 contend, T = 10 ms: 2 goes at once, 3 looks
 *   again after 5 ms and 0 after 10 ms (and a random bit of T/8 more), then each
 *   by its new place; if 2 has died, 3 goes after 40 ms, 0 after 60 ms.
 */
#pragma once

#include "tables/scan.h"

struct turn {
	uint64_t commit_us;	/* how long a commit of ours takes, smoothed; 0: none yet */
	uint64_t pace_us;	/* T: what others take from version to version, no less than that */
	uint64_t version;	/* the newest when waiting began */
	uint64_t since_us;
	unsigned int losses;	/* ballots lost to larger ones since the version changed */
	uint64_t window;	/* a row so many versions behind contends no more */
	uint16_t rank;		/* contenders before us */
	uint16_t contender_count;
	bool visible;		/* our row tells others that we contend */
};

/* Take in who contends, according to a settled scan whose newest version is @newest. */
void turn_look(struct turn *turn, const struct scan *scan, uint16_t self,
	       const struct scan_result *result, uint64_t now_us);

/* How long to wait before balloting: 0 is now. */
uint64_t turn_wait_us(const struct turn *turn, uint64_t now_us, uint64_t random);

/* A ballot met a larger one: how long to wait before looking again. */
uint64_t turn_lost_us(struct turn *turn, uint64_t random);

/* The first contender behind @self, as of the scan last taken in; SLOT_NONE: nobody. */
uint16_t turn_next(const struct turn *turn, const struct scan *scan, uint16_t self);

/* A commit that met no other took so long. */
void turn_measure(struct turn *turn, uint64_t took_us);
