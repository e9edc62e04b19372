/*
 * The texts that steer the agent: files people can read and override. A file
 * .avo/prompts/NAME.md of the run wins over the installed one; nothing that a candidate may own is ever read as a prompt.
 */
#ifndef AVO_AGENT_PROMPTS_H
#define AVO_AGENT_PROMPTS_H

#include "base/error.h"

/* "system", "summary", "review"; owned. */
enum avo_status prompt_load(char **out, const char *run_dir, const char *name, struct error *err);

#endif
