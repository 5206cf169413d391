/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* crc32c - the Castagnoli CRC (iSCSI, RFC 3720), continued from an earlier one; start with 0. */
#pragma once

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(uint32_t crc, const void *data, size_t len);
