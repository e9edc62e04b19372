/* Calls over real sockets: every way in which a server, a proxy or a network lets one down. */
#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "llm/client.h"
#include "llm/wire.h"
#include "tests/lib/model_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <fcntl.h>
#include <unistd.h>

static const struct model_turn hello = { .text = "hello", .input = 10, .output = 2 };

/* What the server does on its n-th request (the last one repeats), and what came of the call. */
struct trial {
	struct loop *loop;
	enum model_wire wire;
	const struct model_answer *script;
	int length;
	int64_t silence_ms;		/* all three clocks of silence; 0: longer than any load makes it */
	int asks;			/* requests that came */
	bool saw_key, saw_whole;
	int waits, agains, wasted;
	struct buf streamed;
	bool done;
	enum llm_outcome outcome;
	struct llm_reply reply;
	struct llm_fault fault;
};

static void answer(void *arg, const struct model_ask *ask, struct model_answer *out)
{
	struct trial *t = arg;
	const struct model_answer *from = &t->script[ask->number <= t->length ? ask->number - 1 : t->length - 1];
	struct buf body = BUF_INIT;

	t->asks = ask->number;
	t->saw_key = strstr(ask->head, t->wire == MODEL_MESSAGES ? "x-api-key: sk-secret-key" : "Authorization: Bearer sk-secret-key") != NULL;
	assert_null(strstr(ask->head, "Expect:"));
	*out = *from;
	if (from->body.data) {
		buf_add(&body, from->body.data, from->body.len);
	} else if (json_bool(ask->body, "stream", true)) {
		model_stream(&body, t->wire, &hello);
	} else {
		t->saw_whole = true;
		model_whole(&body, t->wire, &hello);
		out->content_type = "application/json";
		out->end = MODEL_END_CLEAN;
		out->cut_at = 0;
	}
	out->body = body;
}

static void on_text(void *arg, enum block_kind kind, const char *piece)
{
	buf_addstr(&((struct trial *)arg)->streamed, piece);
}

static void on_again(void *arg)
{
	struct trial *t = arg;

	t->agains++;
	buf_clear(&t->streamed);
}

static void on_wait(void *arg, const struct llm_wait *wait)
{
	assert_true(wait->why[0]);
	((struct trial *)arg)->waits++;
}

static void on_wasted(void *arg, const struct llm_usage *usage)
{
	((struct trial *)arg)->wasted++;
}

static void on_done(void *arg, enum llm_outcome outcome, struct llm_reply *reply, const struct llm_fault *fault)
{
	struct trial *t = arg;

	t->done = true;
	t->outcome = outcome;
	t->fault = *fault;
	if (reply)
		t->reply = *reply;
}

static const struct llm_callbacks callbacks = { on_text, NULL, on_again, on_wait, on_wasted, on_done };

static void run_trial_to(struct trial *t, const char *url)
{
	struct llm_config config = { .wire = t->wire == MODEL_MESSAGES ? &wire_messages : &wire_chat, .model = (char *)"m",
				     .key = (char *)"sk-secret-key", .max_output = 100 };
	struct llm_patience patience = { 10, 40 };
	struct llm_request request = { .config = &config, .system = "s" };
	struct conversation c = { 0 };
	struct model_server *server;
	struct llm_call *call;
	struct http *http;
	struct message m;
	int64_t give_up = clock_mono_ms() + 60000;

	config.header_ms = config.idle_ms = config.stall_ms = t->silence_ms ? t->silence_ms : 60000;
	loop_new(&t->loop, NULL);
	assert_int_equal(http_new(&http, t->loop, NULL), AVO_OK);
	server = model_server_new(t->loop, answer, t);
	config.base_url = url ? xstrdup(url) : xasprintf("http://127.0.0.1:%d", model_server_port(server));
	message_init(&m, ROLE_USER);
	message_add_text(&m, "hi");
	conversation_add(&c, &m);
	request.conversation = &c;
	t->done = false;
	assert_int_equal(llm_call_start(&call, http, t->loop, &request, &patience, &callbacks, t, NULL), AVO_OK);
	while (!t->done && clock_mono_ms() < give_up)
		loop_once(t->loop, 50);
	if (!t->done)
		llm_call_cancel(call);
	conversation_release(&c);
	model_server_free(server);
	http_free(http);
	loop_free(t->loop);
	free(config.base_url);
}

static void run_trial(struct trial *t)
{
	run_trial_to(t, NULL);
}

static void release_trial(struct trial *t)
{
	llm_reply_release(&t->reply);
	buf_release(&t->streamed);
}

static void assert_hello(struct trial *t, int asks)
{
	assert_true(t->done);
	assert_int_equal(t->outcome, LLM_ANSWERED);
	assert_int_equal(t->asks, asks);
	assert_true(t->saw_key);
	assert_int_equal(t->reply.message.count, 1);
	assert_string_equal(t->reply.message.blocks[0].text, "hello");
	assert_int_equal(t->reply.usage.output, 2);
	release_trial(t);
}

static const enum model_wire both[] = { MODEL_MESSAGES, MODEL_CHAT };
#define FOR_BOTH(w) for (size_t w = 0; w < 2; w++)

static void an_answer_streams_in_however_it_is_cut(void **state)
{
	static const size_t chunks[] = { 0, 1, 3, 100 };
	size_t i;

	FOR_BOTH(w) for (i = 0; i < ARRAY_LEN(chunks); i++) {
		struct model_answer script = { .chunk = chunks[i] };
		struct trial t = { .wire = both[w], .script = &script, .length = 1 };

		run_trial(&t);
		assert_string_equal(buf_cstr(&t.streamed), "hello");
		assert_int_equal(t.waits, 0);
		assert_hello(&t, 1);
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
		struct trial t = { .wire = both[w], .script = script, .length = 2, .silence_ms = 1500 };

		run_trial(&t);
		assert_int_equal(t.agains, 1);
		assert_string_equal(buf_cstr(&t.streamed), "hello");
		assert_hello(&t, 2);
	}
}

static void a_named_time_is_waited_for(void **state)
{
	struct model_answer script[2] = { { .status = 429, .headers = "Retry-After: 1\r\n" }, { 0 } };
	struct trial t = { .wire = MODEL_MESSAGES, .script = script, .length = 2 };
	int64_t before = clock_mono_ms();

	run_trial(&t);
	assert_true(clock_mono_ms() - before >= 1000);
	assert_true(t.waits >= 1);
	assert_hello(&t, 2);
}

static struct buf text_buf(const char *text)
{
	struct buf b = BUF_INIT;

	buf_addstr(&b, text);
	return b;
}

static void an_error_inside_the_stream_is_retried_and_its_tokens_are_counted(void **state)
{
	struct model_answer script[2] = { { 0 } };
	struct trial t = { .wire = MODEL_MESSAGES, .script = script, .length = 2 };

	script[0].body = text_buf("event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":99}}}\n\n"
				  "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n");
	run_trial(&t);
	assert_int_equal(t.wasted, 1);
	assert_hello(&t, 2);
	buf_release(&script[0].body);
}

static void a_server_that_cannot_stream_is_asked_for_the_whole(void **state)
{
	FOR_BOTH(w) {
		struct model_answer script = { .cut_at = 60, .end = MODEL_END_CUT };
		struct trial t = { .wire = both[w], .script = &script, .length = 1 };

		run_trial(&t);
		assert_true(t.saw_whole);
		assert_hello(&t, 4);
	}
}

static void assert_ends(const struct model_answer *script, enum llm_outcome outcome, const char *words)
{
	FOR_BOTH(w) {
		struct trial t = { .wire = both[w], .script = script, .length = 1 };

		run_trial(&t);
		assert_true(t.done);
		assert_int_equal(t.outcome, outcome);
		assert_int_equal(t.asks, 1);
		assert_non_null(strstr(t.fault.text, words));
		release_trial(&t);
	}
}

static void what_waiting_does_not_help_is_not_waited_for(void **state)
{
	struct model_answer a = { .status = 401, .body = text_buf("{\"error\":{\"type\":\"authentication_error\",\"message\":\"invalid x-api-key\"}}") };

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
	struct model_answer script = { 0 };
	struct trial t = { .wire = MODEL_CHAT, .script = &script, .length = 1 };
	struct llm_config config = { .wire = &wire_chat, .model = (char *)"m", .base_url = (char *)"http://127.0.0.1:1", .max_output = 10 };
	struct llm_patience patience = { 5, 10 };
	struct llm_request request = { .config = &config };
	struct llm_call *call;
	struct http *http;

	loop_new(&t.loop, NULL);
	http_new(&http, t.loop, NULL);
	assert_int_equal(llm_call_start(&call, http, t.loop, &request, &patience, &callbacks, &t, NULL), AVO_OK);
	while (t.waits < 5)
		loop_once(t.loop, 50);
	assert_false(t.done);
	llm_call_cancel(call);
	http_free(http);
	loop_free(t.loop);
}

static void an_outage_ends_at_its_limit(void **state)
{
	struct model_answer script = { .status = 503 };
	struct trial t = { .wire = MODEL_CHAT, .script = &script, .length = 1 };
	struct llm_config config = { .wire = &wire_chat, .model = (char *)"m", .base_url = (char *)"http://127.0.0.1:1", .max_output = 10,
				     .outage_ms = 100 };
	struct llm_patience patience = { 5, 10 };
	struct llm_request request = { .config = &config };
	struct llm_call *call;
	struct http *http;

	loop_new(&t.loop, NULL);
	http_new(&http, t.loop, NULL);
	assert_int_equal(llm_call_start(&call, http, t.loop, &request, &patience, &callbacks, &t, NULL), AVO_OK);
	while (!t.done)
		loop_once(t.loop, 50);
	assert_int_equal(t.outcome, LLM_NEEDS_PERSON);
	http_free(http);
	loop_free(t.loop);
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
	run_trial(&t);
	assert_int_equal(t.outcome, LLM_ANSWERED);
	assert_int_equal(strlen(t.reply.message.blocks[0].text), 300000);
	release_trial(&t);
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
