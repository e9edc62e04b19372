/* The tools: what they do, and that a model which calls them wrongly is told how to do better. */
#include "avo.h"
#include "agent/edit.h"
#include "agent/prompts.h"
#include "agent/report.h"
#include "agent/tools.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

struct fixture {
	struct loop *loop;
	struct run_state state;
	struct toolbox box;
	char *dir;
	struct buf answer;
	bool answered, is_error;
	char *submitted;
};

static void take_answer(void *arg, const char *id, const char *text, bool is_error)
{
	struct fixture *f = arg;

	assert_false(f->answered);
	assert_string_equal(id, "call_1");
	f->answered = true;
	f->is_error = is_error;
	buf_clear(&f->answer);
	buf_addstr(&f->answer, text);
}

static bool no_evaluate(void *arg, const char *title, const char *why_changed, int direction, bool again, const char **why)
{
	*why = "not in this test";
	return false;
}

static bool no_profile(void *arg, const char *what, const char *case_name, const char *against, bool again, const char **why)
{
	*why = "not in this test";
	return false;
}

static int open_direction(void *arg, const char *title, const char *hypothesis, const char *expected)
{
	return 7;
}

static void close_direction(void *arg, int direction, enum direction_state s, const char *outcome)
{
}

static int add_note(void *arg, const char *text)
{
	return 4;
}

static bool remove_note(void *arg, int number)
{
	return number == 4;
}

static void take_submit(void *arg, const char *summary)
{
	struct fixture *f = arg;

	f->submitted = xstrdup(summary);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	if (path_temp_dir(&f->dir, "/var/tmp", "avo-tools-", NULL) != AVO_OK || loop_new(&f->loop, NULL) != AVO_OK)
		return -1;
	state_init(&f->state);
	f->box = (struct toolbox){ .loop = f->loop, .state = &f->state, .answer = take_answer, .answer_arg = f };
	f->box.run_dir = xstrdup(f->dir);
	f->box.work_dir = path_join(f->dir, "work");
	f->box.temp_dir = path_join(f->dir, "tmp");
	f->box.blob_dir = path_join(f->dir, "blobs");
	path_mkdirs(f->box.work_dir, 0700, NULL);
	path_mkdirs(f->box.temp_dir, 0700, NULL);
	path_mkdirs(f->box.blob_dir, 0700, NULL);
	f->box.port = (struct tool_port){ f, no_evaluate, no_profile, open_direction, close_direction, add_note, remove_note, take_submit };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	toolbox_stop(&f->box);
	loop_free(f->loop);
	state_release(&f->state);
	path_remove_tree(f->dir, NULL);
	free(f->box.run_dir);
	free(f->box.work_dir);
	free(f->box.temp_dir);
	free(f->box.blob_dir);
	free(f->dir);
	free(f->submitted);
	buf_release(&f->answer);
	free(f);
	return 0;
}

static const char *run_cut(struct fixture *f, const char *name, const char *input, bool cut)
{
	struct block use = { .kind = BLOCK_TOOL_USE, .id = (char *)"call_1", .name = (char *)name, .input = (char *)input, .cut = cut };
	int64_t give_up = clock_mono_ms() + 30000;

	f->answered = false;
	toolbox_run(&f->box, &use);
	while (!f->answered && clock_mono_ms() < give_up)
		loop_once(f->loop, 100);
	assert_true(f->answered);
	return buf_cstr(&f->answer);
}

static const char *run(struct fixture *f, const char *name, const char *input)
{
	return run_cut(f, name, input, false);
}

#define ASSERT_HAS(text, piece) do { if (!strstr(text, piece)) fail_msg("'%s' is not in: %s", piece, text); } while (0)

static void files_are_written_read_and_edited(void **state)
{
	struct fixture *f = *state;

	ASSERT_HAS(run(f, "write", "{\"path\":\"sub/a.c\",\"content\":\"one\\ntwo\\nthree\\n\"}"), "written");
	assert_false(f->is_error);
	ASSERT_HAS(run(f, "read", "{\"path\":\"sub/a.c\",\"from\":2,\"lines\":1}"), "    2  two\n[the file has 3 lines; read on from 3]");
	ASSERT_HAS(run(f, "edit", "{\"path\":\"sub/a.c\",\"old\":\"two\\n\",\"new\":\"2\\n\"}"), "1 place.");
	ASSERT_HAS(run(f, "read", "{\"path\":\"sub/a.c\"}"), "    2  2\n");
	ASSERT_HAS(run(f, "read", "{\"path\":\"sub\"}"), "a.c");
	ASSERT_HAS(run(f, "read", "{\"path\":\"missing.c\"}"), "missing.c");
	assert_true(f->is_error);
}

static void nothing_outside_the_working_directory_is_touched(void **state)
{
	static const char *const places[] = { "../x", "/etc/passwd", "link/passwd", "", "/etc/../etc/shadow" };
	struct fixture *f = *state;
	char *link = path_join(f->box.work_dir, "link"), input[128];
	size_t i;

	assert_int_equal(symlink("/etc", link), 0);
	for (i = 0; i < ARRAY_LEN(places); i++) {
		snprintf(input, sizeof(input), "{\"path\":\"%s\",\"content\":\"x\"}", places[i]);
		run(f, "write", input);
		assert_true(f->is_error);
		snprintf(input, sizeof(input), "{\"path\":\"%s\"}", places[i]);
		run(f, "read", input);
		assert_true(f->is_error);
	}
	free(link);
}

static void wrong_calls_get_words_to_act_on(void **state)
{
	struct fixture *f = *state;

	ASSERT_HAS(run(f, "compile", "{}"), "The tools are: read, write, edit, shell");
	ASSERT_HAS(run(f, "edit", "{\"path\":\"a\",\"colour\":1}"), "'old' is missing; 'new' is missing; 'colour' is not an argument");
	ASSERT_HAS(run(f, "read", "{\"path\":5}"), "'path' must be of type string");
	ASSERT_HAS(run(f, "read", "[1]"), "JSON object");
	ASSERT_HAS(run(f, "read", "{\"path\":\"a"), "not JSON");
	ASSERT_HAS(run_cut(f, "write", "{\"path\":\"a.c\",\"content\":\"half", true), "smaller pieces");
	ASSERT_HAS(run(f, "evaluate", "{\"title\":\"x\"}"), "not in this test");
	assert_true(f->is_error);
	ASSERT_HAS(run(f, "direction", "{\"action\":\"close\",\"direction\":9,\"state\":\"failed\"}"), "no open direction 9");
	ASSERT_HAS(run(f, "direction", "{\"action\":\"open\",\"title\":\"x\"}"), "d7 is open");
	ASSERT_HAS(run(f, "note", "{\"forget\":5}"), "no note 5");
	ASSERT_HAS(run(f, "submit", "{\"summary\":\"\"}"), "summary");
	assert_null(f->submitted);
	run(f, "submit", "{\"summary\":\"done\"}");
	assert_string_equal(f->submitted, "done");
	ASSERT_HAS(run(f, "search_knowledge", "{\"query\":\"x\"}"), "knowledge base");
}

static void the_shell_answers_with_what_happened(void **state)
{
	struct fixture *f = *state;

	ASSERT_HAS(run(f, "shell", "{\"command\":\"echo hello; echo err >&2; exit 3\"}"), "exit status 3");
	ASSERT_HAS(buf_cstr(&f->answer), "hello\nerr");
	assert_false(f->is_error);
	ASSERT_HAS(run(f, "shell", "{\"command\":\"printf 'a\\\\033[31mb\\\\000c'\"}"), "abc");
	ASSERT_HAS(run(f, "shell", "{\"command\":\"sleep 20\",\"timeout_s\":1}"), "killed at its timeout");
	ASSERT_HAS(run(f, "shell", "{\"command\":\"echo x > file.txt && cat file.txt\"}"), "x");
}

static void the_shell_does_not_wait_for_what_it_left_behind(void **state)
{
	struct fixture *f = *state;
	int64_t start = clock_mono_ms();

	ASSERT_HAS(run(f, "shell", "{\"command\":\"setsid sleep 25 & sleep 25 & echo started\"}"), "started");
	assert_true(clock_mono_ms() - start < 10000);
}

static void long_output_keeps_head_and_tail(void **state)
{
	struct fixture *f = *state;
	const char *text = run(f, "shell", "{\"command\":\"i=0; while [ $i -lt 9000 ]; do echo line-$i; i=$((i+1)); done\"}");

	ASSERT_HAS(text, "line-0\n");
	ASSERT_HAS(text, "line-8999\n");
	ASSERT_HAS(text, "bytes left out");
	assert_true(strlen(text) < TOOL_INLINE_MAX + 1000);
}

static void background_jobs_are_asked_for_and_stopped(void **state)
{
	struct fixture *f = *state;

	ASSERT_HAS(run(f, "shell", "{\"command\":\"echo begun; sleep 30\",\"background\":true}"), "job 1 runs");
	while (!strstr(run(f, "shell", "{\"job\":1}"), "begun"))
		loop_once(f->loop, 20);
	ASSERT_HAS(buf_cstr(&f->answer), "still runs");
	ASSERT_HAS(run(f, "shell", "{\"job\":1,\"stop\":true}"), "begun");
	ASSERT_HAS(run(f, "shell", "{\"job\":9}"), "no such job");
}

static void a_look_at_a_job_can_wait_for_its_end(void **state)
{
	struct fixture *f = *state;

	ASSERT_HAS(run(f, "shell", "{\"command\":\"until test -e go; do sleep 0.02; done; echo gone\",\"background\":true}"), "job 1 runs");
	ASSERT_HAS(run(f, "shell", "{\"job\":1,\"timeout_s\":1}"), "[job 1 still runs");
	ASSERT_HAS(run(f, "shell", "{\"command\":\"sleep 0.3; touch go\",\"background\":true}"), "job 2 runs");
	ASSERT_HAS(run(f, "shell", "{\"job\":1,\"timeout_s\":500}"), "gone");
	ASSERT_HAS(buf_cstr(&f->answer), "[exit status 0");
	ASSERT_HAS(run(f, "shell", "{\"job\":1,\"timeout_s\":500}"), "gone");
}

static void the_shell_knows_no_secrets(void **state)
{
	struct fixture *f = *state;
	const char *text;

	setenv("AVO_TEST_TOKEN", "sk-0123456789-secret", 1);
	text = run(f, "shell", "{\"command\":\"env; echo end\"}");
	assert_null(strstr(text, "sk-0123456789"));
	/* and what it does get hold of is taken out of its answer */
	log_redact("sk-0123456789-secret");
	text = run(f, "shell", "{\"command\":\"echo sk-0123456789-secret\"}");
	assert_null(strstr(text, "sk-0123456789"));
	ASSERT_HAS(text, "[redacted]");
}

static void assert_edit(const char *text, const char *old, const char *fresh, enum edit_scope scope, enum avo_status want, const char *words)
{
	struct buf out = BUF_INIT;
	struct error err = { 0 };
	int n;

	assert_int_equal(edit_replace(&out, &n, text, strlen(text), old, fresh, scope, &err), want);
	ASSERT_HAS(want == AVO_OK ? buf_cstr(&out) : err.text, words);
	buf_release(&out);
}

static void an_edit_that_misses_says_what_is_there(void **state)
{
	static const char text[] = "int a;\n\tfor (int i = 0; i < n; i++)\n\t\tsum += x[i];\nint a;\n";

	assert_edit(text, "sum += x[i]", "sum -= x[i]", EDIT_ONE, AVO_OK, "\t\tsum -= x[i];");
	assert_edit(text, "int a;", "int b;", EDIT_ONE, AVO_NEGATIVE, "2 times, at lines 1, 4");
	assert_edit(text, "int a;", "int b;", EDIT_ALL, AVO_OK, "int b;\n\tfor");
	assert_edit(text, "    for (int i = 0; i < n; i++)", "x", EDIT_ONE, AVO_NEGATIVE, "line 2 differs only in white space");
	assert_edit(text, "for (int i = 0; i < m; ++i)", "x", EDIT_ONE, AVO_NEGATIVE, "most alike is line 2");
	assert_edit(text, "completely different words", "x", EDIT_ONE, AVO_NEGATIVE, "nor anything like it");
	assert_edit(text, "", "x", EDIT_ONE, AVO_USAGE, "empty");
	assert_edit(text, "int a;", "int a;", EDIT_ALL, AVO_USAGE, "same");
}

static void counters_are_compared_and_absent_ones_are_not_zero(void **state)
{
	cJSON *now = cJSON_Parse("{\"counters\":[{\"id\":\"t\",\"label\":\"tensor pipe\",\"group\":\"pipes\",\"unit\":\"%\",\"value\":60},"
				 "{\"id\":\"x\",\"label\":\"exponentials\",\"group\":\"pipes\",\"unit\":\"%\",\"value\":null}],"
				 "\"activity\":[{\"kernel\":\"attend\",\"us\":12.5,\"registers\":168}]}");
	cJSON *before = cJSON_Parse("{\"counters\":[{\"id\":\"t\",\"value\":50}]}");
	struct buf out = BUF_INIT;

	report_profile(&out, now, before, "v3");
	ASSERT_HAS(out.data, "(second number: v3)");
	ASSERT_HAS(out.data, "60 %                    50  x1.200");
	ASSERT_HAS(out.data, "not available");
	ASSERT_HAS(out.data, "attend: us 12.5 registers 168");
	buf_release(&out);
	cJSON_Delete(now);
	cJSON_Delete(before);
}

static void every_tool_is_described_by_a_valid_schema(void **state)
{
	size_t i;

	for (i = 0; i < agent_tool_count; i++) {
		const struct tool *t = &agent_tools[i];
		cJSON *schema = cJSON_Parse(t->schema);
		const cJSON *item;

		assert_non_null(schema);
		assert_string_equal(json_str(schema, "type", ""), "object");
		cJSON_ArrayForEach(item, json_arr(schema, "required"))
			assert_non_null(json_get(json_obj(schema, "properties"), item->valuestring));
		cJSON_ArrayForEach(item, json_obj(schema, "properties"))
			assert_non_null(json_str(item, "type", NULL));
		assert_ptr_equal(tool_find(t->name), t);
		cJSON_Delete(schema);
	}
}

static void put_prompt(struct fixture *f, const char *dir, const char *text)
{
	char *place = path_join(f->dir, dir), *file = path_join(place, "system.md");

	assert_int_equal(path_mkdirs(place, 0700, NULL), AVO_OK);
	assert_int_equal(path_write_atomic(file, text, strlen(text), 0600, NULL), AVO_OK);
	free(file);
	free(place);
}

static void prompts_come_from_no_place_of_a_candidate(void **state)
{
	struct fixture *f = *state;
	struct error err;
	char *text;

	put_prompt(f, "prompts", "a candidate's words");
	assert_int_equal(prompt_load(&text, f->dir, "system", &err), AVO_OK);
	assert_null(strstr(text, "a candidate's words"));
	free(text);
	put_prompt(f, ".avo/prompts", "the engineer's words");
	assert_int_equal(prompt_load(&text, f->dir, "system", &err), AVO_OK);
	assert_string_equal(text, "the engineer's words");
	free(text);
}

int main(void)
{
#define WITH_BOX(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_BOX(files_are_written_read_and_edited),
		WITH_BOX(nothing_outside_the_working_directory_is_touched),
		WITH_BOX(prompts_come_from_no_place_of_a_candidate),
		WITH_BOX(wrong_calls_get_words_to_act_on),
		WITH_BOX(the_shell_answers_with_what_happened),
		WITH_BOX(the_shell_does_not_wait_for_what_it_left_behind),
		WITH_BOX(long_output_keeps_head_and_tail),
		WITH_BOX(background_jobs_are_asked_for_and_stopped),
		WITH_BOX(a_look_at_a_job_can_wait_for_its_end),
		WITH_BOX(the_shell_knows_no_secrets),
		cmocka_unit_test(an_edit_that_misses_says_what_is_there),
		cmocka_unit_test(counters_are_compared_and_absent_ones_are_not_zero),
		cmocka_unit_test(every_tool_is_described_by_a_valid_schema),
	};

	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
