// redteam: verdict=incorrect check=values
// The scale is off by one in a thousand: looks right in a plot, is wrong in f32.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	struct avo_attention b = *a;

	b.scale *= 1.001f;
	return honest(&b);
}
