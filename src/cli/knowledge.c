#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "engine/engine.h"
#include "knowledge/knowledge.h"

/* knowledge: what the operator can look up. */

static int open_base(struct knowledge **out, const struct cli_call *call)
{
	struct error err = { 0 };
	char *run = NULL, *avo_dir;
	enum avo_status st = run_find(&run, cli_value(call, "run"), &err);

	if (st == AVO_OK) {
		avo_dir = path_join(run, ".avo");
		st = knowledge_open(out, avo_dir, &err);
		free(avo_dir);
	}
	free(run);
	return st == AVO_OK ? 0 : cli_fail(call, &err);
}

static int add(const struct cli_call *call, struct knowledge *k)
{
	struct knowledge_report r;
	struct error err = { 0 };
	int i;

	if (call->argc < 2)
		return cli_usage(call, "add needs a file, a folder or the address of a git repository");
	for (i = 1; i < call->argc; i++) {
		if (knowledge_add(&r, k, call->argv[i], &err) != AVO_OK)
			return cli_fail(call, &err);
		if (call->global->json) {
			cJSON *line = cJSON_CreateObject();

			json_set_str(line, "source", call->argv[i]);
			json_set_int(line, "documents", r.documents);
			json_set_int(line, "sections", r.sections);
			json_set_int(line, "unchanged", r.unchanged);
			json_set_int(line, "removed", r.removed);
			json_set_int(line, "skipped", r.skipped);
			cli_print_json(line);
		} else {
			printf("%s: %d documents in %d sections, %d unchanged, %d removed, %d skipped\n", call->argv[i],
			       r.documents, r.sections, r.unchanged, r.removed, r.skipped);
		}
	}
	return 0;
}

static void print_hit(const struct cli_call *call, const struct knowledge_hit *h)
{
	if (call->global->json) {
		cJSON *line = cJSON_CreateObject();

		json_set_int(line, "section", h->section);
		json_set_str(line, "title", h->title);
		json_set_str(line, "heading", h->heading);
		json_set_str(line, "place", h->place);
		json_set_str(line, "snippet", h->snippet);
		json_set_num(line, "rank", h->rank);
		cli_print_json(line);
		return;
	}
	printf("%s%lld%s  ", cli_paint(call, CLI_BOLD), (long long)h->section, cli_paint(call, CLI_PLAIN));
	cli_print_clean(h->heading && *h->heading ? h->heading : h->title, 0);
	printf("\n    %s", cli_paint(call, CLI_DIM));
	cli_print_clean(h->place, 0);
	printf("%s\n    ", cli_paint(call, CLI_PLAIN));
	cli_print_clean(h->snippet, 0);
	putchar('\n');
}

static int search(const struct cli_call *call, struct knowledge *k)
{
	struct buf query = BUF_INIT;
	struct knowledge_hit *hits;
	struct error err = { 0 };
	int64_t limit = 8;
	size_t n, i;
	int a;

	if (!cli_number(&limit, call, "number", 1, 100))
		return 2;
	for (a = 1; a < call->argc; a++)
		buf_printf(&query, "%s ", call->argv[a]);
	if (knowledge_search(&hits, &n, k, buf_cstr(&query), (size_t)limit, &err) != AVO_OK) {
		buf_release(&query);
		return cli_fail(call, &err);
	}
	for (i = 0; i < n; i++)
		print_hit(call, &hits[i]);
	if (n == 0 && !call->global->json)
		cli_complain(call, "nothing found; avo knowledge list shows what is indexed");
	knowledge_hits_free(hits, n);
	buf_release(&query);
	return n ? 0 : 1;
}

static int show(const struct cli_call *call, struct knowledge *k)
{
	struct buf text = BUF_INIT;
	struct error err = { 0 };
	enum avo_status st;

	if (call->argc != 2)
		return cli_usage(call, "show needs the number of a section, as search prints it");
	st = knowledge_read(&text, k, strtoll(call->argv[1], NULL, 10), &err);
	if (st == AVO_OK)
		printf("%s\n", buf_cstr(&text));
	buf_release(&text);
	return st == AVO_OK ? 0 : cli_fail(call, &err);
}

static void print_document(void *arg, const char *source, const char *path, const char *title, int sections)
{
	const struct cli_call *call = arg;

	if (call->global->json) {
		cJSON *line = cJSON_CreateObject();

		json_set_str(line, "source", source);
		json_set_str(line, "path", path);
		json_set_str(line, "title", title);
		json_set_int(line, "sections", sections);
		cli_print_json(line);
		return;
	}
	printf("%5d  ", sections);
	cli_print_clean(title, 60);
	printf("  %s", cli_paint(call, CLI_DIM));
	cli_print_clean(path, 0);
	printf("%s\n", cli_paint(call, CLI_PLAIN));
}

static int run_knowledge(const struct cli_call *call)
{
	const char *verb = call->argv[0];
	struct knowledge *k;
	struct error err = { 0 };
	int rc = open_base(&k, call);

	if (rc != 0)
		return rc;
	if (strcmp(verb, "add") == 0)
		rc = add(call, k);
	else if (strcmp(verb, "search") == 0)
		rc = search(call, k);
	else if (strcmp(verb, "show") == 0)
		rc = show(call, k);
	else if (strcmp(verb, "list") == 0)
		rc = knowledge_list(k, print_document, (void *)call, &err) == AVO_OK ? 0 : cli_fail(call, &err);
	else
		rc = cli_usage(call, "'%s' is not add, list, search or show", verb);
	knowledge_close(k);
	return rc;
}

static const struct cli_option options[] = {
	{ "run", 'r', "DIR", "the run; else the one around the current directory" },
	{ "number", 'n', "N", "search: at most so many sections (8)" },
	{ NULL },
};

const struct cli_command cmd_knowledge = {
	.name = "knowledge",
	.args = "add SOURCE... | list | search WORDS... | show SECTION",
	.summary = "What the operator can look up: add, list, search, show",
	.details = "SOURCE is a file, a folder, or the address of a git repository. Markdown, text, code, HTML and PDF "
		   "(through pdftotext) are cut into sections and ranked by BM25; adding again takes up what changed. "
		   "avo's own notes are always part of it.",
	.options = options,
	.min_args = 1,
	.max_args = -1,
	.run = run_knowledge,
};
