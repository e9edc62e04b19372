#include "avo.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/draw.h"
#include "ui/prompt.h"

static void set_text(struct prompt *p, const char *text)
{
	snprintf(p->text, sizeof(p->text), "%s", text);
	p->len = p->at = strlen(p->text);
}

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *label, const char *text)
{
	p->kind = kind;
	snprintf(p->label, sizeof(p->label), "%s", label);
	set_text(p, text ? text : "");
	p->recall = 0;
}

void prompt_close(struct prompt *p)
{
	p->kind = PROMPT_CLOSED;
}

void prompt_release(struct prompt *p)
{
	int kind, i;

	for (kind = 0; kind < PROMPT_KINDS; kind++)
		for (i = 0; i < p->history_count[kind]; i++)
			free(p->history[kind][i]);
	memset(p, 0, sizeof(*p));
}

static void remember(struct prompt *p)
{
	char **list = p->history[p->kind];
	int *count = &p->history_count[p->kind];

	if (!p->len || (*count && strcmp(list[*count - 1], p->text) == 0))
		return;
	if (*count == PROMPT_HISTORY) {
		free(list[0]);
		memmove(list, list + 1, (PROMPT_HISTORY - 1) * sizeof(*list));
		--*count;
	}
	list[(*count)++] = xstrdup(p->text);
}

static void recall(struct prompt *p, int direction)
{
	int count = p->history_count[p->kind], to = p->recall + direction;

	if (to < 0 || to > count)
		return;
	if (p->recall == 0)
		snprintf(p->typed, sizeof(p->typed), "%s", p->text);
	p->recall = to;
	set_text(p, to ? p->history[p->kind][count - to] : p->typed);
}

static size_t before(const struct prompt *p, size_t at)
{
	if (at)
		at--;
	while (at && ((unsigned char)p->text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t behind(const struct prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && ((unsigned char)p->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void erase(struct prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->at = from;
}

static size_t word_start(const struct prompt *p, size_t at)
{
	while (at && p->text[at - 1] == ' ')
		at--;
	while (at && p->text[at - 1] != ' ')
		at--;
	return at;
}

static void insert(struct prompt *p, uint32_t code)
{
	char bytes[4];
	size_t n = 0;

	if (code < 0x80) {
		bytes[n++] = (char)code;
	} else if (code < 0x800) {
		bytes[n++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		bytes[n++] = (char)(0xe0 | code >> 12);
		bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		bytes[n++] = (char)(0xf0 | code >> 18);
		bytes[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		bytes[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80)
		bytes[n++] = (char)(0x80 | (code & 0x3f));
	if (p->len + n >= sizeof(p->text))
		return;
	memmove(p->text + p->at + n, p->text + p->at, p->len - p->at + 1);
	memcpy(p->text + p->at, bytes, n);
	p->len += n;
	p->at += n;
}

/* Fills in what all candidates for the word have in common. */
static void complete(struct prompt *p, prompt_complete_fn *fn, void *arg)
{
	size_t start = p->at, common = 0, have;
	char best[258] = "", name[256];
	int i;

	while (start && p->text[start - 1] != ' ')
		start--;
	have = p->at - start;
	for (i = 0; fn && fn(arg, p->text, start, name, sizeof(name), i); i++) {
		size_t n = 0;

		if (strncmp(name, p->text + start, have) != 0)
			continue;
		if (!best[0]) {
			snprintf(best, sizeof(best), "%s ", name);
			common = strlen(best);
			continue;
		}
		while (n < common && best[n] == name[n])
			n++;
		common = n;
	}
	for (i = (int)have; i < (int)common; i++)
		insert(p, (unsigned char)best[i]);
}

static void edit_key(struct prompt *p, uint32_t key)
{
	switch (key) {
	case KEY_ARROW_LEFT: case 'B' - '@': p->at = before(p, p->at); break;
	case KEY_ARROW_RIGHT: case 'F' - '@': p->at = behind(p, p->at); break;
	case KEY_TO_HOME: case 'A' - '@': p->at = 0; break;
	case KEY_TO_END: case 'E' - '@': p->at = p->len; break;
	case KEY_ARROW_UP: case 'P' - '@': recall(p, 1); break;
	case KEY_ARROW_DOWN: case 'N' - '@': recall(p, -1); break;
	case KEY_RUBOUT: erase(p, before(p, p->at), p->at); break;
	case KEY_DEL: case 'D' - '@': erase(p, p->at, behind(p, p->at)); break;
	case 'U' - '@': erase(p, 0, p->at); break;
	case 'K' - '@': erase(p, p->at, p->len); break;
	case 'W' - '@': erase(p, word_start(p, p->at), p->at); break;
	default:
		if (key >= ' ' && key < KEY_FIRST_SPECIAL)
			insert(p, key);
	}
}

enum prompt_event prompt_key(struct prompt *p, uint32_t key, prompt_complete_fn *fn, void *arg)
{
	if (p->kind == PROMPT_CONFIRM)
		return key == 'y' || key == 'Y' ? PROMPT_DONE : PROMPT_CANCELLED;
	if (key == KEY_ESCAPE || key == 'C' - '@' || key == 'G' - '@')
		return PROMPT_CANCELLED;
	/* as in vi and less: rubbing out the empty line leaves it */
	if (key == KEY_RUBOUT && !p->len)
		return PROMPT_CANCELLED;
	if (key == KEY_RETURN) {
		remember(p);
		return PROMPT_DONE;
	}
	if (key == KEY_TAB)
		complete(p, fn, arg);
	else
		edit_key(p, key);
	return PROMPT_EDITING;
}

/* A question must be read whole before it is answered: on a narrow screen it takes several lines. */
static void draw_question(struct prompt *p, struct canvas *c, struct rect r)
{
	int width = canvas_width(c, p->label), lines = (width + r.w) / r.w, i, used = 0;

	if (lines > r.y + 1)
		lines = r.y + 1;
	for (i = 0; i < lines; i++) {
		int y = r.y - lines + 1 + i;

		canvas_fill(c, r.x, y, r.w, STYLE_NEEDS_YOU, " ");
		used = canvas_text_from(c, r.x, y, r.w, i * r.w, STYLE_NEEDS_YOU, p->label);
	}
	c->cursor_x = r.x + (used < r.w ? used : r.w - 1);
	c->cursor_y = r.y;
}

void prompt_draw(struct prompt *p, struct canvas *c, struct rect r)
{
	struct row row = { .c = c, .x = r.x, .y = r.y, .w = r.w };
	char head[PROMPT_MAX];
	int cursor, room;

	canvas_fill(c, r.x, r.y, r.w, STYLE_DEFAULT, " ");
	if (p->kind == PROMPT_CONFIRM) {
		draw_question(p, c, r);
		return;
	}
	row_text(&row, STYLE_PROMPT, p->label);
	snprintf(head, sizeof(head), "%.*s", (int)p->at, p->text);
	cursor = canvas_width(c, head);
	room = row_left(&row) - 1;
	row.skip = cursor > room ? cursor - room : 0;
	c->cursor_x = row.x + row.pos + cursor - row.skip;
	c->cursor_y = r.y;
	row_scrolled(&row, STYLE_DEFAULT, p->text);
}
