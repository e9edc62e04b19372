#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "worker_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static void on_done(void *arg, const cJSON *result)
{
	cJSON **out = arg;

	*out = cJSON_Duplicate(result, true);
}

void client_open(struct client *c)
{
	struct error err = { 0 };
	char *command = xasprintf("%s/avo-worker", getenv("AVO_TOP_BUILDDIR") ? getenv("AVO_TOP_BUILDDIR") : ".");

	memset(c, 0, sizeof(*c));
	assert_int_equal(path_temp_dir(&c->scratch, "/tmp", "avo-worker-test-", &err), AVO_OK);
	assert_int_equal(loop_new(&c->loop, &err), AVO_OK);
	if (evaluator_new(&c->evaluator, c->loop, command, &err) != AVO_OK)
		fail_msg("%s", err.text);
	/* a worker whose incumbent fails is replaced again and again here: not a minute later */
	evaluator_set_patience(c->evaluator, 1, 600000);
	free(command);
}

void client_close(struct client *c)
{
	evaluator_free(c->evaluator);
	loop_free(c->loop);
	path_remove_tree(c->scratch, NULL);
	free(c->scratch);
}

cJSON *client_run(struct client *c, cJSON *request)
{
	static const struct evaluation_callbacks callbacks = { .done = on_done };
	cJSON *result = NULL;
	char *cache = path_join(c->scratch, "cache");

	json_set_str(request, "cache", cache);
	if (!json_get(request, "backend"))
		json_set_str(request, "backend", "cpu");
	free(cache);
	evaluator_submit(c->evaluator, request, 120000, &callbacks, &result);
	while (!result)
		loop_once(c->loop, 1000);
	return result;
}

cJSON *client_evaluate(struct client *c, const char *candidate, const char *incumbent, const char *suite)
{
	cJSON *request = cJSON_CreateObject();

	json_set_str(request, "op", "evaluate");
	json_set_str(request, "suite", suite ? suite : "cpu-quick");
	json_set_str(request, "candidate", candidate);
	json_set_str(request, "incumbent", incumbent);
	return client_run(c, request);
}

char *client_candidate(struct client *c, const char *name, const char *source)
{
	char *dir = path_join(c->scratch, name), *file = path_join(dir, "kernel.c");

	assert_int_equal(path_mkdirs(dir, 0755, NULL), AVO_OK);
	assert_int_equal(path_write_atomic(file, source, strlen(source), 0644, NULL), AVO_OK);
	free(file);
	return dir;
}
