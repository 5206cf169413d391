/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * edit - the whole table as text in an editor, committed as one change.
 *
 * Whatever goes wrong, what has been typed stays: the file is kept and named
 * unless the change is made or dropped on purpose.
 */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "volctl/child.h"
#include "volctl/entries.h"
#include "volctl/show.h"
#include "volctl/talk.h"
#include "volctl/text.h"

static int edit(struct context *context, int count, char **args);

static const struct option_entry edit_options[] = {
	{ 0, "dry-run", OPTION_NONE, NULL, "check, show what would change, change nothing" },
	{ 0 },
};

const struct command cmd_edit = {
	.name = "edit",
	.args = "",
	.summary = "edit the tables as text",
	.options = edit_options,
	.run = edit,
};

/*
 *   EDIT ---> CHECK ---> CONFIRM ---> COMMIT ---> END
 *    ^          |           |            |
 *    |        wrong       "edit"     conflict: what others changed is
 *    +----------+-----------+------------+      merged into the file
 */
enum edit_step { EDIT_EDIT, EDIT_CHECK, EDIT_CONFIRM, EDIT_COMMIT, EDIT_END };

struct editing {
	struct context *context;
	char *path;		/* what is being edited */
	char *base;		/* the tables that it was made from */
	int64_t version;	/* of these */
	char *text;		/* as the editor left it */
	bool keep;		/* the file, when all is over */
	int status;
};

static int export_text(struct context *context, char **ret_text, int64_t *ret_version)
{
	AUTO_PUT struct json_object *result = NULL;
	struct json_object *arguments = json_object_new_object();
	const char *text;
	int status;

	json_object_object_add(arguments, "comments", json_object_new_boolean(true));
	status = talk(context, "export", arguments, TALK_QUICK_MS, &result);
	if (status != EXIT_DONE)
		return status;
	text = field_text(result, "text");
	if (!text)
		return fail(context, "bad-answer", EXIT_UNREACHABLE, NULL,
			    "the daemon's answer has no text");
	*ret_text = text_format("%s", text);
	*ret_version = field_number(result, "version", 0);
	return EXIT_DONE;
}

static enum edit_step end_with(struct editing *editing, int status, bool keep)
{
	editing->status = status;
	editing->keep = keep;
	return EDIT_END;
}

/* As git and others do, the editor's words are the shell's: "emacs -nw". */
static int editor_run(const char *path)
{
	const char *editor = getenv("VISUAL");
	AUTO_FREE char *line = NULL;
	char *arguments[] = { (char *)"sh", (char *)"-c", NULL, (char *)"sh", (char *)path, NULL };

	if (!editor || !*editor)
		editor = getenv("EDITOR");
	if (!editor || !*editor)
		editor = "vi";
	line = text_format("%s \"$@\"", editor);
	arguments[2] = line;
	return child_run(arguments, NULL);
}

static enum edit_step step_edit(struct editing *editing)
{
	int status = editor_run(editing->path);
	size_t len;
	int r;

	if (status != 0)
		return end_with(editing,
				fail(editing->context, "editor", EXIT_FAILED, NULL,
				     "the editor ended with status %d", status),
				true);
	free(editing->text);
	editing->text = NULL;
	r = text_read(editing->path, &editing->text, &len);
	if (r < 0)
		return end_with(editing, text_read_failed(editing->context, editing->path, r),
				true);
	if (strcmp(editing->text, editing->base) == 0) {
		say("nothing is changed");
		return end_with(editing, EXIT_DONE, false);
	}
	return EDIT_CHECK;
}

static struct json_object *import_arguments(const struct editing *editing, bool dry_run)
{
	struct json_object *arguments = json_object_new_object();

	json_object_object_add(arguments, "text", json_object_new_string(editing->text));
	json_object_object_add(arguments, "version", json_object_new_int64(editing->version));
	if (dry_run)
		json_object_object_add(arguments, "dry_run", json_object_new_boolean(true));
	return arguments;
}

/* Ask for one of the letters of @choices; the last of them where there is nobody to ask. */
static char choose(const char *question, const char *choices)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	char otherwise = choices[strlen(choices) - 1];

	if (!can_ask())
		return otherwise;
	for (;;) {
		fprintf(stderr, "%s ", question);
		if (getline(&line, &size, stdin) <= 0)
			return otherwise;
		if (line[0] != '\n' && strchr(choices, line[0]))
			return line[0];
	}
}

static enum edit_step edit_again_or_keep(struct editing *editing, int status)
{
	if (choose("[e]dit again, or [q]uit?", "eq") == 'e')
		return EDIT_EDIT;
	return end_with(editing, status, true);
}

/* Put into the file what others changed meanwhile, with marks where both changed the same. */
static int merge(struct editing *editing, const char *theirs)
{
	AUTO_FREE char *base_path = NULL;
	AUTO_FREE char *their_path = NULL;
	AUTO_FREE char *merged = NULL;
	AUTO_FREE char *merged_path = NULL;
	int status = -1;

	if (text_write_temporary(editing->base, &base_path) == 0 &&
	    text_write_temporary(theirs, &their_path) == 0) {
		char *const arguments[] = { (char *)"diff3", (char *)"-m", editing->path, base_path,
					    their_path, NULL };

		status = child_run(arguments, &merged);
	}
	if (base_path)
		unlink(base_path);
	if (their_path)
		unlink(their_path);
	if (status != 0 && status != 1)
		return -EIO;
	if (text_write_temporary(merged, &merged_path) < 0 ||
	    rename(merged_path, editing->path) < 0)
		return -EIO;
	return status;
}

static enum edit_step meet_conflict(struct editing *editing)
{
	char *theirs = NULL;
	int64_t version = 0;
	int status = export_text(editing->context, &theirs, &version);
	int marks;

	if (status != EXIT_DONE)
		return end_with(editing, status, true);
	say("the tables were changed by somebody else meanwhile:");
	text_print_difference(editing->base, theirs);
	if (!can_ask()) {
		free(theirs);
		return end_with(editing, EXIT_FAILED, true);
	}
	marks = merge(editing, theirs);
	if (marks < 0)
		say("their change can not be merged: it is undone if you commit yours as it is");
	else
		say("their change is merged into your text%s",
		    marks ? "; where both changed the same there are marks <<<<<<< and >>>>>>>" :
			    "");
	free(editing->base);
	editing->base = theirs;
	editing->version = version;
	return edit_again_or_keep(editing, EXIT_FAILED);
}

static enum edit_step meet_error(struct editing *editing, struct volctl_error *error)
{
	bool conflict = strcmp(error->code, "conflict") == 0;
	/* Whose text is wrong may mend it; the rest can not be mended by editing. */
	bool mendable = error->details && field_list(error->details, "errors");
	int status = conflict ? EXIT_FAILED : report_of(editing->context, error, editing->path);

	volctl_error_clear(error);
	if (conflict)
		return meet_conflict(editing);
	return mendable ? edit_again_or_keep(editing, status) : end_with(editing, status, true);
}

static enum edit_step step_check(struct editing *editing)
{
	AUTO_PUT struct json_object *result = NULL;
	struct volctl_error error = { 0 };

	if (talk_quietly(editing->context, "import", import_arguments(editing, true),
			 VOLCTL_FOREVER, &result, &error) < 0)
		return meet_error(editing, &error);
	if (!field_true(result, "changed")) {
		say("nothing is changed");
		return end_with(editing, EXIT_DONE, false);
	}
	text_print_difference(editing->base, editing->text);
	if (option_given(editing->context, "dry-run"))
		return end_with(editing, EXIT_DONE, false);
	return EDIT_CONFIRM;
}

static enum edit_step step_confirm(struct editing *editing)
{
	char choice;

	if (editing->context->yes)
		return EDIT_COMMIT;
	if (!can_ask()) {
		say("there is no terminal to ask on: nothing is done without --yes");
		return end_with(editing, EXIT_FAILED, true);
	}
	choice = choose("Make this change: [y]es, [e]dit again, or [n]o?", "yen");
	if (choice == 'y')
		return EDIT_COMMIT;
	return choice == 'e' ? EDIT_EDIT : end_with(editing, EXIT_FAILED, true);
}

static enum edit_step step_commit(struct editing *editing)
{
	AUTO_PUT struct json_object *result = NULL;
	struct volctl_error error = { 0 };

	if (talk_quietly(editing->context, "import", import_arguments(editing, false),
			 VOLCTL_FOREVER, &result, &error) < 0)
		return meet_error(editing, &error);
	if (editing->context->json)
		print_json(result);
	else
		say("done, the tables are of version %" PRId64, field_number(result, "version", 0));
	return end_with(editing, EXIT_DONE, false);
}

static void editing_run(struct editing *editing)
{
	enum edit_step step = EDIT_EDIT;

	while (step != EDIT_END) {
		switch (step) {
		case EDIT_EDIT:
			step = step_edit(editing);
			break;
		case EDIT_CHECK:
			step = step_check(editing);
			break;
		case EDIT_CONFIRM:
			step = step_confirm(editing);
			break;
		case EDIT_COMMIT:
			step = step_commit(editing);
			break;
		case EDIT_END:
			break;
		}
	}
}

static int edit(struct context *context, int count, char **args)
{
	struct editing editing = { .context = context };
	int r;

	(void)count;
	(void)args;
	editing.status = export_text(context, &editing.base, &editing.version);
	if (editing.status != EXIT_DONE)
		return editing.status;
	r = text_write_temporary(editing.base, &editing.path);
	if (r < 0) {
		editing.status = fail(context, "failed", EXIT_FAILED, NULL,
				      "can not write a temporary file: %s", strerror(-r));
	} else {
		editing_run(&editing);
		if (editing.keep)
			say("your text is kept in %s", editing.path);
		else
			unlink(editing.path);
	}
	free(editing.path);
	free(editing.base);
	free(editing.text);
	return editing.status;
}
