/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/control.h"

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

void control_make(struct control *control)
{
	const char *tmp = getenv("TMPDIR");
	int fd;

	(void)snprintf(control->directory, sizeof(control->directory), "%s/control.XXXXXX",
		       tmp ? tmp : "/tmp");
	must(mkdtemp(control->directory), "mkdtemp");
	(void)snprintf(control->path, sizeof(control->path), "%s/device", control->directory);
	fd = open(control->path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	must(fd >= 0 && close(fd) == 0, control->path);
}

void control_format(struct control *control, const char *io_timeout)
{
	struct offline_formatted formatted;
	struct volctl_error error;
	char text[512];
	const struct offline_format order = {
		.device = control->path,
		.text = text,
		.text_len = (size_t)snprintf(text, sizeof(text),
					     "[cluster]\nname = studio\nio-timeout = %s\n"
					     "[host a]\n[host b]\n[host c]\n"
					     "[volume media]\n"
					     "uuid = 11111111-2222-3333-4444-555555555555\n"
					     "mount-point = /volumes/media\n",
					     io_timeout),
		.force = true,
	};

	if (offline_format(&order, &formatted, &error) == 0)
		return;
	(void)fprintf(stderr, "%s %s\n", error.message,
		      error.details ? json_object_to_json_string(error.details) : "");
	abort();
}

void control_remove(struct control *control)
{
	(void)unlink(control->path);
	(void)rmdir(control->directory);
}

struct io *control_open(const struct control *control)
{
	struct io *io = NULL;

	must(io_open_path(control->path, 0, &io) == 0, control->path);
	return io;
}

void control_spoil(const struct control *control, uint64_t offset)
{
	struct io *io = control_open(control);
	uint8_t *sector = io_buffer(io, SECTOR_MAX);

	must(sector && io_read(io, offset, sector, io->sector_size) == 0, "read");
	sector[100] ^= 0x5a;
	must(io_write(io, offset, sector, io->sector_size) == 0, "write");
	free(sector);
	io_close(io);
}
