#include "avo.h"
#include "base/path.h"
#include "score/baselines.h"

struct collecting {
	cJSON *list;
	const char *run_dir;
};

void baselines_add(cJSON *list, const char *name, const char *path, const char *below)
{
	cJSON *item = cJSON_CreateObject();
	char *whole = *path == '/' ? path_join("/", path + 1) : path_join(below, path);

	json_set_str(item, "path", whole);
	json_set_str(item, "name", name);
	json_push(list, item);
	free(whole);
}

static bool collect(void *arg, const char *key, const char *value)
{
	struct collecting *c = arg;

	if (strcmp(key, "score.baseline") == 0 && *value)
		baselines_add(c->list, NULL, value, c->run_dir);
	return true;
}

cJSON *baselines_of_conf(const struct conf *conf, const char *run_dir)
{
	struct collecting c = { cJSON_CreateArray(), run_dir };

	conf_each(conf, collect, &c);
	return c.list;
}
