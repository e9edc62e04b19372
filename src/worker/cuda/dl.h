/*
 * Libraries of the CUDA stack, opened at run time: nothing CUDA is linked, and
 * a machine without one of them still runs everything that does not need it.
 */
#ifndef AVO_WORKER_CUDA_DL_H
#define AVO_WORKER_CUDA_DL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct dl_symbol {
	const char *name;
	void *slot;		/* address of a function pointer */
	bool optional;		/* stays NULL when the library lacks it */
};

struct dl_library {
	const char *what;	/* "the CUDA driver", for messages */
	const char *env;	/* an environment variable that names the file; may be NULL */
	const char *const *names;	/* tried in order; ends with NULL */
	const char *advice;	/* what to install when none is there */
};

/*
 * Opens the first name that loads and fills every slot. The library stays open
 * for the life of the process. AVO_ENVIRONMENT when there is none or a symbol is missing.
 */
enum avo_status dl_load(const struct dl_library *library, const struct dl_symbol *symbols, size_t count, struct error *err);

#endif
