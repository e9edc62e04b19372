#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/judge.h"
#include "worker/cuda/reference.h"
#include "worker/cuda/values.h"
#include "worker/random.h"

#define FLUSH_BYTES ((size_t)256 << 20)		/* more than twice any L2 */
#define GUARD_BYTES ((size_t)1 << 20)		/* poisoned on both sides of an output: 128 rows of 32 heads of 128 */
#define POISON 0xffff				/* a NaN in bf16 */
#define SCAN_BLOCKS 1024

struct gpu_values {
	struct trusted trusted;
	struct device_buffer inputs[INPUTS], outputs[RUNNER_TOGETHER], workspaces[RUNNER_TOGETHER], flush, results, scans;
	struct reference reference;
	CUdeviceptr input[INPUTS], output[RUNNER_TOGETHER];	/* of the current run, inside the buffers */
	uint64_t digest[INPUTS];
	unsigned flush_count;
	struct task_case c;
};

enum avo_status gpu_values_new(struct gpu_values **out, const char *trusted_cubin, CUstream stream, struct error *err)
{
	struct gpu_values *v = xcalloc(1, sizeof(*v));
	enum avo_status st = trusted_load(&v->trusted, trusted_cubin, stream, err);

	if (st != AVO_OK)
		gpu_values_free(v);
	else
		*out = v;
	return st;
}

void gpu_values_free(struct gpu_values *v)
{
	int i;

	if (!v)
		return;
	for (i = 0; i < INPUTS; i++)
		device_release(&v->inputs[i]);
	for (i = 0; i < RUNNER_TOGETHER; i++) {
		device_release(&v->outputs[i]);
		device_release(&v->workspaces[i]);
	}
	device_release(&v->flush);
	device_release(&v->results);
	device_release(&v->scans);
	reference_release(&v->reference);
	trusted_unload(&v->trusted);
	free(v);
}

static enum avo_status scan(struct trusted_scan *out, struct gpu_values *v, CUdeviceptr values, uint64_t n, struct error *err)
{
	struct trusted_scan start = { 0, n };
	void *params[] = { &values, &n, &v->scans.at };
	enum avo_status st = device_reserve(&v->scans, sizeof(start), err);

	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyHtoD(v->scans.at, &start, sizeof(start)), "starting a scan", err);
	if (st == AVO_OK)
		st = trusted_launch(&v->trusted, v->trusted.scan, SCAN_BLOCKS, params, err);
	if (st == AVO_OK)
		st = trusted_wait(&v->trusted, "scanning", err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyDtoH(out, v->scans.at, sizeof(*out)), "reading a scan", err);
	return st;
}

enum avo_status gpu_values_fill(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	enum avo_status st = AVO_OK;
	int i;

	v->c = r->c;
	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		size_t bytes = 2 * input_elements(&r->c, i);

		st = device_reserve(&v->inputs[i], bytes + SLIDE_BYTES, err);
		v->input[i] = v->inputs[i].at + device_slide(r->seed, (uint64_t)i);
	}
	if (st == AVO_OK)
		st = fill_inputs(v->input, &v->trusted, r, err);
	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		struct trusted_scan s;

		st = scan(&s, v, v->input[i], input_elements(&r->c, i), err);
		v->digest[i] = s.digest;
	}
	return st;
}

enum avo_status gpu_values_pointers(struct tensor_pointers *out, struct gpu_values *v, int i, uint64_t workspace, struct error *err)
{
	size_t bytes = 2 * case_q_elements(&v->c), whole = bytes + 2 * GUARD_BYTES + SLIDE_BYTES;
	enum avo_status st = device_reserve(&v->outputs[i], whole, err);

	if (st == AVO_OK && workspace)
		st = device_reserve(&v->workspaces[i], workspace, err);
	if (st != AVO_OK)
		return st;
	v->output[i] = v->outputs[i].at + GUARD_BYTES + device_slide(v->digest[AVO_Q], (uint64_t)i + 7);
	out->at[AVO_Q] = v->input[AVO_Q];
	out->at[AVO_K] = v->input[AVO_K];
	out->at[AVO_V] = v->input[AVO_V];
	out->at[AVO_O] = v->output[i];
	out->at[AVO_WORKSPACE] = workspace ? v->workspaces[i].at : 0;
	/* what a run left in its workspace is not there for the next one */
	if (workspace)
		st = cuda_check(cu()->cuMemsetD8Async(v->workspaces[i].at, 0xff, workspace, v->trusted.stream), "clearing a workspace", err);
	if (st != AVO_OK)
		return st;
	/* a NaN in bf16: what is not written does not pass, and what is written beside the output is seen */
	return cuda_check(cu()->cuMemsetD16Async(v->outputs[i].at, POISON, whole / 2, v->trusted.stream), "poisoning an output", err);
}

enum avo_status gpu_values_flush(struct gpu_values *v, struct error *err)
{
	enum avo_status st = device_reserve(&v->flush, FLUSH_BYTES, err);

	if (st == AVO_OK)
		st = cuda_check(cu()->cuCtxResetPersistingL2Cache(), "resetting persisting cache lines", err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemsetD32Async(v->flush.at, ++v->flush_count, FLUSH_BYTES / 4, v->trusted.stream), "flushing the L2", err);
	return st;
}

enum avo_status gpu_values_mask(struct gpu_values *v, int i, const struct runner_request *r, struct error *err)
{
	uint64_t n = case_q_elements(&v->c), secret = random_at(r->seed, 2000 + (uint64_t)i);
	void *params[] = { &v->output[i], &n, &secret };

	return trusted_launch(&v->trusted, v->trusted.mask, 2048, params, err);
}

enum avo_status gpu_values_reference(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	return reference_compute(&v->reference, &v->trusted, v->input, r, err);
}

static enum avo_status first_written(uint64_t *first, struct gpu_values *v, CUdeviceptr at, uint64_t n, struct error *err)
{
	uint16_t poison = POISON;
	void *params[] = { &at, &n, &poison, &v->scans.at };
	enum avo_status st;

	*first = n;
	st = cuda_check(cu()->cuMemcpyHtoD(v->scans.at, first, sizeof(*first)), "starting a look", err);
	if (st == AVO_OK)
		st = trusted_launch(&v->trusted, v->trusted.find_written, 64, params, err);
	if (st == AVO_OK)
		st = trusted_wait(&v->trusted, "looking beside an output", err);
	return st == AVO_OK ? cuda_check(cu()->cuMemcpyDtoH(first, v->scans.at, sizeof(*first)), "reading a look", err) : st;
}

/* What lies around output i was poisoned with it, and must still be so. */
static enum avo_status check_beside(struct run_outcome *out, struct gpu_values *v, int i, struct error *err)
{
	size_t bytes = 2 * case_q_elements(&v->c), whole = bytes + 2 * GUARD_BYTES + SLIDE_BYTES;
	CUdeviceptr start = v->outputs[i].at, end = v->output[i] + bytes;
	uint64_t before = (v->output[i] - start) / 2, after = (start + whole - end) / 2, first;
	enum avo_status st = first_written(&first, v, start, before, err);
	int64_t where = first < before ? -2 * (int64_t)(before - first) : 0;

	if (st == AVO_OK && !where) {
		st = first_written(&first, v, end, after, err);
		where = first < after ? 2 * (int64_t)first + 2 : 0;
	}
	if (st == AVO_OK && where)
		judge_written_beside(out, where < 0 ? where : where - 2);
	return st;
}

enum avo_status gpu_values_inputs(struct run_outcome *out, struct gpu_values *v, struct error *err)
{
	enum avo_status st = AVO_OK;
	int i;

	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		struct trusted_scan s;

		st = scan(&s, v, v->input[i], input_elements(&v->c, i), err);
		if (st == AVO_OK && s.digest != v->digest[i] && out->verdict == VERDICT_PASSED)
			judge_changed_input(out, i, v->digest[i], s.digest);
	}
	return st;
}

enum avo_status gpu_values_check(struct run_outcome *out, struct gpu_values *v, int i, const struct runner_request *r, struct error *err)
{
	const struct reference *f = &v->reference;
	struct trusted_row *rows = xcalloc(f->row_count, sizeof(*rows));
	size_t bytes = f->row_count * sizeof(*rows);
	int count = (int)f->row_count, head_dim = r->c.head_dim;
	CUdeviceptr list = f->rows.at, exact = f->exact.at, plain = f->plain.at;
	uint64_t n = case_q_elements(&v->c);
	struct trusted_scan s = { 0, 0 };
	enum avo_status st = device_reserve(&v->results, bytes, err);
	void *params[] = { &v->output[i], &list, &count, &head_dim, &exact, &plain, &v->results.at };

	if (st == AVO_OK)
		st = scan(&s, v, v->output[i], n, err);
	if (st == AVO_OK)
		st = trusted_launch(&v->trusted, v->trusted.compare_rows, ((unsigned)count + 7) / 8, params, err);
	if (st == AVO_OK)
		st = trusted_wait(&v->trusted, "comparing", err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyDtoH(rows, v->results.at, bytes), "reading the comparison", err);
	if (st == AVO_OK) {
		out->digest = s.digest;
		judge_rows(out, &r->c, rows, f->row_list, f->row_count);
		if (s.first_bad < n)
			judge_not_finite(out, &r->c, s.first_bad);
	}
	free(rows);
	return st == AVO_OK && out->verdict == VERDICT_PASSED ? check_beside(out, v, i, err) : st;
}
