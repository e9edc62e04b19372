#include "avo.h"
#include "ui/chart.h"
#include "ui/draw.h"
#include "ui/format.h"

#include <math.h>

/* The plot inside its axes, and the span of values it shows. */
struct plot {
	struct canvas *c;
	int x, y, w, h;
	double lo, hi;
	int count;
};

double chart_tick(double span, int labels)
{
	double raw, power;

	if (!(span > 0) || labels < 1)
		return 1;
	raw = span / labels;
	power = pow(10, floor(log10(raw)));
	if (raw <= power)
		return power;
	if (raw <= 2 * power)
		return 2 * power;
	return raw <= 5 * power ? 5 * power : 10 * power;
}

static void widen(double *lo, double *hi, double value)
{
	if (!isfinite(value))
		return;
	if (!(value >= *lo))
		*lo = value;
	if (!(value <= *hi))
		*hi = value;
}

static bool is_near(double value, double lo, double hi)
{
	return value >= lo && value <= hi;
}

static bool find_span(double *lo, double *hi, const struct chart *chart)
{
	int i, k;
	double margin, near_lo, near_hi;

	*lo = *hi = NAN;
	for (i = 0; i < chart->line_count; i++)
		for (k = 0; k < chart->count; k++)
			widen(lo, hi, chart->lines[i].y[k]);
	if (!isfinite(*lo) && chart->level_count)
		*lo = *hi = chart->levels[0].y[0];
	if (!isfinite(*lo))
		return false;
	/* a level far off would flatten the lines, which are what is looked at */
	near_lo = *lo - (*hi - *lo) * 0.35 - *lo * 0.1;
	near_hi = *hi + (*hi - *lo) + *hi * 0.5;
	for (i = 0; i < chart->level_count; i++)
		if (is_near(chart->levels[i].y[0], near_lo, near_hi))
			widen(lo, hi, chart->levels[i].y[0]);
	margin = (*hi - *lo) * 0.04;
	if (!(margin > 0))
		margin = fabs(*hi) * 0.05 + 1e-9;
	*lo = *lo > 0 && *lo < margin ? 0 : *lo - margin;
	*hi += margin;
	return true;
}

static int row_of(const struct plot *p, double value)
{
	double part = (value - p->lo) / (p->hi - p->lo);
	int row = (int)lround((1 - part) * (p->h - 1));

	return row < 0 ? 0 : row >= p->h ? p->h - 1 : row;
}

static int column_of(const struct plot *p, int point)
{
	return p->count < 2 ? 0 : (int)((long)point * (p->w - 1) / (p->count - 1));
}

static void dot(const struct plot *p, int column, int row, int style, const char *glyph)
{
	canvas_text(p->c, p->x + column, p->y + row, 1, style, glyph);
}

/* From row a down or up to row b in one column, with rounded corners. */
static void rise(const struct plot *p, int column, int a, int b, int style)
{
	int step = b < a ? -1 : 1, row;

	dot(p, column, a, style, b < a ? "╯" : "╮");
	for (row = a + step; row != b; row += step)
		dot(p, column, row, style, "│");
	dot(p, column, b, style, b < a ? "╭" : "╰");
}

static void draw_line(const struct plot *p, const struct chart_line *line)
{
	int point = 0, column, last_row = -1;

	for (column = 0; column < p->w; column++) {
		int row = last_row;

		while (point < p->count && column_of(p, point) <= column) {
			if (isfinite(line->y[point]))
				row = row_of(p, line->y[point]);
			point++;
		}
		if (p->count == 1 && column > 0)
			return;
		if (row < 0)
			continue;
		if (last_row >= 0 && row != last_row)
			rise(p, column, last_row, row, line->style);
		else
			dot(p, column, row, line->style, "─");
		last_row = row;
	}
}

static void draw_levels(const struct plot *p, const struct chart *chart)
{
	int i, column;

	for (i = 0; i < chart->level_count; i++) {
		const struct chart_line *level = &chart->levels[i];
		int row = row_of(p, level->y[0]);
		char label[80], number[FORMAT_SIZE];

		if (!is_near(level->y[0], p->lo, p->hi))
			continue;
		for (column = 0; column < p->w; column++)
			dot(p, column, row, level->style, "┄");
		snprintf(label, sizeof(label), " %s %s ", level->name ? level->name : "",
			 format_number(number, level->y[0], format_decimals(level->y[0])));
		if (p->w > 24)
			canvas_text(p->c, p->x + 3 + i % 3 * 8, p->y + row, p->w - 8, level->style, label);
	}
}

static void draw_y_axis(struct plot *p, int label_width)
{
	double tick = chart_tick(p->hi - p->lo, p->h >= 9 ? p->h / 3 : 3), at;
	int row;

	for (row = 0; row < p->h; row++)
		canvas_text(p->c, p->x - 1, p->y + row, 1, STYLE_AXIS, "│");
	for (at = ceil(p->lo / tick) * tick; at <= p->hi; at += tick) {
		char number[FORMAT_SIZE];
		struct row r = { .c = p->c, .x = p->x - 1 - label_width, .y = p->y + row_of(p, at), .w = label_width + 1 };

		format_number(number, at, tick >= 1 ? 0 : tick >= 0.1 ? 1 : 2);
		row_cell(&r, label_width, ALIGN_RIGHT, STYLE_AXIS, number);
		row_text(&r, STYLE_AXIS, "┤");
	}
}

static void draw_x_axis(const struct plot *p)
{
	int step = (int)ceil(chart_tick(p->count > 1 ? p->count - 1 : 1, p->w / 7 > 0 ? p->w / 7 : 1)), point, free_from = 0;

	canvas_text(p->c, p->x - 1, p->y + p->h, 1, STYLE_AXIS, "└");
	canvas_fill(p->c, p->x, p->y + p->h, p->w, STYLE_AXIS, "─");
	for (point = 0; point < p->count; point += step > 0 ? step : 1) {
		char label[16];
		int column = column_of(p, point), width = snprintf(label, sizeof(label), "v%d", point);

		if (column + width > p->w)
			column = p->w - width;
		if (column < free_from)
			continue;
		canvas_text(p->c, p->x + column, p->y + p->h, width, STYLE_AXIS, label);
		free_from = column + width + 1;
	}
}

static void draw_cursor(const struct plot *p, const struct chart *chart)
{
	const struct chart_line *top = chart->line_count ? &chart->lines[chart->line_count - 1] : NULL;
	int newest = chart->count - 1;

	while (top && newest >= 0 && !isfinite(top->y[newest]))
		newest--;
	if (top && newest >= 0)
		dot(p, column_of(p, newest), row_of(p, top->y[newest]), top->style, "●");
	if (top && chart->cursor >= 0 && chart->cursor < chart->count && isfinite(top->y[chart->cursor]))
		dot(p, column_of(p, chart->cursor), row_of(p, top->y[chart->cursor]), STYLE_MARKED, chart->cursor == newest ? "●" : "○");
}

void chart_draw(struct canvas *c, struct rect r, const struct chart *chart)
{
	struct plot p = { .c = c, .count = chart->count };
	char number[FORMAT_SIZE];
	int label_width, i;

	if (r.h < 3 || r.w < 12)
		return;
	if (!find_span(&p.lo, &p.hi, chart)) {
		canvas_text(c, r.x + 1, r.y, r.w - 1, STYLE_DIM, "nothing measured yet");
		return;
	}
	label_width = (int)strlen(format_number(number, p.hi, p.hi - p.lo >= 3 ? 0 : 1));
	if (label_width > 8)
		label_width = 8;
	p.x = r.x + label_width + 1;
	p.y = r.y;
	p.w = r.w - label_width - 2;
	p.h = r.h - 1;
	draw_y_axis(&p, label_width);
	draw_levels(&p, chart);
	for (i = 0; i < chart->line_count; i++)
		draw_line(&p, &chart->lines[i]);
	draw_x_axis(&p);
	draw_cursor(&p, chart);
}

/* --- the strip of pairs --- */

static void strip_axis(const struct plot *p, double one)
{
	int row = row_of(p, one), column;

	for (column = 0; column < p->w; column++)
		dot(p, column, row, STYLE_AXIS, "┄");
	canvas_text(p->c, p->x - 8, p->y + row, 7, STYLE_AXIS, " 1.000");
}

static void strip_label(const struct plot *p, double value, int style)
{
	char text[16];
	int row = row_of(p, value);

	if (!isfinite(value) || row == row_of(p, 1))
		return;
	snprintf(text, sizeof(text), "%6.3f", value);
	canvas_text(p->c, p->x - 8, p->y + row, 7, style, text);
}

/* The interval stands at the right end as a bar, with the mean in it. */
static void strip_interval(const struct plot *p, const struct strip *s)
{
	int column = p->w - 3, row, from, to;

	if (!isfinite(s->lo) || !isfinite(s->hi))
		return;
	from = row_of(p, s->hi);
	to = row_of(p, s->lo);
	for (row = from; row <= to; row++)
		dot(p, column, row, STYLE_LINE_BEST, from == to ? "─" : row == from ? "┬" : row == to ? "┴" : "│");
	if (isfinite(s->mean))
		dot(p, column, row_of(p, s->mean), STYLE_LINE_BEST, "●");
}

void chart_strip(struct canvas *c, struct rect r, const struct strip *s)
{
	struct plot p = { .c = c, .x = r.x + 9, .y = r.y, .w = r.w - 10, .h = r.h, .lo = 1, .hi = 1 };
	double margin;
	int i;

	if (r.h < 3 || p.w < 8)
		return;
	for (i = 0; i < s->count; i++)
		widen(&p.lo, &p.hi, s->ratios[i]);
	widen(&p.lo, &p.hi, s->lo);
	widen(&p.lo, &p.hi, s->hi);
	margin = (p.hi - p.lo) * 0.1 + 1e-4;
	p.lo -= margin;
	p.hi += margin;
	strip_axis(&p, 1);
	for (i = 0; i < s->count; i++) {
		int column = s->count * 2 <= p.w - 5 ? 2 * i : i * (p.w - 5) / s->count;

		if (isfinite(s->ratios[i]))
			dot(&p, column, row_of(&p, s->ratios[i]), s->ratios[i] >= 1 ? STYLE_GOOD : STYLE_BAD, "●");
	}
	strip_interval(&p, s);
	strip_label(&p, p.hi - margin, STYLE_AXIS);
	strip_label(&p, p.lo + margin, STYLE_AXIS);
}
