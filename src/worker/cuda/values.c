#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "worker/cpu/values.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/values.h"
#include "worker/random.h"

#include <math.h>

#define FLUSH_BYTES ((size_t)256 << 20)		/* more than twice any L2 */
#define SLIDE_BYTES ((size_t)1 << 20)		/* a tensor starts somewhere in the first MiB of its buffer */
#define GUARD_BYTES ((size_t)1 << 20)		/* poisoned on both sides of an output: 128 rows of 32 heads of 128 */
#define POISON 0xffff
#define SCRATCH_BYTES ((size_t)512 << 20)	/* of the reference's scores, at a time */
#define SCAN_BLOCKS 1024

/*
 * FlashAttention's rule: the candidate may be twice as wrong as the plain
 * computation in bf16, plus what rounding the output costs; and no row may be worse than
 * ROW_FACTOR times the plain computation's row or a few ulps of the row itself.
 */
#define PLAIN_FACTOR 2.0
#define ROUNDING_FACTOR 2.0
#define ROW_FACTOR 4.0
#define ROW_ULP (1.0 / 256)

struct device_buffer {
	CUdeviceptr at;
	size_t bytes;
};

enum { Q, K, V, INPUTS };

struct scan_result {
	uint64_t digest, first_bad;
};

struct row_result {
	float max_error, plain_error, rounding, largest, expected, got;
	int worst;
	float error_norm, plain_norm, exact_norm;
};

struct gpu_shape {
	int batch, q_len, kv_len, q_heads, kv_heads, head_dim, causal;
	float scale;
};

struct gpu_values {
	CUmodule module;
	CUfunction fill_normal, scan, find_written, mask, reference_rows, compare_rows;
	CUstream stream;
	struct device_buffer inputs[INPUTS], outputs[RUNNER_TOGETHER], workspaces[RUNNER_TOGETHER], flush;
	struct device_buffer rows, scratch, exact, plain, results, scans;
	CUdeviceptr input[INPUTS], output[RUNNER_TOGETHER];	/* of the current run, inside the buffers */
	uint64_t digest[INPUTS];
	unsigned flush_count;
	size_t row_count;
	uint32_t *row_list;
	struct task_case c;
};

static const struct cuda_driver *cu(void)
{
	return cuda_driver(NULL);
}

static enum avo_status reserve(struct device_buffer *b, size_t bytes, struct error *err)
{
	if (b->bytes >= bytes)
		return AVO_OK;
	if (b->at)
		cu()->cuMemFree(b->at);
	b->at = 0;
	b->bytes = 0;
	if (cu()->cuMemAlloc(&b->at, bytes) != CUDA_SUCCESS)
		return error_set(err, AVO_ENVIRONMENT, "the GPU has no %zu MiB left: is somebody else on it?", bytes >> 20);
	b->bytes = bytes;
	return AVO_OK;
}

static void release(struct device_buffer *b)
{
	if (b->at)
		cu()->cuMemFree(b->at);
	b->at = 0;
}

enum avo_status gpu_values_new(struct gpu_values **out, const char *trusted_cubin, CUstream stream, struct error *err)
{
	struct gpu_values *v = xcalloc(1, sizeof(*v));
	struct buf cubin = BUF_INIT;
	enum avo_status st = path_read(&cubin, trusted_cubin, (size_t)16 << 20, err);

	v->stream = stream;
	if (st == AVO_OK)
		st = cuda_check(cu()->cuModuleLoadData(&v->module, buf_cstr(&cubin)), "loading the worker's device code", err);
	if (st == AVO_OK && (cu()->cuModuleGetFunction(&v->fill_normal, v->module, "fill_normal") != CUDA_SUCCESS ||
			     cu()->cuModuleGetFunction(&v->scan, v->module, "scan") != CUDA_SUCCESS ||
			     cu()->cuModuleGetFunction(&v->find_written, v->module, "find_written") != CUDA_SUCCESS ||
			     cu()->cuModuleGetFunction(&v->mask, v->module, "mask") != CUDA_SUCCESS ||
			     cu()->cuModuleGetFunction(&v->reference_rows, v->module, "reference_rows") != CUDA_SUCCESS ||
			     cu()->cuModuleGetFunction(&v->compare_rows, v->module, "compare_rows") != CUDA_SUCCESS))
		st = error_set(err, AVO_ENVIRONMENT, "the worker's device code lacks a kernel");
	buf_release(&cubin);
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
		release(&v->inputs[i]);
	for (i = 0; i < RUNNER_TOGETHER; i++) {
		release(&v->outputs[i]);
		release(&v->workspaces[i]);
	}
	release(&v->flush);
	release(&v->rows);
	release(&v->scratch);
	release(&v->exact);
	release(&v->plain);
	release(&v->results);
	release(&v->scans);
	if (v->module)
		cu()->cuModuleUnload(v->module);
	free(v->row_list);
	free(v);
}

static enum avo_status launch(CUfunction f, unsigned blocks, unsigned threads, CUstream stream, void **params, struct error *err)
{
	CUlaunchConfig config = {
		.gridDimX = blocks, .gridDimY = 1, .gridDimZ = 1, .blockDimX = threads, .blockDimY = 1, .blockDimZ = 1, .hStream = stream,
	};

	return cuda_check(cu()->cuLaunchKernelEx(&config, f, params, NULL), "a kernel of the worker", err);
}

/* ---- values ------------------------------------------------------------------- */

static uint16_t to_bf16(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static enum avo_status upload(CUdeviceptr to, const float *from, size_t n, struct error *err)
{
	uint16_t *half = xcalloc(n, sizeof(*half));
	enum avo_status st;
	size_t i;

	for (i = 0; i < n; i++)
		half[i] = to_bf16(from[i]);
	st = cuda_check(cu()->cuMemcpyHtoD(to, half, n * sizeof(*half)), "uploading values", err);
	free(half);
	return st;
}

/* Adversarial values are made on the host, by the same code as for the CPU backend. */
static enum avo_status fill_on_host(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	size_t nq = case_q_elements(&r->c), nkv = case_kv_elements(&r->c);
	struct tensors t = { xcalloc(nq, sizeof(float)), xcalloc(nkv, sizeof(float)), xcalloc(nkv, sizeof(float)) };
	struct run_spec spec = { .c = &r->c, .fill = (enum fill)r->fill, .seed = r->seed, .changed = r->changed };
	enum avo_status st;

	values_fill(&t, &spec);
	st = upload(v->input[Q], t.q, nq, err);
	if (st == AVO_OK)
		st = upload(v->input[K], t.k, nkv, err);
	if (st == AVO_OK)
		st = upload(v->input[V], t.v, nkv, err);
	free(t.q);
	free(t.k);
	free(t.v);
	return st;
}

/* Another key row that many queries see, and its value row: an answer remembered by a sample of the inputs is wrong now. */
static enum avo_status change_one_row(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	const struct task_case *c = &r->c;
	uint64_t bits = random_at(r->seed, 77);
	uint64_t b = random_below(bits, (uint64_t)c->batch), h = random_below(random_mix(bits), (uint64_t)c->kv_heads);
	uint64_t j = random_below(random_mix(bits + 1), (uint64_t)(c->kv_len + 1) / 2);
	uint64_t at = ((b * (uint64_t)c->kv_len + j) * (uint64_t)c->kv_heads + h) * (uint64_t)c->head_dim * 2;
	size_t d = (size_t)c->head_dim, i;
	float *row = xcalloc(d, sizeof(*row));
	enum avo_status st = cuda_check(cu()->cuStreamSynchronize(v->stream), "filling", err);

	random_normal(row, d, bits);
	if (st == AVO_OK)
		st = upload(v->input[K] + at, row, d, err);
	for (i = 0; i < d; i++)
		row[i] += 8;
	if (st == AVO_OK)
		st = upload(v->input[V] + at, row, d, err);
	free(row);
	return st;
}

static enum avo_status fill_on_device(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	enum avo_status st = AVO_OK;
	int i;

	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		uint64_t n = i == Q ? case_q_elements(&r->c) : case_kv_elements(&r->c);
		uint64_t seed = random_at(r->seed, (uint64_t)i);
		void *params[] = { &v->input[i], &n, &seed };

		st = launch(v->fill_normal, 2048, 256, v->stream, params, err);
	}
	return st == AVO_OK && r->changed ? change_one_row(v, r, err) : st;
}

static enum avo_status scan(struct scan_result *out, struct gpu_values *v, CUdeviceptr values, uint64_t n, struct error *err)
{
	struct scan_result start = { 0, n };
	void *params[] = { &values, &n, &v->scans.at };
	enum avo_status st = reserve(&v->scans, sizeof(start), err);

	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyHtoD(v->scans.at, &start, sizeof(start)), "starting a scan", err);
	if (st == AVO_OK)
		st = launch(v->scan, SCAN_BLOCKS, 256, v->stream, params, err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuStreamSynchronize(v->stream), "scanning", err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyDtoH(out, v->scans.at, sizeof(*out)), "reading a scan", err);
	return st;
}

/* A multiple of 256 bytes below SLIDE_BYTES, another one each time. */
static size_t slide(uint64_t seed, uint64_t which)
{
	return (size_t)(random_at(seed, 1000 + which) % (SLIDE_BYTES / 256)) * 256;
}

enum avo_status gpu_values_fill(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	enum avo_status st = AVO_OK;
	int i;

	v->c = r->c;
	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		size_t bytes = 2 * (i == Q ? case_q_elements(&r->c) : case_kv_elements(&r->c));

		st = reserve(&v->inputs[i], bytes + SLIDE_BYTES, err);
		v->input[i] = v->inputs[i].at + slide(r->seed, (uint64_t)i);
	}
	if (st == AVO_OK)
		st = r->fill == FILL_NORMAL ? fill_on_device(v, r, err) : fill_on_host(v, r, err);
	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		struct scan_result s;

		st = scan(&s, v, v->input[i], i == Q ? case_q_elements(&r->c) : case_kv_elements(&r->c), err);
		v->digest[i] = s.digest;
	}
	return st;
}

enum avo_status gpu_values_pointers(struct tensor_pointers *out, struct gpu_values *v, int i, uint64_t workspace, struct error *err)
{
	size_t bytes = 2 * case_q_elements(&v->c), whole = bytes + 2 * GUARD_BYTES + SLIDE_BYTES;
	enum avo_status st = reserve(&v->outputs[i], whole, err);

	if (st == AVO_OK && workspace)
		st = reserve(&v->workspaces[i], workspace, err);
	if (st != AVO_OK)
		return st;
	v->output[i] = v->outputs[i].at + GUARD_BYTES + slide(v->digest[Q], (uint64_t)i + 7);
	out->at[AVO_Q] = v->input[Q];
	out->at[AVO_K] = v->input[K];
	out->at[AVO_V] = v->input[V];
	out->at[AVO_O] = v->output[i];
	out->at[AVO_WORKSPACE] = workspace ? v->workspaces[i].at : 0;
	/* what a run left in its workspace is not there for the next one */
	if (workspace)
		st = cuda_check(cu()->cuMemsetD8Async(v->workspaces[i].at, 0xff, workspace, v->stream), "clearing a workspace", err);
	if (st != AVO_OK)
		return st;
	/* a NaN in bf16: what is not written does not pass, and what is written beside the output is seen */
	return cuda_check(cu()->cuMemsetD16Async(v->outputs[i].at, POISON, whole / 2, v->stream), "poisoning an output", err);
}

enum avo_status gpu_values_flush(struct gpu_values *v, struct error *err)
{
	enum avo_status st = reserve(&v->flush, FLUSH_BYTES, err);

	if (st == AVO_OK)
		st = cuda_check(cu()->cuCtxResetPersistingL2Cache(), "resetting persisting cache lines", err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemsetD32Async(v->flush.at, ++v->flush_count, FLUSH_BYTES / 4, v->stream), "flushing the L2", err);
	return st;
}

enum avo_status gpu_values_mask(struct gpu_values *v, int i, const struct runner_request *r, struct error *err)
{
	uint64_t n = case_q_elements(&v->c), secret = random_at(r->seed, 2000 + (uint64_t)i);
	void *params[] = { &v->output[i], &n, &secret };

	return launch(v->mask, 2048, 256, v->stream, params, err);
}

/* ---- the reference and the comparison ---------------------------------------------- */

static enum avo_status choose_rows(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	size_t all = case_q_elements(&r->c) / (size_t)r->c.head_dim, i;
	uint64_t secret = random_at(r->seed, 500);
	enum avo_status st;

	v->row_count = r->rows && r->rows < all ? r->rows : all;
	v->row_list = xrealloc(v->row_list, v->row_count * sizeof(*v->row_list));
	for (i = 0; i < v->row_count; i++)
		v->row_list[i] = (uint32_t)(v->row_count == all ? i : random_below(random_at(secret, i), all));
	st = reserve(&v->rows, v->row_count * sizeof(uint32_t), err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyHtoD(v->rows.at, v->row_list, v->row_count * sizeof(uint32_t)), "uploading rows", err);
	return st;
}

enum avo_status gpu_values_reference(struct gpu_values *v, const struct runner_request *r, struct error *err)
{
	struct gpu_shape shape = { r->c.batch, r->c.q_len, r->c.kv_len, r->c.q_heads, r->c.kv_heads, r->c.head_dim, r->c.causal,
				   1 / sqrtf((float)r->c.head_dim) };
	size_t per_row = 2 * (size_t)r->c.kv_len * sizeof(float), wide = (size_t)r->c.head_dim * sizeof(float), done, n;
	size_t at_once = SCRATCH_BYTES / per_row ? SCRATCH_BYTES / per_row : 1;
	enum avo_status st = choose_rows(v, r, err);

	if (at_once > v->row_count)
		at_once = v->row_count;
	if (st == AVO_OK)
		st = reserve(&v->scratch, at_once * per_row, err);
	if (st == AVO_OK)
		st = reserve(&v->exact, v->row_count * wide, err);
	if (st == AVO_OK)
		st = reserve(&v->plain, v->row_count * wide, err);
	for (done = 0; st == AVO_OK && done < v->row_count; done += n) {
		CUdeviceptr rows = v->rows.at + done * sizeof(uint32_t);
		CUdeviceptr exact = v->exact.at + done * wide, plain = v->plain.at + done * wide;
		void *params[] = { &v->input[Q], &v->input[K], &v->input[V], &rows, &shape, &v->scratch.at, &exact, &plain };

		n = v->row_count - done < at_once ? v->row_count - done : at_once;
		st = launch(v->reference_rows, (unsigned)n, 256, v->stream, params, err);
	}
	return st;
}

static void place_worst(struct run_outcome *out, const struct gpu_values *v, size_t i, const struct row_result *row)
{
	uint32_t at = v->row_list[i];

	out->worst.head = (int)(at % (uint32_t)v->c.q_heads);
	out->worst.row = (int)(at / (uint32_t)v->c.q_heads % (uint32_t)v->c.q_len);
	out->worst.batch = (int)(at / (uint32_t)v->c.q_heads / (uint32_t)v->c.q_len);
	out->worst.dim = row->worst;
	out->worst.expected = row->expected;
	out->worst.got = row->got;
}

static void fail(struct run_outcome *out, const char *what)
{
	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason), "%s: batch %d, row %d, head %d, element %d is %.5g, should be %.5g", what,
		 out->worst.batch, out->worst.row, out->worst.head, out->worst.dim, out->worst.got, out->worst.expected);
}

static void judge_rows(struct run_outcome *out, const struct gpu_values *v, const struct row_result *rows)
{
	double plain = 0, rounding = 0, row_limit;
	size_t i, worst = 0, bad_row = v->row_count;

	out->rows = (long)v->row_count;
	for (i = 0; i < v->row_count; i++) {
		plain = fmax(plain, rows[i].plain_error);
		rounding = fmax(rounding, rows[i].rounding);
		if (rows[i].max_error > rows[worst].max_error)
			worst = i;
		row_limit = ROW_FACTOR * fmax(rows[i].plain_norm, ROW_ULP * rows[i].exact_norm);
		if (bad_row == v->row_count && !(rows[i].error_norm <= row_limit))
			bad_row = i;
	}
	out->max_error = rows[worst].max_error;
	out->tolerance = PLAIN_FACTOR * plain + ROUNDING_FACTOR * rounding;
	place_worst(out, v, worst, &rows[worst]);
	if (!(out->max_error <= out->tolerance)) {
		fail(out, "wrong values");
	} else if (bad_row < v->row_count) {
		place_worst(out, v, bad_row, &rows[bad_row]);
		fail(out, "a row is wrong as a whole");
	}
}

static void place_not_finite(struct run_outcome *out, const struct gpu_values *v, uint64_t element)
{
	uint64_t row = element / (uint64_t)v->c.head_dim;

	out->worst.dim = (int)(element % (uint64_t)v->c.head_dim);
	out->worst.head = (int)(row % (uint64_t)v->c.q_heads);
	out->worst.row = (int)(row / (uint64_t)v->c.q_heads % (uint64_t)v->c.q_len);
	out->worst.batch = (int)(row / (uint64_t)v->c.q_heads / (uint64_t)v->c.q_len);
	out->worst.expected = NAN;
	out->worst.got = NAN;
	out->verdict = VERDICT_INCORRECT;
	snprintf(out->reason, sizeof(out->reason), "not written, or not finite: batch %d, row %d, head %d, element %d", out->worst.batch,
		 out->worst.row, out->worst.head, out->worst.dim);
}

static enum avo_status first_written(uint64_t *first, struct gpu_values *v, CUdeviceptr at, uint64_t n, struct error *err)
{
	uint16_t poison = POISON;
	void *params[] = { &at, &n, &poison, &v->scans.at };
	enum avo_status st;

	*first = n;
	st = cuda_check(cu()->cuMemcpyHtoD(v->scans.at, first, sizeof(*first)), "starting a look", err);
	if (st == AVO_OK)
		st = launch(v->find_written, 64, 256, v->stream, params, err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuStreamSynchronize(v->stream), "looking beside an output", err);
	return st == AVO_OK ? cuda_check(cu()->cuMemcpyDtoH(first, v->scans.at, sizeof(*first)), "reading a look", err) : st;
}

/* What lies around output i was poisoned with it, and must still be so. */
static enum avo_status check_beside(struct run_outcome *out, struct gpu_values *v, int i, struct error *err)
{
	size_t bytes = 2 * case_q_elements(&v->c), whole = bytes + 2 * GUARD_BYTES + SLIDE_BYTES;
	CUdeviceptr start = v->outputs[i].at, end = v->output[i] + bytes;
	uint64_t before = (v->output[i] - start) / 2, after = (start + whole - end) / 2, first;
	enum avo_status st = first_written(&first, v, start, before, err);
	long long where = first < before ? -2 * (long long)(before - first) : 0;

	if (st == AVO_OK && !where) {
		st = first_written(&first, v, end, after, err);
		where = first < after ? 2 * (long long)first + 2 : 0;
	}
	if (st == AVO_OK && where) {
		out->verdict = VERDICT_INCORRECT;
		snprintf(out->reason, sizeof(out->reason), where < 0 ? "it wrote beside the output tensor: %lld bytes before its start" :
			 "it wrote beside the output tensor: %lld bytes behind its end", where < 0 ? -where : where - 2);
	}
	return st;
}

enum avo_status gpu_values_inputs(struct run_outcome *out, struct gpu_values *v, struct error *err)
{
	static const char *const names[] = { "Q", "K", "V" };
	enum avo_status st = AVO_OK;
	int i;

	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		struct scan_result s;

		st = scan(&s, v, v->input[i], i == Q ? case_q_elements(&v->c) : case_kv_elements(&v->c), err);
		if (st == AVO_OK && s.digest != v->digest[i] && out->verdict == VERDICT_PASSED) {
			out->verdict = VERDICT_CHEATED;
			snprintf(out->rule, sizeof(out->rule), "changed-input");
			snprintf(out->reason, sizeof(out->reason), "the candidate wrote into its input %s", names[i]);
			snprintf(out->evidence, sizeof(out->evidence), "digest of %s before %016llx, after %016llx", names[i],
				 (unsigned long long)v->digest[i], (unsigned long long)s.digest);
		}
	}
	return st;
}

enum avo_status gpu_values_check(struct run_outcome *out, struct gpu_values *v, int i, const struct runner_request *r, struct error *err)
{
	struct row_result *rows = xcalloc(v->row_count, sizeof(*rows));
	size_t bytes = v->row_count * sizeof(*rows);
	int count = (int)v->row_count, head_dim = r->c.head_dim;
	uint64_t n = case_q_elements(&v->c);
	struct scan_result s = { 0, 0 };
	enum avo_status st = reserve(&v->results, bytes, err);
	void *params[] = { &v->output[i], &v->rows.at, &count, &head_dim, &v->exact.at, &v->plain.at, &v->results.at };

	if (st == AVO_OK)
		st = scan(&s, v, v->output[i], n, err);
	if (st == AVO_OK)
		st = launch(v->compare_rows, ((unsigned)count + 7) / 8, 256, v->stream, params, err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuStreamSynchronize(v->stream), "comparing", err);
	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemcpyDtoH(rows, v->results.at, bytes), "reading the comparison", err);
	if (st == AVO_OK) {
		out->digest = s.digest;
		judge_rows(out, v, rows);
		if (s.first_bad < n)
			place_not_finite(out, v, s.first_bad);
	}
	free(rows);
	return st == AVO_OK && out->verdict == VERDICT_PASSED ? check_beside(out, v, i, err) : st;
}
