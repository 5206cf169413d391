/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * fusedisk - a disk whose path can be made to fail: a FUSE file system with one
 * file, `disk`, passed through to a backing file.  Stays in the foreground.
 *
 *   fusedisk BACKING-FILE MOUNT-POINT FIFO
 *
 * Each word written to the FIFO sets what happens to requests from then on:
 *
 *   ok        passed on                 drop      writes are confirmed and forgotten
 *   eio       everything fails          stall     held until the mode changes
 *   wreio     writes and flushes fail   delay:US  passed on that much later
 *   die       this program ends at once
 *
 * For each host one runs beneath that host's loop device: then a host can lose
 * its disk, or be cut off with writes under way, while the others go on.
 */
#define FUSE_USE_VERSION 35

#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define WORD_BYTES 64

/* More threads than requests under way, or a stall stops the rest.  Before 3.12: no limit. */
#if FUSE_VERSION >= FUSE_MAKE_VERSION(3, 12)
#define FUSE_OPTIONS "fsname=fusedisk,max_threads=128"
#else
#define FUSE_OPTIONS "fsname=fusedisk"
#endif

enum mode { MODE_OK, MODE_EIO, MODE_WREIO, MODE_DROP, MODE_STALL, MODE_DELAY };

static struct {
	int backing;
	const char *fifo;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	enum mode mode;
	unsigned long delay_us;
} disk = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

static void sleep_us(unsigned long us)
{
	struct timespec pause = {
		.tv_sec = (time_t)(us / 1000000),
		.tv_nsec = (long)(us % 1000000) * 1000,
	};

	(void)nanosleep(&pause, NULL);
}

/* The mode that a request has to do with, after it has waited as long as it must. */
static enum mode disk_enter(void)
{
	unsigned long delay_us;
	enum mode mode;

	(void)pthread_mutex_lock(&disk.lock);
	while (disk.mode == MODE_STALL)
		(void)pthread_cond_wait(&disk.changed, &disk.lock);
	mode = disk.mode;
	delay_us = disk.delay_us;
	(void)pthread_mutex_unlock(&disk.lock);
	if (mode == MODE_DELAY)
		sleep_us(delay_us);
	return mode;
}

static int disk_getattr(const char *path, struct stat *ret_st, struct fuse_file_info *info)
{
	struct stat st;

	(void)info;
	memset(ret_st, 0, sizeof(*ret_st));
	if (strcmp(path, "/") == 0) {
		ret_st->st_mode = S_IFDIR | 0700;
		ret_st->st_nlink = 2;
		return 0;
	}
	if (strcmp(path, "/disk") != 0)
		return -ENOENT;
	if (fstat(disk.backing, &st) < 0)
		return -errno;
	ret_st->st_mode = S_IFREG | 0600;
	ret_st->st_nlink = 1;
	ret_st->st_size = st.st_size;
	ret_st->st_blocks = st.st_blocks;
	return 0;
}

static int disk_readdir(const char *path, void *buffer, fuse_fill_dir_t fill, off_t offset,
			struct fuse_file_info *info, enum fuse_readdir_flags flags)
{
	(void)offset;
	(void)info;
	(void)flags;
	if (strcmp(path, "/") != 0)
		return -ENOENT;
	(void)fill(buffer, ".", NULL, 0, 0);
	(void)fill(buffer, "..", NULL, 0, 0);
	(void)fill(buffer, "disk", NULL, 0, 0);
	return 0;
}

/* Past the page cache: other hosts write to the backing file as well. */
static int disk_open(const char *path, struct fuse_file_info *info)
{
	if (strcmp(path, "/disk") != 0)
		return -ENOENT;
	info->direct_io = 1;
	return 0;
}

static int disk_read(const char *path, char *buffer, size_t size, off_t offset,
		     struct fuse_file_info *info)
{
	ssize_t n;

	(void)path;
	(void)info;
	if (disk_enter() == MODE_EIO)
		return -EIO;
	n = pread(disk.backing, buffer, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int disk_write(const char *path, const char *buffer, size_t size, off_t offset,
		      struct fuse_file_info *info)
{
	enum mode mode = disk_enter();
	ssize_t n;

	(void)path;
	(void)info;
	if (mode == MODE_EIO || mode == MODE_WREIO)
		return -EIO;
	if (mode == MODE_DROP)
		return (int)size;
	n = pwrite(disk.backing, buffer, size, offset);
	return n < 0 ? -errno : (int)n;
}

static int disk_fsync(const char *path, int data_only, struct fuse_file_info *info)
{
	enum mode mode = disk_enter();

	(void)path;
	(void)data_only;
	(void)info;
	if (mode == MODE_EIO || mode == MODE_WREIO)
		return -EIO;
	if (mode == MODE_DROP)
		return 0;
	return fdatasync(disk.backing) < 0 ? -errno : 0;
}

/* A discard from the file system on the loop device becomes a hole here. */
static int disk_fallocate(const char *path, int how, off_t offset, off_t len,
			  struct fuse_file_info *info)
{
	enum mode mode = disk_enter();

	(void)path;
	(void)info;
	if (mode == MODE_EIO || mode == MODE_WREIO)
		return -EIO;
	if (mode == MODE_DROP)
		return 0;
	return fallocate(disk.backing, how, offset, len) < 0 ? -errno : 0;
}

static bool mode_parse(const char *word, enum mode *ret_mode, unsigned long *ret_delay_us)
{
	static const char *const words[] = { "ok", "eio", "wreio", "drop", "stall" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strcmp(word, words[i]) == 0) {
			*ret_mode = (enum mode)i;
			return true;
		}
	}
	*ret_mode = MODE_DELAY;
	return sscanf(word, "delay:%lu", ret_delay_us) == 1;
}

static void mode_set(const char *word)
{
	unsigned long delay_us = 0;
	enum mode mode;

	if (strcmp(word, "die") == 0)
		_exit(0);
	if (!mode_parse(word, &mode, &delay_us)) {
		(void)fprintf(stderr, "fusedisk: no such mode: %s\n", word);
		return;
	}
	(void)pthread_mutex_lock(&disk.lock);
	disk.mode = mode;
	disk.delay_us = delay_us;
	(void)pthread_cond_broadcast(&disk.changed);
	(void)pthread_mutex_unlock(&disk.lock);
	(void)printf("%s\n", word);
	(void)fflush(stdout);
}

static void *listen_to_fifo(void *unused)
{
	char word[WORD_BYTES];
	/* Open for writing too, so that it does not end with its first writer. */
	int fd = open(disk.fifo, O_RDWR | O_CLOEXEC);
	FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;

	(void)unused;
	if (!file) {
		(void)fprintf(stderr, "fusedisk: %s: %s\n", disk.fifo, strerror(errno));
		_exit(1);
	}
	while (fgets(word, sizeof(word), file)) {
		word[strcspn(word, "\n")] = '\0';
		if (word[0] != '\0')
			mode_set(word);
	}
	(void)fclose(file);
	return NULL;
}

static void *disk_init(struct fuse_conn_info *connection, struct fuse_config *config)
{
	pthread_t thread;

	(void)connection;
	config->direct_io = 1;
	config->attr_timeout = 0;
	if (pthread_create(&thread, NULL, listen_to_fifo, NULL) != 0)
		_exit(1);
	(void)pthread_detach(thread);
	return NULL;
}

static const struct fuse_operations operations = {
	.init = disk_init,
	.getattr = disk_getattr,
	.readdir = disk_readdir,
	.open = disk_open,
	.read = disk_read,
	.write = disk_write,
	.fsync = disk_fsync,
	.fallocate = disk_fallocate,
};

int main(int argc, char **argv)
{
	char foreground[] = "-f";
	char option[] = "-o";
	char options[] = FUSE_OPTIONS;
	char *arguments[6] = { argv[0], foreground, option, options };

	if (argc != 4) {
		(void)fprintf(stderr, "usage: fusedisk BACKING-FILE MOUNT-POINT FIFO\n");
		return 2;
	}
	arguments[4] = argv[2];
	disk.fifo = argv[3];
	disk.backing = open(argv[1], O_RDWR | O_CLOEXEC);
	if (disk.backing < 0) {
		(void)fprintf(stderr, "fusedisk: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return fuse_main(5, arguments, &operations, NULL);
}
