#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "engine/settings.h"

#include <limits.h>

const struct setting settings_table[] = {
	{ "run.name", SETTING_TEXT, "", "What the run is called on the screen" },
	{ "run.backend", SETTING_TEXT, "cpu", "Where candidates run: cpu or cuda" },
	{ "run.suite", SETTING_TEXT, "cpu", "The cases that are scored: a name in kernels/suites, or the path of a suite file" },
	{ "run.operator", SETTING_TEXT, "mutate", "What varies: mutate, manual or agent" },
	{ "run.gate", SETTING_TEXT, "auto", "Who turns an improved attempt into a version: auto, or manual (you, with avo approve)" },
	{ "run.accept-matched", SETTING_BOOL, "false", "Also take attempts that are as fast as the incumbent within score.match-tolerance" },

	{ "budget.time", SETTING_DURATION, "none", "Active time of the whole run, such as 90s, 2h or 7d; none: no limit" },
	{ "budget.steps", SETTING_INT, "0", "Variation steps of the whole run; 0: no limit" },
	{ "budget.attempts", SETTING_INT, "0", "Attempts of the whole run; 0: no limit" },
	{ "budget.cost", SETTING_NUMBER, "0", "US dollars for models over the whole run; 0: no limit" },
	{ "budget.tokens", SETTING_INT, "0", "Tokens read and written by models over the whole run; 0: no limit" },

	{ "score.worker", SETTING_TEXT, "{worker}", "How a worker is started: {worker}, ssh HOST {worker}, srun --gres=gpu:1 {worker}" },
	{ "score.deadline", SETTING_DURATION, "10m", "An evaluation that takes longer is cancelled" },
	{ "score.backoff", SETTING_DURATION, "1s", "First pause before a worker that ended or failed is started again; grows to sixty times that" },
	{ "score.outage-limit", SETTING_DURATION, "12h", "A worker that is away longer waits for a person (avo resume); none: it is tried for ever" },
	{ "score.min-pairs", SETTING_INT, "0", "Paired measurements before the first decision; 0: the worker's default" },
	{ "score.max-pairs", SETTING_INT, "0", "Paired measurements after which it is inconclusive; 0: the worker's default" },
	{ "score.max-seconds", SETTING_NUMBER, "0", "Seconds of comparing after which an undecided comparison is inconclusive, once min-pairs are done; 0: the worker's default" },
	{ "score.confidence", SETTING_NUMBER, "0", "Confidence of a decision, such as 0.95; 0: the worker's default" },
	{ "score.match-tolerance", SETTING_NUMBER, "0", "Half width around 1 of a ratio that counts as matched, such as 0.005; 0: the worker's default" },
	{ "score.peers", SETTING_BOOL, "true", "Measure the peak and the peer baselines at the first start" },
	{ "score.baseline", SETTING_TEXT, "", "A baseline of your own beside the peers: a candidate's directory, a .so, or a .cubin with its plan; below the run, or absolute; may be given several times; see avo-candidate(7)" },
	{ "score.profile", SETTING_TEXT, "versions", "What the hardware's counters are read for: versions (every new one, and attempts that wait for approval), or never" },
	{ "score.profile-case", SETTING_TEXT, "", "The case on which they are read; not set: the suite's first" },
	{ "score.cache-size", SETTING_INT, "512", "MiB that builds and exports may keep under .avo/cache" },

	{ "supervisor.enabled", SETTING_BOOL, "true", "Redirect the search when it stalls or goes in circles" },
	{ "supervisor.stall", SETTING_INT, "24", "Attempts without a new version that count as a stall" },
	{ "supervisor.repeats", SETTING_INT, "3", "Identical candidates among the newest attempts that count as repetition" },
	{ "supervisor.same-errors", SETTING_INT, "4", "Attempts in a row that fail with the same words" },
	{ "supervisor.cycle", SETTING_INT, "2", "Times that a sequence of candidates comes back before it counts as a cycle" },
	{ "supervisor.idle-steps", SETTING_INT, "3", "Steps in a row without any evaluation" },
	{ "supervisor.tool-cycle", SETTING_INT, "5", "Times that the same calls of tools (one to four, with the same arguments) come back without an evaluation" },
	{ "supervisor.stall-time", SETTING_DURATION, "6h", "Active time since the last version or intervention that counts as a stall; none: no limit" },
	{ "supervisor.burn", SETTING_NUMBER, "0.25", "Share of budget.cost or budget.tokens, where they are set, that may go without a version or an intervention" },
	{ "supervisor.cooldown", SETTING_INT, "8", "Attempts after an intervention before the next one" },

	{ "mutate.seed", SETTING_INT, "1", "All of mutate's chance comes from this number and the number of the attempt" },
	{ "mutate.attempts-per-step", SETTING_INT, "6", "Attempts after which a step without a commit gives up" },
	{ "mutate.crossover", SETTING_NUMBER, "0.15", "Chance that a proposal crosses two passing attempts" },
	{ "mutate.other-parent", SETTING_NUMBER, "0.15", "Chance that a mutation starts from another passing attempt than the incumbent" },
	{ "mutate.more", SETTING_NUMBER, "0.4", "Chance of each further parameter that a mutation changes" },

	{ "agent.model", SETTING_TEXT, "", "The model, as its server calls it" },
	{ "agent.base-url", SETTING_TEXT, "", "Its server, such as http://localhost:8080; not set: the vendor's own" },
	{ "agent.api", SETTING_TEXT, "", "The wire: messages (Anthropic) or chat (OpenAI and most servers); not set: by the model's name" },
	{ "agent.key-env", SETTING_TEXT, "", "Environment variable with the key; not set: ANTHROPIC_API_KEY or OPENAI_API_KEY, by the wire" },
	{ "agent.key-file", SETTING_TEXT, "", "File with the key, mode 0600, instead of the variable; begins with / or ~/" },
	{ "agent.key-command", SETTING_TEXT, "", "Command that prints the key and nothing else, instead of the variable" },
	{ "agent.key-timeout", SETTING_DURATION, "15s", "Longest time that it may take; at most 45s" },
	{ "agent.ca-file", SETTING_TEXT, "", "CA certificates (PEM) to trust for the server; not set: $SSL_CERT_FILE, or the system's" },
	{ "agent.header", SETTING_TEXT, "", "A further HTTP header, Name: value; may be given several times; not for secrets, since avo.conf is in git" },
	{ "agent.extra-body", SETTING_TEXT, "", "JSON object merged over every request; a null removes a member" },
	{ "agent.thinking", SETTING_TEXT, "default", "Thinking on the messages wire: default, adaptive or off" },
	{ "agent.effort", SETTING_TEXT, "", "How hard the model tries, in its server's words; not set: the server's default" },
	{ "agent.context-window", SETTING_INT, "0", "Tokens of the context window; 0: 200000 for claude, 128000 for others" },
	{ "agent.max-output", SETTING_INT, "16000", "Tokens of one answer; doubles when answers are cut" },
	{ "agent.output-limit", SETTING_INT, "0", "Tokens of one answer that it grows to at most; 0: a quarter of the window" },
	{ "agent.compact-at", SETTING_NUMBER, "0.7", "Share of the window at which old conversation is cut" },
	{ "agent.cache", SETTING_BOOL, "true", "Mark the prompt's prefix for caching (messages wire)" },
	{ "agent.cache-hour", SETTING_BOOL, "false", "Keep the cached prefix for an hour: for evaluations longer than five minutes" },
	{ "agent.tool-choice", SETTING_BOOL, "true", "The server knows tool_choice" },
	{ "agent.replay-reasoning", SETTING_BOOL, "false", "Send reasoning back on the chat wire, as some servers want" },
	{ "agent.price-input", SETTING_NUMBER, "0", "US dollars per million tokens read; 0: the published price, if avo knows the model" },
	{ "agent.price-output", SETTING_NUMBER, "0", "US dollars per million tokens written" },
	{ "agent.price-cache-write", SETTING_NUMBER, "0", "US dollars per million tokens written to the cache; 0: as input" },
	{ "agent.price-cache-read", SETTING_NUMBER, "0", "US dollars per million tokens read from the cache; 0: as input" },
	{ "agent.step-cost", SETTING_NUMBER, "0", "US dollars of one step; 0: no limit" },
	{ "agent.step-tokens", SETTING_INT, "0", "Tokens of one step; 0: no limit" },
	{ "agent.step-time", SETTING_DURATION, "none", "Time of one step" },
	{ "agent.step-attempts", SETTING_INT, "20", "Evaluations of one step; 0: no limit" },
	{ "agent.step-turns", SETTING_INT, "200", "Turns of the model in one step; 0: no limit" },
	{ "agent.first-byte-timeout", SETTING_DURATION, "15m", "Longest wait for a server to begin its answer" },
	{ "agent.idle-timeout", SETTING_DURATION, "3m", "Longest silence in an answer" },
	{ "agent.stall-timeout", SETTING_DURATION, "10m", "Longest time in which only signs of life come" },
	{ "agent.outage-limit", SETTING_DURATION, "12h", "An outage that lasts longer waits for a person" },
	{ "agent.backoff", SETTING_DURATION, "1s", "First wait after an overload; it doubles" },
	{ "agent.backoff-limit", SETTING_DURATION, "5m", "Longest such wait" },
	{ NULL, SETTING_TEXT, NULL, NULL },
};

const struct setting *setting_find(const char *key)
{
	const struct setting *s;

	for (s = settings_table; s->key; s++)
		if (strcmp(s->key, key) == 0)
			return s;
	return NULL;
}

const char *setting_type_name(enum setting_type t)
{
	static const char *const names[] = {
		[SETTING_TEXT] = "text",
		[SETTING_INT] = "a whole number",
		[SETTING_NUMBER] = "a number",
		[SETTING_BOOL] = "true or false",
		[SETTING_DURATION] = "a duration",
	};

	return names[t];
}

/* Readers by key: the fallback is the table's own. */
static enum avo_status read_int(int64_t *out, const struct conf *conf, const char *key, struct error *err)
{
	enum avo_status st = conf_int(out, conf, key, strtoll(setting_find(key)->fallback, NULL, 10), err);

	if (st == AVO_OK && *out < 0)
		st = error_set(err, AVO_USAGE, "%s must not be negative", key);
	return st;
}

static enum avo_status read_num(double *out, const struct conf *conf, const char *key, struct error *err)
{
	enum avo_status st = conf_num(out, conf, key, strtod(setting_find(key)->fallback, NULL), err);

	if (st == AVO_OK && *out < 0)
		st = error_set(err, AVO_USAGE, "%s must not be negative", key);
	return st;
}

static enum avo_status read_duration(int64_t *out_ms, const struct conf *conf, const char *key, struct error *err)
{
	int64_t fallback_ms = clock_parse_duration(setting_find(key)->fallback);

	return conf_duration(out_ms, conf, key, fallback_ms > 0 ? fallback_ms : 0, err);
}

static enum avo_status read_bool(bool *out, const struct conf *conf, const char *key, struct error *err)
{
	return conf_bool(out, conf, key, strcmp(setting_find(key)->fallback, "true") == 0, err);
}

static char *read_text(const struct conf *conf, const char *key)
{
	return xstrdup(conf_str(conf, key, setting_find(key)->fallback));
}

static enum avo_status check_one(const struct setting *s, const struct conf *conf, struct error *err)
{
	int64_t i;
	double d;
	bool b;

	switch (s->type) {
	case SETTING_INT:
		return conf_int(&i, conf, s->key, 0, err);
	case SETTING_NUMBER:
		return conf_num(&d, conf, s->key, 0, err);
	case SETTING_BOOL:
		return conf_bool(&b, conf, s->key, false, err);
	case SETTING_DURATION:
		return conf_duration(&i, conf, s->key, 0, err);
	case SETTING_TEXT:
		break;
	}
	return AVO_OK;
}

static enum avo_status load_budget(struct settings *out, const struct conf *conf, struct error *err)
{
	enum avo_status st = conf_duration(&out->budget_time_ms, conf, "budget.time", 0, err);

	if (st == AVO_OK)
		st = read_int(&out->budget_steps, conf, "budget.steps", err);
	if (st == AVO_OK)
		st = read_int(&out->budget_attempts, conf, "budget.attempts", err);
	if (st == AVO_OK)
		st = read_int(&out->budget_tokens, conf, "budget.tokens", err);
	return st == AVO_OK ? read_num(&out->budget_cost, conf, "budget.cost", err) : st;
}

static enum avo_status read_profile(struct settings *out, const struct conf *conf, struct error *err)
{
	const char *value = conf_str(conf, "score.profile", setting_find("score.profile")->fallback);

	out->profile_case = read_text(conf, "score.profile-case");
	out->profile = strcmp(value, "versions") == 0;
	if (!out->profile && strcmp(value, "never") != 0)
		return error_set(err, AVO_USAGE, "score.profile = %s is neither versions nor never", value);
	return AVO_OK;
}

static enum avo_status read_confidence(struct settings *out, const struct conf *conf, struct error *err)
{
	enum avo_status st = read_num(&out->confidence, conf, "score.confidence", err);

	if (st != AVO_OK || out->confidence == 0 || (out->confidence >= 0.5 && out->confidence < 1))
		return st;
	return error_set(err, AVO_USAGE, "score.confidence = %g is no confidence: from 0.5 to below 1, such as 0.95, or 0 for the worker's default",
			 out->confidence);
}

static enum avo_status load_score(struct settings *out, const struct conf *conf, struct error *err)
{
	enum avo_status st = conf_duration(&out->deadline_ms, conf, "score.deadline", 600000, err);

	out->worker = read_text(conf, "score.worker");
	if (st == AVO_OK)
		st = read_duration(&out->backoff_ms, conf, "score.backoff", err);
	if (st == AVO_OK)
		st = read_duration(&out->outage_ms, conf, "score.outage-limit", err);
	if (st == AVO_OK)
		st = read_int(&out->min_pairs, conf, "score.min-pairs", err);
	if (st == AVO_OK)
		st = read_int(&out->max_pairs, conf, "score.max-pairs", err);
	if (st == AVO_OK)
		st = read_confidence(out, conf, err);
	if (st == AVO_OK)
		st = read_num(&out->match_tolerance, conf, "score.match-tolerance", err);
	if (st == AVO_OK)
		st = read_num(&out->max_seconds, conf, "score.max-seconds", err);
	if (st == AVO_OK)
		st = read_bool(&out->peers, conf, "score.peers", err);
	if (st == AVO_OK)
		st = read_profile(out, conf, err);
	return st == AVO_OK ? read_int(&out->cache_mib, conf, "score.cache-size", err) : st;
}

static enum avo_status load_supervisor(struct settings *out, const struct conf *conf, struct error *err)
{
	const struct {
		int64_t *to;
		const char *key;
	} numbers[] = {
		{ &out->stall, "supervisor.stall" },
		{ &out->repeats, "supervisor.repeats" },
		{ &out->same_errors, "supervisor.same-errors" },
		{ &out->cycle, "supervisor.cycle" },
		{ &out->idle_steps, "supervisor.idle-steps" },
		{ &out->tool_cycle, "supervisor.tool-cycle" },
		{ &out->cooldown, "supervisor.cooldown" },
	};
	enum avo_status st = read_bool(&out->supervisor, conf, "supervisor.enabled", err);
	size_t i;

	for (i = 0; i < ARRAY_LEN(numbers) && st == AVO_OK; i++)
		st = read_int(numbers[i].to, conf, numbers[i].key, err);
	if (st == AVO_OK)
		st = read_duration(&out->stall_ms, conf, "supervisor.stall-time", err);
	return st == AVO_OK ? read_num(&out->burn, conf, "supervisor.burn", err) : st;
}

enum avo_status settings_load(struct settings *out, const struct conf *conf, struct error *err)
{
	const struct setting *s;
	enum avo_status st = AVO_OK;

	memset(out, 0, sizeof(*out));
	for (s = settings_table; s->key && st == AVO_OK; s++)
		st = check_one(s, conf, err);
	out->name = read_text(conf, "run.name");
	out->backend = read_text(conf, "run.backend");
	out->suite = read_text(conf, "run.suite");
	out->operator_name = read_text(conf, "run.operator");
	out->gate = read_text(conf, "run.gate");
	if (st == AVO_OK && strcmp(out->gate, "auto") != 0 && strcmp(out->gate, "manual") != 0)
		st = error_set(err, AVO_USAGE, "run.gate = %s is neither auto nor manual", out->gate);
	if (st == AVO_OK)
		st = read_bool(&out->accept_matched, conf, "run.accept-matched", err);
	if (st == AVO_OK)
		st = load_budget(out, conf, err);
	if (st == AVO_OK)
		st = load_score(out, conf, err);
	return st == AVO_OK ? load_supervisor(out, conf, err) : st;
}

void settings_release(struct settings *s)
{
	char *texts[] = { s->name, s->backend, s->suite, s->operator_name, s->gate, s->worker, s->profile_case };
	size_t i;

	for (i = 0; i < ARRAY_LEN(texts); i++)
		free(texts[i]);
	memset(s, 0, sizeof(*s));
}

/* Edits that turn one word into the other; words longer than the row are strangers. */
static size_t edit_distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b), i, j;

	if (n >= ARRAY_LEN(row))
		return SIZE_MAX;
	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (j = 1; j <= n; j++) {
			size_t above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[n];
}

static const char *nearest(const char *key)
{
	const struct setting *s;
	const char *best = NULL;
	size_t least = 6;

	for (s = settings_table; s->key; s++) {
		size_t d = edit_distance(key, s->key);

		if (d < least) {
			least = d;
			best = s->key;
		}
	}
	return best;
}

static bool report_unknown(void *arg, const char *key, const char *value)
{
	struct buf *out = arg;
	const char *near;

	if (setting_find(key))
		return true;
	near = nearest(key);
	buf_printf(out, "%savo.conf: %s is unknown", out->len ? "; " : "", key);
	if (near)
		buf_printf(out, ", did you mean %s?", near);
	return true;
}

void settings_unknown(struct buf *out, const struct conf *conf)
{
	conf_each(conf, report_unknown, out);
}
