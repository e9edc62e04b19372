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

#include <dirent.h>
#include <math.h>

/* The scoring function by hand: one candidate (score), and the bad ones that must be caught (redteam). */

struct scoring {
	char *dir;		/* the candidate's files */
	char *temp;		/* removed at the end; may be NULL */
	char backend[16], suite[64];
	char *cache;
	char *worker;		/* command template, NULL: default */
};

static void scoring_release(struct scoring *s)
{
	if (s->temp)
		path_remove_tree(s->temp, NULL);
	free(s->temp);
	free(s->dir);
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

/* Takes backend, suite and worker from the run, where there is one. */
static void defaults_from_run(struct scoring *s, const char *run_dir)
{
	char *path = path_join(run_dir, "avo.conf");
	struct conf *conf;

	if (conf_open(&conf, path, NULL) == AVO_OK) {
		snprintf(s->backend, sizeof(s->backend), "%s", conf_str(conf, "run.backend", "cpu"));
		snprintf(s->suite, sizeof(s->suite), "%s", conf_str(conf, "run.suite", "cpu"));
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

	snprintf(s->backend, sizeof(s->backend), "%s", str_ends(what, ".cu") ? "cuda" : "cpu");
	snprintf(s->suite, sizeof(s->suite), "%s", str_ends(what, ".cu") ? "mha" : "cpu");
	if (run_find(&run_dir, call->argc > 1 ? call->argv[1] : NULL, NULL) == AVO_OK)
		defaults_from_run(s, run_dir);
	if (suite)
		snprintf(s->suite, sizeof(s->suite), "%s", suite);
	if (backend)
		snprintf(s->backend, sizeof(s->backend), "%s", backend);
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
	return verdict == VERDICT_PASSED ? 0 : 1;
}

static int run_score(const struct cli_call *call)
{
	struct scoring s = { 0 };
	cJSON *request, *result = NULL;
	struct error err;
	int status;

	if (prepare(&s, call, call->argv[0], &err) != AVO_OK) {
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

/* "// redteam: verdict=cheated rule=syscall" in the first line says what must come out. */
static bool expected_of(char *verdict, size_t size, const char *file)
{
	struct buf text = BUF_INIT;
	const char *mark;
	bool found = false;

	if (path_read(&text, file, 1 << 20, NULL) == AVO_OK && (mark = strstr(buf_cstr(&text), "redteam: verdict="))) {
		size_t len;

		mark += strlen("redteam: verdict=");
		len = strcspn(mark, " \n*");
		snprintf(verdict, size, "%.*s", (int)len, mark);
		found = true;
	}
	buf_release(&text);
	return found;
}

/* "incorrect|cheated" accepts either. */
static bool matches(const char *expected, const char *got)
{
	size_t len = strlen(got);
	const char *at = expected;

	while ((at = strstr(at, got))) {
		if ((at == expected || at[-1] == '|') && (at[len] == '\0' || at[len] == '|'))
			return true;
		at += len;
	}
	return false;
}

static int red_one(const struct cli_call *call, const char *file, const char *backend, const char *suite, bool *good)
{
	char expected[64];
	struct scoring s = { 0 };
	cJSON *request, *result = NULL;
	const char *got;
	struct error err;
	int status;

	*good = false;
	if (!expected_of(expected, sizeof(expected), file))
		snprintf(expected, sizeof(expected), "passed");
	if (make_temp(&s, &err) != AVO_OK || from_file(&s, file, &err) != AVO_OK) {
		scoring_release(&s);
		return cli_fail(call, &err);
	}
	request = cli_job("evaluate", backend, suite, s.cache);
	json_set_str(request, "candidate", s.dir);
	status = cli_evaluate(&result, call, NULL, request);
	if (!status) {
		got = json_str(result, "verdict", "none");
		*good = matches(expected, got);
		if (call->global->json) {
			json_set_str(result, "file", path_basename(file));
			json_set_str(result, "expected", expected);
			json_set_bool(result, "ok", *good);
			cli_print_json(cJSON_Duplicate(result, true));
		} else {
			printf("%s%-6s%s %-28s %-14s ", cli_paint(call, *good ? CLI_GOOD : CLI_BAD), *good ? "ok" : "MISSED",
			       cli_paint(call, CLI_PLAIN), path_basename(file), got);
			if (!*good)
				printf("(expected %s) ", expected);
			cli_print_clean(json_str(result, "reason", ""), 90);
			putchar('\n');
			fflush(stdout);
		}
	}
	cJSON_Delete(result);
	scoring_release(&s);
	return status;
}

static int is_source(const struct dirent *entry)
{
	return str_ends(entry->d_name, ".c") || str_ends(entry->d_name, ".cu");
}

static int run_redteam(const struct cli_call *call)
{
	const char *backend = cli_value(call, "backend") ? cli_value(call, "backend") : "cpu";
	const char *suite = cli_value(call, "suite") ? cli_value(call, "suite") : "cpu-quick";
	char *relative = xasprintf("kernels/redteam/%s", backend), *dir = path_data(relative);
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_source, alphasort), i, caught = 0, status = 0;

	for (i = 0; i < count; i++) {
		char *file = path_join(dir, entries[i]->d_name);
		bool good = false;

		if (!status)
			status = red_one(call, file, backend, suite, &good);
		caught += good;
		free(file);
		free(entries[i]);
	}
	free(entries);
	if (count <= 0) {
		fprintf(stderr, "avo redteam: no kernels in %s\n", dir);
		status = 3;
	} else if (!status && !call->global->json) {
		printf("%d of %d candidates got the verdict they deserve\n", caught, count);
	}
	free(relative);
	free(dir);
	return status ? status : caught == count ? 0 : 1;
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
const struct cli_command cmd_redteam = {
	"redteam", "", "Score kernels that cheat, crash or lie, and see each of them caught",
	"Exit status 1 when one of them was not.", score_options, 0, 0, run_redteam,
};
