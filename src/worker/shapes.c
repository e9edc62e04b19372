#include "avo.h"
#include "worker/shapes.h"

#define LONGEST_SHORT 160
#define LONGEST_PIPELINE 700		/* tiles of 128 by 128 in several stages: a pipeline that wraps around more than once */
#define LONGEST_CHUNK 130
#define MOST_DIM 256			/* head_dim */

/* Lengths. The suite's are those of its cases. */
enum span {
	SPAN_ONE,
	SPAN_FEW,			/* 1 to 4 */
	SPAN_CHUNK,			/* 5 to LONGEST_CHUNK */
	SPAN_TINY,			/* 1 to 63 */
	SPAN_SHORT,			/* 1 to LONGEST_SHORT */
	SPAN_PIPELINE,			/* to LONGEST_PIPELINE, for tensor cores; else as short */
	SPAN_SHORTEST,			/* the suite's shortest, exactly */
	SPAN_WITHIN,			/* half of the suite's shortest, to its longest */
	SPAN_BEYOND,			/* above the suite's longest, to one and a half times that */
	SPAN_CACHE,			/* half of the suite's longest to twice that */
	SPAN_SAME,			/* kv_len: as q_len */
	SPAN_MORE,			/* kv_len: above q_len, by up to LONGEST_SHORT */
	SPAN_FEWER,			/* kv_len: below q_len */
};

enum mask { MASK_ANY, MASK_FULL, MASK_CAUSAL };
/* Of lengths: odd, so that no tile size divides them; multiples of 64, as suites have; one or the other; as they come. */
enum parity { PARITY_ODD, PARITY_64, PARITY_EITHER, PARITY_ANY };

struct range {
	int lo, hi;
};

struct shape_class {
	const char *name;
	enum span q, kv;
	enum parity parity;
	enum mask mask;
	struct range batch, kv_heads, group;
	enum fill fill;			/* of all heads, unless mixed */
	bool mixed, whole;
};

static const struct shape_class classes[] = {
	{ "short", SPAN_SHORT, SPAN_SAME, PARITY_ODD, MASK_ANY, { 1, 2 }, { 1, 2 }, { 1, 4 }, .whole = true },
	{ "ragged", SPAN_SHORT, SPAN_MORE, PARITY_ODD, MASK_ANY, { 1, 2 }, { 1, 2 }, { 1, 4 }, .whole = true },
	{ "heads", SPAN_SHORT, SPAN_SAME, PARITY_ODD, MASK_ANY, { 1, 1 }, { 3, 6 }, { 1, 3 }, .whole = true },
	{ "groups", SPAN_SHORT, SPAN_SAME, PARITY_ODD, MASK_ANY, { 1, 1 }, { 1, 2 }, { 5, 9 }, .whole = true },
	{ "batches", SPAN_SHORT, SPAN_SAME, PARITY_ODD, MASK_ANY, { 3, 6 }, { 1, 2 }, { 1, 2 }, .whole = true },
	{ "pipeline", SPAN_PIPELINE, SPAN_SAME, PARITY_ODD, MASK_FULL, { 1, 2 }, { 1, 2 }, { 1, 2 }, .whole = true },
	{ "causal-pipeline", SPAN_PIPELINE, SPAN_SAME, PARITY_ODD, MASK_CAUSAL, { 1, 2 }, { 1, 2 }, { 1, 2 }, .whole = true },
	{ "within", SPAN_WITHIN, SPAN_SAME, PARITY_ODD, MASK_FULL, { 1, 1 }, { 1, 2 }, { 1, 2 } },
	{ "causal-within", SPAN_WITHIN, SPAN_SAME, PARITY_ODD, MASK_CAUSAL, { 1, 1 }, { 1, 2 }, { 1, 2 } },
	{ "even-within", SPAN_WITHIN, SPAN_SAME, PARITY_64, MASK_ANY, { 1, 2 }, { 1, 2 }, { 1, 3 } },
	{ "batches-within", SPAN_WITHIN, SPAN_SAME, PARITY_ODD, MASK_ANY, { 2, 4 }, { 1, 1 }, { 1, 2 } },
	{ "heads-within", SPAN_WITHIN, SPAN_SAME, PARITY_ODD, MASK_ANY, { 1, 1 }, { 3, 4 }, { 1, 2 } },
	{ "groups-within", SPAN_WITHIN, SPAN_SAME, PARITY_ODD, MASK_ANY, { 1, 1 }, { 1, 1 }, { 5, 8 } },
	{ "twin", SPAN_SHORTEST, SPAN_SAME, PARITY_ANY, MASK_ANY, { 1, 2 }, { 1, 2 }, { 1, 2 } },
	{ "beyond", SPAN_BEYOND, SPAN_SAME, PARITY_ODD, MASK_ANY, { 1, 1 }, { 1, 1 }, { 1, 1 } },
	{ "padding-beyond", SPAN_BEYOND, SPAN_SAME, PARITY_ODD, MASK_FULL, { 1, 1 }, { 1, 1 }, { 1, 1 }, .fill = FILL_NEGATIVE_SCORES },
	{ "one", SPAN_ONE, SPAN_ONE, PARITY_ODD, MASK_ANY, { 1, 3 }, { 1, 3 }, { 1, 5 }, .whole = true },
	{ "decode", SPAN_ONE, SPAN_CACHE, PARITY_EITHER, MASK_ANY, { 1, 3 }, { 1, 3 }, { 1, 5 }, .whole = true },
	{ "chunk", SPAN_CHUNK, SPAN_CACHE, PARITY_EITHER, MASK_CAUSAL, { 1, 2 }, { 1, 2 }, { 1, 3 } },
	{ "more-queries", SPAN_WITHIN, SPAN_FEWER, PARITY_ODD, MASK_FULL, { 1, 2 }, { 1, 2 }, { 1, 2 } },
	{ "every-kind", SPAN_TINY, SPAN_MORE, PARITY_ODD, MASK_ANY, { 4, 4 }, { 4, 4 }, { 1, 2 }, .mixed = true, .whole = true },
	{ "every-kind-short", SPAN_SHORT, SPAN_SAME, PARITY_ODD, MASK_ANY, { 2, 2 }, { 8, 8 }, { 1, 1 }, .mixed = true, .whole = true },
	{ "every-kind-decode", SPAN_FEW, SPAN_CACHE, PARITY_EITHER, MASK_CAUSAL, { 4, 4 }, { 4, 4 }, { 1, 2 }, .mixed = true, .whole = true },
};

int shapes_count(void)
{
	return (int)ARRAY_LEN(classes);
}

const char *shapes_name(int class)
{
	return classes[class].name;
}

bool shapes_mixed(int class)
{
	return classes[class].mixed;
}

enum fill shapes_fill(int class)
{
	return classes[class].fill;
}

bool shapes_whole(int class)
{
	return classes[class].whole;
}

static struct range suite_lengths(const struct suite *suite)
{
	struct range r = { suite->cases[0].kv_len, suite->cases[0].kv_len };
	int i;

	for (i = 1; i < suite->count; i++) {
		int n = suite->cases[i].kv_len;

		r.lo = n < r.lo ? n : r.lo;
		r.hi = n > r.hi ? n : r.hi;
	}
	return r;
}

static bool tensor_cores(const struct suite *suite)
{
	return suite->cases[0].dtype == DTYPE_BF16;
}

static struct range span_range(enum span s, const struct suite *suite)
{
	struct range all = suite_lengths(suite);

	switch (s) {
	case SPAN_ONE:
		return (struct range){ 1, 1 };
	case SPAN_FEW:
		return (struct range){ 1, 4 };
	case SPAN_CHUNK:
		return (struct range){ 5, LONGEST_CHUNK };
	case SPAN_TINY:
		return (struct range){ 1, 63 };
	case SPAN_PIPELINE:
		return (struct range){ 1, tensor_cores(suite) ? LONGEST_PIPELINE : LONGEST_SHORT };
	case SPAN_SHORTEST:
		return (struct range){ all.lo, all.lo };
	case SPAN_WITHIN:
		return (struct range){ (all.lo + 1) / 2, all.hi };
	case SPAN_BEYOND:
		return (struct range){ all.hi + 1, all.hi + (all.hi + 1) / 2 };
	case SPAN_CACHE:
		return (struct range){ (all.hi + 1) / 2, 2 * all.hi };
	case SPAN_SHORT: case SPAN_SAME: case SPAN_MORE: case SPAN_FEWER:
		break;
	}
	return (struct range){ 1, LONGEST_SHORT };
}

static int pick(struct random_source *seeds, struct range r)
{
	return r.lo + (int)random_below(random_seed(seeds), (uint64_t)(r.hi - r.lo + 1));
}

static int with_parity(int n, enum parity p)
{
	return p == PARITY_ODD ? n | 1 : p == PARITY_64 ? (n + 63) / 64 * 64 : n;
}

static int pick_head_dim(struct random_source *seeds, const struct suite *suite)
{
	static const int others[] = { 16, 32, 48, 80, 96, 128, MOST_DIM };

	/* bf16 is for tensor cores, where a kernel is written for one head_dim */
	if (tensor_cores(suite) || pick(seeds, (struct range){ 0, 3 }))
		return suite->cases[pick(seeds, (struct range){ 0, suite->count - 1 })].head_dim;
	return others[pick(seeds, (struct range){ 0, (int)ARRAY_LEN(others) - 1 })];
}

/* Half of what the suite's largest case takes. */
static double work_allowed(const struct suite *suite)
{
	double most = 0;
	int i;

	for (i = 0; i < suite->count; i++)
		most = case_flops(&suite->cases[i]) > most ? case_flops(&suite->cases[i]) : most;
	return most / 2;
}

static int pick_length(struct random_source *seeds, enum span span, enum parity p, const struct suite *suite)
{
	if (p == PARITY_EITHER)
		p = pick(seeds, (struct range){ 0, 1 }) ? PARITY_ODD : PARITY_64;
	return with_parity(pick(seeds, span_range(span, suite)), p);
}

static void set_lengths(struct task_case *c, const struct shape_class *class, const struct suite *suite, struct random_source *seeds)
{
	c->q_len = pick_length(seeds, class->q, class->q == SPAN_ONE || class->q == SPAN_FEW ? PARITY_ANY : class->parity, suite);
	if (class->kv == SPAN_SAME)
		c->kv_len = c->q_len;
	else if (class->kv == SPAN_FEWER)
		c->kv_len = with_parity(pick(seeds, (struct range){ 1, c->q_len - 2 }), class->parity);
	else
		c->kv_len = pick_length(seeds, class->kv, class->parity, suite) + (class->kv == SPAN_MORE ? c->q_len & ~1 : 0);
	if (c->causal && c->kv_len < c->q_len)
		c->kv_len = c->q_len;
}

/* Where the work is too much: fewer queries, halving the way to the fewest of the class until it fits or nothing is left to halve. */
static void bound_work(struct task_case *c, const struct shape_class *class, const struct suite *suite)
{
	int least = span_range(class->q, suite).lo;

	while (case_flops(c) > work_allowed(suite)) {
		int fewer = with_parity(least + (c->q_len - least) / 2, class->parity);

		if (fewer >= c->q_len)
			break;
		c->q_len = fewer;
		if (class->kv == SPAN_SAME)
			c->kv_len = fewer;
		else if (class->kv == SPAN_FEWER && c->kv_len >= fewer)
			c->kv_len = fewer - 2;
	}
}

struct task_case shapes_draw(int index, const struct suite *suite, struct random_source *seeds)
{
	const struct shape_class *class = &classes[index];
	struct task_case c = { .name = "hidden", .dtype = suite->cases[0].dtype };

	c.batch = pick(seeds, class->batch);
	c.kv_heads = pick(seeds, class->kv_heads);
	c.q_heads = c.kv_heads * pick(seeds, class->group);
	c.head_dim = pick_head_dim(seeds, suite);
	c.causal = class->mask == MASK_CAUSAL || (class->mask == MASK_ANY && pick(seeds, (struct range){ 0, 1 }));
	set_lengths(&c, class, suite, seeds);
	bound_work(&c, class, suite);
	return c;
}

void shapes_extents(size_t *q_elements, size_t *kv_elements, const struct suite *suite)
{
	int i;

	for (i = 0; i < shapes_count(); i++) {
		const struct shape_class *class = &classes[i];
		struct task_case c = { .batch = class->batch.hi, .kv_heads = class->kv_heads.hi, .head_dim = MOST_DIM };
		int q_len = span_range(class->q, suite).hi + 64, kv_len = span_range(class->kv, suite).hi + 64;

		c.q_heads = c.kv_heads * class->group.hi;
		c.q_len = q_len;
		c.kv_len = q_len > kv_len ? q_len + LONGEST_SHORT : kv_len + LONGEST_SHORT;
		*q_elements = case_q_elements(&c) > *q_elements ? case_q_elements(&c) : *q_elements;
		*kv_elements = case_kv_elements(&c) > *kv_elements ? case_kv_elements(&c) : *kv_elements;
	}
}
