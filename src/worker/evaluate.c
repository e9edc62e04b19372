/*
 * The scoring function: build, check, time (in pairs with the incumbent), check
 * again. The first thing that is wrong decides the verdict.
 */
#include "avo.h"
#include "base/clock.h"
#include "worker/evaluation.h"

#include <math.h>
#include <stdarg.h>

bool evaluation_going(const struct evaluation *e)
{
	return e->fault.verdict == VERDICT_PASSED;
}

void evaluation_at(struct evaluation *e, const char *fmt, ...)
{
	va_list args;
	char *at;

	va_start(args, fmt);
	vsnprintf(e->place, sizeof(e->place), fmt, args);
	va_end(args);
	for (at = e->place; (at = strchr(at, ' ')); at++)
		*at = ':';
}

void evaluation_blame_incumbent(struct run_outcome *fault, const char *what)
{
	char reason[sizeof(fault->reason)];

	snprintf(reason, sizeof(reason), "the incumbent failed beside the challenger: %.200s", what);
	memset(fault, 0, sizeof(*fault));
	fault->verdict = VERDICT_EVALUATOR_FAULT;
	snprintf(fault->reason, sizeof(fault->reason), "%s", reason);
}

static void end_stage(struct evaluation *e, const char *stage)
{
	int64_t now = clock_mono_ns();

	json_set_num(e->ms, stage, json_num(e->ms, stage, 0) + round((double)(now - e->started_ns) * 1e-4) / 100);
	e->started_ns = now;
}

static void blame_build(struct run_outcome *fault, const struct build_report *r)
{
	fault->verdict = r->verdict;
	snprintf(fault->reason, sizeof(fault->reason), "%.250s", r->verdict == VERDICT_CHEATED ? r->evidence : r->error);
	snprintf(fault->rule, sizeof(fault->rule), "%s", r->rule);
	snprintf(fault->evidence, sizeof(fault->evidence), "%s", r->evidence);
}

static enum avo_status build_side(struct evaluation *e, enum side side, struct error *err)
{
	const char *dir = side == CHALLENGER ? e->job->candidate : e->job->incumbent;
	struct build_report report;
	enum avo_status st;

	evaluation_at(e, "build");
	build_report_init(&report);
	st = e->ops->build(&e->build[side], &report, e->b, dir, e->job->cache, err);
	if (st == AVO_OK && side == CHALLENGER)
		evaluation_report_build(e->result, &report);
	if (st == AVO_OK && report.verdict != VERDICT_PASSED)
		blame_build(&e->fault, &report);
	if (st == AVO_OK && side == INCUMBENT && !evaluation_going(e))
		evaluation_blame_incumbent(&e->fault, e->fault.reason);
	build_report_release(&report);
	return st;
}

static enum avo_status load_side(struct evaluation *e, enum side side, struct error *err)
{
	struct extents x = evaluation_extents(&e->job->suite);
	struct run_outcome outcome;
	enum avo_status st;

	evaluation_at(e, "load");
	st = e->ops->load(&e->candidate[side], &outcome, e->b, e->build[side], &x, err);
	if (st == AVO_OK && outcome.verdict != VERDICT_PASSED)
		e->fault = outcome;
	if (st == AVO_OK && side == INCUMBENT && !evaluation_going(e))
		evaluation_blame_incumbent(&e->fault, e->fault.reason);
	return st;
}

static enum avo_status stages(struct evaluation *e, struct error *err)
{
	bool compare = e->job->incumbent;
	enum avo_status st;

	job_progress(e->progress, "build", 0, 0);
	st = build_side(e, CHALLENGER, err);
	if (st == AVO_OK && evaluation_going(e) && compare)
		st = build_side(e, INCUMBENT, err);
	end_stage(e, "build");
	/* known before the first measurement, so that it does not disturb one */
	e->ops->peak(e->b, e->job->suite.unit);
	if (st == AVO_OK && evaluation_going(e))
		st = load_side(e, CHALLENGER, err);
	if (st == AVO_OK && evaluation_going(e))
		st = evaluation_check_before(e, err);
	if (st == AVO_OK && evaluation_going(e) && compare)
		st = load_side(e, INCUMBENT, err);
	end_stage(e, "check");
	if (st == AVO_OK && evaluation_going(e))
		st = compare ? evaluation_time_pairs(e, err) : evaluation_time_alone(e, err);
	end_stage(e, compare ? "compare" : "time");
	if (st == AVO_OK && evaluation_going(e))
		st = evaluation_check_after(e, err);
	end_stage(e, "check");
	return st;
}

enum avo_status worker_evaluate(cJSON *result, struct backend *b, struct job *job, struct job_progress *progress, struct error *err)
{
	static struct evaluation state;		/* a worker runs one job at a time; the samples are large */
	struct evaluation *e = &state;
	enum avo_status st;
	char device[160];
	int side;

	memset(e, 0, sizeof(*e));
	e->job = job;
	e->ops = job->ops;
	e->b = b;
	e->progress = progress;
	e->result = result;
	e->checks = cJSON_CreateArray();
	e->ms = cJSON_CreateObject();
	e->fault.verdict = VERDICT_PASSED;
	e->started_ns = clock_mono_ns();
	st = stages(e, err);
	for (side = 0; side < SIDES; side++) {
		e->ops->unload(e->candidate[side]);
		e->ops->build_free(e->build[side]);
	}
	json_set(result, "checks", e->checks);
	json_set(result, "ms", e->ms);
	if (e->ops->probe(device, sizeof(device)))
		json_set_str(result, "device", device);
	if (e->ops->telemetry) {
		cJSON *t = cJSON_CreateObject();

		e->ops->telemetry(t, b);
		if (job->incumbent)
			json_set_int(t, "disturbed_blocks", e->disturbed);
		json_set(result, "telemetry", t);
	}
	if (st == AVO_OK)
		evaluation_report_verdict(e);
	return st;
}
