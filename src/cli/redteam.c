/* avo redteam: the candidates that cheat, crash or lie, each judged by the worker that users have. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/commands.h"
#include "cli/evaluate.h"
#include "cli/text.h"
#include "score/redteam.h"

#define MAX_ROUNDS 10000

struct zoo {
	const struct cli_call *call;
	const char *backend, *suite;
	int64_t rounds;
	char *temp, *cache;
	int shown, held;
};

static enum avo_status zoo_open(struct zoo *z, struct error *err)
{
	const char *tmp = getenv("TMPDIR");

	if (path_temp_dir(&z->temp, tmp && *tmp ? tmp : "/tmp", "avo-redteam-", err) != AVO_OK)
		return err->status;
	z->cache = path_join(z->temp, "cache");
	return path_mkdirs(z->cache, 0700, err);
}

static void zoo_close(struct zoo *z)
{
	if (z->temp)
		path_remove_tree(z->temp, NULL);
	free(z->temp);
	free(z->cache);
}

static void print_json(const struct redteam_case *c, const struct redteam_tally *t, cJSON *last)
{
	json_set_str(last, "candidate", c->name);
	json_set_str(last, "expected", c->verdict);
	if (c->rule[0])
		json_set_str(last, "expected_rule", c->rule);
	if (c->check[0])
		json_set_str(last, "expected_check", c->check);
	if (c->power < 1)
		json_set_num(last, "power", c->power);
	json_set_int(last, "right", t->right);
	json_set_int(last, "unlucky", t->unlucky);
	json_set_int(last, "wrong", t->wrong);
	json_set_bool(last, "ok", redteam_holds(c, t));
	cli_print_json(last);
}

static void print_line(const struct zoo *z, const struct redteam_case *c, const struct redteam_tally *t, const char *got)
{
	bool holds = redteam_holds(c, t);

	printf("%s%-6s%s %-24s ", cli_paint(z->call, holds ? CLI_GOOD : CLI_BAD), holds ? "ok" : "MISSED",
	       cli_paint(z->call, CLI_PLAIN), c->name);
	if (z->rounds > 1)
		printf("%d of %d ", t->right, t->right + t->unlucky + t->wrong);
	if (!holds)
		printf("(expected %s%s%s%s%s) ", c->verdict, c->rule[0] ? " rule=" : "", c->rule, c->check[0] ? " check=" : "", c->check);
	else if (t->unlucky)
		printf("(a sample finds it with a probability of %g) ", c->power);
	cli_print_clean(got, 140);
	putchar('\n');
	fflush(stdout);
}

/* One evaluation; what it said goes to said (of the last, unless that would hide one that was not right). */
static int evaluate_once(const struct zoo *z, const struct redteam_case *c, const char *dir, struct redteam_tally *t, char *said,
			 size_t size, cJSON **last)
{
	cJSON *request = cli_job("evaluate", z->backend, z->suite, z->cache), *result;
	char got[400];
	int status;

	json_set_str(request, "candidate", dir);
	status = cli_evaluate(&result, z->call, NULL, request);
	if (status)
		return status;
	if (!redteam_judge(got, sizeof(got), t, c, result) || t->wrong + t->unlucky == 0) {
		snprintf(said, size, "%s", got);
		cJSON_Delete(*last);
		*last = result;
	} else {
		cJSON_Delete(result);
	}
	return 0;
}

static int zoo_case(struct zoo *z, const struct redteam_case *c)
{
	char *dir = path_join(z->temp, c->name), said[400] = "";
	struct redteam_tally tally = { 0 };
	cJSON *last = NULL;
	struct error err;
	int status = 0;
	int64_t i;

	if (redteam_stage(c, dir, &err) != AVO_OK)
		status = cli_fail(z->call, &err);
	for (i = 0; !status && i < z->rounds; i++)
		status = evaluate_once(z, c, dir, &tally, said, sizeof(said), &last);
	free(dir);
	if (status) {
		cJSON_Delete(last);
		return status;
	}
	z->shown++;
	z->held += redteam_holds(c, &tally);
	if (!z->call->global->json)
		print_line(z, c, &tally, said);
	else
		print_json(c, &tally, cJSON_Duplicate(last, true));
	cJSON_Delete(last);
	return 0;
}

static bool wanted(const struct cli_call *call, const char *name)
{
	int i;

	for (i = 0; i < call->argc; i++)
		if (strcmp(call->argv[i], name) == 0)
			return true;
	return call->argc == 0;
}

static int zoo_run(struct zoo *z, const struct redteam *team)
{
	int i, status = 0;

	for (i = 0; !status && i < team->count; i++)
		if (wanted(z->call, team->cases[i].name))
			status = zoo_case(z, &team->cases[i]);
	if (status)
		return status;
	if (z->shown == 0 || z->shown < z->call->argc)
		return cli_usage(z->call, "not all of these are bad candidates for the backend %s (they lie in kernels/redteam)", z->backend);
	if (!z->call->global->json)
		printf("%d of %d candidates got the verdict they deserve, from the check that is there for them\n", z->held, z->shown);
	return z->held == z->shown ? 0 : 1;
}

static int run_redteam(const struct cli_call *call)
{
	struct zoo z = { .call = call, .rounds = 1 };
	struct redteam team;
	struct error err;
	int status;

	z.backend = cli_value(call, "backend") ? cli_value(call, "backend") : "cpu";
	z.suite = cli_value(call, "suite") ? cli_value(call, "suite") : strcmp(z.backend, "cuda") == 0 ? "quick" : "cpu-quick";
	if (!cli_number(&z.rounds, call, "rounds", 1, MAX_ROUNDS))
		return 2;
	if (redteam_load(&team, z.backend, &err) != AVO_OK)
		return cli_fail(call, &err);
	status = zoo_open(&z, &err) == AVO_OK ? zoo_run(&z, &team) : cli_fail(call, &err);
	zoo_close(&z);
	redteam_release(&team);
	return status;
}

static const struct cli_option redteam_options[] = {
	{ "suite", 0, "NAME", "the cases (default: cpu-quick, or quick on cuda)" },
	{ "backend", 0, "NAME", "cpu (default) or cuda" },
	{ "rounds", 0, "N", "evaluate each candidate N times" },
	{ NULL, 0, NULL, NULL },
};

const struct cli_command cmd_redteam = {
	"redteam", "[NAME...]", "Score kernels that cheat, crash or lie, and see each of them caught",
	"Each must get its verdict from the check that is there for it. Those that are wrong so rarely that only a sample finds\n"
	"them may pass as often as their stated probability allows. Exit status 1 when one was missed.",
	redteam_options, 0, -1, run_redteam,
};
