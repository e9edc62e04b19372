#include "avo.h"
#include "worker/deck.h"

void deck_shuffle(struct deck *d, struct random_source *seeds)
{
	int i;

	d->dealt = 0;
	for (i = 0; i < FILL_COUNT; i++) {
		int j = (int)random_below(random_seed(seeds), (uint64_t)i + 1);

		d->order[i] = d->order[j];
		d->order[j] = (unsigned char)i;
	}
}

bool deck_done(const struct deck *d)
{
	return d->dealt >= FILL_COUNT;
}

struct fill_deal deck_deal(struct deck *d, const struct task_case *c)
{
	struct fill_deal deal = { .count = c->batch * c->kv_heads };
	int i;

	if (deal.count > FILL_COUNT)
		deal.count = FILL_COUNT;
	for (i = 0; i < deal.count; i++)
		deal.kinds[i] = d->order[d->dealt++ % FILL_COUNT];
	return deal;
}
