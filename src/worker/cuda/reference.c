#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/reference.h"
#include "worker/cuda/trusted_abi.h"
#include "worker/random.h"
#include "worker/sample.h"

#include <math.h>

#define SCORES_BYTES ((size_t)32 << 20)	/* of scores, at a time */
#define ALIGNED 3 * 256				/* what three parts of the scratch may lose */

void reference_choose(struct reference *f, const struct runner_request *r)
{
	struct run_spec spec = runner_spec(r);
	uint64_t secret = random_at(r->seed, 500);
	size_t i;

	f->count = sample_count(&spec);
	f->list = xrealloc(f->list, f->count * sizeof(*f->list));
	for (i = 0; i < f->count; i++)
		f->list[i] = (uint32_t)sample_row(&spec, secret, i).index;
}

static size_t scores_bytes(const struct task_case *c)
{
	return (size_t)c->kv_len * sizeof(float);
}

static size_t rows_at_once(const struct reference *f, const struct task_case *c)
{
	size_t fit = SCORES_BYTES / scores_bytes(c);

	return fit < 1 ? 1 : fit < f->count ? fit : f->count;
}

size_t reference_bytes(const struct reference *f, const struct task_case *c)
{
	return rows_at_once(f, c) * scores_bytes(c) + 2 * f->count * (size_t)c->head_dim * sizeof(float) + ALIGNED;
}

enum avo_status reference_compute(struct reference *f, struct arena *a, const struct trusted *t, const CUdeviceptr inputs[INPUTS],
				  CUdeviceptr rows, const struct task_case *c, struct error *err)
{
	struct trusted_shape shape = { c->batch, c->q_len, c->kv_len, c->q_heads, c->kv_heads, c->head_dim, c->causal,
				       1 / sqrtf((float)c->head_dim) };
	CUdeviceptr q = inputs[AVO_Q], k = inputs[AVO_K], v = inputs[AVO_V], scores;
	size_t wide = (size_t)c->head_dim * sizeof(float), at_once = rows_at_once(f, c), done, n;
	enum avo_status st = AVO_OK;

	f->exact = arena_take(a, f->count * wide);
	f->noise = arena_take(a, f->count * wide);
	scores = arena_take(a, at_once * scores_bytes(c));
	if (!f->exact || !f->noise || !scores)
		return error_set(err, AVO_ENVIRONMENT, "no room was left for a reference of %zu rows", f->count);
	for (done = 0; st == AVO_OK && done < f->count; done += n) {
		CUdeviceptr some = rows + done * sizeof(uint32_t), exact = f->exact + done * wide, noise = f->noise + done * wide;
		void *params[] = { &q, &k, &v, &some, &shape, &scores, &exact, &noise };

		n = f->count - done < at_once ? f->count - done : at_once;
		st = trusted_launch(t, t->reference_rows, (unsigned)n, params, err);
	}
	return st;
}

void reference_release(struct reference *f)
{
	free(f->list);
	*f = (struct reference){ 0 };
}
