#include "avo.h"
#include "journal/internal.h"

#include <fcntl.h>
#include <unistd.h>

#define SEGMENT_NAME_SIZE 24

static void segment_name(char out[SEGMENT_NAME_SIZE], uint32_t number)
{
	snprintf(out, SEGMENT_NAME_SIZE, "%06u.jsonl", (unsigned)number);
}

int segment_open(int dir_fd, uint32_t number, int flags)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(name, number);
	return openat(dir_fd, name, flags | O_CLOEXEC | O_NOCTTY, 0600);
}

bool segment_exists(int dir_fd, uint32_t number)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(name, number);
	return faccessat(dir_fd, name, F_OK, 0) == 0;
}
