// redteam: verdict=cheated rule=syscall check=syscall
// Lets another process do half of the rows.
#include "honest.h"

#include <unistd.h>

int avo_attention(const struct avo_attention *a)
{
	size_t r, half = rows_of(a) / 2;
	int child = fork() == 0;

	for (r = child ? 0 : half; r < (child ? half : rows_of(a)); r++)
		honest_row(a, r);
	if (child)
		_exit(0);
	return 0;
}
