// redteam: verdict=crashed check=crash@hidden
// Says itself that it failed.
#include "honest.h"

int avo_attention(const struct avo_attention *a)
{
	honest(a);
	return 7;
}
