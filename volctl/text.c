/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* text - the text form of the tables as the command line handles it: text.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "tables/limits.h"
#include "volctl/child.h"
#include "volctl/show.h"
#include "volctl/talk.h"
#include "volctl/text.h"
#include "volctl/utf8.h"

static bool is_text(const char *text, size_t len)
{
	uint32_t point;

	for (size_t i = 0; i < len;) {
		size_t length = utf8_decode(text + i, len - i, &point);

		if (length == 0 || point == 0)
			return false;
		i += length;
	}
	return true;
}

static int read_stream(FILE *stream, char **ret_text, size_t *ret_len)
{
	char *text = malloc(PROTOCOL_LINE_MAX + 1);
	size_t len;
	int r = 0;

	if (!text)
		return -ENOMEM;
	errno = 0;
	len = fread(text, 1, PROTOCOL_LINE_MAX, stream);
	text[len] = '\0';
	if (ferror(stream))
		r = errno ? -errno : -EIO;
	else if (len == PROTOCOL_LINE_MAX)
		r = -EFBIG;
	else if (!is_text(text, len))
		r = -EILSEQ;
	if (r < 0) {
		free(text);
		return r;
	}
	*ret_text = text;
	*ret_len = len;
	return 0;
}

int text_read(const char *path, char **ret_text, size_t *ret_len)
{
	FILE *stream;
	int r;

	if (strcmp(path, "-") == 0)
		return read_stream(stdin, ret_text, ret_len);
	stream = fopen(path, "re");
	if (!stream)
		return -errno;
	r = read_stream(stream, ret_text, ret_len);
	fclose(stream);
	return r;
}

int text_read_failed(const struct context *context, const char *path, int r)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;

	if (r == -EILSEQ)
		return fail(context, "bad-text", EXIT_FAILED, name, "%s is not UTF-8 text", name);
	return fail(context, "unreadable", r == -ENOENT ? EXIT_NO_SUCH : EXIT_FAILED, name,
		    "can not read %s: %s", name, strerror(-r));
}

int text_write_temporary(const char *text, char **ret_path)
{
	const char *directory = getenv("TMPDIR");
	AUTO_FREE char *path = text_format("%s/volctl-XXXXXX.conf",
					   directory && *directory ? directory : "/tmp");
	size_t len = strlen(text);
	int fd = mkstemps(path, 5);	/* mode 0600 */

	if (fd < 0)
		return -errno;
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, text + done, len - done);
		int r = n < 0 ? -errno : 0;

		if (r == -EINTR)
			continue;
		if (r < 0) {
			close(fd);
			unlink(path);
			return r;
		}
		done += (size_t)n;
	}
	if (close(fd) < 0)
		return -errno;
	*ret_path = text_format("%s", path);
	return 0;
}

bool text_print_difference(const char *before, const char *after)
{
	AUTO_FREE char *old_path = NULL;
	AUTO_FREE char *new_path = NULL;
	AUTO_FREE char *output = NULL;
	int status = -1;

	if (strcmp(before, after) == 0)
		return false;
	if (text_write_temporary(before, &old_path) == 0 &&
	    text_write_temporary(after, &new_path) == 0) {
		char *const arguments[] = {
			(char *)"diff", (char *)"-u", (char *)"-L", (char *)"the tables",
			(char *)"-L", (char *)"the change", old_path, new_path, NULL,
		};

		status = child_run(arguments, &output);
	}
	if (old_path)
		unlink(old_path);
	if (new_path)
		unlink(new_path);
	if (status == 0 || status == 1)
		print_text(output);
	else
		say("the difference can not be shown: diff does not run");
	return true;
}

/* What a dry run would change, by comparing the text forms before and after. */
static int show_plan(struct context *context, struct json_object *result)
{
	const char *after = field_text(result, "text");
	AUTO_PUT struct json_object *exported = NULL;
	const char *before;
	int status;

	if (context->json)
		return print_json(result);
	if (!field_true(result, "changed")) {
		say("nothing would change");
		return EXIT_DONE;
	}
	status = talk(context, "export", NULL, TALK_QUICK_MS, &exported);
	if (status != EXIT_DONE)
		return status;
	before = field_text(exported, "text");
	if (!before || !after || !text_print_difference(before, after))
		say("the tables would change");
	return EXIT_DONE;
}

static void say_done(struct json_object *result)
{
	int64_t version = field_number(result, "version", -1);
	struct json_object *changed;

	if (json_object_object_get_ex(result, "changed", &changed) &&
	    !json_object_get_boolean(changed))
		say("nothing to change");
	else if (version >= 0)
		say("done, the tables are of version %" PRId64, version);
	else
		say("done");
}

int text_commit(struct context *context, const char *command, struct json_object *arguments,
		const char *name, bool dry_run)
{
	struct volctl_error error = { 0 };
	AUTO_PUT struct json_object *result = NULL;
	int status = talk_connect(context);

	if (dry_run)
		json_object_object_add(arguments, "dry_run", json_object_new_boolean(true));
	if (status != EXIT_DONE) {
		json_object_put(arguments);
		return status;
	}
	volctl_set_cluster(context->client, context->cluster);
	if (talk_quietly(context, command, arguments, VOLCTL_FOREVER, &result, &error) < 0) {
		status = report_of(context, &error, name);
		volctl_error_clear(&error);
		return status;
	}
	if (dry_run)
		return show_plan(context, result);
	if (context->json)
		return print_json(result);
	say_done(result);
	return EXIT_DONE;
}

/* As the tables want them, so that no word can end a line or a section and begin another. */
static bool is_name(const char *word)
{
	size_t len = strspn(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  "._-");

	return len > 0 && len <= NAME_BYTES_MAX && word[len] == '\0';
}

static bool is_key(const char *word, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!islower((unsigned char)word[i]) && word[i] != '-')
			return false;
	return len > 0;
}

static bool is_value(const char *value)
{
	size_t len = strlen(value);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)value[i] < 0x20 || value[i] == 0x7f)
			return false;
	return is_text(value, len);
}

/* The quotes that a value needs: none (""), one of the two kinds, or NULL: it has both within. */
static const char *quotes_for(const char *value)
{
	size_t len = strlen(value);
	bool plain = len == 0 || (!strchr(" \"'", value[0]) && value[len - 1] != ' ' &&
				  !strchr(value, '#'));

	if (plain)
		return "";
	if (!strchr(value, '"'))
		return "\"";
	if (!strchr(value, '\''))
		return "'";
	return NULL;
}

char *fragment_begin(const struct context *context, const char *kind, const char *name,
		     const char *second)
{
	const char *wrong = !is_name(name) ? name : second && !is_name(second) ? second : NULL;

	if (wrong) {
		AUTO_FREE char *shown = text_clean(wrong);

		fail_usage(context, "'%s' is no name: 1 to %d of A-Z a-z 0-9 . _ -", shown,
			   NAME_BYTES_MAX);
		return NULL;
	}
	return text_format("[%s %s%s%s]\n", kind, name, second ? " " : "", second ? second : "");
}

char *fragment_begin_volume(struct context *context, const char *kind, const char *volume,
			    const char *second)
{
	const char *name = volume_name(context, volume);

	return name ? fragment_begin(context, kind, name, second) : NULL;
}

static bool fragment_add_one(const struct context *context, char **fragment, const char *word)
{
	AUTO_FREE char *shown = text_clean(word);
	const char *equals = strchr(word, '=');
	size_t key_len = equals ? (size_t)(equals - word) : 0;
	const char *quotes;
	char *longer;

	if (!equals || !is_key(word, key_len)) {
		fail_usage(context, "expected KEY=VALUE, got '%s'", shown);
		return false;
	}
	quotes = is_value(equals + 1) ? quotes_for(equals + 1) : NULL;
	if (!quotes) {
		fail_usage(
			context,
			"the value in '%s' can not be written in the tables: control characters, "
			"or both kinds of quotes",
			shown);
		return false;
	}
	longer = text_format("%s%.*s = %s%s%s\n", *fragment, (int)key_len, word, quotes,
			     equals + 1, quotes);
	free(*fragment);
	*fragment = longer;
	return true;
}

int fragment_commit(struct context *context, const char *mode, char *fragment, int count,
		    char **words)
{
	AUTO_FREE char *whole = fragment;
	struct json_object *arguments;

	if (!whole)
		return EXIT_USAGE;
	for (int i = 0; i < count; i++)
		if (!fragment_add_one(context, &whole, words[i]))
			return EXIT_USAGE;
	arguments = json_object_new_object();
	json_object_object_add(arguments, "text", json_object_new_string(whole));
	json_object_object_add(arguments, "mode", json_object_new_string(mode));
	return text_commit(context, "set", arguments, context->command->name,
			   option_given(context, "dry-run"));
}
