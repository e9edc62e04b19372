/* What an event of the journal says, in one line, for the event list and the transcript. */
#ifndef AVO_UI_EVENT_H
#define AVO_UI_EVENT_H

#include "base/buf.h"
#include "base/json.h"

/* Appends one line without newline: "a17 incorrect: causal-1k is off by 0.31". */
void event_summary(struct buf *out, const cJSON *event);
/* How an event of this type is drawn (enum style). */
int event_style(const char *type, const cJSON *event);

#endif
