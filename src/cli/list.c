#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/text.h"
#include "operator/operator.h"
#include "task/task.h"

#include <dirent.h>

/* What a run can be made of: seeds, suites and operators, each with the words of its own file. */

#define FILE_MAX_BYTES ((size_t)4 << 20)

static void print_row(const struct cli_call *call, const char *name, const char *backend, const char *text)
{
	cJSON *row;

	if (!call->global->json) {
		printf("%-12s %-5s ", name, backend ? backend : "");
		cli_print_clean(text, 100);
		putchar('\n');
		return;
	}
	row = cJSON_CreateObject();
	json_set_str(row, "name", name);
	json_set_str(row, "backend", backend);
	json_set_str(row, "text", text);
	cli_print_json(row);
}

/* The first words of a file's opening comment: behind comment marks, up to the end of their line. */
static char *first_words(const char *path)
{
	struct buf text = BUF_INIT;
	const char *start = "";
	char *words;

	if (path_read(&text, path, FILE_MAX_BYTES, NULL) == AVO_OK && text.len)
		start = buf_cstr(&text) + strspn(buf_cstr(&text), "/*# \t\n");
	words = xasprintf("%.*s", (int)strcspn(start, "\n"), start);
	buf_release(&text);
	return words;
}

static void list_seed(const struct cli_call *call, const char *dir, const char *name)
{
	static const struct {
		const char *kernel, *backend;
	} kinds[] = { { "kernel.c", "cpu" }, { "kernel.cu", "cuda" } };
	char *seed = path_join(dir, name);
	size_t i;

	for (i = 0; i < ARRAY_LEN(kinds); i++) {
		char *kernel = path_join(seed, kinds[i].kernel), *words;

		if (path_exists(kernel)) {
			words = first_words(kernel);
			print_row(call, name, kinds[i].backend, words);
			free(words);
		}
		free(kernel);
	}
	free(seed);
}

static void list_suite(const struct cli_call *call, const char *dir, const char *name)
{
	char *path = path_join(dir, name), *words;
	struct suite suite;

	if (str_ends(name, ".suite") && suite_load(&suite, path, NULL) == AVO_OK) {
		words = first_words(path);
		print_row(call, suite.name, suite.backend, words);
		free(words);
	}
	free(path);
}

static int list_dir(const struct cli_call *call, const char *relative,
		    void (*list_one)(const struct cli_call *call, const char *dir, const char *name))
{
	char *dir = path_data(relative);
	struct dirent **entries = NULL;
	struct error err;
	int i, n, status = 0;

	if (path_data_check(&err) != AVO_OK)
		status = cli_fail(call, &err);
	n = status ? 0 : scandir(dir, &entries, NULL, alphasort);
	for (i = 0; i < n; i++) {
		if (entries[i]->d_name[0] != '.')
			list_one(call, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	return status;
}

static int run_list(const struct cli_call *call)
{
	const struct operator_ops *o;
	size_t i;

	if (strcmp(call->argv[0], "seeds") == 0)
		return list_dir(call, "kernels/attention", list_seed);
	if (strcmp(call->argv[0], "suites") == 0)
		return list_dir(call, "kernels/suites", list_suite);
	if (strcmp(call->argv[0], "operators") != 0)
		return cli_usage(call, "there are lists of seeds, suites and operators, not of '%s'", call->argv[0]);
	for (i = 0; (o = operator_at(i)); i++)
		print_row(call, o->name, NULL, o->summary);
	return 0;
}

const struct cli_command cmd_list = {
	"list", "seeds|suites|operators", "List what a run can be made of",
	"Seeds and suites are for one backend each. Without --seed, init --backend cuda takes\n"
	"sm90a on Hopper, sm100a on data-centre Blackwell and sm80 on every other GPU.",
	NULL, 1, 1, run_list,
};
