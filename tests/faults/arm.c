/*
 * arm FILE PID CALL ACTION [SKIP [COUNT [MATCH]]]   lets a call fail (ACTION an errno's name) or kill (before, after)
 * arm FILE                                          disarms; prints how many calls were hit
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/faults/fault.h"

static const struct {
	const char *name;
	int action;
} actions[] = {
	{ "before", FAULT_KILL_BEFORE }, { "after", FAULT_KILL_AFTER },
	{ "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EIO", EIO }, { "ESTALE", ESTALE }, { "EMFILE", EMFILE }, { "EROFS", EROFS }, { "ENOMEM", ENOMEM },
};

#define FAULT_NAME(name) #name,
static const char *const calls[] = { FAULT_CALLS(FAULT_NAME) };

static int find_call(const char *name)
{
	int i;

	for (i = 0; i < FAULT_CALL_COUNT; i++)
		if (strcmp(calls[i], name) == 0)
			return i;
	fprintf(stderr, "arm: no call %s\n", name);
	exit(2);
}

static int find_action(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strcmp(actions[i].name, name) == 0)
			return actions[i].action;
	fprintf(stderr, "arm: no action %s\n", name);
	exit(2);
}

static struct fault *map(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at = fd < 0 || ftruncate(fd, sizeof(struct fault)) != 0 ? MAP_FAILED :
		   mmap(NULL, sizeof(struct fault), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED) {
		perror(path);
		exit(2);
	}
	close(fd);
	return at;
}

int main(int argc, char **argv)
{
	struct fault *f;

	if (argc != 2 && (argc < 5 || argc > 8)) {
		fprintf(stderr, "usage: arm FILE [PID CALL ACTION [SKIP [COUNT [MATCH]]]]\n");
		return 2;
	}
	f = map(argv[1]);
	f->pid = 0;
	if (argc == 2) {
		printf("%d\n", (int)f->hits);
		return 0;
	}
	f->call = find_call(argv[3]);
	f->action = find_action(argv[4]);
	f->skip = argc > 5 ? atoi(argv[5]) : 0;
	f->count = argc > 6 ? atoi(argv[6]) : 1;
	snprintf(f->match, sizeof(f->match), "%s", argc > 7 ? argv[7] : "");
	f->hits = 0;
	f->pid = atoi(argv[2]);	/* last: this arms it */
	return 0;
}
