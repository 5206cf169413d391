/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * devices - which block devices here carry which file systems.
 *
 * Looks only at what `[devices] allow` names, by reading the device itself
 * (libblkid), never through links by UUID: several hosts' nodes of one disk carry the same.
 * Left out are views of our own, and devices that belong to another block device
 * (the paths of a multipath map, physical volumes).
 *
 * One thread at a time: what devices_get() and devices_find() answered is gone
 * with the next devices_scan().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "tables/limits.h"

#define DEVICES_MAX 4096

struct device {
	char path[PATH_BYTES_MAX + 1];
	char fstype[16];
	char uuid[UUID_BYTES_MAX + 1];
	char label[NAME_BYTES_MAX + 1];
	unsigned long long size_bytes;
	dev_t number;
};

struct devices;

/*
 * @globs: NULL-ended patterns.  Scans once; -errno.  *@ret_fd (from udev) is readable
 * when devices came or went.
 */
int devices_open(const char *const *globs, struct devices **ret_devices, int *ret_fd);
void devices_close(struct devices *devices);

/* Drain the events on the fd.  True: something came or went, call devices_scan(). */
bool devices_changed(struct devices *devices);

/* Look again.  May block on a device: call it in a worker.  -errno: nothing has changed. */
int devices_scan(struct devices *devices);

size_t devices_count(const struct devices *devices);
const struct device *devices_get(const struct devices *devices, size_t index);

/*
 * How many devices carry @uuid; *@ret_device is the first of them.  Two paths to
 * one dev_t count once.
 */
unsigned int devices_find(const struct devices *devices, const char *uuid,
			  const struct device **ret_device);
