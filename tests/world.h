/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * world - several host cores around one set of tables, without disks: commits
 * happen at once, everybody learns of them when told to look, and mounts are a few flags.
 * It checks at every step what must never happen: two hosts that can write to one volume.
 */
#pragma once

#include "daemon/host.h"

#define WORLD_HOSTS_MAX 4
#define WORLD_VOLUMES_MAX 3
#define WORLD_ANSWERS_MAX 256

/* The kernel of one host: outlives its daemon. */
struct world_kernel {
	enum mount_state mounted[WORLD_VOLUMES_MAX];
	bool files_open[WORLD_VOLUMES_MAX];	/* for writing: giving up is refused */
	bool readers[WORLD_VOLUMES_MAX];	/* a view that programs hold */
	bool broken[WORLD_VOLUMES_MAX];		/* mounting read-write fails */
	bool elsewhere[WORLD_VOLUMES_MAX];	/* writable through a copy that we do not see */
	bool unplugged[WORLD_VOLUMES_MAX];	/* no device of it is here */
	uint64_t generation[WORLD_VOLUMES_MAX];	/* of the contents that the view shows */
	/* has no call to be shut down: it stays mounted, frozen */
	bool freezes[WORLD_VOLUMES_MAX];
	/* a failing mount leaves something that can still write */
	bool half_made[WORLD_VOLUMES_MAX];
};

/* What becomes of the changes of one host. */
enum world_fate {
	WORLD_DECIDED,
	WORLD_NOT_MADE,			/* the control device does not take them */
	WORLD_UNKNOWN_MADE,		/* in doubt until world_doubts_end(), and made */
	WORLD_UNKNOWN_LOST,		/* the same, and not made */
};

struct world_host {
	struct host *host;			/* NULL: its daemon does not run */
	struct tables *tables;			/* as this host last saw them */
	struct world_kernel kernel;
	struct host_config config;
	bool hook_says_yes;
	/* mount jobs stay under way until world_jobs_end() */
	bool jobs_wait;
	unsigned int job_count;
	struct mount_job jobs[HOST_JOBS_MAX];
	/* a change stays under way until world_commit_ends() */
	bool commits_wait;
	struct change change;
	enum world_fate fate;
	bool doubtful;				/* a change has met an unknown fate */
	struct change doubt;
	struct outcome doubt_outcome;
	bool stopped;
	bool stopped_clean;
};

struct world {
	uint64_t now_ms;
	struct tables *tables;			/* the decided ones */
	uint64_t contents[WORLD_VOLUMES_MAX];	/* what writers have made of them */
	unsigned int host_count;
	struct world_host hosts[WORLD_HOSTS_MAX];
	unsigned int answer_count;
	struct host_answer answers[WORLD_ANSWERS_MAX];
	unsigned int news_counts[NEWS_WARNING + 1];
};

/* Hosts h0.. and volumes v0.., all logged on, views mounted. */
void world_begin(struct world *world, unsigned int hosts, unsigned int volumes);
void world_end(struct world *world);

/* Start a host's daemon, again after world_kill(); @reboot: with a new boot and nothing mounted. */
void world_start(struct world *world, unsigned int host, bool reboot);
void world_kill(struct world *world, unsigned int host);

/* One host looks at the tables and acts until it has nothing left to do; all, until nobody has. */
void world_look(struct world *world, unsigned int host);
void world_settle(struct world *world);
/* Time passes, with a look at every wake-up. */
void world_pass(struct world *world, uint64_t ms);
void world_jobs_end(struct world *world, unsigned int host);
void world_commit_ends(struct world *world, unsigned int host);
void world_doubts_end(struct world *world, unsigned int host);

/* The device of a volume comes to a host, or goes. */
void world_device(struct world *world, unsigned int host, uint16_t volume, bool there);

/* The control device of one host says that it must not go on. */
void world_stop_for_good(struct world *world, unsigned int host);

/* Somebody mounted or unmounted something on that host. */
void world_mounts_moved(struct world *world, unsigned int host);

/* An order; returns its token. */
uint64_t world_order(struct world *world, unsigned int host, struct host_command command);
/* The final answer to a token, or NULL; it must not be answered twice. */
const struct host_answer *world_answer(const struct world *world, uint64_t token);

/* Set a key of the tables by their text form. */
void world_set(struct world *world, const char *form);
bool world_writes(const struct world *world, unsigned int host, unsigned int volume);
