/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cluster - one control device and what this host does with it: the shell
 * around one host core (host.h) and one disk thread (disk.h).  A host may have several (A13).
 *
 * It takes an event from the disk, the workers, the devices or a client, steps
 * the core, and performs what the core answers, in the order in which it answers.
 */
#pragma once

#include "daemon/config.h"
#include "daemon/devices.h"
#include "daemon/disk.h"
#include "daemon/host.h"
#include "daemon/lock.h"
#include "daemon/loop.h"

struct cluster;
struct worker_pool;
struct hooks;

/* What a cluster tells the daemon around it. */
struct cluster_owner {
	struct loop *loop;
	const struct config *config;
	struct worker_pool *workers;
	struct hooks *hooks;
	/* NULL: they are being looked at; cluster_devices_changed() follows */
	const struct devices *devices;
	struct id128 machine;
	struct id128 boot;
	/* The answer to cluster_command(); also interim ones. */
	void (*answered)(struct cluster *cluster, const struct host_answer *answer, void *data);
	void (*news)(struct cluster *cluster, const struct news *news, void *data);
	/* The log off ordered by cluster_stop() has ended, or its time is up. */
	void (*stopped)(struct cluster *cluster, bool clean, void *data);
	/* Joins asked for by cluster_read_joins(). */
	void (*joins)(struct cluster *cluster, const struct join joins[JOIN_SLOTS], void *data);
	void *data;
};

enum control_state { CONTROL_OK, CONTROL_SLOW, CONTROL_SILENT, CONTROL_READ_ONLY, CONTROL_GONE };

struct cluster {
	struct cluster_owner owner;
	char path[PATH_BYTES_MAX + 1];		/* of the control device, as configured */
	char record_dir[PATH_BYTES_MAX + 1];	/* see mounts.h */
	bool open;				/* it could be opened, and carries tables */
	uint64_t open_since_ms;
	char problem[MESSAGE_BYTES_MAX + 1];	/* why not; or what ails it */
	enum control_state state;
	uint64_t silent_since_ms;
	int silent_error;			/* -ETIMEDOUT: it hangs */
	/* when to ask again whether it hangs: once in an io-timeout */
	uint64_t watch_at_ms;
	uint32_t latency_us;
	struct super super;
	/* held while this daemon runs the host in this cluster */
	struct lock lock;
	struct disk *disk;
	struct source disk_source;
	struct host *host;
	/* the newest; host->tables points here.  NULL: none yet */
	struct tables *tables;
	bool opening;				/* a worker is at it */
	uint64_t retry_open_ms;
	uint64_t incarnation;
	uint64_t peers_read_ms;			/* when all beats were last asked for */
	bool stopping;
	bool stopped;
};

struct cluster *cluster_new(const struct cluster_owner *owner, const char *path);
void cluster_free(struct cluster *cluster);

/* Step the core with an event of the shell's, and perform what follows. */
void cluster_step(struct cluster *cluster, const struct host_event *event);
void cluster_command(struct cluster *cluster, const struct host_command *command);
void cluster_client_gone(struct cluster *cluster, uint64_t token);
/* Devices came or went: tell the core which one each volume has. */
void cluster_devices_changed(struct cluster *cluster);
/* The time has come: open what could not be opened, tick the core. */
void cluster_tick(struct cluster *cluster);
uint64_t cluster_wake_at(const struct cluster *cluster);
void cluster_stop(struct cluster *cluster, uint32_t limit_ms);
int cluster_read_joins(struct cluster *cluster);
int cluster_clear_join(struct cluster *cluster, const struct id128 *machine);
/* Ask for everybody's beat, for the screens; they come within a few reads. */
void cluster_read_peers(struct cluster *cluster);

/* The cluster's name by its tables; the path of its device while they are not known. */
const char *cluster_name(const struct cluster *cluster);
