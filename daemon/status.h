/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* status - what a cluster looks like from here, as the JSON of interface.md and as OpenMetrics. */
#pragma once

#include <json-c/json.h>

#include "daemon/cluster.h"

/* New references, each the whole object: {"format":1,...}.  @volume: SLOT_NONE for all. */
json_object *status_json(const struct cluster *cluster, uint16_t volume);
json_object *status_volumes(const struct cluster *cluster, uint16_t volume);
json_object *status_hosts(const struct cluster *cluster);
json_object *status_requests(const struct cluster *cluster);
json_object *status_access(const struct cluster *cluster);
json_object *status_event(const struct cluster *cluster, const struct news *news);
json_object *status_holders(const struct holder *holders, uint32_t count);
/* "2026-11-21T12:00:00Z" */
json_object *status_time(uint64_t wall_s);

/* OpenMetrics text of all clusters; free() it. */
char *status_metrics(struct cluster *const *clusters, unsigned int count);
