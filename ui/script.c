#include "avo.h"
#include "base/mem.h"
#include "base/path.h"
#include "base/str.h"
#include "ui/script.h"

struct script {
	struct buf text;
	const char *at;		/* the next line */
	char *keys;		/* the line whose keys are being typed; owned */
	const char *key;	/* the next of them; NULL: take the next line */
};

enum avo_status script_open(struct script **out, const char *path, struct error *err)
{
	struct script *s = xcalloc(1, sizeof(*s));
	enum avo_status st = path_read(&s->text, path, 1 << 20, err);

	if (st != AVO_OK) {
		script_free(s);
		return st;
	}
	s->at = buf_cstr(&s->text);
	*out = s;
	return AVO_OK;
}

void script_free(struct script *s)
{
	if (!s)
		return;
	buf_release(&s->text);
	free(s->keys);
	free(s);
}

static void type_key(struct script *s, struct workbench *wb)
{
	uint32_t key = key_parse(&s->key);

	if (key == KEY_NONE) {
		wb_note(wb, STYLE_ERROR, "script: no key: %s", s->key);
		s->key = NULL;
		return;
	}
	if (!*s->key)
		s->key = NULL;
	wb_key(wb, key);
}

bool script_step(struct script *s, struct workbench *wb)
{
	const char *line;
	size_t len;

	if (s->key) {
		type_key(s, wb);
		return true;
	}
	if (!str_next_line(&s->at, s->text.data ? s->text.data + s->text.len : s->at, &line, &len))
		return false;
	free(s->keys);
	s->keys = xstrndup(line, len);
	line = str_trim(s->keys);
	if (*line == ':' && line[1])
		wb_command(wb, line + 1);
	else if (*line && *line != '#')
		s->key = line;
	return true;
}
