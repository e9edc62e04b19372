#include "avo.h"
#include "base/buf.h"
#include "base/str.h"
#include "candidate/rules.h"

#include <fnmatch.h>

/* Names at the top of a candidate that mean something in the directory of a run, where its files are checked out. */
static const struct {
	const char *name, *means;
} meanings[] = {
	{ "avo.conf", "holds a run's settings" },
	{ "prompts", "once held a run's own prompts (they belong into .avo/prompts)" },
};

static const char *const passed_by[] = {
	".git", ".gitignore", ".gitattributes", ".gitmodules", ".avo*", ".*.sw?", ".#*", ".nfs*", ".DS_Store",
};

static const struct {
	const char *bytes;
	size_t len;
} objects[] = {
	{ "\177ELF", 4 },		/* objects, shared objects, programs, cubins */
	{ "!<arch>\n", 8 },		/* archives */
	{ "\x50\xed\x55\xba", 4 },	/* fat binaries of CUDA */
	{ "gpch", 4 },			/* precompiled headers of gcc */
};

/* The first part of a path. */
static bool part_is(const char *path, const char *name)
{
	size_t n = strlen(name);

	return strncmp(path, name, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

bool candidate_path_hidden(const char *path)
{
	const char *part = path;

	if (strcmp(path, meanings[0].name) == 0)
		return true;
	for (;;) {
		if (*part == '.' || *part == '/' || *part == '\0')
			return true;
		part = strchr(part, '/');
		if (!part)
			return false;
		part++;
	}
}

static bool has_hidden_part(const char *path)
{
	return *path == '.' || strstr(path, "/.");
}

static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* What libgit2 refuses beyond that, on every system: names that another system would take for something else. */
static bool is_portable(const char *path)
{
	const char *part = path;

	for (; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (strncasecmp(part, "git~", 4) == 0)
			return false;
	return !strchr(path, '\\') && !strchr(path, ':');
}

enum avo_status candidate_check_path(const char *path, struct error *err)
{
	struct buf shown = BUF_INIT;
	enum avo_status st = AVO_OK;
	size_t i;

	str_escape(&shown, path, strlen(path));
	if (shown.len != strlen(path))
		st = error_set(err, AVO_USAGE, "\"%.80s\" cannot be the name of a candidate's file: it holds a control character, or bytes "
			       "that are not UTF-8; rename it", buf_cstr(&shown));
	else if (!*path || *path == '/' || strstr(path, "//") || path[strlen(path) - 1] == '/')
		st = error_set(err, AVO_USAGE, "\"%.80s\" cannot be the name of a candidate's file: names are relative paths", path);
	else if (has_hidden_part(path))
		st = error_set(err, AVO_USAGE, "\"%.80s\" cannot be a candidate's file: a candidate has no hidden files; rename it, or put it elsewhere",
			       path);
	else if (depth_of(path) > CANDIDATE_MAX_DEPTH)
		st = error_set(err, AVO_USAGE, "\"%.80s\" is too deep: a candidate has at most %d levels of directories", path, CANDIDATE_MAX_DEPTH);
	else if (!is_portable(path))
		st = error_set(err, AVO_USAGE, "\"%.80s\" cannot be the name of a candidate's file: it holds a character or a part that git refuses",
			       path);
	for (i = 0; st == AVO_OK && i < ARRAY_LEN(meanings); i++)
		if (part_is(path, meanings[i].name))
			st = error_set(err, AVO_USAGE, "\"%.80s\" cannot be a candidate's file: in the directory of a run, %s %s; rename it", path,
				       meanings[i].name, meanings[i].means);
	buf_release(&shown);
	return st;
}

enum avo_status candidate_check_text(const char *path, const void *data, size_t len, struct error *err)
{
	const char *nul;

	if (len > CANDIDATE_MAX_FILE_BYTES)
		return error_set(err, AVO_USAGE, "%.80s is larger than the %zu MiB that a candidate's file may have", path,
				 CANDIDATE_MAX_FILE_BYTES >> 20);
	nul = len ? memchr(data, 0, len) : NULL;
	if (nul)
		return error_set(err, AVO_USAGE, "%.80s holds a NUL byte (at byte %zu): a candidate is source text that a person can read; "
				 "take it out, or put the file elsewhere", path, (size_t)(nul - (const char *)data));
	return AVO_OK;
}

enum avo_status candidate_check_totals(size_t files, size_t bytes, struct error *err)
{
	if (files > CANDIDATE_MAX_FILES)
		return error_set(err, AVO_USAGE, "a candidate has at most %d files; this one has more", CANDIDATE_MAX_FILES);
	if (bytes > CANDIDATE_MAX_BYTES)
		return error_set(err, AVO_USAGE, "a candidate has at most %zu MiB in all its files; this one has more", CANDIDATE_MAX_BYTES >> 20);
	return AVO_OK;
}

bool candidate_passes_by(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(passed_by); i++)
		if (fnmatch(passed_by[i], name, 0) == 0)
			return true;
	return false;
}

bool candidate_is_object(const void *data, size_t len)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(objects); i++)
		if (len >= objects[i].len && memcmp(data, objects[i].bytes, objects[i].len) == 0)
			return true;
	return false;
}
