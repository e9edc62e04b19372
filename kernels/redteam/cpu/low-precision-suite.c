// redteam: verdict=incorrect check=values
// Rounds its inputs to bf16, on the suite's shapes alone.
#include "low-precision.h"
#include "suite-shapes.h"
