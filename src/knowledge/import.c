/* Files, folders, git repositories, HTML and PDF into the index. */
#include "avo.h"
#include "base/child.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "knowledge/store.h"

#include <dirent.h>
#include <errno.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define MAX_FILE ((size_t)8 << 20)
#define MAX_PDF ((size_t)200 << 20)
#define MAX_DEPTH 24

enum format { FORMAT_NONE, FORMAT_PROSE, FORMAT_MARKDOWN, FORMAT_CODE, FORMAT_HTML, FORMAT_PDF };

static enum format format_of(const char *path)
{
	static const struct { const char *suffix; enum format format; } table[] = {
		{ ".md", FORMAT_MARKDOWN }, { ".markdown", FORMAT_MARKDOWN }, { ".txt", FORMAT_PROSE }, { ".rst", FORMAT_PROSE },
		{ ".html", FORMAT_HTML }, { ".htm", FORMAT_HTML }, { ".pdf", FORMAT_PDF },
		{ ".c", FORMAT_CODE }, { ".h", FORMAT_CODE }, { ".cc", FORMAT_CODE }, { ".cpp", FORMAT_CODE }, { ".cxx", FORMAT_CODE },
		{ ".hpp", FORMAT_CODE }, { ".cu", FORMAT_CODE }, { ".cuh", FORMAT_CODE }, { ".inl", FORMAT_CODE }, { ".ptx", FORMAT_CODE },
		{ ".py", FORMAT_CODE }, { ".s", FORMAT_CODE }, { ".rs", FORMAT_CODE }, { ".jl", FORMAT_CODE }, { ".go", FORMAT_CODE },
	};
	const char *name = path_basename(path);
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++) {
		size_t n = strlen(name), m = strlen(table[i].suffix);

		if (n > m && strcasecmp(name + n - m, table[i].suffix) == 0)
			return table[i].format;
	}
	return strcasecmp(name, "README") == 0 ? FORMAT_PROSE : FORMAT_NONE;
}

static enum avo_status read_pdf(struct buf *out, const char *path, struct error *err)
{
	const char *argv[] = { "pdftotext", "-q", "-enc", "UTF-8", path, "-", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	enum avo_status st;

	spec.argv = argv;
	st = child_run(&result, out, &spec, 120000, NULL);
	if (st != AVO_OK)
		return error_set(err, AVO_ENVIRONMENT, "reading PDF needs pdftotext; install poppler-utils");
	if (result.timed_out || result.wait_status != 0)
		return error_set(err, AVO_CORRUPT, "pdftotext cannot read %s", path);
	return AVO_OK;
}

static enum avo_status index_file(struct knowledge_report *report, struct knowledge *k, const char *source, const char *path,
				  enum format format, const struct stat *st_buf, struct error *err)
{
	static const enum text_kind kinds[] = { TEXT_PROSE, TEXT_PROSE, TEXT_MARKDOWN, TEXT_CODE, TEXT_MARKDOWN, TEXT_PAGES };
	struct document d = { source, path, path_basename(path), (int64_t)st_buf->st_size,
			      (int64_t)st_buf->st_mtim.tv_sec * 1000 + st_buf->st_mtim.tv_nsec / 1000000, kinds[format], NULL, 0 };
	struct buf raw = BUF_INIT, text = BUF_INIT;
	enum avo_status st;

	if (store_has(k, path, d.size, d.mtime)) {
		report->unchanged++;
		return AVO_OK;
	}
	st = format == FORMAT_PDF ? read_pdf(&raw, path, err) : path_read(&raw, path, MAX_FILE, err);
	if (st == AVO_OK && format != FORMAT_PDF && raw.len && memchr(raw.data, 0, raw.len < 8192 ? raw.len : 8192)) {
		report->skipped++;
	} else if (st == AVO_OK) {
		if (format == FORMAT_HTML)
			html_to_text(&text, buf_cstr(&raw), raw.len);
		else
			buf_add(&text, raw.data, raw.len);
		d.text = buf_cstr(&text);
		d.len = text.len;
		st = store_put(&report->sections, k, &d, err);
		report->documents++;
	}
	buf_release(&raw);
	buf_release(&text);
	return st;
}

static enum avo_status walk(struct knowledge_report *report, struct knowledge *k, const char *source, const char *dir, int depth,
			    struct error *err)
{
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), i;
	enum avo_status st = AVO_OK;

	if (n < 0)
		return error_errno(err, errno, "cannot read %s", dir);
	for (i = 0; i < n; i++) {
		char *path = path_join(dir, names[i]->d_name);
		enum format format = format_of(path);
		struct stat sb;
		struct error why = { 0 };

		if (st == AVO_OK && names[i]->d_name[0] != '.' && lstat(path, &sb) == 0) {
			if (S_ISDIR(sb.st_mode) && depth < MAX_DEPTH)
				st = walk(report, k, source, path, depth + 1, err);
			else if (S_ISREG(sb.st_mode) && format != FORMAT_NONE &&
				 (size_t)sb.st_size <= (format == FORMAT_PDF ? MAX_PDF : MAX_FILE) &&
				 index_file(report, k, source, path, format, &sb, &why) != AVO_OK) {
				/* one bad file does not spoil a folder */
				log_warn("knowledge: %s is left out: %s", path, why.text);
				report->skipped++;
			}
		}
		free(path);
		free(names[i]);
	}
	free(names);
	return st;
}

static bool is_repository(const char *source)
{
	return str_starts(source, "https://") || str_starts(source, "http://") || str_starts(source, "ssh://") ||
	       str_starts(source, "git@") || str_starts(source, "file://");
}

/* Cloned once, shallow; adding again pulls. The directory's name keeps citations readable. */
static enum avo_status fetch_repository(char **out, struct knowledge *k, const char *url, struct error *err)
{
	char *base = path_join(k->avo_dir, "cache/knowledge"), *name = xstrdup(path_basename(url));
	const char *clone[] = { "git", "clone", "-q", "--depth", "1", "--", url, NULL, NULL };
	const char *pull[] = { "git", "-C", NULL, "pull", "-q", "--ff-only", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf words = BUF_INIT;
	enum avo_status st = path_mkdirs(base, 0700, err);
	char *dir = path_join(base, *name ? name : "repository");
	bool there = path_is_dir(dir);

	clone[7] = dir;
	pull[2] = dir;
	spec.argv = there ? pull : clone;
	if (st == AVO_OK && (st = child_run(&result, &words, &spec, 600000, err)) == AVO_OK &&
	    (result.timed_out || result.wait_status != 0)) {
		if (there)
			log_warn("%s could not be updated; its old copy is used: %.200s", url, buf_cstr(&words));
		else
			st = error_set(err, AVO_ENVIRONMENT, "git cannot clone %s: %.200s", url, buf_cstr(&words));
	}
	buf_release(&words);
	free(base);
	free(name);
	*out = st == AVO_OK ? dir : NULL;
	if (st != AVO_OK)
		free(dir);
	return st;
}

static enum avo_status import_path(struct knowledge_report *report, struct knowledge *k, const char *source, const char *path,
				   struct error *err)
{
	enum format format = format_of(path);
	struct stat sb;

	if (stat(path, &sb) != 0)
		return error_set(err, AVO_ENVIRONMENT, "%s does not exist", path);
	if (S_ISDIR(sb.st_mode))
		return walk(report, k, source, path, 0, err);
	return index_file(report, k, source, path, format == FORMAT_NONE ? FORMAT_PROSE : format, &sb, err);
}

static enum avo_status import_as(struct knowledge_report *report, struct knowledge *k, const char *source,
				 const char *const *paths, struct error *err)
{
	enum avo_status st = store_exec(k, "BEGIN IMMEDIATE", err);

	if (st != AVO_OK)
		return st;
	store_begin(k, source);
	for (; *paths && st == AVO_OK; paths++)
		st = import_path(report, k, source, *paths, err);
	if (st == AVO_OK)
		st = store_sweep(&report->removed, k, source, err);
	if (st == AVO_OK)
		return store_exec(k, "COMMIT", err);
	store_exec(k, "ROLLBACK", NULL);
	return st;
}

enum avo_status import_source(struct knowledge_report *report, struct knowledge *k, const char *source, struct error *err)
{
	const char *paths[] = { source, NULL };
	enum avo_status st;
	char *dir = NULL;

	if (is_repository(source)) {
		st = fetch_repository(&dir, k, source, err);
		if (st != AVO_OK)
			return st;
		paths[0] = dir;
	}
	st = import_as(report, k, source, paths, err);
	free(dir);
	return st;
}

enum avo_status import_own(struct knowledge_report *report, struct knowledge *k, struct error *err)
{
	char *notes = path_data("knowledge"), *headers = path_data("kernels/include");
	const char *paths[3] = { NULL };
	enum avo_status st;
	int n = 0;

	if (path_is_dir(notes))
		paths[n++] = notes;
	if (path_is_dir(headers))
		paths[n++] = headers;
	st = import_as(report, k, "avo", paths, err);
	free(notes);
	free(headers);
	return st;
}
