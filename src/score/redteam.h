/*
 * The evaluator's own negative controls: kernels/redteam/<backend>/ holds
 * candidates that cheat or fail, each with the verdict that it must get, and
 * the check that must find it, in its first line:
 *
 *	// redteam: verdict=cheated rule=syscall check=syscall
 *	// redteam: verdict=incorrect check=values@suite:large-scores
 *	// redteam: verdict=incorrect check=values@timed power=0.98
 *
 * check is the worker's `caught_by`, or the start of it up to a ':' or an '@';
 * "a|b" in verdict and check where either will do. A cheat that is wrong in so
 * few rows or calls that only sampling finds it has a power: the probability
 * with which one evaluation must find it at least. An evaluator that passes one
 * of the others, or fails the honest one, is not to be believed.
 */
#ifndef AVO_SCORE_REDTEAM_H
#define AVO_SCORE_REDTEAM_H

#include <stdbool.h>

#include "base/error.h"
#include "base/json.h"

struct redteam_case {
	char name[48];		/* "skip-rows" */
	char verdict[64];	/* as in the file: "cheated", "crashed|timed-out" */
	char rule[32];		/* "" when any will do */
	char check[128];	/* "" for one that passes */
	double power;		/* 1: every evaluation must find it */
	char about[240];	/* the comment below, one line */
	char *path;
};

struct redteam {
	struct redteam_case *cases;	/* sorted by name */
	int count;
};

/* backend: "cpu" or "cuda". AVO_ENVIRONMENT when there are none. */
enum avo_status redteam_load(struct redteam *out, const char *backend, struct error *err);
void redteam_release(struct redteam *r);
/* Puts the candidate into dir as an evaluate job wants it: the file as kernel.c, or as kernel.cu and a plan.c that includes it, with what lies beside it to be included. */
enum avo_status redteam_stage(const struct redteam_case *c, const char *dir, struct error *err);

/* What the evaluations of one case came to. */
struct redteam_tally {
	int right;		/* the verdict, the rule and the check that the case demands */
	int unlucky;		/* a case with a power below 1 passed */
	int wrong;		/* anything else */
};

/* Counts the worker's result in tally; got (for people) says what it was. Returns whether it was right. */
bool redteam_judge(char *got, size_t size, struct redteam_tally *tally, const struct redteam_case *c, const cJSON *result);
/* Whether the evaluator may be believed about this case: nothing wrong, and no more bad luck than its power allows (at 0.001). */
bool redteam_holds(const struct redteam_case *c, const struct redteam_tally *tally);

#endif
