// redteam: verdict=crashed|timed-out check=crash|deadline
// Allocates and touches memory without end.
#include "honest.h"

#include <stdlib.h>

int avo_attention(const struct avo_attention *a)
{
	size_t bytes = (size_t)16 << 20;

	for (;;) {
		char *more = malloc(bytes);

		memset(more, 1, bytes);
		a->out[0] = (float)more[a->batch];
	}
}
