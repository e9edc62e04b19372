/* The views there are; each lives in the file of its name. */
#ifndef AVO_UI_VIEWS_H
#define AVO_UI_VIEWS_H

#include "ui/view.h"

extern const struct view_ops lineage_view, attempts_view, directions_view, agent_view, diff_view, scores_view,
	attempt_view, events_view, counters_view, review_view, help_view;

/* The two revisions a diff view shows, for the one who opens it: "view diff FROM TO". */
void diff_set(struct view *v, const char *from, const char *to);
/* The attempt a page or a review is about. */
int attempt_shown(const struct view *v);
int review_attempt(const struct view *v);	/* 0: none */

#endif
