/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/config.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/auto.h"
#include "daemon/clean.h"
#include "tables/tables.h"

#define FILE_BYTES_MAX (256 * 1024)
#define FENCING_MAX 64
#define REPORTED_MAX CONF_ERRORS_MAX

#define POLL_MIN_MS 10
#define POLL_MAX_MS 60000
#define POLL_DEFAULT_MS 250
#define HOOK_TIMEOUT_DEFAULT_MS 5000

static const char config_path[] = SYSCONFDIR "/volctl/volctl.conf";

enum section {
	SECTION_HOST,
	SECTION_TABLES,
	SECTION_DEVICES,
	SECTION_MOUNT,
	SECTION_ACCESS,
	SECTION_HOOKS,
	SECTION_FENCING,
	SECTION_GUARD,
	SECTION_LOG,
	SECTION_HISTORY,
	SECTION_NOTIFY,
	SECTION_COUNT,
	SECTION_NONE = SECTION_COUNT,	/* before the first, and after a wrong one */
};

static const char *const section_names[SECTION_COUNT] = {
	[SECTION_HOST] = "host",     [SECTION_TABLES] = "tables",   [SECTION_DEVICES] = "devices",
	[SECTION_MOUNT] = "mount",   [SECTION_ACCESS] = "access",   [SECTION_HOOKS] = "hooks",
	[SECTION_GUARD] = "guard",   [SECTION_FENCING] = "fencing", [SECTION_LOG] = "log",
	[SECTION_NOTIFY] = "notify", [SECTION_HISTORY] = "history",
};
#define SECTIONS_EXPECTED \
	"host, tables, devices, mount, access, hooks, fencing, guard, log, history or notify"

#define KEYS_MAX 32

/* One file being read, and what all files so far have said. */
struct reading {
	struct config *config;
	struct conf_errors errors;	/* of this file */
	enum section section;
	bool section_wrong;		/* its keys are passed over: one error is enough */
	bool seen[KEYS_MAX];		/* keys of this file */
	unsigned int fencing_count;
	struct conf_span fencing[FENCING_MAX];
};

struct reporter {
	void (*report)(const char *line, void *data);
	void *data;
	uint32_t found;
	uint32_t shown;
	int result;
};

struct key {
	enum section section;
	const char *name;
	void (*read)(struct reading *reading, const struct conf_line *line);
	bool repeats;
};

/* --- values ---------------------------------------------------------------- */

static void complain(struct reading *reading, const struct conf_line *line, const char *expected)
{
	conf_expected(&reading->errors, line->line, &line->value, expected);
}

/* Path of a file, absolute: what "here" is says nobody to a daemon. */
static bool read_path(struct reading *reading, const struct conf_line *line, char *ret_path,
		      size_t size)
{
	if (line->value.len == 0 || line->value.start[0] != '/') {
		complain(reading, line, "an absolute path");
		return false;
	}
	return conf_string(line, ret_path, size, &reading->errors);
}

/* The same, or nothing, which takes back what an earlier file said. */
static void read_program(struct reading *reading, const struct conf_line *line, char *ret_path,
			 size_t size)
{
	if (line->value.len == 0)
		ret_path[0] = '\0';
	else
		(void)read_path(reading, line, ret_path, size);
}

static void read_name(struct reading *reading, const struct conf_line *line)
{
	(void)conf_name(line, reading->config->name, &reading->errors);
}

static void read_socket(struct reading *reading, const struct conf_line *line)
{
	(void)read_path(reading, line, reading->config->socket, sizeof(reading->config->socket));
}

static void read_state_dir(struct reading *reading, const struct conf_line *line)
{
	(void)read_path(reading, line, reading->config->state_dir,
			sizeof(reading->config->state_dir));
}

static void read_run_dir(struct reading *reading, const struct conf_line *line)
{
	(void)read_path(reading, line, reading->config->run_dir, sizeof(reading->config->run_dir));
}

static void read_device(struct reading *reading, const struct conf_line *line)
{
	struct config *config = reading->config;
	char path[PATH_BYTES_MAX + 1];

	if (!read_path(reading, line, path, sizeof(path)))
		return;
	for (unsigned int i = 0; i < config->device_count; i++) {
		if (strcmp(config->devices[i], path) == 0) {
			complain(reading, line, "each control device once");
			return;
		}
	}
	if (config->device_count == CONFIG_DEVICES_MAX) {
		complain(reading, line, "at most 16 control devices");
		return;
	}
	memcpy(config->devices[config->device_count++], path, sizeof(path));
}
static_assert(CONFIG_DEVICES_MAX == 16, "as read_device() tells people");

static void read_poll_ms(struct reading *reading, const struct conf_line *line)
{
	struct conf_errors unused = { 0 };
	uint64_t number;

	if (!conf_number(line, POLL_MAX_MS, &number, &unused) || number < POLL_MIN_MS)
		complain(reading, line, "a number from 10 to 60000");
	else
		reading->config->poll_ms = (uint32_t)number;
}
static_assert(POLL_MIN_MS == 10 && POLL_MAX_MS == 60000, "as read_poll_ms() tells people");

static void read_keep_locked(struct reading *reading, const struct conf_line *line)
{
	(void)conf_bool(line, &reading->config->keep_locked, &reading->errors);
}

static void read_allow(struct reading *reading, const struct conf_line *line)
{
	struct config *config = reading->config;
	struct conf_span rest = line->value;
	struct conf_span word;

	if (line->value.len == 0)
		complain(reading, line, "patterns of device names, such as /dev/sd*");
	while (conf_word(&rest, &word)) {
		if (word.start[0] != '/') {
			conf_expected(&reading->errors, line->line, &word, "an absolute path");
		} else if (word.len > PATH_BYTES_MAX) {
			conf_expected(&reading->errors, line->line, &word, "at most 255 bytes");
		} else if (config->allow_count == CONFIG_ALLOW_MAX) {
			conf_expected(&reading->errors, line->line, &word, "at most 64 patterns");
			return;
		} else {
			char *pattern = config->allow[config->allow_count++];

			memcpy(pattern, word.start, word.len);
			pattern[word.len] = '\0';
		}
	}
}
static_assert(CONFIG_ALLOW_MAX == 64 && PATH_BYTES_MAX == 255, "as read_allow() tells people");

static void read_ignore_bad(struct reading *reading, const struct conf_line *line)
{
	(void)conf_bool(line, &reading->config->ignore_bad, &reading->errors);
}

static void read_lockout_changes(struct reading *reading, const struct conf_line *line)
{
	(void)conf_bool(line, &reading->config->lockout_changes, &reading->errors);
}

/*
 * What stands here by mistake may be the password itself: it is never shown.  A
 * hash without '$' is crypt's oldest kind, and any two letters begin one.
 */
static void read_admin_password(struct reading *reading, const struct conf_line *line)
{
	struct conf_errors unused = { 0 };
	char hash[sizeof(reading->config->admin_password)] = "";

	if (line->value.len > 0 && (line->value.start[0] != '$' ||
				    memchr(line->value.start, ' ', line->value.len) ||
				    !memchr(line->value.start + 1, '$', line->value.len - 1) ||
				    !conf_string(line, hash, sizeof(hash), &unused)))
		conf_complain(&reading->errors, line->line, line->value.column,
			      "expected a hash as crypt(3) stores it, such as $y$...");
	else
		memcpy(reading->config->admin_password, hash, sizeof(hash));
}

static void read_may_give(struct reading *reading, const struct conf_line *line)
{
	read_program(reading, line, reading->config->may_give, sizeof(reading->config->may_give));
}

static void read_hook_timeout(struct reading *reading, const struct conf_line *line)
{
	uint32_t timeout_ms;

	if (!conf_duration_ms(line, &timeout_ms, &reading->errors))
		return;
	if (timeout_ms == 0)
		complain(reading, line, "a duration above 0");
	else
		reading->config->hook_timeout_ms = timeout_ms;
}

static void read_notify(struct reading *reading, const struct conf_line *line)
{
	read_program(reading, line, reading->config->notify, sizeof(reading->config->notify));
}

static void read_level(struct reading *reading, const struct conf_line *line)
{
	static const char *const words[] = { "err", "warn", "info", "debug", NULL };
	static const int levels[] = { LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG };
	unsigned int index;

	if (conf_choice(line, words, &index, &reading->errors))
		reading->config->log_level = levels[index];
}

/* --- values without effect in this version ------------------------------------- */

static void check_watchdog(struct reading *reading, const struct conf_line *line)
{
	char path[PATH_BYTES_MAX + 1];

	if (conf_is(&line->value, "none"))
		return;
	if (line->value.len == 0 || line->value.start[0] != '/')
		complain(reading, line, "none or the absolute path of a watchdog device");
	else
		(void)conf_string(line, path, sizeof(path), &reading->errors);
}

static void check_max_size(struct reading *reading, const struct conf_line *line)
{
	struct conf_errors unused = { 0 };
	struct conf_line number = *line;
	uint64_t size;

	if (number.value.len > 0 && strchr("KMGT", number.value.start[number.value.len - 1]))
		number.value.len--;
	if (!conf_number(&number, UINT32_MAX, &size, &unused))
		complain(reading, line, "a size, such as 512K, 100M or 1G");
}

/* [fencing] NAME = /path: the keys are the site's own names. */
static void check_fencing(struct reading *reading, const struct conf_line *line)
{
	char name[NAME_BYTES_MAX + 1];
	char path[PATH_BYTES_MAX + 1];

	if (!conf_span_name(&line->key, name)) {
		conf_expected(&reading->errors, line->line, &line->key, CONF_NAME_EXPECTED);
		return;
	}
	for (unsigned int i = 0; i < reading->fencing_count; i++) {
		char other[NAME_BYTES_MAX + 1];

		if (conf_span_name(&reading->fencing[i], other) && name_same(name, other)) {
			conf_expected(&reading->errors, line->line, &line->key, "each name once");
			return;
		}
	}
	if (reading->fencing_count == FENCING_MAX)
		conf_expected(&reading->errors, line->line, &line->key, "at most 64 names");
	else
		reading->fencing[reading->fencing_count++] = line->key;
	(void)read_path(reading, line, path, sizeof(path));
}
static_assert(FENCING_MAX == 64, "as check_fencing() tells people");

/* --- lines --------------------------------------------------------------------- */

static const struct key keys[] = {
	{ SECTION_HOST, "name", read_name, false },
	{ SECTION_HOST, "socket", read_socket, false },
	{ SECTION_HOST, "state-dir", read_state_dir, false },
	{ SECTION_HOST, "run-dir", read_run_dir, false },
	{ SECTION_TABLES, "device", read_device, true },
	{ SECTION_TABLES, "poll-ms", read_poll_ms, false },
	{ SECTION_TABLES, "keep-locked", read_keep_locked, false },
	{ SECTION_DEVICES, "allow", read_allow, false },
	{ SECTION_MOUNT, "ignore-bad", read_ignore_bad, false },
	{ SECTION_ACCESS, "lockout-changes", read_lockout_changes, false },
	{ SECTION_ACCESS, "admin-password", read_admin_password, false },
	{ SECTION_HOOKS, "may-give", read_may_give, false },
	{ SECTION_HOOKS, "hook-timeout", read_hook_timeout, false },
	{ SECTION_GUARD, "watchdog", check_watchdog, false },
	{ SECTION_LOG, "level", read_level, false },
	{ SECTION_HISTORY, "max-size", check_max_size, false },
	{ SECTION_NOTIFY, "command", read_notify, false },
};
#define KEY_COUNT (sizeof(keys) / sizeof(keys[0]))
static_assert(KEY_COUNT <= KEYS_MAX, "each key has its place in reading.seen");

static void take_section(struct reading *reading, const struct conf_line *line)
{
	reading->section_wrong = true;
	reading->section = SECTION_NONE;
	for (unsigned int i = 0; i < SECTION_COUNT; i++)
		if (conf_is(&line->words[0], section_names[i]))
			reading->section = i;
	if (reading->section == SECTION_NONE)
		conf_expected(&reading->errors, line->line, &line->words[0], SECTIONS_EXPECTED);
	else if (line->word_count > 1)
		conf_expected(&reading->errors, line->line, &line->words[1], "']'");
	else
		reading->section_wrong = false;
}

/* What a file says of a list takes the place of what earlier files, or the defaults, said. */
static void list_begin(struct config *config, const struct key *key)
{
	if (key->read == read_device)
		config->device_count = 0;
	if (key->read == read_allow)
		config->allow_count = 0;
}

static void complain_of_key(struct reading *reading, const struct conf_line *line)
{
	char expected[CONF_ERROR_BYTES];
	size_t used = 0;

	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].section == reading->section)
			used += (size_t)snprintf(expected + used, sizeof(expected) - used, "%s%s",
						 used ? " or " : "", keys[i].name);
	conf_expected(&reading->errors, line->line, &line->key, expected);
}

static void take_key(struct reading *reading, const struct conf_line *line)
{
	if (reading->section_wrong)
		return;
	if (reading->section == SECTION_NONE) {
		conf_expected(&reading->errors, line->line, &line->key,
			      "a section first, such as [host]");
		return;
	}
	if (reading->section == SECTION_FENCING) {
		check_fencing(reading, line);
		return;
	}
	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (keys[i].section != reading->section || !conf_is(&line->key, keys[i].name))
			continue;
		if (reading->seen[i] && !keys[i].repeats) {
			conf_expected(&reading->errors, line->line, &line->key, "each key once");
			return;
		}
		if (!reading->seen[i])
			list_begin(reading->config, &keys[i]);
		reading->seen[i] = true;
		keys[i].read(reading, line);
		return;
	}
	complain_of_key(reading, line);
}

static void take_text(struct reading *reading, const char *text, size_t len)
{
	struct conf_reader reader;
	struct conf_line line;

	conf_begin(&reader, text, len);
	for (;;) {
		conf_next(&reader, &line, &reading->errors);
		switch (line.kind) {
		case CONF_SECTION:
			take_section(reading, &line);
			break;
		case CONF_KEY:
			take_key(reading, &line);
			break;
		case CONF_END:
			return;
		}
	}
}

/* --- files ----------------------------------------------------------------------- */

/* Say one line about what is wrong; @error is what the whole ends with. */
static void tell(struct reporter *reporter, int error, char *line)
{
	reporter->found++;
	reporter->result = error;
	if (!line || reporter->shown == REPORTED_MAX)
		return;
	reporter->shown++;
	clean_text(line);
	reporter->report(line, reporter->data);
}

static void tell_file(struct reporter *reporter, const char *path, int error)
{
	AUTO_FREE char *line = NULL;

	if (asprintf(&line, "%s: %s", path, strerror(-error)) < 0)
		line = NULL;
	tell(reporter, error, line);
}

static void tell_errors(struct reporter *reporter, const char *path,
			const struct conf_errors *errors)
{
	for (uint32_t i = 0; i < errors->count; i++) {
		AUTO_FREE char *line = NULL;

		if (i >= CONF_ERRORS_MAX ||
		    asprintf(&line, "%s:%u:%u: %s", path, (unsigned int)errors->errors[i].line,
			     (unsigned int)errors->errors[i].column, errors->errors[i].text) < 0)
			line = NULL;
		tell(reporter, -EINVAL, line);
	}
}

/* Read a whole file into @buffer of FILE_BYTES_MAX.  -errno, or how many bytes. */
static ssize_t file_read(const char *path, char *buffer)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t len = 0;

	if (fd < 0)
		return -errno;
	while (len < FILE_BYTES_MAX) {
		ssize_t got = read(fd, buffer + len, FILE_BYTES_MAX - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return (ssize_t)len;
		len += (size_t)got;
	}
	return -EFBIG;
}

static void take_file(struct config *config, const char *path, bool may_be_missing,
		      struct reporter *reporter)
{
	AUTO_FREE char *buffer = malloc(FILE_BYTES_MAX);
	AUTO_FREE struct reading *reading = calloc(1, sizeof(*reading));
	ssize_t len = buffer && reading ? file_read(path, buffer) : -ENOMEM;

	if (len == -ENOENT && may_be_missing)
		return;
	if (len < 0) {
		tell_file(reporter, path, (int)len);
		return;
	}
	reading->config = config;
	reading->section = SECTION_NONE;
	take_text(reading, buffer, (size_t)len);
	tell_errors(reporter, path, &reading->errors);
}

static int is_conf_file(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 && strcmp(entry->d_name + len - 5, ".conf") == 0;
}

/* By bytes: the order must not hang on the locale that the daemon was started in. */
static int compare_names(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void take_folder(struct config *config, const char *folder, struct reporter *reporter)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, is_conf_file, compare_names);

	if (count < 0) {
		if (errno != ENOENT)
			tell_file(reporter, folder, -errno);
		return;
	}
	for (int i = 0; i < count; i++) {
		AUTO_FREE char *path = NULL;

		if (asprintf(&path, "%s/%s", folder, entries[i]->d_name) < 0)
			path = NULL;
		if (path)
			take_file(config, path, false, reporter);
		else
			tell_file(reporter, folder, -ENOMEM);
		free(entries[i]);
	}
	free(entries);
}

/* What only shows when all files have been read. */
static void settle(struct config *config, const char *path, struct reporter *reporter)
{
	AUTO_FREE char *line = NULL;
	int len;

	if (!config->name[0]) {
		if (asprintf(&line, "%s: this machine's host name can not name a row: set 'name' "
			     "in [host]", path) < 0)
			line = NULL;
		tell(reporter, -EINVAL, line);
		return;
	}
	if (config->socket[0])
		return;
	len = snprintf(config->socket, sizeof(config->socket), "%s/control", config->run_dir);
	if (len < (int)sizeof(config->socket))
		return;
	if (asprintf(&line, "%s: run-dir is too long for a control socket in it: set 'socket' in "
		     "[host]", path) < 0)
		line = NULL;
	tell(reporter, -EINVAL, line);
}

static void point_globs(struct config *config)
{
	memset(config->allow_globs, 0, sizeof(config->allow_globs));
	for (unsigned int i = 0; i < config->allow_count; i++)
		config->allow_globs[i] = config->allow[i];
}

static void default_name(char *name)
{
	char host[256] = "";

	if (gethostname(host, sizeof(host) - 1) < 0)
		return;
	host[strcspn(host, ".")] = '\0';
	if (name_is_valid(host))
		snprintf(name, NAME_BYTES_MAX + 1, "%.*s", NAME_BYTES_MAX, host);
}

/* All but the socket, which stands in the run-dir unless somebody says where. */
static void defaults(struct config *config)
{
	*config = (struct config) {
		.state_dir = LOCALSTATEDIR "/lib/volctl",
		.run_dir = RUNSTATEDIR "/volctl",
		.poll_ms = POLL_DEFAULT_MS,
		.keep_locked = true,
		.allow_count = 2,
		.allow = { "/dev/mapper/*", "/dev/sd*" },
		.ignore_bad = true,
		.hook_timeout_ms = HOOK_TIMEOUT_DEFAULT_MS,
		.log_level = LOG_INFO,
	};
	default_name(config->name);
}

void config_defaults(struct config *config)
{
	defaults(config);
	snprintf(config->socket, sizeof(config->socket), "%s", RUNSTATEDIR "/volctl/control");
	point_globs(config);
}

int config_read(struct config *config, const char *path,
		void (*report)(const char *line, void *data), void *data)
{
	struct reporter reporter = { .report = report, .data = data };
	AUTO_FREE struct config *next = malloc(sizeof(*next));
	AUTO_FREE char *folder = NULL;
	const char *file = path ? path : config_path;

	if (!next)
		return -ENOMEM;
	if (asprintf(&folder, "%s.d", file) < 0) {
		folder = NULL;
		return -ENOMEM;
	}
	defaults(next);
	take_file(next, file, !path, &reporter);
	take_folder(next, folder, &reporter);
	if (reporter.result == 0)
		settle(next, file, &reporter);
	if (reporter.found > reporter.shown) {
		char line[64];

		snprintf(line, sizeof(line), "%u more errors are not shown",
			 (unsigned int)(reporter.found - reporter.shown));
		report(line, data);
	}
	if (reporter.result < 0)
		return reporter.result;
	*config = *next;
	point_globs(config);
	return 0;
}
