// redteam: verdict=incorrect check=values@hidden
// Outputs of attention are small at long lengths; zero must still not be close enough.
#include "all-zeros.h"

int avo_attention(const struct avo_attention *a)
{
	return cheat(a);
}
