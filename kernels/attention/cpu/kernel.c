/*
 * Attention forward in float32 on one core: the seed x0.
 *
 * FlashAttention's loop nest. For every key/value head, for every query head
 * of its group, a tile of TILE_Q query rows walks over the keys in tiles of
 * TILE_K: S = Q K^T, an online softmax that turns S into P in place, O += P V.
 * S, O and whatever is packed live in the workspace.
 *
 * The defaults are the first hour's work: dot products with the four lanes
 * every 64-bit machine has, expf() from libm, keys and values read in place,
 * every tile computed and then masked. What a second look would try is in the
 * file too, each alternative as code, chosen by the annotated parameters.
 * Every combination is valid; README.md says what each alternative does.
 *
 * Suite `cpu`, geometric mean in GFLOPS, one core of a Xeon with AVX-512 whose
 * FMA units reach 185, best of three by CPU time; each line adds to the last:
 *   x0                                7.4
 *   CAUSAL SKIP_TILE                 10.7   no work on tiles above the diagonal
 *   LANES 16                         18.9
 *   EXP POLY_VEC                     29.9   expf() was over a third of the time
 *   ROWS 4                           38.6   a key vector serves four rows
 *   PV_FORM OUTER, PV_COLS 4         50.0   O stays in registers over a tile
 *   PACK HEAD                        52.1
 *   QK_FORM OUTER, QK_COLS 4         71.7   no horizontal sums
 *   TILE_Q 64, TILE_K 256           109.2   room for 4 vectors of keys a block;
 *                                           with CAUSAL SKIP_BLOCK
 *   SOFTMAX TWO_PASS                115.0   O is never rescaled
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include <avo/attention.h>

#define TILE_Q 16 // avo: 16|32|64|128
#define TILE_K 32 // avo: 32|64|128|256
#define LANES 4 // avo: 1|4|8|16
#define ROWS 1 // avo: 1|2|4|6|8
#define QK_FORM DOT // avo: DOT|OUTER
#define QK_COLS 1 // avo: 1|2|3|4
#define PV_FORM AXPY // avo: AXPY|OUTER
#define PV_COLS 1 // avo: 1|2|4
#define UNROLL 1 // avo: 1|2|4
#define EXP LIBM // avo: LIBM|POLY|POLY_VEC
#define SOFTMAX ONLINE // avo: TWO_PASS|ONLINE|LAZY
#define CAUSAL MASK // avo: MASK|SKIP_TILE|SKIP_BLOCK
#define PACK NONE // avo: NONE|TILE|HEAD
#define PREFETCH NO // avo: NO|YES

enum { DOT, OUTER, AXPY };		/* QK_FORM, PV_FORM */
enum { LIBM, POLY, POLY_VEC };		/* EXP */
enum { TWO_PASS, ONLINE, LAZY };	/* SOFTMAX */
enum { MASK, SKIP_TILE, SKIP_BLOCK };	/* CAUSAL */
enum { NONE, TILE, HEAD };		/* PACK */
enum { NO, YES };			/* PREFETCH */

#define INLINE static inline __attribute__((always_inline))
#define MAX_HEAD_DIM 256
#define QUOTE(text) #text
#define UNROLL_BY(n) _Pragma(QUOTE(GCC unroll n))
#define WHOLE_ROW_BYTES (4u << 20)	/* TWO_PASS: scores kept for a query tile, at most */
#define LAZY_RISE 8.0f			/* LAZY: how far a maximum may rise before O is rescaled */
#define ROUND_UP(n, to) (((n) + (to) - 1) / (to) * (to))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

/* Vectors wider than the machine's are passed between inlined functions only: no ABI is concerned. */
#pragma GCC diagnostic ignored "-Wpsabi"

/* ---- vectors of LANES floats -------------------------------------------- */

#if LANES == 1
typedef float vec;
typedef uint32_t uvec;
#define LANE(v, l) (v)
#elif LANES == 4 || LANES == 8 || LANES == 16
typedef float vec __attribute__((vector_size(4 * LANES)));
typedef uint32_t uvec __attribute__((vector_size(4 * LANES)));
#define LANE(v, l) (v)[l]
#else
#error "LANES must be 1, 4, 8 or 16"
#endif
typedef vec vec_unaligned __attribute__((aligned(4), may_alias));

INLINE vec load(const float *p)
{
	return *(const vec_unaligned *)p;
}

INLINE void store(float *p, vec v)
{
	*(vec_unaligned *)p = v;
}

INLINE vec splat(float x)
{
	return x - (vec){ 0 };
}

INLINE vec max_vec(vec a, vec b)
{
#if LANES == 1
	return a > b ? a : b;
#else
	uvec greater = (uvec)(a > b);

	return (vec)(((uvec)a & greater) | ((uvec)b & ~greater));
#endif
}

/* Folds the vector onto its lower half, then that one, down to lane 0. */
#define PERMUTE(v, ...) __builtin_shufflevector(v, v, __VA_ARGS__)
#if LANES == 16
#define FOLD(v, op) do { \
	v = op(v, PERMUTE(v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7)); \
	v = op(v, PERMUTE(v, 4, 5, 6, 7, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3)); \
	v = op(v, PERMUTE(v, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1)); \
	v = op(v, PERMUTE(v, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0)); \
} while (0)
#elif LANES == 8
#define FOLD(v, op) do { \
	v = op(v, PERMUTE(v, 4, 5, 6, 7, 0, 1, 2, 3)); \
	v = op(v, PERMUTE(v, 2, 3, 0, 1, 2, 3, 0, 1)); \
	v = op(v, PERMUTE(v, 1, 0, 1, 0, 1, 0, 1, 0)); \
} while (0)
#elif LANES == 4
#define FOLD(v, op) do { \
	v = op(v, PERMUTE(v, 2, 3, 0, 1)); \
	v = op(v, PERMUTE(v, 1, 0, 1, 0)); \
} while (0)
#else
#define FOLD(v, op) do { } while (0)
#endif
#define ADD(a, b) ((a) + (b))

INLINE float sum_lanes(vec v)
{
	FOLD(v, ADD);
	return LANE(v, 0);
}

INLINE float max_lanes(vec v)
{
	FOLD(v, max_vec);
	return LANE(v, 0);
}

/* ---- exponentials ------------------------------------------------------- */

/*
 * 2^x for x below 127, as 2^n * 2^f with |f| <= 1/2: the low bits of
 * x + 1.5 * 2^23 are n, and 2^f is a polynomial of degree 6, 1 at f = 0, fitted
 * to a relative error of 3e-9, so that float rounding is all that remains. At
 * -127 and below the result is exactly 0: masked keys weigh nothing.
 */
#define DEFINE_EXP2(name, type, bits, max) \
INLINE type name(type x) \
{ \
	type shifted, f, p; \
	bits n, exponent; \
	x = max(x, (type){ 0 } - 127.0f); \
	shifted = x + 12582912.0f; \
	f = x - (shifted - 12582912.0f); \
	p = f * 1.559467782e-04f + 1.340664341e-03f; \
	p = p * f + 9.617692791e-03f; \
	p = p * f + 5.550310388e-02f; \
	p = p * f + 2.402265221e-01f; \
	p = p * f + 6.931472421e-01f; \
	p = p * f + 1.0f; \
	memcpy(&n, &shifted, sizeof(n)); \
	memcpy(&exponent, &p, sizeof(n)); \
	exponent += n << 23; \
	memcpy(&p, &exponent, sizeof(n)); \
	return p; \
}
#define MAX_FLOAT(a, b) ((a) > (b) ? (a) : (b))

DEFINE_EXP2(exp2_one, float, uint32_t, MAX_FLOAT)
DEFINE_EXP2(exp2_vec, vec, uvec, max_vec)

/* The softmax runs in base e with libm and in base 2 without: scores are multiplied by this. */
INLINE float score_factor(const struct avo_attention *a)
{
	return EXP == LIBM ? a->scale : a->scale * 1.44269504f;
}

INLINE float exponential(float x)
{
	return EXP == LIBM ? expf(x) : exp2_one(x);
}

/* s[0..n) becomes exp(s - top); returns their sum. n is a multiple of LANES. */
INLINE float exp_row(float *s, int n, float top)
{
	float sum = 0;

	if (EXP == POLY_VEC) {
		vec sums = { 0 };

		for (int j = 0; j < n; j += LANES) {
			vec p = exp2_vec(load(s + j) - top);

			store(s + j, p);
			sums += p;
		}
		return sum_lanes(sums);
	}
	for (int j = 0; j < n; j++) {
		s[j] = exponential(s[j] - top);
		sum += s[j];
	}
	return sum;
}

/* ---- rows of a tensor, and packed copies of them -------------------------- */

/* The rows [first, first + count) of one head; element d of row j is at[j * stride + d]. */
struct rows {
	const float *at;
	size_t stride;
	int count;
};

INLINE struct rows rows_of(const float *tensor, int length, int heads, int head_dim, int b, int h)
{
	size_t stride = (size_t)heads * head_dim;

	return (struct rows){ tensor + (size_t)b * length * stride + (size_t)h * head_dim, stride, length };
}

INLINE struct rows some_rows(struct rows r, int first, int count)
{
	return (struct rows){ r.at + first * r.stride, r.stride, count };
}

INLINE void prefetch_rows(struct rows r, int dim)
{
	if (PREFETCH == NO)
		return;
	for (int j = 0; j < r.count; j++)
		for (int d = 0; d < dim; d += 16)
			__builtin_prefetch(r.at + j * r.stride + d);
}

static void pack_rows(float *to, struct rows r, int dim)
{
	for (int j = 0; j < r.count; j++)
		memcpy(to + (size_t)j * dim, r.at + j * r.stride, dim * sizeof(float));
}

/*
 * Panels of LANES keys, transposed: to[panel][d][lane], the missing keys of the
 * last panel zero. Like packed rows, key j's panel starts at to + j * dim.
 */
static void pack_panels(float *to, struct rows r, int dim)
{
	static const float zeros[MAX_HEAD_DIM];

	for (int j = 0; j < r.count; j += LANES, to += dim * LANES)
		for (int l = 0; l < LANES; l++) {
			const float *row = j + l < r.count ? r.at + (j + l) * r.stride : zeros;

			for (int d = 0; d < dim; d++)
				to[d * LANES + l] = row[d];
		}
}

INLINE struct rows pack_keys(float *to, struct rows k, int dim)
{
	if (QK_FORM == OUTER)
		pack_panels(to, k, dim);
	else
		pack_rows(to, k, dim);
	return (struct rows){ to, dim, k.count };
}

INLINE struct rows pack_values(float *to, struct rows v, int dim)
{
	pack_rows(to, v, dim);
	return (struct rows){ to, dim, v.count };
}

/* ---- S = Q K^T ------------------------------------------------------------ */

/* A block of ROWS queries by `cols` keys, as dot products along head_dim. */
INLINE void qk_dot(float *s, int ld, const float *q, struct rows k, int j, const int cols, int dim)
{
	vec acc[ROWS][QK_COLS] = { 0 };

	UNROLL_BY(UNROLL)
	for (int d = 0; d < dim; d += LANES) {
#pragma GCC unroll 8
		for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
				acc[r][c] += load(q + r * dim + d) * load(k.at + (j + c) * k.stride + d);
	}
#pragma GCC unroll 8
	for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			s[r * ld + j + c] = sum_lanes(acc[r][c]);
}

/* A block of ROWS queries by `cols` vectors of keys in panels, as outer products, one depth at a time. */
INLINE void qk_outer(float *s, int ld, const float *q, struct rows k, int j, const int cols, int dim)
{
	vec acc[ROWS][QK_COLS] = { 0 };

	UNROLL_BY(UNROLL)
	for (int d = 0; d < dim; d++) {
		vec key[QK_COLS];

#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			key[c] = load(k.at + (size_t)(j + c * LANES) * dim + d * LANES);
#pragma GCC unroll 8
		for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
				acc[r][c] += key[c] * q[r * dim + d];
	}
#pragma GCC unroll 8
	for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			store(s + r * ld + j + c * LANES, acc[r][c]);
}

/* The scores of ROWS queries against the first n keys of the tile. */
INLINE void score_block(float *s, int ld, const float *q, struct rows k, int n, int dim)
{
	int j = 0;

	if (QK_FORM == DOT) {
		for (; j + QK_COLS <= n; j += QK_COLS)
			qk_dot(s, ld, q, k, j, QK_COLS, dim);
		for (; j < n; j++)
			qk_dot(s, ld, q, k, j, 1, dim);
	} else {
		for (; j + QK_COLS * LANES <= n; j += QK_COLS * LANES)
			qk_outer(s, ld, q, k, j, QK_COLS, dim);
		for (; j < n; j += LANES)
			qk_outer(s, ld, q, k, j, 1, dim);
	}
}

/* ---- O += P V ------------------------------------------------------------- */

/* Key by key, each row of V added to ROWS rows of O in memory. */
INLINE void pv_axpy(float *o, const float *p, int ld, struct rows v, int n, int dim)
{
	for (int j = 0; j < n; j++)
		UNROLL_BY(UNROLL)
		for (int d = 0; d < dim; d += LANES) {
			vec value = load(v.at + j * v.stride + d);

#pragma GCC unroll 8
			for (int r = 0; r < ROWS; r++)
				store(o + r * dim + d, load(o + r * dim + d) + value * p[r * ld + j]);
		}
}

/* ROWS rows by `cols` vectors of O, held in registers over all keys of the tile. */
INLINE void pv_outer(float *o, const float *p, int ld, struct rows v, int n, const int cols, int dim)
{
	vec acc[ROWS][PV_COLS];

#pragma GCC unroll 8
	for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			acc[r][c] = load(o + r * dim + c * LANES);
	UNROLL_BY(UNROLL)
	for (int j = 0; j < n; j++) {
#pragma GCC unroll 8
		for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
			for (int c = 0; c < cols; c++)
				acc[r][c] += load(v.at + j * v.stride + c * LANES) * p[r * ld + j];
	}
#pragma GCC unroll 8
	for (int r = 0; r < ROWS; r++)
#pragma GCC unroll 4
		for (int c = 0; c < cols; c++)
			store(o + r * dim + c * LANES, acc[r][c]);
}

/* ROWS rows of O gain the first n keys of the tile. */
INLINE void value_block(float *o, const float *p, int ld, struct rows v, int n, int dim)
{
	int d = 0;

	if (PV_FORM == AXPY) {
		pv_axpy(o, p, ld, v, n, dim);
		return;
	}
	for (; d + PV_COLS * LANES <= dim; d += PV_COLS * LANES, v.at += PV_COLS * LANES)
		pv_outer(o + d, p, ld, v, n, PV_COLS, dim);
	for (; d < dim; d += LANES, v.at += LANES)
		pv_outer(o + d, p, ld, v, n, 1, dim);
}

/* ---- one query tile ------------------------------------------------------- */

/* Everything a query tile needs; the arrays are cut from the workspace. */
struct tile {
	float *q;		/* [ROUND_UP(TILE_Q, ROWS), head_dim], rows past the last query zero */
	float *o;		/* the same shape: O before the division by sum */
	float *s;		/* [ROUND_UP(TILE_Q, ROWS), ld]: scores, then probabilities */
	float *top, *sum;	/* one a row: running maximum, running sum */
	float *k_packed, *v_packed;
	int k_pack, v_pack;	/* PACK, or TILE where a head does not fit or panels are needed */
	int span;		/* keys between two updates of the softmax, a multiple of TILE_K */
	int ld;
	int first, rows;	/* queries [first, first + rows) */
	int ahead;		/* query i sees the keys j < i + ahead */
	int end;		/* keys to visit */
	float factor;		/* multiplied into Q: scale, in the base of the exponential */
};

/* How many of n keys from j on the tile's row r sees; rows past the last query see all. */
INLINE int seen_by(const struct tile *t, int r, int j, int n)
{
	int seen = t->first + r + t->ahead - j;

	return seen < 0 ? 0 : MIN(seen, n);
}

/* How many of n keys from j on the block of ROWS rows from r on has to visit. */
INLINE int block_width(const struct tile *t, int r, int j, int n)
{
	return CAUSAL == SKIP_BLOCK ? seen_by(t, r + ROWS - 1, j, n) : n;
}

INLINE void load_queries(struct tile *t, struct rows q, int dim)
{
	int padded = ROUND_UP(t->rows, ROWS);

	for (int r = 0; r < t->rows; r++)
		for (int d = 0; d < dim; d++)
			t->q[r * dim + d] = q.at[r * q.stride + d] * t->factor;
	memset(t->q + t->rows * dim, 0, (size_t)(padded - t->rows) * dim * sizeof(float));
	memset(t->o, 0, (size_t)padded * dim * sizeof(float));
	for (int r = 0; r < padded; r++) {
		t->top[r] = -INFINITY;
		t->sum[r] = 0;
	}
}

INLINE void store_output(const struct tile *t, float *out, size_t stride, int dim)
{
	for (int r = 0; r < t->rows; r++) {
		float inverse = 1.0f / t->sum[r];

		for (int d = 0; d < dim; d++)
			out[r * stride + d] = t->o[r * dim + d] * inverse;
	}
}

/* The row's maximum has risen: what was summed so far is brought down to it. */
INLINE void raise_top(struct tile *t, int r, float top, int dim)
{
	float shrink = exponential(t->top[r] - top);

	t->top[r] = top;
	t->sum[r] *= shrink;
	for (int d = 0; d < dim; d += LANES)
		store(t->o + r * dim + d, load(t->o + r * dim + d) * shrink);
}

/* Row r of S, n keys of which it sees the first `seen`, becomes its row of P. */
INLINE void softmax_row(struct tile *t, int r, int seen, int n, int dim)
{
	float *s = t->s + (size_t)r * t->ld;
	int width = ROUND_UP(CAUSAL == SKIP_BLOCK ? seen : n, LANES);
	vec highest = splat(-INFINITY);
	float top;

	for (int j = seen; j < width; j++)
		s[j] = -INFINITY;
	for (int j = 0; j < width; j += LANES)
		highest = max_vec(highest, load(s + j));
	top = max_lanes(highest);
	if (SOFTMAX == LAZY ? top > t->top[r] + LAZY_RISE : 1)
		raise_top(t, r, MAX_FLOAT(top, t->top[r]), dim);
	t->sum[r] += exp_row(s, width, t->top[r]);
	if (width < n)
		memset(s + width, 0, (n - width) * sizeof(float));
}

INLINE struct rows key_tile(const struct tile *t, struct rows k, int j, int n, int dim)
{
	struct rows tile = some_rows(k, j, n);

	return t->k_pack == TILE ? pack_keys(t->k_packed, tile, dim) : tile;
}

INLINE struct rows value_tile(const struct tile *t, struct rows v, int j, int n, int dim)
{
	struct rows tile = some_rows(v, j, n);

	return t->v_pack == TILE ? pack_values(t->v_packed, tile, dim) : tile;
}

/* The scores of the whole query tile against the keys [j, j + n), into column `at` of S. */
INLINE void score_tile(struct tile *t, struct rows k, int j, int n, int at, int dim)
{
	struct rows keys = key_tile(t, k, j, n, dim);

	prefetch_rows(some_rows(k, j + n, MIN(TILE_K, t->end - j - n)), dim);
	for (int r = 0; r < t->rows; r += ROWS)
		score_block(t->s + (size_t)r * t->ld + at, t->ld, t->q + r * dim, keys, block_width(t, r, j, n), dim);
}

INLINE void value_tile_into(struct tile *t, struct rows v, int j, int n, int at, int dim)
{
	struct rows values = value_tile(t, v, j, n, dim);

	prefetch_rows(some_rows(v, j + n, MIN(TILE_K, t->end - j - n)), dim);
	for (int r = 0; r < t->rows; r += ROWS)
		value_block(t->o + r * dim, t->s + (size_t)r * t->ld + at, t->ld, values, block_width(t, r, j, n), dim);
}

/* A span is one key tile, or with TWO_PASS as much of the row as is kept. */
INLINE void attend_span(struct tile *t, struct rows k, struct rows v, int j, int n, int dim)
{
	for (int at = 0; at < n; at += TILE_K)
		score_tile(t, k, j + at, MIN(TILE_K, n - at), at, dim);
	for (int r = 0; r < ROUND_UP(t->rows, ROWS); r++)
		softmax_row(t, r, seen_by(t, r, j, n), n, dim);
	for (int at = 0; at < n; at += TILE_K)
		value_tile_into(t, v, j + at, MIN(TILE_K, n - at), at, dim);
}

/* ---- heads ---------------------------------------------------------------- */

INLINE void attend_head(const struct avo_attention *a, struct tile *t, struct rows q, float *out, struct rows k,
			struct rows v, int dim)
{
	t->ahead = a->causal ? a->kv_len - a->q_len + 1 : a->kv_len;
	for (t->first = 0; t->first < a->q_len; t->first += TILE_Q) {
		t->rows = MIN(TILE_Q, a->q_len - t->first);
		t->end = CAUSAL == MASK ? a->kv_len : MIN(a->kv_len, t->first + t->rows - 1 + t->ahead);
		load_queries(t, some_rows(q, t->first, t->rows), dim);
		for (int j = 0; j < t->end; j += t->span)
			attend_span(t, k, v, j, MIN(t->span, t->end - j), dim);
		store_output(t, out + t->first * q.stride, q.stride, dim);
	}
}

static void attend(const struct avo_attention *a, struct tile *t)
{
	int group = a->q_heads / a->kv_heads, dim = a->head_dim;

	for (int b = 0; b < a->batch; b++)
		for (int h = 0; h < a->q_heads; h++) {
			struct rows q = rows_of(a->q, a->q_len, a->q_heads, dim, b, h);
			struct rows k = rows_of(a->k, a->kv_len, a->kv_heads, dim, b, h / group);
			struct rows v = rows_of(a->v, a->kv_len, a->kv_heads, dim, b, h / group);

			if (t->k_pack == HEAD)
				k = h % group ? (struct rows){ t->k_packed, dim, k.count } : pack_keys(t->k_packed, k, dim);
			if (t->v_pack == HEAD)
				v = h % group ? (struct rows){ t->v_packed, dim, v.count } : pack_values(t->v_packed, v, dim);
			attend_head(a, t, q, a->out + (q.at - a->q), k, v, dim);
		}
}

/* ---- workspace ------------------------------------------------------------ */

struct arena {
	char *next;
	size_t left;
};

/* Cuts 64-byte aligned floats; asking for more than is left gives NULL and takes nothing. */
static float *cut(struct arena *w, size_t floats)
{
	size_t bytes = ROUND_UP(floats * sizeof(float), 64);
	char *p = w->next;

	if (bytes > w->left)
		return NULL;
	w->next += bytes;
	w->left -= bytes;
	return (float *)p;
}

/* Room for the packed rows of a whole head, or where that fails for those of one tile. */
static float *cut_packed(struct arena *w, int *pack, size_t reserve, int length, int dim)
{
	size_t head = (size_t)ROUND_UP(length, LANES) * dim;

	if (*pack == HEAD && (head + reserve) * sizeof(float) + 64 > w->left)
		*pack = TILE;
	return cut(w, *pack == HEAD ? head : (size_t)TILE_K * dim);
}

static int cut_tile(struct tile *t, const struct avo_attention *a)
{
	struct arena w = { a->workspace, a->workspace_bytes };
	size_t rows = ROUND_UP(TILE_Q, ROWS), dim = a->head_dim, tile = (size_t)TILE_K * dim;
	int keep = WHOLE_ROW_BYTES / sizeof(float) / rows / TILE_K * TILE_K;

	t->span = SOFTMAX == TWO_PASS ? MIN(keep, ROUND_UP(a->kv_len, TILE_K)) : TILE_K;
	t->ld = t->span + 16;
	t->q = cut(&w, rows * dim);
	t->o = cut(&w, rows * dim);
	t->top = cut(&w, rows);
	t->sum = cut(&w, rows);
	t->s = cut(&w, rows * t->ld);
	t->k_pack = PACK == NONE && QK_FORM == OUTER ? TILE : PACK;
	t->v_pack = PACK;
	t->k_packed = cut_packed(&w, &t->k_pack, tile, a->kv_len, a->head_dim);
	t->v_packed = cut_packed(&w, &t->v_pack, 0, a->kv_len, a->head_dim);
	return t->q && t->o && t->top && t->sum && t->s && t->k_packed && t->v_packed;
}

int avo_attention(const struct avo_attention *a)
{
	struct tile t = { .factor = score_factor(a) };

	if (!cut_tile(&t, a))
		return 1;
	attend(a, &t);
	return 0;
}
