/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/lock.h"
#include "tests/unit.h"

static const struct id128 boot = { .bytes = { 1 } };
static const struct id128 next_boot = { .bytes = { 2 } };
static char directory[64];
static char path[80];

static void set_up(void)
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(directory, sizeof(directory), "%.40s/lock.XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/lock", directory);
}

static void tear_down(void)
{
	(void)unlink(path);
	(void)rmdir(directory);
}

static struct lock taken(const struct id128 *in_boot)
{
	struct lock lock;

	ck_assert_int_eq(lock_take(path, in_boot, &lock), 0);
	return lock;
}

START_TEST(only_one_has_it_at_a_time)
{
	struct lock first = taken(&boot);
	struct lock second = { .fd = -1 };

	ck_assert_int_eq(lock_take(path, &boot, &second), -EWOULDBLOCK);
	lock_release(&second);
	lock_release(&first);
	second = taken(&boot);
	lock_release(&second);
	lock_release(&second);
}
END_TEST

START_TEST(the_next_one_of_this_boot_is_left_the_memory)
{
	struct lock lock = taken(&boot);

	ck_assert(!atomic_load(&lock.memory->writing));
	ck_assert_uint_eq(atomic_load(&lock.memory->late_until_ms), 0);
	atomic_store(&lock.memory->writing, true);
	atomic_store(&lock.memory->late_until_ms, 77);
	lock_release(&lock);
	lock = taken(&boot);
	ck_assert(atomic_load(&lock.memory->writing));
	ck_assert_uint_eq(atomic_load(&lock.memory->late_until_ms), 77);
	lock_release(&lock);
}
END_TEST

START_TEST(another_boot_begins_anew)
{
	struct lock lock = taken(&boot);

	atomic_store(&lock.memory->writing, true);
	atomic_store(&lock.memory->late_until_ms, 77);
	lock_release(&lock);
	lock = taken(&next_boot);
	ck_assert(!atomic_load(&lock.memory->writing));
	ck_assert_uint_eq(atomic_load(&lock.memory->late_until_ms), 0);
	lock_release(&lock);
}
END_TEST

START_TEST(a_file_cut_short_begins_anew_and_a_place_that_is_none_is_an_error)
{
	struct lock lock = taken(&boot);

	lock_release(&lock);
	ck_assert_int_eq(truncate(path, 7), 0);
	lock = taken(&boot);
	ck_assert_uint_eq(atomic_load(&lock.memory->late_until_ms), 0);
	lock_release(&lock);
	ck_assert_int_eq(lock_take("/nowhere/at/all", &boot, &lock), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tests = tcase_create("lock");

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, only_one_has_it_at_a_time);
	tcase_add_test(tests, the_next_one_of_this_boot_is_left_the_memory);
	tcase_add_test(tests, another_boot_begins_anew);
	tcase_add_test(tests, a_file_cut_short_begins_anew_and_a_place_that_is_none_is_an_error);
	return unit_run("lock", tests);
}
