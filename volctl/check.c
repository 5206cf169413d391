/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* check - verify a control device, and repair it, with no daemon. */
#include "config.h"

#include <inttypes.h>

#include "volctl/entries.h"
#include "volctl/offline.h"
#include "volctl/show.h"
#include "volctl/talk.h"

static int check(struct context *context, int count, char **args);

static const struct option_entry check_options[] = {
	{ 0, "repair", OPTION_NONE, NULL, "decide the newest whole tables again" },
	{ 0, "dry-run", OPTION_NONE, NULL, "with --repair: show the difference only" },
	{ 0 },
};

const struct command cmd_check = {
	.name = "check",
	.args = "DEVICE",
	.summary = "verify a control device; needs no daemon",
	.min_args = 1,
	.max_args = 1,
	.options = check_options,
	.run = check,
};

static enum exit_status state_status(enum offline_state state)
{
	switch (state) {
	case OFFLINE_WHOLE:
		return EXIT_DONE;
	case OFFLINE_DAMAGED:
		return EXIT_FAILED;
	case OFFLINE_UNREADABLE:
		return EXIT_UNREACHABLE;
	}
	return EXIT_FAILED;
}

static int report_and_clear(const struct context *context, struct volctl_error *error)
{
	int status = report(context, error);

	volctl_error_clear(error);
	return status;
}

static void print_checked(const char *device, const struct offline_checked *checked)
{
	uint32_t listed = checked->damage_count < OFFLINE_DAMAGES_MAX ? checked->damage_count :
									OFFLINE_DAMAGES_MAX;

	for (uint32_t i = 0; i < listed; i++) {
		AUTO_FREE char *line = offline_damage_text(&checked->damages[i]);

		printf("%s\n", line ? line : "");
	}
	if (checked->damage_count > listed)
		printf("... and %" PRIu32 " more\n", checked->damage_count - listed);
	switch (checked->state) {
	case OFFLINE_WHOLE:
		printf("%s is whole, tables of version %" PRIu64 "\n", device, checked->version);
		break;
	case OFFLINE_DAMAGED:
		printf("%s is damaged in %" PRIu32 " block%s; %s\n", device, checked->damage_count,
		       checked->damage_count == 1 ? "" : "s",
		       checked->has_tables ? "its tables are whole" :
					     "its latest tables can not be read");
		break;
	case OFFLINE_UNREADABLE:
		printf("%s can not be read as a control device\n", device);
		break;
	}
}

static int verify(const struct context *context, const char *device)
{
	AUTO_FREE struct offline_checked *checked = calloc(1, sizeof(*checked));
	AUTO_PUT struct json_object *json = NULL;
	struct volctl_error error = { 0 };

	if (!checked)
		return fail_memory(context);
	if (offline_check(device, checked, &error) < 0)
		return report_and_clear(context, &error);
	if (context->json) {
		json = offline_checked_json(checked);
		print_json(json);
	} else {
		print_checked(device, checked);
	}
	return state_status(checked->state);
}

static void tell(void *data, const char *text)
{
	AUTO_FREE char *clean = text_clean(text);

	(void)data;
	say("%s", clean);
}

static void print_repaired(const struct context *context, const struct offline_repaired *repaired,
			   bool done)
{
	AUTO_PUT struct json_object *json = json_object_new_object();

	if (!context->json) {
		if (!repaired->needed)
			say("nothing to repair");
		else if (done && repaired->new_version == repaired->kept_version)
			say("repaired: the tables of version %" PRIu64 " stand",
			    repaired->kept_version);
		else if (done)
			say("repaired: the tables of version %" PRIu64
			    " are decided again as %" PRIu64,
			    repaired->kept_version, repaired->new_version);
		else
			print_text(repaired->difference);
		return;
	}
	json_object_object_add(json, "needed", json_object_new_boolean(repaired->needed));
	json_object_object_add(json, "done", json_object_new_boolean(repaired->needed && done));
	json_object_object_add(json, "old_version", json_object_new_uint64(repaired->old_version));
	json_object_object_add(json, "kept_version",
			       json_object_new_uint64(repaired->kept_version));
	json_object_object_add(json, "new_version", json_object_new_uint64(repaired->new_version));
	json_object_object_add(json, "difference",
			       repaired->difference ?
				       json_object_new_string(repaired->difference) :
				       NULL);
	print_json(json);
}

/* One pass: dry, or in earnest.  An exit status; *@ret_needed: whether there is something to do. */
static int repair_pass(const struct context *context, const char *device, bool dry_run,
		       bool print, bool *ret_needed)
{
	const struct offline_repair order = {
		.device = device,
		.dry_run = dry_run,
		.progress.tell = context->json ? NULL : tell,
	};
	AUTO_FREE struct offline_repaired *repaired = calloc(1, sizeof(*repaired));
	struct volctl_error error = { 0 };

	if (!repaired)
		return fail_memory(context);
	if (offline_repair(&order, repaired, &error) < 0)
		return report_and_clear(context, &error);
	if (print)
		print_repaired(context, repaired, !dry_run);
	*ret_needed = repaired->needed;
	free(repaired->difference);
	return EXIT_DONE;
}

static int repair(const struct context *context, const char *device)
{
	bool dry_run = option_given(context, "dry-run");
	bool needed = false;
	int status;

	status = repair_pass(context, device, true, dry_run || !context->json, &needed);
	if (status != EXIT_DONE || dry_run || !needed)
		return status;
	if (!confirm(context, "Repair %s?", device))
		return fail(context, "not-confirmed", EXIT_FAILED, device, "%s is not repaired",
			    device);
	return repair_pass(context, device, false, true, &needed);
}

static int check(struct context *context, int count, char **args)
{
	(void)count;
	if (option_given(context, "repair"))
		return repair(context, args[0]);
	if (option_given(context, "dry-run"))
		return fail_usage(context, "--dry-run goes with --repair");
	return verify(context, args[0]);
}
