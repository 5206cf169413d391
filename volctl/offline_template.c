/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <blkid/blkid.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tables/form.h"
#include "volctl/offline_internal.h"

#define SYSTEM_DEVICES_MAX 64

/* What the template is made from. */
struct templating {
	struct tables *tables;
	dev_t system[SYSTEM_DEVICES_MAX];	/* devices that this machine itself lives on */
	size_t system_count;
};

/* Where a machine keeps itself: nothing of that is shared with others. */
static bool is_system_place(const char *mount_point)
{
	static const char *const places[] = { "/", "/boot", "/efi", "/usr", "/var", "/home",
					      "/tmp", "/opt", "/srv", "/root", "/nix" };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i]);

		if (strcmp(mount_point, places[i]) == 0 ||
		    (len > 1 && strncmp(mount_point, places[i], len) == 0 &&
		     mount_point[len] == '/'))
			return true;
	}
	return false;
}

/* A line of mountinfo: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw". */
static void note_mount(struct templating *t, const char *line)
{
	const char *rest = strstr(line, " - ");
	char mount_point[256];
	char source[256];
	struct stat st;

	if (!rest || sscanf(line, "%*s %*s %*s %*s %255s", mount_point) != 1 ||
	    sscanf(rest, " - %*s %255s", source) != 1)
		return;
	if (is_system_place(mount_point) && stat(source, &st) == 0 && S_ISBLK(st.st_mode) &&
	    t->system_count < SYSTEM_DEVICES_MAX)
		t->system[t->system_count++] = st.st_rdev;
}

static void note_system_devices(struct templating *t)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t size = 0;

	if (!mounts)
		return;
	while (getline(&line, &size, mounts) >= 0)
		note_mount(t, line);
	free(line);
	(void)fclose(mounts);
}

static bool is_system_device(const struct templating *t, dev_t number)
{
	for (size_t i = 0; i < t->system_count; i++) {
		if (t->system[i] == number)
			return true;
	}
	return false;
}

static bool is_supported(const char *type)
{
	static const char *const types[] = { "ext4", "ext3", "ext2", "xfs", "btrfs", "exfat",
					     "vfat" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(type, types[i]) == 0)
			return true;
	}
	return false;
}

/* The label where it can be a name, and is not taken. */
static void choose_name(const struct tables *tables, const char *label, char *ret_name)
{
	char name[NAME_BYTES_MAX + 1];

	if (label && strlen(label) <= NAME_BYTES_MAX && name_is_valid(label) &&
	    tables_volume_find(tables, label) == SLOT_NONE) {
		memcpy(ret_name, label, strlen(label) + 1);
		return;
	}
	for (unsigned int i = 1;; i++) {
		(void)snprintf(name, sizeof(name), "volume%u", i);
		if (tables_volume_find(tables, name) == SLOT_NONE)
			break;
	}
	memcpy(ret_name, name, sizeof(name));
}

static void add_volume(struct templating *t, const char *uuid, const char *label)
{
	struct tables *tables = t->tables;
	struct volume_row row = volume_row_defaults();

	if (tables->volume_count == VOLUMES_MAX || strlen(uuid) > UUID_BYTES_MAX ||
	    tables_volume_by_uuid(tables, uuid) != SLOT_NONE)
		return;
	row.state = ROW_USED;
	row.born = 1;
	memcpy(row.uuid, uuid, strlen(uuid) + 1);
	choose_name(tables, label, row.name);
	(void)snprintf(row.mount_point, sizeof(row.mount_point), "/volumes/%s", row.name);
	tables->volumes[tables->volume_count++] = row;
}

static void probe_device(struct templating *t, const char *path)
{
	struct stat st;
	const char *type = NULL;
	const char *uuid = NULL;
	const char *label = NULL;
	blkid_probe probe;

	if (stat(path, &st) < 0 || !S_ISBLK(st.st_mode) || is_system_device(t, st.st_rdev))
		return;
	probe = blkid_new_probe_from_filename(path);
	if (!probe)
		return;
	blkid_probe_enable_superblocks(probe, 1);
	blkid_probe_set_superblocks_flags(probe, BLKID_SUBLKS_TYPE | BLKID_SUBLKS_UUID |
							 BLKID_SUBLKS_LABEL);
	if (blkid_do_safeprobe(probe) == 0 &&
	    blkid_probe_lookup_value(probe, "TYPE", &type, NULL) == 0 && is_supported(type) &&
	    blkid_probe_lookup_value(probe, "UUID", &uuid, NULL) == 0) {
		(void)blkid_probe_lookup_value(probe, "LABEL", &label, NULL);
		add_volume(t, uuid, label);
	}
	blkid_free_probe(probe);
}

static void probe_globs(struct templating *t, const char *const *globs)
{
	for (; *globs; globs++) {
		glob_t found;

		if (glob(*globs, 0, NULL, &found) == 0) {
			for (size_t i = 0; i < found.gl_pathc; i++)
				probe_device(t, found.gl_pathv[i]);
		}
		globfree(&found);
	}
}

/* All block devices that the kernel knows of. */
static void probe_all(struct templating *t)
{
	FILE *partitions = fopen("/proc/partitions", "re");
	char *line = NULL;
	size_t size = 0;

	if (!partitions)
		return;
	while (getline(&line, &size, partitions) >= 0) {
		char name[128];
		char path[160];

		if (sscanf(line, "%*u %*u %*u %127s", name) != 1)
			continue;
		(void)snprintf(path, sizeof(path), "/dev/%s", name);
		probe_device(t, path);
	}
	free(line);
	(void)fclose(partitions);
}

/* The host's short name where it can be one. */
static void add_host(struct tables *tables, const char *host)
{
	struct host_row row = host_row_defaults();
	char name[256] = "";

	if (host)
		(void)snprintf(name, sizeof(name), "%s", host);
	else if (gethostname(name, sizeof(name) - 1) == 0)
		name[strcspn(name, ".")] = '\0';
	if (strlen(name) > NAME_BYTES_MAX || !name_is_valid(name))
		(void)snprintf(name, sizeof(name), "host1");
	row.state = ROW_USED;
	memcpy(row.name, name, strlen(name) + 1);
	tables->hosts[0] = row;
	tables->host_count = 1;
}

int offline_template(const char *const *globs, const char *host, char **ret_text,
		     struct volctl_error *ret_error)
{
	static const char cluster_name[] = "studio";
	const struct capacity most = {
		.hosts = HOSTS_MAX, .volumes = VOLUMES_MAX, .access = ACCESS_MAX,
	};
	struct templating t = { .tables = calloc(1, sizeof(*t.tables)) };
	size_t len;
	char *text = NULL;

	if (!t.tables)
		return offline_no_memory(ret_error);
	tables_init(t.tables, &most);
	memcpy(t.tables->name, cluster_name, sizeof(cluster_name));
	add_host(t.tables, host);
	note_system_devices(&t);
	if (globs)
		probe_globs(&t, globs);
	else
		probe_all(&t);
	len = form_print(t.tables, true, NULL, 0);
	text = malloc(len + 1);
	if (text)
		(void)form_print(t.tables, true, text, len + 1);
	free(t.tables);
	if (!text)
		return offline_no_memory(ret_error);
	*ret_text = text;
	return 0;
}
