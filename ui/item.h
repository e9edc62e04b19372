/* What versions and attempts look like wherever they appear. */
#ifndef AVO_UI_ITEM_H
#define AVO_UI_ITEM_H

#include "journal/state.h"
#include "ui/draw.h"
#include "ui/wb.h"

/* How an attempt stands, in a word: "improved", "incorrect", "waiting", "being scored", ... */
const char *attempt_word(const struct attempt *a);
int attempt_style(const struct attempt *a);
int decision_style(enum decision d);

/* A table of cases: `value` in its unit, the std over the samples, and the ratio to `base` where both have the case. */
struct case_table {
	const struct score *score, *base;	/* base may be NULL */
	const char *score_name, *base_name;
	const struct run_state *state;		/* for the peers; may be NULL */
};
/* Adds a line a case to v, and the geometric mean, after a heading of columns. */
void item_add_cases(struct view *v, const struct case_table *t);

/* The source of a compiler's first error: "kernel.c:412: error: ..." and the lines around 412. */
void item_add_build_error(struct view *v, const char *commit, const cJSON *build);
/* The checks that a candidate failed, worst element and all, and how many it passed. */
void item_add_checks(struct view *v, const cJSON *checks);
/* What sampling cannot have seen, and the slowest run on other values than those that count (task/sampled.h). */
void item_add_sampled(struct view *v, const cJSON *scored);

#endif
