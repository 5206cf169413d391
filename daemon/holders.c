/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "daemon/auto.h"
#include "daemon/clean.h"
#include "daemon/holders.h"
#include "daemon/kernel_users.h"

#define NAMESPACES_MAX	64
#define MOUNTS_MAX	64
#define LINE_BYTES	4096
#define PROC_PATH_BYTES 320

/* The mounts of the file system in one namespace. */
struct mount_namespace {
	ino_t inode;
	uint32_t id_count;
	uint64_t ids[MOUNTS_MAX];
};

struct scan {
	const struct holders_query *query;
	struct holders *holders;
	ino_t own_namespace;
	uint32_t namespace_count;
	struct mount_namespace namespaces[NAMESPACES_MAX];
};

/* A process while it is looked at. */
struct subject {
	pid_t pid;
	const struct mount_namespace *namespace; /* NULL: unknown */
	bool found;
	enum holder_kind kind; /* the worst that it holds */
};

void holders_add(struct holders *holders, const struct holder *holder)
{
	if (holders->count < HOLDERS_MAX) {
		holders->list[holders->count] = *holder;
		clean_text(holders->list[holders->count].command);
	}
	holders->count++;
}

void holders_add_unknown(struct holders *holders)
{
	struct holder holder = { .kind = HOLDER_UNKNOWN };

	if (holders->hidden > 0)
		(void)snprintf(holder.command, sizeof(holder.command), "one of %u hidden",
			       holders->hidden);
	else
		(void)snprintf(holder.command, sizeof(holder.command), "unknown");
	holders_add(holders, &holder);
}

static void process_command(pid_t pid, char ret_command[COMMAND_BYTES_MAX + 1])
{
	char path[PROC_PATH_BYTES];
	FILE *file;

	ret_command[0] = '\0';
	(void)snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(ret_command, COMMAND_BYTES_MAX + 1, file))
		ret_command[strcspn(ret_command, "\n")] = '\0';
	(void)fclose(file);
}

/* How long a process has been running: the 22nd field of its stat, in ticks since the boot. */
static uint32_t process_age_s(pid_t pid)
{
	unsigned long long started = 0;
	char path[PROC_PATH_BYTES];
	char line[LINE_BYTES] = "";
	struct timespec now;
	const char *at;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	(void)fclose(file);
	/* The command in parentheses may itself hold blanks and parentheses. */
	at = strrchr(line, ')');
	if (!at || sscanf(at + 1,
			  " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d"
			  " %*d %*d %*d %llu",
			  &started) != 1)
		return 0;
	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	started /= (unsigned long long)sysconf(_SC_CLK_TCK);
	return (unsigned long long)now.tv_sec > started ? (uint32_t)(now.tv_sec - started) : 0;
}

static bool device_fits(const struct holders_query *query, dev_t device)
{
	return device == query->super || (query->root != 0 && device == query->root);
}

static bool namespace_has(const struct mount_namespace *namespace, uint64_t id)
{
	for (uint32_t i = 0; namespace && i < namespace->id_count; i++) {
		if (namespace->ids[i] == id)
			return true;
	}
	return false;
}

/*
 * Whether an open file, or a folder, is on the file system.  By its mount
 * also where files carry other device numbers (subvolumes of btrfs).  Answered
 * from what the kernel has in memory, so that a dead server can not hang us.
 */
static bool file_fits(const struct scan *scan, const struct subject *subject, const char *path,
		      struct statx *ret_stx)
{
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_BASIC_STATS | STATX_MNT_ID, ret_stx) <
	    0)
		return false;
	if (device_fits(scan->query, makedev(ret_stx->stx_dev_major, ret_stx->stx_dev_minor)))
		return true;
	return (ret_stx->stx_mask & STATX_MNT_ID) &&
	       namespace_has(subject->namespace, ret_stx->stx_mnt_id);
}

/* Smaller is worse, and what is worst is what a person is told. */
static int kind_rank(enum holder_kind kind)
{
	switch (kind) {
	case HOLDER_WRITING: return 0;
	case HOLDER_UNLINKED: return 1;
	case HOLDER_READING: return 2;
	case HOLDER_CWD: return 3;
	case HOLDER_KERNEL: return 4;
	case HOLDER_UNKNOWN: return 5;
	}
	return 5;
}

static void subject_note(const struct scan *scan, struct subject *subject, enum holder_kind kind)
{
	if (scan->query->blocking_ro && kind != HOLDER_WRITING && kind != HOLDER_UNLINKED)
		return;
	if (!subject->found || kind_rank(kind) < kind_rank(subject->kind))
		subject->kind = kind;
	subject->found = true;
}

static void look_at_folders(const struct scan *scan, struct subject *subject)
{
	static const char *const names[] = { "cwd", "root", "exe" };
	char path[PROC_PATH_BYTES];
	struct statx stx;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)subject->pid, names[i]);
		if (file_fits(scan, subject, path, &stx))
			subject_note(scan, subject, HOLDER_CWD);
	}
}

/* The mode of the link itself says how the file was opened. */
static bool fd_is_for_writing(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & S_IWUSR);
}

static void look_at_file(const struct scan *scan, struct subject *subject, const char *name)
{
	char path[PROC_PATH_BYTES];
	struct statx stx;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%s", (int)subject->pid, name);
	if (!file_fits(scan, subject, path, &stx))
		return;
	if (S_ISREG(stx.stx_mode) && fd_is_for_writing(path)) {
		scan->holders->open_for_writing++;
		subject_note(scan, subject, HOLDER_WRITING);
	}
	subject_note(scan, subject, stx.stx_nlink == 0 ? HOLDER_UNLINKED : HOLDER_READING);
}

/* False: not allowed to look. */
static bool look_at_files(const struct scan *scan, struct subject *subject)
{
	char path[PROC_PATH_BYTES];
	struct dirent *entry;
	DIR *dir;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)subject->pid);
	dir = opendir(path);
	if (!dir)
		return errno != EACCES && errno != EPERM;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			look_at_file(scan, subject, entry->d_name);
	}
	(void)closedir(dir);
	return true;
}

/* Mapped files need not be open any more. */
static void look_at_maps(const struct scan *scan, struct subject *subject)
{
	unsigned int device_major;
	unsigned int device_minor;
	char path[PROC_PATH_BYTES];
	char line[LINE_BYTES];
	char mode[8];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/maps", (int)subject->pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%*s %7s %*s %x:%x", mode, &device_major, &device_minor) != 3 ||
		    !device_fits(scan->query, makedev(device_major, device_minor)))
			continue;
		if (mode[1] == 'w' && mode[3] == 's')
			subject_note(scan, subject, HOLDER_WRITING);
		else if (strstr(line, " (deleted)\n"))
			subject_note(scan, subject, HOLDER_UNLINKED);
		else
			subject_note(scan, subject, HOLDER_READING);
	}
	(void)fclose(file);
}

/*
 * Whether a line of mountinfo is about the file system.  Where superblocks have
 * numbers of their own (btrfs), what it calls its source says on which device.
 */
static bool mount_fits(const struct holders_query *query, dev_t device, const char *line)
{
	const char *rest = strstr(line, " - ");
	char source[PROC_PATH_BYTES];
	struct stat st;

	if (device == query->super)
		return true;
	return query->block != 0 && major(device) == 0 && rest &&
	       sscanf(rest, " - %*s %319s", source) == 1 && source[0] == '/' &&
	       stat(source, &st) == 0 && S_ISBLK(st.st_mode) && st.st_rdev == query->block;
}

static void namespace_read(const struct scan *scan, pid_t pid, struct mount_namespace *namespace)
{
	unsigned int device_major;
	unsigned int device_minor;
	char path[PROC_PATH_BYTES];
	char line[LINE_BYTES];
	uint64_t id;
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/mountinfo", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return;
	while (namespace->id_count < MOUNTS_MAX && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%" SCNu64 " %*u %u:%u ", &id, &device_major, &device_minor) != 3)
			continue;
		if (mount_fits(scan->query, makedev(device_major, device_minor), line))
		namespace->ids[namespace->id_count++] = id;
	}
	(void)fclose(file);
}

/* A mount in another namespace keeps the file system alive for as long as that namespace lives. */
static void namespace_report(const struct scan *scan, const struct mount_namespace *namespace,
			     pid_t pid)
{
	struct holder holder = {
		.pid = pid,
		.kind = HOLDER_KERNEL,
		.since_s = process_age_s(pid),
	};
	char command[COMMAND_BYTES_MAX + 1];

	if (!scan->query->elsewhere || namespace->id_count == 0 ||
	    namespace->inode == scan->own_namespace)
		return;
	process_command(pid, command);
	(void)snprintf(holder.command, sizeof(holder.command), "mounts of %.20s", command);
	holders_add(scan->holders, &holder);
}

static bool namespace_inode(pid_t pid, ino_t *ret_inode)
{
	char path[PROC_PATH_BYTES];
	struct stat st;

	(void)snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	if (stat(path, &st) < 0)
		return false;
	*ret_inode = st.st_ino;
	return true;
}

static const struct mount_namespace *namespace_of(struct scan *scan, pid_t pid)
{
	struct mount_namespace *namespace;
	ino_t inode;

	if (!namespace_inode(pid, &inode))
		return NULL;
	for (uint32_t i = 0; i < scan->namespace_count; i++) {
		if (scan->namespaces[i].inode == inode)
			return &scan->namespaces[i];
	}
	if (scan->namespace_count == NAMESPACES_MAX)
		return NULL;
	namespace = &scan->namespaces[scan->namespace_count++];
	*namespace = (struct mount_namespace){ .inode = inode };
	namespace_read(scan, pid, namespace);
	namespace_report(scan, namespace, pid);
	return namespace;
}

static void look_at_process(struct scan *scan, pid_t pid)
{
	struct subject subject = { .pid = pid, .namespace = namespace_of(scan, pid) };
	struct holder holder = { .pid = pid };

	look_at_folders(scan, &subject);
	if (!look_at_files(scan, &subject))
		scan->holders->hidden++;
	look_at_maps(scan, &subject);
	if (!subject.found)
		return;
	holder.kind = subject.kind;
	holder.since_s = process_age_s(pid);
	process_command(pid, holder.command);
	holders_add(scan->holders, &holder);
}

void holders_scan(const struct holders_query *query, struct holders *ret_holders)
{
	AUTO_FREE struct scan *scan = calloc(1, sizeof(*scan));
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	*ret_holders = (struct holders){ 0 };
	if (proc && scan) {
		scan->query = query;
		scan->holders = ret_holders;
		(void)namespace_inode(getpid(), &scan->own_namespace);
		while ((entry = readdir(proc))) {
			pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

			/* What this process holds open itself, it holds to do the job. */
			if (pid > 0 && pid != getpid())
				look_at_process(scan, pid);
		}
	}
	if (proc)
		(void)closedir(proc);
	kernel_users_scan(query, ret_holders);
}
