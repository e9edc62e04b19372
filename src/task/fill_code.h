/*
 * Values of a run, one row of one tensor at a time. This one text is compiled
 * for the host and, by NVRTC, for the device, so that both have the same values.
 *
 * Every value is a function of its place alone: (secret seed, tensor, batch,
 * position, head, element, shape) and the recipe of its kind (task/fill.h). Only
 * integers and single operations of IEEE float are used, so that host and device
 * give the same bits.
 */
#ifndef AVO_TASK_FILL_CODE_H
#define AVO_TASK_FILL_CODE_H

#ifdef __CUDACC__
#define FILL_CODE static __device__ __forceinline__
#define FILL_MUL(a, b) __fmul_rn(a, b)
#define FILL_ADD(a, b) __fadd_rn(a, b)
#define FILL_DIV(a, b) __fdiv_rn(a, b)
#else
#include <math.h>
#define FILL_CODE static inline
#define FILL_MUL(a, b) ((a) * (b))
#define FILL_ADD(a, b) ((a) + (b))
#define FILL_DIV(a, b) ((a) / (b))
#endif

#define FILL_GAP 32			/* positions of a block that is zero or not */
#define FILL_KINDS_MAX 16		/* of one run */

enum { FILL_Q, FILL_K, FILL_V, FILL_TENSORS };

/* Where the numbers of a row come from. */
enum fill_rows {
	FILL_ROWS_OWN,			/* each row its own */
	FILL_ROWS_SAME,			/* all rows of a head are one row */
	FILL_ROWS_GAPS,			/* half of the blocks of FILL_GAP positions are zero, in K and V the same ones */
	FILL_ROWS_ANY_KEY,		/* Q: a row is the row of some key it sees, neither the first nor the last, scaled */
	FILL_ROWS_LAST_KEY,		/* Q: of the last key it sees */
	FILL_ROWS_FIRST_KEY,		/* Q: of the first key */
};

/*
 * What one tensor is made of. A value is
 *	row scale * channel scale * scale * noise  +  offset  +  ramp * (position + 1) / length
 * where noise has mean 0 and variance 1. The offset of Q is divided by sqrt(head_dim): with Q's offset a and K's offset c
 * every score is a * c (after scaling by 1 / sqrt(head_dim)), whatever head_dim is. A row of Q that copies a key is that
 * key's row times copy / sqrt(head_dim): its score with the key is about copy, with the others about copy / sqrt(head_dim).
 */
struct fill_recipe {
	enum fill_rows rows;
	float scale, offset, ramp, copy;
	float alternate;		/* added at even positions, subtracted at odd ones */
	float first;			/* the head's first row is multiplied by this; 0 means 1, negative means 0 */
	int cubed;			/* noise is the cube of noise: heavy tails */
	int spread;			/* row scale: 2^n, n from -spread to spread */
	int channels;			/* one channel in so many has channel_scale; 0: none */
	float channel_scale;
};

/* The shape, and the key and value row that is another one (none: changed_position < 0). */
struct fill_shape {
	int batch, q_len, kv_len, q_heads, kv_heads, head_dim, causal;
	int changed_batch, changed_position, changed_head;
	float unit;			/* 1 / sqrt(head_dim) */
};

/* One row, ready to give its elements. */
struct fill_row {
	unsigned long long stream, channel_stream;
	float scale, offset, channel_scale;
	int cubed, channels;
};

FILL_CODE unsigned long long fill_mix(unsigned long long x)
{
	x ^= x >> 30;
	x *= 0xbf58476d1ce4e5b9ull;
	x ^= x >> 27;
	x *= 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

FILL_CODE unsigned long long fill_at(unsigned long long seed, unsigned long long i)
{
	return fill_mix(seed + (i + 1) * 0x9e3779b97f4a7c15ull);
}

/* 0 <= result < n. */
FILL_CODE int fill_below(unsigned long long bits, int n)
{
	return (int)((bits >> 32) * (unsigned)n >> 32);
}

/* Mean 0, variance 1, at most 3.46: the sum of four uniform numbers has variance 1/3 in units of their range. */
FILL_CODE float fill_noise(unsigned long long bits)
{
	int sum = (int)(bits & 0xffff) + (int)(bits >> 16 & 0xffff) + (int)(bits >> 32 & 0xffff) + (int)(bits >> 48);

	return FILL_MUL((float)(sum - 131070), 1.7320508f / 65536.0f);
}

FILL_CODE int fill_visible(const struct fill_shape *s, int position)
{
	return s->causal ? position + s->kv_len - s->q_len + 1 : s->kv_len;
}

/* A row of a tensor by the tensor's own recipe. */
FILL_CODE void fill_row_plain(struct fill_row *out, const struct fill_recipe *r, const struct fill_shape *s,
			      unsigned long long seed, int tensor, int b, int position, int head)
{
	int length = tensor == FILL_Q ? s->q_len : s->kv_len, heads = tensor == FILL_Q ? s->q_heads : s->kv_heads;
	unsigned long long unit = (unsigned long long)b * (unsigned)heads + (unsigned)head, tensor_seed = fill_at(seed, (unsigned)tensor);
	unsigned long long row = unit * (unsigned)length + (unsigned)(r->rows == FILL_ROWS_SAME ? 0 : position), bits;
	int changed = tensor != FILL_Q && b == s->changed_batch && position == s->changed_position && head == s->changed_head;

	out->stream = fill_at(tensor_seed, row);
	out->channel_stream = fill_at(tensor_seed, ~unit);
	out->scale = r->scale;
	out->offset = tensor == FILL_Q ? FILL_MUL(r->offset, s->unit) : r->offset;
	out->cubed = r->cubed;
	out->channels = r->channels;
	out->channel_scale = r->channel_scale;
	if (r->ramp != 0)
		out->offset = FILL_ADD(out->offset, FILL_MUL(r->ramp, FILL_DIV((float)(position + 1), (float)length)));
	if (r->alternate != 0)
		out->offset = FILL_ADD(out->offset, position % 2 ? -r->alternate : r->alternate);
	if (r->spread)
		out->scale = ldexpf(out->scale, fill_below(fill_at(out->stream, ~0ull), 2 * r->spread + 1) - r->spread);
	if (r->first != 0 && position == 0) {
		out->scale = r->first < 0 ? 0 : FILL_MUL(out->scale, r->first);
		out->offset = r->first < 0 ? 0 : FILL_MUL(out->offset, r->first);
	}
	/* K and V have their gaps at the same positions, as padding has */
	bits = fill_at(fill_at(seed, tensor == FILL_Q ? 7 : 8), unit * 4096 + (unsigned)(position / FILL_GAP));
	if (r->rows == FILL_ROWS_GAPS && bits & 1)
		out->scale = out->offset = 0;
	if (changed) {
		out->stream = fill_mix(out->stream + 1);
		out->offset = FILL_ADD(out->offset, FILL_MUL(r->scale, 8));
	}
}

/* The key whose row a row of Q is, by its recipe; -1: it has a row of its own. */
FILL_CODE int fill_copied_key(const struct fill_recipe *r, const struct fill_shape *s, unsigned long long seed, int b, int position,
			      int head)
{
	int visible = fill_visible(s, position);
	unsigned long long row = ((unsigned long long)b * (unsigned)s->q_len + (unsigned)position) * (unsigned)s->q_heads + (unsigned)head;

	switch (r->rows) {
	case FILL_ROWS_ANY_KEY:
		return visible < 3 ? visible - 1 : 1 + fill_below(fill_at(fill_at(seed, 9), row), visible - 2);
	case FILL_ROWS_LAST_KEY:
		return visible - 1;
	case FILL_ROWS_FIRST_KEY:
		return 0;
	default:
		return -1;
	}
}

/* recipes: of Q, K and V of the kind that this row's head has. */
FILL_CODE void fill_row_begin(struct fill_row *out, const struct fill_recipe *recipes, const struct fill_shape *s,
			      unsigned long long seed, int tensor, int b, int position, int head)
{
	int key = tensor == FILL_Q ? fill_copied_key(&recipes[FILL_Q], s, seed, b, position, head) : -1;
	float by = FILL_MUL(recipes[FILL_Q].copy, s->unit);

	if (key < 0) {
		fill_row_plain(out, &recipes[tensor], s, seed, tensor, b, position, head);
		return;
	}
	fill_row_plain(out, &recipes[FILL_K], s, seed, FILL_K, b, key, head / (s->q_heads / s->kv_heads));
	out->scale = FILL_MUL(out->scale, by);
	out->offset = FILL_MUL(out->offset, by);
}

FILL_CODE float fill_element(const struct fill_row *row, int x)
{
	float noise = fill_noise(fill_at(row->stream, (unsigned)x));

	if (row->cubed)
		noise = FILL_MUL(FILL_MUL(noise, noise), noise);
	noise = FILL_MUL(noise, row->scale);
	if (row->channels && fill_at(row->channel_stream, (unsigned)x) % (unsigned)row->channels == 0)
		noise = FILL_MUL(noise, row->channel_scale);
	return FILL_ADD(noise, row->offset);
}

#endif
