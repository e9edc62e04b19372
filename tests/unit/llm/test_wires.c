/*
 * Server-sent events and both wires: any chunking of the same bytes gives the
 * same answer, and every deviation of real servers that cost somebody a day is
 * a case here.
 */
#include "avo.h"
#include "base/mem.h"
#include "llm/wire.h"
#include "tests/lib/model_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* --- events --------------------------------------------------------------------- */

static bool log_event(void *arg, const struct sse_event *e)
{
	struct buf *out = arg;

	buf_printf(out, "[%s|", e->name);
	buf_add(out, e->data, e->len);
	buf_addstr(out, "]");
	return true;
}

static void assert_events(const char *bytes, const char *want)
{
	size_t len = strlen(bytes), step, at;

	for (step = 1; step <= len; step++) {
		struct buf got = BUF_INIT;
		struct sse sse;

		sse_init(&sse, 4096);
		for (at = 0; at < len; at += step)
			assert_int_equal(sse_feed(&sse, bytes + at, at + step < len ? step : len - at, log_event, &got, NULL), AVO_OK);
		assert_string_equal(buf_cstr(&got), want);
		sse_release(&sse);
		buf_release(&got);
	}
}

static void events_follow_the_standard(void **state)
{
	assert_events("data: a\n\n", "[|a]");
	assert_events("data:a\r\n\r\ndata: b\r\rdata:  c\n\n", "[|a][|b][| c]");
	assert_events("\xef\xbb\xbf" "event: x\ndata: 1\ndata: 2\n\n", "[x|1\n2]");
	assert_events(": comment\n\nevent: lost\n\ndata: kept\nid: 7\nretry: 10\nother\n\n", "[|kept]");
	assert_events("data\n\ndata\ndata\n\n", "[|][|\n]");
	assert_events("data: never ended\n", "");
	assert_events("data: cut in the mid", "");
	assert_events("event: a\rdata: 1\r\n\ndata: 2\n\r\n", "[a|1][|2]");
}

static void an_endless_event_is_refused(void **state)
{
	struct buf got = BUF_INIT;
	struct error err = { 0 };
	enum avo_status st = AVO_OK;
	struct sse sse;
	int i;

	sse_init(&sse, 1000);
	for (i = 0; i < 200 && st == AVO_OK; i++)
		st = sse_feed(&sse, "data: 0123456789\n", 17, log_event, &got, &err);
	assert_int_equal(st, AVO_CORRUPT);
	sse_release(&sse);
	buf_release(&got);
}

/* --- answers -------------------------------------------------------------------- */

static enum avo_status decode(struct llm_reply *out, const struct wire *wire, const char *bytes, size_t len, size_t step,
			      struct llm_fault *fault)
{
	struct decoder d;
	enum avo_status st = AVO_OK;
	size_t at;

	decoder_init(&d, wire, NULL);
	for (at = 0; at < len && st == AVO_OK; at += step)
		st = decoder_feed(&d, bytes + at, at + step < len ? step : len - at, NULL);
	memset(out, 0, sizeof(*out));
	if (st == AVO_OK)
		st = decoder_finish(out, &d, NULL);
	if (fault)
		*fault = d.fault;
	decoder_release(&d);
	return st;
}

static char *show(const struct llm_reply *r)
{
	cJSON *json = message_to_json(&r->message);
	char *text;

	json_set_str(json, "stop", llm_stop_name(r->stop));
	json_set_int(json, "in", r->usage.input);
	json_set_int(json, "read", r->usage.cache_read);
	json_set_int(json, "out", r->usage.output);
	text = json_print_new(json);
	cJSON_Delete(json);
	return text;
}

static const struct wire *const wires[] = { &wire_messages, &wire_chat };
static const struct model_turn busy_turn = {
	.thinking = "first measure, then cut",
	.text = "Ich prüfe \"beide\" Fälle: α≤β\n",
	.calls = {
		{ "toolu_1", "edit", "{\"path\":\"kernel.c\",\"old\":\"a\\n\",\"new\":\"\\u00e4 \\ud83d\\ude00\"}" },
		{ "toolu_2", "shell", "{\"command\":\"make\"}" },
	},
	.input = 100, .output = 42, .cache_read = 900,
};

static void any_chunking_gives_the_same_answer(void **state)
{
	int w;

	for (w = 0; w < 2; w++) {
		struct buf bytes = BUF_INIT;
		char *want = NULL;
		size_t step;

		model_stream(&bytes, (enum model_wire)w, &busy_turn);
		for (step = bytes.len; step > 0; step = step > 64 ? step / 2 : step - 1) {
			struct llm_reply r;
			char *got;

			assert_int_equal(decode(&r, wires[w], bytes.data, bytes.len, step, NULL), AVO_OK);
			got = show(&r);
			if (want)
				assert_string_equal(got, want);
			free(want);
			want = got;
			assert_int_equal(r.message.count, 4);
			assert_string_equal(r.message.blocks[1].text, busy_turn.text);
			assert_string_equal(r.message.blocks[2].input, busy_turn.calls[0].input);
			assert_int_equal(r.stop, LLM_STOP_TOOLS);
			assert_int_equal(r.usage.input, 100);
			assert_int_equal(r.usage.cache_read, 900);
			assert_int_equal(r.usage.output, 42);
			llm_reply_release(&r);
		}
		free(want);
		buf_release(&bytes);
	}
}

static void every_cut_is_noticed(void **state)
{
	int w;

	for (w = 0; w < 2; w++) {
		struct buf bytes = BUF_INIT;
		size_t cut, good = 0;

		model_stream(&bytes, (enum model_wire)w, &busy_turn);
		for (cut = 0; cut < bytes.len; cut++) {
			struct llm_reply r;

			if (decode(&r, wires[w], bytes.data, cut, 4096, NULL) == AVO_OK) {
				/* chat: from the finish reason on the answer is whole, only the count is missing */
				assert_int_equal(w, MODEL_CHAT);
				assert_int_equal(r.message.count, 4);
				good++;
			}
			llm_reply_release(&r);
		}
		assert_true(w == MODEL_CHAT ? good > 0 && good < 300 : good == 0);
		buf_release(&bytes);
	}
}

static void assert_answer(const struct wire *wire, const char *bytes, const char *want)
{
	struct llm_reply r;
	char *got;

	assert_int_equal(decode(&r, wire, bytes, strlen(bytes), 1, NULL), AVO_OK);
	got = show(&r);
	assert_string_equal(got, want);
	free(got);
	llm_reply_release(&r);
}

#define DATA(x) "data: " x "\n\n"

static void llama_opens_blocks_before_it_closes_any(void **state)
{
	assert_answer(&wire_messages,
		DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"chatcmpl-1\"}}")
		DATA("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}")
		DATA("{\"type\":\"content_block_start\",\"index\":1,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"x\"}}")
		DATA("{\"type\":\"content_block_start\",\"index\":2,\"content_block\":{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"y\"}}")
		DATA("{\"type\":\"content_block_delta\",\"index\":2,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{}\"}}")
		DATA("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}")
		DATA("{\"type\":\"content_block_delta\",\"index\":1,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"k\\\":1}\"}}")
		DATA("{\"type\":\"content_block_stop\",\"index\":0}") DATA("{\"type\":\"content_block_stop\",\"index\":1}")
		DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"},\"usage\":{\"output_tokens\":3}}")
		DATA("{\"type\":\"message_stop\"}"),
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"},{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"x\",\"input\":\"{\\\"k\\\":1}\"},"
		"{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"y\",\"input\":\"{}\"}],\"stop\":\"tools\",\"in\":0,\"read\":0,\"out\":3}");
}

static void unknown_blocks_are_kept_and_unknown_events_passed_over(void **state)
{
	assert_answer(&wire_messages,
		DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":5}}}")
		DATA("{\"type\":\"weather\",\"index\":0}") "data: keepalive\n\n"
		DATA("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"redacted_thinking\",\"data\":\"xyz\"}}")
		DATA("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"new_delta\",\"x\":1}}")
		DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3,\"input_tokens\":6}}")
		DATA("{\"type\":\"message_stop\"}"),
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"opaque\",\"opaque\":{\"type\":\"redacted_thinking\",\"data\":\"xyz\"}}],"
		"\"stop\":\"end\",\"in\":6,\"read\":0,\"out\":3}");
}

#define CALL(fields) DATA("{\"choices\":[{\"delta\":{\"tool_calls\":[{" fields "}]}}]}")
#define FINISH(reason) DATA("{\"choices\":[{\"delta\":{},\"finish_reason\":\"" reason "\"}]}") "data: [DONE]\n\n"

static void tool_calls_are_told_apart_without_a_proper_index(void **state)
{
	static const char two[] = "{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"x\",\"input\":\"{\\\"n\\\":1}\"},"
		"{\"type\":\"tool_use\",\"id\":\"b\",\"name\":\"y\",\"input\":\"{\\\"n\\\":2}\"}],\"stop\":\"tools\",\"in\":0,\"read\":0,\"out\":0}";

	/* always index 0 */
	assert_answer(&wire_chat,
		CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"{\\\"n\\\":\"}")
		CALL("\"index\":0,\"function\":{\"arguments\":\"1}\"}")
		CALL("\"index\":0,\"id\":\"b\",\"function\":{\"name\":\"y\",\"arguments\":\"{\\\"n\\\":\"}")
		CALL("\"index\":0,\"function\":{\"arguments\":\"2}\"}") FINISH("tool_calls"), two);
	/* no index at all, arguments as objects, and a finish reason that forgets the calls */
	assert_answer(&wire_chat,
		CALL("\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":{\"n\":1}}")
		CALL("\"id\":\"b\",\"function\":{\"name\":\"y\",\"arguments\":{\"n\":2}}") FINISH("stop"), two);
	/* no index, pieces without id */
	assert_answer(&wire_chat,
		CALL("\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"{\\\"n\\\"\"}")
		CALL("\"function\":{\"arguments\":\":1}\"}")
		CALL("\"id\":\"b\",\"function\":{\"name\":\"y\",\"arguments\":\"{\\\"n\\\":2}\"}") FINISH("tool_calls"), two);
}

static void missing_and_repeated_ids_are_made_unique(void **state)
{
	static const char bytes[] = CALL("\"index\":0,\"function\":{\"name\":\"x\",\"arguments\":\"{}\"}")
		CALL("\"index\":1,\"function\":{\"name\":\"y\",\"arguments\":\"\"}") FINISH("tool_calls");
	struct llm_reply r;

	assert_int_equal(decode(&r, &wire_chat, bytes, sizeof(bytes) - 1, 3, NULL), AVO_OK);
	assert_int_equal(r.message.count, 2);
	assert_string_not_equal(r.message.blocks[0].id, r.message.blocks[1].id);
	llm_reply_release(&r);
}

static void empty_choices_and_null_contents_are_harmless(void **state)
{
	assert_answer(&wire_chat,
		DATA("{\"choices\":[],\"prompt_filter_results\":[]}") DATA("{\"choices\":[{\"delta\":{\"content\":null}}]}")
		DATA("{\"choices\":[{\"delta\":{\"content\":\"ok\\ud83d\"}}],\"usage\":null}") DATA("{\"choices\":[{}]}")
		DATA("{\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}]}")
		DATA("{\"choices\":[],\"usage\":{\"prompt_tokens\":630,\"completion_tokens\":40,\"prompt_tokens_details\":{\"cached_tokens\":407}}}")
		"data: [DONE]\n\ndata: garbage\n\n",
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"ok\xef\xbf\xbd\"}],\"stop\":\"length\",\"in\":223,\"read\":407,\"out\":40}");
}

static void a_call_cut_by_the_limit_is_marked(void **state)
{
	struct model_turn t = { .calls = { { "a", "edit", "{\"path\":\"ker" } } };
	struct buf bytes = BUF_INIT;
	struct llm_reply r;

	t.stop = "max_tokens";
	model_stream(&bytes, MODEL_MESSAGES, &t);
	assert_int_equal(decode(&r, &wire_messages, bytes.data, bytes.len, 10, NULL), AVO_OK);
	assert_true(r.message.blocks[0].cut);
	assert_int_equal(r.stop, LLM_STOP_LENGTH);
	llm_reply_release(&r);
	buf_clear(&bytes);
	t.stop = "length";
	model_stream(&bytes, MODEL_CHAT, &t);
	assert_int_equal(decode(&r, &wire_chat, bytes.data, bytes.len, 10, NULL), AVO_OK);
	assert_true(r.message.blocks[0].cut);
	llm_reply_release(&r);
	buf_release(&bytes);
}

static void errors_inside_a_stream_are_read_in_both_shapes(void **state)
{
	static const char anthropic[] = "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"Overloaded\"}}\n\n";
	static const char openai[] = DATA("{\"error\":{\"message\":\"too \\u001b[31mlong\",\"type\":\"exceed_context_size_error\",\"code\":400,\"n_ctx\":4096}}");
	static const char damage[] = DATA("{\"type\":\"content_block_delta\",\"ind");
	struct llm_fault f;
	struct llm_reply r;
	int w;

	for (w = 0; w < 2; w++) {
		assert_int_equal(decode(&r, wires[w], openai, sizeof(openai) - 1, 1, &f), AVO_NEGATIVE);
		assert_string_equal(f.type, "exceed_context_size_error");
		assert_string_equal(f.code, "400");
		assert_string_equal(f.text, "too long");
		assert_int_equal(f.window, 4096);
		assert_int_equal(decode(&r, wires[w], damage, sizeof(damage) - 1, 1, &f), AVO_NEGATIVE);
	}
	assert_int_equal(decode(&r, &wire_messages, anthropic, sizeof(anthropic) - 1, 1, &f), AVO_NEGATIVE);
	assert_string_equal(f.type, "overloaded_error");
}

static void a_refusal_carries_its_reason(void **state)
{
	static const char bytes[] = DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}")
		DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"refusal\",\"stop_details\":{\"category\":\"frontier_llm\",\"explanation\":null}}}")
		DATA("{\"type\":\"message_stop\"}");
	struct llm_reply r;

	assert_int_equal(decode(&r, &wire_messages, bytes, sizeof(bytes) - 1, 7, NULL), AVO_OK);
	assert_int_equal(r.stop, LLM_STOP_REFUSAL);
	assert_string_equal(r.explanation, "frontier_llm");
	llm_reply_release(&r);
}

/* A tool call whose arguments come as these bytes of JSON text, in pieces of every size; what the block holds. */
static void assert_arguments(const char *pieces, const char *want, bool usable)
{
	size_t len = strlen(pieces), step;
	struct llm_reply r;
	cJSON *args;
	int w;

	for (w = 0; w < 2; w++) for (step = 1; step <= len + 1; step += step < 8 ? 1 : len) {
		struct buf bytes = BUF_INIT;
		size_t at;

		buf_addstr(&bytes, w == MODEL_MESSAGES ?
			   DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}")
			   DATA("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"a\",\"name\":\"x\",\"input\":{}}}") :
			   CALL("\"index\":0,\"id\":\"a\",\"function\":{\"name\":\"x\",\"arguments\":\"\"}"));
		for (at = 0; at < len; at += step) {
			cJSON *piece = cJSON_CreateString("");
			char *text = xstrndup(pieces + at, at + step < len ? step : len - at), *quoted;

			cJSON_SetValuestring(piece, text);
			quoted = json_print_new(piece);
			buf_printf(&bytes, w == MODEL_MESSAGES ?
				   DATA("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"input_json_delta\",\"partial_json\":%s}}") :
				   CALL("\"index\":0,\"function\":{\"arguments\":%s}"), quoted);
			free(quoted);
			free(text);
			cJSON_Delete(piece);
		}
		buf_addstr(&bytes, w == MODEL_MESSAGES ?
			   DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"tool_use\"}}") DATA("{\"type\":\"message_stop\"}") :
			   FINISH("tool_calls"));
		assert_int_equal(decode(&r, wires[w], bytes.data, bytes.len, 100, NULL), AVO_OK);
		assert_int_equal(r.message.count, 1);
		if (*want)
			assert_string_equal(r.message.blocks[0].input, want);
		assert_int_equal(block_arguments(&args, &r.message.blocks[0], NULL) == AVO_OK, usable);
		/* not cut by a limit: the model is told what is wrong with them */
		assert_false(r.message.blocks[0].cut);
		cJSON_Delete(args);
		llm_reply_release(&r);
		buf_release(&bytes);
	}
}

static void arguments_are_kept_to_the_byte_however_they_come(void **state)
{
	char *deep = xmalloc(4001);

	assert_arguments("{\"text\":\"\\u00e4\\ud83d\\ude00\"}", "{\"text\":\"\\u00e4\\ud83d\\ude00\"}", true);
	/* digits that a double does not hold */
	assert_arguments("{\"ns\":1763740800123456789}", "{\"ns\":1763740800123456789}", true);
	/* half a pair of surrogates is repaired where it is read, not refused */
	assert_arguments("{\"text\":\"\\ud83d!\"}", "{\"text\":\"\\ud83d!\"}", true);
	/* no arguments at all are an empty object */
	assert_arguments("", "", true);
	assert_arguments("{\"a\":1}{\"b\":2}", "{\"a\":1}{\"b\":2}", false);
	assert_arguments("[1]", "[1]", false);
	assert_arguments("{\"a\":NaN}", "{\"a\":NaN}", false);
	/* deeper than any parser likes */
	memset(deep, '[', 4000);
	deep[4000] = '\0';
	assert_arguments(deep, deep, false);
	free(deep);
}

static void a_stream_may_repeat_its_beginning_and_leave_numbers_out(void **state)
{
	/* a gateway that starts again sends a second message_start: the last one's count holds */
	assert_answer(&wire_messages,
		DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}")
		DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}")
		DATA("{\"type\":\"content_block_start\",\"content_block\":{\"type\":\"text\",\"text\":\"\"}}")
		DATA("{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"hi\"}}")
		DATA("{\"type\":\"content_block_stop\"}")
		DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":3}}")
		DATA("{\"type\":\"message_delta\",\"delta\":{},\"usage\":{\"output_tokens\":4}}")
		DATA("{\"type\":\"message_stop\"}") DATA("{\"type\":\"message_stop\"}"),
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"hi\"}],\"stop\":\"end\",\"in\":5,\"read\":0,\"out\":4}");
}

static void counts_that_come_with_every_piece_are_not_added_up(void **state)
{
	assert_answer(&wire_chat,
		DATA("{\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":1}}")
		DATA("{\"choices\":[{\"delta\":{\"content\":\"b\"}}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":2}}")
		DATA("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":3}}") "data: [DONE]\n\n",
		"{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"ab\"}],\"stop\":\"end\",\"in\":10,\"read\":0,\"out\":3}");
}

/* Bytes that JSON or UTF-8 do not allow cost the answer nothing but themselves. */
static void foreign_bytes_in_an_answer_do_no_harm(void **state)
{
	static const char chat[] = DATA("{\"choices\":[{\"delta\":{\"content\":\"a\\u0000b\\ud83dc\\udc00\"}}]}") FINISH("stop");
	static const char messages[] = DATA("{\"type\":\"message_start\",\"message\":{\"id\":\"m\"}}")
		DATA("{\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}")
		DATA("{\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\\u0000b\\ud83dc\\udc00\"}}")
		DATA("{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\"}}") DATA("{\"type\":\"message_stop\"}");
	static const struct {
		const char *bytes;
		size_t len;
	} answers[] = { { messages, sizeof(messages) - 1 }, { chat, sizeof(chat) - 1 } };
	struct llm_reply r;
	int w;

	for (w = 0; w < 2; w++) {
		const char *text;

		assert_int_equal(decode(&r, wires[w], answers[w].bytes, answers[w].len, 1, NULL), AVO_OK);
		text = r.message.blocks[0].text;
		/* nothing behind the NUL is lost */
		assert_non_null(strchr(text, 'b'));
		assert_non_null(strstr(text, "\xef\xbf\xbd" "c"));
		llm_reply_release(&r);
	}
	assert_answer(&wire_chat, DATA("{\"choices\":[{\"delta\":{\"content\":\"x\xff\xc3(\"}}]}") FINISH("stop"),
		      "{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"x\xef\xbf\xbd\xef\xbf\xbd(\"}],\"stop\":\"end\",\"in\":0,\"read\":0,\"out\":0}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(events_follow_the_standard),
		cmocka_unit_test(an_endless_event_is_refused),
		cmocka_unit_test(any_chunking_gives_the_same_answer),
		cmocka_unit_test(every_cut_is_noticed),
		cmocka_unit_test(llama_opens_blocks_before_it_closes_any),
		cmocka_unit_test(unknown_blocks_are_kept_and_unknown_events_passed_over),
		cmocka_unit_test(tool_calls_are_told_apart_without_a_proper_index),
		cmocka_unit_test(missing_and_repeated_ids_are_made_unique),
		cmocka_unit_test(empty_choices_and_null_contents_are_harmless),
		cmocka_unit_test(a_call_cut_by_the_limit_is_marked),
		cmocka_unit_test(errors_inside_a_stream_are_read_in_both_shapes),
		cmocka_unit_test(a_refusal_carries_its_reason),
		cmocka_unit_test(arguments_are_kept_to_the_byte_however_they_come),
		cmocka_unit_test(a_stream_may_repeat_its_beginning_and_leave_numbers_out),
		cmocka_unit_test(counts_that_come_with_every_piece_are_not_added_up),
		cmocka_unit_test(foreign_bytes_in_an_answer_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
