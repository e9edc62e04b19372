#include "avo.h"
#include "agent/report.h"

#include <math.h>

#define LIST_VERSIONS 12
#define LIST_ATTEMPTS 12
#define LIST_DIRECTIONS 30

void report_version_line(struct buf *out, const struct run_state *s, const struct version *v)
{
	buf_printf(out, "v%d", v->id);
	if (v->attempt > 0)
		buf_printf(out, " (a%d)", v->attempt);
	if (v->score.count)
		buf_printf(out, " %.4g %s", v->score.geomean, v->score.unit);
	if (v->comparison.decision != DECISION_NONE)
		buf_printf(out, " x%.3f over v%d", v->comparison.ratio, v->parent);
	buf_printf(out, " %s: %s\n", v->author, v->title ? v->title : "");
}

void report_attempt_line(struct buf *out, const struct attempt *a)
{
	buf_printf(out, "a%d from v%d", a->id, a->parent);
	if (a->direction > 0)
		buf_printf(out, " d%d", a->direction);
	if (!a->ended_ms)
		buf_addstr(out, " being evaluated");
	else if (a->verdict != VERDICT_PASSED)
		buf_printf(out, " %s%s%.120s", verdict_name(a->verdict), a->reason ? ": " : "", a->reason ? a->reason : "");
	else if (a->comparison.decision != DECISION_NONE)
		buf_printf(out, " %s x%.3f [%.3f, %.3f]", decision_name(a->comparison.decision), a->comparison.ratio, a->comparison.lo,
			   a->comparison.hi);
	if (a->version > 0)
		buf_printf(out, " = v%d", a->version);
	buf_printf(out, ": %s\n", a->title ? a->title : "");
}

static void add_task(struct buf *out, const struct run_state *s, const struct suite *suite)
{
	int i;

	buf_printf(out, "## Task\n\nattention forward, backend %s, suite %s, score in %s (geometric mean over the cases)\n", s->backend, s->suite, s->unit);
	if (s->device[0])
		buf_printf(out, "device: %s\n", s->device);
	for (i = 0; suite && i < suite->count; i++) {
		const struct task_case *c = &suite->cases[i];

		buf_printf(out, "- %s: batch %d, query length %d, key length %d, query heads %d, key heads %d, head_dim %d, %s, %s\n", c->name,
			   c->batch, c->q_len, c->kv_len, c->q_heads, c->kv_heads, c->head_dim, c->causal ? "causal" : "full", dtype_name(c->dtype));
	}
}

static void add_score(struct buf *out, const struct run_state *s)
{
	const struct version *best = state_incumbent(s), *seed = state_version(s, 0);
	const struct profile *profile;
	char name[16];
	size_t i;

	if (!best)
		return;
	buf_printf(out, "\n## Score of the incumbent v%d\n\n", best->id);
	report_scores(out, &best->score, best->id > 0 && seed && seed->score.count ? &seed->score : NULL, "v0");
	snprintf(name, sizeof(name), "v%d", best->id);
	profile = state_profile(s, name, NULL);
	if (profile && profile->counted)
		buf_printf(out, "counters of %s on %s are in the record: lineage show %s\n", name, profile->case_name, name);
	for (i = 0; i < s->peer_count; i++)
		buf_printf(out, "baseline %s: %.4g %s\n", s->peers[i].name, s->peers[i].score.geomean, s->peers[i].score.unit);
	if (isfinite(s->peak))
		buf_printf(out, "measured peak of the device: %.4g %s\n", s->peak, s->unit);
}

static void add_lineage(struct buf *out, const struct run_state *s, size_t max)
{
	size_t i = s->version_count > max ? s->version_count - max : 0;

	buf_addstr(out, "\n## Lineage\n\n");
	if (i)
		buf_printf(out, "(%zu older versions: lineage list)\n", i);
	for (; i < s->version_count; i++)
		report_version_line(out, s, &s->versions[i]);
}

static void add_direction(struct buf *out, const struct direction *d)
{
	buf_printf(out, "- d%d %s, %d attempts: %.160s", d->id, direction_state_name(d->state), d->attempts, d->title ? d->title : "");
	if (d->state == DIRECTION_OPEN && d->hypothesis)
		buf_printf(out, " (hypothesis: %.240s)", d->hypothesis);
	if (d->outcome && *d->outcome)
		buf_printf(out, " -> %.240s", d->outcome);
	buf_addch(out, '\n');
}

/* Open ones all, closed ones newest first, as far as there is room. */
static void add_directions(struct buf *out, const struct run_state *s, size_t max)
{
	size_t i, shown = 0;

	if (!s->direction_count)
		return;
	buf_addstr(out, "\n## Ledger of directions\n\n");
	for (i = 0; i < s->direction_count && shown < max; i++)
		if (s->directions[i].state == DIRECTION_OPEN) {
			add_direction(out, &s->directions[i]);
			shown++;
		}
	for (i = s->direction_count; i > 0 && shown < max; i--)
		if (s->directions[i - 1].state != DIRECTION_OPEN) {
			add_direction(out, &s->directions[i - 1]);
			shown++;
		}
	if (shown < s->direction_count)
		buf_printf(out, "(%zu older ones)\n", s->direction_count - shown);
}

static void add_attempts(struct buf *out, const struct run_state *s, size_t max)
{
	size_t i = s->attempt_count > max ? s->attempt_count - max : 0;

	if (!s->attempt_count)
		return;
	buf_addstr(out, "\n## Newest attempts\n\n");
	for (; i < s->attempt_count; i++)
		report_attempt_line(out, &s->attempts[i]);
}

void report_brief(struct buf *out, const struct run_state *s, const struct suite *suite, const struct notes *notes, enum brief_extent extent)
{
	bool full = extent == BRIEF_FULL;
	size_t i;

	if (full)
		add_task(out, s, suite);
	add_score(out, s);
	add_lineage(out, s, full ? LIST_VERSIONS : 4);
	add_directions(out, s, full ? LIST_DIRECTIONS : 8);
	add_attempts(out, s, full ? LIST_ATTEMPTS : 6);
	if (notes->count)
		buf_addstr(out, "\n## Notes\n\n");
	for (i = 0; i < notes->count; i++)
		buf_printf(out, "%d. %s\n", notes->list[i].number, notes->list[i].text);
}
