/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "tables/claim.h"
#include "volctl/offline_internal.h"

/*
 * The order of the writes.  First whoever has not logged off loses its row.  A new image goes
 * where nobody needs the old one, and is durable before a ballot names it.  From the first
 * ballot that says so the new version is decided, for the largest one counts; those that
 * follow only make it safer.  So an interruption leaves the old state or the new one, and what
 * is still damaged can be repaired again.
 */
struct repairing {
	const struct offline_repair *order;
	struct io *io;
	struct survey survey;
	struct offline_repaired repaired;
	struct tables *kept;		/* what is decided again; owned */
	struct image_value kept_value;
	char *difference;
	size_t difference_len;
	FILE *lines;
};

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void rest_ms(uint32_t ms)
{
	const struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	(void)nanosleep(&ts, NULL);
}

/* Whether an image and all pairs are to be written, not only what a host writes anew by itself. */
static bool ballots_or_images_are_damaged(const struct survey *survey)
{
	if (survey->decided == 0 || !offline_block_is_good(&survey->newest.block))
		return true;
	if (survey->open.value.version != 0 && !offline_block_is_good(&survey->open.block))
		return true;
	for (uint16_t host = 0; host < survey->layout.capacity.hosts; host++) {
		if (!offline_block_is_good(&survey->hosts[host].ballot_blocks[0]) ||
		    !offline_block_is_good(&survey->hosts[host].ballot_blocks[1]))
			return true;
	}
	return false;
}

/*
 * Nobody may be at it.
 */

static uint32_t io_timeout_of(const struct survey *survey)
{
	return survey->tables ? survey->tables->io_timeout_ms : IO_TIMEOUT_DEFAULT_MS;
}

/*
 * Nothing of that host's can land any more.  Who only needs a beat or a hint may be gone
 * for T_dead; where an image is written, what the host had issued must be over as well.
 */
static bool host_is_quiet(const struct repairing *rep, const struct peer_watch *watch)
{
	enum peer_state state = peer_watch_state(watch);

	if (state != PEER_DEAD || !ballots_or_images_are_damaged(&rep->survey))
		return state == PEER_DEAD || state == PEER_LOGGED_OFF;
	return peer_watch_still_ms(watch) > timing_of(watch->io_timeout_ms).late_ms;
}

static int refuse_running(const struct repairing *rep, uint16_t host,
			  struct volctl_error *ret_error)
{
	char name[NAME_BYTES_MAX + 16];

	return offline_fail(ret_error, -EBUSY, "running", EXIT_FAILED, rep->order->device,
			    "%s: %s is running: its beat changes", rep->order->device,
			    survey_host_name(&rep->survey, host, name, sizeof(name)));
}

/* One more look at each beat; *@ret_waiting counts those that may still be somebody's. */
static int look_at_beats(const struct repairing *rep, struct peer_watch *watches,
			 uint16_t *ret_waiting, struct volctl_error *ret_error)
{
	*ret_waiting = 0;
	for (uint16_t host = 0; host < rep->survey.layout.capacity.hosts; host++) {
		struct beat_read read = { .issued_ms = now_ms() };
		struct offline_block block = survey_read_beat(&rep->survey, host, &read.beat);

		read.completed_ms = now_ms();
		read.verdict = block.error < 0 ? BLOCK_DAMAGED : block.verdict;
		(void)peer_watch_read(&watches[host], &read, io_timeout_of(&rep->survey));
		if (watches[host].changed)
			return refuse_running(rep, host, ret_error);
		if (!host_is_quiet(rep, &watches[host]))
			(*ret_waiting)++;
	}
	return 0;
}

/*
 * Refuse while any beat changes: watch for T_dead, or T_late, unless all say that they have
 * logged off.
 */
static int watch_beats(const struct repairing *rep, struct volctl_error *ret_error)
{
	const struct offline_progress *progress = &rep->order->progress;
	AUTO_FREE struct peer_watch *watches = calloc(rep->survey.layout.capacity.hosts,
						      sizeof(*watches));
	uint64_t told_ms = 0;
	uint16_t waiting;
	int r;

	if (!watches)
		return offline_no_memory(ret_error);
	for (;;) {
		char text[96];

		r = look_at_beats(rep, watches, &waiting, ret_error);
		if (r < 0 || waiting == 0)
			return r;
		if (progress->tell && now_ms() - told_ms >= 1000) {
			told_ms = now_ms();
			(void)snprintf(text, sizeof(text),
				       "watching the beats of %u hosts that have not logged off",
				       waiting);
			progress->tell(progress->data, text);
		}
		rest_ms(timing_of(io_timeout_of(&rep->survey)).beat_every_ms / 4 + 1);
	}
}

/*
 * Which tables are kept.
 */

static void keep(struct repairing *rep, const struct image_value *value, struct tables *tables)
{
	free(rep->kept);
	rep->kept = tables;
	rep->kept_value = *value;
}

/* The newest whole image anywhere on the device. */
static int search_images(struct repairing *rep)
{
	const struct layout *layout = &rep->survey.layout;
	AUTO_FREE void *image = io_buffer(rep->io, layout->image_bytes);

	if (!image)
		return -ENOMEM;
	for (uint32_t i = 0; i < (uint32_t)layout->capacity.hosts * IMAGE_SLOTS; i++) {
		uint16_t host = (uint16_t)(i / IMAGE_SLOTS);
		uint16_t slot = (uint16_t)(i % IMAGE_SLOTS);
		struct tables *tables = calloc(1, sizeof(*tables));
		struct image_value value;

		if (!tables)
			return -ENOMEM;
		if (io_read(rep->io, layout_image(layout, host, slot), image,
			    layout->image_bytes) == 0 &&
		    image_decode_found(image, layout->image_bytes, host, slot, &layout->capacity,
				       &rep->survey.super.cluster, &value, tables) == BLOCK_OK &&
		    (!rep->kept || value.version > rep->kept_value.version))
			keep(rep, &value, tables);
		else
			free(tables);
	}
	return 0;
}

/*
 * What was accepted last may have been decided, so it comes first; then what is
 * known to be; and only where both are lost, whatever is left.
 */
static int choose_tables(struct repairing *rep, struct volctl_error *ret_error)
{
	const struct survey *survey = &rep->survey;
	struct tables *tables = NULL;

	if (survey->open.value.version != 0) {
		(void)survey_read_image(survey, &survey->open.value, &tables);
		if (tables)
			keep(rep, &survey->open.value, tables);
	}
	if (!rep->kept && survey->decided != 0) {
		(void)survey_read_image(survey, &survey->newest.value, &tables);
		if (tables)
			keep(rep, &survey->newest.value, tables);
	}
	if (!rep->kept && search_images(rep) < 0)
		return offline_no_memory(ret_error);
	if (!rep->kept)
		return offline_fail(ret_error, -ENODATA, "no-tables", EXIT_FAILED,
				    rep->order->device, "%s: no whole image of the tables is left",
				    rep->order->device);
	return 0;
}

/*
 * What has to be written.
 */

static void tell_damage(void *data, const struct offline_damage *damage)
{
	struct repairing *rep = data;
	AUTO_FREE char *text = offline_damage_text(damage);

	if (text)
		(void)fprintf(rep->lines, "%s\n", text);
}

static void tell_versions(struct repairing *rep)
{
	const struct offline_repaired *repaired = &rep->repaired;

	(void)fprintf(rep->lines, "the tables of version %" PRIu64 " are kept, as version %" PRIu64
		      "\n", repaired->kept_version, repaired->new_version);
	if (repaired->kept_version < rep->survey.decided)
		(void)fprintf(rep->lines, "lost: what versions %" PRIu64 " to %" PRIu64
			      " have changed\n", repaired->kept_version + 1, rep->survey.decided);
}

static int plan(struct repairing *rep, struct volctl_error *ret_error)
{
	struct survey *survey = &rep->survey;
	int r;

	rep->repaired.old_version = survey->begun;
	rep->repaired.kept_version = survey->decided;
	rep->repaired.new_version = survey->decided;
	survey_damages(survey, tell_damage, rep);
	if (!ballots_or_images_are_damaged(survey))
		return 0;
	r = choose_tables(rep, ret_error);
	if (r < 0)
		return r;
	if (offline_block_is_good(&survey->hint_block) &&
	    survey->hint.version > survey->begun)
		survey->begun = survey->hint.version;
	if (rep->kept_value.version > survey->begun)
		survey->begun = rep->kept_value.version;
	rep->repaired.old_version = survey->begun;
	rep->repaired.kept_version = rep->kept_value.version;
	rep->repaired.new_version = survey->begun + 1;
	tell_versions(rep);
	return 0;
}

/*
 * Writing.
 */

static int write_sector(struct repairing *rep, uint64_t offset, void *sector)
{
	return io_write(rep->io, offset, sector, rep->survey.layout.sector_size);
}

static bool same_place(const struct image_value *value, uint16_t host, uint16_t slot)
{
	return value->version != 0 && value->host == host && value->slot == slot;
}

/* A place that holds neither what is kept nor what a ballot names. */
static void free_place(const struct repairing *rep, uint16_t *ret_host, uint16_t *ret_slot)
{
	for (uint16_t slot = 0; slot < IMAGE_SLOTS; slot++) {
		*ret_host = 0;
		*ret_slot = slot;
		if (!same_place(&rep->kept_value, 0, slot) &&
		    !same_place(&rep->survey.newest.value, 0, slot) &&
		    !same_place(&rep->survey.open.value, 0, slot))
			return;
	}
	/* All three are in use: then the next row is not, or the only row has lost one of them. */
	*ret_host = rep->survey.layout.capacity.hosts > 1 ? 1 : 0;
	*ret_slot = *ret_host == 1 ? 0 : (uint16_t)((rep->kept_value.slot + 1) % IMAGE_SLOTS);
}

static int write_image(struct repairing *rep, struct image_value *ret_value)
{
	const struct layout *layout = &rep->survey.layout;
	AUTO_FREE void *image = io_buffer(rep->io, layout->image_bytes);
	uint64_t nonce;
	uint16_t host;
	uint16_t slot;

	if (!image)
		return -ENOMEM;
	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		return -EIO;
	free_place(rep, &host, &slot);
	rep->kept->version = rep->repaired.new_version;
	*ret_value = image_encode(rep->kept, host, slot, nonce, layout, &rep->survey.super.cluster,
				  image, layout->image_bytes);
	return io_write(rep->io, layout_image(layout, host, slot), image,
			(ret_value->length + layout->sector_size - 1) / layout->sector_size *
			layout->sector_size);
}

static int write_ballot(struct repairing *rep, uint16_t host, uint64_t sequence,
			const struct image_value *value)
{
	const struct survey *survey = &rep->survey;
	const struct ballot ballot = {
		.sequence = sequence,
		.instance = value->version,
		.mbal = survey->mbal,
		.decided = value->version,
		.decided_value = *value,
	};
	AUTO_FREE void *sector = io_buffer(rep->io, survey->layout.sector_size);

	if (!sector)
		return -ENOMEM;
	ballot_encode(&ballot, host, survey->layout.sector_size, &survey->super.cluster, sector);
	return io_write(rep->io, layout_ballot(&survey->layout, host, sequence & 1), sector,
			survey->layout.sector_size);
}

/* The half that is bad, or older, first: until it is good the other one speaks for the pair. */
static int write_pair(struct repairing *rep, uint16_t host, const struct image_value *value)
{
	const struct survey_host *found = &rep->survey.hosts[host];
	uint64_t newest = 1;
	int r;

	for (unsigned int half = 0; half < 2; half++) {
		if (offline_block_is_good(&found->ballot_blocks[half]) &&
		    found->ballots[half].sequence >= newest)
			newest = found->ballots[half].sequence;
	}
	r = write_ballot(rep, host, newest + 1, value);
	return r < 0 ? r : write_ballot(rep, host, newest + 2, value);
}

/*
 * A host that was frozen all the while looks at its own beat before it writes: there it
 * must find that the row is not its own any more, or its next image goes over ours.
 */
static int evict_all(struct repairing *rep)
{
	const struct survey *survey = &rep->survey;
	AUTO_FREE void *sector = io_buffer(rep->io, survey->layout.sector_size);
	int r = sector ? 0 : -ENOMEM;

	for (uint16_t host = 0; host < survey->layout.capacity.hosts && r == 0; host++) {
		struct beat beat = survey->hosts[host].beat;

		if (!offline_block_is_good(&survey->hosts[host].beat_block) || beat.logged_off)
			continue;
		beat.incarnation++;
		beat.counter++;
		beat.volume_count = 0;
		beat_encode(&beat, NULL, host, survey->layout.sector_size, &survey->super.cluster,
			    sector);
		r = write_sector(rep, layout_beat(&survey->layout, host), sector);
	}
	return r;
}

static int decide_again(struct repairing *rep)
{
	struct image_value value;
	int r;

	r = evict_all(rep);
	if (r == 0)
		r = write_image(rep, &value);
	for (uint16_t host = 0; host < rep->survey.layout.capacity.hosts && r == 0; host++)
		r = write_pair(rep, host, &value);
	return r;
}

/*
 * A beat that says nothing about its host, not even that it has logged off: the next
 * claim of the row watches it, as it would have watched the damaged one.
 */
static int write_beats(struct repairing *rep, void *sector)
{
	const struct survey *survey = &rep->survey;
	const struct beat beat = { .io_timeout_ms = io_timeout_of(survey) };
	int r = 0;

	for (uint16_t host = 0; host < survey->layout.capacity.hosts && r == 0; host++) {
		if (offline_block_is_good(&survey->hosts[host].beat_block))
			continue;
		beat_encode(&beat, NULL, host, survey->layout.sector_size, &survey->super.cluster,
			    sector);
		r = write_sector(rep, layout_beat(&survey->layout, host), sector);
	}
	return r;
}

static int write_joins(struct repairing *rep, void *sector)
{
	const struct survey *survey = &rep->survey;
	const struct join nobody = { .name = "" };
	int r = 0;

	for (uint16_t i = 0; i < JOIN_SLOTS && r == 0; i++) {
		if (offline_block_is_good(&survey->join_blocks[i]))
			continue;
		join_encode(&nobody, i, survey->layout.sector_size, &survey->super.cluster, sector);
		r = write_sector(rep, layout_join(&survey->layout, i), sector);
	}
	return r;
}

static int write_hint(struct repairing *rep, void *sector)
{
	const struct survey *survey = &rep->survey;
	struct hint hint = {
		.version = rep->repaired.new_version,
		.balloting = SLOT_NONE,
	};

	if (offline_block_is_good(&survey->hint_block)) {
		if (survey->hint.version == hint.version)
			return 0;
		hint.notices = survey->hint.notices + 1;
	}
	hint_encode(&hint, survey->layout.sector_size, &survey->super.cluster, sector);
	return write_sector(rep, survey->layout.hint, sector);
}

static int write_supers(struct repairing *rep, void *sector)
{
	const struct survey *survey = &rep->survey;
	int r = 0;

	for (unsigned int index = 0; index < 2 && r == 0; index++) {
		if (offline_block_is_good(&survey->super_blocks[index]))
			continue;
		super_encode(&survey->super, index, sector);
		r = write_sector(rep, index == 0 ? 0 : survey->layout.super_copy, sector);
	}
	return r;
}

static int write_all(struct repairing *rep)
{
	AUTO_FREE void *sector = io_buffer(rep->io, SECTOR_MAX);
	int r = 0;

	if (!sector)
		return -ENOMEM;
	if (rep->kept)
		r = decide_again(rep);
	if (r == 0)
		r = write_beats(rep, sector);
	if (r == 0)
		r = write_joins(rep, sector);
	if (r == 0)
		r = write_hint(rep, sector);
	if (r == 0)
		r = write_supers(rep, sector);
	return r;
}

static int repair(struct repairing *rep, struct volctl_error *ret_error)
{
	const char *device = rep->order->device;
	int r;

	offline_checked_from(&rep->survey, &rep->repaired.before);
	if (!rep->survey.has_super)
		return offline_fail(ret_error, -ENODATA, "no-super", EXIT_UNREACHABLE, device,
				    "%s: no superblock is left: not a control device", device);
	rep->repaired.needed = rep->repaired.before.state != OFFLINE_WHOLE;
	r = watch_beats(rep, ret_error);
	if (r < 0)
		return r;
	r = plan(rep, ret_error);
	if (r < 0 || rep->order->dry_run || !rep->repaired.needed)
		return r;
	r = write_all(rep);
	return r < 0 ? offline_io_failed(ret_error, r, device, "writing") : 0;
}

int offline_repair_io(struct io *io, const struct offline_repair *order,
		      struct offline_repaired *ret_repaired, struct volctl_error *ret_error)
{
	struct repairing rep = { .order = order, .io = io };
	int r;

	rep.lines = open_memstream(&rep.difference, &rep.difference_len);
	if (!rep.lines)
		return offline_no_memory(ret_error);
	r = survey_make(io, true, &rep.survey);
	if (r < 0)
		(void)offline_no_memory(ret_error);
	else
		r = repair(&rep, ret_error);
	(void)fclose(rep.lines);
	survey_clear(&rep.survey);
	free(rep.kept);
	if (r < 0) {
		free(rep.difference);
		return r;
	}
	*ret_repaired = rep.repaired;
	ret_repaired->difference = rep.difference;
	return 0;
}

/*
 * Where the first superblock is gone, somebody may have made something else of the device,
 * and the rest of ours is only what that has not written over yet.
 */
static int refuse_other_use(const char *device, struct io *io, struct volctl_error *ret_error)
{
	AUTO_FREE void *sector = io_buffer(io, SECTOR_MAX);
	struct super super;

	if (!sector)
		return offline_no_memory(ret_error);
	if (io->size_bytes >= SECTOR_MAX && io_read(io, 0, sector, SECTOR_MAX) == 0 &&
	    super_decode(sector, SECTOR_MAX, 0, &super) == BLOCK_OK)
		return 0;
	return offline_refuse_data(device, ret_error);
}

int offline_repair(const struct offline_repair *order, struct offline_repaired *ret_repaired,
		   struct volctl_error *ret_error)
{
	struct io *io;
	int r;

	r = offline_open(order->device, IO_EXCLUSIVE, &io, ret_error);
	if (r < 0)
		return r;
	r = refuse_other_use(order->device, io, ret_error);
	if (r == 0)
		r = offline_repair_io(io, order, ret_repaired, ret_error);
	io_close(io);
	return r;
}
