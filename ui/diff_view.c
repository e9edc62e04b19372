#include "avo.h"
#include "base/str.h"
#include "ui/item.h"
#include "ui/views.h"

/* The difference of any two: versions, attempts, the working tree ("work"). */

struct diff_state {
	char from[64], to[64];
	struct diff_stat stat;
	int longest;			/* columns of the longest line */
};

void diff_set(struct view *v, const char *from, const char *to)
{
	struct diff_state *d = v->state;

	if (strcmp(d->from, from) == 0 && strcmp(d->to, to) == 0)
		return;
	snprintf(d->from, sizeof(d->from), "%s", from);
	snprintf(d->to, sizeof(d->to), "%s", to);
	v->top = v->cursor = 0;
	v->xoff = 0;
	view_invalidate(v);
}

static enum avo_status diff_open(struct view *v, int argc, char **argv, struct error *err)
{
	struct diff_state *d = v->state;
	char commit[COMMIT_ID_SIZE];
	struct lineage *l;
	const struct version *best = state_newest(&v->wb->model->state);
	char parent[24], newest[24];
	int i;

	if (argc == 1 && !d->to[0] && best) {
		snprintf(parent, sizeof(parent), "v%d", best->parent >= 0 ? best->parent : 0);
		snprintf(newest, sizeof(newest), "v%d", best->id);
		diff_set(v, parent, newest);
		return AVO_OK;
	}
	if (argc == 1)
		return AVO_OK;
	if (argc != 3)
		return error_set(err, AVO_USAGE, "a diff is of two: diff v3 a17, diff v3 work");
	l = model_lineage(v->wb->model, err);
	for (i = 1; l && i < 3; i++)
		if (lineage_resolve(commit, l, argv[i], err) != AVO_OK)
			return err->status;
	if (!l)
		return err->status;
	diff_set(v, argv[1], argv[2]);
	return AVO_OK;
}

/* Tabs to the next eighth column: the canvas knows only cells. */
static void expand(struct buf *out, const char *line, size_t len)
{
	size_t i, column = 0;

	buf_clear(out);
	for (i = 0; i < len; i++) {
		if (line[i] == '\t') {
			/* the sign in the first column is not the source's */
			do
				buf_addch(out, ' ');
			while (++column < 1 || (column - 1) % 8);
			continue;
		}
		buf_addch(out, line[i]);
		column += ((unsigned char)line[i] & 0xc0) != 0x80;
	}
}

static bool is_noise(const char *line, size_t len)
{
	static const char *const prefixes[] = { "diff --git", "index ", "--- ", "similarity", "old mode", "new mode" };
	size_t i;

	for (i = 0; i < ARRAY_LEN(prefixes); i++)
		if (len >= strlen(prefixes[i]) && memcmp(line, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

static void add_diff_line(struct view *v, const char *line, size_t len, bool in_hunk)
{
	struct diff_state *d = v->state;
	struct buf text = BUF_INIT;
	int style = STYLE_DEFAULT, width;

	if (!in_hunk && is_noise(line, len))
		return;
	expand(&text, line, len);
	if (!in_hunk && str_starts(buf_cstr(&text), "+++ ")) {
		view_add(v, ITEM_HEADING, (int)v->count, STYLE_HEADING, str_starts(buf_cstr(&text), "+++ b/") ? buf_cstr(&text) + 6 : buf_cstr(&text) + 4);
	} else if (line[0] == '@') {
		view_add(v, ITEM_HUNK, (int)v->count, STYLE_HUNK, buf_cstr(&text));
	} else {
		if (line[0] == '+')
			style = STYLE_ADDED;
		else if (line[0] == '-')
			style = STYLE_REMOVED;
		else if (line[0] != ' ')
			style = STYLE_DIM;
		view_add(v, ITEM_NONE, 0, style, buf_cstr(&text));
	}
	width = canvas_width(&v->wb->canvas, buf_cstr(&text));
	if (width > d->longest)
		d->longest = width;
	buf_release(&text);
}

static void add_diff(struct view *v, const struct buf *text)
{
	const char *cursor = buf_cstr(text), *end = cursor + text->len, *line;
	bool in_hunk = false;
	size_t len;

	while (str_next_line(&cursor, end, &line, &len)) {
		if (len >= 10 && memcmp(line, "diff --git", 10) == 0)
			in_hunk = false;
		if (len >= 2 && line[0] == '@' && line[1] == '@')
			in_hunk = true;
		if (len)
			add_diff_line(v, line, len, in_hunk);
	}
}

static void diff_read(struct view *v)
{
	struct diff_state *d = v->state;
	struct buf text = BUF_INIT;
	struct error err = { 0 };
	struct lineage *l;

	memset(&d->stat, 0, sizeof(d->stat));
	d->longest = 0;
	if (!d->to[0]) {
		view_add(v, ITEM_NONE, 0, STYLE_DIM, " d on a version or an attempt shows its diff");
		return;
	}
	l = model_lineage(v->wb->model, &err);
	if (!l || lineage_diff(&text, &d->stat, l, d->from, d->to, v->wb->settings.context, &err) != AVO_OK)
		view_add_wrapped(v, STYLE_BAD, 0, err.text);
	else if (!text.len)
		view_addf(v, STYLE_DIM, " %s and %s are the same", d->from, d->to);
	else
		add_diff(v, &text);
	buf_release(&text);
}

static void set_context(struct view *v, int by)
{
	int context = v->wb->settings.context + by;

	v->wb->settings.context = context < 0 ? 0 : context > 1000 ? 1000 : context;
	wb_note(v->wb, STYLE_DIM, "%d lines of context", v->wb->settings.context);
	view_invalidate(v);
}

/* A step along the lineage keeps the distance: v3..v4 becomes v4..v5. */
static void move_along(struct view *v, int by)
{
	struct diff_state *d = v->state;
	const struct run_state *s = &v->wb->model->state;
	long from = str_to_id(d->from, 'v'), to = str_to_id(d->to, 'v'), attempt = str_to_id(d->to, 'a');
	const struct attempt *a = attempt > 0 ? state_attempt(s, (int)attempt + by) : NULL;
	char x[24], y[24];

	if (from >= 0 && to >= 0 && from + by >= 0 && to + by >= 0 && state_version(s, (int)(from > to ? from : to) + by)) {
		snprintf(x, sizeof(x), "v%ld", from + by);
		snprintf(y, sizeof(y), "v%ld", to + by);
		diff_set(v, x, y);
	} else if (a) {
		snprintf(x, sizeof(x), "v%d", a->parent >= 0 ? a->parent : 0);
		snprintf(y, sizeof(y), "a%d", a->id);
		diff_set(v, x, y);
	} else {
		wb_note(v->wb, STYLE_DIM, "there is none %s this one", by > 0 ? "behind" : "before");
	}
}

static enum request diff_request(struct view *v, enum request r, int argc, char **argv)
{
	switch (r) {
	case REQ_CONTEXT_MORE: set_context(v, v->wb->settings.context >= 10 ? 10 : 1); return REQ_NONE;
	case REQ_CONTEXT_LESS: set_context(v, v->wb->settings.context > 10 ? -10 : -1); return REQ_NONE;
	case REQ_NEXT: case REQ_PREVIOUS:
		if (v->wb->screen == SCREEN_REVIEW)	/* there they go through what waits */
			return r;
		move_along(v, r == REQ_NEXT ? 1 : -1);
		return REQ_NONE;
	default: return r;
	}
}

static void diff_revision(struct view *v, char out[24])
{
	struct diff_state *d = v->state;

	snprintf(out, 24, "%.23s", strcmp(d->to, "work") == 0 ? d->from : d->to);
}

static void diff_title(struct view *v, struct buf *out)
{
	struct diff_state *d = v->state;

	buf_addstr(out, "diff");
	if (!d->to[0])
		return;
	buf_printf(out, " %s..%s", d->from, d->to);
	if (d->stat.files)
		buf_printf(out, "   +%d -%d", d->stat.added, d->stat.removed);
	if (v->xoff)
		buf_printf(out, "   from column %d", v->xoff + 1);
}

static const enum request diff_footer[] = { REQ_PREVIOUS, REQ_NEXT, REQ_CLOSE, REQ_NONE };

const struct view_ops diff_view = {
	.name = "diff", .flags = VIEW_STATIC, .slot = SLOT_RIGHT, .number = 6, .state_size = sizeof(struct diff_state),
	.open = diff_open, .read = diff_read, .request = diff_request, .revision = diff_revision, .title = diff_title,
	.footer = diff_footer,
};
