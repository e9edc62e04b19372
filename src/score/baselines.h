/* The baselines that a user names, as a worker's job `peers` wants them. */
#ifndef AVO_SCORE_BASELINES_H
#define AVO_SCORE_BASELINES_H

#include "base/conf.h"
#include "base/json.h"

/* Every score.baseline of avo.conf: [{"path"}], owned; paths that are not absolute are below run_dir. */
cJSON *baselines_of_conf(const struct conf *conf, const char *run_dir);
/* Appends one; name may be NULL. */
void baselines_add(cJSON *list, const char *name, const char *path, const char *below);

#endif
