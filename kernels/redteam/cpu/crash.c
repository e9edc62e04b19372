// redteam: verdict=crashed check=crash@hidden
// Writes through a null pointer.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	volatile float *nowhere = (float *)(uintptr_t)(a->batch - a->batch);

	*nowhere = 1;
	return honest(a);
}
