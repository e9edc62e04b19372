#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "parts.h"

#include <math.h>
#include <unistd.h>

#define REPEATS 10		/* as in the paper */

/* The worker's newest build of a candidate with a cubin, as a user's own: a .cubin with a plan beside it. Owned; NULL: none. */
static char *borrow_cubin(const struct gpu_test *t, const char *seed)
{
	char *source = gpu_seed(seed), *code = path_join(source, "kernel.cu"), *dir = path_join(t->scratch, "own");
	char *cubin = path_join(dir, "own.cubin");
	char *command = xasprintf("mkdir -p '%s' && cp -r '%s/.' '%s/' && "
				  "for d in $(ls -td '%s'/cuda-*/); do cmp -s \"$d/kernel.cu\" '%s' && cp \"$d/kernel.cubin\" '%s' && break; done",
				  dir, source, dir, t->cache, code, cubin);
	bool good = system(command) == 0 && path_exists(cubin);

	free(source);
	free(code);
	free(dir);
	free(command);
	if (good)
		return cubin;
	free(cubin);
	return NULL;
}

/* A shared object with host code, made by nvcc from baseline.cu; owned, NULL where there is no nvcc. */
static char *compile_library(const struct gpu_test *t)
{
	char *source = path_data("tests/gpu/baseline.cu"), *include = path_data("kernels/include");
	char *object = path_join(t->scratch, "libbaseline.so");
	char *command = xasprintf("PATH=$PATH:/usr/local/cuda/bin nvcc -shared -Xcompiler -fPIC -arch=native -I'%s' -o '%s' '%s' >/dev/null 2>&1",
				  include, object, source);
	bool good = system(command) == 0;

	free(source);
	free(include);
	free(command);
	if (good)
		return object;
	free(object);
	return NULL;
}

static void add_baseline(cJSON *list, const char *name, char *path)
{
	cJSON *item;

	if (!path)
		return;
	item = cJSON_CreateObject();
	json_set_str(item, "name", name);
	json_set_str(item, "path", path);
	json_push(list, item);
	free(path);
}

static void print_peer(const char *suite, const cJSON *peer)
{
	const cJSON *ci = json_arr(peer, "ratio_ci");

	if (json_str(peer, "absent", NULL))
		printf("# %s %s: %s\n", suite, json_str(peer, "name", "?"), json_str(peer, "absent", ""));
	else
		printf("# %s %s: %.1f, the candidate is x%.4f [%.4f, %.4f] of it\n", suite, json_str(peer, "name", "?"),
		       json_num(peer, "geomean", NAN), json_num(peer, "ratio", NAN), cJSON_GetArrayItem(ci, 0)->valuedouble,
		       cJSON_GetArrayItem(ci, 1)->valuedouble);
}

static const cJSON *find_peer(const cJSON *result, const char *name)
{
	const cJSON *peer;

	cJSON_ArrayForEach(peer, json_arr(result, "peers"))
		if (strncmp(json_str(peer, "name", ""), name, strlen(name)) == 0)
			return peer;
	return NULL;
}

/* The paper's table for one suite: the seed beside cuDNN, the FlashAttention-2-class seed and what the user brings. */
static void test_suite(struct gpu_test *t, const char *suite, const char *seed, cJSON *baselines)
{
	char *dir = gpu_seed(seed);
	cJSON *request = gpu_request(t, "peers", suite), *result, *all = (cJSON *)json_get(t->report, "peers");
	const cJSON *peer;
	int measured = 0;

	json_set_str(request, "candidate", dir);
	json_set(request, "baselines", baselines);
	json_set_int(request, "repeats", REPEATS);
	result = gpu_submit(t, request);
	if (!all) {
		all = cJSON_CreateObject();
		json_set(t->report, "peers", all);
	}
	cJSON_ArrayForEach(peer, json_arr(result, "peers")) {
		print_peer(suite, peer);
		measured += !json_str(peer, "absent", NULL) && cJSON_GetArraySize(json_arr(peer, "ratio_ci")) == 2;
	}
	gpu_ok(t, measured > 0 && json_num(json_obj(result, "candidate"), "geomean", 0) > 0, "%s on %s beside %d baselines over %d repeats: %.1f %s %s",
	       seed, suite, measured, REPEATS, json_num(json_obj(result, "candidate"), "geomean", NAN), json_str(result, "unit", ""),
	       json_str(result, "reason", ""));
	if ((peer = find_peer(result, "own cubin")))
		gpu_ok(t, fabs(json_num(peer, "ratio", NAN) - 1) < 0.02, "the same device code as a .cubin of the user's is as fast: x%.4f %s",
		       json_num(peer, "ratio", NAN), json_str(peer, "absent", ""));
	if ((peer = find_peer(result, "own library")))
		gpu_ok(t, json_num(peer, "geomean", 0) > 0, "a .so of the user's is right and timed: %.2f %s", json_num(peer, "geomean", NAN),
		       json_str(peer, "absent", ""));
	cJSON_DeleteItemFromObjectCaseSensitive(result, "id");
	cJSON_DeleteItemFromObjectCaseSensitive(result, "event");
	json_set_str(result, "candidate_seed", seed);
	json_set_num(result, "wall_s", (double)(t->done_ms - t->submitted_ms) / 1e3);
	json_set(all, suite, result);
	free(dir);
}

void gpu_test_baselines(struct gpu_test *t, const char *seed)
{
	static const char *const suites[] = { "mha", "mha-full", "mha-causal", "gqa4", "gqa8" };
	cJSON *own = cJSON_CreateArray();
	size_t i;

	/* slow by design, so on the small cases only */
	add_baseline(own, "own library", compile_library(t));
	add_baseline(own, "own cubin", borrow_cubin(t, seed));
	test_suite(t, "quick", seed, own);
	for (i = 0; i < ARRAY_LEN(suites); i++)
		test_suite(t, suites[i], seed, NULL);
}
