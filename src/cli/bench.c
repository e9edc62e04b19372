#include "avo.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "lineage/lineage.h"
#include "score/baselines.h"
#include "task/task.h"

#include <math.h>

/*
 * The table of the paper, from one job of one worker: the newest version beside
 * its seed, the peers and the user's own baselines. Every sample of a baseline is
 * half of a pair with the newest version on the same values, so the ratios have
 * intervals that clocks and other load do not enter.
 */

#define BENCH_MAX_REPEATS 100

struct bench {
	const struct cli_call *call;
	const struct cli_run *run;
	const struct bench_options *options;
	char *best_dir, *seed_dir, *cache, *worker;
	char *suite;			/* what is asked of the worker: a name or a path; owned */
	cJSON *baselines;		/* until the request owns them */
	cJSON *result;
};

/* ---- the job ---------------------------------------------------------------------------- */

static enum avo_status export_version(char **out, struct bench *b, struct lineage *l, int id, struct error *err)
{
	const struct version *v = state_version(&b->run->state, id);
	char *name = xasprintf("cache/bench/v%d", id);
	enum avo_status st;

	*out = cli_dot_path(b->run, name);
	free(name);
	st = path_remove_tree(*out, err);
	return st == AVO_OK ? lineage_export(l, v->commit, *out, err) : st;
}

/* One source file, as --seed takes it, becomes the directory that a worker wants; NULL when the path is something else. */
static char *file_as_dir(const struct bench *b, const char *path, int n)
{
	char *name, *dir, *kernel;
	bool made;

	if (!str_ends(path, ".c") || path_is_dir(path))
		return NULL;
	name = xasprintf("cache/bench/file%d", n);
	dir = cli_dot_path(b->run, name);
	kernel = path_join(dir, "kernel.c");
	made = path_remove_tree(dir, NULL) == AVO_OK && path_mkdirs(dir, 0700, NULL) == AVO_OK &&
	       path_copy_file(path, kernel, 0600, NULL) == AVO_OK;
	free(kernel);
	free(name);
	if (made)
		return dir;
	free(dir);	/* the worker says what is wrong with the path itself */
	return NULL;
}

static void add_given(struct bench *b, const char *path, int n, const char *below)
{
	char *dir = file_as_dir(b, path, n);

	if (dir)
		baselines_add(b->baselines, path_basename(path), dir, "/");
	else
		baselines_add(b->baselines, NULL, path, below);
	free(dir);
}

/* The seed, those of avo.conf, those of the command line (below the current directory). */
static void name_baselines(struct bench *b, const struct conf *conf)
{
	cJSON *configured = baselines_of_conf(conf, b->run->dir), *item;
	const char *rest = b->options->baselines;
	char *here = realpath(".", NULL);
	int n = 0;

	b->baselines = cJSON_CreateArray();
	baselines_add(b->baselines, "seed", b->seed_dir, "/");
	while ((item = cJSON_DetachItemFromArray(configured, 0)))
		json_push(b->baselines, item);
	cJSON_Delete(configured);
	while (rest && *rest) {
		size_t len = strcspn(rest, ",");
		char *path = xasprintf("%.*s", (int)len, rest);

		if (*path)
			add_given(b, path, n++, here ? here : ".");
		free(path);
		rest += len + (rest[len] == ',');
	}
	free(here);
}

static enum avo_status bench_open(struct bench *b, struct error *err)
{
	char *path = path_join(b->run->dir, "avo.conf");
	struct conf *conf = NULL;
	struct lineage *l = NULL;
	enum avo_status st = conf_open(&conf, path, err);

	free(path);
	if (st == AVO_OK)
		st = lineage_open(&l, b->run->dir, LINEAGE_READ, err);
	if (st == AVO_OK) {
		b->worker = xstrdup(conf_str(conf, "score.worker", "{worker}"));
		b->suite = b->options->suite ? xstrdup(b->options->suite) : suite_of_run(b->run->dir, b->run->state.suite);
		b->cache = cli_dot_path(b->run, "cache");
		st = export_version(&b->best_dir, b, l, (int)b->run->state.version_count - 1, err);
	}
	if (st == AVO_OK)
		st = export_version(&b->seed_dir, b, l, 0, err);
	if (st == AVO_OK)
		name_baselines(b, conf);
	lineage_close(l);
	conf_free(conf);
	return st;
}

static void bench_release(struct bench *b)
{
	if (b->best_dir)
		path_remove_tree(b->best_dir, NULL);
	if (b->seed_dir)
		path_remove_tree(b->seed_dir, NULL);
	free(b->best_dir);
	free(b->seed_dir);
	free(b->cache);
	free(b->worker);
	free(b->suite);
	cJSON_Delete(b->baselines);
	cJSON_Delete(b->result);
}

static int measure(struct bench *b)
{
	cJSON *request = cli_job("peers", b->run->state.backend, b->suite, b->cache);
	int status;

	json_set_str(request, "candidate", b->best_dir);
	json_set(request, "baselines", b->baselines);
	json_set_int(request, "repeats", b->options->repeats);
	b->baselines = NULL;
	status = cli_evaluate(&b->result, b->call, b->worker, request);
	if (status || !json_str(b->result, "verdict", NULL))
		return status;
	cli_complain(b->call, "the newest version could not be measured: %s",
		     json_str(b->result, "reason", json_str(b->result, "verdict", "?")));
	return 1;
}

/* ---- for people --------------------------------------------------------------------------- */

static bool is_absent(const cJSON *peer)
{
	return json_str(peer, "absent", NULL);
}

/* A peer's full name says version and kernels; a column has room for its first word. */
static const char *short_name(char *out, const cJSON *peer)
{
	const char *name = json_str(peer, "name", "peer");
	int len = (int)strcspn(name, " ");

	snprintf(out, 16, "%.*s", len < 9 ? len : 9, name);
	return out;
}

static const cJSON *scores_of(const cJSON *column, int i)
{
	return cJSON_GetArrayItem(json_arr(column, "scores"), i);
}

static void print_value(const struct bench *b, double value, double std)
{
	char text[16];

	printf(" %9s", cli_value_text(text, value));
	if (isfinite(std))
		printf(" %s%-5.2f", b->call->global->ascii ? "+-" : "\xc2\xb1", std);
	else
		printf("       ");
}

static double percent_of_peak(const struct bench *b, int i, double value)
{
	return value / json_num(cJSON_GetArrayItem(json_arr(b->result, "observed"), i), "peak", NAN) * 100;
}

static void print_row(const struct bench *b, int i)
{
	const cJSON *best = scores_of(json_obj(b->result, "candidate"), i), *peer;
	double value = json_num(best, "value", NAN), percent = percent_of_peak(b, i, value);

	printf("  %-14s", json_str(best, "case", "?"));
	print_value(b, value, json_num(best, "std", NAN));
	cJSON_ArrayForEach(peer, json_arr(b->result, "peers"))
		if (!is_absent(peer))
			print_value(b, json_num(scores_of(peer, i), "value", NAN), json_num(scores_of(peer, i), "std", NAN));
	if (isfinite(percent))
		printf("   %5.1f%%", percent);
	putchar('\n');
}

static void print_geomean(const struct bench *b)
{
	const cJSON *peer;

	printf("  %-14s", "geomean");
	print_value(b, json_num(json_obj(b->result, "candidate"), "geomean", NAN), NAN);
	cJSON_ArrayForEach(peer, json_arr(b->result, "peers"))
		if (!is_absent(peer))
			print_value(b, json_num(peer, "geomean", NAN), NAN);
	putchar('\n');
}

/* Names stand over the values, not over what follows them. */
static void print_head(const struct bench *b)
{
	const cJSON *peer;
	char label[16];

	printf("  %-14s %9s       ", "case", "best");
	cJSON_ArrayForEach(peer, json_arr(b->result, "peers"))
		if (!is_absent(peer))
			printf(" %9s       ", short_name(label, peer));
	puts("   of peak");
}

static void ratio_text(char *out, size_t size, const cJSON *ratio)
{
	const cJSON *ci = json_arr(ratio, "ratio_ci");

	if (cJSON_GetArraySize(ci) == 2)
		snprintf(out, size, "x%.3f [%.3f, %.3f]", json_num(ratio, "ratio", NAN), cJSON_GetArrayItem(ci, 0)->valuedouble,
			 cJSON_GetArrayItem(ci, 1)->valuedouble);
	else
		snprintf(out, size, "x%.3f", json_num(ratio, "ratio", NAN));
}

static void print_case_ratios(const struct bench *b, int count)
{
	const cJSON *peer;
	char text[64];
	int i;

	printf("\n  %-14s", "best over");
	cJSON_ArrayForEach(peer, json_arr(b->result, "peers"))
		if (!is_absent(peer))
			printf("  %-22s", short_name(text, peer));
	putchar('\n');
	for (i = 0; i < count; i++) {
		printf("  %-14s", json_str(scores_of(json_obj(b->result, "candidate"), i), "case", "?"));
		cJSON_ArrayForEach(peer, json_arr(b->result, "peers"))
			if (!is_absent(peer)) {
				ratio_text(text, sizeof(text), cJSON_GetArrayItem(json_arr(peer, "cases"), i));
				printf("  %-22s", text);
			}
		putchar('\n');
	}
}

static void print_ratios(const struct bench *b)
{
	const cJSON *peer;
	char label[16], text[64];

	putchar('\n');
	cJSON_ArrayForEach(peer, json_arr(b->result, "peers")) {
		if (is_absent(peer)) {
			fputs("no ", stdout);
			cli_print_clean(json_str(peer, "name", "peer"), 40);
			fputs(": ", stdout);
			cli_print_clean(json_str(peer, "absent", ""), 0);
			putchar('\n');
			continue;
		}
		ratio_text(text, sizeof(text), peer);
		printf("best / %-9s %s   ", short_name(label, peer), text);
		cli_print_clean(json_str(peer, "name", ""), 0);
		putchar('\n');
	}
}

static void print_clock(const struct bench *b)
{
	const cJSON *o, *mhz;
	double least = INFINITY, most = 0;

	cJSON_ArrayForEach(o, json_arr(b->result, "observed")) {
		mhz = json_obj(json_obj(o, "telemetry"), "sm_mhz");
		least = fmin(least, json_num(mhz, "mean", INFINITY));
		most = fmax(most, json_num(mhz, "mean", 0));
	}
	o = cJSON_GetArrayItem(json_arr(b->result, "observed"), 0);
	printf("Of peak: of the %s peak", strcmp(json_str(o, "peak_at", ""), "observed clock") == 0 ? "case's own" : "measured");
	if (most > 0)
		printf(" at its observed clock (NVML: %.0f to %.0f MHz)", least, most);
	printf(".\n");
}

static void print_tables(const struct bench *b)
{
	const cJSON *best = json_obj(b->result, "candidate");
	int count = cJSON_GetArraySize(json_arr(best, "scores")), i;

	printf("%s v%d on ", b->run->state.name, (int)b->run->state.version_count - 1);
	cli_print_clean(json_str(b->result, "device", "?"), 0);
	printf(", suite %s, %s, mean and standard deviation over %d repeat%s\n\n", b->options->suite ? b->options->suite : b->run->state.suite, json_str(best, "unit", "?"),
	       b->options->repeats, b->options->repeats > 1 ? "s" : "");
	print_head(b);
	for (i = 0; i < count; i++)
		print_row(b, i);
	print_geomean(b);
	if (!b->options->brief)
		print_case_ratios(b, count);
	print_ratios(b);
	printf("\nRatios are of pairs on the same values (A B, then B A), with %.0f %% intervals over %d repeats. ",
	       json_num(cJSON_GetArrayItem(json_arr(b->result, "peers"), 0), "confidence", 0.95) * 100, b->options->repeats);
	print_clock(b);
}

/* ---- for programs -------------------------------------------------------------------------- */

static void print_json(struct bench *b)
{
	cJSON *obj = cJSON_Duplicate(b->result, true);

	cJSON_DeleteItemFromObjectCaseSensitive(obj, "id");
	cJSON_DeleteItemFromObjectCaseSensitive(obj, "event");
	json_set_str(obj, "run", b->run->state.name);
	json_set_str(obj, "suite", b->options->suite ? b->options->suite : b->run->state.suite);
	json_set_int(obj, "version", (int64_t)b->run->state.version_count - 1);
	cli_print_json(obj);
}

int cli_bench(const struct cli_call *call, const struct cli_run *run, const struct bench_options *options)
{
	struct bench b = { .call = call, .run = run, .options = options };
	char word[PATH_WORD_SIZE];
	struct error err;
	int status;

	if (!run->state.version_count) {
		cli_complain(call, "no version yet; start the run with: avo run %s", path_word_here(word, run->dir));
		return 1;
	}
	status = bench_open(&b, &err) == AVO_OK ? measure(&b) : cli_fail(call, &err);
	if (!status && call->global->json)
		print_json(&b);
	else if (!status)
		print_tables(&b);
	bench_release(&b);
	return status;
}

static int run_bench(const struct cli_call *call)
{
	struct bench_options options = { .suite = cli_value(call, "suite"), .baselines = cli_value(call, "baseline") };
	int64_t repeats = 10;
	struct cli_run run;
	int status;

	if (!cli_number(&repeats, call, "number", 1, BENCH_MAX_REPEATS))
		return 2;
	options.repeats = (int)repeats;
	status = cli_open_run(&run, call);
	if (status)
		return status;
	status = cli_bench(call, &run, &options);
	cli_close_run(&run);
	return status;
}

static const struct cli_option bench_options[] = {
	{ "number", 'n', "N", "repeats (default 10, as in the paper)" },
	{ "suite", 0, "NAME", "measure another suite than the run's" },
	{ "baseline", 0, "PATH[,PATH]", "baselines of your own, too: directories, a .c file, .so, .cubin with a plan" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_bench = {
	"bench", "[DIR]", "Measure the newest version beside the seed, the peers and your own baselines",
	"Prints mean and standard deviation of every case, the share of the peak at the observed\n"
	"clock, and the ratio to each baseline with its interval. Every sample of a baseline is\n"
	"half of a pair with the newest version on the same values.", bench_options, 0, 1, run_bench,
};
