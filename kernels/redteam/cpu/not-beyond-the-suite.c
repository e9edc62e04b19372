// redteam: verdict=incorrect check=values@hidden
// Looks at no more keys than the longest case of a suite has.
#include "row.h"

int avo_attention(const struct avo_attention *a)
{
	for (size_t r = 0; r < rows_of(a); r++) {
		struct row row = row_open(a, r);

		if (row.keys > 192)
			row.keys = 192;
		row_score(&row);
		row_finish(&row);
	}
	return 0;
}
