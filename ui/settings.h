/* What `set` can change; one list, shown by `set` alone. */
#ifndef AVO_UI_SETTINGS_H
#define AVO_UI_SETTINGS_H

#include "base/buf.h"
#include "base/error.h"

enum chart_mode { CHART_BOTH, CHART_ALONE, CHART_TABLE };

struct settings {
	int context;		/* lines around each change of a diff */
	int chart;		/* enum chart_mode */
	int cases;		/* a line a case in the chart */
	int peers;		/* peer lines in the chart */
	int layout;		/* enum preset, at the start */
	int fps;		/* frames a second, at most */
	int seconds;		/* refresh what changes with the clock alone, every so many seconds */
};

void settings_init(struct settings *s);
/* "set NAME VALUE". */
enum avo_status settings_set(struct settings *s, int argc, char **argv, struct error *err);
/* "context 3  chart both ...". */
void settings_list(const struct settings *s, struct buf *out);
const char *settings_name(int i);	/* for completion; NULL behind the last */

#endif
