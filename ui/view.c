#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/views.h"
#include "ui/wb.h"

#include <stdarg.h>

static const struct view_ops *const table[] = {
	&lineage_view, &agent_view, &scores_view, &attempts_view, &directions_view, &diff_view,
	&counters_view, &events_view, &review_view, &attempt_view, &help_view,
};

const struct view_ops *view_at(size_t i)
{
	return i < ARRAY_LEN(table) ? table[i] : NULL;
}

const struct view_ops *view_find(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

const struct view_ops *view_by_number(int number)
{
	size_t i;

	for (i = 0; i < ARRAY_LEN(table); i++)
		if (table[i]->number == number)
			return table[i];
	return NULL;
}

struct view *view_new(const struct view_ops *ops, struct workbench *wb)
{
	struct view *v = xcalloc(1, sizeof(*v));

	v->ops = ops;
	v->wb = wb;
	v->state = ops->state_size ? xcalloc(1, ops->state_size) : NULL;
	v->stale = true;
	v->follow = ops->flags & VIEW_FOLLOWS;
	return v;
}

static void drop_lines(struct view *v)
{
	size_t i;

	for (i = 0; i < v->count; i++)
		free(v->lines[i].text);
	v->count = 0;
}

void view_free(struct view *v)
{
	if (v->ops->done)
		v->ops->done(v);
	drop_lines(v);
	free(v->lines);
	free(v->shown);
	free(v->state);
	free(v);
}

struct line *view_add(struct view *v, enum item_kind item, int id, int style, const char *text)
{
	struct line *l;

	v->lines = xgrow(v->lines, &v->cap, v->count + 1, sizeof(*v->lines));
	l = &v->lines[v->count++];
	*l = (struct line){ .item = (uint8_t)item, .id = id, .style = (uint8_t)style };
	if (item != ITEM_NONE)
		l->key = (uint64_t)item << 32 | (uint32_t)id;
	if (text) {
		struct buf clean = BUF_INIT;

		str_sanitize(&clean, text, strlen(text));
		l->text = xstrdup(buf_cstr(&clean));
		buf_release(&clean);
	}
	return l;
}

void view_addf(struct view *v, int style, const char *fmt, ...)
{
	struct buf b = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&b, fmt, ap);
	va_end(ap);
	view_add(v, ITEM_NONE, 0, style, buf_cstr(&b));
	buf_release(&b);
}

void view_heading(struct view *v, const char *text)
{
	if (v->count)
		view_add(v, ITEM_NONE, 0, STYLE_DEFAULT, "");
	view_add(v, ITEM_HEADING, (int)v->count, STYLE_HEADING, text);
}

/* Bytes of s that fit into `width` columns, broken at a space where there is one. */
static size_t wrap_at(const struct canvas *c, const char *s, size_t len, int width)
{
	size_t at = 0, space = 0, n;
	uint32_t code;
	int used = 0;

	while (at < len) {
		char one[8];

		n = str_utf8_decode(&code, s + at, len - at);
		if (!n)
			n = 1;
		snprintf(one, sizeof(one), "%.*s", (int)n, s + at);
		used += canvas_width(c, one);
		if (used > width)
			return space ? space : at ? at : n;
		at += n;
		if (code == ' ')
			space = at;
	}
	return at;
}

void view_add_wrapped(struct view *v, int style, int indent, const char *text)
{
	const struct canvas *c = &v->wb->canvas;
	const char *cursor, *line;
	int width = v->width - indent > 8 ? v->width - indent : 8;
	struct buf clean = BUF_INIT;
	size_t len;

	str_sanitize(&clean, text, strlen(text));
	cursor = buf_cstr(&clean);
	while (str_next_line(&cursor, clean.data ? clean.data + clean.len : cursor, &line, &len)) {
		do {
			size_t n = wrap_at(c, line, len, width);

			view_addf(v, style, "%*s%.*s", indent, "", (int)n, line);
			line += n;
			len -= n;
		} while (len);
	}
	buf_release(&clean);
}

/* --- selection --- */

const struct line *view_selected(const struct view *v)
{
	return v->cursor < v->shown_count ? &v->lines[v->shown[v->cursor]] : NULL;
}

static bool can_select(const struct view *v, size_t shown_index)
{
	return v->lines[v->shown[shown_index]].item != ITEM_HEADING;
}

void view_select_index(struct view *v, size_t at)
{
	size_t before = v->cursor;

	if (!v->shown_count)
		at = 0;
	else if (at >= v->shown_count)
		at = v->shown_count - 1;
	v->cursor = at;
	if (at != before && v->ops->select && view_selected(v))
		v->ops->select(v, view_selected(v));
}

void view_select_key(struct view *v, uint64_t key)
{
	size_t i;

	for (i = 0; i < v->shown_count; i++)
		if (v->lines[v->shown[i]].key == key) {
			view_select_index(v, i);
			return;
		}
}

/* A page to read scrolls; a list moves its selection. */
static void move(struct view *v, long by)
{
	long at;

	if (v->ops->flags & VIEW_NO_CURSOR) {
		long last = (long)v->shown_count - v->height;

		at = (long)v->top + by;
		v->top = (size_t)(at > last ? last : at < 0 ? 0 : at);
		if ((long)v->top < 0)
			v->top = 0;
		v->cursor = v->top;
		return;
	}
	at = (long)v->cursor + by;
	if (at < 0)
		at = 0;
	if (at >= (long)v->shown_count)
		at = (long)v->shown_count - 1;
	view_select_index(v, at > 0 ? (size_t)at : 0);
	/* headings are stepped over where there is something behind them */
	if (v->shown_count && !can_select(v, v->cursor) && (by == 1 || by == -1)) {
		size_t next = v->cursor + (size_t)by;

		if (next < v->shown_count)
			view_select_index(v, next);
	}
}

static void keep_in_sight(struct view *v)
{
	size_t height = v->height > 0 ? (size_t)v->height : 1;

	if (v->ops->flags & VIEW_NO_CURSOR) {
		if (v->follow && v->ops->flags & VIEW_NEWEST_LAST)
			v->top = v->shown_count > height ? v->shown_count - height : 0;
		if (v->top + height > v->shown_count)
			v->top = v->shown_count > height ? v->shown_count - height : 0;
		v->cursor = v->top;
		return;
	}
	if (v->cursor < v->top)
		v->top = v->cursor;
	if (v->cursor >= v->top + height)
		v->top = v->cursor - height + 1;
	if (v->top + height > v->shown_count)
		v->top = v->shown_count > height ? v->shown_count - height : 0;
}

/* --- reading and filtering --- */

static void apply_filter(struct view *v)
{
	struct buf text = BUF_INIT;
	size_t i;

	v->shown_count = 0;
	for (i = 0; i < v->count; i++) {
		if (v->filter[0]) {
			buf_clear(&text);
			view_line_text(v, &v->lines[i], &text);
			if (!strcasestr(buf_cstr(&text), v->filter))
				continue;
		}
		v->shown = xgrow(v->shown, &v->shown_cap, v->shown_count + 1, sizeof(*v->shown));
		v->shown[v->shown_count++] = i;
	}
	buf_release(&text);
}

static void restore_selection(struct view *v, uint64_t key, size_t at)
{
	size_t i;

	if (v->follow && v->ops->flags & VIEW_NEWEST_FIRST)
		at = 0;
	else if (v->follow && v->ops->flags & VIEW_NEWEST_LAST)
		at = v->shown_count ? v->shown_count - 1 : 0;
	else
		for (i = 0; key && i < v->shown_count; i++)
			if (v->lines[v->shown[i]].key == key)
				at = i;
	if (at >= v->shown_count)
		at = v->shown_count ? v->shown_count - 1 : 0;
	v->cursor = at;
}

static void read_again(struct view *v)
{
	const struct line *selected = view_selected(v);
	uint64_t key = selected ? selected->key : 0;
	size_t at = v->cursor, from_top = v->cursor - v->top;

	drop_lines(v);
	v->shown_count = 0;
	if (v->ops->read)
		v->ops->read(v);
	apply_filter(v);
	restore_selection(v, key, at);
	/* the item stays where it was on the screen, too */
	if (key && !(v->ops->flags & VIEW_NO_CURSOR))
		v->top = v->cursor > from_top ? v->cursor - from_top : 0;
	v->stale = false;
	v->generation = v->wb->model->generation;
	if (v->ops->select && view_selected(v))
		v->ops->select(v, view_selected(v));
}

void view_invalidate(struct view *v)
{
	v->stale = true;
}

void view_refresh(struct view *v, int width, int height)
{
	bool changed = !(v->ops->flags & VIEW_STATIC) && v->generation != v->wb->model->generation;

	v->height = height;
	if (width != v->width) {
		v->width = width;
		v->stale = true;
	}
	if (v->stale || changed)
		read_again(v);
	keep_in_sight(v);
}

void view_set_filter(struct view *v, const char *text)
{
	snprintf(v->filter, sizeof(v->filter), "%s", text);
	v->stale = true;
}

/* --- painting --- */

static void draw_line(struct view *v, const struct line *l, struct row *row)
{
	if (v->ops->draw)
		v->ops->draw(v, l, row);
	else
		row_scrolled(row, l->style, l->text ? l->text : "");
}

void view_line_text(struct view *v, const struct line *l, struct buf *out)
{
	struct canvas wide;
	struct row row = { .c = &wide, .w = 400 };

	if (v->ops->grep) {
		v->ops->grep(v, l, out);
		return;
	}
	if (!v->ops->draw) {
		buf_addstr(out, l->text ? l->text : "");
		return;
	}
	canvas_init(&wide, row.w, 1, v->wb->canvas.ascii);
	draw_line(v, l, &row);
	canvas_row_text(out, &wide, 0);
	canvas_release(&wide);
}

void view_dump(struct view *v, struct buf *out)
{
	size_t i;

	for (i = 0; i < v->shown_count; i++) {
		view_line_text(v, &v->lines[v->shown[i]], out);
		buf_addch(out, '\n');
	}
}

static void paint_line(struct view *v, struct canvas *c, struct rect body, int y, size_t at, bool focused)
{
	struct row row = { .c = c, .x = body.x, .y = y, .w = body.w, .skip = v->xoff };
	bool cursor = at == v->cursor && !(v->ops->flags & VIEW_NO_CURSOR);

	draw_line(v, &v->lines[v->shown[at]], &row);
	if (cursor)
		canvas_flag(c, body.x, y, body.w, focused ? CELL_SELECTED : CELL_CURRENT);
	if (v->wb->needle[0])
		canvas_flag_matches(c, body.x, y, body.w, v->wb->needle);
}

void view_paint(struct view *v, struct canvas *c, struct rect body, bool focused)
{
	int head = v->ops->head_rows ? v->ops->head_rows(v, body.w, body.h) : 0, y;
	size_t at;

	if (head > body.h)
		head = body.h;
	view_refresh(v, body.w, body.h - head);
	if (head)
		v->ops->draw_rect(v, c, (struct rect){ body.x, body.y, body.w, head });
	for (y = head, at = v->top; y < body.h && at < v->shown_count; y++, at++)
		paint_line(v, c, body, body.y + y, at, focused);
	if (!v->shown_count && v->filter[0] && body.h > head)
		canvas_text(c, body.x + 1, body.y + head, body.w - 1, STYLE_DIM, "no line has this text; Esc shows all");
}

void view_position(struct view *v, struct buf *out)
{
	if (v->filter[0])
		buf_printf(out, "&%s", v->filter);
	if (!v->follow && v->ops->flags & VIEW_FOLLOWS)
		buf_printf(out, "%snot following", out->len ? "  " : "");
	if (v->shown_count > (size_t)(v->height > 0 ? v->height : 0))
		buf_printf(out, "%s%zu/%zu", out->len ? "  " : "", v->cursor + 1, v->shown_count);
}

/* --- requests --- */

bool view_search(struct view *v, const char *needle, int direction, bool from_here)
{
	size_t n, i, at = v->cursor, count = v->shown_count;
	bool exact = strcspn(needle, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") < strlen(needle);

	for (n = from_here ? 0 : 1; n <= count && count; n++) {
		struct buf text = BUF_INIT;
		bool found;

		i = (at + (direction > 0 ? n : count * 2 - n)) % count;
		view_line_text(v, &v->lines[v->shown[i]], &text);
		found = exact ? strstr(buf_cstr(&text), needle) != NULL : strcasestr(buf_cstr(&text), needle) != NULL;
		buf_release(&text);
		if (found) {
			if (v->ops->flags & VIEW_NO_CURSOR)
				v->top = i;
			view_select_index(v, i);
			return true;
		}
	}
	return false;
}

static void scroll_sideways(struct view *v, int by)
{
	int xoff = v->xoff + by;

	v->xoff = xoff < 0 ? 0 : xoff > 4096 ? 4096 : xoff;
}

/* Moving away from the newest line ends following it, returning to it does not start it. */
static void moved_by_hand(struct view *v)
{
	if (!(v->ops->flags & (VIEW_NEWEST_FIRST | VIEW_NEWEST_LAST)))
		return;
	v->follow = false;
}

enum request view_request(struct view *v, enum request r, int argc, char **argv)
{
	long page = v->height > 2 ? v->height - 1 : 1;
	long number;

	switch (r) {
	case REQ_UP: moved_by_hand(v); move(v, -1); break;
	case REQ_DOWN: moved_by_hand(v); move(v, 1); break;
	case REQ_HALF_UP: moved_by_hand(v); move(v, -(page / 2 + 1)); break;
	case REQ_HALF_DOWN: moved_by_hand(v); move(v, page / 2 + 1); break;
	case REQ_PAGE_UP: moved_by_hand(v); move(v, -page); break;
	case REQ_PAGE_DOWN: moved_by_hand(v); move(v, page); break;
	case REQ_FIRST: moved_by_hand(v); move(v, -(long)v->shown_count - v->height); break;
	case REQ_LAST: moved_by_hand(v); move(v, (long)v->shown_count + v->height); break;
	case REQ_SCROLL_LEFT: scroll_sideways(v, -(v->width / 2 > 1 ? v->width / 2 : 1)); break;
	case REQ_SCROLL_RIGHT: scroll_sideways(v, v->width / 2 > 1 ? v->width / 2 : 1); break;
	case REQ_FOLLOW:
		v->follow = !v->follow && v->ops->flags & (VIEW_NEWEST_FIRST | VIEW_NEWEST_LAST);
		view_invalidate(v);
		break;
	case REQ_GOTO:
		if (argc < 2 || !str_to_long(&number, argv[1], 1, 1000000000))
			return r;
		moved_by_hand(v);
		if (v->ops->flags & VIEW_NO_CURSOR)
			v->top = (size_t)number - 1;
		view_select_index(v, (size_t)number - 1);
		break;
	default:
		return r;
	}
	return REQ_NONE;
}
