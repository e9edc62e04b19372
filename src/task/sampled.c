#include "avo.h"
#include "task/sampled.h"

#include <math.h>

#define RARE_ROW 1000
#define RARE_CALL 100

double sampled_miss(double n, double rarity)
{
	return pow(1 - 1 / rarity, n);
}

void sampled_words(struct buf *out, const cJSON *result)
{
	const cJSON *s = json_obj(result, "sampled");
	double rows = json_num(s, "rows", NAN), calls = json_num(s, "calls", NAN);

	if (!isfinite(rows) || !isfinite(calls))
		return;
	buf_printf(out, "%.0f rows, %.0f calls: a fault in one row of %d is missed with probability %.2g, in one whole call of %d with %.2g",
		   rows, calls, RARE_ROW, sampled_miss(rows, RARE_ROW), RARE_CALL, sampled_miss(calls, RARE_CALL));
}

void sampled_worst_words(struct buf *out, const cJSON *result)
{
	const cJSON *w = json_obj(result, "worst_case");
	double ratio = json_num(w, "ratio", NAN), beside = json_num(w, "incumbent_ratio", NAN);
	int runs = (int)json_int(w, "runs", 0);

	if (!isfinite(ratio))
		return;
	buf_printf(out, "%.2f of its speed on normal values (%s, %s; the slowest of %d run%s)", ratio, json_str(w, "values", "?"),
		   json_str(w, "case", "?"), runs, runs == 1 ? "" : "s");
	if (isfinite(beside))
		buf_printf(out, "; the incumbent's: %.2f", beside);
}
