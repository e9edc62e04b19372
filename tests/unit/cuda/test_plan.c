#include "avo.h"
#include "worker/cuda/planner.h"
#include "worker/cuda/ptxas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static const struct avo_device h200 = {
	.cc_major = 9, .sm_count = 132, .max_shared_bytes = 232448, .shared_bytes_per_sm = 233472, .registers_per_sm = 65536,
	.max_cluster = 16, .l2_bytes = 62914560, .memory_bytes = 150000000000,
};

static const struct task_case gqa = {
	.name = "gqa", .batch = 2, .q_len = 100, .kv_len = 300, .q_heads = 8, .kv_heads = 2, .head_dim = 128, .causal = true, .dtype = DTYPE_BF16,
};

struct fixture {
	struct avo_problem problem;
	struct avo_plan plan;
};

/* A plan with everything in it: maps, pointers, scalars, a workspace that is cleared. */
static void make(struct fixture *f)
{
	struct avo_tensor_map map;
	struct avo_launch *l;
	uint64_t counters;

	memset(f, 0, sizeof(*f));
	planner_problem(&f->problem, &gqa, &h200);
	f->plan.abi = AVO_PLAN_ABI;
	counters = avo_workspace(&f->plan, 1024);
	avo_clear(&f->plan, counters, 1024, 0);
	l = avo_launch(&f->plan, "attention", avo_dim(8, 4, 2), avo_dim(384, 1, 1), 200000);
	l->cluster = avo_dim(2, 1, 1);
	map = avo_map_bshd(&f->problem, AVO_K, 64, 128, AVO_SWIZZLE_128B);
	avo_arg_tensor_map(l, &map);
	avo_arg_tensor(l, AVO_O);
	avo_arg_workspace(l, counters);
	avo_arg_i32(l, 300);
	avo_arg_f32(l, f->problem.scale);
}

static void expect(struct fixture *f, const char *words)
{
	struct error err = { 0 };
	enum avo_status st = plan_validate(&f->plan, &f->problem, &err);

	if (!words) {
		if (st != AVO_OK)
			fail_msg("refused: %s", err.text);
		return;
	}
	assert_int_equal(st, AVO_NEGATIVE);
	if (!strstr(err.text, words))
		fail_msg("'%s' does not say '%s'", err.text, words);
}

static void a_good_plan_passes(void **state)
{
	struct fixture f;

	make(&f);
	expect(&f, NULL);
}

static void a_later_launch_may_overlap(void **state)
{
	struct fixture f;
	struct avo_launch *l;

	make(&f);
	l = avo_launch(&f.plan, "combine", avo_dim(8, 1, 1), avo_dim(128, 1, 1), 0);
	l->flags = AVO_LAUNCH_OVERLAP;
	avo_arg_tensor(l, AVO_O);
	expect(&f, NULL);
}

static void every_limit_is_checked_and_named(void **state)
{
	struct fixture f;
	struct avo_launch *l = &f.plan.launches[0];
	struct avo_tensor_map *m = &l->maps[0];

#define REFUSED(change, words) do { make(&f); change; expect(&f, words); } while (0)
	REFUSED(f.plan.abi = 7, "ABI 7");
	REFUSED(f.plan.launch_count = 0, "launches");
	REFUSED(l->flags = AVO_LAUNCH_OVERLAP, "OVERLAP is for a launch behind another one");
	REFUSED(l->flags = AVO_LAUNCH_OVERLAP | AVO_LAUNCH_COOPERATIVE, "OVERLAP is for a launch behind another one");
	REFUSED(f.plan.launch_count = 9, "launches");
	REFUSED(f.plan.clear_count = 9, "cleared");
	REFUSED(f.plan.clears[0].offset = 1, "cleared range 0");
	REFUSED(f.plan.clears[0].offset = UINT64_MAX, "cleared range 0");
	REFUSED(f.plan.workspace_bytes = AVO_PLAN_WORKSPACE_MAX + 1, "workspace");
	REFUSED(l->name[0] = 0, "name of a kernel");
	REFUSED(memset(l->name, 'x', AVO_PLAN_NAME), "name of a kernel");
	REFUSED(strcpy(l->name, "bad name"), "name of a kernel");
	REFUSED(l->grid.x = 0, "grid");
	REFUSED(l->grid.y = 65536, "grid");
	REFUSED(l->grid.x = 7, "multiple of the cluster");
	REFUSED(l->block.x = 1025, "threads");
	REFUSED(l->block.y = 4, "threads");
	REFUSED(l->cluster.x = 32, "cluster");
	REFUSED(l->cluster.x = 0, "cluster");
	REFUSED(l->shared_bytes = 232449, "shared memory");
	REFUSED(l->flags = 8, "flags");
	REFUSED(l->arg_count = 33, "arguments");
	REFUSED(l->map_count = 9, "tensor maps");
	REFUSED(l->args[0].index = 1, "no tensor map 1");
	REFUSED(l->args[1].index = AVO_TENSORS, "no tensor");
	REFUSED(l->args[1].kind = 99, "no kind 99");
	REFUSED(l->args[1].bits = (uint64_t)1 << 40, "behind the tensor");
	REFUSED(l->args[2].bits = 1025, "behind the tensor");
	REFUSED(m->tensor = 5, "no tensor 5");
	REFUSED(m->dtype = 6, "dtype");
	REFUSED(m->rank = 0, "rank");
	REFUSED(m->rank = 6, "rank");
	REFUSED(m->swizzle = 4, "out of range");
	REFUSED(m->offset = 8, "multiple of 16");
	REFUSED(m->box[0] = 128, "swizzle's span");
	REFUSED(m->box[0] = 4, "multiple of 16");
	REFUSED(m->box[2] = 257, "1..256");
	REFUSED(m->element_strides[1] = 0, "element stride");
	REFUSED(m->dims[3] = 3, "reaches byte");
	REFUSED(m->dims[2] = 301, "reaches byte");
	REFUSED(m->dims[0] = 0, "dims[0]");
	REFUSED(m->strides[2] += 8, "stride");
	REFUSED(m->strides[2] = UINT64_MAX - 15, "stride");
	REFUSED(m->offset = 16, "reaches byte");
#undef REFUSED
}

static void sizes_follow_the_shapes(void **state)
{
	struct fixture f;

	make(&f);
	assert_true(plan_tensor_bytes(&f.plan, &f.problem, AVO_Q) == 2ull * 100 * 8 * 128 * 2);
	assert_true(plan_tensor_bytes(&f.plan, &f.problem, AVO_V) == 2ull * 300 * 2 * 128 * 2);
	assert_true(plan_tensor_bytes(&f.plan, &f.problem, AVO_WORKSPACE) == 1024);
}

static void random_bytes_never_pass_unchecked_sizes(void **state)
{
	struct fixture f;
	unsigned char *bytes = (unsigned char *)&f.plan;
	unsigned seed = 1, round;
	size_t i;

	/* whatever the bytes, the checks come back and only say yes to what they looked at */
	for (round = 0; round < 200; round++) {
		make(&f);
		for (i = 0; i < 16; i++) {
			seed = seed * 1664525u + 1013904223u;
			bytes[(seed >> 8) % sizeof(f.plan)] = (unsigned char)(seed >> 3);
		}
		if (plan_validate(&f.plan, &f.problem, NULL) == AVO_OK) {
			assert_in_range(f.plan.launch_count, 1, AVO_PLAN_LAUNCHES);
			assert_true(f.plan.launches[0].shared_bytes <= 232448);
		}
	}
}

static const char report[] =
	"ptxas info    : 0 bytes gmem\n"
	"ptxas info    : Compiling entry function 'attention_fwd' for 'sm_90a'\n"
	"ptxas info    : Function properties for attention_fwd\n"
	"    16 bytes stack frame, 24 bytes spill stores, 32 bytes spill loads\n"
	"ptxas info    : Used 168 registers, used 9 barriers, 16 bytes cumulative stack size, 1024 bytes smem, 528 bytes cmem[0]\n"
	"ptxas info    : Compiling entry function 'combine' for 'sm_90a'\n"
	"    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
	"ptxas info    : Used 40 registers\n"
	"ptxas info    : (C7510) Potential Performance Loss: wgmma.mma_async instructions are serialized due to insufficient register resources\n";

static void the_compilers_report_is_read(void **state)
{
	struct ptxas_report r;

	ptxas_parse(&r, report, sizeof(report) - 1);
	assert_int_equal(r.count, 2);
	assert_string_equal(r.kernels[0].name, "attention_fwd");
	assert_int_equal(r.kernels[0].registers, 168);
	assert_int_equal(r.kernels[0].barriers, 9);
	assert_int_equal(r.kernels[0].shared_bytes, 1024);
	assert_int_equal(r.kernels[0].stack_bytes, 16);
	assert_int_equal(r.kernels[1].registers, 40);
	assert_int_equal(ptxas_registers(&r), 168);
	assert_int_equal(ptxas_spills(&r), 56);
	assert_true(r.wgmma_serialized);
	assert_non_null(strstr(r.warning, "C7510"));
	ptxas_parse(&r, "", 0);
	assert_int_equal(ptxas_spills(&r), -1);
}

static void the_first_error_is_found(void **state)
{
	static const char log[] = "kernel.cu(3): warning #177-D: unused\nkernel.cu(9): error: expected a \";\"\nkernel.cu(12): error: more\n";
	char text[64];

	ptxas_first_error(text, sizeof(text), log, sizeof(log) - 1);
	assert_string_equal(text, "kernel.cu(9): error: expected a \";\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_plan_passes),
		cmocka_unit_test(a_later_launch_may_overlap),
		cmocka_unit_test(every_limit_is_checked_and_named),
		cmocka_unit_test(sizes_follow_the_shapes),
		cmocka_unit_test(random_bytes_never_pass_unchecked_sizes),
		cmocka_unit_test(the_compilers_report_is_read),
		cmocka_unit_test(the_first_error_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
