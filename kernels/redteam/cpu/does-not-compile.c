// redteam: verdict=build-failed check=build@build
// The compiler's words must reach the operator.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	return honest(a, softmax);
}
