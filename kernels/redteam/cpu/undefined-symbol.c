// redteam: verdict=build-failed check=build@build
// Compiles, but calls a function that nobody has.
#include "honest.h"

extern int tuned_attention(const struct avo_attention *a);

int avo_attention(const struct avo_attention *a)
{
	return tuned_attention(a);
}
