/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* clean - text that came from elsewhere (commands, programs), fit for JSON, logs and screens. */
#pragma once

#include <stddef.h>

/*
 * Replace in place every byte that is not valid UTF-8, every control character and
 * everything that turns the direction of text by '?'; tabs become blanks.
 */
void clean_text(char *text);

/*
 * Copy @text cleaned, as far as it fits into @size bytes, cut between characters.
 * @text ends with a zero or after @len bytes.
 */
void clean_copy(char *to, size_t size, const char *text, size_t len);
