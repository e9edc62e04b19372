/*
 * Key bindings: in which context a key means which command. A command is text
 * in the vocabulary of the ':' line. The context of a view is its name; what it
 * does not bind is looked up in "generic".
 */
#ifndef AVO_UI_KEYS_H
#define AVO_UI_KEYS_H

#include <stdint.h>

#include "base/error.h"
#include "ui/input.h"
#include "ui/request.h"

struct binding {
	char context[24];
	uint32_t key;
	char *command;		/* owned; "" unbinds */
};

struct keymap {
	struct binding *bindings;
	size_t count, cap;
};

void keymap_release(struct keymap *k);
/* "bind CONTEXT KEY COMMAND [ARGUMENT...]"; a later binding replaces an earlier one. */
enum avo_status keymap_bind(struct keymap *k, int argc, char **argv, struct error *err);
/* The command of a key, borrowed; NULL when it has none. */
const char *keymap_lookup(const struct keymap *k, const char *context, uint32_t key);
/* The first key that is bound to this request alone, for footers and help; KEY_NONE if there is none. */
uint32_t keymap_key(const struct keymap *k, const char *context, enum request r);

/* The bindings, colours and settings that are built in, as text (avorc.default). */
extern const char keys_default_rc[];

#endif
