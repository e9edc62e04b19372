/* The record in words for a model: what an evaluation said, where the run stands. */
#ifndef AVO_AGENT_REPORT_H
#define AVO_AGENT_REPORT_H

#include "base/json.h"
#include "journal/state.h"
#include "task/task.h"

/*
 * An attempt in full: verdict, the compiler's words, the worst element of failed checks, scores case by case against
 * the incumbent, the decision with its interval, why it was not committed. result is the
 * worker's object or the journaled event; NULL: only what the state holds.
 */
void report_attempt(struct buf *out, const struct run_state *s, const struct attempt *a, const cJSON *result);
/* Counters of a profile, against another one when there is one. */
void report_profile(struct buf *out, const cJSON *result, const cJSON *other, const char *other_name);

struct notes {
	struct note {
		int number;
		char *text;	/* owned */
	} *list;
	size_t count, cap;
	int last;		/* the highest number ever used */
};

/* How much of the record is wanted. */
enum brief_extent { BRIEF_SHORT, BRIEF_FULL };
/*
 * Where the run stands, from the record alone: the task and its cases, the score table, the lineage, the
 * ledger of directions with their outcomes, the newest attempts, the notes. Bounded, however long the run is.
 */
void report_brief(struct buf *out, const struct run_state *s, const struct suite *suite, const struct notes *notes,
		  enum brief_extent extent);
/* One line each. */
void report_version_line(struct buf *out, const struct run_state *s, const struct version *v);
void report_attempt_line(struct buf *out, const struct attempt *a);
void report_scores(struct buf *out, const struct score *score, const struct score *other, const char *other_name);

#endif
