// redteam: verdict=incorrect check=values
// Remembers an output by the address of Q, as if a buffer were its values.
#include "cache-by-pointer.h"

int avo_attention(const struct avo_attention *a)
{
	return cheat(a);
}
