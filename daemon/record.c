/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "daemon/record.h"

static void record_path(const char *dir, const char *mark, char ret_path[PATH_MAX])
{
	(void)snprintf(ret_path, PATH_MAX, "%s/%s.mounted", dir, mark);
}

int record_write(const char *dir, const char *mark, const struct record *record)
{
	char path[PATH_MAX];
	FILE *file;
	int r = 0;

	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	record_path(dir, mark, path);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	if (fprintf(file, "%" PRIu64 " %" PRIu64 " %u %u\n", record->id, record->unique_id,
		    major(record->device), minor(record->device)) < 0)
		r = -EIO;
	if (fclose(file) != 0)
		r = -errno;
	return r;
}

static bool record_read(const char *dir, const char *mark, struct record *ret_record)
{
	unsigned int device_major = 0;
	unsigned int device_minor = 0;
	char path[PATH_MAX];
	FILE *file;
	int fields;

	record_path(dir, mark, path);
	file = fopen(path, "re");
	if (!file)
		return false;
	fields = fscanf(file, "%" SCNu64 " %" SCNu64 " %u %u", &ret_record->id,
			&ret_record->unique_id, &device_major, &device_minor);
	(void)fclose(file);
	ret_record->device = makedev(device_major, device_minor);
	return fields == 4;
}

bool record_fits(const char *dir, const char *mark, const struct record *record)
{
	struct record noted = { 0 };

	if (!record_read(dir, mark, &noted))
		return false;
	if (noted.unique_id != 0 && record->unique_id != 0 && noted.unique_id != record->unique_id)
		return false;
	return noted.id == record->id && noted.device == record->device;
}

void record_remove(const char *dir, const char *mark)
{
	char path[PATH_MAX];

	if (*dir == '\0')
		return;
	record_path(dir, mark, path);
	(void)unlink(path);
}
