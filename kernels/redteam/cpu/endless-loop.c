// redteam: verdict=timed-out check=deadline
// Never returns.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	volatile int forever = 1;

	while (forever)
		;
	return honest(a);
}
