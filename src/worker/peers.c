#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "score/stats.h"
#include "worker/evaluation.h"
#include "worker/peers.h"

#include <math.h>
#include <sys/stat.h>

#define MAX_NAMED 8
#define MAX_ENTRANTS (MAX_NAMED + 2)	/* and a seed and the vendor's library */
#define ROWS 16			/* of each timed output, compared with the reference */
#define ALPHA 0.025		/* a side: intervals of 95 % */

/* Seconds of one entrant on one case, a value for each repeat; NAN where it could not be measured. */
struct timing {
	double own[PEERS_MAX_REPEATS];
	double beside[PEERS_MAX_REPEATS];	/* the candidate's, in the same pairs */
};

struct entrant {
	char name[PEER_NAME_SIZE];
	char absent[256];		/* not empty: it does not take part, and why */
	struct build *build;
	struct candidate *candidate;
	struct timing cases[SCORE_MAX_CASES];
};

struct contest {
	struct job *job;
	const struct backend_ops *ops;
	struct backend *b;
	struct job_progress *progress;
	struct extents extents;
	struct entrant self;		/* the job's candidate; its candidate is NULL when there is none */
	struct entrant list[MAX_ENTRANTS];
	int count;
	cJSON *observed;
};

/* ---- who takes part ------------------------------------------------------------------ */

static void stay_away(struct entrant *e, const char *why)
{
	snprintf(e->absent, sizeof(e->absent), "%.250s", *why ? why : "it does not run here");
}

static bool is_file(const char *path)
{
	struct stat info;

	return stat(path, &info) == 0 && S_ISREG(info.st_mode);
}

/* A directory is built as a candidate is; a file is what its backend makes of it. */
static enum avo_status build_entrant(struct entrant *e, struct contest *k, const char *path, struct error *err)
{
	enum avo_status (*build)(struct build **, struct build_report *, struct backend *, const char *, const char *, struct error *);
	struct build_report report;
	enum avo_status st;

	if (!path_exists(path))
		return error_set(err, AVO_ENVIRONMENT, "there is no %s on the worker's machine", path);
	build_report_init(&report);
	build = is_file(path) ? k->ops->build_file : k->ops->build;
	st = build(&e->build, &report, k->b, path, k->job->cache, err);
	if (st == AVO_OK && report.verdict != VERDICT_PASSED)
		st = error_set(err, AVO_NEGATIVE, "%s does not build: %.300s", path, report.error[0] ? report.error : report.evidence);
	build_report_release(&report);
	return st;
}

static enum avo_status enter(struct entrant *e, struct contest *k, const char *path, struct error *err)
{
	struct run_outcome outcome = { .verdict = VERDICT_PASSED };
	enum avo_status st = build_entrant(e, k, path, err);

	if (st == AVO_OK)
		st = k->ops->load(&e->candidate, &outcome, k->b, e->build, &k->extents, err);
	if (st == AVO_OK && !e->candidate)
		st = error_set(err, AVO_NEGATIVE, "%s cannot be loaded: %s", path, outcome.reason);
	return st;
}

static struct entrant *add_entrant(struct contest *k, const char *name)
{
	struct entrant *e = &k->list[k->count++];

	snprintf(e->name, sizeof(e->name), "%s", name);
	return e;
}

static void add_path(struct contest *k, const char *name, const char *path)
{
	struct entrant *e = add_entrant(k, name);
	struct error why = { 0 };

	if (enter(e, k, path, &why) != AVO_OK)
		stay_away(e, why.text);
}

static void add_library(struct contest *k)
{
	struct entrant *e = add_entrant(k, k->ops->library_name);
	struct error why = { 0 };

	if (k->ops->library(&e->candidate, e->name, k->b, &k->extents, &why) != AVO_OK)
		stay_away(e, why.text);
}

static void add_named(struct contest *k, const cJSON *baseline)
{
	const char *path = json_str(baseline, "path", ""), *slash = strrchr(path, '/');

	add_path(k, json_str(baseline, "name", slash && slash[1] ? slash + 1 : path), path);
}

static enum avo_status assemble(struct contest *k, struct error *err)
{
	enum avo_status st = AVO_OK;
	const cJSON *baseline;

	if (cJSON_GetArraySize(k->job->baselines) > MAX_NAMED)
		return error_set(err, AVO_USAGE, "at most %d baselines can be named", MAX_NAMED);
	if (k->job->candidate)
		st = enter(&k->self, k, k->job->candidate, err);
	if (st != AVO_OK)
		return st;
	cJSON_ArrayForEach(baseline, k->job->baselines)
		add_named(k, baseline);
	if (k->ops->peer_seed) {
		char *dir = path_data(k->ops->peer_seed);

		add_path(k, k->ops->peer_seed_name, dir);
		free(dir);
	}
	if (k->ops->library)
		add_library(k);
	return AVO_OK;
}

static void dismiss(struct contest *k)
{
	struct entrant *e;

	for (e = k->list; e < k->list + k->count; e++) {
		k->ops->unload(e->candidate);
		k->ops->build_free(e->build);
	}
	k->ops->unload(k->self.candidate);
	k->ops->build_free(k->self.build);
}

/* ---- measuring ------------------------------------------------------------------------ */

/* One look at a baseline: by itself, or first or second beside the candidate. Adds to the seconds of each. */
static enum avo_status time_half(double *own, double *beside, struct contest *k, struct entrant *e, int index, int half,
				 struct error *err)
{
	const struct task_case *c = &k->job->suite.cases[index];
	struct run_spec spec = { .c = c, .deal = fill_deal_one(FILL_NORMAL), .seed = random_seed(&k->job->seeds), .rows = ROWS };
	int count = k->self.candidate ? 2 : 1, at = count == 2 && half == 0;
	struct candidate *who[2] = { e->candidate, e->candidate };
	struct run_outcome out[2];
	enum avo_status st;
	int i;

	if (count == 2)
		who[!at] = k->self.candidate;
	st = k->ops->run(out, k->b, who, count, &spec, err);
	for (i = 0; st == AVO_OK && i < count; i++) {
		double *sum = i == at ? own : beside;
		/* a clock that was read badly is nobody's fault; the repeat goes without */
		bool fault = out[i].verdict == VERDICT_EVALUATOR_FAULT;

		*sum += out[i].verdict == VERDICT_PASSED ? out[i].seconds : NAN;
		if (out[i].verdict == VERDICT_PASSED || fault)
			continue;
		if (i != at)
			return error_set(err, AVO_NEGATIVE, "the candidate is %s on case %s: %s", verdict_name(out[i].verdict), c->name,
					 out[i].reason);
		snprintf(e->absent, sizeof(e->absent), "%s on case %s: %.180s", verdict_name(out[i].verdict), c->name, out[i].reason);
	}
	return st;
}

/* The two halves of a repeat for everybody who is left: A B, B A. */
static enum avo_status time_repeat(struct contest *k, int index, int repeat, struct error *err)
{
	enum avo_status st = AVO_OK;
	struct entrant *e;

	for (e = k->list; st == AVO_OK && e < k->list + k->count; e++) {
		double own = 0, beside = 0;
		int half;

		for (half = 0; st == AVO_OK && half < 2 && !e->absent[0]; half++)
			st = time_half(&own, &beside, k, e, index, half, err);
		if (repeat >= 0) {
			e->cases[index].own[repeat] = own / 2;
			e->cases[index].beside[repeat] = beside / 2;
		}
	}
	return st;
}

/* What the device did while this case was measured, and the peak it had at that clock. */
static void observe(struct contest *k, const struct task_case *c)
{
	bool tera = strcmp(k->job->suite.unit, "TFLOPS") == 0;
	cJSON *o = cJSON_CreateObject(), *t = cJSON_CreateObject();
	double peak;

	if (k->ops->telemetry)
		k->ops->telemetry(t, k->b);
	peak = json_num(t, "peak_at_observed_clock_tflops", NAN) * (tera ? 1 : 1e3);
	json_set_str(o, "case", c->name);
	json_set_num(o, "peak", isfinite(peak) ? peak : k->ops->peak(k->b, k->job->suite.unit));
	json_set_str(o, "peak_at", isfinite(peak) ? "observed clock" : k->ops->peak_at);
	json_set(o, "telemetry", t);
	json_push(k->observed, o);
}

/* Case by case, so that the clock of each is known; the first round of a case is not counted. */
static enum avo_status measure(struct contest *k, struct error *err)
{
	int total = k->job->suite.count * k->job->repeats, i, n;
	enum avo_status st = AVO_OK;

	for (i = 0; st == AVO_OK && i < k->job->suite.count; i++) {
		st = time_repeat(k, i, -1, err);
		if (k->ops->telemetry) {
			cJSON *before = cJSON_CreateObject();

			k->ops->telemetry(before, k->b);	/* what came before this case is not its clock */
			cJSON_Delete(before);
		}
		for (n = 0; st == AVO_OK && n < k->job->repeats; n++) {
			st = time_repeat(k, i, n, err);
			job_progress(k->progress, "peers", i * k->job->repeats + n + 1, total);
		}
		observe(k, &k->job->suite.cases[i]);
	}
	return st;
}

/* The candidate's seconds are those in all its pairs. */
static void gather_self(struct contest *k)
{
	int i, n;

	for (i = 0; i < k->job->suite.count; i++)
		for (n = 0; n < k->job->repeats; n++) {
			const struct entrant *e;
			double sum = 0;
			int pairs = 0;

			for (e = k->list; e < k->list + k->count; e++)
				if (!e->absent[0] && isfinite(e->cases[i].beside[n])) {
					sum += e->cases[i].beside[n];
					pairs++;
				}
			k->self.cases[i].own[n] = pairs ? sum / pairs : NAN;
		}
}

/* ---- reporting ---------------------------------------------------------------------------- */

static int finite_values(double *out, const double *in, int n)
{
	int i, count = 0;

	for (i = 0; i < n; i++)
		if (isfinite(in[i]))
			out[count++] = in[i];
	return count;
}

/* Mean and standard deviation of the throughput over the repeats. */
static void report_score(cJSON *obj, const struct contest *k, const struct entrant *e)
{
	const struct suite *s = &k->job->suite;
	double unit = strcmp(s->unit, "TFLOPS") == 0 ? 1e12 : 1e9, values[PEERS_MAX_REPEATS];
	struct score score = { .count = s->count };
	int i, n, count;

	snprintf(score.unit, sizeof(score.unit), "%s", s->unit);
	for (i = 0; i < s->count; i++) {
		count = finite_values(values, e->cases[i].own, k->job->repeats);
		for (n = 0; n < count; n++)
			values[n] = case_flops(&s->cases[i]) / values[n] / unit;
		snprintf(score.cases[i].name, sizeof(score.cases[i].name), "%s", s->cases[i].name);
		score.cases[i].value = stats_mean(values, count);
		score.cases[i].std = stats_std(values, count);
		score.cases[i].n = count;
	}
	score_set_geomean(&score);
	score_to_json(obj, &score);
}

/* "ratio" and "ratio_ci" of paired log ratios; above 1: the candidate is faster. */
static void report_interval(cJSON *obj, const double *logs, int count)
{
	double mean = stats_mean(logs, count), half = stats_half_width(logs, count, ALPHA);
	cJSON *ci = cJSON_CreateArray();

	json_set_num(obj, "ratio", exp(mean));
	if (isfinite(half)) {
		json_push(ci, cJSON_CreateNumber(exp(mean - half)));
		json_push(ci, cJSON_CreateNumber(exp(mean + half)));
	}
	json_set(obj, "ratio_ci", ci);
	json_set_int(obj, "pairs", count);
}

static void report_ratios(cJSON *obj, const struct contest *k, const struct entrant *e)
{
	double all[PEERS_MAX_REPEATS] = { 0 }, logs[PEERS_MAX_REPEATS];
	const struct suite *s = &k->job->suite;
	cJSON *list = cJSON_CreateArray();
	int i, n;

	for (i = 0; i < s->count; i++) {
		cJSON *item = cJSON_CreateObject();

		for (n = 0; n < k->job->repeats; n++) {
			logs[n] = log(e->cases[i].own[n] / e->cases[i].beside[n]);
			all[n] += logs[n] / s->count;
		}
		json_set_str(item, "case", s->cases[i].name);
		report_interval(item, logs, finite_values(logs, logs, k->job->repeats));
		json_push(list, item);
	}
	report_interval(obj, all, finite_values(all, all, k->job->repeats));
	json_set_num(obj, "confidence", 1 - 2 * ALPHA);
	json_set(obj, "cases", list);
}

static cJSON *report_entrant(const struct contest *k, const struct entrant *e)
{
	cJSON *obj = cJSON_CreateObject();

	json_set_str(obj, "name", e->name);
	if (e->absent[0]) {
		json_set_str(obj, "absent", e->absent);
		return obj;
	}
	report_score(obj, k, e);
	if (k->self.candidate)
		report_ratios(obj, k, e);
	return obj;
}

static void report(cJSON *result, struct contest *k)
{
	cJSON *list = cJSON_CreateArray(), *self;
	const struct entrant *e;

	for (e = k->list; e < k->list + k->count; e++)
		json_push(list, report_entrant(k, e));
	json_set(result, "peers", list);
	json_set_int(result, "repeats", k->job->repeats);
	if (!k->self.candidate)
		return;
	gather_self(k);
	self = cJSON_CreateObject();
	report_score(self, k, &k->self);
	json_set(result, "candidate", self);
}

enum avo_status peers_measure(cJSON *result, struct backend *b, struct job *job, struct job_progress *progress, struct error *err)
{
	struct contest *k = xcalloc(1, sizeof(*k));
	enum avo_status st;
	char device[160];

	k->job = job;
	k->ops = job->ops;
	k->b = b;
	k->progress = progress;
	k->extents = evaluation_extents(&job->suite);
	k->observed = cJSON_CreateArray();
	job_progress(progress, "peers", 0, 0);
	json_set_num(result, "peak", job->ops->peak(b, job->suite.unit));
	json_set_str(result, "unit", job->suite.unit);
	if (job->ops->probe(device, sizeof(device)))
		json_set_str(result, "device", device);
	st = assemble(k, err);
	if (st == AVO_OK)
		st = measure(k, err);
	if (st == AVO_OK)
		report(result, k);
	json_set(result, "observed", k->observed);
	dismiss(k);
	free(k);
	return st;
}
