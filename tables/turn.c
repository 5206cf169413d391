/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/turn.h"

#define COMMIT_US_FIRST 10000	/* before the first measure */
#define COMMIT_US_MIN 200
#define COMMIT_US_MAX 1000000
#define PACE_FACTOR_MAX 16
#define WAIT_US_MAX 5000000
#define DOUBLINGS_MAX 6

static uint64_t at_most(uint64_t value, uint64_t limit)
{
	return value < limit ? value : limit;
}

static uint64_t commit_us(const struct turn *turn)
{
	return turn->commit_us ? turn->commit_us : COMMIT_US_FIRST;
}

static uint64_t unit_us(const struct turn *turn)
{
	return turn->pace_us > commit_us(turn) ? turn->pace_us : commit_us(turn);
}

/* Versions came and went while we looked on: so fast are the others. */
static void note_pace(struct turn *turn, uint64_t version, uint64_t now_us)
{
	uint64_t pace_us = (now_us - turn->since_us) / (version - turn->version);
	uint64_t limit_us = PACE_FACTOR_MAX * commit_us(turn);
	uint64_t smooth_us = (7 * turn->pace_us + at_most(pace_us, limit_us)) / 8;

	/*
	 * It falls at once and rises slowly: one who stalls must not make all others sleep.
	 * Where nobody was before us it was idle time, too.
	 */
	if (turn->rank == 0)
		turn->pace_us = 0;
	else
		turn->pace_us = at_most(pace_us, smooth_us);
}

/*
 * A row that joined a ballot of an instance and has not seen it end.  Those
 * far behind the newest version belong to hosts that died or gave up.
 */
static bool row_contends(const struct scan_row *row, uint64_t newest, uint64_t window)
{
	return row->verdict != PAIR_UNKNOWN && row->ballot.mbal != 0 &&
	       row->ballot.decided < row->ballot.instance &&
	       row->ballot.instance + window > newest;
}

static uint16_t count_contenders(const struct scan *scan, uint16_t self, uint64_t newest,
				 uint64_t window)
{
	uint16_t count = 0;

	for (uint16_t host = 0; host < scan->layout->capacity.hosts; host++)
		if (host != self && row_contends(&scan->rows[host], newest, window))
			count++;
	return count;
}

/*
 * The contenders behind @after and before @self, in the order of their turns; *@ret_first is one.
 */
static uint16_t rank_behind(const struct turn *turn, const struct scan *scan, uint16_t after,
			    uint16_t self, uint16_t *ret_first)
{
	uint16_t capacity = scan->layout->capacity.hosts;
	uint16_t rank = 0;

	for (uint16_t i = 1; i <= capacity; i++) {
		uint16_t host = (uint16_t)((after + i) % capacity);

		if (host == self)
			break;
		if (row_contends(&scan->rows[host], turn->version, turn->window) && rank++ == 0)
			*ret_first = host;
	}
	return rank;
}

void turn_look(struct turn *turn, const struct scan *scan, uint16_t self,
	       const struct scan_result *result, uint64_t now_us)
{
	uint16_t capacity = scan->layout->capacity.hosts;
	uint16_t first = SLOT_NONE;

	if (turn->version != result->newest) {
		if (result->newest > turn->version && turn->version != 0)
			note_pace(turn, result->newest, now_us);
		turn->version = result->newest;
		turn->since_us = now_us;
		turn->losses = 0;
	}
	/*
	 * Each contender is served within as many versions as there are contenders, or
	 * twice that with some bad luck: who is further behind is not waiting any more.
	 */
	turn->window = 2 * (uint64_t)count_contenders(scan, self, turn->version, capacity) + 2;
	turn->contender_count = count_contenders(scan, self, turn->version, turn->window);
	turn->visible = self != SLOT_NONE &&
			row_contends(&scan->rows[self], turn->version, turn->window);
	turn->rank = rank_behind(turn, scan, result->newest_value.host, self, &first);
}

uint16_t turn_next(const struct turn *turn, const struct scan *scan, uint16_t self)
{
	uint16_t first = SLOT_NONE;

	(void)rank_behind(turn, scan, self, self, &first);
	return first;
}

uint64_t turn_wait_us(const struct turn *turn, uint64_t now_us, uint64_t random)
{
	uint64_t unit = unit_us(turn);

	if (turn->rank == 0 || now_us - turn->since_us >= 2 * unit * (turn->rank + 1))
		return 0;
	/*
	 * Half of what it may take, then look again: who sleeps over its turn is waited for
	 * by all behind it, and makes the pace look slower than it is.
	 */
	return at_most(unit * turn->rank / 2 + random % (unit / 8), WAIT_US_MAX);
}

uint64_t turn_lost_us(struct turn *turn, uint64_t random)
{
	uint64_t unit = unit_us(turn);

	if (turn->losses < DOUBLINGS_MAX)
		turn->losses++;
	return at_most(unit / 2 + unit * turn->rank + random % (unit << turn->losses), WAIT_US_MAX);
}

void turn_measure(struct turn *turn, uint64_t took_us)
{
	uint64_t measure = at_most(took_us, COMMIT_US_MAX);

	if (measure < COMMIT_US_MIN)
		measure = COMMIT_US_MIN;
	turn->commit_us = turn->commit_us ? (7 * turn->commit_us + measure) / 8 : measure;
}
