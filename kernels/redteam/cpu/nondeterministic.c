// redteam: verdict=incorrect check=repeat@hidden
// Differs in the last bits from run to run, as a race would.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	static unsigned calls;

	honest(a);
	a->out[0] *= 1 + 1.2e-7f * (float)(calls++ % 7);
	return 0;
}
