#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/save.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "journal/profile.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>

/* A run as one Markdown document, for a colleague who was not there. */

#define COUNTERS 12

static void add_text(struct buf *out, const char *text)
{
	struct buf clean = BUF_INIT;
	size_t i;

	str_sanitize(&clean, text ? text : "", text ? strlen(text) : 0);
	for (i = 0; i < clean.len; i++) {
		if (strchr("|\\`*_<>", clean.data[i]))
			buf_addch(out, '\\');
		buf_addch(out, clean.data[i] == '\n' ? ' ' : clean.data[i]);
	}
	buf_release(&clean);
}

static void add_number(struct buf *out, double value)
{
	if (isfinite(value))
		buf_printf(out, "%.2f", value);
	else
		buf_addch(out, '-');
}

static void add_gain(struct buf *out, double ratio)
{
	if (isfinite(ratio))
		buf_printf(out, "%+.2f %%", (ratio - 1) * 100);
	else
		buf_addch(out, '-');
}

static void add_counter(struct buf *out, double value)
{
	if (isfinite(value))
		buf_printf(out, "%.4g", value);
	else
		buf_addch(out, '-');
}

static void add_head(struct buf *out, const struct run_state *s)
{
	char stamp[CLOCK_STAMP_SIZE], age[32];
	size_t i;

	buf_addstr(out, "# ");
	add_text(out, s->name);
	buf_printf(out, "\n\nSuite %s on %s, operator %s. Began %.10s; %zu version%s, %zu attempts, %s of active time.\n",
		   s->suite, s->device[0] ? s->device : s->backend, s->operator, clock_format(stamp, s->first_ms),
		   s->version_count, s->version_count == 1 ? "" : "s", s->attempt_count,
		   clock_age(age, sizeof(age), s->active_ms));
	if (s->cost_usd > 0)
		buf_printf(out, "Models cost $%.2f.\n", s->cost_usd);
	for (i = 0; i < s->peer_count; i++) {
		buf_printf(out, "\nPeer %s: ", s->peers[i].name);
		add_number(out, s->peers[i].score.geomean);
		buf_printf(out, " %s geometric mean.\n", s->peers[i].score.unit);
	}
}

static void add_versions(struct buf *out, const struct run_state *s)
{
	size_t i;

	buf_printf(out, "\n## Versions\n\nGeometric means as measured when each was committed; the gain is the paired ratio against\n"
			"its parent, measured interleaved in one process, with its confidence interval.\n\n"
			"| version | attempt | %s | gain | interval | pairs | change |\n|---|---|---:|---:|---|---:|---|\n",
		   s->unit[0] ? s->unit : "score");
	for (i = 0; i < s->version_count; i++) {
		const struct version *v = &s->versions[i];

		buf_printf(out, "| v%d | ", v->id);
		if (v->attempt >= 0)
			buf_printf(out, "a%d", v->attempt);
		buf_addstr(out, " | ");
		add_number(out, v->score.geomean);
		buf_addstr(out, " | ");
		if (v->comparison.decision != DECISION_NONE) {
			add_gain(out, v->comparison.ratio);
			buf_printf(out, " | %.4f to %.4f | %d | ", v->comparison.lo, v->comparison.hi, v->comparison.pairs);
		} else {
			buf_addstr(out, "| | | ");
		}
		add_text(out, v->title);
		buf_addstr(out, " |\n");
	}
}

static void add_cases(struct buf *out, const struct run_state *s)
{
	const struct version *best = state_champion(s), *seed = state_version(s, 0);
	size_t p;
	int i;

	if (!best || !best->score.count)
		return;
	buf_printf(out, "\n## v%d case by case\n\n| case | v%d | std | v0 |", best->id, best->id);
	for (p = 0; p < s->peer_count; p++)
		buf_printf(out, " %s |", s->peers[p].name);
	buf_addstr(out, "\n|---|---:|---:|---:|");
	for (p = 0; p < s->peer_count; p++)
		buf_addstr(out, "---:|");
	buf_addch(out, '\n');
	for (i = 0; i < best->score.count; i++) {
		const struct case_score *c = &best->score.cases[i], *o = score_case(&seed->score, c->name);

		buf_printf(out, "| %s | %.2f | %.2f | ", c->name, c->value, c->std);
		add_number(out, o ? o->value : NAN);
		buf_addstr(out, " |");
		for (p = 0; p < s->peer_count; p++) {
			const struct case_score *peer = score_case(&s->peers[p].score, c->name);

			buf_addch(out, ' ');
			add_number(out, peer ? peer->value : NAN);
			buf_addstr(out, " |");
		}
		buf_addch(out, '\n');
	}
}

static void add_outcomes(struct buf *out, const struct run_state *s)
{
	int verdicts[VERDICT_COUNT] = { 0 }, decisions[DECISION_COUNT] = { 0 }, i;
	size_t a;

	for (a = 0; a < s->attempt_count; a++) {
		verdicts[s->attempts[a].verdict]++;
		if (s->attempts[a].verdict == VERDICT_PASSED)
			decisions[s->attempts[a].comparison.decision]++;
	}
	buf_addstr(out, "\n## What became of the attempts\n\n| outcome | attempts |\n|---|---:|\n");
	for (i = DECISION_IMPROVED; i < DECISION_COUNT; i++)
		buf_printf(out, "| passed, %s | %d |\n", decision_name((enum decision)i), decisions[i]);
	for (i = VERDICT_INCORRECT; i < VERDICT_COUNT; i++)
		if (verdicts[i])
			buf_printf(out, "| %s | %d |\n", verdict_name((enum verdict)i), verdicts[i]);
}

static void add_directions(struct buf *out, const struct run_state *s)
{
	size_t i;

	if (!s->direction_count)
		return;
	buf_addstr(out, "\n## Directions\n\n| direction | state | attempts | idea | outcome |\n|---|---|---:|---|---|\n");
	for (i = 0; i < s->direction_count; i++) {
		const struct direction *d = &s->directions[i];

		buf_printf(out, "| d%d | %s | %d | ", d->id, direction_state_name(d->state), d->attempts);
		add_text(out, d->title);
		buf_addstr(out, " | ");
		add_text(out, d->outcome);
		buf_addstr(out, " |\n");
	}
}

/* False when the journal holds no counters of this version on that case (NULL: the newest). */
static bool take_profile(struct profile_table *t, int side, const struct profile **out, const struct cli_run *run, int version,
			 const char *case_name)
{
	char name[16], *journal = cli_dot_path(run, "journal");
	cJSON *event = NULL;
	bool found;

	snprintf(name, sizeof(name), "v%d", version);
	*out = state_profile(&run->state, name, case_name);
	if (*out && (*out)->counted && journal_fetch(&event, journal, (*out)->ref, NULL) == AVO_OK)
		profile_table_add(t, side, event);
	found = event != NULL;
	cJSON_Delete(event);
	free(journal);
	return found;
}

/* What the hardware says of the way from the seed to the newest version: the counters that moved most. */
static void add_counters(struct buf *out, const struct cli_run *run)
{
	const struct version *best = state_champion(&run->state);
	struct profile_table t = { .count = 0 };
	const struct profile *p, *of_seed;
	int i;

	if (!best || best->id == 0 || !take_profile(&t, 1, &p, run, best->id, NULL) ||
	    !take_profile(&t, 0, &of_seed, run, 0, p->case_name))
		return;
	profile_sort_movers(&t);
	buf_addstr(out, "\n## Counters\n\nOn the case ");
	add_text(out, p->case_name);
	buf_printf(out, ", the biggest movers first; measured in runs of their own, apart from every timing.\n\n"
			"| counter | unit | v0 | v%d |\n|---|---|---:|---:|\n", best->id);
	for (i = 0; i < t.count && i < COUNTERS && profile_movement(&t.rows[i]) > 0; i++) {
		const char *unit;
		double scale = profile_scale(&unit, &t.rows[i]);

		buf_addstr(out, "| ");
		add_text(out, t.rows[i].label);
		buf_addstr(out, " | ");
		add_text(out, unit);
		buf_addstr(out, " | ");
		add_counter(out, t.rows[i].value[0] / scale);
		buf_addstr(out, " | ");
		add_counter(out, t.rows[i].value[1] / scale);
		buf_addstr(out, " |\n");
	}
}

/* The record of the run is not a place to write a report to. */
static bool in_the_record(const char *run_dir, const char *file)
{
	static const char *const parts[] = { "/.avo/", "/.git/" };
	char real[PATH_MAX], *dir = xstrdup(file), *slash = strrchr(dir, '/');
	size_t len = strlen(run_dir), i;
	bool inside = false;

	if (slash)
		slash[slash == dir] = '\0';
	if (realpath(file, real) || (realpath(slash ? dir : ".", real) && strlen(real) + 1 < sizeof(real) && strcat(real, "/")))
		for (i = 0; i < ARRAY_LEN(parts); i++)
			inside = inside || (strncmp(real, run_dir, len) == 0 && strncmp(real + len, parts[i], strlen(parts[i])) == 0);
	free(dir);
	return inside;
}

static enum avo_status save_report(const char *run_dir, const char *file, const struct buf *text, struct error *err)
{
	if (in_the_record(run_dir, file))
		return error_set(err, AVO_USAGE, "%s belongs to the run's record; write the report somewhere else", file);
	return save_file(file, text->data, text->len, err);
}

static int run_report(const struct cli_call *call)
{
	const char *file = cli_value(call, "output");
	struct buf out = BUF_INIT;
	struct cli_run run;
	struct error err;
	int status = cli_open_run(&run, call);

	if (status)
		return status;
	add_head(&out, &run.state);
	add_versions(&out, &run.state);
	add_cases(&out, &run.state);
	add_counters(&out, &run);
	add_outcomes(&out, &run.state);
	add_directions(&out, &run.state);
	if (!file)
		fwrite(out.data, 1, out.len, stdout);
	else if (save_report(run.dir, file, &out, &err) != AVO_OK)
		status = cli_fail(call, &err);
	buf_release(&out);
	cli_close_run(&run);
	return status;
}

static const struct cli_option report_options[] = {
	{ "output", 'o', "FILE", "write there instead of to stdout" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_report = {
	"report", "[DIR]", "Write a run up as one Markdown document", NULL, report_options, 0, 1, run_report,
};
