/*
 * The key of a model server: from an environment variable, a file of mode 0600 or a
 * command. Once read it is registered for redaction (base/log.h), taken out of
 * this process's environment block, and the process no longer dumps core.
 */
#ifndef AVO_LLM_KEY_H
#define AVO_LLM_KEY_H

#include "base/error.h"

/*
 * Exactly one source is not NULL. AVO_NEGATIVE: that variable is not set or empty.
 * AVO_ENVIRONMENT: the file or the command is of no use; the text says why.
 */
enum avo_status llm_key_read(char **out, const char *env, const char *file, const char *command, struct error *err);

#endif
