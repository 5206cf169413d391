/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * sound - what holds in all tables, whoever made them.
 *
 * Every rule keeps it, no image is encoded without it, and one that was
 * decoded from a disk is taken only with it: behind this door nobody needs to
 * ask whether a slot, a count, a string or an enum is possible.
 */
#pragma once

#include "tables/tables.h"

/*
 * NULL, or what is wrong first, for people and logs: "a request is for a volume that is not there".
 *
 * Counts are within the capacity; strings end, are UTF-8 without control characters, and are
 * names where they have to be; enums are one of theirs; access and requests are sorted and without
 * doubles; whatever names a slot names a row that is there; a volume has a writer exactly
 * where its phase says so; and no epoch, birth or request id lies in the future.
 */
const char *tables_fault(const struct tables *tables);
