#include "avo.h"
#include "base/mem.h"
#include "ui/input.h"
#include "ui/keys.h"
#include "ui/prompt.h"
#include "ui/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void type(struct input *in, const char *bytes)
{
	assert_int_equal(input_feed(in, bytes, strlen(bytes)), strlen(bytes));
}

static void sequences_become_keys(void **state)
{
	struct input in = { 0 };

	type(&in, "j\033[A\033OB\033[5~\033[Zé");
	assert_int_equal(input_next(&in, false), 'j');
	assert_int_equal(input_next(&in, false), KEY_ARROW_UP);
	assert_int_equal(input_next(&in, false), KEY_ARROW_DOWN);
	assert_int_equal(input_next(&in, false), KEY_PAGE_UP);
	assert_int_equal(input_next(&in, false), KEY_SHIFT_TAB);
	assert_int_equal(input_next(&in, false), 0xe9);
	assert_int_equal(input_next(&in, false), KEY_NONE);
	assert_false(input_waits(&in));
}

static void a_lone_escape_waits_until_nothing_follows(void **state)
{
	struct input in = { 0 };

	type(&in, "\033");
	assert_int_equal(input_next(&in, false), KEY_NONE);
	assert_true(input_waits(&in));
	assert_int_equal(input_next(&in, true), KEY_ESCAPE);
	type(&in, "\033");
	assert_int_equal(input_next(&in, false), KEY_NONE);
	type(&in, "[A");
	assert_int_equal(input_next(&in, false), KEY_ARROW_UP);
	type(&in, "\033j");
	assert_int_equal(input_next(&in, false), KEY_ESCAPE);
	assert_int_equal(input_next(&in, false), 'j');
}

static void the_terminals_own_sequences_come_first(void **state)
{
	struct input in = { 0 };

	in.sequences[KEY_TO_HOME - KEY_FIRST_SPECIAL] = "\033[[weird";
	type(&in, "\033[[weird");
	assert_int_equal(input_next(&in, false), KEY_TO_HOME);
}

static void unknown_sequences_type_nothing(void **state)
{
	struct input in = { 0 };

	type(&in, "\033[38;5;12mx\033[200~y");
	assert_int_equal(input_next(&in, false), KEY_UNKNOWN);
	assert_int_equal(input_next(&in, false), 'x');
	assert_int_equal(input_next(&in, false), KEY_UNKNOWN);
	assert_int_equal(input_next(&in, false), 'y');
}

static void any_bytes_end_in_finite_keys(void **state)
{
	struct input in = { 0 };
	unsigned seed = 1, i, k;

	for (i = 0; i < 20000; i++) {
		char byte;

		seed = seed * 1103515245 + 12345;
		byte = (char)(seed >> 16);
		if (seed >> 28 < 5)
			byte = "\033[O~A5"[seed >> 24 & 3];
		input_feed(&in, &byte, 1);
		for (k = 0; input_next(&in, i % 7 == 0) != KEY_NONE; k++)
			assert_true(k < 512);
	}
	assert_true(input_feed(&in, "x", 1) == 1);
}

static void key_labels_read_back(void **state)
{
	static const char *const labels[] = { "j", "G", "<C-d>", "<Tab>", "<S-Tab>", "<Enter>", "<Esc>", "<Space>", "<PageUp>", "<lt>", "é" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(labels); i++) {
		const char *s = labels[i];

		assert_true(key_parse(&s) != KEY_NONE);
		assert_string_equal(s, "");
	}
	{
		const char *bad = "<Nope>";
		char out[KEY_NAME_SIZE];

		assert_true(key_parse(&bad) == KEY_NONE);
		assert_string_equal(key_label(out, 'D' - '@'), "^D");
		assert_string_equal(key_label(out, ' '), "Space");
		assert_string_equal(key_label(out, '<'), "<");
	}
}

static void bind(struct keymap *k, const char *context, const char *key, const char *command)
{
	char *argv[] = { (char *)"bind", (char *)context, (char *)key, (char *)command };
	struct error err;

	assert_int_equal(keymap_bind(k, 4, argv, &err), AVO_OK);
}

static void a_view_may_give_a_key_its_own_meaning(void **state)
{
	struct keymap k = { 0 };
	char *bad[] = { (char *)"bind", (char *)"generic", (char *)"x", (char *)"explode" };
	struct error err;

	bind(&k, "generic", "d", "diff");
	bind(&k, "diff", "d", "half-down");
	assert_string_equal(keymap_lookup(&k, "lineage", 'd'), "diff");
	assert_string_equal(keymap_lookup(&k, "diff", 'd'), "half-down");
	assert_int_equal(keymap_key(&k, "lineage", REQ_DIFF), 'd');
	assert_int_equal(keymap_key(&k, "diff", REQ_DIFF), KEY_NONE);
	bind(&k, "generic", "d", "none");
	assert_null(keymap_lookup(&k, "lineage", 'd'));
	assert_int_equal(keymap_bind(&k, 4, bad, &err), AVO_USAGE);
	assert_non_null(strstr(err.text, "explode"));
	keymap_release(&k);
}

/* No function key, Alt or Ctrl-Shift may be the only way to anything; approving hangs on no key that is hit by accident. */
static void the_built_in_keys_are_complete(void **state)
{
	static const char *const must[] = { "step", "action", "continue", "approve", "reject", "message", "quit", "help", "diff", "mark", "search" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(must); i++) {
		char line[64];

		snprintf(line, sizeof(line), " %s\n", must[i]);
		assert_non_null(strstr(keys_default_rc, line));
		assert_true(request_parse(must[i]) != REQ_NONE);
	}
	assert_null(strstr(keys_default_rc, "<Enter>  approve"));
	assert_null(strstr(keys_default_rc, "<Space>  approve"));
	for (i = 1; i < REQ_COUNT; i++)
		assert_true(strlen(request_info((enum request)i)->help) >= 8);
}

/* --- the prompt --- */

static void keys_into(struct prompt *p, const char *keys)
{
	while (*keys)
		prompt_key(p, key_parse(&keys), NULL, NULL);
}

static void the_prompt_edits_a_line(void **state)
{
	struct prompt p = { 0 };

	prompt_open(&p, PROMPT_COMMAND, ":", "");
	keys_into(&p, "hello wrld<Left><Left><Left>o<Home>X<End>!");
	assert_string_equal(p.text, "Xhello world!");
	keys_into(&p, "<C-w>");
	assert_string_equal(p.text, "Xhello ");
	keys_into(&p, "é<BS><BS><C-a><Del>");
	assert_string_equal(p.text, "hello");
	keys_into(&p, "<End><C-u>");
	assert_string_equal(p.text, "");
	assert_int_equal(prompt_key(&p, KEY_RUBOUT, NULL, NULL), PROMPT_CANCELLED);
	prompt_release(&p);
}

static void the_prompt_remembers(void **state)
{
	struct prompt p = { 0 };
	const char *lines[] = { "one", "two", "two" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(lines); i++) {
		prompt_open(&p, PROMPT_COMMAND, ":", "");
		keys_into(&p, lines[i]);
		assert_int_equal(prompt_key(&p, KEY_RETURN, NULL, NULL), PROMPT_DONE);
		prompt_close(&p);
	}
	prompt_open(&p, PROMPT_COMMAND, ":", "");
	keys_into(&p, "thr<Up>");
	assert_string_equal(p.text, "two");
	keys_into(&p, "<Up><Up><Up>");
	assert_string_equal(p.text, "one");
	keys_into(&p, "<Down><Down>");
	assert_string_equal(p.text, "thr");
	prompt_open(&p, PROMPT_SEARCH, "/", "");
	keys_into(&p, "<Up>");
	assert_string_equal(p.text, "");
	prompt_release(&p);
}

static int some_names(void *arg, const char *line, size_t word_start, char *out, size_t size, int which)
{
	static const char *const names[] = { "save-display", "save-view", "search" };

	if (which >= 3)
		return 0;
	snprintf(out, size, "%s", names[which]);
	return 1;
}

static void the_prompt_completes_what_is_common(void **state)
{
	struct prompt p = { 0 };

	prompt_open(&p, PROMPT_COMMAND, ":", "");
	keys_into(&p, "sa");
	prompt_key(&p, KEY_TAB, some_names, NULL);
	assert_string_equal(p.text, "save-");
	keys_into(&p, "v");
	prompt_key(&p, KEY_TAB, some_names, NULL);
	assert_string_equal(p.text, "save-view ");
	prompt_release(&p);
}

static void only_y_confirms(void **state)
{
	struct prompt p = { 0 };
	uint32_t key;

	for (key = 1; key < 0x250; key++) {
		prompt_open(&p, PROMPT_CONFIRM, "sure?", "");
		assert_int_equal(prompt_key(&p, key, NULL, NULL), key == 'y' || key == 'Y' ? PROMPT_DONE : PROMPT_CANCELLED);
	}
	prompt_release(&p);
}

static void a_long_line_is_bounded(void **state)
{
	struct prompt p = { 0 };
	int i;

	prompt_open(&p, PROMPT_TEXT, "", "");
	for (i = 0; i < 5000; i++)
		prompt_key(&p, 0x6f22, NULL, NULL);
	assert_true(p.len < PROMPT_MAX && p.len > PROMPT_MAX - 4);
	prompt_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sequences_become_keys),
		cmocka_unit_test(a_lone_escape_waits_until_nothing_follows),
		cmocka_unit_test(the_terminals_own_sequences_come_first),
		cmocka_unit_test(unknown_sequences_type_nothing),
		cmocka_unit_test(any_bytes_end_in_finite_keys),
		cmocka_unit_test(key_labels_read_back),
		cmocka_unit_test(a_view_may_give_a_key_its_own_meaning),
		cmocka_unit_test(the_built_in_keys_are_complete),
		cmocka_unit_test(the_prompt_edits_a_line),
		cmocka_unit_test(the_prompt_remembers),
		cmocka_unit_test(the_prompt_completes_what_is_common),
		cmocka_unit_test(only_y_confirms),
		cmocka_unit_test(a_long_line_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
