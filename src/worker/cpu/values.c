#include "avo.h"
#include "worker/cpu/values.h"
#include "worker/random.h"

#include <math.h>

static size_t kv_at(const struct task_case *c, int b, int j, int head)
{
	return (((size_t)b * (size_t)c->kv_len + (size_t)j) * (size_t)c->kv_heads + (size_t)head) * (size_t)c->head_dim;
}

static void scale(float *v, size_t n, float by)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i] *= by;
}

/* One direction that every query shares and keys point along more and more: scores rise with the key's index. */
static void align(const struct tensors *t, const struct task_case *c, bool last_only)
{
	size_t d = (size_t)c->head_dim, i, rows = case_q_elements(c) / d;
	float unit = 1 / sqrtf((float)d);
	int b, j, h;

	for (i = 0; i < rows * d; i++)
		t->q[i] = 0.25f * t->q[i] + 4 * unit;
	for (b = 0; b < c->batch; b++)
		for (j = 0; j < c->kv_len; j++)
			for (h = 0; h < c->kv_heads; h++) {
				float *k = t->k + kv_at(c, b, j, h);
				/* causal rows end at different keys: a ramp puts each row's maximum at its end */
				float rise = last_only && !c->causal ? (j == c->kv_len - 1 ? 24 : 0) : 24.0f * (float)(j + 1) / (float)c->kv_len;

				for (i = 0; i < d; i++)
					k[i] = (last_only ? 0.05f : 0.25f) * k[i] + rise;
			}
}

static void repeat_first_row(float *v, const struct task_case *c)
{
	size_t d = (size_t)c->head_dim, i;

	for (i = d; i < case_kv_elements(c); i++)
		v[i] = v[i % d];
}

static void add(float *v, size_t n, float offset)
{
	size_t i;

	for (i = 0; i < n; i++)
		v[i] += offset;
}

/* Replaces a key row that many queries see and its value row. */
static void change_one_row(const struct tensors *t, const struct run_spec *spec)
{
	const struct task_case *c = spec->c;
	uint64_t bits = random_at(spec->seed, 77);
	int b = (int)random_below(bits, (uint64_t)c->batch);
	int h = (int)random_below(random_mix(bits), (uint64_t)c->kv_heads);
	int j = (int)random_below(random_mix(bits + 1), (uint64_t)(c->kv_len + 1) / 2);
	size_t at = kv_at(c, b, j, h);

	random_normal(t->k + at, (size_t)c->head_dim, bits);
	random_normal(t->v + at, (size_t)c->head_dim, bits + 1);
	add(t->v + at, (size_t)c->head_dim, 8);
}

void values_fill(const struct tensors *t, const struct run_spec *spec)
{
	const struct task_case *c = spec->c;
	size_t nq = case_q_elements(c), nkv = case_kv_elements(c);

	random_normal(t->q, nq, random_at(spec->seed, 0));
	random_normal(t->k, nkv, random_at(spec->seed, 1));
	random_normal(t->v, nkv, random_at(spec->seed, 2));
	switch (spec->fill) {
	case FILL_LARGE_SCORES:
		scale(t->q, nq, 12);
		scale(t->k, nkv, 12);
		break;
	case FILL_LATE_MAXIMUM:
		align(t, c, true);
		break;
	case FILL_ASCENDING:
		align(t, c, false);
		break;
	case FILL_CONSTANT_V:
		repeat_first_row(t->v, c);
		break;
	case FILL_OFFSET_V:
		add(t->v, nkv, 16);
		break;
	case FILL_NORMAL:
	case FILL_COUNT:
		break;
	}
	if (spec->changed)
		change_one_row(t, spec);
}
