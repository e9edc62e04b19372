/*
 * The CUDA seeds without a GPU: every plan is one that the runner accepts, or says
 * why not; every seed compiles for its architectures without spills and without
 * serialised wgmma; AVO_LONG=1 compiles a seed's other head sizes, too. AVO_TEST_ROUNDS=1 does the same for every single alternative
 * that mutation can reach; that takes minutes.
 */
#include "avo.h"
#include "base/buf.h"
#include "base/child.h"
#include "base/mem.h"
#include "base/path.h"
#include "worker/cuda/nvrtc.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/ptxas.h"
#include "worker/cuda/trusted_cu.h"
#include "variants.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct seed {
	const char *name, *archs[3];	/* compiled for; without spills for the first `clean` of them */
	int clean, cc_major;
	int head_dims[3];		/* accepted */
	int parameters;			/* at least */
	const char *set[6];		/* lines of kernel.cu that the seed's header tells to change: "NAME VALUE" */
} seeds[] = {
	{ "reference", { "sm_80", "sm_90a", "sm_100a" }, 3, 9, { 16, 128, 256 }, 2 },
	{ "sm80", { "sm_80", "sm_90a", "sm_100a" }, 2, 9, { 64, 128 }, 6 },
	{ "sm90a", { "sm_90a" }, 1, 9, { 128 }, 6 },
	{ "sm90a", { "sm_90a" }, 0, 9, { 64 }, 6, { "HEAD_DIM 64", "CONSUMERS 3", "PRODUCER_REGISTERS 32" } },
	{ "sm90a", { "sm_90a" }, 0, 9, { 256 }, 6, { "HEAD_DIM 256", "TILE_N_FULL 64", "TILE_N_CAUSAL 64", "Q_STAGES_FULL 1",
						    "Q_STAGES_CAUSAL 1", "PRODUCER_REGISTERS 24" } },
	{ "sm100a", { "sm_100a" }, 1, 10, { 128 }, 6 },
};

static const struct length {
	int q_len, kv_len;
} lengths[] = { { 1, 1 }, { 1, 4097 }, { 113, 203 }, { 239, 1 }, { 4096, 4096 }, { 32768, 32768 }, { 70000, 70001 } };

static const struct heads {
	int batch, q_heads, kv_heads;
} heads[] = { { 1, 1, 1 }, { 8, 16, 16 }, { 3, 32, 4 }, { 1, 32, 8 } };

typedef int (*plan_function)(const struct avo_problem *, struct avo_plan *);

static char *work_dir;

static int make_dir(void **state)
{
	return path_temp_dir(&work_dir, "/tmp", "avo-test-", NULL) == AVO_OK ? 0 : -1;
}

static int drop_dir(void **state)
{
	path_remove_tree(work_dir, NULL);
	free(work_dir);
	return 0;
}

static char *tree_path(const char *relative)
{
	const char *top = getenv("AVO_TOP_SRCDIR");

	return top ? path_join(top, relative) : path_data(relative);
}

/* "#define NAME OLD" becomes "#define NAME VALUE"; what follows on the line stays. */
static void set_line(struct buf *text, const char *set)
{
	int name = (int)strcspn(set, " ");
	char *key = xasprintf("\n#define %.*s ", name, set), *at = strstr(buf_cstr(text), key), *old;
	struct buf all = BUF_INIT;

	if (!at)
		fail_msg("no parameter %.*s", name, set);
	old = at + strlen(key);
	buf_add(&all, text->data, (size_t)(old - text->data));
	buf_addstr(&all, set + name + 1);
	buf_addstr(&all, old + strcspn(old, "\t\n"));
	buf_clear(text);
	buf_add(text, all.data, all.len);
	buf_release(&all);
	free(key);
}

/* A seed's file, changed as its row says. */
static void read_seed(struct buf *out, const struct seed *seed, const char *file)
{
	char *relative = xasprintf("kernels/attention/%s/%s", seed->name, file), *path = tree_path(relative);

	assert_int_equal(path_read(out, path, 1 << 20, NULL), AVO_OK);
	for (size_t i = 0; i < ARRAY_LEN(seed->set) && seed->set[i] && strcmp(file, "kernel.cu") == 0; i++)
		set_line(out, seed->set[i]);
	free(path);
	free(relative);
}

static void write_work(const char *file, const struct buf *text)
{
	char *path = path_join(work_dir, file);

	assert_int_equal(path_write_atomic(path, text->data, text->len, 0600, NULL), AVO_OK);
	free(path);
}

/* ---- plans ---- */

static struct avo_problem make_problem(const struct seed *seed, const struct length *l, const struct heads *h, int depth,
				       int causal)
{
	return (struct avo_problem){
		.abi = AVO_PLAN_ABI, .dtype = AVO_BF16, .batch = h->batch, .q_len = l->q_len, .kv_len = l->kv_len,
		.q_heads = h->q_heads, .kv_heads = h->kv_heads, .head_dim = depth, .causal = causal,
		.scale = 1 / sqrtf((float)depth),
		.device = { .cc_major = seed->cc_major, .sm_count = seed->cc_major == 10 ? 148 : 132, .max_shared_bytes = 232448,
			    .shared_bytes_per_sm = 233472, .registers_per_sm = 65536, .max_cluster = 8, .l2_bytes = 60 << 20,
			    .memory_bytes = (int64_t)140 << 30 },
	};
}

/* The words of a refusal, or "". A plan that is not refused must pass the runner's checks. */
static const char *run_plan(struct avo_plan *plan, plan_function function, const struct avo_problem *problem)
{
	struct error err;
	int status;

	memset(plan, 0, sizeof(*plan));
	plan->abi = AVO_PLAN_ABI;
	status = function(problem, plan);
	assert_true(memchr(plan->error, '\0', sizeof(plan->error)) != NULL);
	assert_int_equal(status != 0, plan->error[0] != '\0');
	if (status == 0 && plan_validate(plan, problem, &err) != AVO_OK)
		fail_msg("%d x %d: %s", problem->q_len, problem->kv_len, err.text);
	return plan->error;
}

static plan_function load_plan(void **library, const char *what)
{
	char *include = tree_path("kernels/include"), *flag = xasprintf("-I%s", include);
	char *source = path_join(work_dir, "plan.c"), *object = path_join(work_dir, "plan.so");
	const char *const argv[] = { "cc", "-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-fPIC", "-shared", flag, source,
				     "-o", object, NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };
	struct buf log = BUF_INIT;
	plan_function function;

	spec.argv = argv;
	if (child_run(&result, &log, &spec, 60000, NULL) != AVO_OK || result.wait_status != 0)
		fail_msg("%s: %s", what, buf_cstr(&log));
	*library = dlopen(object, RTLD_NOW | RTLD_LOCAL);
	if (*library == NULL)
		fail_msg("%s: %s", what, dlerror());
	*(void **)&function = dlsym(*library, "avo_plan");
	assert_non_null(function);
	assert_int_equal(unlink(object), 0);
	buf_release(&log);
	free(include);
	free(flag);
	free(source);
	free(object);
	return function;
}

/* Writes a variant's sources to the work directory; its name is appended to `what`. */
static void put_variant(struct buf *what, const struct seed *seed, const struct variant_space *space, const struct variant *v)
{
	struct buf kernel = BUF_INIT, plan = BUF_INIT;

	variant_write(&kernel, space, v);
	variant_describe(what, space, v);
	read_seed(&plan, seed, "plan.c");
	write_work("kernel.cu", &kernel);
	write_work("plan.c", &plan);
	buf_release(&kernel);
	buf_release(&plan);
}

/* The seed's own plan refuses no shape of its head sizes; a variant may, for want of shared memory. */
static void check_plans(const struct seed *seed, const char *what, bool variant)
{
	struct avo_plan *plan = xcalloc(1, sizeof(*plan));
	void *library;
	plan_function function = load_plan(&library, what);

	for (size_t l = 0; l < ARRAY_LEN(lengths); l++)
		for (size_t h = 0; h < ARRAY_LEN(heads); h++)
			for (int d = 0; d < 3 && seed->head_dims[d]; d++)
				for (int causal = 0; causal <= (lengths[l].kv_len >= lengths[l].q_len); causal++) {
					struct avo_problem p = make_problem(seed, &lengths[l], &heads[h], seed->head_dims[d], causal);
					const char *refusal = run_plan(plan, function, &p);

					if (refusal[0] && !(variant && strstr(refusal, "shared memory")))
						fail_msg("%s %s refuses %d x %d: %s", seed->name, what, p.q_len, p.kv_len, refusal);
				}
	dlclose(library);
	free(plan);
}

static void for_each_alternative(const struct seed *seed, void (*check)(const struct seed *, const char *, bool))
{
	struct buf source = BUF_INIT, what = BUF_INIT;
	struct variant_space space;
	struct variant v;

	read_seed(&source, seed, "kernel.cu");
	variant_space_read(&space, buf_cstr(&source));
	for (int p = 0; p < space.count; p++)
		for (int c = 0; c < space.params[p].count; c++) {
			if (c == space.params[p].value)
				continue;
			variant_default(&v, &space);
			v.choice[p] = c;
			buf_clear(&what);
			put_variant(&what, seed, &space, &v);
			check(seed, buf_cstr(&what), true);
		}
	buf_release(&source);
	buf_release(&what);
}

static void put_seed(const struct seed *seed)
{
	struct buf source = BUF_INIT, what = BUF_INIT;
	struct variant_space space;
	struct variant v;

	read_seed(&source, seed, "kernel.cu");
	variant_space_read(&space, buf_cstr(&source));
	assert_in_range(space.count, seed->parameters, VARIANT_PARAMS_MAX);
	for (int p = 0; p < space.count; p++) {
		assert_in_range(space.params[p].value, 0, space.params[p].count - 1);
		assert_true(space.params[p].count >= 2);
	}
	variant_default(&v, &space);
	put_variant(&what, seed, &space, &v);
	buf_release(&source);
	buf_release(&what);
}

static void plans_pass_the_runners_checks(void **state)
{
	for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
		put_seed(&seeds[s]);
		check_plans(&seeds[s], "as it is", false);
	}
}

/* What a seed cannot do it refuses in words that name the limit. */
static void plans_refuse_in_words(void **state)
{
	struct avo_plan *plan = xcalloc(1, sizeof(*plan));

	for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
		int depth = seeds[s].set[0] ? seeds[s].head_dims[0] : 128;
		struct avo_problem good = make_problem(&seeds[s], &lengths[4], &heads[1], depth, 1), p;
		plan_function function;
		void *library;

		put_seed(&seeds[s]);
		function = load_plan(&library, seeds[s].name);
		assert_string_equal(run_plan(plan, function, &good), "");
		p = good;
		p.dtype = AVO_F32;
		assert_non_null(strstr(run_plan(plan, function, &p), "dtype"));
		p = good;
		p.head_dim = 512;
		assert_non_null(strstr(run_plan(plan, function, &p), "head_dim 512"));
		if (strcmp(seeds[s].name, "reference") == 0) {
			dlclose(library);
			continue;
		}
		p = good;
		p.device.cc_major = 7;
		p.device.cc_minor = 5;
		assert_non_null(strstr(run_plan(plan, function, &p), "compute capability 7.5"));
		p = good;
		p.kv_heads = 5;
		assert_non_null(strstr(run_plan(plan, function, &p), "no multiple"));
		p = good;
		p.device.max_shared_bytes = 48 * 1024;
		assert_non_null(strstr(run_plan(plan, function, &p), "shared memory"));
		dlclose(library);
	}
	free(plan);
}

/* ---- device code ---- */

struct compile {
	char *arch, *include, *source, *cubin;
};

static int run_nvrtc(void *arg)
{
	struct compile *c = arg;
	char *argv[] = { (char *)"avo-worker", (char *)NVRTC_PROCESS_FLAG, c->arch, c->include, c->source, c->cubin, NULL };
	int status = nvrtc_process(6, argv);

	fflush(stdout);
	_exit(status);
}

/* The exit status of the compiler's process: 0, 1 (refused), 3 (no NVRTC). */
static int compile(struct buf *log, const char *arch)
{
	struct compile c = { xstrdup(arch), tree_path("kernels/include"), path_join(work_dir, "kernel.cu"),
			     path_join(work_dir, "kernel.cubin") };
	const char *const argv[] = { "nvrtc", NULL };
	struct child_spec spec = CHILD_SPEC_INIT;
	struct child_result result = { 0 };

	spec.argv = argv;
	spec.enter = run_nvrtc;
	spec.enter_arg = &c;
	assert_int_equal(child_run(&result, log, &spec, 300000, NULL), AVO_OK);
	free(c.arch);
	free(c.include);
	free(c.source);
	free(c.cubin);
	return WIFEXITED(result.wait_status) ? WEXITSTATUS(result.wait_status) : -1;
}

/* Every kernel that a plan launches is in the cubin, by name. */
static void check_names(const struct seed *seed)
{
	struct avo_plan *plan = xcalloc(1, sizeof(*plan));
	char *path = path_join(work_dir, "kernel.cubin");
	struct buf cubin;
	void *library;
	plan_function function = load_plan(&library, seed->name);

	buf_init(&cubin, 16 << 20);
	assert_int_equal(path_read(&cubin, path, 16 << 20, NULL), AVO_OK);
	for (int causal = 0; causal < 2; causal++) {
		struct avo_problem p = make_problem(seed, &lengths[4], &heads[1], seed->set[0] ? seed->head_dims[0] : 128, causal);

		assert_string_equal(run_plan(plan, function, &p), "");
		for (unsigned l = 0; l < plan->launch_count; l++)
			if (!memmem(cubin.data, cubin.len, plan->launches[l].name, strlen(plan->launches[l].name) + 1))
				fail_msg("%s: no kernel %s", seed->name, plan->launches[l].name);
	}
	dlclose(library);
	buf_release(&cubin);
	free(path);
	free(plan);
}

static void check_build(const struct seed *seed, const char *what, bool variant)
{
	for (int a = 0; a < 3 && seed->archs[a]; a++) {
		struct ptxas_report report;
		struct buf log;

		if (variant && a > 0)
			break;
		buf_init(&log, 1 << 20);
		if (compile(&log, seed->archs[a]) != 0)
			fail_msg("%s %s: %s", seed->name, what, buf_cstr(&log));
		ptxas_parse(&report, buf_cstr(&log), log.len);
		assert_true(report.count > 0);
		print_message("# %s for %s%s: %d registers, %d bytes spilled%s\n", seed->name, seed->archs[a], variant ? what : "",
			      ptxas_registers(&report), ptxas_spills(&report), report.wgmma_serialized ? ", wgmma serialised" : "");
		if (!variant && a < seed->clean)
			assert_int_equal(ptxas_spills(&report), 0);
		if (!variant)
			assert_false(report.wgmma_serialized);
		buf_release(&log);
	}
}

static void device_code_compiles_clean(void **state)
{
	char name[64];
	struct error err;

	if (nvrtc_describe(name, sizeof(name), &err) != AVO_OK) {
		print_message("# SKIP %s\n", err.text);
		skip();
	}
	for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
		/* the same structure once more: its plans are always checked, its code when there is time */
		if (seeds[s].set[0] && !getenv("AVO_LONG"))
			continue;
		put_seed(&seeds[s]);
		check_build(&seeds[s], "as it is", false);
		check_names(&seeds[s]);
	}
}

/* What fills, hides, scans and compares tensors is compiled on the node, for whatever device is there. */
static void the_workers_device_code_compiles(void **state)
{
	static const char *const archs[] = { "sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a" };
	struct buf source = BUF_INIT;
	struct error err;
	char name[64];

	if (nvrtc_describe(name, sizeof(name), &err) != AVO_OK) {
		print_message("# SKIP %s\n", err.text);
		skip();
	}
	buf_addstr(&source, trusted_source);
	write_work("kernel.cu", &source);
	for (size_t a = 0; a < ARRAY_LEN(archs); a++) {
		struct buf log;

		buf_init(&log, 1 << 20);
		if (compile(&log, archs[a]) != 0)
			fail_msg("%s: %s", archs[a], buf_cstr(&log));
		buf_release(&log);
	}
	buf_release(&source);
}

/* The plans of alternatives may refuse, for want of shared memory; the code may spill, but it compiles. */
static void alternatives_plan_and_compile(void **state)
{
	const char *rounds = getenv("AVO_TEST_ROUNDS");
	struct error err;
	char name[64];

	if (!rounds || atoi(rounds) < 1 || nvrtc_describe(name, sizeof(name), &err) != AVO_OK) {
		print_message("# SKIP set AVO_TEST_ROUNDS=1, and have NVRTC: it takes minutes\n");
		skip();
	}
	for (size_t s = 0; s < ARRAY_LEN(seeds); s++) {
		for_each_alternative(&seeds[s], check_plans);
		for_each_alternative(&seeds[s], check_build);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_pass_the_runners_checks),
		cmocka_unit_test(plans_refuse_in_words),
		cmocka_unit_test(device_code_compiles_clean),
		cmocka_unit_test(the_workers_device_code_compiles),
		cmocka_unit_test(alternatives_plan_and_compile),
	};

	return cmocka_run_group_tests(tests, make_dir, drop_dir);
}
