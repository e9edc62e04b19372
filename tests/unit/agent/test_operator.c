/*
 * The operator agent in a small engine of the test's own, against a scripted
 * model on a real socket: what ends a step, what reaches the model when, and
 * that no interruption, refusal or overflow leaves it stuck.
 */
#include "avo.h"
#include "tests/unit/agent/bench.h"

/* --- what the models of these tests do ------------------------------------------------- */

static void talker(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	turn->text = "I could do many things.";
}

static void a_model_that_only_talks_ends_its_step(void **state)
{
	struct bench *b = *state;

	b->model = talker;
	bench_open(b);
	bench_begin(b, "mind the cache");
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
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->outcome, STEP_GAVE_UP);
	assert_non_null(strstr(b->outcome_text, "refused"));
	assert_int_equal(b->warnings, 1);
	bench_begin(b, NULL);
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
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->outcome, STEP_COMMITTED);
	assert_int_equal(b->evaluations, 1);
	assert_int_equal(b->actions, 1);
	b->commit = false;
	bench_begin(b, NULL);
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
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->asked);
	for (until = clock_mono_ms() + 100; clock_mono_ms() < until;)
		loop_once(b->loop, 20);
	assert_int_equal(b->actions, 0);
	bench_go(b);
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
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_true(requested(b, "smaller pieces"));
	/* and next time there is more room for the answer */
	assert_true(requested(b, "\"max_tokens\":32000"));
	assert_int_equal(path_read(&text, path, 1000, NULL), AVO_OK);
	assert_string_equal(text.data, "int x;\n");
	buf_release(&text);
	free(path);
}

/* A vendor's model that writes 16384 tokens at most, and says so in its own way. */
static void limited(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (json_int(ask->body, "max_tokens", 0) > 16384) {
		out->status = 400;
		buf_addstr(&out->body, "{\"error\":{\"type\":\"invalid_request_error\",\"message\":\"max_tokens is too large\"}}");
	} else if (b->asks <= 3) {
		turn->text = "This will be long, and";
		turn->stop = "max_tokens";
	} else {
		use_tool(turn, "submit", "{\"summary\":\"done\"}");
	}
}

static void a_longer_answer_that_is_refused_is_not_asked_for_again(void **state)
{
	struct bench *b = *state;

	b->model = limited;
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	/* cut, refused, cut, done: nobody was called, and it was tried once */
	assert_int_equal(b->asks, 4);
	assert_int_equal(b->warnings, 0);
	assert_true(requested(b, "\"max_tokens\":16000"));
}

static void answers_grow_to_the_limit_that_is_set(void **state)
{
	struct bench *b = *state;

	b->model = cutter;
	conf_set(b->conf, "agent.output-limit", "20000", NULL);
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_true(requested(b, "\"max_tokens\":20000"));
}

/* A local server that was started with its default window. */
static void tiny_window(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (b->asks <= 2) {
		out->status = 400;
		buf_addstr(&out->body, "{\"error\":{\"code\":400,\"type\":\"exceed_context_size_error\",\"message\":\"the request exceeds the available context "
			   "size\",\"n_prompt_tokens\":9000,\"n_ctx\":4096}}");
	} else {
		use_tool(turn, "submit", "{\"summary\":\"done\"}");
	}
}

static void a_window_too_small_for_anything_waits_for_a_person(void **state)
{
	struct bench *b = *state;
	int64_t until;

	b->model = tiny_window;
	bench_open(b);
	bench_begin(b, NULL);
	/* the window is too small to work in; and then, too small for anything */
	UNTIL(b, b->warnings == 2);
	for (until = clock_mono_ms() + 200; clock_mono_ms() < until;)
		loop_once(b->loop, 20);
	/* as it was, cut down, and not once more */
	assert_int_equal(b->asks, 2);
	ops->message(b->op, "eva", "it has more room now");
	UNTIL(b, b->steps_done == 1);
	/* what the server said of its window leaves room for a question */
	assert_true(requested(b, "\"max_tokens\":1024"));
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
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->actions == 1);
	ops->cancel(b->op);
	assert_int_equal(b->outcome, STEP_STOPPED);
	ops->close(b->op);
	bench_open(b);
	bench_begin(b, NULL);
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
	bench_open(b);
	bench_begin(b, NULL);
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
	bench_open(b);
	bench_begin(b, NULL);
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
			bench_open(b);
			bench_begin(b, NULL);
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
	bench_open(b);
	bench_begin(b, NULL);
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
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->warnings == 1);
	assert_int_equal(b->steps_done, 0);
	ops->message(b->op, "eva", "the key is good now");
	UNTIL(b, b->steps_done == 1);
	assert_string_equal(b->outcome_text, "in again");
}

static void eager(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	static const char *const ids[] = { "e0", "e1", "e2", "e3" };
	int i;

	if (b->asks > 1) {
		use_tool(turn, "submit", "{\"summary\":\"done\"}");
		return;
	}
	for (i = 0; i < 4; i++)
		turn->calls[i] = (struct model_call){ ids[i], "evaluate", "{\"title\":\"again\"}" };
	turn->calls[4] = (struct model_call){ "s0", "shell", "{\"command\":\"printf 'bytes \\\\377\\\\000\\\\033[31m \\\\303( end'\"}" };
	turn->calls[5] = (struct model_call){ "r0", "read", "" };
	turn->calls[6] = (struct model_call){ "r1", "read", "[\"kernel.c\"]" };
	turn->calls[7] = (struct model_call){ "n0", "launch_missiles", "{}" };
}

static void many_calls_in_one_turn_are_done_one_by_one(void **state)
{
	struct bench *b = *state;

	b->model = eager;
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->evaluations, 4);
	assert_null(b->fault);
	/* what a tool brought is text that every server takes */
	assert_true(requested(b, "bytes \xef\xbf\xbd"));
	assert_true(requested(b, " end"));
	assert_false(requested(b, "\\u001b"));
	assert_false(requested(b, "\\u0000"));
	assert_true(requested(b, "'path' is missing"));
	assert_true(requested(b, "Send one JSON object"));
	assert_true(requested(b, "There is no tool 'launch_missiles'"));
}

static void overloaded(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (b->asks <= 5) {
		out->status = 529;
		buf_addstr(&out->body, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}");
		return;
	}
	use_tool(turn, "submit", "{\"summary\":\"through\"}");
}

static void an_outage_is_counted_down_and_journaled_once_with_its_end(void **state)
{
	struct bench *b = *state;

	b->model = overloaded;
	conf_set(b->conf, "agent.backoff", "0.02", NULL);
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->asks == 3);
	/* a server may stumble without a line in the journal */
	assert_int_equal(b->warnings, 0);
	assert_non_null(strstr(b->last_wait, "the model server: Overloaded; try "));
	UNTIL(b, b->warnings == 1);
	assert_non_null(strstr(b->last_warning, "the model server does not answer: Overloaded; avo goes on trying for 12h"));
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->asks, 6);
	assert_int_equal(b->warnings, 2);
	assert_non_null(strstr(b->last_warning, "the model server answers again, after"));
	assert_true(b->waits >= 5);
}

static void rate_limited(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	if (b->asks == 1) {
		out->status = 429;
		snprintf(out->headers, sizeof(out->headers), "Retry-After: 7200\r\n");
		buf_addstr(&out->body, "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"message\":\"come back later\"}}");
		return;
	}
	use_tool(turn, "submit", "{\"summary\":\"later it was\"}");
}

static void a_long_limit_is_told_at_once_and_can_be_cut_short(void **state)
{
	struct bench *b = *state;

	b->model = rate_limited;
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->warnings == 1);
	assert_non_null(strstr(b->last_warning, "come back later"));
	assert_non_null(strstr(b->last_wait, "try 2 in 2h"));
	assert_int_equal(b->asks, 1);
	ops->message(b->op, "eva", "the limit is lifted");
	UNTIL(b, b->steps_done == 1);
	assert_string_equal(b->outcome_text, "later it was");
}

static void locked_for_ever(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	out->status = 401;
	buf_addstr(&out->body, "{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid key\"}}");
}

static void a_reason_that_stays_is_journaled_once(void **state)
{
	struct bench *b = *state;
	int i;

	b->model = locked_for_ever;
	bench_open(b);
	bench_begin(b, NULL);
	for (i = 1; i <= 5; i++) {
		UNTIL(b, b->asks == i && strstr(b->last_wait, "invalid key"));
		assert_int_equal(b->warnings, 1);
		b->last_wait[0] = '\0';
		ops->message(b->op, "eva", "try again");
	}
	assert_int_equal(b->steps_done, 0);
}

/* Eight looks at a job while it runs, then three at what is left of it. */
static void patient(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	int i;

	if (b->asks == 1) {
		use_tool(turn, "shell", "{\"command\":\"sleep 100\",\"background\":true}");
	} else if (b->asks == 2) {
		for (i = 0; i < 8; i++)
			turn->calls[i] = (struct model_call){ "c", "shell", "{\"job\":1}" };
	} else if (b->asks == 3) {
		turn->calls[0] = (struct model_call){ "c", "shell", "{\"job\":1,\"stop\":true}" };
		for (i = 1; i < 4; i++)
			turn->calls[i] = (struct model_call){ "c", "shell", "{\"job\":1}" };
	} else {
		use_tool(turn, "submit", "{\"summary\":\"waited\"}");
	}
}

static void looking_at_a_running_job_does_not_count_as_the_same_call(void **state)
{
	struct bench *b = *state;

	b->model = patient;
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->asks == 3);
	assert_int_equal(b->actions, 9);
	assert_int_equal(b->calls_counted, 1);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->actions, 14);
	assert_int_equal(b->calls_counted, 6);
}

static void profiler(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	static const struct {
		const char *name, *input, *answer;	/* answer: what the call of the turn before must have brought */
	} calls[] = {
		{ "profile", "{\"what\":\"v0\"}", "" },
		{ "write", "{\"path\":\"kernel.c\",\"content\":\"/* FAKE_SPEED 3 */\\n\"}", "speed" },
		{ "profile", "{}", "" },
		{ "write", "{\"path\":\"kernel.c\",\"content\":\"/* FAKE_SPEED 6 */\\n\"}", "(second number: v0)" },
		{ "profile", "{}", "" },
		{ "profile", "{\"against\":\"v0\"}", "x2.000" },
		{ "profile", "{\"against\":\"v0\",\"case\":\"full-128\"}", "x6.000" },
		{ "profile", "{\"against\":\"v9\"}", "was not profiled on that case" },
		{ "profile", "{\"what\":\"v0\"}", "was not profiled on that case" },
		{ "profile", "{\"what\":\"v0\",\"again\":true}", "(from the record, measured 20" },
		{ "lineage", "{\"action\":\"show\",\"what\":\"v0\"}", "" },
		{ "submit", "{\"summary\":\"measured\"}", "counters on causal-128, measured 20" },
	};
	size_t at = b->asks ? (size_t)b->asks - 1 : 0;

	if (at >= ARRAY_LEN(calls))
		fail_msg("the step should have ended");
	if (!requested(b, calls[at].answer))
		fail_msg("before turn %zu: no %s in %s", at, calls[at].answer, buf_cstr(&b->last_request));
	use_tool(turn, calls[at].name, calls[at].input);
}

static void profiles_are_compared_with_what_was_asked_for(void **state)
{
	struct bench *b = *state;

	b->model = profiler;
	bench_open(b);
	bench_begin(b, NULL);
	UNTIL(b, b->steps_done == 1);
	assert_int_equal(b->asks, 12);
	assert_int_equal(b->profiles, 5);	/* the fifth was asked for again; what is recorded costs nothing */
	assert_int_equal(b->state.profile_count, 2);
	assert_non_null(state_profile(&b->state, "v0", NULL));
	assert_null(state_profile(&b->state, "v0", "full-128"));
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_set_up, bench_tear_down)
	const struct CMUnitTest tests[] = {
		ON_BENCH(a_model_that_only_talks_ends_its_step),
		ON_BENCH(a_refusal_is_shown_and_not_looped_on),
		ON_BENCH(a_commit_ends_the_step_and_leaves_no_call_open),
		ON_BENCH(stepped_actions_wait_for_permission),
		ON_BENCH(a_call_cut_by_the_limit_does_nothing),
		ON_BENCH(a_longer_answer_that_is_refused_is_not_asked_for_again),
		ON_BENCH(answers_grow_to_the_limit_that_is_set),
		ON_BENCH(a_window_too_small_for_anything_waits_for_a_person),
		ON_BENCH(what_was_cancelled_is_known_after_a_new_start),
		ON_BENCH(a_step_ends_at_its_limit_with_fair_warning),
		ON_BENCH(twenty_cuts_keep_the_task_the_scores_and_the_ledger),
		ON_BENCH(a_redirection_brings_a_review_and_directions),
		ON_BENCH(a_rejected_key_pauses_until_somebody_says_go_on),
		ON_BENCH(many_calls_in_one_turn_are_done_one_by_one),
		ON_BENCH(an_outage_is_counted_down_and_journaled_once_with_its_end),
		ON_BENCH(a_long_limit_is_told_at_once_and_can_be_cut_short),
		ON_BENCH(a_reason_that_stays_is_journaled_once),
		ON_BENCH(looking_at_a_running_job_does_not_count_as_the_same_call),
		ON_BENCH(profiles_are_compared_with_what_was_asked_for),
	};

	setenv("AVO_LOG", "error", 1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	unsetenv("ANTHROPIC_API_KEY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
