/* run_create: a run directory with its settings, its seed as v0 and the first events of its journal. */
#include "avo.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "engine/engine.h"
#include "engine/settings.h"
#include "journal/journal.h"
#include "lineage/lineage.h"
#include "operator/operator.h"
#include "candidate/source.h"
#include "task/task.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <unistd.h>

/* One run that is being made. */
struct creation {
	const struct run_options *o;
	char *dir;			/* absolute */
	bool made_dir;
	const char *name, *backend, *operator_name, *gate;
	char *suite_key;		/* what avo.conf says: a name, or an absolute path */
	struct suite suite;
	struct buf suite_text, conf;	/* both go into the journal as they are */
	struct source seed;
	char *seed_name;
};

static enum avo_status check_empty(const char *dir, struct error *err)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool empty = true;

	if (!d)
		return error_errno(err, errno, "cannot read the directory %s", dir);
	while (empty && (entry = readdir(d)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	closedir(d);
	if (empty)
		return AVO_OK;
	return error_set(err, AVO_NEGATIVE, "%s is there already and not empty; choose another directory for the run", dir);
}

static enum avo_status make_dir(struct creation *c, struct error *err)
{
	char path[PATH_MAX];
	enum avo_status st = AVO_OK;

	c->made_dir = !path_exists(c->o->dir);
	if (c->made_dir)
		st = path_mkdirs(c->o->dir, 0755, err);
	else
		st = check_empty(c->o->dir, err);
	if (st != AVO_OK)
		return st;
	if (!realpath(c->o->dir, path))
		return error_errno(err, errno, "cannot find %s", c->o->dir);
	c->dir = xstrdup(path);
	return AVO_OK;
}

static enum avo_status load_suite(struct creation *c, struct error *err)
{
	const char *name = c->o->suite ? c->o->suite : strcmp(c->backend, "cuda") == 0 ? "mha" : "cpu";
	char path[PATH_MAX], *found;
	enum avo_status st = suite_load(&c->suite, name, err);

	if (st != AVO_OK)
		return st;
	if (strcmp(c->suite.backend, c->backend) != 0)
		return error_set(err, AVO_USAGE, "suite %s is for the backend %s, not %s; say --backend %s or another --suite",
				 c->suite.name, c->suite.backend, c->backend, c->suite.backend);
	if (strchr(name, '/') && realpath(name, path))
		name = path;
	c->suite_key = xstrdup(name);
	found = suite_find(name);
	st = path_read(&c->suite_text, found, SUITE_MAX_BYTES, err);
	free(found);
	return st;
}

static enum avo_status check_choices(struct creation *c, struct error *err)
{
	const struct run_options *o = c->o;

	c->backend = o->backend ? o->backend : "cpu";
	c->operator_name = o->operator_name ? o->operator_name : "mutate";
	c->gate = o->gate ? o->gate : "auto";
	if (strcmp(c->backend, "cpu") != 0 && strcmp(c->backend, "cuda") != 0)
		return error_set(err, AVO_USAGE, "the backend is cpu or cuda, not %s", c->backend);
	if (strcmp(c->gate, "auto") != 0 && strcmp(c->gate, "manual") != 0)
		return error_set(err, AVO_USAGE, "the gate is auto or manual, not %s", c->gate);
	if (!operator_find(c->operator_name))
		return error_set(err, AVO_USAGE, "there is no operator %s; choose one of %s", c->operator_name, operator_names());
	return load_suite(c, err);
}

/* What a candidate of a backend is made of, first of all its kernel. */
static const struct {
	const char *backend, *entries[2];
} entry_table[] = {
	{ "cpu", { "kernel.c" } },
	{ "cuda", { "kernel.cu", "plan.c" } },
};

static bool is_entry(const char *backend, const char *path)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(entry_table); i++)
		for (j = 0; j < ARRAY_LEN(entry_table[i].entries); j++)
			if (strcmp(entry_table[i].backend, backend) == 0 && entry_table[i].entries[j] && strcmp(entry_table[i].entries[j], path) == 0)
				return true;
	return false;
}

static const char *kernel_name(const struct creation *c)
{
	return strcmp(c->backend, "cuda") == 0 ? "kernel.cu" : "kernel.c";
}

/* A seed directory may hold both backends' files: each leaves the other's entry files out. */
static void leave_out_foreign(struct creation *c)
{
	const char *foreign = strcmp(c->backend, "cuda") == 0 ? "cpu" : "cuda";
	struct source kept = { 0 };
	size_t i;

	for (i = 0; i < c->seed.count; i++) {
		const struct source_file *f = &c->seed.files[i];

		if (!is_entry(foreign, f->path))
			source_add(&kept, f->path, f->data, f->len)->executable = f->executable;
	}
	source_release(&c->seed);
	c->seed = kept;
}

/* The function that avo calls must at least be named somewhere: a kernel for another problem is seen here, not at the first run. */
static enum avo_status check_entry_point(const struct creation *c, const char *path, struct error *err)
{
	const char *function = strcmp(c->backend, "cuda") == 0 ? "avo_plan" : "avo_attention";
	size_t i;

	for (i = 0; i < c->seed.count; i++)
		if (memmem(c->seed.files[i].data, c->seed.files[i].len, function, strlen(function)))
			return AVO_OK;
	return error_set(err, AVO_USAGE, "the seed %s defines no %s(): attention forward is the one problem that avo knows, and that is how "
			 "its kernels are called on %s; see: man avo-candidate", path, function, c->backend);
}

static enum avo_status check_seed(const struct creation *c, const char *path, struct error *err)
{
	size_t i, j;

	for (i = 0; i < ARRAY_LEN(entry_table); i++)
		for (j = 0; strcmp(entry_table[i].backend, c->backend) == 0 && j < ARRAY_LEN(entry_table[i].entries); j++)
			if (entry_table[i].entries[j] && !source_find(&c->seed, entry_table[i].entries[j]))
				return error_set(err, AVO_USAGE,
						 "the seed %s holds no %s, which a candidate for %s is made of; see: man avo-candidate",
						 path, entry_table[i].entries[j], c->backend);
	return check_entry_point(c, path, err);
}

static enum avo_status load_seed_dir(struct creation *c, const char *path, struct error *err)
{
	enum avo_status st = source_from_dir(&c->seed, path, SOURCE_CANDIDATE, err);

	if (st == AVO_OK)
		leave_out_foreign(c);
	return st;
}

/* A name is looked up among avo's own seeds, in kernels/attention; anything that exists is a path. */
static char *seed_path(const char *seed)
{
	char *relative, *path;

	if (strchr(seed, '/') || path_exists(seed))
		return xstrdup(seed);
	relative = xasprintf("kernels/attention/%s", seed);
	path = path_data(relative);
	free(relative);
	return path;
}

static enum avo_status load_seed(struct creation *c, struct error *err)
{
	bool cuda = strcmp(c->backend, "cuda") == 0;
	const char *seed = c->o->seed ? c->o->seed : cuda ? "sm80" : "cpu";
	char *path = seed_path(seed);
	enum avo_status st;

	c->seed_name = xstrdup(path_basename(seed));
	if (!path_exists(path))
		st = error_set(err, AVO_USAGE, "there is no seed %s: neither a name in kernels/attention nor a file or directory", seed);
	else if (path_is_dir(path))
		st = load_seed_dir(c, path, err);
	else if (!str_ends(path, cuda ? ".cu" : ".c"))
		st = error_set(err, AVO_USAGE, "the seed %s is no %s file, which a kernel for %s is; see: man avo-candidate", path,
			       cuda ? ".cu" : ".c", c->backend);
	else
		st = source_from_file(&c->seed, path, kernel_name(c), err);
	if (st == AVO_OK)
		st = check_seed(c, path, err);
	free(path);
	return st;
}

/* A value as git-config reads it back. */
static void add_value(struct buf *out, const char *value)
{
	buf_addch(out, '"');
	for (; *value; value++)
		if (*value == '\n')
			buf_addstr(out, "\\n");
		else if (*value == '"' || *value == '\\')
			buf_printf(out, "\\%c", *value);
		else
			buf_addch(out, *value);
	buf_addstr(out, "\"\n");
}

/* Every key with its help; those that differ from their default are set, the rest stand as comments. */
void settings_print(struct buf *out, const struct run_options *o)
{
	const struct {
		const char *key, *value;
	} chosen[] = {
		{ "run.name", o->name }, { "run.backend", o->backend }, { "run.suite", o->suite },
		{ "run.operator", o->operator_name }, { "run.gate", o->gate },
		{ "agent.model", o->model }, { "agent.base-url", o->base_url },
	};
	const struct setting *s;
	char section[32] = "";
	size_t i;

	buf_addstr(out, "# Settings of this run; avo.conf(5) explains them. Lines that begin with # show the defaults.\n");
	for (s = settings_table; s->key; s++) {
		const char *dot = strchr(s->key, '.'), *value = NULL;

		if (strncmp(section, s->key, (size_t)(dot - s->key)) != 0 || section[dot - s->key]) {
			snprintf(section, sizeof(section), "%.*s", (int)(dot - s->key), s->key);
			buf_printf(out, "\n[%s]\n", section);
		}
		for (i = 0; i < ARRAY_LEN(chosen); i++)
			if (strcmp(chosen[i].key, s->key) == 0)
				value = chosen[i].value;
		buf_printf(out, "\t# %s\n\t%s%s = ", s->help, value ? "" : "#", dot + 1);
		if (value)
			add_value(out, value);
		else
			buf_printf(out, "%s\n", s->fallback);
	}
}

static enum avo_status write_conf(struct creation *c, struct error *err)
{
	const struct run_options chosen = {
		.name = c->name, .backend = c->backend, .suite = c->suite_key, .operator_name = c->operator_name, .gate = c->gate,
		.model = c->o->model, .base_url = c->o->base_url,
	};
	char *path = path_join(c->dir, "avo.conf");
	enum avo_status st;

	settings_print(&c->conf, &chosen);
	st = path_write_atomic(path, buf_cstr(&c->conf), c->conf.len, 0644, err);
	free(path);
	return st == AVO_OK ? suite_copy(c->dir, c->suite_key, buf_cstr(&c->suite_text), err) : st;
}

static enum avo_status write_files(struct creation *c, struct error *err)
{
	static const char *const dirs[] = { "journal", "blobs", "work", "cache" };
	char *dot = path_join(c->dir, ".avo");
	enum avo_status st = path_mkdirs(dot, 0700, err);
	size_t i;

	for (i = 0; i < ARRAY_LEN(dirs) && st == AVO_OK; i++) {
		char *path = path_join(dot, dirs[i]);

		st = path_mkdirs(path, 0700, err);
		free(path);
	}
	if (st == AVO_OK)
		st = source_write(&c->seed, c->dir, BENEATH_DURABLE, err);
	free(dot);
	return st == AVO_OK ? write_conf(c, err) : st;
}

static enum avo_status commit_seed(char commit[COMMIT_ID_SIZE], const struct creation *c, struct error *err)
{
	char *message = xasprintf("v0: seed %s\n", c->seed_name);
	struct lineage *l = NULL;
	bool edited;
	enum avo_status st = lineage_init(c->dir, err);

	if (st == AVO_OK)
		st = lineage_open(&l, c->dir, LINEAGE_WRITE, err);
	if (st == AVO_OK)
		st = lineage_commit_seed(commit, l, c->seed.files, c->seed.count, message, err);
	if (st == AVO_OK)	/* git status is to be quiet from the start */
		st = lineage_checkout(&edited, l, "", commit, err);
	lineage_close(l);
	free(message);
	return st;
}

static cJSON *created_event(const struct creation *c)
{
	cJSON *e = cJSON_CreateObject();

	json_set_str(e, "type", "run-created");
	json_set_str(e, "name", c->name);
	json_set_str(e, "suite", c->suite_key);
	json_set_str(e, "backend", c->backend);
	json_set_str(e, "unit", c->suite.unit);
	json_set_str(e, "operator", c->operator_name);
	json_set_str(e, "gate", c->gate);
	json_set_str(e, "seed", c->seed_name);
	json_set_str(e, "suite_text", c->suite_text.data);
	json_set_str(e, "conf", c->conf.data);
	return e;
}

static cJSON *seed_event(const struct creation *c, const char *commit)
{
	cJSON *e = cJSON_CreateObject();
	char *title = xasprintf("seed %s", c->seed_name);

	json_set_str(e, "type", "version");
	json_set_str(e, "version", "v0");
	json_set_str(e, "commit", commit);
	json_set_str(e, "author", "seed");
	json_set_str(e, "title", title);
	free(title);
	return e;
}

static enum avo_status write_journal(const struct creation *c, const char *commit, struct error *err)
{
	char *dir = path_join(c->dir, ".avo/journal");
	struct journal *j = NULL;
	enum avo_status st = journal_open(&j, dir, NULL, err);

	if (st == AVO_OK)
		st = journal_append(j, created_event(c), JOURNAL_LAZY, err);
	if (st == AVO_OK)
		st = journal_append(j, seed_event(c, commit), JOURNAL_NOW, err);
	journal_close(j);
	free(dir);
	return st;
}

/* Takes back what a failed creation has written: only what was put there. */
static void undo(const struct creation *c)
{
	static const char *const ours[] = { ".avo", ".git", "avo.conf", ".gitignore" };
	size_t i;

	if (!c->dir)
		return;
	for (i = 0; i < ARRAY_LEN(ours); i++) {
		char *path = path_join(c->dir, ours[i]);

		path_remove_tree(path, NULL);
		free(path);
	}
	for (i = 0; i < c->seed.count; i++) {	/* the directory was empty: what a file lies in is ours as well */
		const char *file = c->seed.files[i].path;
		char *first = xstrndup(file, strcspn(file, "/")), *path = path_join(c->dir, first);

		path_remove_tree(path, NULL);
		free(path);
		free(first);
	}
	if (c->made_dir)
		rmdir(c->dir);
}

enum avo_status run_create(const struct run_options *o, struct error *err)
{
	struct creation c = { .o = o };
	char commit[COMMIT_ID_SIZE];
	enum avo_status st = check_choices(&c, err);

	if (st == AVO_OK)
		st = load_seed(&c, err);
	if (st == AVO_OK)
		st = make_dir(&c, err);
	if (st == AVO_OK) {
		c.name = o->name ? o->name : path_basename(c.dir);
		st = write_files(&c, err);
		if (st == AVO_OK)
			st = commit_seed(commit, &c, err);
		if (st == AVO_OK)
			st = write_journal(&c, commit, err);
		if (st != AVO_OK)
			undo(&c);
	}
	source_release(&c.seed);
	free(c.suite_key);
	free(c.seed_name);
	buf_release(&c.suite_text);
	buf_release(&c.conf);
	free(c.dir);
	return st;
}
