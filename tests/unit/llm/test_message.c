/* Conversations: repair after any interruption, the bodies that are sent, prices, remedies. */
#include "avo.h"
#include "base/mem.h"
#include "llm/classify.h"
#include "llm/pricing.h"
#include "llm/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <math.h>

static void add_text(struct conversation *c, enum role role, const char *text)
{
	struct message m;

	message_init(&m, role);
	message_add_text(&m, text);
	conversation_add(c, &m);
}

static void add_call(struct conversation *c, const char *first, const char *second)
{
	struct message m;
	struct block *b;

	message_init(&m, ROLE_ASSISTANT);
	b = message_add(&m, BLOCK_THINKING);
	b->text = xstrdup("hm");
	b->signature = xstrdup("sig");
	b = message_add(&m, BLOCK_TOOL_USE);
	b->id = xstrdup(first);
	b->name = xstrdup("shell");
	b->input = xstrdup("{\"command\":\"ls\"}");
	if (second) {
		b = message_add(&m, BLOCK_TOOL_USE);
		b->id = xstrdup(second);
		b->name = xstrdup("read");
		b->input = xstrdup("{\"path\":");
	}
	conversation_add(c, &m);
}

static void add_result(struct conversation *c, const char *id, const char *text)
{
	struct message m;

	message_init(&m, ROLE_USER);
	message_add_result(&m, id, text, false);
	conversation_add(c, &m);
}

/* "u:text a:use(id) u:result(id)" */
static char *shape(const struct conversation *c)
{
	struct buf out = BUF_INIT;
	size_t i, k;

	for (i = 0; i < c->count; i++) {
		buf_printf(&out, "%s%c:", i ? " " : "", role_name(c->messages[i].role)[0]);
		for (k = 0; k < c->messages[i].count; k++) {
			const struct block *b = &c->messages[i].blocks[k];

			if (b->kind == BLOCK_TOOL_USE)
				buf_printf(&out, "use(%s)", b->id);
			else if (b->kind == BLOCK_TOOL_RESULT)
				buf_printf(&out, "%s(%s)", b->is_error ? "error" : "result", b->id);
			else if (b->kind == BLOCK_TEXT)
				buf_printf(&out, "[%s]", b->text);
		}
	}
	return buf_detach(&out);
}

static void assert_shape(const struct conversation *c, const char *want)
{
	char *got = shape(c);

	assert_string_equal(got, want);
	free(got);
}

static void every_call_is_answered_right_behind_it(void **state)
{
	struct conversation c = { 0 };

	add_text(&c, ROLE_USER, "go");
	add_call(&c, "a", "b");
	add_result(&c, "b", "two");
	add_text(&c, ROLE_USER, "and this");
	add_result(&c, "zombie", "nobody asked");
	add_call(&c, "c", NULL);
	assert_int_equal(conversation_repair(&c, "interrupted"), 2);
	assert_shape(&c, "u:[go] a:use(a)use(b) u:error(a)result(b)[and this] a:use(c) u:error(c)");
	/* repairing what is whole changes nothing */
	assert_int_equal(conversation_repair(&c, "interrupted"), 0);
	assert_shape(&c, "u:[go] a:use(a)use(b) u:error(a)result(b)[and this] a:use(c) u:error(c)");
	conversation_release(&c);
}

static void empty_and_leading_messages_do_no_harm(void **state)
{
	struct conversation c = { 0 };

	add_call(&c, "a", NULL);
	add_text(&c, ROLE_USER, "  \n");
	add_text(&c, ROLE_ASSISTANT, "");
	add_text(&c, ROLE_ASSISTANT, "one");
	add_text(&c, ROLE_ASSISTANT, "two");
	conversation_repair(&c, "lost");
	assert_int_equal(c.messages[0].role, ROLE_USER);
	assert_true(message_has(&c.messages[2], BLOCK_TOOL_RESULT));
	assert_int_equal(conversation_repair(&c, "lost"), 0);
	conversation_release(&c);
}

static void the_journal_gives_back_what_was_said(void **state)
{
	struct conversation c = { 0 };
	struct message back;
	cJSON *json, *again;
	char *one, *two;

	add_call(&c, "a", "b");
	c.messages[0].blocks[2].cut = true;
	json = message_to_json(&c.messages[0]);
	assert_int_equal(message_from_json(&back, json, NULL), AVO_OK);
	again = message_to_json(&back);
	one = json_print_new(json);
	two = json_print_new(again);
	assert_string_equal(one, two);
	free(one);
	free(two);
	message_release(&back);
	json_set_str(cJSON_GetArrayItem(cJSON_GetObjectItem(json, "content"), 0), "type", "from the future");
	assert_int_equal(message_from_json(&back, json, NULL), AVO_CORRUPT);
	cJSON_Delete(json);
	cJSON_Delete(again);
	conversation_release(&c);
}

static const struct llm_tool one_tool = { "shell", "Runs a command.", "{\"type\":\"object\",\"properties\":{\"command\":{\"type\":\"string\"}}}" };

static cJSON *encoded(const struct wire *wire, const struct conversation *c, const char *ask)
{
	struct llm_config config = { .wire = wire, .model = (char *)"m", .base_url = (char *)"http://localhost",
				     .max_output = 1000, .cache = true, .tool_choice = true };
	struct llm_request r = { .config = &config, .system = "You tune kernels.", .tools = &one_tool, .tool_count = 1,
				 .conversation = c, .ask = ask };
	struct buf out = BUF_INIT;
	cJSON *body;

	config.extra_body = cJSON_Parse("{\"top_k\":5,\"tool_choice\":null}");
	wire->encode(&out, &r, true);
	assert_int_equal(json_parse(&body, out.data, out.len, NULL), AVO_OK);
	buf_release(&out);
	cJSON_Delete(config.extra_body);
	return body;
}

static int count_marks(const char *text)
{
	int n = 0;

	while ((text = strstr(text, "cache_control"))) {
		n++;
		text++;
	}
	return n;
}

static void the_messages_body_keeps_its_prefix_and_moves_its_mark(void **state)
{
	struct conversation c = { 0 };
	cJSON *body, *list;
	char *text, *first;

	add_text(&c, ROLE_USER, "go");
	add_call(&c, "call:1", "b");
	add_result(&c, "call:1", "");
	conversation_repair(&c, "cut off");
	body = encoded(&wire_messages, &c, "Sum up.");
	list = cJSON_GetObjectItem(body, "messages");
	text = json_print_new(body);
	assert_int_equal(count_marks(text), 3);
	assert_non_null(strstr(text, "\"top_k\":5"));
	assert_null(strstr(text, "tool_choice"));
	assert_non_null(strstr(text, "\"signature\":\"sig\""));
	assert_non_null(strstr(text, "\"input\":{\"unparsed\":\"{\\\"path\\\":\"}"));
	assert_non_null(strstr(text, "\"tool_use_id\":\"call_1\",\"content\":\"(no output)\""));
	assert_int_equal(cJSON_GetArraySize(list), 3);
	/* results first, then words; the mark is on the conversation's own last block, not on the question */
	assert_int_equal(cJSON_GetArraySize(cJSON_GetObjectItem(cJSON_GetArrayItem(list, 2), "content")), 3);
	first = cJSON_PrintUnformatted(cJSON_GetArrayItem(list, 1));
	free(text);
	cJSON_Delete(body);
	add_text(&c, ROLE_ASSISTANT, "done");
	body = encoded(&wire_messages, &c, NULL);
	text = cJSON_PrintUnformatted(cJSON_GetArrayItem(cJSON_GetObjectItem(body, "messages"), 1));
	assert_string_equal(text, first);
	free(text);
	free(first);
	cJSON_Delete(body);
	conversation_release(&c);
}

static void the_chat_body_answers_each_call_before_any_words(void **state)
{
	struct conversation c = { 0 };
	cJSON *body, *list;
	const char *roles[] = { "system", "user", "assistant", "tool", "tool", "user" };
	char *text;
	size_t i;

	add_text(&c, ROLE_USER, "go");
	add_call(&c, "a", "b");
	add_result(&c, "a", "one");
	add_text(&c, ROLE_USER, "faster!");
	conversation_repair(&c, "cut off");
	body = encoded(&wire_chat, &c, "Sum up.");
	list = cJSON_GetObjectItem(body, "messages");
	assert_int_equal(cJSON_GetArraySize(list), 6);
	for (i = 0; i < 6; i++)
		assert_string_equal(json_str(cJSON_GetArrayItem(list, (int)i), "role", ""), roles[i]);
	assert_string_equal(json_str(cJSON_GetArrayItem(list, 5), "content", ""), "faster!\n\nSum up.");
	text = json_print_new(body);
	/* broken arguments would make a server's template fail on every later call */
	assert_non_null(strstr(text, "\"arguments\":\"{\\\"unparsed\\\":"));
	assert_non_null(strstr(text, "\"include_usage\":true"));
	free(text);
	cJSON_Delete(body);
	conversation_release(&c);
}

/* Blank words are refused by one vendor, an empty turn by all of them. */
static void assert_no_blanks(const cJSON *body)
{
	const cJSON *m, *b;

	cJSON_ArrayForEach(m, cJSON_GetObjectItem(body, "messages")) {
		const cJSON *content = cJSON_GetObjectItem(m, "content");

		if (cJSON_IsString(content))
			assert_true(strspn(content->valuestring, " \t\r\n") < strlen(content->valuestring));
		if (cJSON_IsArray(content))
			assert_true(cJSON_GetArraySize(content) > 0);
		cJSON_ArrayForEach(b, content) {
			const char *text = json_str(b, "text", json_str(b, "content", "x"));

			assert_true(strspn(text, " \t\r\n") < strlen(text));
		}
	}
}

static void arguments_go_back_as_they_came(void **state)
{
	static const struct {
		const char *input, *sent;
	} cases[] = {
		{ "{\"ns\": 1763740800123456789, \"x\": 1.0}", "{\"ns\": 1763740800123456789, \"x\": 1.0}" },
		{ "{\"text\":\"half \\ud83d\"}", "{\"text\":\"half \xef\xbf\xbd\"}" },
		{ "{\"text\":\"\xff\"}", "{\"text\":\"\xef\xbf\xbd\"}" },
		{ "", "{}" }, { " ", "{}" },
	};
	struct block use = { .kind = BLOCK_TOOL_USE, .id = (char *)"a", .name = (char *)"x" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		cJSON *args;
		char *text;

		use.input = (char *)(uintptr_t)cases[i].input;
		args = block_arguments_sent(&use);
		text = json_print_new(args);
		assert_string_equal(text, cases[i].sent);
		free(text);
		cJSON_Delete(args);
	}
}

static void no_blank_words_are_sent(void **state)
{
	const struct wire *wires[] = { &wire_messages, &wire_chat };
	struct conversation c = { 0 };
	size_t i;

	add_text(&c, ROLE_USER, " \n");
	add_text(&c, ROLE_ASSISTANT, "");
	add_text(&c, ROLE_USER, "go");
	add_text(&c, ROLE_ASSISTANT, "  ");
	add_call(&c, "a", "b");
	add_result(&c, "a", "");
	add_result(&c, "b", "\n");
	add_text(&c, ROLE_USER, "");
	conversation_repair(&c, "cut off");
	for (i = 0; i < ARRAY_LEN(wires); i++) {
		cJSON *body = encoded(wires[i], &c, NULL);

		assert_no_blanks(body);
		cJSON_Delete(body);
	}
	conversation_release(&c);
}

static void four_prices_make_the_cost(void **state)
{
	struct llm_prices p = { 5, 25, 6.25, 0.5, true }, unknown = { 0 };
	struct llm_usage u = { .input = 1000, .output = 2000, .cache_write = 4000, .cache_read = 100000, .known = true };

	assert_true(fabs(llm_cost(&u, &p) - (0.005 + 0.05 + 0.025 + 0.05)) < 1e-9);
	u.cache_write_1h = 4000;
	assert_true(fabs(llm_cost(&u, &p) - (0.005 + 0.05 + 0.04 + 0.05)) < 1e-9);
	assert_true(isnan(llm_cost(&u, &unknown)));
	assert_true(llm_published_prices("claude-haiku-4-5-20251001").known);
	assert_false(llm_published_prices("gpt-5.2").known);
	assert_false(llm_published_prices("my-own").known);
}

struct remedy_case {
	long status;
	const char *body;
	int64_t retry_after_ms;
	int should_retry;
	enum llm_remedy want;
};

static void each_failure_has_its_remedy(void **state)
{
	static const struct remedy_case cases[] = {
		{ 401, "{\"type\":\"error\",\"error\":{\"type\":\"authentication_error\",\"message\":\"no\"}}", -1, -1, LLM_PAUSE },
		{ 402, "", -1, -1, LLM_PAUSE },
		{ 403, "<html>forbidden</html>", -1, -1, LLM_PAUSE },
		{ 404, "{\"error\":\"model not found\"}", -1, -1, LLM_FATAL },
		{ 413, "", -1, -1, LLM_COMPACT },
		{ 429, "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}", 2000, -1, LLM_RETRY_AFTER },
		{ 429, "{\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}", -1, -1, LLM_BACK_OFF },
		{ 429, "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"pay\"}}", -1, -1, LLM_PAUSE },
		{ 429, "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"details\":{\"error_code\":\"enforced_spend_limit_reached\"}}}", -1, -1, LLM_PAUSE },
		{ 429, "{\"type\":\"error\",\"error\":{\"type\":\"rate_limit_error\",\"details\":{\"error_code\":\"ramp_limit_exceeded\"}}}", 500, -1, LLM_RETRY_AFTER },
		{ 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"prompt is too long: 9 tokens > 8 maximum\"}}", -1, -1, LLM_COMPACT },
		{ 400, "{\"error\":{\"code\":400,\"type\":\"exceed_context_size_error\",\"message\":\"x\",\"n_ctx\":4096}}", -1, -1, LLM_COMPACT },
		{ 400, "{\"error\":{\"code\":\"context_length_exceeded\",\"message\":\"x\"}}", -1, -1, LLM_COMPACT },
		{ 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"You have reached your specified API usage limits\"}}", -1, -1, LLM_PAUSE },
		{ 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\",\"message\":\"bad tool\"}}", -1, -1, LLM_FATAL },
		{ 409, "", -1, -1, LLM_BACK_OFF },
		{ 500, "", -1, -1, LLM_BACK_OFF },
		{ 500, "", -1, 0, LLM_PAUSE },
		{ 502, "<html><h1>Bad gateway</h1></html>", -1, -1, LLM_BACK_OFF },
		{ 408, "", -1, -1, LLM_BACK_OFF },
		{ 425, "", -1, -1, LLM_BACK_OFF },
		{ 503, "upstream connect error", 1000, -1, LLM_RETRY_AFTER },
		{ 504, "{\"type\":\"error\",\"error\":{\"type\":\"timeout_error\"}}", -1, -1, LLM_BACK_OFF },
		{ 520, "<html>web server returned an unknown error</html>", -1, -1, LLM_BACK_OFF },
		{ 522, "", -1, -1, LLM_BACK_OFF },
		{ 529, "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"\"}}", -1, -1, LLM_BACK_OFF },
		{ 302, "", -1, -1, LLM_FATAL },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(cases); i++) {
		struct http_result http = { .status = cases[i].status, .retry_after_ms = cases[i].retry_after_ms,
					    .should_retry = cases[i].should_retry };
		struct llm_fault fault;

		wire_read_fault(&fault, cases[i].status, cases[i].body, strlen(cases[i].body));
		assert_true(fault.text[0]);
		assert_string_equal(llm_remedy_name(llm_classify(&http, &fault, 0)), llm_remedy_name(cases[i].want));
	}
}

static void waits_grow_with_jitter_up_to_the_limit(void **state)
{
	unsigned n;

	for (n = 0; n < 70; n++) {
		int64_t ms = llm_back_off_ms(n, 1000, 300000);
		int64_t whole = n < 9 ? 1000 << n : 300000;

		assert_true(ms >= (whole > 300000 ? 300000 : whole) / 2 && ms <= 300000);
	}
}

static void the_section_says_what_is_missing(void **state)
{
	struct llm_config c;
	struct error err = { 0 };
	struct conf *conf;

	assert_int_equal(conf_new(&conf, NULL), AVO_OK);
	assert_int_equal(llm_config_read(&c, conf, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "mutate"));
	conf_set(conf, "agent.model", "claude-haiku-4-5", NULL);
	unsetenv("ANTHROPIC_API_KEY");
	assert_int_equal(llm_config_read(&c, conf, &err), AVO_ENVIRONMENT);
	assert_non_null(strstr(err.text, "ANTHROPIC_API_KEY"));
	assert_non_null(strstr(err.text, "mutate"));
	conf_set(conf, "agent.base-url", "http://127.0.0.1:8080/v1/", NULL);
	assert_int_equal(llm_config_read(&c, conf, &err), AVO_OK);
	assert_string_equal(c.base_url, "http://127.0.0.1:8080");
	assert_ptr_equal(c.wire, &wire_messages);
	llm_config_release(&c);
	conf_set(conf, "agent.base-url", "http://example.org", NULL);
	assert_int_equal(llm_config_read(&c, conf, &err), AVO_USAGE);
	conf_set(conf, "agent.base-url", "http://localhost:1", NULL);
	conf_set(conf, "agent.output-limit", "15000", NULL);
	assert_int_equal(llm_config_read(&c, conf, &err), AVO_USAGE);
	assert_non_null(strstr(err.text, "at least agent.max-output (16000)"));
	conf_set(conf, "agent.output-limit", "0", NULL);
	conf_set(conf, "agent.extra-body", "[1]", NULL);
	assert_int_equal(llm_config_read(&c, conf, &err), AVO_USAGE);
	conf_free(conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_is_answered_right_behind_it),
		cmocka_unit_test(empty_and_leading_messages_do_no_harm),
		cmocka_unit_test(the_journal_gives_back_what_was_said),
		cmocka_unit_test(the_messages_body_keeps_its_prefix_and_moves_its_mark),
		cmocka_unit_test(the_chat_body_answers_each_call_before_any_words),
		cmocka_unit_test(arguments_go_back_as_they_came),
		cmocka_unit_test(no_blank_words_are_sent),
		cmocka_unit_test(four_prices_make_the_cost),
		cmocka_unit_test(each_failure_has_its_remedy),
		cmocka_unit_test(waits_grow_with_jitter_up_to_the_limit),
		cmocka_unit_test(the_section_says_what_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
