/* read, write, edit: files of the working directory. */
#include "avo.h"
#include "agent/edit.h"
#include "agent/tools.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

#define MAX_FILE ((size_t)4 << 20)

static bool inside(const char *path, const char *dir)
{
	char real[PATH_MAX];
	size_t n;

	if (!dir || !realpath(dir, real))
		return false;
	n = strlen(real);
	return strncmp(path, real, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

/* The longest part of the path that exists, resolved: links must not lead outside. */
static bool resolve(char out[PATH_MAX], const char *path)
{
	char *copy = xstrdup(path), *slash;
	bool ok = realpath(copy, out) != NULL;

	while (!ok && errno == ENOENT && (slash = strrchr(copy, '/')) && slash != copy) {
		*slash = '\0';
		ok = realpath(copy, out) != NULL;
	}
	free(copy);
	return ok;
}

char *tool_path(struct tool_call *call, const char *path, bool for_writing)
{
	struct toolbox *box = call->box;
	char *full = path[0] == '/' ? xstrdup(path) : path_join(box->work_dir, path), *kernels = path_data("kernels");
	char real[PATH_MAX];
	bool ok = *path && !strstr(path, "..") && resolve(real, full) &&
		  (inside(real, box->work_dir) || (!for_writing && inside(real, kernels)));

	free(kernels);
	if (ok)
		return full;
	free(full);
	call_error(call, "%s is outside the working directory; paths are relative to it, like kernel.c", path);
	return NULL;
}

static void list_directory(struct tool_call *call, const char *path)
{
	struct dirent **names;
	struct buf out = BUF_INIT;
	int n = scandir(path, &names, NULL, alphasort), i;

	for (i = 0; i < n; i++) {
		char *full = path_join(path, names[i]->d_name);
		struct stat sb;

		if (names[i]->d_name[0] != '.' && stat(full, &sb) == 0)
			buf_printf(&out, "%8lld  %s%s\n", (long long)sb.st_size, names[i]->d_name, S_ISDIR(sb.st_mode) ? "/" : "");
		free(full);
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

void tool_read(struct tool_call *call, const cJSON *args)
{
	char *path = tool_path(call, json_str(args, "path", ""), false);
	struct buf text = BUF_INIT, out = BUF_INIT;
	struct error err = { 0 };
	int64_t from = json_int(args, "from", 1), count = json_int(args, "lines", 400);

	if (!path)
		return;
	if (path_is_dir(path)) {
		list_directory(call, path);
	} else if (path_read(&text, path, MAX_FILE, &err) != AVO_OK) {
		call_error(call, "%s", err.text);
	} else {
		number_lines(&out, &text, from < 1 ? 1 : from, count < 1 ? 400 : count);
		call_answer_long(call, buf_cstr(&out), out.len);
	}
	buf_release(&text);
	buf_release(&out);
	free(path);
}

static bool write_file(struct tool_call *call, const char *path, const char *text, size_t len)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');
	struct error err = { 0 };
	enum avo_status st;

	*slash = '\0';
	st = path_mkdirs(dir, 0700, &err);
	if (st == AVO_OK)
		st = path_write_atomic(path, text, len, 0644, &err);
	free(dir);
	if (st != AVO_OK)
		call_error(call, "%s", err.text);
	return st == AVO_OK;
}

void tool_write(struct tool_call *call, const cJSON *args)
{
	char *path = tool_path(call, json_str(args, "path", ""), true);
	const char *content = json_str(args, "content", "");
	struct buf out = BUF_INIT;

	if (!path)
		return;
	if (write_file(call, path, content, strlen(content))) {
		buf_printf(&out, "%s written, %zu bytes.", json_str(args, "path", ""), strlen(content));
		call_answer(call, out.data);
	}
	buf_release(&out);
	free(path);
}

void tool_edit(struct tool_call *call, const cJSON *args)
{
	char *path = tool_path(call, json_str(args, "path", ""), true);
	enum edit_scope scope = json_bool(args, "all", false) ? EDIT_ALL : EDIT_ONE;
	struct buf text = BUF_INIT, out = BUF_INIT, words = BUF_INIT;
	struct error err = { 0 };
	int replaced;

	if (!path)
		return;
	if (path_read(&text, path, MAX_FILE, &err) != AVO_OK ||
	    edit_replace(&out, &replaced, buf_cstr(&text), text.len, json_str(args, "old", ""), json_str(args, "new", ""), scope, &err) != AVO_OK) {
		call_error(call, "%s", err.text);
	} else if (write_file(call, path, buf_cstr(&out), out.len)) {
		buf_printf(&words, "%s edited, %d place%s.", json_str(args, "path", ""), replaced, replaced == 1 ? "" : "s");
		call_answer(call, words.data);
	}
	buf_release(&text);
	buf_release(&out);
	buf_release(&words);
	free(path);
}
