/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * limits - how much of everything there can be, and the types that say so.
 *
 * The capacity of a cluster is chosen at format and fixed while it lives; the
 * _MAX here bound every capacity and every string.
 */
#pragma once

#include <stdint.h>

#define FORMAT_VERSION 1

#define HOSTS_MAX 256
#define VOLUMES_MAX 1024
#define ACCESS_MAX 16384
#define REQUESTS_PER_HOST 4
#define REQUESTS_MAX (HOSTS_MAX * REQUESTS_PER_HOST)
#define EARLIER_MAX 4		/* unproven earlier writers of a volume */
#define IMAGE_SLOTS 3		/* per host */

/* Bytes of a string, without its terminating zero. */
#define NAME_BYTES_MAX 63
#define TEXT_BYTES_MAX 512
#define PATH_BYTES_MAX 255
#define UUID_BYTES_MAX 36
#define LIST_BYTES_MAX 127	/* groups, domains, mount options */
#define PERSON_BYTES_MAX 31

#define SECTOR_MIN 512
#define SECTOR_MAX 4096

#define SLOT_NONE UINT16_MAX

/* The three identities are 128 random bits each. */
struct id128 {
	uint8_t bytes[16];
};

struct capacity {
	uint16_t hosts;		/* 1..HOSTS_MAX */
	uint16_t volumes;	/* 1..VOLUMES_MAX */
	uint16_t access;	/* access records, 1..ACCESS_MAX */
};

static inline uint32_t capacity_requests(const struct capacity *capacity)
{
	return (uint32_t)capacity->hosts * REQUESTS_PER_HOST;
}
