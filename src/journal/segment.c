#include "avo.h"
#include "base/path.h"
#include "journal/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEGMENT_NAME_SIZE 24

static void segment_name(char out[SEGMENT_NAME_SIZE], uint32_t number)
{
	snprintf(out, SEGMENT_NAME_SIZE, "%06u.jsonl", (unsigned)number);
}

int segment_open(int dir_fd, uint32_t number, int flags)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat info;
	int fd;

	segment_name(name, number);
	/* somebody else's run may have anything here: a FIFO would be waited for without end */
	fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	if (fd < 0 || (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)))
		return fd;
	close(fd);
	errno = EINVAL;
	return -1;
}

bool segment_exists(int dir_fd, uint32_t number)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(name, number);
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}

/* What cannot be told (a server that does not answer, a permission) counts as being there. */
static bool leads_elsewhere(const char *path, int fd)
{
	struct stat named, opened;

	if (stat(path, &named) != 0)
		return errno == ENOENT || errno == ENOTDIR;
	return fstat(fd, &opened) == 0 && (named.st_dev != opened.st_dev || named.st_ino != opened.st_ino);
}

bool segment_gone(const char *dir, int dir_fd, uint32_t number, int fd)
{
	char name[SEGMENT_NAME_SIZE];
	char *path;
	bool gone;

	if (fd < 0)
		return leads_elsewhere(dir, dir_fd);
	segment_name(name, number);
	path = path_join(dir, name);
	gone = leads_elsewhere(path, fd);
	free(path);
	return gone;
}
