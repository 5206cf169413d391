/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* control - a control device in a file of its own, for tests. */
#pragma once

#include "daemon/io.h"
#include "volctl/offline.h"

/* Three hosts a, b, c; one volume; io-timeout as given ("400ms"). */
struct control {
	char directory[64];
	char path[128];
};

void control_make(struct control *control);
void control_format(struct control *control, const char *io_timeout);
void control_remove(struct control *control);

/* A new way to it. */
struct io *control_open(const struct control *control);

/* Spoil the sector at @offset. */
void control_spoil(const struct control *control, uint64_t offset);
