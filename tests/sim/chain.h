/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * chain - the observer that sees all: which change went into which image,
 * which version was decided as what, and what each host was told.
 *
 * It holds the promises of the semaphore: one value per version; the image of
 * a version is the rule applied to its predecessor, and is whole on the disk
 * while it is the latest; a change is in the chain at most once, and is there
 * when its host was told so, and never when it was told that it failed.
 */
#pragma once

#include "tables/semaphore.h"

#define CHAIN_MAX 1024

/* One attempt of a host to change something. */
struct attempt {
	struct change change;
	char form[128];
	unsigned int wish;	/* what is wanted: the same for attempts that replace one another */
	bool failed;		/* its host has been told that it was not made */
	uint64_t version;	/* that it made; 0: none */
	bool pending;		/* being committed */
	/* bits: what the rule said of the versions that were the latest meanwhile */
	uint64_t rulings;
};

struct published {
	struct image_value value;
	unsigned int attempt;
};

struct chain {
	const struct layout *layout;
	struct id128 cluster;
	const uint8_t *disk;
	struct tables *latest;		/* of the newest decided version */
	struct tables *next;		/* scratch */
	struct tables *found;		/* scratch */
	struct image_value values[CHAIN_MAX];
	uint64_t newest;
	struct attempt attempts[CHAIN_MAX];
	unsigned int attempt_count;
	struct published published[CHAIN_MAX];
	unsigned int published_count;
	bool granted_wishes[CHAIN_MAX];
	const char *broken;		/* the first promise that did not hold */
};

/* Begin with @genesis, decided as @value. */
void chain_begin(struct chain *chain, const struct tables *genesis,
		 const struct image_value *value);

/* A host begins to commit; it stays pending until chain_answered() or chain_failed(). */
void chain_pending(struct chain *chain, unsigned int attempt);
/* A host writes an image with that change. */
void chain_publish(struct chain *chain, const struct image_value *value, unsigned int attempt);
/* A host says that a version is decided.  True: that is news. */
bool chain_decided(struct chain *chain, const struct image_value *value);
void chain_answered(struct chain *chain, unsigned int attempt, enum ruling ruling);
void chain_failed(struct chain *chain, unsigned int attempt);
/* A sector is about to change. */
void chain_overwritten(struct chain *chain, uint64_t offset, const void *before, const void *after);
