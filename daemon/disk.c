/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "daemon/auto.h"
#include "daemon/disk_internal.h"

#define DISK_STACK_BYTES (256 * 1024)

uint64_t disk_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Where the second superblock is, or should be if the first one can not say. */
static uint64_t super_copy_offset(const struct io *io, const struct super *first)
{
	uint64_t end = first ? first->total_bytes : io->size_bytes / SECTOR_MAX * SECTOR_MAX;

	return end < SECTOR_MAX ? 0 : end - SECTOR_MAX;
}

static int super_fits(const struct io *io, const struct super *super)
{
	if (super->sector_size < io->sector_size)
		return -EMEDIUMTYPE;
	return super->total_bytes > io->size_bytes ? -ENOSPC : 0;
}

int disk_identify(struct io *io, struct super *ret_super, enum block_verdict ret_verdicts[2])
{
	AUTO_FREE void *sector = io_buffer(io, SECTOR_MAX);
	enum block_verdict verdicts[2] = { BLOCK_FOREIGN, BLOCK_FOREIGN };
	struct super copies[2];
	uint64_t offset;
	bool good;
	int r;

	if (!sector)
		return -ENOMEM;
	if (io->size_bytes >= SECTOR_MAX) {
		r = io_read(io, 0, sector, SECTOR_MAX);
		if (r < 0)
			return r;
		verdicts[0] = super_decode(sector, SECTOR_MAX, 0, &copies[0]);
	}
	good = verdicts[0] == BLOCK_OK;
	if (good) {
		r = super_fits(io, &copies[0]);
		if (r < 0)
			return r;
	}
	offset = super_copy_offset(io, good ? &copies[0] : NULL);
	if (offset > 0) {
		r = io_read(io, offset, sector, SECTOR_MAX);
		if (r < 0 && !good)
			return r;
		verdicts[1] = r < 0 ? BLOCK_DAMAGED :
				      super_decode(sector, SECTOR_MAX, 1, &copies[1]);
	}
	if (!good && verdicts[1] == BLOCK_OK) {
		r = super_fits(io, &copies[1]);
		if (r < 0)
			return r;
	}
	ret_verdicts[0] = verdicts[0];
	ret_verdicts[1] = verdicts[1];
	if (good || verdicts[1] == BLOCK_OK)
		*ret_super = copies[good ? 0 : 1];
	return 0;
}

static void disk_free(struct disk *disk)
{
	for (uint32_t i = 0; i < disk->commit_count; i++)
		free(disk->commits[(disk->commit_first + i) % DISK_COMMITS_MAX].form);
	free(disk->orders.volumes);
	io_close(disk->orders.io);
	disk_queue_free(disk->queue);
	if (disk->wake_fd >= 0)
		(void)close(disk->wake_fd);
	pthread_cond_destroy(&disk->has_ended);
	pthread_mutex_destroy(&disk->mutex);
	free(disk);
}

/* All signals stay with the loop. */
static int disk_create_thread(struct disk *disk)
{
	pthread_attr_t attributes;
	sigset_t all;
	sigset_t before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, DISK_STACK_BYTES);
	r = pthread_create(&disk->thread, &attributes, disk_thread, disk);
	pthread_attr_destroy(&attributes);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -r;
}

int disk_start(const struct disk_terms *terms, struct disk **ret_disk, int *ret_fd)
{
	struct disk *disk = calloc(1, sizeof(*disk));
	int fd = -1;
	int r;

	if (!disk)
		return -ENOMEM;
	disk->terms = *terms;
	if (!terms->memory)
		disk->terms.memory = &disk->memory;
	disk->wake_fd = -1;
	disk->orders.poll_ms = terms->poll_ms;
	disk->orders.io_timeout_ms = terms->io_timeout_ms;
	atomic_init(&disk->limit_ms, terms->io_timeout_ms);
	pthread_mutex_init(&disk->mutex, NULL);
	pthread_cond_init(&disk->has_ended, NULL);
	r = layout_make(&disk->layout, terms->super.sector_size, &terms->super.capacity);
	if (r == 0)
		r = disk_queue_new(&disk->queue, &fd);
	if (r == 0) {
		disk->orders.volumes = calloc(terms->super.capacity.volumes,
					      sizeof(*disk->orders.volumes));
		disk->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (disk->wake_fd < 0)
			r = -errno;
		else if (!disk->orders.volumes)
			r = -ENOMEM;
	}
	if (r == 0)
		r = disk_create_thread(disk);
	if (r < 0) {
		disk_free(disk);
		return r;
	}
	*ret_fd = fd;
	*ret_disk = disk;
	return 0;
}

static void disk_wake(struct disk *disk)
{
	uint64_t one = 1;

	/* Fails only where the thread is being woken already. */
	if (write(disk->wake_fd, &one, sizeof(one)) < 0)
		return;
}

int disk_stop(struct disk *disk, uint32_t wait_ms)
{
	struct timespec until;
	bool ended;
	int r = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&disk->mutex);
	disk->orders.stop = true;
	disk_wake(disk);
	while (!disk->ended && r == 0)
		r = pthread_cond_clockwait(&disk->has_ended, &disk->mutex, CLOCK_MONOTONIC, &until);
	ended = disk->ended;
	pthread_mutex_unlock(&disk->mutex);
	if (!ended)
		return -r;
	(void)pthread_join(disk->thread, NULL);
	disk_free(disk);
	return 0;
}

int disk_claim(struct disk *disk, uint16_t slot)
{
	assert(slot < disk->layout.capacity.hosts);
	pthread_mutex_lock(&disk->mutex);
	disk->orders.claim = true;
	disk->orders.claim_slot = slot;
	pthread_mutex_unlock(&disk->mutex);
	disk_wake(disk);
	return 0;
}

static int disk_commit_copy(const struct change *change, struct disk_commit *ret_commit)
{
	*ret_commit = (struct disk_commit){ .change = *change };
	if (!change->form)
		return 0;
	ret_commit->form = malloc(change->form_len + 1);
	if (!ret_commit->form)
		return -ENOMEM;
	memcpy(ret_commit->form, change->form, change->form_len);
	ret_commit->form[change->form_len] = '\0';
	ret_commit->change.form = ret_commit->form;
	return 0;
}

int disk_commit(struct disk *disk, const struct change *change)
{
	struct disk_commit commit;
	uint32_t waiting;
	bool full;
	int r;

	r = disk_commit_copy(change, &commit);
	if (r < 0)
		return r;
	pthread_mutex_lock(&disk->mutex);
	/*
	 * A change may bring two events: there must be room for those, too, until they are
	 * fetched.
	 */
	waiting = disk_queue_kept(disk->queue);
	full = 2 * (disk->commit_count + 1) + waiting > 2 * DISK_COMMITS_MAX;
	if (!full) {
		uint32_t at = (disk->commit_first + disk->commit_count) % DISK_COMMITS_MAX;

		disk->commits[at] = commit;
		disk->commit_count++;
	}
	pthread_mutex_unlock(&disk->mutex);
	if (full) {
		free(commit.form);
		return -EAGAIN;
	}
	disk_wake(disk);
	return 0;
}

int disk_set_beat(struct disk *disk, const struct beat *beat, const struct beat_volume *volumes,
		  bool now)
{
	assert(beat->volume_count <= disk->layout.capacity.volumes);
	pthread_mutex_lock(&disk->mutex);
	disk->orders.beat = *beat;
	if (beat->volume_count > 0)
		memcpy(disk->orders.volumes, volumes, beat->volume_count * sizeof(*volumes));
	disk->orders.beat_changed = true;
	disk->orders.beat_now |= now;
	pthread_mutex_unlock(&disk->mutex);
	if (now)
		disk_wake(disk);
	return 0;
}

int disk_set_poll(struct disk *disk, uint32_t poll_ms, uint32_t io_timeout_ms)
{
	pthread_mutex_lock(&disk->mutex);
	disk->orders.poll_ms = poll_ms;
	disk->orders.io_timeout_ms = io_timeout_ms;
	pthread_mutex_unlock(&disk->mutex);
	atomic_store(&disk->limit_ms, io_timeout_ms);
	disk_wake(disk);
	return 0;
}

int disk_follow(struct disk *disk, const uint8_t hosts[HOSTS_MAX / 8])
{
	pthread_mutex_lock(&disk->mutex);
	memcpy(disk->orders.follow, hosts, sizeof(disk->orders.follow));
	pthread_mutex_unlock(&disk->mutex);
	return 0;
}

/* Set one flag among the orders. */
static int disk_order(struct disk *disk, bool *flag)
{
	pthread_mutex_lock(&disk->mutex);
	*flag = true;
	pthread_mutex_unlock(&disk->mutex);
	disk_wake(disk);
	return 0;
}

int disk_read_all_beats(struct disk *disk)
{
	return disk_order(disk, &disk->orders.read_all);
}

int disk_notice(struct disk *disk)
{
	return disk_order(disk, &disk->orders.notice);
}

int disk_read_joins(struct disk *disk)
{
	return disk_order(disk, &disk->orders.read_joins);
}

int disk_write_join(struct disk *disk, const struct join *join)
{
	pthread_mutex_lock(&disk->mutex);
	disk->orders.join = *join;
	pthread_mutex_unlock(&disk->mutex);
	return disk_order(disk, &disk->orders.write_join);
}

int disk_replace_io(struct disk *disk, struct io *io)
{
	struct io *unused;

	pthread_mutex_lock(&disk->mutex);
	unused = disk->orders.io;
	disk->orders.io = io;
	pthread_mutex_unlock(&disk->mutex);
	io_close(unused);
	disk_wake(disk);
	return 0;
}

bool disk_next_event(struct disk *disk, struct disk_event *ret_event)
{
	return disk_queue_pop(disk->queue, ret_event);
}

uint64_t disk_silent_since(const struct disk *disk)
{
	uint64_t failing_ms = atomic_load(&disk->silent_ms);
	uint64_t issued_ms = atomic_load(&disk->issued_ms);

	if (failing_ms > 0)
		return failing_ms;
	if (issued_ms > 0 && disk_now_ms() - issued_ms > atomic_load(&disk->limit_ms))
		return issued_ms;
	return 0;
}
