#include "avo.h"
#include "base/proctree.h"

#include <dirent.h>
#include <signal.h>
#include <unistd.h>

#define PASSES_MAX 64			/* a tree that forks as fast as it is stopped */

static int add_children_of_task(pid_t *out, int n, const char *path)
{
	FILE *f = fopen(path, "re");
	long child;

	if (!f)
		return n;
	while (n < PROCTREE_MAX && fscanf(f, "%ld", &child) == 1)
		out[n++] = (pid_t)child;
	fclose(f);
	return n;
}

/* Children belong to the thread that forked them. */
static int add_children(pid_t *out, int n, pid_t pid)
{
	char path[96];
	struct dirent *entry;
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%ld/task", (long)pid);
	tasks = opendir(path);
	if (!tasks)
		return n;
	while ((entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/task/%.20s/children", (long)pid, entry->d_name);
		n = add_children_of_task(out, n, path);
	}
	closedir(tasks);
	return n;
}

int proctree_list(pid_t out[PROCTREE_MAX], pid_t root)
{
	int n = 0, i;

	out[n++] = root;
	for (i = 0; i < n; i++)
		n = add_children(out, n, out[i]);
	return n;
}

static uint64_t resident(pid_t pid)
{
	unsigned long long whole, pages = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/statm", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fscanf(f, "%llu %llu", &whole, &pages) != 2)
		pages = 0;
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void proctree_add_usage(struct proctree_usage *usage, pid_t root)
{
	pid_t pids[PROCTREE_MAX];
	int n = proctree_list(pids, root), i;

	usage->processes += n;
	for (i = 0; i < n; i++)
		usage->resident_bytes += resident(pids[i]);
}

static bool among(const pid_t *list, int n, pid_t pid)
{
	int i;

	for (i = 0; i < n; i++)
		if (list[i] == pid)
			return true;
	return false;
}

/*
 * A fork fails while a signal waits for the one who forks, so that whoever was
 * sent the signal has all its children in the next list; when that has nobody
 * new, nobody is left.
 */
void proctree_stop(pid_t root)
{
	pid_t told[PROCTREE_MAX], now[PROCTREE_MAX];
	int pass, n, i, count = 0, news = 1;

	kill(-root, SIGSTOP);
	for (pass = 0; news && pass < PASSES_MAX; pass++) {
		n = proctree_list(now, root);
		for (news = 0, i = 0; i < n; i++) {
			if (among(told, count, now[i]))
				continue;
			news++;
			kill(now[i], SIGSTOP);
		}
		memcpy(told, now, (size_t)n * sizeof(*now));
		count = n;
	}
}

/* Children first: a parent that goes on could wait for one that does not. */
void proctree_continue(pid_t root)
{
	pid_t pids[PROCTREE_MAX];
	int n = proctree_list(pids, root);

	while (n-- > 0)
		kill(pids[n], SIGCONT);
	kill(-root, SIGCONT);
}
