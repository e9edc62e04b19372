#include "avo.h"
#include "worker/cuda/fill.h"
#include "worker/cuda/trusted_abi.h"

#define BLOCKS 2048

_Static_assert(FILL_Q == (int)AVO_Q && FILL_K == (int)AVO_K && FILL_V == (int)AVO_V, "tensors have one order");

size_t input_elements(const struct task_case *c, int i)
{
	return i == AVO_Q ? case_q_elements(c) : case_kv_elements(c);
}

struct run_spec runner_spec(const struct runner_request *r)
{
	return (struct run_spec){ .c = &r->c, .deal = r->deal, .seed = r->seed, .rows = (int)r->rows, .changed = r->changed };
}

enum avo_status fill_inputs(const CUdeviceptr to[INPUTS], const struct trusted *t, const struct runner_request *r, struct error *err)
{
	struct trusted_fill f = { .seed = r->seed, .kinds = r->deal.count };
	int i;

	fill_shape_init(&f.shape, &r->c, r->seed, r->changed);
	for (i = 0; i < r->deal.count; i++)
		memcpy(f.recipes[i], fill_kind((enum fill)r->deal.kinds[i])->recipe, sizeof(f.recipes[i]));
	for (f.tensor = 0; f.tensor < INPUTS; f.tensor++) {
		CUdeviceptr at = to[f.tensor];
		void *params[] = { &at, &f };
		enum avo_status st = trusted_launch(t, t->fill_rows, BLOCKS, params, err);

		if (st != AVO_OK)
			return st;
	}
	return AVO_OK;
}
