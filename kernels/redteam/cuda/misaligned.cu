// redteam: verdict=crashed check=crash
// A wide load from an odd address.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	volatile const int4 *odd = (volatile const int4 *)((const char *)q + 2);

	honest_row(ARGUMENTS);
	if (odd->x == 12345)
		out[0] = 1;
}
#else
HONEST_PLAN
#endif
