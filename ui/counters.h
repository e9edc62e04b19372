/*
 * Recorded profiles of two candidates side by side, as lines of a view. A
 * value that is absent is "-" and never 0.
 */
#ifndef AVO_UI_COUNTERS_H
#define AVO_UI_COUNTERS_H

#include "journal/profile.h"
#include "ui/view.h"

struct model;

/* Side 0 is what side 1 is compared with. */
struct counters {
	struct profile_table table;
	char what[2][24];		/* "v3", "a17"; "" when there is nothing to compare with */
	char case_name[48];		/* of both; "" when side 1 was never profiled */
	bool profiled[2];		/* on that case */
	char absent[2][200];		/* why a profile has no counters; "" when it has */
	char device[2][96];
	int64_t time_ms[2];
};

/* From the journal. from "": the predecessor of `to`; the case is the one that `to` was profiled on last. */
void counters_load(struct counters *c, struct model *m, const char *from, const char *to);
/* The columns' names; then up to `max` of the table's rows from `first` on, in the table's order. */
void counters_add_heading(struct view *v, const struct counters *c);
void counters_add_rows(struct view *v, const struct counters *c, int first, int max);
/* The rows that moved most, at most max, biggest first; says so when none did. Sorts the table. */
void counters_add_movers(struct view *v, struct counters *c, int max);
/* Why there is less than two columns of counters, in sentences; nothing when there is not. */
void counters_add_absent(struct view *v, const struct counters *c);

#endif
