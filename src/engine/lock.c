/*
 * engine.lock: one engine per run. On one host the lock is the kernel's; between hosts it is what the file says, "pid host
 * boot-id", and its age: an engine touches it every few seconds and empties it when it ends.
 */
#include "avo.h"
#include "base/mem.h"
#include "base/owner.h"
#include "base/path.h"
#include "control/wire.h"
#include "engine/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define BEAT_STALE_S 30		/* six heartbeats */
#define HANDOVER_MS 5000	/* an engine that is starting or ending settles within this */

static void boot_id(char *out, size_t size)
{
	struct buf b = BUF_INIT;

	snprintf(out, size, "-");
	if (path_read(&b, "/proc/sys/kernel/random/boot_id", 128, NULL) == AVO_OK)
		snprintf(out, size, "%.36s", buf_cstr(&b));
	buf_release(&b);
}

struct holder {
	long pid;		/* 0: none */
	char host[256];
};

static void read_holder(struct holder *out, int fd)
{
	char text[512];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%ld %255s", &out->pid, out->host) < 2)
		*out = (struct holder){ 0 };
}

static bool answers(const char *run_dir)
{
	char *path = path_join(run_dir, ".avo/ctl.sock");
	bool yes;
	int fd;

	yes = wire_connect(&fd, path, NULL) == AVO_OK;
	if (yes)
		close(fd);
	free(path);
	return yes;
}

static enum avo_status busy(const char *run_dir, int fd, struct error *err)
{
	char word[PATH_WORD_SIZE];
	struct holder h;

	read_holder(&h, fd);
	return error_set(err, AVO_BUSY, "an engine is running on %s already, pid %ld on %s; join it with: avo attach %s", run_dir, h.pid,
			 h.pid ? h.host : "this machine", path_word(word, run_dir));
}

static enum avo_status cannot_write(int error, const char *run_dir, struct error *err)
{
	char owner[OWNER_NAME_SIZE], *lock = path_join(run_dir, ".avo/engine.lock");
	bool foreign = error == EACCES && owner_is_another(owner, lock);
	enum avo_status st;

	if (foreign)
		st = error_set(err, AVO_ENVIRONMENT, "rm -f %s, and start again: it belongs to %s, who started an engine here once", lock, owner);
	else if (error == EROFS || error == EACCES || error == EPERM)
		st = error_set(err, AVO_ENVIRONMENT, "%s cannot be written to (%s): the run can be read (avo log, avo show) but not go on",
			       run_dir, strerror(error));
	else
		st = error_errno(err, error, "cannot open %s", lock);
	free(lock);
	return st;
}

/* A file that is made in .avo for a moment: who its owner is, and what time it is where the files are. */
static enum avo_status probe(struct stat *out, const char *run_dir, struct error *err)
{
	char *path = path_join(run_dir, ".avo/probe-XXXXXX");
	int fd = mkostemp(path, O_CLOEXEC), why = errno;
	enum avo_status st = AVO_OK;

	if (fd < 0 || fstat(fd, out) != 0)
		st = cannot_write(fd < 0 ? why : errno, run_dir, err);
	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	free(path);
	return st;
}

/*
 * flock() is a node's own on some shared file systems: that we have it says nothing of other hosts. What does is the
 * heartbeat, by the clock of the file system. Another boot of this host is no other host: its engine is dead.
 */
static enum avo_status ask_other_hosts(int fd, const char *run_dir, struct error *err)
{
	char here[256] = "", word[PATH_WORD_SIZE];
	struct stat now, beat;
	struct holder h;
	int age;

	read_holder(&h, fd);
	gethostname(here, sizeof(here) - 1);
	if (!h.pid || strcmp(h.host, here) == 0)
		return AVO_OK;
	if (fstat(fd, &beat) != 0)
		return error_errno(err, errno, "cannot look at %s/.avo/engine.lock", run_dir);
	if (probe(&now, run_dir, err) != AVO_OK)
		return err ? err->status : AVO_ENVIRONMENT;
	age = (int)(now.st_mtim.tv_sec - beat.st_mtim.tv_sec);
	if (age >= BEAT_STALE_S)
		return AVO_OK;
	path_word(word, run_dir);
	return error_set(err, AVO_ENVIRONMENT, "an engine runs on %s on another host, %s (pid %ld, seen %d s ago): end it there with ssh %s avo stop %s, "
			 "or work from there; if that host is down, try again in %d s", run_dir, h.host, h.pid, age > 0 ? age : 0, h.host, word,
			 BEAT_STALE_S - (age > 0 ? age : 0));
}

static enum avo_status take(int fd, const char *run_dir, struct error *err)
{
	struct timespec pause = { .tv_nsec = 20000000 };
	int tries;

	for (tries = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; tries++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return error_errno(err, errno, "cannot lock %s/.avo/engine.lock", run_dir);
		if (tries >= HANDOVER_MS / 20 || answers(run_dir))
			return busy(run_dir, fd, err);
		nanosleep(&pause, NULL);
	}
	return AVO_OK;
}

enum avo_status engine_lock(int *out, const char *run_dir, struct error *err)
{
	char *path = path_join(run_dir, ".avo/engine.lock"), host[256] = "-", boot[40];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum avo_status st;

	free(path);
	if (fd < 0)
		return cannot_write(errno, run_dir, err);
	st = take(fd, run_dir, err);
	if (st == AVO_OK)
		st = ask_other_hosts(fd, run_dir, err);
	if (st != AVO_OK) {
		close(fd);
		return st;
	}
	gethostname(host, sizeof(host) - 1);
	boot_id(boot, sizeof(boot));
	/* what it says is a courtesy: a full disk is no reason not to start */
	if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld %s %s\n", (long)getpid(), host, boot) < 0)
		errno = 0;
	*out = fd;
	return AVO_OK;
}

void engine_lock_beat(int fd)
{
	futimens(fd, NULL);
}

void engine_unlock(int fd)
{
	if (fd < 0)
		return;
	if (ftruncate(fd, 0) != 0)
		errno = 0;	/* other hosts wait until the heartbeat is old */
	close(fd);
}

enum avo_status engine_may_write(const char *run_dir, struct error *err)
{
	char owner[OWNER_NAME_SIZE], word[PATH_WORD_SIZE], *dot = path_join(run_dir, ".avo");
	struct lineage *lineage = NULL;
	struct stat theirs, ours;
	enum avo_status st = AVO_OK;

	if (owner_is_another(owner, dot) && lstat(dot, &theirs) == 0 && (probe(&ours, run_dir, NULL) != AVO_OK || ours.st_uid != theirs.st_uid))
		st = error_set(err, AVO_ENVIRONMENT, "start it as %s: sudo -u %s avo run %s (the run is theirs, and an engine of another user would "
			       "leave files that they cannot write); it can be read from here: avo log %s", owner, owner,
			       path_word(word, run_dir), word);
	free(dot);
	if (st == AVO_OK)
		st = lineage_open(&lineage, run_dir, LINEAGE_READ, err);
	lineage_close(lineage);
	return st;
}

enum avo_status engine_pid(pid_t *out, const char *run_dir, struct error *err)
{
	char *path = path_join(run_dir, ".avo/engine.lock");
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct holder h = { 0 };

	free(path);
	*out = 0;
	if (fd < 0)
		return errno == ENOENT ? AVO_OK : error_errno(err, errno, "cannot read %s/.avo/engine.lock", run_dir);
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		read_holder(&h, fd);
	close(fd);
	*out = (pid_t)h.pid;
	return AVO_OK;
}

bool engine_died(const struct run_state *s, const char *run_dir)
{
	pid_t pid = 0;

	return s->engine_pid && engine_pid(&pid, run_dir, NULL) == AVO_OK && !pid;
}
