/*
 * Hardware counters of two attempts side by side. A counter is a value that may
 * be absent: absent is "-" and never 0.
 */
#ifndef AVO_UI_COUNTERS_H
#define AVO_UI_COUNTERS_H

#include "base/json.h"
#include "ui/view.h"

#define COUNTER_NAME_SIZE 64

struct counter {
	char name[COUNTER_NAME_SIZE], unit[16];
	double before, after;		/* NAN: absent */
};

struct counters {
	struct counter *list;
	size_t count, cap;
};

/* From the "counters" of two scored events (either may be NULL): an object of numbers, or of {"value","unit"}, or a list with "name". */
void counters_load(struct counters *c, const cJSON *before, const cJSON *after);
void counters_release(struct counters *c);
/* Largest relative change first; what is absent on one side last. */
void counters_sort_by_change(struct counters *c);
/* Adds a line a counter, at most max. */
void counters_add_lines(struct view *v, const struct counters *c, size_t max);

#endif
