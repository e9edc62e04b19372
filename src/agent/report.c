#include "avo.h"
#include "agent/report.h"
#include "journal/profile.h"
#include "journal/record.h"

#include <math.h>

#define LOG_BYTES 8000

void report_scores(struct buf *out, const struct score *score, const struct score *other, const char *other_name)
{
	int i;

	if (!score->count)
		return;
	buf_printf(out, "%-14s %12s", "case", score->unit);
	if (other)
		buf_printf(out, " %12s   ratio", other_name);
	buf_addch(out, '\n');
	for (i = 0; i < score->count; i++) {
		const struct case_score *c = &score->cases[i], *o = other ? score_case(other, c->name) : NULL;

		buf_printf(out, "%-14s %12.4g", c->name, c->value);
		if (o && o->value > 0)
			buf_printf(out, " %12.4g  x%.3f", o->value, c->value / o->value);
		buf_addch(out, '\n');
	}
	buf_printf(out, "%-14s %12.4g", "geomean", score->geomean);
	if (other && other->count)
		buf_printf(out, " %12.4g  x%.3f", other->geomean, score->geomean / other->geomean);
	buf_addch(out, '\n');
}

/* Errors stand at the end of some compilers' words and at the beginning of others': both ends are kept. */
static void add_log(struct buf *out, const char *log)
{
	size_t len = strlen(log);

	if (len <= LOG_BYTES) {
		buf_printf(out, "%s%s", log, len && log[len - 1] == '\n' ? "" : "\n");
		return;
	}
	buf_add(out, log, LOG_BYTES / 2);
	buf_printf(out, "\n[... %zu bytes left out; lineage show has more ...]\n", len - LOG_BYTES);
	buf_addstr(out, log + len - LOG_BYTES / 2);
	buf_addch(out, '\n');
}

static void add_build(struct buf *out, const cJSON *result, bool with_log)
{
	const cJSON *build = json_obj(result, "build");
	const char *log = json_str(build, "log", "");

	if (json_get(build, "registers"))
		buf_printf(out, "registers %.0f, spilled bytes %.0f, shared memory %.0f bytes\n", json_num(build, "registers", 0),
			   json_num(build, "spills", 0), json_num(build, "shared_bytes", 0));
	if (json_str(build, "warning", NULL))
		buf_printf(out, "The compiler warns about speed: %s\n", json_str(build, "warning", ""));
	if (json_str(build, "error", NULL))
		buf_printf(out, "%s\n", json_str(build, "error", ""));
	if (with_log && *log) {
		buf_addstr(out, "The compiler said:\n");
		add_log(out, log);
	} else if (*log) {
		buf_printf(out, "The compiler warned:\n%.1500s\n", log);
	}
}

static void add_where(struct buf *out, const cJSON *check)
{
	struct buf where = BUF_INIT;

	if (record_worst_element(&where, check))
		buf_printf(out, "    worst at %s\n", buf_cstr(&where));
	buf_release(&where);
}

static void add_checks(struct buf *out, const cJSON *result)
{
	const cJSON *check;
	int failed = 0, all = 0;

	cJSON_ArrayForEach(check, json_arr(result, "checks")) {
		all++;
		if (json_bool(check, "ok", true) || ++failed > 6)
			continue;
		buf_printf(out, "  failed: case %s, %s: error %.4g, allowed %.4g\n", json_str(check, "case", "?"), json_str(check, "kind", "?"),
			   json_num(check, "max_error", NAN), json_num(check, "tolerance", NAN));
		add_where(out, check);
	}
	if (failed)
		buf_printf(out, "%d of %d checks failed.\n", failed, all);
}

static void add_decision(struct buf *out, const struct run_state *s, const struct attempt *a)
{
	const struct comparison *c = &a->comparison;

	if (c->decision == DECISION_NONE)
		return;
	buf_printf(out, "decision %s: ratio to v%d is x%.4f, interval [%.4f, %.4f], %d pairs\n", decision_name(c->decision),
		   a->incumbent, c->ratio, c->lo, c->hi, c->pairs);
}

static void add_fate(struct buf *out, const struct attempt *a)
{
	if (a->stage == ATTEMPT_COMMITTED)
		buf_printf(out, "It was committed as v%d.\n", a->version);
	else if (a->stage == ATTEMPT_REJECTED)
		buf_addstr(out, "The engineer rejected it.\n");
	else if (a->verdict != VERDICT_PASSED)
		buf_addstr(out, "It was not committed: only candidates that pass are measured.\n");
	else if (a->comparison.decision == DECISION_REGRESSED)
		buf_addstr(out, "It was not committed: it is slower than the incumbent.\n");
	else if (a->comparison.decision == DECISION_INCONCLUSIVE)
		buf_addstr(out, "It was not committed: the interval holds 1, so no difference was shown.\n");
	else if (a->comparison.decision == DECISION_MATCHED)
		buf_addstr(out, "It was not committed: it is as fast as the incumbent, no faster.\n");
}

void report_attempt(struct buf *out, const struct run_state *s, const struct attempt *a, const cJSON *result)
{
	const struct version *incumbent = state_version(s, a->incumbent);
	struct score measured = { 0 };

	buf_printf(out, "a%d \"%s\": %s%s%s\n", a->id, a->title ? a->title : "", verdict_name(a->verdict), a->reason ? ": " : "",
		   a->reason ? a->reason : "");
	if (a->verdict == VERDICT_CHEATED && json_str(result, "rule", NULL))
		buf_printf(out, "rule broken: %s\n", json_str(result, "rule", ""));
	add_build(out, result, a->verdict == VERDICT_BUILD_FAILED);
	add_checks(out, result);
	add_decision(out, s, a);
	/* the incumbent as measured in the same run, else as it was when it was committed */
	if (json_obj(result, "incumbent_scores"))
		score_from_json(&measured, json_obj(result, "incumbent_scores"));
	if (measured.count)
		report_scores(out, &a->score, &measured, "incumbent");
	else
		report_scores(out, &a->score, incumbent && incumbent->score.count ? &incumbent->score : NULL, "incumbent");
	if (isfinite(json_num(result, "peak_fraction", NAN)))
		buf_printf(out, "fraction of the measured peak: %.3f\n", json_num(result, "peak_fraction", NAN));
	add_fate(out, a);
}

static const cJSON *counter_with_id(const cJSON *counters, const char *id)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, counters)
		if (strcmp(json_str(c, "id", ""), id) == 0)
			return c;
	return NULL;
}

static void add_counter(struct buf *out, const cJSON *c, const cJSON *other)
{
	double value = json_num(c, "value", NAN), before = json_num(other, "value", NAN);

	buf_printf(out, "  %-40s ", json_str(c, "label", json_str(c, "id", "?")));
	if (!isfinite(value)) {
		/* absent is not zero */
		buf_addstr(out, "not available\n");
		return;
	}
	buf_printf(out, "%12.5g %-10s", value, json_str(c, "unit", ""));
	if (isfinite(before))
		buf_printf(out, " %12.5g", before);
	if (isfinite(before) && before > 0)
		buf_printf(out, "  x%.3f", value / before);
	buf_addch(out, '\n');
}

static void add_kernel(struct buf *out, const cJSON *kernel)
{
	const cJSON *item;

	buf_printf(out, "  %s:", json_str(kernel, "kernel", "?"));
	cJSON_ArrayForEach(item, kernel)
		if (cJSON_IsNumber(item))
			buf_printf(out, " %s %.6g", item->string, item->valuedouble);
	buf_addch(out, '\n');
}

void report_profile(struct buf *out, const cJSON *result, const cJSON *other, const char *other_name)
{
	const char *group = "", *absent;
	const cJSON *c;

	if (other)
		buf_printf(out, "(second number: %s)\n", other_name);
	cJSON_ArrayForEach(c, json_arr(result, "counters")) {
		if (strcmp(group, json_str(c, "group", "")) != 0) {
			group = json_str(c, "group", "");
			buf_printf(out, "%s\n", group);
		}
		add_counter(out, c, counter_with_id(json_arr(other, "counters"), json_str(c, "id", "")));
	}
	absent = profile_absent(result);
	if (absent)
		buf_printf(out, "no counters: %s\n", absent);
	cJSON_ArrayForEach(c, result)
		if (cJSON_IsArray(c) && json_str(cJSON_GetArrayItem(c, 0), "kernel", NULL)) {
			const cJSON *kernel;

			buf_addstr(out, "kernels\n");
			cJSON_ArrayForEach(kernel, c)
				add_kernel(out, kernel);
		}
	absent = json_str(result, "activity_absent", NULL);
	if (absent)
		buf_printf(out, "no times of kernels: %s\n", absent);
}
