/* What the files of mkrun share: the fixture run that screens, command line and benchmarks are tested with. */
#ifndef AVO_TESTS_MKRUN_H
#define AVO_TESTS_MKRUN_H

#include "avo.h"
#include "base/buf.h"
#include "base/json.h"
#include "task/score.h"

#define MKRUN_CASES 6

/* One candidate: a small attention kernel with its choices made. */
struct variant {
	int tile_q, tile_k, unroll;
	bool poly_exp;		/* own exponential instead of expf() */
	bool skip_tiles;	/* causal: tiles above the diagonal are not computed */
	bool reciprocal;	/* one division a row */
	bool packed_keys;	/* keys of a tile transposed once */
	bool row_pairs;		/* two query rows share each key load */
	const char *mistake;	/* a line put into the inner loop, NULL: none */
};

/* Appends the C source of the variant. */
void variant_source(struct buf *out, const struct variant *v);

/* One evaluation as the story has it. */
struct outcome {
	enum verdict verdict;
	enum decision decision;
	double ratio;		/* against the incumbent */
	double half_width;	/* of the interval */
	int pairs;
	const char *reason;	/* NULL when passed */
};

/* Repeatable noise in [-1, 1]. */
double noise(uint32_t *seed);
/* The seed's score, and the score of a kernel that is `ratio` times as fast as base. */
void score_of_seed(struct score *out);
void score_scaled(struct score *out, const struct score *base, double ratio, uint32_t *seed);
/* A peer that runs at `factor` of the seed. */
void score_of_peer(struct score *out, double factor);
/* Members of an attempt-scored event, as avo-worker answers an evaluation. */
void outcome_to_json(cJSON *event, const struct outcome *o, const struct score *incumbent, struct score *score, uint32_t *seed);
/* Members of a profile event: of the candidate in the place of version `version`. absent: why there are no counters, NULL: there are. */
void profile_to_json(cJSON *event, int version, bool spills, const char *absent, uint32_t *seed);

#endif
