/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/auth.h"

#include <crypt.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/auto.h"
#include "daemon/clean.h"

#define USERS_GROUP "volctl"
#define ADMINISTRATORS_GROUP "volctl-admin"
#define TRIES_FREE 5
#define TRY_EVERY_MS 30000

/* An entry of the user or group database, members and all. */
#define ENTRY_BYTES 65536

static bool group_find(const char *name, gid_t *ret_gid)
{
	AUTO_FREE char *buffer = malloc(ENTRY_BYTES);
	struct group *found = NULL;
	struct group entry;

	if (!buffer || getgrnam_r(name, &entry, buffer, ENTRY_BYTES, &found) != 0 || !found)
		return false;
	*ret_gid = found->gr_gid;
	return true;
}

static bool groups_hold(const gid_t *groups, size_t count, gid_t wanted)
{
	for (size_t i = 0; i < count; i++)
		if (groups[i] == wanted)
			return true;
	return false;
}

/* What the kernel noted of the process that connected: the database may say more, or less. */
static int socket_groups(int fd, gid_t **ret_groups, size_t *ret_count)
{
	socklen_t bytes = 0;
	gid_t *groups;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &bytes) < 0 && errno != ERANGE)
		return -errno;
	groups = malloc(bytes + sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &bytes) < 0) {
		int r = -errno;

		free(groups);
		return r;
	}
	*ret_groups = groups;
	*ret_count = bytes / sizeof(*groups);
	return 0;
}

/* For kernels without SO_PEERGROUPS. */
static int database_groups(const char *name, gid_t gid, gid_t **ret_groups, size_t *ret_count)
{
	int count = 0;
	gid_t *groups;

	(void)getgrouplist(name, gid, NULL, &count);
	groups = calloc((size_t)count + 1, sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	if (getgrouplist(name, gid, groups, &count) < 0) {
		free(groups);
		return -EAGAIN;
	}
	*ret_groups = groups;
	*ret_count = (size_t)count;
	return 0;
}

static bool is_administrator(int fd, const struct peer *peer, const char *login)
{
	AUTO_FREE gid_t *groups = NULL;
	size_t count = 0;
	gid_t wanted;
	int r;

	if (peer->uid == 0)
		return true;
	if (!group_find(ADMINISTRATORS_GROUP, &wanted))
		return false;
	if (peer->gid == wanted)
		return true;
	r = socket_groups(fd, &groups, &count);
	if (r < 0 && login)
		r = database_groups(login, peer->gid, &groups, &count);
	return r == 0 && groups_hold(groups, count, wanted);
}

int auth_peer(int fd, struct peer *ret_peer)
{
	AUTO_FREE char *buffer = malloc(ENTRY_BYTES);
	struct passwd *found = NULL;
	struct passwd entry;
	struct ucred credentials;
	socklen_t bytes = sizeof(credentials);
	struct peer peer = { 0 };

	if (!buffer)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) < 0)
		return -errno;
	peer.uid = credentials.uid;
	peer.gid = credentials.gid;
	peer.pid = credentials.pid;
	if (getpwuid_r(peer.uid, &entry, buffer, ENTRY_BYTES, &found) != 0)
		found = NULL;
	if (found && *found->pw_name)
		clean_copy(peer.person, sizeof(peer.person), found->pw_name,
			   strlen(found->pw_name));
	else
		snprintf(peer.person, sizeof(peer.person), "uid %u", (unsigned int)peer.uid);
	peer.administrator = is_administrator(fd, &peer, found ? found->pw_name : NULL);
	*ret_peer = peer;
	return 0;
}

/* Looks at every byte of @b, so that the time taken tells nothing of where they differ. */
static bool same_in_constant_time(const char *a, const char *b)
{
	size_t a_len = strlen(a);
	size_t b_len = strlen(b);
	unsigned char difference = a_len != b_len;

	for (size_t i = 0; i < b_len; i++)
		difference |= (unsigned char)((a_len ? a[i % a_len] : 0) ^ b[i]);
	return difference == 0;
}

static bool password_fits(const char *hash, const char *password)
{
	AUTO_FREE struct crypt_data *data = calloc(1, sizeof(*data));
	const char *made;
	bool fits;

	if (!data)
		return false;
	made = crypt_r(password, hash, data);
	/* A failure gives NULL, or what is certainly another text than @hash. */
	fits = made && same_in_constant_time(hash, made);
	explicit_bzero(data, sizeof(*data));
	return fits;
}

enum password_verdict auth_password(struct password_gate *gate, const char *hash,
				    const char *password, uint64_t now_ms)
{
	if (!*hash)
		return PASSWORD_NONE_SET;
	if (gate->failures >= TRIES_FREE && now_ms < gate->next_try_ms)
		return PASSWORD_TOO_SOON;
	if (password_fits(hash, password)) {
		gate->failures = 0;
		return PASSWORD_RIGHT;
	}
	if (gate->failures < TRIES_FREE)
		gate->failures++;
	gate->next_try_ms = now_ms + TRY_EVERY_MS;
	return PASSWORD_WRONG;
}

int auth_prepare_socket(const char *path)
{
	gid_t group;
	bool shared = group_find(USERS_GROUP, &group);

	/* Owner first: a mode for the group must not be seen by the group that it had before. */
	if (shared && lchown(path, (uid_t)-1, group) < 0)
		return -errno;
	if (chmod(path, shared ? 0660 : 0600) < 0)
		return -errno;
	return 0;
}
