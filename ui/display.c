#include "avo.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/str.h"
#include "ui/display.h"
#include "ui/input.h"

#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#define ESCAPE_MS 25		/* how long ESC waits for the rest of a sequence */
#define MAX_PAIRS 240
#define LAST_WORDS_MS 1000	/* how long a terminal that takes nothing is waited for on the way out */

struct display {
	struct loop *loop;
	struct display_hooks hooks;
	void *arg;
	SCREEN *screen;
	FILE *memory;			/* what curses writes goes here */
	int memory_fd;
	int tty;			/* -1: none; our own open file, not blocking */
	struct loop_fd *watch;
	struct loop_timer *escape_timer;
	struct buf out;			/* bytes the terminal has not taken yet */
	struct input input;
	struct canvas shown;		/* what the terminal shows */
	bool all;			/* every cell must be sent */
	bool away;			/* the terminal is somebody else's */
	enum color_depth depth;
	int cursor;			/* curs_set as it is */
	struct { short fg, bg; } pairs[MAX_PAIRS];
	int pair_count;
	int cols, rows;
};

/*
 * What puts the terminal back, kept where a signal handler may use it: a
 * crash has no time for curses.
 */
static struct {
	int tty;
	bool active;
	struct termios before;
	char bytes[512];
	size_t len;
} rescue = { .tty = -1 };

static void rescue_terminal(void)
{
	ssize_t n;

	if (!rescue.active)
		return;
	rescue.active = false;
	/* the frame being written must not hold up the way out: wait a little, then write what fits */
	n = write(rescue.tty, rescue.bytes, rescue.len);
	(void)n;
	tcsetattr(rescue.tty, TCSANOW, &rescue.before);
}

static void crashed(int sig)
{
	rescue_terminal();
	signal(sig, SIG_DFL);
	raise(sig);
}

static void catch_crashes(bool on)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
	static struct sigaction before[ARRAY_LEN(signals)];
	struct sigaction sa = { .sa_handler = crashed, .sa_flags = (int)SA_RESETHAND | SA_NODEFER };
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		sigaction(signals[i], on ? &sa : &before[i], on ? &before[i] : NULL);
}

/* --- bytes out --- */

static void watch_for(struct display *d)
{
	if (d->watch)
		loop_set_events(d->watch, (short)(POLLIN | (d->out.len ? POLLOUT : 0)));
}

static void send_out(struct display *d)
{
	while (d->out.len && d->tty >= 0) {
		ssize_t n = write(d->tty, d->out.data, d->out.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_consume(&d->out, (size_t)n);
	}
	if (d->tty < 0)
		buf_clear(&d->out);
	watch_for(d);
}

/* Moves what curses wrote into the queue. */
static void collect(struct display *d)
{
	off_t size;
	char *room;

	fflush(d->memory);
	size = lseek(d->memory_fd, 0, SEEK_END);
	if (size <= 0)
		return;
	room = buf_reserve(&d->out, (size_t)size);
	if (room && pread(d->memory_fd, room, (size_t)size, 0) == size)
		buf_commit(&d->out, (size_t)size);
	if (ftruncate(d->memory_fd, 0) == 0)
		lseek(d->memory_fd, 0, SEEK_SET);
}

bool display_ready(const struct display *d)
{
	return !d->out.len && !d->away;
}

/* --- keys in --- */

static void give_keys(struct display *d, bool flush);

static void escape_due(void *arg)
{
	struct display *d = arg;

	d->escape_timer = NULL;
	give_keys(d, true);
}

static void give_keys(struct display *d, bool flush)
{
	uint32_t key;

	while (!d->away && (key = input_next(&d->input, flush)) != KEY_NONE) {
		flush = false;
		d->hooks.key(d->arg, key);
	}
	loop_remove_timer(d->loop, d->escape_timer);
	d->escape_timer = input_waits(&d->input) ? loop_add_timer(d->loop, ESCAPE_MS, escape_due, d) : NULL;
}

bool display_key_waits(const struct display *d)
{
	return input_waits(&d->input);
}

static void terminal_gone(struct display *d)
{
	loop_remove_fd(d->loop, d->watch);
	d->watch = NULL;
	rescue.active = false;		/* nobody is there to be restored */
	d->hooks.ended(d->arg, "the terminal is gone", 3);
}

static void terminal_ready(void *arg, int fd, short revents)
{
	struct display *d = arg;
	char bytes[128];
	ssize_t n;

	if (revents & (POLLHUP | POLLERR | POLLNVAL)) {
		terminal_gone(d);
		return;
	}
	if (revents & POLLOUT) {
		send_out(d);
		if (!d->out.len)
			d->hooks.drained(d->arg);
	}
	if (!(revents & POLLIN))
		return;
	n = read(fd, bytes, sizeof(bytes));
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		terminal_gone(d);
		return;
	}
	if (n > 0) {
		input_feed(&d->input, bytes, (size_t)n);
		give_keys(d, false);
	}
}

/* --- modes of the terminal --- */

static void raw_mode(struct display *d)
{
	struct termios raw = rescue.before;

	raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | IGNCR | INLCR | ISTRIP | IXON);
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | ISIG);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	tcsetattr(d->tty, TCSADRAIN, &raw);
}

static void terminal_size(struct display *d)
{
	const char *env_rows = getenv("LINES"), *env_cols = getenv("COLUMNS");
	struct winsize w;
	long n;

	d->cols = 80;
	d->rows = 24;
	if (d->tty >= 0 && ioctl(d->tty, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row) {
		d->cols = w.ws_col;
		d->rows = w.ws_row;
		return;
	}
	if (env_rows && str_to_long(&n, env_rows, 1, 1000))
		d->rows = (int)n;
	if (env_cols && str_to_long(&n, env_cols, 1, 1000))
		d->cols = (int)n;
}

void display_redraw(struct display *d)
{
	d->all = true;
}

void display_resize(struct display *d, int cols, int rows)
{
	d->cols = cols;
	d->rows = rows;
	resizeterm(rows, cols);
	display_redraw(d);
	d->hooks.resized(d->arg, cols, rows);
}

/* The last words must arrive before anybody else writes; a terminal that takes nothing is not waited for. */
static void send_last(struct display *d)
{
	int64_t until = clock_mono_ms() + LAST_WORDS_MS, left;

	send_out(d);
	while (d->out.len && (left = until - clock_mono_ms()) > 0) {
		struct pollfd p = { .fd = d->tty, .events = POLLOUT };

		if (poll(&p, 1, (int)left) > 0 && p.revents & (POLLHUP | POLLERR | POLLNVAL))
			break;
		send_out(d);
	}
	if (!d->out.len)
		return;
	/* what waits in front of it is given up, so that whoever reads the terminal next finds it put back */
	buf_clear(&d->out);
	tcflush(d->tty, TCOFLUSH);
	buf_add(&d->out, rescue.bytes, rescue.len);
	send_out(d);
	buf_clear(&d->out);
}

void display_leave(struct display *d)
{
	if (d->away)
		return;
	d->away = true;
	endwin();
	collect(d);
	if (d->tty < 0) {
		buf_clear(&d->out);
		return;
	}
	send_last(d);
	tcsetattr(d->tty, TCSANOW, &rescue.before);
	rescue.active = false;
}

void display_return(struct display *d)
{
	int cols = d->cols, rows = d->rows;

	if (!d->away)
		return;
	d->away = false;
	if (d->tty >= 0) {
		rescue.active = true;
		raw_mode(d);
		terminal_size(d);
	}
	if (cols != d->cols || rows != d->rows)
		display_resize(d, d->cols, d->rows);
	display_redraw(d);
	d->hooks.resumed(d->arg);
}

void display_suspend(struct display *d)
{
	if (d->tty < 0)
		return;
	display_leave(d);
	raise(SIGSTOP);
	display_return(d);
}

static void on_signal(void *arg, int sig)
{
	struct display *d = arg;

	switch (sig) {
	case SIGWINCH:
		if (d->tty < 0)
			return;
		terminal_size(d);
		display_resize(d, d->cols, d->rows);
		break;
	case SIGTSTP:
		display_suspend(d);
		break;
	case SIGCONT:
		if (!d->away) {		/* stopped by force: the shell has used the terminal meanwhile */
			d->away = true;
			display_return(d);
		}
		break;
	case SIGHUP:
		d->hooks.ended(d->arg, "the terminal hung up", 3);
		break;
	case SIGTERM:
		d->hooks.ended(d->arg, "told to end", 0);
		break;
	default:
		d->hooks.ended(d->arg, "interrupted", 0);
	}
}

/* --- opening and closing --- */

static enum avo_status find_terminal(struct display *d, const struct display_options *o, struct error *err)
{
	char name[128];

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		if (o->without_terminal)
			return AVO_OK;
		return error_set(err, AVO_ENVIRONMENT, "the workbench needs a terminal on standard input and output; "
				 "without one, use avo status, avo log or avo run --headless");
	}
	if (ttyname_r(STDOUT_FILENO, name, sizeof(name)) == 0)
		d->tty = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (d->tty < 0)
		d->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (d->tty < 0 || tcgetattr(d->tty, &rescue.before) < 0)
		return error_errno(err, errno, "cannot open the terminal");
	rescue.tty = d->tty;
	return AVO_OK;
}

static const char *capability(const char *name)
{
	char *s = tigetstr(name);

	return s && s != (char *)-1 ? s : NULL;
}

static void learn_keys(struct input *in)
{
	static const struct { uint32_t key; const char *name; } keys[] = {
		{ KEY_ARROW_UP, "kcuu1" }, { KEY_ARROW_DOWN, "kcud1" }, { KEY_ARROW_LEFT, "kcub1" }, { KEY_ARROW_RIGHT, "kcuf1" },
		{ KEY_PAGE_UP, "kpp" }, { KEY_PAGE_DOWN, "knp" }, { KEY_TO_HOME, "khome" }, { KEY_TO_END, "kend" },
		{ KEY_DEL, "kdch1" }, { KEY_INSERT, "kich1" }, { KEY_SHIFT_TAB, "kcbt" },
	};
	size_t i;

	for (i = 0; i < ARRAY_LEN(keys); i++)
		in->sequences[keys[i].key - KEY_FIRST_SPECIAL] = capability(keys[i].name);
}

static enum avo_status start_curses(struct display *d, const struct display_options *o, struct error *err)
{
	const char *term = getenv("TERM");

	d->memory_fd = memfd_create("avo-frame", MFD_CLOEXEC);
	d->memory = d->memory_fd < 0 ? NULL : fdopen(d->memory_fd, "w+");
	if (!d->memory)
		return error_errno(err, errno, "cannot make memory for frames");
	use_env(FALSE);
	d->screen = newterm(NULL, d->memory, stdin);
	if (!d->screen)
		return error_set(err, AVO_ENVIRONMENT, "the terminal type TERM=%s is not known on this machine; try TERM=xterm-256color, or TERM=vt100",
				 term ? term : "");
	typeahead(-1);
	terminal_size(d);
	resizeterm(d->rows, d->cols);
	intrflush(NULL, FALSE);
	leaveok(stdscr, FALSE);
	scrollok(stdscr, FALSE);
	if (has_colors() && start_color() == OK && use_default_colors() == OK)
		d->depth = !o->color ? COLOR_NONE : COLORS >= 256 ? COLOR_256 : COLORS >= 8 ? COLOR_8 : COLOR_NONE;
	learn_keys(&d->input);
	return AVO_OK;
}

/* endwin() says once how this terminal is put back; the first frame takes it again. */
static void learn_rescue(struct display *d)
{
	const char *visible = capability("cnorm");

	endwin();
	buf_clear(&d->out);
	collect(d);
	if (visible)		/* curses has not hidden the cursor yet, and so does not show it here */
		buf_addstr(&d->out, visible);
	rescue.len = d->out.len < sizeof(rescue.bytes) ? d->out.len : sizeof(rescue.bytes);
	if (rescue.len)
		memcpy(rescue.bytes, d->out.data, rescue.len);
	buf_clear(&d->out);
}

static void listen_to_signals(struct display *d)
{
	static const int signals[] = { SIGWINCH, SIGTSTP, SIGCONT, SIGHUP, SIGTERM, SIGINT, SIGQUIT };
	size_t i;

	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < ARRAY_LEN(signals); i++)
		loop_on_signal(d->loop, signals[i], on_signal, d);
}

enum avo_status display_open(struct display **out, struct loop *loop, const struct display_options *o,
			     const struct display_hooks *hooks, void *arg, struct error *err)
{
	struct display *d = xcalloc(1, sizeof(*d));
	enum avo_status st;

	d->loop = loop;
	d->hooks = *hooks;
	d->arg = arg;
	d->tty = d->memory_fd = -1;
	d->cursor = 1;
	st = find_terminal(d, o, err);
	if (st == AVO_OK)
		st = start_curses(d, o, err);
	if (st != AVO_OK) {
		display_close(d);
		return st;
	}
	learn_rescue(d);
	listen_to_signals(d);
	if (d->tty >= 0) {
		rescue.active = true;
		catch_crashes(true);
		mem_set_die_hook(rescue_terminal);
		raw_mode(d);
		d->watch = loop_add_fd(loop, d->tty, POLLIN, terminal_ready, d);
	}
	canvas_init(&d->shown, d->cols, d->rows, false);
	d->all = true;
	*out = d;
	return AVO_OK;
}

void display_close(struct display *d)
{
	if (!d)
		return;
	if (d->screen) {
		loop_remove_timer(d->loop, d->escape_timer);
		loop_remove_fd(d->loop, d->watch);
		d->watch = NULL;
		if (rescue.active || d->tty < 0)
			display_leave(d);
		delscreen(d->screen);
		mem_set_die_hook(NULL);
		if (d->tty >= 0)
			catch_crashes(false);
	}
	if (d->memory)
		fclose(d->memory);
	else if (d->memory_fd >= 0)
		close(d->memory_fd);
	if (d->tty >= 0)
		close(d->tty);
	rescue.tty = -1;
	canvas_release(&d->shown);
	buf_release(&d->out);
	free(d);
}

void display_size(const struct display *d, int *cols, int *rows)
{
	*cols = d->cols;
	*rows = d->rows;
}

enum color_depth display_depth(const struct display *d)
{
	return d->depth;
}

/* --- frames --- */

static short pair_of(struct display *d, short fg, short bg)
{
	int i;

	if (d->depth == COLOR_NONE || (fg < 0 && bg < 0))
		return 0;
	for (i = 0; i < d->pair_count; i++)
		if (d->pairs[i].fg == fg && d->pairs[i].bg == bg)
			return (short)(i + 1);
	if (d->pair_count == MAX_PAIRS || d->pair_count + 1 >= COLOR_PAIRS || init_pair((short)(d->pair_count + 1), fg, bg) == ERR)
		return 0;
	d->pairs[d->pair_count].fg = fg;
	d->pairs[d->pair_count].bg = bg;
	return (short)++d->pair_count;
}

static attr_t attr_of(unsigned attr)
{
	return (attr & ATTR_BOLD ? A_BOLD : 0) | (attr & ATTR_DIM ? A_DIM : 0) |
	       (attr & ATTR_UNDERLINE ? A_UNDERLINE : 0) | (attr & ATTR_REVERSE ? A_REVERSE : 0);
}

static void put_cell(struct display *d, const struct theme *t, const struct cell *cell, int x, int y)
{
	struct look look = theme_look(t, cell->style, cell->flags);
	wchar_t text[3] = { cell->ch, cell->mark, 0 };
	cchar_t out;

	if (setcchar(&out, text, attr_of(look.attr), pair_of(d, look.fg, look.bg), NULL) == OK)
		mvadd_wch(y, x, &out);
}

static bool same_cell(const struct cell *a, const struct cell *b)
{
	return a->ch == b->ch && a->mark == b->mark && a->style == b->style && a->flags == b->flags;
}

static void put_cells(struct display *d, const struct canvas *c, const struct theme *t)
{
	int x, y;

	for (y = 0; y < c->rows && y < d->rows; y++)
		for (x = 0; x < c->cols && x < d->cols; x++) {
			const struct cell *cell = canvas_cell(c, x, y);

			if (cell->ch && (d->all || !same_cell(cell, canvas_cell(&d->shown, x, y))))
				put_cell(d, t, cell, x, y);
		}
}

static void place_cursor(struct display *d, const struct canvas *c)
{
	int want = c->cursor_x >= 0;

	if (want != d->cursor) {
		curs_set(want);
		d->cursor = want;
	}
	if (want)
		move(c->cursor_y, c->cursor_x);
	else
		move(d->rows - 1, d->cols - 1);
}

void display_show(struct display *d, const struct canvas *c, const struct theme *t)
{
	if (d->away)
		return;
	if (d->shown.cols != c->cols || d->shown.rows != c->rows) {
		canvas_resize(&d->shown, c->cols, c->rows);
		d->all = true;
	}
	if (d->all) {
		werase(stdscr);
		clearok(curscr, TRUE);
	}
	/* the alternate screen comes first: some terminals keep the cursor's state with it */
	if (isendwin())
		doupdate();
	put_cells(d, c, t);
	place_cursor(d, c);
	wnoutrefresh(stdscr);
	doupdate();
	memcpy(d->shown.cells, c->cells, (size_t)c->cols * (size_t)c->rows * sizeof(*c->cells));
	d->all = false;
	collect(d);
	send_out(d);
}

void display_copy(struct display *d, const char *text)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(text), i;

	buf_addstr(&d->out, "\033]52;c;");
	for (i = 0; i < len; i += 3) {
		unsigned left = (unsigned)(len - i), b = (unsigned)(unsigned char)text[i] << 16;

		if (left > 1)
			b |= (unsigned)(unsigned char)text[i + 1] << 8;
		if (left > 2)
			b |= (unsigned char)text[i + 2];
		buf_addch(&d->out, digits[b >> 18]);
		buf_addch(&d->out, digits[b >> 12 & 63]);
		buf_addch(&d->out, left > 1 ? digits[b >> 6 & 63] : '=');
		buf_addch(&d->out, left > 2 ? digits[b & 63] : '=');
	}
	buf_addch(&d->out, '\a');
	send_out(d);
}
