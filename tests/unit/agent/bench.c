#include "avo.h"
#include "tests/unit/agent/bench.h"

/* --- the model --------------------------------------------------------------------- */

static void serve(void *arg, const struct model_ask *ask, struct model_answer *out)
{
	struct bench *b = arg;
	struct model_turn turn = { .output = 50 };

	b->asks++;
	buf_clear(&b->last_request);
	json_print(&b->last_request, ask->body);
	/* a server counts what it gets */
	turn.input = (int)(b->last_request.len / 4);
	b->fault = model_judge(b->wire, json_arr(ask->body, "messages"));
	b->model(b, ask, &turn, out);
	if (out->body.len)
		return;
	if (json_bool(ask->body, "stream", false)) {
		model_stream(&out->body, b->wire, &turn);
	} else {
		model_whole(&out->body, b->wire, &turn);
		out->content_type = "application/json";
	}
}

bool requested(const struct bench *b, const char *words)
{
	return strstr(buf_cstr(&b->last_request), words) != NULL;
}

/* --- the engine -------------------------------------------------------------------- */

static void apply(struct bench *b, cJSON *event)
{
	struct journal_ref ref;
	const char *line;
	cJSON *parsed;
	size_t len;

	assert_int_equal(journal_append(b->journal, event, JOURNAL_LAZY, NULL), AVO_OK);
	line = journal_last_line(b->journal, &len, &ref);
	assert_int_equal(json_parse(&parsed, line, len, NULL), AVO_OK);
	state_apply(&b->state, parsed, ref);
	if (strcmp(json_str(parsed, "type", ""), "warning") == 0) {
		b->warnings++;
		snprintf(b->last_warning, sizeof(b->last_warning), "%s", json_str(parsed, "text", ""));
	}
	b->usages += strcmp(json_str(parsed, "type", ""), "usage") == 0;
	cJSON_Delete(parsed);
}

static cJSON *event_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static cJSON *event_of(const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	cJSON *event;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	assert_int_equal(json_parse(&event, text.data, text.len, NULL), AVO_OK);
	buf_release(&text);
	return event;
}

#define happen(b, ...) apply(b, event_of(__VA_ARGS__))

/* With a member in the agent's own words, whatever they hold. */
static void happen_with(struct bench *b, cJSON *event, const char *key, const char *words)
{
	json_set_str(event, key, words);
	apply(b, event);
}

static struct bench *bench_of(struct operator_host *host)
{
	return (struct bench *)host;
}

void bench_go(void *arg)
{
	struct bench *b = arg;

	b->asked = false;
	ops->go(b->op);
}

static void action_ask(struct operator_host *host)
{
	struct bench *b = bench_of(host);

	b->asked = true;
	if (!b->hold)
		loop_add_timer(b->loop, 0, bench_go, b);
}

static int action_start(struct operator_host *host, const char *kind, const char *text)
{
	return ++bench_of(host)->actions;
}

static void action_done(struct operator_host *host, int action, bool ok, const char *result, const cJSON *detail)
{
	assert_int_equal(action, bench_of(host)->actions);
	bench_of(host)->calls_counted += json_str(detail, "call", NULL) != NULL;
}

static void score(void *arg)
{
	struct bench *b = arg;
	int id = (int)b->state.attempt_count;

	b->evaluating = false;
	happen(b, "{\"type\":\"attempt-scored\",\"attempt\":\"a%d\",\"verdict\":\"passed\",\"unit\":\"GFLOPS\",\"geomean\":3,"
	       "\"scores\":[{\"case\":\"full-128\",\"value\":3,\"std\":0,\"n\":3}],\"decision\":\"%s\",\"ratio\":1.5,\"ratio_ci\":[1.4,1.6],"
	       "\"pairs\":8,\"incumbent\":\"v0\"}", id, b->commit ? "improved" : "inconclusive");
	ops->evaluated(b->op, state_attempt(&b->state, id), b->commit, NULL);
}

static int evaluate(struct operator_host *host, const struct candidate *c)
{
	struct bench *b = bench_of(host);

	assert_true(c->file_count >= 1 || c->refused);	/* what breaks the rules of candidates comes without files, with the reason */
	/* one at a time, however many a turn asks for */
	assert_false(b->evaluating);
	b->evaluating = true;
	b->evaluations++;
	happen_with(b, event_of("{\"type\":\"attempt-started\",\"attempt\":\"a%d\",\"step\":\"s1\",\"parent\":\"v0\",\"commit\":\"00\",\"tree\":\"t%d\","
				"\"author\":\"agent\",\"added\":1,\"removed\":1}", (int)b->state.attempt_count + 1, b->evaluations), "title", c->title);
	loop_add_timer(b->loop, 5, score, b);
	return (int)b->state.attempt_count;
}

/* Ten times the candidate's FAKE_SPEED is its one counter. */
static void profiled(void *arg)
{
	struct bench *b = arg;
	cJSON *event = b->profile;

	b->profile = NULL;
	b->profiles++;
	apply(b, cJSON_Duplicate(event, true));
	ops->profiled(b->op, event);
	cJSON_Delete(event);
}

static bool profile(struct operator_host *host, const char *what, const char *dir, const char *case_name, const char **why)
{
	struct bench *b = bench_of(host);
	char *path = path_join(dir ? dir : b->dir, "kernel.c");
	struct buf source = BUF_INIT;
	const char *speed = NULL;

	assert_null(b->profile);
	if (dir && path_read(&source, path, 1 << 20, NULL) == AVO_OK)
		speed = strstr(buf_cstr(&source), "FAKE_SPEED ");
	b->profile = event_of("{\"type\":\"profile\",\"by\":\"agent\",\"counters\":[{\"id\":\"speed\",\"label\":\"speed\","
			      "\"group\":\"pipe\",\"unit\":\"%%\",\"value\":%g}]}", 10 * (speed ? strtod(speed + 11, NULL) : 1));
	/* in the model's own words, whatever they hold */
	json_set_str(b->profile, "what", what);
	json_set_str(b->profile, "case", case_name ? case_name : "causal-128");
	loop_add_timer(b->loop, 5, profiled, b);
	buf_release(&source);
	free(path);
	return true;
}

static void profile_cancel(struct operator_host *host)
{
}

static int direction_open(struct operator_host *host, const char *title, const char *hypothesis, const char *expected)
{
	struct bench *b = bench_of(host);

	happen_with(b, event_of("{\"type\":\"direction-opened\",\"direction\":\"d%d\",\"step\":\"s1\",\"parent\":\"v0\"}",
				(int)b->state.direction_count + 1), "title", title);
	return (int)b->state.direction_count;
}

static void direction_close(struct operator_host *host, int direction, enum direction_state state, const char *outcome)
{
	happen_with(bench_of(host), event_of("{\"type\":\"direction-closed\",\"direction\":\"d%d\",\"state\":\"%s\"}", direction,
					     direction_state_name(state)), "outcome", outcome);
}

static void record(struct operator_host *host, cJSON *event)
{
	apply(bench_of(host), event);
}

static void live(struct operator_host *host, const char *kind, const char *text)
{
	struct bench *b = bench_of(host);

	if (strcmp(kind, "wait") != 0)
		return;
	b->waits++;
	snprintf(b->last_wait, sizeof(b->last_wait), "%s", text);
}

static void step_done(struct operator_host *host, enum step_outcome outcome, const char *text)
{
	struct bench *b = bench_of(host);

	b->steps_done++;
	b->outcome = outcome;
	snprintf(b->outcome_text, sizeof(b->outcome_text), "%s", text ? text : "");
}

/* --- set up ------------------------------------------------------------------------- */

static void make_lineage(struct bench *b)
{
	struct source_file file = { "kernel.c", "int x;\n", 7, false };
	char commit[COMMIT_ID_SIZE];
	struct error err = { 0 };

	if (lineage_init(b->dir, &err) != AVO_OK || lineage_open(&b->lineage, b->dir, LINEAGE_WRITE, &err) != AVO_OK ||
	    lineage_commit_seed(commit, b->lineage, &file, 1, "seed", &err) != AVO_OK)
		fail_msg("%s", err.text);
	happen(b, "{\"type\":\"run-created\",\"name\":\"r\",\"suite\":\"cpu-quick\",\"backend\":\"cpu\",\"unit\":\"GFLOPS\",\"operator\":\"agent\",\"gate\":\"auto\"}");
	happen(b, "{\"type\":\"version\",\"version\":\"v0\",\"commit\":\"%s\",\"author\":\"user\",\"title\":\"the humble seed\",\"unit\":\"GFLOPS\","
	       "\"geomean\":2,\"scores\":[{\"case\":\"full-128\",\"value\":2,\"std\":0,\"n\":3}]}", commit);
	happen(b, "{\"type\":\"direction-opened\",\"direction\":\"d1\",\"step\":\"s1\",\"parent\":\"v0\",\"title\":\"quagga lanes\"}");
	happen(b, "{\"type\":\"direction-closed\",\"direction\":\"d1\",\"state\":\"failed\",\"outcome\":\"zorilla spills\"}");
}

void bench_open(struct bench *b)
{
	struct error err = { 0 };

	if (ops->open(&b->op, &b->host, b->conf, &err) != AVO_OK)
		fail_msg("%s", err.text);
}

int bench_set_up(void **state)
{
	struct bench *b = xcalloc(1, sizeof(*b));
	char *journal, url[64];

	if (path_temp_dir(&b->dir, "/var/tmp", "avo-agent-", NULL) != AVO_OK)
		return -1;
	b->work = path_join(b->dir, ".avo/work");
	journal = path_join(b->dir, ".avo/journal");
	path_mkdirs(b->work, 0700, NULL);
	path_mkdirs(journal, 0700, NULL);
	loop_new(&b->loop, NULL);
	state_init(&b->state);
	assert_int_equal(journal_open(&b->journal, journal, NULL, NULL), AVO_OK);
	free(journal);
	make_lineage(b);
	b->server = model_server_new(b->loop, serve, b);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", model_server_port(b->server));
	conf_new(&b->conf, NULL);
	conf_set(b->conf, "agent.model", "claude-scripted", NULL);
	conf_set(b->conf, "agent.base-url", url, NULL);
	b->host = (struct operator_host){
		.loop = b->loop, .state = &b->state, .lineage = b->lineage, .run_dir = b->dir, .scratch_dir = b->work, .conf = b->conf,
		.action_ask = action_ask, .action_start = action_start, .action_done = action_done, .evaluate = evaluate,
		.profile = profile, .profile_cancel = profile_cancel,
		.direction_open = direction_open, .direction_close = direction_close, .record = record, .live = live, .step_done = step_done,
	};
	*state = b;
	return 0;
}

int bench_tear_down(void **state)
{
	struct bench *b = *state;

	if (b->op)
		ops->close(b->op);
	model_server_free(b->server);
	journal_close(b->journal);
	lineage_close(b->lineage);
	state_release(&b->state);
	conf_free(b->conf);
	loop_free(b->loop);
	path_remove_tree(b->dir, NULL);
	cJSON_Delete(b->profile);
	buf_release(&b->last_request);
	free(b->dir);
	free(b->work);
	free(b);
	return 0;
}

void bench_begin(struct bench *b, const char *guidance)
{
	struct step_begin step = { .step = b->steps_done + 1, .parent = 0, .guidance = guidance };

	ops->begin(b->op, &step);
}

void use_tool(struct model_turn *turn, const char *name, const char *input)
{
	turn->calls[0] = (struct model_call){ "call_x", name, input };
}
