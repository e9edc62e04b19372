#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "operator/agent.h"
#include "operator/source.h"

#include <dirent.h>
#include <sys/stat.h>

#define PROFILE_MS (10 * 60 * 1000)

/* --- evaluate ----------------------------------------------------------------------- */

static bool is_text(const struct buf *b)
{
	return !b->len || !memchr(b->data, 0, b->len);
}

/* Text files of the tree below dir; hidden files and what compilers leave are no part of a candidate. */
static bool collect(struct source *out, const char *root, const char *below, const char **why)
{
	char *dir = *below ? path_join(root, below) : xstrdup(root);
	struct dirent **names;
	int n = scandir(dir, &names, NULL, alphasort), i;
	bool ok = n >= 0;

	for (i = 0; i < n; i++) {
		char *path = path_join(dir, names[i]->d_name), *relative = *below ? path_join(below, names[i]->d_name) : xstrdup(names[i]->d_name);
		struct buf text = BUF_INIT;
		struct stat sb;

		if (ok && names[i]->d_name[0] != '.' && lstat(path, &sb) == 0) {
			if (S_ISDIR(sb.st_mode)) {
				ok = collect(out, root, relative, why);
			} else if (S_ISREG(sb.st_mode) && path_read(&text, path, 1 << 20, NULL) == AVO_OK && is_text(&text)) {
				if (out->count >= 64) {
					*why = "there are more than 64 text files in the working directory; put experiments under $TMPDIR";
					ok = false;
				} else {
					source_add(out, relative, buf_cstr(&text), text.len);
				}
			}
		}
		buf_release(&text);
		free(path);
		free(relative);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
	free(dir);
	return ok;
}

static bool port_evaluate(void *arg, const char *title, const char *why_changed, int direction, const char **why)
{
	struct agent *a = arg;
	struct source source = { 0 };
	struct candidate c = { .title = title, .why = why_changed, .direction = direction };
	bool ok = collect(&source, a->box.work_dir, "", why);

	if (ok && !source.count) {
		*why = "the working directory is empty; lineage restore brings a version's files back";
		ok = false;
	}
	if (ok) {
		c.files = source.files;
		c.file_count = source.count;
		a->step_attempts++;
		ok = a->host->evaluate(a->host, &c) >= 0;
		a->out_of_budget = !ok;
		if (!ok)
			*why = "the run's budget is used up; the step ends here";
	}
	source_release(&source);
	return ok;
}

/* --- profile ------------------------------------------------------------------------ */

/* Measurements are compared with the one before, and kept where others can see them. */
static void keep_profile(struct agent *a, const cJSON *result)
{
	cJSON *event = cJSON_CreateObject();

	json_set_str(event, "type", "profile");
	json_set_str(event, "what", a->profile_of);
	if (a->profile_case[0])
		json_set_str(event, "case", a->profile_case);
	json_set(event, "result", cJSON_Duplicate(result, true));
	a->memory.record(a->memory.record_arg, event);
	cJSON_Delete(a->last_profile);
	a->last_profile = cJSON_Duplicate(result, true);
	snprintf(a->last_profile_of, sizeof(a->last_profile_of), "%s", a->profile_of);
}

static void profile_done(void *arg, const cJSON *result)
{
	struct agent *a = arg;
	struct buf text = BUF_INIT;
	const char *verdict = json_str(result, "verdict", "passed"), *reason = json_str(result, "reason", NULL);
	bool failed = strcmp(verdict, "passed") != 0;

	a->profiling = NULL;
	if (!a->profile_wanted)
		return;
	a->profile_wanted = false;
	if (failed)
		buf_printf(&text, "It could not be profiled: %s\n", reason ? reason : verdict);
	else
		report_profile(&text, result, a->last_profile, a->last_profile_of);
	if (!failed)
		keep_profile(a, result);
	toolbox_answer(&a->box, buf_cstr(&text), failed);
	buf_release(&text);
}

/* The files to be measured, in a directory of their own. */
static bool lay_out(char **out, struct agent *a, const char *what, const char **why)
{
	char commit[COMMIT_ID_SIZE], *dir;

	if (strcmp(what, "work") == 0) {
		*out = xstrdup(a->box.work_dir);
		return true;
	}
	dir = path_join(a->host->scratch_dir, "profile");
	path_remove_tree(dir, NULL);
	if (lineage_resolve(commit, a->host->lineage, what, NULL) == AVO_OK && commit[0] &&
	    lineage_export(a->host->lineage, commit, dir, NULL) == AVO_OK) {
		*out = dir;
		return true;
	}
	free(dir);
	*why = "there is no such version or attempt; name v3, a17 or work";
	return false;
}

/* What the next profile is compared with comes from the record, when it is named. */
static bool compare_with(struct agent *a, const char *against, const char *case_name, const char **why)
{
	const struct profile *p = state_profile(a->host->state, against, case_name);
	char *journal = path_join(a->host->run_dir, ".avo/journal");
	cJSON *event = NULL;
	bool ok = p && journal_fetch(&event, journal, p->ref, NULL) == AVO_OK;

	if (ok) {
		cJSON_Delete(a->last_profile);
		a->last_profile = cJSON_Duplicate(json_obj(event, "result"), true);
		snprintf(a->last_profile_of, sizeof(a->last_profile_of), "%s", p->what);
	} else {
		*why = "what to compare with was not profiled on that case; profile it first";
	}
	cJSON_Delete(event);
	free(journal);
	return ok;
}

static bool port_profile(void *arg, const char *what, const char *case_name, const char *against, const char **why)
{
	static const struct evaluation_callbacks callbacks = { NULL, profile_done };
	struct agent *a = arg;
	const struct run_state *s = a->host->state;
	struct evaluation *evaluation;
	cJSON *request;
	char *dir = NULL, *cache;

	if (a->profiling) {
		*why = "a profile is being measured already";
		return false;
	}
	if (!a->profiler && evaluator_new(&a->profiler, a->host->loop, conf_str(a->host->conf, "score.worker", NULL), NULL) != AVO_OK) {
		*why = "no worker could be started for it";
		return false;
	}
	if ((against && !compare_with(a, against, case_name, why)) || !lay_out(&dir, a, what, why))
		return false;
	cache = path_join(a->host->run_dir, ".avo/cache/build");
	request = cJSON_CreateObject();
	json_set_str(request, "op", "profile");
	json_set_str(request, "backend", s->backend);
	json_set_str(request, "suite", s->suite);
	json_set_str(request, "candidate", dir);
	json_set_str(request, "cache", cache);
	json_set_str(request, "case", case_name);
	free(cache);
	free(dir);
	a->profile_wanted = true;
	snprintf(a->profile_of, sizeof(a->profile_of), "%.31s", what);
	snprintf(a->profile_case, sizeof(a->profile_case), "%.47s", case_name ? case_name : "");
	evaluation = evaluator_submit(a->profiler, request, PROFILE_MS, &callbacks, a);
	/* it may be over already */
	if (a->profile_wanted)
		a->profiling = evaluation;
	return true;
}

/* --- the ledger, notes, the end ------------------------------------------------------- */

static int port_direction_open(void *arg, const char *title, const char *hypothesis, const char *expected)
{
	struct agent *a = arg;

	return a->host->direction_open(a->host, title, hypothesis, expected);
}

static void port_direction_close(void *arg, int direction, enum direction_state state, const char *outcome)
{
	struct agent *a = arg;

	a->host->direction_close(a->host, direction, state, outcome);
}

static int port_note_add(void *arg, const char *text)
{
	struct agent *a = arg;

	return memory_note(&a->memory, text);
}

static bool port_note_remove(void *arg, int number)
{
	struct agent *a = arg;

	return memory_forget(&a->memory, number);
}

static void port_submit(void *arg, const char *summary)
{
	struct agent *a = arg;

	a->submitted = true;
	free(a->farewell);
	a->farewell = xstrdup(summary);
}

void agent_port_init(struct tool_port *port, struct agent *a)
{
	*port = (struct tool_port){
		.arg = a,
		.evaluate = port_evaluate,
		.profile = port_profile,
		.direction_open = port_direction_open,
		.direction_close = port_direction_close,
		.note_add = port_note_add,
		.note_remove = port_note_remove,
		.submit = port_submit,
	};
}
