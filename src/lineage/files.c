/* A candidate's files: from a directory into memory, from memory into a tree. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "lineage/internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool component_ok(const char *name, size_t len)
{
	return len > 0 && name[0] != '.';
}

bool lineage_path_ok(const char *path)
{
	const char *part = path;

	if (strcmp(path, "avo.conf") == 0)
		return false;
	for (;;) {
		const char *slash = strchr(part, '/');

		if (!component_ok(part, slash ? (size_t)(slash - part) : strlen(part)))
			return false;
		if (!slash)
			return true;
		part = slash + 1;
	}
}

void lineage_files_free(struct file_list *list)
{
	size_t i;

	for (i = 0; i < list->count; i++) {
		free((void *)list->files[i].path);
		free((void *)list->files[i].data);
	}
	free(list->files);
	memset(list, 0, sizeof(*list));
}

static enum avo_status read_open_file(struct buf *data, int fd, const char *path, struct error *err)
{
	for (;;) {
		char *room = buf_reserve(data, 65536);
		ssize_t n = room ? read(fd, room, 65536) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "cannot read %s", path);
		if (!room || data->len + (size_t)n > LINEAGE_MAX_FILE_BYTES)
			return error_set(err, AVO_USAGE, "%s is larger than the %zu MiB that a candidate's file may have", path,
					 LINEAGE_MAX_FILE_BYTES >> 20);
		if (n == 0)
			return AVO_OK;
		buf_commit(data, (size_t)n);
	}
}

static enum avo_status add_file(struct file_list *list, int dir_fd, const char *name, const char *path, struct error *err)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct buf data = BUF_INIT;
	struct stat st;
	enum avo_status status = AVO_OK;

	if (fd < 0 || fstat(fd, &st) != 0)
		status = error_errno(err, errno, "cannot read %s", path);
	else if (S_ISREG(st.st_mode))
		status = read_open_file(&data, fd, path, err);
	if (status == AVO_OK && list->count == LINEAGE_MAX_FILES)
		status = error_set(err, AVO_USAGE, "a candidate has at most %d files; %s is one more", LINEAGE_MAX_FILES, path);
	if (status == AVO_OK && S_ISREG(st.st_mode)) {
		struct lineage_file *f;

		list->files = xgrow(list->files, &list->cap, list->count + 1, sizeof(*f));
		f = &list->files[list->count++];
		f->path = xstrdup(path);
		f->len = data.len;
		f->data = buf_detach(&data);
		f->executable = (st.st_mode & S_IXUSR) != 0;
	}
	if (fd >= 0)
		close(fd);
	buf_release(&data);
	return status;
}

static enum avo_status scan(struct file_list *list, int parent_fd, const char *name, const char *prefix, int depth, struct error *err);

static enum avo_status scan_entry(struct file_list *list, int dir_fd, const char *name, const char *prefix, int depth, struct error *err)
{
	char *path = xasprintf("%s%s%s", prefix, *prefix ? "/" : "", name);
	enum avo_status status = AVO_OK;
	struct stat st;

	/* Links and devices are not followed: they could name anything on the machine. */
	if (lineage_path_ok(path) && fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISREG(st.st_mode))
			status = add_file(list, dir_fd, name, path, err);
		else if (S_ISDIR(st.st_mode))
			status = scan(list, dir_fd, name, path, depth + 1, err);
	}
	free(path);
	return status;
}

static enum avo_status scan(struct file_list *list, int parent_fd, const char *name, const char *prefix, int depth, struct error *err)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (depth ? O_NOFOLLOW : 0));
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	enum avo_status st = AVO_OK;
	struct dirent *d;

	if (!dir) {
		st = error_errno(err, errno, "cannot read the directory %s", name);
		if (fd >= 0)
			close(fd);
		return st;
	}
	if (depth > LINEAGE_MAX_DEPTH)
		st = error_set(err, AVO_USAGE, "%s is too deep: a candidate has at most %d levels of directories", prefix, LINEAGE_MAX_DEPTH);
	while (st == AVO_OK && (d = readdir(dir)))
		st = scan_entry(list, dirfd(dir), d->d_name, prefix, depth, err);
	closedir(dir);
	return st;
}

enum avo_status lineage_scan_dir(struct file_list *out, const char *dir, struct error *err)
{
	enum avo_status st;

	memset(out, 0, sizeof(*out));
	st = scan(out, AT_FDCWD, dir, "", 0, err);
	if (st != AVO_OK)
		lineage_files_free(out);
	return st;
}

static int add_to_index(git_index *index, struct lineage *l, const struct lineage_file *f)
{
	git_index_entry entry = { .path = f->path, .mode = f->executable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB };
	int rc = git_blob_create_from_buffer(&entry.id, l->repo, f->data ? f->data : "", f->len);

	if (rc == 0)
		rc = lineage_is_stored(l, &entry.id);
	return rc == 0 ? git_index_add(index, &entry) : rc;
}

enum avo_status lineage_write_tree(git_tree **out, struct lineage *l, const struct lineage_file *files, size_t count, struct error *err)
{
	git_index *index = NULL;
	git_oid id;
	size_t i;
	int rc;

	*out = NULL;
	if (count == 0)
		return error_set(err, AVO_USAGE, "a candidate needs at least one file");
	for (i = 0; i < count; i++)
		if (!lineage_path_ok(files[i].path))
			return error_set(err, AVO_USAGE, "\"%s\" cannot be the name of a candidate's file: "
					 "names are relative, without \"..\" or hidden parts, and not avo.conf", files[i].path);
	rc = git_index_new(&index);
	for (i = 0; rc == 0 && i < count; i++)
		rc = add_to_index(index, l, &files[i]);
	if (rc == 0)
		rc = git_index_write_tree_to(&id, index, l->repo);
	if (rc == 0)
		rc = lineage_is_stored(l, &id);
	if (rc == 0)
		rc = git_tree_lookup(out, l->repo, &id);
	git_index_free(index);
	return rc == 0 ? AVO_OK : lineage_failed(err, rc, "cannot write the candidate's files into the repository");
}
