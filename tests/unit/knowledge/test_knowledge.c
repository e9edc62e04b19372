/* The knowledge base: what is added is found by words, headings and symbols, and survives the loss of its cache. */
#include "avo.h"
#include "base/clock.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "knowledge/knowledge.h"
#include "knowledge/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

static char *dir, *avo_dir;

static int make_dirs(void **state)
{
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	if (path_temp_dir(&dir, "/tmp", "avo-knowledge-", NULL) != AVO_OK)
		return -1;
	avo_dir = path_join(dir, ".avo");
	return mkdir(avo_dir, 0700);
}

static int remove_dirs(void **state)
{
	path_remove_tree(dir, NULL);
	free(dir);
	free(avo_dir);
	return 0;
}

static char *put(const char *name, const char *text)
{
	char *path = path_join(dir, name);

	assert_int_equal(path_write_atomic(path, text, strlen(text), 0644, NULL), AVO_OK);
	return path;
}

static struct knowledge *open_base(void)
{
	struct knowledge *k;
	struct error err = { 0 };

	if (knowledge_open(&k, avo_dir, &err) != AVO_OK)
		fail_msg("%s", err.text);
	return k;
}

static void add(struct knowledge *k, const char *source, struct knowledge_report *r)
{
	struct error err = { 0 };

	if (knowledge_add(r, k, source, &err) != AVO_OK)
		fail_msg("%s", err.text);
}

/* The place and heading of the best hit for a query. */
static char *best(struct knowledge *k, const char *query)
{
	struct knowledge_hit *hits;
	char *answer = NULL;
	size_t n;

	assert_int_equal(knowledge_search(&hits, &n, k, query, 5, NULL), AVO_OK);
	if (n)
		answer = xasprintf("%s [%s]", hits[0].heading, path_basename(hits[0].place));
	knowledge_hits_free(hits, n);
	return answer ? answer : xstrdup("nothing");
}

#define ASSERT_BEST(k, query, want) do { char *got_ = best(k, query); assert_string_equal(got_, want); free(got_); } while (0)

static void sections_are_found_by_heading_symbol_and_words(void **state)
{
	static const char notes[] = "# Zebra notes\n\nIntro about quagga.\n\n## Stripes\n\nThe zorilla has stripes, told by frobnicate.\n"
		"```\n# not a heading xylograph\n```\n## Hooves\n\nCloven or not.\n";
	static const char code[] = "#include <x.h>\n\nint frobnicate_tile(int a)\n{\n\treturn a;\n}\n";
	char *md = put("notes.md", notes), *c = put("kernel.cu", code);
	char *html = put("page.html", "<html><title>t</title><script>var quetzal=1;</script><h1>Ibex &amp; goat</h1><p>Climbs<br>rocks &#252;ber alles</p></html>");
	struct knowledge *k = open_base();
	struct knowledge_report r;

	add(k, md, &r);
	assert_int_equal(r.documents, 1);
	assert_int_equal(r.sections, 3);
	add(k, c, &r);
	add(k, html, &r);
	ASSERT_BEST(k, "zorilla", "Zebra notes > Stripes [notes.md:5]");
	ASSERT_BEST(k, "what about the xylograph?", "Zebra notes > Stripes [notes.md:5]");
	ASSERT_BEST(k, "frobnicate_tile", "frobnicate_tile [kernel.cu:1]");
	ASSERT_BEST(k, "ibex goat", "Ibex & goat [page.html:2]");
	ASSERT_BEST(k, "quetzal", "nothing");
	/* nothing of FTS5's own syntax gets through */
	ASSERT_BEST(k, "zorilla\" OR NEAR( * ^ title:", "Zebra notes > Stripes [notes.md:5]");
	add(k, md, &r);
	assert_int_equal(r.unchanged, 1);
	assert_int_equal(r.documents, 0);
	knowledge_close(k);
	free(md);
	free(c);
	free(html);
}

static void avos_own_notes_are_there(void **state)
{
	struct knowledge *k = open_base();
	struct knowledge_hit *hits;
	struct buf text = BUF_INIT;
	size_t n;

	assert_int_equal(knowledge_search(&hits, &n, k, "avo_attention", 3, NULL), AVO_OK);
	assert_true(n > 0);
	assert_int_equal(knowledge_read(&text, k, hits[0].section, NULL), AVO_OK);
	assert_non_null(strstr(text.data, hits[0].place));
	assert_int_equal(knowledge_read(&text, k, 99999999, NULL), AVO_NEGATIVE);
	knowledge_hits_free(hits, n);
	buf_release(&text);
	knowledge_close(k);
}

static void a_lost_or_damaged_cache_is_built_again(void **state)
{
	char *md = put("keep.md", "# Okapi\n\nforest giraffe\n"), *db = path_join(avo_dir, "knowledge.db");
	struct knowledge *k = open_base();
	struct knowledge_report r;

	add(k, md, &r);
	knowledge_close(k);
	unlink(db);
	k = open_base();
	ASSERT_BEST(k, "okapi", "Okapi [keep.md:1]");
	knowledge_close(k);
	assert_int_equal(path_write_atomic(db, "this is no database at all, just words........", 46, 0600, NULL), AVO_OK);
	k = open_base();
	ASSERT_BEST(k, "okapi", "Okapi [keep.md:1]");
	knowledge_close(k);
	free(md);
	free(db);
}

static void what_vanished_from_a_folder_is_forgotten(void **state)
{
	char *folder = path_join(dir, "folder"), *one, *bin;
	struct knowledge *k = open_base();
	struct knowledge_report r;

	mkdir(folder, 0755);
	one = put("folder/one.txt", "the axolotl text");
	free(put("folder/two.txt", "the pangolin text"));
	bin = put("folder/bin.txt", "x");
	assert_int_equal(path_write_atomic(bin, "a\0b", 3, 0644, NULL), AVO_OK);
	free(put("folder/.hidden.txt", "the narwhal text"));
	add(k, folder, &r);
	assert_int_equal(r.documents, 2);
	assert_int_equal(r.skipped, 1);
	ASSERT_BEST(k, "narwhal", "nothing");
	unlink(one);
	add(k, folder, &r);
	assert_int_equal(r.removed, 1);
	ASSERT_BEST(k, "axolotl", "nothing");
	ASSERT_BEST(k, "pangolin", " [two.txt:1]");
	knowledge_close(k);
	free(folder);
	free(one);
	free(bin);
}

static void a_git_repository_is_cloned_and_indexed(void **state)
{
	char *script = xasprintf("cd %s && git init -q repo && cd repo && echo 'void aardvark_kernel(int x) {' > a.cu && git add . && "
				 "git -c user.name=t -c user.email=t@t commit -qm x", dir);
	const char *argv[] = { "/bin/sh", "-c", script, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result;
	struct buf out = BUF_INIT;
	char *url = xasprintf("file://%s/repo", dir);
	struct knowledge *k = open_base();
	struct knowledge_report r;
	struct error err = { 0 };

	spec.argv = argv;
	assert_int_equal(child_run(&result, &out, &spec, 20000, NULL), AVO_OK);
	assert_int_equal(result.wait_status, 0);
	add(k, url, &r);
	assert_int_equal(r.documents, 1);
	ASSERT_BEST(k, "aardvark_kernel", "aardvark_kernel [a.cu:1]");
	assert_int_equal(knowledge_add(&r, k, "/does/not/exist", &err), AVO_ENVIRONMENT);
	knowledge_close(k);
	buf_release(&out);
	free(script);
	free(url);
}

static void count_section(void *arg, const struct section *s)
{
	assert_true(s->len <= SECTION_MAX_BYTES + 1);
	++*(int *)arg;
}

static void no_document_makes_an_endless_section(void **state)
{
	static const enum text_kind kinds[] = { TEXT_PROSE, TEXT_MARKDOWN, TEXT_CODE, TEXT_PAGES };
	struct buf text = BUF_INIT;
	size_t i;

	for (i = 0; i < 20000; i++)
		buf_printf(&text, "word%zu%s", i, i % 50 == 0 ? "\f" : i % 11 ? " " : "\n");
	for (i = 0; i < 40000; i++)
		buf_addch(&text, 'y');
	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		struct buf title = BUF_INIT;
		int n = 0;

		split_document(kinds[i], text.data, text.len, &title, count_section, &n);
		assert_true(n > 10);
		buf_release(&title);
	}
	buf_release(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sections_are_found_by_heading_symbol_and_words, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(avos_own_notes_are_there, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(a_lost_or_damaged_cache_is_built_again, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(what_vanished_from_a_folder_is_forgotten, make_dirs, remove_dirs),
		cmocka_unit_test_setup_teardown(a_git_repository_is_cloned_and_indexed, make_dirs, remove_dirs),
		cmocka_unit_test(no_document_makes_an_endless_section),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
