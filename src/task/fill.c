#include "avo.h"
#include "task/fill.h"

#include <math.h>

/*
 * Amounts. Scores of normal values have standard deviation 1 and stay below 7. exp() overflows f32 and bf16 above 88 and
 * underflows below -104. Whatever a kind does, sums of |v| over 2^17 keys stay finite in f32, also when a kernel lets its
 * running maximum lag by a factor of 256.
 */
static const struct fill_kind kinds[FILL_COUNT] = {
	[FILL_NORMAL] = { "normal", false, {
		[FILL_Q] = { .scale = 1 },
		[FILL_K] = { .scale = 1 },
		[FILL_V] = { .scale = 1 } } },
	/* scores of hundreds: exp overflows without the maximum; two keys may nearly tie */
	[FILL_LARGE_SCORES] = { "large-scores", false, {
		[FILL_Q] = { .scale = 12 },
		[FILL_K] = { .scale = 12 },
		[FILL_V] = { .scale = 1 } } },
	/* all scores near -120: a maximum that begins at 0, or a key of padding with score 0, outweighs them all */
	[FILL_NEGATIVE_SCORES] = { "negative-scores", false, {
		[FILL_Q] = { .scale = 0.5f, .offset = 10 },
		[FILL_K] = { .scale = 0.5f, .offset = -12 },
		[FILL_V] = { .scale = 1 } } },
	/* the largest score of every row at the last key that it sees, far enough above the others that the sum must be rescaled */
	[FILL_LATE_MAXIMUM] = { "late-maximum", false, {
		[FILL_Q] = { .rows = FILL_ROWS_LAST_KEY, .copy = 12 },
		[FILL_K] = { .scale = 1 },
		[FILL_V] = { .scale = 1 } } },
	/* nearly all the weight on the first key, whose value is 0: what is left over is the answer */
	[FILL_SINK] = { "sink", false, {
		[FILL_Q] = { .rows = FILL_ROWS_FIRST_KEY, .copy = 14 },
		[FILL_K] = { .scale = 1 },
		[FILL_V] = { .scale = 1, .first = -1 } } },
	/* every block of keys raises the maximum */
	[FILL_ASCENDING] = { "ascending", false, {
		[FILL_Q] = { .scale = 0.25f, .offset = 4 },
		[FILL_K] = { .scale = 0.25f, .ramp = 8 },
		[FILL_V] = { .scale = 1 } } },
	/* one key somewhere has nearly all the weight */
	[FILL_NEEDLE] = { "needle", false, {
		[FILL_Q] = { .rows = FILL_ROWS_ANY_KEY, .copy = 32 },
		[FILL_K] = { .scale = 1 },
		[FILL_V] = { .scale = 1 } } },
	/* all keys alike: every weight is the same */
	[FILL_EQUAL_KEYS] = { "equal-keys", false, {
		[FILL_Q] = { .scale = 1 },
		[FILL_K] = { .rows = FILL_ROWS_SAME, .scale = 1 },
		[FILL_V] = { .scale = 1 } } },
	/* half of the blocks of 32 positions zero, as padding is: their scores are 0, and count */
	[FILL_GAPS] = { "gaps", false, {
		[FILL_Q] = { .rows = FILL_ROWS_GAPS, .scale = 1 },
		[FILL_K] = { .rows = FILL_ROWS_GAPS, .scale = 1 },
		[FILL_V] = { .rows = FILL_ROWS_GAPS, .scale = 1 } } },
	/* V one vector, far from mean 0: the output must be that vector, whatever the weights */
	[FILL_CONSTANT_V] = { "constant-v", true, {
		[FILL_Q] = { .scale = 1 },
		[FILL_K] = { .scale = 1 },
		[FILL_V] = { .rows = FILL_ROWS_SAME, .scale = 1, .offset = 16 } } },
	/* large values of either sign that nearly cancel */
	[FILL_CANCELLING_V] = { "cancelling-v", true, {
		[FILL_Q] = { .scale = 0.5f },
		[FILL_K] = { .scale = 0.5f },
		[FILL_V] = { .scale = 1, .alternate = 64 } } },
	/* cubes of normal values: most near 0, few large */
	[FILL_HEAVY_TAILED] = { "heavy-tailed", true, {
		[FILL_Q] = { .scale = 0.5f, .cubed = 1 },
		[FILL_K] = { .scale = 0.5f, .cubed = 1 },
		[FILL_V] = { .scale = 1, .cubed = 1 } } },
	/* a few channels of keys and values an order of magnitude above the others */
	[FILL_OUTLIER_CHANNELS] = { "outlier-channels", true, {
		[FILL_Q] = { .scale = 1 },
		[FILL_K] = { .scale = 0.5f, .channels = 16, .channel_scale = 24 },
		[FILL_V] = { .scale = 0.25f, .channels = 16, .channel_scale = 64 } } },
	/* whole rows of other sizes: 2^-2 to 2^2 for keys, 2^-10 to 2^10 for values */
	[FILL_OUTLIER_ROWS] = { "outlier-rows", false, {
		[FILL_Q] = { .scale = 1 },
		[FILL_K] = { .scale = 1, .spread = 2 },
		[FILL_V] = { .scale = 1, .spread = 10 } } },
	/* small enough that squares and fixed scales lose them; no number on the way is denormal */
	[FILL_TINY] = { "tiny", false, {
		[FILL_Q] = { .scale = 0x1p-20f },
		[FILL_K] = { .scale = 0x1p-20f },
		[FILL_V] = { .scale = 0x1p-60f } } },
	/* far beyond what f16 holds; scores as of normal values */
	[FILL_HUGE] = { "huge", false, {
		[FILL_Q] = { .scale = 0x1p-40f },
		[FILL_K] = { .scale = 0x1p40f },
		[FILL_V] = { .scale = 0x1p96f } } },
};

const struct fill_kind *fill_kind(enum fill f)
{
	return &kinds[f];
}

const char *fill_name(enum fill f)
{
	return kinds[f].name;
}

struct fill_deal fill_deal_one(enum fill f)
{
	return (struct fill_deal){ .count = 1, .kinds = { (unsigned char)f } };
}

int fill_deal_slot(const struct fill_deal *d, const struct task_case *c, int batch, int q_head)
{
	return (batch * c->kv_heads + q_head / (c->q_heads / c->kv_heads)) % d->count;
}

enum fill fill_deal_kind(const struct fill_deal *d, const struct task_case *c, int batch, int q_head)
{
	return (enum fill)d->kinds[fill_deal_slot(d, c, batch, q_head)];
}

const char *fill_deal_name(const struct fill_deal *d)
{
	return d->count == 1 ? fill_name((enum fill)d->kinds[0]) : "mixed";
}

void fill_shape_init(struct fill_shape *out, const struct task_case *c, uint64_t seed, bool changed)
{
	unsigned long long bits = fill_at(seed, 77);

	*out = (struct fill_shape){
		.batch = c->batch, .q_len = c->q_len, .kv_len = c->kv_len, .q_heads = c->q_heads, .kv_heads = c->kv_heads,
		.head_dim = c->head_dim, .causal = c->causal, .changed_position = -1, .unit = 1 / sqrtf((float)c->head_dim),
	};
	if (!changed)
		return;
	out->changed_batch = fill_below(bits, c->batch);
	out->changed_head = fill_below(fill_mix(bits), c->kv_heads);
	out->changed_position = fill_below(fill_mix(bits + 1), (c->kv_len + 1) / 2);
}

void fill_tensor(float *out, int tensor, const struct task_case *c, const struct fill_deal *d, uint64_t seed, bool changed)
{
	int length = tensor == FILL_Q ? c->q_len : c->kv_len, heads = tensor == FILL_Q ? c->q_heads : c->kv_heads;
	int group = tensor == FILL_Q ? 1 : c->q_heads / c->kv_heads, b, i, h, x;
	struct fill_shape shape;
	struct fill_row row;

	fill_shape_init(&shape, c, seed, changed);
	for (b = 0; b < c->batch; b++)
		for (i = 0; i < length; i++)
			for (h = 0; h < heads; h++) {
				const struct fill_kind *kind = fill_kind(fill_deal_kind(d, c, b, h * group));

				fill_row_begin(&row, kind->recipe, &shape, seed, tensor, b, i, h);
				for (x = 0; x < c->head_dim; x++)
					*out++ = fill_element(&row, x);
			}
}
