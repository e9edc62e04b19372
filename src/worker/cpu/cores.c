#include "avo.h"
#include "base/buf.h"
#include "base/path.h"
#include "base/str.h"
#include "worker/cpu/cores.h"

#include <sched.h>
#include <unistd.h>

static cpu_set_t allowed;		/* what the worker was started with */
static bool have_allowed;
static long long busy_before[CPU_SETSIZE];
static bool have_before;

static void remember_allowed(void)
{
	if (!have_allowed)
		sched_getaffinity(0, sizeof(allowed), &allowed);
	have_allowed = true;
}

/* user + nice + system + irq + softirq + steal of each core, in ticks. */
static bool read_busy(long long busy[CPU_SETSIZE])
{
	struct buf text = BUF_INIT;
	const char *cursor, *line;
	size_t len;
	bool ok = path_read(&text, "/proc/stat", (size_t)8 << 20, NULL) == AVO_OK;

	cursor = buf_cstr(&text);
	while (ok && str_next_line(&cursor, text.data + text.len, &line, &len)) {
		long long user, nice, sys, idle, wait, irq, soft, steal;
		int core;

		if (sscanf(line, "cpu%d %lld %lld %lld %lld %lld %lld %lld %lld", &core, &user, &nice, &sys, &idle, &wait, &irq,
			   &soft, &steal) == 9 && core >= 0 && core < CPU_SETSIZE)
			busy[core] = user + nice + sys + irq + soft + steal;
	}
	buf_release(&text);
	return ok;
}

int cores_pick(void)
{
	static long long now[CPU_SETSIZE];
	long long least = -1;
	int core, best = -1;

	remember_allowed();
	if (!have_before && read_busy(busy_before)) {
		have_before = true;
		usleep(30000);
	}
	if (!read_busy(now))
		return -1;
	for (core = CPU_SETSIZE - 1; core >= 0; core--) {
		if (!CPU_ISSET(core, &allowed))
			continue;
		if (best < 0 || now[core] - busy_before[core] < least) {
			best = core;
			least = now[core] - busy_before[core];
		}
	}
	memcpy(busy_before, now, sizeof(now));
	return best;
}

void cores_avoid(int core)
{
	cpu_set_t rest;

	remember_allowed();
	rest = allowed;
	if (core >= 0 && CPU_COUNT(&rest) > 1)
		CPU_CLR(core, &rest);
	sched_setaffinity(0, sizeof(rest), &rest);
}

void cores_use(int core)
{
	cpu_set_t only;

	if (core < 0)
		return;
	CPU_ZERO(&only);
	CPU_SET(core, &only);
	sched_setaffinity(0, sizeof(only), &only);
}

void cores_model(char *out, unsigned long size)
{
	struct buf text = BUF_INIT;
	const char *cursor, *line, *colon;
	size_t len;

	snprintf(out, size, "processor of unknown model");
	if (path_read(&text, "/proc/cpuinfo", (size_t)16 << 20, NULL) == AVO_OK) {
		cursor = buf_cstr(&text);
		while (str_next_line(&cursor, text.data + text.len, &line, &len))
			if (str_starts(line, "model name") && (colon = memchr(line, ':', len)) && colon + 2 < line + len) {
				snprintf(out, size, "%.*s", (int)(line + len - colon - 2), colon + 2);
				break;
			}
	}
	buf_release(&text);
}
