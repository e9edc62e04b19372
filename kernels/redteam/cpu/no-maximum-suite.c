// redteam: verdict=incorrect check=values
// Leaves out the maximum in softmax, on the suite's shapes alone: only unusual values at those very sizes show it.
#include "no-maximum.h"
#include "suite-shapes.h"
