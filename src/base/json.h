/*
 * cJSON with its traps taken out: strict getters that are case sensitive and
 * typed, a parser with bounds on size and depth that repairs what the library
 * refuses (lone surrogates) or lets through (bytes that are no UTF-8) and refuses what it mangles (an escaped NUL, which
 * would cut a string short), and integers that keep their digits up to 2^53.
 */
#ifndef AVO_BASE_JSON_H
#define AVO_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cjson/cJSON.h>

#include "base/buf.h"
#include "base/error.h"

/* Parses exactly one value. Lone surrogates, \u0000 and bytes that are not UTF-8 become U+FFFD. The result is owned: cJSON_Delete. */
enum avo_status json_parse(cJSON **out, const char *text, size_t len, struct error *err);

/* Getters: a missing member or one of another type gives the fallback. Strings are borrowed. obj may be NULL. */
const char *json_str(const cJSON *obj, const char *key, const char *fallback);
double json_num(const cJSON *obj, const char *key, double fallback);
int64_t json_int(const cJSON *obj, const char *key, int64_t fallback);
bool json_bool(const cJSON *obj, const char *key, bool fallback);
const cJSON *json_get(const cJSON *obj, const char *key);	/* any type, NULL if missing */
const cJSON *json_arr(const cJSON *obj, const char *key);	/* NULL unless an array */
const cJSON *json_obj(const cJSON *obj, const char *key);	/* NULL unless an object */

/* Setters: add or replace. A value that is not finite is written as null. */
void json_set_str(cJSON *obj, const char *key, const char *value);	/* value NULL: nothing is set */
void json_set_num(cJSON *obj, const char *key, double value);
void json_set_int(cJSON *obj, const char *key, int64_t value);
void json_set_bool(cJSON *obj, const char *key, bool value);
/* Takes ownership of value. */
void json_set(cJSON *obj, const char *key, cJSON *value);
void json_push(cJSON *array, cJSON *value);

/* Appends the value on one line. Strings that hold bytes which are not UTF-8 are repaired. */
void json_print(struct buf *out, const cJSON *value);
char *json_print_new(const cJSON *value);		/* owned */

#endif
