/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The figures of all clusters as OpenMetrics text.  The samples of one family stand
 * together, so the families are the outer loop and the clusters the inner one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/auto.h"
#include "daemon/clean.h"
#include "daemon/status.h"

/* Where a sample is written, and of what. */
struct sample {
	FILE *out;
	const char *family;
	const char *suffix;
	const struct cluster *cluster;
	uint16_t volume;
};

struct family {
	const char *name;
	const char *type;
	const char *unit;		/* NULL: none */
	const char *help;
	/* One of them: a figure of the cluster, or one of each volume. */
	void (*of_cluster)(const struct sample *sample);
	void (*of_volume)(const struct sample *sample, const struct volume_row *row,
			  const struct host_volume *local);
};

/* --- samples -------------------------------------------------------------------- */

static void put_label(FILE *out, const char *name, const char *value)
{
	AUTO_FREE char *clean = strdup(value);

	fprintf(out, "%s=\"", name);
	if (clean)
		clean_text(clean);
	for (const char *at = clean ? clean : ""; *at; at++) {
		if (*at == '"' || *at == '\\')
			putc('\\', out);
		putc(*at, out);
	}
	putc('"', out);
}

/* Name and labels; @label and @value may be NULL. */
static void put_head(const struct sample *sample, const char *label, const char *value)
{
	fprintf(sample->out, "%s%s{", sample->family, sample->suffix);
	put_label(sample->out, "cluster", cluster_name(sample->cluster));
	if (sample->volume != SLOT_NONE) {
		putc(',', sample->out);
		put_label(sample->out, "volume",
			  sample->cluster->tables->volumes[sample->volume].name);
	}
	if (label) {
		putc(',', sample->out);
		put_label(sample->out, label, value);
	}
	fputs("} ", sample->out);
}

static void put_number(const struct sample *sample, uint64_t number)
{
	put_head(sample, NULL, NULL);
	fprintf(sample->out, "%" PRIu64 "\n", number);
}

/* Without a floating point number, so that no locale can turn the point into a comma. */
static void put_millionths(const struct sample *sample, uint64_t number)
{
	put_head(sample, NULL, NULL);
	fprintf(sample->out, "%" PRIu64 ".%06" PRIu64 "\n", number / 1000000, number % 1000000);
}

/* --- of a cluster --------------------------------------------------------------------- */

static bool is_logged_on(const struct host *host)
{
	return host && (host->phase == HOST_ONLINE || host->phase == HOST_LOGGING_OFF);
}

static void logged_on(const struct sample *sample)
{
	put_number(sample, is_logged_on(sample->cluster->host));
}

static void suspended(const struct sample *sample)
{
	put_number(sample, sample->cluster->host && sample->cluster->host->suspended);
}

static void control_answers(const struct sample *sample)
{
	put_number(sample, sample->cluster->state == CONTROL_OK ||
				   sample->cluster->state == CONTROL_SLOW);
}

static void control_latency(const struct sample *sample)
{
	if (sample->cluster->open && sample->cluster->latency_us > 0)
		put_millionths(sample, sample->cluster->latency_us);
}

static void tables_version(const struct sample *sample)
{
	if (sample->cluster->tables)
		put_number(sample, sample->cluster->tables->version);
}

static void openings(const struct sample *sample)
{
	if (sample->cluster->tables)
		put_number(sample, sample->cluster->tables->openings);
}

static void hosts(const struct sample *sample)
{
	const struct tables *tables = sample->cluster->tables;
	uint64_t on = 0;
	uint64_t off = 0;

	if (!tables)
		return;
	for (uint16_t i = 0; i < tables->host_count; i++) {
		on += tables->hosts[i].state == ROW_USED && tables->hosts[i].logged_on;
		off += tables->hosts[i].state == ROW_USED && !tables->hosts[i].logged_on;
	}
	put_head(sample, "state", "logged-on");
	fprintf(sample->out, "%" PRIu64 "\n", on);
	put_head(sample, "state", "logged-off");
	fprintf(sample->out, "%" PRIu64 "\n", off);
}

/* --- of a volume ------------------------------------------------------------------------ */

static void volume_mounted(const struct sample *sample, const struct volume_row *row,
			   const struct host_volume *local)
{
	(void)row;
	if (local && local->looked)
		put_number(sample, local->mounted == MOUNTED_VIEW ||
					   local->mounted == MOUNTED_ENDED ||
					   local->mounted == MOUNTED_WRITE);
}

static void volume_writable(const struct sample *sample, const struct volume_row *row,
			    const struct host_volume *local)
{
	(void)row;
	if (local && local->looked)
		put_number(sample, local->mounted == MOUNTED_WRITE);
}

static void volume_has_writer(const struct sample *sample, const struct volume_row *row,
			      const struct host_volume *local)
{
	(void)local;
	put_number(sample, row->phase != PHASE_FREE);
}

static void volume_stale(const struct sample *sample, const struct volume_row *row,
			 const struct host_volume *local)
{
	(void)row;
	if (local && local->looked)
		put_number(sample, host_view_is_stale(sample->cluster->host, sample->volume));
}

static void volume_generation(const struct sample *sample, const struct volume_row *row,
			      const struct host_volume *local)
{
	put_number(sample, local && local->published > row->generation ? local->published :
									 row->generation);
}

static void volume_holders(const struct sample *sample, const struct volume_row *row,
			   const struct host_volume *local)
{
	(void)row;
	if (local)
		put_number(sample, local->holder_count);
}

static void volume_free(const struct sample *sample, const struct volume_row *row,
			const struct host_volume *local)
{
	(void)row;
	if (local && local->mounted != MOUNTED_NOT && local->free_bytes != UINT64_MAX)
		put_number(sample, local->free_bytes);
}

static void volume_size(const struct sample *sample, const struct volume_row *row,
			const struct host_volume *local)
{
	(void)row;
	if (local && local->mounted != MOUNTED_NOT && local->total_bytes != UINT64_MAX)
		put_number(sample, local->total_bytes);
}

static void volume_requests(const struct sample *sample, const struct volume_row *row,
			    const struct host_volume *local)
{
	const struct tables *tables = sample->cluster->tables;
	const struct request_row *request = NULL;
	uint64_t count = 0;

	(void)row;
	(void)local;
	while ((request = tables_queue_next(tables, sample->volume, request ? request->id : 0)))
		count++;
	put_number(sample, count);
}

/* --- all of them -------------------------------------------------------------------------- */

static const struct family families[] = {
	{ .name = "volctl_logged_on", .type = "gauge",
	  .help = "Whether this host is logged on.", .of_cluster = logged_on },
	{ .name = "volctl_suspended", .type = "gauge",
	  .help = "Whether this host is suspended.", .of_cluster = suspended },
	{ .name = "volctl_control_answers", .type = "gauge",
	  .help = "Whether the control device answers.", .of_cluster = control_answers },
	{ .name = "volctl_control_latency_seconds", .type = "gauge", .unit = "seconds",
	  .help = "Smoothed duration of operations on the control device.",
	  .of_cluster = control_latency },
	{ .name = "volctl_tables_version", .type = "gauge",
	  .help = "Newest version of the tables that this host has learned.",
	  .of_cluster = tables_version },
	{ .name = "volctl_log_ons", .type = "counter",
	  .help = "Log ons of all hosts, ever.", .of_cluster = openings },
	{ .name = "volctl_hosts", .type = "gauge",
	  .help = "Hosts in the tables, by what the tables say of them.", .of_cluster = hosts },
	{ .name = "volctl_volume_mounted", .type = "gauge",
	  .help = "Whether the volume is mounted on this host.", .of_volume = volume_mounted },
	{ .name = "volctl_volume_writable", .type = "gauge",
	  .help = "Whether the volume is mounted read-write on this host.",
	  .of_volume = volume_writable },
	{ .name = "volctl_volume_has_writer", .type = "gauge",
	  .help = "Whether some host has write access.", .of_volume = volume_has_writer },
	{ .name = "volctl_volume_view_stale", .type = "gauge",
	  .help = "Whether this host views an older state than the one published.",
	  .of_volume = volume_stale },
	{ .name = "volctl_volume_generation", .type = "gauge",
	  .help = "Newest published state that this host knows of.",
	  .of_volume = volume_generation },
	{ .name = "volctl_volume_holders", .type = "gauge",
	  .help = "Programs that were found to keep the volume busy on this host.",
	  .of_volume = volume_holders },
	{ .name = "volctl_volume_free_bytes", .type = "gauge", .unit = "bytes",
	  .help = "Free space.", .of_volume = volume_free },
	{ .name = "volctl_volume_size_bytes", .type = "gauge", .unit = "bytes",
	  .help = "Size of the file system.", .of_volume = volume_size },
	{ .name = "volctl_volume_requests", .type = "gauge",
	  .help = "Requests for write access that wait.", .of_volume = volume_requests },
};

static void put_volumes(const struct family *family, struct sample *sample)
{
	const struct cluster *cluster = sample->cluster;

	for (uint16_t i = 0; cluster->tables && i < cluster->tables->volume_count; i++) {
		const struct volume_row *row = &cluster->tables->volumes[i];
		const struct host_volume *local = cluster->host ? &cluster->host->volumes[i] : NULL;

		if (row->state != ROW_USED)
			continue;
		if (local && local->born != row->born)
			local = NULL;
		sample->volume = i;
		family->of_volume(sample, row, local);
	}
}

static void put_family(FILE *out, const struct family *family, struct cluster *const *clusters,
		       unsigned int count)
{
	struct sample sample = {
		.out = out,
		.family = family->name,
		.suffix = strcmp(family->type, "counter") == 0 ? "_total" : "",
	};

	fprintf(out, "# TYPE %s %s\n", family->name, family->type);
	if (family->unit)
		fprintf(out, "# UNIT %s %s\n", family->name, family->unit);
	fprintf(out, "# HELP %s %s\n", family->name, family->help);
	for (unsigned int i = 0; i < count; i++) {
		sample.cluster = clusters[i];
		sample.volume = SLOT_NONE;
		if (family->of_cluster)
			family->of_cluster(&sample);
		else
			put_volumes(family, &sample);
	}
}

char *status_metrics(struct cluster *const *clusters, unsigned int count)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out)
		return NULL;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		put_family(out, &families[i], clusters, count);
	fputs("# EOF\n", out);
	failed = ferror(out);
	if (fclose(out) != 0 || failed) {
		free(text);
		return NULL;
	}
	return text;
}
