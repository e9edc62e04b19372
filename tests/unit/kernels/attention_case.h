/*
 * One attention problem for a kernel under test, with an answer computed in
 * double by the definition. Every tensor ends where an unmapped page begins,
 * so that a kernel which reads or writes past one crashes.
 */
#ifndef AVO_TESTS_ATTENTION_CASE_H
#define AVO_TESTS_ATTENTION_CASE_H

#include <avo/attention.h>

enum values {
	VALUES_NORMAL,		/* scores of a few units */
	VALUES_LARGE,		/* scores of some hundreds: one key takes nearly all */
	VALUES_LATE_MAXIMUM,	/* the largest score of every row belongs to its last keys */
	VALUES_CONSTANT,	/* every row of V the same: so is every row of the output */
};

struct shape {
	const char *name;
	int batch, q_len, kv_len, q_heads, kv_heads, head_dim, causal;
	enum values values;
};

struct attention_case {
	const struct shape *shape;
	struct avo_attention problem;
	double *expected;	/* owned; [batch, q_len, q_heads, head_dim] */
	double tolerance;	/* of one element, absolute */
};

typedef int (*attention_function)(const struct avo_attention *);

void attention_case_init(struct attention_case *c, const struct shape *shape);
void attention_case_release(struct attention_case *c);

/* Runs the kernel on an output full of NaN. The largest error over the tolerance; HUGE_VAL for NaN or a failure. */
double attention_case_run(struct attention_case *c, attention_function kernel);

#endif
