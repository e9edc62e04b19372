/* A CPU candidate: directory with kernel.c in, shared object out. */
#ifndef AVO_WORKER_CPU_BUILD_H
#define AVO_WORKER_CPU_BUILD_H

#include "worker/backend.h"

struct build {
	char *object;			/* path of the shared object in the cache */
	char calls[160];		/* suspicious imports, as evidence */
};

struct cpu_compiler;

/* $AVO_CC, else cc. AVO_ENVIRONMENT when there is none; the version is asked for once. */
enum avo_status compiler_open(struct cpu_compiler **out, struct error *err);
void compiler_close(struct cpu_compiler *c);

enum avo_status cpu_build(struct build **out, struct build_report *report, const struct cpu_compiler *cc, const char *dir,
			  const char *cache, struct error *err);
/* A shared object that a user names as a baseline; it may want libraries that a candidate may not. AVO_USAGE: it is none. */
enum avo_status cpu_build_object(struct build **out, struct build_report *report, const char *file, struct error *err);
void cpu_build_free(struct build *b);

#endif
