/* The two halves of the Anthropic Messages wire; only wire.h is for others. */
#ifndef AVO_LLM_MESSAGES_H
#define AVO_LLM_MESSAGES_H

#include "llm/wire.h"

void messages_encode(struct buf *out, const struct llm_request *r, bool stream);

#endif
