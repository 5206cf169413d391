/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* unit - what the main() of every unit test program does: run one case, count what failed. */
#pragma once

#include <check.h>
#include <stdlib.h>

/* A test that a busy machine needs longer for is slow, not wrong. */
#define UNIT_TIMEOUT_S 120

static inline int unit_run(const char *name, TCase *tests)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_set_timeout(tests, UNIT_TIMEOUT_S);
	suite_add_tcase(suite, tests);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
