/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * device_list - print what daemon/devices finds, for the tests with real devices.
 *
 *   device_list GLOB...               a line for each device: path, type, UUID, label
 *   device_list -u UUID GLOB...       how many devices carry the UUID, and the first of them
 *   device_list -w GLOB...            print "listening", wait, print "changed" and the list
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/devices.h"

#define PATIENCE_MS 10000

static void print_list(const struct devices *devices)
{
	for (size_t i = 0; i < devices_count(devices); i++) {
		const struct device *device = devices_get(devices, i);

		printf("%s %s %s %s\n", device->path, device->fstype, device->uuid, device->label);
	}
}

static void print_found(const struct devices *devices, const char *uuid)
{
	const struct device *device = NULL;
	unsigned int count = devices_find(devices, uuid, &device);

	printf("%u %s\n", count, device ? device->path : "none");
}

/* 0: something changed; 3: nothing did. */
static int wait_for_change(struct devices *devices, int fd)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	printf("listening\n");
	(void)fflush(stdout);
	while (poll(&wait, 1, PATIENCE_MS) == 1) {
		if (devices_changed(devices))
			return devices_scan(devices) < 0 ? 1 : 0;
	}
	return 3;
}

int main(int argc, char **argv)
{
	const char *uuid = NULL;
	struct devices *devices;
	bool wait = false;
	int status = 0;
	int option;
	int fd;

	while ((option = getopt(argc, argv, "u:w")) != -1) {
		if (option == 'u')
			uuid = optarg;
		else if (option == 'w')
			wait = true;
		else
			return 2;
	}
	if (devices_open((const char *const *)&argv[optind], &devices, &fd) < 0)
		return 1;
	if (wait)
		status = wait_for_change(devices, fd);
	if (wait && status == 0)
		printf("changed\n");
	if (uuid)
		print_found(devices, uuid);
	else
		print_list(devices);
	devices_close(devices);
	return status;
}
