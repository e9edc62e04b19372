#include "avo.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ui/script.h"
#include "ui/wb.h"
#include "ui/workbench.h"

#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <time.h>

#define IDLE_TICK_S 10		/* ages go on even when nothing runs */

void wb_note(struct workbench *wb, int style, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(wb->note, sizeof(wb->note), fmt, ap);
	va_end(ap);
	wb->note_style = style;
	wb_dirty(wb);
}

void wb_dirty(struct workbench *wb)
{
	wb->dirty = true;
}

/* --- hooks: what comes in --- */

static void on_key(void *arg, uint32_t key)
{
	wb_key(arg, key);
}

static void on_resized(void *arg, int cols, int rows)
{
	struct workbench *wb = arg;

	canvas_resize(&wb->canvas, cols, rows);
	wb->urgent = true;
	wb_dirty(wb);
}

static void on_resumed(void *arg)
{
	struct workbench *wb = arg;

	wb->urgent = true;
	wb_dirty(wb);
}

static void on_drained(void *arg)
{
	(void)arg;	/* the main loop looks after every turn whether a frame is due */
}

static void on_ended(void *arg, const char *why, int exit_status)
{
	struct workbench *wb = arg;

	wb->quit = true;
	wb->exit_status = exit_status;
	snprintf(wb->ended, sizeof(wb->ended), "%s", why);
}

static void on_changed(void *arg)
{
	struct workbench *wb = arg;

	/* what failed for want of an engine is no news once there is one */
	if (wb->model->connected && !wb->was_connected && wb->note_style == STYLE_ERROR)
		wb->note[0] = '\0';
	wb->was_connected = wb->model->connected;
	wb_dirty(wb);
}

static const struct display_hooks display_hooks = { on_key, on_resized, on_resumed, on_drained, on_ended };
static const struct model_hooks model_hooks = { on_changed, actions_answered };

/* --- frames --- */

void wb_paint(struct workbench *wb)
{
	canvas_clear(&wb->canvas);
	screen_paint(wb);
	display_show(wb->display, &wb->canvas, &wb->theme);
	wb->painted_ms = clock_mono_ms();
	wb->dirty = wb->urgent = false;
}

static void paint_due(void *arg)
{
	struct workbench *wb = arg;

	wb->paint_timer = NULL;
}

/* A frame for a key comes at once, the others at the pace that was set; none while the terminal is busy. */
static void paint_when_due(struct workbench *wb)
{
	int64_t wait = wb->painted_ms + 1000 / wb->settings.fps - clock_mono_ms();

	if (!wb->dirty || !display_ready(wb->display))
		return;
	if (wb->urgent || wait <= 0 || wb->script) {
		loop_remove_timer(wb->loop, wb->paint_timer);
		wb->paint_timer = NULL;
		wb_paint(wb);
	} else if (!wb->paint_timer) {
		wb->paint_timer = loop_add_timer(wb->loop, wait, paint_due, wb);
	}
}

/* Nothing more will come of a run that is gone: asked once, and not in the middle of what is being typed. */
static void offer_to_leave(struct workbench *wb)
{
	if (wb->model->gone == wb->was_gone || (wb->model->gone && wb->prompt.kind != PROMPT_CLOSED))
		return;
	wb->was_gone = wb->model->gone;
	if (wb->model->gone) {
		wb->use = (struct prompt_use){ .request = REQ_QUIT };
		prompt_open(&wb->prompt, PROMPT_CONFIRM, "The run is gone: its directory was deleted or moved away. Quit? y quits: ", "");
	} else if (wb->prompt.kind == PROMPT_CONFIRM && wb->use.request == REQ_QUIT) {
		prompt_close(&wb->prompt);
	}
	wb_dirty(wb);
}

/* While something runs the clock alone changes the screen; else only ages do, and they have time. */
static void tick(void *arg)
{
	struct workbench *wb = arg;
	int64_t quiet = clock_mono_ms() - wb->painted_ms;

	wb->tick_timer = loop_add_timer(wb->loop, wb->settings.seconds * 1000, tick, wb);
	if (model_ticks(wb->model) || quiet >= IDLE_TICK_S * 1000)
		wb_dirty(wb);
}

static bool is_idle(struct workbench *wb)
{
	return !wb->dirty && !model_busy(wb->model) && !display_key_waits(wb->display);
}

static void run_script(struct workbench *wb)
{
	if (!wb->script || !is_idle(wb) || script_step(wb->script, wb))
		return;
	script_free(wb->script);
	wb->script = NULL;
	wb->quit |= getenv("AVO_SCRIPT_STAYS") == NULL;
}

static void run(struct workbench *wb)
{
	bool command_waits = wb->options->command != NULL;

	wb_paint(wb);
	while (!wb->quit) {
		loop_once(wb->loop, wb->script ? 5 : -1);
		if (command_waits && wb->model->loaded) {
			command_waits = false;
			paint_when_due(wb);
			wb_command(wb, wb->options->command);
		}
		offer_to_leave(wb);
		paint_when_due(wb);
		run_script(wb);
		paint_when_due(wb);
	}
}

/* --- configuration --- */

static enum avo_status read_default_rc(struct workbench *wb, struct error *err)
{
	const char *cursor = keys_default_rc, *end = cursor + strlen(cursor), *line;
	enum avo_status st = AVO_OK;
	size_t len;

	while (st == AVO_OK && str_next_line(&cursor, end, &line, &len)) {
		char *copy = xstrndup(line, len);

		st = wb_execute(wb, str_trim(copy), err);
		free(copy);
	}
	return st;
}

static void read_user_rc(struct workbench *wb)
{
	const char *named = getenv("AVO_RC"), *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct error err = { 0 };
	char *path = named ? xstrdup(named) : config && config[0] ? path_join(config, "avo/avorc") :
		     home ? path_join(home, ".config/avo/avorc") : NULL;

	if (path && path[0] && wb_source(wb, path, named != NULL && named[0], &err) != AVO_OK)
		wb_note(wb, STYLE_ERROR, "%s", err.text);
	free(path);
}

static bool locale_is_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

static bool wants_color(const struct workbench_options *o)
{
	const char *no_color = getenv("NO_COLOR");

	return o->color && !(no_color && no_color[0]);
}

static enum avo_status open_model(struct workbench *wb, struct error *err)
{
	const struct workbench_options *o = wb->options;
	struct model_options m = {
		.run_dir = o->run_dir,
		.journal_dir = o->replay,
		.read_only = o->read_only,
		.replay = o->replay != NULL,
		.speed = o->replay_speed,
	};

	return model_new(&wb->model, &m, wb->loop, &model_hooks, wb, err);
}

static enum avo_status open_all(struct workbench *wb, struct error *err)
{
	const char *script = getenv("AVO_SCRIPT");
	struct display_options d = { .color = wants_color(wb->options), .without_terminal = script && script[0] };
	int cols, rows;
	enum avo_status st;

	if (d.without_terminal && (st = script_open(&wb->script, script, err)) != AVO_OK)
		return st;
	if ((st = loop_new(&wb->loop, err)) != AVO_OK ||
	    (st = open_model(wb, err)) != AVO_OK ||
	    (st = display_open(&wb->display, wb->loop, &d, &display_hooks, wb, err)) != AVO_OK)
		return st;
	display_size(wb->display, &cols, &rows);
	canvas_init(&wb->canvas, cols, rows, wb->options->ascii || !locale_is_utf8());
	theme_init(&wb->theme, display_depth(wb->display));
	settings_init(&wb->settings);
	screen_open(wb);
	st = read_default_rc(wb, err);
	if (st == AVO_OK)
		read_user_rc(wb);
	return st;
}

static void close_all(struct workbench *wb)
{
	display_close(wb->display);
	screen_release(wb);
	model_free(wb->model);
	loop_free(wb->loop);
	script_free(wb->script);
	prompt_release(&wb->prompt);
	keymap_release(&wb->keys);
	canvas_release(&wb->canvas);
	free(wb);
}

enum avo_status workbench_run(const struct workbench_options *o, struct error *err)
{
	struct workbench *wb = xcalloc(1, sizeof(*wb));
	char word[PATH_WORD_SIZE];
	enum avo_status st;

	setlocale(LC_CTYPE, "");
	tzset();
	wb->options = o;
	st = open_all(wb, err);
	if (st == AVO_OK) {
		wb->tick_timer = loop_add_timer(wb->loop, 1000, tick, wb);
		run(wb);
		if (wb->exit_status && !wb->model->gone)
			st = error_set(err, AVO_ENVIRONMENT, "%s; the run goes on, come back with: avo attach %s", wb->ended,
				       path_word(word, model_run_dir(wb->model)));
		else if (wb->model->gone)
			st = error_set(err, AVO_ENVIRONMENT, "the run is gone: %s was deleted or moved away", model_run_dir(wb->model));
	}
	close_all(wb);
	return st;
}
