/* Calls over real sockets: every way in which a server, a proxy or a network lets one down. */
#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "llm/wire.h"
#include "tests/unit/llm/trial.h"

#include <fcntl.h>
#include <unistd.h>

static void an_answer_streams_in_however_it_is_cut(void **state)
{
	static const size_t chunks[] = { 0, 1, 3, 100 };
	size_t i;

	FOR_BOTH(w) for (i = 0; i < ARRAY_LEN(chunks); i++) {
		struct model_answer script = { .chunk = chunks[i] };
		struct trial t = { .wire = both_wires[w], .script = &script, .length = 1 };

		trial_run(&t);
		assert_string_equal(buf_cstr(&t.streamed), "hello");
		assert_int_equal(t.waits, 0);
		trial_assert_hello(&t, 1);
	}
}

static void a_failing_first_try_is_made_good(void **state)
{
	static const struct model_answer bad[] = {
		{ .status = -1 },
		{ .status = -1, .end = MODEL_END_RESET },
		{ .status = 500 }, { .status = 503 }, { .status = 529 }, { .status = 408 }, { .status = 409 }, { .status = 524 },
		{ .status = 502, .content_type = "text/html" },
		{ .status = 429, .headers = "Retry-After: 0\r\n" },
		{ .status = 429, .headers = "retry-after-ms: 20\r\n" },
		{ .status = 429, .headers = "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n" },
		{ .status = 400, .headers = "x-should-retry: true\r\n" },
		{ .cut_at = 1 }, { .cut_at = 1, .end = MODEL_END_CUT }, { .cut_at = 100, .end = MODEL_END_CUT },
		{ .cut_at = 150, .end = MODEL_END_RESET }, { .cut_at = 100 },
		{ .cut_at = 100, .end = MODEL_END_HANG },
		{ .cut_at = 100, .end = MODEL_END_PINGS },
		{ .head_ms = 10000 },
	};
	size_t i;

	FOR_BOTH(w) for (i = 0; i < ARRAY_LEN(bad); i++) {
		struct model_answer script[2] = { bad[i], { 0 } };
		struct trial t = { .wire = both_wires[w], .script = script, .length = 2, .silence_ms = 1500 };

		trial_run(&t);
		assert_int_equal(t.agains, 1);
		assert_string_equal(buf_cstr(&t.streamed), "hello");
		trial_assert_hello(&t, 2);
	}
}

static void a_named_time_is_waited_for(void **state)
{
	struct model_answer script[2] = { { .status = 429, .headers = "Retry-After: 1\r\n" }, { 0 } };
	struct trial t = { .wire = MODEL_MESSAGES, .script = script, .length = 2 };
	int64_t before = clock_mono_ms();

	trial_run(&t);
	assert_true(clock_mono_ms() - before >= 1000);
	assert_true(t.waits >= 1);
	trial_assert_hello(&t, 2);
}

static void an_error_inside_the_stream_is_retried_and_its_tokens_are_counted(void **state)
{
	struct model_answer script[2] = { { 0 } };
	struct trial t = { .wire = MODEL_MESSAGES, .script = script, .length = 2 };

	script[0].body = trial_text("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":99}}}\n\n"
				  "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n");
	trial_run(&t);
	assert_int_equal(t.wasted, 1);
	trial_assert_hello(&t, 2);
	buf_release(&script[0].body);
}

static void an_error_before_anything_else_is_retried(void **state)
{
	static const char *const errors[] = {
		"event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"api_error\",\"message\":\"Internal server error\"}}\n\n",
		"data: {\"error\":{\"message\":\"The server had an error\",\"type\":\"server_error\",\"code\":null}}\n\n",
		": only a comment\n\n", "data: [DONE]\n\n", "\n",
	};
	size_t i;

	FOR_BOTH(w) for (i = 0; i < ARRAY_LEN(errors); i++) {
		struct model_answer script[2] = { { .body = trial_text(errors[i]) }, { 0 } };
		struct trial t = { .wire = both_wires[w], .script = script, .length = 2 };

		trial_run(&t);
		assert_int_equal(t.agains, 1);
		trial_assert_hello(&t, 2);
		buf_release(&script[0].body);
	}
}

static void a_server_that_cannot_stream_is_asked_for_the_whole(void **state)
{
	FOR_BOTH(w) {
		struct model_answer script = { .cut_at = 60, .end = MODEL_END_CUT };
		struct trial t = { .wire = both_wires[w], .script = &script, .length = 1 };

		trial_run(&t);
		assert_true(t.saw_whole);
		trial_assert_hello(&t, 4);
	}
}

static void assert_ends(const struct model_answer *script, enum llm_outcome outcome, const char *words)
{
	FOR_BOTH(w) {
		struct trial t = { .wire = both_wires[w], .script = script, .length = 1 };

		trial_run(&t);
		assert_true(t.done);
		assert_int_equal(t.outcome, outcome);
		assert_int_equal(t.asks, 1);
		assert_non_null(strstr(t.fault.text, words));
		trial_release(&t);
	}
}

static void what_waiting_does_not_help_is_not_waited_for(void **state)
{
	struct model_answer a = { .status = 401, .body = trial_text("{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}") };

	assert_ends(&a, LLM_NEEDS_PERSON, "invalid x-api-key");
	buf_clear(&a.body);
	buf_addstr(&a.body, "{\"error\":{\"message\":\"prompt is too long: 2 tokens > 1 maximum\"}}");
	a.status = 400;
	assert_ends(&a, LLM_TOO_LONG, "too long");
	buf_clear(&a.body);
	buf_addstr(&a.body, "{\"error\":{\"message\":\"tools.0: nonsense\"}}");
	assert_ends(&a, LLM_REFUSED_REQUEST, "nonsense");
	buf_clear(&a.body);
	buf_addstr(&a.body, "moved");
	a.status = 302;
	snprintf(a.headers, sizeof(a.headers), "Location: http://127.0.0.1:1/\r\n");
	assert_ends(&a, LLM_REFUSED_REQUEST, "base-url");
	buf_clear(&a.body);
	buf_addstr(&a.body, "<html>log in</html>");
	a.status = 200;
	a.content_type = "text/html";
	a.headers[0] = '\0';
	assert_ends(&a, LLM_NEEDS_PERSON, "web page");
	buf_release(&a.body);
}

static void nobody_there_is_waited_for_and_can_be_cancelled(void **state)
{
	struct trial t = { .wire = MODEL_CHAT, .url = "http://127.0.0.1:1", .stop_after_waits = 5 };

	trial_run(&t);
	assert_false(t.done);
	assert_int_equal(t.remedy, LLM_BACK_OFF);
	assert_non_null(strstr(t.why, "127.0.0.1:1 does not answer: does the server run?"));
	trial_release(&t);
}

static void an_outage_ends_at_its_limit(void **state)
{
	struct trial t = { .wire = MODEL_CHAT, .url = "http://127.0.0.1:1", .outage_ms = 100 };

	trial_run(&t);
	assert_true(t.done);
	assert_int_equal(t.outcome, LLM_NEEDS_PERSON);
	assert_non_null(strstr(t.fault.text, "does not answer"));
	trial_release(&t);
}

static void a_large_body_goes_out_and_comes_in(void **state)
{
	struct model_answer script = { .chunk = 5000 };
	struct model_turn turn = { .input = 1, .output = 2 };
	struct trial t = { .wire = MODEL_MESSAGES, .script = &script, .length = 1 };
	char *big = xmalloc(300001);

	memset(big, 'x', 300000);
	big[300000] = '\0';
	turn.text = big;
	model_stream(&script.body, MODEL_MESSAGES, &turn);
	trial_run(&t);
	assert_int_equal(t.outcome, LLM_ANSWERED);
	assert_int_equal(strlen(t.reply.message.blocks[0].text), 300000);
	trial_release(&t);
	buf_release(&script.body);
	free(big);
}

/* The loop's own descriptors must be served while libcurl waits. */
static void count_byte(void *arg, int fd, short revents)
{
	char c;

	if (read(fd, &c, 1) == 1)
		++*(int *)arg;
}

static void the_loop_serves_others_meanwhile(void **state)
{
	struct loop *loop;
	struct http *http;
	struct loop_fd *watch;
	int fds[2], seen = 0, i;

	assert_int_equal(pipe(fds), 0);
	loop_new(&loop, NULL);
	http_new(&http, loop, NULL);
	watch = loop_add_fd(loop, fds[0], POLLIN, count_byte, &seen);
	for (i = 0; i < 5; i++) {
		assert_int_equal(write(fds[1], "x", 1), 1);
		loop_once(loop, 1000);
	}
	assert_int_equal(seen, 5);
	loop_remove_fd(loop, watch);
	http_free(http);
	loop_free(loop);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_answer_streams_in_however_it_is_cut),
		cmocka_unit_test(a_failing_first_try_is_made_good),
		cmocka_unit_test(a_named_time_is_waited_for),
		cmocka_unit_test(an_error_inside_the_stream_is_retried_and_its_tokens_are_counted),
		cmocka_unit_test(an_error_before_anything_else_is_retried),
		cmocka_unit_test(a_server_that_cannot_stream_is_asked_for_the_whole),
		cmocka_unit_test(what_waiting_does_not_help_is_not_waited_for),
		cmocka_unit_test(nobody_there_is_waited_for_and_can_be_cancelled),
		cmocka_unit_test(an_outage_ends_at_its_limit),
		cmocka_unit_test(a_large_body_goes_out_and_comes_in),
		cmocka_unit_test(the_loop_serves_others_meanwhile),
	};

	setenv("AVO_LOG", "error", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
