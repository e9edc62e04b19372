#include "avo.h"
#include "agent/report.h"
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
	if (!json_get(check, "expected"))
		return;
	buf_printf(out, "    worst at batch %.0f, head %.0f, row %.0f", json_num(check, "batch", 0), json_num(check, "head", 0),
		   json_num(check, "row", 0));
	if (json_get(check, "column"))
		buf_printf(out, ", column %.0f", json_num(check, "column", 0));
	buf_printf(out, ": expected %.6g, got %.6g\n", json_num(check, "expected", NAN), json_num(check, "got", NAN));
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

static void add_number(struct buf *out, const cJSON *item, const cJSON *other)
{
	buf_printf(out, "  %-44s %14.6g", item->string, item->valuedouble);
	if (cJSON_IsNumber(other) && fabs(other->valuedouble) > 0)
		buf_printf(out, " %14.6g  x%.3f", other->valuedouble, item->valuedouble / other->valuedouble);
	buf_addch(out, '\n');
}

static bool is_protocol(const char *name)
{
	static const char *const names[] = { "id", "event", "op", "type", "verdict" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* Whatever the backend measures: numbers become lines, objects become groups. */
static void add_group(struct buf *out, const cJSON *group, const cJSON *other)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, group) {
		const cJSON *o = item->string ? json_get(other, item->string) : NULL;

		if (cJSON_IsNumber(item) && item->string)
			add_number(out, item, o);
		else if (cJSON_IsString(item) && item->string && !is_protocol(item->string))
			buf_printf(out, "  %-44s %.200s\n", item->string, item->valuestring);
		else if (cJSON_IsObject(item)) {
			const char *name = json_str(item, "name", item->string ? item->string : "");
			double value = json_num(item, "value", NAN);

			if (isfinite(value)) {
				buf_printf(out, "  %-44s %14.6g %s\n", name, value, json_str(item, "unit", ""));
			} else {
				buf_printf(out, "%s:\n", name);
				add_group(out, item, o);
			}
		} else if (cJSON_IsArray(item)) {
			buf_printf(out, "%s:\n", item->string ? item->string : "");
			add_group(out, item, o);
		}
	}
}

void report_profile(struct buf *out, const cJSON *result, const cJSON *other, const char *other_name)
{
	if (other)
		buf_printf(out, "(second column: %s)\n", other_name);
	add_group(out, result, other);
}
