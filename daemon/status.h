/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * status - what a cluster looks like from here, as the JSON of interface.md and as OpenMetrics.
 *
 * Only looks: nothing is asked of disks, mounts or other hosts.  What is not known is null.
 */
#pragma once

#include <json-c/json.h>

#include "daemon/cluster.h"

/* Above that many pairs of volume and host, status_access() lists only records. */
#define STATUS_ACCESS_MAX 32768

/* New references, each the whole object: {"format":1,...}.  @volume: SLOT_NONE for all. */

/*
 * Of requests those that wait.  Beside what interface.md names: "problem", why this host is
 * not logged on or what ails the control device; of a volume "holder_count", as only the first
 * holders are listed.
 */
json_object *status_json(const struct cluster *cluster, uint16_t volume);
json_object *status_volumes(const struct cluster *cluster, uint16_t volume);
json_object *status_hosts(const struct cluster *cluster);
json_object *status_requests(const struct cluster *cluster);

/*
 * What each host may do with each volume.  "complete" false: there are too many pairs; those
 * that are not listed have the defaults.
 */
json_object *status_access(const struct cluster *cluster);

/* The members that this kind of event has. */
json_object *status_event(const struct cluster *cluster, const struct news *news);
json_object *status_holders(const struct holder *holders, uint32_t count);
/* "2026-11-21T12:00:00Z" */
json_object *status_time(uint64_t wall_s);

/* OpenMetrics text of all clusters; free() it.  NULL: no memory.  In metrics.c. */
char *status_metrics(struct cluster *const *clusters, unsigned int count);
