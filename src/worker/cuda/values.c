#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/judge.h"
#include "worker/cuda/reference.h"
#include "worker/cuda/values.h"
#include "worker/random.h"

#define BLOCKS 2048
#define ELEMENT sizeof(uint16_t)
#define SMALL_BYTES ((size_t)4096)		/* of the scratch: what alignment costs */

_Static_assert(ARRAY_LEN(((struct trusted_findings *)0)->changed) == INPUTS, "a place for each input");
_Static_assert(ARRAY_LEN(((struct trusted_findings *)0)->written) == ARENA_GAPS, "a place for each gap");

struct gpu_values {
	struct trusted trusted;
	struct arena arena;
	struct runner_request request;		/* of the current run */
	struct reference reference;
	uint64_t runs;				/* begun so far */
	bool intact;				/* the inputs in the arena are the request's */
	CUdeviceptr again[INPUTS];		/* in the scratch: the inputs, made again since the last launch of a candidate; or 0 */
	CUdeviceptr rows, gathered;		/* in the scratch: the reference's list, and these rows of an output; or 0 */
	CUdeviceptr findings;			/* owned; apart from the arena, which is looked at */
	uint16_t *kept[RUNNER_TOGETHER];	/* rows of each output, one behind the other; owned */
};

enum avo_status gpu_values_new(struct gpu_values **out, const char *trusted_cubin, CUstream stream, struct error *err)
{
	struct gpu_values *v = xcalloc(1, sizeof(*v));
	enum avo_status st = trusted_load(&v->trusted, trusted_cubin, stream, err);

	if (st == AVO_OK)
		st = cuda_check(cu()->cuMemAlloc(&v->findings, sizeof(struct trusted_findings)), "making room for findings", err);
	if (st != AVO_OK)
		gpu_values_free(v);
	else
		*out = v;
	return st;
}

static void forget(struct gpu_values *v)
{
	int i;

	for (i = 0; i < RUNNER_TOGETHER; i++) {
		free(v->kept[i]);
		v->kept[i] = NULL;
	}
}

void gpu_values_free(struct gpu_values *v)
{
	if (!v)
		return;
	forget(v);
	if (v->findings)
		cu()->cuMemFree(v->findings);
	arena_release(&v->arena);
	reference_release(&v->reference);
	trusted_unload(&v->trusted);
	free(v);
}

void gpu_values_begin(struct gpu_values *v, const struct runner_request *r)
{
	forget(v);
	v->runs++;
	v->intact = false;
	v->request = *r;
	reference_choose(&v->reference, r);
}

/* ---- before a run ------------------------------------------------------------------ */

static size_t rows_bytes(const struct gpu_values *v)
{
	return v->reference.count * (size_t)v->request.c.head_dim * ELEMENT;
}

static void add_needs(struct arena_needs *needs, const struct gpu_values *v, uint64_t workspace)
{
	const struct task_case *c = &v->request.c;
	int i;

	needs->scratch = reference_bytes(&v->reference, c) + rows_bytes(v) + SMALL_BYTES +
			 v->reference.count * (sizeof(uint32_t) + sizeof(struct trusted_row));
	for (i = 0; i < INPUTS; i++) {
		needs->tensors[i] = input_elements(c, i) * ELEMENT;
		needs->scratch += needs->tensors[i];
	}
	needs->tensors[AVO_O] = case_q_elements(c) * ELEMENT;
	needs->tensors[AVO_WORKSPACE] = workspace;
}

/* What the candidate in front left alone need not be made once more. From here on the next one has it. */
static enum avo_status hand_out_inputs(struct gpu_values *v, const CUdeviceptr *at, struct error *err)
{
	bool intact = v->intact;

	v->intact = false;
	return intact ? AVO_OK : fill_inputs(at, &v->trusted, &v->request, err);
}

enum avo_status gpu_values_place(struct tensor_pointers *out, struct gpu_values *v, uint64_t workspace, struct error *err)
{
	unsigned blocks = v->arena.blocks;
	struct arena_needs needs = { 0 };
	enum avo_status st;
	int i;

	add_needs(&needs, v, workspace);
	memset(v->again, 0, sizeof(v->again));
	v->rows = 0;
	st = arena_lay_out(&v->arena, &needs, random_at(v->request.seed, 1000 + v->runs), err);
	if (st != AVO_OK)
		return st;
	v->intact = v->intact && blocks == v->arena.blocks;
	for (i = 0; i < AVO_TENSORS; i++)
		out->at[i] = v->arena.tensors[i].at;
	if (!workspace)
		out->at[AVO_WORKSPACE] = 0;
	st = hand_out_inputs(v, out->at, err);
	return st == AVO_OK ? arena_poison(&v->arena, v->trusted.stream, err) : st;
}

enum avo_status gpu_values_flush(struct gpu_values *v, struct error *err)
{
	return arena_flush(&v->arena, v->trusted.stream, err);
}

/* ---- behind a run ------------------------------------------------------------------ */

static enum avo_status take(CUdeviceptr *out, struct gpu_values *v, size_t bytes, struct error *err)
{
	*out = arena_take(&v->arena, bytes);
	return *out ? AVO_OK : error_set(err, AVO_ENVIRONMENT, "no room was left for %zu bytes of checks", bytes);
}

static enum avo_status make_inputs_again(struct gpu_values *v, struct error *err)
{
	CUdeviceptr again[INPUTS];
	enum avo_status st;
	int i;

	for (i = 0; i < INPUTS; i++) {
		st = take(&again[i], v, v->arena.tensors[i].bytes, err);
		if (st != AVO_OK)
			return st;
	}
	st = fill_inputs(again, &v->trusted, &v->request, err);
	if (st == AVO_OK)
		memcpy(v->again, again, sizeof(v->again));
	return st;
}

static enum avo_status look_at_inputs(struct gpu_values *v, struct error *err)
{
	enum avo_status st = make_inputs_again(v, err);
	int i;

	for (i = 0; st == AVO_OK && i < INPUTS; i++) {
		CUdeviceptr was = v->again[i], is = v->arena.tensors[i].at, first = v->findings + offsetof(struct trusted_findings, changed[i]);
		uint64_t n = v->arena.tensors[i].bytes / ELEMENT;
		void *params[] = { &was, &is, &n, &first };

		st = trusted_launch(&v->trusted, v->trusted.find_changed, BLOCKS, params, err);
	}
	return st;
}

static enum avo_status look_at_gaps(struct gpu_values *v, const struct span *gaps, struct error *err)
{
	enum avo_status st = AVO_OK;
	int i;

	for (i = 0; st == AVO_OK && i < ARENA_GAPS; i++) {
		CUdeviceptr at = gaps[i].at, first = v->findings + offsetof(struct trusted_findings, written[i]);
		uint64_t bytes = gaps[i].bytes;
		void *params[] = { &at, &bytes, &first };

		st = trusted_launch(&v->trusted, v->trusted.find_written, BLOCKS, params, err);
	}
	return st;
}

static enum avo_status look_at_output(struct gpu_values *v, struct error *err)
{
	CUdeviceptr at = v->arena.tensors[AVO_O].at, result = v->findings + offsetof(struct trusted_findings, output);
	uint64_t n = v->arena.tensors[AVO_O].bytes / ELEMENT, key = random_at(v->request.seed, 3000);
	void *params[] = { &at, &n, &key, &result };

	return trusted_launch(&v->trusted, v->trusted.scan, BLOCKS, params, err);
}

/* The gaps come first, while the scratch is as the candidate left it. */
static enum avo_status look(struct trusted_findings *out, struct gpu_values *v, const struct span *gaps, struct error *err)
{
	enum avo_status st;
	int i;

	for (i = 0; i < INPUTS; i++)
		out->changed[i] = v->arena.tensors[i].bytes / ELEMENT;
	for (i = 0; i < ARENA_GAPS; i++)
		out->written[i] = gaps[i].bytes;
	out->output = (struct trusted_scan){ 0, v->arena.tensors[AVO_O].bytes / ELEMENT };
	st = trusted_upload(&v->trusted, v->findings, out, sizeof(*out), err);
	if (st == AVO_OK)
		st = look_at_gaps(v, gaps, err);
	if (st == AVO_OK)
		st = look_at_inputs(v, err);
	if (st == AVO_OK)
		st = look_at_output(v, err);
	return st == AVO_OK ? trusted_download(&v->trusted, out, v->findings, sizeof(*out), err) : st;
}

static enum avo_status judge_inputs(struct run_outcome *out, struct gpu_values *v, const struct trusted_findings *found, struct error *err)
{
	uint16_t was = 0, is = 0;
	enum avo_status st;
	int i;

	for (i = 0; i < INPUTS; i++) {
		uint64_t at = found->changed[i] * ELEMENT;

		if (at >= v->arena.tensors[i].bytes)
			continue;
		st = trusted_download(&v->trusted, &was, v->again[i] + at, sizeof(was), err);
		if (st == AVO_OK)
			st = trusted_download(&v->trusted, &is, v->arena.tensors[i].at + at, sizeof(is), err);
		if (st == AVO_OK)
			judge_changed_input(out, i, found->changed[i], was, is);
		return st;
	}
	v->intact = true;
	return AVO_OK;
}

/* Bytes from a tensor to what lies outside of it: negative before its start, else behind its end. */
static int64_t distance(const struct span *tensor, CUdeviceptr at)
{
	return at < tensor->at ? -(int64_t)(tensor->at - at) : (int64_t)(at - tensor->at - tensor->bytes);
}

/* A store is told by the tensor that is nearest. */
static void judge_gaps(struct run_outcome *out, const struct arena *a, const struct span *gaps, const struct trusted_findings *found)
{
	int i, t, nearest = AVO_O;

	for (i = 0; i < ARENA_GAPS; i++) {
		CUdeviceptr at = gaps[i].at + found->written[i];

		if (found->written[i] >= gaps[i].bytes)
			continue;
		for (t = 0; t < AVO_TENSORS; t++)
			if (a->tensors[t].bytes && llabs(distance(&a->tensors[t], at)) < llabs(distance(&a->tensors[nearest], at)))
				nearest = t;
		judge_written_beside(out, nearest, distance(&a->tensors[nearest], at));
		return;
	}
}

/* The list, and room for the rows of an output, in the scratch of the current layout. */
static enum avo_status lay_out_rows(struct gpu_values *v, struct error *err)
{
	size_t list = v->reference.count * sizeof(uint32_t);
	enum avo_status st;

	if (v->rows)
		return AVO_OK;
	st = take(&v->gathered, v, rows_bytes(v), err);
	if (st == AVO_OK)
		st = take(&v->rows, v, list, err);
	return st == AVO_OK ? trusted_upload(&v->trusted, v->rows, v->reference.list, list, err) : st;
}

/* The rows that will be compared, to the host. */
static enum avo_status keep_rows(struct gpu_values *v, unsigned i, struct error *err)
{
	CUdeviceptr out = v->arena.tensors[AVO_O].at;
	int count = (int)v->reference.count, head_dim = v->request.c.head_dim;
	void *params[] = { &out, &v->rows, &count, &head_dim, &v->gathered };
	enum avo_status st = lay_out_rows(v, err);

	if (st == AVO_OK)
		st = trusted_launch(&v->trusted, v->trusted.gather_rows, BLOCKS, params, err);
	if (st != AVO_OK)
		return st;
	v->kept[i] = xcalloc(1, rows_bytes(v));
	return trusted_download(&v->trusted, v->kept[i], v->gathered, rows_bytes(v), err);
}

enum avo_status gpu_values_collect(struct run_outcome *out, struct gpu_values *v, unsigned i, struct error *err)
{
	struct run_spec spec = runner_spec(&v->request);
	struct trusted_findings found;
	struct span gaps[ARENA_GAPS];
	enum avo_status st;

	arena_gaps(gaps, &v->arena);
	st = look(&found, v, gaps, err);
	if (st == AVO_OK)
		st = judge_inputs(out, v, &found, err);
	if (st != AVO_OK)
		return st;
	out->digest = found.output.digest;
	if (out->verdict == VERDICT_PASSED)
		judge_gaps(out, &v->arena, gaps, &found);
	if (out->verdict == VERDICT_PASSED && found.output.first_bad < v->arena.tensors[AVO_O].bytes / ELEMENT)
		judge_not_finite(out, &spec, found.output.first_bad);
	return out->verdict == VERDICT_PASSED ? keep_rows(v, i, err) : AVO_OK;
}

/* ---- the comparison ----------------------------------------------------------------- */

static enum avo_status compare(struct run_outcome *out, struct gpu_values *v, unsigned i, CUdeviceptr results, struct error *err)
{
	struct run_spec spec = runner_spec(&v->request);
	struct reference *f = &v->reference;
	int count = (int)f->count, head_dim = v->request.c.head_dim;
	size_t bytes = f->count * sizeof(struct trusted_row);
	struct trusted_limits limits = judge_limits();
	void *params[] = { &v->gathered, &count, &head_dim, &f->exact, &f->noise, &results, &limits };
	struct trusted_row *rows = xcalloc(f->count, sizeof(*rows));
	enum avo_status st = trusted_upload(&v->trusted, v->gathered, v->kept[i], rows_bytes(v), err);

	if (st == AVO_OK)
		st = trusted_launch(&v->trusted, v->trusted.compare_rows, ((unsigned)count + 7) / 8, params, err);
	if (st == AVO_OK)
		st = trusted_download(&v->trusted, rows, results, bytes, err);
	if (st == AVO_OK)
		judge_rows(out, &spec, rows, f->list, f->count);
	free(rows);
	return st;
}

/* The reference, from inputs that no candidate has had: the ones that were made again behind the last run. */
static enum avo_status prepare_comparison(CUdeviceptr *results, struct gpu_values *v, struct error *err)
{
	enum avo_status st = v->again[0] ? AVO_OK : make_inputs_again(v, err);

	if (st == AVO_OK)
		st = lay_out_rows(v, err);
	if (st == AVO_OK)
		st = take(results, v, v->reference.count * sizeof(struct trusted_row), err);
	if (st != AVO_OK)
		return st;
	return reference_compute(&v->reference, &v->arena, &v->trusted, v->again, v->rows, &v->request.c, err);
}

enum avo_status gpu_values_judge(struct run_outcome *outcomes, struct gpu_values *v, unsigned count, struct error *err)
{
	CUdeviceptr results = 0;
	enum avo_status st;
	unsigned i;

	for (i = 0; i < count; i++) {
		if (outcomes[i].verdict != VERDICT_PASSED || !v->kept[i])
			continue;
		if (!results) {
			st = prepare_comparison(&results, v, err);
			if (st != AVO_OK)
				return st;
		}
		st = compare(&outcomes[i], v, i, results, err);
		if (st != AVO_OK)
			return st;
	}
	return AVO_OK;
}
