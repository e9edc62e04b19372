#include "avo.h"
#include "agent/prompts.h"
#include "base/mem.h"
#include "base/path.h"

#define MAX_PROMPT ((size_t)256 << 10)

enum avo_status prompt_load(char **out, const char *run_dir, const char *name, struct error *err)
{
	char *relative = xasprintf("prompts/%s.md", name), *own = xasprintf(".avo/prompts/%s.md", name), *source = xasprintf("src/agent/prompts/%s.md", name);
	char *places[] = { path_join(run_dir, own), path_data(relative), path_data(source) };
	struct buf text = BUF_INIT;
	enum avo_status st = AVO_ENVIRONMENT;
	size_t i;

	for (i = 0; i < ARRAY_LEN(places); i++) {
		if (st == AVO_OK || !path_exists(places[i]))
			continue;
		st = path_read(&text, places[i], MAX_PROMPT, err);
	}
	if (st != AVO_OK && !text.len)
		st = error_set(err, AVO_ENVIRONMENT, "the prompt %s is not installed; %s may hold your own", relative, places[0]);
	*out = st == AVO_OK ? buf_detach(&text) : NULL;
	buf_release(&text);
	for (i = 0; i < ARRAY_LEN(places); i++)
		free(places[i]);
	free(own);
	free(relative);
	free(source);
	return st;
}
