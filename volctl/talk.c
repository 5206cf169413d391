/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* talk - what commands say to the daemon, to people and to programs: talk.h. */
#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "tables/limits.h"
#include "volctl/show.h"
#include "volctl/talk.h"
#include "volctl/utf8.h"

#define PASSWORD_BYTES_MAX 512
#define PASSWORD_TRIES 3

static void __attribute__((format(printf, 1, 0))) say_list(const char *format, va_list arguments)
{
	fflush(stdout);		/* messages and results appear in the order in which they arise */
	fputs("volctl: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

void say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	say_list(format, arguments);
	va_end(arguments);
}

int print_json(struct json_object *object)
{
	AUTO_PUT struct json_object *whole = json_object_new_object();

	json_object_object_add(whole, "format", json_object_new_int(1));
	json_object_object_foreach(object, key, value)
		json_object_object_add(whole, key, json_object_get(value));
	puts(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PRETTY |
						   JSON_C_TO_STRING_NOSLASHESCAPE));
	return EXIT_DONE;
}

static void print_json_error(const char *code, enum exit_status status, const char *object,
			     const char *message, struct json_object *details)
{
	AUTO_PUT struct json_object *whole = json_object_new_object();
	struct json_object *error = json_object_new_object();

	if (details) {
		json_object_object_foreach(details, key, value)
			json_object_object_add(error, key, json_object_get(value));
	}
	json_object_object_add(error, "code", json_object_new_string(code));
	json_object_object_add(error, "exit", json_object_new_int(status));
	json_object_object_add(error, "message", json_object_new_string(message));
	json_object_object_add(error, "object", object ? json_object_new_string(object) : NULL);
	json_object_object_add(whole, "error", error);
	puts(json_object_to_json_string_ext(whole, JSON_C_TO_STRING_PRETTY |
						   JSON_C_TO_STRING_NOSLASHESCAPE));
}

static int __attribute__((format(printf, 5, 0)))
fail_list(const struct context *context, const char *code, enum exit_status status,
	  const char *object, const char *format, va_list arguments)
{
	AUTO_FREE char *message = NULL;

	if (!context->json) {
		say_list(format, arguments);
		return status;
	}
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	print_json_error(code, status, object, message ?: "out of memory", NULL);
	return status;
}

int fail(const struct context *context, const char *code, enum exit_status status,
	 const char *object, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_list(context, code, status, object, format, arguments);
	va_end(arguments);
	return status;
}

int fail_usage(const struct context *context, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fail_list(context, "usage", EXIT_USAGE, NULL, format, arguments);
	va_end(arguments);
	return EXIT_USAGE;
}

int fail_memory(const struct context *context)
{
	return fail(context, "failed", EXIT_FAILED, NULL, "out of memory");
}

void say_holders(struct json_object *object)
{
	struct json_object *holders = field_list(object, "holders");

	for (size_t i = 0; i < list_length(holders); i++) {
		AUTO_FREE char *holder = holder_text(json_object_array_get_idx(holders, i));

		say("  %s", holder);
	}
}

/* The places in a text that is not right, as compilers name them. */
static void say_errors(struct json_object *object, const char *file)
{
	struct json_object *errors = field_list(object, "errors");

	for (size_t i = 0; i < list_length(errors); i++) {
		struct json_object *error = json_object_array_get_idx(errors, i);
		AUTO_FREE char *text = field_shown(error, "text", "");

		say("%s:%" PRId64 ":%" PRId64 ": %s", file, field_number(error, "line", 0),
		    field_number(error, "column", 0), text);
	}
}

static void say_names(struct json_object *object)
{
	struct json_object *names = field_list(object, "names");

	for (size_t i = 0; i < list_length(names); i++) {
		AUTO_FREE char *name =
			text_clean(json_object_get_string(json_object_array_get_idx(names, i)));

		if (name)
			say("  %s", name);
	}
}

int report(const struct context *context, const struct volctl_error *error)
{
	return report_of(context, error, "text");
}

int report_of(const struct context *context, const struct volctl_error *error, const char *name)
{
	AUTO_FREE char *message = NULL;

	if (context->json) {
		print_json_error(error->code, error->exit, error->object,
				 error->message ?: error->code, error->details);
		return error->exit;
	}
	message = text_clean(error->message ?: error->code);
	say("%s", message);
	say_holders(error->details);
	say_errors(error->details, name);
	say_names(error->details);
	return error->exit;
}

int talk_connect(struct context *context)
{
	struct volctl_error error = { 0 };
	int status;

	if (context->client)
		return EXIT_DONE;
	if (volctl_connect(context->socket_path, &context->client, &error) == 0)
		return EXIT_DONE;
	status = report(context, &error);
	volctl_error_clear(&error);
	return status;
}

bool can_ask(void)
{
	return isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
}

bool confirm(const struct context *context, const char *format, ...)
{
	AUTO_FREE char *line = NULL;
	size_t size = 0;
	va_list arguments;

	if (context->yes)
		return true;
	if (!can_ask()) {
		say("there is no terminal to ask on: nothing is done without --yes");
		return false;
	}
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputs(" [y/N] ", stderr);
	return getline(&line, &size, stdin) > 0 && (line[0] == 'y' || line[0] == 'Y');
}

/* One line of a descriptor, without buffering what follows.  False: none, or too long. */
static bool read_password(int fd, char password[PASSWORD_BYTES_MAX])
{
	size_t len = 0;

	for (;;) {
		ssize_t n;

		if (len == PASSWORD_BYTES_MAX)
			return false;
		n = read(fd, password + len, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || (n == 0 && len == 0))
			return false;
		if (n == 0 || password[len] == '\n') {
			password[len] = '\0';
			return true;
		}
		len++;
	}
}

static bool prompt_password(char password[PASSWORD_BYTES_MAX])
{
	struct termios before;
	struct termios silent;
	bool good;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return false;
	silent = before;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	silent.c_lflag |= ECHONL;
	if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) < 0)
		return false;
	fputs("Administrator's password: ", stderr);
	good = read_password(STDIN_FILENO, password);
	(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	return good;
}

/* A password from --password-fd, which has one to give, or from the terminal. */
static bool get_password(struct context *context)
{
	char password[PASSWORD_BYTES_MAX];
	bool good;

	if (context->password_fd >= 0) {
		good = read_password(context->password_fd, password);
		context->password_fd = -1;
	} else {
		good = can_ask() && prompt_password(password);
	}
	if (good)
		volctl_set_password(context->client, password);
	explicit_bzero(password, sizeof(password));
	return good;
}

static bool wants_password(const struct volctl_error *error)
{
	return strcmp(error->code, "password-needed") == 0 ||
	       strcmp(error->code, "password-wrong") == 0;
}

int talk_quietly(struct context *context, const char *command, struct json_object *arguments,
		 int timeout_ms, struct json_object **ret_result, struct volctl_error *ret_error)
{
	struct json_object *result = NULL;
	int tries = 0;
	int r;

	for (;;) {
		r = volctl_call(context->client, command, json_object_get(arguments), timeout_ms,
				&result, ret_error);
		if (r == 0 || !wants_password(ret_error) || tries++ == PASSWORD_TRIES)
			break;
		if (strcmp(ret_error->code, "password-wrong") == 0 && can_ask())
			say("the password is wrong");
		if (!get_password(context))
			break;
		volctl_error_clear(ret_error);
	}
	json_object_put(arguments);
	if (r == 0 && ret_result)
		*ret_result = result;
	else
		json_object_put(result);
	return r;
}

int talk(struct context *context, const char *command, struct json_object *arguments,
	 int timeout_ms, struct json_object **ret_result)
{
	struct volctl_error error = { 0 };
	int status = talk_connect(context);

	if (status != EXIT_DONE) {
		json_object_put(arguments);
		return status;
	}
	volctl_set_cluster(context->client, context->cluster);
	if (talk_quietly(context, command, arguments, timeout_ms, ret_result, &error) == 0)
		return EXIT_DONE;
	status = report(context, &error);
	volctl_error_clear(&error);
	return status;
}

/* What the daemon wants a person to know. */
static void say_message(struct json_object *result)
{
	AUTO_FREE char *message = field_shown(result, "message", NULL);

	if (message)
		say("%s", message);
}

int talk_and_tell(struct context *context, const char *command, struct json_object *arguments,
		  const char *format, ...)
{
	AUTO_PUT struct json_object *result = NULL;
	va_list list;
	int status = talk(context, command, arguments, VOLCTL_FOREVER, &result);

	if (status != EXIT_DONE)
		return status;
	if (context->json)
		return print_json(result);
	va_start(list, format);
	say_list(format, list);
	va_end(list);
	say_message(result);
	return EXIT_DONE;
}

const char *volume_name(struct context *context, const char *volume)
{
	const char *slash = *volume == '/' ? NULL : strchr(volume, '/');

	if (slash) {
		char *cluster = text_format("%.*s", (int)(slash - volume), volume);

		if (context->cluster && strcasecmp(context->cluster, cluster) != 0) {
			fail_usage(context, "%s is not of cluster %s", volume, context->cluster);
			free(cluster);
			return NULL;
		}
		free(context->volume_cluster);
		context->volume_cluster = cluster;
		context->cluster = cluster;
		volume = slash + 1;
	}
	if (!*volume) {
		fail_usage(context, "the name of a volume is empty");
		return NULL;
	}
	return volume;
}

struct json_object *volume_arguments(struct context *context, const char *volume)
{
	const char *name = volume_name(context, volume);
	struct json_object *arguments;

	if (!name)
		return NULL;
	arguments = json_object_new_object();
	json_object_object_add(arguments, "volume", json_object_new_string(name));
	return arguments;
}

static bool text_is_fit(const char *text)
{
	size_t len = strlen(text);
	uint32_t point = 0;

	for (size_t i = 0; i < len;) {
		size_t length = utf8_decode(text + i, len - i, &point);

		if (length == 0 || point < 0x20 || (point >= 0x7f && point < 0xa0))
			return false;
		i += length;
	}
	return true;
}

int add_text(const struct context *context, struct json_object *arguments)
{
	const char *text = option_value(context, "message");

	if (!text)
		return EXIT_DONE;
	if (strlen(text) > TEXT_BYTES_MAX)
		return fail_usage(context, "the message is longer than %d bytes", TEXT_BYTES_MAX);
	if (!text_is_fit(text))
		return fail_usage(context, "the message is not UTF-8, or has control characters");
	json_object_object_add(arguments, "text", json_object_new_string(text));
	return EXIT_DONE;
}

bool request_id(const struct context *context, const char *word, int64_t *ret_id)
{
	char *end;
	long long id;

	errno = 0;
	id = strtoll(word, &end, 10);
	if (errno || *end || id <= 0 || *word < '0' || *word > '9') {
		fail_usage(context, "a request is named by its number, not '%s'", word);
		return false;
	}
	*ret_id = id;
	return true;
}
