#!/bin/sh
# avo counters, on a stand-in for the CUDA driver that has no counters: what is absent is
# said, and the rest is shown.
. "$AVO_TOP_SRCDIR/tests/lib/tap.sh"
fake=$AVO_TOP_BUILDDIR/tests/lib/fake_cuda.so
[ -f "$fake" ] || skip_all "this build has no CUDA backend"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
avo() { "$AVO_TOP_BUILDDIR/avo" "$@"; }
AVO_CUDA=$fake AVO_CUPTI=$work/no-cupti.so AVO_NVML=$work/no-nvml.so AVO_CUDNN=$work/no-cudnn.so
export AVO_CUDA AVO_CUPTI AVO_NVML AVO_CUDNN

mkdir seed
cat >seed/kernel.cu <<'CU'
extern "C" __global__ void works(const void *q, const void *k, const void *v, void *o, int a, int b, int c, int d, int e, int f, float g)
{
}
CU
cat >seed/plan.c <<'C'
#include <avo/plan.h>

int avo_plan(const struct avo_problem *p, struct avo_plan *plan)
{
	struct avo_launch *l = avo_launch(plan, "works", avo_dim(1, 1, p->batch), avo_dim(32, 1, 1), 1024);

	for (int i = 0; i < 4; i++)
		avo_arg_tensor(l, i);
	avo_arg_i32(l, p->q_len);
	avo_arg_i32(l, p->kv_len);
	avo_arg_i32(l, p->q_heads);
	avo_arg_i32(l, p->kv_heads);
	avo_arg_i32(l, p->head_dim);
	avo_arg_i32(l, p->causal);
	avo_arg_f32(l, p->scale);
	return 0;
}
C
avo init run --backend cuda --suite quick --seed seed >/dev/null || exit 1

got=$(avo counters v0 run 2>err)
status=$?
if [ $status -ne 0 ] && grep -q NVRTC err; then
	skip_all "$(cat err)"
fi
is $status 0 "a version is profiled"
like "$got" '^quick, case' "the case is named"
like "$got" 'kernels launched +1$' "launches are counted"
like "$got" 'registers a thread +40$' "what the driver knows of a kernel is shown"
like "$got" 'dynamic shared memory +bytes +1024$' "with its unit"
like "$got" 'no hardware counters: CUPTI .* is not here' "what is missing is said"
unlike "$got" 'kernel time' "and is not shown as a number"

got=$(avo counters v0 v0 run)
like "$got" 'counter +unit +v0 +v0 +change' "two stand side by side"
like "$got" 'registers a thread +40 +40 +[+]0.00%' "with the change"
got=$(avo counters v0 v0 run --case causal-2k --json)
like "$got" '"id":"registers","unit":"","group":"kernel","values":\[40,40\]' "as JSON, too"
like "$got" '"case":"causal-2k"' "for the case that was asked for"

avo counters run >/dev/null 2>err
is $? 2 "a run without a version is a question of usage"
avo counters v0 run --case nothing >/dev/null 2>err
is $? 1 "an unknown case is refused"
like "$(cat err)" 'no case nothing' "by name"
avo init other --suite cpu-quick >/dev/null
avo counters v0 other >/dev/null 2>err
is $? 1 "a CPU run has no counters"
like "$(cat err)" 'backend cpu has no counters' "and says so"
done_testing
