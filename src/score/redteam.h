/*
 * The evaluator's own negative controls: kernels/redteam/<backend>/ holds
 * candidates that cheat or fail, each with the verdict that it must get in its
 * first line:
 *
 *	// redteam: verdict=cheated rule=syscall
 *
 * ("verdict=a|b" where either will do.) An evaluator that passes one of them, or
 * fails the honest one, is not to be believed.
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
/* Whether the worker's result is the one that the case must get; else got (for people) says what it was. */
bool redteam_judge(char *got, size_t size, const struct redteam_case *c, const cJSON *result);

#endif
