/*
 * Profiles: what the hardware said of a candidate while it ran, as the journal's
 * "profile" events hold it, made into rows for whoever shows them. A value is
 * absent (NAN, "-") where the chip or the user does not have the counter; it is never 0 then.
 */
#ifndef AVO_JOURNAL_PROFILE_H
#define AVO_JOURNAL_PROFILE_H

#include "journal/state.h"

#define PROFILE_ROWS 96

struct profile_row {
	char id[40], label[64], unit[16];	/* unit: "%", "ns", "us", "Hz", "cycles", "bytes" or "" */
	char group[16];				/* "kernel" (from the launches), else the worker's: "time", "pipe", ... */
	double value[2];			/* of the two sides */
	int order;				/* as the worker gave them */
};

struct profile_table {
	struct profile_row rows[PROFILE_ROWS];
	int count;
};

/* False: this backend counts nothing, and why says so in a sentence. */
bool profile_possible(const char *backend, const char **why);
/* Adds what a profile event (or a worker's result) holds as side 0 or 1; event may be NULL. */
void profile_table_add(struct profile_table *t, int side, const cJSON *event);
/*
 * How far a row moved from side 0 to side 1: the magnitude of the logarithm of the ratio, above a floor
 * of its group below which there is only noise. NAN when a side is absent.
 */
double profile_movement(const struct profile_row *r);
/* Biggest movers first, what is absent on a side last. */
void profile_sort_movers(struct profile_table *t);
/* By group, in the order of profile_group_title(), and as the worker gave them. */
void profile_sort_groups(struct profile_table *t);
/* "stall" is "stalls: warps that wait, per issue"; an unknown group is its own title. */
const char *profile_group_title(const char *group);

/* What to divide both sides by, and the unit that they then have: 1.2e9 bytes are 1.12 GiB. */
double profile_scale(const char **unit, const struct profile_row *r);

/* Why there are no counters in it: the worker's words; NULL when there are some. */
const char *profile_absent(const cJSON *event);
/* What it is to be compared with: the parent of a version or an attempt, the incumbent for work; "" for v0. Returns out. */
char *profile_predecessor(char out[24], const struct run_state *s, const char *what);

/* The "profile" event of a worker's result (borrowed): of `what`, asked for by `by`. Owned by the caller. */
cJSON *profile_event(const cJSON *result, const struct run_state *s, const char *what, const char *case_name, const char *by);

#endif
