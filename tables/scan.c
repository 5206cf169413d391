/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tables/scan.h"

#include <string.h>

/*
 * Nobody counts that far.  A row that claims to is treated as unreadable, so
 * that the arithmetic on ballots and versions never meets its end.
 */
#define COUNT_MAX (UINT64_MAX / 2)

void scan_begin(struct scan *scan)
{
	scan->read_count = 0;
	memset(scan->rows, 0, scan->layout->capacity.hosts * sizeof(scan->rows[0]));
}

static bool ballot_same(const struct ballot *a, const struct ballot *b)
{
	return a->sequence == b->sequence && a->incarnation == b->incarnation &&
	       a->instance == b->instance && a->mbal == b->mbal && a->bal == b->bal &&
	       image_value_same(&a->value, &b->value) && image_value_same(&a->own, &b->own) &&
	       a->decided == b->decided && image_value_same(&a->decided_value, &b->decided_value);
}

static void row_add(struct scan_row *row, enum pair_verdict verdict, const struct ballot *ballot)
{
	bool unchanged;

	if (verdict != PAIR_UNKNOWN && (ballot->mbal > COUNT_MAX || ballot->instance > COUNT_MAX))
		verdict = PAIR_UNKNOWN;
	unchanged = row->read && row->verdict == verdict &&
		    (verdict == PAIR_UNKNOWN || ballot_same(&row->ballot, ballot));
	row->read = true;
	row->verdict = verdict;
	row->settled = verdict == PAIR_OK || unchanged;
	if (verdict != PAIR_UNKNOWN)
		row->ballot = *ballot;
}

static const uint8_t *pair_at(const struct layout *layout, const void *region, uint16_t host)
{
	return (const uint8_t *)region + (layout_ballot(layout, host, 0) - layout->ballots);
}

bool scan_add(struct scan *scan, const void *region)
{
	const struct layout *layout = scan->layout;
	bool settled = true;

	scan->read_count++;
	for (uint16_t host = 0; host < layout->capacity.hosts; host++) {
		struct scan_row *row = &scan->rows[host];
		struct ballot ballot = { 0 };
		enum pair_verdict verdict;

		if (row->settled)
			continue;
		verdict = ballot_pair_decode(pair_at(layout, region, host), host,
					     layout->sector_size, &layout->capacity,
					     &scan->cluster, &ballot);
		row_add(row, verdict, &ballot);
		if (!row->settled && scan->read_count >= SCAN_READS_MAX) {
			row->verdict = PAIR_UNKNOWN;
			row->settled = true;
		}
		settled = settled && row->settled;
	}
	return settled;
}

static void sum_decided(const struct ballot *ballot, struct scan_result *result)
{
	/*
	 * ballot_decode() lets no row pass that is in an instance and does not carry the
	 * decision of the one before: `instance > v` is `decided >= v`.
	 */
	if (ballot->decided > result->newest) {
		result->newest = ballot->decided;
		result->newest_value = ballot->decided_value;
		result->forked = false;
	} else if (ballot->decided == result->newest && ballot->decided != 0 &&
		   !image_value_same(&ballot->decided_value, &result->newest_value)) {
		result->forked = true;
	}
}

void scan_sum(const struct scan *scan, uint16_t self, uint64_t instance,
	      struct scan_result *ret_result)
{
	struct scan_result result = { .unknown = SLOT_NONE };

	for (uint16_t host = 0; host < scan->layout->capacity.hosts; host++) {
		const struct ballot *ballot = &scan->rows[host].ballot;

		if (scan->rows[host].verdict == PAIR_UNKNOWN) {
			if (result.unknown_count++ == 0)
				result.unknown = host;
			continue;
		}
		sum_decided(ballot, &result);
		if (ballot->instance != instance)
			continue;
		if (host != self && ballot->mbal > result.mbal)
			result.mbal = ballot->mbal;
		if (ballot->bal > result.bal) {
			result.bal = ballot->bal;
			result.value = ballot->value;
		}
	}
	*ret_result = result;
}

uint64_t scan_pair_mbal(const struct scan *scan, const void *region, uint16_t host)
{
	const struct layout *layout = scan->layout;
	const uint8_t *pair = pair_at(layout, region, host);
	uint64_t mbal = 0;

	for (unsigned int half = 0; half < 2; half++) {
		struct ballot ballot;

		if (ballot_decode(pair + (size_t)half * layout->sector_size, host, half,
				  layout->sector_size, &layout->capacity, &scan->cluster,
				  &ballot) != BLOCK_OK)
			continue;
		if (ballot.mbal > mbal && ballot.mbal <= COUNT_MAX)
			mbal = ballot.mbal;
	}
	return mbal;
}
