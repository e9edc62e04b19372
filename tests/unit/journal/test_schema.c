/* One list of what events hold: ARCHITECTURE.md says the same, and journals that were really written keep to it. */
#include "avo.h"
#include "base/buf.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/path.h"
#include "journal/record.h"
#include "journal/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static char *read_source(const char *name)
{
	char *path = path_join(AVO_SRCDIR, name);
	struct buf text = BUF_INIT;
	struct error err;

	if (path_read(&text, path, 16 << 20, &err) != AVO_OK)
		fail_msg("%s", err.text);
	free(path);
	return buf_detach(&text);
}

/* "[left:number]" as the table for people writes it: "[left]". */
static char *for_people(const char *member, size_t len)
{
	const char *colon = memchr(member, ':', len);

	if (!colon)
		return xstrndup(member, len);
	return xasprintf("%.*s%s", (int)(colon - member), member, member[0] == '[' ? "]" : "");
}

/* As a word of its own among those that are set as code. */
static bool row_has(const char *row, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = strstr(row, word); at; at = strstr(at + 1, word))
		if (at > row && strchr(" `", at[-1]) && strchr(" `", at[len]))
			return true;
	return false;
}

/* The rows of `memory` and `profile` tell their members in groups, with words between: there the brackets may be missing. */
static void assert_row(const char *table, const struct event_schema *s)
{
	char *start = xasprintf("\n| `%s` |", s->type), *row, *found = strstr(table, start);
	const char *list = s->members;
	bool prose = strcmp(s->type, "memory") == 0 || strcmp(s->type, "profile") == 0;

	if (!found)
		fail_msg("ARCHITECTURE.md has no row for the event %s", s->type);
	row = xstrndup(found + 1, strcspn(found + 1, "\n"));
	while (*list) {
		size_t len = strcspn(list, " ");
		char *word = for_people(list, len), *bare = xstrndup(word + 1, strlen(word) > 2 ? strlen(word) - 2 : 0);

		if (!row_has(row, word) && !(prose && row_has(row, bare)))
			fail_msg("ARCHITECTURE.md: the row of %s lacks %s", s->type, word);
		free(bare);
		free(word);
		list += len + strspn(list + len, " ");
	}
	free(row);
	free(start);
}

static void the_table_for_people_says_the_same(void **state)
{
	char *text = read_source("ARCHITECTURE.md"), *table = strstr(text, "### Journal events"), *end;
	const struct event_schema *s;
	size_t rows = 0, types = 0;
	const char *at;

	assert_non_null(table);
	end = strstr(table, "\n## ");
	assert_non_null(end);
	*end = '\0';
	for (s = journal_schema; s->type; s++, types++)
		assert_row(table, s);
	for (at = table; (at = strstr(at, "\n| `")) != NULL; at++)
		rows++;
	assert_int_equal(rows, types);
	free(text);
}

static void assert_journal(const char *name)
{
	char *text = read_source(name), *line, *save = NULL;
	int lines = 0;

	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++) {
		cJSON *event = NULL;
		struct error err = { 0 };

		assert_int_equal(json_parse(&event, line, strlen(line), &err), AVO_OK);
		if (journal_check_event(event, &err) != AVO_OK)
			fail_msg("%s: %s", name, err.text);
		cJSON_Delete(event);
	}
	assert_true(lines > 0);
	free(text);
}

static void a_run_on_hardware_keeps_to_it(void **state)
{
	assert_journal("tests/fixtures/h200-sm90a/journal.jsonl");
}

static void refused(const char *line, const char *why)
{
	cJSON *event = NULL;
	struct error err = { 0 };

	assert_int_equal(json_parse(&event, line, strlen(line), &err), AVO_OK);
	assert_int_equal(journal_check_event(event, &err), AVO_CORRUPT);
	if (!strstr(err.text, why))
		fail_msg("\"%s\" does not say \"%s\"", err.text, why);
	cJSON_Delete(event);
}

static void what_is_not_in_the_list_is_named(void **state)
{
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"surprise\"}", "no type of event \"surprise\"");
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"pending\"}", "lacks \"attempt\"");
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"pending\",\"attempt\":7}", "\"attempt\" is no a");
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"pending\",\"attempt\":\"v7\"}", "\"attempt\" is no a");
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"pending\",\"attempt\":\"a7\",\"column\":1}", "1 members that are in no table");
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"warning\",\"text\":[]}", "\"text\" is no text");
	refused("{\"seq\":1,\"t\":\"x\",\"type\":\"attempt-scored\",\"attempt\":\"a1\",\"verdict\":\"passed\",\"decision\":\"improved\"}", "lacks \"ratio\"");
}

/* The workbench, the command line and the agent say it alike, by the names that a worker writes. */
static void a_wrong_element_has_one_sentence(void **state)
{
	static const char check[] = "{\"batch\":1,\"head\":3,\"row\":511,\"element\":5,\"expected\":0.25,\"got\":null}";
	cJSON *c = NULL;
	struct buf text = BUF_INIT;

	assert_int_equal(json_parse(&c, check, strlen(check), NULL), AVO_OK);
	assert_true(record_worst_element(&text, c));
	assert_string_equal(buf_cstr(&text), "batch 1, head 3, row 511, element 5: expected 0.25, got nan");
	buf_clear(&text);
	cJSON_DeleteItemFromObject(c, "element");
	assert_true(record_worst_element(&text, c));
	assert_string_equal(buf_cstr(&text), "batch 1, head 3, row 511: expected 0.25, got nan");
	cJSON_DeleteItemFromObject(c, "row");
	assert_false(record_worst_element(&text, c));
	buf_release(&text);
	cJSON_Delete(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_for_people_says_the_same),
		cmocka_unit_test(a_run_on_hardware_keeps_to_it),
		cmocka_unit_test(what_is_not_in_the_list_is_named),
		cmocka_unit_test(a_wrong_element_has_one_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
