#include "avo.h"
#include "worker/cuda/metrics.h"

#define STALL(id, label, reason) \
	{ id, label, "", METRIC_STALL, "smsp__average_warps_issue_stalled_" reason "_per_issue_active.ratio" }

/* On every chip listed below. A stall is the number of warps that wait for this reason per issued instruction. */
static const struct metric common[] = {
	{ "duration", "duration", "ns", METRIC_TIME, "gpu__time_duration.sum" },
	{ "cycles", "SM cycles", "cycles", METRIC_TIME, "sm__cycles_elapsed.max" },
	{ "sm-clock", "SM clock", "Hz", METRIC_TIME, "sm__cycles_elapsed.avg.per_second" },
	{ "tensor-active", "tensor pipe active", "%", METRIC_PIPE, "sm__pipe_tensor_cycles_active.avg.pct_of_peak_sustained_elapsed" },
	{ "exp-active", "exp unit (XU) issue", "%", METRIC_PIPE, "sm__inst_executed_pipe_xu.avg.pct_of_peak_sustained_active" },
	{ "fma-active", "FMA pipe active", "%", METRIC_PIPE, "sm__pipe_fma_cycles_active.avg.pct_of_peak_sustained_active" },
	{ "alu-active", "ALU pipe active", "%", METRIC_PIPE, "sm__pipe_alu_cycles_active.avg.pct_of_peak_sustained_active" },
	{ "issue-active", "issue slots used", "%", METRIC_ISSUE, "smsp__issue_active.avg.pct_of_peak_sustained_active" },
	{ "instructions", "instructions", "", METRIC_ISSUE, "smsp__inst_executed.sum" },
	{ "eligible-warps", "eligible warps per cycle", "", METRIC_ISSUE, "smsp__warps_eligible.avg.per_cycle_active" },
	STALL("stall-barrier", "stall: barrier", "barrier"),
	STALL("stall-long-scoreboard", "stall: long scoreboard", "long_scoreboard"),
	STALL("stall-short-scoreboard", "stall: short scoreboard", "short_scoreboard"),
	STALL("stall-math-throttle", "stall: math pipe throttle", "math_pipe_throttle"),
	STALL("stall-mio-throttle", "stall: MIO throttle", "mio_throttle"),
	STALL("stall-wait", "stall: fixed latency", "wait"),
	STALL("stall-not-selected", "stall: not selected", "not_selected"),
	STALL("stall-no-instruction", "stall: no instruction", "no_instruction"),
	STALL("stall-membar", "stall: memory barrier", "membar"),
	STALL("stall-sleeping", "stall: sleeping", "sleeping"),
	STALL("stall-branch", "stall: branch resolving", "branch_resolving"),
	STALL("stall-dispatch", "stall: dispatch", "dispatch_stall"),
	{ "shared-conflicts", "shared memory bank conflicts", "", METRIC_SHARED, "l1tex__data_bank_conflicts_pipe_lsu_mem_shared.sum" },
	{ "shared-wavefronts", "shared memory wavefronts", "", METRIC_SHARED, "l1tex__data_pipe_lsu_wavefronts_mem_shared.sum" },
	{ "l2-throughput", "L2 throughput", "%", METRIC_MEMORY, "lts__throughput.avg.pct_of_peak_sustained_elapsed" },
	{ "l2-hit-rate", "L2 hit rate", "%", METRIC_MEMORY, "lts__t_sector_hit_rate.pct" },
	{ "dram-throughput", "DRAM throughput", "%", METRIC_MEMORY, "dram__throughput.avg.pct_of_peak_sustained_elapsed" },
	{ "dram-read", "DRAM read", "bytes", METRIC_MEMORY, "dram__bytes_read.sum" },
	{ "local-load", "local memory loads (spills)", "bytes", METRIC_MEMORY, "l1tex__t_bytes_pipe_lsu_mem_local_op_ld.sum" },
	{ "local-store", "local memory stores (spills)", "bytes", METRIC_MEMORY, "l1tex__t_bytes_pipe_lsu_mem_local_op_st.sum" },
	{ "occupancy", "warps active", "%", METRIC_OCCUPANCY, "sm__warps_active.avg.pct_of_peak_sustained_active" },
};

static const struct metric gh100[] = {
	{ "tensor-flops", "tensor FLOP rate", "%", METRIC_PIPE, "sm__ops_path_tensor_src_bf16_dst_fp32.avg.pct_of_peak_sustained_elapsed" },
	{ "wgmma", "wgmma instructions", "", METRIC_PIPE, "sm__inst_executed_pipe_tensor_op_gmma.sum" },
	STALL("stall-gmma", "stall: wgmma", "gmma"),
};

static const struct metric gb100[] = {
	{ "tensor-flops", "tensor FLOP rate", "%", METRIC_PIPE, "sm__ops_path_tensor_op_utchmma_src_bf16_dst_fp32.avg.pct_of_peak_sustained_elapsed" },
	{ "tensor-core", "tcgen05 instructions", "", METRIC_PIPE, "sm__inst_executed_pipe_tc.sum" },
	{ "tmem-active", "tensor memory active", "%", METRIC_PIPE, "sm__mem_tensor_cycles_active.avg.pct_of_peak_sustained_active" },
};

static int append(const struct metric *out[METRICS_MAX], int count, const struct metric *table, size_t n)
{
	size_t i;

	for (i = 0; i < n && count < METRICS_MAX; i++)
		out[count++] = &table[i];
	return count;
}

int metrics_for_chip(const struct metric *out[METRICS_MAX], const char *chip)
{
	int count;

	if (strncmp(chip, "GH100", 5) != 0 && strncmp(chip, "GB100", 5) != 0)
		return 0;
	count = append(out, 0, common, ARRAY_LEN(common));
	if (chip[1] == 'H')
		return append(out, count, gh100, ARRAY_LEN(gh100));
	return append(out, count, gb100, ARRAY_LEN(gb100));
}

const char *metric_group_name(enum metric_group g)
{
	static const char *const names[] = { "time", "pipe", "issue", "stall", "shared", "memory", "occupancy" };

	return names[g];
}
