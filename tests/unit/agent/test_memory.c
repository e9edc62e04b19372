/* Memory over days: what must never be lost is not, however often the conversation is cut, and a killed run remembers. */
#include "avo.h"
#include "agent/memory.h"
#include "base/mem.h"
#include "base/path.h"
#include "journal/journal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

struct fixture {
	char *dir;
	struct journal *journal;
	struct memory memory;
};

static void write_event(void *arg, cJSON *event)
{
	struct fixture *f = arg;
	struct error err = { 0 };

	if (journal_append(f->journal, event, JOURNAL_LAZY, &err) != AVO_OK)
		fail_msg("%s", err.text);
}

static void set_up(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	assert_int_equal(path_temp_dir(&f->dir, "/tmp", "avo-memory-", NULL), AVO_OK);
	assert_int_equal(journal_open(&f->journal, f->dir, NULL, NULL), AVO_OK);
	memory_init(&f->memory, write_event, f);
}

static void tear_down(struct fixture *f)
{
	memory_release(&f->memory);
	journal_close(f->journal);
	path_remove_tree(f->dir, NULL);
	free(f->dir);
}

/* The process dies and another one reads what it left. */
static void resume(struct fixture *f)
{
	struct error err = { 0 };

	memory_release(&f->memory);
	journal_close(f->journal);
	assert_int_equal(journal_open(&f->journal, f->dir, NULL, NULL), AVO_OK);
	memory_init(&f->memory, write_event, f);
	if (memory_load(&f->memory, f->dir, &err) != AVO_OK)
		fail_msg("%s", err.text);
}

static void call(struct memory *m, const char *id, const char *input)
{
	struct message message;
	struct block *b;

	message_init(&message, ROLE_ASSISTANT);
	message_add_text(&message, "next");
	b = message_add(&message, BLOCK_TOOL_USE);
	b->id = xstrdup(id);
	b->name = xstrdup("shell");
	b->input = xstrdup(input);
	memory_add(m, &message);
}

static char *dump(const struct conversation *c)
{
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < c->count; i++) {
		cJSON *json = message_to_json(&c->messages[i]);

		json_print(&out, json);
		buf_addch(&out, '\n');
		cJSON_Delete(json);
	}
	return out.data ? buf_detach(&out) : xstrdup("");
}

static void a_resumed_run_knows_what_was_said(void **state)
{
	struct fixture f;
	char *before, *after;

	set_up(&f);
	memory_say(&f.memory, "begin");
	call(&f.memory, "c1", "{\"command\":\"ls\"}");
	memory_result(&f.memory, "c1", "kernel.c", false);
	assert_int_equal(memory_note(&f.memory, "V is strided"), 1);
	assert_int_equal(memory_note(&f.memory, "wrong"), 2);
	assert_true(memory_forget(&f.memory, 2));
	assert_false(memory_forget(&f.memory, 2));
	memory_settle(&f.memory, "x");
	before = dump(&f.memory.conversation);
	resume(&f);
	after = dump(&f.memory.conversation);
	assert_string_equal(after, before);
	assert_int_equal(f.memory.notes.count, 1);
	/* numbers are never given twice: the agent may have quoted them */
	assert_int_equal(memory_note(&f.memory, "third"), 3);
	free(before);
	free(after);
	tear_down(&f);
}

static void a_call_cut_by_a_kill_is_answered(void **state)
{
	struct fixture f;
	char *text;

	set_up(&f);
	memory_say(&f.memory, "begin");
	call(&f.memory, "c1", "{\"command\":\"sleep 100\"}");
	resume(&f);
	text = dump(&f.memory.conversation);
	assert_non_null(strstr(text, "\"is_error\":true"));
	assert_non_null(strstr(text, "Interrupted"));
	free(text);
	/* and the next step's words come behind that answer, in one message */
	memory_say(&f.memory, "step s2");
	memory_settle(&f.memory, "x");
	assert_int_equal(f.memory.conversation.count, 3);
	tear_down(&f);
}

static void pruning_takes_the_old_and_spares_the_new(void **state)
{
	struct fixture f;
	char id[16], *big = xmalloc(20001), *text, *again;
	int64_t before;
	int i;

	memset(big, 'x', 20000);
	big[20000] = '\0';
	set_up(&f);
	memory_say(&f.memory, "begin");
	for (i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "c%d", i);
		call(&f.memory, id, "{\"command\":\"cat\"}");
		memory_result(&f.memory, id, big, false);
	}
	memory_counted(&f.memory, 60000);
	before = memory_tokens(&f.memory, 0);
	assert_true(memory_prune(&f.memory, 12000) > 100000);
	assert_true(memory_tokens(&f.memory, 0) < before / 2);
	text = dump(&f.memory.conversation);
	assert_non_null(strstr(text, big));
	assert_non_null(strstr(text, "dropped to save room"));
	assert_int_equal(memory_prune(&f.memory, 12000), 0);
	resume(&f);
	again = dump(&f.memory.conversation);
	assert_string_equal(again, text);
	free(again);
	free(text);
	free(big);
	tear_down(&f);
}

/* The record as a run leaves it; the brief is made from this, never from a summary. */
static void make_state(struct run_state *s)
{
	static const char *const events[] = {
		"{\"type\":\"run-created\",\"name\":\"r\",\"suite\":\"cpu\",\"backend\":\"cpu\",\"unit\":\"GFLOPS\",\"operator\":\"agent\",\"gate\":\"auto\"}",
		"{\"type\":\"version\",\"version\":\"v0\",\"commit\":\"00\",\"author\":\"user\",\"title\":\"the seed\",\"unit\":\"GFLOPS\",\"geomean\":2,\"scores\":[{\"case\":\"full-512\",\"value\":2,\"std\":0,\"n\":3}]}",
		"{\"type\":\"direction-opened\",\"direction\":\"d1\",\"step\":\"s1\",\"parent\":\"v0\",\"title\":\"use quagga lanes\"}",
		"{\"type\":\"direction-closed\",\"direction\":\"d1\",\"state\":\"failed\",\"outcome\":\"spills eat the gain\"}",
		"{\"type\":\"attempt-started\",\"attempt\":\"a1\",\"step\":\"s1\",\"parent\":\"v0\",\"direction\":\"d1\",\"commit\":\"11\",\"tree\":\"t\",\"author\":\"agent\",\"title\":\"quagga by eight\",\"added\":1,\"removed\":1}",
		"{\"type\":\"attempt-scored\",\"attempt\":\"a1\",\"verdict\":\"incorrect\",\"reason\":\"row 7 is wrong\"}",
	};
	size_t i;

	state_init(s);
	for (i = 0; i < ARRAY_LEN(events); i++) {
		cJSON *event;

		assert_int_equal(json_parse(&event, events[i], strlen(events[i]), NULL), AVO_OK);
		json_set_int(event, "seq", (int64_t)i + 1);
		json_set_str(event, "t", "2026-11-21T10:00:00.000Z");
		state_apply(s, event, (struct journal_ref){ 0 });
		cJSON_Delete(event);
	}
}

static void twenty_cuts_lose_nothing_that_matters(void **state)
{
	static const char *const kept[] = { "full-512", "the seed", "use quagga lanes", "spills eat the gain", "quagga by eight",
					    "row 7 is wrong", "engineer wants no threads" };
	struct run_state s;
	struct fixture f;
	size_t first = 0, k;
	int i;

	set_up(&f);
	make_state(&s);
	memory_note(&f.memory, "engineer wants no threads");
	memory_say(&f.memory, "begin");
	for (i = 0; i < 20; i++) {
		struct buf text = BUF_INIT;
		char *all;

		call(&f.memory, "c", "{\"command\":\"x\"}");
		memory_result(&f.memory, "c", "something long was said here that a bad summary forgets", false);
		report_brief(&text, &s, NULL, &f.memory.notes, BRIEF_FULL);
		buf_addstr(&text, "\nsummary: (the model forgot everything)\n");
		memory_restart(&f.memory, text.data);
		if (i % 3 == 0)
			resume(&f);
		all = dump(&f.memory.conversation);
		for (k = 0; k < ARRAY_LEN(kept); k++)
			assert_non_null(strstr(all, kept[k]));
		/* it does not grow from cut to cut */
		if (!first)
			first = strlen(all);
		assert_int_equal(strlen(all), first);
		assert_int_equal(f.memory.compactions, i + 1);
		free(all);
		buf_release(&text);
	}
	state_release(&s);
	tear_down(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_resumed_run_knows_what_was_said),
		cmocka_unit_test(a_call_cut_by_a_kill_is_answered),
		cmocka_unit_test(pruning_takes_the_old_and_spares_the_new),
		cmocka_unit_test(twenty_cuts_lose_nothing_that_matters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
