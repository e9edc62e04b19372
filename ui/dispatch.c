#include "avo.h"
#include "base/save.h"
#include "base/str.h"
#include "ui/views.h"
#include "ui/wb.h"

/* Requests: first the focused view, then the framework, then what concerns the whole workbench. */

char *wb_revision(struct workbench *wb, char out[24])
{
	struct view *v = wb_focused(wb);
	const struct line *l = view_selected(v);

	out[0] = '\0';
	if (v->ops->revision)
		v->ops->revision(v, out);
	else if (l && l->item == ITEM_VERSION)
		snprintf(out, 24, "v%d", l->id);
	else if (l && l->item == ITEM_ATTEMPT)
		snprintf(out, 24, "a%d", l->id);
	return out;
}

static enum avo_status open_view(struct workbench *wb, struct error *err, int argc, char **argv)
{
	const struct view_ops *ops = view_find(argv[0]);

	if (!ops)
		return error_set(err, AVO_USAGE, "there is no view '%s'; ? lists them", argv[0]);
	return screen_view(wb, ops, argc, argv, err);
}

/* What a version or an attempt was made from. */
static bool parent_of(struct workbench *wb, const char *revision, char out[24])
{
	const struct run_state *s = &wb->model->state;
	long id = str_to_id(revision, 'v');
	const struct version *version = id >= 0 ? state_version(s, (int)id) : NULL;
	const struct attempt *attempt = version ? NULL : state_attempt(s, (int)str_to_id(revision, 'a'));
	int parent = version ? version->parent : attempt ? attempt->parent : -1;

	snprintf(out, 24, "v%d", parent);
	return parent >= 0;
}

static enum avo_status open_diff(struct workbench *wb, struct error *err, int argc, char **argv)
{
	char from[24] = "", to[24] = "";
	char *args[] = { (char *)"diff", from, to };

	if (argc > 2) {
		snprintf(from, sizeof(from), "%s", argv[1]);
		snprintf(to, sizeof(to), "%s", argv[2]);
	} else {
		if (argc == 2)
			snprintf(to, sizeof(to), "%s", argv[1]);
		else
			wb_revision(wb, to);
		if (!to[0])
			return error_set(err, AVO_USAGE, "put the cursor on a version or an attempt, or name two: diff v3 a17");
		if (!parent_of(wb, to, from))
			return error_set(err, AVO_USAGE, "%s has no parent to compare with; name two: diff v0 v3", to);
	}
	return screen_view(wb, &diff_view, 3, args, err);
}

static enum avo_status diff_mark(struct workbench *wb, struct error *err)
{
	char to[24];
	char *args[] = { (char *)"diff", wb->mark, to };

	if (!wb->mark[0])
		return error_set(err, AVO_USAGE, "nothing is marked: Space marks a version or an attempt");
	if (!wb_revision(wb, to)[0])
		return error_set(err, AVO_USAGE, "put the cursor on a version or an attempt");
	return screen_view(wb, &diff_view, 3, args, err);
}

static enum avo_status toggle_mark(struct workbench *wb, struct error *err)
{
	char revision[24];

	if (!wb_revision(wb, revision)[0])
		return error_set(err, AVO_USAGE, "only versions and attempts can be marked");
	if (strcmp(wb->mark, revision) == 0)
		wb->mark[0] = '\0';
	else
		snprintf(wb->mark, sizeof(wb->mark), "%s", revision);
	if (wb->mark[0])
		wb_note(wb, STYLE_DEFAULT, "%s is marked; on another one D shows the diff, 7 the counters of both", wb->mark);
	return AVO_OK;
}

static enum avo_status enter(struct workbench *wb, struct error *err)
{
	const struct line *l = view_selected(wb_focused(wb));
	char name[24];
	char *args[] = { (char *)"attempt", name };

	if (!wb_revision(wb, name)[0] || (l && l->item == ITEM_NONE && !wb_focused(wb)->ops->revision))
		return AVO_OK;
	return screen_view(wb, &attempt_view, 2, args, err);
}

/* Esc takes back the last thing opened: a filter, a search, a page; at the end it does nothing. */
static void back(struct workbench *wb)
{
	struct view *v = wb_focused(wb);

	if (v->filter[0])
		view_set_filter(v, "");
	else if (wb->needle[0])
		wb->needle[0] = '\0';
	else if (wb_screen(wb)->zoom)
		wb_screen(wb)->zoom = false;
	else
		screen_close_top(wb);
}

static void ask(struct workbench *wb, enum request r, enum prompt_kind kind, const char *label)
{
	wb->use = (struct prompt_use){ .request = r };
	prompt_open(&wb->prompt, kind, label, "");
}

static enum avo_status search(struct workbench *wb, const char *needle, struct error *err)
{
	snprintf(wb->needle, sizeof(wb->needle), "%s", needle);
	if (wb->needle[0] && !view_search(wb_focused(wb), wb->needle, 1, true))
		return error_set(err, AVO_NEGATIVE, "'%s' is not in this view", wb->needle);
	return AVO_OK;
}

static enum avo_status search_on(struct workbench *wb, int direction, struct error *err)
{
	if (!wb->needle[0])
		return error_set(err, AVO_USAGE, "nothing is searched for: / starts a search");
	if (!view_search(wb_focused(wb), wb->needle, direction, false))
		return error_set(err, AVO_NEGATIVE, "'%s' is not in this view", wb->needle);
	return AVO_OK;
}

void wb_prompt_done(struct workbench *wb, const char *text)
{
	struct error err = { 0 };
	enum avo_status st = AVO_OK;

	switch (wb->use.request) {
	case REQ_COMMAND:
		wb_command(wb, text);
		return;
	case REQ_SEARCH:
		st = search(wb, text, &err);
		break;
	case REQ_FILTER:
		view_set_filter(wb_focused(wb), text);
		break;
	case REQ_QUIT:
		wb->quit = true;
		return;
	default:
		actions_prompt_done(wb, text);
		return;
	}
	if (st != AVO_OK)
		wb_note(wb, STYLE_ERROR, "%s", err.text);
}

static void join(char *out, size_t size, int argc, char **argv)
{
	size_t used = 0;
	int i;

	out[0] = '\0';
	for (i = 1; i < argc && used < size; i++)
		used += (size_t)snprintf(out + used, size - used, "%s%s", i > 1 ? " " : "", argv[i]);
}

enum avo_status wb_save(const char *path, const struct buf *text, struct error *err)
{
	return save_file(path, buf_cstr(text), text->len, err);
}

static void add_look(struct buf *out, struct look look)
{
	buf_addstr(out, "\033[0");
	if (look.attr & ATTR_BOLD)
		buf_addstr(out, ";1");
	if (look.attr & ATTR_DIM)
		buf_addstr(out, ";2");
	if (look.attr & ATTR_UNDERLINE)
		buf_addstr(out, ";4");
	if (look.attr & ATTR_REVERSE)
		buf_addstr(out, ";7");
	if (look.fg >= 0)
		buf_printf(out, ";38;5;%d", look.fg);
	if (look.bg >= 0)
		buf_printf(out, ";48;5;%d", look.bg);
	buf_addch(out, 'm');
}

static void dump_ansi(struct workbench *wb, struct buf *out)
{
	const struct canvas *c = &wb->canvas;
	struct canvas one;
	int x, y;

	canvas_init(&one, 2, 1, c->ascii);
	for (y = 0; y < c->rows; y++) {
		int last = -1;

		for (x = 0; x < c->cols; x++) {
			const struct cell *cell = canvas_cell(c, x, y);
			int both = cell->style << 8 | cell->flags;

			if (!cell->ch)
				continue;
			if (both != last)
				add_look(out, theme_look(&wb->theme, cell->style, cell->flags));
			last = both;
			one.cells[0] = *cell;
			if (cell->ch == L' ')
				buf_addch(out, ' ');
			else
				canvas_row_text(out, &one, 0);
		}
		buf_addstr(out, "\033[0m\n");
	}
	canvas_release(&one);
}

static enum avo_status save(struct workbench *wb, enum request r, int argc, char **argv, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st;

	if (argc != 2)
		return error_set(err, AVO_USAGE, "%s FILE", argv[0]);
	wb_paint(wb);
	if (r == REQ_SAVE_DISPLAY)
		canvas_dump(&text, &wb->canvas);
	else if (r == REQ_SAVE_ANSI)
		dump_ansi(wb, &text);
	else
		view_dump(wb_focused(wb), &text);
	st = wb_save(argv[1], &text, err);
	buf_release(&text);
	if (st == AVO_OK)
		wb_note(wb, STYLE_DIM, "written: %s", argv[1]);
	return st;
}

static enum avo_status resize(struct workbench *wb, int argc, char **argv, struct error *err)
{
	long cols, rows;

	if (argc != 3 || !str_to_long(&cols, argv[1], 1, 1000) || !str_to_long(&rows, argv[2], 1, 1000))
		return error_set(err, AVO_USAGE, "resize COLUMNS ROWS");
	display_resize(wb->display, (int)cols, (int)rows);
	return AVO_OK;
}

static void copy_line(struct workbench *wb)
{
	struct view *v = wb_focused(wb);
	const struct line *l = view_selected(v);
	struct buf text = BUF_INIT;

	if (!l)
		return;
	view_line_text(v, l, &text);
	display_copy(wb->display, str_trim(text.data ? text.data : (char[]){ "" }));
	buf_release(&text);
	wb_note(wb, STYLE_DIM, "copied");
}

static void hold(struct workbench *wb)
{
	bool held = !wb->model->held;

	wb->held_seq = wb->model->state.seq;
	model_hold(wb->model, held);
	wb_note(wb, STYLE_DEFAULT, held ? "the screen is held; the run goes on. Z lets it move again" : "the screen moves again");
}

static void set_preset(struct workbench *wb, int by)
{
	static const char *const names[] = { "watch", "columns", "read", "stack" };
	struct screen *s = wb_screen(wb);

	s->preset = (enum preset)((s->preset + PRESET_COUNT + by) % PRESET_COUNT);
	s->zoom = false;
	wb_note(wb, STYLE_DIM, "layout: %s", names[s->preset]);
}

static enum avo_status go_to(struct workbench *wb, int argc, char **argv, struct error *err)
{
	long version = argc > 1 ? str_to_id(argv[1], 'v') : -1, attempt = argc > 1 ? str_to_id(argv[1], 'a') : -1;
	const struct view_ops *ops = version >= 0 ? &lineage_view : &attempts_view;
	char *args[] = { (char *)ops->name };
	enum avo_status st;
	struct view *v;

	if (version < 0 && attempt < 0)
		return error_set(err, AVO_USAGE, "goto takes the number of a line, a version or an attempt: goto v12");
	st = screen_view(wb, ops, 1, args, err);
	if (st != AVO_OK)
		return st;
	wb_paint(wb);
	v = wb_focused(wb);
	v->follow = false;
	view_select_key(v, (uint64_t)(version >= 0 ? ITEM_VERSION : ITEM_ATTEMPT) << 32 | (uint32_t)(version >= 0 ? version : attempt));
	return AVO_OK;
}

static enum avo_status set_or_list(struct workbench *wb, int argc, char **argv, struct error *err)
{
	struct buf text = BUF_INIT;
	enum avo_status st;
	int i;

	if (argc == 1) {
		settings_list(&wb->settings, &text);
		wb_note(wb, STYLE_DEFAULT, "%s", buf_cstr(&text));
		buf_release(&text);
		return AVO_OK;
	}
	st = settings_set(&wb->settings, argc, argv, err);
	wb->screens[SCREEN_WATCH].preset = (enum preset)wb->settings.layout;
	for (i = 0; i < SLOT_COUNT; i++)
		if (wb_screen(wb)->panes[i])
			view_invalidate(wb_screen(wb)->panes[i]);
	return st;
}

static enum avo_status configure(struct workbench *wb, enum request r, int argc, char **argv, struct error *err)
{
	switch (r) {
	case REQ_SET: return set_or_list(wb, argc, argv, err);
	case REQ_BIND: return keymap_bind(&wb->keys, argc, argv, err);
	case REQ_COLOR:
		display_redraw(wb->display);
		return theme_color(&wb->theme, argc, argv, err);
	case REQ_SOURCE:
		return argc == 2 ? wb_source(wb, argv[1], true, err) : error_set(err, AVO_USAGE, "source FILE");
	case REQ_RESIZE: return resize(wb, argc, argv, err);
	default: return save(wb, r, argc, argv, err);
	}
}

static enum avo_status search_or_ask(struct workbench *wb, enum request r, int argc, char **argv, struct error *err)
{
	char text[128];

	if (argc < 2) {
		ask(wb, r, r == REQ_SEARCH ? PROMPT_SEARCH : PROMPT_FILTER, r == REQ_SEARCH ? "/" : "&");
		return AVO_OK;
	}
	join(text, sizeof(text), argc, argv);
	if (r == REQ_SEARCH)
		return search(wb, text, err);
	view_set_filter(wb_focused(wb), text);
	return AVO_OK;
}

static void close_or_leave(struct workbench *wb)
{
	if (wb_screen(wb)->zoom)
		wb_screen(wb)->zoom = false;
	else if (!screen_close_top(wb))
		wb->quit = true;
}

/* False: it is no matter of panes and views. */
static bool navigate(struct workbench *wb, enum request r, int argc, char **argv, enum avo_status *st, struct error *err)
{
	char *review[] = { (char *)"review", argc > 1 ? argv[1] : NULL };
	char *help[] = { (char *)"help" };

	*st = AVO_OK;
	switch (r) {
	case REQ_PANE_LEFT: screen_focus_side(wb, -1); break;
	case REQ_PANE_RIGHT: screen_focus_side(wb, 1); break;
	case REQ_NEXT_PANE: screen_focus_next(wb, 1); break;
	case REQ_PREV_PANE: screen_focus_next(wb, -1); break;
	case REQ_VIEW:
		*st = argc < 2 ? error_set(err, AVO_USAGE, "view NAME, e.g. view attempts") : open_view(wb, err, argc - 1, argv + 1);
		break;
	case REQ_REVIEW: *st = screen_view(wb, &review_view, argc > 1 ? 2 : 1, review, err); break;
	case REQ_HELP: *st = screen_view(wb, &help_view, 1, help, err); break;
	case REQ_ENTER: *st = enter(wb, err); break;
	case REQ_BACK: back(wb); break;
	case REQ_ZOOM: wb_screen(wb)->zoom = !wb_screen(wb)->zoom; break;
	case REQ_LAYOUT_NEXT: set_preset(wb, 1); break;
	case REQ_LAYOUT_PREV: set_preset(wb, -1); break;
	case REQ_PREVIOUS: view_request(wb_focused(wb), REQ_UP, 0, NULL); break;
	case REQ_NEXT: view_request(wb_focused(wb), REQ_DOWN, 0, NULL); break;
	default: return false;
	}
	return true;
}

static enum avo_status handle(struct workbench *wb, enum request r, int argc, char **argv, struct error *err)
{
	switch (r) {
	case REQ_GOTO: return go_to(wb, argc, argv, err);
	case REQ_SEARCH: case REQ_FILTER: return search_or_ask(wb, r, argc, argv, err);
	case REQ_FIND_NEXT: return search_on(wb, 1, err);
	case REQ_FIND_PREV: return search_on(wb, -1, err);
	case REQ_MARK: return toggle_mark(wb, err);
	case REQ_DIFF: return open_diff(wb, err, argc, argv);
	case REQ_DIFF_MARK: return diff_mark(wb, err);
	case REQ_HOLD: hold(wb); return AVO_OK;
	case REQ_COPY: copy_line(wb); return AVO_OK;
	case REQ_EDIT: return actions_edit(wb, err);
	case REQ_COMMAND: ask(wb, r, PROMPT_COMMAND, ":"); return AVO_OK;
	case REQ_SET: case REQ_BIND: case REQ_COLOR: case REQ_SOURCE: case REQ_RESIZE:
	case REQ_SAVE_DISPLAY: case REQ_SAVE_ANSI: case REQ_SAVE_VIEW: return configure(wb, r, argc, argv, err);
	case REQ_REDRAW: display_redraw(wb->display); return AVO_OK;
	case REQ_SUSPEND: display_suspend(wb->display); return AVO_OK;
	case REQ_CLOSE: close_or_leave(wb); return AVO_OK;
	case REQ_QUIT: wb->quit = true; return AVO_OK;
	default: return error_set(err, AVO_NEGATIVE, "%s does nothing here", request_info(r)->name);
	}
}

enum avo_status wb_request(struct workbench *wb, enum request r, int argc, char **argv, struct error *err)
{
	struct view *v = wb_focused(wb);
	enum avo_status st;

	wb_dirty(wb);
	if (request_info(r)->flags & REQ_COMMANDS && wb->options->read_only)
		return error_set(err, AVO_USAGE, "this workbench is read-only: it cannot %s", request_info(r)->name);
	if (v->ops->request)
		r = v->ops->request(v, r, argc, argv);
	if (r != REQ_NONE)
		r = view_request(v, r, argc, argv);
	if (r == REQ_NONE)
		return AVO_OK;
	if (actions_request(wb, r, argc, argv, &st, err) || navigate(wb, r, argc, argv, &st, err))
		return st;
	return handle(wb, r, argc, argv, err);
}
