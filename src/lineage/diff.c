#include "avo.h"
#include "lineage/internal.h"

#include <git2/sys/mempack.h>
#include <git2/sys/odb_backend.h>

/* A NUL, which would end the text for whoever reads it as a string, is shown as U+FFFD. */
static void add_line(struct buf *out, const char *text, size_t len)
{
	const char *end = text + len, *nul;

	while ((nul = memchr(text, 0, (size_t)(end - text)))) {
		buf_add(out, text, (size_t)(nul - text));
		buf_addstr(out, "\xef\xbf\xbd");
		text = nul + 1;
	}
	buf_add(out, text, (size_t)(end - text));
}

static int put_line(const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *line, void *payload)
{
	struct buf *out = payload;

	if (line->origin == GIT_DIFF_LINE_CONTEXT || line->origin == GIT_DIFF_LINE_ADDITION || line->origin == GIT_DIFF_LINE_DELETION)
		buf_addch(out, line->origin);
	add_line(out, line->content, line->content_len);
	return out->overflow ? GIT_EUSER : 0;
}

static void set_options(git_diff_options *o, int context)
{
	git_diff_options_init(o, GIT_DIFF_OPTIONS_VERSION);
	/* a user's attributes (-diff) and a NUL of an older record must not hide a change from who approves it */
	o->flags |= GIT_DIFF_FORCE_TEXT;
	o->context_lines = context < 0 ? 3 : (uint32_t)context;
	o->old_prefix = "a";
	o->new_prefix = "b";
	o->id_abbrev = 9;
}

/*
 * The working tree as a tree of git's, without a trace on disk: readers may
 * lack the permission, and every keystroke would leave an object.
 */
static int open_memory(struct lineage *l)
{
	git_odb *odb = NULL;
	int rc = git_repository_open(&l->memory, git_repository_path(l->repo));

	if (rc == 0)
		rc = git_repository_odb(&odb, l->memory);
	if (rc == 0)
		rc = git_mempack_new(&l->memory_objects);
	if (rc == 0)
		rc = git_odb_add_backend(odb, l->memory_objects, 999);
	git_odb_free(odb);
	if (rc != 0) {
		git_repository_free(l->memory);
		l->memory = NULL;
	}
	return rc;
}

static enum avo_status work_tree(git_tree **out, struct lineage *l, const char *dir, struct error *err)
{
	struct lineage memory = { .dir = l->dir, .repo = l->memory };
	struct source source;
	enum avo_status st = source_from_dir(&source, dir, SOURCE_SHOWN, err);

	if (st == AVO_OK && source.count)
		st = lineage_write_tree(out, &memory, source.files, source.count, err);
	source_release(&source);
	return st;
}

/* NULL is the empty tree. Both sides come from the repository in memory when one of them is the working tree. */
static enum avo_status side(git_tree **out, struct lineage *l, bool memory, const char *name, const char *work, struct error *err)
{
	struct lineage of = { .dir = l->dir, .repo = memory ? l->memory : l->repo };
	char commit[COMMIT_ID_SIZE];
	enum avo_status st = lineage_resolve(commit, l, name, err);

	*out = NULL;
	if (st != AVO_OK)
		return st;
	return commit[0] ? lineage_tree_lookup(out, &of, commit, err) : work_tree(out, l, work, err);
}

static int count_lines(struct diff_stat *out, git_diff *diff)
{
	git_diff_stats *stats;
	int rc = git_diff_get_stats(&stats, diff);

	if (rc != 0)
		return rc;
	out->files = (int)git_diff_stats_files_changed(stats);
	out->added = (int)git_diff_stats_insertions(stats);
	out->removed = (int)git_diff_stats_deletions(stats);
	git_diff_stats_free(stats);
	return 0;
}

static int finish(struct buf *out, struct diff_stat *stat, git_diff *diff)
{
	git_diff_find_options find = GIT_DIFF_FIND_OPTIONS_INIT;
	int rc;

	find.flags = GIT_DIFF_FIND_RENAMES;
	rc = git_diff_find_similar(diff, &find);
	if (rc == 0 && stat)
		rc = count_lines(stat, diff);
	if (rc == 0 && out)
		rc = git_diff_print(diff, GIT_DIFF_FORMAT_PATCH, put_line, out);
	return out && out->overflow ? 0 : rc;
}

enum avo_status lineage_diff_dir(struct buf *out, struct diff_stat *stat, struct lineage *l, const char *from, const char *to,
				 const char *work, int context, struct error *err)
{
	bool memory = strcmp(from, "work") == 0 || strcmp(to, "work") == 0;
	git_tree *a = NULL, *b = NULL;
	git_diff *diff = NULL;
	git_diff_options o;
	enum avo_status st = AVO_OK;
	int rc = memory && !l->memory ? open_memory(l) : 0;

	if (stat)
		memset(stat, 0, sizeof(*stat));
	if (rc == 0)
		st = side(&a, l, memory, from, work, err);
	if (rc == 0 && st == AVO_OK)
		st = side(&b, l, memory, to, work, err);
	if (rc == 0 && st == AVO_OK) {
		set_options(&o, context);
		rc = git_diff_tree_to_tree(&diff, memory ? l->memory : l->repo, a, b, &o);
	}
	if (rc == 0 && st == AVO_OK)
		rc = finish(out, stat, diff);
	if (rc != 0)
		st = lineage_failed(err, rc, "cannot compare %s with %s", from, to);
	git_diff_free(diff);
	git_tree_free(a);
	git_tree_free(b);
	if (l->memory)
		git_mempack_reset(l->memory_objects);
	return st;
}

enum avo_status lineage_diff(struct buf *out, struct diff_stat *stat, struct lineage *l,
			     const char *from, const char *to, int context, struct error *err)
{
	return lineage_diff_dir(out, stat, l, from, to, l->dir, context, err);
}
