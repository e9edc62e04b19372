// redteam: verdict=incorrect check=repeat@hidden
// Differs in the last bits from run to run, as a race would.
#include "nondeterministic.h"

int avo_attention(const struct avo_attention *a)
{
	return cheat(a);
}
