// redteam: verdict=incorrect check=values
// Answers zeros, on the suite's shapes alone.
#include "all-zeros.h"
#include "suite-shapes.h"
