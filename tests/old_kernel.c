/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * old_kernel - run a program as if on Linux 6.1, Debian 12's: a mount can not be made
 * exclusively (since 6.6), nor moved beneath another (6.5), and what tells of mounts
 * (statmount, 6.8) is missing.
 *
 * Usage: old_kernel PROGRAM [ARGUMENT...]
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "daemon/kernel.h"

/* The numbers are the same on every architecture that has these calls. */
#define NR_MOVE_MOUNT 429
#define NR_FSCONFIG 431
#define NR_STATMOUNT 457
#define NR_LISTMOUNT 458

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define UNLESS(condition, value, skip) BPF_JUMP(BPF_JMP | (condition) | BPF_K, (value), 0, (skip))

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(BPF_JEQ, NR_FSCONFIG, 4),
		LOAD(args[1]),
		UNLESS(BPF_JEQ, KERNEL_FSCONFIG_CREATE_EXCL, 1),
		ANSWER(EOPNOTSUPP),
		ALLOW,
		UNLESS(BPF_JEQ, NR_MOVE_MOUNT, 4),
		LOAD(args[4]),
		UNLESS(BPF_JSET, KERNEL_MOVE_BENEATH, 1),
		ANSWER(EINVAL),
		ALLOW,
		UNLESS(BPF_JEQ, NR_STATMOUNT, 1),
		ANSWER(ENOSYS),
		UNLESS(BPF_JEQ, NR_LISTMOUNT, 1),
		ANSWER(ENOSYS),
		ALLOW,
	};
	const struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]),
		.filter = filter,
	};

	if (argc < 2) {
		fprintf(stderr, "usage: old_kernel PROGRAM [ARGUMENT...]\n");
		return 2;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) {
		fprintf(stderr, "old_kernel: no filter: %s\n", strerror(errno));
		return 77;
	}
	execvp(argv[1], argv + 1);
	fprintf(stderr, "old_kernel: %s: %s\n", argv[1], strerror(errno));
	return 127;
}
