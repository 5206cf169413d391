/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "daemon/config.h"

#define SAID_MAX 32
#define HASH "$y$j9T$0123456789abcdefghijk.$abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

static char folder[64];
static char path[128];
static char said[SAID_MAX][512];
static unsigned int said_count;
static struct config config;

static void hear(const char *line, void *data)
{
	ck_assert_ptr_eq(data, said);
	ck_assert_uint_lt(said_count, SAID_MAX);
	snprintf(said[said_count++], sizeof(said[0]), "%s", line);
}

static void write_file(const char *name, const char *text, size_t len)
{
	char file[256];
	FILE *out;

	snprintf(file, sizeof(file), "%s/%s", folder, name);
	out = fopen(file, "w");
	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(fwrite(text, 1, len, out), len);
	ck_assert_int_eq(fclose(out), 0);
}

static void put_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

static int read_config(void)
{
	said_count = 0;
	return config_read(&config, path, hear, said);
}

static int read_text(const char *text)
{
	put_text("volctl.conf", text);
	return read_config();
}

static void accept(const char *text)
{
	ck_assert_msg(read_text(text) == 0, "[%s]: %s", text, said_count ? said[0] : "?");
	ck_assert_uint_eq(said_count, 0);
}

/* The text has this one error; @place is what follows the file's name. */
static void reject(const char *text, const char *place)
{
	char expected[512];

	snprintf(expected, sizeof(expected), "%s:%s", path, place);
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_str_eq(said[0], expected);
	ck_assert_uint_eq(said_count, 1);
}

static void setup(void)
{
	snprintf(folder, sizeof(folder), "%s", "/tmp/unit_config.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/volctl.conf", folder);
	memset(&config, 0, sizeof(config));
}

static void teardown(void)
{
	char command[128];
	static const char *const names[] = {
		"volctl.conf.d/10-a.conf", "volctl.conf.d/20-b.conf", "volctl.conf.d/9-z.conf",
		"volctl.conf.d/note.txt",  "volctl.conf.d/.hid.conf", "volctl.conf",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(command, sizeof(command), "%s/%s", folder, names[i]);
		(void)unlink(command);
	}
	snprintf(command, sizeof(command), "%s/volctl.conf.d", folder);
	(void)rmdir(command);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void make_drop_ins(void)
{
	char drop_ins[128];

	snprintf(drop_ins, sizeof(drop_ins), "%s/volctl.conf.d", folder);
	ck_assert_int_eq(mkdir(drop_ins, 0700), 0);
}

START_TEST(an_empty_file_leaves_all_defaults)
{
	char host[256];

	ck_assert_int_eq(gethostname(host, sizeof(host)), 0);
	host[strcspn(host, ".")] = '\0';
	accept("");
	ck_assert_str_eq(config.name, host);
	ck_assert_str_eq(config.run_dir, RUNSTATEDIR "/volctl");
	ck_assert_str_eq(config.state_dir, LOCALSTATEDIR "/lib/volctl");
	ck_assert_str_eq(config.socket, RUNSTATEDIR "/volctl/control");
	ck_assert_uint_eq(config.device_count, 0);
	ck_assert_uint_eq(config.poll_ms, 250);
	ck_assert(config.keep_locked);
	ck_assert_uint_eq(config.allow_count, 2);
	ck_assert_str_eq(config.allow_globs[0], "/dev/mapper/*");
	ck_assert_str_eq(config.allow_globs[1], "/dev/sd*");
	ck_assert_ptr_null(config.allow_globs[2]);
	ck_assert(config.ignore_bad);
	ck_assert(!config.lockout_changes);
	ck_assert_str_eq(config.admin_password, "");
	ck_assert_str_eq(config.may_give, "");
	ck_assert_uint_eq(config.hook_timeout_ms, 5000);
	ck_assert_str_eq(config.notify, "");
	ck_assert_int_eq(config.log_level, LOG_INFO);
}
END_TEST

START_TEST(the_defaults_are_those_of_an_empty_file)
{
	static struct config defaults;

	accept("");
	config_defaults(&defaults);
	ck_assert_str_eq(defaults.socket, config.socket);
	ck_assert_ptr_eq(defaults.allow_globs[0], defaults.allow[0]);
	ck_assert_ptr_eq(config.allow_globs[0], config.allow[0]);
	memset(defaults.allow_globs, 0, sizeof(defaults.allow_globs));
	memset(config.allow_globs, 0, sizeof(config.allow_globs));
	ck_assert_mem_eq(&defaults, &config, sizeof(config));
}
END_TEST

START_TEST(every_key_is_taken)
{
	accept("[host]\n"
	       "name = Edit-1\n"
	       "socket = /run/edit1/socket\n"
	       "state-dir = /var/lib/edit1\n"
	       "run-dir = /run/edit1\n"
	       "[tables]\n"
	       "device = /dev/disk/by-id/one\n"
	       "device = \"/dev/disk/by-id/two # not a comment\"\n"
	       "poll-ms = 500 # a slower array\n"
	       "keep-locked = no\n"
	       "[devices]\n"
	       "allow = /dev/loop* /dev/mapper/mpath?\n"
	       "[mount]\n"
	       "ignore-bad = no\n"
	       "[access]\n"
	       "lockout-changes = yes\n"
	       "admin-password = " HASH "\n"
	       "[hooks]\n"
	       "may-give = /usr/local/sbin/may-give\n"
	       "hook-timeout = 1500ms\n"
	       "[fencing]\n"
	       "pdu = /usr/local/sbin/pdu\n"
	       "ipmi = /usr/local/sbin/ipmi\n"
	       "[guard]\n"
	       "watchdog = /dev/watchdog0\n"
	       "[log]\n"
	       "level = debug\n"
	       "[history]\n"
	       "max-size = 1G\n"
	       "[notify]\n"
	       "command = /usr/local/bin/tell\n");
	ck_assert_str_eq(config.name, "Edit-1");
	ck_assert_str_eq(config.socket, "/run/edit1/socket");
	ck_assert_str_eq(config.state_dir, "/var/lib/edit1");
	ck_assert_str_eq(config.run_dir, "/run/edit1");
	ck_assert_uint_eq(config.device_count, 2);
	ck_assert_str_eq(config.devices[0], "/dev/disk/by-id/one");
	ck_assert_str_eq(config.devices[1], "/dev/disk/by-id/two # not a comment");
	ck_assert_uint_eq(config.poll_ms, 500);
	ck_assert(!config.keep_locked);
	ck_assert_uint_eq(config.allow_count, 2);
	ck_assert_str_eq(config.allow_globs[0], "/dev/loop*");
	ck_assert_str_eq(config.allow_globs[1], "/dev/mapper/mpath?");
	ck_assert_ptr_null(config.allow_globs[2]);
	ck_assert(!config.ignore_bad);
	ck_assert(config.lockout_changes);
	ck_assert_str_eq(config.admin_password, HASH);
	ck_assert_str_eq(config.may_give, "/usr/local/sbin/may-give");
	ck_assert_uint_eq(config.hook_timeout_ms, 1500);
	ck_assert_str_eq(config.notify, "/usr/local/bin/tell");
	ck_assert_int_eq(config.log_level, LOG_DEBUG);
}
END_TEST

START_TEST(values_have_their_bounds)
{
	char text[CONF_LINE_BYTES_MAX];
	char longest[PATH_BYTES_MAX + 2];

	accept("[tables]\npoll-ms = 10\n");
	ck_assert_uint_eq(config.poll_ms, 10);
	reject("[tables]\npoll-ms = 9\n", "2:11: expected a number from 10 to 60000, got '9'");
	accept("[tables]\npoll-ms = 60000\n");
	reject("[tables]\npoll-ms = 60001\n",
	       "2:11: expected a number from 10 to 60000, got '60001'");
	accept("[hooks]\nhook-timeout = 1ms\n");
	reject("[hooks]\nhook-timeout = 0\n", "2:16: expected a duration above 0, got '0'");

	memset(longest, 'x', sizeof(longest));
	longest[0] = '/';
	longest[PATH_BYTES_MAX] = '\0';
	snprintf(text, sizeof(text), "[hooks]\nmay-give = %s\n", longest);
	accept(text);
	ck_assert_str_eq(config.may_give, longest);
	snprintf(text, sizeof(text), "[hooks]\nmay-give = %sx\n", longest);
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said[0], ":2:12: expected at most 255 bytes, got '/xxx"));
	snprintf(text, sizeof(text), "[devices]\nallow = /a %s\n", longest);
	accept(text);
	ck_assert_str_eq(config.allow[1], longest);
	snprintf(text, sizeof(text), "[devices]\nallow = /a %sx\n", longest);
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said[0], ":2:12: expected at most 255 bytes, got '/xxx"));

	longest[107] = '\0';
	snprintf(text, sizeof(text), "[host]\nsocket = %s\n", longest);
	accept(text);
	ck_assert_str_eq(config.socket, longest);
	snprintf(text, sizeof(text), "[host]\nsocket = %sx\n", longest);
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said[0], ":2:10: expected at most 107 bytes, got '/xxx"));
}
END_TEST

START_TEST(lists_have_their_bounds)
{
	char text[4096] = "[tables]\n";
	size_t used = strlen(text);

	for (int i = 0; i < CONFIG_DEVICES_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "device = /dev/%d\n", i);
	accept(text);
	ck_assert_uint_eq(config.device_count, CONFIG_DEVICES_MAX);
	ck_assert_str_eq(config.devices[CONFIG_DEVICES_MAX - 1], "/dev/15");
	snprintf(text + used, sizeof(text) - used, "device = /dev/more\n");
	reject(text, "18:10: expected at most 16 control devices, got '/dev/more'");

	used = (size_t)snprintf(text, sizeof(text), "[devices]\nallow =");
	for (int i = 10; i < 10 + CONFIG_ALLOW_MAX; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, " /d%d", i);
	accept(text);
	ck_assert_uint_eq(config.allow_count, CONFIG_ALLOW_MAX);
	ck_assert_str_eq(config.allow_globs[CONFIG_ALLOW_MAX - 1], "/d73");
	ck_assert_ptr_null(config.allow_globs[CONFIG_ALLOW_MAX]);
	snprintf(text + used, sizeof(text) - used, " /more /most\n");
	reject(text, "2:329: expected at most 64 patterns, got '/more'");
}
END_TEST

START_TEST(every_wrong_value_is_named_with_its_place)
{
	reject("[host]\nname = a b\n",
	       "2:8: expected a name of 1 to 63 letters, digits, '.', '_' or '-', got 'a b'");
	reject("[host]\nname =\n",
	       "2:7: expected a name of 1 to 63 letters, digits, '.', '_' or '-', got ''");
	reject("[host]\nsocket = run/control\n",
	       "2:10: expected an absolute path, got 'run/control'");
	reject("[host]\nstate-dir = x\n", "2:13: expected an absolute path, got 'x'");
	reject("[host]\n  run-dir = ''\n", "2:14: expected an absolute path, got ''");
	reject("[tables]\ndevice =\n", "2:9: expected an absolute path, got ''");
	reject("[tables]\ndevice = sda\n", "2:10: expected an absolute path, got 'sda'");
	reject("[tables]\npoll-ms = often\n",
	       "2:11: expected a number from 10 to 60000, got 'often'");
	reject("[tables]\nkeep-locked = maybe\n", "2:15: expected yes or no, got 'maybe'");
	reject("[devices]\nallow =\n",
	       "2:8: expected patterns of device names, such as /dev/sd*, got ''");
	reject("[devices]\nallow = /dev/sd* UUID=1\n",
	       "2:18: expected an absolute path, got 'UUID=1'");
	reject("[mount]\nignore-bad = 1\n", "2:14: expected yes or no, got '1'");
	reject("[access]\nlockout-changes = Yes\n", "2:19: expected yes or no, got 'Yes'");
	reject("[hooks]\nmay-give = hook\n", "2:12: expected an absolute path, got 'hook'");
	reject("[hooks]\nhook-timeout = 5\n", "2:16: expected a duration of at most 1193h, such as "
					       "250ms, 30s, 5m or 1h, got '5'");
	reject("[notify]\ncommand = tell me\n", "2:11: expected an absolute path, got 'tell me'");
	reject("[log]\nlevel = loud\n", "2:9: expected err, warn, info or debug, got 'loud'");
	reject("[fencing]\npdu = pdu\n", "2:7: expected an absolute path, got 'pdu'");
	reject("[fencing]\np/du = /pdu\n",
	       "2:1: expected a name of 1 to 63 letters, digits, '.', '_' or '-', got 'p/du'");
	reject("[guard]\nwatchdog = yes\n",
	       "2:12: expected none or the absolute path of a watchdog device, got 'yes'");
	reject("[history]\nmax-size = much\n",
	       "2:12: expected a size, such as 512K, 100M or 1G, got 'much'");
	reject("[history]\nmax-size = M\n",
	       "2:12: expected a size, such as 512K, 100M or 1G, got 'M'");
}
END_TEST

START_TEST(each_log_level_has_its_word)
{
	accept("[log]\nlevel = err\n");
	ck_assert_int_eq(config.log_level, LOG_ERR);
	accept("[log]\nlevel = warn\n");
	ck_assert_int_eq(config.log_level, LOG_WARNING);
	accept("[log]\nlevel = info\n");
	ck_assert_int_eq(config.log_level, LOG_INFO);
}
END_TEST

START_TEST(what_has_no_effect_yet_is_accepted)
{
	accept("[guard]\nwatchdog = none\n[history]\nmax-size = 100M\n[fencing]\n");
	accept("[history]\nmax-size = 1024\n");
}
END_TEST

START_TEST(a_password_that_is_no_hash_is_refused_and_never_shown)
{
	static const char *const wrong[] = { "secret", "$secret", "\"$y$ se$cret\"", "seXlNWnMDU" };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		char text[128];

		snprintf(text, sizeof(text), "[access]\nadmin-password = %s\n", wrong[i]);
		ck_assert_int_eq(read_text(text), -EINVAL);
		ck_assert_ptr_nonnull(strstr(said[0], ": expected a hash as crypt(3) stores it"));
		ck_assert_ptr_null(strstr(said[0], "se"));
	}
	reject("[access]\nadmin-password = secret\n",
	       "2:18: expected a hash as crypt(3) stores it, such as $y$...");
	accept("[access]\nadmin-password =\n");
	ck_assert_str_eq(config.admin_password, "");
}
END_TEST

START_TEST(unknown_sections_and_keys_are_errors)
{
	reject("[hots]\nname = a\nnonsense = 1\n",
	       "1:2: expected host, tables, devices, mount, access, hooks, fencing, guard, log, "
	       "history or notify, got 'hots'");
	reject("[host edit1]\nname = a\n", "1:7: expected ']', got 'edit1'");
	reject("[mount]\nignore = yes\n", "2:1: expected ignore-bad, got 'ignore'");
	reject("[tables]\n poll = 250\n",
	       "2:2: expected device or poll-ms or keep-locked, got 'poll'");
	reject("[host]\nio-timeout = 4s\n",
	       "2:1: expected name or socket or state-dir or run-dir, got 'io-timeout'");
	reject("name = a\n", "1:1: expected a section first, such as [host], got 'name'");
	reject("[Host]\n",
	       "1:2: expected host, tables, devices, mount, access, hooks, fencing, guard, log, "
	       "history or notify, got 'Host'");
}
END_TEST

START_TEST(a_key_stands_once_in_a_file)
{
	reject("[log]\nlevel = info\nlevel = info\n", "3:1: expected each key once, got 'level'");
	reject("[log]\nlevel = info\n[mount]\n[log]\nlevel = info\n",
	       "5:1: expected each key once, got 'level'");
	reject("[fencing]\npdu = /a\nPDU = /b\n", "3:1: expected each name once, got 'PDU'");
	reject("[tables]\ndevice = /a\ndevice = /b\ndevice = /a\n",
	       "4:10: expected each control device once, got '/a'");
	accept("[log]\n[mount]\n[log]\nlevel = info\n");
}
END_TEST

START_TEST(all_errors_are_reported_and_nothing_changes)
{
	accept("[host]\nname = before\n[tables]\ndevice = /dev/before\n");
	ck_assert_int_eq(read_text("[host]\nname = after\nsocket = x\n"
				   "[tables]\npoll-ms = -1\ndevice = /dev/after\n"),
			 -EINVAL);
	ck_assert_uint_eq(said_count, 2);
	ck_assert_ptr_nonnull(strstr(said[0], ":3:10: "));
	ck_assert_ptr_nonnull(strstr(said[1], ":5:11: "));
	ck_assert_str_eq(config.name, "before");
	ck_assert_str_eq(config.devices[0], "/dev/before");
	ck_assert_uint_eq(config.device_count, 1);
}
END_TEST

START_TEST(at_most_twenty_errors_are_shown)
{
	char text[4096] = "[mount]\n";
	size_t used = strlen(text);

	for (int i = 0; i < 20; i++)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "bad = %d\n", i);
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_uint_eq(said_count, 20);
	ck_assert_ptr_nonnull(strstr(said[19], ":21:1: "));

	make_drop_ins();
	put_text("volctl.conf.d/10-a.conf", "[mount]\nbad = 1\nworse = 1\n");
	ck_assert_int_eq(read_config(), -EINVAL);
	ck_assert_uint_eq(said_count, 21);
	ck_assert_ptr_nonnull(strstr(said[19], ":21:1: "));
	ck_assert_str_eq(said[20], "2 more errors are not shown");
}
END_TEST

START_TEST(drop_ins_win_in_the_order_of_their_names)
{
	make_drop_ins();
	put_text("volctl.conf", "[host]\nname = main\n[log]\nlevel = err\n"
				"[tables]\ndevice = /dev/main\n[mount]\nignore-bad = no\n");
	put_text("volctl.conf.d/20-b.conf", "[host]\nname = twenty\n[tables]\ndevice = /dev/b\n"
					    "device = /dev/main\n");
	put_text("volctl.conf.d/10-a.conf", "[host]\nname = ten\n[log]\nlevel = debug\n"
					    "[devices]\nallow = /dev/vd*\n");
	put_text("volctl.conf.d/note.txt", "no configuration at all\n");
	put_text("volctl.conf.d/.hid.conf", "nor is this\n");
	ck_assert_int_eq(read_config(), 0);
	ck_assert_uint_eq(said_count, 0);
	ck_assert_str_eq(config.name, "twenty");
	ck_assert_int_eq(config.log_level, LOG_DEBUG);
	ck_assert(!config.ignore_bad);
	ck_assert_uint_eq(config.device_count, 2);
	ck_assert_str_eq(config.devices[0], "/dev/b");
	ck_assert_str_eq(config.devices[1], "/dev/main");
	ck_assert_uint_eq(config.allow_count, 1);
	ck_assert_str_eq(config.allow_globs[0], "/dev/vd*");
	ck_assert_ptr_null(config.allow_globs[1]);

	/* By bytes: 9 comes after 20. */
	put_text("volctl.conf.d/9-z.conf", "[host]\nname = nine\n");
	ck_assert_int_eq(read_config(), 0);
	ck_assert_str_eq(config.name, "nine");
}
END_TEST

START_TEST(an_error_in_a_drop_in_names_that_file)
{
	char expected[256];

	make_drop_ins();
	put_text("volctl.conf", "[log]\nlevel = err\n");
	put_text("volctl.conf.d/10-a.conf", "[log]\nlevel = 3\n");
	snprintf(expected, sizeof(expected),
		 "%s.d/10-a.conf:2:9: expected err, warn, info or debug, got '3'", path);
	ck_assert_int_eq(read_config(), -EINVAL);
	ck_assert_str_eq(said[0], expected);
	ck_assert_uint_eq(said_count, 1);
}
END_TEST

START_TEST(a_program_can_be_taken_back_by_a_later_file)
{
	make_drop_ins();
	put_text("volctl.conf", "[hooks]\nmay-give = /bin/false\n[notify]\ncommand = /bin/true\n");
	ck_assert_int_eq(read_config(), 0);
	ck_assert_str_eq(config.may_give, "/bin/false");
	put_text("volctl.conf.d/10-a.conf", "[hooks]\nmay-give =\n[notify]\ncommand = \"\"\n");
	ck_assert_int_eq(read_config(), 0);
	ck_assert_str_eq(config.may_give, "");
	ck_assert_str_eq(config.notify, "");
}
END_TEST

START_TEST(what_a_file_no_longer_says_goes_back_to_its_default)
{
	accept("[log]\nlevel = err\n[tables]\ndevice = /dev/one\n");
	accept("[mount]\n");
	ck_assert_int_eq(config.log_level, LOG_INFO);
	ck_assert_uint_eq(config.device_count, 0);
}
END_TEST

START_TEST(a_named_file_that_is_missing_is_an_error)
{
	char expected[256];

	snprintf(expected, sizeof(expected), "%s: No such file or directory", path);
	ck_assert_int_eq(read_config(), -ENOENT);
	ck_assert_str_eq(said[0], expected);
	ck_assert_uint_eq(said_count, 1);
	ck_assert_str_eq(config.run_dir, "");
}
END_TEST

START_TEST(the_machines_own_file_may_be_missing)
{
	/* Where this program is installed and configured, the file is not missing. */
	if (access(SYSCONFDIR "/volctl", F_OK) == 0)
		return;
	said_count = 0;
	ck_assert_int_eq(config_read(&config, NULL, hear, said), 0);
	ck_assert_uint_eq(said_count, 0);
	ck_assert_str_eq(config.run_dir, RUNSTATEDIR "/volctl");
}
END_TEST

START_TEST(what_is_not_a_file_is_an_error)
{
	char expected[256];

	snprintf(expected, sizeof(expected), "%s: Is a directory", folder);
	said_count = 0;
	ck_assert_int_eq(config_read(&config, folder, hear, said), -EISDIR);
	ck_assert_str_eq(said[0], expected);
}
END_TEST

START_TEST(any_bytes_give_errors_and_no_crash)
{
	static char junk[300 * 1024];

	memset(junk, 0xff, sizeof(junk));
	write_file("volctl.conf", junk, sizeof(junk));
	ck_assert_int_eq(read_config(), -EFBIG);
	write_file("volctl.conf", junk, 4000);
	ck_assert_int_eq(read_config(), -EINVAL);
	write_file("volctl.conf", "[host]\nname = a\0b\n", 18);
	ck_assert_int_eq(read_config(), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said[0], ":2:9: expected UTF-8 text without control"));
}
END_TEST

START_TEST(the_socket_stands_in_the_run_dir_unless_named)
{
	char text[256];
	char dir[128];

	accept("[host]\nrun-dir = /run/edit2\n");
	ck_assert_str_eq(config.socket, "/run/edit2/control");

	/* 107 bytes are what a socket's address takes. */
	memset(dir, 'x', sizeof(dir));
	dir[0] = '/';
	dir[107 - strlen("/control")] = '\0';
	snprintf(text, sizeof(text), "[host]\nrun-dir = %s\n", dir);
	accept(text);
	ck_assert_uint_eq(strlen(config.socket), 107);
	dir[107 - strlen("/control")] = 'x';
	dir[108 - strlen("/control")] = '\0';
	snprintf(text, sizeof(text), "[host]\nrun-dir = %s\n", dir);
	ck_assert_int_eq(read_text(text), -EINVAL);
	ck_assert_ptr_nonnull(strstr(said[0], "run-dir is too long for a control socket"));
	snprintf(text, sizeof(text), "[host]\nrun-dir = %s\nsocket = /s\n", dir);
	accept(text);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("config");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, an_empty_file_leaves_all_defaults);
	tcase_add_test(tests, the_defaults_are_those_of_an_empty_file);
	tcase_add_test(tests, every_key_is_taken);
	tcase_add_test(tests, values_have_their_bounds);
	tcase_add_test(tests, lists_have_their_bounds);
	tcase_add_test(tests, every_wrong_value_is_named_with_its_place);
	tcase_add_test(tests, each_log_level_has_its_word);
	tcase_add_test(tests, what_has_no_effect_yet_is_accepted);
	tcase_add_test(tests, a_password_that_is_no_hash_is_refused_and_never_shown);
	tcase_add_test(tests, unknown_sections_and_keys_are_errors);
	tcase_add_test(tests, a_key_stands_once_in_a_file);
	tcase_add_test(tests, all_errors_are_reported_and_nothing_changes);
	tcase_add_test(tests, at_most_twenty_errors_are_shown);
	tcase_add_test(tests, drop_ins_win_in_the_order_of_their_names);
	tcase_add_test(tests, an_error_in_a_drop_in_names_that_file);
	tcase_add_test(tests, a_program_can_be_taken_back_by_a_later_file);
	tcase_add_test(tests, what_a_file_no_longer_says_goes_back_to_its_default);
	tcase_add_test(tests, a_named_file_that_is_missing_is_an_error);
	tcase_add_test(tests, the_machines_own_file_may_be_missing);
	tcase_add_test(tests, what_is_not_a_file_is_an_error);
	tcase_add_test(tests, any_bytes_give_errors_and_no_crash);
	tcase_add_test(tests, the_socket_stands_in_the_run_dir_unless_named);
	return unit_run("config", tests);
}
