/*
 * The real worker, its runner process and everything that can go wrong between
 * them, on a stand-in for the CUDA driver (fake_cuda.c). Device code is compiled by
 * NVRTC: where that is missing, these tests are skipped.
 */
#include "avo.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "score/redteam.h"
#include "task/score.h"
#include "worker/cuda/nvcc.h"
#include "worker/cuda/nvrtc.h"
#include "../worker/worker_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct client client;

static const char suite_text[] =
	"[suite]\n\tbackend = cuda\n\tunit = TFLOPS\n"
	"[case \"one\"] batch=1 q_heads=2 kv_heads=1 length=512 head_dim=128 causal=false dtype=bf16\n"
	"[case \"two\"] batch=2 q_heads=2 kv_heads=2 length=256 head_dim=128 causal=true dtype=bf16\n";

static char *suite_path;

static void write_file(const char *dir, const char *name, const char *text)
{
	char *path = path_join(dir, name);

	assert_int_equal(path_write_atomic(path, text, strlen(text), 0644, NULL), AVO_OK);
	free(path);
}

/* A candidate with one kernel of this name; what a launch of it does is in fake_cuda.c. Owned path. */
static char *candidate(const char *kernel)
{
	char *dir = path_join(client.scratch, kernel);
	char *code = xasprintf("extern \"C\" __global__ void %s(const void *q, const void *k, const void *v, void *o, int a, int b, int c,\n"
			       "\tint d, int e, int f, float g)\n{\n}\n", kernel);
	char *plan = xasprintf("#include <avo/plan.h>\n"
			       "int avo_plan(const struct avo_problem *p, struct avo_plan *plan)\n{\n"
			       "\tstruct avo_launch *l = avo_launch(plan, \"%s\", avo_dim(1, 1, p->batch), avo_dim(32, 1, 1), 0);\n"
			       "\tfor (int i = 0; i < 4; i++)\n\t\tavo_arg_tensor(l, i);\n"
			       "\tavo_arg_i32(l, p->q_len);\n\tavo_arg_i32(l, p->kv_len);\n\tavo_arg_i32(l, p->q_heads);\n"
			       "\tavo_arg_i32(l, p->kv_heads);\n\tavo_arg_i32(l, p->head_dim);\n\tavo_arg_i32(l, p->causal);\n"
			       "\tavo_arg_f32(l, p->scale);\n\treturn 0;\n}\n", kernel);

	assert_int_equal(path_mkdirs(dir, 0755, NULL), AVO_OK);
	write_file(dir, "kernel.cu", code);
	write_file(dir, "plan.c", plan);
	free(code);
	free(plan);
	return dir;
}

static cJSON *run_job(const char *op, const char *dir, const char *incumbent)
{
	cJSON *request = cJSON_CreateObject();

	json_set_str(request, "op", op);
	json_set_str(request, "backend", "cuda");
	json_set_str(request, "suite", suite_path);
	json_set_str(request, "candidate", dir);
	json_set_str(request, "incumbent", incumbent);
	json_set_int(request, "min_pairs", 5);
	json_set_int(request, "max_pairs", 5);
	return client_run(&client, request);
}

static cJSON *job(const char *op, const char *kernel, const char *incumbent)
{
	char *dir = candidate(kernel), *other = incumbent ? candidate(incumbent) : NULL;
	cJSON *result = run_job(op, dir, other);

	free(dir);
	free(other);
	return result;
}

static void expect(const cJSON *result, const char *verdict, const char *words)
{
	const char *got = json_str(result, "verdict", "none"), *reason = json_str(result, "reason", "");

	if (strcmp(got, verdict) != 0 || (words && !strstr(reason, words)))
		fail_msg("%s: %s; wanted %s: %s", got, reason, verdict, words ? words : "");
}

static void becomes(const char *kernel, const char *incumbent, const char *verdict, const char *words)
{
	cJSON *result = job("evaluate", kernel, incumbent);

	expect(result, verdict, words);
	cJSON_Delete(result);
}

static void what_works_passes(void **state)
{
	cJSON *result = job("evaluate", "works", NULL);
	struct score score;

	expect(result, "passed", NULL);
	score_from_json(&score, result);
	assert_int_equal(score.count, 2);
	assert_true(score.geomean > 0);
	assert_true(strstr(json_str(result, "device", ""), "Fake GPU") != NULL);
	assert_true(json_num(json_obj(result, "ms"), "check", -1) > 0);
	cJSON_Delete(result);
}

static void an_incumbent_is_compared_in_pairs(void **state)
{
	cJSON *result = job("evaluate", "works", "works");

	expect(result, "passed", NULL);
	assert_int_equal(json_int(result, "pairs", 0), 5);
	assert_int_equal(cJSON_GetArraySize(json_arr(result, "pair_ratios")), 5);
	assert_non_null(json_obj(result, "incumbent_scores"));
	cJSON_Delete(result);
}

static void wrong_outputs_are_found(void **state)
{
	becomes("zeros", NULL, "incorrect", "wrong values");
	becomes("unwritten", NULL, "incorrect", "not written");
	becomes("inputs", NULL, "cheated", "input V");
	becomes("behind", NULL, "incorrect", "beside the output tensor: 200 bytes behind its end");
	becomes("before", NULL, "incorrect", "beside the output tensor: 2 bytes before its start");
}

/* Wherever in the worker's own memory a store lands, it is seen, and told by the tensor that is nearest. */
static void stores_far_from_the_output_are_found(void **state)
{
	becomes("far", NULL, "incorrect", "beside the output tensor: 3145728 bytes behind its end");
	becomes("besideV", NULL, "incorrect", "beside the input V: 0 bytes behind its end");
}

/* One that only does so in a pair, first or second: the incumbent has its own inputs, and no part in this. */
static void who_changed_the_inputs_is_blamed(void **state)
{
	becomes("beside", "works", "cheated", "wrote into its input V");
	becomes("works", "works", "passed", NULL);
}

static void nothing_is_left_of_an_earlier_answer(void **state)
{
	becomes("copies", NULL, "incorrect", "not written, or not finite");
}

/* Each takes the runner's context or process with it; the next one must not notice. */
static void a_fault_costs_one_process(void **state)
{
	becomes("faults", NULL, "crashed", "illegal");
	becomes("works", NULL, "passed", NULL);
	becomes("dies", NULL, "crashed", "died in this kernel");
	becomes("works", NULL, "passed", NULL);
	becomes("fails", NULL, "crashed", "the kernel failed");
	becomes("works", NULL, "passed", NULL);
}

static void a_hang_ends_at_its_deadline(void **state)
{
	int64_t start = clock_mono_ms();

	becomes("hangs", NULL, "timed-out", "did not end within");
	assert_true(clock_mono_ms() - start >= 2900);
	becomes("works", NULL, "passed", NULL);
}

static void clocks_that_disagree_are_not_a_score(void **state)
{
	becomes("lies", NULL, "evaluator-fault", "events say");
}

/* The challenger is right in all of these. */
static void what_the_incumbent_does_is_not_blamed_on_the_challenger(void **state)
{
	becomes("works", "zeros", "evaluator-fault", "the incumbent failed");
	becomes("works", "faults", "evaluator-fault", "the incumbent failed");
	becomes("works", "dies", "evaluator-fault", "the incumbent failed");
	becomes("works", "works", "passed", NULL);
}

/* An incumbent that is right by itself, and wrong as soon as this challenger has run in its process. */
static void what_the_challenger_does_is_not_blamed_on_the_incumbent(void **state)
{
	becomes("spoils", "works", "incorrect", "beside it the incumbent fails");
	becomes("works", "works", "passed", NULL);
}

static void a_profile_without_cupti_says_why_and_keeps_the_rest(void **state)
{
	cJSON *result = job("profile", "works", NULL);

	assert_true(strstr(json_str(result, "counters_absent", ""), "CUPTI") != NULL);
	assert_true(strstr(json_str(result, "activity_absent", ""), "CUPTI") != NULL);
	assert_int_equal(cJSON_GetArraySize(json_arr(result, "launches")), 1);
	assert_string_equal(json_str(cJSON_GetArrayItem(json_arr(result, "launches"), 0), "kernel", ""), "works");
	cJSON_Delete(result);
}

static void compile(const char *source, const char *object)
{
	char *include = path_join(getenv("AVO_TOP_SRCDIR"), "kernels/include");
	char *command = xasprintf("cc -std=gnu11 -shared -fPIC -I'%s' -o '%s' '%s'", include, object, source);

	assert_int_equal(system(command), 0);
	free(include);
	free(command);
}

/* A shared object as a user would make one; its "kernel" is host code, as all device memory is here. Owned path. */
static char *library(const char *name, const char *row)
{
	char *source = xasprintf("%s/%s.c", client.scratch, name), *object = xasprintf("%s/%s.so", client.scratch, name);
	char *text = xasprintf("#include <string.h>\n#include <avo/baseline.h>\n"
			       "int64_t avo_baseline_workspace(const struct avo_problem *p)\n{\n\treturn p->batch > %s ? -1 : 64;\n}\n"
			       "int avo_baseline_launch(const struct avo_baseline_call *c)\n{\n\tconst struct avo_problem *p = c->problem;\n"
			       "\tif (!c->workspace || p->device.sm_count != 132)\n\t\treturn 1;\n"
			       "\tfor (int b = 0; b < p->batch; b++)\n\t\tfor (int i = 0; i < p->q_len; i++)\n\t\t\tfor (int h = 0; h < p->q_heads; h++)\n"
			       "\t\t\t\tmemcpy((char *)c->o + 2 * (size_t)p->head_dim * (((size_t)b * p->q_len + i) * p->q_heads + h),\n"
			       "\t\t\t\t       (const char *)c->v + 2 * (size_t)p->head_dim * (((size_t)b * p->kv_len + i) * p->kv_heads +\n"
			       "\t\t\t\t\t h / (p->q_heads / p->kv_heads)), 2 * p->head_dim);\n\treturn 0;\n}\n", row);

	assert_int_equal(path_write_atomic(source, text, strlen(text), 0644, NULL), AVO_OK);
	compile(source, object);
	free(source);
	free(text);
	return object;
}

/* Users' launchers are C++ as often as C. */
static void the_header_of_a_baseline_is_cxx_too(void **state)
{
	char *command = xasprintf("command -v c++ >/dev/null || exit 0; echo '#include <avo/baseline.h>' | "
				  "c++ -x c++ -Wall -Werror -fsyntax-only -I'%s/kernels/include' -", getenv("AVO_TOP_SRCDIR"));

	assert_int_equal(system(command), 0);
	free(command);
}

static cJSON *named(const char *path)
{
	cJSON *item = cJSON_CreateObject();

	json_set_str(item, "path", path);
	return item;
}

static cJSON *compare_with(cJSON *baselines, const char *kernel)
{
	cJSON *request = cJSON_CreateObject();
	char *dir = candidate(kernel);

	json_set_str(request, "op", "peers");
	json_set_str(request, "backend", "cuda");
	json_set_str(request, "suite", suite_path);
	json_set_str(request, "candidate", dir);
	json_set_int(request, "repeats", 4);
	json_set(request, "baselines", baselines);
	free(dir);
	return client_run(&client, request);
}

static void is_measured(const cJSON *peer)
{
	if (json_str(peer, "absent", NULL))
		fail_msg("%s: %s", json_str(peer, "name", "?"), json_str(peer, "absent", ""));
	assert_true(json_num(peer, "geomean", 0) > 0);
	assert_true(json_num(peer, "ratio", 0) > 0);
	assert_int_equal(cJSON_GetArraySize(json_arr(peer, "ratio_ci")), 2);
	assert_true(cJSON_GetArrayItem(json_arr(peer, "ratio_ci"), 0)->valuedouble <= json_num(peer, "ratio", 0));
	assert_int_equal(json_int(peer, "pairs", 0), 4);
	assert_int_equal(cJSON_GetArraySize(json_arr(peer, "cases")), 2);
}

static void is_absent(const cJSON *peer, const char *words)
{
	if (!strstr(json_str(peer, "absent", ""), words))
		fail_msg("%s: '%s' does not say '%s'", json_str(peer, "name", "?"), json_str(peer, "absent", ""), words);
	assert_null(json_get(peer, "ratio"));
}

static void baselines_are_measured_in_pairs_with_the_candidate(void **state)
{
	char *same = candidate("works"), *wrong = candidate("zeros"), *mine = library("mine", "100"), *picky = library("picky", "1");
	cJSON *list = cJSON_CreateArray(), *result;
	const cJSON *peers;

	json_push(list, named(same));
	json_push(list, named(wrong));
	json_push(list, named(mine));
	json_push(list, named(picky));
	json_push(list, named(suite_path));
	json_push(list, named("/nonexistent/lib.so"));
	result = compare_with(list, "works");
	if (json_str(result, "verdict", NULL))
		fail_msg("%s", json_str(result, "reason", ""));
	peers = json_arr(result, "peers");
	assert_int_equal(cJSON_GetArraySize(peers), 8);
	assert_string_equal(json_str(cJSON_GetArrayItem(peers, 0), "name", ""), "works");
	is_measured(cJSON_GetArrayItem(peers, 0));
	is_absent(cJSON_GetArrayItem(peers, 1), "incorrect on case one");
	is_measured(cJSON_GetArrayItem(peers, 2));
	is_absent(cJSON_GetArrayItem(peers, 3), "does not do this problem");
	is_absent(cJSON_GetArrayItem(peers, 4), "is no baseline");
	is_absent(cJSON_GetArrayItem(peers, 5), "there is no /nonexistent/lib.so");
	is_absent(cJSON_GetArrayItem(peers, 7), "cuDNN");
	assert_true(json_num(json_obj(result, "candidate"), "geomean", 0) > 0);
	assert_int_equal(cJSON_GetArraySize(json_arr(result, "observed")), 2);
	cJSON_Delete(result);
	free(same);
	free(wrong);
	free(mine);
	free(picky);
}

/* Device code without its source: a cubin, and a plan beside it. */
static void a_cubin_with_a_plan_is_a_baseline(void **state)
{
	char *source = candidate("works"), *dir = path_join(client.scratch, "prebuilt"), *cubin = path_join(dir, "flash.cubin");
	char *plan = path_join(source, "plan.c"), *copy = path_join(dir, "flash.plan.c"), *find;
	cJSON *list = cJSON_CreateArray(), *result;

	becomes("works", NULL, "passed", NULL);
	assert_int_equal(path_mkdirs(dir, 0755, NULL), AVO_OK);
	find = xasprintf("for f in '%s'/cache/cuda-*/; do grep -q '\\.text\\.works' \"$f/kernel.cubin\" && cp \"$f/kernel.cubin\" '%s'; done; test -e '%s'",
			 client.scratch, cubin, cubin);
	assert_int_equal(system(find), 0);
	json_push(list, named(cubin));
	result = compare_with(list, "works");
	is_absent(cJSON_GetArrayItem(json_arr(result, "peers"), 0), "has no plan");
	cJSON_Delete(result);
	/* a plan that shares a header with its kernel */
	write_file(dir, "beside.h", "#define BESIDE 1\n");
	free(find);
	find = xasprintf("{ echo '#include \"beside.h\"'; cat '%s'; echo 'int beside = BESIDE;'; } >'%s'", plan, copy);
	assert_int_equal(system(find), 0);
	list = cJSON_CreateArray();
	json_push(list, named(cubin));
	result = compare_with(list, "works");
	is_measured(cJSON_GetArrayItem(json_arr(result, "peers"), 0));
	cJSON_Delete(result);
	free(source);
	free(dir);
	free(cubin);
	free(plan);
	free(copy);
	free(find);
}

static void a_candidate_that_goes_wrong_beside_a_baseline_is_said_so(void **state)
{
	cJSON *list = cJSON_CreateArray(), *result;
	char *same = candidate("works");

	json_push(list, named(same));
	result = compare_with(list, "zeros");
	expect(result, "evaluator-fault", "the candidate is incorrect on case one");
	cJSON_Delete(result);
	free(same);
}

/* A worker of its own with this NVRTC, where nvcc must do. */
static void nvcc_compiles(const char *nvrtc, const char *kernel, const char *head, const char *verdict, const char *words)
{
	struct client mine = client;
	char *dir, *path, *text;
	struct buf source = BUF_INIT;
	cJSON *result;

	if (nvrtc)
		setenv("AVO_NVRTC", nvrtc, 1);
	client_open(&client);
	dir = candidate(kernel);
	path = path_join(dir, "kernel.cu");
	assert_int_equal(path_read(&source, path, 1 << 20, NULL), AVO_OK);
	text = xasprintf("%s%s", head, buf_cstr(&source));
	write_file(dir, "kernel.cu", text);
	result = run_job("evaluate", dir, NULL);
	expect(result, verdict, words);
	if (strcmp(verdict, "passed") == 0)
		assert_true(json_int(json_obj(result, "build"), "registers", -1) > 0);
	cJSON_Delete(result);
	buf_release(&source);
	free(dir);
	free(path);
	free(text);
	client_close(&client);
	unsetenv("AVO_NVRTC");
	client = mine;
}

/* Accumulators touched between the instructions: right, and half as fast. The compiler knows, and the engineer must. */
static void what_the_compiler_says_about_speed_is_in_the_result(void **state)
{
	static const char touched[] =
		"extern \"C\" __global__ void touched(float *o, unsigned long long d)\n{\n"
		"\tfloat a = o[0], b = o[1], c = o[2], e = o[3];\n"
		"\tfor (int i = 0; i < 4; i++) {\n"
		"\t\tasm volatile(\"wgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {%0,%1,%2,%3}, %4, %4, 1,1,1,0,0;\" :\n"
		"\t\t\t\"+f\"(a), \"+f\"(b), \"+f\"(c), \"+f\"(e) : \"l\"(d));\n\t\ta += o[i + 4];\n\t}\n"
		"\tasm volatile(\"wgmma.commit_group.sync.aligned;\\nwgmma.wait_group.sync.aligned 0;\" ::: \"memory\");\n"
		"\to[0] = a + b + c + e;\n}\n";
	char *dir = candidate("works"), *path = path_join(dir, "kernel.cu"), *text;
	struct buf source = BUF_INIT;
	cJSON *result;

	assert_int_equal(path_read(&source, path, 1 << 20, NULL), AVO_OK);
	text = xasprintf("%s%s", touched, buf_cstr(&source));
	write_file(dir, "kernel.cu", text);
	result = run_job("evaluate", dir, NULL);
	expect(result, "passed", NULL);
	assert_non_null(strstr(json_str(json_obj(result, "build"), "warning", ""), "wgmma.mma_async instructions are serialized"));
	assert_int_equal(json_int(json_obj(result, "build"), "stack_bytes", -1), 0);
	cJSON_Delete(result);
	buf_release(&source);
	free(dir);
	free(path);
	free(text);
}

static void nvcc_compiles_where_nvrtc_cannot(void **state)
{
	char name[64];

	if (nvcc_describe(name, sizeof(name), NULL) != AVO_OK)
		skip();
	/* no NVRTC at all */
	nvcc_compiles("/nonexistent/libnvrtc.so", "works", "", "passed", NULL);
	nvcc_compiles("/nonexistent/libnvrtc.so", "works", "int oops = then;\n", "build-failed", "identifier \"then\" is undefined");
	/* a header that only a host compiler has */
	nvcc_compiles(NULL, "works", "#include <vector>\n", "build-failed", "vector");
	nvcc_compiles(NULL, "works", "// avo-compiler: nvcc\n#include <vector>\n", "passed", NULL);
}

/* Those bad candidates that are found out before anything of theirs runs on a device. */
static void lies_in_a_plan_are_found_without_a_gpu(void **state)
{
	struct redteam team;
	struct error err = { 0 };
	int i, judged = 0;

	if (redteam_load(&team, "cuda", &err) != AVO_OK)
		fail_msg("%s", err.text);
	for (i = 0; i < team.count; i++) {
		const struct redteam_case *c = &team.cases[i];
		struct redteam_tally tally = { 0 };
		char got[400], *dir;
		cJSON *result;

		if (strncmp(c->name, "plan-", 5) != 0 && strcmp(c->verdict, "build-failed") != 0)
			continue;
		dir = path_join(client.scratch, c->name);
		assert_int_equal(redteam_stage(c, dir, &err), AVO_OK);
		result = run_job("evaluate", dir, NULL);
		if (!redteam_judge(got, sizeof(got), &tally, c, result))
			fail_msg("%s must be %s by %s, is %s", c->name, c->verdict, c->check, got);
		print_message("# %s: %s\n", c->name, got);
		cJSON_Delete(result);
		free(dir);
		judged++;
	}
	assert_in_range(judged, 12, 100);
	redteam_release(&team);
}

/* A worker of its own with this variable set. */
static void becomes_with(const char *variable, const char *verdict, const char *words)
{
	struct client mine = client;
	cJSON *result;

	setenv(variable, "1", 1);
	client_open(&client);
	result = job("evaluate", "works", NULL);
	expect(result, verdict, words);
	cJSON_Delete(result);
	client_close(&client);
	unsetenv(variable);
	client = mine;
}

static void faster_than_the_device_can_be_is_no_score(void **state)
{
	becomes_with("AVO_FAKE_SLOW", "cheated", "less time than its arithmetic");
}

static void no_device_and_no_context_are_said_so(void **state)
{
	becomes_with("AVO_FAKE_NO_DEVICE", "evaluator-fault", "sees no GPU");
	becomes_with("AVO_FAKE_NO_CONTEXT", "evaluator-fault", "making a context");
}

static int open_all(void **state)
{
	char *fake = path_join(getenv("AVO_TOP_BUILDDIR"), "tests/lib/fake_cuda.so");

	log_set_fd(-1);
	setenv("AVO_DATA_DIR", getenv("AVO_TOP_SRCDIR"), 1);
	setenv("AVO_CUDA", fake, 1);
	setenv("AVO_CUPTI", "/nonexistent/libcupti.so", 1);
	setenv("AVO_NVML", "/nonexistent/libnvidia-ml.so", 1);
	free(fake);
	client_open(&client);
	suite_path = path_join(client.scratch, "fake.suite");
	write_file(client.scratch, "fake.suite", suite_text);
	return 0;
}

static int close_all(void **state)
{
	client_close(&client);
	free(suite_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_works_passes),
		cmocka_unit_test(an_incumbent_is_compared_in_pairs),
		cmocka_unit_test(wrong_outputs_are_found),
		cmocka_unit_test(stores_far_from_the_output_are_found),
		cmocka_unit_test(who_changed_the_inputs_is_blamed),
		cmocka_unit_test(nothing_is_left_of_an_earlier_answer),
		cmocka_unit_test(a_fault_costs_one_process),
		cmocka_unit_test(a_hang_ends_at_its_deadline),
		cmocka_unit_test(clocks_that_disagree_are_not_a_score),
		cmocka_unit_test(what_the_incumbent_does_is_not_blamed_on_the_challenger),
		cmocka_unit_test(what_the_challenger_does_is_not_blamed_on_the_incumbent),
		cmocka_unit_test(a_profile_without_cupti_says_why_and_keeps_the_rest),
		cmocka_unit_test(baselines_are_measured_in_pairs_with_the_candidate),
		cmocka_unit_test(the_header_of_a_baseline_is_cxx_too),
		cmocka_unit_test(a_cubin_with_a_plan_is_a_baseline),
		cmocka_unit_test(a_candidate_that_goes_wrong_beside_a_baseline_is_said_so),
		cmocka_unit_test(what_the_compiler_says_about_speed_is_in_the_result),
		cmocka_unit_test(nvcc_compiles_where_nvrtc_cannot),
		cmocka_unit_test(lies_in_a_plan_are_found_without_a_gpu),
		cmocka_unit_test(faster_than_the_device_can_be_is_no_score),
		cmocka_unit_test(no_device_and_no_context_are_said_so),
	};
	struct error err;
	char name[64];

	if (nvrtc_describe(name, sizeof(name), &err) != AVO_OK) {
		printf("1..0 # SKIP %s\n", err.text);
		return 0;
	}
	return cmocka_run_group_tests(tests, open_all, close_all);
}
