#include "avo.h"
#include "base/beneath.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DIRECTORY_MODE 0755
#define TRIES 16		/* names of a temporary file */

/* RESOLVE_BENEATH gives EAGAIN while something is renamed on the way up; there is no way up in our paths, but the kernel may say so. */
static int open_whole(int dir, const char *path, int flags, mode_t mode)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC), .mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	int fd, tries = 0;

	do {
		fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	} while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 100)));
	return fd;
}

/* The same with what every kernel has: each part is opened beneath the one before. */
static int open_parts(int dir, const char *path, int flags, mode_t mode)
{
	const char *slash = strchr(path, '/');
	int at = dir, fd;

	for (; slash; path = slash + 1, slash = strchr(path, '/')) {
		char *part = xstrndup(path, (size_t)(slash - path));

		fd = *part ? openat(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
		if (!*part)
			errno = EINVAL;
		else if (fd < 0 && errno == ENOTDIR)
			errno = ELOOP;	/* a link, or a file that is in the way */
		free(part);
		if (at != dir)
			close(at);
		if (fd < 0)
			return -1;
		at = fd;
	}
	fd = openat(at, path, flags | O_NOFOLLOW | O_CLOEXEC, mode);
	if (at != dir) {
		int number = errno;

		close(at);
		errno = number;
	}
	return fd;
}

static bool goes_up(const char *path)
{
	const char *part = path;

	for (; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return true;
	return false;
}

int beneath_open(int dir, const char *path, int flags, mode_t mode)
{
	int fd;

	if (*path == '/' || goes_up(path)) {
		errno = EXDEV;
		return -1;
	}
	if (!*path)
		path = ".";
	fd = open_whole(dir, path, flags, mode);
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))	/* an old kernel; a filter that does not know the call */
		fd = open_parts(dir, path, flags, mode);
	return fd;
}

enum avo_status beneath_failed(struct error *err, int number, const char *doing, const char *path)
{
	if (number == EXDEV)
		return error_set(err, AVO_USAGE, "cannot %s %s: it leads out of the directory that it is looked up in", doing, path);
	if (number == ELOOP)
		return error_set(err, AVO_USAGE, "cannot %s %s: it is a link or leads through one, and links are not followed", doing, path);
	return error_errno(err, number, "cannot %s %s", doing, path);
}

enum avo_status beneath_read_fd(struct buf *out, int fd, size_t most, const char *path, struct error *err)
{
	while (most) {
		size_t want = most < 65536 ? most : 65536;
		char *room = buf_reserve(out, want);
		ssize_t n = room ? read(fd, room, want) : 0;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_errno(err, errno, "cannot read %s", path);
		if (n == 0)
			break;
		buf_commit(out, (size_t)n);
		most -= (size_t)n;
	}
	return out->overflow ? error_set(err, AVO_CORRUPT, "%s is larger than expected", path) : AVO_OK;
}

enum avo_status beneath_read(struct buf *out, int dir, const char *path, size_t max, struct error *err)
{
	int fd = beneath_open(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	size_t start = out->len;
	enum avo_status st = AVO_OK;
	struct stat info;

	if (fd < 0)
		return beneath_failed(err, errno, "read", path);
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
		st = error_set(err, AVO_USAGE, "cannot read %s: it is not a file", path);
	if (st == AVO_OK)
		st = beneath_read_fd(out, fd, max + 1, path, err);
	if (st == AVO_OK && out->len - start > max)
		st = error_set(err, AVO_CORRUPT, "%s is larger than %zu bytes", path, max);
	close(fd);
	return st;
}

/* Opens a directory, made if it is not there. Another one at its name than the one just made is fine: it lies in the same place. */
static int open_made(int at, const char *name)
{
	if (mkdirat(at, name, DIRECTORY_MODE) != 0 && errno != EEXIST)
		return -1;
	return beneath_open(at, name, O_RDONLY | O_DIRECTORY, 0);
}

/* The directory that a path's last part lies in, made where it is missing; name is that part. */
static int open_parent(const char **name, int dir, const char *path)
{
	const char *slash;
	int at = beneath_open(dir, "", O_RDONLY | O_DIRECTORY, 0), next;

	for (; at >= 0 && (slash = strchr(path, '/')); path = slash + 1, at = next) {
		char *part = xstrndup(path, (size_t)(slash - path));
		int number;

		next = open_made(at, part);
		number = errno;
		free(part);
		close(at);
		errno = number;
	}
	*name = path;
	return at;
}

static int open_temporary(char *name, size_t size, int at, mode_t mode)
{
	int fd = -1, i;

	for (i = 0; i < TRIES && fd < 0; i++) {
		snprintf(name, size, ".avo-%ld-%d.tmp", (long)getpid(), i);
		fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
		if (fd < 0 && errno != EEXIST)
			break;
	}
	return fd;
}

static bool write_all(int fd, const char *data, size_t len)
{
	while (len) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		data += n;
		len -= (size_t)n;
	}
	return true;
}

static enum avo_status replace(int at, const char *name, const char *path, const void *data, size_t len, mode_t mode,
			       enum beneath_durability durability, struct error *err)
{
	bool durable = durability == BENEATH_DURABLE;
	enum avo_status st = AVO_OK;
	char temporary[48];
	int fd = open_temporary(temporary, sizeof(temporary), at, mode);

	if (fd < 0)
		return error_errno(err, errno, "cannot create a file beside %s", path);
	if (!write_all(fd, data, len) || (durable && fsync(fd) != 0))
		st = error_errno(err, errno, "cannot write %s", path);
	close(fd);
	if (st == AVO_OK && renameat(at, temporary, at, name) != 0)
		st = error_errno(err, errno, "cannot write %s", path);
	if (st != AVO_OK)
		unlinkat(at, temporary, 0);
	else if (durable)
		fsync(at);
	return st;
}

enum avo_status beneath_write(int dir, const char *path, const void *data, size_t len, mode_t mode, enum beneath_durability durability,
			      struct error *err)
{
	const char *name;
	enum avo_status st;
	int at;

	if (*path == '/' || goes_up(path))
		return beneath_failed(err, EXDEV, "write", path);
	at = open_parent(&name, dir, path);
	if (at < 0)
		return beneath_failed(err, errno, "write", path);
	if (!*name || strcmp(name, ".") == 0)
		st = beneath_failed(err, EISDIR, "write", path);
	else
		st = replace(at, name, path, data, len, mode, durability, err);
	close(at);
	return st;
}
