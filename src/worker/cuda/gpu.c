/*
 * The CUDA backend: candidates are cubins and plans. Builds and plans are made
 * in sandboxed processes; the runner, a process of its own that is trusted,
 * holds the context and the clock. What goes wrong on the device costs that
 * process, and the next run starts another.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "worker/cuda/candidate.h"
#include "worker/cuda/cudnn.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/gpu.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/telemetry.h"
#include "worker/random.h"

#include <math.h>

#define RUN_LEAST_MS 3000		/* a run that takes longer than this and its arithmetic at SLOWEST hangs */
#define SLOWEST 0.4e12			/* FLOP/s: the reference kernel is faster */
#define CLOCK_TRIES 3
#define PEAK_SLACK 1.02
#define SAMPLE_MS 50			/* of clocks and power */

struct backend {
	struct gpu_facts facts;
	struct gpu_keeper *keeper;
	struct telemetry *telemetry;	/* NULL where NVML is not */
	bool sampling;
	struct gpu_slots slots;
	struct random_source secret;
};

static bool probe(char *device, size_t size)
{
	struct gpu_facts facts;

	if (gpu_facts_read(&facts, 0, NULL) != AVO_OK)
		return false;
	snprintf(device, size, "%s, %d SMs, %s", facts.name, facts.device.sm_count, facts.arch);
	return true;
}

static enum avo_status open_gpu(struct backend **out, struct error *err)
{
	struct backend *b = xcalloc(1, sizeof(*b));
	enum avo_status st = gpu_facts_read(&b->facts, 0, err);

	if (st != AVO_OK) {
		free(b);
		return st;
	}
	b->keeper = gpu_keeper_new(0);
	b->slots = (struct gpu_slots){ .facts = &b->facts, .keeper = b->keeper };
	if (telemetry_open(&b->telemetry, b->facts.pci, NULL) == AVO_OK)
		b->sampling = telemetry_start(b->telemetry, SAMPLE_MS, NULL) == AVO_OK;
	*out = b;
	return AVO_OK;
}

static void close_gpu(struct backend *b)
{
	if (!b)
		return;
	gpu_keeper_free(b->keeper);
	telemetry_close(b->telemetry);
	free(b);
}

/* The worker's own device code, for every runner from now on. */
static enum avo_status build_trusted(struct backend *b, const char *cache, struct error *err)
{
	char *trusted;
	enum avo_status st = path_mkdirs(cache, 0755, err);

	if (st == AVO_OK)
		st = gpu_build_trusted(&trusted, b->facts.arch, cache, err);
	if (st != AVO_OK)
		return st;
	gpu_keeper_set_cubin(b->keeper, trusted);
	free(trusted);
	return AVO_OK;
}

static enum avo_status build(struct build **out, struct build_report *r, struct backend *b, const char *dir, const char *cache,
			     struct error *err)
{
	enum avo_status st = build_trusted(b, cache, err);

	*out = NULL;
	return st == AVO_OK ? gpu_build(out, r, &b->facts, dir, cache, err) : st;
}

static enum avo_status build_file(struct build **out, struct build_report *r, struct backend *b, const char *file, const char *cache,
				  struct error *err)
{
	enum avo_status st = build_trusted(b, cache, err);

	*out = NULL;
	return st == AVO_OK ? gpu_build_file(out, r, file, cache, err) : st;
}

/* ---- candidates -------------------------------------------------------------------- */

static enum avo_status load(struct candidate **out, struct run_outcome *outcome, struct backend *b, const struct build *made,
			    const struct extents *extents, struct error *err)
{
	struct candidate *c;
	enum avo_status st = gpu_candidate_new(&c, &b->slots, made->planner ? RUNNER_LOAD : RUNNER_LOAD_LIBRARY, err);

	*out = NULL;
	memset(outcome, 0, sizeof(*outcome));
	if (st != AVO_OK)
		return st;
	c->object = xstrdup(made->planner ? made->cubin : made->library);
	c->planner = made->planner ? xstrdup(made->planner) : NULL;
	st = gpu_candidate_load(outcome, c, err);
	if (st != AVO_OK || outcome->verdict != VERDICT_PASSED)
		gpu_candidate_free(c);
	else
		*out = c;
	return st;
}

/* ---- runs ------------------------------------------------------------------------------ */

static void fill_request(struct runner_request *q, const struct run_spec *spec)
{
	memset(q, 0, sizeof(*q));
	q->op = RUNNER_RUN;
	q->c = *spec->c;
	q->deal = spec->deal;
	q->seed = spec->seed;
	q->rows = spec->rows > 0 ? (uint32_t)spec->rows : 0;
	q->changed = spec->changed;
}

static int64_t run_deadline(const struct task_case *c)
{
	return RUN_LEAST_MS + (int64_t)(case_flops(c) / SLOWEST * 1e3);
}

static void blame_one(struct run_outcome *outcomes, int count, int blame, enum avo_status why, int64_t limit_ms)
{
	int i;

	for (i = 0; i < count; i++) {
		memset(&outcomes[i], 0, sizeof(outcomes[i]));
		outcomes[i].seconds = NAN;
		outcomes[i].verdict = i == blame ? (why == AVO_TIMEOUT ? VERDICT_TIMED_OUT : VERDICT_CRASHED) : VERDICT_PASSED;
	}
	snprintf(outcomes[blame].reason, sizeof(outcomes[blame].reason), why == AVO_TIMEOUT ?
		 "the kernel did not end within %.1f s" : "the GPU's context died in this kernel (limit %.1f s)", (double)limit_ms / 1e3);
}

/* Loads and plans for everybody in `who`; a candidate that cannot take part gets its outcome, and *ready is false. */
static enum avo_status make_ready(bool *ready, struct run_outcome *outcomes, struct runner_request *q, struct avo_plan *plans,
				  struct candidate *const *who, int count, const struct run_spec *spec, struct error *err)
{
	enum avo_status st = AVO_OK;
	int i;

	*ready = true;
	for (i = 0; st == AVO_OK && i < count; i++) {
		const struct planned *p;

		memset(&outcomes[i], 0, sizeof(outcomes[i]));
		st = gpu_candidate_load(&outcomes[i], who[i], err);
		if (st == AVO_OK && outcomes[i].verdict == VERDICT_PASSED)
			st = gpu_candidate_plan(&p, who[i], spec->c, err);
		if (st != AVO_OK)
			break;
		if (outcomes[i].verdict == VERDICT_PASSED && p->refusal[0]) {
			outcomes[i].verdict = VERDICT_CRASHED;
			snprintf(outcomes[i].reason, sizeof(outcomes[i].reason), "%s", p->refusal);
		}
		if (outcomes[i].verdict != VERDICT_PASSED) {
			*ready = false;
			continue;
		}
		plans[i] = p->plan;
		q->slots[i] = (uint32_t)who[i]->slot;
	}
	return st;
}

/* One call; a run that hangs or takes its process down is an outcome, too. */
static enum avo_status call_runner(struct run_outcome *outcomes, struct backend *b, const struct runner_request *q,
				   const struct avo_plan *plans, int count, struct error *err)
{
	const struct runner_reply *reply;
	int blame, i;
	int64_t limit = run_deadline(&q->c);
	enum avo_status st = gpu_keeper_call(&reply, &blame, b->keeper, q, plans, count, limit, err);

	if (st == AVO_OK) {
		for (i = 0; i < count; i++)
			outcomes[i] = reply->outcomes[i];
	} else if (blame >= 0 && blame < count) {
		blame_one(outcomes, count, blame, st, limit);
		st = AVO_OK;
	}
	return st;
}

static bool disagree(const struct run_outcome *outcomes, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (outcomes[i].verdict == VERDICT_EVALUATOR_FAULT)
			return true;
	return false;
}

/*
 * A fault on the device broke the context. And where one of a pair failed it may have been by what another one
 * did to the memory that they share: nobody runs in that process any more.
 */
static bool must_start_anew(const struct run_outcome *outcomes, int count)
{
	int i;

	for (i = 0; i < count; i++)
		if (outcomes[i].verdict == VERDICT_CRASHED || (count > 1 && outcomes[i].verdict != VERDICT_PASSED))
			return true;
	return false;
}

static enum avo_status run(struct run_outcome *outcomes, struct backend *b, struct candidate *const *who, int count,
			   const struct run_spec *spec, struct error *err)
{
	struct avo_plan *plans = xcalloc((size_t)count, sizeof(*plans));
	struct runner_request q;
	int tries = 0;
	enum avo_status st;
	bool ready;

	fill_request(&q, spec);
	q.count = (uint32_t)count;
	/* clocks that disagree are a host that was interrupted, not a result */
	do {
		st = make_ready(&ready, outcomes, &q, plans, who, count, spec, err);
		if (st == AVO_OK && ready)
			st = call_runner(outcomes, b, &q, plans, count, err);
	} while (st == AVO_OK && ready && disagree(outcomes, count) && ++tries < CLOCK_TRIES);
	if (st == AVO_OK && ready && must_start_anew(outcomes, count))
		gpu_keeper_stop(b->keeper);
	free(plans);
	return st;
}

/* ---- physics --------------------------------------------------------------------------- */

/* At the highest clock: what this device could do at most. The scores' own clocks are in the telemetry. */
static double peak(struct backend *b, const char *unit)
{
	double flops = gpu_flops_per_hz(&b->facts, DTYPE_BF16) * b->facts.max_hz;

	return flops > 0 ? flops / (strcmp(unit, "TFLOPS") == 0 ? 1e12 : 1e9) : NAN;
}

static double floor_seconds(struct backend *b, const struct task_case *c, bool sure)
{
	double flops = gpu_flops_per_hz(&b->facts, c->dtype) * b->facts.max_hz * PEAK_SLACK;
	double bandwidth = b->facts.dram_bytes_per_s * PEAK_SLACK;
	/* the L2 is flushed: the inputs come from memory; the output may stay in the cache */
	double reads = 2.0 * (double)(case_q_elements(c) + 2 * case_kv_elements(c));
	double by_flops = flops > 0 ? case_flops(c) / flops : 0, by_bytes = bandwidth > 0 ? reads / bandwidth : 0;

	return by_flops > by_bytes ? by_flops : by_bytes;
}

/* ---- baselines --------------------------------------------------------------------------- */

static enum avo_status library(struct candidate **out, char name[PEER_NAME_SIZE], struct backend *b, const struct extents *extents,
			       struct error *err)
{
	struct run_outcome outcome;
	struct candidate *c;
	enum avo_status st = cudnn_describe(name, PEER_NAME_SIZE, err);

	if (st == AVO_OK)
		st = gpu_candidate_new(&c, &b->slots, RUNNER_LOAD_CUDNN, err);
	if (st != AVO_OK)
		return st;
	st = gpu_candidate_load(&outcome, c, err);
	if (st != AVO_OK)
		gpu_candidate_free(c);
	else
		*out = c;
	return st;
}

/* ---- profile -------------------------------------------------------------------------------- */

static enum avo_status profile(cJSON *result, struct backend *b, const struct build *made, const struct task_case *c, struct error *err)
{
	struct run_outcome outcome;
	const struct runner_reply *reply;
	struct extents none = { 0 };
	struct candidate *who = NULL;
	struct runner_request q;
	struct run_spec spec = { .c = c, .deal = fill_deal_one(FILL_NORMAL), .seed = random_seed(&b->secret) };
	const struct planned *p;
	cJSON *found = NULL, *item;
	enum avo_status st;
	int blame;

	/* counters never share a process with a clock */
	gpu_keeper_stop(b->keeper);
	st = load(&who, &outcome, b, made, &none, err);
	if (st == AVO_OK && !who)
		st = error_set(err, AVO_NEGATIVE, "%s", outcome.reason);
	if (st == AVO_OK)
		st = gpu_candidate_plan(&p, who, c, err);
	if (st == AVO_OK && p->refusal[0])
		st = error_set(err, AVO_NEGATIVE, "%s", p->refusal);
	if (st == AVO_OK) {
		fill_request(&q, &spec);
		q.op = RUNNER_PROFILE;
		q.slots[0] = (uint32_t)who->slot;
		st = gpu_keeper_call(&reply, &blame, b->keeper, &q, &p->plan, 1, 3 * run_deadline(c) + GPU_CALL_MS, err);
	}
	if (st == AVO_OK)
		st = json_parse(&found, reply->text, strlen(reply->text), err);
	while (found && (item = found->child))
		cJSON_AddItemToObject(result, item->string, cJSON_DetachItemViaPointer(found, item));
	cJSON_Delete(found);
	gpu_candidate_free(who);
	gpu_keeper_stop(b->keeper);
	return st;
}

static void telemetry(cJSON *obj, struct backend *b)
{
	double per_hz = gpu_flops_per_hz(&b->facts, DTYPE_BF16);
	struct telemetry_summary summary;
	unsigned others[8];
	int count;

	if (!b->telemetry)
		return;
	telemetry_device_json(obj, b->telemetry);
	if (b->sampling) {
		telemetry_stop(b->telemetry, &summary);
		telemetry_summary_json(obj, &summary);
		if (isfinite(summary.values[TELEMETRY_SM_MHZ].mean) && per_hz > 0)
			json_set_num(obj, "peak_at_observed_clock_tflops", per_hz * summary.values[TELEMETRY_SM_MHZ].mean * 1e6 / 1e12);
		b->sampling = telemetry_start(b->telemetry, SAMPLE_MS, NULL) == AVO_OK;
	}
	count = telemetry_others(b->telemetry, others, (int)ARRAY_LEN(others));
	if (count > 1)
		json_set_int(obj, "other_processes", count - 1);
}

const struct backend_ops cuda_backend = {
	.name = "cuda",
	.probe = probe,
	.open = open_gpu,
	.close = close_gpu,
	.build = build,
	.build_free = gpu_build_free,
	.load = load,
	.unload = gpu_candidate_free,
	.run = run,
	.peak = peak,
	.floor_seconds = floor_seconds,
	.peak_at = "highest clock",
	.build_file = build_file,
	.library = library,
	.library_name = "cuDNN",
	.peer_seed = "kernels/attention/sm80",
	.peer_seed_name = "sm80 seed",
	.profile = profile,
	.telemetry = telemetry,
};
