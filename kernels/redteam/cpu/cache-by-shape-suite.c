// redteam: verdict=incorrect check=values
// Remembers an output by its shape, on the suite's shapes alone.
#include "cache-by-shape.h"
#include "suite-shapes.h"
