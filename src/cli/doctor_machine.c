#include "avo.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/str.h"
#include "cli/doctor.h"

#include <fcntl.h>
#include <langinfo.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>
#include <unistd.h>

/* The machine itself: processor, clock, file system, terminal. */

void doctor_terminal(struct doctor *d)
{
	const char *term = getenv("TERM");
	struct winsize size = { 0 };

	if (!isatty(1)) {
		doctor_say(d, DOCTOR_NOTE, "terminal", NULL, "output is not a terminal here: avo run would print lines");
		return;
	}
	ioctl(1, TIOCGWINSZ, &size);
	if (!term || !*term || strcmp(term, "dumb") == 0)
		doctor_say(d, DOCTOR_NOTE, "terminal", "the workbench needs TERM, e.g. export TERM=xterm-256color",
			   "TERM is %s", term && *term ? term : "not set");
	else if (size.ws_col < 80 || size.ws_row < 24)
		doctor_say(d, DOCTOR_NOTE, "terminal", "the workbench works from 40x10; 80x24 and more is comfortable",
			   "%s, %dx%d", term, size.ws_col, size.ws_row);
	else
		doctor_say(d, DOCTOR_OK, "terminal", NULL, "%s, %dx%d%s", term, size.ws_col, size.ws_row,
			   getenv("NO_COLOR") ? ", NO_COLOR" : "");
}

void doctor_locale(struct doctor *d)
{
	const char *codeset = nl_langinfo(CODESET);

	if (strcmp(codeset, "UTF-8") == 0)
		doctor_say(d, DOCTOR_OK, "locale", NULL, "%s", codeset);
	else
		doctor_say(d, DOCTOR_NOTE, "locale", "charts and borders are drawn in ASCII; export LC_ALL=C.UTF-8 for the better ones",
			   "%s", codeset);
}

/* The value of a "name : value" line of /proc/cpuinfo. */
static bool cpu_line(char *out, size_t size, const struct buf *cpuinfo, const char *name)
{
	const char *cursor = buf_cstr(cpuinfo), *end = cursor + cpuinfo->len, *line, *colon;
	size_t len;

	while (str_next_line(&cursor, end, &line, &len)) {
		if (len < strlen(name) || strncmp(line, name, strlen(name)) != 0 || !(colon = memchr(line, ':', len)))
			continue;
		colon += 1 + strspn(colon + 1, " ");
		snprintf(out, size, "%.*s", (int)(line + len - colon), colon);
		return true;
	}
	return false;
}

static bool has_flag(const char *flags, const char *name)
{
	const char *at = flags;
	size_t len = strlen(name);

	while ((at = strstr(at, name))) {
		if ((at == flags || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
		at += len;
	}
	return false;
}

void doctor_processor(struct doctor *d)
{
	static const char *const features[] = { "avx2", "fma", "avx512f", "avx512_bf16", "amx_tile", "asimd", "sve" };
	char model[256] = "unknown processor", flags[8192] = "", governor[64] = "";
	struct buf info = BUF_INIT, have = BUF_INIT, text = BUF_INIT;
	cpu_set_t set;
	size_t i;

	path_read(&info, "/proc/cpuinfo", (size_t)16 << 20, NULL);
	cpu_line(model, sizeof(model), &info, "model name");
	if (!cpu_line(flags, sizeof(flags), &info, "flags"))
		cpu_line(flags, sizeof(flags), &info, "Features");
	for (i = 0; i < ARRAY_LEN(features); i++)
		if (has_flag(flags, features[i]))
			buf_printf(&have, " %s", features[i]);
	CPU_ZERO(&set);
	sched_getaffinity(0, sizeof(set), &set);
	if (path_read(&text, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", 64, NULL) == AVO_OK)
		snprintf(governor, sizeof(governor), "%s", str_trim(text.data));
	doctor_say(d, *governor && strcmp(governor, "performance") != 0 ? DOCTOR_NOTE : DOCTOR_OK, "processor",
		   *governor && strcmp(governor, "performance") != 0 ?
		   "the clock frequency varies; for steadier times: cpupower frequency-set -g performance" : NULL,
		   "%s, %d usable cores,%s%s%s", model, CPU_COUNT(&set), have.len ? buf_cstr(&have) : " no vector extensions known here",
		   *governor ? ", governor " : "", governor);
	buf_release(&info);
	buf_release(&have);
	buf_release(&text);
}

#define CLOCK_SAMPLES 101

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* The same arithmetic again and again: how far apart are its times? */
static double one_sample(void)
{
	int64_t start = clock_mono_ns();
	volatile double sink;
	double x = 1;
	int i;

	for (i = 0; i < 300000; i++)
		x = x * 1.0000001 + 1e-9;
	sink = x;
	(void)sink;
	return (double)(clock_mono_ns() - start);
}

void doctor_clock(struct doctor *d)
{
	struct buf source = BUF_INIT;
	double ns[CLOCK_SAMPLES], spread;
	const char *name;
	int i;

	for (i = 0; i < CLOCK_SAMPLES; i++)
		ns[i] = one_sample();
	qsort(ns, CLOCK_SAMPLES, sizeof(*ns), by_value);
	spread = (ns[CLOCK_SAMPLES * 9 / 10] - ns[CLOCK_SAMPLES / 10]) / ns[CLOCK_SAMPLES / 2] * 100;
	path_read(&source, "/sys/devices/system/clocksource/clocksource0/current_clocksource", 64, NULL);
	name = source.len ? str_trim(source.data) : "unknown source";
	doctor_say(d, spread > 5 ? DOCTOR_NOTE : DOCTOR_OK, "clock",
		   spread > 5 ? "something else uses this machine: comparisons take more pairs; stop other load to score faster" : NULL,
		   "%s, 80%% of equal work within %.1f%%", name, spread);
	buf_release(&source);
}

static const struct {
	unsigned long magic;
	const char *name;
	bool network;
} file_systems[] = {
	{ 0xef53, "ext4", false }, { 0x58465342, "xfs", false }, { 0x9123683e, "btrfs", false }, { 0x01021994, "tmpfs", false },
	{ 0x794c7630, "overlay", false }, { 0x2fc12fc1, "zfs", false }, { 0x6969, "nfs", true }, { 0x0bd00bd0, "lustre", true },
	{ 0x47504653, "gpfs", true }, { 0xff534d42, "cifs", true }, { 0xfe534d42, "smb", true }, { 0x65735546, "fuse", true },
	{ 0x19830326, "beegfs", true }, { 0x00c36400, "ceph", true },
};

/* Milliseconds until one journal line is on the disk; -1 when nothing can be written there. */
static double sync_time(const char *dir)
{
	char *path = path_join(dir, ".avo-doctor-XXXXXX");
	int fd = mkstemp(path), i;
	double best = -1;

	for (i = 0; fd >= 0 && i < 5; i++) {
		int64_t start = clock_mono_ns();
		double ms;

		if (write(fd, "{\"type\":\"note\"}\n", 16) != 16 || fdatasync(fd) != 0)
			break;
		ms = (double)(clock_mono_ns() - start) / 1e6;
		best = best < 0 || ms < best ? ms : best;
	}
	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	free(path);
	return best;
}

void doctor_file_system(struct doctor *d)
{
	const char *name = "unknown", *hint = NULL;
	struct statfs fs;
	double ms, free_gb;
	bool network = false;
	size_t i;

	if (statfs(d->dir, &fs) != 0) {
		doctor_say(d, DOCTOR_NOTE, "disk", "name the directory in which the run is or will be", "there is no %s", d->dir);
		return;
	}
	for (i = 0; i < ARRAY_LEN(file_systems); i++)
		if (file_systems[i].magic == (unsigned long)(uint32_t)fs.f_type) {
			name = file_systems[i].name;
			network = file_systems[i].network;
		}
	ms = sync_time(d->dir);
	free_gb = (double)fs.f_bavail * (double)fs.f_bsize / 1e9;
	if (ms < 0)
		hint = "nothing can be written here: make runs elsewhere";
	else if (network)
		hint = "a network file system: start the engine and the workbench on the same node, since sockets do not cross; "
		       "builds are faster with a local cache";
	else if (free_gb < 1)
		hint = "little space: builds and blobs of a long run take a gigabyte";
	doctor_say(d, hint ? DOCTOR_NOTE : DOCTOR_OK, "disk", hint, "%s, %.0f GB free, a synced line takes %.1f ms", name, free_gb,
		   ms < 0 ? 0 : ms);
}

/* sizeof(sun_path) less the NUL. */
#define SOCKET_PATH_MAX 107

void doctor_socket(struct doctor *d)
{
	char *real = realpath(d->dir, NULL);
	size_t len = real ? strlen(real) + strlen("/.avo/ctl.sock") : 0;

	if (!real)
		return;		/* the disk line has said it */
	if (len > SOCKET_PATH_MAX && !path_exists("/proc/self/fd"))
		doctor_say(d, DOCTOR_NOTE, "socket", "the engine cannot bind it without /proc: use a shorter directory",
			   "the control socket's path has %zu bytes, %d fit", len, SOCKET_PATH_MAX);
	else
		doctor_say(d, DOCTOR_OK, "socket", NULL, "the control socket's path has %zu bytes%s", len,
			   len > SOCKET_PATH_MAX ? ", more than fit: it is bound through /proc/self/fd" : "");
	free(real);
}

/* systemd can be told to kill what a user leaves behind at logout. */
static bool logind_kills(void)
{
	struct buf text = BUF_INIT;
	const char *cursor, *line;
	bool kills = false;
	size_t len;

	if (path_read(&text, "/etc/systemd/logind.conf", 1 << 20, NULL) == AVO_OK) {
		cursor = buf_cstr(&text);
		while (str_next_line(&cursor, text.data + text.len, &line, &len))
			if (str_starts(line, "KillUserProcesses="))
				kills = str_starts(line, "KillUserProcesses=yes");
	}
	buf_release(&text);
	return kills;
}

void doctor_session(struct doctor *d)
{
	bool ssh = getenv("SSH_CONNECTION") != NULL, tmux = getenv("TMUX") || getenv("STY");

	if (logind_kills())
		doctor_say(d, DOCTOR_NOTE, "session",
			   "logind kills the engine at logout: start runs with systemd-run --user --scope avo run, after loginctl enable-linger",
			   "%s", ssh ? "over ssh, KillUserProcesses=yes" : "KillUserProcesses=yes");
	else
		doctor_say(d, DOCTOR_OK, "session", NULL, "%s%s: a run outlives the connection, come back with avo attach",
			   ssh ? "over ssh" : "local", tmux ? ", in tmux or screen" : "");
}
