/*
 * The terms of a run: what it was created with. The journal has them; avo.conf may change what a search costs and how it
 * is steered, and that is journaled, but not what its scores mean or who decides. A file that says otherwise, or says
 * nothing, is asked about: the engine does not start, and names the commands that go on.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "engine/internal.h"
#include "task/task.h"

#include <unistd.h>

#define CONF_MAX_BYTES ((size_t)1 << 20)

void resume_release(struct resume *r)
{
	free(r->conf);
	free(r->suite_text);
	free(r->said);
	memset(r, 0, sizeof(*r));
}

static void say(struct resume *r, const char *sentence)
{
	char *before = r->said;

	r->said = before ? xasprintf("%s; %s", before, sentence) : xstrdup(sentence);
	free(before);
}

static char *conf_path(const struct engine *e)
{
	return path_join(e->run_dir, "avo.conf");
}

/* --- a file that is gone --------------------------------------------------------- */

/* A run of an older avo has no avo.conf in its journal, but what it was created with. */
static void print_created(struct buf *out, const struct run_state *s)
{
	const struct run_options o = {
		.name = s->name, .backend = s->backend, .suite = s->suite, .operator_name = s->operator, .gate = gate_name(s->gate),
	};

	settings_print(out, &o);
}

static enum avo_status write_conf_again(struct engine *e, struct resume *r, const char *path, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st;

	if (r->conf)
		buf_addstr(&text, r->conf);
	else
		print_created(&text, &e->state);
	st = path_write_atomic(path, buf_cstr(&text), text.len, 0644, err);
	buf_release(&text);
	if (st == AVO_OK)
		say(r, r->conf ? "avo.conf was gone and was written again as the journal has it" :
				 "avo.conf was gone and was written again from what the run was created with: other settings of it are lost");
	return st;
}

/* The run's own copy of its suite is the journal's; a run of an older avo gets one from the suite it names. */
static enum avo_status place_suite(struct engine *e, struct resume *r, struct error *err)
{
	struct buf found = BUF_INIT;
	enum avo_status st = AVO_OK;
	char *named;

	if (!r->suite_text) {
		named = suite_find(e->state.suite);
		st = path_read(&found, named, CONF_MAX_BYTES, err);
		free(named);
		if (st != AVO_OK)
			return error_prefix(err, st, "the suite of this run");
		r->suite_text = xstrdup(buf_cstr(&found));
		buf_clear(&found);
	}
	e->suite_path = suite_copy_path(e->run_dir, e->state.suite);
	if (path_read(&found, e->suite_path, CONF_MAX_BYTES, NULL) != AVO_OK || strcmp(buf_cstr(&found), r->suite_text) != 0) {
		if (found.len)
			say(r, "the run's copy of its suite had been changed and is as the journal has it again");
		st = suite_copy(e->run_dir, e->state.suite, r->suite_text, err);
	}
	buf_release(&found);
	return st;
}

/* --- a file that says something else ------------------------------------------------ */

struct term {
	const char *key, *recorded, *given;	/* given NULL: avo.conf does not have it */
	bool fixed;				/* for the life of the run */
};

static enum avo_status refuse_missing(const struct engine *e, const struct term *t, struct error *err)
{
	char word[PATH_WORD_SIZE], file[PATH_WORD_SIZE], *path = conf_path(e);

	error_set(err, AVO_CONFLICT, "mv %s %s.old; avo run %s takes the record's avo.conf back: the file has no %s, which is %s in this run",
		  path_word(file, path), file, path_word(word, e->run_dir), t->key, t->recorded);
	free(path);
	return AVO_CONFLICT;
}

static enum avo_status refuse_other(const struct engine *e, const struct term *t, struct error *err)
{
	char word[PATH_WORD_SIZE], file[PATH_WORD_SIZE], *path = conf_path(e);

	path_word(file, path);
	path_word(word, e->run_dir);
	free(path);
	if (t->fixed)
		return error_set(err, AVO_CONFLICT, "git config -f %s %s %s goes on with this run; avo fork v%d NEW %s --suite SUITE begins another: "
				 "avo.conf says %s = %s, but the run is scored on %s, and scores of two would stand in one column", file, t->key,
				 t->recorded, state_newest(&e->state)->id, word, t->key, t->given, t->recorded);
	return error_set(err, AVO_CONFLICT, "git config -f %s %s %s goes on as the record says; avo run --accept-conf %s follows avo.conf, which says "
			 "%s = %s instead of %s", file, t->key, t->recorded, word, t->key, t->given, t->recorded);
}

/* A gate may be closed by a word in a file, and opened only by somebody who says so. */
static bool closes_gate(const struct term *t)
{
	return strcmp(t->key, "run.gate") == 0 && strcmp(t->given, gate_name(GATE_MANUAL)) == 0;
}

static enum avo_status check_terms(const struct engine *e, const struct conf *conf, struct error *err)
{
	const struct run_state *s = &e->state;
	struct term terms[] = {
		{ "run.suite", s->suite, NULL, true },
		{ "run.backend", s->backend, NULL, true },
		{ "run.operator", s->operator, NULL, false },
		{ "run.gate", gate_name(s->gate), NULL, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(terms); i++) {
		struct term *t = &terms[i];

		t->given = conf_str(conf, t->key, NULL);
		if (!*t->recorded || (t->given && strcmp(t->given, t->recorded) == 0))
			continue;
		if (!t->given)
			return refuse_missing(e, t, err);
		if (t->fixed || !(e->options.accept_conf || closes_gate(t)))
			return refuse_other(e, t, err);
	}
	return AVO_OK;
}

/* The settings of avo.conf as they are now, when they are ones that this run may have. */
static enum avo_status read_settings(struct settings *out, struct conf **conf, const struct engine *e, struct error *err)
{
	char *path = conf_path(e), word[PATH_WORD_SIZE], file[PATH_WORD_SIZE];
	enum avo_status st = conf_open(conf, path, err);
	bool unread = st != AVO_OK;

	if (st == AVO_OK)
		st = check_terms(e, *conf, err);
	if (st == AVO_OK && (st = settings_load(out, *conf, err)) != AVO_OK)
		error_prefix(err, st, "%s", path);
	if (unread)
		error_prefix(err, st, "mend it, or take the record's back with mv %s %s.old; avo run %s", path_word(file, path), file,
			     path_word(word, e->run_dir));
	free(path);
	return st;
}

enum avo_status terms_open(struct engine *e, struct resume *r, struct error *err)
{
	char *path = conf_path(e);
	enum avo_status st = path_exists(path) ? AVO_OK : write_conf_again(e, r, path, err);

	free(path);
	if (st == AVO_OK)
		st = read_settings(&e->settings, &e->conf, e, err);
	return st == AVO_OK ? place_suite(e, r, err) : st;
}

/* --- what changed ----------------------------------------------------------------- */

/* Several values of one key stand behind one another. */
static bool collect(void *arg, const char *key, const char *value)
{
	cJSON *all = arg;
	const char *before = json_str(all, key, NULL);
	char *both = before ? xasprintf("%s, %s", before, value) : NULL;

	cJSON_DeleteItemFromObjectCaseSensitive(all, key);
	json_set_str(all, key, both ? both : value);
	free(both);
	return true;
}

static cJSON *values_of(const char *text)
{
	cJSON *all = cJSON_CreateObject();
	struct conf *conf = NULL;

	if (text && conf_parse(&conf, text, NULL) == AVO_OK)
		conf_each(conf, collect, all);
	conf_free(conf);
	return all;
}

static void add_change(cJSON *changed, const char *key, const char *old, const char *new)
{
	cJSON *one = cJSON_CreateObject();

	json_set_str(one, "key", key);
	json_set_str(one, "old", old);
	json_set_str(one, "new", new);
	json_push(changed, one);
}

static cJSON *differences(const char *old_text, const char *new_text)
{
	cJSON *changed = cJSON_CreateArray(), *old = values_of(old_text), *new = values_of(new_text);
	const cJSON *v;

	cJSON_ArrayForEach(v, new)
		if (strcmp(json_str(old, v->string, ""), v->valuestring) != 0 || !json_get(old, v->string))
			add_change(changed, v->string, json_str(old, v->string, NULL), v->valuestring);
	cJSON_ArrayForEach(v, old)
		if (!json_get(new, v->string))
			add_change(changed, v->string, v->valuestring, NULL);
	cJSON_Delete(old);
	cJSON_Delete(new);
	return changed;
}

/* "budget.attempts = 4, was 2": for people, and for the pages that show an event in a line. */
static char *describe(const cJSON *changed)
{
	struct buf out = BUF_INIT;
	const cJSON *one;

	cJSON_ArrayForEach(one, changed) {
		const char *old = json_str(one, "old", NULL), *new = json_str(one, "new", NULL);

		buf_printf(&out, "%s%s = %s, was %s", out.len ? "; " : "", json_str(one, "key", ""), new ? new : "not set", old ? old : "not set");
	}
	if (!out.len)
		buf_addstr(&out, "avo.conf as it is now");
	return buf_detach(&out);
}

/* suite_text NULL: the journal has it. */
static void record_settings(struct engine *e, const char *old, const char *new, const char *suite_text)
{
	cJSON *event = engine_event("settings"), *changed = differences(old, new);
	char *text = describe(changed);

	json_set_str(event, "text", text);
	json_set(event, "changed", changed);
	json_set_str(event, "conf", new);
	json_set_str(event, "suite_text", suite_text);
	engine_record(e, event, JOURNAL_NOW);
	free(text);
}

/* Takes what avo.conf says now as what the journal has. */
static void follow_conf(struct engine *e, const char *suite_text)
{
	char *path = conf_path(e);
	struct buf text = BUF_INIT;

	if (path_read(&text, path, CONF_MAX_BYTES, NULL) == AVO_OK &&
	    (suite_text || strcmp(e->conf_text, buf_cstr(&text)) != 0)) {
		record_settings(e, e->conf_text, buf_cstr(&text), suite_text);
		free(e->conf_text);
		e->conf_text = xstrdup(buf_cstr(&text));
	}
	buf_release(&text);
	free(path);
}

void terms_record(struct engine *e, struct resume *r)
{
	struct buf created = BUF_INIT;

	if (!r->conf) {
		print_created(&created, &e->state);
		r->conf = buf_detach(&created);
	}
	e->conf_text = r->conf;
	r->conf = NULL;
	follow_conf(e, r->suite_known ? NULL : r->suite_text);
	if (r->said)
		engine_warn(e, "%s", r->said);
}

enum avo_status terms_reread(struct engine *e, struct error *err)
{
	struct settings fresh = { 0 }, old = e->settings;
	struct conf *conf = NULL;
	enum avo_status st = read_settings(&fresh, &conf, e, err);

	conf_free(conf);
	if (st != AVO_OK) {
		settings_release(&fresh);
		return st;
	}
	e->settings = fresh;
	settings_release(&old);
	follow_conf(e, NULL);
	return AVO_OK;
}
