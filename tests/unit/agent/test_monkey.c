/*
 * A monkey at the keyboard: random tool calls that fit the schemas, most of
 * them senseless, in random numbers, over a server that fails at random. The
 * agent must neither get stuck nor ever send a conversation that a strict
 * server refuses. AVO_MONKEY_TURNS (default 100 a wire) makes it longer.
 */
#include "avo.h"
#include "tests/unit/agent/bench.h"

static unsigned seed;
static char inputs[8][2048], ids[8][32];

static unsigned dice(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 10) % n;
}

static const char *pick_word(void)
{
	static const char *const words[] = { "kernel.c", "v0", "a1", "work", "..", "", "int x;\n", "int", "full-128", "ls", "echo \xc3\xa4 \xf0\x9f\x98\x80",
					     "printf 'a\\000b\\033[31mc'", "tile", "\xff\xfe", "$(", "' \" `", "x/y/z.c", "seq 1 3000", "sleep 0.05; kill -9 $$" };

	return words[dice(ARRAY_LEN(words))];
}

/* A value that the schema of one argument allows; sometimes one that it does not. */
static cJSON *random_value(const cJSON *schema)
{
	const char *type = json_str(schema, "type", "");
	const cJSON *choices = json_arr(schema, "enum");

	if (dice(40) == 0)
		return cJSON_CreateNull();
	if (choices)
		return cJSON_Duplicate(cJSON_GetArrayItem(choices, (int)dice((unsigned)cJSON_GetArraySize(choices))), true);
	if (strcmp(type, "integer") == 0)
		return cJSON_CreateNumber((double)dice(12) - 1);
	if (strcmp(type, "boolean") == 0)
		return cJSON_CreateBool(dice(3) == 0);
	return cJSON_CreateString(pick_word());
}

static void random_call(struct model_turn *turn, size_t at, const cJSON *tools)
{
	const cJSON *tool = cJSON_GetArrayItem(tools, (int)dice((unsigned)cJSON_GetArraySize(tools)));
	const cJSON *function = json_obj(tool, "function") ? json_obj(tool, "function") : tool;
	const cJSON *schema = json_obj(function, "parameters") ? json_obj(function, "parameters") : json_obj(function, "input_schema");
	cJSON *args = cJSON_CreateObject();
	const cJSON *property;
	char *text;

	cJSON_ArrayForEach(property, json_obj(schema, "properties"))
		if (dice(3))
			json_set(args, property->string, random_value(property));
	text = json_print_new(args);
	snprintf(inputs[at], sizeof(inputs[at]), "%s", text);
	/* ids that repeat, now and then */
	snprintf(ids[at], sizeof(ids[at]), "call_%u", dice(5) ? seed >> 3 : 7);
	turn->calls[at] = (struct model_call){ ids[at], json_str(function, "name", "?"), inputs[at] };
	free(text);
	cJSON_Delete(args);
}

static void random_fault(struct bench *b, struct model_answer *out)
{
	static const int statuses[] = { 500, 529, 503, 408 };
	unsigned kind = dice(60);

	out->chunk = 1 + dice(400);
	if (kind < 2) {
		out->status = statuses[dice(ARRAY_LEN(statuses))];
		buf_addstr(&out->body, "{\"error\":{\"message\":\"some days are like this\"}}");
	} else if (kind < 5) {
		out->cut_at = 1 + dice(300);
		out->end = kind == 2 ? MODEL_END_CLEAN : kind == 3 ? MODEL_END_CUT : MODEL_END_RESET;
	} else if (kind == 5) {
		out->status = 400;
		buf_addstr(&out->body, "{\"error\":{\"message\":\"prompt is too long: 2 tokens > 1 maximum\"}}");
	}
}

static void monkey(struct bench *b, const struct model_ask *ask, struct model_turn *turn, struct model_answer *out)
{
	const cJSON *tools = json_arr(ask->body, "tools");
	size_t n = dice(4) ? 1 + dice(7) : dice(2), i;

	if (b->fault)
		fail_msg("request %d: %s: %s", b->asks, b->fault, buf_cstr(&b->last_request));
	turn->text = dice(3) ? "Ook." : NULL;
	turn->thinking = dice(3) ? NULL : "bananas";
	for (i = 0; i < n; i++)
		random_call(turn, i, tools);
	if (n && dice(15) == 0) {
		/* cut in the middle of the last call */
		inputs[n - 1][strlen(inputs[n - 1]) / 2] = '\0';
		turn->stop = b->wire == MODEL_MESSAGES ? "max_tokens" : "length";
	}
	random_fault(b, out);
}

static int turns_wanted(void)
{
	const char *more = getenv("AVO_MONKEY_TURNS");

	return more ? atoi(more) : 100;
}

static void play(struct bench *b, enum model_wire wire)
{
	int wanted = turns_wanted(), step = 0;
	int64_t progress = clock_mono_ms();
	int asks = 0;

	seed = 20261121u + (unsigned)wire;
	b->wire = wire;
	b->model = monkey;
	conf_set(b->conf, "agent.api", wire == MODEL_CHAT ? "chat" : "messages", NULL);
	conf_set(b->conf, "agent.context-window", "24000", NULL);
	conf_set(b->conf, "agent.max-output", "500", NULL);
	conf_set(b->conf, "agent.backoff", "0", NULL);
	bench_open(b);
	bench_begin(b, NULL);
	while (b->asks < wanted) {
		loop_once(b->loop, 20);
		if (b->asks != asks) {
			asks = b->asks;
			progress = clock_mono_ms();
			b->commit = dice(4) == 0;
		}
		if (clock_mono_ms() - progress > 90000)
			fail_msg("stuck after %d requests: %s", asks, buf_cstr(&b->last_request));
		/* now and then somebody stops it, kills it, talks to it */
		if (b->steps_done == step && dice(400) == 0)
			ops->cancel(b->op);
		if (b->steps_done == step && dice(400) == 0)
			ops->message(b->op, "eva", "faster");
		if (b->steps_done > step) {
			step = b->steps_done;
			if (dice(4) == 0) {
				ops->close(b->op);
				bench_open(b);
			}
			bench_begin(b, NULL);
		}
	}
	ops->cancel(b->op);
	assert_true(b->actions > wanted / 2);
}

static void a_monkey_on_the_messages_wire(void **state)
{
	play(*state, MODEL_MESSAGES);
}

static void a_monkey_on_the_chat_wire(void **state)
{
	play(*state, MODEL_CHAT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_monkey_on_the_messages_wire, bench_set_up, bench_tear_down),
		cmocka_unit_test_setup_teardown(a_monkey_on_the_chat_wire, bench_set_up, bench_tear_down),
	};

	setenv("AVO_LOG", "error", 1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	unsetenv("ANTHROPIC_API_KEY");
	unsetenv("OPENAI_API_KEY");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
