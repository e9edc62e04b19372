#include "avo.h"
#include "base/clock.h"
#include "worker/cpu/watch.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define SETTLE_CPU_S 0.25		/* of its own time; going to sleep takes microseconds */
#define SETTLE_MS 60000			/* however loaded the machine */

/* The sandbox puts processes between us and the candidate; the candidate itself has no children. */
static pid_t innermost(pid_t pid)
{
	char path[64], text[32];
	long child;
	FILE *f;

	for (;;) {
		snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)pid, (long)pid);
		f = fopen(path, "re");
		if (!f)
			return 0;
		child = fgets(text, sizeof(text), f) ? atol(text) : 0;
		fclose(f);
		if (child <= 0)
			return pid;
		pid = (pid_t)child;
	}
}

static void read_limits(char *out, size_t size, pid_t pid)
{
	char path[64];
	ssize_t n = -1;
	int fd;

	snprintf(path, sizeof(path), "/proc/%ld/limits", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, out, size - 1);
		close(fd);
	}
	out[n > 0 ? n : 0] = '\0';
}

static void read_standing(struct standing *s, pid_t pid)
{
	memset(s, 0, sizeof(*s));
	sched_getaffinity(pid, sizeof(s->cores), &s->cores);
	s->priority = getpriority(PRIO_PROCESS, (id_t)pid);
	s->policy = sched_getscheduler(pid);
	read_limits(s->limits, sizeof(s->limits), pid);
}

void watch_open(struct watch *w, pid_t started)
{
	char path[64];

	memset(w, 0, sizeof(*w));
	w->pid = innermost(started);
	snprintf(path, sizeof(path), "/proc/%ld/status", (long)w->pid);
	w->status = w->pid > 0 ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	w->has_clock = w->status >= 0 && clock_getcpuclockid(w->pid, &w->clock) == 0;
	if (w->pid > 0)
		read_standing(&w->standing, w->pid);
}

void watch_close(struct watch *w)
{
	if (w->status >= 0)
		close(w->status);
	w->status = -1;
}

double watch_cpu(const struct watch *w)
{
	struct timespec t;

	if (!w->has_clock || clock_gettime(w->clock, &t) != 0)
		return NAN;
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

const char *watch_moved(const struct watch *w)
{
	struct standing now;

	/* one that is gone has no standing; its end is what counts */
	if (w->pid <= 0 || kill(w->pid, 0) != 0)
		return NULL;
	read_standing(&now, w->pid);
	if (!CPU_EQUAL(&now.cores, &w->standing.cores))
		return "affinity";
	if (now.priority != w->standing.priority || now.policy != w->standing.policy)
		return "priority";
	return strcmp(now.limits, w->standing.limits) != 0 ? "limits" : NULL;
}

/* Asleep, and off the processor since it last settled: it is marked as asleep a moment before it leaves. */
static bool asleep(const struct watch *w, long *switches)
{
	static const char state_key[] = "\nState:\t", switches_key[] = "\nvoluntary_ctxt_switches:\t";
	char text[4096], *state, *count;
	ssize_t n = pread(w->status, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	state = strstr(text, state_key);
	count = strstr(text, switches_key);
	if (!state || !count)
		return true;		/* it is gone: no time to use either */
	*switches = atol(count + sizeof(switches_key) - 1);
	return strchr("SZX", state[sizeof(state_key) - 1]) && *switches != w->switches;
}

bool watch_settle(struct watch *w)
{
	static const struct timespec moment = { 0, 20000 };
	int64_t end = clock_mono_ms() + SETTLE_MS;
	double begun = watch_cpu(w), cpu;
	long switches = w->switches;
	int seen = 0;

	while (w->has_clock && seen < 2) {
		seen = asleep(w, &switches) ? seen + 1 : 0;
		if (seen < 2 && (watch_cpu(w) - begun > SETTLE_CPU_S || clock_mono_ms() > end))
			return false;
		if (!seen)
			nanosleep(&moment, NULL);
	}
	w->switches = switches;
	cpu = watch_cpu(w);
	w->settled = isnan(cpu) ? w->settled : cpu;
	return true;
}
