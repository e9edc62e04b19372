#include "avo.h"
#include "base/beneath.h"
#include "base/mem.h"
#include "candidate/rules.h"
#include "candidate/source.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_NAMES 4096		/* looked at in all, empty directories included */
#define SHOWN_FACTOR 8		/* of the limits, for what is only shown: older records have more */

struct scan {
	struct source *out;
	enum source_reading reading;
	bool in_run;		/* the directory is that of a run */
	size_t names, bytes;
	struct error *err;
};

struct source_file *source_add(struct source *s, const char *path, const void *data, size_t len)
{
	struct source_file *f;
	char *copy = xmalloc(len + 1);

	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	s->files = xgrow(s->files, &s->cap, s->count + 1, sizeof(*s->files));
	f = &s->files[s->count++];
	*f = (struct source_file){ .path = xstrdup(path), .data = copy, .len = len };
	return f;
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
	const struct source_file *x = a, *y = b;

	return strcmp(x->path, y->path);
}

const struct source_file *source_find(const struct source *s, const char *path)
{
	size_t i;

	for (i = 0; i < s->count; i++)
		if (strcmp(s->files[i].path, path) == 0)
			return &s->files[i];
	return NULL;
}

/* What breaks a rule ends the scan, or is left out where the files are only shown. */
static enum avo_status broken(const struct scan *scan, enum avo_status st)
{
	return scan->reading == SOURCE_SHOWN && st == AVO_USAGE ? AVO_OK : st;
}

static enum avo_status check_totals(const struct scan *scan)
{
	size_t factor = scan->reading == SOURCE_SHOWN ? SHOWN_FACTOR : 1;

	return candidate_check_totals((scan->out->count + factor - 1) / factor, scan->bytes / factor, scan->err);
}

static enum avo_status take(struct scan *scan, const struct stat *info, const char *path, const struct buf *text)
{
	enum avo_status st;

	if (candidate_is_object(buf_cstr(text), text->len))
		return AVO_OK;
	st = candidate_check_text(path, buf_cstr(text), text->len, scan->err);
	if (st != AVO_OK)
		return broken(scan, st);
	source_add(scan->out, path, buf_cstr(text), text->len)->executable = (info->st_mode & S_IXUSR) != 0;
	scan->bytes += text->len;
	return check_totals(scan);
}

/* One byte more than the limit is enough to know, unless it is an object of any size. */
static enum avo_status read_file(struct scan *scan, int fd, const struct stat *info, const char *path)
{
	struct buf text = BUF_INIT;
	enum avo_status st = beneath_read_fd(&text, fd, CANDIDATE_MAX_FILE_BYTES + 1, path, scan->err);

	if (st == AVO_OK)
		st = take(scan, info, path, &text);
	buf_release(&text);
	return st;
}

static enum avo_status scan_dir(struct scan *scan, int fd, const char *prefix, int depth);

static enum avo_status scan_open(struct scan *scan, int fd, const char *path, int depth)
{
	enum avo_status st = AVO_OK;
	struct stat info;

	if (fstat(fd, &info) != 0)
		st = error_errno(scan->err, errno, "cannot read %s", path);
	else if (S_ISDIR(info.st_mode))
		return scan_dir(scan, fd, path, depth + 1);
	else if (S_ISREG(info.st_mode))
		st = read_file(scan, fd, &info, path);
	else
		st = broken(scan, error_set(scan->err, AVO_USAGE, "%s is neither a file nor a directory: a candidate has nothing else", path));
	close(fd);
	return st;
}

static enum avo_status cannot_open(const struct scan *scan, const char *path, int number)
{
	if (number == ELOOP)
		return broken(scan, error_set(scan->err, AVO_USAGE, "%s is a link: a candidate has files of its own; copy what it points to", path));
	if (number == ENOENT || number == ENXIO)	/* gone since it was listed; a socket */
		return broken(scan, error_set(scan->err, AVO_USAGE, "%s is not there any more, or no file", path));
	return error_errno(scan->err, number, "cannot read %s", path);
}

static enum avo_status scan_path(struct scan *scan, int dir, const char *name, const char *path, int depth)
{
	enum avo_status st = candidate_check_path(path, scan->err);
	int fd;

	if (st != AVO_OK)
		return broken(scan, st);
	fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? cannot_open(scan, path, errno) : scan_open(scan, fd, path, depth);
}

/* What is no part of a candidate wherever it lies, and at the top of a run's directory its settings. */
static bool left_out(const struct scan *scan, const char *name, int depth)
{
	return candidate_passes_by(name) || (depth == 0 && scan->in_run && strcmp(name, "avo.conf") == 0);
}

static enum avo_status scan_name(struct scan *scan, int dir, const char *name, const char *prefix, int depth)
{
	enum avo_status st;
	char *path;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || left_out(scan, name, depth))
		return AVO_OK;
	if (++scan->names > MAX_NAMES)
		return error_set(scan->err, AVO_USAGE, "there are more than %d names in the candidate's directories; remove what is no source", MAX_NAMES);
	path = xasprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
	st = scan_path(scan, dir, name, path, depth);
	free(path);
	return st;
}

/* Takes the descriptor. */
static enum avo_status scan_dir(struct scan *scan, int fd, const char *prefix, int depth)
{
	enum avo_status st = AVO_OK;
	struct dirent *d;
	DIR *dir;

	if (depth > CANDIDATE_MAX_DEPTH) {
		close(fd);
		return broken(scan, error_set(scan->err, AVO_USAGE, "%s is too deep: a candidate has at most %d levels of directories", prefix,
					      CANDIDATE_MAX_DEPTH));
	}
	dir = fdopendir(fd);
	if (!dir) {
		st = error_errno(scan->err, errno, "cannot read the directory %s", prefix);
		close(fd);
		return st;
	}
	while (st == AVO_OK && (d = readdir(dir)))
		st = scan_name(scan, dirfd(dir), d->d_name, prefix, depth);
	closedir(dir);
	return st;
}

enum avo_status source_from_fd(struct source *out, int dir, enum source_reading reading, struct error *err)
{
	struct error own;
	struct scan scan = { .out = out, .reading = reading, .err = err ? err : &own };
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum avo_status st;
	struct stat info;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return error_errno(err, errno, "cannot read the candidate's directory");
	scan.in_run = fstatat(fd, ".avo", &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(info.st_mode);
	st = scan_dir(&scan, fd, "", 0);
	if (st != AVO_OK)
		source_release(out);
	else if (out->count)
		qsort(out->files, out->count, sizeof(*out->files), by_path);
	return st;
}

enum avo_status source_from_dir(struct source *out, const char *dir, enum source_reading reading, struct error *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return error_errno(err, errno, "cannot read the directory %s", dir);
	st = source_from_fd(out, fd, reading, err);
	close(fd);
	return st;
}

enum avo_status source_from_file(struct source *out, const char *path, const char *name, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct buf text = BUF_INIT;
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	if (fd < 0)
		return error_errno(err, errno, "cannot read %s", path);
	st = beneath_read_fd(&text, fd, CANDIDATE_MAX_FILE_BYTES + 1, path, err);
	if (st == AVO_OK)
		st = candidate_check_text(path, buf_cstr(&text), text.len, err);
	if (st == AVO_OK)
		source_add(out, name, buf_cstr(&text), text.len);
	buf_release(&text);
	close(fd);
	return st;
}

/* One path twice, or one that is the directory of another. */
static bool collide(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	if (n > m)
		return collide(b, a);
	return strncmp(a, b, n) == 0 && (b[n] == '\0' || b[n] == '/');
}

static enum avo_status check_collisions(const struct source_file *files, size_t count, struct error *err)
{
	size_t i, j;

	for (i = 0; i < count; i++)
		for (j = 0; j < i; j++)
			if (collide(files[i].path, files[j].path))
				return error_set(err, AVO_USAGE, "%.80s and %.80s cannot both be files of one candidate", files[j].path, files[i].path);
	return AVO_OK;
}

enum avo_status source_check(const struct source_file *files, size_t count, struct error *err)
{
	enum avo_status st = candidate_check_totals(count, 0, err);
	size_t i, bytes = 0;

	if (count == 0)
		return error_set(err, AVO_USAGE, "a candidate needs at least one file");
	for (i = 0; i < count && st == AVO_OK; i++) {
		st = candidate_check_path(files[i].path, err);
		if (st == AVO_OK)
			st = candidate_check_text(files[i].path, files[i].data, files[i].len, err);
		bytes += files[i].len;
	}
	if (st == AVO_OK)
		st = candidate_check_totals(count, bytes, err);
	return st == AVO_OK ? check_collisions(files, count, err) : st;
}

enum avo_status source_write(const struct source *s, const char *dir, enum beneath_durability durability, struct error *err)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum avo_status st = AVO_OK;
	size_t i;

	if (fd < 0)
		return error_errno(err, errno, "cannot open the directory %s", dir);
	for (i = 0; i < s->count && st == AVO_OK; i++)
		st = beneath_write(fd, s->files[i].path, s->files[i].data, s->files[i].len, s->files[i].executable ? 0755 : 0644,
				   durability, err);
	close(fd);
	return st;
}
