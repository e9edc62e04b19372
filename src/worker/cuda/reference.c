#include "avo.h"
#include "base/mem.h"
#include "worker/cuda/driver.h"
#include "worker/cuda/reference.h"
#include "worker/cuda/trusted_abi.h"
#include "worker/random.h"

#include <math.h>

#define SCRATCH_BYTES ((size_t)512 << 20)	/* of scores, at a time */

static enum avo_status choose_rows(struct reference *f, const struct runner_request *r, struct error *err)
{
	size_t all = case_q_elements(&r->c) / (size_t)r->c.head_dim, i;
	uint64_t secret = random_at(r->seed, 500);
	enum avo_status st;

	f->row_count = r->rows && r->rows < all ? r->rows : all;
	f->row_list = xrealloc(f->row_list, f->row_count * sizeof(*f->row_list));
	for (i = 0; i < f->row_count; i++)
		f->row_list[i] = (uint32_t)(f->row_count == all ? i : random_below(random_at(secret, i), all));
	st = device_reserve(&f->rows, f->row_count * sizeof(uint32_t), err);
	if (st != AVO_OK)
		return st;
	return cuda_check(cu()->cuMemcpyHtoD(f->rows.at, f->row_list, f->row_count * sizeof(uint32_t)), "uploading rows", err);
}

static enum avo_status make_room(struct reference *f, size_t row_bytes, size_t scratch_bytes, struct error *err)
{
	enum avo_status st = device_reserve(&f->scratch, scratch_bytes, err);

	if (st == AVO_OK)
		st = device_reserve(&f->exact, f->row_count * row_bytes, err);
	if (st == AVO_OK)
		st = device_reserve(&f->plain, f->row_count * row_bytes, err);
	return st;
}

enum avo_status reference_compute(struct reference *f, const struct trusted *t, const CUdeviceptr inputs[INPUTS],
				  const struct runner_request *r, struct error *err)
{
	struct trusted_shape shape = { r->c.batch, r->c.q_len, r->c.kv_len, r->c.q_heads, r->c.kv_heads, r->c.head_dim, r->c.causal,
				       1 / sqrtf((float)r->c.head_dim) };
	CUdeviceptr q = inputs[AVO_Q], k = inputs[AVO_K], v = inputs[AVO_V];
	size_t scratch_row = 2 * (size_t)r->c.kv_len * sizeof(float), wide = (size_t)r->c.head_dim * sizeof(float), done, n;
	size_t at_once = SCRATCH_BYTES / scratch_row ? SCRATCH_BYTES / scratch_row : 1;
	enum avo_status st = choose_rows(f, r, err);

	if (st != AVO_OK)
		return st;
	if (at_once > f->row_count)
		at_once = f->row_count;
	st = make_room(f, wide, at_once * scratch_row, err);
	for (done = 0; st == AVO_OK && done < f->row_count; done += n) {
		CUdeviceptr rows = f->rows.at + done * sizeof(uint32_t);
		CUdeviceptr exact = f->exact.at + done * wide, plain = f->plain.at + done * wide;
		void *params[] = { &q, &k, &v, &rows, &shape, &f->scratch.at, &exact, &plain };

		n = f->row_count - done < at_once ? f->row_count - done : at_once;
		st = trusted_launch(t, t->reference_rows, (unsigned)n, params, err);
	}
	return st;
}

void reference_release(struct reference *f)
{
	device_release(&f->rows);
	device_release(&f->exact);
	device_release(&f->plain);
	device_release(&f->scratch);
	free(f->row_list);
	*f = (struct reference){ 0 };
}
