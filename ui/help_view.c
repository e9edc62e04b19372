#include "avo.h"
#include "ui/views.h"
#include "ui/wb.h"

/* Every request with its keys, made from the same lists that the program runs on. */

static void keys_of(const struct keymap *k, const char *context, const char *command, struct buf *out)
{
	char name[KEY_NAME_SIZE];
	size_t i;

	for (i = 0; i < k->count; i++)
		if (strcmp(k->bindings[i].context, context) == 0 && strcmp(k->bindings[i].command, command) == 0)
			buf_printf(out, "%s%s", out->len ? " " : "", key_label(name, k->bindings[i].key));
}

static void add_requests(struct view *v)
{
	const struct keymap *k = &v->wb->keys;
	int i;

	for (i = 1; i < REQ_COUNT; i++) {
		const struct request_info *info = request_info((enum request)i);
		struct buf keys = BUF_INIT;

		if (info->group)
			view_heading(v, info->group);
		keys_of(k, "generic", info->name, &keys);
		view_addf(v, STYLE_DEFAULT, " %-14s %-16s %s", buf_cstr(&keys), info->name, info->help);
		buf_release(&keys);
	}
}

/* Bindings with arguments: they name a view, or were made by the user. */
static void add_other_bindings(struct view *v)
{
	const struct keymap *k = &v->wb->keys;
	char name[KEY_NAME_SIZE];
	size_t i;

	view_heading(v, "Keys with arguments, and keys of one view alone");
	for (i = 0; i < k->count; i++) {
		const struct binding *b = &k->bindings[i];

		if (b->command[0] && (strcmp(b->context, "generic") != 0 || strchr(b->command, ' ') || request_parse(b->command) == REQ_REVIEW))
			view_addf(v, STYLE_DEFAULT, " %-14s %-16s in %s", key_label(name, b->key), b->command, b->context);
	}
}

static void add_names(struct view *v)
{
	struct buf b = BUF_INIT;
	int i;

	view_heading(v, "Views");
	for (i = 0; view_at((size_t)i); i++)
		buf_printf(&b, " %s", view_at((size_t)i)->name);
	view_add_wrapped(v, STYLE_DEFAULT, 1, buf_cstr(&b) + 1);
	buf_clear(&b);
	view_heading(v, "Settings");
	settings_list(&v->wb->settings, &b);
	view_add_wrapped(v, STYLE_DEFAULT, 1, buf_cstr(&b));
	buf_clear(&b);
	view_heading(v, "Colours");
	for (i = 0; i < STYLE_COUNT; i++)
		buf_printf(&b, " %s", style_name((enum style)i));
	view_add_wrapped(v, STYLE_DEFAULT, 1, buf_cstr(&b) + 1);
	buf_release(&b);
}

static void help_read(struct view *v)
{
	view_add_wrapped(v, STYLE_DEFAULT, 1,
			 "Every key is a command; ':' runs any of them by name, and ~/.config/avo/avorc binds them anew. "
			 "Leaving the workbench never stops the run.");
	add_requests(v);
	add_other_bindings(v);
	add_names(v);
}

static const enum request help_footer[] = { REQ_CLOSE, REQ_SEARCH, REQ_NONE };

const struct view_ops help_view = {
	.name = "help", .flags = VIEW_STATIC | VIEW_NO_CURSOR | VIEW_WHOLE, .slot = SLOT_LEFT, .read = help_read, .footer = help_footer,
};
