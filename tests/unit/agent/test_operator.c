/*
 * The operator agent in a small engine of the test's own, against a scripted
 * model on a real socket: what ends a step, what reaches the model when, and
 * that no interruption, refusal or overflow leaves it stuck.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "journal/journal.h"
#include "operator/builtin.h"
#include "tests/lib/model_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct bench {
	struct operator_host host;	/* first: the operator's handle is the bench */
	char *dir, *work;
	struct loop *loop;
	struct run_state state;
	struct lineage *lineage;
	struct journal *journal;
	struct conf *conf;
	struct model_server *server;
	void *op;
	/* the model */
	void (*model)(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out);
	int asks;
	struct buf last_request;
	/* the engine */
	bool hold;			/* actions wait for permission */
	bool asked;
	int actions, evaluations;
	bool commit;			/* the next evaluation becomes a version */
	int steps_done;
	enum step_outcome outcome;
	char outcome_text[256];
	int warnings, usages;
};

static const struct operator_ops *const ops = &operator_agent;

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
	b->model(b, ask, &turn, out);
	if (!out->body.len)
		model_stream(&out->body, MODEL_MESSAGES, &turn);
}

static bool requested(const struct bench *b, const char *words)
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
	b->warnings += strcmp(json_str(parsed, "type", ""), "warning") == 0;
	b->usages += strcmp(json_str(parsed, "type", ""), "usage") == 0;
	cJSON_Delete(parsed);
}

static void happen(struct bench *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void happen(struct bench *b, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	cJSON *event;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&text, fmt, ap);
	va_end(ap);
	assert_int_equal(json_parse(&event, text.data, text.len, NULL), AVO_OK);
	apply(b, event);
	buf_release(&text);
}

static struct bench *bench_of(struct operator_host *host)
{
	return (struct bench *)host;
}

static void let_go(void *arg)
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
		loop_add_timer(b->loop, 0, let_go, b);
}

static int action_start(struct operator_host *host, const char *kind, const char *text)
{
	return ++bench_of(host)->actions;
}

static void action_done(struct operator_host *host, int action, bool ok, const char *result, const cJSON *detail)
{
	assert_int_equal(action, bench_of(host)->actions);
}

static void score(void *arg)
{
	struct bench *b = arg;
	int id = (int)b->state.attempt_count;

	happen(b, "{\"type\":\"attempt-scored\",\"attempt\":\"a%d\",\"verdict\":\"passed\",\"unit\":\"GFLOPS\",\"geomean\":3,"
	       "\"scores\":[{\"case\":\"full-128\",\"value\":3,\"std\":0,\"n\":3}],\"decision\":\"%s\",\"ratio\":1.5,\"ratio_ci\":[1.4,1.6],"
	       "\"pairs\":8,\"incumbent\":\"v0\"}", id, b->commit ? "improved" : "inconclusive");
	ops->evaluated(b->op, state_attempt(&b->state, id), b->commit, NULL);
}

static int evaluate(struct operator_host *host, const struct candidate *c)
{
	struct bench *b = bench_of(host);

	assert_true(c->file_count >= 1);
	b->evaluations++;
	happen(b, "{\"type\":\"attempt-started\",\"attempt\":\"a%d\",\"step\":\"s1\",\"parent\":\"v0\",\"commit\":\"00\",\"tree\":\"t%d\","
	       "\"author\":\"agent\",\"title\":\"%s\",\"added\":1,\"removed\":1}", (int)b->state.attempt_count + 1, b->evaluations, c->title);
	loop_add_timer(b->loop, 5, score, b);
	return (int)b->state.attempt_count;
}

static int direction_open(struct operator_host *host, const char *title, const char *hypothesis, const char *expected)
{
	struct bench *b = bench_of(host);

	happen(b, "{\"type\":\"direction-opened\",\"direction\":\"d%d\",\"step\":\"s1\",\"parent\":\"v0\",\"title\":\"%s\"}",
	       (int)b->state.direction_count + 1, title);
	return (int)b->state.direction_count;
}

static void direction_close(struct operator_host *host, int direction, enum direction_state state, const char *outcome)
{
	happen(bench_of(host), "{\"type\":\"direction-closed\",\"direction\":\"d%d\",\"state\":\"%s\",\"outcome\":\"%s\"}", direction,
	       direction_state_name(state), outcome);
}

static void record(struct operator_host *host, cJSON *event)
{
	apply(bench_of(host), event);
}

static void live(struct operator_host *host, const char *kind, const char *text)
{
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
	struct lineage_file file = { "kernel.c", "int x;\n", 7, false };
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

static void open_operator(struct bench *b)
{
	struct error err = { 0 };

	if (ops->open(&b->op, &b->host, b->conf, &err) != AVO_OK)
		fail_msg("%s", err.text);
}

static int set_up(void **state)
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
		.direction_open = direction_open, .direction_close = direction_close, .record = record, .live = live, .step_done = step_done,
	};
	*state = b;
	return 0;
}

static int tear_down(void **state)
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
	buf_release(&b->last_request);
	free(b->dir);
	free(b->work);
	free(b);
	return 0;
}

static void begin(struct bench *b, const char *guidance)
{
	struct step_begin step = { .step = b->steps_done + 1, .parent = 0, .guidance = guidance };

	ops->begin(b->op, &step);
}

/* Serves the loop until cond holds. */
#define UNTIL(b, cond) do { \
		int64_t give_up_ = clock_mono_ms() + 60000; \
		while (!(cond) && clock_mono_ms() < give_up_) \
			loop_once((b)->loop, 20); \
		assert_true(cond); \
	} while (0)

static void use_tool(struct model_turn *turn, const char *name, const char *input)
{
	turn->calls[0] = (struct model_call){ "call_x", name, input };
}

/* --- what the models of these tests do ------------------------------------------------- */

static void talker(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	turn->text = "I could do many things.";
}

static void a_model_that_only_talks_ends_its_step(void **state)
{
	struct bench *b = *state;

	b->model = talker;
	open_operator(b);
	begin(b, "mind the cache");
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->outcome, STEP_GAVE_UP);
	assert_int_equal(b->asks, 3);
	assert_int_equal(b->usages, 3);
	assert_true(requested(b, "mind the cache"));
	assert_true(requested(b, "You called no tool"));
	assert_true(requested(b, "the humble seed"));
}

static void refuser(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	turn->stop = "refusal";
	if (b->asks > 2)
		use_tool(turn, "submit", "{\"summary\":\"well then\"}"), turn->stop = NULL;
}

static void a_refusal_is_shown_and_not_looped_on(void **state)
{
	struct bench *b = *state;

	b->model = refuser;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->outcome, STEP_GAVE_UP);
	assert_non_null(strstr(b->outcome_text, "refused"));
	assert_int_equal(b->warnings, 1);
	begin(b, NULL);
	UNTIL(b, b->warnings == 3);
	/* the second in a row waits for a person, whose message makes it try again */
	assert_int_equal(b->steps_done, 1);
	assert_int_equal(b->asks, 2);
	ops->message(b->op, "eva", "it is only attention");
	UNTIL(b, b->steps_done == 2);
	assert_true(requested(b, "Message from eva: it is only attention"));
}

static void committer(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	turn->calls[0] = (struct model_call){ "c1", "write", "{\"path\":\"kernel.c\",\"content\":\"int y;\\n\"}" };
	turn->calls[1] = (struct model_call){ "c2", "evaluate", "{\"title\":\"faster\"}" };
	turn->calls[2] = (struct model_call){ "c3", "shell", "{\"command\":\"echo late\"}" };
}

static void a_commit_ends_the_step_and_leaves_no_call_open(void **state)
{
	struct bench *b = *state;

	b->model = committer;
	b->commit = true;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->outcome, STEP_COMMITTED);
	assert_int_equal(b->evaluations, 1);
	assert_int_equal(b->actions, 1);
	b->commit = false;
	begin(b, NULL);
	UNTIL(b, b->asks == 3);
	assert_true(requested(b, "Not run: the step has ended"));
	assert_true(requested(b, "interval [1.4000, 1.6000]"));
	ops->cancel(b->op);
	assert_int_equal(b->outcome, STEP_STOPPED);
}

static void stepped_actions_wait_for_permission(void **state)
{
	struct bench *b = *state;
	int64_t until;

	b->model = committer;
	b->hold = true;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->asked);
	for (until = clock_mono_ms() + 100; clock_mono_ms() < until;)
		loop_once(b->loop, 20);
	assert_int_equal(b->actions, 0);
	let_go(b);
	UNTIL(b, b->asked);
	assert_int_equal(b->actions, 1);
	assert_int_equal(b->evaluations, 0);
	ops->cancel(b->op);
	assert_int_equal(b->steps_done, 1);
}

static void cutter(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (b->asks == 1) {
		use_tool(turn, "write", "{\"path\":\"kernel.c\",\"content\":\"int half");
		turn->stop = "max_tokens";
	} else {
		use_tool(turn, "submit", "{\"summary\":\"done\"}");
	}
}

static void a_call_cut_by_the_limit_does_nothing(void **state)
{
	struct bench *b = *state;
	char *path = path_join(b->work, "candidate/kernel.c");
	struct buf text = BUF_INIT;

	b->model = cutter;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_true(requested(b, "smaller pieces"));
	/* and next time there is more room for the answer */
	assert_true(requested(b, "\"max_tokens\":32000"));
	assert_int_equal(path_read(&text, path, 1000, NULL), AVO_OK);
	assert_string_equal(text.data, "int x;\n");
	buf_release(&text);
	free(path);
}

static void hanger(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (b->asks == 1) {
		use_tool(turn, "shell", "{\"command\":\"sleep 60\"}");
	} else {
		use_tool(turn, "submit", "{\"summary\":\"done\"}");
	}
}

static void what_was_cancelled_is_known_after_a_new_start(void **state)
{
	struct bench *b = *state;

	b->model = hanger;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->actions == 1);
	ops->cancel(b->op);
	assert_int_equal(b->outcome, STEP_STOPPED);
	ops->close(b->op);
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->steps_done == 2);
	assert_true(requested(b, "Interrupted"));
	assert_true(requested(b, "sleep 60"));
}

static void spender(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	use_tool(turn, "read", "{\"path\":\"kernel.c\"}");
}

static void a_step_ends_at_its_limit_with_fair_warning(void **state)
{
	struct bench *b = *state;

	b->model = spender;
	conf_set(b->conf, "agent.step-turns", "10", NULL);
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->asks, 10);
	assert_string_equal(b->outcome_text, "the step's turns are used up");
	assert_true(requested(b, "50 % of the step's turns"));
	assert_true(requested(b, "80 % of the step's turns"));
}

/* Long outputs, a small window; each third summary is refused, and once the server says it is too long. */
static void rambler(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (requested(b, "conversation is about to be cut")) {
		turn->text = "I remember only the word axolotl.";
		if (b->asks % 3 == 0) {
			out->status = 400;
			buf_addstr(&out->body, "{\"error\":{\"message\":\"bad request\"}}");
		}
		return;
	}
	if (b->asks == 7) {
		out->status = 400;
		buf_addstr(&out->body, "{\"error\":{\"message\":\"prompt is too long: 9 tokens > 8 maximum\"}}");
		return;
	}
	turn->text = "Let me look at a great deal of text once more, at some length, since nothing of it stays with me for long. "
		     "I will then look again, and again, until the window is full and what I saw before is cut away.";
	use_tool(turn, "note", b->asks == 1 ? "{\"text\":\"narwhals need padding\"}" : "{\"forget\":999}");
	turn->calls[1] = (struct model_call){ "call_y", "shell", "{\"command\":\"seq 1 700; # aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}" };
}

static int cuts(const struct bench *b)
{
	char *dir = path_join(b->dir, ".avo/journal");
	struct journal_reader *reader;
	struct journal_ref ref;
	const char *line;
	size_t len;
	int n = 0;

	assert_int_equal(journal_reader_open(&reader, dir, NULL), AVO_OK);
	while (journal_reader_next(reader, &line, &len, &ref, NULL) == AVO_OK) {
		const char *at = memmem(line, len, "\"compactions\":", 14);

		if (at)
			n = atoi(at + 14);
	}
	journal_reader_close(reader);
	free(dir);
	return n;
}

static void twenty_cuts_keep_the_task_the_scores_and_the_ledger(void **state)
{
	static const char *const kept[] = { "## Task", "the humble seed", "full-128", "quagga lanes", "zorilla spills" };
	struct bench *b = *state;
	size_t k;
	int seen = 0, resumes = 0;

	b->model = rambler;
	conf_set(b->conf, "agent.context-window", "14000", NULL);
	conf_set(b->conf, "agent.max-output", "300", NULL);
	conf_set(b->conf, "agent.step-turns", "0", NULL);
	open_operator(b);
	begin(b, NULL);
	while (seen < 20) {
		int asks = b->asks;

		UNTIL(b, b->asks > asks);
		assert_int_equal(b->steps_done, resumes);
		for (k = 0; k < ARRAY_LEN(kept); k++)
			if (!requested(b, kept[k]))
				fail_msg("request %d has lost '%s'", b->asks, kept[k]);
		if (b->asks > 2 && !requested(b, "narwhals need padding"))
			fail_msg("request %d has lost the note", b->asks);
		/* never more than the window holds */
		assert_true(b->last_request.len / 4 < 14000);
		seen = cuts(b);
		/* and a new process goes on where the old one was */
		if (seen > 7 * (resumes + 1)) {
			resumes++;
			ops->cancel(b->op);
			ops->close(b->op);
			open_operator(b);
			begin(b, NULL);
		}
	}
	assert_true(resumes >= 2);
	ops->cancel(b->op);
}

static void reviewer(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (requested(b, "\"propose\"")) {
		use_tool(turn, "propose", "{\"directions\":[{\"title\":\"tiles of another shape\",\"hypothesis\":\"h1\"},{\"title\":\"fewer exponentials\",\"hypothesis\":\"h2\"}]}");
		return;
	}
	if (b->state.direction_count > 1)
		use_tool(turn, "submit", "{\"summary\":\"redirected\"}");
	else
		use_tool(turn, "read", "{\"path\":\"kernel.c\"}");
}

static void a_redirection_brings_a_review_and_directions(void **state)
{
	struct redirection r = { .trigger = "no-version", .reason = "9 attempts led nowhere", .level = 2 };
	struct bench *b = *state;

	b->model = reviewer;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->asks == 2);
	ops->redirect(b->op, &r);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->state.direction_count, 3);
	assert_string_equal(state_direction(&b->state, 2)->title, "tiles of another shape");
	assert_true(requested(b, "9 attempts led nowhere"));
	assert_true(requested(b, "1. d2: tiles of another shape"));
	/* at the second level the old train of thought is cut as well */
	assert_true(requested(b, "left out on purpose"));
}

static void locked_out(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (b->asks == 1) {
		out->status = 401;
		buf_addstr(&out->body, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid key\"}}");
		return;
	}
	use_tool(turn, "submit", "{\"summary\":\"in again\"}");
}

static void a_rejected_key_pauses_until_somebody_says_go_on(void **state)
{
	struct bench *b = *state;

	b->model = locked_out;
	open_operator(b);
	begin(b, NULL);
	UNTIL(b, b->warnings == 1);
	assert_int_equal(b->steps_done, 0);
	ops->message(b->op, "eva", "the key is good now");
	UNTIL(b, b->steps_done == 1);
	assert_string_equal(b->outcome_text, "in again");
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ON_BENCH(a_model_that_only_talks_ends_its_step),
		ON_BENCH(a_refusal_is_shown_and_not_looped_on),
		ON_BENCH(a_commit_ends_the_step_and_leaves_no_call_open),
		ON_BENCH(stepped_actions_wait_for_permission),
		ON_BENCH(a_call_cut_by_the_limit_does_nothing),
		ON_BENCH(what_was_cancelled_is_known_after_a_new_start),
		ON_BENCH(a_step_ends_at_its_limit_with_fair_warning),
		ON_BENCH(twenty_cuts_keep_the_task_the_scores_and_the_ledger),
		ON_BENCH(a_redirection_brings_a_review_and_directions),
		ON_BENCH(a_rejected_key_pauses_until_somebody_says_go_on),
	};

	setenv("AVO_LOG", "error", 1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	unsetenv("ANTHROPIC_API_KEY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
