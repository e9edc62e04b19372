#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "operator/source.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>

void source_add(struct source *s, const char *path, const void *data, size_t len)
{
	char *copy = xmalloc(len + 1);

	memcpy(copy, data, len);
	copy[len] = '\0';
	s->files = xgrow(s->files, &s->cap, s->count + 1, sizeof(*s->files));
	s->files[s->count++] = (struct lineage_file){ .path = xstrdup(path), .data = copy, .len = len };
}

void source_release(struct source *s)
{
	size_t i;

	for (i = 0; i < s->count; i++) {
		free((char *)s->files[i].path);
		free((void *)s->files[i].data);
	}
	free(s->files);
	memset(s, 0, sizeof(*s));
}

static int by_path(const void *a, const void *b)
{
	const struct lineage_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

static enum avo_status check_size(const struct source *s, struct error *err)
{
	size_t total = 0, i;

	for (i = 0; i < s->count; i++)
		total += s->files[i].len;
	if (s->count > SOURCE_MAX_FILES || total > SOURCE_MAX_BYTES)
		return error_set(err, AVO_USAGE, "a candidate has at most %d files and %zu MiB; this one has %zu files and %zu bytes",
				 SOURCE_MAX_FILES, SOURCE_MAX_BYTES >> 20, s->count, total);
	return AVO_OK;
}

enum avo_status source_from_commit(struct source *out, struct lineage *l, const char *commit, struct error *err)
{
	struct buf names = BUF_INIT, data = BUF_INIT;
	const char *cursor, *line;
	enum avo_status st;
	size_t len;

	memset(out, 0, sizeof(*out));
	st = lineage_list_files(&names, l, commit, err);
	cursor = buf_cstr(&names);
	while (st == AVO_OK && str_next_line(&cursor, buf_cstr(&names) + names.len, &line, &len)) {
		char *path = xstrndup(line, len);

		buf_clear(&data);
		st = *path ? lineage_read_file(&data, l, commit, path, err) : AVO_OK;
		if (st == AVO_OK && *path)
			source_add(out, path, buf_cstr(&data), data.len);
		free(path);
	}
	buf_release(&names);
	buf_release(&data);
	if (st == AVO_OK)
		st = check_size(out, err);
	if (st != AVO_OK)
		source_release(out);
	return st;
}

static bool visible(void *arg, const char *name)
{
	return name[0] != '.' && strcmp(name, "avo.conf") != 0;
}

static enum avo_status add_from_disk(struct source *out, const char *dir, const char *name, struct error *err)
{
	char *path = path_join(dir, name);
	struct buf data = BUF_INIT;
	enum avo_status st = AVO_OK;
	struct stat info;

	if (lstat(path, &info) == 0 && S_ISREG(info.st_mode)) {
		st = path_read(&data, path, SOURCE_MAX_BYTES, err);
		if (st == AVO_OK)
			source_add(out, name, buf_cstr(&data), data.len);
	}
	buf_release(&data);
	free(path);
	return st;
}

enum avo_status source_from_dir(struct source *out, const char *dir, source_filter *take, void *arg, struct error *err)
{
	DIR *d = opendir(dir);
	enum avo_status st = AVO_OK;
	struct dirent *entry;

	memset(out, 0, sizeof(*out));
	if (!d)
		return error_errno(err, errno, "cannot read the directory %s", dir);
	while (st == AVO_OK && (entry = readdir(d)))
		if (take ? take(arg, entry->d_name) : visible(NULL, entry->d_name))
			st = add_from_disk(out, dir, entry->d_name, err);
	closedir(d);
	if (st == AVO_OK)
		st = check_size(out, err);
	if (st == AVO_OK && out->count)
		qsort(out->files, out->count, sizeof(*out->files), by_path);
	if (st != AVO_OK)
		source_release(out);
	return st;
}
