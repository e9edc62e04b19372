/*
 * The trajectory chart: scores over versions, as lines in a grid of cells.
 * Pure: fills a canvas, knows nothing of runs.
 */
#ifndef AVO_UI_CHART_H
#define AVO_UI_CHART_H

#include "ui/canvas.h"

struct chart_line {
	const char *name;	/* of a level: written into it; may be NULL */
	const double *y;	/* count values; NAN is a gap, never drawn as 0 */
	int style;
};

struct chart {
	int count;			/* points along x: versions v0 ... */
	const struct chart_line *lines;	/* drawn in order, the last on top */
	int line_count;
	const struct chart_line *levels; /* horizontal lines, y[0] each: peers */
	int level_count;
	int cursor;			/* a point to stand out, -1: none */
};

void chart_draw(struct canvas *c, struct rect r, const struct chart *chart);

/* A step for axis labels: 1, 2 or 5 times a power of ten, at most `labels` of them over the span. */
double chart_tick(double span, int labels);

/*
 * A strip of paired ratios around 1: one column a pair, the interval as a bar
 * below. Takes `height` rows (at least 3).
 */
struct strip {
	const double *ratios;
	int count;
	double lo, hi, mean;		/* NAN: not known */
};
void chart_strip(struct canvas *c, struct rect r, const struct strip *s);

#endif
