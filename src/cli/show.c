#include "avo.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "journal/record.h"
#include "lineage/lineage.h"
#include "task/sampled.h"

#include <math.h>

/* show: one version or attempt in full; diff: any two revisions. */

static cJSON *scored_event(const struct cli_run *run, struct journal_ref ref)
{
	char *journal = cli_dot_path(run, "journal");
	cJSON *event = NULL;

	if (ref.segment)
		journal_fetch(&event, journal, ref, NULL);
	free(journal);
	return event;
}

static void print_comparison(const struct cli_call *call, const struct comparison *c, int incumbent)
{
	char gain[16], interval[16];

	if (c->decision == DECISION_NONE)
		return;
	printf("decision   %s against v%d: %s %s (%.0f%% interval [%.4f, %.4f], %d pairs)\n", decision_name(c->decision),
	       incumbent, cli_gain(gain, c->ratio), cli_interval(interval, call, c), c->confidence * 100, c->lo, c->hi,
	       c->pairs);
}

/* The ratio of each pair as a strip around 1.000. */
static void print_pairs(const struct cli_call *call, const cJSON *scored)
{
	const cJSON *item, *pairs = json_arr(scored, "pair_ratios");
	int n = 0;

	if (!cJSON_GetArraySize(pairs))
		return;
	fputs("pairs      ", stdout);
	cJSON_ArrayForEach(item, pairs) {
		if (n && n % 8 == 0)
			fputs("\n           ", stdout);
		printf("%s%.4f%s ", cli_paint(call, item->valuedouble > 1 ? CLI_GOOD : CLI_WARN), item->valuedouble,
		       cli_paint(call, CLI_PLAIN));
		n++;
	}
	putchar('\n');
}

static void print_build(const cJSON *build)
{
	const char *error = json_str(build, "error", NULL), *warning = json_str(build, "warning", NULL), *log = json_str(build, "log", NULL);

	if (!build)
		return;
	printf("build      %.1f s%s", json_num(build, "ms", 0) / 1000, json_bool(build, "cached", false) ? ", from the cache" : "");
	if (json_get(build, "registers"))
		printf(", %lld registers, %lld bytes spilled", (long long)json_int(build, "registers", 0), (long long)json_int(build, "spills", 0));
	putchar('\n');
	if (warning) {
		fputs("           ", stdout);
		cli_print_clean(warning, 0);
		putchar('\n');
	}
	if (error) {
		fputs("           ", stdout);
		cli_print_clean(error, 0);
		putchar('\n');
	}
	if (error && log && *log) {
		struct buf clean = BUF_INIT;

		str_sanitize(&clean, log, strlen(log) < 4000 ? strlen(log) : 4000);
		printf("\n%s\n", buf_cstr(&clean));
		buf_release(&clean);
	}
}

static void print_checks(const cJSON *scored)
{
	struct buf where = BUF_INIT;
	const cJSON *item;
	int done = 0, good = 0;

	cJSON_ArrayForEach(item, json_arr(scored, "checks")) {
		done++;
		if (json_bool(item, "ok", false)) {
			good++;
			continue;
		}
		printf("check      %s (%s): ", json_str(item, "case", "?"), json_str(item, "kind", "?"));
		buf_clear(&where);
		if (record_worst_element(&where, item))
			printf("%s; ", buf_cstr(&where));
		printf("largest error %.3g, allowed %.3g\n", json_num(item, "max_error", NAN), json_num(item, "tolerance", NAN));
	}
	buf_release(&where);
	if (done)
		printf("checks     %d of %d passed\n", good, done);
	cli_print_words("sampled", scored, sampled_words);
	cli_print_words("worst case", scored, sampled_worst_words);
}

static void print_evidence(const cJSON *scored)
{
	const char *rule = json_str(scored, "rule", NULL), *evidence = json_str(scored, "evidence", NULL);

	if (!rule)
		return;
	printf("rule       %s: ", rule);
	cli_print_clean(evidence, 0);
	putchar('\n');
}

static void print_where(const struct cli_run *run, int direction, const char *commit)
{
	const struct direction *d = state_direction(&run->state, direction);

	if (d) {
		printf("direction  d%d ", d->id);
		cli_print_clean(d->title, 0);
		putchar('\n');
	}
	printf("commit     %s\n", commit);
}

static void print_profile(const struct cli_run *run, const char *name)
{
	const struct profile *p = state_profile(&run->state, name, NULL);

	if (p)
		printf("counters   %s on %s; avo counters %s shows %s\n", p->counted ? "recorded" : "none, but launches,", p->case_name, name,
		       p->counted ? "them" : "why");
}

static void show_attempt(const struct cli_run *run, const struct cli_call *call, const struct attempt *a)
{
	cJSON *scored = scored_event(run, a->scored);
	struct score incumbent;
	char name[16];

	snprintf(name, sizeof(name), "a%d", a->id);
	printf("%sa%d%s  ", cli_paint(call, CLI_BOLD), a->id, cli_paint(call, CLI_PLAIN));
	cli_print_clean(a->title, 0);
	printf("\n\nverdict    %s%s%s%s", cli_paint(call, cli_verdict_color(a->verdict, a->comparison.decision)),
	       verdict_name(a->verdict), cli_paint(call, CLI_PLAIN), a->reason ? ": " : "");
	cli_print_clean(a->reason, 0);
	putchar('\n');
	print_evidence(scored);
	print_comparison(call, &a->comparison, a->incumbent);
	print_pairs(call, scored);
	printf("varied     v%d by %s, +%d -%d lines\n", a->parent, a->author, a->added, a->removed);
	print_where(run, a->direction, a->commit);
	print_build(json_obj(scored, "build"));
	print_checks(scored);
	print_profile(run, name);
	if (a->version >= 0)
		printf("became     v%d\n", a->version);
	if (a->score.count) {
		score_from_json(&incumbent, json_obj(scored, "incumbent_scores"));
		putchar('\n');
		cli_print_scores(call, &a->score, name, incumbent.count ? &incumbent : NULL, "incumbent");
	}
	cJSON_Delete(scored);
}

static void show_version(const struct cli_run *run, const struct cli_call *call, const struct version *v)
{
	const struct version *parent = state_version(&run->state, v->parent);
	char name[16], other[16];

	printf("%sv%d%s  ", cli_paint(call, CLI_BOLD), v->id, cli_paint(call, CLI_PLAIN));
	cli_print_clean(v->title, 0);
	printf("\n\n");
	if (v->attempt >= 0)
		printf("attempt    a%d, by %s\n", v->attempt, v->author);
	print_comparison(call, &v->comparison, v->parent);
	print_where(run, v->direction, v->commit);
	snprintf(name, sizeof(name), "v%d", v->id);
	print_profile(run, name);
	if (!v->score.count)
		return;
	snprintf(other, sizeof(other), "v%d", v->parent);
	printf("\nas measured when each was committed (ratios across sessions are not comparable; avo bench measures pairs):\n");
	cli_print_scores(call, &v->score, name, parent && parent->score.count ? &parent->score : NULL, other);
}

static void json_with_detail(const struct cli_run *run, cJSON *obj, struct journal_ref ref)
{
	cJSON *event = scored_event(run, ref);

	if (event)
		json_set(obj, "detail", event);
	cli_print_json(obj);
}

static int run_show(const struct cli_call *call)
{
	const struct version *v;
	const struct attempt *a;
	struct cli_run run;
	int status = cli_open_run(&run, call);

	if (status)
		return status;
	if (run.name_count != 1) {
		cli_close_run(&run);
		return cli_usage(call, "name one version or attempt: avo show v3, avo show a17");
	}
	v = state_version(&run.state, (int)str_to_id(run.names[0], 'v'));
	a = state_attempt(&run.state, (int)str_to_id(run.names[0], 'a'));
	if (v && call->global->json) {
		json_with_detail(&run, record_version(&run.state, v), v->ref);
	} else if (v) {
		show_version(&run, call, v);
	} else if (a && call->global->json) {
		json_with_detail(&run, record_attempt(&run.state, a), a->scored);
	} else if (a) {
		show_attempt(&run, call, a);
	} else {
		status = 1;
		cli_complain(call, "there is no %s in this run (it has %zu version%s and %zu attempt%s)", run.names[0],
			     run.state.version_count, run.state.version_count == 1 ? "" : "s",
			     run.state.attempt_count, run.state.attempt_count == 1 ? "" : "s");
	}
	cli_close_run(&run);
	return status;
}

static void print_patch(const struct cli_call *call, const struct buf *patch)
{
	const char *cursor = buf_cstr(patch), *end = cursor + patch->len, *line;
	struct buf clean = BUF_INIT;
	size_t len;

	while (str_next_line(&cursor, end, &line, &len)) {
		const char *paint = "";

		if (len && (line[0] == '+' || line[0] == '-'))
			paint = cli_paint(call, line[0] == '+' ? CLI_GOOD : CLI_BAD);
		else if (len && line[0] == '@')
			paint = cli_paint(call, CLI_DIM);
		buf_clear(&clean);
		str_sanitize(&clean, line, len);
		printf("%s%s%s\n", paint, buf_cstr(&clean), *paint ? cli_paint(call, CLI_PLAIN) : "");
	}
	buf_release(&clean);
}

/* With one name: its parent. The text lives as long as the buffer given. */
static const char *parent_of(char out[16], const struct cli_run *run, const char *name)
{
	const struct version *v = state_version(&run->state, (int)str_to_id(name, 'v'));
	const struct attempt *a = state_attempt(&run->state, (int)str_to_id(name, 'a'));
	int parent = v ? v->parent : a ? a->parent : -1;

	if (parent < 0)
		return NULL;
	snprintf(out, 16, "v%d", parent);
	return out;
}

static int diff_between(const struct cli_run *run, const struct cli_call *call, const char *from, const char *to, int context)
{
	struct buf patch = BUF_INIT;
	struct diff_stat stat;
	struct lineage *lineage;
	struct error err;
	int status = 0;

	if (lineage_open(&lineage, run->dir, LINEAGE_READ, &err) != AVO_OK)
		return cli_fail(call, &err);
	if (lineage_diff(&patch, &stat, lineage, from, to, context, &err) != AVO_OK) {
		status = cli_fail(call, &err);
	} else if (call->global->json) {
		cJSON *obj = cJSON_CreateObject();

		json_set_str(obj, "from", from);
		json_set_str(obj, "to", to);
		json_set_int(obj, "files", stat.files);
		json_set_int(obj, "added", stat.added);
		json_set_int(obj, "removed", stat.removed);
		json_set_str(obj, "patch", buf_cstr(&patch));
		cli_print_json(obj);
	} else if (cli_flag(call, "stat")) {
		printf("%s..%s: %d files, +%d -%d lines\n", from, to, stat.files, stat.added, stat.removed);
	} else {
		print_patch(call, &patch);
	}
	buf_release(&patch);
	lineage_close(lineage);
	return status;
}

static int run_diff(const struct cli_call *call)
{
	struct cli_run run;
	int64_t context = 3;
	const char *from, *to;
	char parent[16];
	int status;

	if (!cli_number(&context, call, "unified", 0, 10000))
		return 2;
	status = cli_open_run(&run, call);
	if (status)
		return status;
	to = run.name_count ? run.names[run.name_count - 1] : "work";
	from = run.name_count == 2 ? run.names[0] : run.name_count == 1 ? parent_of(parent, &run, to) : NULL;
	if (!run.name_count && run.state.version_count) {
		snprintf(parent, sizeof(parent), "v%d", (int)run.state.version_count - 1);
		from = parent;
	}
	if (run.name_count > 2)
		status = cli_usage(call, "at most two revisions");
	else if (!from)
		status = cli_usage(call, "%s has no parent to compare with; name two revisions", to);
	else
		status = diff_between(&run, call, from, to, (int)context);
	cli_close_run(&run);
	return status;
}

static const struct cli_option diff_options[] = {
	{ "unified", 'U', "N", "lines of context (default 3)" },
	{ "stat", 0, NULL, "only how many lines changed" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_show = {
	"show", "vN|aN [DIR]", "Show one version or attempt in full: scores, decision, build, checks",
	"For an attempt that did not become a version this is the page that says why.", NULL, 1, 2, run_show,
};
const struct cli_command cmd_diff = {
	"diff", "[A [B]] [DIR]", "Show what changed between two revisions",
	"A revision is a version (v3), an attempt (a17), anything git understands, or 'work'\n"
	"for the working tree. With one, it is compared with its parent; with none, the\n"
	"working tree with the newest version.", diff_options, 0, 3, run_diff,
};
