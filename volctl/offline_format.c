/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tables/form.h"
#include "volctl/offline_internal.h"

/* What format works on. */
struct formatting {
	const struct offline_format *order;
	struct io *io;
	struct tables *tables;
	struct offline_formatted formatted;
	struct image_value image;
};

/*
 * The text.
 */

static struct json_object *errors_json(const struct form_errors *errors)
{
	struct json_object *list = json_object_new_array();
	uint32_t count = errors->count < CONF_ERRORS_MAX ? errors->count : CONF_ERRORS_MAX;

	for (uint32_t i = 0; i < count; i++) {
		struct json_object *entry = json_object_new_object();

		json_object_object_add(entry, "line",
				       json_object_new_int64(errors->errors[i].line));
		json_object_object_add(entry, "column",
				       json_object_new_int64(errors->errors[i].column));
		json_object_object_add(entry, "text",
				       json_object_new_string(errors->errors[i].text));
		json_object_array_add(list, entry);
	}
	return list;
}

static int form_failed(const struct form_errors *errors, struct volctl_error *ret_error)
{
	int r = offline_fail(ret_error, -EINVAL, "form-wrong", EXIT_FAILED, NULL,
			     "the template has %" PRIu32 " error%s", errors->count,
			     errors->count == 1 ? "" : "s");

	ret_error->details = json_object_new_object();
	json_object_object_add(ret_error->details, "errors", errors_json(errors));
	return r;
}

static uint16_t chosen(uint16_t asked, uint16_t needed, uint16_t usual)
{
	if (asked != 0)
		return asked;
	return needed > usual ? needed : usual;
}

static int capacity_choose(const struct formatting *f, struct capacity *ret_capacity,
			   struct volctl_error *ret_error)
{
	uint16_t hosts = chosen(f->order->hosts, f->tables->host_count, OFFLINE_HOSTS_DEFAULT);
	uint16_t volumes = chosen(f->order->volumes, f->tables->volume_count,
				  OFFLINE_VOLUMES_DEFAULT);
	uint32_t access = (uint32_t)hosts * volumes;

	if (hosts > HOSTS_MAX || volumes > VOLUMES_MAX)
		return offline_fail(ret_error, -EINVAL, "bad-capacity", EXIT_USAGE, NULL,
				    "at most %d hosts and %d volumes are possible", HOSTS_MAX,
				    VOLUMES_MAX);
	*ret_capacity = (struct capacity){
		.hosts = hosts,
		.volumes = volumes,
		.access = (uint16_t)(access > ACCESS_MAX ? ACCESS_MAX : access),
	};
	if (f->tables->host_count > hosts || f->tables->volume_count > volumes ||
	    f->tables->access_count > ret_capacity->access)
		return offline_fail(
			ret_error, -EINVAL, "bad-capacity", EXIT_USAGE, NULL,
			"the template names %u hosts and %u volumes: more than %u and %u",
			f->tables->host_count, f->tables->volume_count, hosts, volumes);
	return 0;
}

/* Tables of version 1 from the text, in the smallest capacity that was asked for and fits. */
static int form_read(struct formatting *f, struct volctl_error *ret_error)
{
	const struct capacity most = {
		.hosts = HOSTS_MAX, .volumes = VOLUMES_MAX, .access = ACCESS_MAX,
	};
	AUTO_FREE struct form_errors *errors = calloc(1, sizeof(*errors));
	struct capacity capacity;
	int r;

	f->tables = calloc(1, sizeof(*f->tables));
	if (!errors || !f->tables)
		return offline_no_memory(ret_error);
	tables_init(f->tables, &most);
	form_apply(f->tables, f->order->text, f->order->text_len, FORM_WHOLE, errors);
	if (errors->count > 0)
		return form_failed(errors, ret_error);
	r = capacity_choose(f, &capacity, ret_error);
	if (r < 0)
		return r;
	f->tables->capacity = capacity;
	f->tables->version = 1;
	return 0;
}

/*
 * What is on the device.
 */

static int refuse_data(const char *device, const char *what, struct volctl_error *ret_error)
{
	return offline_fail(ret_error, -EEXIST, "holds-data", EXIT_FAILED, device,
			    "%s holds data: %s", device, what);
}

/* What libblkid finds: a file system, a partition table, a member of something. */
int offline_refuse_data(const char *device, struct volctl_error *ret_error)
{
	blkid_probe probe = blkid_new_probe_from_filename(device);
	const char *type = NULL;
	const char *label = NULL;
	char what[256];
	int r = 0;

	if (!probe)
		return offline_io_failed(ret_error, -EIO, device, "probing");
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_LABEL);
	blkid_probe_enable_partitions(probe, 1);
	if (blkid_do_probe(probe) == 0) {
		if (blkid_probe_lookup_value(probe, "TYPE", &type, NULL) < 0 &&
		    blkid_probe_lookup_value(probe, "PTTYPE", &type, NULL) < 0)
			type = "something that blkid knows";
		(void)blkid_probe_lookup_value(probe, "LABEL", &label, NULL);
		(void)snprintf(what, sizeof(what), "%s%s%s", type, label ? ", labelled " : "",
			       label ? label : "");
		r = refuse_data(device, what, ret_error);
	}
	blkid_free_probe(probe);
	return r;
}

/* Names of those that have not logged off, for a message. */
static size_t hosts_not_logged_off(const struct survey *survey, char *names, size_t size)
{
	size_t count = 0;
	size_t len = 0;
	char name[NAME_BYTES_MAX + 16];

	names[0] = '\0';
	for (uint16_t i = 0; i < survey->layout.capacity.hosts; i++) {
		const struct survey_host *host = &survey->hosts[i];

		if (!offline_block_is_good(&host->beat_block) || host->beat.logged_off)
			continue;
		count++;
		if (len < size)
			len += (size_t)snprintf(names + len, size - len, "%s%s",
						len > 0 ? ", " : "",
						survey_host_name(survey, i, name, sizeof(name)));
	}
	return count;
}

static int refuse_cluster(const char *device, struct io *io, struct volctl_error *ret_error)
{
	struct survey survey;
	char names[256];
	int r;

	r = survey_make(io, false, &survey);
	if (r < 0)
		return offline_no_memory(ret_error);
	if (survey.has_super && hosts_not_logged_off(&survey, names, sizeof(names)) > 0)
		r = offline_fail(
			ret_error, -EBUSY, "running", EXIT_FAILED, device,
			"%s is the control device of cluster '%s', and these hosts have not "
			"logged off: %s",
			device, survey.tables ? survey.tables->name : "?", names);
	else if (survey.has_super)
		r = offline_fail(
			ret_error, -EEXIST, "holds-data", EXIT_FAILED, device,
			"%s is the control device of cluster '%s'; all hosts have logged off",
			device, survey.tables ? survey.tables->name : "?");
	survey_clear(&survey);
	return r;
}

/*
 * Writing.
 */

static int format_erase(struct formatting *f, uint64_t offset)
{
	AUTO_FREE void *zeroes = io_buffer(f->io, SECTOR_MAX);

	if (!zeroes)
		return -ENOMEM;
	return io_write(f->io, offset, zeroes, SECTOR_MAX);
}

/*
 * No superblock is left, be it of this format or of one before: from now on this is no control
 * device.
 */
static int format_erase_supers(struct formatting *f, const struct survey *before)
{
	uint64_t end = f->io->size_bytes / SECTOR_MAX * SECTOR_MAX;
	int r = format_erase(f, 0);

	if (r == 0)
		r = format_erase(f, end - SECTOR_MAX);
	if (r == 0 && before->has_super)
		r = format_erase(f, before->layout.super_copy);
	if (r == 0)
		r = format_erase(f, f->formatted.layout.super_copy);
	return r;
}

static int format_image(struct formatting *f)
{
	const struct layout *layout = &f->formatted.layout;
	AUTO_FREE void *image = io_buffer(f->io, layout->image_bytes);
	uint64_t nonce;

	if (!image)
		return -ENOMEM;
	if (getrandom(&nonce, sizeof(nonce), 0) != sizeof(nonce))
		return -EIO;
	f->image = image_encode(f->tables, 0, 0, nonce, layout, &f->formatted.super.cluster, image,
				layout->image_bytes);
	return io_write(f->io, layout_image(layout, 0, 0), image,
			(f->image.length + layout->sector_size - 1) / layout->sector_size *
			layout->sector_size);
}

/* Both halves of each pair say the same: version 1 is decided. */
static int format_ballots(struct formatting *f)
{
	const struct layout *layout = &f->formatted.layout;
	AUTO_FREE uint8_t *region = io_buffer(f->io, layout->ballots_bytes);

	if (!region)
		return -ENOMEM;
	for (uint16_t host = 0; host < layout->capacity.hosts; host++) {
		for (unsigned int half = 0; half < 2; half++) {
			const struct ballot ballot = {
				.sequence = half,
				.instance = 1,
				.decided = 1,
				.decided_value = f->image,
			};

			ballot_encode(&ballot, host, layout->sector_size,
				      &f->formatted.super.cluster,
				      region + (layout_ballot(layout, host, half) -
						layout->ballots));
		}
	}
	return io_write(f->io, layout->ballots, region, layout->ballots_bytes);
}

static int format_beats(struct formatting *f)
{
	const struct layout *layout = &f->formatted.layout;
	const struct beat beat = {
		.io_timeout_ms = f->tables->io_timeout_ms,
		.logged_off = true,
	};
	AUTO_FREE void *sector = io_buffer(f->io, layout->sector_size);
	int r = 0;

	if (!sector)
		return -ENOMEM;
	for (uint16_t host = 0; host < layout->capacity.hosts && r == 0; host++) {
		beat_encode(&beat, NULL, host, layout->sector_size, &f->formatted.super.cluster,
			    sector);
		r = io_write(f->io, layout_beat(layout, host), sector, layout->sector_size);
	}
	return r;
}

static int format_joins(struct formatting *f)
{
	const struct layout *layout = &f->formatted.layout;
	const struct join nobody = { .name = "" };
	size_t size = (size_t)JOIN_SLOTS * layout->sector_size;
	AUTO_FREE uint8_t *region = io_buffer(f->io, size);

	if (!region)
		return -ENOMEM;
	for (uint16_t i = 0; i < JOIN_SLOTS; i++)
		join_encode(&nobody, i, layout->sector_size, &f->formatted.super.cluster,
			    region + (size_t)i * layout->sector_size);
	return io_write(f->io, layout->join, region, size);
}

static int format_hint(struct formatting *f)
{
	const struct layout *layout = &f->formatted.layout;
	const struct hint hint = { .version = 1, .balloting = SLOT_NONE };
	AUTO_FREE void *sector = io_buffer(f->io, layout->sector_size);

	if (!sector)
		return -ENOMEM;
	hint_encode(&hint, layout->sector_size, &f->formatted.super.cluster, sector);
	return io_write(f->io, layout->hint, sector, layout->sector_size);
}

static int format_super(struct formatting *f, unsigned int index)
{
	const struct layout *layout = &f->formatted.layout;
	AUTO_FREE void *sector = io_buffer(f->io, layout->sector_size);

	if (!sector)
		return -ENOMEM;
	super_encode(&f->formatted.super, index, sector);
	return io_write(f->io, index == 0 ? 0 : layout->super_copy, sector, layout->sector_size);
}

/* The first superblock is the very last thing: whoever finds it finds all the rest. */
static int format_write(struct formatting *f, const struct survey *before)
{
	int r = format_erase_supers(f, before);

	if (r == 0)
		r = format_image(f);
	if (r == 0)
		r = format_ballots(f);
	if (r == 0)
		r = format_beats(f);
	if (r == 0)
		r = format_joins(f);
	if (r == 0)
		r = format_hint(f);
	if (r == 0)
		r = format_super(f, 1);
	if (r == 0)
		r = format_super(f, 0);
	return r;
}

static int format_lay_out(struct formatting *f, struct volctl_error *ret_error)
{
	struct offline_formatted *formatted = &f->formatted;
	struct timespec now;

	if (layout_make(&formatted->layout, f->io->sector_size, &f->tables->capacity) < 0)
		return offline_fail(ret_error, -EINVAL, "bad-capacity", EXIT_USAGE, NULL,
				    "this capacity can not be laid out");
	clock_gettime(CLOCK_REALTIME, &now);
	formatted->super = (struct super){
		.sector_size = f->io->sector_size,
		.capacity = f->tables->capacity,
		.total_bytes = formatted->layout.total_bytes,
		.created_s = (uint64_t)now.tv_sec,
	};
	if (getrandom(&formatted->super.cluster, sizeof(formatted->super.cluster), 0) !=
	    sizeof(formatted->super.cluster))
		return offline_fail(ret_error, -EIO, "failed", EXIT_FAILED, NULL,
				    "no random numbers");
	formatted->device_bytes = f->io->size_bytes;
	formatted->host_count = f->tables->host_count;
	formatted->volume_count = f->tables->volume_count;
	memcpy(formatted->name, f->tables->name, sizeof(formatted->name));
	return 0;
}

/* A plain file grows as it must. */
static bool is_plain_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static int format_make_room(struct formatting *f, struct volctl_error *ret_error)
{
	uint64_t wanted = f->formatted.layout.total_bytes;
	int r;

	if (f->order->dry_run)
		r = f->io->size_bytes < wanted && !is_plain_file(f->order->device) ? -ENOSPC : 0;
	else
		r = io_extend(f->io, wanted);
	f->formatted.device_bytes = f->io->size_bytes;
	if (r == -ENOSPC)
		return offline_fail(ret_error, r, "too-small", EXIT_FAILED, f->order->device,
				    "%s has %" PRIu64
				    " bytes; %u hosts and %u volumes take %" PRIu64,
				    f->order->device, f->io->size_bytes, f->tables->capacity.hosts,
				    f->tables->capacity.volumes, wanted);
	if (r < 0)
		return offline_io_failed(ret_error, r, f->order->device, "making it larger");
	return 0;
}

static int format_perform(struct formatting *f, struct volctl_error *ret_error)
{
	struct survey before;
	int r;

	r = format_make_room(f, ret_error);
	if (r < 0 || f->order->dry_run)
		return r;
	r = survey_make(f->io, false, &before);
	if (r < 0)
		return offline_no_memory(ret_error);
	r = format_write(f, &before);
	survey_clear(&before);
	if (r < 0)
		return offline_io_failed(ret_error, r, f->order->device, "writing");
	return 0;
}

int offline_format_io(struct io *io, const struct offline_format *order,
		      struct offline_formatted *ret_formatted, struct volctl_error *ret_error)
{
	struct formatting f = { .order = order, .io = io };
	int r;

	r = form_read(&f, ret_error);
	if (r == 0 && !order->force)
		r = refuse_cluster(order->device, io, ret_error);
	if (r == 0)
		r = format_lay_out(&f, ret_error);
	if (r == 0)
		r = format_perform(&f, ret_error);
	free(f.tables);
	if (r == 0)
		*ret_formatted = f.formatted;
	return r;
}

/*
 * Take away the marks of what was there: those beyond our blocks would go on telling
 * udev that this is a file system.
 */
static int wipe_known_data(const char *device, struct volctl_error *ret_error)
{
	int fd = open(device, O_RDWR | O_CLOEXEC);
	blkid_probe probe = blkid_new_probe();
	int r = -EIO;

	if (fd >= 0 && probe && blkid_probe_set_device(probe, fd, 0, 0) == 0) {
		blkid_probe_enable_superblocks(probe, 1);
		blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_MAGIC);
		blkid_probe_enable_partitions(probe, 1);
		blkid_probe_set_partitions_flags(probe, BLKID_PARTS_MAGIC);
		r = 0;
		while (r == 0 && blkid_do_probe(probe) == 0)
			r = blkid_do_wipe(probe, 0);
		if (r == 0 && fsync(fd) < 0)
			r = -errno;
	}
	blkid_free_probe(probe);
	if (fd >= 0)
		(void)close(fd);
	return r < 0 ? offline_io_failed(ret_error, r, device, "wiping what it held") : 0;
}

/* Nothing is wiped before it is certain that the format has no other objection. */
static int wipe_if_forced(struct io *io, const struct offline_format *order,
			  struct volctl_error *ret_error)
{
	struct offline_format rehearsal = *order;
	struct offline_formatted formatted;
	int r;

	if (!order->force || order->dry_run)
		return 0;
	rehearsal.dry_run = true;
	r = offline_format_io(io, &rehearsal, &formatted, ret_error);
	return r < 0 ? r : wipe_known_data(order->device, ret_error);
}

int offline_format(const struct offline_format *order, struct offline_formatted *ret_formatted,
		   struct volctl_error *ret_error)
{
	struct io *io;
	int r;

	r = offline_open(order->device, IO_EXCLUSIVE, &io, ret_error);
	if (r < 0)
		return r;
	if (!order->force)
		r = offline_refuse_data(order->device, ret_error);
	if (r == 0)
		r = wipe_if_forced(io, order, ret_error);
	if (r == 0)
		r = offline_format_io(io, order, ret_formatted, ret_error);
	io_close(io);
	return r;
}

char *offline_formatted_text(const struct offline_formatted *formatted)
{
	const struct layout *layout = &formatted->layout;
	char *text;

	if (asprintf(&text,
		     "cluster    %s\n"
		     "capacity   %u hosts, %u volumes\n"
		     "sector     %" PRIu32 " bytes\n"
		     "ballots    %" PRIu64 " bytes\n"
		     "beats      %" PRIu64 " bytes\n"
		     "images     %" PRIu64 " bytes, each up to %" PRIu32 "\n"
		     "in all     %" PRIu64 " bytes of %" PRIu64 "\n",
		     formatted->name, layout->capacity.hosts, layout->capacity.volumes,
		     layout->sector_size, layout->ballots_bytes,
		     (uint64_t)layout->capacity.hosts * layout->beat_bytes,
		     (uint64_t)layout->capacity.hosts * IMAGE_SLOTS * layout->image_bytes,
		     layout->image_bytes, layout->total_bytes, formatted->device_bytes) < 0)
		return NULL;
	return text;
}

static void add_number(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

struct json_object *offline_formatted_json(const struct offline_formatted *formatted)
{
	const struct layout *layout = &formatted->layout;
	struct json_object *object = json_object_new_object();

	add_number(object, "format", 1);
	json_object_object_add(object, "cluster", json_object_new_string(formatted->name));
	add_number(object, "hosts", layout->capacity.hosts);
	add_number(object, "volumes", layout->capacity.volumes);
	add_number(object, "sector_bytes", layout->sector_size);
	add_number(object, "ballots_bytes", layout->ballots_bytes);
	add_number(object, "beats_bytes", (uint64_t)layout->capacity.hosts * layout->beat_bytes);
	add_number(object, "image_bytes", layout->image_bytes);
	add_number(object, "total_bytes", layout->total_bytes);
	add_number(object, "device_bytes", formatted->device_bytes);
	return object;
}
