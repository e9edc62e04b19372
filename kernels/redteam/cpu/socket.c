// redteam: verdict=cheated rule=syscall check=syscall
// Asks somebody else.
#include "honest.h"

#include <sys/socket.h>

int avo_attention(const struct avo_attention *a)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd >= 0)
		send(fd, a->q, 64, 0);
	return honest(a);
}
