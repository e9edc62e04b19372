// redteam: verdict=incorrect check=values
// Leaves out one row in a thousand, on the suite's shapes alone: only sampled rows of the suite's own cases show it.
#include "skip-rows.h"
#include "suite-shapes.h"
