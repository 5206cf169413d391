/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "volctl/offline_internal.h"

int offline_fail(struct volctl_error *ret_error, int r, const char *code, enum exit_status status,
		 const char *object, const char *format, ...)
{
	va_list args;

	*ret_error = (struct volctl_error){ .exit = status };
	(void)snprintf(ret_error->code, sizeof(ret_error->code), "%s", code);
	va_start(args, format);
	if (vasprintf(&ret_error->message, format, args) < 0)
		ret_error->message = NULL;
	va_end(args);
	ret_error->object = object ? strdup(object) : NULL;
	return r;
}

int offline_no_memory(struct volctl_error *ret_error)
{
	return offline_fail(ret_error, -ENOMEM, "failed", EXIT_FAILED, NULL, "out of memory");
}

int offline_io_failed(struct volctl_error *ret_error, int r, const char *device, const char *doing)
{
	return offline_fail(ret_error, r, "io-failed", EXIT_UNREACHABLE, device, "%s: %s: %s",
			    device, doing, strerror(-r));
}

int offline_open(const char *device, unsigned int flags, struct io **ret_io,
		 struct volctl_error *ret_error)
{
	int r = io_open_path(device, flags, ret_io);

	switch (-r) {
	case 0:
		return 0;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return offline_fail(ret_error, r, "no-such-device", EXIT_NO_SUCH, device,
				    "%s: no such device", device);
	case EBUSY:
		return offline_fail(
			ret_error, r, "in-use", EXIT_FAILED, device,
			"%s: in use (mounted, part of another device, or held by volctld)", device);
	case EROFS:
		return offline_fail(ret_error, r, "read-only", EXIT_FAILED, device,
				    "%s: the device is read-only", device);
	case ENOTBLK:
	case EISDIR:
		return offline_fail(ret_error, r, "not-a-device", EXIT_FAILED, device,
				    "%s: neither a block device nor a plain file", device);
	case EMEDIUMTYPE:
		return offline_fail(ret_error, r, "bad-sectors", EXIT_FAILED, device,
				    "%s: its sectors are neither 512 nor 4096 bytes", device);
	case EACCES:
	case EPERM:
		return offline_fail(ret_error, r, "not-permitted", EXIT_NOT_PERMITTED, device,
				    "%s: %s", device, strerror(-r));
	default:
		return offline_io_failed(ret_error, r, device, "opening");
	}
}
