/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * show - values in words, and colours where they are wanted.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline void free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void put_object(struct json_object **object)
{
	json_object_put(*object);
}

/* Freed, or put, when its scope ends. */
#define AUTO_FREE __attribute__((cleanup(free_pointer)))
#define AUTO_PUT __attribute__((cleanup(put_object)))

/* Formatted into memory of its own.  Ends the program if there is none. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* volctl_text_clean() that ends the program without memory; NULL stays NULL. */
char *text_clean(const char *text);

/*
 * Fields of an object from the daemon.  What is not there, or of another kind, is NULL or
 * @otherwise.
 */
const char *field_text(struct json_object *object, const char *key);
int64_t field_number(struct json_object *object, const char *key, int64_t otherwise);
bool field_true(struct json_object *object, const char *key);
struct json_object *field_list(struct json_object *object, const char *key);
struct json_object *field_object(struct json_object *object, const char *key);
size_t list_length(struct json_object *list);

/* The text of a field cleaned for a terminal, or @otherwise; the caller frees it. */
char *field_shown(struct json_object *object, const char *key, const char *otherwise);

/* Who keeps a volume busy: "blender (77), writing, since 34 s"; the caller frees it. */
char *holder_text(struct json_object *holder);

/*
 * Lines from elsewhere: as they are into files and pipes, cleaned (line by line) onto a terminal.
 */
void print_text(const char *text);

/* "34 s", "5 min", "2 h 10 min", "3 d 4 h"; "1.2 TiB". */
char *duration_text(int64_t seconds);
char *bytes_text(int64_t bytes);

enum tint { TINT_NONE, TINT_GOOD, TINT_WARN, TINT_BAD, TINT_STRONG };

/* What a word of the interface is: "dead" is bad.  For table cells and the status. */
enum tint word_tint(const char *word);
/* libsmartcols' name of a tint, or NULL. */
const char *tint_name(enum tint tint);
/* Terminal sequences, "" without colour. */
const char *tint_start(enum tint tint, bool color);
const char *tint_end(enum tint tint, bool color);
