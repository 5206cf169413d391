/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>

#include "daemon/host_internal.h"

/* How a ruling of the tables is told: what failed, why, what to do next. */
static const struct ruling_answer {
	enum exit_status exit;
	const char *code;
	const char *message;
} ruling_answers[] = {
	[RULING_DONE] = { EXIT_DONE, "done", "" },
	[RULING_GRANTED] = { EXIT_DONE, "granted", "" },
	[RULING_UNCHANGED] = { EXIT_DONE, "unchanged", "" },
	[RULING_ALREADY_WRITER] = { EXIT_DONE, "granted",
		"this host is the writer already" },
	[RULING_REPLACED_TEXT] = { EXIT_DONE, "posted",
		"asked already: the text is replaced" },
	[RULING_NO_SUCH_HOST] = { EXIT_NO_SUCH, "no-such-host",
		"the tables have no such host; see 'volctl hosts'" },
	[RULING_NO_SUCH_VOLUME] = { EXIT_NO_SUCH, "no-such-volume",
		"the tables have no such volume; see 'volctl volumes'" },
	[RULING_NO_SUCH_REQUEST] = { EXIT_NO_SUCH, "no-such-request",
		"there is no such request; see 'volctl requests'" },
	[RULING_NOT_YOURS] = { EXIT_NOT_PERMITTED, "not-yours",
		"only the host that asked may cancel a request, and only the writer's "
		"may answer it" },
	[RULING_NOT_WAITING] = { EXIT_FAILED, "not-waiting",
		"the request has ended already; see 'volctl requests'" },
	[RULING_NOT_LOGGED_ON] = { EXIT_FAILED, "not-logged-on",
		"the tables do not have this host as logged on; see 'volctl status'" },
	[RULING_NOT_VALID] = { EXIT_NOT_PERMITTED, "not-valid",
		"the host's row says valid = no; an administrator can change that" },
	[RULING_OTHER_MACHINE] = { EXIT_NOT_PERMITTED, "other-machine",
		"the host's row belongs to another machine" },
	[RULING_DISABLED] = { EXIT_NOT_PERMITTED, "disabled",
		"the volume is disabled; an administrator can enable it with 'volctl "
		"volume enable'" },
	[RULING_MAY_NOT_MOUNT] = { EXIT_NOT_PERMITTED, "may-not-mount",
		"this host may not mount the volume; see 'volctl access'" },
	[RULING_LOCKED_OUT] = { EXIT_NOT_PERMITTED, "locked-out",
		"this host is locked out from asking for write access (write = never); "
		"see 'volctl access'" },
	[RULING_QUEUE_FULL] = { EXIT_FAILED, "queue-full",
		"there is no room for another request; try again when some have been "
		"answered, see 'volctl requests'" },
	[RULING_NOT_WRITER] = { EXIT_FAILED, "not-writer",
		"this host is not, or no longer, the writer" },
	[RULING_STILL_WRITER] = { EXIT_FAILED, "still-writer",
		"write access is not given back yet" },
	[RULING_HAS_WRITER] = { EXIT_NOT_PERMITTED, "has-writer",
		"the volume has a writer: let it release the volume first" },
	[RULING_HOST_IS_LIVE] = { EXIT_NOT_PERMITTED, "host-is-live",
		"the host is logged on: run 'volctl logoff' there first" },
	[RULING_NAME_TAKEN] = { EXIT_FAILED, "name-taken",
		"that name is used already" },
	[RULING_FULL] = { EXIT_FAILED, "full",
		"the tables have no free row; their capacity was chosen at format" },
	[RULING_CONFLICT] = { EXIT_FAILED, "conflict",
		"somebody else changed the tables meanwhile: nothing was changed" },
	[RULING_FORM_WRONG] = { EXIT_FAILED, "form-wrong",
		"the text has errors: nothing was changed" },
	[RULING_BAD_TEXT] = { EXIT_USAGE, "bad-text",
		"a text is at most 512 bytes of UTF-8 without control characters" },
	[RULING_NOT_ADMINISTRATOR] = { EXIT_NOT_PERMITTED, "not-administrator",
		"only administrators may do that" },
	[RULING_OUT_OF_ORDER] = { EXIT_FAILED, "out-of-order",
		"the change was overtaken by a later one of this host: try again" },
	[RULING_UNPROVEN] = { EXIT_NOT_PERMITTED, "unproven",
		"too many earlier writers are not proven stopped" },
};

void host_answer_of(const struct outcome *outcome, struct host_answer *ret_answer)
{
	size_t ruling = outcome->ruling;
	bool known = ruling < sizeof(ruling_answers) / sizeof(ruling_answers[0]) &&
		     ruling_answers[ruling].code;

	/* A host with a newer volctl may have stored a ruling that we do not know. */
	ret_answer->exit = known ? ruling_answers[ruling].exit : EXIT_FAILED;
	snprintf(ret_answer->code, sizeof(ret_answer->code), "%s",
		 known ? ruling_answers[ruling].code : "refused");
	snprintf(ret_answer->message, sizeof(ret_answer->message), "%s",
		 known ? ruling_answers[ruling].message : ruling_text(outcome->ruling));
	ret_answer->changed = ruling_is_change(outcome->ruling);
	if (outcome->ruling == RULING_FORM_WRONG)
		ret_answer->errors = outcome->errors;
}

const char *host_ruling_message(enum ruling ruling)
{
	return ruling_answers[ruling].message;
}
