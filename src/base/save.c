#include "avo.h"
#include "base/clock.h"
#include "base/path.h"
#include "base/save.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATIENCE_MS 2000	/* for a reader that is only just being started, or is slow */
#define NEW_MODE 0644

static enum avo_status nobody_reads(const char *path, struct error *err)
{
	return error_set(err, AVO_ENVIRONMENT, "nobody reads from %s; start the reader first, or name a file", path);
}

/* A FIFO without a reader says ENXIO at once, where a plain open would wait for ever. */
static enum avo_status open_special(int *out, const char *path, struct error *err)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while ((*out = open(path, O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, NEW_MODE)) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != ENXIO)
			return error_errno(err, errno, "cannot write %s", path);
		if (clock_mono_ms() >= until)
			return nobody_reads(path, err);
		poll(NULL, 0, 20);
	}
	return AVO_OK;
}

static enum avo_status write_special(const char *path, const char *data, size_t len, struct error *err)
{
	enum avo_status st;
	int fd;

	st = open_special(&fd, path, err);
	if (st != AVO_OK)
		return st;
	while (len && st == AVO_OK) {
		ssize_t n = write(fd, data, len);
		struct pollfd room = { .fd = fd, .events = POLLOUT };

		if (n >= 0) {
			data += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN) {
			if (poll(&room, 1, PATIENCE_MS) == 0)
				st = nobody_reads(path, err);
		} else if (errno != EINTR) {
			st = error_errno(err, errno, "cannot write %s", path);
		}
	}
	if (close(fd) != 0 && st == AVO_OK)
		st = error_errno(err, errno, "cannot write %s", path);
	return st;
}

enum avo_status save_file(const char *path, const void *data, size_t len, struct error *err)
{
	char target[PATH_MAX];
	struct stat there;

	if (lstat(path, &there) != 0)
		return path_write_atomic(path, data, len, NEW_MODE, err);
	if (stat(path, &there) != 0 || !S_ISREG(there.st_mode) || !realpath(path, target))
		return write_special(path, data, len, err);
	return path_write_atomic(target, data, len, there.st_mode & 07777, err);
}
