#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ui/views.h"
#include "ui/wb.h"

/* The command language: one line is one request with its arguments; the same behind ':', in avorc, -c and scripts. */

#define MAX_WORDS 32

struct words {
	char *copy;
	char *word[MAX_WORDS];
	int count;
};

/* Splits at spaces; '...' and "..." keep them. */
static enum avo_status split(struct words *w, const char *text, struct error *err)
{
	char *s, *out;

	w->count = 0;
	s = out = w->copy = xstrdup(text);
	for (;;) {
		char quote = 0;

		while (*s == ' ' || *s == '\t')
			s++;
		if (!*s || w->count == MAX_WORDS)
			break;
		w->word[w->count++] = out;
		for (; *s && (quote || (*s != ' ' && *s != '\t')); s++) {
			if (quote ? *s == quote : (*s == '"' || *s == '\''))
				quote = quote ? 0 : *s;
			else
				*out++ = *s;
		}
		if (quote)
			return error_set(err, AVO_USAGE, "a quote %c is not closed", quote);
		if (*s)
			s++;
		*out++ = '\0';
	}
	return AVO_OK;
}

/* The request with this name or, if only one begins so, this beginning. */
static enum request find_request(const char *name, struct error *err)
{
	enum request exact = request_parse(name), found = REQ_NONE;
	int i;

	if (exact != REQ_NONE)
		return exact;
	for (i = 1; i < REQ_COUNT; i++) {
		if (!str_starts(request_info((enum request)i)->name, name))
			continue;
		if (found != REQ_NONE) {
			error_set(err, AVO_USAGE, "'%s' may be %s or %s", name, request_info(found)->name, request_info((enum request)i)->name);
			return REQ_NONE;
		}
		found = (enum request)i;
	}
	if (found == REQ_NONE)
		error_set(err, AVO_USAGE, "there is no command '%s'; ? lists them", name);
	return found;
}

enum avo_status wb_execute(struct workbench *wb, const char *text, struct error *err)
{
	struct words w;
	enum avo_status st;
	enum request r;
	long line;

	while (*text == ' ' || *text == ':')
		text++;
	if (!*text || *text == '#')
		return AVO_OK;
	st = split(&w, text, err);
	if (st == AVO_OK && w.count) {
		char *go[] = { (char *)"goto", w.word[0] };

		if (str_to_long(&line, w.word[0], 1, 1000000000))
			st = wb_request(wb, REQ_GOTO, 2, go, err);
		else if (strcmp(w.word[0], "q") == 0)
			st = wb_request(wb, REQ_QUIT, w.count, w.word, err);
		else if ((r = find_request(w.word[0], err)) == REQ_NONE)
			st = AVO_USAGE;
		else if (w.count > 1 && !(request_info(r)->flags & REQ_ARGS))
			st = error_set(err, AVO_USAGE, "%s takes no arguments", request_info(r)->name);
		else
			st = wb_request(wb, r, w.count, w.word, err);
	}
	free(w.copy);
	return st;
}

void wb_command(struct workbench *wb, const char *text)
{
	struct error err = { 0 };

	if (wb_execute(wb, text, &err) != AVO_OK)
		wb_note(wb, STYLE_ERROR, "%s", err.text);
	wb_dirty(wb);
}

enum avo_status wb_source(struct workbench *wb, const char *path, bool must_exist, struct error *err)
{
	struct buf text = BUF_INIT;
	const char *cursor, *line;
	size_t len;
	int number = 0;
	enum avo_status st;

	if (!must_exist && !path_exists(path))
		return AVO_OK;
	st = path_read(&text, path, 1 << 20, err);
	cursor = buf_cstr(&text);
	while (st == AVO_OK && str_next_line(&cursor, text.data ? text.data + text.len : cursor, &line, &len)) {
		char *copy = xstrndup(line, len);

		number++;
		st = wb_execute(wb, str_trim(copy), err);
		if (st != AVO_OK)
			error_prefix(err, st, "%s:%d", path, number);
		free(copy);
	}
	buf_release(&text);
	return st;
}

/* --- completion: commands, and what some of them take --- */

static const char *nth_name(const char *line, size_t word_start, int which)
{
	int i;

	if (word_start == 0) {
		for (i = 1; i < REQ_COUNT; i++)
			if (which-- == 0)
				return request_info((enum request)i)->name;
		return NULL;
	}
	if (str_starts(line, "view "))
		return view_at((size_t)which) ? view_at((size_t)which)->name : NULL;
	if (str_starts(line, "set "))
		return settings_name(which);
	if (str_starts(line, "color "))
		return which < STYLE_COUNT ? style_name((enum style)which) : NULL;
	if (str_starts(line, "gate "))
		return which == 0 ? "auto" : which == 1 ? "manual" : NULL;
	return NULL;
}

static int complete(void *arg, const char *line, size_t word_start, char *out, size_t size, int which)
{
	const char *name = nth_name(line, word_start, which);

	if (!name)
		return 0;
	snprintf(out, size, "%s", name);
	return 1;
}

static void prompt_typed(struct workbench *wb, uint32_t key)
{
	prompt_complete_fn *completion = wb->prompt.kind == PROMPT_COMMAND ? complete : NULL;
	enum prompt_event event = prompt_key(&wb->prompt, key, completion, wb);
	bool confirm = wb->prompt.kind == PROMPT_CONFIRM;
	char text[PROMPT_MAX];

	if (event == PROMPT_EDITING)
		return;
	snprintf(text, sizeof(text), "%s", wb->prompt.text);
	prompt_close(&wb->prompt);
	if (event == PROMPT_DONE)
		wb_prompt_done(wb, text);
	else if (confirm)
		wb_note(wb, STYLE_DIM, "nothing was done: only y does it");
}

void wb_key(struct workbench *wb, uint32_t key)
{
	const char *command;
	char name[KEY_NAME_SIZE];

	wb_dirty(wb);
	wb->urgent = true;
	if (wb->prompt.kind != PROMPT_CLOSED) {
		prompt_typed(wb, key);
		return;
	}
	wb->note[0] = '\0';
	if (key == KEY_UNKNOWN)
		return;
	command = keymap_lookup(&wb->keys, wb_focused(wb)->ops->name, key);
	if (command)
		wb_command(wb, command);
	else if (key == 'C' - '@')
		wb_note(wb, STYLE_DIM, "Q leaves the workbench; the run goes on");
	else
		wb_note(wb, STYLE_DIM, "%s means nothing here; ? shows the keys", key_label(name, key));
}
