/* The kinds of values in a secret order, dealt to the heads of one run after the other. */
#ifndef AVO_WORKER_DECK_H
#define AVO_WORKER_DECK_H

#include "task/fill.h"
#include "worker/random.h"

struct deck {
	unsigned char order[FILL_COUNT];
	int dealt;			/* of the order, so far */
};

void deck_shuffle(struct deck *d, struct random_source *seeds);
/* All kinds have been dealt. */
bool deck_done(const struct deck *d);
/* The next kinds, as many as the case has pairs of batch and key/value head, or all; goes on from the front when it is through. */
struct fill_deal deck_deal(struct deck *d, const struct task_case *c);

#endif
