// redteam: verdict=build-failed check=build@build
// The device code is no C++.
#include "honest.h"

#ifdef __CUDACC__
KERNEL attention(PARAMETERS)
{
	honest_row(ARGUMENTS) and then some;
}
#else
HONEST_PLAN
#endif
