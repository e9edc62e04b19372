/*
 * Preloaded into the engine (LD_PRELOAD, with AVO_FAULT naming the mapped file): lets the n-th call of a kind fail or
 * be the process's last. Only the process whose id stands in the file is meant; its children run on undisturbed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/faults/fault.h"

static struct fault *fault;

__attribute__((constructor)) static void map_fault(void)
{
	const char *path = getenv("AVO_FAULT");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
	void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (fd >= 0)
		close(fd);
	fault = at == MAP_FAILED ? NULL : at;
}

/* The action for this call, 0: none. */
static int due(enum fault_call call, const char *path)
{
	if (!fault || fault->pid != getpid() || fault->call != (int)call)
		return 0;
	if (fault->match[0] && (!path || !strstr(path, fault->match)))
		return 0;
	if (atomic_fetch_sub(&fault->skip, 1) > 0)
		return 0;
	fault->skip = 0;
	if (atomic_fetch_sub(&fault->count, 1) <= 0) {
		fault->pid = 0;
		return 0;
	}
	fault->hits++;
	return fault->action;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

/* The body of every wrapper: fails with the errno, or dies before or behind the call that it makes. */
#define WITH_FAULT(name, path, type, types, ...) do { \
	static type (*next) types; \
	int action = due(FAULT_CALL_##name, path); \
	type result; \
	if (!next) \
		*(void **)&next = dlsym(RTLD_NEXT, __func__); \
	if (action > 0) { \
		errno = action; \
		return -1; \
	} \
	if (action == FAULT_KILL_BEFORE) \
		die(); \
	result = next(__VA_ARGS__); \
	if (action == FAULT_KILL_AFTER) \
		die(); \
	return result; \
} while (0)

#define OPEN_MODE(flags) ({ \
	va_list args; \
	mode_t given = 0; \
	va_start(args, flags); \
	if ((flags) & (O_CREAT | __O_TMPFILE)) \
		given = va_arg(args, mode_t); \
	va_end(args); \
	given; \
})

int open(const char *path, int flags, ...)
{
	mode_t mode = OPEN_MODE(flags);

	WITH_FAULT(open, path, int, (const char *, int, ...), path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
	mode_t mode = OPEN_MODE(flags);

	WITH_FAULT(open, path, int, (const char *, int, ...), path, flags, mode);
}

int openat(int dir, const char *path, int flags, ...)
{
	mode_t mode = OPEN_MODE(flags);

	WITH_FAULT(open, path, int, (int, const char *, int, ...), dir, path, flags, mode);
}

ssize_t write(int fd, const void *data, size_t size)
{
	WITH_FAULT(write, NULL, ssize_t, (int, const void *, size_t), fd, data, size);
}

int rename(const char *from, const char *to)
{
	WITH_FAULT(rename, to, int, (const char *, const char *), from, to);
}

int link(const char *from, const char *to)
{
	WITH_FAULT(link, to, int, (const char *, const char *), from, to);
}

int unlink(const char *path)
{
	WITH_FAULT(unlink, path, int, (const char *), path);
}

int mkdir(const char *path, mode_t mode)
{
	WITH_FAULT(mkdir, path, int, (const char *, mode_t), path, mode);
}

int fsync(int fd)
{
	WITH_FAULT(fsync, NULL, int, (int), fd);
}

int fdatasync(int fd)
{
	WITH_FAULT(fdatasync, NULL, int, (int), fd);
}
