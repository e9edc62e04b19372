// redteam: verdict=incorrect check=values
// Remembers an output by the address of Q, on the suite's shapes alone.
#include "cache-by-pointer.h"
#include "suite-shapes.h"
