// redteam: verdict=incorrect check=repeat
// Differs in the last bits from run to run, on the suite's shapes alone: a race that short rows do not have.
#include "nondeterministic.h"
#include "suite-shapes.h"
