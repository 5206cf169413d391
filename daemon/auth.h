/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * auth - who may do what on the control socket (interface.md): peer credentials
 * on every command; administrators are root, members of group volctl-admin, and who knows the
 * administrator password (crypt(3); 5 tries, then one per 30 s for everybody).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "tables/limits.h"

struct peer {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	bool administrator;			/* by uid or group */
	char person[PERSON_BYTES_MAX + 1];	/* login name, or "uid 1234" */
};

/*
 * From SO_PEERCRED of a connected socket, supplementary groups by SO_PEERGROUPS or the
 * group database.  -errno.
 */
int auth_peer(int fd, struct peer *ret_peer);

enum password_verdict { PASSWORD_RIGHT, PASSWORD_WRONG, PASSWORD_TOO_SOON, PASSWORD_NONE_SET };

struct password_gate {
	unsigned int failures;
	uint64_t next_try_ms;
};

/* @hash from volctl.conf; empty: PASSWORD_NONE_SET.  Constant-time comparison. */
enum password_verdict auth_password(struct password_gate *gate, const char *hash,
				    const char *password, uint64_t now_ms);

/*
 * Owner and mode of the control socket, once it is bound: 0660 and group volctl where
 * that exists, else 0600.  bind() it under a umask of 0177, and listen() only after this.  -errno.
 */
int auth_prepare_socket(const char *path);
