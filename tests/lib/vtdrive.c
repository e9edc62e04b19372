/*
 * vtdrive COLUMNS ROWS SCRIPT -- PROGRAM [ARGUMENT...]: runs a program on a
 * pseudo-terminal of its own, behind a real terminal emulator (libvterm), and
 * does what the script says; assertions print TAP lines. Exits 0 when all held.
 *
 *   key TEXT              types; \e \r \t \n \\ and \xNN are understood
 *   wait MS TEXT          TEXT appears on the screen within MS
 *   absent TEXT           TEXT is nowhere on the screen
 *   quiet MS              reads until nothing came for MS
 *   bytes MS MAX NAME     over MS, at most MAX bytes come
 *   latency MS NAME       the first byte after the last key came within MS
 *   look TEXT ATTRIBUTES  the first cell of TEXT is drawn with: bold reverse underline fg bg plain
 *   size COLUMNS ROWS     another size, and SIGWINCH
 *   signal NAME           TERM HUP INT TSTP CONT SEGV STOP
 *   stopped MS            the program has stopped within MS
 *   hangup                the terminal goes away
 *   exit STATUS MS        it has ended within MS with this status (minus a signal's number)
 *   restored NAME         main screen, cursor visible, line discipline as at the start
 *   cpu MS MAX NAME       over MS it used at most MAX milliseconds of processor time
 *   dump FILE             the screen as text
 *   shell COMMAND         a shell command, while the terminal is read; it must succeed
 *   stall MS [TEXT]       nothing is read for MS, or until the program has ended: a terminal that is held, a link
 *                         that is dead; TEXT is typed ten times a second meanwhile
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <vterm.h>

static struct {
	VTerm *vt;
	VTermScreen *screen;
	int fd;				/* the terminal's side; -1 after a hang-up */
	pid_t pid;
	int cols, rows;
	long bytes;			/* received since the start */
	double key_ms, answer_ms;	/* of the last key, and of the first byte behind it */
	bool alternate, cursor;		/* as the program has set them */
	struct termios before;
	int status;			/* of waitpid, when ended */
	bool ended, stopped;
} t;

static int count, failed;

__attribute__((format(printf, 2, 3))) static void tap(bool ok, const char *fmt, ...)
{
	va_list args;


	count++;
	failed += !ok;
	printf("%sok %d - ", ok ? "" : "not ", count);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/* --- the emulator --- */

static void answer(const char *bytes, size_t len, void *user)
{
	ssize_t n = t.fd >= 0 ? write(t.fd, bytes, len) : 0;

	(void)n;
}

static int on_property(VTermProp prop, VTermValue *value, void *user)
{
	if (prop == VTERM_PROP_ALTSCREEN)
		t.alternate = value->boolean;
	if (prop == VTERM_PROP_CURSORVISIBLE)
		t.cursor = value->boolean;
	return 1;
}

static const VTermScreenCallbacks callbacks = { .settermprop = on_property };

static void start_emulator(void)
{
	t.vt = vterm_new(t.rows, t.cols);
	vterm_set_utf8(t.vt, 1);
	vterm_output_set_callback(t.vt, answer, NULL);
	t.screen = vterm_obtain_screen(t.vt);
	vterm_screen_set_callbacks(t.screen, &callbacks, NULL);
	vterm_screen_enable_altscreen(t.screen, 1);
	vterm_screen_reset(t.screen, 1);
	t.cursor = true;
}

static void reap(void)
{
	int status;

	if (t.ended || waitpid(t.pid, &status, WNOHANG | WUNTRACED | WCONTINUED) != t.pid)
		return;
	t.stopped = WIFSTOPPED(status);
	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		t.ended = true;
		t.status = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
	}
}

/* Takes in what comes within ms; false when nothing did. */
static bool pump(int ms)
{
	struct pollfd p = { .fd = t.fd, .events = POLLIN };
	char buf[65536];
	ssize_t n;

	reap();
	if (t.fd < 0 || poll(&p, 1, ms) <= 0) {
		if (t.fd < 0)
			poll(NULL, 0, ms);
		return false;
	}
	n = read(t.fd, buf, sizeof(buf));
	if (n <= 0) {		/* nobody holds the other side any more */
		poll(NULL, 0, ms < 10 ? ms : 10);
		return false;
	}
	if (t.answer_ms < t.key_ms)
		t.answer_ms = now_ms();
	t.bytes += n;
	vterm_input_write(t.vt, buf, (size_t)n);
	vterm_screen_flush_damage(t.screen);
	return true;
}

static size_t put_code(char *out, uint32_t c)
{
	size_t n = 0;

	if (c < 0x80) {
		out[n++] = (char)c;
	} else if (c < 0x800) {
		out[n++] = (char)(0xc0 | c >> 6);
		out[n++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		out[n++] = (char)(0xe0 | c >> 12);
		out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (c & 0x3f));
	} else {
		out[n++] = (char)(0xf0 | c >> 18);
		out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (c & 0x3f));
	}
	return n;
}

/* One row as UTF-8; column[i] is the screen column of byte i. */
static void row_text(int y, char *out, int *column)
{
	size_t len = 0;
	int x;

	for (x = 0; x < t.cols && len < 4000; x++) {
		VTermScreenCell cell;
		VTermPos pos = { y, x };
		size_t n, i;

		vterm_screen_get_cell(t.screen, pos, &cell);
		if (cell.chars[0] == (uint32_t)-1)
			continue;
		n = put_code(out + len, cell.chars[0] ? cell.chars[0] : ' ');
		for (i = 0; i < n; i++)
			column[len + i] = x;
		len += n;
	}
	while (len && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

static bool find(const char *text, VTermPos *pos)
{
	char line[4100];
	int column[4100], y;

	for (y = 0; y < t.rows; y++) {
		const char *at;

		row_text(y, line, column);
		at = strstr(line, text);
		if (at) {
			*pos = (VTermPos){ y, column[at - line] };
			return true;
		}
	}
	return false;
}

static void dump(FILE *out, const char *prefix)
{
	char line[4100];
	int column[4100], y;

	for (y = 0; y < t.rows; y++) {
		row_text(y, line, column);
		fprintf(out, "%s%s\n", prefix, line);
	}
}

/* --- the script --- */

static void unescape(char *s)
{
	char *out = s, hex[3] = "";

	for (; *s; s++) {
		if (*s != '\\' || !s[1]) {
			*out++ = *s;
			continue;
		}
		s++;
		if (*s == 'x' && s[1] && s[2]) {
			memcpy(hex, s + 1, 2);
			*out++ = (char)strtol(hex, NULL, 16);
			s += 2;
		} else {
			*out++ = *s == 'e' ? '\033' : *s == 'r' ? '\r' : *s == 't' ? '\t' : *s == 'n' ? '\n' : *s;
		}
	}
	*out = '\0';
}

static void do_key(char *text)
{
	ssize_t n;

	unescape(text);
	while (pump(0))
		;
	t.key_ms = now_ms();
	n = write(t.fd, text, strlen(text));
	(void)n;
}

static void do_wait(char *text)
{
	char *end;
	double until = now_ms() + (double)strtol(text, &end, 10);
	VTermPos pos;
	bool seen;

	while (*end == ' ')
		end++;
	while (!(seen = find(end, &pos)) && now_ms() < until && !t.ended)
		pump(20);
	tap(seen, "shows: %s%s", end, "");
	if (!seen)
		dump(stdout, "# ");
}

static void do_bytes(int ms, long max, const char *name)
{
	double until = now_ms() + ms;
	long before = t.bytes;
	char number[64];

	while (now_ms() < until)
		pump(20);
	snprintf(number, sizeof(number), "%ld bytes in %d ms, %ld allowed", t.bytes - before, ms, max);
	tap(t.bytes - before <= max, "%s: %s", name, number);
}

static void do_latency(int ms, const char *name)
{
	double until = now_ms() + 5000;
	char number[64];

	while (t.answer_ms < t.key_ms && now_ms() < until)
		pump(1);
	snprintf(number, sizeof(number), "%.1f ms, %d allowed", t.answer_ms - t.key_ms, ms);
	tap(t.answer_ms >= t.key_ms && t.answer_ms - t.key_ms <= ms, "%s: %s", name, number);
}

static bool has_look(const VTermScreenCell *cell, const char *word)
{
	if (strcmp(word, "bold") == 0)
		return cell->attrs.bold;
	if (strcmp(word, "reverse") == 0)
		return cell->attrs.reverse;
	if (strcmp(word, "underline") == 0)
		return cell->attrs.underline != 0;
	if (strcmp(word, "fg") == 0)
		return !VTERM_COLOR_IS_DEFAULT_FG(&cell->fg);
	if (strcmp(word, "bg") == 0)
		return !VTERM_COLOR_IS_DEFAULT_BG(&cell->bg);
	if (strcmp(word, "plain") == 0)		/* no colour at all */
		return VTERM_COLOR_IS_DEFAULT_FG(&cell->fg) && VTERM_COLOR_IS_DEFAULT_BG(&cell->bg);
	return false;
}

static void do_look(char *text)
{
	char *word = strtok(text, " "), *look;
	VTermScreenCell cell;
	VTermPos pos;
	bool ok = find(word, &pos);

	if (ok)
		vterm_screen_get_cell(t.screen, pos, &cell);
	while ((look = strtok(NULL, " ")) != NULL)
		tap(ok && has_look(&cell, look), "'%s' is drawn %s", word, look);
}

static void do_size(int cols, int rows)
{
	struct winsize w = { .ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols };

	t.cols = cols;
	t.rows = rows;
	vterm_set_size(t.vt, rows, cols);
	ioctl(t.fd, TIOCSWINSZ, &w);	/* the kernel sends SIGWINCH to the foreground group */
}

static int signal_number(const char *name)
{
	static const struct { const char *name; int number; } signals[] = {
		{ "TERM", SIGTERM }, { "HUP", SIGHUP }, { "INT", SIGINT }, { "TSTP", SIGTSTP }, { "CONT", SIGCONT }, { "SEGV", SIGSEGV }, { "STOP", SIGSTOP },
	};
	size_t i;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	return 0;
}

static void do_stopped(int ms)
{
	double until = now_ms() + ms;

	while (!t.stopped && !t.ended && now_ms() < until)
		pump(10);
	tap(t.stopped, "%s%s", "the program has stopped", "");
}

static void do_exit(int status, int ms)
{
	double until = now_ms() + ms, start = now_ms();
	char number[80];

	while (!t.ended && now_ms() < until)
		pump(10);
	while (pump(20))
		;
	snprintf(number, sizeof(number), "status %d wanted, %d after %.0f ms", status, t.ended ? t.status : 999, now_ms() - start);
	tap(t.ended && t.status == status, "%s: %s", t.ended ? "ended" : "still runs", number);
}

static void do_restored(const char *name)
{
	struct termios after;
	bool modes = tcgetattr(t.fd, &after) == 0 && after.c_lflag == t.before.c_lflag && after.c_iflag == t.before.c_iflag &&
		     after.c_oflag == t.before.c_oflag;

	while (pump(50))
		;
	tap(!t.alternate, "%s: %s", name, "the main screen is back");
	tap(t.cursor, "%s: %s", name, "the cursor is visible");
	tap(modes, "%s: %s", name, "the line discipline is as before");
}

static long cpu_ms(void)
{
	char path[64], text[1024];
	unsigned long user = 0, system = 0;
	FILE *f;
	char *at;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)t.pid);
	f = fopen(path, "r");
	if (!f)
		return 0;
	if (fgets(text, sizeof(text), f) && (at = strrchr(text, ')')) != NULL)
		sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	fclose(f);
	return (long)((user + system) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

static void do_cpu(int ms, long max, const char *name)
{
	long before = cpu_ms(), used;
	double until = now_ms() + ms;
	char number[64];

	while (now_ms() < until)
		pump(20);
	used = cpu_ms() - before;
	snprintf(number, sizeof(number), "%ld ms of processor in %d ms, %ld allowed", used, ms, max);
	tap(used <= max, "%s: %s", name, number);
}

/* Its output becomes TAP comments. */
static void do_shell(const char *command)
{
	double until = now_ms() + 30000;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		dup2(STDOUT_FILENO, STDERR_FILENO);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, WNOHANG) == 0 && now_ms() < until)
		pump(20);
	tap(pid > 0 && status == 0 && now_ms() < until, "$ %s%s", command, "");
}

static void do_stall(char *text)
{
	double start = now_ms(), typed = start;
	double until = start + (double)strtol(text, &text, 10);

	text += *text == ' ';
	unescape(text);
	for (; now_ms() < until && !t.ended; reap()) {
		if (*text && now_ms() >= typed) {
			ssize_t n = write(t.fd, text, strlen(text));

			(void)n;
			typed += 100;
		}
		poll(NULL, 0, 10);
	}
}

static void run_line(char *line)
{
	char name[256] = "";
	int a = 0, b = 0;
	VTermPos pos;
	char *rest = strchr(line, ' ');
	FILE *f;

	if (rest)
		*rest++ = '\0';
	else
		rest = line + strlen(line);
	if (strcmp(line, "key") == 0)
		do_key(rest);
	else if (strcmp(line, "wait") == 0)
		do_wait(rest);
	else if (strcmp(line, "absent") == 0)
		tap(!find(rest, &pos), "does not show: %s%s", rest, "");
	else if (strcmp(line, "quiet") == 0)
		while (pump(atoi(rest)))
			;
	else if (strcmp(line, "bytes") == 0 && sscanf(rest, "%d %d %255[^\n]", &a, &b, name) == 3)
		do_bytes(a, b, name);
	else if (strcmp(line, "latency") == 0 && sscanf(rest, "%d %255[^\n]", &a, name) == 2)
		do_latency(a, name);
	else if (strcmp(line, "look") == 0)
		do_look(rest);
	else if (strcmp(line, "size") == 0 && sscanf(rest, "%d %d", &a, &b) == 2)
		do_size(a, b);
	else if (strcmp(line, "signal") == 0)
		kill(t.pid, signal_number(rest));
	else if (strcmp(line, "stopped") == 0)
		do_stopped(atoi(rest));
	else if (strcmp(line, "hangup") == 0)
		close(t.fd), t.fd = -1;
	else if (strcmp(line, "exit") == 0 && sscanf(rest, "%d %d", &a, &b) == 2)
		do_exit(a, b);
	else if (strcmp(line, "restored") == 0)
		do_restored(rest);
	else if (strcmp(line, "cpu") == 0 && sscanf(rest, "%d %d %255[^\n]", &a, &b, name) == 3)
		do_cpu(a, b, name);
	else if (strcmp(line, "shell") == 0)
		do_shell(rest);
	else if (strcmp(line, "stall") == 0)
		do_stall(rest);
	else if (strcmp(line, "dump") == 0 && (f = fopen(rest, "w")) != NULL)
		dump(f, ""), fclose(f);
	else
		tap(false, "script: '%s %s' is not understood", line, rest);
}

int main(int argc, char **argv)
{
	struct winsize w;
	char line[4096];
	FILE *script;

	if (argc < 6 || strcmp(argv[4], "--") != 0 || !(script = fopen(argv[3], "r"))) {
		fputs("usage: vtdrive COLUMNS ROWS SCRIPT -- PROGRAM [ARGUMENT...]\n", stderr);
		return 2;
	}
	t.cols = atoi(argv[1]);
	t.rows = atoi(argv[2]);
	w = (struct winsize){ .ws_row = (unsigned short)t.rows, .ws_col = (unsigned short)t.cols };
	start_emulator();
	t.pid = forkpty(&t.fd, NULL, NULL, &w);
	if (t.pid < 0) {
		perror("forkpty");
		return 2;
	}
	if (t.pid == 0) {
		execvp(argv[5], argv + 5);
		_exit(127);
	}
	tcgetattr(t.fd, &t.before);
	while (fgets(line, sizeof(line), script)) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && line[0] != '#')
			run_line(line);
	}
	fclose(script);
	if (!t.ended) {
		kill(t.pid, SIGKILL);
		kill(t.pid, SIGCONT);
		waitpid(t.pid, NULL, 0);
	}
	vterm_free(t.vt);
	return failed ? 1 : 0;
}
