/*
 * Preloaded, makes a program believe that it runs on another host ($OTHER_HOST) which shares the file system but
 * not the locks: what NFS with local_lock=flock, or Lustre with localflock, does.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

int flock(int fd, int operation)
{
	return 0;
}

int gethostname(char *name, size_t len)
{
	const char *host = getenv("OTHER_HOST");

	snprintf(name, len, "%s", host ? host : "elsewhere");
	return 0;
}
