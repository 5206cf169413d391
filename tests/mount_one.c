/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mount_one - perform one operation of the mount layer and print its result,
 * for the tests that use real file systems.
 *
 *   mount_one OP DEVICE MOUNT-POINT [KEY=VALUE...]
 *
 * Keys: name, uuid, options, record, over, fsck, before; repeat=N does it N times
 * in this process.  Prints "key=value" lines; the exit status is the outcome.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/mounts.h"

static const char *const op_names[] = {
	[MOUNT_LOOK] = "look",
	[MOUNT_VIEW] = "view",
	[MOUNT_WRITE] = "write",
	[MOUNT_PREFLUSH] = "preflush",
	[MOUNT_GIVE_UP] = "give-up",
	[MOUNT_PUBLISH] = "publish",
	[MOUNT_UNMOUNT] = "unmount",
	[MOUNT_HOLDERS] = "holders",
	[MOUNT_LOCK_DEVICE] = "lock-device",
	[MOUNT_SHUT_DOWN] = "shut-down",
};
static const char *const state_names[] = {
	[MOUNTED_NOT] = "not",	   [MOUNTED_VIEW] = "view",	  [MOUNTED_WRITE] = "write",
	[MOUNTED_ENDED] = "ended", [MOUNTED_FOREIGN] = "foreign",
};
static const char *const kind_names[] = {
	[HOLDER_READING] = "reading", [HOLDER_WRITING] = "writing", [HOLDER_UNLINKED] = "unlinked",
	[HOLDER_CWD] = "cwd",	      [HOLDER_KERNEL] = "kernel",   [HOLDER_UNKNOWN] = "unknown",
};

static void put(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text);
}

static void set_key(struct mount_job *job, const char *key, const char *value, unsigned int *repeat)
{
	if (strcmp(key, "name") == 0)
		put(job->name, sizeof(job->name), value);
	else if (strcmp(key, "uuid") == 0)
		put(job->uuid, sizeof(job->uuid), value);
	else if (strcmp(key, "options") == 0)
		put(job->options, sizeof(job->options), value);
	else if (strcmp(key, "record") == 0)
		put(job->record_dir, sizeof(job->record_dir), value);
	else if (strcmp(key, "over") == 0)
		job->over_readers = strcmp(value, "yes") == 0;
	else if (strcmp(key, "fsck") == 0)
		job->fsck = strcmp(value, "yes") == 0;
	else if (strcmp(key, "before") == 0)
		job->written_before = strtoull(value, NULL, 10);
	else if (strcmp(key, "repeat") == 0)
		*repeat = (unsigned int)strtoul(value, NULL, 10);
	else
		exit(2);
}

static bool find_op(const char *word, enum mount_op *ret_op)
{
	for (size_t i = 0; i < sizeof(op_names) / sizeof(op_names[0]); i++) {
		if (strcmp(op_names[i], word) == 0) {
			*ret_op = (enum mount_op)i;
			return true;
		}
	}
	return false;
}

static void print_result(const struct mount_result *result)
{
	printf("outcome=%s\nstate=%s\nerror=%d\nfstype=%s\nreason=%s\n",
	       mount_outcome_text(result->outcome), state_names[result->state], result->error,
	       result->fstype, result->reason);
	printf("unproven=%s\n", result->unproven ? "yes" : "no");
	printf("written=%" PRIu64 "\nchanged=%s\nopen_for_writing=%" PRIu64 "\n", result->written,
	       result->changed ? "yes" : "no", result->open_for_writing);
	printf("free=%" PRIu64 "\ntotal=%" PRIu64 "\nholders=%" PRIu32 "\n", result->free_bytes,
	       result->total_bytes, result->holder_count);
	for (uint32_t i = 0; i < result->holder_count && i < HOLDERS_MAX; i++)
		printf("holder=%s %d %s\n", kind_names[result->holders[i].kind],
		       (int)result->holders[i].pid, result->holders[i].command);
	printf("took_ms=%" PRIu32 "\n", result->took_ms);
}

int main(int argc, char **argv)
{
	struct mount_job job = { .name = "test" };
	struct mount_result result = { 0 };
	unsigned int repeat = 1;

	if (argc < 4 || !find_op(argv[1], &job.op))
		return 2;
	put(job.device, sizeof(job.device), argv[2]);
	put(job.mount_point, sizeof(job.mount_point), argv[3]);
	for (int i = 4; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value)
			return 2;
		*value++ = '\0';
		set_key(&job, argv[i], value, &repeat);
	}
	for (unsigned int i = 0; i < repeat; i++)
		mount_perform(&job, &result);
	print_result(&result);
	return result.outcome == MOUNT_DONE ? 0 : 10 + (int)result.outcome;
}
