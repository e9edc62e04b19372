/*
 * The kinds of values that a run can have. The first is what is timed; each of
 * the others stands for something that real models feed an attention kernel or
 * that a shortcut gets wrong (knowledge/values.md has them in words). The table
 * is in fill.c; fill_code.h turns a row of it into numbers, on host and device.
 *
 * Heads are independent, so one run can have several kinds: a deal says which
 * kind each pair of batch and key/value head gets, with its query heads.
 */
#ifndef AVO_TASK_FILL_H
#define AVO_TASK_FILL_H

#include <stdbool.h>

#include "task/fill_code.h"
#include "task/task.h"

enum fill {
	FILL_NORMAL,
	FILL_LARGE_SCORES,
	FILL_NEGATIVE_SCORES,
	FILL_LATE_MAXIMUM,
	FILL_SINK,
	FILL_ASCENDING,
	FILL_NEEDLE,
	FILL_EQUAL_KEYS,
	FILL_GAPS,
	FILL_CONSTANT_V,
	FILL_CANCELLING_V,
	FILL_HEAVY_TAILED,
	FILL_OUTLIER_CHANNELS,
	FILL_OUTLIER_ROWS,
	FILL_TINY,
	FILL_HUGE,
	FILL_COUNT
};
_Static_assert(FILL_COUNT <= FILL_KINDS_MAX, "a run has room for every kind");

struct fill_kind {
	const char *name;			/* "large-scores" */
	bool coherent;				/* the rows of V share a direction, or a few channels: errors of weights add up */
	struct fill_recipe recipe[FILL_TENSORS];
};

const struct fill_kind *fill_kind(enum fill f);
const char *fill_name(enum fill f);

/* Which kinds a run has: pair i of batch and key/value head, counted as b * kv_heads + head, has kinds[i % count]. */
struct fill_deal {
	int count;				/* 1..FILL_COUNT */
	unsigned char kinds[FILL_COUNT];	/* enum fill */
};

struct fill_deal fill_deal_one(enum fill f);
enum fill fill_deal_kind(const struct fill_deal *d, const struct task_case *c, int batch, int q_head);
/* Its index in d->kinds. */
int fill_deal_slot(const struct fill_deal *d, const struct task_case *c, int batch, int q_head);
/* "large-scores", or "mixed" where there are several. */
const char *fill_deal_name(const struct fill_deal *d);

/* seed: secret. changed: one key row that many queries see, and its value row, are others than the seed alone gives. */
void fill_shape_init(struct fill_shape *out, const struct task_case *c, uint64_t seed, bool changed);
/* Every element of a tensor (FILL_Q, FILL_K, FILL_V), in f32; out is case_q_elements or case_kv_elements long. */
void fill_tensor(float *out, int tensor, const struct task_case *c, const struct fill_deal *d, uint64_t seed, bool changed);

#endif
