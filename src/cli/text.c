#include "avo.h"
#include "base/clock.h"
#include "base/glyph.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/text.h"

#include <math.h>
#include <wchar.h>

int cli_open_run(struct cli_run *run, const struct cli_call *call)
{
	struct error err;
	char *journal;
	int status;

	memset(run, 0, sizeof(*run));
	status = cli_run_and_names(&run->dir, run->names, &run->name_count, call);
	if (status)
		return status;
	state_init(&run->state);
	journal = path_join(run->dir, ".avo/journal");
	if (state_load(&run->state, journal, &err) != AVO_OK) {
		status = cli_fail(call, &err);
		cli_close_run(run);
	}
	free(journal);
	return status;
}

void cli_close_run(struct cli_run *run)
{
	state_release(&run->state);
	free(run->dir);
	run->dir = NULL;
}

char *cli_dot_path(const struct cli_run *run, const char *name)
{
	char *dot = path_join(run->dir, ".avo"), *path = path_join(dot, name);

	free(dot);
	return path;
}

void cli_print_json(cJSON *obj)
{
	char *line = json_print_new(obj);

	puts(line);
	free(line);
	cJSON_Delete(obj);
}

static bool ascii_only;

void cli_text_ascii(bool only)
{
	ascii_only = only;
}

/* How one character is written, and how many columns that takes. */
static int spell(const char **out, size_t *len, uint32_t code, const char *bytes, size_t n)
{
	int w;

	*out = bytes;
	*len = n;
	if (code == '\n' || code == '\t' || code == ' ') {
		*out = " ";
		*len = 1;
		return 1;
	}
	if (ascii_only && code > 0x7e) {
		*out = glyph_ascii(code);
		*len = strlen(*out);
		return (int)*len;
	}
	w = wcwidth((wchar_t)code);
	return w > 0 ? w : 0;
}

void cli_print_clean(const char *text, int width)
{
	struct buf clean = BUF_INIT;
	size_t i = 0;
	int column = 0;

	if (!text)
		return;
	str_sanitize(&clean, text, strlen(text));
	while (i < clean.len) {
		uint32_t code = ' ';
		size_t n = str_utf8_decode(&code, clean.data + i, clean.len - i), len;
		const char *out;
		int w = spell(&out, &len, code, clean.data + i, n);

		if (width && column + w > width)
			break;
		fwrite(out, 1, len, stdout);
		column += w;
		i += n ? n : 1;
	}
	buf_release(&clean);
}

void cli_print_words(const char *name, const cJSON *scored, void (*words)(struct buf *, const cJSON *))
{
	struct buf out = BUF_INIT;

	words(&out, scored);
	if (out.len) {
		printf("%-10s ", name);
		cli_print_clean(buf_cstr(&out), 0);
		putchar('\n');
	}
	buf_release(&out);
}

const char *cli_paint(const struct cli_call *call, enum cli_color color)
{
	static const char *const codes[] = {
		[CLI_PLAIN] = "\033[0m", [CLI_GOOD] = "\033[32m", [CLI_BAD] = "\033[31m",
		[CLI_WARN] = "\033[33m", [CLI_DIM] = "\033[2m", [CLI_BOLD] = "\033[1m",
	};

	return call->global->color ? codes[color] : "";
}

enum cli_color cli_verdict_color(enum verdict v, enum decision d)
{
	if (v == VERDICT_NONE)
		return CLI_DIM;
	if (v != VERDICT_PASSED)
		return v == VERDICT_CANCELLED ? CLI_DIM : CLI_BAD;
	return d == DECISION_IMPROVED ? CLI_GOOD : d == DECISION_REGRESSED ? CLI_WARN : CLI_PLAIN;
}

const char *cli_gain(char *out, double ratio)
{
	if (!isfinite(ratio))
		return strcpy(out, "-");
	if (ratio >= 2)
		snprintf(out, 16, "x%.2f", ratio);
	else
		snprintf(out, 16, "%+.2f%%", (ratio - 1) * 100);
	return out;
}

const char *cli_interval(char *out, const struct cli_call *call, const struct comparison *c)
{
	out[0] = '\0';
	if (isfinite(c->lo) && isfinite(c->hi))
		snprintf(out, 16, "%s%.2f", call->global->ascii ? "+-" : "\xc2\xb1", (c->hi - c->lo) / 2 * 100);
	return out;
}

const char *cli_value_text(char *out, double value)
{
	if (!isfinite(value))
		return strcpy(out, "-");
	snprintf(out, 16, value < 10 ? "%.3f" : value < 100 ? "%.2f" : "%.1f", value);
	return out;
}

const char *cli_outcome(const struct attempt *a)
{
	if (a->verdict == VERDICT_NONE)
		return a->stage == ATTEMPT_DROPPED ? "dropped" : "evaluating";
	if (a->verdict == VERDICT_PASSED && a->comparison.decision != DECISION_NONE)
		return decision_name(a->comparison.decision);
	return verdict_name(a->verdict);
}

void cli_summary(struct buf *out, const struct run_state *s, const char *run_dir)
{
	const struct version *best = state_champion(s), *seed = state_version(s, 0);
	char age[32], word[PATH_WORD_SIZE];
	size_t i;

	str_escape(out, s->name, strlen(s->name));
	buf_printf(out, ": %s%s", engine_state_name(s->state), s->state_reason[0] ? ", " : "");
	str_escape(out, s->state_reason, strlen(s->state_reason));
	buf_printf(out, "; %zu version%s, %zu attempt%s, %s active\n", s->version_count, s->version_count == 1 ? "" : "s",
		   s->attempt_count, s->attempt_count == 1 ? "" : "s", clock_age(age, sizeof(age), state_active_ms(s, clock_wall_ms())));
	if (best && isfinite(best->score.geomean))
		buf_printf(out, "best v%d %.2f %s, seed %.2f as recorded\n", best->id, best->score.geomean, best->score.unit,
			   seed->score.geomean);
	for (i = 0; i < s->attempt_count; i++)
		if (s->attempts[i].stage == ATTEMPT_PENDING)
			buf_printf(out, "a%d waits for approval: avo approve a%d %s\n", s->attempts[i].id, s->attempts[i].id,
				   path_word_here(word, run_dir));
}

void cli_print_scores(const struct cli_call *call, const struct score *score, const char *name,
		      const struct score *other, const char *other_name)
{
	char a[16], b[16], g[16];
	int i;

	printf("  %-14s %10s", "case", name);
	if (other)
		printf(" %10s %9s", other_name, "ratio");
	printf("   %s\n", score->unit);
	for (i = 0; i < score->count; i++) {
		const struct case_score *c = &score->cases[i];
		const struct case_score *o = other ? score_case(other, c->name) : NULL;

		printf("  %-14s %10s", c->name, cli_value_text(a, c->value));
		if (other)
			printf(" %10s %9s", cli_value_text(b, o ? o->value : NAN), cli_gain(g, o ? c->value / o->value : NAN));
		printf("   %s%.1f%% of %d\n", call->global->ascii ? "+-" : "\xc2\xb1", c->std / c->value * 100, c->n);
	}
	printf("  %-14s %10s", "geomean", cli_value_text(a, score->geomean));
	if (other)
		printf(" %10s %9s", cli_value_text(b, other->geomean), cli_gain(g, score->geomean / other->geomean));
	putchar('\n');
}
