/*
 * What holds for all commands of an agent together: they stand still while
 * something is measured, and have one limit of processes, memory and disk. It
 * is kept by looking, four times a second (disk: once), so that what is used
 * between two looks can lie above it for that long; each process has limits of
 * its own in the kernel beside it.
 */
#include "avo.h"
#include "agent/shell.h"
#include "base/child.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/proctree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MS 250
#define LOOKS_PER_DISK 4
#define DEPTH_MAX 64

static const char too_many[] = "all jobs together had more than 256 processes";
static const char too_much_memory[] = "all jobs together used more memory than they may (8 GiB, or half of the machine's)";
static const char too_much_disk[] = "the working directory and $TMPDIR grew beyond 4 GiB or 100000 files: remove what is not needed";

struct disk {
	uint64_t bytes;
	long entries;
};

static void add_disk(struct disk *d, int dir_fd, int depth)
{
	DIR *dir = dir_fd >= 0 ? fdopendir(dir_fd) : NULL;
	struct dirent *entry;
	struct stat info;

	if (!dir) {
		if (dir_fd >= 0)
			close(dir_fd);
		return;
	}
	while (d->entries <= SHELL_FILES && (entry = readdir(dir))) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(dir), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		d->entries++;
		d->bytes += (uint64_t)info.st_blocks * 512;
		if (S_ISDIR(info.st_mode) && depth < DEPTH_MAX)
			add_disk(d, openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), depth + 1);
	}
	closedir(dir);
}

static struct disk disk_used(const struct toolbox *box)
{
	struct disk d = { 0 };

	add_disk(&d, open(box->work_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	add_disk(&d, open(box->temp_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), 0);
	return d;
}

static uint64_t memory_limit(const struct toolbox *box)
{
	uint64_t half = (uint64_t)sysconf(_SC_PHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE) / 2;

	if (box->memory_max)
		return box->memory_max;
	return half < SHELL_MEMORY ? half : SHELL_MEMORY;
}

static void kill_job(struct shell_job *job, const char *why)
{
	job->killed_for = why;
	child_signal(job->pid, SIGKILL);
}

/* The job that has most of what there is too much of. */
static void look_at_processes(struct toolbox *box)
{
	struct shell_job *job, *most = NULL, *largest = NULL;
	struct proctree_usage all = { 0 }, one, top = { 0 };

	for (job = box->jobs; job; job = job->next) {
		if (!job->pid)
			continue;
		one = (struct proctree_usage){ 0 };
		proctree_add_usage(&one, job->pid);
		all.processes += one.processes;
		all.resident_bytes += one.resident_bytes;
		if (one.processes > top.processes) {
			top.processes = one.processes;
			most = job;
		}
		if (one.resident_bytes > top.resident_bytes) {
			top.resident_bytes = one.resident_bytes;
			largest = job;
		}
	}
	if (all.processes > SHELL_PROCESSES)
		kill_job(most, too_many);
	if (all.resident_bytes > memory_limit(box))
		kill_job(largest, too_much_memory);
}

/* What lay there before the first of these jobs was not theirs: a command that removes it must be able to run. */
static void look_at_disk(struct toolbox *box)
{
	uint64_t most = box->disk_max ? box->disk_max : SHELL_DISK;
	struct disk d = disk_used(box);
	struct shell_job *job;

	if ((d.bytes <= most || d.bytes <= box->disk_before) && (d.entries <= SHELL_FILES || d.entries <= box->files_before))
		return;
	for (job = box->jobs; job; job = job->next)
		if (job->pid)
			kill_job(job, too_much_disk);
}

static bool any_runs(const struct toolbox *box, const struct shell_job *beside)
{
	const struct shell_job *job = box->jobs;

	while (job && (!job->pid || job == beside))
		job = job->next;
	return job != NULL;
}

static void on_look(void *arg)
{
	struct toolbox *box = arg;

	box->shell_look = NULL;
	if (!any_runs(box, NULL))
		return;
	if (!box->held) {
		look_at_processes(box);
		if (++box->looks % LOOKS_PER_DISK == 0)
			look_at_disk(box);
	}
	box->shell_look = loop_add_timer(box->loop, LOOK_MS, on_look, box);
}

static void hold_job(struct shell_job *job)
{
	proctree_stop(job->pid);
	loop_remove_timer(job->box->loop, job->deadline);
	if (job->deadline)
		job->deadline_ms -= clock_mono_ms();
	job->deadline = NULL;
}

void shell_watch_begin(struct shell_job *job)
{
	struct toolbox *box = job->box;
	struct disk d;

	if (!any_runs(box, job)) {
		d = disk_used(box);
		box->disk_before = d.bytes;
		box->files_before = d.entries;
	}
	if (!box->shell_look)
		box->shell_look = loop_add_timer(box->loop, LOOK_MS, on_look, box);
	if (box->held)
		hold_job(job);
}

void shell_hold(struct toolbox *box, bool held)
{
	struct shell_job *job;

	if (held == box->held)
		return;
	box->held = held;
	for (job = box->jobs; job; job = job->next) {
		if (!job->pid)
			continue;
		if (held) {
			hold_job(job);
		} else {
			proctree_continue(job->pid);
			shell_set_deadline(job, job->deadline_ms > 0 ? job->deadline_ms : 0);
		}
	}
}
