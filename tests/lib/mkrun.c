/*
 * mkrun DIR [--small | --large N] [--operator NAME] [--profiles | --no-permission]
 *
 * Builds a run directory out of a fixed story: the same bytes every time, so
 * that screens and listings can be compared with golden files. The whole story
 * has 6 versions, 25 attempts with every verdict and every decision, directions
 * in all states, a supervisor's intervention, peers, a peak and, at its end, a25
 * waiting for approval; its sources and diffs are real ones in a real lineage.
 * --small: the first step only (v1 of 3 attempts), stopped. --large N: a journal
 * of at least N events for benchmarks; its commits exist in the record only.
 * --profiles: as if on a GPU, with a profile of every version but v2 and of what waits; --no-permission: without counters.
 *
 * The story begins at 2026-03-01T09:00:00Z; mkrun prints when it ends. Tests
 * set AVO_TEST_NOW to a time behind that.
 */
#include "mkrun.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "journal/journal.h"
#include "lineage/lineage.h"

#include <git2.h>

#define START "2026-03-01T09:00:00Z"
#define ENGINEER "ada"

enum fate { KEPT, COMMITTED, REJECTED, WAITING };

static const struct {
	const char *outcome;	/* NULL: still running */
	const char *text;
} steps[] = {
	{ "committed", "the unrolled dot product pays on every case" },
	{ "committed", "expf() was a third of the time" },
	{ "committed", "causal cases do half the work now" },
	{ "gave-up", "tile sizes alone move nothing any more" },
	{ "committed", "transposed keys feed the vector units" },
	{ "committed", "smaller query tile leaves room in L1" },
	{ NULL, NULL },
};

static const struct {
	int step;		/* that opened it */
	int closed_in;		/* step at whose end it was closed, 0: open */
	enum direction_state state;
	const char *title, *hypothesis, *expected, *outcome;
} directions[] = {
	{ 1, 1, DIRECTION_MERGED, "unroll the dot product", "One accumulator serialises on the latency of the addition; four hide it.", "+15-25%", "v1: +21.2%" },
	{ 2, 2, DIRECTION_MERGED, "own exponential", "expf() is a call a score and cannot be vectorised; a polynomial can.", "+20-40%", "v2: +31.8%" },
	{ 3, 3, DIRECTION_MERGED, "skip tiles above the diagonal", "Half of the causal tiles are masked away after they were computed.", "+30% on causal cases", "v3: +27.4%, all of it on causal cases" },
	{ 4, 4, DIRECTION_FAILED, "larger key tiles", "Fewer rescales of the output a row.", "+2-5%", "regressed: the tile falls out of L1" },
	{ 4, 4, DIRECTION_TRIED, "one division a row", "Multiplying by the reciprocal saves head_dim divisions a row.", "+0-1%", "matched: divisions were never the limit" },
	{ 5, 5, DIRECTION_MERGED, "transpose the keys of a tile", "Scores of neighbouring keys from neighbouring floats: vector loads without gathers.", "+5-10%", "v4: +8.7%" },
	{ 6, 6, DIRECTION_PARTIAL, "smaller query tiles", "Leave L1 to the packed keys.", "+2-4%", "v5: +3.4% with 8 rows; 4 rows regress" },
	{ 6, 6, DIRECTION_DROPPED, "prefetch the next value tile", "The hardware prefetcher sees one stream already.", "+0-2%", NULL },
	{ 7, 0, DIRECTION_OPEN, "heads of a group share their keys", "With grouped queries the same keys are read for every head; turn the loops around.", "+2-6% on gqa cases", NULL },
};

#define V(q, k, u, poly, skip, recip, pack, pair, wrong) { q, k, u, poly, skip, recip, pack, pair, wrong }
static const struct variant seed_variant = V(16, 64, 1, 0, 0, 0, 0, 0, NULL);
static const struct story_attempt {
	int step, direction;
	enum fate fate;
	const char *title;
	struct outcome o;
	struct variant v;
} attempts[] = {
	{ 1, 1, KEPT, "Unroll by 8 and prefetch the next key", { VERDICT_BUILD_FAILED, 0, 0, 0, 0, "kernel.c:43:25: 'prefetch' undeclared (first use in this function)" },
	  V(16, 64, 8, 0, 0, 0, 0, 0, "prefetch(k + 64);") },
	{ 1, 1, KEPT, "Unroll by 8", { VERDICT_INCORRECT, 0, 0, 0, 0, "causal-512: row 511 of head 3 is off by 0.313, 4.4e-06 is allowed" },
	  V(16, 64, 8, 0, 0, 0, 0, 0, "s[j] += j == 63;") },
	{ 1, 1, COMMITTED, "Unroll the dot product by 4", { VERDICT_PASSED, DECISION_IMPROVED, 1.212, 0.0081, 12, NULL }, V(16, 64, 4, 0, 0, 0, 0, 0, NULL) },
	{ 2, 2, KEPT, "Polynomial exponential of degree 3", { VERDICT_INCORRECT, 0, 0, 0, 0, "causal-512: row 511 of head 3 is off by 0.313, 4.4e-06 is allowed" },
	  V(16, 64, 4, 1, 0, 0, 0, 0, "s[j] *= 0.5f;") },
	{ 2, 2, COMMITTED, "Polynomial exponential of degree 5", { VERDICT_PASSED, DECISION_IMPROVED, 1.318, 0.0094, 12, NULL }, V(16, 64, 4, 1, 0, 0, 0, 0, NULL) },
	{ 3, 3, KEPT, "Stop at the diagonal", { VERDICT_CRASHED, 0, 0, 0, 0, "killed by signal 11 (Segmentation fault) in the check of causal-512" },
	  V(16, 64, 4, 1, 1, 0, 0, 0, "s[j] += k[-1 << 28];") },
	{ 3, 3, COMMITTED, "Stop at the tile that holds the diagonal", { VERDICT_PASSED, DECISION_IMPROVED, 1.274, 0.0077, 12, NULL }, V(16, 64, 4, 1, 1, 0, 0, 0, NULL) },
	{ 4, 4, KEPT, "Key tile of 128", { VERDICT_PASSED, DECISION_REGRESSED, 0.941, 0.0068, 16, NULL }, V(16, 128, 4, 1, 1, 0, 0, 0, NULL) },
	{ 4, 4, KEPT, "Key tile of 128, unroll by 8", { VERDICT_PASSED, DECISION_INCONCLUSIVE, 1.003, 0.0114, 48, NULL }, V(16, 128, 8, 1, 1, 0, 0, 0, NULL) },
	{ 4, 5, KEPT, "One division a row", { VERDICT_PASSED, DECISION_MATCHED, 1.001, 0.0031, 32, NULL }, V(16, 64, 4, 1, 1, 1, 0, 0, NULL) },
	{ 4, 5, KEPT, "One division a tile", { VERDICT_TIMED_OUT, 0, 0, 0, 0, "the check of full-1k did not end within 60 s" },
	  V(16, 64, 4, 1, 1, 1, 0, 0, "while (sum < 0.0f) sum += 0.0f;") },
	{ 4, 5, KEPT, "Keep the result of the last call", { VERDICT_CHEATED, 0, 0, 0, 0, "full-1k is faster than the machine can compute it" },
	  V(16, 64, 4, 1, 1, 1, 0, 0, "if (first) break;") },
	{ 4, 4, KEPT, "Key tile of 32", { VERDICT_INCORRECT, 0, 0, 0, 0, "causal-512: row 511 of head 3 is off by 0.313, 4.4e-06 is allowed" },
	  V(16, 32, 4, 1, 1, 0, 0, 0, "s[j] += j == 31;") },
	{ 5, 6, KEPT, "Transpose each key tile", { VERDICT_EVALUATOR_FAULT, 0, 0, 0, 0, "the worker ended in mid-evaluation; the attempt may be scored again" }, V(16, 64, 4, 1, 1, 0, 1, 0, NULL) },
	{ 5, 6, KEPT, "Transpose each key tile, second try", { VERDICT_CANCELLED, 0, 0, 0, 0, "cancelled: the run was paused" }, V(16, 64, 4, 1, 1, 0, 1, 0, NULL) },
	{ 5, 6, REJECTED, "Transpose each key tile, one division a row", { VERDICT_PASSED, DECISION_IMPROVED, 1.093, 0.0059, 12, NULL }, V(16, 64, 4, 1, 1, 1, 1, 0, NULL) },
	{ 5, 6, COMMITTED, "Transpose each key tile once", { VERDICT_PASSED, DECISION_IMPROVED, 1.087, 0.0062, 12, NULL }, V(16, 64, 4, 1, 1, 0, 1, 0, NULL) },
	{ 6, 7, KEPT, "Query tile of 4", { VERDICT_PASSED, DECISION_REGRESSED, 0.972, 0.0055, 16, NULL }, V(4, 64, 4, 1, 1, 0, 1, 0, NULL) },
	{ 6, 8, KEPT, "Read the next value row early", { VERDICT_INCORRECT, 0, 0, 0, 0, "causal-512: row 511 of head 3 is off by 0.313, 4.4e-06 is allowed" },
	  V(8, 64, 4, 1, 1, 0, 1, 0, "rise = fmaxf(rise, v[stride]);") },
	{ 6, 7, KEPT, "Query tile of 8, key tile of 32", { VERDICT_PASSED, DECISION_INCONCLUSIVE, 1.006, 0.0121, 48, NULL }, V(8, 32, 4, 1, 1, 0, 1, 0, NULL) },
	{ 6, 7, COMMITTED, "Query tile of 8", { VERDICT_PASSED, DECISION_IMPROVED, 1.034, 0.0048, 24, NULL }, V(8, 64, 4, 1, 1, 0, 1, 0, NULL) },
	{ 7, 9, KEPT, "Heads inside, prefetch by hand", { VERDICT_BUILD_FAILED, 0, 0, 0, 0, "kernel.c:43:25: 'prefetch' undeclared (first use in this function)" },
	  V(8, 64, 4, 1, 1, 0, 1, 1, "prefetch(k + 64);") },
	{ 7, 9, KEPT, "Heads inside, key tile of 16", { VERDICT_PASSED, DECISION_REGRESSED, 0.958, 0.0071, 16, NULL }, V(8, 16, 4, 1, 1, 0, 1, 1, NULL) },
	{ 7, 9, KEPT, "One division a row, again", { VERDICT_PASSED, DECISION_MATCHED, 1.0007, 0.0029, 32, NULL }, V(8, 64, 4, 1, 1, 1, 1, 0, NULL) },
	{ 7, 9, WAITING, "Turn the loops over heads and rows around", { VERDICT_PASSED, DECISION_IMPROVED, 1.0214, 0.0047, 28, NULL }, V(8, 64, 4, 1, 1, 0, 1, 1, NULL) },
};

struct maker {
	struct journal *journal;
	struct lineage *lineage;
	const char *dir, *operator;
	bool profiles, permission;
	int64_t now;
	uint32_t rng, profile_rng;
	int action, version;
	char tip[COMMIT_ID_SIZE];
	struct score best;
	struct error err;
};

static void AVO_NORETURN die(const struct maker *m, const char *what)
{
	fprintf(stderr, "mkrun: %s: %s\n", what, m->err.text);
	exit(3);
}

#define must(m, call) do { if ((call) != AVO_OK) die(m, #call); } while (0)

static cJSON *event(const char *type)
{
	cJSON *e = cJSON_CreateObject();

	json_set_str(e, "type", type);
	return e;
}

/* Writes the event at the story's time, which then goes on by `ms`. */
static void emit(struct maker *m, cJSON *e, int64_t ms)
{
	char t[CLOCK_STAMP_SIZE];

	json_set_str(e, "t", clock_format(t, m->now));
	must(m, journal_append(m->journal, e, JOURNAL_LAZY, &m->err));
	m->now += ms;
}

static cJSON *set_id(cJSON *e, const char *key, char letter, int id)
{
	char text[16];

	snprintf(text, sizeof(text), "%c%d", letter, id);
	json_set_str(e, key, text);
	return e;
}

static cJSON *set_text(cJSON *e, const char *key, const char *text)
{
	json_set_str(e, key, text);
	return e;
}

static void emit_state(struct maker *m, const char *state, const char *reason)
{
	emit(m, set_text(set_text(event("state"), "state", state), "reason", reason), 120);
}

static void emit_peer(struct maker *m, const char *name, double factor)
{
	struct score score;
	cJSON *e = set_text(event("peer"), "name", name);

	score_of_peer(&score, factor);
	score_to_json(e, &score);
	emit(m, e, 2400);
}

/* What the engine has measured of "v3" or "a17", a candidate in the place of `version`. */
static void emit_profile(struct maker *m, const char *what, int version)
{
	static const char *const denied = "hardware counters are reserved for root here (NVreg_RestrictProfilingToAdminUsers); ask for CAP_SYS_ADMIN or that setting";
	cJSON *e = set_text(event("profile"), "what", what);

	if (m->profiles)
		profile_to_json(e, version, *what == 'a', m->permission ? NULL : denied, &m->profile_rng);
	if (m->profiles && strcmp(what, "v2") != 0)
		emit(m, e, 0);
	else
		cJSON_Delete(e);
}

/* run-created, engine-started, device, peers */
static void open_story(struct maker *m)
{
	cJSON *e = event("run-created");

	set_text(set_text(set_text(e, "name", "demo"), "suite", "cpu"), "backend", m->profiles ? "cuda" : "cpu");
	set_text(set_text(set_text(set_text(e, "unit", "GFLOPS"), "operator", m->operator), "gate", "auto"), "seed", "cpu");
	emit(m, e, 900);
	e = set_text(set_text(event("version"), "author", "avo"), "title", "The seed: tiled attention in float32");
	emit(m, set_text(set_id(e, "version", 'v', 0), "commit", m->tip), 1400);
	e = set_text(set_text(event("engine-started"), "host", "node3"), "version", PACKAGE_VERSION);
	json_set_int(e, "pid", 4242);
	emit(m, e, 300);
	e = set_text(set_text(event("device"), "device", "x86-64, AVX-512, 1 core"), "sandbox", "namespaces+landlock(7)+seccomp");
	json_set_num(e, "peak", 96.4);
	emit(m, e, 1800);
	emit_peer(m, "openblas", 3.117);
	emit_peer(m, "reference", 0.0925);
	e = set_text(set_id(event("version-scored"), "version", 'v', 0), "verdict", "passed");
	score_to_json(e, &m->best);
	emit(m, e, 200);
	emit_profile(m, "v0", 0);
	emit_state(m, "running", NULL);
}

static void say(struct maker *m, const char *role, const char *text)
{
	cJSON *e = set_text(set_text(event("message"), "role", role), "text", text), *message = cJSON_CreateObject(), *content = cJSON_CreateArray();

	json_push(content, set_text(set_text(cJSON_CreateObject(), "type", "text"), "text", text));
	json_set(set_text(message, "role", role), "content", content);
	json_set(e, "message", message);
	emit(m, e, 48000);
}

static int start_action(struct maker *m, int step, const char *kind, const char *text)
{
	cJSON *e = set_text(set_text(set_id(event("action-started"), "step", 's', step), "kind", kind), "text", text);

	json_set_int(e, "action", ++m->action);
	emit(m, e, 150);
	return m->action;
}

static void end_action(struct maker *m, int action, bool ok, const char *result, int attempt, int64_t ms)
{
	cJSON *e = event("action-ended");

	m->now += ms;
	json_set_int(e, "action", action);
	json_set_bool(e, "ok", ok);
	set_text(e, "result", result);
	if (attempt > 0)
		set_id(e, "attempt", 'a', attempt);
	emit(m, e, 250);
}

static void whole_action(struct maker *m, int step, const char *kind, const char *text, bool ok, const char *result, int64_t ms)
{
	end_action(m, start_action(m, step, kind, text), ok, result, 0, ms);
}

static void open_directions(struct maker *m, int step)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(directions); i++) {
		cJSON *e;

		if (directions[i].step != step)
			continue;
		e = set_id(set_id(set_id(event("direction-opened"), "direction", 'd', (int)i + 1), "step", 's', step), "parent", 'v', m->version);
		set_text(set_text(e, "title", directions[i].title), "hypothesis", directions[i].hypothesis);
		emit(m, set_text(e, "expected", directions[i].expected), 500);
	}
}

static void close_directions(struct maker *m, int step)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(directions); i++) {
		cJSON *e;

		if (directions[i].closed_in != step)
			continue;
		e = set_text(set_id(event("direction-closed"), "direction", 'd', (int)i + 1), "state", direction_state_name(directions[i].state));
		emit(m, set_text(e, "outcome", directions[i].outcome), 200);
	}
}

static void commit_attempt(char commit[COMMIT_ID_SIZE], struct diff_stat *stat, struct maker *m, int id, const struct story_attempt *a)
{
	struct buf source = BUF_INIT;
	struct source_file file = { .path = "kernel.c" };
	char from[16], parent[COMMIT_ID_SIZE];

	variant_source(&source, &a->v);
	file.data = source.data;
	file.len = source.len;
	snprintf(from, sizeof(from), "v%d", m->version);
	must(m, lineage_resolve(parent, m->lineage, from, &m->err));
	must(m, lineage_commit_attempt(commit, m->lineage, id, parent, &file, 1, m->operator, a->title, &m->err));
	must(m, lineage_diff(NULL, stat, m->lineage, from, commit, 3, &m->err));
	buf_release(&source);
}

static void promote(struct maker *m, int id, const struct story_attempt *a, const char *commit, const struct score *score, const cJSON *result)
{
	struct comparison comparison;
	char *note = json_print_new(result);
	struct promotion p = { .version = m->version + 1, .attempt = id, .attempt_commit = commit, .title = a->title };
	char tip[COMMIT_ID_SIZE];
	cJSON *e = event("version");

	comparison_from_json(&comparison, result);
	snprintf(tip, sizeof(tip), "%s", m->tip);
	p.expected_tip = tip;
	p.body = directions[a->direction - 1].hypothesis;
	p.author = m->operator;
	p.suite = p.backend = "cpu";
	p.score = score;
	p.comparison = &comparison;
	p.note_json = note;
	must(m, lineage_promote(m->tip, m->lineage, &p, &m->err));
	set_text(set_id(e, "version", 'v', p.version), "commit", m->tip);
	set_id(set_id(set_id(e, "parent", 'v', m->version), "attempt", 'a', id), "direction", 'd', a->direction);
	set_text(set_text(e, "author", m->operator), "title", a->title);
	score_to_json(e, score);
	comparison_to_json(e, &comparison);
	emit(m, e, 400);
	m->version++;
	m->best = *score;
	snprintf(tip, sizeof(tip), "v%d", m->version);
	/* behind the gate it was measured while it waited */
	if (a->step < 5)
		emit_profile(m, tip, m->version);
	free(note);
}

static cJSON *by_engineer(const char *type, int attempt)
{
	return set_text(set_id(event(type), "attempt", 'a', attempt), "by", ENGINEER);
}

/* Behind the verdict: the gate. It is manual from step 5 on. */
static void decide(struct maker *m, int id, const struct story_attempt *a, const char *commit, const struct score *score, const cJSON *result)
{
	char name[16];

	if (a->fate == KEPT)
		return;
	if (a->step >= 5) {
		emit(m, set_id(event("pending"), "attempt", 'a', id), 60);
		emit_state(m, "awaiting", "an approval is pending");
		snprintf(name, sizeof(name), "a%d", id);
		emit_profile(m, name, m->version + 1);
	}
	if (a->fate == WAITING)
		return;
	if (a->fate == REJECTED) {
		m->now += 95000;
		emit(m, set_text(by_engineer("rejected", id), "reason", "two changes at once: transpose alone first"), 100);
		emit_state(m, "running", NULL);
		return;
	}
	if (a->step >= 5) {
		m->now += 64000;
		emit(m, set_text(by_engineer("approved", id), "message", "read the diff, numbers agree"), 100);
	}
	promote(m, id, a, commit, score, result);
	if (a->step >= 5)
		emit_state(m, "running", NULL);
}

static void start_attempt(struct maker *m, int id, const struct story_attempt *a, int action, const char *commit, const struct diff_stat *stat)
{
	char tree[COMMIT_ID_SIZE];
	cJSON *e = set_id(set_id(event("attempt-started"), "attempt", 'a', id), "step", 's', a->step);

	must(m, lineage_tree_id(tree, m->lineage, commit, &m->err));
	json_set_int(e, "action", action);
	set_id(set_id(e, "parent", 'v', m->version), "direction", 'd', a->direction);
	set_text(set_text(set_text(set_text(e, "commit", commit), "tree", tree), "author", m->operator), "title", a->title);
	set_text(e, "why", directions[a->direction - 1].hypothesis);
	json_set_int(e, "added", stat->added);
	json_set_int(e, "removed", stat->removed);
	emit(m, e, 3200 + 40 * a->o.pairs);
}

static char *evaluation_result(const struct story_attempt *a, const struct score *score)
{
	if (a->o.verdict != VERDICT_PASSED)
		return xasprintf("%s: %s", verdict_name(a->o.verdict), a->o.reason);
	return xasprintf("%s %+.2f%%, %.6g %s", decision_name(a->o.decision), (a->o.ratio - 1) * 100, score->geomean, score->unit);
}

static void play_attempt(struct maker *m, int id, const struct story_attempt *a)
{
	char commit[COMMIT_ID_SIZE], *text = xasprintf("evaluate a%d", id), *result_text;
	struct diff_stat stat;
	struct score score = { 0 };
	cJSON *e = set_id(event("attempt-scored"), "attempt", 'a', id), *result;
	int action;

	commit_attempt(commit, &stat, m, id, a);
	say(m, "assistant", directions[a->direction - 1].hypothesis);
	result_text = xasprintf("+%d -%d", stat.added, stat.removed);
	whole_action(m, a->step, "edit", "kernel.c", true, result_text, 9000);
	free(result_text);
	action = start_action(m, a->step, "evaluate", text);
	start_attempt(m, id, a, action, commit, &stat);
	outcome_to_json(e, &a->o, &m->best, &score, &m->rng);
	set_id(e, "incumbent", 'v', m->version);
	result = cJSON_Duplicate(e, true);
	emit(m, e, 80);
	result_text = evaluation_result(a, &score);
	end_action(m, action, a->o.verdict == VERDICT_PASSED, result_text, id, 20);
	decide(m, id, a, commit, &score, result);
	cJSON_Delete(result);
	free(result_text);
	free(text);
}

static void begin_step(struct maker *m, int step)
{
	emit(m, set_text(set_id(set_id(event("step-started"), "step", 's', step), "parent", 'v', m->version), "operator", m->operator), 600);
	whole_action(m, step, "read", "kernel.c", true, "78 lines", 40);
	if (step == 2)
		whole_action(m, step, "search", "vectorised exp polynomial error", true, "3 notes: exponential.md, softmax.md, simd.md", 60);
	if (step == 4)
		whole_action(m, step, "shell", "gcc -O3 -march=native -S -o - kernel.c | grep -c vfmadd", true, "exit status 0: 48", 1400);
	if (step == 6)
		whole_action(m, step, "profile", "v4 on full-1k", false, "no hardware counters on this machine", 300);
	open_directions(m, step);
}

static void end_step(struct maker *m, int step, int before)
{
	cJSON *e = set_text(set_id(event("step-ended"), "step", 's', step), "outcome", steps[step - 1].outcome), *usage = event("usage");

	close_directions(m, step);
	set_text(set_text(usage, "purpose", "turn"), "model", "scripted");
	json_set_num(usage, "cost_usd", 0.1375 * step);
	json_set_int(usage, "tokens_in", 18000 * step);
	json_set_int(usage, "tokens_out", 2100 * step);
	json_set_int(usage, "cache_read", 0);
	json_set_int(usage, "cache_write", 0);
	emit(m, usage, 10);
	if (m->version > before)
		set_id(e, "version", 'v', m->version);
	emit(m, set_text(e, "text", steps[step - 1].text), 1500);
}

/* What happens between two steps. */
static void interlude(struct maker *m, int step)
{
	cJSON *e;

	if (step == 4) {
		e = set_text(set_text(event("intervention"), "trigger", "no-version"), "reason", "6 attempts since v3 led nowhere; all of them vary tile sizes or the division");
		json_set_int(e, "level", 1);
		emit(m, set_text(e, "act", "asked for a direction that changes how keys are laid out"), 400);
		emit(m, set_text(set_text(event("gate"), "gate", "manual"), "by", ENGINEER), 900);
		emit(m, set_text(set_text(event("hint"), "text", "the score loop gathers; look at the layout of K"), "by", ENGINEER), 5000);
	}
	if (step == 6) {
		e = set_text(event("budget"), "kind", "cost");
		json_set_num(e, "level", 0.5);
		json_set_num(e, "used", 2.8875);
		json_set_num(e, "limit", 5);
		emit(m, e, 100);
		emit(m, set_text(event("warning"), "text", "the working tree was edited: it stays as it is and no longer follows the branch"), 100);
	}
}

static void play_steps(struct maker *m, int count)
{
	size_t next = 0;
	int step;

	for (step = 1; step <= count; step++) {
		int before = m->version;

		begin_step(m, step);
		for (; next < ARRAY_LEN(attempts) && attempts[next].step == step; next++)
			play_attempt(m, (int)next + 1, &attempts[next]);
		if (steps[step - 1].outcome)
			end_step(m, step, before);
		interlude(m, step);
	}
}

/* A journal for benchmarks: at least N events in the proportions of a long run; the lineage knows only v0. */
static void play_large(struct maker *m, long events)
{
	const size_t story = ARRAY_LEN(attempts);
	char commit[COMMIT_ID_SIZE];
	long id;

	for (id = 1; (long)journal_last_seq(m->journal) < events; id++) {
		const struct story_attempt *a = &attempts[(size_t)id % story];
		struct diff_stat stat = { 1, 12, 4 };
		struct score score;
		int step = (int)((id - 1) / 8) + 1, action;
		cJSON *e;

		if ((id - 1) % 8 == 0)
			emit(m, set_text(set_id(set_id(event("step-started"), "step", 's', step), "parent", 'v', 0), "operator", m->operator), 10);
		whole_action(m, step, "edit", "kernel.c", true, "+12 -4", 900);
		action = start_action(m, step, "evaluate", "kernel.c");
		snprintf(commit, sizeof(commit), "%040lx", id);
		e = set_id(set_id(set_id(event("attempt-started"), "attempt", 'a', (int)id), "step", 's', step), "parent", 'v', 0);
		json_set_int(e, "action", action);
		json_set_int(e, "added", stat.added);
		json_set_int(e, "removed", stat.removed);
		emit(m, set_text(set_text(set_text(e, "commit", commit), "author", m->operator), "title", a->title), 3000);
		e = set_id(set_id(event("attempt-scored"), "attempt", 'a', (int)id), "incumbent", 'v', 0);
		outcome_to_json(e, &a->o, &m->best, &score, &m->rng);
		emit(m, e, 100);
		end_action(m, action, a->o.verdict == VERDICT_PASSED, verdict_name(a->o.verdict), (int)id, 10);
		say(m, "assistant", directions[a->direction - 1].hypothesis);
	}
}

static void write_conf(struct maker *m)
{
	char *path = path_join(m->dir, "avo.conf");
	char *text = xasprintf("[run]\n\tname = demo\n\tbackend = cpu\n\tsuite = cpu\n\toperator = %s\n\tgate = manual\n", m->operator);

	must(m, path_write_atomic(path, text, strlen(text), 0644, &m->err));
	free(text);
	free(path);
}

static void make_run(struct maker *m)
{
	struct buf source = BUF_INIT;
	struct source_file file = { .path = "kernel.c" };
	char *avo = path_join(m->dir, ".avo"), *journal = path_join(avo, "journal");

	must(m, path_mkdirs(m->dir, 0755, &m->err));
	must(m, lineage_init(m->dir, &m->err));
	must(m, lineage_open(&m->lineage, m->dir, LINEAGE_WRITE, &m->err));
	variant_source(&source, &seed_variant);
	file.data = source.data;
	file.len = source.len;
	must(m, lineage_commit_seed(m->tip, m->lineage, &file, 1, "The seed: tiled attention in float32", &m->err));
	must(m, path_mkdirs(avo, 0700, &m->err));
	must(m, journal_open(&m->journal, journal, NULL, &m->err));
	write_conf(m);
	score_of_seed(&m->best);
	buf_release(&source);
	free(journal);
	free(avo);
}

static void finish_run(struct maker *m)
{
	char t[CLOCK_STAMP_SIZE];
	bool dirty;

	must(m, lineage_checkout(&dirty, m->lineage, "", m->tip, &m->err));
	printf("%s: v0..v%d, %llu events, ends at %s\n", m->dir, m->version, (unsigned long long)journal_last_seq(m->journal), clock_format(t, m->now));
	journal_close(m->journal);
	lineage_close(m->lineage);
}

static int usage(void)
{
	fputs("usage: mkrun DIR [--small | --large EVENTS] [--operator NAME] [--profiles | --no-permission]\n", stderr);
	return 2;
}

/* Nothing of the machine's git or clock may show in the fixture. */
static void fix_environment(void)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_SYSTEM, GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL };
	size_t i;

	setenv("AVO_TEST_NOW", START, 1);
	git_libgit2_init();
	for (i = 0; i < ARRAY_LEN(levels); i++)
		git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "/nonexistent");
}

int main(int argc, char **argv)
{
	struct maker m = { .operator = "agent", .now = clock_parse(START), .rng = 7, .profile_rng = 11, .permission = true };
	bool small = false;
	long large = 0;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--small") == 0)
			small = true;
		else if (strcmp(argv[i], "--profiles") == 0)
			m.profiles = true;
		else if (strcmp(argv[i], "--no-permission") == 0)
			m.profiles = true, m.permission = false;
		else if (strcmp(argv[i], "--operator") == 0 && i + 1 < argc)
			m.operator = argv[++i];
		else if (strcmp(argv[i], "--large") == 0 && i + 1 < argc && str_to_long(&large, argv[i + 1], 1, 100000000))
			i++;
		else if (argv[i][0] != '-' && !m.dir)
			m.dir = argv[i];
		else
			return usage();
	}
	if (!m.dir || (small && large))
		return usage();
	fix_environment();
	make_run(&m);
	open_story(&m);
	if (large)
		play_large(&m, large);
	else
		play_steps(&m, small ? 1 : (int)ARRAY_LEN(steps));
	if (small)
		emit(&m, set_text(event("engine-stopped"), "reason", "asked to stop"), 0);
	finish_run(&m);
	return 0;
}
