// redteam: verdict=build-failed
// The compiler's words must reach the operator.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	return honest(a, softmax);
}
