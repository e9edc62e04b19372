/*
 * The public JSON form of what a run holds: what every read command prints
 * with --json and what the control socket answers. One object a thing; ids are
 * strings ("v3", "a17", "d2", "s5"); a member that is absent does not apply.
 */
#ifndef AVO_JOURNAL_RECORD_H
#define AVO_JOURNAL_RECORD_H

#include "base/buf.h"
#include "journal/state.h"

/* All results are owned by the caller (cJSON_Delete). */
cJSON *record_version(const struct run_state *s, const struct version *v);
cJSON *record_attempt(const struct run_state *s, const struct attempt *a);
cJSON *record_direction(const struct run_state *s, const struct direction *d);
cJSON *record_step(const struct run_state *s, const struct step *step);
/* "state","reason","step","pending":[...],"versions","attempts","best","active_s",... */
cJSON *record_status(const struct run_state *s);

/* "batch 0, head 3, row 511, element 5: expected 0.04, got 0.35" of a check that found something wrong; false when it names no element. */
bool record_worst_element(struct buf *out, const cJSON *check);

/* Sets member key to "<letter><id>" unless id is -1. */
void record_set_id(cJSON *obj, const char *key, char letter, int id);

#endif
