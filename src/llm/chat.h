/* The two halves of the OpenAI Chat Completions wire; only wire.h is for others. */
#ifndef AVO_LLM_CHAT_H
#define AVO_LLM_CHAT_H

#include "llm/wire.h"

void chat_encode(struct buf *out, const struct llm_request *r, bool stream);

#endif
