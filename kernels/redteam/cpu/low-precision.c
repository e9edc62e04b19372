// redteam: verdict=incorrect check=values
// Computes the scores from inputs rounded to bf16 where f32 is asked for.
#include "low-precision.h"

int avo_attention(const struct avo_attention *a)
{
	return cheat(a);
}
