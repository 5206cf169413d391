/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * utf8 - text that came from elsewhere, made fit to parse and to show.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Length of the UTF-8 character at the start of @text (of @len > 0 bytes) and
 * its code point; 0 if it is none (overlong, a surrogate, cut off, ...).
 */
size_t utf8_decode(const char *text, size_t len, uint32_t *ret_point);

/*
 * Whether a character may reach a terminal: no control character, nothing that turns the
 * direction.
 */
bool utf8_is_harmless(uint32_t point);

/* Replace every byte that does not belong to a valid character by '?'. */
void utf8_repair(char *text, size_t len);
