/* engine.lock: one engine per run. The lock is the kernel's; what the file says is for people and for messages. */
#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "control/wire.h"
#include "engine/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define HANDOVER_MS 5000	/* an engine that is starting or ending settles within this */

static void boot_id(char *out, size_t size)
{
	struct buf b = BUF_INIT;

	snprintf(out, size, "-");
	if (path_read(&b, "/proc/sys/kernel/random/boot_id", 128, NULL) == AVO_OK)
		snprintf(out, size, "%.36s", buf_cstr(&b));
	buf_release(&b);
}

static void read_holder(long *pid, char host[64], int fd)
{
	char text[256];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	*pid = 0;
	host[0] = '\0';
	text[n > 0 ? n : 0] = '\0';
	if (sscanf(text, "%ld %63s", pid, host) < 1)
		*pid = 0;
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
	char host[64], word[PATH_WORD_SIZE];
	long pid;

	read_holder(&pid, host, fd);
	return error_set(err, AVO_BUSY, "an engine is running on %s already, pid %ld on %s; join it with: avo attach %s", run_dir, pid,
			 host[0] ? host : "this machine", path_word(word, run_dir));
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

static enum avo_status cannot_write(int error, const char *run_dir, struct error *err)
{
	if (error == EROFS || error == EACCES || error == EPERM)
		return error_set(err, AVO_ENVIRONMENT, "%s cannot be written to (%s): the run can be read (avo log, avo show) but not go on",
				 run_dir, strerror(error));
	return error_errno(err, error, "cannot open %s/.avo/engine.lock", run_dir);
}

enum avo_status engine_lock(int *out, const char *run_dir, struct error *err)
{
	char *path = path_join(run_dir, ".avo/engine.lock"), host[64] = "-", boot[40];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	enum avo_status st;

	free(path);
	if (fd < 0)
		return cannot_write(errno, run_dir, err);
	st = take(fd, run_dir, err);
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

enum avo_status engine_pid(pid_t *out, const char *run_dir, struct error *err)
{
	char *path = path_join(run_dir, ".avo/engine.lock"), host[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	long pid = 0;

	free(path);
	*out = 0;
	if (fd < 0)
		return errno == ENOENT ? AVO_OK : error_errno(err, errno, "cannot read %s/.avo/engine.lock", run_dir);
	if (flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK)
		read_holder(&pid, host, fd);
	close(fd);
	*out = (pid_t)pid;
	return AVO_OK;
}
