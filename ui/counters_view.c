#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/counters.h"
#include "ui/format.h"
#include "ui/item.h"
#include "ui/views.h"

#include <math.h>

/* Counters of an attempt beside those of what it was compared with. */

struct counters_state { char revision[24]; };

static struct counter *counter_named(struct counters *c, const char *name)
{
	struct counter *found;
	size_t i;

	for (i = 0; i < c->count; i++)
		if (strcmp(c->list[i].name, name) == 0)
			return &c->list[i];
	c->list = xgrow(c->list, &c->cap, c->count + 1, sizeof(*c->list));
	found = &c->list[c->count++];
	*found = (struct counter){ .before = NAN, .after = NAN };
	snprintf(found->name, sizeof(found->name), "%s", name);
	return found;
}

static void take(struct counters *c, const cJSON *event, bool after)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_get(event, "counters")) {
		const char *name = json_str(item, "name", item->string);
		double value = cJSON_IsNumber(item) ? item->valuedouble : json_num(item, "value", NAN);
		struct counter *k;

		if (!name)
			continue;
		k = counter_named(c, name);
		*(after ? &k->after : &k->before) = value;
		snprintf(k->unit, sizeof(k->unit), "%s", json_str(item, "unit", k->unit));
	}
}

void counters_load(struct counters *c, const cJSON *before, const cJSON *after)
{
	take(c, before, false);
	take(c, after, true);
}

void counters_release(struct counters *c)
{
	free(c->list);
	memset(c, 0, sizeof(*c));
}

static double change(const struct counter *k)
{
	double size = fmax(fabs(k->before), fabs(k->after));

	if (!isfinite(k->before) || !isfinite(k->after))
		return -1;
	return size > 0 ? fabs(k->after - k->before) / size : 0;
}

static int by_change(const void *a, const void *b)
{
	double x = change(a), y = change(b);

	return x < y ? 1 : x > y ? -1 : strcmp(((const struct counter *)a)->name, ((const struct counter *)b)->name);
}

void counters_sort_by_change(struct counters *c)
{
	if (c->count)
		qsort(c->list, c->count, sizeof(*c->list), by_change);
}

/* The change as a bar of up to seven cells. */
static void add_bar(struct buf *out, const struct counter *k)
{
	int cells = change(k) < 0 ? 0 : (int)ceil(change(k) * 7), i;

	for (i = 0; i < cells; i++)
		buf_addstr(out, "▇");
}

void counters_add_lines(struct view *v, const struct counters *c, size_t max)
{
	size_t i;

	for (i = 0; i < c->count && i < max; i++) {
		const struct counter *k = &c->list[i];
		struct buf bar = BUF_INIT;
		char before[FORMAT_SIZE], after[FORMAT_SIZE];
		int decimals = format_decimals(fmax(isfinite(k->before) ? k->before : 0, isfinite(k->after) ? k->after : 0));

		if (decimals > 1)
			decimals = 1;
		add_bar(&bar, k);
		view_addf(v, STYLE_DEFAULT, "%-28.28s %10s → %10s %-6s %s", k->name, format_number(before, k->before, decimals),
			  format_number(after, k->after, decimals), k->unit, buf_cstr(&bar));
		buf_release(&bar);
	}
}

/* --- the view --- */

static enum avo_status counters_open(struct view *v, int argc, char **argv, struct error *err)
{
	struct counters_state *state = v->state;
	char revision[24];

	if (argc > 1)
		snprintf(state->revision, sizeof(state->revision), "%s", argv[1]);
	else if (wb_revision(v->wb, revision)[0])
		snprintf(state->revision, sizeof(state->revision), "%s", revision);
	view_invalidate(v);
	return AVO_OK;
}

static const struct attempt *attempt_of(const struct run_state *s, const char *revision)
{
	const struct version *ver = state_version(s, (int)str_to_id(revision, 'v'));

	return state_attempt(s, ver ? ver->attempt : (int)str_to_id(revision, 'a'));
}

static void counters_read(struct view *v)
{
	const struct counters_state *state = v->state;
	struct model *m = v->wb->model;
	const struct attempt *after = attempt_of(&m->state, state->revision);
	const struct version *parent = after ? state_version(&m->state, after->parent) : NULL;
	const struct attempt *before = parent ? state_attempt(&m->state, parent->attempt) : NULL;
	struct counters c = { 0 };

	/* one event at a time: the model keeps one */
	if (before)
		counters_load(&c, model_fetch(m, before->scored), NULL);
	if (after)
		counters_load(&c, NULL, model_fetch(m, after->scored));
	if (c.count) {
		view_addf(v, STYLE_COLUMN, "%-28s %10s   %10s", "counter", before ? "parent" : "", state->revision);
		v->lines[v->count - 1].item = ITEM_HEADING;
		counters_sort_by_change(&c);
		counters_add_lines(v, &c, c.count);
	} else if (after) {
		view_add_wrapped(v, STYLE_DIM, 1, "The journal holds no counters of this attempt (-). A backend that can profile records them with the score.");
	} else {
		view_add_wrapped(v, STYLE_DIM, 1, "Put the cursor on a version or an attempt and press 7: its counters are compared with its parent's.");
	}
	counters_release(&c);
}

static void counters_title(struct view *v, struct buf *out)
{
	const struct counters_state *state = v->state;

	buf_printf(out, "counters %s", state->revision);
}

static const enum request counters_footer[] = { REQ_CLOSE, REQ_NONE };

const struct view_ops counters_view = {
	.name = "counters", .slot = SLOT_RIGHT, .number = 7, .state_size = sizeof(struct counters_state), .open = counters_open,
	.read = counters_read, .title = counters_title, .footer = counters_footer,
};
