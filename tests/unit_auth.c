/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/unit.h"

#include <crypt.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/auth.h"

#define NOBODYS_ID 4244

/* The group database of these tests. */
static gid_t users_gid;
static gid_t administrators_gid;

/* Takes the place of libc's. */
int getgrnam_r(const char *name, struct group *group, char *buffer, size_t size,
	       struct group **ret_group)
{
	gid_t gid = strcmp(name, "volctl") == 0	      ? users_gid :
		    strcmp(name, "volctl-admin") == 0 ? administrators_gid :
							0;

	ck_assert_uint_gt(size, 0);
	buffer[0] = '\0';
	*group = (struct group) { .gr_name = buffer, .gr_gid = gid };
	*ret_group = gid ? group : NULL;
	return 0;
}

static char folder[64];
static struct sockaddr_un address;
static int listener;

static void setup(void)
{
	mode_t before = umask(0177);

	users_gid = 0;
	administrators_gid = 0;
	snprintf(folder, sizeof(folder), "%s", "/tmp/unit_auth.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chmod(folder, 0755), 0);
	address.sun_family = AF_UNIX;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/control", folder);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	umask(before);
}

static void teardown(void)
{
	close(listener);
	(void)unlink(address.sun_path);
	ck_assert_int_eq(rmdir(folder), 0);
}

/* Where the tests run as root somebody else connects, with these groups; otherwise we do. */
static void connect_as(uid_t uid, gid_t gid, gid_t other_gid)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (geteuid() == 0 && uid != 0 &&
	    (setgroups(1, &other_gid) < 0 || setgid(gid) < 0 || setuid(uid) < 0))
		_exit(1);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		_exit(2);
	_exit(0);
}

static void peer_of(uid_t uid, gid_t gid, gid_t other_gid, struct peer *ret_peer)
{
	pid_t child;
	int status;
	int fd;

	ck_assert_int_eq(chmod(address.sun_path, 0666), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		connect_as(uid, gid, other_gid);
	fd = accept(listener, NULL, NULL);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(auth_peer(fd, ret_peer), 0);
	ck_assert_int_eq(ret_peer->pid, child);
	close(fd);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}

START_TEST(a_peer_is_who_the_kernel_says_it_is)
{
	struct passwd *entry = getpwuid(geteuid());
	struct peer peer;

	peer_of(geteuid(), getegid(), getegid(), &peer);
	ck_assert_uint_eq(peer.uid, geteuid());
	ck_assert_uint_eq(peer.gid, getegid());
	ck_assert(peer.administrator == (geteuid() == 0));
	if (entry)
		ck_assert_str_eq(peer.person, entry->pw_name);
}
END_TEST

START_TEST(a_peer_without_a_login_name_has_its_number)
{
	struct peer peer;

	if (geteuid() != 0 || getpwuid(NOBODYS_ID))
		return;
	peer_of(NOBODYS_ID, NOBODYS_ID, NOBODYS_ID, &peer);
	ck_assert_uint_eq(peer.uid, NOBODYS_ID);
	ck_assert_str_eq(peer.person, "uid 4244");
	ck_assert(!peer.administrator);
}
END_TEST

START_TEST(who_is_in_no_group_is_no_administrator)
{
	struct peer peer;

	if (geteuid() != 0)
		return;
	administrators_gid = NOBODYS_ID + 1;
	users_gid = NOBODYS_ID;
	peer_of(NOBODYS_ID, NOBODYS_ID, NOBODYS_ID + 2, &peer);
	ck_assert(!peer.administrator);
}
END_TEST

START_TEST(members_of_the_group_are_administrators)
{
	struct peer peer;

	administrators_gid = geteuid() == 0 ? NOBODYS_ID : getegid();
	peer_of(NOBODYS_ID, administrators_gid, NOBODYS_ID + 1, &peer);
	ck_assert(peer.administrator);
	if (geteuid() != 0)
		return;
	peer_of(NOBODYS_ID, NOBODYS_ID + 1, administrators_gid, &peer);
	ck_assert(peer.administrator);
}
END_TEST

START_TEST(what_is_no_socket_has_no_peer)
{
	struct peer peer = { .uid = 7 };
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(auth_peer(ends[0], &peer), -ENOTSOCK);
	ck_assert_uint_eq(peer.uid, 7);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

START_TEST(the_socket_is_for_its_owner_where_there_is_no_group)
{
	struct stat stat_now;

	ck_assert_int_eq(chmod(address.sun_path, 0666), 0);
	ck_assert_int_eq(auth_prepare_socket(address.sun_path), 0);
	ck_assert_int_eq(stat(address.sun_path, &stat_now), 0);
	ck_assert_uint_eq(stat_now.st_mode & 07777, 0600);
}
END_TEST

START_TEST(the_socket_is_for_the_group_where_there_is_one)
{
	struct stat stat_now;

	users_gid = geteuid() == 0 ? NOBODYS_ID : getegid();
	ck_assert_int_eq(auth_prepare_socket(address.sun_path), 0);
	ck_assert_int_eq(stat(address.sun_path, &stat_now), 0);
	ck_assert_uint_eq(stat_now.st_mode & 07777, 0660);
	ck_assert_uint_eq(stat_now.st_gid, users_gid);
	ck_assert_uint_eq(stat_now.st_uid, geteuid());
}
END_TEST

START_TEST(a_socket_that_is_not_there_is_an_error)
{
	ck_assert_int_eq(auth_prepare_socket("/tmp/unit_auth/not/there"), -ENOENT);
}
END_TEST

/* --- the password -------------------------------------------------------------- */

/* Few rounds: the tests try often. */
static const char *hash_of(const char *password)
{
	const char *hash = crypt(password, "$5$rounds=1000$saltsalt$");

	ck_assert_ptr_nonnull(hash);
	ck_assert_int_eq(hash[0], '$');
	return hash;
}

static struct password_gate gate;
static char hash[256];

static enum password_verdict try(const char *password, uint64_t now_ms)
{
	return auth_password(&gate, hash, password, now_ms);
}

static void set_password(void)
{
	gate = (struct password_gate) { 0 };
	snprintf(hash, sizeof(hash), "%s", hash_of("open sesame"));
}

START_TEST(the_right_password_opens_and_others_do_not)
{
	set_password();
	ck_assert_int_eq(try("open sesame", 0), PASSWORD_RIGHT);
	ck_assert_int_eq(try("open sesam", 0), PASSWORD_WRONG);
	ck_assert_int_eq(try("open sesame ", 0), PASSWORD_WRONG);
	ck_assert_int_eq(try("", 0), PASSWORD_WRONG);
	ck_assert_int_eq(try(hash, 0), PASSWORD_WRONG);
}
END_TEST

START_TEST(without_a_hash_no_password_is_right)
{
	set_password();
	hash[0] = '\0';
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(try("", 0), PASSWORD_NONE_SET);
	ck_assert_uint_eq(gate.failures, 0);
}
END_TEST

START_TEST(a_broken_hash_fits_no_password)
{
	static const char *const broken[] = { "*", "*0", "*1", "!", "$", "$y$", "$nothing$x$y" };

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		gate = (struct password_gate) { 0 };
		snprintf(hash, sizeof(hash), "%s", broken[i]);
		ck_assert_int_eq(try("", 0), PASSWORD_WRONG);
		ck_assert_int_eq(try("*0", 0), PASSWORD_WRONG);
		ck_assert_int_eq(try(broken[i], 0), PASSWORD_WRONG);
	}
}
END_TEST

START_TEST(a_hash_that_is_cut_short_or_goes_on_does_not_fit)
{
	set_password();
	hash[strlen(hash) - 1] = '\0';
	ck_assert_int_eq(try("open sesame", 0), PASSWORD_WRONG);
	set_password();
	hash[strlen(hash) + 1] = '\0';
	hash[strlen(hash)] = 'x';
	ck_assert_int_eq(try("open sesame", 0), PASSWORD_WRONG);
}
END_TEST

START_TEST(after_five_failures_there_is_one_try_in_30_s)
{
	set_password();
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(try("wrong", 1000), PASSWORD_WRONG);
	ck_assert_int_eq(try("wrong", 1000), PASSWORD_TOO_SOON);
	ck_assert_int_eq(try("open sesame", 30999), PASSWORD_TOO_SOON);
	ck_assert_int_eq(try("wrong", 31000), PASSWORD_WRONG);
	ck_assert_int_eq(try("open sesame", 31000), PASSWORD_TOO_SOON);
	ck_assert_int_eq(try("open sesame", 60999), PASSWORD_TOO_SOON);
	ck_assert_int_eq(try("open sesame", 61000), PASSWORD_RIGHT);
}
END_TEST

START_TEST(the_right_password_gives_five_tries_again)
{
	set_password();
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 4; i++)
			ck_assert_int_eq(try("wrong", 0), PASSWORD_WRONG);
		ck_assert_int_eq(try("open sesame", 0), PASSWORD_RIGHT);
	}
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(try("wrong", 0), PASSWORD_WRONG);
	ck_assert_int_eq(try("open sesame", 0), PASSWORD_TOO_SOON);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("auth");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_peer_is_who_the_kernel_says_it_is);
	tcase_add_test(tests, a_peer_without_a_login_name_has_its_number);
	tcase_add_test(tests, who_is_in_no_group_is_no_administrator);
	tcase_add_test(tests, members_of_the_group_are_administrators);
	tcase_add_test(tests, what_is_no_socket_has_no_peer);
	tcase_add_test(tests, the_socket_is_for_its_owner_where_there_is_no_group);
	tcase_add_test(tests, the_socket_is_for_the_group_where_there_is_one);
	tcase_add_test(tests, a_socket_that_is_not_there_is_an_error);
	tcase_add_test(tests, the_right_password_opens_and_others_do_not);
	tcase_add_test(tests, without_a_hash_no_password_is_right);
	tcase_add_test(tests, a_broken_hash_fits_no_password);
	tcase_add_test(tests, a_hash_that_is_cut_short_or_goes_on_does_not_fit);
	tcase_add_test(tests, after_five_failures_there_is_one_try_in_30_s);
	tcase_add_test(tests, the_right_password_gives_five_tries_again);
	return unit_run("auth", tests);
}
