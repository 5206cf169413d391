/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * child - run other programs: editors, diff.
 */
#pragma once

/*
 * Run a program and wait for it.  Its exit status, 128+N if signal N ended it,
 * 127 if there is none; -errno.  @ret_output (if not NULL): what it printed, the caller's.
 */
int child_run(char *const *arguments, char **ret_output);
