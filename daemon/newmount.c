/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "daemon/auto.h"
#include "daemon/kernel.h"
#include "daemon/newmount.h"

#define MESSAGE_LINE_BYTES 256

/* The last error that the file system left in its context: "e ext4: ..." */
static void context_message(int fs, char *message, size_t size)
{
	char line[MESSAGE_LINE_BYTES];
	ssize_t n;

	message[0] = '\0';
	while ((n = read(fs, line, sizeof(line) - 1)) > 2) {
		line[n] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (line[0] == 'e')
			(void)snprintf(message, size, "%s", line + 2);
	}
}

static int context_set_word(int fs, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		return kernel_fsconfig(fs, KERNEL_FSCONFIG_FLAG, word, NULL);
	*value++ = '\0';
	return kernel_fsconfig(fs, KERNEL_FSCONFIG_STRING, word, value);
}

static int context_set(int fs, const struct newmount *what)
{
	char text[sizeof(what->options->text)];
	char *rest = text;
	char *word;
	int r;

	r = kernel_fsconfig(fs, KERNEL_FSCONFIG_STRING, "source", what->source);
	if (r < 0)
		return r;
	r = kernel_fsconfig(fs, KERNEL_FSCONFIG_FLAG, what->writable ? "rw" : "ro", NULL);
	if (r < 0)
		return r;
	memcpy(text, what->options->text, sizeof(text));
	while ((word = strsep(&rest, ","))) {
		r = *word != '\0' ? context_set_word(fs, word) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int context_create(int fs)
{
	int r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE_EXCL, NULL, NULL);

	if (r == -EOPNOTSUPP)
		r = kernel_fsconfig(fs, KERNEL_FSCONFIG_CREATE, NULL, NULL);
	return r;
}

int newmount_create(const struct newmount *what, int *ret_mount, char *message, size_t size)
{
	AUTO_CLOSE int fs = kernel_fsopen(what->fstype);
	int r;

	message[0] = '\0';
	if (fs < 0)
		return fs;
	r = context_set(fs, what);
	if (r == 0)
		r = context_create(fs);
	if (r == 0)
		r = kernel_fsmount(fs, what->options->attributes);
	if (r < 0) {
		context_message(fs, message, size);
		return r;
	}
	*ret_mount = r;
	return 0;
}

int newmount_attach(int mount, const char *target, bool beneath)
{
	return kernel_move_mount(mount, target, beneath ? KERNEL_MOVE_BENEATH : 0);
}

static unsigned long classic_flags(unsigned int attributes)
{
	return (attributes & KERNEL_ATTR_NODEV ? MS_NODEV : 0) |
	       (attributes & KERNEL_ATTR_NOSUID ? MS_NOSUID : 0) |
	       (attributes & KERNEL_ATTR_NOEXEC ? MS_NOEXEC : 0) |
	       (attributes & KERNEL_ATTR_NOATIME ? MS_NOATIME : 0) |
	       (attributes & KERNEL_ATTR_NODIRATIME ? MS_NODIRATIME : 0);
}

int newmount_classic(const struct newmount *what, const char *target)
{
	unsigned long flags = classic_flags(what->options->attributes);

	if (!what->writable)
		flags |= MS_RDONLY;
	if (mount(what->source, target, what->fstype, flags, what->options->text) < 0)
		return -errno;
	return 0;
}

/* From /proc: a file system that has been shut down does not answer stat() any more. */
int newmount_id(int fd, uint64_t *ret_id)
{
	int r = -EIO;
	char path[64];
	char line[MESSAGE_LINE_BYTES];
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (r < 0 && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "mnt_id: %" SCNu64, ret_id) == 1)
			r = 0;
	}
	(void)fclose(file);
	return r;
}

uint64_t newmount_unique_id(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, KERNEL_STATX_MNT_ID_UNIQUE, &stx) <
		    0 ||
	    !(stx.stx_mask & KERNEL_STATX_MNT_ID_UNIQUE))
		return 0;
	return stx.stx_mnt_id;
}

/* What a remount of one mount has to repeat, or it is lost. */
static unsigned long present_flags(int directory)
{
	struct statvfs st;

	if (fstatvfs(directory, &st) < 0)
		return 0;
	return (st.f_flag & ST_NODEV ? MS_NODEV : 0) | (st.f_flag & ST_NOSUID ? MS_NOSUID : 0) |
	       (st.f_flag & ST_NOEXEC ? MS_NOEXEC : 0) | (st.f_flag & ST_NOATIME ? MS_NOATIME : 0) |
	       (st.f_flag & ST_NODIRATIME ? MS_NODIRATIME : 0);
}

/* The way of an open directory's mount for calls that want a path. */
static int remount_classic(int directory, const char *target, unsigned long flags)
{
	if (mount(NULL, target, NULL, MS_REMOUNT | present_flags(directory) | flags, NULL) < 0)
		return -errno;
	return 0;
}

int newmount_gate(int directory, bool read_only)
{
	const struct kernel_mount_attr attributes = {
		.attr_set = read_only ? KERNEL_ATTR_RDONLY : 0,
		.attr_clr = read_only ? 0 : KERNEL_ATTR_RDONLY,
	};
	char path[32];
	int r;

	r = kernel_mount_setattr(directory, &attributes);
	if (r != -ENOSYS)
		return r;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", directory);
	return remount_classic(directory, path, MS_BIND | (read_only ? MS_RDONLY : 0));
}

int newmount_set_super(int directory, const char *target, bool read_only)
{
	AUTO_CLOSE int fs = kernel_fspick(directory);
	int r;

	if (fs == -ENOSYS)
		return remount_classic(directory, target, read_only ? MS_RDONLY : 0);
	if (fs < 0)
		return fs;
	r = kernel_fsconfig(fs, KERNEL_FSCONFIG_FLAG, read_only ? "ro" : "rw", NULL);
	if (r < 0)
		return r;
	return kernel_fsconfig(fs, KERNEL_FSCONFIG_RECONFIGURE, NULL, NULL);
}
