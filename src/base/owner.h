/* Whose files these are: a run that belongs to somebody else is read, if at all, and never written to. */
#ifndef AVO_BASE_OWNER_H
#define AVO_BASE_OWNER_H

#include <stdbool.h>

#define OWNER_NAME_SIZE 64

/* True when path is there and belongs to another user than the one we are; name is theirs, or their number. */
bool owner_is_another(char name[OWNER_NAME_SIZE], const char *path);

#endif
