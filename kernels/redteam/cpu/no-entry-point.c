// redteam: verdict=build-failed check=build
// A shared object without avo_attention().
#include "honest.h"

int attention(const struct avo_attention *a)
{
	return honest(a);
}
