#include "avo.h"
#include "llm/llm.h"

const char *llm_stop_name(enum llm_stop s)
{
	static const char *const names[] = {
		[LLM_STOP_NONE] = "broken-off", [LLM_STOP_END] = "end", [LLM_STOP_TOOLS] = "tools",
		[LLM_STOP_LENGTH] = "length", [LLM_STOP_PAUSE] = "pause", [LLM_STOP_REFUSAL] = "refusal",
		[LLM_STOP_WINDOW] = "window",
	};

	return names[s];
}

void llm_reply_release(struct llm_reply *r)
{
	message_release(&r->message);
	free(r->id);
	free(r->model);
	free(r->explanation);
	memset(r, 0, sizeof(*r));
}
