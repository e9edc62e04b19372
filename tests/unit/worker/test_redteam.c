/* Every bad candidate gets the verdict that its first line demands, from the real worker; the honest one passes. */
#include "avo.h"
#include "base/log.h"
#include "base/path.h"
#include "score/redteam.h"
#include "worker_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct client client;

static void gets_its_verdict(void **state)
{
	const struct redteam_case *c = *state;
	char *dir = path_join(client.scratch, c->name);
	struct error err = { 0 };
	struct redteam_tally tally = { 0 };
	char got[400];
	cJSON *result;

	if (redteam_stage(c, dir, &err) != AVO_OK)
		fail_msg("%s", err.text);
	result = client_evaluate(&client, dir, NULL, NULL);
	redteam_judge(got, sizeof(got), &tally, c, result);
	if (!redteam_holds(c, &tally))
		fail_msg("must be %s %s by %s, is %s", c->verdict, c->rule, c->check, got);
	print_message("# %s: %s\n", c->name, got);
	cJSON_Delete(result);
	free(dir);
}

int main(void)
{
	struct CMUnitTest tests[128] = { 0 };
	struct redteam team;
	struct error err = { 0 };
	int i, failed;

	log_set_fd(-1);
	setenv("AVO_DATA_DIR", AVO_SRCDIR, 1);
	if (redteam_load(&team, "cpu", &err) != AVO_OK) {
		printf("Bail out! %s\n", err.text);
		return 1;
	}
	client_open(&client);
	for (i = 0; i < team.count && i < (int)ARRAY_LEN(tests); i++)
		tests[i] = (struct CMUnitTest){ team.cases[i].name, gets_its_verdict, NULL, NULL, &team.cases[i] };
	failed = _cmocka_run_group_tests("redteam", tests, (size_t)i, NULL, NULL);
	client_close(&client);
	redteam_release(&team);
	return failed;
}
