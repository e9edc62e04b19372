/*
 * The public JSON form of what a run holds: what every read command prints
 * with --json and what the control socket answers. One object a thing; ids are
 * strings ("v3", "a17", "d2", "s5"); a member that is absent does not apply.
 */
#ifndef AVO_JOURNAL_RECORD_H
#define AVO_JOURNAL_RECORD_H

#include "journal/state.h"

/* All results are owned by the caller (cJSON_Delete). */
cJSON *record_version(const struct run_state *s, const struct version *v);
cJSON *record_attempt(const struct run_state *s, const struct attempt *a);
cJSON *record_direction(const struct run_state *s, const struct direction *d);
cJSON *record_step(const struct run_state *s, const struct step *step);
/* "state","reason","step","pending":[...],"versions","attempts","best","active_s",... */
cJSON *record_status(const struct run_state *s);

/* Sets member key to "<letter><id>" unless id is -1. */
void record_set_id(cJSON *obj, const char *key, char letter, int id);

#endif
