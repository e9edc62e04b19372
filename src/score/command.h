/* How a worker is started: a template such as "ssh node {worker}" becomes a command for sh. */
#ifndef AVO_SCORE_COMMAND_H
#define AVO_SCORE_COMMAND_H

#include "base/buf.h"
#include "base/error.h"

/* Appends the template with every {worker} replaced by the quoted path of avo-worker. AVO_ENVIRONMENT: there is none. */
enum avo_status worker_command_expand(struct buf *out, const char *command, struct error *err);

#endif
