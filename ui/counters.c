#include "avo.h"
#include "ui/counters.h"
#include "ui/format.h"
#include "ui/wb.h"

#include <math.h>

#define VALUE_COLUMNS 8
#define CHANGE_COLUMNS 8
#define BAR_CELLS 7
#define STILL 0.02		/* movements below this are none */
#define MUCH 0.1		/* above this it is worth a look */

static void take_side(struct counters *c, int side, struct model *m, const char *what, const char *case_name)
{
	const struct profile *p = *what ? state_profile(&m->state, what, case_name) : NULL;
	const cJSON *event;

	snprintf(c->what[side], sizeof(c->what[side]), "%s", what);
	if (!p)
		return;
	c->profiled[side] = true;
	c->time_ms[side] = p->time_ms;
	snprintf(c->case_name, sizeof(c->case_name), "%s", p->case_name);
	event = model_fetch(m, p->ref);		/* the model keeps one: taken apart here */
	if (profile_absent(event))
		snprintf(c->absent[side], sizeof(c->absent[side]), "%s", profile_absent(event));
	snprintf(c->device[side], sizeof(c->device[side]), "%s", json_str(event, "device", ""));
	profile_table_add(&c->table, side, event);
}

void counters_load(struct counters *c, struct model *m, const char *from, const char *to)
{
	char before[24];

	memset(c, 0, sizeof(*c));
	take_side(c, 1, m, to, NULL);
	if (*from)
		snprintf(before, sizeof(before), "%s", from);
	else
		profile_predecessor(before, &m->state, to);
	take_side(c, 0, m, before, c->profiled[1] ? c->case_name : NULL);
}

/* --- rows --- */

static bool both(const struct counters *c)
{
	return c->profiled[0] && c->profiled[1];
}

static int label_columns(const struct view *v, const struct counters *c)
{
	int numbers = both(c) ? 2 * (VALUE_COLUMNS + 1) + CHANGE_COLUMNS + 1 : VALUE_COLUMNS + 1, left = v->width - numbers;

	return left < 12 ? 12 : left > 38 ? 38 : left;
}

void counters_add_heading(struct view *v, const struct counters *c)
{
	int label = label_columns(v, c);

	if (both(c))
		view_addf(v, STYLE_COLUMN, "%-*.*s %*s %*s %*s", label, label, c->case_name, VALUE_COLUMNS, c->what[0], VALUE_COLUMNS,
			  c->what[1], CHANGE_COLUMNS, "change");
	else
		view_addf(v, STYLE_COLUMN, "%-*.*s %*s", label, label, c->case_name, VALUE_COLUMNS, c->what[c->profiled[1]]);
	v->lines[v->count - 1].item = ITEM_HEADING;
}

/* A count, or nothing. */
static bool is_whole(double value)
{
	return isnan(value) || value == floor(value);
}

static char *value_text(char out[FORMAT_SIZE], const struct profile_row *r, double value)
{
	const char *unit;
	double scale = profile_scale(&unit, r), largest = fmax(fabs(r->value[0]), fabs(r->value[1]));
	bool whole = scale == 1 && is_whole(r->value[0]) && is_whole(r->value[1]);

	return format_number(out, value / scale, whole ? 0 : format_decimals(largest / scale));
}

static char *change_text(char out[FORMAT_SIZE], const struct profile_row *r)
{
	if (r->value[0] == r->value[1])
		snprintf(out, FORMAT_SIZE, "=");
	else if (r->value[0] == 0)
		snprintf(out, FORMAT_SIZE, "from 0");
	else
		format_gain(out, r->value[1] / r->value[0]);
	return out;
}

/* "DRAM read, MiB": what does not fit is taken from the words, never from the unit. */
static void add_label(struct buf *out, const struct profile_row *r, int columns)
{
	const char *unit, *label = r->label;
	int room;

	profile_scale(&unit, r);
	room = columns - (*unit ? (int)strlen(unit) + 2 : 0);
	if ((int)strlen(label) <= room)
		buf_printf(out, "%s%s%s%*s", label, *unit ? ", " : "", unit, room - (int)strlen(label), "");
	else
		buf_printf(out, "%.*s…%s%s", room - 1, label, *unit ? ", " : "", unit);
}

/* The movement as a bar, where there is room: a factor of two is half of it. */
static void add_bar(struct buf *out, double movement, int room)
{
	int cells = isfinite(movement) ? (int)lround((1 - exp(-movement)) * BAR_CELLS) : 0;

	if (room < BAR_CELLS + 1 || !cells)
		return;
	buf_addch(out, ' ');
	while (cells-- > 0)
		buf_addstr(out, "▇");
}

static void add_row(struct view *v, const struct counters *c, const struct profile_row *r)
{
	double movement = profile_movement(r);
	char a[FORMAT_SIZE], b[FORMAT_SIZE], change[FORMAT_SIZE];
	int columns = label_columns(v, c), numbers = 2 * (VALUE_COLUMNS + 1) + CHANGE_COLUMNS + 1;
	struct buf text = BUF_INIT;

	add_label(&text, r, columns);
	if (both(c)) {
		buf_printf(&text, " %*s %*s %*s", VALUE_COLUMNS, value_text(a, r, r->value[0]), VALUE_COLUMNS, value_text(b, r, r->value[1]),
			   CHANGE_COLUMNS, change_text(change, r));
		add_bar(&text, movement, v->width - columns - numbers);
	} else {
		buf_printf(&text, " %*s", VALUE_COLUMNS, value_text(a, r, r->value[c->profiled[1]]));
	}
	view_add(v, ITEM_NONE, 0, both(c) && !(movement >= MUCH) ? STYLE_DIM : STYLE_DEFAULT, buf_cstr(&text));
	buf_release(&text);
}

void counters_add_rows(struct view *v, const struct counters *c, int first, int max)
{
	int i;

	for (i = first; i < c->table.count && i < first + max; i++)
		add_row(v, c, &c->table.rows[i]);
}

void counters_add_movers(struct view *v, struct counters *c, int max)
{
	int moved = 0;

	profile_sort_movers(&c->table);
	while (moved < max && moved < c->table.count && profile_movement(&c->table.rows[moved]) >= STILL)
		moved++;
	if (moved) {
		counters_add_heading(v, c);
		counters_add_rows(v, c, 0, moved);
	} else {
		view_add(v, ITEM_NONE, 0, STYLE_DIM, "nothing moved");
	}
}

/* --- what is missing --- */

static void add_unprofiled(struct view *v, const char *what, const char *case_name)
{
	char text[160];

	if (*case_name)
		snprintf(text, sizeof(text), "%s was not profiled on %s: nothing to compare with", what, case_name);
	else
		snprintf(text, sizeof(text), "%s was not profiled; avo counters %s measures it", what, what);
	view_add_wrapped(v, STYLE_DIM, 0, text);
}

void counters_add_absent(struct view *v, const struct counters *c)
{
	char text[256];
	const char *why;
	int side;

	if (!profile_possible(v->wb->model->state.backend, &why) && !c->profiled[1]) {
		view_add_wrapped(v, STYLE_DIM, 0, why);
		return;
	}
	if (!c->profiled[1])
		add_unprofiled(v, c->what[1], "");
	else if (!c->profiled[0] && c->what[0][0])
		add_unprofiled(v, c->what[0], c->case_name);
	for (side = 1; side >= 0; side--) {
		if (!c->absent[side][0] || (side == 0 && strcmp(c->absent[0], c->absent[1]) == 0))
			continue;
		snprintf(text, sizeof(text), "%s without counters: %s", c->what[side], c->absent[side]);
		view_add_wrapped(v, STYLE_WARN, 0, text);
	}
}
