#include "avo.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "cli/text.h"
#include "engine/engine.h"
#include "lineage/lineage.h"
#include "task/sampled.h"
#include "task/task.h"

#include <math.h>

/* The scoring function by hand: one candidate; nothing is recorded. */

struct scoring {
	char *dir;		/* the candidate's files */
	char *temp;		/* removed at the end; may be NULL */
	char *backend, *suite;
	char *cache;
	char *worker;		/* command template, NULL: default */
};

static void scoring_release(struct scoring *s)
{
	if (s->temp)
		path_remove_tree(s->temp, NULL);
	free(s->temp);
	free(s->dir);
	free(s->backend);
	free(s->suite);
	free(s->cache);
	free(s->worker);
}

static enum avo_status make_temp(struct scoring *s, struct error *err)
{
	const char *tmp = getenv("TMPDIR");

	if (path_temp_dir(&s->temp, tmp && *tmp ? tmp : "/tmp", "avo-score-", err) != AVO_OK)
		return err->status;
	s->cache = path_join(s->temp, "cache");
	return path_mkdirs(s->cache, 0700, err);
}

/* A single source file becomes a candidate directory of its own. */
static enum avo_status from_file(struct scoring *s, const char *file, struct error *err)
{
	const char *name = str_ends(file, ".cu") ? "kernel.cu" : "kernel.c";
	char *target;
	enum avo_status st;

	s->dir = path_join(s->temp, "candidate");
	st = path_mkdirs(s->dir, 0700, err);
	if (st != AVO_OK)
		return st;
	target = path_join(s->dir, name);
	st = path_copy_file(file, target, 0600, err);
	free(target);
	return st;
}

static enum avo_status from_revision(struct scoring *s, const char *run_dir, const char *name, struct error *err)
{
	char commit[COMMIT_ID_SIZE];
	struct lineage *lineage;
	enum avo_status st = lineage_open(&lineage, run_dir, LINEAGE_READ, err);

	if (st != AVO_OK)
		return st;
	s->dir = path_join(s->temp, "candidate");
	st = lineage_resolve(commit, lineage, name, err);
	if (st == AVO_OK)
		st = lineage_export(lineage, commit, s->dir, err);
	lineage_close(lineage);
	return st;
}

static void take_text(char **field, const char *text)
{
	free(*field);
	*field = xstrdup(text);
}

/* Takes backend and suite from the run's record, where there is one, and the worker from its settings. */
static void defaults_from_run(struct scoring *s, const char *run_dir)
{
	char *path = path_join(run_dir, "avo.conf"), *journal = path_join(run_dir, ".avo/journal");
	struct run_state state;
	struct conf *conf;

	state_init(&state);
	if (state_load(&state, journal, NULL) == AVO_OK && *state.suite) {
		take_text(&s->backend, state.backend);
		free(s->suite);
		s->suite = suite_of_run(run_dir, state.suite);
	}
	state_release(&state);
	free(journal);
	if (conf_open(&conf, path, NULL) == AVO_OK) {
		s->worker = xstrdup(conf_str(conf, "score.worker", "{worker}"));
		conf_free(conf);
	}
	free(path);
}

static enum avo_status prepare(struct scoring *s, const struct cli_call *call, const char *what, struct error *err)
{
	const char *suite = cli_value(call, "suite"), *backend = cli_value(call, "backend");
	char *run_dir = NULL;
	enum avo_status st;

	take_text(&s->backend, str_ends(what, ".cu") ? "cuda" : "cpu");
	take_text(&s->suite, str_ends(what, ".cu") ? "mha" : "cpu");
	if (run_find(&run_dir, call->argc > 1 ? call->argv[1] : NULL, NULL) == AVO_OK)
		defaults_from_run(s, run_dir);
	if (suite)
		take_text(&s->suite, suite);
	if (backend)
		take_text(&s->backend, backend);
	st = make_temp(s, err);
	if (st == AVO_OK && path_is_dir(what))
		s->dir = xstrdup(what);
	else if (st == AVO_OK && path_exists(what))
		st = from_file(s, what, err);
	else if (st == AVO_OK && run_dir)
		st = from_revision(s, run_dir, what, err);
	else if (st == AVO_OK)
		st = error_set(err, AVO_NEGATIVE, "%s is no file, no directory, and there is no run here to look it up in", what);
	free(run_dir);
	return st;
}

static int print_result(const struct cli_call *call, const cJSON *result)
{
	enum verdict verdict = verdict_parse(json_str(result, "verdict", NULL));
	struct score score;

	if (call->global->json) {
		cli_print_json(cJSON_Duplicate(result, true));
		return verdict == VERDICT_PASSED ? 0 : 1;
	}
	printf("verdict    %s%s%s", cli_paint(call, cli_verdict_color(verdict, DECISION_NONE)), verdict_name(verdict),
	       cli_paint(call, CLI_PLAIN));
	if (json_str(result, "reason", NULL)) {
		fputs(": ", stdout);
		cli_print_clean(json_str(result, "reason", ""), 0);
	}
	printf("\ndevice     %s\n", json_str(result, "device", "?"));
	score_from_json(&score, result);
	if (score.count)
		cli_print_scores(call, &score, "score", NULL, NULL);
	if (isfinite(json_num(result, "peak_fraction", NAN)))
		printf("  %.1f%% of the measured peak\n", json_num(result, "peak_fraction", NAN) * 100);
	cli_print_words("sampled", result, sampled_words);
	cli_print_words("worst case", result, sampled_worst_words);
	return verdict == VERDICT_PASSED ? 0 : 1;
}

static int run_score(const struct cli_call *call)
{
	struct scoring s = { 0 };
	cJSON *request, *result = NULL;
	struct suite suite;
	struct error err;
	int status;

	if (prepare(&s, call, call->argv[0], &err) != AVO_OK || suite_load(&suite, s.suite, &err) != AVO_OK) {
		status = cli_fail(call, &err);
	} else {
		request = cli_job("evaluate", s.backend, s.suite, s.cache);
		json_set_str(request, "candidate", s.dir);
		status = cli_evaluate(&result, call, s.worker, request);
		if (!status)
			status = print_result(call, result);
	}
	cJSON_Delete(result);
	scoring_release(&s);
	return status;
}

static const struct cli_option score_options[] = {
	{ "suite", 0, "NAME", "the cases (default: the run's suite, else cpu)" },
	{ "backend", 0, "NAME", "cpu or cuda (default: the run's, else by the file's name)" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_score = {
	"score", "PATH|vN|aN [DIR]", "Run the scoring function once: build, check, time",
	"PATH is a candidate's directory or its one source file; nothing is recorded.", score_options, 1, 2, run_score,
};
