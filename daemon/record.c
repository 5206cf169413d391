/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/record.h"

static void record_path(const char *dir, const char *mark, char ret_path[PATH_MAX])
{
	(void)snprintf(ret_path, PATH_MAX, "%s/%s.mounted", dir, mark);
}

int record_write(const char *dir, const char *mark, uint64_t mount_id)
{
	char path[PATH_MAX];
	FILE *file;
	int r = 0;

	if (*dir == '\0')
		return 0;
	if (mkdir(dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	record_path(dir, mark, path);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	if (fprintf(file, "%" PRIu64 "\n", mount_id) < 0)
		r = -EIO;
	if (fclose(file) != 0)
		r = -errno;
	return r;
}

bool record_fits(const char *dir, const char *mark, uint64_t mount_id)
{
	char path[PATH_MAX];
	uint64_t noted;
	bool fits;
	FILE *file;

	if (*dir == '\0')
		return true;
	record_path(dir, mark, path);
	file = fopen(path, "re");
	if (!file)
		return false;
	fits = fscanf(file, "%" SCNu64, &noted) == 1 && noted == mount_id;
	(void)fclose(file);
	return fits;
}

void record_remove(const char *dir, const char *mark)
{
	char path[PATH_MAX];

	if (*dir == '\0')
		return;
	record_path(dir, mark, path);
	(void)unlink(path);
}
