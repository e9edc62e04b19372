#include "avo.h"
#include "attention_case.h"

#include <float.h>
#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKSPACE_BYTES ((size_t)16 << 20)

/* Zeroed floats that end at an unmapped page; a multiple of 16 of them, so 64-byte aligned. */
static float *guarded_new(size_t floats)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = floats * sizeof(float), mapped = (bytes + page - 1) / page * page;
	char *base = mmap(NULL, mapped + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (base == MAP_FAILED || mprotect(base + mapped, page, PROT_NONE) != 0)
		abort();
	return (float *)(base + mapped - bytes);
}

static void guarded_free(const float *p, size_t floats)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t bytes = floats * sizeof(float), mapped = (bytes + page - 1) / page * page;

	munmap((char *)p - (mapped - bytes), mapped + page);
}

static size_t query_floats(const struct shape *s)
{
	return (size_t)s->batch * s->q_len * s->q_heads * s->head_dim;
}

static size_t key_floats(const struct shape *s)
{
	return (size_t)s->batch * s->kv_len * s->kv_heads * s->head_dim;
}

/* Roughly normal, standard deviation 1; a fixed sequence. */
static float normal(uint32_t *seed)
{
	float sum = 0;

	for (int i = 0; i < 4; i++) {
		*seed = *seed * 1664525u + 1013904223u;
		sum += (float)(*seed >> 8) / (float)(1 << 24) - 0.5f;
	}
	return sum * 1.732f;
}

static float *random_tensor(size_t floats, uint32_t seed, float factor)
{
	float *t = guarded_new(floats);

	for (size_t i = 0; i < floats; i++)
		t[i] = normal(&seed) * factor;
	return t;
}

static size_t at(int length, int heads, int head_dim, int b, int s, int h)
{
	return (((size_t)b * length + s) * heads + h) * head_dim;
}

/* Queries all point one way, and keys the more so the later they come. */
static void put_maximum_last(const struct shape *s, float *q, float *k)
{
	for (size_t i = 0; i < query_floats(s); i++)
		q[i] = 1 + 0.1f * q[i];
	for (int b = 0; b < s->batch; b++)
		for (int j = 0; j < s->kv_len; j++)
			for (int h = 0; h < s->kv_heads; h++)
				for (int d = 0; d < s->head_dim; d++)
					k[at(s->kv_len, s->kv_heads, s->head_dim, b, j, h) + d] +=
						6.0f * (float)j / (float)s->kv_len;
}

static void make_values_constant(const struct shape *s, float *v)
{
	for (size_t i = 0; i < key_floats(s); i++)
		v[i] = v[i % s->head_dim];
}

/* One row by the definition; returns the largest score in magnitude. */
static double expect_row(const struct shape *s, const struct avo_attention *a, double *out, double *p,
			 int b, int i, int h)
{
	int group = s->q_heads / s->kv_heads, dim = s->head_dim;
	int seen = s->causal ? i + 1 + s->kv_len - s->q_len : s->kv_len;
	const float *q = a->q + at(s->q_len, s->q_heads, dim, b, i, h);
	double top = -HUGE_VAL, largest = 0, sum = 0;

	for (int j = 0; j < seen; j++) {
		const float *k = a->k + at(s->kv_len, s->kv_heads, dim, b, j, h / group);

		p[j] = 0;
		for (int d = 0; d < dim; d++)
			p[j] += (double)q[d] * k[d];
		p[j] /= sqrt(dim);
		top = fmax(top, p[j]);
		largest = fmax(largest, fabs(p[j]));
	}
	memset(out, 0, dim * sizeof(*out));
	for (int j = 0; j < seen; j++) {
		const float *v = a->v + at(s->kv_len, s->kv_heads, dim, b, j, h / group);
		double weight = exp(p[j] - top);

		sum += weight;
		for (int d = 0; d < dim; d++)
			out[d] += weight * v[d];
	}
	for (int d = 0; d < dim; d++)
		out[d] /= sum;
	return largest;
}

static double expect(struct attention_case *c)
{
	const struct shape *s = c->shape;
	double *p = calloc(s->kv_len, sizeof(*p)), largest = 0;

	for (int b = 0; b < s->batch; b++)
		for (int i = 0; i < s->q_len; i++)
			for (int h = 0; h < s->q_heads; h++)
				largest = fmax(largest, expect_row(s, &c->problem,
					c->expected + at(s->q_len, s->q_heads, s->head_dim, b, i, h), p, b, i, h));
	free(p);
	return largest;
}

static double largest_of(const float *t, size_t floats)
{
	double largest = 0;

	for (size_t i = 0; i < floats; i++)
		largest = fmax(largest, fabs(t[i]));
	return largest;
}

void attention_case_init(struct attention_case *c, const struct shape *s)
{
	float steep = s->values == VALUES_LARGE ? 10 : 1;
	float *q = random_tensor(query_floats(s), 1, steep);
	float *k = random_tensor(key_floats(s), 2, steep);
	float *v = random_tensor(key_floats(s), 3, 1);

	if (s->values == VALUES_LATE_MAXIMUM)
		put_maximum_last(s, q, k);
	if (s->values == VALUES_CONSTANT)
		make_values_constant(s, v);
	*c = (struct attention_case){
		.shape = s,
		.problem = {
			.q = q, .k = k, .v = v,
			.out = guarded_new(query_floats(s)),
			.workspace = guarded_new(WORKSPACE_BYTES / sizeof(float)),
			.workspace_bytes = WORKSPACE_BYTES,
			.batch = s->batch, .q_len = s->q_len, .kv_len = s->kv_len,
			.q_heads = s->q_heads, .kv_heads = s->kv_heads,
			.head_dim = s->head_dim, .causal = s->causal,
			.scale = 1.0f / sqrtf((float)s->head_dim),
		},
		.expected = calloc(query_floats(s), sizeof(double)),
	};
	/*
	 * A score x is rounded to x(1 + a few epsilon), so its exponential is off by
	 * |x| epsilon, relatively; sums and products add some epsilon of their own.
	 */
	c->tolerance = largest_of(v, key_floats(s)) * FLT_EPSILON * (4 + expect(c));
}

void attention_case_release(struct attention_case *c)
{
	guarded_free(c->problem.q, query_floats(c->shape));
	guarded_free(c->problem.k, key_floats(c->shape));
	guarded_free(c->problem.v, key_floats(c->shape));
	guarded_free(c->problem.out, query_floats(c->shape));
	guarded_free(c->problem.workspace, WORKSPACE_BYTES / sizeof(float));
	free(c->expected);
}

double attention_case_run(struct attention_case *c, attention_function kernel)
{
	size_t floats = query_floats(c->shape);
	double worst = 0;

	memset(c->problem.out, 0xff, floats * sizeof(float));
	memset(c->problem.workspace, 0xff, WORKSPACE_BYTES);
	if (kernel(&c->problem) != 0)
		return HUGE_VAL;
	for (size_t i = 0; i < floats; i++) {
		double error = fabs(c->problem.out[i] - c->expected[i]) / c->tolerance;

		worst = isfinite(c->problem.out[i]) ? fmax(worst, error) : HUGE_VAL;
	}
	return worst;
}
