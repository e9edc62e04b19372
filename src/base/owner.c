#include "avo.h"
#include "base/owner.h"

#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

bool owner_is_another(char name[OWNER_NAME_SIZE], const char *path)
{
	const struct passwd *user;
	struct stat st;

	if (lstat(path, &st) != 0 || st.st_uid == geteuid())
		return false;
	user = getpwuid(st.st_uid);
	if (user && strlen(user->pw_name) < OWNER_NAME_SIZE)
		snprintf(name, OWNER_NAME_SIZE, "%s", user->pw_name);
	else
		snprintf(name, OWNER_NAME_SIZE, "user %lu", (unsigned long)st.st_uid);
	return true;
}
