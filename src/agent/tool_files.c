/* read, write, edit: files of the working directory. */
#include "avo.h"
#include "agent/edit.h"
#include "agent/tools.h"
#include "base/beneath.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE ((size_t)4 << 20)

/*
 * Where a path of a tool leads: a directory that it may enter, held open, and the way from there. Background jobs of the shell rename what
 * lies below at any moment, so nothing is looked at first: it is opened beneath the directory, or not at all.
 */
struct place {
	int dir;
	const char *path;	/* borrowed */
};

enum access { ACCESS_READ, ACCESS_WRITE };

/* The part of an absolute path behind dir, NULL when it does not lie there. */
static const char *behind(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	if (strncmp(path, dir, n) != 0 || (path[n] != '/' && path[n] != '\0'))
		return NULL;
	return path[n] ? path + n + 1 : path + n;
}

static bool place_open(struct place *out, struct tool_call *call, const char *path, enum access access)
{
	char *kernels = path_data("kernels");
	const char *dir = call->box->work_dir, *way = path;

	if (path[0] == '/' && !(way = behind(path, dir)) && access == ACCESS_READ) {
		dir = kernels;
		way = behind(path, dir);
	}
	while (way && way[0] == '.' && way[1] == '/')
		way += 2;
	*out = (struct place){ -1, way };
	if (way && *path)
		out->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(kernels);
	if (out->dir >= 0)
		return true;
	call_error(call, "%s is outside the working directory; paths are relative to it, like kernel.c", path);
	return false;
}

static void place_close(struct place *p)
{
	close(p->dir);
}

static void list_directory(struct tool_call *call, int dir)
{
	struct dirent **names;
	struct buf out = BUF_INIT;
	int n = scandirat(dir, ".", &names, NULL, alphasort), i;

	for (i = 0; i < n; i++) {
		struct stat sb;

		if (names[i]->d_name[0] != '.' && fstatat(dir, names[i]->d_name, &sb, AT_SYMLINK_NOFOLLOW) == 0)
			buf_printf(&out, "%8lld  %s%s\n", (long long)sb.st_size, names[i]->d_name,
				   S_ISDIR(sb.st_mode) ? "/" : S_ISLNK(sb.st_mode) ? " (a link)" : "");
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	call_answer_long(call, out.len ? out.data : "(empty)", out.len ? out.len : 7);
	buf_release(&out);
}

static void number_lines(struct buf *out, const struct buf *text, int64_t from, int64_t count)
{
	const char *at = buf_cstr(text), *end = at + text->len, *line;
	int64_t number = 0;
	size_t len;

	while (str_next_line(&at, end, &line, &len)) {
		number++;
		if (number < from || number >= from + count)
			continue;
		buf_printf(out, "%5lld  %.*s\n", (long long)number, (int)(len < 2000 ? len : 2000), line);
	}
	if (number >= from + count)
		buf_printf(out, "[the file has %lld lines; read on from %lld]\n", (long long)number, (long long)(from + count));
	else if (!out->len)
		buf_printf(out, "[the file has %lld lines]\n", (long long)number);
}

static void answer_lines(struct tool_call *call, int fd, const char *path, int64_t from, int64_t count)
{
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct error err = { 0 };

	if (beneath_read_fd(&text, fd, MAX_FILE + 1, path, &err) != AVO_OK) {
		call_error(call, "%s", err.text);
	} else if (text.len > MAX_FILE) {
		call_error(call, "%s is larger than %zu MiB", path, MAX_FILE >> 20);
	} else {
		number_lines(&out, &text, from < 1 ? 1 : from, count < 1 ? 400 : count);
		call_answer_long(call, buf_cstr(&out), out.len);
	}
	buf_release(&text);
	buf_release(&out);
}

void tool_read(struct tool_call *call, const cJSON *args)
{
	const char *path = json_str(args, "path", "");
	struct error err = { 0 };
	struct place place;
	struct stat sb;
	int fd;

	if (!place_open(&place, call, path, ACCESS_READ))
		return;
	fd = beneath_open(place.dir, place.path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	if (fd < 0) {
		beneath_failed(&err, errno, "read", path);
		call_error(call, "%s", err.text);
		place_close(&place);
		return;
	}
	if (fstat(fd, &sb) != 0 || (!S_ISDIR(sb.st_mode) && !S_ISREG(sb.st_mode)))
		call_error(call, "%s is neither a file nor a directory", path);
	else if (S_ISDIR(sb.st_mode))
		list_directory(call, fd);
	else
		answer_lines(call, fd, path, json_int(args, "from", 1), json_int(args, "lines", 400));
	close(fd);
	place_close(&place);
}

void tool_write(struct tool_call *call, const cJSON *args)
{
	const char *path = json_str(args, "path", ""), *content = json_str(args, "content", "");
	struct buf out = BUF_INIT;
	struct error err = { 0 };
	struct place place;

	if (!place_open(&place, call, path, ACCESS_WRITE))
		return;
	if (beneath_write(place.dir, place.path, content, strlen(content), 0644, BENEATH_SCRATCH, &err) != AVO_OK) {
		call_error(call, "%s", err.text);
	} else {
		buf_printf(&out, "%s written, %zu bytes.", path, strlen(content));
		call_answer(call, out.data);
	}
	buf_release(&out);
	place_close(&place);
}

void tool_edit(struct tool_call *call, const cJSON *args)
{
	const char *path = json_str(args, "path", "");
	enum edit_scope scope = json_bool(args, "all", false) ? EDIT_ALL : EDIT_ONE;
	struct buf text = BUF_INIT, out = BUF_INIT, words = BUF_INIT;
	struct error err = { 0 };
	struct place place;
	int replaced;

	if (!place_open(&place, call, path, ACCESS_WRITE))
		return;
	if (beneath_read(&text, place.dir, place.path, MAX_FILE, &err) != AVO_OK ||
	    edit_replace(&out, &replaced, buf_cstr(&text), text.len, json_str(args, "old", ""), json_str(args, "new", ""), scope, &err) != AVO_OK ||
	    beneath_write(place.dir, place.path, buf_cstr(&out), out.len, 0644, BENEATH_SCRATCH, &err) != AVO_OK) {
		call_error(call, "%s", err.text);
	} else {
		buf_printf(&words, "%s edited, %d place%s.", path, replaced, replaced == 1 ? "" : "s");
		call_answer(call, words.data);
	}
	buf_release(&text);
	buf_release(&out);
	buf_release(&words);
	place_close(&place);
}
