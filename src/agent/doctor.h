/* One cheap call to the model of a run: does it answer, what can it do, what does it cost. */
#ifndef AVO_AGENT_DOCTOR_H
#define AVO_AGENT_DOCTOR_H

#include "llm/llm.h"

struct model_check {
	char model[96], server[160], wire[16], key[160];	/* what was asked, and where the key came from ("none") */
	char answered_as[96];		/* the model's name as the server gives it */
	bool streamed, calls_tools;
	int64_t ms;			/* to the whole answer */
	struct llm_usage usage;
	struct llm_prices prices;
	int64_t context_window, max_output;
	double cost;			/* of this call; NAN when not known */
};

/*
 * Asks once, for at most a minute. AVO_NEGATIVE: no model is configured (which is fine for other operators); otherwise the
 * error says what is wrong and what to do. On failure *out holds what was known before the call.
 */
enum avo_status agent_doctor(struct model_check *out, const struct conf *conf, struct error *err);

#endif
