#include "avo.h"
#include "llm/pricing.h"

#include <math.h>

/* Dollars per million tokens: input, output, cache write (5 minutes), cache read. */
static const struct {
	const char *prefix;
	double input, output, cache_write, cache_read;
} published[] = {
	{ "claude-opus-4-1", 15, 75, 18.75, 1.5 },
	{ "claude-opus-4-2025", 15, 75, 18.75, 1.5 },
	{ "claude-opus-4-5", 5, 25, 6.25, 0.5 },
	{ "claude-sonnet-4", 3, 15, 3.75, 0.3 },
	{ "claude-haiku-4-5", 1, 5, 1.25, 0.1 },
	{ "gpt-4.1", 2, 8, 2, 0.5 },
	{ "gpt-4.1-mini", 0.4, 1.6, 0.4, 0.1 },
	{ "gpt-4o", 2.5, 10, 2.5, 1.25 },
	{ "gpt-5", 1.25, 10, 1.25, 0.125 },
	{ "gpt-5-mini", 0.25, 2, 0.25, 0.025 },
};

struct llm_prices llm_published_prices(const char *model)
{
	struct llm_prices best = { 0 };
	size_t i, best_len = 0;

	for (i = 0; i < ARRAY_LEN(published); i++) {
		size_t len = strlen(published[i].prefix);

		if (strncmp(model, published[i].prefix, len) != 0 || len <= best_len)
			continue;
		/* a dot goes on with the version: gpt-5.2 is not gpt-5 */
		if (model[len] == '.')
			continue;
		best = (struct llm_prices){ published[i].input, published[i].output, published[i].cache_write,
					    published[i].cache_read, true };
		best_len = len;
	}
	return best;
}

double llm_cost(const struct llm_usage *u, const struct llm_prices *p)
{
	double dollars;

	if (!p->known || !u->known)
		return NAN;
	dollars = (double)u->input * p->input + (double)u->output * p->output +
		  (double)(u->cache_write - u->cache_write_1h) * p->cache_write +
		  (double)u->cache_write_1h * p->cache_write * 1.6 + (double)u->cache_read * p->cache_read;
	return dollars / 1e6;
}
