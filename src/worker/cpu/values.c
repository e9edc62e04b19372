#include "avo.h"
#include "worker/cpu/values.h"

void values_fill(const struct tensors *t, const struct run_spec *spec)
{
	float *const to[FILL_TENSORS] = { [FILL_Q] = t->q, [FILL_K] = t->k, [FILL_V] = t->v };
	int i;

	for (i = 0; i < FILL_TENSORS; i++)
		fill_tensor(to[i], i, spec->c, &spec->deal, spec->seed, spec->changed);
}
