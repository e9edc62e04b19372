/*
 * avo.conf: git-config syntax, read and written with libgit2. Not linked into
 * the worker. Keys are "section.name" or "section.subsection.name", lower case.
 * avo.conf(5) documents every key; CONF_KEYS (conf.c) is its source.
 */
#ifndef AVO_BASE_CONF_H
#define AVO_BASE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct conf;

/* Reads the file at path; a missing file is AVO_ENVIRONMENT, a syntax error names the line. */
enum avo_status conf_open(struct conf **out, const char *path, struct error *err);
/* An empty one that lives in memory, for defaults and tests. */
enum avo_status conf_new(struct conf **out, struct error *err);
/* The same from text. */
enum avo_status conf_parse(struct conf **out, const char *text, struct error *err);
void conf_free(struct conf *conf);

/* Borrowed until the next set or free. The fallback when the key is not there. */
const char *conf_str(const struct conf *conf, const char *key, const char *fallback);
/* A value of the wrong form is reported through err with the key's name; missing gives the fallback. */
enum avo_status conf_int(int64_t *out, const struct conf *conf, const char *key, int64_t fallback, struct error *err);
enum avo_status conf_num(double *out, const struct conf *conf, const char *key, double fallback, struct error *err);
enum avo_status conf_bool(bool *out, const struct conf *conf, const char *key, bool fallback, struct error *err);
/* "2m", "1h30m", plain seconds; out in milliseconds. "none" and "0" give 0, which means no limit. */
enum avo_status conf_duration(int64_t *out, const struct conf *conf, const char *key, int64_t fallback_ms, struct error *err);

/* Writes through to the file when there is one. */
enum avo_status conf_set(struct conf *conf, const char *key, const char *value, struct error *err);

/* Calls fn for every entry in file order; stops when it returns false. */
void conf_each(const struct conf *conf, bool (*fn)(void *arg, const char *key, const char *value), void *arg);

#endif
