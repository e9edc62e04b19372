/*
 * What an evaluation did not see, in words for whoever decides on it: rows and
 * calls are sampled, and speed counts on normal values alone. From the members
 * `sampled` and `worst_case` of a worker's result.
 */
#ifndef AVO_TASK_SAMPLED_H
#define AVO_TASK_SAMPLED_H

#include "base/buf.h"
#include "base/json.h"

/* The probability that none of n independent samples meets a fault that one in `rarity` has. */
double sampled_miss(double n, double rarity);
/* "7,020 rows and 214 calls: a fault in one row of 1,000 is missed with p = 0.001, ..."; appends nothing where the result does not say. */
void sampled_words(struct buf *out, const cJSON *result);
/* "0.81 of its speed on normal values (needle, causal-1k; the slowest of 7 runs)"; appends nothing where none was measured. */
void sampled_worst_words(struct buf *out, const cJSON *result);

#endif
