#include "avo.h"
#include "base/mem.h"
#include "worker/cpu/values.h"
#include "worker/cuda/fill.h"
#include "worker/random.h"

#define BLOCKS 2048

size_t input_elements(const struct task_case *c, int i)
{
	return i == AVO_Q ? case_q_elements(c) : case_kv_elements(c);
}

static uint16_t to_bf16(float x)
{
	uint32_t bits;

	memcpy(&bits, &x, sizeof(bits));
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static enum avo_status upload(const struct trusted *t, CUdeviceptr to, const float *from, size_t n, struct error *err)
{
	uint16_t *half = xcalloc(n, sizeof(*half));
	enum avo_status st;
	size_t i;

	for (i = 0; i < n; i++)
		half[i] = to_bf16(from[i]);
	st = trusted_upload(t, to, half, n * sizeof(*half), err);
	free(half);
	return st;
}

/* Adversarial values are made on the host, by the same code as for the CPU backend. */
static enum avo_status fill_on_host(const CUdeviceptr to[INPUTS], const struct trusted *d, const struct runner_request *r, struct error *err)
{
	size_t nq = case_q_elements(&r->c), nkv = case_kv_elements(&r->c);
	struct tensors t = { xcalloc(nq, sizeof(float)), xcalloc(nkv, sizeof(float)), xcalloc(nkv, sizeof(float)) };
	struct run_spec spec = { .c = &r->c, .fill = (enum fill)r->fill, .seed = r->seed, .changed = r->changed };
	enum avo_status st;

	values_fill(&t, &spec);
	st = upload(d, to[AVO_Q], t.q, nq, err);
	if (st == AVO_OK)
		st = upload(d, to[AVO_K], t.k, nkv, err);
	if (st == AVO_OK)
		st = upload(d, to[AVO_V], t.v, nkv, err);
	free(t.q);
	free(t.k);
	free(t.v);
	return st;
}

/* Another key row that many queries see, and its value row: an answer remembered by a sample of the inputs is wrong now. */
static enum avo_status change_one_row(const CUdeviceptr to[INPUTS], const struct trusted *t, const struct runner_request *r, struct error *err)
{
	const struct task_case *c = &r->c;
	uint64_t bits = random_at(r->seed, 77);
	uint64_t b = random_below(bits, (uint64_t)c->batch), h = random_below(random_mix(bits), (uint64_t)c->kv_heads);
	uint64_t j = random_below(random_mix(bits + 1), (uint64_t)(c->kv_len + 1) / 2);
	uint64_t at = ((b * (uint64_t)c->kv_len + j) * (uint64_t)c->kv_heads + h) * (uint64_t)c->head_dim * 2;
	size_t d = (size_t)c->head_dim, i;
	float *row = xcalloc(d, sizeof(*row));
	enum avo_status st;

	random_normal(row, d, bits);
	st = upload(t, to[AVO_K] + at, row, d, err);
	for (i = 0; i < d; i++)
		row[i] += 8;
	if (st == AVO_OK)
		st = upload(t, to[AVO_V] + at, row, d, err);
	free(row);
	return st;
}

static enum avo_status fill_on_device(const CUdeviceptr to[INPUTS], const struct trusted *t, const struct runner_request *r, struct error *err)
{
	int i;

	for (i = 0; i < INPUTS; i++) {
		CUdeviceptr at = to[i];
		uint64_t n = input_elements(&r->c, i), seed = random_at(r->seed, (uint64_t)i);
		void *params[] = { &at, &n, &seed };
		enum avo_status st = trusted_launch(t, t->fill_normal, BLOCKS, params, err);

		if (st != AVO_OK)
			return st;
	}
	return r->changed ? change_one_row(to, t, r, err) : AVO_OK;
}

enum avo_status fill_inputs(const CUdeviceptr to[INPUTS], const struct trusted *t, const struct runner_request *r, struct error *err)
{
	return r->fill == FILL_NORMAL ? fill_on_device(to, t, r, err) : fill_on_host(to, t, r, err);
}
