/*
 * The key of a model server: from an environment variable, a file of mode 0600 or a
 * command. Once read it is registered for redaction (base/log.h), taken out of
 * this process's environment block, and the process no longer dumps core.
 */
#ifndef AVO_LLM_KEY_H
#define AVO_LLM_KEY_H

#include <stdint.h>

#include "base/conf.h"
#include "base/error.h"

/* Exactly one of the three is not NULL. Borrowed. */
struct llm_key_source {
	const char *env;		/* name of a variable */
	const char *file;		/* path */
	const char *command;		/* for /bin/sh; its standard output is the key, white space around it aside */
	int64_t command_ms;		/* it may take so long */
};

/*
 * AVO_NEGATIVE: that variable is not set or empty. AVO_ENVIRONMENT: the file, the command or what
 * came of it is of no use; the text says why. *out is owned.
 */
enum avo_status llm_key_read(char **out, const struct llm_key_source *source, struct error *err);

/*
 * Takes the variables that may hold a key (agent.key-env and the vendors' own) out of the environment before a child is
 * started that would inherit them; llm_key_read() still finds them.
 */
void llm_key_take(const struct conf *conf);
/* Wipes those variables, and what was taken but never read: nobody in this process will ask for a key any more. */
void llm_key_forget(const struct conf *conf);

#endif
