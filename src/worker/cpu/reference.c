/*
 * Written with GCC's vector types and compiled once per instruction set, since
 * checking 0.1 % of skipped rows with confidence takes thousands of rows a
 * verdict and the worker itself is built for any x86-64.
 */
#include "avo.h"
#include "base/mem.h"
#include "worker/cpu/reference.h"

#include <math.h>

#ifdef __clang__
#pragma GCC diagnostic ignored "-Wpsabi"	/* of functions that are inlined always: nothing is passed */
#else
#pragma GCC optimize("O3")
#endif

#define LANES 8
typedef float v8f __attribute__((vector_size(32), aligned(4), may_alias));
typedef double v8d __attribute__((vector_size(64), aligned(8), may_alias));
typedef int64_t v8i __attribute__((vector_size(64), aligned(8), may_alias));
typedef uint64_t v8u __attribute__((vector_size(64), aligned(8), may_alias));
#define INLINE static inline __attribute__((always_inline))

/* e^x = 2^n e^r with |r| <= ln(2)/2, e^r by its series: the remainder at degree 13 is below 1e-17. */
INLINE void exp_lanes(v8d *x)
{
	static const double c[] = { 1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
				    1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1, 1 };
	const double round = 0x1.8p52;
	v8d clipped = (v8d)((*x > -700.0) & (v8i)*x) , t, n, r, p = { 0 };
	v8i keep = *x > -700.0;
	size_t i;

	t = clipped * 0x1.71547652b82fep0 + round;
	n = t - round;
	/* ln(2) in two parts, the first short enough for n times it to be exact */
	r = clipped - n * 0x1.62e42feep-1;
	r = r - n * 0x1.a39ef35793c76p-33;
	for (i = 0; i < ARRAY_LEN(c); i++)
		p = p * r + c[i];
	p = (v8d)((v8u)p + ((v8u)t << 52));
	*x = (v8d)(keep & (v8i)p);
}

INLINE double sum_lanes(v8d v)
{
	return ((v[0] + v[1]) + (v[2] + v[3])) + ((v[4] + v[5]) + (v[6] + v[7]));
}

struct problem {
	const float *q, *k, *v;		/* the row, and the head's first key and value */
	size_t stride;			/* from one key to the next */
	int keys, dim;
	double *weights;		/* keys rounded up to LANES */
	float *plain_weights;
	double *masses;			/* keys: scale * sum |q k| */
};

INLINE void scores(const struct problem *p, double *max, float *plain_max)
{
	const double scale = 1 / sqrt(p->dim);
	const float plain_scale = (float)scale;
	int j, x;

	*max = -INFINITY;
	*plain_max = -INFINITY;
	for (j = 0; j < p->keys; j++) {
		const float *k = p->k + (size_t)j * p->stride;
		v8d s = { 0 }, mass = { 0 };
		v8f f = { 0 };
		float plain;

		for (x = 0; x < p->dim; x += LANES) {
			v8f a = *(const v8f *)(p->q + x), b = *(const v8f *)(k + x);
			v8d term = __builtin_convertvector(a, v8d) * __builtin_convertvector(b, v8d);

			f += a * b;
			s += term;
			mass += (v8d)((v8i)term & INT64_MAX);
		}
		p->weights[j] = sum_lanes(s) * scale;
		p->masses[j] = sum_lanes(mass) * scale;
		plain = ((f[0] + f[1]) + (f[2] + f[3])) + ((f[4] + f[5]) + (f[6] + f[7]));
		p->plain_weights[j] = plain * plain_scale;
		*max = p->weights[j] > *max ? p->weights[j] : *max;
		*plain_max = p->plain_weights[j] > *plain_max ? p->plain_weights[j] : *plain_max;
	}
}

INLINE void weigh(const struct problem *p, double max, float plain_max)
{
	int j;

	for (j = 0; j < p->keys; j += LANES) {
		v8d *w = (v8d *)(p->weights + j), e = *w - max, g;
		v8f *pw = (v8f *)(p->plain_weights + j);

		exp_lanes(&e);
		*w = e;
		g = __builtin_convertvector(*pw - plain_max, v8d);
		exp_lanes(&g);
		*pw = __builtin_convertvector(g, v8f);
	}
}

INLINE void accumulate(struct reference_row *out, const struct problem *p)
{
	double sum = 0, mass = 0;
	float plain_sum = 0;
	int j, x, l;

	for (j = 0; j < p->keys; j++) {
		sum += p->weights[j];
		mass += p->weights[j] * p->masses[j] * p->masses[j];
		plain_sum += p->plain_weights[j];
	}
	for (x = 0; x < p->dim; x += LANES) {
		v8d s = { 0 }, square = { 0 };
		v8f f = { 0 };

		for (j = 0; j < p->keys; j++) {
			v8f v = *(const v8f *)(p->v + (size_t)j * p->stride + x);
			v8d wide = __builtin_convertvector(v, v8d), part = p->weights[j] * wide;

			s += part;
			square += part * wide;
			f += p->plain_weights[j] * v;
		}
		s = s / sum;
		square = square / sum;
		for (l = 0; l < LANES; l++) {
			double variance = square[l] - s[l] * s[l];

			out->magnitude[x + l] = sqrt(square[l]);
			/* sum p a |v - o| <= sqrt(sum p a^2) sqrt(sum p (v - o)^2) */
			out->sensitivity[x + l] = variance > 0 ? sqrt(mass / sum) * sqrt(variance) : 0;
		}
		*(v8d *)(out->exact + x) = s;
		*(v8f *)(out->plain + x) = f / plain_sum;
	}
}

INLINE void solve(struct reference_row *out, const struct problem *p)
{
	double max;
	float plain_max;

	scores(p, &max, &plain_max);
	weigh(p, max, plain_max);
	accumulate(out, p);
}

static void solve_any(struct reference_row *out, const struct problem *p)
{
	solve(out, p);
}

#if defined(__x86_64__)
__attribute__((target("avx2,fma"))) static void solve_avx2(struct reference_row *out, const struct problem *p)
{
	solve(out, p);
}

__attribute__((target("avx512f,avx512dq,avx512vl,fma"))) static void solve_avx512(struct reference_row *out,
										   const struct problem *p)
{
	solve(out, p);
}
#endif

static void solve_best(struct reference_row *out, const struct problem *p)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
		solve_avx512(out, p);
	else if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		solve_avx2(out, p);
	else
#endif
		solve_any(out, p);
}

static size_t padded_keys(const struct task_case *c)
{
	return ((size_t)c->kv_len + LANES - 1) / LANES * LANES;
}

double *reference_scratch(const struct task_case *c)
{
	return xcalloc(padded_keys(c), 2 * sizeof(double) + sizeof(float));
}

void reference_row(struct reference_row *out, const struct tensors *t, const struct task_case *c, int batch, int head,
		   int row, double *scratch)
{
	size_t d = (size_t)c->head_dim, kv_head = (size_t)(head / (c->q_heads / c->kv_heads));
	size_t kv = ((size_t)batch * (size_t)c->kv_len * (size_t)c->kv_heads + kv_head) * d;
	struct problem p = {
		.q = t->q + (((size_t)batch * (size_t)c->q_len + (size_t)row) * (size_t)c->q_heads + (size_t)head) * d,
		.k = t->k + kv,
		.v = t->v + kv,
		.stride = (size_t)c->kv_heads * d,
		.keys = case_visible_keys(c, row),
		.dim = c->head_dim,
		.weights = scratch,
		.masses = scratch + padded_keys(c),
		.plain_weights = (float *)(scratch + 2 * padded_keys(c)),
	};

	solve_best(out, &p);
}

double reference_exp(double x)
{
	v8d v = { x, x, x, x, x, x, x, x };

	exp_lanes(&v);
	return v[0];
}
