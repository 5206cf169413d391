/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/sim/chain.h"

#include <string.h>

#include "tests/sim/disk.h"

static void broken(struct chain *chain, const char *promise)
{
	if (!chain->broken)
		chain->broken = promise;
}

void chain_begin(struct chain *chain, const struct tables *genesis, const struct image_value *value)
{
	chain->newest = value->version;
	chain->values[value->version] = *value;
	chain->attempt_count = 0;
	chain->published_count = 0;
	chain->broken = NULL;
	memset(chain->granted_wishes, 0, sizeof(chain->granted_wishes));
	tables_copy(chain->latest, genesis);
}

/* What would the rule say of this change now? */
static void note_ruling(struct chain *chain, struct attempt *attempt)
{
	struct outcome outcome;

	rule_apply(chain->latest, &attempt->change, chain->next, &outcome);
	attempt->rulings |= 1ULL << outcome.ruling;
}

void chain_pending(struct chain *chain, unsigned int attempt)
{
	chain->attempts[attempt].pending = true;
	note_ruling(chain, &chain->attempts[attempt]);
}

void chain_publish(struct chain *chain, const struct image_value *value, unsigned int attempt)
{
	assert(chain->published_count < CHAIN_MAX);
	chain->published[chain->published_count++] = (struct published){ *value, attempt };
}

static const struct published *published_as(const struct chain *chain,
					    const struct image_value *value)
{
	for (unsigned int i = chain->published_count; i > 0; i--)
		if (image_value_same(&chain->published[i - 1].value, value))
			return &chain->published[i - 1];
	return NULL;
}

static bool image_is_there(struct chain *chain, const struct image_value *value)
{
	const uint8_t *image = chain->disk + layout_image(chain->layout, value->host, value->slot);

	return image_decode(image, chain->layout->image_bytes, value, &chain->layout->capacity,
			    &chain->cluster, chain->found) == BLOCK_OK;
}

/* The change of a newly decided version. */
static void take_in(struct chain *chain, struct attempt *attempt)
{
	struct outcome outcome;

	if (attempt->version != 0 || chain->granted_wishes[attempt->wish])
		broken(chain, "a change was applied twice");
	if (attempt->failed)
		broken(chain, "a change was decided that was reported as failed");
	attempt->version = chain->newest;
	chain->granted_wishes[attempt->wish] = true;
	rule_apply(chain->latest, &attempt->change, chain->next, &outcome);
	if (chain->next->version != chain->newest || !tables_same(chain->next, chain->found))
		broken(chain, "an image is not the rule applied to its predecessor");
}

bool chain_decided(struct chain *chain, const struct image_value *value)
{
	const struct published *published = published_as(chain, value);

	if (value->version <= chain->newest) {
		if (!image_value_same(value, &chain->values[value->version]))
			broken(chain, "a version was decided twice");
		return false;
	}
	if (value->version != chain->newest + 1 || value->version >= CHAIN_MAX || !published) {
		broken(chain, "a version was decided out of nowhere");
		return false;
	}
	chain->newest = value->version;
	chain->values[value->version] = *value;
	if (!image_is_there(chain, value)) {
		broken(chain, "the image of a decided version is not there");
		return false;
	}
	take_in(chain, &chain->attempts[published->attempt]);
	tables_copy(chain->latest, chain->found);
	for (unsigned int i = 0; i < chain->attempt_count; i++)
		if (chain->attempts[i].pending)
			note_ruling(chain, &chain->attempts[i]);
	return true;
}

void chain_answered(struct chain *chain, unsigned int index, enum ruling ruling)
{
	struct attempt *attempt = &chain->attempts[index];

	attempt->pending = false;
	if (ruling_is_change(ruling) && attempt->version == 0)
		broken(chain, "a host was told of a change that is not in the chain");
	if (!ruling_is_change(ruling) && attempt->version != 0)
		broken(chain, "a host was told no of a change that is in the chain");
	if (!(attempt->rulings >> ruling & 1))
		broken(chain, "a host was told what no version of that time says");
}

void chain_failed(struct chain *chain, unsigned int index)
{
	struct attempt *attempt = &chain->attempts[index];

	attempt->pending = false;
	attempt->failed = true;
	if (attempt->version != 0)
		broken(chain, "a change was reported as failed that is in the chain");
}

void chain_overwritten(struct chain *chain, uint64_t offset, const void *before, const void *after)
{
	const struct image_value *value = &chain->values[chain->newest];
	uint64_t start = layout_image(chain->layout, value->host, value->slot);

	if (offset >= start && offset < start + value->length &&
	    memcmp(before, after, DISK_SECTOR) != 0)
		broken(chain, "the latest decided image was overwritten");
}
