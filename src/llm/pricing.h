/* What calls cost, from four prices: input, output, cache write, cache read. */
#ifndef AVO_LLM_PRICING_H
#define AVO_LLM_PRICING_H

#include "llm/llm.h"

/*
 * Published prices of hosted models by the beginning of their name, the
 * longest that fits; known is false for others. They change: agent.price-* in
 * avo.conf wins, and `avo doctor` shows what is used.
 */
struct llm_prices llm_published_prices(const char *model);
/* US dollars; NAN when the prices or the numbers are not known. */
double llm_cost(const struct llm_usage *usage, const struct llm_prices *prices);

#endif
