// redteam: verdict=incorrect check=values
// Remembers an output by its shape: right the first time that shape is seen.
#include "cache-by-shape.h"

int avo_attention(const struct avo_attention *a)
{
	return cheat(a);
}
