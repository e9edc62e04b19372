#include "avo.h"
#include "base/buf.h"
#include "base/mem.h"
#include "ui/keys.h"

void keymap_release(struct keymap *k)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		free(k->bindings[i].command);
	free(k->bindings);
	memset(k, 0, sizeof(*k));
}

static struct binding *find(const struct keymap *k, const char *context, uint32_t key)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		if (k->bindings[i].key == key && strcmp(k->bindings[i].context, context) == 0)
			return &k->bindings[i];
	return NULL;
}

static char *join(int argc, char **argv)
{
	struct buf b = BUF_INIT;
	int i;

	for (i = 0; i < argc; i++)
		buf_printf(&b, "%s%s", i ? " " : "", argv[i]);
	return b.data ? buf_detach(&b) : xstrdup("");
}

enum avo_status keymap_bind(struct keymap *k, int argc, char **argv, struct error *err)
{
	struct binding *b;
	const char *text;
	uint32_t key;

	if (argc < 4)
		return error_set(err, AVO_USAGE, "bind CONTEXT KEY COMMAND, e.g. bind generic <C-r> redraw");
	text = argv[2];
	key = key_parse(&text);
	if (key == KEY_NONE || *text)
		return error_set(err, AVO_USAGE, "'%s' is not a key: a character, or a name such as <C-d>, <Tab>, <Space>, <PageUp>", argv[2]);
	if (strcmp(argv[3], "none") != 0 && request_parse(argv[3]) == REQ_NONE)
		return error_set(err, AVO_USAGE, "'%s' is not a command; ? lists them", argv[3]);
	b = find(k, argv[1], key);
	if (!b) {
		k->bindings = xgrow(k->bindings, &k->cap, k->count + 1, sizeof(*k->bindings));
		b = &k->bindings[k->count++];
		memset(b, 0, sizeof(*b));
		snprintf(b->context, sizeof(b->context), "%s", argv[1]);
		b->key = key;
	}
	free(b->command);
	b->command = strcmp(argv[3], "none") == 0 ? xstrdup("") : join(argc - 3, argv + 3);
	return AVO_OK;
}

const char *keymap_lookup(const struct keymap *k, const char *context, uint32_t key)
{
	const struct binding *b = find(k, context, key);

	if (!b)
		b = find(k, "generic", key);
	return b && b->command[0] ? b->command : NULL;
}

static uint32_t key_in(const struct keymap *k, const char *context, const char *command)
{
	size_t i;

	for (i = 0; i < k->count; i++)
		if (strcmp(k->bindings[i].context, context) == 0 && strcmp(k->bindings[i].command, command) == 0)
			return k->bindings[i].key;
	return KEY_NONE;
}

uint32_t keymap_key(const struct keymap *k, const char *context, enum request r)
{
	const char *name = request_info(r)->name;
	uint32_t key = key_in(k, context, name), generic;

	if (key)
		return key;
	generic = key_in(k, "generic", name);
	/* a view that gave the key another meaning must not be advertised with it */
	return generic && !find(k, context, generic) ? generic : KEY_NONE;
}
