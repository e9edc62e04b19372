#include "avo.h"
#include "base/conf.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/bench.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "lineage/lineage.h"

#include <math.h>

/*
 * Each repeat is one worker job that measures the newest version and the seed
 * in pairs, followed by one that measures the peers; everything within one
 * session, so that the ratios mean something.
 */

#define BENCH_MAX_PEERS 8
#define BENCH_MAX_REPEATS 100

/* Values of one thing on one case (or its geomean) over the repeats. */
struct sample {
	int n;
	double sum, sum_squares;
};

struct column {
	char name[32];
	struct score last;		/* case names and unit */
	struct sample cases[SCORE_MAX_CASES], geomean;
};

struct bench {
	const struct cli_run *run;
	char *best_dir, *seed_dir, *cache, *worker;
	char backend[16], suite[64], device[128];
	struct column best, seed, peers[BENCH_MAX_PEERS];
	int peer_count;
	double log_ratio_sum, log_ratio_squares;	/* best over seed, one a repeat */
	int ratios;
	struct comparison first;			/* the interval within one repeat */
	double peak;
	int repeats_done;
};

static void sample_add(struct sample *s, double value)
{
	if (!isfinite(value))
		return;
	s->n++;
	s->sum += value;
	s->sum_squares += value * value;
}

static double sample_mean(const struct sample *s)
{
	return s->n ? s->sum / s->n : NAN;
}

static double sample_std(const struct sample *s)
{
	double variance;

	if (s->n < 2)
		return NAN;
	variance = (s->sum_squares - s->sum * s->sum / s->n) / (s->n - 1);
	return variance > 0 ? sqrt(variance) : 0;
}

static void column_add(struct column *c, const char *name, const struct score *score)
{
	int i;

	snprintf(c->name, sizeof(c->name), "%s", name);
	c->last = *score;
	for (i = 0; i < score->count; i++)
		sample_add(&c->cases[i], score->cases[i].value);
	sample_add(&c->geomean, score->geomean);
}

static struct column *peer_column(struct bench *b, const char *name)
{
	int i;

	for (i = 0; i < b->peer_count; i++)
		if (strcmp(b->peers[i].name, name) == 0)
			return &b->peers[i];
	return b->peer_count < BENCH_MAX_PEERS ? &b->peers[b->peer_count++] : NULL;
}

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
		snprintf(b->backend, sizeof(b->backend), "%s", b->run->state.backend);
		snprintf(b->suite, sizeof(b->suite), "%s", b->run->state.suite);
		b->cache = cli_dot_path(b->run, "cache");
		st = export_version(&b->best_dir, b, l, (int)b->run->state.version_count - 1, err);
	}
	if (st == AVO_OK)
		st = export_version(&b->seed_dir, b, l, 0, err);
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
}

static int measure_versions(struct bench *b, const struct cli_call *call)
{
	cJSON *request = cli_job("evaluate", b->backend, b->suite, b->cache), *result;
	struct comparison comparison;
	struct score score;
	int status;

	json_set_str(request, "candidate", b->best_dir);
	json_set_str(request, "incumbent", b->seed_dir);
	status = cli_evaluate(&result, call, b->worker, request);
	if (status)
		return status;
	if (verdict_parse(json_str(result, "verdict", NULL)) != VERDICT_PASSED) {
		cli_complain(call, "the newest version does not pass any more: %s: %s", json_str(result, "verdict", "?"),
			     json_str(result, "reason", ""));
		cJSON_Delete(result);
		return 1;
	}
	score_from_json(&score, result);
	column_add(&b->best, "best", &score);
	score_from_json(&score, json_obj(result, "incumbent_scores"));
	column_add(&b->seed, "seed", &score);
	comparison_from_json(&comparison, result);
	snprintf(b->device, sizeof(b->device), "%s", json_str(result, "device", "?"));
	if (comparison.ratio > 0) {
		double l = log(comparison.ratio);

		b->first = comparison;
		b->log_ratio_sum += l;
		b->log_ratio_squares += l * l;
		b->ratios++;
	}
	cJSON_Delete(result);
	return 0;
}

/* Once: a peer that is not here will not be there in the next repeat either. */
static void note_absent(const struct cli_call *call, struct bench *b, const char *name, const char *why)
{
	if (b->repeats_done == 0)
		cli_complain(call, "no %s: %s", name, why);
}

static int measure_peers(struct bench *b, const struct cli_call *call)
{
	cJSON *result;
	const cJSON *peer;
	int status = cli_evaluate(&result, call, b->worker, cli_job("peers", b->backend, b->suite, b->cache));

	if (status)
		return status;
	b->peak = json_num(result, "peak", NAN);
	cJSON_ArrayForEach(peer, json_arr(result, "peers")) {
		const char *name = json_str(peer, "name", "peer");
		struct column *column;
		struct score score;

		if (json_str(peer, "absent", NULL)) {
			note_absent(call, b, name, json_str(peer, "absent", ""));
			continue;
		}
		column = peer_column(b, name);
		score_from_json(&score, peer);
		if (column)
			column_add(column, name, &score);
	}
	cJSON_Delete(result);
	return 0;
}

static void print_cell(const struct cli_call *call, const struct sample *s)
{
	char value[16];

	printf(" %9s", cli_value_text(value, sample_mean(s)));
	if (s->n > 1)
		printf(" %s%-5.2f", call->global->ascii ? "+-" : "\xc2\xb1", sample_std(s));
}

static void print_row(const struct cli_call *call, const struct bench *b, const char *name, int i)
{
	int p;

	printf("  %-14s", name);
	print_cell(call, i < 0 ? &b->best.geomean : &b->best.cases[i]);
	print_cell(call, i < 0 ? &b->seed.geomean : &b->seed.cases[i]);
	for (p = 0; p < b->peer_count; p++)
		print_cell(call, i < 0 ? &b->peers[p].geomean : &b->peers[p].cases[i]);
	if (isfinite(b->peak)) {
		double value = sample_mean(i < 0 ? &b->best.geomean : &b->best.cases[i]);

		printf("   %4.1f%%", value / b->peak * 100);
	}
	putchar('\n');
}

/* A peer's full name says version and kernels; a column has room for its first word. */
static const char *peer_label(char out[16], const char *name)
{
	snprintf(out, 16, "%.*s", (int)strcspn(name, " ") < 9 ? (int)strcspn(name, " ") : 9, name);
	return out;
}

static void print_ratios(const struct cli_call *call, const struct bench *b)
{
	double mean = b->log_ratio_sum / b->ratios;
	char label[16];
	int p;

	printf("\nbest / seed      x%.2f", exp(mean));
	if (b->ratios > 1)
		printf("   std %.2f%% over %d repeats\n",
		       sqrt(fmax(0, (b->log_ratio_squares - b->ratios * mean * mean) / (b->ratios - 1))) * 100, b->ratios);
	else
		printf("   [%.2f, %.2f], %d pairs\n", b->first.lo, b->first.hi, b->first.pairs);
	for (p = 0; p < b->peer_count; p++)
		printf("best / %-9s x%.2f   same session; %s\n", peer_label(label, b->peers[p].name),
		       sample_mean(&b->best.geomean) / sample_mean(&b->peers[p].geomean), b->peers[p].name);
}

static void print_table(const struct cli_call *call, const struct bench *b, int repeats)
{
	int width = repeats > 1 ? 17 : 10, i, p;
	char label[16];

	printf("%s on %s, %s, mean%s over %d repeat%s\n\n", b->run->state.name, b->device, b->best.last.unit,
	       repeats > 1 ? " and standard deviation" : "", repeats, repeats > 1 ? "s" : "");
	printf("  %-14s%*s%*s", "case", width, "best", width, "seed");
	for (p = 0; p < b->peer_count; p++)
		printf("%*s", width, peer_label(label, b->peers[p].name));
	puts(isfinite(b->peak) ? "  of peak" : "");
	for (i = 0; i < b->best.last.count; i++)
		print_row(call, b, b->best.last.cases[i].name, i);
	print_row(call, b, "geomean", -1);
	print_ratios(call, b);
}

static cJSON *column_json(const struct column *c)
{
	cJSON *obj = cJSON_CreateObject(), *cases = cJSON_CreateArray();
	int i;

	json_set_str(obj, "name", c->name);
	json_set_str(obj, "unit", c->last.unit);
	json_set_num(obj, "geomean", sample_mean(&c->geomean));
	json_set_num(obj, "geomean_std", sample_std(&c->geomean));
	for (i = 0; i < c->last.count; i++) {
		cJSON *item = cJSON_CreateObject();

		json_set_str(item, "case", c->last.cases[i].name);
		json_set_num(item, "value", sample_mean(&c->cases[i]));
		json_set_num(item, "std", sample_std(&c->cases[i]));
		json_set_int(item, "n", c->cases[i].n);
		json_push(cases, item);
	}
	json_set(obj, "scores", cases);
	return obj;
}

static void print_json(const struct bench *b, int repeats)
{
	cJSON *obj = cJSON_CreateObject(), *peers = cJSON_CreateArray();
	int p;

	json_set_str(obj, "device", b->device);
	json_set_int(obj, "repeats", repeats);
	json_set(obj, "best", column_json(&b->best));
	json_set(obj, "seed", column_json(&b->seed));
	for (p = 0; p < b->peer_count; p++)
		json_push(peers, column_json(&b->peers[p]));
	json_set(obj, "peers", peers);
	json_set_num(obj, "best_over_seed", exp(b->log_ratio_sum / b->ratios));
	for (p = 0; p < b->peer_count; p++) {
		char key[64];

		snprintf(key, sizeof(key), "best_over_%s", b->peers[p].name);
		json_set_num(obj, key, sample_mean(&b->best.geomean) / sample_mean(&b->peers[p].geomean));
	}
	json_set_num(obj, "peak", b->peak);
	cli_print_json(obj);
}

int cli_bench(const struct cli_call *call, const struct cli_run *run, int repeats)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	char word[PATH_WORD_SIZE];
	struct error err;
	int status = 0, i;

	b->run = run;
	b->peak = NAN;
	if (!run->state.version_count) {
		cli_complain(call, "no version yet; start the run with: avo run %s", path_word(word, run->dir));
		status = 1;
	} else if (bench_open(b, &err) != AVO_OK) {
		status = cli_fail(call, &err);
	}
	for (i = 0; i < repeats && !status; i++) {
		status = measure_versions(b, call);
		if (!status)
			status = measure_peers(b, call);
		b->repeats_done++;
	}
	if (!status && call->global->json)
		print_json(b, repeats);
	else if (!status)
		print_table(call, b, repeats);
	bench_release(b);
	free(b);
	return status;
}

static int run_bench(const struct cli_call *call)
{
	struct cli_run run;
	int64_t repeats = 10;
	int status;

	if (!cli_number(&repeats, call, "number", 1, BENCH_MAX_REPEATS))
		return 2;
	status = cli_open_run(&run, call);
	if (status)
		return status;
	status = cli_bench(call, &run, (int)repeats);
	cli_close_run(&run);
	return status;
}

static const struct cli_option bench_options[] = {
	{ "number", 'n', "N", "repeats (default 10, as in the paper)" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_bench = {
	"bench", "[DIR]", "Measure the newest version, the seed and the peers in one session",
	"Prints mean and standard deviation of every case. Each repeat measures best and seed\n"
	"in pairs and the peers right after.", bench_options, 0, 1, run_bench,
};
