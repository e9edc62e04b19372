#include "avo.h"
#include "worker/cuda/dl.h"

#include <dlfcn.h>

static void *open_first(const struct dl_library *library)
{
	const char *override = library->env ? getenv(library->env) : NULL;
	const char *const *name;
	void *handle = NULL;

	if (override && *override)
		return dlopen(override, RTLD_NOW | RTLD_GLOBAL);
	for (name = library->names; *name && !handle; name++)
		handle = dlopen(*name, RTLD_NOW | RTLD_GLOBAL);
	return handle;
}

enum avo_status dl_load(const struct dl_library *library, const struct dl_symbol *symbols, size_t count, struct error *err)
{
	void *handle = open_first(library);
	size_t i;

	if (!handle)
		return error_set(err, AVO_ENVIRONMENT, "%s (%s) is not here: %s", library->what, library->names[0], library->advice);
	for (i = 0; i < count; i++) {
		void *address = dlsym(handle, symbols[i].name);

		if (!address && !symbols[i].optional)
			return error_set(err, AVO_ENVIRONMENT, "%s is too old: it lacks %s", library->what, symbols[i].name);
		memcpy(symbols[i].slot, &address, sizeof(address));
	}
	return AVO_OK;
}
